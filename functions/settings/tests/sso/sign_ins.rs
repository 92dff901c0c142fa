//! The list of sign-ins, and one of them.

use lychgate_core::{
    attempt::{Attempt, AttemptOutcome},
    ports::Attempts,
};
use lychgate_testkit::build;

use crate::scene::{EVIL, Scene};

async fn record(scene: &Scene, attempt: Attempt) -> Attempt {
    let ctx = scene.world.ctx();
    scene.store.inner().record_attempt(&ctx, &scene.acme.id, &attempt).await;
    scene.world.advance_secs(1);
    attempt
}

#[tokio::test]
async fn the_list_is_filtered_and_goes_on() {
    let scene = Scene::new().await;
    let mut browser = scene.owner().await;
    let page = scene.page(&mut browser, &scene.path("/attempts")).await;
    assert!(page.contains("There are none here."), "{page}");
    for n in 0..60 {
        let outcome = if n % 2 == 0 { AttemptOutcome::SignedIn } else { AttemptOutcome::Rejected };
        let attempt = build::attempt(scene.world.as_ref(), &format!("person{n:02}"));
        record(&scene, Attempt { outcome, ..attempt }).await;
    }
    let page = scene.page(&mut browser, &scene.path("/attempts")).await;
    assert!(page.contains("person59") && page.contains("person10") && !page.contains("person09"));
    let older = page.split("href=\"").find(|href| href.contains("before=")).unwrap();
    let older = older.split('"').next().unwrap().replace("&#38;", "&");
    let page = scene.page(&mut browser, &older).await;
    assert!(page.contains("person09") && !page.contains("person10") && page.contains("Newest"));
    let page = scene.page(&mut browser, &scene.path("/attempts?show=rejected")).await;
    assert!(page.contains("person59") && !page.contains("person58") && !page.contains("before="));
    let page = scene.page(&mut browser, &scene.path("/attempts?show=tests")).await;
    assert!(page.contains("There are none here."), "{page}");
    // What is no word and no reference of ours is as nothing.
    let page = scene.page(&mut browser, &scene.path("/attempts?show=%3Cb%3E&before=%3Cb%3E")).await;
    assert!(page.contains("person59") && !page.contains("<b>"), "{page}");
}

#[tokio::test]
async fn one_says_what_to_change_in_the_products_words() {
    let scene = Scene::new().await;
    let mut browser = scene.owner().await;
    let connection = scene.tested(EVIL).await;
    let attempt = Attempt {
        connection: Some(connection.id.clone()),
        user: Some(scene.ada.id),
        code: Some("bad_audience".to_owned()),
        got: Some(EVIL.to_owned()),
        ..build::attempt(scene.world.as_ref(), EVIL)
    };
    let attempt = record(&scene, attempt).await;
    let path = scene.path(&format!("/attempts/{}", attempt.id));
    let page = scene.page(&mut browser, &path).await;
    for value in [
        "Audience URI (SP Entity ID)",
        "Change in Okta",
        "bad_audience",
        "Copy for support",
        &format!("/sso/{}?idp=okta", connection.id),
        &format!("/members/{}", scene.ada.id),
    ] {
        assert!(page.replace("&#38;", "&").contains(value), "{value}: {page}");
    }
    assert!(!page.contains("<script>") && !page.contains(" onx='"), "{page}");
    let list = scene.page(&mut browser, &scene.path("/attempts")).await;
    assert!(!list.contains("<script>"), "{list}");
    for nothing in ["/attempts/x", "/attempts/01890000-0000-7000-8000-000000000000"] {
        assert_eq!(scene.get(&mut browser, &scene.path(nothing)).await.status, 404, "{nothing}");
    }
}

#[tokio::test]
async fn a_test_that_passed_is_shown_as_text_whatever_came() {
    let scene = Scene::new().await;
    let mut browser = scene.owner().await;
    let connection = scene.tested("Okta").await;
    let facts = serde_json::json!({
        "name_id": EVIL, "name_id_format": EVIL, "warnings": [EVIL],
        "attributes": [{"name": EVIL, "values": [EVIL], "means": null}],
        "maps_to": {"kind": "member", "name": EVIL},
        "signed": {"response": true, "assertion": false, "algorithm": EVIL, "certificate": EVIL, "days_left": 12},
        "encrypted": {"data": EVIL, "key": EVIL, "certificate": EVIL},
        "clock_ahead_secs": 3,
    });
    let serde_json::Value::Object(facts) = facts else { unreachable!("an object") };
    let attempt = Attempt {
        connection: Some(connection.id.clone()),
        outcome: AttemptOutcome::TestPassed,
        code: None,
        facts,
        ..build::attempt(scene.world.as_ref(), EVIL)
    };
    let attempt = record(&scene, attempt).await;
    for rest in [
        format!("/attempts/{}", attempt.id),
        format!("/sso/{}", connection.id),
        format!("/sso/{}?part=test", connection.id),
    ] {
        let page = scene.page(&mut browser, &scene.path(&rest)).await;
        assert!(
            page.contains("12 days left") && page.contains("3 seconds ahead of ours"),
            "{page}"
        );
        assert!(!page.contains("<script>alert") && !page.contains(" onx='"), "{page}");
    }
}

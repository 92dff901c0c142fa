//! What a connection accepts, and how members sign in beside it.

use lychgate_core::{ports::Organizations, time::Timestamp};

use crate::scene::{EVIL, Scene, text, to};

const GOOD: [(&str, &str); 6] = [
    ("section", "policy"),
    ("name", "Okta"),
    ("clock_skew_secs", "60"),
    ("session_minutes", "480"),
    ("idp", "okta"),
    ("idp_initiated", "yes"),
];

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = GOOD.iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    kept.copied().chain(more.iter().copied()).collect()
}

#[tokio::test]
async fn the_form_sets_what_it_shows() {
    let scene = Scene::new().await;
    let mut browser = scene.owner().await;
    let connection = scene.tested("Okta").await;
    let path = scene.path(&format!("/sso/{}/policy", connection.id));
    let day: String =
        scene.world.ctx().now().plus_secs(30 * 86_400).rfc3339().chars().take(10).collect();
    let fields = with(&[
        ("sign_requests", "yes"),
        ("sha1_until", &day),
        ("attribute_email", " mail "),
        ("email_domains", "acme.test, Acme.example\r\nacme.test"),
    ]);
    let reply = scene.post(&mut browser, &path, &fields).await;
    assert!(to(&reply).ends_with("?idp=okta&done=settings-saved"), "{reply:?}");
    let draft = scene.connection(&connection.id).await.draft.unwrap();
    let policy = &draft.policy;
    assert_eq!(draft.tested, None, "what was changed is tested again");
    assert!(policy.idp_initiated && !policy.just_in_time && policy.sign_requests);
    assert!(policy.request_certificate.is_some());
    assert_eq!((policy.clock_skew_secs, policy.session_secs), (60, 480 * 60));
    assert_eq!(policy.sha1_until, Timestamp::parse_rfc3339(&format!("{day}T23:59:59Z")));
    assert_eq!(policy.attributes.email.as_deref(), Some("mail"));
    assert_eq!(policy.email_domains, ["acme.test", "acme.example"]);
    let page = scene.page(&mut browser, to(&reply).as_str()).await;
    assert!(
        page.contains("SHA-1 signatures are accepted until")
            && page.contains(&format!("value=\"{day}\""))
    );
    assert!(page.contains("Signed requests"), "the guide has a step for it");
}

#[tokio::test]
async fn a_mistake_keeps_what_was_typed() {
    let scene = Scene::new().await;
    let mut browser = scene.owner().await;
    let connection = scene.tested("Okta").await;
    let path = scene.path(&format!("/sso/{}/policy", connection.id));
    let long = "x".repeat(101);
    for (field, value) in [
        ("name", ""),
        ("name", long.as_str()),
        ("clock_skew_secs", "601"),
        ("session_minutes", "x"),
        ("sha1_until", "2020-01-01"),
        ("rsa_1_5_until", "9999-01-01"),
        ("email_domains", EVIL),
        ("attribute_last_name", "a\u{7}b"),
    ] {
        let fields = with(&[(field, value), ("attribute_first_name", EVIL)]);
        let reply = scene.post(&mut browser, &path, &fields).await;
        assert_eq!(reply.status, 400, "{field}");
        let page = text(&reply);
        assert!(
            page.contains("<details open>") && page.contains("role=\"alert\""),
            "{field}: {page}"
        );
        let at = page.split(&format!("name=\"{field}\"")).nth(1).unwrap();
        let at = at.split('>').next().unwrap();
        assert!(at.contains("aria-invalid=\"true\""), "{field}: {at}");
        let told = page.split("id=\"problem\">").nth(1).unwrap().split('<').next().unwrap();
        assert!(!told.contains('_') && !told.contains('`'), "{told}");
        assert!(page.contains("value=\"&#34;&#62;&#60;script&#62;"), "{page}");
    }
    assert_eq!(scene.connection(&connection.id).await, connection);
}

#[tokio::test]
async fn an_owner_says_how_members_sign_in() {
    let scene = Scene::new().await;
    let mut browser = scene.owner().await;
    let path = scene.path("/sign-in-policy");
    let fields = [("password", "yes"), ("email_domains", "acme.test\nacme.example")];
    let reply = scene.post(&mut browser, &path, &fields).await;
    assert_eq!(to(&reply), scene.path("/sso?done=sign-in-policy-saved"));
    let ctx = scene.world.ctx();
    let acme = scene.store.inner().organization(&ctx, &scene.acme.id).await.unwrap().unwrap();
    assert!(acme.sign_in.password);
    assert_eq!(acme.sign_in.email_domains, ["acme.test", "acme.example"]);
    let page = scene.page(&mut browser, &to(&reply)).await;
    assert!(page.contains("name=\"password\" value=\"yes\" checked"), "{page}");
    assert!(page.contains(">acme.test\nacme.example</textarea>"), "{page}");
    let reply = scene.post(&mut browser, &path, &[("email_domains", EVIL)]).await;
    assert_eq!(reply.status, 400);
    assert!(text(&reply).contains("is no e-mail domain"), "{}", text(&reply));
    let after = scene.store.inner().organization(&ctx, &scene.acme.id).await.unwrap().unwrap();
    assert_eq!(after.sign_in, acme.sign_in);
}

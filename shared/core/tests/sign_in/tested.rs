//! Test sign-ins.

use lychgate_core::{
    attempt::AttemptOutcome,
    connection::{Connection, TEST_WINDOW_SECS},
    ctx::World,
    event::EventKind,
    ports::Connections,
    sign_in::{
        finish::Finished,
        refusal::Who,
        test_sign_in::{Maps, Passed, Report},
    },
};
use lychgate_idp::Idp;

use crate::scene::{Browser, Scene, idp, settings, signed_in};

/// A draft for another IdP beside what is live.
async fn drafted() -> (Scene, Idp) {
    let scene = Scene::new().await;
    let new = idp("https://new.example/", 1);
    scene.reconnect(|connection| connection.draft = Some(settings(&new))).await;
    (scene, new)
}

async fn now(scene: &Scene) -> Connection {
    let ctx = scene.world.ctx();
    let setup = scene.store.sign_in_setup(&ctx, &scene.acme.id).await.unwrap().unwrap();
    setup.connections.into_iter().find(|one| one.id == scene.acme_connection.id).unwrap()
}

fn passed(finished: Finished) -> Box<Passed> {
    match finished {
        Finished::Tested { report, .. } => match *report {
            Report::Passed(passed) => passed,
            Report::Failed(reason) => panic!("{reason:?}"),
        },
        Finished::SignedIn(_) => panic!("a test signed somebody in"),
    }
}

fn value(idp: &Idp, spec: lychgate_idp::ResponseSpec) -> String {
    let mut spec = spec;
    spec.response_issuer = Some(idp.entity_id.clone());
    spec.assertion_issuer = idp.entity_id.clone();
    idp.post_value(&spec).unwrap()
}

#[tokio::test]
async fn a_link_tests_the_draft_and_signs_nobody_in() {
    let (scene, new) = drafted().await;
    let link = scene.test_link().await;
    let mut browser = Browser::default();
    let request = browser.began(scene.start("acme", &[("test", &link)]).await.unwrap());
    let spec =
        scene.about("zoe@acme.test", "1").attribute("FirstName", "Zoe").in_response_to(&request);
    let (value, at) = (value(&new, spec), scene.world.now());
    let finished = scene.post_value(&browser, "acme", &value).await.unwrap();
    let result = passed(finished);
    assert_eq!(result.member, Maps::Member { user_name: "zoe@acme.test".to_owned() });
    assert!(result.signed.assertion && !result.signed.response);
    assert_eq!(result.certificate_days_left, Some(400));
    assert_eq!(result.attributes[0].means, Some("first name"));
    assert_eq!(result.clock_ahead_secs, 0);
    let connection = now(&scene).await;
    assert_eq!(connection.draft.unwrap().tested, Some(at));
    assert_eq!(connection.live, scene.acme_connection.live, "what is live is never edited");
    assert_eq!(scene.events(&scene.acme.id, EventKind::ConnectionTested).await, 1);
    let attempt = scene.attempt().await;
    assert_eq!(attempt.outcome, AttemptOutcome::TestPassed);
    assert_eq!(attempt.user, None);
    assert_eq!(attempt.facts["maps_to"]["kind"], "member");
    // The link and the response are used up.
    let refusal = scene.start("acme", &[("test", &link)]).await.unwrap_err();
    assert_eq!(refusal.who, Who::Person);
    scene.post_value(&browser, "acme", &value).await.unwrap_err();
}

#[tokio::test]
async fn a_test_that_fails_shows_the_owner_what_was_wanted_and_what_came() {
    let (scene, new) = drafted().await;
    let link = scene.test_link().await;
    let mut browser = Browser::default();
    let request = browser.began(scene.start("acme", &[("test", &link)]).await.unwrap());
    let mut spec = scene.about("zoe@acme.test", "1").in_response_to(&request);
    spec.audiences = vec![vec!["https://wrong.example".to_owned()]];
    let value = value(&new, spec);
    let finished = scene.post_value(&browser, "acme", &value).await.unwrap();
    let Finished::Tested { report, .. } = finished else { panic!("{finished:?}") };
    let Report::Failed(reason) = *report else { panic!("it passed") };
    assert_eq!(reason.code, "bad_audience");
    assert_eq!(reason.got.as_deref(), Some("https://wrong.example"));
    assert!(reason.detail.contains("Audience URI"), "{}", reason.detail);
    assert_eq!(now(&scene).await.draft.unwrap().tested, None);
    let attempt = scene.attempt().await;
    assert_eq!(attempt.outcome, AttemptOutcome::TestFailed);
    assert!(attempt.want.is_some());
    // Whoever cannot show the cookie sees the ordinary page.
    let refusal = scene.post_value(&Browser::default(), "acme", &value).await.unwrap_err();
    assert_eq!(refusal.who, Who::Person);
}

#[tokio::test]
async fn while_the_window_is_open_a_tile_that_fits_the_draft_is_a_test() {
    let (scene, new) = drafted().await;
    let ends = scene.world.now().plus_secs(TEST_WINDOW_SECS);
    scene.reconnect(|connection| connection.test_window_ends = Some(ends)).await;
    // What is live goes on signing in.
    let spec = scene.about("zoe@acme.test", "live");
    signed_in(scene.post(&Browser::default(), "acme", &spec).await).unwrap();
    // A failure in the window shows nothing to a stranger.
    let stranger = value(&idp("https://new.example/", 2), scene.about("zoe@acme.test", "0"));
    let refusal = scene.post_value(&Browser::default(), "acme", &stranger).await.unwrap_err();
    assert_eq!(refusal.who, Who::Administrator);
    assert_eq!(scene.attempt().await.outcome, AttemptOutcome::TestFailed);
    let finished = value(&new, scene.about("ada@acme.test", "1"));
    let finished = scene.post_value(&Browser::default(), "acme", &finished).await.unwrap();
    let result = passed(finished);
    assert_eq!(result.member, Maps::WouldBeCreated { user_name: "ada@acme.test".to_owned() });
    assert_eq!(now(&scene).await.test_window_ends, None, "one test closes the window");
    let again = value(&new, scene.about("ada@acme.test", "2"));
    scene.post_value(&Browser::default(), "acme", &again).await.unwrap_err();
    assert_eq!(scene.events(&scene.acme.id, EventKind::MemberCreated).await, 1);
}

#[tokio::test]
async fn a_link_opens_only_the_organization_that_it_is_of() {
    let (scene, _) = drafted().await;
    let beta = lychgate_testkit::build::Acme::new(&scene.world, "beta").organization;
    scene.organization(beta).await;
    let link = scene.test_link().await;
    scene.start("beta", &[("test", &link)]).await.unwrap_err();
    let (head, _) = link.rsplit_once('_').unwrap();
    for wrong in [format!("{head}_{}", "0".repeat(52)), format!("{link}_"), String::new()] {
        let refusal = scene.start("acme", &[("test", &wrong)]).await.unwrap_err();
        assert_eq!(refusal.who, Who::Person, "{wrong}");
    }
    scene.start("acme", &[("test", &link)]).await.unwrap();
}

#[tokio::test]
async fn warnings_say_what_to_look_at() {
    let (scene, new) = drafted().await;
    scene.key_pair().await;
    let link = scene.test_link().await;
    let mut browser = Browser::default();
    let request = browser.began(scene.start("acme", &[("test", &link)]).await.unwrap());
    let mut spec = scene.about("zoe@acme.test", "1").in_response_to(&request);
    spec.issue_instant = "2026-11-22T08:58:30Z".to_owned();
    let finished = scene.post_value(&browser, "acme", &value(&new, spec)).await.unwrap();
    let warnings = passed(finished).warnings.join("\n");
    assert!(warnings.contains("Not encrypted"), "{warnings}");
    assert!(warnings.contains("-90 seconds"), "{warnings}");
}

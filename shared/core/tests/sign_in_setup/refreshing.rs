//! S4: metadata that is fetched again, and certificates that near their end.

use lychgate_core::{
    connection::MetadataSource,
    idp,
    operator::{connection_policy::PolicyUpdate, connections},
    refresh::{self, ENTITY_ID_CHANGED, REFRESH_SECS, Refreshed},
};
use lychgate_testkit::{Fault, idp_metadata};

use super::*;

async fn run(scene: &Scene) -> Refreshed {
    let ctx = Ctx { actor: Actor::System, ..scene.ctx() };
    refresh::run(&ctx, &scene.store, &scene.outside, &Rules::default()).await.unwrap()
}

async fn fingerprints(scene: &Scene, id: &str) -> Vec<String> {
    let live = scene.read(id).await.live.unwrap().idp.unwrap();
    idp::certificates(&live).into_iter().map(|certificate| certificate.fingerprint).collect()
}

async fn error(scene: &Scene, id: &str) -> Option<String> {
    match scene.read(id).await.live.unwrap().source {
        MetadataSource::Url { error, .. } => error,
        _ => None,
    }
}

#[tokio::test]
async fn a_rollover_is_followed_and_told_once() {
    let scene = Scene::new().await;
    let id = scene.live(IDP, URL).await;
    let (old, new) = (idp_metadata::certificate(0), idp_metadata::certificate(1));
    let fetched = scene.outside.fetched().len();
    assert_eq!(run(&scene).await.fetched, 0, "it is not due");
    scene.world.advance_secs(REFRESH_SECS);
    let events = scene.history().await.len();
    let same = run(&scene).await;
    assert_eq!((same.fetched, same.followed, same.is_whole), (1, 0, true));
    assert_eq!(scene.history().await.len(), events, "nothing new is no event");
    assert_eq!(run(&scene).await.fetched, 0, "it was tried just now");

    scene.outside.serve(URL, idp_metadata::document(IDP, &[old, new]));
    scene.world.advance_secs(REFRESH_SECS);
    assert_eq!(run(&scene).await.followed, 1);
    assert_eq!(fingerprints(&scene, &id).await, [&*old.fingerprint, &*new.fingerprint]);
    let event = scene.history().await.pop().unwrap();
    assert_eq!(
        (event.kind.as_str(), event.actor.as_str()),
        ("connection.metadata_refreshed", "system")
    );
    assert_eq!(event.data["certificates_added"], serde_json::json!([new.fingerprint]));
    scene.outside.serve(URL, idp_metadata::document(IDP, &[new]));
    scene.world.advance_secs(REFRESH_SECS);
    run(&scene).await;
    assert_eq!(fingerprints(&scene, &id).await, [&*new.fingerprint]);
    assert_eq!(scene.outside.fetched().len(), fetched + 3);
    // It stays live and tested throughout.
    assert!(scene.read(&id).await.live.unwrap().tested.is_some());
}

#[tokio::test]
async fn another_idp_is_never_followed() {
    let scene = Scene::new().await;
    let id = scene.live(IDP, URL).await;
    let before = fingerprints(&scene, &id).await;
    let other = idp_metadata::document("https://evil.example", &[idp_metadata::certificate(1)]);
    scene.outside.serve(URL, other);
    scene.world.advance_secs(REFRESH_SECS);
    assert_eq!(run(&scene).await.refused, 1);
    assert_eq!(fingerprints(&scene, &id).await, before);
    assert!(error(&scene, &id).await.unwrap().starts_with(ENTITY_ID_CHANGED));
    let event = scene.history().await.pop().unwrap();
    assert_eq!(event.kind, "connection.metadata_refresh_failed");
    assert_eq!(event.data["error"], ENTITY_ID_CHANGED);
}

#[tokio::test]
async fn an_error_is_told_once_and_the_last_good_metadata_stays() {
    let scene = Scene::new().await;
    let id = scene.live(IDP, URL).await;
    let before = fingerprints(&scene, &id).await;
    let failed = async || {
        let kinds = scene.kinds().await;
        kinds.iter().filter(|kind| *kind == "connection.metadata_refresh_failed").count()
    };
    scene.outside.refuse(URL, "metadata_unreachable", "Answered 503 at 10:00.");
    for n in 0..3 {
        scene.world.advance_secs(REFRESH_SECS);
        assert_eq!(run(&scene).await.refused, u64::from(n == 0));
        scene.outside.refuse(URL, "metadata_unreachable", "Answered 503 at 16:00.");
    }
    assert_eq!(failed().await, 1);
    assert!(error(&scene, &id).await.unwrap().contains("16:00"), "the latest is what is shown");
    // Without certificates it is no metadata: another error, and the old ones stay.
    scene.outside.serve(URL, idp_metadata::document(IDP, &[]));
    scene.world.advance_secs(REFRESH_SECS);
    run(&scene).await;
    assert!(error(&scene, &id).await.unwrap().starts_with("no_signing_cert"));
    assert_eq!(failed().await, 2);
    assert_eq!(fingerprints(&scene, &id).await, before);
    // Good again.
    scene.outside.serve(URL, idp_metadata::document(IDP, &[idp_metadata::certificate(0)]));
    scene.world.advance_secs(REFRESH_SECS);
    run(&scene).await;
    assert_eq!((error(&scene, &id).await, failed().await), (None, 2));
}

#[tokio::test]
async fn a_draft_beside_it_does_not_bring_old_certificates_back() {
    let scene = Scene::new().await;
    let id = scene.live(IDP, URL).await;
    let policy = PolicyUpdate { just_in_time: Some(false), ..PolicyUpdate::default() };
    let update = connections::Update { policy, ..Default::default() };
    let ctx = scene.ctx();
    connections::update(&ctx, &scene.store, &scene.outside, DOMAIN, &id, &update).await.unwrap();
    scene.pass_test(&id).await;
    scene.outside.serve(URL, idp_metadata::document(IDP, &[idp_metadata::certificate(1)]));
    scene.world.advance_secs(REFRESH_SECS);
    let done = run(&scene).await;
    assert_eq!((done.fetched, done.followed), (1, 1), "one address is fetched once");
    let after = scene.read(&id).await;
    assert_eq!(after.draft.as_ref().unwrap().idp, after.live.as_ref().unwrap().idp);
    assert_eq!(after.draft.unwrap().tested, None, "these settings were not tested");
}

#[tokio::test]
async fn an_end_is_told_once_for_each_threshold() {
    let scene = Scene::new().await;
    let day = 86_400;
    let certificate = idp_metadata::ending(scene.world.now().plus_secs(40 * day));
    let document = idp_metadata::document(IDP, &[&certificate]);
    // A pasted document: nothing is fetched, and its certificates end all the same.
    let id = scene.draft("Google").await;
    scene.save(&id, Given::Document(&document)).await.unwrap();
    scene.pass_test(&id).await;
    scene.activate(&id).await.unwrap();
    let mut told = Vec::new();
    for elapsed in 0..45_u64 {
        for _ in 0..2 {
            if run(&scene).await.expiring > 0 {
                told.push(elapsed);
            }
        }
        scene.world.advance_secs(day);
    }
    assert_eq!(told, [10, 33, 39]);
    let history = scene.history().await;
    let data = &history.last().unwrap().data["certificates"][0];
    assert_eq!(history.last().unwrap().kind, "connection.certificate_expiring");
    assert_eq!(
        (&data["within_days"], &data["fingerprint"]),
        (&1.into(), &certificate.fingerprint.into())
    );
    assert!(scene.outside.fetched().is_empty());
}

#[tokio::test]
async fn one_that_fails_does_not_stop_the_others_and_time_bounds_the_run() {
    let scene = Scene::new().await;
    let first = scene.live(IDP, URL).await;
    let second = scene.live("https://other.example", "https://other.example/m").await;
    scene.outside.refuse(URL, "metadata_unreachable", "No.");
    scene.world.advance_secs(REFRESH_SECS);
    let done = run(&scene).await;
    assert_eq!((done.fetched, done.refused), (2, 1));
    assert!(error(&scene, &first).await.is_some() && error(&scene, &second).await.is_none());
    scene.world.advance_secs(REFRESH_SECS);
    let ctx = scene.ctx();
    let ctx = Ctx { deadline: ctx.now().plus_secs(5), ..ctx };
    let done = refresh::run(&ctx, &scene.store, &scene.outside, &Rules::default()).await.unwrap();
    assert_eq!((done.fetched, done.is_whole), (0, false));
}

#[tokio::test]
async fn a_lost_race_is_decided_anew_without_another_fetch() {
    let scene = Scene::new().await;
    let id = scene.live(IDP, URL).await;
    scene.outside.serve(URL, idp_metadata::document(IDP, &[idp_metadata::certificate(1)]));
    scene.world.advance_secs(REFRESH_SECS);
    let fetched = scene.outside.fetched().len();
    // The list of organizations, two reads of the setup; then the write.
    for ahead in 1..=5 {
        scene.store.strike_call(ahead, Fault::Stale);
    }
    let done = run(&scene).await;
    assert_eq!((done.followed, done.failures.len()), (1, 0));
    assert!(scene.store.struck() > 0);
    assert_eq!(scene.outside.fetched().len(), fetched + 1);
    assert_eq!(fingerprints(&scene, &id).await, [&*idp_metadata::certificate(1).fingerprint]);
}

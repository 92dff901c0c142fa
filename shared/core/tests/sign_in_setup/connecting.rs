//! S1–S4, S12: a connection's way.

use lychgate_core::{
    connection::{
        ConnectionState, EntityIdChoice, MetadataSource, TEST_WINDOW_SECS, WEAK_DAYS_MAX,
    },
    idp,
    ids::LinkId,
    operator::{
        RefusalKind::{Conflict, Forbidden, Invalid, NotFound},
        certificates,
        connection_policy::{AttributeUpdate, PolicyUpdate},
        connection_states as states,
        connections::{self, Update},
        metadata::Given,
        organizations,
    },
    organization::{CONNECTIONS_MAX, LicenceState},
    ports::Passwords,
    secret::SecretHash,
    session::LinkPurpose,
};
use lychgate_testkit::{Fault, idp_metadata};

use super::*;

async fn set(scene: &Scene, id: &str, policy: PolicyUpdate<'_>) -> Result<Connection, Refusal> {
    let update = Update { policy, ..Update::default() };
    let ctx = scene.ctx();
    connections::update(&ctx, &scene.store, &scene.outside, DOMAIN, id, &update)
        .await
        .map(|shown| shown.connection)
}

#[tokio::test]
async fn a_connection_goes_from_draft_to_active_and_locks_the_domain() {
    let scene = Scene::new().await;
    let id = scene.draft("Okta").await;
    let connection = scene.read(&id).await;
    assert_eq!(connection.state(), ConnectionState::Draft);
    assert_eq!(connection.draft.as_ref().unwrap().entity_id, EntityIdChoice::Organization);
    // Nothing can be tested or activated without metadata.
    let ctx = scene.ctx();
    assert_eq!(refused(states::test(&ctx, &scene.store, DOMAIN, &id).await).0, Conflict);
    assert_eq!(refused(scene.activate(&id).await).0, Conflict);

    let document = idp_metadata::document(IDP, &[idp_metadata::certificate(0)]);
    let saved = scene.save(&id, Given::Document(&document)).await.unwrap();
    let draft = saved.shown.connection.draft.unwrap();
    assert!(matches!(draft.source, MetadataSource::Document { .. }));
    let read = draft.idp.unwrap();
    assert_eq!(
        (read.entity_id.as_str(), read.sso_redirect.as_deref()),
        (IDP, Some("https://idp.example/sso"))
    );
    assert_eq!(idp::certificates(&read)[0].fingerprint, idp_metadata::certificate(0).fingerprint);

    assert_eq!(refused(scene.activate(&id).await).0, Conflict, "not tested");
    scene.pass_test(&id).await;
    assert_eq!(scene.read(&id).await.state(), ConnectionState::Tested);
    let shown = scene.activate(&id).await.unwrap();
    assert_eq!(shown.connection.state(), ConnectionState::Active);
    assert_eq!(shown.connection.draft, None);
    assert_eq!(
        scene.organization().await.sign_in.active_connections,
        std::slice::from_ref(&shown.connection.id)
    );
    assert_eq!(shown.organization, scene.organization().await);

    // O2: locked while it is active, free afterwards.
    let rename = organizations::Update { domain: Some("beta"), name: None };
    let renamed = organizations::update(&ctx, &scene.store, DOMAIN, &rename).await;
    assert_eq!(refused(renamed), (Conflict, "domain".to_owned()));
    assert_eq!(refused(states::delete(&ctx, &scene.store, DOMAIN, &id).await).0, Conflict);
    let shown = states::deactivate(&ctx, &scene.store, DOMAIN, &id).await.unwrap();
    assert_eq!(shown.connection.state(), ConnectionState::Tested, "it can be activated again");
    assert!(scene.organization().await.sign_in.active_connections.is_empty());
    organizations::update(&ctx, &scene.store, DOMAIN, &rename).await.unwrap();
    states::delete(&ctx, &scene.store, "beta", &id).await.unwrap();
    assert_eq!(
        scene.store_kinds("beta").await[2..],
        [
            "connection.created",
            "connection.updated",
            "connection.activated",
            "connection.deactivated",
            "organization.updated",
            "connection.deleted"
        ]
    );
}

impl Scene {
    async fn store_kinds(&self, domain: &str) -> Vec<String> {
        let history = events::history(&self.ctx(), &self.store, domain, None, Some(200)).await;
        history.unwrap().events.into_iter().map(|event| event.kind).collect()
    }
}

#[tokio::test]
async fn what_is_live_is_never_edited() {
    let scene = Scene::new().await;
    let id = scene.live(IDP, URL).await;
    let live = scene.read(&id).await.live;
    let after = set(&scene, &id, PolicyUpdate { just_in_time: Some(false), ..Default::default() });
    let after = after.await.unwrap();
    assert_eq!(after.live, live);
    let draft = after.draft.clone().unwrap();
    assert!(!draft.policy.just_in_time);
    assert_eq!((draft.tested, &draft.idp), (None, &live.as_ref().unwrap().idp));
    assert_eq!(refused(scene.activate(&id).await).0, Conflict, "the draft was not tested");
    // With a draft beside it, one of them would be lost.
    let ctx = scene.ctx();
    assert_eq!(refused(states::deactivate(&ctx, &scene.store, DOMAIN, &id).await).0, Conflict);
    connections::discard(&ctx, &scene.store, DOMAIN, &id).await.unwrap();
    let discarded = scene.read(&id).await;
    assert_eq!((&discarded.live, &discarded.draft), (&live, &None));
    // Again, and this time to its end.
    set(&scene, &id, PolicyUpdate { just_in_time: Some(false), ..Default::default() })
        .await
        .unwrap();
    scene.pass_test(&id).await;
    let shown = scene.activate(&id).await.unwrap();
    assert!(!shown.connection.live.unwrap().policy.just_in_time);
    assert_eq!(scene.organization().await.sign_in.active_connections.len(), 1);
}

#[tokio::test]
async fn a_change_unsettles_a_test_and_no_change_does_not() {
    let scene = Scene::new().await;
    let document = idp_metadata::document(IDP, &[idp_metadata::certificate(0)]);
    scene.outside.serve(URL, document.clone());
    let id = scene.draft("Okta").await;
    scene.save(&id, Given::Url(URL)).await.unwrap();
    scene.pass_test(&id).await;
    let tested = scene.read(&id).await;
    // The same again: nothing is written.
    scene.save(&id, Given::Url(URL)).await.unwrap();
    set(&scene, &id, PolicyUpdate { session_secs: Some(43_200), ..Default::default() })
        .await
        .unwrap();
    assert_eq!(scene.read(&id).await, tested);
    // The same settings from another place: still tested.
    scene.save(&id, Given::Document(&document)).await.unwrap();
    assert_eq!(scene.read(&id).await.state(), ConnectionState::Tested);
    // A new name decides nothing.
    let update = Update { name: Some("Okta (new)"), ..Update::default() };
    let ctx = scene.ctx();
    connections::update(&ctx, &scene.store, &scene.outside, DOMAIN, &id, &update).await.unwrap();
    assert_eq!(scene.read(&id).await.state(), ConnectionState::Tested);
    // Another certificate, another policy, another entity ID: each has to be tested.
    let other = idp_metadata::document(IDP, &[idp_metadata::certificate(1)]);
    scene.save(&id, Given::Document(&other)).await.unwrap();
    assert_eq!(scene.read(&id).await.state(), ConnectionState::Draft);
    for update in [
        Update { entity_id: Some(EntityIdChoice::Shared), ..Update::default() },
        Update {
            policy: PolicyUpdate { clock_skew_secs: Some(0), ..Default::default() },
            ..Update::default()
        },
    ] {
        scene.pass_test(&id).await;
        connections::update(&ctx, &scene.store, &scene.outside, DOMAIN, &id, &update)
            .await
            .unwrap();
        assert_eq!(scene.read(&id).await.state(), ConnectionState::Draft, "{update:?}");
    }
}

#[tokio::test]
async fn bad_metadata_is_not_saved_and_says_why() {
    let scene = Scene::new().await;
    let id = scene.draft("Okta").await;
    let before = scene.read(&id).await;
    for (given, field, word) in [
        (Given::Document("<html>Sign in</html>"), "xml", "metadata_not_saml"),
        (Given::Document(""), "xml", "metadata_not_saml"),
        (Given::Document(&idp_metadata::document(IDP, &[])), "xml", "no_signing_cert"),
        (Given::Url("idp.example/metadata"), "url", "https"),
        (Given::Url("file:///etc/passwd"), "url", "https"),
        (Given::Url("https://idp.example/a b"), "url", "https"),
        (Given::Url("https://nowhere.example/"), "url", "metadata_unreachable"),
    ] {
        let refusal = scene.save(&id, given).await.unwrap_err();
        assert_eq!((refusal.kind, refusal.field.as_deref()), (Invalid, Some(field)), "{given:?}");
        assert!(refusal.detail.contains(word), "{given:?}: {}", refusal.detail);
    }
    assert_eq!(
        scene.outside.fetched(),
        ["https://nowhere.example/"],
        "what is no https address is not tried"
    );
    assert_eq!(scene.read(&id).await, before);
    // Nothing is fetched for a connection that does not exist.
    let nobody = scene.save("conn-00000000", Given::Url(URL)).await;
    assert_eq!(refused(nobody), (NotFound, "connection".to_owned()));
    assert_eq!(scene.outside.fetched().len(), 1);
}

#[tokio::test]
async fn a_test_is_an_address_that_works_once_and_a_window() {
    let scene = Scene::new().await;
    scene.outside.serve(URL, idp_metadata::document(IDP, &[idp_metadata::certificate(0)]));
    let id = scene.draft("Okta").await;
    scene.save(&id, Given::Url(URL)).await.unwrap();
    let ctx = scene.ctx();
    let test = states::test(&ctx, &scene.store, DOMAIN, &id).await.unwrap();
    let ends = scene.world.now().plus_secs(TEST_WINDOW_SECS);
    assert_eq!((test.ends, test.shown.connection.test_window_ends), (ends, Some(ends)));
    let text = test.url.strip_prefix("https://scim.lychgate.example/saml/init/acme?test=").unwrap();
    let [organization, link, secret] = text.split('_').collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(organization, scene.organization().await.id.bare());
    let link = LinkId::from_bare(link).unwrap();
    let kept =
        scene.store.link(&ctx, &scene.organization().await.id, &link).await.unwrap().unwrap();
    assert_eq!(kept.hash, SecretHash::of(secret.as_bytes()));
    assert_eq!(kept.purpose, LinkPurpose::Test { connection: id.parse().unwrap() });
    assert!(!format!("{:?}", scene.history().await).contains(secret));
}

#[tokio::test]
async fn without_a_licence_nothing_is_switched_on_and_everything_is_read() {
    let scene = Scene::new().await;
    scene.outside.serve(URL, idp_metadata::document(IDP, &[idp_metadata::certificate(0)]));
    let id = scene.draft("Okta").await;
    scene.save(&id, Given::Url(URL)).await.unwrap();
    scene.pass_test(&id).await;
    for state in [LicenceState::Expired, LicenceState::None] {
        scene.licence(state).await;
        let (ctx, store) = (scene.ctx(), &scene.store);
        assert_eq!(refused(scene.activate(&id).await).0, Forbidden);
        assert_eq!(refused(states::test(&ctx, store, DOMAIN, &id).await).0, Forbidden);
        connections::read(&ctx, store, DOMAIN, &id).await.unwrap();
        assert_eq!(connections::list(&ctx, store, DOMAIN).await.unwrap().connections.len(), 1);
    }
    scene.licence(LicenceState::Active).await;
    scene.activate(&id).await.unwrap();
    // Switching off needs none.
    scene.licence(LicenceState::Expired).await;
    states::deactivate(&scene.ctx(), &scene.store, DOMAIN, &id).await.unwrap();
}

#[tokio::test]
async fn two_live_connections_are_of_two_idps() {
    let scene = Scene::new().await;
    scene.live(IDP, URL).await;
    let twin = scene.draft("twin").await;
    scene.save(&twin, Given::Url(URL)).await.unwrap();
    scene.pass_test(&twin).await;
    assert_eq!(refused(scene.activate(&twin).await).0, Conflict);
    let other = scene.live("https://other.example", "https://other.example/m").await;
    assert_eq!(scene.organization().await.sign_in.active_connections.len(), 2);
    assert_eq!(scene.read(&other).await.state(), ConnectionState::Active);
}

#[tokio::test]
async fn encryption_is_demanded_only_with_a_certificate() {
    let scene = Scene::new().await;
    scene.outside.serve(URL, idp_metadata::document(IDP, &[idp_metadata::certificate(0)]));
    let id = scene.draft("Okta").await;
    scene.save(&id, Given::Url(URL)).await.unwrap();
    set(&scene, &id, PolicyUpdate { require_encryption: Some(true), ..Default::default() })
        .await
        .unwrap();
    scene.pass_test(&id).await;
    assert_eq!(refused(scene.activate(&id).await).0, Conflict);
    let ctx = scene.ctx();
    let (_, key) =
        certificates::generate(&ctx, &scene.store, &scene.outside, DOMAIN).await.unwrap();
    scene.activate(&id).await.unwrap();
    let last = certificates::retire(&ctx, &scene.store, DOMAIN, &key.id.to_string()).await;
    assert_eq!(refused(last).0, Conflict);
    certificates::generate(&ctx, &scene.store, &scene.outside, DOMAIN).await.unwrap();
    certificates::retire(&ctx, &scene.store, DOMAIN, &key.id.to_string()).await.unwrap();
}

#[tokio::test]
async fn settings_have_ranges() {
    let scene = Scene::new().await;
    let id = scene.draft("Okta").await;
    let now = scene.world.now();
    let far = now.plus_secs((WEAK_DAYS_MAX + 1) * 86_400);
    let default = PolicyUpdate::default;
    let named = |email| AttributeUpdate { email: Some(Some(email)), ..Default::default() };
    let long = "x".repeat(257);
    for (policy, field) in [
        (PolicyUpdate { clock_skew_secs: Some(601), ..default() }, "clock_skew_secs"),
        (PolicyUpdate { session_secs: Some(299), ..default() }, "session_secs"),
        (PolicyUpdate { session_secs: Some(2_592_001), ..default() }, "session_secs"),
        (PolicyUpdate { sha1_until: Some(Some(far)), ..default() }, "sha1_until"),
        (PolicyUpdate { sha1_until: Some(Some(now)), ..default() }, "sha1_until"),
        (PolicyUpdate { rsa_1_5_until: Some(Some(far)), ..default() }, "rsa_1_5_until"),
        (PolicyUpdate { attributes: named(" "), ..default() }, "attributes.email"),
        (PolicyUpdate { attributes: named("a\nb"), ..default() }, "attributes.email"),
        (PolicyUpdate { attributes: named(&long), ..default() }, "attributes.email"),
        (PolicyUpdate { email_domains: Some(vec!["acme"]), ..default() }, "email_domains"),
    ] {
        let got = set(&scene, &id, policy.clone()).await;
        assert_eq!(refused(got), (Invalid, field.to_owned()), "{policy:?}");
    }
    let policy = PolicyUpdate {
        sha1_until: Some(Some(now.plus_secs(WEAK_DAYS_MAX * 86_400))),
        attributes: named(" mail "),
        email_domains: Some(vec!["Acme.example", "acme.example", "b.example"]),
        ..default()
    };
    let kept = set(&scene, &id, policy).await.unwrap().draft.unwrap().policy;
    assert_eq!(kept.attributes.email.as_deref(), Some("mail"));
    assert_eq!(kept.email_domains, ["acme.example", "b.example"]);
    let none = PolicyUpdate { sha1_until: Some(None), ..default() };
    assert_eq!(set(&scene, &id, none).await.unwrap().draft.unwrap().policy.sha1_until, None);
    let history = scene.history().await;
    let until = now.plus_secs(WEAK_DAYS_MAX * 86_400).rfc3339();
    assert_eq!(
        history[3].data["sha1_until"],
        serde_json::json!({ "before": null, "after": until })
    );
    assert_eq!(
        history[4].data["sha1_until"],
        serde_json::json!({ "before": until, "after": null })
    );
}

#[tokio::test]
async fn there_is_a_most_of_connections() {
    let scene = Scene::new().await;
    for n in 0..CONNECTIONS_MAX {
        scene.draft(&format!("number {n}")).await;
    }
    let more = connections::create(&scene.ctx(), &scene.store, DOMAIN, "more", None).await;
    assert_eq!(refused(more).0, Conflict);
}

#[tokio::test]
async fn a_lost_race_is_decided_anew() {
    let scene = Scene::new().await;
    scene.outside.serve(URL, idp_metadata::document(IDP, &[idp_metadata::certificate(0)]));
    let id = scene.draft("Okta").await;
    // The reads of the save are not touched; its one write loses.
    for ahead in 1..=4 {
        scene.store.strike_call(ahead, Fault::Stale);
    }
    scene.save(&id, Given::Url(URL)).await.unwrap();
    scene.store.heal();
    scene.pass_test(&id).await;
    scene.activate(&id).await.unwrap();
    let kinds = scene.kinds().await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "connection.updated").count(), 1);
}

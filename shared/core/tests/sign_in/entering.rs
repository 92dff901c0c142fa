//! Who comes in, and who does not.

use lychgate_core::{
    attempt::AttemptOutcome,
    connection::SESSION_SECS_DEFAULT,
    ctx::World,
    event::EventKind,
    ids::UserId,
    ports::{Directory, Sessions, Wanted},
    record::{Index, IndexKey, Origin, Suspension, User},
    session::SessionMethod,
    sessions,
    sign_in::{enter::Next, refusal::Who},
};
use lychgate_idp::Signed;
use lychgate_testkit::{build, world::BASE_URL};
use serde_json::json;

use crate::scene::{BACK, Browser, CHALLENGE, Scene, idp, settings, signed_in};

async fn user(scene: &Scene, id: UserId) -> User {
    let wanted = Wanted { users: vec![id], ..Wanted::default() };
    let fetched = scene.store.fetch(&scene.world.ctx(), &scene.acme.id, wanted).await.unwrap();
    fetched.users.into_iter().next().unwrap()
}

#[tokio::test]
async fn a_member_signs_in_and_the_session_is_theirs() {
    let scene = Scene::new().await;
    let done = scene.sign_in("ZOE@acme.test").await.unwrap();
    assert_eq!(done.next, Next::Page);
    assert_eq!(done.lasts_secs, u64::from(SESSION_SECS_DEFAULT));
    let ctx = scene.world.ctx();
    let cookie = done.cookie.text();
    let found = sessions::current(&ctx, &scene.store, &scene.acme.id, &cookie).await.unwrap();
    let (session, member) = found.unwrap();
    assert_eq!(member.user_name(), "zoe@acme.test");
    assert_eq!(member.last_sign_in, Some(session.authenticated));
    let SessionMethod::Saml(subject) = &session.method else { panic!("{session:?}") };
    assert_eq!(subject.name_id, "ZOE@acme.test");
    assert_eq!(subject.connection, scene.acme_connection.id);
    let attempt = scene.attempt().await;
    assert_eq!(attempt.outcome, AttemptOutcome::SignedIn);
    assert_eq!((attempt.user, attempt.code), (Some(member.id), None));
    // Another browser's guess, another organization, another time: nobody.
    let (head, secret) = cookie.rsplit_once('.').unwrap();
    let guess = format!("{head}.{}", secret.chars().rev().collect::<String>());
    assert_eq!(sessions::current(&ctx, &scene.store, &scene.acme.id, &guess).await.unwrap(), None);
    let other = build::Acme::new(&scene.world, "other").organization;
    scene.organization(other.clone()).await;
    assert_eq!(sessions::current(&ctx, &scene.store, &other.id, &cookie).await.unwrap(), None);
    scene.world.advance_secs(done.lasts_secs);
    let ctx = scene.world.ctx();
    assert_eq!(sessions::current(&ctx, &scene.store, &scene.acme.id, &cookie).await.unwrap(), None);
    assert!(scene.store.contradictions().is_empty());
}

#[tokio::test]
async fn the_application_that_asked_gets_a_code_at_its_own_address() {
    let scene = Scene::new().await;
    let application = scene.application(Some("https://app.example/start")).await;
    let id = application.id.to_string();
    let query = [
        ("client_id", id.as_str()),
        ("response_type", "code"),
        ("redirect_uri", BACK),
        ("scope", "openid"),
        ("state", "s"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let mut browser = Browser::default();
    let request = browser.began(scene.start("acme", &query).await.unwrap());
    let spec = scene.about("zoe@acme.test", "1").in_response_to(&request);
    let done = signed_in(scene.post(&browser, "acme", &spec).await).unwrap();
    let Next::To(to) = &done.next else { panic!("{done:?}") };
    assert!(to.starts_with(&format!("{BACK}?code=lygc_")), "{to}");
    assert!(to.contains("&state=s&iss=https%3A%2F%2F"), "{to}");
}

#[tokio::test]
async fn a_tile_leads_to_the_application_which_asks_for_its_code_itself() {
    let scene = Scene::new().await;
    scene.application(None).await;
    scene.application(Some("https://app.example/start?x=1")).await;
    let spec = scene.about("zoe@acme.test", "1");
    let done = signed_in(scene.post(&Browser::default(), "acme", &spec).await).unwrap();
    let Next::To(to) = &done.next else { panic!("{done:?}") };
    let iss = BASE_URL.replace(':', "%3A").replace('/', "%2F");
    assert_eq!(
        *to,
        format!(
            "https://app.example/start?x=1&iss={iss}&login_hint=zoe%40acme.test&organization=acme"
        )
    );
    assert_eq!(done.flow, None);
}

#[tokio::test]
async fn somebody_new_becomes_a_member_by_signing_in_unless_that_is_off() {
    let scene = Scene::new().await;
    let spec = scene
        .about("Ada@acme.test", "1")
        .attribute("FirstName", "Ada")
        .attribute("LastName", "Lovelace");
    let done = signed_in(scene.post(&Browser::default(), "acme", &spec).await).unwrap();
    let ada = user(&scene, done.cookie.user).await;
    assert_eq!(ada.origin, Origin::JustInTime);
    assert_eq!(ada.user_name(), "Ada@acme.test");
    assert_eq!(ada.resource.text("displayName"), Some("Ada Lovelace"));
    assert_eq!(ada.resource.attributes()["emails"][0]["value"], "Ada@acme.test");
    assert_eq!(ada.resource.attributes()["name"]["familyName"], "Lovelace");
    assert_eq!(scene.events(&scene.acme.id, EventKind::MemberCreated).await, 2);
    // The second time it is the same member.
    let again = scene.sign_in("ada@acme.test").await.unwrap();
    assert_eq!(again.cookie.user, ada.id);
    scene
        .reconnect(|connection| connection.live.as_mut().unwrap().policy.just_in_time = false)
        .await;
    let refusal = scene.sign_in("bob@acme.test").await.unwrap_err();
    assert_eq!(refusal.who, Who::Administrator);
    let attempt = scene.attempt().await;
    assert_eq!(attempt.code.as_deref(), Some("jit_disabled"));
    assert_eq!(attempt.got.as_deref(), Some("bob@acme.test"));
    assert!(scene.store.contradictions().is_empty());
}

#[tokio::test]
async fn the_licences_seats_hold_for_those_who_sign_in_too() {
    let scene = Scene::new().await;
    scene.rewrite(|organization| organization.licence.seats = Some(1)).await;
    scene.sign_in("zoe@acme.test").await.unwrap();
    let refusal = scene.sign_in("ada@acme.test").await.unwrap_err();
    assert_eq!(refusal.who, Who::Administrator);
    assert_eq!(scene.attempt().await.code.as_deref(), Some("seat_limit"));
}

#[tokio::test]
async fn a_lapsed_licence_refuses_with_its_reason_and_sessions_go_on() {
    let scene = Scene::new().await;
    let before = scene.sign_in("zoe@acme.test").await.unwrap();
    scene.lapse().await;
    let spec = scene.about("zoe@acme.test", "late");
    let refusal = scene.post(&Browser::default(), "acme", &spec).await.unwrap_err();
    assert!(refusal.sentence.contains("licence"), "{refusal:?}");
    assert_eq!(scene.attempt().await.code.as_deref(), Some("licence_inactive"));
    let ctx = scene.world.ctx();
    let cookie = before.cookie.text();
    let found = sessions::current(&ctx, &scene.store, &scene.acme.id, &cookie).await.unwrap();
    assert!(found.is_some());
}

#[tokio::test]
async fn a_suspended_member_stays_out_whoever_suspended_them() {
    let scene = Scene::new().await;
    let since = scene.world.now();
    let suspension = || Some(Suspension { since, by: "system".to_owned() });
    let mut by_scim = build::user_with(&scene.world, "scim@acme.test", &json!({"active": false}));
    by_scim.suspended = suspension();
    let mut by_hand = build::user(&scene.world, "hand@acme.test");
    by_hand.suspended_by_hand = suspension();
    for member in [&by_scim, &by_hand] {
        scene.create(member).await;
        let refusal = scene.sign_in(member.user_name()).await.unwrap_err();
        assert_eq!(refusal.who, Who::Administrator);
        let attempt = scene.attempt().await;
        assert_eq!(attempt.code.as_deref(), Some("member_suspended"));
        assert_eq!(&user(&scene, member.id).await, member, "nothing of it has changed");
        let ctx = scene.world.ctx();
        let held = scene.store.sessions_of(&ctx, &scene.acme.id, member.id).await.unwrap();
        assert!(held.is_empty());
    }
    assert_eq!(scene.events(&scene.acme.id, EventKind::MemberRestored).await, 0);
}

#[tokio::test]
async fn suspension_ends_what_a_session_is_good_for_at_once() {
    use lychgate_core::ports::Users;
    let scene = Scene::new().await;
    let done = scene.sign_in("zoe@acme.test").await.unwrap();
    let before = user(&scene, done.cookie.user).await;
    let mut after = before.clone();
    after.version += 1;
    let since = scene.world.now();
    after.suspended_by_hand = Some(Suspension { since, by: "system".to_owned() });
    let ctx = scene.world.ctx();
    let event = build::event(EventKind::MemberSuspended, &after.id.to_string(), "zoe");
    let keys = build::user_keys(&before);
    let organization = &scene.acme.id;
    scene
        .store
        .update_user(&ctx, organization, &before, &after, &keys, &keys, None, &event)
        .await
        .unwrap();
    let cookie = done.cookie.text();
    assert_eq!(sessions::current(&ctx, &scene.store, organization, &cookie).await.unwrap(), None);
}

#[tokio::test]
async fn who_was_deleted_is_somebody_new() {
    use lychgate_core::ports::Users;
    let scene = Scene::new().await;
    let before = scene.sign_in("zoe@acme.test").await.unwrap();
    let zoe = user(&scene, before.cookie.user).await;
    let ctx = scene.world.ctx();
    let event = build::event(EventKind::MemberDeleted, &zoe.id.to_string(), "zoe");
    let keys = build::user_keys(&zoe);
    scene.store.delete_user(&ctx, &scene.acme.id, &zoe, &keys, None, &event).await.unwrap();
    let cookie = before.cookie.text();
    let organization = &scene.acme.id;
    assert_eq!(sessions::current(&ctx, &scene.store, organization, &cookie).await.unwrap(), None);
    let after = scene.sign_in("zoe@acme.test").await.unwrap();
    assert_ne!(after.cookie.user, zoe.id);
    assert_eq!(user(&scene, after.cookie.user).await.origin, Origin::JustInTime);
}

#[tokio::test]
async fn only_addresses_of_the_connections_domains_are_taken() {
    let scene = Scene::with(|settings| {
        settings.policy.email_domains = vec!["acme.test".to_owned()];
    })
    .await;
    scene.member("eve@evil.example").await;
    scene.member("eve").await;
    scene.sign_in("zoe@ACME.test").await.unwrap();
    for other in ["eve@evil.example", "eve@acme.test.evil.example", "eve@sub.acme.test", "eve"] {
        let refusal = scene.sign_in(other).await.unwrap_err();
        assert_eq!(refusal.who, Who::Administrator, "{other}");
        let attempt = scene.attempt().await;
        assert_eq!(attempt.code.as_deref(), Some("domain_not_allowed"), "{other}");
    }
    // An address beside a good NameID counts as well.
    let spec = scene.about("zoe@acme.test", "2").attribute("Email", "eve@evil.example");
    scene.post(&Browser::default(), "acme", &spec).await.unwrap_err();
    assert_eq!(scene.attempt().await.code.as_deref(), Some("domain_not_allowed"));
}

#[tokio::test]
async fn the_name_id_comes_first_and_the_owners_attribute_before_all() {
    let scene = Scene::new().await;
    let kim = scene.member("kim").await;
    let ada = scene.member("ada@acme.test").await;
    let post = async |name_id: &str, email: &str, id: &str| {
        let spec = scene.about(name_id, id).attribute("Email", email);
        signed_in(scene.post(&Browser::default(), "acme", &spec).await).unwrap().cookie.user
    };
    assert_eq!(post("KIM", "ada@acme.test", "1").await, kim.id);
    assert_eq!(post("opaque-17", "ada@acme.test", "2").await, ada.id);
    let edit = |connection: &mut lychgate_core::connection::Connection| {
        let policy = &mut connection.live.as_mut().unwrap().policy;
        policy.attributes.email = Some("Email".to_owned());
    };
    scene.reconnect(edit).await;
    assert_eq!(post("KIM", "ada@acme.test", "3").await, ada.id);
    // The NameID of who has another userName leads to them, for a logout.
    let value = format!("{} opaque-17", scene.acme_connection.id);
    let key = IndexKey { index: Index::NameId, value };
    let ctx = scene.world.ctx();
    let found = scene.store.look_up(&ctx, &scene.acme.id, &key, 10).await.unwrap();
    assert_eq!(found, [ada.id.uuid()]);
}

#[tokio::test]
async fn nobody_is_named_by_nothing() {
    let scene = Scene::new().await;
    let spec = scene.about("opaque", "1");
    let refusal = scene.post(&Browser::default(), "acme", &spec).await.unwrap_err();
    assert_eq!(refusal.who, Who::Administrator);
    let mut spec = scene.about("x", "2");
    spec.name_id = None;
    scene.post(&Browser::default(), "acme", &spec).await.unwrap_err();
    assert_eq!(scene.attempt().await.code.as_deref(), Some("no_email_claim"));
    // U+212A lower-cases to `k`: two names at the IdP must not be one here.
    scene.member("kate@acme.test").await;
    let spec = scene.about("\u{212a}ate@acme.test", "3");
    scene.post(&Browser::default(), "acme", &spec).await.unwrap_err();
}

#[tokio::test]
async fn provisioning_may_create_the_same_person_meanwhile() {
    let scene = Scene::new().await;
    let made = futures_util::future::join_all((0..12).map(|n| {
        let scene = &scene;
        async move {
            let spec = scene.about("new@acme.test", &n.to_string());
            signed_in(scene.post(&Browser::default(), "acme", &spec).await).unwrap().cookie.user
        }
    }))
    .await;
    assert!(made.iter().all(|id| *id == made[0]), "{made:?}");
    assert_eq!(scene.events(&scene.acme.id, EventKind::MemberCreated).await, 2);
    assert!(scene.store.contradictions().is_empty());
}

#[tokio::test]
async fn a_session_ends_no_later_than_the_idp_says_and_auth_time_is_the_idps() {
    let scene = Scene::new().await;
    let mut spec = scene.about("zoe@acme.test", "1");
    spec.session_not_on_or_after = Some(scene.world.now().plus_secs(600).rfc3339());
    spec.authn_instant = "2026-11-22T06:00:00Z".to_owned();
    let done = signed_in(scene.post(&Browser::default(), "acme", &spec).await).unwrap();
    assert_eq!(done.lasts_secs, 600);
    let ctx = scene.world.ctx();
    let (user, session) = (done.cookie.user, &done.cookie.session);
    let found = scene.store.session(&ctx, &scene.acme.id, user, session).await.unwrap().unwrap();
    assert_eq!(found.authenticated.rfc3339(), "2026-11-22T06:00:00.000Z");
}

#[tokio::test]
async fn of_several_connections_the_issuer_finds_the_one_that_vouches() {
    let scene = Scene::with(|settings| settings.policy.session_secs = 300).await;
    // The same entity ID with another key, and another IdP altogether.
    let twin = idp(crate::scene::IDP, 1);
    let other = idp("https://other.example/", 2);
    for (idp, secs) in [(&twin, 301), (&other, 302)] {
        let connection = scene.connection(|connection| {
            let mut live = settings(idp);
            live.policy.session_secs = secs;
            connection.live = Some(live);
        });
        scene.connect(&scene.acme, connection).await;
    }
    for (n, (idp, secs)) in
        [(&scene.idp, 300_u64), (&twin, 301), (&other, 302)].into_iter().enumerate()
    {
        let mut spec = scene.about("zoe@acme.test", &n.to_string());
        spec.response_issuer = Some(idp.entity_id.clone());
        spec.assertion_issuer = idp.entity_id.clone();
        spec.signed = Signed::Both;
        let value = idp.post_value(&spec).unwrap();
        let done = scene.post_value(&Browser::default(), "acme", &value).await;
        assert_eq!(signed_in(done).unwrap().lasts_secs, secs);
    }
    // A key of one IdP does not sign for the other.
    let mut spec = scene.about("zoe@acme.test", "mixed");
    spec.response_issuer = Some(other.entity_id.clone());
    spec.assertion_issuer = other.entity_id.clone();
    scene.post(&Browser::default(), "acme", &spec).await.unwrap_err();
    assert_eq!(scene.attempt().await.code.as_deref(), Some("bad_signature"));
}

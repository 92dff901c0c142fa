//! Ends of sessions: at an application's wish, by suspension, and who is told.

use lychgate_core::{
    ctx::World,
    event::EventKind,
    ids::EventId,
    oidc::{
        back_channel::{self, DELIVERY_ATTEMPTS_MAX, FollowError, Followed, Reach},
        end_session::{self, Asked, EndSessionParams},
    },
    ports::{Organizations, Sessions, outside::SigningKey},
    record::User,
    session::{Session, SessionMethod},
};
use lychgate_testkit::outside::Part;

use crate::scene::Scene;

const BYE: &str = "https://app.example/bye";

async fn follow(scene: &Scene, after: EventId) -> Followed {
    let reach = Reach { store: &scene.store, signer: &scene.outside, notifier: &scene.outside };
    back_channel::follow(&scene.world.ctx(), &reach, &scene.acme.id, after).await.unwrap()
}

fn beginning() -> EventId {
    EventId::from(uuid::Uuid::nil())
}

async fn sessions(scene: &Scene, user: &User) -> Vec<Session> {
    scene.store.sessions_of(&scene.world.ctx(), &scene.acme.id, user.id).await.unwrap()
}

async fn read(scene: &Scene, pairs: &[(&str, &str)]) -> Asked {
    let pairs: Vec<_> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let params = EndSessionParams::from_pairs(&pairs).unwrap();
    let ctx = scene.world.ctx();
    end_session::read(&ctx, &scene.store, &scene.outside, &params).await.unwrap()
}

/// Ada in one session, with tokens at both applications; the public one's ID token.
async fn at_both(scene: &Scene) -> (Session, String) {
    let (session, code) = scene.code().await;
    let id_token = scene.redeem(&code, &[]).await.unwrap().id_token;
    let code = scene.code_of(&scene.confidential, &scene.acme, &session).await;
    let id = scene.confidential.id.to_string();
    let proof = [("client_id", id.as_str()), ("client_secret", scene.secrets[0].as_str())];
    scene.redeem(&code, &proof).await.unwrap();
    (session, id_token)
}

#[tokio::test]
async fn a_suspension_ends_the_sessions_and_every_application_is_told() {
    let scene = Scene::new().await;
    let (session, _) = at_both(&scene).await;
    scene.suspend().await;
    let followed = follow(&scene, beginning()).await;
    assert_eq!(followed.failures, []);
    assert!(sessions(&scene, &scene.ada).await.is_empty());
    // The suspension was followed; what that wrote is followed next.
    let followed = follow(&scene, followed.after).await;
    assert_eq!(followed.failures, []);
    let mut told = scene.outside.logout_tokens();
    told.sort();
    assert_eq!(told.len(), 2);
    for ((uri, token), application) in told.iter().zip([&scene.public, &scene.confidential]) {
        assert_eq!(Some(uri), application.back_channel_logout_uri.as_ref());
        let (header, claims) = scene.claims(token).await;
        assert_eq!(header["typ"], "logout+jwt");
        assert_eq!(claims["aud"], application.id.to_string());
        assert_eq!(claims["sub"], scene.ada.id.to_string());
        assert_eq!(claims["sid"], session.id.to_string());
        assert_eq!(claims["iss"], scene.world.ctx().base_url);
        let now = scene.world.now().unix_secs();
        assert_eq!((claims["iat"].as_u64(), claims["exp"].as_u64()), (Some(now), Some(now + 120)));
        assert!(claims["events"]["http://schemas.openid.net/event/backchannel-logout"].is_object());
        assert!(claims.get("nonce").is_none() && claims["jti"].as_str().unwrap().len() == 26);
    }
    let again = follow(&scene, followed.after).await;
    assert_eq!(again.after, followed.after);
    assert_eq!(scene.outside.logout_tokens().len(), 2);
}

#[tokio::test]
async fn a_session_of_a_later_life_is_left_alone() {
    let scene = Scene::new().await;
    at_both(&scene).await;
    scene.suspend().await;
    scene.world.advance_secs(11);
    let (ctx, id) = (scene.world.ctx(), scene.ada.id.to_string());
    lychgate_core::operator::members::restore(&ctx, &scene.store, "acme", &id).await.unwrap();
    let (new, _) = scene.code().await;
    // The IdP has known them since before: what counts is when the session began here.
    let authenticated = new.authenticated.minus_secs(3_600);
    let old_proof = Session { authenticated, version: new.version + 1, ..new.clone() };
    scene.store.update_session(&ctx, &scene.acme.id, &new, &old_proof).await.unwrap();
    follow(&scene, beginning()).await;
    assert_eq!(sessions(&scene, &scene.ada).await, [old_proof]);
}

#[tokio::test]
async fn an_application_that_does_not_answer_is_a_failure_that_can_be_come_back_to() {
    let scene = Scene::new().await;
    at_both(&scene).await;
    let ctx = scene.world.ctx();
    let (user, ended) = (&scene.ada, sessions(&scene, &scene.ada).await);
    back_channel::end(&ctx, &scene.store, &scene.acme.id, user.id, "ada", &ended, "x", false, None)
        .await
        .unwrap();
    scene.outside.fail(Part::LogoutNotifier);
    let before = scene.world.now();
    let followed = follow(&scene, beginning()).await;
    let [(_, FollowError::Untold(untold))] = followed.failures.as_slice() else {
        panic!("{:?}", followed.failures);
    };
    assert_eq!(untold.len(), 2);
    assert!(scene.world.now() > before, "no pause between {DELIVERY_ATTEMPTS_MAX} attempts");
    scene.outside.mend();
    assert_eq!(follow(&scene, beginning()).await.failures, []);
    assert_eq!(scene.outside.logout_tokens().len(), 2);
}

#[tokio::test]
async fn an_application_ends_the_session_that_its_id_token_was_given_for() {
    let scene = Scene::new().await;
    let (session, id_token) = at_both(&scene).await;
    // Years later, after two rotations: the hint still says whose session it is.
    scene.world.advance_secs(30_000);
    scene.outside.rotate(SigningKey::Oidc);
    scene.outside.rotate(SigningKey::Oidc);
    let asked =
        [("id_token_hint", id_token.as_str()), ("post_logout_redirect_uri", BYE), ("state", "a b")];
    let asked = read(&scene, &asked).await;
    assert_eq!(asked.then.as_deref(), Some("https://app.example/bye?state=a%20b"));
    let hint = asked.hint.unwrap();
    assert_eq!((&hint.session, &hint.organization), (&session.id, &scene.acme.id));
    let (again, _) = scene.session(&scene.acme, &scene.ada, SessionMethod::Password).await;
    let ctx = scene.world.ctx();
    let ended = end_session::end(&ctx, &scene.store, &hint, Some(&again)).await.unwrap();
    assert_eq!(ended.len(), 2);
    assert!(sessions(&scene, &scene.ada).await.is_empty());
    // The other application is told, the one that asked is not.
    follow(&scene, beginning()).await;
    let told = scene.outside.logout_tokens();
    let [(uri, _)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(Some(uri), scene.confidential.back_channel_logout_uri.as_ref());
    // Again: there is nothing left to end.
    assert_eq!(end_session::end(&ctx, &scene.store, &hint, None).await.unwrap(), []);
}

#[tokio::test]
async fn another_members_session_in_the_browser_is_left_alone() {
    let scene = Scene::new().await;
    let (_, id_token) = at_both(&scene).await;
    let hint = read(&scene, &[("id_token_hint", &id_token)]).await.hint.unwrap();
    let (eves, _) = scene.session(&scene.other, &scene.eve, SessionMethod::Password).await;
    let ctx = scene.world.ctx();
    let ended = end_session::end(&ctx, &scene.store, &hint, Some(&eves)).await.unwrap();
    assert_eq!(ended.len(), 1);
    let kept = scene.store.sessions_of(&ctx, &scene.other.id, scene.eve.id).await.unwrap();
    assert_eq!(kept, [eves]);
}

#[tokio::test]
async fn what_is_no_id_token_of_ours_ends_nothing_and_leads_nowhere() {
    let scene = Scene::new().await;
    let (_, id_token) = at_both(&scene).await;
    let strange = Scene::new().await;
    let (_, strangers) = at_both(&strange).await;
    let cut = &id_token[..id_token.len() - 2];
    let (octets, _) = id_token.rsplit_once('.').unwrap();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let unsigned = format!("{none}.{}.", octets.split_once('.').unwrap().1);
    for token in [cut, &strangers, &unsigned, "x", "..", &"x".repeat(8_192)] {
        let asked =
            read(&scene, &[("id_token_hint", token), ("post_logout_redirect_uri", BYE)]).await;
        assert_eq!((asked.hint, asked.then), (None, None), "{token}");
    }
    let confidential = scene.confidential.id.to_string();
    let asked = [
        ("id_token_hint", id_token.as_str()),
        ("client_id", &confidential),
        ("post_logout_redirect_uri", BYE),
    ];
    let asked = read(&scene, &asked).await;
    assert_eq!((asked.hint, asked.then), (None, None));
}

#[tokio::test]
async fn a_logout_token_is_no_hint() {
    let scene = Scene::new().await;
    at_both(&scene).await;
    scene.suspend().await;
    let followed = follow(&scene, beginning()).await;
    follow(&scene, followed.after).await;
    let (_, token) = scene.outside.logout_tokens().remove(0);
    assert_eq!(read(&scene, &[("id_token_hint", &token)]).await.hint, None);
}

#[tokio::test]
async fn the_browser_goes_to_a_registered_address_or_nowhere() {
    let scene = Scene::new().await;
    let id = scene.public.id.to_string();
    for uri in
        ["https://app.example/bye/", "https://app.example/bye?x", "https://evil.example", "//evil"]
    {
        let asked = read(&scene, &[("client_id", &id), ("post_logout_redirect_uri", uri)]).await;
        assert_eq!(asked.then, None, "{uri}");
    }
    let asked = read(&scene, &[("client_id", &id), ("post_logout_redirect_uri", BYE)]).await;
    assert_eq!((asked.hint, asked.then.as_deref()), (None, Some(BYE)));
    assert_eq!(read(&scene, &[("post_logout_redirect_uri", BYE)]).await.then, None);
    let twice = [("state".to_owned(), "a".to_owned()), ("state".to_owned(), "b".to_owned())];
    assert_eq!(EndSessionParams::from_pairs(&twice), None);
}

#[tokio::test]
async fn the_way_back_from_the_idp_leads_to_a_registered_address_too() {
    let scene = Scene::new().await;
    let id = scene.public.id.to_string();
    let ctx = scene.world.ctx();
    let after =
        async |relay: &str| end_session::after_logout(&ctx, &scene.store, relay).await.unwrap();
    for state in [None, Some("a b.c/é")] {
        let mut pairs = vec![("client_id", id.as_str()), ("post_logout_redirect_uri", BYE)];
        pairs.extend(state.map(|state| ("state", state)));
        let asked = read(&scene, &pairs).await;
        assert!(asked.then.is_some());
        assert_eq!(after(&asked.relay_state.unwrap()).await, asked.then);
    }
    let long = "s".repeat(80);
    let pairs = [("client_id", id.as_str()), ("post_logout_redirect_uri", BYE), ("state", &long)];
    let asked = read(&scene, &pairs).await;
    assert!(asked.then.is_some() && asked.relay_state.is_none());
    for made_up in [
        "",
        "https://evil.example",
        &format!("{id}.1"),
        &id,
        &format!("{id}.x"),
        "app-zzzzzzzzzzzz.0",
    ] {
        assert_eq!(after(made_up).await, None, "{made_up}");
    }
}

#[tokio::test]
async fn who_signs_out_with_nobody_to_tell_leaves_no_event() {
    let scene = Scene::new().await;
    let (session, code) = scene.code().await;
    let id_token = scene.redeem(&code, &[]).await.unwrap().id_token;
    let hint = read(&scene, &[("id_token_hint", &id_token)]).await.hint.unwrap();
    let ctx = scene.world.ctx();
    let ended = end_session::end(&ctx, &scene.store, &hint, None).await.unwrap();
    assert_eq!(ended[0].id, session.id);
    let events = scene.store.events_after(&ctx, &scene.acme.id, None, 100).await.unwrap();
    let kind = EventKind::MemberSessionsEnded.text();
    assert!(events.iter().all(|event| event.kind != kind));
    assert!(back_channel::is_followed(kind) && !back_channel::is_followed("member.updated"));
}

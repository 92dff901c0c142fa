//! Who is let in.

use lychgate_core::{
    attempt::AttemptOutcome,
    ids::{ApplicationId, ConnectionId},
    oidc::wire::GrantText,
    organization::LicenceState,
    passwords::{self, Guess, PASSWORD_SESSION_SECS, Refusal},
    ports::{Directory, Grants, Sessions, SignInWrite, SignIns, Wanted},
    session::{Session, SessionMethod},
    sessions,
};
use lychgate_testkit::build;
use serde_json::json;

use crate::scene::{OFFICE, PASSWORD, Scene, WRONG, member, told};

#[tokio::test]
async fn the_right_password_begins_a_session() {
    let scene = Scene::new().await;
    for email in ["ada@acme.test", " Ada@ACME.test "] {
        let signed_in = scene.sign_in(email, PASSWORD, OFFICE, None).await.unwrap();
        assert_eq!(signed_in.user.id, scene.ada.id);
        assert_eq!(signed_in.code, None);
        let ctx = scene.world.ctx();
        let cookie = signed_in.cookie.text();
        let current = sessions::current(&ctx, &scene.store, &scene.acme.id, &cookie).await;
        let (session, user) = current.unwrap().unwrap();
        assert_eq!((session.method, user.id), (SessionMethod::Password, scene.ada.id));
        assert_eq!(
            session.expires.millis_since(session.authenticated),
            PASSWORD_SESSION_SECS * 1_000
        );
        // O1: the same cookie is nobody's at another organization.
        let elsewhere = sessions::current(&ctx, &scene.store, &scene.other.id, &cookie).await;
        assert!(elsewhere.unwrap().is_none());
    }
    let attempts = scene.attempts().await;
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[0].outcome, AttemptOutcome::SignedIn);
    assert_eq!((attempts[0].user, attempts[0].method), (Some(scene.ada.id), "password"));
    let wanted = Wanted { users: vec![scene.ada.id], ..Wanted::default() };
    let fetched = scene.store.fetch(&scene.world.ctx(), &scene.acme.id, wanted).await.unwrap();
    assert!(fetched.users[0].last_sign_in.is_some());
}

#[tokio::test]
async fn strangers_are_told_the_same_whoever_there_is() {
    let scene = Scene::new().await;
    scene.member("never@acme.test", true, &json!({})).await;
    scene.member("forbidden@acme.test", false, &json!({})).await;
    let suspended = scene.member("suspended@acme.test", true, &json!({})).await;
    scene.set(&scene.acme, &suspended, PASSWORD).await;
    scene.suspend(&suspended).await;
    for (number, email) in [
        "ada@acme.test",
        "nobody@acme.test",
        "never@acme.test",
        "forbidden@acme.test",
        "suspended@acme.test",
        "",
        "  ",
        &format!("{}@acme.test", "x".repeat(300)),
    ]
    .into_iter()
    .enumerate()
    {
        for password in [WRONG, "", &"x".repeat(10_000)] {
            let source = format!("198.51.100.{number}");
            let refusal = told(scene.sign_in(email, password, &source, None).await);
            assert_eq!(refusal, Refusal::Wrong, "{email}");
        }
    }
    // The owner sees why, and of whom.
    let attempts = scene.attempts().await;
    assert!(attempts.iter().all(|attempt| attempt.code.as_deref() == Some("password_wrong")));
    assert!(attempts.iter().any(|attempt| attempt.user == Some(scene.ada.id)));
    // What is no address at all fills no log.
    assert_eq!(attempts.len(), 15);
}

/// INVARIANT of `check`: also after many guesses the two cannot be told apart, and the store works the same for both.
#[tokio::test]
async fn many_guesses_do_not_tell_a_member_from_a_stranger() {
    let scene = Scene::new().await;
    for number in 0..9 {
        let mut seen = Vec::new();
        for email in ["ada@acme.test", "nobody@acme.test"] {
            let before = scene.store.calls();
            let refusal = told(scene.guess_at(email, number).await);
            seen.push((refusal, scene.store.calls() - before));
        }
        assert_eq!(seen[0], seen[1], "guess {number}");
        assert_eq!(seen[0].0, Refusal::Wrong);
    }
    // Ada waits by now, and the right password reads as a wrong one.
    assert_eq!(told(scene.guess(99, PASSWORD).await), Refusal::Wrong);
    let attempts = scene.attempts().await;
    assert_eq!(attempts[0].code.as_deref(), Some("password_wait"));
    assert_eq!(attempts[0].user, Some(scene.ada.id));
}

impl Scene {
    async fn begin(&self, session: &Session) {
        let write = SignInWrite {
            flow: None,
            assertion: None,
            member: None,
            name_id: None,
            session: Some(session),
            grant: None,
            connection: None,
        };
        self.store.sign_in(&self.world.ctx(), &self.acme.id, write).await.unwrap();
    }

    async fn guess_at(&self, email: &str, number: u32) -> Result<passwords::SignedIn, Refusal> {
        self.sign_in(email, WRONG, &format!("203.0.113.{number}"), None).await
    }
}

#[tokio::test]
async fn who_may_have_none_any_more_is_not_let_in() {
    let scene = Scene::new().await;
    let signed_in = scene.guess(9, PASSWORD).await.unwrap();
    let cookie = signed_in.cookie.text();
    let current = async || {
        sessions::current(&scene.world.ctx(), &scene.store, &scene.acme.id, &cookie).await.unwrap()
    };
    assert!(current().await.is_some());
    let by_idp = build::session(&scene.world, scene.ada.id, &ConnectionId::new(&scene.world));
    scene.begin(&by_idp).await;
    let (ctx, id) = (scene.world.ctx(), scene.ada.id.to_string());
    lychgate_core::operator::member_sessions::forbid_password(&ctx, &scene.store, "acme", &id)
        .await
        .unwrap();
    assert_eq!(told(scene.guess(1, PASSWORD).await), Refusal::Wrong);
    // What began with the password has ended, the other has not.
    let left = scene.store.sessions_of(&ctx, &scene.acme.id, scene.ada.id).await.unwrap();
    assert_eq!(left, std::slice::from_ref(&by_idp));
    // One that could not be ended holds no longer either.
    scene.begin(&signed_in.session).await;
    assert!(current().await.is_none());
    // A right that is given again brings no password back.
    lychgate_core::operator::member_sessions::allow_password(&ctx, &scene.store, "acme", &id)
        .await
        .unwrap();
    assert_eq!(told(scene.guess(2, PASSWORD).await), Refusal::Wrong);
}

#[tokio::test]
async fn who_is_suspended_is_told_so_by_the_right_password_alone() {
    let scene = Scene::new().await;
    scene.suspend(&scene.ada).await;
    assert_eq!(told(scene.guess(1, WRONG).await), Refusal::Wrong);
    assert_eq!(told(scene.guess(2, PASSWORD).await), Refusal::Suspended);
    assert_eq!(scene.attempts().await[0].code.as_deref(), Some("member_suspended"));
    assert_eq!(scene.sessions(scene.ada.id).await, 0);
}

#[tokio::test]
async fn a_lapsed_licence_keeps_nobody_out() {
    let mut scene = Scene::new().await;
    scene.change(|acme| acme.licence.state = LicenceState::Expired).await;
    assert!(scene.guess(1, PASSWORD).await.is_ok());
    let domain = scene.acme.domain.clone();
    let (ctx, store) = (scene.world.ctx(), &scene.store);
    assert!(passwords::organization(&ctx, store, &domain).await.is_ok());
}

#[tokio::test]
async fn an_organization_without_passwords_is_none_here() {
    let mut scene = Scene::new().await;
    scene.change(|acme| acme.sign_in.password = false).await;
    let (ctx, store) = (scene.world.ctx(), &scene.store);
    for domain in [scene.acme.domain.clone(), "unknown".parse_domain()] {
        let found = passwords::organization(&ctx, store, &domain).await;
        assert_eq!(found.unwrap_err(), Refusal::Unavailable);
    }
}

trait ParseDomain {
    fn parse_domain(&self) -> lychgate_core::organization::Domain;
}

impl ParseDomain for str {
    fn parse_domain(&self) -> lychgate_core::organization::Domain {
        lychgate_core::organization::Domain::parse(self).unwrap()
    }
}

#[tokio::test]
async fn a_password_of_one_organization_opens_no_other() {
    let scene = Scene::new().await;
    let more = json!({});
    let (world, store) = (&scene.world, &scene.store);
    let namesake = member(world, store, &scene.other, "ada@acme.test", true, &more).await;
    scene.set(&scene.other, &namesake, "another horse battery").await;
    let at = async |organization, password, number: u8| {
        let source = format!("198.51.100.{number}");
        let email = "ada@acme.test";
        let guess = Guess { email, password, source_ip: Some(&source), device: None };
        let signed_in =
            passwords::sign_in(&scene.world.ctx(), &scene.store, organization, guess, None).await;
        signed_in.map(|signed_in| signed_in.user.id)
    };
    assert_eq!(at(&scene.acme, PASSWORD, 1).await, Ok(scene.ada.id));
    assert_eq!(at(&scene.other, PASSWORD, 2).await, Err(Refusal::Wrong));
    assert_eq!(at(&scene.other, "another horse battery", 3).await, Ok(namesake.id));
    assert_eq!(at(&scene.acme, "another horse battery", 4).await, Err(Refusal::Wrong));
    assert_eq!(scene.attempts().await.len(), 2);
}

#[tokio::test]
async fn an_application_gets_its_code() {
    let scene = Scene::new().await;
    let request = build::code_request(&ApplicationId::new(&scene.world));
    let guess =
        Guess { email: "ada@acme.test", password: PASSWORD, source_ip: Some(OFFICE), device: None };
    let ctx = scene.world.ctx();
    let signed_in =
        passwords::sign_in(&ctx, &scene.store, &scene.acme, guess, Some(&request)).await.unwrap();
    let code = GrantText::parse_code(&signed_in.code.unwrap()).unwrap();
    assert_eq!(code.organization, scene.acme.id);
    let grant = scene.store.grant(&ctx, &scene.acme.id, &code.id).await.unwrap().unwrap();
    assert!(code.proves(&grant.code));
    assert_eq!((grant.user, &grant.session), (scene.ada.id, &signed_in.session.id));
    assert_eq!((grant.method.as_str(), &grant.request), ("password", &request));
    let elsewhere = scene.store.grant(&ctx, &scene.other.id, &code.id).await.unwrap();
    assert!(elsewhere.is_none());
}

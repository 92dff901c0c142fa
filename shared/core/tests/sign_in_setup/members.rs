//! Sessions and passwords of a member, by an administrator's hand.

use lychgate_core::{
    event::EventKind,
    ids::{SessionId, UserId},
    operator::{RefusalKind::NotFound, member_sessions as sessions},
    ports::{SignInWrite, SignIns, Users},
    secret::SecretHash,
    session::{Session, SessionMethod},
};
use lychgate_testkit::build;

use super::*;

async fn member(scene: &Scene) -> UserId {
    let user = build::user(&scene.world, "ada@example.com");
    let event = build::event(EventKind::MemberCreated, &user.id.to_string(), "ada@example.com");
    let (ctx, keys) = (scene.ctx(), build::user_keys(&user));
    let acme = scene.organization().await.id;
    scene.store.create_user(&ctx, &acme, &user, &keys, None, &event).await.unwrap();
    user.id
}

async fn begin(scene: &Scene, user: UserId) {
    let session = Session {
        id: SessionId::new(&scene.world),
        user,
        browser: SecretHash::of(b"cookie"),
        method: SessionMethod::Password,
        authenticated: scene.world.now(),
        began: scene.world.now(),
        expires: scene.world.now().plus_secs(3_600),
        applications: Vec::new(),
        version: 1,
    };
    let write = SignInWrite {
        flow: None,
        assertion: None,
        member: None,
        name_id: None,
        session: Some(&session),
        grant: None,
        connection: None,
    };
    let acme = scene.organization().await.id;
    scene.store.sign_in(&scene.ctx(), &acme, write).await.unwrap();
}

#[tokio::test]
async fn all_sessions_end_with_one_event() {
    let scene = Scene::new().await;
    let (ctx, ada) = (scene.ctx(), member(&scene).await);
    let name = ada.to_string();
    assert_eq!(sessions::end(&ctx, &scene.store, DOMAIN, &name).await.unwrap(), 0);
    for _ in 0..3 {
        begin(&scene, ada).await;
    }
    assert_eq!(sessions::list(&ctx, &scene.store, DOMAIN, &name).await.unwrap().len(), 3);
    assert_eq!(sessions::end(&ctx, &scene.store, DOMAIN, &name).await.unwrap(), 3);
    assert!(sessions::list(&ctx, &scene.store, DOMAIN, &name).await.unwrap().is_empty());
    let ended: Vec<_> = scene.history().await;
    let ended: Vec<_> =
        ended.iter().filter(|event| event.kind == "member.sessions_ended").collect();
    let named = ended[0].data["ended"].as_array().map(Vec::len);
    assert_eq!((ended.len(), named), (1, Some(3)));
    assert_eq!(ended[0].subject_name, "ada@example.com");
    for nobody in ["x".to_owned(), UserId::from(uuid::Uuid::nil()).to_string()] {
        let got = sessions::end(&ctx, &scene.store, DOMAIN, &nobody).await;
        assert_eq!(refused(got), (NotFound, "member".to_owned()));
    }
}

#[tokio::test]
async fn a_password_is_allowed_and_forbidden_once() {
    let scene = Scene::new().await;
    let (ctx, ada) = (scene.ctx(), member(&scene).await.to_string());
    for _ in 0..2 {
        let listed = sessions::allow_password(&ctx, &scene.store, DOMAIN, &ada).await.unwrap();
        assert!(listed.user.password_allowed);
    }
    for _ in 0..2 {
        let listed = sessions::forbid_password(&ctx, &scene.store, DOMAIN, &ada).await.unwrap();
        assert!(!listed.user.password_allowed);
    }
    let kinds = scene.kinds().await;
    assert_eq!(kinds[3..], ["member.password_allowed", "member.password_forbidden"]);
}

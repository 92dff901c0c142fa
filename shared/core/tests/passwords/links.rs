//! Links, and the passwords that they lead to.

use lychgate_core::{
    ctx::World,
    ids::ConnectionId,
    passwords::{
        self, LINK_ANSWER_MILLIS, LINKS_PER_ADDRESS_MAX, LINKS_PER_HOUR_MAX, PASSWORD_LINK_SECS,
        Refusal,
    },
    ports::{Organizations, Passwords, Sessions},
    session::{Link, LinkPurpose, link_text},
};
use lychgate_testkit::{FakeOutside, Fault, build, outside::Part};
use serde_json::json;

use crate::scene::{OFFICE, PASSWORD, Scene, WRONG, member, text_of, told};

const NEW: &str = "a horse of another colour";

impl Scene {
    async fn set_by(&self, text: &str, new: &str) -> Result<(), Refusal> {
        passwords::set(&self.world.ctx(), &self.store, text, new).await.map(drop)
    }

    async fn opens(&self, text: &str) -> bool {
        let open = passwords::open_link(&self.world.ctx(), &self.store, text).await;
        match open {
            Ok(open) => open.user.id == self.ada.id,
            Err(refusal) => {
                assert_eq!(refusal, Refusal::LinkGone);
                false
            }
        }
    }
}

#[tokio::test]
async fn a_link_is_mailed_works_once_and_ends_all_sessions() {
    let scene = Scene::new().await;
    assert!(scene.guess(1, PASSWORD).await.is_ok() && scene.guess(2, PASSWORD).await.is_ok());
    scene.ask(" Ada@acme.test", OFFICE).await;
    let mails = scene.outside.mails();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "ada@acme.test"));
    let url = mails[0].text.lines().find(|line| line.starts_with("https://")).unwrap();
    assert!(url.starts_with(&format!("{}/password/new?link=", scene.world.ctx().base_url)));
    let text = text_of(url);
    // Looking does not use it up: mail scanners look.
    assert!(scene.opens(&text).await && scene.opens(&text).await);
    // What is not taken does not either.
    let Err(Refusal::Unacceptable(_)) = scene.set_by(&text, "short").await else { panic!() };
    assert_eq!(scene.sessions(scene.ada.id).await, 2);
    scene.world.advance_secs(1);
    assert_eq!(scene.set_by(&text, NEW).await, Ok(()));
    assert_eq!(scene.sessions(scene.ada.id).await, 0);
    assert!(!scene.opens(&text).await);
    assert_eq!(scene.set_by(&text, PASSWORD).await, Err(Refusal::LinkGone));
    assert_eq!(told(scene.guess(3, PASSWORD).await), Refusal::Wrong);
    assert!(scene.guess(4, NEW).await.is_ok());
    let events = scene.events().await;
    assert!(events.iter().any(|kind| kind == "member.password_set"), "{events:?}");
}

#[tokio::test]
async fn applications_hear_that_the_sessions_ended() {
    let scene = Scene::new().await;
    let session = scene.guess(1, PASSWORD).await.unwrap().session;
    let application = build::application(&scene.world, "App");
    let mut after = session.clone();
    after.version += 1;
    after.applications = vec![application.id.clone()];
    let ctx = scene.world.ctx();
    scene.store.update_session(&ctx, &scene.acme.id, &session, &after).await.unwrap();
    let text = scene.link(&scene.acme, &scene.ada).await;
    scene.set_by(&text, NEW).await.unwrap();
    let events = scene.store.events_after(&ctx, &scene.acme.id, None, 100).await.unwrap();
    let ended = events.iter().find(|stored| stored.kind.contains("session"));
    let data = serde_json::Value::Object(ended.unwrap().data.clone()).to_string();
    assert!(data.contains(&application.id.to_string()), "{data}");
}

#[tokio::test]
async fn of_two_at_once_one_sets_the_password() {
    let scene = Scene::new().await;
    let text = scene.link(&scene.acme, &scene.ada).await;
    let scene = std::sync::Arc::new(scene);
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let (scene, text) = (std::sync::Arc::clone(&scene), text.clone());
            tokio::spawn(
                async move { scene.set_by(&text, &format!("{NEW} {number}")).await.is_ok() },
            )
        })
        .collect();
    let mut set = 0;
    for task in tasks {
        set += u32::from(task.await.unwrap());
    }
    assert_eq!(set, 1);
}

#[tokio::test]
async fn a_link_ends_after_an_hour() {
    let scene = Scene::new().await;
    let text = scene.link(&scene.acme, &scene.ada).await;
    scene.world.advance_secs(PASSWORD_LINK_SECS - 1);
    assert!(scene.opens(&text).await);
    scene.world.advance_secs(1);
    assert!(!scene.opens(&text).await);
    assert_eq!(scene.set_by(&text, NEW).await, Err(Refusal::LinkGone));
}

/// Whoever finds an older mail finds nothing.
#[tokio::test]
async fn a_new_password_ends_the_links_that_were_made_before_it() {
    let scene = Scene::new().await;
    let (old, used) =
        (scene.link(&scene.acme, &scene.ada).await, scene.link(&scene.acme, &scene.ada).await);
    scene.world.advance_secs(1);
    scene.set_by(&used, NEW).await.unwrap();
    assert!(!scene.opens(&old).await);
    assert_eq!(scene.set_by(&old, PASSWORD).await, Err(Refusal::LinkGone));
    scene.world.advance_secs(1);
    assert!(scene.opens(&scene.link(&scene.acme, &scene.ada).await).await);
}

#[tokio::test]
async fn a_link_that_is_not_to_the_letter_opens_nothing() {
    let scene = Scene::new().await;
    let text = scene.link(&scene.acme, &scene.ada).await;
    let mut parts = text.split('_');
    let (organization, id, secret) =
        (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
    let world = &scene.world;
    let namesake =
        member(world, &scene.store, &scene.other, "ada@acme.test", true, &json!({})).await;
    let theirs = scene.link(&scene.other, &namesake).await;
    let theirs: Vec<&str> = theirs.split('_').collect();
    for wrong in [
        String::new(),
        "_".to_owned(),
        "__".to_owned(),
        format!("{organization}_{id}_{}", "x".repeat(secret.len())),
        format!("{organization}_{id}_{secret}x"),
        format!("{organization}_{id}_{secret}_"),
        format!("{organization}_{id}_"),
        format!("{organization}_{}_{secret}", theirs[1]),
        format!("{organization}_{id}_{}", theirs[2]),
        // Another organization's.
        format!("{}_{id}_{secret}", theirs[0]),
        format!("{organization}_{}_{}", theirs[1], theirs[2]),
        format!("{}_{id}_{}", theirs[0], theirs[2]),
        text.to_uppercase(),
        "é".repeat(100),
        "x".repeat(100_000),
    ] {
        assert!(!scene.opens(&wrong).await, "{wrong}");
        assert_eq!(scene.set_by(&wrong, NEW).await, Err(Refusal::LinkGone));
    }
    assert!(scene.opens(&text).await);
}

#[tokio::test]
async fn a_link_of_another_kind_sets_no_password() {
    let scene = Scene::new().await;
    let (secret, hash) = lychgate_core::credential::new_secret(&scene.world);
    let link = Link {
        id: lychgate_core::ids::LinkId::new(&scene.world),
        hash,
        purpose: LinkPurpose::Test { connection: ConnectionId::new(&scene.world) },
        expires: scene.world.now().plus_secs(100),
    };
    scene.store.put_link(&scene.world.ctx(), &scene.acme.id, &link, None).await.unwrap();
    assert!(!scene.opens(&link_text(&scene.acme.id, &link.id, &secret)).await);
}

#[tokio::test]
async fn who_may_have_no_password_gets_no_link_and_uses_none() {
    let mut scene = Scene::new().await;
    scene.member("forbidden@acme.test", false, &json!({})).await;
    scene.member("quiet@acme.test", true, &json!({ "sendEmails": false })).await;
    let suspended = scene.member("suspended@acme.test", true, &json!({})).await;
    scene.suspend(&suspended).await;
    for email in [
        "nobody@acme.test",
        "forbidden@acme.test",
        "quiet@acme.test",
        "suspended@acme.test",
        "",
        &"x".repeat(1_000),
    ] {
        scene.ask(email, OFFICE).await;
    }
    assert_eq!(scene.outside.mails(), []);
    let text = scene.link(&scene.acme, &scene.ada).await;
    scene.change(|acme| acme.sign_in.password = false).await;
    assert!(!scene.opens(&text).await);
    scene.change(|acme| acme.sign_in.password = true).await;
    assert!(scene.opens(&text).await);
    scene.suspend(&scene.ada).await;
    assert!(!scene.opens(&text).await);
    assert_eq!(scene.set_by(&text, NEW).await, Err(Refusal::LinkGone));
}

#[tokio::test]
async fn asking_takes_as_long_for_everybody() {
    let scene = Scene::new().await;
    for email in ["ada@acme.test", "nobody@acme.test", ""] {
        let before = scene.world.now();
        scene.ask(email, OFFICE).await;
        assert_eq!(scene.world.now().millis_since(before), LINK_ANSWER_MILLIS, "{email}");
    }
    // A mailer that is down is no news either.
    scene.outside.fail(Part::Mailer);
    let before = scene.world.now();
    scene.ask("ada@acme.test", OFFICE).await;
    assert_eq!(scene.world.now().millis_since(before), LINK_ANSWER_MILLIS);
}

#[tokio::test]
async fn nobody_is_flooded_with_links() {
    let scene = Scene::new().await;
    for number in 0..LINKS_PER_HOUR_MAX * 3 {
        scene.ask("ada@acme.test", &format!("198.51.100.{number}")).await;
    }
    assert_eq!(scene.outside.mails().len() as u64, LINKS_PER_HOUR_MAX);
    scene.world.advance_secs(3_600);
    // An address that has asked too often uses up nobody's links.
    for _ in 0..LINKS_PER_ADDRESS_MAX {
        scene.ask("nobody@acme.test", OFFICE).await;
    }
    for _ in 0..LINKS_PER_HOUR_MAX {
        scene.ask("ada@acme.test", OFFICE).await;
    }
    assert_eq!(scene.outside.mails().len() as u64, LINKS_PER_HOUR_MAX);
    scene.ask("ada@acme.test", "198.51.100.1").await;
    assert_eq!(scene.outside.mails().len() as u64, LINKS_PER_HOUR_MAX + 1);
}

#[tokio::test]
async fn the_operator_hands_a_link_over_or_sends_it() {
    let mut scene = Scene::new().await;
    let quiet = scene.member("quiet@acme.test", true, &json!({ "sendEmails": false })).await;
    let forbidden = scene.member("forbidden@acme.test", false, &json!({})).await;
    let suspended = scene.member("suspended@acme.test", true, &json!({})).await;
    scene.suspend(&suspended).await;
    let ctx = scene.world.ctx();
    let (store, acme, outside) = (&scene.store, &scene.acme, &scene.outside);
    let mailer = Some(outside);
    let by_hand = async |user: &_, mailer: Option<&FakeOutside>| {
        passwords::link_by_hand(&ctx, store, mailer, acme, user).await
    };
    assert!(!by_hand(&scene.ada, None).await.unwrap().1);
    let (url, sent) = by_hand(&scene.ada, mailer).await.unwrap();
    assert!(sent && outside.mails()[0].text.contains(&url));
    // O5: the history says who made them, and keeps no link.
    let events = store.events_after(&ctx, &acme.id, None, 100).await.unwrap();
    let made: Vec<_> =
        events.iter().filter(|event| event.kind == "member.password_link_created").collect();
    let sent: Vec<_> = made.iter().map(|event| event.data["sent"].as_bool()).collect();
    // The first is the scene's own.
    assert_eq!(sent, [Some(false), Some(false), Some(true)]);
    assert!(made.iter().all(|event| event.subject_name == "ada@acme.test"));
    assert!(!format!("{made:?}").contains(&text_of(&url)));
    // P8: a link there is, an e-mail there is not.
    let (url, sent) = by_hand(&quiet, mailer).await.unwrap();
    assert!(!sent && outside.mails().len() == 1);
    assert_eq!(passwords::set(&ctx, store, &text_of(&url), NEW).await.map(drop), Ok(()));
    assert_eq!(by_hand(&forbidden, mailer).await, Err(Refusal::Unavailable));
    let fetched =
        lychgate_core::operator::members::suspend(&ctx, store, "acme", &scene.ada.id.to_string())
            .await
            .unwrap();
    assert_eq!(by_hand(&fetched.user, mailer).await, Err(Refusal::Suspended));
    drop(ctx);
    scene.change(|acme| acme.sign_in.password = false).await;
    let (ctx, none) = (scene.world.ctx(), None::<&FakeOutside>);
    let refused = passwords::link_by_hand(&ctx, &scene.store, none, &scene.acme, &quiet).await;
    assert_eq!(refused, Err(Refusal::Unavailable));
}

/// Somebody guesses while the person saves: the link is not lost for it.
#[tokio::test]
async fn a_guess_meanwhile_does_not_keep_the_new_password_out() {
    for ahead in 1..10 {
        let scene = Scene::new().await;
        told(scene.guess(1, WRONG).await);
        let text = scene.link(&scene.acme, &scene.ada).await;
        scene.store.strike_call(ahead, Fault::Stale);
        assert_eq!(scene.set_by(&text, NEW).await, Ok(()), "call {ahead}");
        scene.store.heal();
        assert!(scene.guess(2, NEW).await.is_ok());
    }
}

/// Whatever fails once, no session by the old password is left when there is a new one, and the person can go on.
#[tokio::test]
async fn a_failure_leaves_no_session_behind_a_new_password() {
    let mut refused = 0;
    for fault in [Fault::Before, Fault::Throttle] {
        for ahead in 1..=14 {
            let scene = Scene::new().await;
            assert!(scene.guess(1, PASSWORD).await.is_ok());
            let text = scene.link(&scene.acme, &scene.ada).await;
            scene.world.advance_secs(1);
            scene.store.strike_call(ahead, fault);
            let first = scene.set_by(&text, NEW).await;
            scene.store.heal();
            if first.is_err() {
                refused += 1;
                assert!(scene.opens(&text).await, "{fault:?} at call {ahead}");
                assert_eq!(scene.set_by(&text, NEW).await, Ok(()));
            }
            assert_eq!(scene.sessions(scene.ada.id).await, 0, "{fault:?} at call {ahead}");
            assert!(scene.guess(2, NEW).await.is_ok());
        }
    }
    assert!(refused > 6, "{refused}");
}

/// Whoever signs in with the old password in the moment of the change is out as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_session_by_the_old_password_outlives_it() {
    for _ in 0..8 {
        let scene = std::sync::Arc::new(Scene::new().await);
        let text = scene.link(&scene.acme, &scene.ada).await;
        scene.world.advance_secs(1);
        let tasks: Vec<_> = (0..3)
            .map(|number| {
                let scene = std::sync::Arc::clone(&scene);
                tokio::spawn(async move { drop(scene.guess(number, PASSWORD).await) })
            })
            .collect();
        scene.set_by(&text, NEW).await.unwrap();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(scene.sessions(scene.ada.id).await, 0);
    }
}

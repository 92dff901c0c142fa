//! Opening a link: once, in one browser.

use lychgate_core::{
    event::Actor,
    ids::{LinkId, OrganizationId},
    session::link_text,
    settings::{
        access::Area,
        link::{
            OWNER_LINK_KEPT_SECS, OWNER_LINK_SECS_DEFAULT, OWNER_VISIT_SECS,
            SETUP_LINK_SECS_DEFAULT, Scope,
        },
        links::{self, NotOpened},
    },
};

use crate::scene::{Browser, Scene, guessed, text_of};

#[tokio::test]
async fn a_link_opens_in_one_browser_and_comes_back_in_it() {
    let scene = Scene::new().await;
    for made in [scene.setup_link(&[Scope::Sso]).await, scene.owner_link().await] {
        let (first, second) = (Browser::default(), Browser::default());
        let opened = scene.open(&made, &first).await.unwrap();
        assert_eq!(opened.organization.id, scene.acme);
        assert_eq!(opened.link.id, made.link.id);
        assert!(scene.enter(&first, Area::Overview).await.is_ok());
        scene.world.advance_secs(1);
        let again = scene.open(&made, &first).await.unwrap();
        assert_eq!((again.cookie, again.link), (opened.cookie, opened.link), "nothing changed");
        for _ in 0..2 {
            let refused = scene.open(&made, &second).await;
            assert_eq!(refused.unwrap_err(), NotOpened::OpenedBefore);
        }
        assert!(scene.enter(&second, Area::Overview).await.is_err());
        assert!(scene.enter(&first, Area::Overview).await.is_ok(), "the first stays in");
        // Without its cookie the first browser is another one.
        *first.visit.borrow_mut() = None;
        assert_eq!(scene.open(&made, &first).await.unwrap_err(), NotOpened::OpenedBefore);
    }
    let events = scene.events().await;
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["setup_link.created", "owner_link.created", "setup_link.opened", "owner_link.opened"]
    );
    let names: Vec<_> = events.iter().skip(2).map(|event| event.actor_name.as_deref()).collect();
    assert_eq!(names, [Some("Grace, IT"), Some("ada@acme.test")]);
    let ada = Actor::Owner(scene.ada.id, String::new()).text();
    assert_eq!(events.last().unwrap().actor, ada);
}

#[tokio::test]
async fn what_is_no_link_opens_nothing() {
    let scene = Scene::new().await;
    let made = scene.setup_link(&[Scope::Sso]).await;
    let text = text_of(&made);
    let (_, secret) = text.rsplit_once('_').unwrap();
    let elsewhere = link_text(&scene.other, &made.link.id, secret);
    let nowhere = link_text(&OrganizationId::new(&scene.world), &made.link.id, secret);
    let never = link_text(&scene.acme, &LinkId::new(&scene.world), secret);
    let cut = text.get(..text.len() - 1).unwrap().to_owned();
    for text in [
        guessed(&scene, &made),
        elsewhere,
        nowhere,
        never,
        cut,
        format!("{text}_x"),
        format!("#{text}"),
        String::new(),
        "x".repeat(10_000),
    ] {
        let refused = scene.open_text(&text, &Browser::default()).await;
        assert_eq!(refused.unwrap_err(), NotOpened::Unknown, "{text}");
    }
    assert_eq!(scene.link(&made).await, Some(made.link.clone()), "untouched");
    assert!(scene.open_text(&format!(" {text}\n"), &Browser::default()).await.is_ok());
}

#[tokio::test]
async fn a_link_that_ended_or_was_taken_back_says_so_to_who_knows_its_secret() {
    let scene = Scene::new().await;
    let (setup, owner) = (scene.setup_link(&[Scope::Sso]).await, scene.owner_link().await);
    let revoked = scene.setup_link(&[Scope::Sso]).await;
    scene.revoke(&revoked).await;
    let open = async |made| scene.open(made, &Browser::default()).await.unwrap_err();
    assert_eq!(open(&revoked).await, NotOpened::Revoked);
    scene.world.advance_secs(OWNER_LINK_SECS_DEFAULT);
    assert_eq!(open(&owner).await, NotOpened::Ended);
    scene.world.advance_secs(OWNER_LINK_KEPT_SECS);
    assert_eq!(open(&owner).await, NotOpened::Unknown, "it is kept no longer");
    scene.world.advance_secs(SETUP_LINK_SECS_DEFAULT);
    assert_eq!(open(&setup).await, NotOpened::Ended);
    for made in [&setup, &revoked] {
        let refused = scene.open_text(&guessed(&scene, made), &Browser::default()).await;
        assert_eq!(refused.unwrap_err(), NotOpened::Unknown, "a guess learns nothing");
    }
}

#[tokio::test]
async fn a_visit_that_ended_is_not_opened_again() {
    let scene = Scene::new().await;
    let (made, browser) = (scene.owner_link().await, Browser::default());
    scene.world.advance_secs(OWNER_LINK_SECS_DEFAULT - 1);
    scene.open(&made, &browser).await.unwrap();
    scene.world.advance_secs(OWNER_VISIT_SECS - 1);
    assert!(scene.open(&made, &browser).await.is_ok(), "a visit is longer than the wait for it");
    scene.world.advance_secs(1);
    assert_eq!(scene.open(&made, &browser).await.unwrap_err(), NotOpened::Ended);
    let stranger = scene.open(&made, &Browser::default()).await;
    assert_eq!(stranger.unwrap_err(), NotOpened::OpenedBefore);
}

#[tokio::test]
async fn leaving_ends_an_owners_visit_and_no_guests() {
    let scene = Scene::new().await;
    let (setup, owner) = (scene.setup_link(&[Scope::Sso]).await, scene.owner_link().await);
    let (guest, ada) = (Browser::default(), Browser::default());
    let guest_in = scene.open(&setup, &guest).await.unwrap();
    let ada_in = scene.open(&owner, &ada).await.unwrap();
    let ctx = scene.world.ctx();
    let leave = async |cookie| links::leave(&ctx, &scene.store, &scene.acme, cookie).await;
    let other = scene.open(&scene.owner_link().await, &Browser::default()).await.unwrap();
    let stolen = other.cookie.text().replace(other.link.id.bare(), owner.link.id.bare());
    let stolen = lychgate_core::settings::access::VisitCookie::parse(&stolen).unwrap();
    assert_eq!(leave(&stolen).await, Ok(()));
    assert!(scene.enter(&ada, Area::Overview).await.is_ok(), "it proved nothing");
    for _ in 0..2 {
        assert_eq!(leave(&ada_in.cookie).await, Ok(()));
        assert!(scene.enter(&ada, Area::Overview).await.is_err());
    }
    assert_eq!(scene.open(&owner, &ada).await.unwrap_err(), NotOpened::Revoked);
    assert_eq!(leave(&guest_in.cookie).await, Ok(()));
    assert!(scene.enter(&guest, Area::Overview).await.is_ok());
}

//! A link admits one browser, whatever the store does and whoever else tries.

use lychgate_core::{
    ports::StoreError,
    settings::{
        access::{Area, Closed},
        link::Scope,
        links::{self, NotOpened, Opened},
    },
};
use lychgate_testkit::{Fault, faulty::Rates};

use crate::scene::{Browser, Scene, text_of};

/// How many of these are in.
async fn inside(scene: &Scene, opened: &[Result<Opened, NotOpened>]) -> usize {
    let mut inside = 0;
    for opened in opened.iter().flatten() {
        let browser = Browser::visiting(opened);
        inside += usize::from(scene.enter(&browser, Area::Overview).await.is_ok());
    }
    inside
}

#[tokio::test]
async fn of_two_browsers_that_open_at_once_one_comes_in() {
    let scene = Scene::new().await;
    for made in [scene.setup_link(&[Scope::Sso]).await, scene.owner_link().await] {
        let (one, two) = (Browser::default(), Browser::default());
        let (one, two) = tokio::join!(scene.open(&made, &one), scene.open(&made, &two));
        let both = [one, two];
        assert_eq!(inside(&scene, &both).await, 1);
        let lost = both.iter().filter(|it| **it == Err(NotOpened::OpenedBefore)).count();
        assert_eq!(lost, 1);
    }
    assert_eq!(scene.kinds().await.iter().filter(|kind| kind.ends_with(".opened")).count(), 2);
}

#[tokio::test]
async fn whoever_loses_the_race_between_the_look_and_the_write_is_told() {
    let scene = Scene::new().await;
    let made = scene.setup_link(&[Scope::Sso]).await;
    let ctx = scene.world.ctx();
    // Somebody else opens it whenever this one asks for its cookie; here: between its look and its write.
    scene.store.strike_call(2, Fault::Stale);
    let first = links::open(&ctx, &scene.store, text_of(&made), |_| None).await;
    assert!(first.is_ok(), "a race that nobody ran is run again");
    let second = links::open(&ctx, &scene.store, text_of(&made), |_| None).await;
    assert_eq!(second.unwrap_err(), NotOpened::OpenedBefore);
}

#[tokio::test]
async fn a_store_that_is_away_for_one_call_costs_nothing() {
    let scene = Scene::new().await;
    for fault in [Fault::Before, Fault::After, Fault::Throttle, Fault::Stale] {
        let (made, browser) = (scene.setup_link(&[Scope::Sso]).await, Browser::default());
        scene.store.strike_call(2, fault);
        let opened = scene.open(&made, &browser).await.unwrap();
        assert_eq!(scene.link(&made).await, Some(opened.link), "{fault:?}");
        assert!(scene.enter(&browser, Area::Overview).await.is_ok(), "{fault:?}");
        let stranger = scene.open(&made, &Browser::default()).await;
        assert_eq!(stranger.unwrap_err(), NotOpened::OpenedBefore, "{fault:?}");
    }
    let opened = scene.kinds().await.iter().filter(|kind| *kind == "setup_link.opened").count();
    assert_eq!(opened, 4, "once each");
}

#[tokio::test]
async fn a_look_that_fails_leaves_the_link_as_it_was() {
    let scene = Scene::new().await;
    for fault in [Fault::Before, Fault::After, Fault::Throttle] {
        let (made, browser) = (scene.owner_link().await, Browser::default());
        scene.store.strike_call(1, fault);
        let away = scene.open(&made, &browser).await.unwrap_err();
        assert!(matches!(away, NotOpened::Store(_)), "{away:?}");
        assert_eq!(scene.link(&made).await, Some(made.link.clone()));
        assert!(scene.open(&made, &browser).await.is_ok(), "it can be opened again");
    }
}

/// The write is done and its answer lost, and so is the look after it: the browser has no cookie.
#[tokio::test]
async fn a_link_whose_opening_was_lost_opens_for_nobody() {
    let scene = Scene::new().await;
    let (made, browser) = (scene.owner_link().await, Browser::default());
    scene.store.strike_call(2, Fault::After);
    scene.store.strike_call(3, Fault::Before);
    let away = scene.open(&made, &browser).await.unwrap_err();
    assert!(matches!(away, NotOpened::Store(StoreError::Unavailable(_))), "{away:?}");
    assert!(scene.link(&made).await.unwrap().opened.is_some());
    for browser in [&browser, &Browser::default()] {
        assert_eq!(scene.open(&made, browser).await.unwrap_err(), NotOpened::OpenedBefore);
    }
    let another = scene.owner_link().await;
    assert!(scene.open(&another, &browser).await.is_ok(), "another is made");
}

/// Nothing is left of the request's time: it does not begin anew.
#[tokio::test]
async fn opening_ends_with_the_requests_time() {
    let scene = Scene::new().await;
    let made = scene.setup_link(&[Scope::Sso]).await;
    let ctx = scene.world.ctx();
    scene.world.advance_millis(lychgate_testkit::world::REQUEST_MILLIS - 500);
    scene.store.strike_call(2, Fault::Before);
    let calls = scene.store.calls();
    let away = links::open(&ctx, &scene.store, text_of(&made), |_| None).await.unwrap_err();
    assert!(matches!(away, NotOpened::Store(_)));
    assert_eq!(scene.store.calls() - calls, 2);
}

#[tokio::test]
async fn whatever_goes_wrong_a_link_never_admits_two() {
    let scene = Scene::new().await;
    let rates = Rates { before: 100, after: 150, throttle: 50, stale: 100, stale_list: 0 };
    let mut nobody = 0;
    for round in 0..300 {
        let made = if round % 2 == 0 {
            scene.owner_link().await
        } else {
            let made = scene.setup_link_for(&[Scope::Scim], Some(30)).await;
            scene.world.advance_secs(3);
            made
        };
        scene.store.strike_by_chance(round, rates);
        let browsers: [Browser; 3] = std::array::from_fn(|_| Browser::default());
        let [one, two, three] = &browsers;
        let (one, two, three) =
            tokio::join!(scene.open(&made, one), scene.open(&made, two), scene.open(&made, three));
        scene.store.heal();
        let inside = inside(&scene, &[one, two, three]).await;
        assert!(inside <= 1, "{inside} are in by one link");
        nobody += usize::from(inside == 0);
        let opened = scene.link(&made).await.unwrap().opened.is_some();
        assert!(opened || inside == 0);
    }
    assert!(scene.store.struck() > 100, "there were faults");
    assert!(nobody > 0 && nobody < 150, "some are lost, most are not: {nobody}");
}

#[tokio::test]
async fn a_store_that_is_away_lets_nobody_in() {
    let scene = Scene::new().await;
    let browser = scene.sign_in(scene.ada.id).await;
    for (fault, error) in [
        (Fault::Before, StoreError::Unavailable("a test took the store away".to_owned())),
        (Fault::Throttle, StoreError::Throttled { retry_after_secs: 1 }),
    ] {
        scene.store.strike_call(1, fault);
        let closed = scene.enter(&browser, Area::Overview).await;
        assert_eq!(closed, Err(Closed::Store(error)));
    }
    assert!(scene.enter(&browser, Area::Overview).await.is_ok());
}

#[tokio::test]
async fn leaving_is_tried_again_until_it_is_done() {
    let scene = Scene::new().await;
    let (made, browser) = (scene.owner_link().await, Browser::default());
    let opened = scene.open(&made, &browser).await.unwrap();
    let ctx = scene.world.ctx();
    for ahead in [2, 4] {
        scene.store.strike_call(ahead, Fault::Stale);
    }
    assert_eq!(links::leave(&ctx, &scene.store, &scene.acme, &opened.cookie).await, Ok(()));
    assert!(matches!(scene.enter(&browser, Area::Overview).await, Err(Closed::LinkEnded(_))));
}

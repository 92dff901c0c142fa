//! The matrix of who may go where.

use lychgate_core::{
    credential::SECRET_CHARS,
    event::Actor,
    organization::LicenceState,
    ports::Wanted,
    sessions::SessionCookie,
    settings::{
        access::{Area, Brought, Closed, VisitCookie, Who, enter},
        link::{OWNER_VISIT_SECS, SETUP_LINK_SECS_DEFAULT, Scope},
    },
};

use crate::scene::{AREAS, Browser, SESSION_SECS, Scene};

/// Why somebody is not let in, in a word; the areas that are open otherwise.
async fn outcome(scene: &Scene, browser: &Browser) -> Result<Vec<Area>, &'static str> {
    let mut open = Vec::new();
    let mut closed = Vec::new();
    for area in AREAS {
        match scene.enter(browser, area).await {
            Ok(visitor) => {
                assert!(visitor.may(area));
                assert_eq!(visitor.organization().id, scene.acme);
                open.push(area);
            }
            Err(Closed::OutOfScope(organization, asked)) => {
                assert_eq!((organization.id, asked), (scene.acme.clone(), area));
            }
            Err(other) => closed.push(word(&other)),
        }
    }
    match closed.as_slice() {
        [] => Ok(open),
        [first, ..] => {
            assert!(open.is_empty() && closed.iter().all(|word| word == first), "{closed:?}");
            Err(first)
        }
    }
}

fn word(closed: &Closed) -> &'static str {
    match closed {
        Closed::NoSuchOrganization => "nowhere",
        Closed::SignIn(_) => "sign in",
        Closed::NoOwner(..) => "no owner",
        Closed::Licence(_, LicenceState::Expired) => "expired",
        Closed::Licence(_, LicenceState::None) => "no licence",
        Closed::Licence(_, LicenceState::Active) => panic!("an active licence holds"),
        Closed::LinkEnded(_) => "link ended",
        Closed::OutOfScope(..) => "out of scope",
        Closed::Store(_) => "store",
    }
}

#[tokio::test]
async fn an_owner_goes_everywhere_by_a_session_and_by_a_link() {
    let scene = Scene::new().await;
    let by_session = scene.sign_in(scene.ada.id).await;
    let by_link = scene.inside(&scene.owner_link().await).await;
    for browser in [&by_session, &by_link] {
        assert_eq!(outcome(&scene, browser).await, Ok(AREAS.to_vec()));
        let visitor = scene.enter(browser, Area::Links).await.unwrap();
        assert_eq!(visitor.who(), &Who::Owner(Box::new(scene.enter_user().await)));
        assert_eq!(visitor.actor(), Actor::Owner(scene.ada.id, "ada@acme.test".to_owned()));
        assert_eq!(visitor.guest(), None);
    }
}

#[tokio::test]
async fn a_guest_goes_where_the_link_was_made_for() {
    use Area::{Certificates, Overview, Scim, Sso};
    let scene = Scene::new().await;
    for (scopes, areas) in [
        (vec![Scope::Sso], vec![Overview, Sso, Certificates]),
        (vec![Scope::Scim], vec![Overview, Scim]),
        (vec![Scope::Certificate], vec![Overview, Certificates]),
        (vec![Scope::Certificate, Scope::Scim], vec![Overview, Certificates, Scim]),
        (Scope::ALL.to_vec(), vec![Overview, Sso, Certificates, Scim]),
    ] {
        let made = scene.setup_link(&scopes).await;
        let browser = scene.inside(&made).await;
        assert_eq!(outcome(&scene, &browser).await, Ok(areas), "{scopes:?}");
        let visitor = scene.enter(&browser, Overview).await.unwrap();
        let actor = Actor::SetupLink(made.link.id.clone(), "Grace, IT".to_owned());
        assert_eq!(visitor.actor(), actor);
        assert_eq!(visitor.guest().map(|link| link.id.clone()), Some(made.link.id));
    }
}

#[tokio::test]
async fn whoever_brings_nothing_good_signs_in() {
    let scene = Scene::new().await;
    let owner = scene.sign_in(scene.ada.id).await;
    let cookie = SessionCookie::parse(owner.session.as_deref().unwrap()).unwrap();
    let text = cookie.text();
    let (head, secret) = text.rsplit_once('.').unwrap();
    let turned: String = secret.chars().rev().collect();
    let guess = format!("{head}.{turned}");
    // The same session under another owner's name: it is read under that one's key, and is not there.
    let (_, rest) = text.split_once('.').unwrap();
    let stolen = format!("{}.{rest}", scene.bob.id);
    for session in [None, Some(String::new()), Some("x.y.z".to_owned()), Some(guess), Some(stolen)]
    {
        let browser = Browser { session, ..Browser::default() };
        assert_eq!(outcome(&scene, &browser).await, Err("sign in"), "{browser:?}");
    }
    scene.world.advance_secs(SESSION_SECS - 1);
    assert_eq!(outcome(&scene, &owner).await, Ok(AREAS.to_vec()));
    scene.world.advance_secs(1);
    assert_eq!(outcome(&scene, &owner).await, Err("sign in"), "it has ended");
}

#[tokio::test]
async fn a_member_who_is_no_owner_is_told_so() {
    let scene = Scene::new().await;
    let bob = scene.sign_in(scene.bob.id).await;
    let Err(Closed::NoOwner(organization, name)) = scene.enter(&bob, Area::Overview).await else {
        panic!("not an owner");
    };
    assert_eq!((organization.id, name.as_str()), (scene.acme.clone(), "bob@acme.test"));
    assert_eq!(outcome(&scene, &bob).await, Err("no owner"));
    scene.own(scene.bob.id).await;
    assert_eq!(outcome(&scene, &bob).await, Ok(AREAS.to_vec()), "with the next click");
    scene.disown(scene.bob.id).await;
    assert_eq!(outcome(&scene, &bob).await, Err("no owner"), "and back");
}

#[tokio::test]
async fn a_link_helps_a_member_who_is_no_owner_as_far_as_it_goes() {
    let scene = Scene::new().await;
    let bob = scene.sign_in(scene.bob.id).await;
    let made = scene.setup_link(&[Scope::Scim]).await;
    scene.open(&made, &bob).await.unwrap();
    assert_eq!(outcome(&scene, &bob).await, Ok(vec![Area::Overview, Area::Scim]));
    let visitor = scene.enter(&bob, Area::Scim).await.unwrap();
    assert!(visitor.guest().is_some(), "it is the link that acts, and it has no name of Bob's");
    scene.revoke(&made).await;
    assert_eq!(outcome(&scene, &bob).await, Err("no owner"), "what he is without it");
}

#[tokio::test]
async fn an_owners_session_goes_before_a_link() {
    let scene = Scene::new().await;
    let ada = scene.sign_in(scene.ada.id).await;
    let made = scene.setup_link(&[Scope::Scim]).await;
    scene.open(&made, &ada).await.unwrap();
    assert_eq!(outcome(&scene, &ada).await, Ok(AREAS.to_vec()));
    let visitor = scene.enter(&ada, Area::Scim).await.unwrap();
    assert_eq!(visitor.guest(), None, "she acts in her own name");
    scene.revoke(&made).await;
    assert_eq!(outcome(&scene, &ada).await, Ok(AREAS.to_vec()));
}

#[tokio::test]
async fn a_suspended_or_deleted_owner_is_out_at_once() {
    for delete in [false, true] {
        let scene = Scene::new().await;
        let by_session = scene.sign_in(scene.ada.id).await;
        let by_link = scene.inside(&scene.owner_link().await).await;
        if delete {
            scene.delete(scene.ada.id).await;
        } else {
            scene.suspend(scene.ada.id).await;
        }
        assert_eq!(outcome(&scene, &by_session).await, Err("sign in"), "deleted: {delete}");
        assert_eq!(outcome(&scene, &by_link).await, Err("link ended"), "deleted: {delete}");
    }
}

#[tokio::test]
async fn an_owners_link_ends_with_being_an_owner() {
    let scene = Scene::new().await;
    let browser = scene.inside(&scene.owner_link().await).await;
    scene.disown(scene.ada.id).await;
    assert_eq!(outcome(&scene, &browser).await, Err("link ended"));
}

#[tokio::test]
async fn without_a_licence_nobody_is_in() {
    let scene = Scene::new().await;
    let setup = scene.setup_link(&Scope::ALL).await;
    let inside = [
        scene.sign_in(scene.ada.id).await,
        scene.inside(&scene.owner_link().await).await,
        scene.inside(&setup).await,
    ];
    let bob = scene.sign_in(scene.bob.id).await;
    for (state, word) in [(LicenceState::Expired, "expired"), (LicenceState::None, "no licence")] {
        scene.licence(state).await;
        for browser in &inside {
            assert_eq!(outcome(&scene, browser).await, Err(word));
        }
        assert_eq!(outcome(&scene, &bob).await, Err("no owner"), "it is none of his business");
        assert_eq!(outcome(&scene, &Browser::default()).await, Err("sign in"));
    }
    scene.licence(LicenceState::Active).await;
    for browser in &inside {
        assert!(outcome(&scene, browser).await.is_ok());
    }
}

#[tokio::test]
async fn a_visit_ends_by_its_time_and_when_the_link_is_taken_back() {
    let scene = Scene::new().await;
    let (setup, owner) = (scene.setup_link(&[Scope::Sso]).await, scene.owner_link().await);
    let (guest, ada) = (scene.inside(&setup).await, scene.inside(&owner).await);
    scene.world.advance_secs(OWNER_VISIT_SECS - 1);
    assert!(outcome(&scene, &ada).await.is_ok());
    scene.world.advance_secs(1);
    assert_eq!(outcome(&scene, &ada).await, Err("link ended"), "a working day");
    scene.world.advance_secs(SETUP_LINK_SECS_DEFAULT - OWNER_VISIT_SECS - 1);
    assert!(outcome(&scene, &guest).await.is_ok());
    scene.world.advance_secs(1);
    assert_eq!(outcome(&scene, &guest).await, Err("link ended"), "a week");

    let setup = scene.setup_link(&[Scope::Sso]).await;
    let guest = scene.inside(&setup).await;
    assert!(outcome(&scene, &guest).await.is_ok());
    scene.revoke(&setup).await;
    assert_eq!(outcome(&scene, &guest).await, Err("link ended"), "with the next click");
}

#[tokio::test]
async fn a_visit_belongs_to_its_browser() {
    let scene = Scene::new().await;
    let made = scene.setup_link(&Scope::ALL).await;
    let unopened = VisitCookie::new(made.link.id.clone(), None, "x".repeat(SECRET_CHARS));
    let ends = |cookie: &VisitCookie| Browser {
        session: None,
        visit: std::cell::RefCell::new(Some(cookie.text())),
    };
    assert_eq!(outcome(&scene, &ends(&unopened)).await, Err("link ended"), "nobody opened it");
    let opened = scene.open(&made, &Browser::default()).await.unwrap();
    assert!(outcome(&scene, &Browser::visiting(&opened)).await.is_ok());
    assert_eq!(outcome(&scene, &ends(&unopened)).await, Err("link ended"), "another secret");
    // Another link's cookie, in the name of this one.
    let two = scene.setup_link(&Scope::ALL).await;
    let other = scene.open(&two, &Browser::default()).await.unwrap();
    let (_, rest) =
        other.cookie.text().split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let mixed = VisitCookie::parse(&format!("{}.{rest}", made.link.id.bare())).unwrap();
    assert_eq!(outcome(&scene, &ends(&mixed)).await, Err("link ended"));
    // An owner's name in a guest's cookie makes no owner.
    let text = opened.cookie.text().replace("guest", &scene.ada.id.to_string());
    let named = VisitCookie::parse(&text).unwrap();
    let visitor = scene.enter(&ends(&named), Area::Overview).await.unwrap();
    assert!(visitor.guest().is_some());
}

#[tokio::test]
async fn a_cookie_opens_no_other_organization() {
    let scene = Scene::new().await;
    let setup = scene.setup_link(&Scope::ALL).await;
    for (browser, expected) in [
        (scene.sign_in(scene.ada.id).await, "sign in"),
        (scene.inside(&scene.owner_link().await).await, "link ended"),
        (scene.inside(&setup).await, "link ended"),
    ] {
        assert!(scene.enter(&browser, Area::Overview).await.is_ok());
        let closed = scene.enter_at(&scene.other, &browser, Area::Overview).await.unwrap_err();
        assert_eq!(word(&closed), expected);
        let nowhere = lychgate_core::ids::OrganizationId::new(&scene.world);
        let closed = scene.enter_at(&nowhere, &browser, Area::Overview).await.unwrap_err();
        assert_eq!(word(&closed), "nowhere");
    }
}

#[tokio::test]
async fn a_page_reads_what_it_needs_in_the_same_call() {
    let scene = Scene::new().await;
    let browser = scene.sign_in(scene.ada.id).await;
    let before = scene.store.calls();
    let brought = Brought { session: browser.session.as_deref(), visit: None };
    let more = Wanted { users: vec![scene.bob.id], user_count: true, ..Wanted::default() };
    let ctx = scene.world.ctx();
    let entered = enter(&ctx, &scene.store, &scene.acme, brought, Area::Members, more).await;
    let (_, found) = entered.unwrap();
    assert_eq!(scene.store.calls() - before, 1);
    assert_eq!(found.user_count, 3);
    assert!(found.users.iter().any(|user| user.id == scene.bob.id));
}

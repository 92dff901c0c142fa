//! Making links, listing them, taking them back.

use lychgate_core::{
    operator::{Refusal, RefusalKind},
    settings::{
        link::{
            LINK_USES_MAX, OWNER_LINK_SECS_DEFAULT, OWNER_LINK_SECS_MAX, SETUP_LINK_KEPT_SECS,
            SETUP_LINK_SECS_DEFAULT, SETUP_LINK_SECS_MAX, SETUP_LINKS_MAX, Scope,
        },
        links::{self, Made},
    },
};

use crate::scene::{Scene, text_of};

async fn setup(
    scene: &Scene,
    name: &str,
    scopes: &[Scope],
    secs: Option<u64>,
) -> Result<Made, Refusal> {
    let ctx = scene.ctx_of_owner();
    links::make_setup_link(&ctx, &scene.store, "acme", name, scopes, secs).await
}

async fn owner(scene: &Scene, member: &str, secs: Option<u64>) -> Result<Made, Refusal> {
    links::make_owner_link(&scene.world.ctx(), &scene.store, "acme", member, secs).await
}

fn field(refused: &Refusal) -> &str {
    assert_eq!(refused.kind, RefusalKind::Invalid);
    refused.field.as_deref().unwrap()
}

#[tokio::test]
async fn a_set_up_link_is_made_with_its_event() {
    let scene = Scene::new().await;
    let scopes = [Scope::Scim, Scope::Sso, Scope::Scim];
    let made = setup(&scene, "  Grace, IT ", &scopes, None).await.unwrap();
    assert_eq!(made.link.name, "Grace, IT");
    assert_eq!(made.link.expires, made.link.created.plus_secs(SETUP_LINK_SECS_DEFAULT));
    assert_eq!(made.link.created_by, format!("owner:{}", scene.ada.id));
    assert_eq!(scene.link(&made).await.as_ref(), Some(&made.link));
    let events = scene.events().await;
    let event = events.last().unwrap();
    assert_eq!((events.len(), event.kind.as_str()), (1, "setup_link.created"));
    assert_eq!(event.data["scopes"], serde_json::json!(["sso", "scim"]), "each once, in order");
    assert_eq!(event.actor_name.as_deref(), Some("ada@acme.test"));
    let (_, secret) = text_of(&made).rsplit_once('_').unwrap();
    assert!(!serde_json::to_string(&event.data).unwrap().contains(secret));
}

#[tokio::test]
async fn what_cannot_be_is_refused_by_its_field() {
    let scene = Scene::new().await;
    let ada = scene.ada.id.to_string();
    let too_long = "x".repeat(1_000);
    for (name, scopes, secs, wanted) in [
        ("", Scope::ALL.as_slice(), None, "name"),
        (&too_long, &Scope::ALL, None, "name"),
        ("Grace", &[], None, "scopes"),
        ("Grace", &Scope::ALL, Some(0), "expires_in_secs"),
        ("Grace", &Scope::ALL, Some(SETUP_LINK_SECS_MAX + 1), "expires_in_secs"),
    ] {
        assert_eq!(field(&setup(&scene, name, scopes, secs).await.unwrap_err()), wanted);
    }
    assert!(setup(&scene, "Grace", &Scope::ALL, Some(SETUP_LINK_SECS_MAX)).await.is_ok());
    for secs in [0, OWNER_LINK_SECS_MAX + 1, u64::MAX] {
        assert_eq!(field(&owner(&scene, &ada, Some(secs)).await.unwrap_err()), "expires_in_secs");
    }
    let made = owner(&scene, &ada, Some(OWNER_LINK_SECS_MAX)).await.unwrap();
    assert_eq!(made.link.expires, made.link.created.plus_secs(OWNER_LINK_SECS_MAX));
    let made = owner(&scene, &ada, None).await.unwrap();
    assert_eq!(made.link.expires, made.link.created.plus_secs(OWNER_LINK_SECS_DEFAULT));
    assert_eq!(made.link.name, "ada@acme.test");
}

#[tokio::test]
async fn an_owners_link_is_for_owners_who_can_get_in() {
    let scene = Scene::new().await;
    let (ada, bob) = (scene.ada.id.to_string(), scene.bob.id.to_string());
    let no_owner = owner(&scene, &bob, None).await.unwrap_err();
    assert_eq!(no_owner.kind, RefusalKind::Conflict);
    for nobody in ["x", &uuid::Uuid::nil().to_string()] {
        assert_eq!(owner(&scene, nobody, None).await.unwrap_err().kind, RefusalKind::NotFound);
    }
    assert!(owner(&scene, &ada, None).await.is_ok());
    scene.suspend(scene.ada.id).await;
    assert_eq!(owner(&scene, &ada, None).await.unwrap_err().kind, RefusalKind::Conflict);
    assert_eq!(scene.kinds().await, ["owner_link.created"]);
}

#[tokio::test]
async fn there_are_so_many_set_up_links_that_hold_and_no_more() {
    let scene = Scene::new().await;
    let mut made = Vec::new();
    for _ in 0..SETUP_LINKS_MAX {
        made.push(scene.setup_link(&[Scope::Sso]).await);
    }
    let full = setup(&scene, "one more", &[Scope::Sso], None).await.unwrap_err();
    assert_eq!(full.kind, RefusalKind::Conflict);
    // Owners' links are not counted, nor are links that were taken back or have ended.
    assert!(owner(&scene, &scene.ada.id.to_string(), None).await.is_ok());
    scene.revoke(made.first().unwrap()).await;
    assert!(setup(&scene, "one more", &[Scope::Sso], None).await.is_ok());
    scene.world.advance_secs(SETUP_LINK_SECS_DEFAULT);
    assert!(setup(&scene, "a week later", &[Scope::Sso], None).await.is_ok());
}

#[tokio::test]
async fn set_up_links_are_listed_newest_first_and_a_while_after_their_end() {
    let scene = Scene::new().await;
    let list = async || links::list(&scene.world.ctx(), &scene.store, "acme").await.unwrap();
    assert!(list().await.is_empty());
    let mut made = Vec::new();
    for secs in [60, 120, 180] {
        made.push(scene.setup_link_for(&[Scope::Scim], Some(secs)).await.link);
        scene.owner_link().await;
    }
    made.reverse();
    assert_eq!(list().await, made, "and no owner's link among them");
    scene.world.advance_secs(60 + SETUP_LINK_KEPT_SECS);
    assert_eq!(list().await, made[..2], "the first is forgotten");
    let nowhere = links::list(&scene.world.ctx(), &scene.store, "nowhere").await.unwrap_err();
    assert_eq!(nowhere.kind, RefusalKind::NotFound);
    let other = links::list(&scene.world.ctx(), &scene.store, "other").await.unwrap();
    assert!(other.is_empty());
}

#[tokio::test]
async fn a_set_up_link_is_taken_back_once() {
    let scene = Scene::new().await;
    let made = scene.setup_link(&[Scope::Scim]).await;
    let owners = scene.owner_link().await;
    let revoke = async |organization: &str, id: &str| {
        links::revoke(&scene.world.ctx(), &scene.store, organization, id).await
    };
    let id = made.link.id.to_string();
    let first = revoke("acme", &id).await.unwrap();
    scene.world.advance_secs(5);
    assert_eq!(revoke("acme", &id).await.unwrap(), first, "doing it again changes nothing");
    let owner_id = owners.link.id.to_string();
    for (organization, id) in [
        ("other", id.as_str()),
        ("acme", "lnk-0000000000000000"),
        ("acme", "x"),
        ("acme", &owner_id),
    ] {
        let refused = revoke(organization, id).await.unwrap_err();
        assert_eq!(refused.kind, RefusalKind::NotFound, "{organization} {id}");
    }
    assert_eq!(
        scene.kinds().await,
        ["setup_link.created", "owner_link.created", "setup_link.revoked"]
    );
}

#[tokio::test]
async fn what_was_done_with_a_link_is_remembered_up_to_a_number() {
    let scene = Scene::new().await;
    let made = scene.setup_link(&[Scope::Scim]).await;
    scene.inside(&made).await;
    for number in 0..LINK_USES_MAX {
        scene.world.advance_secs(1);
        let what = format!("use {number}");
        links::note_use(&scene.world.ctx(), &scene.store, &scene.acme, &made.link.id, &what).await;
    }
    let link = scene.link(&made).await.unwrap();
    assert_eq!(link.uses.len(), LINK_USES_MAX);
    assert_eq!(link.uses.first().unwrap().what, "use 0", "the oldest went: the opening");
    assert_eq!(link.uses.last().unwrap().what, format!("use {}", LINK_USES_MAX - 1));
    assert!(link.uses.is_sorted_by_key(|used| used.at));
    assert_eq!(scene.kinds().await.len(), 2, "a use is no event of the link");
}

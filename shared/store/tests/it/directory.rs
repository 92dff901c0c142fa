//! Users, look-ups, lists and markers.

use lychgate_core::{
    access_token::AccessToken,
    event::EventKind,
    ids::{AccessTokenId, ClientId, OrganizationId, SecretId},
    ports::{AccessTokens, CommitError, Directory, List, Users, Wanted},
    record::{Index, Suspension, User},
    secret::SecretHash,
};
use serde_json::json;
use uuid::Uuid;

use crate::common::{Bench, check::check_clean, event, key, resource, user, user_keys};

async fn create(bench: &Bench, user: &User, seats: Option<u64>) -> Result<(), CommitError> {
    let event = event(EventKind::MemberCreated);
    bench
        .store
        .create_user(&bench.ctx(), &bench.organization, user, &user_keys(user), seats, &event)
        .await
}

async fn update(bench: &Bench, before: &User, after: &User) -> Result<(), CommitError> {
    bench
        .store
        .update_user(
            &bench.ctx(),
            &bench.organization,
            before,
            after,
            &user_keys(before),
            &user_keys(after),
            None,
            &event(EventKind::MemberUpdated),
        )
        .await
}

async fn delete(bench: &Bench, user: &User) -> Result<(), CommitError> {
    bench
        .store
        .delete_user(
            &bench.ctx(),
            &bench.organization,
            user,
            &user_keys(user),
            None,
            &event(EventKind::MemberDeleted),
        )
        .await
}

#[tokio::test]
async fn a_user_is_read_back_as_it_was_written() {
    let bench = Bench::start().await;
    let mut ada = user(&bench.world, "Ada@example.com");
    ada.suspended = Some(Suspension { since: bench.world_now(), by: "token:tok-1".to_owned() });
    create(&bench, &ada, None).await.unwrap();
    assert_eq!(bench.read_user(ada.id).await, Some(ada.clone()));
    let claim = key(Index::UserName, "ada@example.com");
    let wanted = Wanted {
        claims: vec![claim.clone(), key(Index::UserName, "nobody")],
        users: vec![ada.id, ada.id],
        user_count: true,
        ..Wanted::default()
    };
    let found = bench.store.fetch(&bench.ctx(), &bench.organization, wanted).await.unwrap();
    assert_eq!(found.claims, [(claim, ada.id.uuid())]);
    assert_eq!(found.user_count, 1);
    assert_eq!(found.users.len(), 1);
    check_clean(&bench).await;
}

#[tokio::test]
async fn an_update_moves_keys_and_leaves_memberships() {
    let bench = Bench::start().await;
    let ada = bench.user("ada@example.com").await;
    let group = bench.group("Staff", &[crate::common::member(&ada)]).await;
    let after = User {
        version: 2,
        resource: resource(json!({"userName": "ada@example.org", "active": false})),
        suspended: Some(Suspension { since: bench.world_now(), by: "system".to_owned() }),
        ..ada.clone()
    };
    update(&bench, &ada, &after).await.unwrap();
    let now = bench.read_user(ada.id).await.unwrap();
    assert_eq!(now.resource, after.resource);
    assert_eq!(now.suspended, after.suspended);
    assert!(now.memberships.contains_key(&group.id));
    // The same again meets another version.
    assert_eq!(update(&bench, &ada, &after).await, Err(CommitError::Stale));
    let restored = User { version: 3, suspended: None, ..after.clone() };
    update(&bench, &after, &restored).await.unwrap();
    assert_eq!(bench.read_user(ada.id).await.unwrap().suspended, None);
    check_clean(&bench).await;
}

#[tokio::test]
async fn a_taken_name_is_named_and_free_after_deletion_and_rename() {
    let bench = Bench::start().await;
    let ada = bench.user("ada@example.com").await;
    let twin = user(&bench.world, "ADA@example.com");
    let taken = CommitError::Taken(key(Index::UserName, "ada@example.com"));
    assert_eq!(create(&bench, &twin, None).await, Err(taken.clone()));
    let eve = bench.user("eve@example.com").await;
    let eve_as_ada = User { version: 2, resource: twin.resource.clone(), ..eve.clone() };
    assert_eq!(update(&bench, &eve, &eve_as_ada).await, Err(taken));
    check_clean(&bench).await;
    delete(&bench, &ada).await.unwrap();
    assert_eq!(delete(&bench, &ada).await, Err(CommitError::Stale));
    create(&bench, &twin, None).await.unwrap();
    check_clean(&bench).await;
}

#[tokio::test]
async fn seats_are_exact() {
    let bench = Bench::start().await;
    let users: Vec<User> = (0..3).map(|index| user(&bench.world, &format!("u{index}"))).collect();
    let none = create(&bench, &users[0], Some(0)).await;
    assert_eq!(none, Err(CommitError::SeatsExhausted));
    create(&bench, &users[0], Some(2)).await.unwrap();
    create(&bench, &users[1], Some(2)).await.unwrap();
    let third = create(&bench, &users[2], Some(2)).await;
    assert_eq!(third, Err(CommitError::SeatsExhausted));
    delete(&bench, &users[0]).await.unwrap();
    create(&bench, &users[2], Some(2)).await.unwrap();
    check_clean(&bench).await;
}

#[tokio::test]
async fn a_value_that_several_have_finds_all_of_them() {
    let bench = Bench::start().await;
    let mut ids = Vec::new();
    for name in ["a", "b"] {
        let mut user = user(&bench.world, name);
        user.resource = resource(json!({"userName": name, "externalId": "same"}));
        create(&bench, &user, None).await.unwrap();
        ids.push(user.id.uuid());
    }
    ids.sort();
    let look = |value: &'static str| {
        let bench = &bench;
        async move {
            let key = key(Index::UserExternalId, value);
            bench.store.look_up(&bench.ctx(), &bench.organization, &key, 10).await.unwrap()
        }
    };
    assert_eq!(look("same").await, ids);
    assert_eq!(look("Same").await, Vec::<Uuid>::new());
}

#[tokio::test]
async fn lists_are_in_the_order_of_creation_and_go_on() {
    let bench = Bench::start().await;
    let mut ids = Vec::new();
    for index in 0..7 {
        bench.world.pass(1);
        ids.push(bench.user(&format!("u{index}")).await.id);
    }
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let page =
            bench.store.users_after(&bench.ctx(), &bench.organization, after, 3).await.unwrap();
        seen.extend(page.iter().map(|user| user.id));
        after = seen.last().copied();
        if page.len() < 3 {
            break;
        }
    }
    assert_eq!(seen, ids);
}

#[tokio::test]
async fn a_marker_is_found_below_and_ends() {
    let bench = Bench::start().await;
    let (ctx, o) = (bench.ctx(), &bench.organization);
    let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let store = &bench.store;
    let near = |index| {
        let bench = &bench;
        async move {
            let (ctx, o) = (bench.ctx(), &bench.organization);
            bench.store.marker_at_or_below(&ctx, o, List::Users, index).await.unwrap()
        }
    };
    store.put_marker(&ctx, o, List::Users, 101, a).await;
    store.put_marker(&ctx, o, List::Groups, 150, b).await;
    bench.world.pass(3_000_000);
    store.put_marker(&ctx, o, List::Users, 201, b).await;
    assert_eq!(near(100).await, None);
    assert_eq!(near(101).await, Some((101, a)));
    assert_eq!(near(200).await, Some((101, a)));
    assert_eq!(near(5_000).await, Some((201, b)));
    bench.world.pass(1_000_000);
    assert_eq!(near(200).await, None);
    assert_eq!(near(201).await, Some((201, b)));
}

#[tokio::test]
async fn an_access_token_ends_by_the_clock() {
    let bench = Bench::start().await;
    let token = AccessToken {
        id: AccessTokenId::new(&bench.world),
        client: ClientId::new(&bench.world),
        secret: SecretId::new(&bench.world),
        hash: SecretHash::of(b"secret"),
        expires: bench.world_now().plus_secs(60),
    };
    let (ctx, o) = (bench.ctx(), &bench.organization);
    bench.store.put_access_token(&ctx, o, &token).await.unwrap();
    let fetch = |organization: OrganizationId| {
        let wanted = Wanted { access_token: Some(token.id.clone()), ..Wanted::default() };
        let bench = &bench;
        async move {
            let found = bench.store.fetch(&bench.ctx(), &organization, wanted).await;
            found.unwrap().access_token
        }
    };
    assert_eq!(fetch(o.clone()).await, Some(token.clone()));
    let stranger = OrganizationId::new(&bench.world);
    assert_eq!(fetch(stranger).await, None);
    bench.world.pass(60_000);
    assert_eq!(fetch(o.clone()).await, None);
}

#[tokio::test]
async fn another_organization_sees_nothing() {
    let bench = Bench::start().await;
    let ada = bench.user("ada").await;
    let other = OrganizationId::new(&bench.world);
    let wanted = Wanted {
        users: vec![ada.id],
        claims: user_keys(&ada),
        user_count: true,
        ..Wanted::default()
    };
    let found = bench.store.fetch(&bench.ctx(), &other, wanted).await;
    assert_eq!(found.unwrap(), lychgate_core::ports::Fetched::default());
    let theirs = bench.store.users_after(&bench.ctx(), &other, None, 10).await.unwrap();
    assert_eq!(theirs, []);
}

#[tokio::test]
async fn a_resource_that_outgrows_an_item_is_too_large() {
    let bench = Bench::start().await;
    let mut ada = user(&bench.world, "ada");
    ada.resource = resource(json!({"userName": "ada", "note": "x".repeat(420_000)}));
    let made = create(&bench, &ada, None).await;
    assert!(matches!(made, Err(CommitError::TooLarge(_))), "{made:?}");
    check_clean(&bench).await;
}

//! Users: creation, names, versions, seats, look-ups, lists.

use std::collections::BTreeSet;

use lychgate_core::{
    ctx::World,
    ids::{AccessTokenId, GroupId, LinkId, MemberId, OrganizationId, SessionId, UserId},
    ports::{CommitError, Fetched, List, Wanted},
    record::Index,
};
use serde_json::json;

use crate::{
    build::{changed, key, user, user_with},
    world::FakeWorld,
};

use super::Store;
use super::here::Here;

/// Read your writes, by id, by claim, by look-up and in the count.
pub async fn a_created_user_is_read_looked_up_and_counted_at_once<S: Store>(
    store: &S,
    world: &FakeWorld,
) {
    let here = Here::new(store, world).await;
    let attributes = json!({"externalId": "E-1", "emails": [
        {"value": "Ada@Example.com", "type": "work"}, {"value": "Ada@Home.example", "type": "home"},
    ], "name": {"givenName": "Ada", "familyName": "Bÿron \u{1F600}"}});
    let ada = user_with(world, "ada@example.com", &attributes);
    assert_eq!(here.owner_of(Index::UserName, "ada@example.com").await, None);
    here.try_create(&ada, None).await.expect("it is created");
    assert_eq!(here.user(ada.id).await, Some(ada.clone()), "it comes back as it was given");
    assert_eq!(here.owner_of(Index::UserName, "ada@example.com").await, Some(ada.id.uuid()));
    let only_ada = BTreeSet::from([ada.id.uuid()]);
    assert_eq!(here.holders_of(Index::UserExternalId, "E-1").await, only_ada);
    assert_eq!(here.holders_of(Index::UserEmail, "ada@home.example").await, only_ada);
    assert_eq!(here.holders_of(Index::UserExternalId, "e-1").await, BTreeSet::new(), "exact");
    assert_eq!(here.holders_of(Index::GroupExternalId, "E-1").await, BTreeSet::new());
    assert_eq!(here.counts().await, (1, 0));
}

/// The second gets `Taken` with the key, and leaves no trace.
pub async fn a_user_name_belongs_to_one_user<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let ada = here.create("ada@example.com").await;
    let twin = user_with(world, "ada@example.com", &json!({"externalId": "twin"}));
    let refused = here.try_create(&twin, None).await;
    assert_eq!(refused, Err(CommitError::Taken(key(Index::UserName, "ada@example.com"))));
    assert_eq!(here.user(twin.id).await, None);
    assert_eq!(here.holders_of(Index::UserExternalId, "twin").await, BTreeSet::new());
    assert_eq!(here.owner_of(Index::UserName, "ada@example.com").await, Some(ada.id.uuid()));
    assert_eq!(here.counts().await, (1, 0));
    assert_eq!(here.event_kinds().await, ["organization.created", "member.created"]);
}

/// Two writers read the same version: the second one is told, for a change and for a deletion.
pub async fn a_write_that_expects_an_old_version_is_stale_and_changes_nothing<S: Store>(
    store: &S,
    world: &FakeWorld,
) {
    let here = Here::new(store, world).await;
    let ada = here.create("ada@example.com").await;
    let first = changed(&ada, world, &json!({"displayName": "first"}));
    let second = changed(&ada, world, &json!({"displayName": "second", "externalId": "x"}));
    assert_eq!(here.update(&ada, &first).await, Ok(()));
    assert_eq!(here.update(&ada, &second).await, Err(CommitError::Stale));
    assert_eq!(here.delete(&ada).await, Err(CommitError::Stale));
    assert_eq!(here.user(ada.id).await, Some(first.clone()));
    assert_eq!(here.holders_of(Index::UserExternalId, "x").await, BTreeSet::new());
    assert_eq!(here.delete(&first).await, Ok(()));
    assert_eq!(
        here.update(&first, &changed(&first, world, &json!({}))).await,
        Err(CommitError::Stale)
    );
    assert_eq!(here.user(ada.id).await, None, "a deleted user does not come back by a late write");
    assert_eq!(here.counts().await, (0, 0));
}

/// A rename onto another's name: nothing of the change happens.
pub async fn an_update_to_a_taken_name_changes_nothing<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let ada = here.create("ada@example.com").await;
    let bo = here.create("bo@example.com").await;
    let renamed = changed(&bo, world, &json!({"userName": "Ada@example.com", "externalId": "b"}));
    let refused = here.update(&bo, &renamed).await;
    assert_eq!(refused, Err(CommitError::Taken(key(Index::UserName, "ada@example.com"))));
    assert_eq!(here.user(bo.id).await, Some(bo.clone()));
    assert_eq!(here.owner_of(Index::UserName, "ada@example.com").await, Some(ada.id.uuid()));
    assert_eq!(here.owner_of(Index::UserName, "bo@example.com").await, Some(bo.id.uuid()));
    assert_eq!(here.holders_of(Index::UserExternalId, "b").await, BTreeSet::new());
    assert_eq!(here.event_kinds().await.len(), 3, "no event without its change");
}

/// The licence's seats count everyone, and a deletion gives one back.
pub async fn seats_are_never_exceeded<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let ada = user(world, "ada@example.com");
    let bo = user(world, "bo@example.com");
    let cy = user(world, "cy@example.com");
    assert_eq!(here.try_create(&ada, Some(2)).await, Ok(()));
    assert_eq!(here.try_create(&bo, Some(2)).await, Ok(()));
    assert_eq!(here.try_create(&cy, Some(2)).await, Err(CommitError::SeatsExhausted));
    assert_eq!(here.user(cy.id).await, None);
    assert_eq!(here.owner_of(Index::UserName, "cy@example.com").await, None);
    assert_eq!(here.counts().await, (2, 0));
    assert_eq!(here.delete(&ada).await, Ok(()));
    assert_eq!(here.try_create(&cy, Some(2)).await, Ok(()));
    assert_eq!(here.counts().await, (2, 0));
}

/// A rename frees the old name and claims the new one; look-ups follow; only the case may change.
pub async fn keys_move_with_a_change<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let ada = user_with(world, "ada@example.com", &json!({"externalId": "old"}));
    here.try_create(&ada, None).await.expect("it is created");
    let attributes = json!({"userName": "king@example.com", "externalId": "new"});
    let king = changed(&ada, world, &attributes);
    assert_eq!(here.update(&ada, &king).await, Ok(()));
    assert_eq!(here.owner_of(Index::UserName, "king@example.com").await, Some(ada.id.uuid()));
    assert_eq!(here.owner_of(Index::UserName, "ada@example.com").await, None);
    assert_eq!(here.holders_of(Index::UserExternalId, "old").await, BTreeSet::new());
    assert_eq!(
        here.holders_of(Index::UserExternalId, "new").await,
        BTreeSet::from([ada.id.uuid()])
    );
    let other = here.create("ada@example.com").await;
    let shout = changed(&king, world, &json!({"userName": "KING@example.com"}));
    assert_eq!(here.update(&king, &shout).await, Ok(()), "its own name in another case");
    assert_eq!(here.owner_of(Index::UserName, "king@example.com").await, Some(ada.id.uuid()));
    assert_eq!(here.owner_of(Index::UserName, "ada@example.com").await, Some(other.id.uuid()));
    assert_eq!(here.counts().await, (2, 0));
}

/// `externalId` and e-mails may be shared, and the limit of a look-up holds.
pub async fn values_that_are_not_unique_name_everyone_who_has_them<S: Store>(
    store: &S,
    world: &FakeWorld,
) {
    let here = Here::new(store, world).await;
    let shared = json!({"externalId": "same", "emails": [{"value": "desk@example.com"}]});
    let mut everyone = BTreeSet::new();
    for name in ["a@example.com", "b@example.com", "c@example.com"] {
        let one = user_with(world, name, &shared);
        here.try_create(&one, None).await.expect("it is created");
        everyone.insert(one.id.uuid());
    }
    assert_eq!(here.holders_of(Index::UserExternalId, "same").await, everyone);
    assert_eq!(here.holders_of(Index::UserEmail, "desk@example.com").await, everyone);
    let key = key(Index::UserEmail, "desk@example.com");
    let two = store.look_up(&here.ctx(), here.id(), &key, 2).await.expect("the store answers");
    assert_eq!(two.len(), 2);
}

/// People are hired again.
pub async fn deletion_frees_names_and_look_ups_at_once<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let attributes = json!({"externalId": "E", "emails": [{"value": "x@example.com"}]});
    let ada = user_with(world, "ada@example.com", &attributes);
    here.try_create(&ada, None).await.expect("it is created");
    assert_eq!(here.delete(&ada).await, Ok(()));
    assert_eq!(here.user(ada.id).await, None);
    assert_eq!(here.owner_of(Index::UserName, "ada@example.com").await, None);
    assert_eq!(here.holders_of(Index::UserExternalId, "E").await, BTreeSet::new());
    assert_eq!(here.holders_of(Index::UserEmail, "x@example.com").await, BTreeSet::new());
    assert_eq!(here.counts().await, (0, 0));
    assert_eq!(here.delete(&ada).await, Err(CommitError::Stale), "it cannot be deleted twice");
    let again = user_with(world, "ada@example.com", &attributes);
    assert_eq!(here.try_create(&again, None).await, Ok(()));
    assert_eq!(
        here.holders_of(Index::UserExternalId, "E").await,
        BTreeSet::from([again.id.uuid()])
    );
    let kinds = here.event_kinds().await;
    assert_eq!(kinds[1..], ["member.created", "member.deleted", "member.created"]);
}

/// More than DynamoDB gives in one call, asked for twice each.
pub async fn one_fetch_brings_hundreds_of_records_each_once<S: Store>(
    store: &S,
    world: &FakeWorld,
) {
    let here = Here::new(store, world).await;
    let crowd = here.crowd("u", 130).await;
    let group = here.gather("Engineering", &[]).await;
    let users: Vec<UserId> = crowd.iter().chain(&crowd).map(|user| user.id).collect();
    let claims = crowd.iter().map(|user| key(Index::UserName, user.user_name())).collect();
    let found = here
        .fetch(Wanted {
            organization: true,
            users,
            groups: vec![group.id, group.id],
            claims,
            user_count: true,
            group_count: true,
            ..Wanted::default()
        })
        .await;
    assert_eq!(found.organization, Some(here.organization.clone()));
    let distinct: BTreeSet<UserId> = found.users.iter().map(|user| user.id).collect();
    assert_eq!((found.users.len(), distinct.len()), (130, 130));
    assert_eq!(found.groups.len(), 1);
    assert_eq!(found.claims.len(), 130);
    assert_eq!((found.user_count, found.group_count), (130, 1));
}

/// Ids that name nobody, and an organization that is not there.
pub async fn a_fetch_of_strangers_brings_nothing<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let now = world.now();
    let wanted = Wanted {
        organization: true,
        access_token: Some(AccessTokenId::new(world)),
        session: Some((UserId::new(now, world), SessionId::new(world))),
        settings_link: Some(LinkId::new(world)),
        users: vec![UserId::new(now, world)],
        groups: vec![GroupId::new(now, world)],
        claims: vec![key(Index::UserName, "nobody")],
        user_count: true,
        group_count: true,
    };
    let found = here.fetch(wanted.clone()).await;
    let organization = Some(here.organization.clone());
    assert_eq!(found, Fetched { organization, ..Fetched::default() });
    let nowhere = OrganizationId::new(world);
    assert_eq!(store.fetch(&here.ctx(), &nowhere, wanted).await, Ok(Fetched::default()));
    let nobody = MemberId::User(UserId::new(now, world));
    let group = GroupId::new(now, world);
    assert_eq!(store.member_span(&here.ctx(), here.id(), group, nobody).await, Ok(None));
    assert_eq!(store.membership(&here.ctx(), here.id(), group, 10).await, Ok(None));
}

/// Every page full but the last; nobody twice, nobody missing; deleted ones left out.
pub async fn lists_come_in_the_order_of_creation_page_by_page<S: Store>(
    store: &S,
    world: &FakeWorld,
) {
    let here = Here::new(store, world).await;
    let mut crowd = here.crowd("u", 25).await;
    let gone = crowd.remove(7);
    here.delete(&gone).await.expect("it is deleted");
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.users_after(&here.ctx(), here.id(), after, 10).await;
        let page = page.expect("the store answers");
        after = page.last().map(|user| user.id);
        let full = page.len() == 10;
        seen.extend(page);
        if !full {
            break;
        }
    }
    assert_eq!(seen, crowd);
    let mut groups = Vec::new();
    for number in 0..5 {
        groups.push(here.gather(&format!("Group {number}"), &[]).await);
    }
    let first = store.groups_after(&here.ctx(), here.id(), None, 3).await;
    assert_eq!(first, Ok(groups[..3].to_vec()));
    let rest = store.groups_after(&here.ctx(), here.id(), Some(groups[2].id), 3).await;
    assert_eq!(rest, Ok(groups[3..].to_vec()));
    assert_eq!(here.counts().await, (24, 5));
}

/// The nearest one below answers, per list; time takes them away.
pub async fn markers_are_found_at_or_below_and_expire<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let crowd = here.crowd("u", 3).await;
    async fn check<F, T>(future: F, wanted: Option<(u64, T)>)
    where
        F: Future<Output = Result<Option<(u64, T)>, lychgate_core::ports::StoreError>>,
        T: std::fmt::Debug + PartialEq,
    {
        assert_eq!(future.await, Ok(wanted));
    }
    let (a, b) = (crowd[0].id.uuid(), crowd[1].id.uuid());
    check(store.marker_at_or_below(&here.ctx(), here.id(), List::Users, 500), None).await;
    store.put_marker(&here.ctx(), here.id(), List::Users, 101, a).await;
    store.put_marker(&here.ctx(), here.id(), List::Users, 1_001, b).await;
    check(store.marker_at_or_below(&here.ctx(), here.id(), List::Users, 100), None).await;
    for (index, wanted) in
        [(101, (101, a)), (1_000, (101, a)), (1_001, (1_001, b)), (99_999, (1_001, b))]
    {
        check(store.marker_at_or_below(&here.ctx(), here.id(), List::Users, index), Some(wanted))
            .await;
    }
    check(store.marker_at_or_below(&here.ctx(), here.id(), List::Groups, 500), None).await;
    store.put_marker(&here.ctx(), here.id(), List::Users, 101, b).await;
    check(store.marker_at_or_below(&here.ctx(), here.id(), List::Users, 101), Some((101, b))).await;
    world.advance_secs(31 * 86_400);
    check(store.marker_at_or_below(&here.ctx(), here.id(), List::Users, 99_999), None).await;
}

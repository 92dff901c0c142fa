//! Groups: names, members, large changes, nesting, deletions.

use std::collections::BTreeSet;

use lychgate_core::{
    ids::{GroupId, MemberId},
    ports::CommitError,
    record::{Group, Index},
};
use serde_json::json;

use crate::{
    build::{self, changed, group, key, member, nested},
    world::FakeWorld,
};

use super::Store;
use super::here::{Here, ids, members};

/// Names are unique; a rename and a deletion free them.
pub async fn a_group_name_belongs_to_one_group<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let first = here.gather("Engineering", &[]).await;
    let twin = group(world, "ENGINEERING");
    let taken = Err(CommitError::Taken(key(Index::GroupDisplayName, "engineering")));
    assert_eq!(here.try_gather(&twin, &[]).await, taken);
    let other = here.gather("Operations", &[]).await;
    let onto = here.regroup(&other, &json!({"displayName": "engineering"}), &[], &[]).await;
    assert_eq!(onto, taken.map(|()| 0));
    assert!(here.regroup(&first, &json!({"displayName": "Makers"}), &[], &[]).await.is_ok());
    assert_eq!(here.owner_of(Index::GroupDisplayName, "engineering").await, None);
    assert_eq!(here.owner_of(Index::GroupDisplayName, "makers").await, Some(first.id.uuid()));
    assert_eq!(here.try_gather(&twin, &[]).await, Ok(()));
    assert_eq!(here.counts().await, (0, 3));
}

/// What is seen before, between and after; on both sides of the membership.
pub async fn members_are_added_and_removed_at_one_version<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let crowd = here.crowd("u", 3).await;
    let group = here.gather("Engineering", &members(&crowd[..1])).await;
    assert_eq!(here.members(group.id).await.expect("it is there").1, ids(&crowd[..1]));
    let add = members(&crowd[1..]);
    let version = here.regroup(&group, &json!({}), &add, &[MemberId::User(crowd[0].id)]).await;
    let version = version.expect("the change is made");
    assert!(version > group.version);
    let (now, found) = here.members(group.id).await.expect("it is there");
    assert_eq!((now.version, found), (version, ids(&crowd[1..])));
    assert!(!here.sees(group.id, MemberId::User(crowd[0].id)).await);
    assert!(here.sees(group.id, MemberId::User(crowd[1].id)).await);
    let back = here.regroup(&now, &json!({}), &members(&crowd[..1]), &[]).await;
    assert!(back.is_ok(), "a member who left comes back");
    assert!(here.sees(group.id, MemberId::User(crowd[0].id)).await);
    let (_, found) = here.members(group.id).await.expect("it is there");
    assert_eq!(found, ids(&crowd));
}

/// Two writers of one group: the second is told, and no member of its change is there.
pub async fn a_stale_membership_change_changes_nothing<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let crowd = here.crowd("u", 2).await;
    let group = here.gather("Engineering", &[]).await;
    assert!(here.regroup(&group, &json!({}), &members(&crowd[..1]), &[]).await.is_ok());
    let late =
        here.regroup(&group, &json!({"displayName": "Late"}), &members(&crowd[1..]), &[]).await;
    assert_eq!(late, Err(CommitError::Stale));
    assert_eq!(here.disband(&group).await, Err(CommitError::Stale));
    let (now, found) = here.members(group.id).await.expect("it is there");
    assert_eq!((now.display_name(), found), ("Engineering", ids(&crowd[..1])));
    assert!(!here.sees(group.id, MemberId::User(crowd[1].id)).await);
    assert_eq!(here.owner_of(Index::GroupDisplayName, "late").await, None);
}

/// Deleted between the look and the write.
pub async fn a_member_that_is_gone_cannot_be_added<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let crowd = here.crowd("u", 2).await;
    let group = here.gather("Engineering", &[]).await;
    here.delete(&crowd[0]).await.expect("it is deleted");
    let gone = here.regroup(&group, &json!({}), &members(&crowd), &[]).await;
    assert_eq!(gone, Err(CommitError::MemberGone));
    let (now, found) = here.members(group.id).await.expect("it is there");
    assert_eq!((now.version, found), (group.version, Vec::new()), "nothing of it was done");
    let created = build::group(world, "With a ghost");
    assert_eq!(here.try_gather(&created, &members(&crowd)).await, Err(CommitError::MemberGone));
    assert_eq!(here.group(created.id).await, None);
    assert_eq!(here.owner_of(Index::GroupDisplayName, "with a ghost").await, None);
    assert_eq!(here.counts().await, (1, 1));
}

/// Ten times what a transaction holds: created, removed and added whole, each in one version; a group that
/// grew or shrank can be changed again at once.
pub async fn a_thousand_members_come_and_go_whole<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let crowd = here.crowd("u", 1_001).await;
    let group = here.gather("Everybody", &members(&crowd)).await;
    let (found, everybody) = here.members(group.id).await.expect("it is there");
    assert_eq!((found.member_count, everybody), (1_001, ids(&crowd)));
    assert!(here.sees(group.id, MemberId::User(crowd[999].id)).await);
    assert_eq!(here.owner_of(Index::GroupDisplayName, "everybody").await, Some(group.id.uuid()));
    let removed = ids(&crowd[..1_000]);
    let version = here.regroup(&found, &json!({"displayName": "Few"}), &[], &removed).await;
    let version = version.expect("a thousand are removed");
    let (shrunk, rest) = here.members(group.id).await.expect("it is there");
    assert_eq!((shrunk.version, shrunk.display_name()), (version, "Few"));
    assert_eq!(rest, ids(&crowd[1_000..]));
    assert!(!here.sees(group.id, MemberId::User(crowd[0].id)).await);
    let version = here.regroup(&shrunk, &json!({}), &members(&crowd[..1_000]), &[]).await;
    let version = version.expect("a thousand are added");
    let (grown, everybody) = here.members(group.id).await.expect("it is there");
    assert_eq!((grown.version, grown.member_count), (version, 1_001));
    assert_eq!((everybody, grown.pending.clone()), (ids(&crowd), None));
    let next = here.regroup(&grown, &json!({}), &[], &removed[..1]).await;
    assert!(next.is_ok(), "a small change follows");
    assert_eq!(here.members(group.id).await.expect("it is there").0.member_count, 1_000);
    let kinds = here.event_kinds().await;
    let changes = |wanted: &str| kinds.iter().filter(|kind| *kind == wanted).count();
    assert_eq!((changes("group.created"), changes("group.members_changed")), (1, 3));
}

/// Never cut off in silence.
pub async fn more_members_than_were_asked_for_are_too_large<S: Store>(
    store: &S,
    world: &FakeWorld,
) {
    let here = Here::new(store, world).await;
    let crowd = here.crowd("u", 5).await;
    let group = here.gather("Engineering", &members(&crowd)).await;
    let read = async |limit| store.membership(&world.ctx(), here.id(), group.id, limit).await;
    assert!(matches!(read(4).await, Err(CommitError::TooLarge(_))));
    let found = read(5).await.expect("five fit").expect("it is there");
    assert_eq!(found.members.len(), 5);
    assert_eq!(found.members[0].display.as_deref(), Some(crowd[0].user_name()));
}

/// A page of a group's members, without reading the whole of it; those that its version sees.
pub async fn members_are_paged_in_the_order_of_their_ids<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let crowd = here.crowd("u", 5).await;
    let group = here.gather("Engineering", &members(&crowd[..4])).await;
    let page = async |group: &Group, after: Option<MemberId>, limit| {
        let read = store.members_after(&world.ctx(), here.id(), group, after, limit).await;
        read.expect("it is read").into_iter().map(|member| member.id).collect::<Vec<_>>()
    };
    let all = ids(&crowd[..4]);
    assert_eq!(page(&group, None, 2).await, all[..2]);
    assert_eq!(page(&group, Some(all[1]), 2).await, all[2..]);
    assert_eq!(page(&group, Some(all[3]), 2).await, []);
    assert_eq!(page(&group, None, 10).await, all);
    let added = here.regroup(&group, &json!({}), &members(&crowd[4..]), &[]).await;
    assert!(added.is_ok());
    assert_eq!(page(&group, None, 10).await, all, "the version that was read sees nobody new");
    let group = here.group(group.id).await.expect("it is there");
    assert_eq!(page(&group, None, 10).await, ids(&crowd));
}

/// A group is a member like a person.
pub async fn groups_are_nested_in_groups<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let crowd = here.crowd("u", 1).await;
    let inner = here.gather("Inner", &members(&crowd)).await;
    let outer = here.gather("Outer", &[nested(&inner), member(&crowd[0])]).await;
    let (_, found) = here.members(outer.id).await.expect("it is there");
    let wanted = BTreeSet::from([MemberId::Group(inner.id), MemberId::User(crowd[0].id)]);
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), wanted, "each with its kind");
    assert!(here.sees(outer.id, MemberId::Group(inner.id)).await);
    let inner = here.group(inner.id).await.expect("it is there");
    assert!(here.regroup(&inner, &json!({"displayName": "Core"}), &[], &[]).await.is_ok());
    assert!(here.sees(outer.id, MemberId::Group(inner.id)).await, "a change keeps the nesting");
    assert!(here.regroup(&outer, &json!({}), &[], &[MemberId::Group(inner.id)]).await.is_ok());
    assert!(!here.sees(outer.id, MemberId::Group(inner.id)).await);
}

/// No group shows a member who does not exist.
pub async fn deleting_a_user_leaves_its_groups_without_it<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let crowd = here.crowd("u", 2).await;
    let mut groups = Vec::new();
    for number in 0..3 {
        groups.push(here.gather(&format!("Group {number}"), &members(&crowd)).await);
    }
    let ada = here.user(crowd[0].id).await.expect("it is there");
    assert_eq!(ada.memberships.len(), 3);
    here.delete(&ada).await.expect("it is deleted");
    for group in &groups {
        let (_, found) = here.members(group.id).await.expect("it is there");
        assert_eq!(found, ids(&crowd[1..]));
        assert!(!here.sees(group.id, MemberId::User(ada.id)).await);
    }
    let after = here.group(groups[0].id).await.expect("it is there");
    let next = here.regroup(&after, &json!({}), &[], &[MemberId::User(crowd[1].id)]).await;
    assert!(next.is_ok(), "the group can be changed afterwards");
    assert_eq!(here.members(groups[0].id).await.expect("it is there").1, Vec::new());
}

/// Its members live on and believe nothing; its name is free.
pub async fn deleting_a_group_leaves_its_members_without_it<S: Store>(
    store: &S,
    world: &FakeWorld,
) {
    let here = Here::new(store, world).await;
    let crowd = here.crowd("u", 150).await;
    let group = here.gather("Everybody", &members(&crowd)).await;
    assert_eq!(here.disband(&group).await, Ok(()));
    assert_eq!(here.group(group.id).await, None);
    assert_eq!(here.members(group.id).await, None);
    assert_eq!(here.counts().await, (150, 0));
    assert_eq!(store.groups_after(&here.ctx(), here.id(), None, 10).await, Ok(Vec::new()));
    let again = here.gather("Everybody", &members(&crowd[..1])).await;
    assert_eq!(here.members(again.id).await.expect("it is there").1, ids(&crowd[..1]));
    let ada = here.user(crowd[0].id).await.expect("it is there");
    let alive: Vec<&GroupId> = ada.memberships.keys().filter(|id| **id == again.id).collect();
    assert_eq!(alive, [&again.id]);
    assert_eq!(here.update(&ada, &changed(&ada, world, &json!({"title": "x"}))).await, Ok(()));
    assert_eq!(here.disband(&group).await, Err(CommitError::Stale), "not twice");
}

/// The same for a group that is itself a member.
pub async fn deleting_a_nested_group_leaves_its_parent_without_it<S: Store>(
    store: &S,
    world: &FakeWorld,
) {
    let here = Here::new(store, world).await;
    let inner = here.gather("Inner", &[]).await;
    let outer = here.gather("Outer", &[nested(&inner)]).await;
    let inner = here.group(inner.id).await.expect("it is there");
    assert_eq!(here.disband(&inner).await, Ok(()));
    let (now, found) = here.members(outer.id).await.expect("it is there");
    assert_eq!((now.member_count, found), (0, Vec::new()));
}

/// Membership changes do not move a user's version, and a user's change does not touch its memberships.
pub async fn changing_a_user_keeps_its_memberships<S: Store>(store: &S, world: &FakeWorld) {
    let here = Here::new(store, world).await;
    let ada = here.create("ada@example.com").await;
    let group = here.gather("Engineering", &[member(&ada)]).await;
    let later = here.user(ada.id).await.expect("it is there");
    assert_eq!(later.version, ada.version, "a membership is no change of the user");
    let renamed = changed(&ada, world, &json!({"userName": "king@example.com"}));
    assert_eq!(here.update(&ada, &renamed).await, Ok(()), "read before it became a member");
    assert!(here.sees(group.id, MemberId::User(ada.id)).await);
    assert_eq!(here.members(group.id).await.expect("it is there").1, [MemberId::User(ada.id)]);
}

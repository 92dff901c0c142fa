//! Groups whose changes fit in one transaction.

use lychgate_core::{
    event::EventKind,
    ids::MemberId,
    ports::{CommitError, Directory, Groups, Users},
    record::{Group, Index, Member, Span},
};
use serde_json::json;

use crate::common::{
    Bench, change_members, changed, check::check_clean, event, group, group_keys, hook::Fault, ids,
    key, member, resource, user_keys,
};

fn nested(group: &Group) -> Member {
    Member { id: MemberId::Group(group.id), display: None }
}

async fn delete(bench: &Bench, group: &Group) -> Result<(), CommitError> {
    let event = event(EventKind::GroupDeleted);
    let keys = group_keys(group);
    bench.store.delete_group(&bench.ctx(), &bench.organization, group, &keys, &event).await
}

#[tokio::test]
async fn members_join_and_leave() {
    let bench = Bench::start().await;
    let (world, o) = (&bench.world, &bench.organization);
    let users = bench.users(4).await;
    let staff = bench.group("Staff", &users[..2]).await;
    assert_eq!(bench.seen(staff.id).await, Some((2, ids(&users[..2]))));
    let leaver = [users[0].id];
    let version =
        change_members(&bench.store, world, o, &staff, &users[2..], &leaver).await.unwrap();
    assert_eq!(version, 2);
    assert_eq!(bench.seen(staff.id).await, Some((3, ids(&users[1..]))));
    // The old version is no longer there.
    let stale = change_members(&bench.store, world, o, &staff, &[], &leaver).await;
    assert_eq!(stale, Err(CommitError::Stale));
    let MemberId::User(id) = users[2].id else { panic!("a user") };
    let joined = bench.read_user(id).await.unwrap();
    let span = Span { since: 2, until: None };
    assert_eq!(joined.memberships.get(&staff.id), Some(&span));
    assert_eq!(joined.version, 1, "memberships are no change of the user");
    let row = bench.store.member_span(&bench.ctx(), o, staff.id, users[2].id).await;
    assert_eq!(row, Ok(Some(span)));
    check_clean(&bench).await;
}

#[tokio::test]
async fn a_rename_moves_the_claim() {
    let bench = Bench::start().await;
    let staff = bench.group("Staff", &[]).await;
    bench.group("Guests", &[]).await;
    let rename = |name: &'static str| {
        let (bench, staff) = (&bench, &staff);
        async move {
            let mut after = changed(staff, &bench.world, 0, 0);
            after.resource = resource(json!({"displayName": name, "externalId": "x"}));
            bench
                .store
                .update_group(
                    &bench.ctx(),
                    &bench.organization,
                    staff,
                    &after,
                    &group_keys(staff),
                    &group_keys(&after),
                    &[],
                    &[],
                    &event(EventKind::GroupUpdated),
                )
                .await
        }
    };
    let taken = CommitError::Taken(key(Index::GroupDisplayName, "guests"));
    assert_eq!(rename("GUESTS").await, Err(taken));
    assert_eq!(rename("Team").await, Ok(2));
    check_clean(&bench).await;
}

#[tokio::test]
async fn a_deleted_member_cannot_join() {
    let bench = Bench::start().await;
    let ada = bench.user("ada").await;
    let staff = bench.group("Staff", &[]).await;
    let (ctx, o) = (bench.ctx(), &bench.organization);
    let gone = event(EventKind::MemberDeleted);
    bench.store.delete_user(&ctx, o, &ada, &user_keys(&ada), None, &gone).await.unwrap();
    let add = [member(&ada)];
    let late = change_members(&bench.store, &bench.world, o, &staff, &add, &[]).await;
    assert_eq!(late, Err(CommitError::MemberGone));
    check_clean(&bench).await;
}

#[tokio::test]
async fn a_deleted_user_leaves_its_groups() {
    let bench = Bench::start().await;
    let users = bench.users(3).await;
    let mut groups = Vec::new();
    for index in 0..30 {
        groups.push(bench.group(&format!("G{index}"), &users).await);
    }
    let MemberId::User(id) = users[1].id else { panic!("a user") };
    let user = bench.read_user(id).await.unwrap();
    let gone = event(EventKind::MemberDeleted);
    bench
        .store
        .delete_user(&bench.ctx(), &bench.organization, &user, &user_keys(&user), None, &gone)
        .await
        .unwrap();
    for group in groups {
        let now = bench.read_group(group.id).await.unwrap();
        assert_eq!((now.version, now.member_count), (2, 2));
        let seen = bench.seen(group.id).await.unwrap();
        assert_eq!(seen.1, [users[0].id, users[2].id]);
    }
    check_clean(&bench).await;
}

#[tokio::test]
async fn a_user_whose_memberships_moved_is_not_deleted_blindly() {
    let bench = Bench::start().await;
    let ada = bench.user("ada").await;
    bench.group("Staff", &[member(&ada)]).await;
    let gone = event(EventKind::MemberDeleted);
    // `ada` was read before she joined.
    let stale = bench
        .store
        .delete_user(&bench.ctx(), &bench.organization, &ada, &user_keys(&ada), None, &gone)
        .await;
    assert_eq!(stale, Err(CommitError::Stale));
    check_clean(&bench).await;
}

#[tokio::test]
async fn a_user_of_many_groups_is_gone_at_once() {
    let bench = Bench::start().await;
    let users = bench.users(2).await;
    let mut groups = Vec::new();
    for index in 0..60 {
        groups.push(bench.group(&format!("G{index}"), &users).await);
    }
    let MemberId::User(id) = users[1].id else { panic!("a user") };
    let user = bench.read_user(id).await.unwrap();
    let gone = event(EventKind::MemberDeleted);
    // No time for the third step: only the deletion itself happens.
    bench.hook.break_writes(3, usize::MAX / 2, Fault::Before);
    bench
        .store
        .delete_user(&bench.ctx(), &bench.organization, &user, &user_keys(&user), None, &gone)
        .await
        .unwrap();
    bench.hook.reset();
    assert_eq!(bench.read_user(id).await, None);
    for group in &groups {
        assert_eq!(bench.seen(group.id).await.unwrap().1, [users[0].id]);
        let row =
            bench.store.member_span(&bench.ctx(), &bench.organization, group.id, users[1].id).await;
        assert_eq!(row, Ok(None));
    }
    crate::large::sweep(&bench).await;
    for group in &groups {
        assert_eq!(bench.seen(group.id).await, Some((1, vec![users[0].id])));
    }
    check_clean(&bench).await;
}

#[tokio::test]
async fn a_deleted_group_leaves_no_trace_in_its_members() {
    let bench = Bench::start().await;
    let users = bench.users(3).await;
    let staff = bench.group("Staff", &users).await;
    delete(&bench, &staff).await.unwrap();
    assert_eq!(bench.read_group(staff.id).await, None);
    assert_eq!(bench.seen(staff.id).await, None);
    assert_eq!(delete(&bench, &staff).await, Err(CommitError::Stale));
    check_clean(&bench).await;
    bench.group("Staff", &users).await;
}

#[tokio::test]
async fn nested_groups_leave_both_ways() {
    let bench = Bench::start().await;
    let (world, o) = (&bench.world, &bench.organization);
    let users = bench.users(1).await;
    let child = bench.group("Child", &users).await;
    let parent = bench.group("Parent", &[nested(&child)]).await;
    // A circle, so that one group stands on both sides of the other.
    let child_now = bench.read_group(child.id).await.unwrap();
    change_members(&bench.store, world, o, &child_now, &[nested(&parent)], &[]).await.unwrap();
    let child_now = bench.read_group(child.id).await.unwrap();
    assert!(child_now.memberships.contains_key(&parent.id));
    delete(&bench, &child_now).await.unwrap();
    assert_eq!(bench.seen(parent.id).await, Some((0, Vec::new())));
    let parent_now = bench.read_group(parent.id).await.unwrap();
    assert!(parent_now.memberships.is_empty());
    delete(&bench, &parent_now).await.unwrap();
    check_clean(&bench).await;
}

#[tokio::test]
async fn more_members_than_asked_for_are_refused() {
    let bench = Bench::start().await;
    let users = bench.users(3).await;
    let staff = bench.group("Staff", &users).await;
    let (ctx, o) = (bench.ctx(), &bench.organization);
    let seen = bench.store.membership(&ctx, o, staff.id, 2).await;
    assert!(matches!(seen, Err(CommitError::TooLarge(_))));
    assert!(bench.store.membership(&ctx, o, staff.id, 3).await.is_ok());
}

#[tokio::test]
async fn groups_are_listed_without_those_that_are_not_there() {
    let bench = Bench::start().await;
    let mut wanted = Vec::new();
    for index in 0..5 {
        bench.world.pass(1);
        wanted.push(bench.group(&format!("G{index}"), &[]).await.id);
    }
    let unseen = group(&bench.world, "Unseen", 0);
    assert_eq!(bench.read_group(unseen.id).await, None);
    let listed = bench
        .store
        .groups_after(&bench.ctx(), &bench.organization, Some(wanted[0]), 3)
        .await
        .unwrap();
    let listed: Vec<_> = listed.iter().map(|group| group.id).collect();
    assert_eq!(listed, wanted[1..4]);
}

#[tokio::test]
async fn the_process_may_die_while_a_user_of_many_groups_is_deleted() {
    let mut bench = Bench::start().await;
    let users = bench.users(2).await;
    let mut groups = Vec::new();
    for index in 0..60 {
        groups.push(bench.group(&format!("G{index}"), &users).await);
    }
    bench.keep();
    let MemberId::User(id) = users[1].id else { panic!("a user") };
    for (write, fault) in [
        (1, Fault::DieBefore),
        (1, Fault::DieAfter),
        (2, Fault::After),
        (2, Fault::DieAfter),
        (3, Fault::DieAfter),
        (30, Fault::DieAfter),
        (62, Fault::DieAfter),
        (63, Fault::DieAfter),
    ] {
        bench.restore();
        let user = bench.read_user(id).await.unwrap();
        let (keys, gone) = (user_keys(&user), event(EventKind::MemberDeleted));
        let (ctx, o) = (bench.ctx(), &bench.organization);
        bench.hook.break_writes(write, 1, fault);
        let result = bench.store.delete_user(&ctx, o, &user, &keys, None, &gone).await;
        bench.hook.reset();
        let there = bench.read_user(id).await.is_some();
        assert!(!there || result.is_err(), "write {write} {fault:?}");
        for group in groups.iter().step_by(7) {
            let seen = bench.seen(group.id).await.unwrap().1;
            assert_eq!(seen.contains(&users[1].id), there, "write {write} {fault:?}");
        }
        if there {
            let keys = user_keys(&user);
            bench.calm.delete_user(&bench.ctx(), o, &user, &keys, None, &gone).await.unwrap();
        }
        crate::large::sweep(&bench).await;
        check_clean(&bench).await;
        assert_eq!(bench.seen(groups[0].id).await, Some((1, vec![users[0].id])));
    }
}

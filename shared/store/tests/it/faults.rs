//! What DynamoDB does that the emulator never does: conflicts, throttling, lost answers.

use lychgate_core::{
    event::EventKind,
    ports::{CommitError, Groups, Organizations, StoreError, Users},
};

use crate::common::{
    Bench, change_members, check::check_clean, event, group, group_keys, hook::Fault, member,
    organization, user, user_keys,
};

#[tokio::test]
async fn a_conflict_is_waited_out() {
    let bench = Bench::start().await;
    let ada = user(&bench.world, "ada");
    let (keys, created) = (user_keys(&ada), event(EventKind::MemberCreated));
    for fault in [Fault::Conflict, Fault::Throttle] {
        bench.hook.break_writes(1, 5, fault);
        let (ctx, o) = (bench.ctx(), &bench.organization);
        bench.store.create_user(&ctx, o, &ada, &keys, None, &created).await.unwrap();
        assert_eq!(bench.hook.writes(), 6, "{fault:?}");
        check_clean(&bench).await;
        let events = bench.store.events_after(&ctx, o, None, 100).await.unwrap();
        assert!(events.last().unwrap().at > ctx.deadline_start(), "a fresh id each time");
        bench.hook.reset();
        let gone = event(EventKind::MemberDeleted);
        bench.store.delete_user(&ctx, o, &ada, &keys, None, &gone).await.unwrap();
    }
}

/// When a test's context began.
trait Began {
    fn deadline_start(&self) -> lychgate_core::time::Timestamp;
}

impl Began for lychgate_core::ctx::Ctx<'_> {
    fn deadline_start(&self) -> lychgate_core::time::Timestamp {
        lychgate_core::time::Timestamp::from_unix_millis(self.deadline.unix_millis() - 29_000)
    }
}

#[tokio::test]
async fn an_endless_conflict_is_answered_as_throttling() {
    let bench = Bench::start().await;
    let ada = user(&bench.world, "ada");
    let (keys, created) = (user_keys(&ada), event(EventKind::MemberCreated));
    bench.hook.break_writes(1, 1_000, Fault::Conflict);
    let (ctx, o) = (bench.ctx(), &bench.organization);
    let made = bench.store.create_user(&ctx, o, &ada, &keys, None, &created).await;
    let throttled = StoreError::Throttled { retry_after_secs: 1 };
    assert_eq!(made, Err(CommitError::Store(throttled)));
    assert!(bench.hook.writes() < 50, "bounded");
    bench.hook.reset();
    check_clean(&bench).await;
}

#[tokio::test]
async fn after_a_lost_answer_the_same_creation_succeeds() {
    let bench = Bench::start().await;
    let (ctx, o) = (bench.ctx(), &bench.organization);
    let ada = user(&bench.world, "ada");
    let (keys, created) = (user_keys(&ada), event(EventKind::MemberCreated));
    bench.hook.break_writes(1, 1, Fault::After);
    let lost = bench.store.create_user(&ctx, o, &ada, &keys, None, &created).await;
    assert!(matches!(lost, Err(CommitError::Store(StoreError::Unavailable(_)))));
    let again = bench.store.create_user(&ctx, o, &ada, &keys, None, &created).await;
    assert_eq!(again, Ok(()), "its own claim is not in its way");
    check_clean(&bench).await;

    let staff = group(&bench.world, "Staff", 1);
    let (keys, created) = (group_keys(&staff), event(EventKind::GroupCreated));
    let members = [member(&ada)];
    bench.hook.break_writes(1, 1, Fault::After);
    let lost = bench.store.create_group(&ctx, o, &staff, &keys, &members, &created).await;
    assert!(lost.is_err());
    let again = bench.store.create_group(&ctx, o, &staff, &keys, &members, &created).await;
    assert_eq!(again, Ok(()));
    check_clean(&bench).await;

    let one = organization(&bench.world, o.clone(), "one");
    let made = event(EventKind::OrganizationCreated);
    bench.hook.break_writes(1, 1, Fault::After);
    assert!(bench.store.create_organization(&ctx, &one, &made).await.is_err());
    assert_eq!(bench.store.create_organization(&ctx, &one, &made).await, Ok(true));
}

#[tokio::test]
async fn a_conflict_in_the_middle_of_a_large_change_is_waited_out() {
    let bench = Bench::start().await;
    let users = bench.users(150).await;
    let staff = bench.group("Staff", &[]).await;
    bench.hook.break_writes(2, 6, Fault::Conflict);
    let (world, o) = (&bench.world, &bench.organization);
    let done = change_members(&bench.store, world, o, &staff, &users, &[]).await;
    assert_eq!(done, Ok(2));
    assert_eq!(bench.seen(staff.id).await.unwrap().0, 150);
    check_clean(&bench).await;
}

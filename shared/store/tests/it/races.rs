//! Many writers at once.

use lychgate_core::{
    event::EventKind,
    ids::MemberId,
    ports::{CommitError, Groups, Users},
};

use crate::common::{
    Bench, change_members, check::check_clean, ctx, event, group, group_keys, ids, member, user,
    user_keys,
};

/// A bench whose pauses let others run instead of moving the clock.
async fn bench() -> Bench {
    let mut bench = Bench::start().await;
    bench.world.pause_moves_clock = false;
    bench
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_parallel_changes_lose_none() {
    let bench = std::sync::Arc::new(bench().await);
    let users = bench.users(16).await;
    let staff = bench.group("Staff", &[]).await;
    let mut tasks = Vec::new();
    for member in users.clone() {
        let bench = std::sync::Arc::clone(&bench);
        let id = staff.id;
        tasks.push(tokio::spawn(async move {
            loop {
                let before = bench.read_group(id).await.unwrap();
                let add = [member.clone()];
                let (world, o) = (&bench.world, &bench.organization);
                match change_members(&bench.store, world, o, &before, &add, &[]).await {
                    Ok(_) => return,
                    Err(CommitError::Stale) => tokio::task::yield_now().await,
                    Err(error) => panic!("{error:?}"),
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let (count, mut seen) = bench.seen(staff.id).await.unwrap();
    let mut wanted = ids(&users);
    wanted.sort();
    seen.sort();
    assert_eq!((count, seen), (16, wanted));
    assert_eq!(bench.read_group(staff.id).await.unwrap().version, 17);
    check_clean(&bench).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_eight_equal_creations_one_wins() {
    let bench = std::sync::Arc::new(bench().await);
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let bench = std::sync::Arc::clone(&bench);
        tasks.push(tokio::spawn(async move {
            let ada = user(&bench.world, "ada@example.com");
            let created = event(EventKind::MemberCreated);
            let made = bench
                .store
                .create_user(
                    &ctx(&bench.world),
                    &bench.organization,
                    &ada,
                    &user_keys(&ada),
                    None,
                    &created,
                )
                .await;
            let group = group(&bench.world, "Staff", 0);
            let created = event(EventKind::GroupCreated);
            let grouped = bench
                .store
                .create_group(
                    &ctx(&bench.world),
                    &bench.organization,
                    &group,
                    &group_keys(&group),
                    &[],
                    &created,
                )
                .await;
            (made, grouped)
        }));
    }
    let (mut users, mut groups) = (0, 0);
    for task in tasks {
        let (made, grouped) = task.await.unwrap();
        for (result, won) in [(made, &mut users), (grouped, &mut groups)] {
            match result {
                Ok(()) => *won += 1,
                Err(CommitError::Taken(_)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    }
    assert_eq!((users, groups), (1, 1));
    check_clean(&bench).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_user_that_is_deleted_while_it_joins_leaves_nothing_behind() {
    let bench = std::sync::Arc::new(bench().await);
    let others = bench.users(120).await;
    for round in 0..12 {
        let ada = bench.user("ada").await;
        let staff = bench.group("Staff", &[]).await;
        // Alone, or with more than fit in one transaction.
        let mut add = vec![member(&ada)];
        if round % 2 == 1 {
            add.extend(others.iter().cloned());
        }
        let joining = {
            let (bench, staff) = (std::sync::Arc::clone(&bench), staff.clone());
            tokio::spawn(async move {
                let (world, o) = (&bench.world, &bench.organization);
                change_members(&bench.store, world, o, &staff, &add, &[]).await
            })
        };
        let leaving = {
            let (bench, id) = (std::sync::Arc::clone(&bench), ada.id);
            tokio::spawn(async move {
                while let Some(user) = bench.read_user(id).await {
                    let gone = event(EventKind::MemberDeleted);
                    let keys = user_keys(&user);
                    let (ctx, o) = (ctx(&bench.world), &bench.organization);
                    match bench.store.delete_user(&ctx, o, &user, &keys, None, &gone).await {
                        Ok(()) | Err(CommitError::Stale | CommitError::Busy { .. }) => {}
                        Err(error) => panic!("{error:?}"),
                    }
                }
            })
        };
        let joined = joining.await.unwrap();
        leaving.await.unwrap();
        let (_, seen) = bench.seen(staff.id).await.unwrap();
        assert!(!seen.contains(&MemberId::User(ada.id)), "round {round}: {joined:?}");
        let now = bench.read_group(staff.id).await.unwrap();
        let gone = event(EventKind::GroupDeleted);
        let keys = group_keys(&now);
        bench
            .store
            .delete_group(&ctx(&bench.world), &bench.organization, &now, &keys, &gone)
            .await
            .unwrap();
        crate::large::sweep(&bench).await;
        check_clean(&bench).await;
    }
}

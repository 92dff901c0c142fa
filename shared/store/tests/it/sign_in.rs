//! A sign-in whose process dies, whose answers are lost, or that meets its own replay half-way: signed in once or never.

use lychgate_core::{
    ctx::World,
    event::EventKind,
    ids::{ConnectionId, OrganizationId},
    ports::{
        Attempts, CommitError, Grants, NewMember, Sessions, SignInError, SignInWrite, SignIns,
        StoreError,
    },
    record::{Index, IndexKey, User},
    session::{AssertionSeen, Grant, LoginFlow, Session},
};
use lychgate_store::Store;
use lychgate_testkit::build;

use crate::common::{
    Bench, check::check_clean, check::signing_in, event, hook::Fault, key, user, user_keys,
};

/// One posting of a response: what it decided to write.
struct Posting {
    user: User,
    is_new: bool,
    session: Session,
    grant: Grant,
    name_id: IndexKey,
}

/// A response as the browser has it: it can be posted again and again.
struct Response {
    connection: ConnectionId,
    flow: LoginFlow,
    seen: AssertionSeen,
}

impl Response {
    fn new(bench: &Bench) -> Self {
        let connection = ConnectionId::new(&bench.world);
        let flow = build::flow(&bench.world, &connection);
        Self { flow, seen: build::assertion(&bench.world), connection }
    }

    /// Decides what to write: the member is new unless it is there.
    async fn decide(&self, bench: &Bench) -> Posting {
        let wanted = lychgate_core::ports::Wanted {
            claims: vec![key(Index::UserName, "ada@example.com")],
            ..lychgate_core::ports::Wanted::default()
        };
        let (ctx, o) = (bench.ctx(), &bench.organization);
        let found = lychgate_core::ports::Directory::fetch(&bench.calm, &ctx, o, wanted).await;
        let there = match found.unwrap().claims.first() {
            None => None,
            Some((_, id)) => bench.read_user((*id).into()).await,
        };
        let is_new = there.is_none();
        let user = there.unwrap_or_else(|| user(&bench.world, "ada@example.com"));
        let session = build::session(&bench.world, user.id, &self.connection);
        let grant = build::grant(&bench.world, &session);
        let name_id = key(Index::NameId, &format!("{} 00u1", self.connection.bare()));
        Posting { user, is_new, session, grant, name_id }
    }

    async fn write(
        &self,
        bench: &Bench,
        store: &Store,
        posting: &Posting,
    ) -> Result<(), SignInError> {
        let (keys, created) = (user_keys(&posting.user), event(EventKind::MemberCreated));
        let new = NewMember { user: &posting.user, keys: &keys, seats: Some(9), event: &created };
        let write = SignInWrite {
            flow: Some(&self.flow.id),
            assertion: Some(&self.seen),
            member: posting.is_new.then_some(new),
            name_id: Some(&posting.name_id),
            session: Some(&posting.session),
            grant: Some(&posting.grant),
            connection: None,
        };
        store.sign_in(&bench.ctx(), &bench.organization, write).await
    }
}

/// The whole of a sign-in, from the start to the log, on a store that may break.
async fn go_through(bench: &Bench, response: &Response, posting: &Posting) -> Result<(), String> {
    let (ctx, o, store) = (bench.ctx(), &bench.organization, &bench.store);
    store.put_flow(&ctx, o, &response.flow).await.map_err(|error| format!("{error:?}"))?;
    let written = response.write(bench, store, posting).await;
    written.map_err(|error| format!("{error:?}"))?;
    store.touch(&ctx, o, posting.user.id, bench.world.now()).await;
    store.record_attempt(&ctx, o, &build::attempt(&bench.world, "ada")).await;
    Ok(())
}

/// Whether she is signed in; all of it or nothing of it.
async fn is_signed_in(bench: &Bench, response: &Response, posting: &Posting, when: &str) -> bool {
    let (ctx, o, calm) = (bench.ctx(), &bench.organization, &bench.calm);
    let session = calm.session(&ctx, o, posting.user.id, &posting.session.id).await.unwrap();
    let grant = calm.grant(&ctx, o, &posting.grant.id).await.unwrap();
    let member = bench.read_user(posting.user.id).await;
    let flow = calm.flow(&ctx, o, &response.flow.id).await.unwrap();
    let done = session.is_some();
    assert_eq!((grant.is_some(), member.is_some()), (done, done), "{when}: a part of it");
    assert!(!(done && flow.is_some()), "{when}: signed in, and the flow is left");
    done
}

async fn sessions(bench: &Bench, user: &User) -> usize {
    let (ctx, o) = (bench.ctx(), &bench.organization);
    bench.calm.sessions_of(&ctx, o, user.id).await.unwrap().len()
}

#[tokio::test]
async fn whatever_dies_a_response_signs_in_once_or_can_be_posted_again() {
    let mut bench = Bench::start().await;
    bench.keep();
    let faults = [
        Fault::Before,
        Fault::After,
        Fault::DieBefore,
        Fault::DieAfter,
        Fault::Conflict,
        Fault::Throttle,
    ];
    let (mut broken, mut again) = (0, 0);
    // The start, the transaction, the last sign-in, the log.
    for write in 1..=4 {
        for fault in faults {
            bench.restore();
            let when = format!("write {write} broken by {fault:?}");
            let response = Response::new(&bench);
            let posting = response.decide(&bench).await;
            bench.hook.break_writes(write, 1, fault);
            let result = go_through(&bench, &response, &posting).await;
            bench.hook.reset();
            let done = is_signed_in(&bench, &response, &posting, &when).await;
            assert!(done || result.is_err(), "{when}: said to be done");
            check_clean(&bench).await;
            broken += 1;

            // The browser posts it again, to another process.
            let second = response.decide(&bench).await;
            assert_eq!(second.is_new, !done, "{when}");
            let (calm, flow) = (&bench.calm, &response.flow);
            let begun = calm.flow(&bench.ctx(), &bench.organization, &flow.id).await.unwrap();
            let retried = response.write(&bench, calm, &second).await;
            match (done, begun.is_some()) {
                (true, _) => assert_eq!(retried, Err(SignInError::Replayed), "{when}"),
                (false, true) => {
                    assert_eq!(retried, Ok(()), "{when}");
                    again += 1;
                }
                // The start itself was lost: the browser never went to the IdP.
                (false, false) => assert_eq!(retried, Err(SignInError::FlowGone), "{when}"),
            }
            let expected = usize::from(done || begun.is_some());
            assert_eq!(sessions(&bench, &second.user).await, expected, "{when}");
            check_clean(&bench).await;
        }
    }
    println!("{broken} broken sign-ins, of which {again} succeeded when posted again");
    assert!(again >= 2, "the transaction was never broken before it was done");
}

#[tokio::test]
async fn after_a_lost_answer_the_same_sign_in_is_done() {
    let bench = Bench::start().await;
    let response = Response::new(&bench);
    let posting = response.decide(&bench).await;
    let (ctx, o) = (bench.ctx(), &bench.organization);
    bench.calm.put_flow(&ctx, o, &response.flow).await.unwrap();
    bench.hook.break_writes(1, 1, Fault::After);
    let lost = response.write(&bench, &bench.store, &posting).await;
    let away = |error: &SignInError| {
        matches!(error, SignInError::Commit(CommitError::Store(StoreError::Unavailable(_))))
    };
    assert!(lost.as_ref().is_err_and(away), "{lost:?}");
    assert_eq!(response.write(&bench, &bench.store, &posting).await, Ok(()), "its own");
    assert_eq!(sessions(&bench, &posting.user).await, 1);
    let other = Posting {
        session: build::session(&bench.world, posting.user.id, &response.connection),
        ..response.decide(&bench).await
    };
    let replay = response.write(&bench, &bench.store, &other).await;
    assert_eq!(replay, Err(SignInError::Replayed), "somebody else's");
    // Session, code, assertion; the flow is gone.
    assert_eq!(signing_in(&bench).await, 3);
    check_clean(&bench).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_replay_that_overtakes_a_sleeping_sign_in_is_the_one_that_counts() {
    let bench = std::sync::Arc::new(Bench::start().await);
    let response = std::sync::Arc::new(Response::new(&bench));
    let (ctx, o) = (bench.ctx(), &bench.organization);
    bench.calm.put_flow(&ctx, o, &response.flow).await.unwrap();
    let first = response.decide(&bench).await;
    let second = response.decide(&bench).await;
    bench.hook.sleep_at(1);
    let sleeper = {
        let (bench, response) = (std::sync::Arc::clone(&bench), std::sync::Arc::clone(&response));
        tokio::spawn(async move {
            let outcome = response.write(&bench, &bench.store, &first).await;
            (outcome, first)
        })
    };
    bench.hook.asleep().await;
    assert_eq!(response.write(&bench, &bench.calm, &second).await, Ok(()));
    bench.hook.wake();
    let (outcome, first) = sleeper.await.unwrap();
    assert_eq!(outcome, Err(SignInError::Replayed));
    assert!(bench.read_user(first.user.id).await.is_none(), "no second member");
    assert_eq!(sessions(&bench, &first.user).await, 0);
    assert_eq!(sessions(&bench, &second.user).await, 1);
    check_clean(&bench).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_postings_from_twenty_processes_one_signs_in() {
    let mut bench = Bench::start().await;
    bench.world.pause_moves_clock = false;
    let bench = std::sync::Arc::new(bench);
    for _ in 0..5 {
        let response = std::sync::Arc::new(Response::new(&bench));
        let (ctx, o) = (bench.ctx(), &bench.organization);
        bench.calm.put_flow(&ctx, o, &response.flow).await.unwrap();
        let mut tasks = Vec::new();
        for _ in 0..20 {
            let posting = response.decide(&bench).await;
            let (bench, response) =
                (std::sync::Arc::clone(&bench), std::sync::Arc::clone(&response));
            tasks.push(tokio::spawn(async move {
                let (store, _) = bench.another();
                let outcome = response.write(&bench, &store, &posting).await;
                (outcome, posting.user)
            }));
        }
        let (mut done, mut replayed, mut open) = (0, 0, 0);
        let mut users = std::collections::BTreeSet::new();
        for task in tasks {
            let (outcome, user) = task.await.unwrap();
            match outcome {
                Ok(()) => done += 1,
                Err(SignInError::Replayed) => replayed += 1,
                Err(error) => panic!("{error:?}"),
            }
            users.insert(user.id);
        }
        for id in users {
            let found = bench.calm.sessions_of(&bench.ctx(), o, id).await.unwrap();
            let here = |session: &&Session| match &session.method {
                lychgate_core::session::SessionMethod::Saml(subject) => {
                    subject.connection == response.connection
                }
                lychgate_core::session::SessionMethod::Password => false,
            };
            open += found.iter().filter(here).count();
        }
        assert_eq!((done, replayed, open), (1, 19, 1));
    }
    check_clean(&bench).await;
}

/// The flow is gone and the assertion's item is held by the transaction that takes it: only a second look tells.
#[tokio::test]
async fn a_replay_that_meets_the_first_one_half_way_is_a_replay() {
    let bench = Bench::start().await;
    let response = Response::new(&bench);
    let (ctx, o) = (bench.ctx(), &bench.organization);
    bench.calm.put_flow(&ctx, o, &response.flow).await.unwrap();
    let first = response.decide(&bench).await;
    let half_way = async |posting: &Posting| {
        bench.hook.break_writes(1, 1, Fault::HalfWay);
        let outcome = response.write(&bench, &bench.store, posting).await;
        assert_eq!(bench.hook.writes(), 1, "it is not sent again");
        outcome
    };
    assert_eq!(half_way(&first).await, Err(SignInError::FlowGone), "nobody used the assertion");
    assert_eq!(response.write(&bench, &bench.calm, &first).await, Ok(()));
    let second = response.decide(&bench).await;
    assert_eq!(half_way(&second).await, Err(SignInError::Replayed));
    assert_eq!(half_way(&first).await, Ok(()), "its own, after a lost answer");
    assert_eq!(sessions(&bench, &first.user).await, 1);
    check_clean(&bench).await;
}

/// What belongs to another organization is as good as none, whatever id is asked for.
#[tokio::test]
async fn a_strangers_organization_finds_nothing_of_a_sign_in() {
    let bench = Bench::start().await;
    let response = Response::new(&bench);
    let posting = response.decide(&bench).await;
    let (ctx, o, calm) = (bench.ctx(), &bench.organization, &bench.calm);
    calm.put_flow(&ctx, o, &response.flow).await.unwrap();
    response.write(&bench, calm, &posting).await.unwrap();
    let stranger = OrganizationId::new(&bench.world);
    let (user, session) = (posting.user.id, &posting.session);
    assert_eq!(calm.session(&ctx, &stranger, user, &session.id).await, Ok(None));
    assert_eq!(calm.sessions_of(&ctx, &stranger, user).await, Ok(vec![]));
    assert_eq!(calm.grant(&ctx, &stranger, &posting.grant.id).await, Ok(None));
    let named =
        lychgate_core::ports::Directory::look_up(calm, &ctx, &stranger, &posting.name_id, 5).await;
    assert_eq!(named, Ok(vec![]));
    calm.end_sessions(&ctx, &stranger, std::slice::from_ref(session), None).await.unwrap();
    assert_eq!(sessions(&bench, &posting.user).await, 1);
}

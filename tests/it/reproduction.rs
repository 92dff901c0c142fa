//! Stories that once went wrong, shrunk by the model run, as readable tests.

use conformance::endpoint::Endpoint;
use lychgate_testkit::{Fault, Faulty, MemoryStore};

use crate::model::{Change, Op, Step, tell};

async fn told(steps: &[Step]) {
    let store = Faulty::new(MemoryStore::new());
    let endpoint = Endpoint::on(store.clone(), 7);
    if let Err(what) = tell(&endpoint, &store, steps).await {
        panic!("{what}");
    }
}

#[tokio::test]
async fn an_answer_that_was_lost_is_not_a_change_that_was_lost() {
    told(&[
        (Op::CreateUser(0, false), Some((2, Fault::After))),
        (Op::Again, None),
        (Op::PatchUser(0, Change::Active(false)), Some((2, Fault::After))),
        (Op::Again, None),
        (Op::CreateGroup(0, vec![0]), Some((3, Fault::After))),
        (Op::Again, None),
        (Op::DeleteUser(0), Some((2, Fault::After))),
        (Op::Again, None),
    ])
    .await;
}

#[tokio::test]
async fn a_race_that_is_lost_once_is_run_again() {
    told(&[
        (Op::CreateUser(0, false), None),
        (Op::PatchUser(0, Change::Title(1)), Some((2, Fault::Stale))),
        (Op::CreateGroup(0, vec![]), None),
        (Op::AddMembers(0, vec![0]), Some((2, Fault::Stale))),
        (Op::RemoveMembers(0, vec![0], true), Some((2, Fault::Stale))),
        (Op::DeleteGroup(0), Some((2, Fault::Stale))),
        (Op::DeleteUser(0), Some((2, Fault::Stale))),
    ])
    .await;
}

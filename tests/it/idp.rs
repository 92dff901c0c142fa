//! What identity providers send (`data/scim/idp`): every exchange once as it is, and once with every request
//! sent twice, as providers do after a time-out.

use conformance::{data, endpoint::Endpoint, exchange};

async fn play_all(endpoint: Endpoint, times: usize) -> (usize, Vec<String>) {
    let (mut played, mut wrong) = (0, Vec::new());
    for folder in data::folders("scim/idp") {
        for file in data::files(&format!("scim/idp/{folder}")) {
            played += 1;
            if let Err(what) = exchange::play(&endpoint, &file, times).await {
                wrong.push(what);
            }
        }
    }
    (played, wrong)
}

fn report((played, wrong): (usize, Vec<String>)) {
    assert!(played >= 110, "only {played} exchanges were found");
    assert!(
        wrong.is_empty(),
        "{} of {played} exchanges failed:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[tokio::test]
async fn every_exchange_ends_as_written() {
    report(play_all(Endpoint::in_memory(0x1d9), 1).await);
}

#[tokio::test]
async fn every_exchange_ends_the_same_when_each_request_is_sent_twice() {
    report(play_all(Endpoint::in_memory(0x1d9), 2).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_exchange_ends_as_written_over_http_on_dynamodb() {
    report(play_all(Endpoint::on_socket(0x1d9).await, 1).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_exchange_ends_the_same_over_http_when_each_request_is_sent_twice() {
    report(play_all(Endpoint::on_socket(0x1d9).await, 2).await);
}

#[tokio::test]
async fn an_exchange_that_must_fail_does() {
    let endpoint = Endpoint::in_memory(0xca);
    for file in data::files("scim/canary") {
        let what = exchange::play(&endpoint, &file, 1).await;
        assert!(what.is_err(), "{file:?} went unnoticed");
    }
}

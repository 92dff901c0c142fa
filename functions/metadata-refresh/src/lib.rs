//! The refresh of IdPs' metadata, called by a schedule: certificates' rollover needs nobody, and an end that comes near is
//! told (S4).

use lychgate_core::{
    ctx::Ctx,
    event::Actor,
    idp::Rules,
    ports::{Connections, Organizations, outside::MetadataFetcher},
    refresh::{self, Refreshed},
    time::Timestamp,
};
use lychgate_edge::{handler::Stack, run::StartError};
use serde_json::{Value, json};

/// How long before its end a run stops, in milliseconds: the next one goes on from there.
const MILLIS_RESERVED: u64 = 5_000;

/// Refreshes once and says what was done.
///
/// # Errors
/// The organizations cannot be listed: the schedule tries again.
pub async fn run<S: Organizations + Connections, F: MetadataFetcher>(
    stack: &Stack,
    store: &S,
    fetcher: &F,
    rules: &Rules,
    request_id: &str,
    deadline: Timestamp,
) -> Result<Value, StartError> {
    let millis = deadline.unix_millis().saturating_sub(MILLIS_RESERVED);
    let ctx = Ctx {
        world: stack.world.as_ref(),
        request_id,
        deadline: Timestamp::from_unix_millis(millis),
        // Nothing that is refreshed has an address that anybody is told.
        base_url: "",
        actor: Actor::System,
    };
    let done = refresh::run(&ctx, store, fetcher, rules).await;
    let done = done.map_err(|error| format!("organizations cannot be listed: {error:?}"))?;
    for (organization, reason) in &done.failures {
        tracing::warn!(
            request.id = request_id,
            organization.id = %organization,
            reason,
            "a connection was not refreshed"
        );
    }
    tracing::info!(
        request.id = request_id,
        organizations = done.organizations,
        fetched = done.fetched,
        followed = done.followed,
        refused = done.refused,
        expiring = done.expiring,
        is_whole = done.is_whole,
        "refreshed",
    );
    Ok(outcome(&done))
}

fn outcome(done: &Refreshed) -> Value {
    json!({
        "organizations": done.organizations,
        "fetched": done.fetched,
        "followed": done.followed,
        "refused": done.refused,
        "expiring": done.expiring,
        "failures": done.failures.len(),
        "is_whole": done.is_whole,
    })
}

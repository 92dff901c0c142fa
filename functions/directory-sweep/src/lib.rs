//! The daily clean-up, called by a schedule: retention of suspended members (P7) and what interrupted changes left.

use lychgate_core::{
    ctx::Ctx,
    event::Actor,
    ports::{Leftovers, Organizations, Users},
    sweep::{self, Swept},
    time::Timestamp,
};
use lychgate_edge::{handler::Stack, run::StartError};
use serde_json::{Value, json};

/// How long before its end a run stops, in milliseconds: the next day's goes on from there.
const MILLIS_RESERVED: u64 = 10_000;

/// Sweeps once and says what was done.
///
/// # Errors
/// The organizations cannot be listed: the schedule tries again.
pub async fn run<S: Organizations + Users + Leftovers>(
    stack: &Stack,
    store: &S,
    request_id: &str,
    deadline: Timestamp,
) -> Result<Value, StartError> {
    let millis = deadline.unix_millis().saturating_sub(MILLIS_RESERVED);
    let ctx = Ctx {
        world: stack.world.as_ref(),
        request_id,
        deadline: Timestamp::from_unix_millis(millis),
        // Nothing that is swept has an address that anybody is told.
        base_url: "",
        actor: Actor::System,
    };
    let swept = sweep::run(&ctx, store).await;
    let swept = swept.map_err(|error| format!("organizations cannot be listed: {error:?}"))?;
    for (organization, reason) in &swept.failures {
        tracing::warn!(
            request.id = request_id,
            organization.id = %organization,
            reason,
            "an organization was not swept"
        );
    }
    tracing::info!(
        request.id = request_id,
        organizations = swept.organizations,
        members_deleted = swept.members_deleted,
        members_kept = swept.members_kept,
        rows_cleared = swept.rows_cleared,
        is_whole = swept.is_whole,
        "swept",
    );
    Ok(outcome(&swept))
}

fn outcome(swept: &Swept) -> Value {
    json!({
        "organizations": swept.organizations,
        "members_deleted": swept.members_deleted,
        "members_kept": swept.members_kept,
        "rows_cleared": swept.rows_cleared,
        "failures": swept.failures.len(),
        "is_whole": swept.is_whole,
    })
}

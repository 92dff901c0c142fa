//! What EventBridge does on AWS: calls the daily clean-up.

use std::time::Duration;

use lychgate_edge::handler::Stack;
use lychgate_store::Store;

/// How long after the start the first run is, in seconds: a laptop is seldom on for a whole day.
const FIRST_RUN_SECS: u64 = 120;
/// How long between two runs, in seconds.
const RUN_SECS: u64 = 86_400;
/// How long one run may take, in seconds, as the template has it.
const RUN_SECS_MAX: u64 = 300;

pub(crate) async fn daily(stack: Stack, store: Store) {
    let mut wait = FIRST_RUN_SECS;
    loop {
        tokio::time::sleep(Duration::from_secs(wait)).await;
        wait = RUN_SECS;
        let deadline = stack.world.now().plus_secs(RUN_SECS_MAX);
        if let Err(error) = directory_sweep::run(&stack, &store, "daily", deadline).await {
            tracing::warn!(reason = %error, "the daily clean-up failed");
        }
    }
}

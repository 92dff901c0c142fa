//! Follows the history by the table's stream: ends the sessions of who was suspended or deleted, and tells applications
//! of sessions that have ended (P6, S13). See [`lychgate_core::oidc::back_channel`].

use lychgate_core::{
    ctx::Ctx,
    event::Actor,
    oidc::back_channel::{self, FollowError, Reach},
    ports::{
        Applications, Sessions,
        outside::{LogoutNotifier, Signer},
    },
    time::Timestamp,
};
use lychgate_edge::handler::Stack;
use lychgate_store::stream::{self, StreamEvent};
use serde_json::{Value, json};

/// How long before its end an invocation begins nothing, in milliseconds.
const MILLIS_RESERVED: u64 = 2_000;

/// What the function reaches.
pub struct Follower<S, G, N> {
    /// Time and randomness.
    pub stack: Stack,
    /// The issuer of logout tokens: `https://host`.
    pub base_url: String,
    /// The table.
    pub store: S,
    /// Signs logout tokens.
    pub signer: G,
    /// Posts them.
    pub notifier: N,
}

impl<S: Sessions + Applications, G: Signer, N: LogoutNotifier> Follower<S, G, N> {
    /// Follows the events of one invocation, in their order, and says from where to go on when one could not be followed
    /// to its end: a stream's batch is taken up again at the first failure, so nothing after it is begun.
    pub async fn run(&self, invocation: &Value, request_id: &str, deadline: Timestamp) -> Value {
        let millis = deadline.unix_millis().saturating_sub(MILLIS_RESERVED);
        let ctx = Ctx {
            world: self.stack.world.as_ref(),
            request_id,
            deadline: Timestamp::from_unix_millis(millis),
            base_url: &self.base_url,
            actor: Actor::System,
        };
        for record in stream::events(invocation) {
            if !self.follow(&ctx, &record).await {
                return json!({
                    "batchItemFailures": [{ "itemIdentifier": record.sequence_number }],
                });
            }
        }
        json!({ "batchItemFailures": [] })
    }

    /// Whether it is done with.
    async fn follow(&self, ctx: &Ctx<'_>, record: &StreamEvent) -> bool {
        let organization = &record.organization;
        let event = match &record.event {
            Ok(event) => event,
            Err(error) => {
                // It will not be readable the next time either.
                tracing::error!(
                    request.id = ctx.request_id,
                    organization.id = %organization,
                    reason = ?error,
                    "an event cannot be read"
                );
                return true;
            }
        };
        let reach = Reach { store: &self.store, signer: &self.signer, notifier: &self.notifier };
        match back_channel::handle(ctx, &reach, organization, event).await {
            Ok(()) => true,
            Err(FollowError::Store(error)) => {
                tracing::warn!(
                    request.id = ctx.request_id,
                    organization.id = %organization,
                    event.id = %event.id,
                    reason = ?error,
                    "sessions were not ended"
                );
                false
            }
            Err(FollowError::Untold(untold)) => {
                for untold in untold {
                    tracing::warn!(
                        request.id = ctx.request_id,
                        organization.id = %organization,
                        event.id = %event.id,
                        application.id = %untold.application,
                        reason = untold.reason,
                        "an application was not told of a session's end"
                    );
                }
                false
            }
        }
    }
}

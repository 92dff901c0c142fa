//! What the operator does: organizations, their licences, directories and credentials, how their members sign in, their
//! members, their history, and the operator's own applications and keys.
//!
//! It must not know HTTP, and it never answers a secret twice. Every change writes its event in the same
//! transaction (O5, E1); who lost a race reads again and decides again, at most [`ATTEMPTS_MAX`] times.
//! Modules in suggested reading order.

pub mod applications;
pub mod attempts;
pub mod certificates;
pub mod checks;
pub mod clients;
pub mod connection_policy;
pub mod connection_states;
pub mod connections;
pub mod directory;
pub mod events;
pub mod keys;
pub mod licence;
pub mod member_sessions;
pub mod members;
pub mod members_csv;
pub mod metadata;
pub mod organizations;
pub mod refusal;
mod request_certificate;
pub mod sign_in_policy;
pub mod tokens;
pub mod uris;

pub use refusal::{Refusal, RefusalKind};

use serde_json::{Map, Value};

use crate::{
    ctx::Ctx,
    event::{Event, EventKind},
    organization::Organization,
    ports::{CommitError, Organizations},
};

/// How often a change is decided anew when somebody else was faster.
pub const ATTEMPTS_MAX: u32 = 6;
/// What an attempt may take, in milliseconds: none begins with less left.
pub const ATTEMPT_MILLIS: u64 = 1_000;
/// The first pause between attempts is at most this long, in milliseconds; it doubles.
const BACK_OFF_MILLIS: u64 = 20;
/// No pause between attempts is longer, in milliseconds.
const BACK_OFF_MILLIS_MAX: u64 = 500;

/// The page that is given when none was asked for.
pub const PAGE_SIZE_DEFAULT: u32 = 50;
/// The largest page of any list.
pub const PAGE_SIZE_MAX: u32 = 200;

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one begins; `None` at the end.
    pub next_cursor: Option<String>,
}

/// A change of an organization, decided on what was read.
pub(crate) enum Change<T> {
    /// It is as it should be: nothing is written, and there is no event.
    Keep(T),
    /// `after` is to be written with this event.
    Write(Box<Organization>, Event, T),
}

/// Reads, decides, writes; again when somebody was faster.
pub(crate) async fn change<S, T, F>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    mut decide: F,
) -> Result<(Organization, T), Refusal>
where
    S: Organizations,
    T: Send,
    F: FnMut(&Organization) -> Result<Change<T>, Refusal> + Send,
{
    let mut attempt = 0;
    loop {
        let before = organizations::find(ctx, store, organization).await?;
        let (mut after, event, outcome) = match decide(&before)? {
            Change::Keep(outcome) => return Ok((before, outcome)),
            Change::Write(after, event, outcome) => (*after, event, outcome),
        };
        after.version = before.version + 1;
        match store.update_organization(ctx, &before, &after, &event).await {
            Ok(true) => return Ok((after, outcome)),
            Ok(false) => return Err(organizations::domain_taken(&after.domain)),
            Err(error) => attempt = again(ctx, attempt, error).await?,
        }
    }
}

/// Waits for the next attempt, or says why there is none.
pub(crate) async fn again(ctx: &Ctx<'_>, attempt: u32, error: CommitError) -> Result<u32, Refusal> {
    let attempt = attempt + 1;
    if error != CommitError::Stale || attempt >= ATTEMPTS_MAX || !ctx.has_millis(ATTEMPT_MILLIS) {
        return Err(Refusal::from_commit(error));
    }
    ctx.back_off(attempt, BACK_OFF_MILLIS, BACK_OFF_MILLIS_MAX).await;
    Ok(attempt)
}

/// An event about the organization itself.
pub(crate) fn organization_event(
    ctx: &Ctx<'_>,
    kind: EventKind,
    organization: &Organization,
    data: Map<String, Value>,
) -> Event {
    Event {
        kind,
        actor: ctx.actor.clone(),
        subject_kind: "organization",
        subject_id: organization.id.to_string(),
        subject_name: organization.domain.as_str().to_owned(),
        data,
    }
}

/// `{ "before": …, "after": … }` under the member's name, when the two differ.
pub(crate) fn note_change(
    data: &mut Map<String, Value>,
    name: &str,
    before: impl Into<Value>,
    after: impl Into<Value>,
) {
    let (before, after) = (before.into(), after.into());
    if before != after {
        data.insert(name.to_owned(), serde_json::json!({ "before": before, "after": after }));
    }
}

//! The attempt log (S11): who signed in, and why somebody could not.

use super::{
    Page, Refusal,
    checks::{cursor, page_size},
    organizations,
};
use crate::{
    attempt::{ATTEMPT_DAYS, Attempt},
    ctx::Ctx,
    ids::AttemptId,
    ports::{Attempts, Organizations},
};

/// One page, newest first.
///
/// # Errors
/// The page or the cursor is none, there is no such organization, or the store is away.
pub async fn list<S: Organizations + Attempts>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    before: Option<&str>,
    limit: Option<u32>,
) -> Result<Page<Attempt>, Refusal> {
    let limit = page_size(limit)?;
    let before = cursor(before, |text| text.parse::<AttemptId>().ok())?;
    let organization = organizations::find(ctx, store, organization).await?;
    // One more than asked tells whether there is another page, without an empty one at the end.
    let mut items = store.attempts_before(ctx, &organization.id, before, limit + 1).await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Page { items, next_cursor })
}

/// One attempt, by the reference that the person's page shows.
///
/// # Errors
/// There is no such organization or attempt, or the store is away.
pub async fn read<S: Organizations + Attempts>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    attempt: &str,
) -> Result<Attempt, Refusal> {
    let missing = || {
        Refusal::not_found(format!(
            "There is no such sign-in: give its id, the reference on the person's page. It may be too old: attempts \
             are kept for {ATTEMPT_DAYS} days."
        ))
        .about("attempt")
    };
    let id: AttemptId = attempt.parse().map_err(|_| missing())?;
    let organization = organizations::find(ctx, store, organization).await?;
    store.attempt(ctx, &organization.id, id).await?.ok_or_else(missing)
}

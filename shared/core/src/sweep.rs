//! The daily sweep: deletes members whose retention has passed (P7) and clears what large changes left behind.
//!
//! It is bounded by its deadline. What it did not reach is reached another day: each run begins at a random
//! place in the order of organizations and goes round, so that none is always last.

use crate::{
    ctx::Ctx,
    ids::OrganizationId,
    operator::members::{Bounds, DeletionReason, delete_suspended},
    organization::Organization,
    ports::{Leftovers, Organizations, StoreError, Users},
    time::Timestamp,
};

/// How many organizations are read at once.
const ORGANIZATIONS_PAGE: u32 = 50;
/// How many members of one organization a run deletes at most, so that one does not hold up all.
pub const SWEPT_MEMBERS_MAX: usize = 5_000;
/// What must be left of the time before another organization is begun, in milliseconds.
const ORGANIZATION_MILLIS: u64 = 5_000;
/// A day, in seconds.
const DAY_SECS: u64 = 86_400;

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many organizations were looked at.
    pub organizations: u64,
    /// How many members were deleted.
    pub members_deleted: u64,
    /// How many were due and stayed (the last owner, or the store refused).
    pub members_kept: u64,
    /// How many rows of large changes were cleared.
    pub rows_cleared: u64,
    /// For the log: organizations that failed, with the reason. The others were swept all the same.
    pub failures: Vec<(OrganizationId, String)>,
    /// Whether all organizations were looked at.
    pub is_whole: bool,
}

/// Sweeps all organizations, as far as the time goes.
///
/// # Errors
/// The organizations cannot be listed.
pub async fn run<S: Organizations + Users + Leftovers>(
    ctx: &Ctx<'_>,
    store: &S,
) -> Result<Swept, StoreError> {
    let start = OrganizationId::new(ctx.world);
    let mut swept = Swept::default();
    // From the start to the end, then from the beginning up to the start.
    for (first, last) in [(Some(start.clone()), None), (None, Some(start))] {
        if !sweep_range(ctx, store, first, last.as_ref(), &mut swept).await? {
            return Ok(swept);
        }
    }
    swept.is_whole = true;
    Ok(swept)
}

/// `false`: the time ran out.
async fn sweep_range<S: Organizations + Users + Leftovers>(
    ctx: &Ctx<'_>,
    store: &S,
    mut after: Option<OrganizationId>,
    last: Option<&OrganizationId>,
    swept: &mut Swept,
) -> Result<bool, StoreError> {
    loop {
        let page = store.organizations_after(ctx, after.as_ref(), ORGANIZATIONS_PAGE).await?;
        if page.is_empty() {
            return Ok(true);
        }
        for organization in page {
            if last.is_some_and(|last| organization.id > *last) {
                return Ok(true);
            }
            if !ctx.has_millis(ORGANIZATION_MILLIS) {
                return Ok(false);
            }
            sweep_one(ctx, store, &organization, swept).await;
            after = Some(organization.id);
        }
    }
}

async fn sweep_one<S: Users + Leftovers>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &Organization,
    swept: &mut Swept,
) {
    swept.organizations += 1;
    let id = &organization.id;
    if let Some(days) = organization.directory.suspended_retention_days {
        let bounds = Bounds {
            suspended_before: days_before(ctx.now(), days),
            deleted_max: SWEPT_MEMBERS_MAX,
            reason: DeletionReason::Retention,
        };
        match delete_suspended(ctx, store, id, &bounds, None).await {
            Ok(cleaned) => {
                swept.members_deleted += cleaned.deleted.len() as u64;
                swept.members_kept += cleaned.kept.len() as u64;
            }
            Err(refusal) => {
                let reason = refusal.private.unwrap_or(refusal.detail);
                swept.failures.push((id.clone(), reason));
            }
        }
    }
    match store.clear_leftovers(ctx, id).await {
        Ok(rows) => swept.rows_cleared += rows,
        Err(error) => swept.failures.push((id.clone(), format!("{error:?}"))),
    }
}

fn days_before(now: Timestamp, days: u32) -> Timestamp {
    let millis = u64::from(days) * DAY_SECS * 1_000;
    Timestamp::from_unix_millis(now.unix_millis().saturating_sub(millis))
}

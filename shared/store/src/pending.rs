//! A group's pending change: waiting for one that lives, giving up one whose lease ran out.

use lychgate_core::{
    ctx::Ctx,
    ids::{GroupId, OrganizationId},
    ports::CommitError,
    record::{Group, IndexKey, Pending},
    time::Timestamp,
};

use crate::{
    Store,
    index::{Standing, free, read_claim},
    item::{ABORTED, DELETED, ID, PENDING, group::Head, group::write_aborted, n, s},
    keys,
    large::LANES,
    transact::{Action, Meaning, RESERVE_MILLIS, Refused, Transaction},
};

/// How many given-up versions a group remembers before its rows have to be cleaned. Each costs every reader
/// of the group a few bytes and a comparison.
pub const ABORTED_MAX: usize = 8;
/// The longest lease of a large change, in milliseconds: a function lives 29 seconds.
///
/// A writer never works past its own deadline, so its lease ends a moment after that and no later. Taking
/// over too early would lose its work but never mix anything: the fences decide, not the clocks.
pub const LEASE_MILLIS_MAX: u64 = 30_000;
const LEASE_GRACE_MILLIS: u64 = 1_000;

const WAIT_MILLIS: u64 = 40;
const WAIT_MILLIS_MAX: u64 = 500;
/// How often somebody looks whether a change in their way has ended: more often than a lease is long.
pub(crate) const WAIT_ATTEMPTS_MAX: u32 = 400;

/// When a lease that begins now ends.
pub(crate) fn lease_ends(ctx: &Ctx<'_>) -> Timestamp {
    ctx.deadline.min(ctx.now().plus_millis(LEASE_MILLIS_MAX)).plus_millis(LEASE_GRACE_MILLIS)
}

/// The version after everything that was committed, begun or given up.
pub(crate) fn next_version(group: &Group) -> u64 {
    let begun = group.pending.as_ref().map_or(0, |pending| pending.version);
    let aborted = group.aborted.iter().copied().max().unwrap_or(0);
    group.version.max(begun).max(aborted).saturating_add(1)
}

/// Under the condition that the group's head is as it was read and nothing is pending. The given-up versions
/// belong to it: a version chosen without knowing one of them would wake its rows.
pub(crate) fn as_read(action: Action, group: &Group, meaning: Meaning) -> Action {
    let condition = "v = :was AND attribute_not_exists(p) AND attribute_not_exists(x) AND ";
    let action = action.value(":was", n(group.version));
    if group.aborted.is_empty() {
        action.when(format!("{condition}attribute_not_exists(ab)"), meaning)
    } else {
        action
            .when(format!("{condition}ab = :ab"), meaning)
            .value(":ab", write_aborted(&group.aborted))
    }
}

/// Deletes the fences of a change.
pub(crate) fn drop_fences(
    transaction: &mut Transaction<'_>,
    organization: &OrganizationId,
    group: GroupId,
) {
    for lane in 0..LANES {
        transaction.push(Action::delete(keys::fence(organization, group, lane)));
    }
}

/// Whether others still have to wait for a change.
pub(crate) fn is_live(ctx: &Ctx<'_>, pending: &Pending) -> bool {
    ctx.now() < pending.lease_ends
}

/// Who finds a live change in its way, and has no time left to wait for it, answers this.
fn busy(ctx: &Ctx<'_>, pending: &Pending) -> CommitError {
    let millis = pending.lease_ends.millis_since(ctx.now());
    CommitError::Busy { retry_after_secs: u32::try_from(millis / 1_000 + 1).unwrap_or(u32::MAX) }
}

impl Store {
    /// The group with nothing pending: waits for a change that lives, gives up one whose lease ran out.
    /// `None` when the group is gone. Its version may have moved.
    pub(crate) async fn settle(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: Group,
    ) -> Result<Option<Group>, CommitError> {
        let mut current = group;
        for attempt in 0.. {
            if current.pending.is_none() {
                return Ok(Some(current));
            }
            self.wait_or_abandon(ctx, organization, &current, &[], attempt).await?;
            match self.live_group(organization, current.id).await? {
                Some(group) => current = group,
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// [`Store::settle`], where the version must not move.
    pub(crate) async fn settle_at(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: Group,
    ) -> Result<Group, CommitError> {
        let version = group.version;
        match self.settle(ctx, organization, group).await? {
            Some(group) if group.version == version => Ok(group),
            _ => Err(CommitError::Stale),
        }
    }

    /// Waits a little for a pending change that lives; gives up one that does not.
    pub(crate) async fn wait_or_abandon(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
        keys: &[IndexKey],
        attempt: u32,
    ) -> Result<(), CommitError> {
        let Some(pending) = &group.pending else {
            return Ok(());
        };
        if attempt >= WAIT_ATTEMPTS_MAX {
            return Err(busy(ctx, pending));
        }
        if !is_live(ctx, pending) {
            return match self.abandon(ctx, organization, group, pending, keys).await {
                // Somebody else did it, or the change was committed after all: both are fine.
                Ok(()) | Err(Refused::Conditions(_)) => Ok(()),
                Err(refused) => Err(refused.commit_error()),
            };
        }
        if !ctx.has_millis(RESERVE_MILLIS) {
            return Err(busy(ctx, pending));
        }
        ctx.back_off(attempt, WAIT_MILLIS, WAIT_MILLIS_MAX).await;
        Ok(())
    }

    /// Gives a pending change up: its writer is fenced off, its version counts for nothing. A creation becomes
    /// a tombstone and its keys (`keys`) are free.
    pub(crate) async fn abandon(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
        pending: &Pending,
        keys: &[IndexKey],
    ) -> Result<(), Refused> {
        let mut transaction = Transaction::default();
        let key = keys::group(organization, group.id);
        let update = if group.version == 0 {
            Action::update(key, format!("SET {DELETED} = :true REMOVE {PENDING}"))
                .value(":true", aws_sdk_dynamodb::types::AttributeValue::Bool(true))
        } else {
            let list = "list_append(if_not_exists(ab, :none), :version)";
            Action::update(key, format!("SET {ABORTED} = {list} REMOVE {PENDING}"))
                .value(":none", write_aborted(&[]))
                .value(":version", write_aborted(&[pending.version]))
        };
        transaction.push(
            update.when("p.#id = :id", Meaning::Fence).name("#id", ID).value(":id", s(&pending.id)),
        );
        for key in keys {
            transaction.push(free(organization, key, group.id.uuid()));
        }
        drop_fences(&mut transaction, organization, group.id);
        self.transact(ctx, &transaction).await
    }

    /// A claim stood in the way. `Ok` says that it may be gone now: try again.
    ///
    /// # Errors
    /// [`CommitError::Taken`] when somebody has it; [`CommitError::Busy`] when a creation that has it does not
    /// end in time.
    pub(crate) async fn clear_claim(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        key: &IndexKey,
        attempt: u32,
    ) -> Result<(), CommitError> {
        let Some(item) = self.get(&keys::claim(organization, key)).await? else {
            return Ok(());
        };
        let (owner, standing) = read_claim(&item)?;
        if standing == Standing::Committed {
            return Err(CommitError::Taken(key.clone()));
        }
        match self.head(organization, owner.into()).await? {
            Some(Head::Live(_)) => Err(CommitError::Taken(key.clone())),
            Some(Head::Creation(group, keys)) => {
                self.wait_or_abandon(ctx, organization, &group, &keys, attempt).await
            }
            // Its claims were freed in the same transaction: another look finds none.
            None | Some(Head::Tombstone(_)) => Ok(()),
        }
    }
}

//! Clearing what large changes and large deletions leave behind. Readers never see any of it; it only takes
//! room.

use std::collections::HashSet;

use lychgate_core::{
    ctx::Ctx,
    ids::{GroupId, MemberId, OrganizationId, UserId},
    ports::{CommitError, Leftovers, StoreError},
    record::{Group, Span},
};
use uuid::Uuid;

use crate::{
    Store,
    groups::{forget, leave, write_mirror},
    item::{
        ABORTED, Item, MEMBERSHIPS, Reader, SK, UNTIL,
        group::{Head, write_aborted},
        instant, item,
        membership::{Row, read_row, span_text},
        n, s,
    },
    keys,
    large::in_lanes,
    pending::is_live,
    read::{Bound, Stretch},
    transact::{Action, Meaning, RESERVE_MILLIS, Refused, Transaction},
};

/// How many rows one transaction clears: two actions each.
const ROWS_PER_TRANSACTION: usize = 50;
/// How many chores one look brings.
const CHORES_PER_LOOK: u32 = 25;

const KIND: &str = "k";
const GROUP: &str = "group";
const USER: &str = "user";
const AT: &str = "at";

/// What a chore is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A group's rows.
    Group(GroupId),
    /// A user's rows in all its groups.
    User(UserId),
}

impl Target {
    const fn uuid(self) -> Uuid {
        match self {
            Self::Group(id) => id.uuid(),
            Self::User(id) => id.uuid(),
        }
    }
}

/// A row that nobody sees, or whose end nobody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rubbish {
    /// Whose row.
    pub(crate) member: MemberId,
    /// As it stands.
    pub(crate) span: Span,
    /// What to do about it.
    pub(crate) undo: Undo,
}

/// How rubbish is cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undo {
    /// The row was added by a change that was given up, or has ended: it goes.
    Delete,
    /// Its end belongs to a change that was given up: the end goes, the member stays.
    Restore,
    /// Its whole group is gone: it goes, whatever it says.
    DeleteAny,
}

/// How far a clearing came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cleared {
    /// How many rows.
    pub(crate) rows: u64,
    /// Whether that was all; `false` when the time was up.
    pub(crate) all: bool,
}

/// Writes down that something will be left to clear.
pub(crate) fn put_chore(
    ctx: &Ctx<'_>,
    organization: &OrganizationId,
    target: Target,
    change: &str,
) -> Action {
    let kind = match target {
        Target::Group(_) => GROUP,
        Target::User(_) => USER,
    };
    let key = keys::chore(organization, target.uuid(), change);
    let item = item(&key, [(KIND, Some(s(kind))), (AT, Some(instant(ctx.now())))]);
    Action::put(key, item)
}

/// Nothing is left to clear.
pub(crate) fn drop_chore(organization: &OrganizationId, target: Target, change: &str) -> Action {
    Action::delete(keys::chore(organization, target.uuid(), change))
}

fn read_chore(item: &Item) -> Result<(Target, String), StoreError> {
    let reader = Reader::new("chore", item);
    let (uuid, change) = reader.parsed(SK, |text| text.split_once('#'))?;
    let uuid = Uuid::try_parse(uuid).map_err(|_| reader.corrupt(SK))?;
    let target = match reader.text(KIND)? {
        GROUP => Target::Group(uuid.into()),
        USER => Target::User(uuid.into()),
        _ => return Err(reader.corrupt(KIND)),
    };
    Ok((target, change.to_owned()))
}

/// What is wrong with a row, at a state of its group. Judged only by versions that are settled: one that
/// began meanwhile is neither committed nor given up, and stays.
fn rubbish(group: &Group, row: &Row) -> Option<Rubbish> {
    let given_up = |version: u64| group.aborted.contains(&version);
    let committed = |version: u64| version <= group.version && !given_up(version);
    let undo = if given_up(row.span.since) || row.span.until.is_some_and(committed) {
        Undo::Delete
    } else if row.span.until.is_some_and(given_up) {
        Undo::Restore
    } else {
        return None;
    };
    Some(Rubbish { member: row.member.id, span: row.span, undo })
}

impl Rubbish {
    /// The row and its mirror, in lockstep, if both still are as they were seen.
    fn actions(&self, organization: &OrganizationId, group: GroupId) -> [Action; 2] {
        if self.undo == Undo::DeleteAny {
            return leave(organization, group, self.member);
        }
        let key = keys::row(organization, group, self.member.uuid());
        let (row, mirror) = match self.undo {
            Undo::Restore => {
                let span = Span { until: None, ..self.span };
                (
                    Action::update(key, format!("REMOVE {UNTIL}")),
                    write_mirror(organization, group, self.member, span),
                )
            }
            Undo::Delete | Undo::DeleteAny => {
                (Action::delete(key), forget(organization, group, self.member))
            }
        };
        let row = row.value(":since", n(self.span.since));
        let row = match self.span.until {
            None => row.when("s = :since AND attribute_not_exists(u)", Meaning::Other),
            Some(until) => {
                row.when("s = :since AND u = :until", Meaning::Other).value(":until", n(until))
            }
        };
        let mirror = mirror
            .when(format!("{MEMBERSHIPS}.#group = :was"), Meaning::Other)
            .value(":was", s(span_text(self.span)));
        [row, mirror]
    }
}

impl Store {
    /// Clears rows, as far as the time allows. What is no longer as it was seen is left alone.
    pub(crate) async fn clear_rows(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: GroupId,
        rubbish: &[Rubbish],
    ) -> Result<Cleared, StoreError> {
        let chunks: Vec<&[Rubbish]> = rubbish.chunks(ROWS_PER_TRANSACTION).collect();
        let rows = std::sync::atomic::AtomicU64::new(0);
        let late = std::sync::atomic::AtomicBool::new(false);
        let order = std::sync::atomic::Ordering::Relaxed;
        in_lanes(chunks.len(), |_, job| {
            let (chunk, rows, late) = (chunks.get(job), &rows, &late);
            async move {
                if ctx.has_millis(RESERVE_MILLIS) {
                    let chunk = chunk.copied().unwrap_or_default();
                    let cleared = self.clear_chunk(ctx, organization, group, chunk).await?;
                    rows.fetch_add(cleared, order);
                } else {
                    late.store(true, order);
                }
                Ok::<_, StoreError>(())
            }
        })
        .await?;
        Ok(Cleared { rows: rows.into_inner(), all: !late.into_inner() })
    }

    async fn clear_chunk(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: GroupId,
        rubbish: &[Rubbish],
    ) -> Result<u64, StoreError> {
        let mut left = rubbish.to_vec();
        while !left.is_empty() {
            let mut transaction = Transaction::default();
            for row in &left {
                transaction.actions.extend(row.actions(organization, group));
            }
            match self.transact(ctx, &transaction).await {
                Ok(()) => return Ok(u64::try_from(left.len()).unwrap_or(u64::MAX)),
                Err(Refused::Conditions(failed)) => {
                    // Those that moved meanwhile are somebody else's now; the others still go.
                    let moved: HashSet<usize> =
                        failed.iter().map(|failed| failed.index / 2).collect();
                    let mut index = 0..;
                    left.retain(|_| index.next().is_some_and(|index| !moved.contains(&index)));
                }
                Err(Refused::Store(error)) => return Err(error),
                Err(Refused::TooLarge) => return Ok(0),
            }
        }
        Ok(0)
    }

    /// Clears what large changes left in a group; all of its rows when the group is gone.
    pub(crate) async fn sweep_group(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: GroupId,
    ) -> Result<Cleared, CommitError> {
        loop {
            let (group, keys) = match self.head(organization, group).await? {
                None => return Ok(Cleared { rows: 0, all: true }),
                Some(Head::Tombstone(group)) => {
                    return self.sweep_tombstone(ctx, organization, group.id).await;
                }
                Some(Head::Live(group)) if group.pending.is_none() => {
                    return self.sweep_live(ctx, organization, &group).await;
                }
                Some(Head::Live(group)) => (group, Vec::new()),
                Some(Head::Creation(group, keys)) => (group, keys),
            };
            if !ctx.has_millis(RESERVE_MILLIS)
                || group.pending.as_ref().is_some_and(|pending| is_live(ctx, pending))
            {
                return Ok(Cleared::default());
            }
            self.wait_or_abandon(ctx, organization, &group, &keys, 0).await?;
        }
    }

    /// Walks a group's rows and clears those that `judge` finds fault with.
    async fn sweep_rows(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: GroupId,
        judge: impl Fn(&Row) -> Option<Rubbish>,
    ) -> Result<Cleared, StoreError> {
        let mut stretch = Stretch {
            pk: keys::rows(organization, group),
            bound: Bound::All,
            consistent: true,
            limit: None,
        };
        let mut rows = 0;
        loop {
            if !ctx.has_millis(RESERVE_MILLIS) {
                return Ok(Cleared { rows, all: false });
            }
            let page = self.page(&stretch).await?;
            let mut found = Vec::new();
            for item in &page.items {
                found.extend(judge(&read_row(item)?));
            }
            let cleared = self.clear_rows(ctx, organization, group, &found).await?;
            rows += cleared.rows;
            match page.next {
                Some(next) if cleared.all => stretch.bound = Bound::After(next),
                _ => return Ok(Cleared { rows, ..cleared }),
            }
        }
    }

    async fn sweep_live(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
    ) -> Result<Cleared, CommitError> {
        let cleared =
            self.sweep_rows(ctx, organization, group.id, |row| rubbish(group, row)).await?;
        if !cleared.all || group.aborted.is_empty() {
            return Ok(cleared);
        }
        // No row speaks of these versions any more. The latest stays as long as the next version is made
        // from it: a version is never used twice.
        let latest = group.aborted.iter().copied().max();
        let kept: Vec<u64> = latest.filter(|latest| *latest > group.version).into_iter().collect();
        if kept == group.aborted {
            return Ok(cleared);
        }
        let key = keys::group(organization, group.id);
        let prune = if kept.is_empty() {
            Action::update(key, format!("REMOVE {ABORTED}"))
        } else {
            Action::update(key, format!("SET {ABORTED} = :kept"))
                .value(":kept", write_aborted(&kept))
        };
        let mut transaction = Transaction::default();
        transaction.push(
            prune
                .when("ab = :ab AND v >= :v", Meaning::Other)
                .value(":ab", write_aborted(&group.aborted))
                .value(":v", n(group.version)),
        );
        match self.transact(ctx, &transaction).await {
            Ok(()) => Ok(cleared),
            Err(Refused::Conditions(_)) => Ok(Cleared { all: false, ..cleared }),
            Err(refused) => Err(refused.commit_error()),
        }
    }

    async fn sweep_tombstone(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: GroupId,
    ) -> Result<Cleared, CommitError> {
        let any = |row: &Row| {
            Some(Rubbish { member: row.member.id, span: row.span, undo: Undo::DeleteAny })
        };
        let mut cleared = self.sweep_rows(ctx, organization, group, any).await?;
        let rows = Stretch {
            pk: keys::rows(organization, group),
            bound: Bound::All,
            consistent: true,
            limit: Some(1),
        };
        if !cleared.all || !self.page(&rows).await?.items.is_empty() {
            cleared.all = false;
            return Ok(cleared);
        }
        let mut transaction = Transaction::default();
        transaction.push(
            Action::delete(keys::group(organization, group))
                .when("attribute_not_exists(pk) OR attribute_exists(x)", Meaning::Other),
        );
        self.transact(ctx, &transaction).await.map_err(Refused::commit_error)?;
        Ok(cleared)
    }

    /// Does one chore and drops it when nothing is left of it.
    pub(crate) async fn do_chore(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        target: Target,
        change: &str,
    ) -> Result<Cleared, CommitError> {
        let cleared = match target {
            Target::Group(group) => self.sweep_group(ctx, organization, group).await?,
            Target::User(user) => self.sweep_user(ctx, organization, user).await?,
        };
        if cleared.all {
            let mut transaction = Transaction::default();
            transaction.push(drop_chore(organization, target, change));
            self.transact(ctx, &transaction).await.map_err(Refused::commit_error)?;
        }
        Ok(cleared)
    }
}

impl Leftovers for Store {
    async fn clear_leftovers(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
    ) -> Result<u64, StoreError> {
        let mut stretch = Stretch {
            pk: keys::chores(organization),
            bound: Bound::All,
            consistent: true,
            limit: Some(CHORES_PER_LOOK),
        };
        let mut rows: u64 = 0;
        loop {
            let page = self.page(&stretch).await?;
            for item in &page.items {
                if !ctx.has_millis(RESERVE_MILLIS) {
                    return Ok(rows);
                }
                let (target, change) = read_chore(item)?;
                match self.do_chore(ctx, organization, target, &change).await {
                    Ok(cleared) => rows = rows.saturating_add(cleared.rows),
                    Err(CommitError::Store(error)) => return Err(error),
                    // Somebody works on it: the next sweep looks again.
                    Err(error) => tracing::info!(?error, "a leftover is kept for the next sweep"),
                }
            }
            match page.next {
                None => return Ok(rows),
                Some(next) => stretch.bound = Bound::After(next),
            }
        }
    }
}

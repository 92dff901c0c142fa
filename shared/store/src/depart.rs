//! Deleting a user or a group together with its place in groups.
//!
//! A member of few groups goes in one transaction with its rows and the groups' counts. A user who is in more
//! groups than a transaction holds goes in three steps, and readers see one moment only, the second:
//! 1. its rows are flagged: who reads one looks at the member's own item as well;
//! 2. one transaction makes the user a tombstone, frees its keys, counts it away and writes the event;
//! 3. its rows go, group by group, each with that group's count: now as far as the time allows, the rest by
//!    a chore. (A group's *count* may therefore be ahead of its members for that long.)

use std::collections::{HashMap, HashSet};

use lychgate_core::{
    ctx::Ctx,
    ids::{GroupId, MemberId, OrganizationId, UserId},
    ports::CommitError,
    record::{Group, Memberships, User},
};

use crate::{
    Store,
    groups::{HEAD_ATTEMPTS_MAX, forget, leave, same_version, yes},
    item::{
        COUNT, DELETED, DOC, FLAG, MEMBERSHIPS, MODIFIED, Reader, VERSION,
        group::{self, Head},
        instant,
        membership::{Row, read_memberships, read_row, write_memberships},
        n,
    },
    keys,
    large::{in_lanes, new_change_id},
    leftovers::{Cleared, Target, put_chore},
    pending::{as_read, next_version},
    read::{Bound, Stretch},
    transact::{ACTIONS_MAX, Action, Meaning, RESERVE_MILLIS, Refused, Transaction},
};

const RACE_BACKOFF_MILLIS: u64 = 20;
const RACE_BACKOFF_MILLIS_MAX: u64 = 300;

/// The limit that a group's nesting met.
const TOO_MANY_PARENTS: &str = "The group is nested in too many groups to be deleted at once. Take it out of some of them first.";

/// How a member leaves one of its groups.
enum Step {
    /// The group counts it: the head moves with the row.
    Leave(Box<Group>),
    /// Nobody sees the row: only the row goes.
    RowOnly(GroupId),
}

impl Step {
    fn push(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        member: MemberId,
        also_forget: Option<GroupId>,
        transaction: &mut Transaction<'_>,
    ) {
        let id = match self {
            Self::Leave(group) => {
                transaction.push(count_one_less(ctx, organization, group, also_forget));
                group.id
            }
            Self::RowOnly(id) => *id,
        };
        transaction.push(Action::delete(keys::row(organization, id, member.uuid())));
    }
}

/// A group loses one member; `also_forget` takes a mirror out of its item in the same action, because a
/// transaction may touch an item only once.
fn count_one_less(
    ctx: &Ctx<'_>,
    organization: &OrganizationId,
    group: &Group,
    also_forget: Option<GroupId>,
) -> Action {
    let mut expression = format!("SET {VERSION} = :v, {COUNT} = {COUNT} + :less, {MODIFIED} = :mo");
    if also_forget.is_some() {
        expression.push_str(" REMOVE g.#group");
    }
    let action = Action::update(keys::group(organization, group.id), expression)
        .value(":v", n(next_version(group)))
        .value(":less", n(-1))
        .value(":mo", instant(ctx.now()));
    let action = match also_forget {
        None => action,
        Some(child) => action.name("#group", child.to_string()),
    };
    as_read(action, group, Meaning::Other)
}

/// The condition that nobody changed the memberships since they were read. Comparing the whole map is what
/// makes it impossible to delete a member and leave a row behind.
fn with_memberships(action: Action, memberships: &Memberships) -> Action {
    action.value(":g", write_memberships(memberships))
}

/// Whether only something beside the subject moved.
fn is_race(refused: &Refused) -> bool {
    let Refused::Conditions(failed) = refused else {
        return false;
    };
    failed.iter().all(|failed| matches!(failed.meaning, Meaning::Other | Meaning::Member(_)))
}

impl Store {
    /// What has to happen in each group that a member is in, or once was.
    async fn steps(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        memberships: &Memberships,
    ) -> Result<Vec<Step>, CommitError> {
        let keys = memberships.keys().map(|id| keys::group(organization, *id));
        let mut heads = HashMap::new();
        if !memberships.is_empty() {
            for item in self.get_all(ctx, keys).await? {
                let head = group::read(&item)?;
                let (Head::Live(group) | Head::Creation(group, _) | Head::Tombstone(group)) = &head;
                heads.insert(group.id, head);
            }
        }
        let mut steps = Vec::with_capacity(memberships.len());
        for (id, span) in memberships {
            let group = match heads.remove(id) {
                Some(Head::Live(group)) => self.settle(ctx, organization, group).await?,
                Some(Head::Creation(group, keys)) => {
                    self.settle_creation(ctx, organization, group, &keys).await?
                }
                None | Some(Head::Tombstone(_)) => None,
            };
            steps.push(match group {
                Some(group) if group.sees(*span) => Step::Leave(Box::new(group)),
                _ => Step::RowOnly(*id),
            });
        }
        Ok(steps)
    }

    /// Waits until a creation is committed or given up.
    async fn settle_creation(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: Group,
        keys: &[lychgate_core::record::IndexKey],
    ) -> Result<Option<Group>, CommitError> {
        for attempt in 0.. {
            self.wait_or_abandon(ctx, organization, &group, keys, attempt).await?;
            match self.head(organization, group.id).await? {
                Some(Head::Live(group)) => return self.settle(ctx, organization, group).await,
                Some(Head::Creation(..)) => {}
                None | Some(Head::Tombstone(_)) => break,
            }
        }
        Ok(None)
    }

    /// Deletes a user; `fixed` has its keys, the count and the event.
    pub(crate) async fn depart_user(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: &User,
        fixed: Transaction<'_>,
    ) -> Result<(), CommitError> {
        let member = MemberId::User(user.id);
        // Even with nothing but rows it would be too much.
        if fixed.len() + 1 + user.memberships.len() > ACTIONS_MAX {
            return self.depart_many(ctx, organization, user, fixed).await;
        }
        for attempt in 0..HEAD_ATTEMPTS_MAX {
            let mut transaction = fixed.clone();
            let delete = Action::delete(keys::user(organization, user.id))
                .when("v = :was AND g = :g AND attribute_not_exists(x)", Meaning::Subject)
                .value(":was", n(user.version));
            transaction.push(with_memberships(delete, &user.memberships));
            for step in self.steps(ctx, organization, &user.memberships).await? {
                step.push(ctx, organization, member, None, &mut transaction);
            }
            if transaction.len() > ACTIONS_MAX {
                return self.depart_many(ctx, organization, user, fixed).await;
            }
            match self.transact(ctx, &transaction).await {
                Ok(()) => return Ok(()),
                Err(refused) if is_race(&refused) => {}
                Err(refused) => return Err(refused.commit_error()),
            }
            ctx.back_off(attempt, RACE_BACKOFF_MILLIS, RACE_BACKOFF_MILLIS_MAX).await;
        }
        Err(CommitError::Stale)
    }

    /// Deletes a user who is in more groups than a transaction holds.
    async fn depart_many(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: &User,
        fixed: Transaction<'_>,
    ) -> Result<(), CommitError> {
        self.flag_rows(ctx, organization, user).await?;
        let mut transaction = fixed;
        let bury = Action::update(
            keys::user(organization, user.id),
            format!("SET {DELETED} = :true REMOVE {DOC}"),
        )
        .when("v = :was AND g = :g AND attribute_not_exists(x)", Meaning::Subject)
        .value(":true", yes())
        .value(":was", n(user.version));
        transaction.push(with_memberships(bury, &user.memberships));
        let (target, change) = (Target::User(user.id), new_change_id(ctx));
        transaction.push(put_chore(ctx, organization, target, &change));
        self.transact(ctx, &transaction).await.map_err(Refused::commit_error)?;
        // From here on it is deleted; whatever is not cleared now the sweep clears.
        if let Err(error) = self.do_chore(ctx, organization, target, &change).await {
            tracing::info!(?error, "a deleted member's rows are left to the sweep");
        }
        Ok(())
    }

    async fn flag_rows(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: &User,
    ) -> Result<(), CommitError> {
        let groups: Vec<GroupId> = user.memberships.keys().copied().collect();
        let chunks: Vec<&[GroupId]> = groups.chunks(ACTIONS_MAX).collect();
        in_lanes(chunks.len(), |_, job| {
            let chunk = chunks.get(job).copied().unwrap_or_default();
            async move {
                let mut transaction = Transaction::default();
                for group in chunk {
                    let key = keys::row(organization, *group, user.id.uuid());
                    transaction.push(
                        Action::update(key, format!("SET {FLAG} = :true"))
                            // A row that went meanwhile says that the memberships moved.
                            .when("attribute_exists(pk)", Meaning::Subject)
                            .value(":true", yes()),
                    );
                }
                self.transact(ctx, &transaction).await.map_err(Refused::commit_error)
            }
        })
        .await
    }

    /// Clears the rows of a user that is a tombstone, then the tombstone.
    pub(crate) async fn sweep_user(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
    ) -> Result<Cleared, CommitError> {
        let key = keys::user(organization, user);
        let Some(item) = self.get(&key).await? else {
            return Ok(Cleared { rows: 0, all: true });
        };
        let reader = Reader::new("user", &item);
        if !reader.flag(DELETED)? {
            // The deletion never came to its second step.
            return Ok(Cleared { rows: 0, all: true });
        }
        let memberships = read_memberships(&reader)?;
        let mut rows = 0;
        for (group, span) in memberships {
            if !ctx.has_millis(RESERVE_MILLIS) {
                return Ok(Cleared { rows, all: false });
            }
            let one = Memberships::from([(group, span)]);
            self.leave_one(ctx, organization, user, &one).await?;
            rows += 1;
        }
        let mut transaction = Transaction::default();
        let delete = Action::delete(key).when("attribute_exists(x) AND g = :g", Meaning::Other);
        transaction.push(with_memberships(delete, &Memberships::new()));
        match self.transact(ctx, &transaction).await {
            Ok(()) => Ok(Cleared { rows, all: true }),
            Err(Refused::Conditions(_)) => Ok(Cleared { rows, all: false }),
            Err(refused) => Err(refused.commit_error()),
        }
    }

    async fn leave_one(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
        one: &Memberships,
    ) -> Result<(), CommitError> {
        let member = MemberId::User(user);
        for attempt in 0..HEAD_ATTEMPTS_MAX {
            let mut transaction = Transaction::default();
            for step in self.steps(ctx, organization, one).await? {
                step.push(ctx, organization, member, None, &mut transaction);
            }
            for (group, span) in one {
                let was = crate::item::membership::span_text(*span);
                transaction.push(
                    forget(organization, *group, member)
                        .when("g.#group = :was", Meaning::Subject)
                        .value(":was", crate::item::s(was)),
                );
            }
            match self.transact(ctx, &transaction).await {
                Ok(()) => return Ok(()),
                Err(refused) if is_race(&refused) => {}
                Err(refused) => return Err(refused.commit_error()),
            }
            ctx.back_off(attempt, RACE_BACKOFF_MILLIS, RACE_BACKOFF_MILLIS_MAX).await;
        }
        Err(CommitError::Stale)
    }

    /// Deletes a group; `fixed` has its keys, the count and the event.
    pub(crate) async fn depart_group(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
        fixed: Transaction<'_>,
    ) -> Result<(), CommitError> {
        let mut current = group.clone();
        for attempt in 0..HEAD_ATTEMPTS_MAX {
            current = self.settle_at(ctx, organization, current).await?;
            let steps = self.steps(ctx, organization, &group.memberships).await?;
            let room = ACTIONS_MAX.saturating_sub(fixed.len() + 1 + 2 * steps.len()) / 2;
            let rows = self.few_rows(organization, group.id, room).await?;
            let Some(rows) = rows else {
                return self.bury_group(ctx, organization, &current, group, &steps, fixed).await;
            };
            let mut transaction = fixed.clone();
            let delete = Action::delete(keys::group(organization, group.id));
            transaction.push(group_as_read(delete, &current, &group.memberships));
            push_rows(ctx, organization, group.id, &steps, &rows, &mut transaction);
            let refused = match self.transact(ctx, &transaction).await {
                Ok(()) => return Ok(()),
                Err(refused) => refused,
            };
            match same_version(&refused, group) {
                Some(head) if head.memberships == group.memberships => current = head,
                Some(_) => return Err(CommitError::Stale),
                None if is_race(&refused) => {}
                None => return Err(refused.commit_error()),
            }
            ctx.back_off(attempt, RACE_BACKOFF_MILLIS, RACE_BACKOFF_MILLIS_MAX).await;
        }
        Err(CommitError::Stale)
    }

    /// Makes a group with many rows a tombstone: it is gone at once; its rows go after it.
    async fn bury_group(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        current: &Group,
        group: &Group,
        steps: &[Step],
        fixed: Transaction<'_>,
    ) -> Result<(), CommitError> {
        let (target, change) = (Target::Group(group.id), new_change_id(ctx));
        let mut transaction = fixed;
        let bury = Action::update(
            keys::group(organization, group.id),
            format!("SET {DELETED} = :true, {MEMBERSHIPS} = :none"),
        )
        .value(":true", yes())
        .value(":none", write_memberships(&Memberships::new()));
        transaction.push(group_as_read(bury, current, &group.memberships));
        for step in steps {
            let member = MemberId::Group(group.id);
            step.push(ctx, organization, member, None, &mut transaction);
        }
        transaction.push(put_chore(ctx, organization, target, &change));
        if transaction.len() > ACTIONS_MAX {
            return Err(CommitError::TooLarge(TOO_MANY_PARENTS));
        }
        self.transact(ctx, &transaction).await.map_err(Refused::commit_error)?;
        // From here on it is deleted; whatever is not cleared now the sweep clears.
        if let Err(error) = self.do_chore(ctx, organization, target, &change).await {
            tracing::info!(?error, "a deleted group's rows are left to the sweep");
        }
        Ok(())
    }

    /// All rows of a group, seen or not; `None` when there are more than `limit`.
    async fn few_rows(
        &self,
        organization: &OrganizationId,
        group: GroupId,
        limit: usize,
    ) -> Result<Option<Vec<Row>>, CommitError> {
        let page = self
            .page(&Stretch {
                pk: keys::rows(organization, group),
                bound: Bound::All,
                consistent: true,
                limit: u32::try_from(limit + 1).ok(),
            })
            .await?;
        if page.items.len() > limit || page.next.is_some() {
            return Ok(None);
        }
        let rows = page.items.iter().map(read_row);
        Ok(Some(rows.collect::<Result<_, _>>()?))
    }
}

/// The condition that neither the group nor its place in other groups moved.
fn group_as_read(action: Action, current: &Group, memberships: &Memberships) -> Action {
    let action = as_read(action, current, Meaning::Subject).and("g = :g");
    with_memberships(action, memberships)
}

/// The group's own rows go, and its rows in other groups. A group that is on both sides is touched once.
fn push_rows(
    ctx: &Ctx<'_>,
    organization: &OrganizationId,
    group: GroupId,
    steps: &[Step],
    rows: &[Row],
    transaction: &mut Transaction<'_>,
) {
    let children: HashSet<MemberId> = rows.iter().map(|row| row.member.id).collect();
    let mut done = HashSet::new();
    for step in steps {
        let also = match step {
            Step::Leave(parent) if children.contains(&MemberId::Group(parent.id)) => {
                done.insert(MemberId::Group(parent.id));
                Some(group)
            }
            _ => None,
        };
        step.push(ctx, organization, MemberId::Group(group), also, transaction);
    }
    for row in rows {
        let [delete, mirror] = leave(organization, group, row.member.id);
        transaction.push(delete);
        if !done.contains(&row.member.id) {
            transaction.push(mirror);
        }
    }
}

//! Large changes: whole or not at all for every reader, whatever dies in the middle.
//!
//! 1. *Begin*: one transaction puts the pending change on the group's head, one fence for each lane, and a
//!    chore that finds the change again.
//! 2. *Batches*: each a transaction of rows and mirrors that checks its lane's fence. Nobody sees them: a
//!    span that begins or ends with a version that is not committed counts for nothing
//!    ([`Group::sees`]).
//! 3. *Commit*: one transaction moves the head to the new version with the new attributes and count, takes
//!    the pending change and the fences away and writes the event. Everybody sees all of it from then on.
//! 4. *Clear*: rows that ended with the commit go as far as the time allows; the chore stands for the rest.
//!
//! The fence is an item per lane, not the head itself: two transactions that check one item conflict with each
//! other, so lanes that all checked the head would take turns.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use lychgate_core::{
    ctx::Ctx,
    event::Event,
    ids::{GroupId, MemberId, OrganizationId},
    ports::{CommitError, List, StoreError},
    record::{Group, IndexKey, Member, Pending, Span},
};

use crate::{
    Store,
    groups::{HEAD_ATTEMPTS_MAX, is_live, join, own_group, same_version, write_head, write_mirror},
    index::{Standing, count_up, shift, take},
    item::{
        ID, PENDING, PROVISIONAL, Reader, UNTIL, VERSION,
        group::{self, CREATION_KEYS, Head, LAST_CHANGE, write_pending},
        item,
        membership::read_row,
        n, s,
    },
    keys,
    leftovers::{Rubbish, Target, Undo, drop_chore, put_chore},
    pending::{ABORTED_MAX, as_read, drop_fences, lease_ends, next_version},
    transact::{Action, Meaning, RESERVE_MILLIS, Refused, Transaction},
};

/// How many batches of a large change run side by side. The rows of a group lie in one partition, which takes
/// 1,000 write units a second: four batches of about a tenth of a second reach that.
pub const LANES: usize = 4;
/// How many members one batch changes: two actions each, and the fence.
pub const BATCH_MEMBERS_MAX: usize = 49;

/// A change of a group as the port states it.
#[derive(Clone, Copy)]
pub(crate) struct Edit<'a> {
    pub(crate) organization: &'a OrganizationId,
    pub(crate) before: &'a Group,
    pub(crate) after: &'a Group,
    pub(crate) keys_before: &'a [IndexKey],
    pub(crate) keys_after: &'a [IndexKey],
    pub(crate) add: &'a [Member],
    pub(crate) remove: &'a [MemberId],
    pub(crate) event: &'a Event,
}

/// A large change that has begun.
pub(crate) struct Change<'a> {
    organization: &'a OrganizationId,
    group: GroupId,
    pending: Pending,
    add: &'a [Member],
    remove: &'a [MemberId],
}

enum Batch<'a> {
    Add(&'a [Member]),
    Remove(&'a [MemberId]),
}

impl Change<'_> {
    fn fence(&self, lane: usize) -> Action {
        Action::check(keys::fence(self.organization, self.group, lane))
            .when("#id = :id", Meaning::Fence)
            .name("#id", ID)
            .value(":id", s(&self.pending.id))
    }

    fn target(&self) -> Target {
        Target::Group(self.group)
    }

    /// The fences and the chore, as the beginning writes them.
    fn set_up(&self, ctx: &Ctx<'_>, transaction: &mut Transaction<'_>) {
        for lane in 0..LANES {
            let key = keys::fence(self.organization, self.group, lane);
            let item = item(&key, [(ID, Some(s(&self.pending.id)))]);
            transaction.push(Action::put(key, item));
        }
        let (target, id) = (self.target(), &self.pending.id);
        transaction.push(put_chore(ctx, self.organization, target, id));
    }

    /// The fences go, and so does the chore when nothing is left to clear.
    fn tear_down(&self, transaction: &mut Transaction<'_>) {
        drop_fences(transaction, self.organization, self.group);
        if self.remove.is_empty() {
            transaction.push(drop_chore(self.organization, self.target(), &self.pending.id));
        }
    }

    fn batches(&self) -> Vec<Batch<'_>> {
        let add = self.add.chunks(BATCH_MEMBERS_MAX).map(Batch::Add);
        let remove = self.remove.chunks(BATCH_MEMBERS_MAX).map(Batch::Remove);
        add.chain(remove).collect()
    }
}

fn is_creation(head: &Head, pending: &Pending) -> bool {
    matches!(head, Head::Creation(group, _) if group.pending.as_ref() == Some(pending))
}

/// A new name for a change.
pub(crate) fn new_change_id(ctx: &Ctx<'_>) -> String {
    let mut bytes = [0_u8; 16];
    ctx.world.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Runs jobs in [`LANES`] lanes; the first error stops all of them after what they are at.
pub(crate) async fn in_lanes<E, F>(jobs: usize, run: impl Fn(usize, usize) -> F) -> Result<(), E>
where
    F: Future<Output = Result<(), E>>,
{
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let (next, failed, run) = (&next, &failed, &run);
    let lane = |lane: usize| async move {
        while !failed.load(Ordering::Relaxed) {
            let job = next.fetch_add(1, Ordering::Relaxed);
            if job >= jobs {
                break;
            }
            if let Err(error) = run(lane, job).await {
                failed.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(())
    };
    // As many as `LANES`.
    let (a, b, c, d) = tokio::join!(lane(0), lane(1), lane(2), lane(3));
    a.and(b).and(c).and(d)
}

impl Store {
    /// A change of members that is larger than a transaction. `current` is `before` with nothing pending.
    pub(crate) async fn update_large(
        &self,
        ctx: &Ctx<'_>,
        edit: &Edit<'_>,
        current: Group,
    ) -> Result<u64, CommitError> {
        // Found out now rather than after all the work; what counts is the condition at the commit.
        let unique = |key: &&IndexKey| key.index.is_unique();
        for key in edit.keys_after.iter().filter(unique) {
            if !edit.keys_before.contains(key) {
                self.clear_claim(ctx, edit.organization, key, 0).await?;
            }
        }
        let change = self.begin(ctx, edit, current).await?;
        let result = match self.write_batches(ctx, &change).await {
            Ok(ended) => self.commit(ctx, edit, &change).await.map(|()| ended),
            Err(error) => Err(error),
        };
        let ended = match result {
            Ok(ended) => ended,
            Err(error) => {
                self.retreat(ctx, &change, edit.before, &[], error).await?;
                Vec::new()
            }
        };
        if !edit.remove.is_empty() {
            self.clear_after(ctx, &change, &ended).await;
        }
        Ok(change.pending.version)
    }

    /// Puts the pending change on the head.
    async fn begin<'a>(
        &self,
        ctx: &Ctx<'_>,
        edit: &Edit<'a>,
        mut current: Group,
    ) -> Result<Change<'a>, CommitError> {
        let organization = edit.organization;
        for _ in 0..HEAD_ATTEMPTS_MAX {
            current = self.settle_at(ctx, organization, current).await?;
            // One place is kept free: whoever gives this change up must be able to write that down.
            if current.aborted.len() >= ABORTED_MAX {
                self.sweep_group(ctx, organization, current.id).await?;
                let swept = self.live_group(organization, current.id).await?;
                current = swept.ok_or(CommitError::Stale)?;
                if current.version != edit.before.version {
                    return Err(CommitError::Stale);
                }
                continue;
            }
            let change = Change {
                organization,
                group: current.id,
                pending: Pending {
                    id: new_change_id(ctx),
                    version: next_version(&current),
                    lease_ends: lease_ends(ctx),
                },
                add: edit.add,
                remove: edit.remove,
            };
            let mut transaction = Transaction::default();
            let key = keys::group(organization, current.id);
            let begin = Action::update(key, format!("SET {PENDING} = :p"))
                .value(":p", write_pending(&change.pending));
            transaction.push(as_read(begin, &current, Meaning::Subject));
            change.set_up(ctx, &mut transaction);
            match self.transact(ctx, &transaction).await {
                Ok(()) => return Ok(change),
                Err(Refused::Store(error)) => {
                    // It may have begun all the same: nobody shall wait for it.
                    let begun = &change.pending;
                    drop(self.abandon(ctx, organization, &current, begun, &[]).await);
                    return Err(error.into());
                }
                Err(refused) => match same_version(&refused, edit.before) {
                    Some(group) => current = group,
                    None => return Err(refused.commit_error()),
                },
            }
        }
        Err(CommitError::Stale)
    }

    /// Writes all rows and mirrors; gives the rows that end with the commit.
    async fn write_batches(
        &self,
        ctx: &Ctx<'_>,
        change: &Change<'_>,
    ) -> Result<Vec<Rubbish>, CommitError> {
        let batches = change.batches();
        let ended = Mutex::new(Vec::new());
        in_lanes(batches.len(), |lane, job| {
            let (batch, ended) = (batches.get(job), &ended);
            async move {
                if !ctx.has_millis(RESERVE_MILLIS) {
                    let text = "the large change did not end within its time";
                    return Err(StoreError::Unavailable(text.to_owned()).into());
                }
                match batch {
                    Some(Batch::Add(members)) => self.add_batch(ctx, change, lane, members).await,
                    Some(Batch::Remove(members)) => {
                        let rows = self.remove_batch(ctx, change, lane, members).await?;
                        // A poisoned lock would say that a lane panicked; its rows wait for the chore.
                        if let Ok(mut ended) = ended.lock() {
                            ended.extend(rows);
                        }
                        Ok(())
                    }
                    None => Ok(()),
                }
            }
        })
        .await?;
        Ok(ended.into_inner().unwrap_or_default())
    }

    async fn add_batch(
        &self,
        ctx: &Ctx<'_>,
        change: &Change<'_>,
        lane: usize,
        members: &[Member],
    ) -> Result<(), CommitError> {
        let mut transaction = Transaction::default();
        transaction.push(change.fence(lane));
        for member in members {
            let since = change.pending.version;
            let actions = join(change.organization, change.group, member, since);
            transaction.actions.extend(actions);
        }
        self.transact(ctx, &transaction).await.map_err(Refused::commit_error)
    }

    async fn remove_batch(
        &self,
        ctx: &Ctx<'_>,
        change: &Change<'_>,
        lane: usize,
        members: &[MemberId],
    ) -> Result<Vec<Rubbish>, CommitError> {
        let (organization, group) = (change.organization, change.group);
        let keys = members.iter().map(|member| keys::row(organization, group, member.uuid()));
        let items = self.get_all(ctx, keys).await?;
        if items.len() != members.len() {
            return Err(CommitError::Stale);
        }
        let mut transaction = Transaction::default();
        transaction.push(change.fence(lane));
        let mut ended = Vec::with_capacity(items.len());
        for item in &items {
            let row = read_row(item)?;
            let span = Span { since: row.span.since, until: Some(change.pending.version) };
            let key = keys::row(organization, group, row.member.id.uuid());
            transaction.push(
                Action::update(key, format!("SET {UNTIL} = :until"))
                    .when("s = :since", Meaning::Other)
                    .value(":since", n(span.since))
                    .value(":until", n(change.pending.version)),
            );
            transaction.push(
                // Of a member that is being deleted, too.
                write_mirror(organization, group, row.member.id, span)
                    .when("attribute_exists(pk)", Meaning::Member(row.member.id)),
            );
            ended.push(Rubbish { member: row.member.id, span, undo: Undo::Delete });
        }
        self.transact(ctx, &transaction).await.map_err(Refused::commit_error)?;
        Ok(ended)
    }

    async fn commit(
        &self,
        ctx: &Ctx<'_>,
        edit: &Edit<'_>,
        change: &Change<'_>,
    ) -> Result<(), CommitError> {
        let mut transaction = Transaction::with_event(edit.organization, edit.event);
        let more = format!(", {LAST_CHANGE} = :id REMOVE {PENDING}");
        transaction.push(
            write_head(edit, change.pending.version, &more)
                .when("v = :was AND p.#id = :id", Meaning::Fence)
                .name("#id", ID)
                .value(":was", n(edit.before.version))
                .value(":id", s(&change.pending.id)),
        );
        shift(
            &mut transaction,
            edit.organization,
            change.group.uuid(),
            edit.keys_before,
            edit.keys_after,
        );
        change.tear_down(&mut transaction);
        self.transact(ctx, &transaction).await.map_err(Refused::commit_error)
    }

    /// Gives our own change up after an error. `Ok` when it turns out to be committed: only the answer was lost.
    async fn retreat(
        &self,
        ctx: &Ctx<'_>,
        change: &Change<'_>,
        before: &Group,
        keys: &[IndexKey],
        error: CommitError,
    ) -> Result<(), CommitError> {
        match self.abandon(ctx, change.organization, before, &change.pending, keys).await {
            Err(Refused::Conditions(_)) => {
                let key = keys::group(change.organization, change.group);
                let item = self.get(&key).await?.unwrap_or_default();
                let last = Reader::new("group", &item).text_opt(LAST_CHANGE)?;
                if last == Some(&change.pending.id) { Ok(()) } else { Err(error) }
            }
            // When even that fails the lease ends by itself.
            Ok(()) | Err(_) => Err(error),
        }
    }

    /// Clears the rows that ended with the commit, as far as the time allows.
    async fn clear_after(&self, ctx: &Ctx<'_>, change: &Change<'_>, ended: &[Rubbish]) {
        if ended.len() != change.remove.len() {
            return;
        }
        let (organization, target) = (change.organization, change.target());
        let cleared = self.clear_rows(ctx, organization, change.group, ended).await;
        if matches!(cleared, Ok(ref cleared) if cleared.all) {
            let mut transaction = Transaction::default();
            transaction.push(drop_chore(organization, target, &change.pending.id));
            // When it fails the sweep finds nothing left to do and drops the chore.
            drop(self.transact(ctx, &transaction).await);
        }
    }

    /// Creates a group whose members do not fit in one transaction.
    pub(crate) async fn create_large(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
        keys: &[IndexKey],
        members: &[Member],
        event: &Event,
    ) -> Result<(), CommitError> {
        let change = Change {
            organization,
            group: group.id,
            pending: Pending {
                id: new_change_id(ctx),
                version: group.version.max(1),
                lease_ends: lease_ends(ctx),
            },
            add: members,
            remove: &[],
        };
        let unseen = Group { version: 0, pending: Some(change.pending.clone()), ..group.clone() };
        if !self.begin_creation(ctx, &change, &unseen, keys).await? {
            return Ok(());
        }
        let result = match self.write_batches(ctx, &change).await {
            Ok(_) => self.commit_creation(ctx, &change, keys, event).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => Ok(()),
            Err(error) => self.retreat(ctx, &change, &unseen, keys, error).await,
        }
    }

    /// Writes the head that nobody sees, with its claims. `false`: an earlier attempt has committed it.
    async fn begin_creation(
        &self,
        ctx: &Ctx<'_>,
        change: &Change<'_>,
        unseen: &Group,
        keys: &[IndexKey],
    ) -> Result<bool, CommitError> {
        let organization = change.organization;
        let mut transaction = Transaction::default();
        transaction.push(
            Action::put(
                keys::group(organization, unseen.id),
                group::write(organization, unseen, keys),
            )
            .when("attribute_not_exists(pk)", Meaning::Subject),
        );
        for key in keys {
            let id = unseen.id.uuid();
            transaction.push(take(organization, key, id, Standing::Provisional));
        }
        change.set_up(ctx, &mut transaction);
        for attempt in 0.. {
            match self.transact(ctx, &transaction).await {
                Ok(()) => return Ok(true),
                Err(Refused::Conditions(failed)) if own_group(&failed, is_live) => {
                    return Ok(false);
                }
                Err(Refused::Conditions(failed))
                    if own_group(&failed, |head| is_creation(head, &change.pending)) =>
                {
                    return Ok(true);
                }
                Err(Refused::Store(error)) => {
                    // It may have begun all the same: nobody shall wait for it.
                    let begun = &change.pending;
                    drop(self.abandon(ctx, organization, unseen, begun, keys).await);
                    return Err(error.into());
                }
                Err(refused) => {
                    self.try_again_after_claim(ctx, organization, refused, attempt).await?;
                }
            }
        }
        Err(CommitError::Stale)
    }

    async fn commit_creation(
        &self,
        ctx: &Ctx<'_>,
        change: &Change<'_>,
        keys: &[IndexKey],
        event: &Event,
    ) -> Result<(), CommitError> {
        let organization = change.organization;
        let mut transaction = Transaction::with_event(organization, event);
        transaction.push(
            Action::update(
                keys::group(organization, change.group),
                format!(
                    "SET {VERSION} = :v, {LAST_CHANGE} = :id REMOVE {PENDING}, {CREATION_KEYS}"
                ),
            )
            .when("p.#id = :id", Meaning::Fence)
            .name("#id", ID)
            .value(":v", n(change.pending.version))
            .value(":id", s(&change.pending.id)),
        );
        for key in keys.iter().filter(|key| key.index.is_unique()) {
            transaction.push(
                Action::update(keys::claim(organization, key), format!("REMOVE {PROVISIONAL}"))
                    .when("#id = :owner", Meaning::Other)
                    .name("#id", ID)
                    .value(":owner", s(change.group.to_string())),
            );
        }
        transaction.push(count_up(organization, List::Groups, None));
        change.tear_down(&mut transaction);
        self.transact(ctx, &transaction).await.map_err(Refused::commit_error)
    }
}

//! A store that fails when a test wants it to: before the work, after it (done, and the answer lost), by
//! throttling, by a lost race, or by a list that is out of date.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use lychgate_core::{
    access_token::AccessToken,
    ctx::Ctx,
    event::{Event, StoredEvent},
    ids::{EventId, GroupId, MemberId, OperatorKeyId, OrganizationId, UserId},
    journal::{RequestEntry, UnknownMembersEntry},
    operator_key::OperatorKey,
    organization::{Domain, Organization},
    ports::{
        AccessTokens, Beside, CommitError, Directory, Fetched, Groups, Journal, Leftovers, List,
        Membership, OperatorKeys, Organizations, StoreError, Users, Wanted,
    },
    record::{Group, IndexKey, Member, Span, User},
    time::Timestamp,
};
use uuid::Uuid;

use crate::world::Random;

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done, and the store seems to be away.
    Before,
    /// It is done, and the store seems to be away.
    After,
    /// Nothing is done: too many requests.
    Throttle,
    /// A write loses a race that nobody ran. Reads are not touched.
    Stale,
    /// A list read gives what the same read gave before. Other calls are not touched.
    StaleList,
}

/// How often each fault strikes, in a thousand calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rates {
    /// [`Fault::Before`].
    pub before: u32,
    /// [`Fault::After`].
    pub after: u32,
    /// [`Fault::Throttle`].
    pub throttle: u32,
    /// [`Fault::Stale`].
    pub stale: u32,
    /// [`Fault::StaleList`].
    pub stale_list: u32,
}

/// A list read, by what was asked: organization, list, after, limit.
type ListKey = (OrganizationId, Option<Uuid>, u32);

/// A store with faults. Calls are counted from 1; what the [`Journal`] records and page markers are best effort and
/// neither counted nor hurt. Clones share count and script.
#[derive(Debug, Clone)]
pub struct Faulty<S> {
    inner: S,
    calls: Arc<AtomicU64>,
    script: Arc<Mutex<Script>>,
    users_before: Arc<Mutex<BTreeMap<ListKey, Vec<User>>>>,
    groups_before: Arc<Mutex<BTreeMap<ListKey, Vec<Group>>>>,
}

#[derive(Debug, Default)]
struct Script {
    by_number: BTreeMap<u64, Fault>,
    by_chance: Option<(Random, Rates)>,
    struck: u64,
}

impl<S> Faulty<S> {
    /// Without any fault, until one is asked for.
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            calls: Arc::default(),
            script: Arc::default(),
            users_before: Arc::default(),
            groups_before: Arc::default(),
        }
    }

    /// The store itself, without faults.
    pub const fn inner(&self) -> &S {
        &self.inner
    }

    /// How many calls there were so far.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// How many of them were hurt.
    pub fn struck(&self) -> u64 {
        self.script().struck
    }

    /// The `ahead`-th call from now (1 is the next one) suffers this fault.
    pub fn strike_call(&self, ahead: u64, fault: Fault) {
        let number = self.calls() + ahead;
        self.script().by_number.insert(number, fault);
    }

    /// From now on faults strike by chance, the same ones for the same seed and the same calls.
    pub fn strike_by_chance(&self, seed: u64, rates: Rates) {
        self.script().by_chance = Some((Random::new(seed), rates));
    }

    /// No more faults.
    pub fn heal(&self) {
        *self.script() = Script { struck: self.struck(), ..Script::default() };
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Script> {
        self.script.lock().expect("no test panics while it holds the script")
    }

    fn next(&self) -> Option<Fault> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let mut script = self.script();
        let fault = script.by_number.remove(&number).or_else(|| {
            let (random, rates) = script.by_chance.as_mut()?;
            let shares = [
                (rates.before, Fault::Before),
                (rates.after, Fault::After),
                (rates.throttle, Fault::Throttle),
                (rates.stale, Fault::Stale),
                (rates.stale_list, Fault::StaleList),
            ];
            let mut draw = (random.bits() % 1000) as u32;
            shares.into_iter().find_map(|(share, fault)| {
                if draw < share {
                    return Some(fault);
                }
                draw -= share;
                None
            })
        });
        script.struck += u64::from(fault.is_some());
        fault
    }
}

fn away() -> StoreError {
    StoreError::Unavailable("a test took the store away".to_owned())
}

fn throttled() -> StoreError {
    StoreError::Throttled { retry_after_secs: 1 }
}

/// A call that may lose a race.
macro_rules! write {
    ($self:ident, $call:expr) => {
        match $self.next() {
            Some(Fault::Before) => Err(away().into()),
            Some(Fault::Throttle) => Err(throttled().into()),
            Some(Fault::Stale) => Err(CommitError::Stale.into()),
            Some(Fault::After) => match $call.await {
                Ok(_) => Err(away().into()),
                Err(error) => Err(error),
            },
            Some(Fault::StaleList) | None => $call.await,
        }
    };
}

/// A call that cannot.
macro_rules! plain {
    ($self:ident, $call:expr) => {
        match $self.next() {
            Some(Fault::Before) => Err(away().into()),
            Some(Fault::Throttle) => Err(throttled().into()),
            Some(Fault::After) => match $call.await {
                Ok(_) => Err(away().into()),
                Err(error) => Err(error),
            },
            Some(Fault::Stale | Fault::StaleList) | None => $call.await,
        }
    };
}

/// A list read, which may be out of date.
macro_rules! listed {
    ($self:ident, $kept:ident, $key:expr, $call:expr) => {{
        let key: ListKey = $key;
        match $self.next() {
            Some(Fault::Before | Fault::After) => Err(away()),
            Some(Fault::Throttle) => Err(throttled()),
            fault => {
                let kept = $self.$kept.lock().expect("lists").get(&key).cloned();
                let answer = match (fault, kept) {
                    (Some(Fault::StaleList), Some(kept)) => kept,
                    _ => $call.await?,
                };
                $self.$kept.lock().expect("lists").insert(key, answer.clone());
                Ok(answer)
            }
        }
    }};
}

// After the macros that it uses.
mod settings;
mod sign_in;

impl<S: Directory> Directory for Faulty<S> {
    async fn fetch(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        wanted: Wanted,
    ) -> Result<Fetched, StoreError> {
        plain!(self, self.inner.fetch(ctx, organization, wanted))
    }

    async fn look_up(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        key: &IndexKey,
        limit: u32,
    ) -> Result<Vec<Uuid>, StoreError> {
        plain!(self, self.inner.look_up(ctx, organization, key, limit))
    }

    async fn membership(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: GroupId,
        limit: usize,
    ) -> Result<Option<Membership>, CommitError> {
        plain!(self, self.inner.membership(ctx, organization, group, limit))
    }

    async fn members_after(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
        after: Option<MemberId>,
        limit: u32,
    ) -> Result<Vec<Member>, StoreError> {
        plain!(self, self.inner.members_after(ctx, organization, group, after, limit))
    }

    async fn member_span(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: GroupId,
        member: MemberId,
    ) -> Result<Option<Span>, StoreError> {
        plain!(self, self.inner.member_span(ctx, organization, group, member))
    }

    async fn users_after(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        let key = (organization.clone(), after.map(UserId::uuid), limit);
        listed!(self, users_before, key, self.inner.users_after(ctx, organization, after, limit))
    }

    async fn groups_after(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        after: Option<GroupId>,
        limit: u32,
    ) -> Result<Vec<Group>, StoreError> {
        let key = (organization.clone(), after.map(GroupId::uuid), limit);
        listed!(self, groups_before, key, self.inner.groups_after(ctx, organization, after, limit))
    }

    async fn marker_at_or_below(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        list: List,
        start_index: u64,
    ) -> Result<Option<(u64, Uuid)>, StoreError> {
        self.inner.marker_at_or_below(ctx, organization, list, start_index).await
    }

    async fn put_marker(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        list: List,
        start_index: u64,
        after: Uuid,
    ) {
        self.inner.put_marker(ctx, organization, list, start_index, after).await;
    }
}

impl<S: Users> Users for Faulty<S> {
    async fn create_user(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: &User,
        keys: &[IndexKey],
        seats: Option<u64>,
        event: &Event,
    ) -> Result<(), CommitError> {
        write!(self, self.inner.create_user(ctx, organization, user, keys, seats, event))
    }

    async fn update_user(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &User,
        after: &User,
        keys_before: &[IndexKey],
        keys_after: &[IndexKey],
        beside: Option<Beside<'_>>,
        event: &Event,
    ) -> Result<(), CommitError> {
        write!(
            self,
            self.inner.update_user(
                ctx,
                organization,
                before,
                after,
                keys_before,
                keys_after,
                beside,
                event
            )
        )
    }

    async fn delete_user(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: &User,
        keys: &[IndexKey],
        beside: Option<Beside<'_>>,
        event: &Event,
    ) -> Result<(), CommitError> {
        write!(self, self.inner.delete_user(ctx, organization, user, keys, beside, event))
    }
}

impl<S: Groups> Groups for Faulty<S> {
    async fn create_group(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
        keys: &[IndexKey],
        members: &[Member],
        event: &Event,
    ) -> Result<(), CommitError> {
        write!(self, self.inner.create_group(ctx, organization, group, keys, members, event))
    }

    async fn update_group(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &Group,
        after: &Group,
        keys_before: &[IndexKey],
        keys_after: &[IndexKey],
        add: &[Member],
        remove: &[MemberId],
        event: &Event,
    ) -> Result<u64, CommitError> {
        write!(
            self,
            self.inner.update_group(
                ctx,
                organization,
                before,
                after,
                keys_before,
                keys_after,
                add,
                remove,
                event
            )
        )
    }

    async fn relabel_members(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: GroupId,
        members: &[Member],
    ) {
        self.inner.relabel_members(ctx, organization, group, members).await;
    }

    async fn delete_group(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
        keys: &[IndexKey],
        event: &Event,
    ) -> Result<(), CommitError> {
        write!(self, self.inner.delete_group(ctx, organization, group, keys, event))
    }
}

impl<S: Organizations> Organizations for Faulty<S> {
    async fn organization(
        &self,
        ctx: &Ctx<'_>,
        id: &OrganizationId,
    ) -> Result<Option<Organization>, StoreError> {
        plain!(self, self.inner.organization(ctx, id))
    }

    async fn by_domain(
        &self,
        ctx: &Ctx<'_>,
        domain: &Domain,
    ) -> Result<Option<OrganizationId>, StoreError> {
        plain!(self, self.inner.by_domain(ctx, domain))
    }

    async fn organizations_after(
        &self,
        ctx: &Ctx<'_>,
        after: Option<&OrganizationId>,
        limit: u32,
    ) -> Result<Vec<Organization>, StoreError> {
        plain!(self, self.inner.organizations_after(ctx, after, limit))
    }

    async fn create_organization(
        &self,
        ctx: &Ctx<'_>,
        organization: &Organization,
        event: &Event,
    ) -> Result<bool, StoreError> {
        plain!(self, self.inner.create_organization(ctx, organization, event))
    }

    async fn update_organization(
        &self,
        ctx: &Ctx<'_>,
        before: &Organization,
        after: &Organization,
        event: &Event,
    ) -> Result<bool, CommitError> {
        write!(self, self.inner.update_organization(ctx, before, after, event))
    }

    async fn events_before(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        plain!(self, self.inner.events_before(ctx, organization, before, limit))
    }

    async fn events_after(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        plain!(self, self.inner.events_after(ctx, organization, after, limit))
    }
}

impl<S: Journal> Journal for Faulty<S> {
    async fn record(&self, ctx: &Ctx<'_>, organization: &OrganizationId, entry: &RequestEntry) {
        self.inner.record(ctx, organization, entry).await;
    }

    async fn record_unknown_members(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        entry: &UnknownMembersEntry,
    ) {
        self.inner.record_unknown_members(ctx, organization, entry).await;
    }

    async fn requests_before(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<(Timestamp, String)>,
        limit: u32,
    ) -> Result<Vec<RequestEntry>, StoreError> {
        plain!(self, self.inner.requests_before(ctx, organization, before, limit))
    }

    async fn unknown_members(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
    ) -> Result<Vec<UnknownMembersEntry>, StoreError> {
        plain!(self, self.inner.unknown_members(ctx, organization))
    }
}

impl<S: AccessTokens> AccessTokens for Faulty<S> {
    async fn put_access_token(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        token: &AccessToken,
    ) -> Result<(), StoreError> {
        plain!(self, self.inner.put_access_token(ctx, organization, token))
    }
}

impl<S: OperatorKeys> OperatorKeys for Faulty<S> {
    async fn operator_key(
        &self,
        ctx: &Ctx<'_>,
        id: &OperatorKeyId,
    ) -> Result<Option<OperatorKey>, StoreError> {
        plain!(self, self.inner.operator_key(ctx, id))
    }

    async fn operator_keys(&self, ctx: &Ctx<'_>) -> Result<Vec<OperatorKey>, StoreError> {
        plain!(self, self.inner.operator_keys(ctx))
    }

    async fn put_operator_key(&self, ctx: &Ctx<'_>, key: &OperatorKey) -> Result<(), StoreError> {
        plain!(self, self.inner.put_operator_key(ctx, key))
    }

    async fn delete_operator_key(
        &self,
        ctx: &Ctx<'_>,
        id: &OperatorKeyId,
    ) -> Result<bool, StoreError> {
        plain!(self, self.inner.delete_operator_key(ctx, id))
    }
}

impl<S: Leftovers> Leftovers for Faulty<S> {
    async fn clear_leftovers(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
    ) -> Result<u64, StoreError> {
        plain!(self, self.inner.clear_leftovers(ctx, organization))
    }
}

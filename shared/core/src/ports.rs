//! What the use cases need of a store, by role. `store` implements them on DynamoDB, `testkit` in memory; a
//! function names the roles that it needs, so that its binary holds no more.
//!
//! Every method takes the organization and the circumstances; every write takes the version it expects, so
//! that there is no method that could lose an update.

pub mod outside;
pub mod outside_parts;
pub mod settings;
pub mod sign_in;

pub use settings::SettingsLinks;
pub use sign_in::{
    Applications, Attempts, Connections, EmailDomains, Grants, NewMember, Passwords, Sessions,
    SignInError, SignInWrite, SignIns,
};

use std::future::Future;

use crate::{
    access_token::AccessToken,
    ctx::Ctx,
    event::{Event, StoredEvent},
    ids::{
        AccessTokenId, EventId, GroupId, LinkId, MemberId, OperatorKeyId, OrganizationId,
        SessionId, UserId,
    },
    journal::{RequestEntry, UnknownMembersEntry},
    operator_key::OperatorKey,
    organization::{Domain, Organization},
    record::{Group, IndexKey, Member, Span, User},
    session::Session,
    settings::link::SettingsLink,
    time::Timestamp,
};

/// Why the store did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// Too many requests for the table or a partition; try again after this many seconds.
    Throttled {
        /// Whole seconds.
        retry_after_secs: u32,
    },
    /// Away, or too slow: whether the write happened is not known.
    Unavailable(String),
    /// An item that cannot be read back.
    Corrupt(String),
}

/// Why a write did not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitError {
    /// Somebody was faster: read again and decide again.
    Stale,
    /// A unique value belongs to another resource.
    Taken(IndexKey),
    /// An e-mail domain leads to another organization.
    EmailDomainTaken(String),
    /// The licence's seats are used up.
    SeatsExhausted,
    /// A large change of the same group is under way.
    Busy {
        /// Whole seconds after which it ends or is given up.
        retry_after_secs: u32,
    },
    /// A member was deleted between the look and the write: look again.
    MemberGone,
    /// The resource would leave its limits (an item of 400 KB, too many groups of one member): the limit in words.
    TooLarge(&'static str),
    /// The store itself.
    Store(StoreError),
}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<CommitError> for SignInError {
    fn from(error: CommitError) -> Self {
        Self::Commit(error)
    }
}

impl From<StoreError> for SignInError {
    fn from(error: StoreError) -> Self {
        Self::Commit(CommitError::Store(error))
    }
}

/// What one strongly consistent read shall bring. Everything in it costs one unit per item of up to 4 KB and
/// goes out in one call for every hundred items.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted {
    /// The organization itself: the gate of every request.
    pub organization: bool,
    /// An access token of the client-credentials grant.
    pub access_token: Option<AccessTokenId>,
    /// A session of a member; one that has ended is not given.
    pub session: Option<(UserId, SessionId)>,
    /// A link into the settings, whether it holds or not, as long as it is kept ([`SettingsLink::kept_until`]).
    pub settings_link: Option<LinkId>,
    /// Users by id.
    pub users: Vec<UserId>,
    /// Groups by id.
    pub groups: Vec<GroupId>,
    /// Unique values: to whom they belong. (Others: [`Directory::look_up`].)
    pub claims: Vec<IndexKey>,
    /// How many users there are.
    pub user_count: bool,
    /// How many groups there are.
    pub group_count: bool,
}

/// What was found of what was [`Wanted`], in no particular order. What is not here does not exist: users and
/// groups that were deleted, and groups whose creation is not committed, are absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fetched {
    /// The organization.
    pub organization: Option<Organization>,
    /// The access token.
    pub access_token: Option<AccessToken>,
    /// The session.
    pub session: Option<Session>,
    /// The link into the settings.
    pub settings_link: Option<SettingsLink>,
    /// The users.
    pub users: Vec<User>,
    /// The groups.
    pub groups: Vec<Group>,
    /// The claims and whom they belong to (a user's or a group's UUID, by the index).
    pub claims: Vec<(IndexKey, uuid::Uuid)>,
    /// How many users there are.
    pub user_count: u64,
    /// How many groups there are.
    pub group_count: u64,
}

/// A group's members, all of them at one version.
#[derive(Debug, Clone, PartialEq)]
pub struct Membership {
    /// The group as it was at that version.
    pub group: Group,
    /// The members, in the order of their ids.
    pub members: Vec<Member>,
}

/// Which list of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum List {
    /// All users.
    Users,
    /// All groups.
    Groups,
}

/// Reading.
pub trait Directory: Send + Sync {
    /// Reads what is wanted, strongly consistent, in one call where it fits.
    fn fetch(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        wanted: Wanted,
    ) -> impl Future<Output = Result<Fetched, StoreError>> + Send;

    /// The resources (UUIDs) that have this value in a non-unique index; strongly consistent; at most `limit`.
    fn look_up(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        key: &IndexKey,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<uuid::Uuid>, StoreError>> + Send;

    /// All members of a group at one version (read again when the group moves meanwhile, a bounded number of
    /// times); `None` when it is gone; more than `limit` members give [`CommitError::TooLarge`].
    fn membership(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: GroupId,
        limit: usize,
    ) -> impl Future<Output = Result<Option<Membership>, CommitError>> + Send;

    /// Up to `limit` members of a group in the order of ids, after `after`: those that this version of the group sees, as
    /// it was read. One that a later change has added is not among them; one that was removed since may be missing already.
    /// Fewer than `limit` only at the end.
    fn members_after(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
        after: Option<MemberId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Member>, StoreError>> + Send;

    /// One membership row, as it stands, with no judgement: see [`Group::sees`].
    fn member_span(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: GroupId,
        member: MemberId,
    ) -> impl Future<Output = Result<Option<Span>, StoreError>> + Send;

    /// Up to `limit` users in the order of ids, after `after`; eventually consistent; fewer than `limit` only at the end.
    fn users_after(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        after: Option<UserId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<User>, StoreError>> + Send;

    /// Up to `limit` groups in the order of ids, after `after`; eventually consistent; fewer than `limit` only at the end.
    fn groups_after(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        after: Option<GroupId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Group>, StoreError>> + Send;

    /// The nearest page marker at or below `start_index` (1-based): `(index, key)` says that the resource at
    /// `index` is the first after `key`. Expired ones do not count.
    fn marker_at_or_below(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        list: List,
        start_index: u64,
    ) -> impl Future<Output = Result<Option<(u64, uuid::Uuid)>, StoreError>> + Send;

    /// Remembers where `start_index` begins. Best effort: a failure is not the caller's concern.
    fn put_marker(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        list: List,
        start_index: u64,
        after: uuid::Uuid,
    ) -> impl Future<Output = ()> + Send;
}

/// A change of the organization that must happen in the same transaction as a user's (the owners' list) or a connection's
/// (the active ones). It moves neither the domain nor an e-mail domain: those have claims, which only
/// [`Organizations::update_organization`] moves.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// As it was read: its version is the one expected.
    pub before: &'a Organization,
    /// As it shall be; its version is `before.version + 1`.
    pub after: &'a Organization,
}

/// Writing users.
pub trait Users: Directory {
    /// Creates a user with its claims, its look-ups, the count and the event, in one transaction.
    fn create_user(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: &User,
        keys: &[IndexKey],
        seats: Option<u64>,
        event: &Event,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Writes `after` over `before` (whose version is expected); keys are moved from `keys_before` to
    /// `keys_after`. Memberships are left as they are, and so is [`User::last_sign_in`]. A member who may no longer have a
    /// password loses the one it had.
    #[expect(clippy::too_many_arguments, reason = "one transaction, named part by part")]
    fn update_user(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &User,
        after: &User,
        keys_before: &[IndexKey],
        keys_after: &[IndexKey],
        beside: Option<Beside<'_>>,
        event: &Event,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Deletes a user: it, its keys, its password and its count are gone at once; so are its memberships, or (in more groups
    /// than a transaction holds) nobody sees them from then on.
    fn delete_user(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: &User,
        keys: &[IndexKey],
        beside: Option<Beside<'_>>,
        event: &Event,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;
}

/// Writing groups.
pub trait Groups: Directory {
    /// Creates a group with its members; whole or not at all, however many. `members` exist and are distinct.
    fn create_group(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
        keys: &[IndexKey],
        members: &[Member],
        event: &Event,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Writes `after`'s attributes and count over `before` (whose version is expected), adds and removes
    /// members; whole or not at all, however many. `add` are not members and exist; `remove` are members.
    /// Gives the new committed version: later than `after.version` says when a version had to be skipped.
    #[expect(clippy::too_many_arguments, reason = "one transaction, named part by part")]
    fn update_group(
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
    ) -> impl Future<Output = Result<u64, CommitError>> + Send;

    /// Writes the `display` of members who are there already: a label, so no version moves, and a failure is
    /// not the caller's concern.
    fn relabel_members(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: GroupId,
        members: &[Member],
    ) -> impl Future<Output = ()> + Send;

    /// Deletes a group. It is gone at once for every reader; the rows of a large one go after it.
    fn delete_group(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
        keys: &[IndexKey],
        event: &Event,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;
}

/// Organizations and their history: for the operator, and for the token endpoint.
pub trait Organizations: Send + Sync {
    /// One organization, strongly consistent.
    fn organization(
        &self,
        ctx: &Ctx<'_>,
        id: &OrganizationId,
    ) -> impl Future<Output = Result<Option<Organization>, StoreError>> + Send;

    /// The organization that has this domain.
    fn by_domain(
        &self,
        ctx: &Ctx<'_>,
        domain: &Domain,
    ) -> impl Future<Output = Result<Option<OrganizationId>, StoreError>> + Send;

    /// Up to `limit` organizations in the order of their ids, after `after`.
    fn organizations_after(
        &self,
        ctx: &Ctx<'_>,
        after: Option<&OrganizationId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Organization>, StoreError>> + Send;

    /// Creates one with the claim of its domain. `Ok(false)`: the domain is taken. It has no e-mail domains yet: they come
    /// by [`Organizations::update_organization`].
    fn create_organization(
        &self,
        ctx: &Ctx<'_>,
        organization: &Organization,
        event: &Event,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Writes `after` over `before`, moving the claims when the domain or an e-mail domain changed. `Ok(false)`: the domain is
    /// taken; [`CommitError::EmailDomainTaken`]: an e-mail domain is; [`CommitError::Taken`] never occurs here.
    fn update_organization(
        &self,
        ctx: &Ctx<'_>,
        before: &Organization,
        after: &Organization,
        event: &Event,
    ) -> impl Future<Output = Result<bool, CommitError>> + Send;

    /// Events before `before`, newest first, at most `limit`: the history as people read it.
    fn events_before(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<EventId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<StoredEvent>, StoreError>> + Send;

    /// Events in order after `after`, at most `limit`.
    fn events_after(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        after: Option<EventId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<StoredEvent>, StoreError>> + Send;
}

/// The request log and the live state.
pub trait Journal: Send + Sync {
    /// Records one request; best effort: a failure is logged, not answered.
    fn record(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        entry: &RequestEntry,
    ) -> impl Future<Output = ()> + Send;

    /// Records unknown member ids in the live state; best effort.
    fn record_unknown_members(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        entry: &UnknownMembersEntry,
    ) -> impl Future<Output = ()> + Send;

    /// The latest requests, newest first, before `before`, at most `limit`.
    fn requests_before(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<(Timestamp, String)>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<RequestEntry>, StoreError>> + Send;

    /// The unknown member ids that were seen last, newest first.
    fn unknown_members(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
    ) -> impl Future<Output = Result<Vec<UnknownMembersEntry>, StoreError>> + Send;
}

/// Access tokens of the client-credentials grant.
pub trait AccessTokens: Send + Sync {
    /// Keeps one until it ends.
    fn put_access_token(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        token: &AccessToken,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Keys of the operator: the only items that belong to no organization.
pub trait OperatorKeys: Send + Sync {
    /// One key.
    fn operator_key(
        &self,
        ctx: &Ctx<'_>,
        id: &OperatorKeyId,
    ) -> impl Future<Output = Result<Option<OperatorKey>, StoreError>> + Send;

    /// All of them.
    fn operator_keys(
        &self,
        ctx: &Ctx<'_>,
    ) -> impl Future<Output = Result<Vec<OperatorKey>, StoreError>> + Send;

    /// Keeps a new one.
    fn put_operator_key(
        &self,
        ctx: &Ctx<'_>,
        key: &OperatorKey,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes one; `false` when it was not there.
    fn delete_operator_key(
        &self,
        ctx: &Ctx<'_>,
        id: &OperatorKeyId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// What the daily sweep needs beyond reading and deleting.
pub trait Leftovers: Send + Sync {
    /// Clears rows that a committed or abandoned large change, or a large deletion, left behind; stops at the
    /// deadline. Gives how many it cleared.
    fn clear_leftovers(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

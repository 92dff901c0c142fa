//! What signing in needs of a store: connections, started sign-ins, sessions, codes, attempts, passwords,
//! applications.
//!
//! As everywhere: every write names what it expects; who was overtaken is told so and decides anew.

use std::future::Future;

use crate::{
    application::Application,
    attempt::Attempt,
    connection::{Connection, KeyPair, SignInSetup},
    ctx::Ctx,
    event::Event,
    ids::{
        ApplicationId, AttemptId, FlowId, GrantId, KeyPairId, LinkId, OrganizationId, SessionId,
        UserId,
    },
    password::PasswordRecord,
    ports::{Beside, CommitError, Directory, StoreError},
    record::{IndexKey, User},
    session::{AssertionSeen, Grant, Link, LoginFlow, Session},
    time::Timestamp,
};

/// Connections and key pairs.
pub trait Connections: Send + Sync {
    /// The organization with all connections and key pairs: one strongly consistent query.
    fn sign_in_setup(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
    ) -> impl Future<Output = Result<Option<SignInSetup>, StoreError>> + Send;

    /// Writes `after` over `before` (`None`: it must not be there yet), with the organization when that changes too.
    fn put_connection(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<&Connection>,
        after: &Connection,
        beside: Option<Beside<'_>>,
        event: Option<&Event>,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Deletes it at the version that was read, with the organization when that changes too.
    fn delete_connection(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &Connection,
        beside: Option<Beside<'_>>,
        event: &Event,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Keeps a new key pair.
    fn create_key_pair(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        key_pair: &KeyPair,
        event: &Event,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Deletes one. [`CommitError::Stale`] when it is not there.
    fn delete_key_pair(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &KeyPairId,
        event: &Event,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;
}

/// A member who is created by the very sign-in (S8).
#[derive(Debug, Clone, Copy)]
pub struct NewMember<'a> {
    /// The member.
    pub user: &'a User,
    /// Its index keys.
    pub keys: &'a [IndexKey],
    /// The licence's seats.
    pub seats: Option<u64>,
    /// `member.created`.
    pub event: &'a Event,
}

/// Everything that a sign-in writes, in one transaction: nothing of it, or all of it (S10, saml-attacks §G).
#[derive(Debug, Clone, Copy)]
pub struct SignInWrite<'a> {
    /// The flow that is used up.
    pub flow: Option<&'a FlowId>,
    /// The assertion that is used up.
    pub assertion: Option<&'a AssertionSeen>,
    /// Somebody new.
    pub member: Option<NewMember<'a>>,
    /// A look-up to add: the NameID of a member whose `userName` is another. It holds as long as the session; without one
    /// nothing is added.
    pub name_id: Option<&'a IndexKey>,
    /// The session; none when it was a test.
    pub session: Option<&'a Session>,
    /// The code, when an application asked for one.
    pub grant: Option<&'a Grant>,
    /// What happened to the connection (a test that passed): `(before, after)`.
    pub connection: Option<(&'a Connection, &'a Connection, &'a Event)>,
}

/// Why a sign-in was not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInError {
    /// The assertion was used before.
    Replayed,
    /// The flow was used, has ended, or never was.
    FlowGone,
    /// Anything else; after [`CommitError::Stale`] or [`CommitError::Taken`] read again and decide again.
    Commit(CommitError),
}

/// Signing in: flows, sessions, replay.
pub trait SignIns: Directory + Connections {
    /// Keeps a started sign-in.
    fn put_flow(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        flow: &LoginFlow,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// A started sign-in, strongly consistent; one that has ended is not given.
    fn flow(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &FlowId,
    ) -> impl Future<Output = Result<Option<LoginFlow>, StoreError>> + Send;

    /// Writes a sign-in. After a lost answer the same write may be sent again: the session's id names it, so whoever wrote
    /// it is told that it is done. Any other attempt with the same assertion is [`SignInError::Replayed`], which goes before
    /// [`SignInError::FlowGone`], which goes before what else failed.
    fn sign_in(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        write: SignInWrite<'_>,
    ) -> impl Future<Output = Result<(), SignInError>> + Send;

    /// Writes when a member signed in last; best effort, and no version moves.
    fn touch(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
        at: Timestamp,
    ) -> impl Future<Output = ()> + Send;
}

/// Sessions.
pub trait Sessions: Send + Sync {
    /// One session, strongly consistent; one that has ended is not given.
    fn session(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
        id: &SessionId,
    ) -> impl Future<Output = Result<Option<Session>, StoreError>> + Send;

    /// A member's sessions, ended ones not among them; at most
    /// [`crate::session::SESSIONS_PER_MEMBER_MAX`].
    fn sessions_of(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
    ) -> impl Future<Output = Result<Vec<Session>, StoreError>> + Send;

    /// Writes `after` over `before` (its applications).
    fn update_session(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &Session,
        after: &Session,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Ends sessions: they are gone when this returns. Ending one that is gone is no error. With an event, when it was
    /// somebody's wish.
    fn end_sessions(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        sessions: &[Session],
        event: Option<&Event>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Codes and access tokens for userinfo.
pub trait Grants: Send + Sync {
    /// Keeps a new one.
    fn put_grant(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        grant: &Grant,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// One grant, strongly consistent; one that has ended ([`Grant::ends`]) is not given.
    fn grant(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &GrantId,
    ) -> impl Future<Output = Result<Option<Grant>, StoreError>> + Send;

    /// Writes `after` over `before`.
    fn update_grant(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &Grant,
        after: &Grant,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;
}

/// The operator's applications: stack-wide, like operator keys.
pub trait Applications: Send + Sync {
    /// One, strongly consistent.
    fn application(
        &self,
        ctx: &Ctx<'_>,
        id: &ApplicationId,
    ) -> impl Future<Output = Result<Option<Application>, StoreError>> + Send;

    /// All of them (at most [`crate::application::APPLICATIONS_MAX`]).
    fn applications(
        &self,
        ctx: &Ctx<'_>,
    ) -> impl Future<Output = Result<Vec<Application>, StoreError>> + Send;

    /// Writes `after` over `before` (`None`: it must not be there yet).
    fn put_application(
        &self,
        ctx: &Ctx<'_>,
        before: Option<&Application>,
        after: &Application,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Deletes it; `false` when it was not there.
    fn delete_application(
        &self,
        ctx: &Ctx<'_>,
        id: &ApplicationId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// The attempt log.
pub trait Attempts: Send + Sync {
    /// Records one; best effort: a failure is logged, not answered.
    fn record_attempt(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        attempt: &Attempt,
    ) -> impl Future<Output = ()> + Send;

    /// One of them.
    fn attempt(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: AttemptId,
    ) -> impl Future<Output = Result<Option<Attempt>, StoreError>> + Send;

    /// The latest, newest first, before `before`, at most `limit`.
    fn attempts_before(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<AttemptId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Attempt>, StoreError>> + Send;
}

/// Passwords, links, and counters against guessing.
pub trait Passwords: Send + Sync {
    /// A member's password record, strongly consistent. It can outlive its member: read the member first.
    fn password(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
    ) -> impl Future<Output = Result<Option<PasswordRecord>, StoreError>> + Send;

    /// Writes `after` over `before` (`None`: there was none), using a link up when one led here.
    /// [`CommitError::Stale`] when the record moved, or the link is gone or has ended.
    #[expect(clippy::too_many_arguments, reason = "one transaction, named part by part")]
    fn put_password(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
        before: Option<&PasswordRecord>,
        after: &PasswordRecord,
        link: Option<&LinkId>,
        event: Option<&Event>,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Keeps a link, with the event that says so when somebody's hand made it.
    fn put_link(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        link: &Link,
        event: Option<&Event>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// A link, strongly consistent; one that has ended is not given.
    fn link(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &LinkId,
    ) -> impl Future<Output = Result<Option<Link>, StoreError>> + Send;

    /// Uses a link up; `false` when it was gone.
    fn delete_link(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &LinkId,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Adds one to a counter that starts anew with each window, and gives its new value. `subject` is a digest. Windows lie
    /// at whole multiples of `window_secs` since 1970 (none is shorter than a second).
    fn count(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        subject: &str,
        window_secs: u64,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// The organization that an e-mail domain leads to.
pub trait EmailDomains: Send + Sync {
    /// `domain` in lower case.
    fn by_email_domain(
        &self,
        ctx: &Ctx<'_>,
        domain: &str,
    ) -> impl Future<Output = Result<Option<OrganizationId>, StoreError>> + Send;
}

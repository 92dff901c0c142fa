//! Users and groups as the store keeps them: the SCIM resource with what Lychgate knows beside it.

use std::collections::BTreeMap;

use lychgate_scim::Resource;

use crate::{
    ids::{GroupId, MemberId, UserId},
    time::Timestamp,
};

/// Since which version of a group somebody is in it, and from which on no longer.
///
/// It stands twice, always written in one transaction: in the membership row of the group and in the
/// member's own record (so that one read of a member tells its groups, and a member that is deleted cannot
/// be added by a writer who looked before).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The version of the group that added the member.
    pub since: u64,
    /// The version of the group that removes it: a large change in the making, or rubbish of a committed one.
    pub until: Option<u64>,
}

/// Memberships of a user or a nested group, by group. Ask [`Group::sees`] before believing one.
pub type Memberships = BTreeMap<GroupId, Span>;

/// Since when somebody is suspended, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    /// Since when.
    pub since: Timestamp,
    /// [`crate::event::Actor::text`] of who did it.
    pub by: String,
}

/// How a member came to be here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// By SCIM.
    Scim,
    /// By signing in.
    JustInTime,
    /// By hand.
    Manual,
}

impl Origin {
    /// `scim`, `jit`, `manual`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Scim => "scim",
            Self::JustInTime => "jit",
            Self::Manual => "manual",
        }
    }
}

/// A user of an organization.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its SCIM attributes (`active` among them, which is the provisioning client's flag).
    pub resource: Resource,
    /// Counts its changes, memberships not among them; the ETag is `W/"<version>"`.
    pub version: u64,
    /// When it was created.
    pub created: Timestamp,
    /// When it was changed last.
    pub modified: Timestamp,
    /// How it came to be here.
    pub origin: Origin,
    /// Since when `active` is false, and by whom.
    pub suspended: Option<Suspension>,
    /// An administrator's own suspension (P6); either suspends.
    pub suspended_by_hand: Option<Suspension>,
    /// Whether this member may have a password, where the organization allows it at all (S9).
    pub password_allowed: bool,
    /// When it signed in last. Written beside the version, by [`crate::ports::SignIns::touch`] alone: no other write
    /// of the record moves it.
    pub last_sign_in: Option<Timestamp>,
    /// The groups that it may be in.
    pub memberships: Memberships,
}

impl User {
    /// `userName`, as it was sent.
    #[must_use]
    pub fn user_name(&self) -> &str {
        self.resource.text("userName").unwrap_or_default()
    }

    /// Whether the provisioning client or an administrator has suspended it.
    #[must_use]
    pub const fn is_suspended(&self) -> bool {
        self.suspended.is_some() || self.suspended_by_hand.is_some()
    }
}

/// A group of an organization, without its members.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its SCIM attributes, without `members`.
    pub resource: Resource,
    /// The committed version; the ETag is `W/"<version>"`. Zero: a creation that has not been committed, which
    /// nobody sees.
    pub version: u64,
    /// When it was created.
    pub created: Timestamp,
    /// When it, or its membership, was changed last.
    pub modified: Timestamp,
    /// How many members it has at `version`.
    pub member_count: u64,
    /// The groups that it may be nested in.
    pub memberships: Memberships,
    /// A large change that has begun and not been committed.
    pub pending: Option<Pending>,
    /// Versions of large changes that were given up: their spans count for nothing. Never used again.
    pub aborted: Vec<u64>,
}

/// A large change of a group in the making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Names the change: a writer whose id is no longer here has been fenced off.
    pub id: String,
    /// The version that it will commit.
    pub version: u64,
    /// Until when others wait for it.
    pub lease_ends: Timestamp,
}

impl Group {
    /// `displayName`, as it was sent.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.resource.text("displayName").unwrap_or_default()
    }

    /// Whether a membership is there at the committed version.
    ///
    /// INVARIANT: visible when `since` is committed and `until` is not; versions in `aborted` never are.
    #[must_use]
    pub fn sees(&self, span: Span) -> bool {
        let committed = |version: u64| version <= self.version && !self.aborted.contains(&version);
        committed(span.since) && !span.until.is_some_and(committed)
    }
}

/// A member of a group as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub id: MemberId,
    /// A name for people, as it was when the member was added.
    pub display: Option<String>,
}

/// What is looked up by key (P13), on the base table, read after write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Index {
    /// `userName`: unique; without case.
    UserName,
    /// A user's `externalId`: exact; not unique (RFC 7643 §3.1).
    UserExternalId,
    /// Any of a user's `emails.value` that is not the userName: without case; not unique.
    UserEmail,
    /// A group's `displayName`: unique; without case.
    GroupDisplayName,
    /// A group's `externalId`: exact; not unique.
    GroupExternalId,
    /// A SAML NameID that is not the member's `userName`, with its connection (`<connection id> <NameID>`): exact; not
    /// unique. An IdP's `LogoutRequest` names nobody otherwise (S13).
    NameId,
}

impl Index {
    /// Whether a value can belong to one resource only: then it is a claim, else one look-up row per resource.
    #[must_use]
    pub const fn is_unique(self) -> bool {
        matches!(self, Self::UserName | Self::GroupDisplayName)
    }
}

/// A value to look up, normalized for its index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexKey {
    /// Which index.
    pub index: Index,
    /// The value: lower case where the index has none.
    pub value: String,
}

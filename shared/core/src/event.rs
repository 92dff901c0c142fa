//! The history (E1, E2, O5): every change writes its event in the same transaction, with the names as they
//! were, so that a person who has been removed keeps a name there.

use serde_json::{Map, Value};

use crate::{
    ids::{ClientId, EventId, LinkId, OperatorKeyId, TokenId, UserId},
    time::Timestamp,
};

/// Who made a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Nobody is known yet.
    Unknown,
    /// A provisioning client with a SCIM token.
    Token(TokenId),
    /// A provisioning client that got its access token by the client-credentials grant.
    Client(ClientId),
    /// The operator, with this key.
    Operator(OperatorKeyId),
    /// The member whom it is about, by signing in or by a link.
    Member(UserId),
    /// An owner in the settings, with their userName.
    Owner(UserId, String),
    /// Somebody with a set-up link, with the link's name.
    SetupLink(LinkId, String),
    /// Lychgate itself (retention, first start).
    System,
}

impl Actor {
    /// As it is stored and shown: `token:tok-…`, `client:cli-…`, `operator:opk-…`, `member:<id>`, `owner:<id>`,
    /// `setup_link:lnk-…`, `system`, `unknown`.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Unknown => "unknown".to_owned(),
            Self::Token(id) => format!("token:{id}"),
            Self::Client(id) => format!("client:{id}"),
            Self::Operator(id) => format!("operator:{id}"),
            Self::Member(id) => format!("member:{id}"),
            Self::Owner(id, _) => format!("owner:{id}"),
            Self::SetupLink(id, _) => format!("setup_link:{id}"),
            Self::System => "system".to_owned(),
        }
    }

    /// The name that the history keeps, for those who may be gone when it is read (E2).
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Owner(_, name) | Self::SetupLink(_, name) => Some(name),
            _ => None,
        }
    }
}

/// What happened. The text is part of the application's contract: never renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the text of each says it: see `EventKind::text`")]
pub enum EventKind {
    OrganizationCreated,
    OrganizationUpdated,
    LicenceChanged,
    DirectoryUpdated,
    TokenCreated,
    TokenRevoked,
    ClientCreated,
    ClientRevoked,
    ClientSecretAdded,
    ClientSecretRetired,
    OwnerAdded,
    OwnerRemoved,
    MemberCreated,
    MemberUpdated,
    MemberSuspended,
    MemberRestored,
    MemberDeleted,
    GroupCreated,
    GroupUpdated,
    GroupMembersChanged,
    GroupDeleted,
    ConnectionCreated,
    ConnectionUpdated,
    ConnectionTested,
    ConnectionActivated,
    ConnectionDeactivated,
    ConnectionDeleted,
    ConnectionMetadataRefreshed,
    ConnectionMetadataRefreshFailed,
    ConnectionCertificateExpiring,
    CertificateGenerated,
    CertificateRetired,
    SignInPolicyUpdated,
    MemberPasswordAllowed,
    MemberPasswordForbidden,
    MemberPasswordSet,
    MemberSessionsEnded,
    MemberPasswordLinkCreated,
    SetupLinkCreated,
    SetupLinkOpened,
    SetupLinkRevoked,
    OwnerLinkCreated,
    OwnerLinkOpened,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 43] = [
        Self::OrganizationCreated,
        Self::OrganizationUpdated,
        Self::LicenceChanged,
        Self::DirectoryUpdated,
        Self::TokenCreated,
        Self::TokenRevoked,
        Self::ClientCreated,
        Self::ClientRevoked,
        Self::ClientSecretAdded,
        Self::ClientSecretRetired,
        Self::OwnerAdded,
        Self::OwnerRemoved,
        Self::MemberCreated,
        Self::MemberUpdated,
        Self::MemberSuspended,
        Self::MemberRestored,
        Self::MemberDeleted,
        Self::GroupCreated,
        Self::GroupUpdated,
        Self::GroupMembersChanged,
        Self::GroupDeleted,
        Self::ConnectionCreated,
        Self::ConnectionUpdated,
        Self::ConnectionTested,
        Self::ConnectionActivated,
        Self::ConnectionDeactivated,
        Self::ConnectionDeleted,
        Self::ConnectionMetadataRefreshed,
        Self::ConnectionMetadataRefreshFailed,
        Self::ConnectionCertificateExpiring,
        Self::CertificateGenerated,
        Self::CertificateRetired,
        Self::SignInPolicyUpdated,
        Self::MemberPasswordAllowed,
        Self::MemberPasswordForbidden,
        Self::MemberPasswordSet,
        Self::MemberSessionsEnded,
        Self::MemberPasswordLinkCreated,
        Self::SetupLinkCreated,
        Self::SetupLinkOpened,
        Self::SetupLinkRevoked,
        Self::OwnerLinkCreated,
        Self::OwnerLinkOpened,
    ];

    /// From [`EventKind::text`]; `None` for a kind that this version does not know.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.text() == text)
    }

    /// `member.suspended` and the like.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::OrganizationCreated => "organization.created",
            Self::OrganizationUpdated => "organization.updated",
            Self::LicenceChanged => "licence.changed",
            Self::DirectoryUpdated => "directory.updated",
            Self::TokenCreated => "token.created",
            Self::TokenRevoked => "token.revoked",
            Self::ClientCreated => "client.created",
            Self::ClientRevoked => "client.revoked",
            Self::ClientSecretAdded => "client.secret_added",
            Self::ClientSecretRetired => "client.secret_retired",
            Self::OwnerAdded => "owner.added",
            Self::OwnerRemoved => "owner.removed",
            Self::MemberCreated => "member.created",
            Self::MemberUpdated => "member.updated",
            Self::MemberSuspended => "member.suspended",
            Self::MemberRestored => "member.restored",
            Self::MemberDeleted => "member.deleted",
            Self::GroupCreated => "group.created",
            Self::GroupUpdated => "group.updated",
            Self::GroupMembersChanged => "group.members_changed",
            Self::GroupDeleted => "group.deleted",
            Self::ConnectionCreated => "connection.created",
            Self::ConnectionUpdated => "connection.updated",
            Self::ConnectionTested => "connection.tested",
            Self::ConnectionActivated => "connection.activated",
            Self::ConnectionDeactivated => "connection.deactivated",
            Self::ConnectionDeleted => "connection.deleted",
            Self::ConnectionMetadataRefreshed => "connection.metadata_refreshed",
            Self::ConnectionMetadataRefreshFailed => "connection.metadata_refresh_failed",
            Self::ConnectionCertificateExpiring => "connection.certificate_expiring",
            Self::CertificateGenerated => "certificate.generated",
            Self::CertificateRetired => "certificate.retired",
            Self::SignInPolicyUpdated => "sign_in_policy.updated",
            Self::MemberPasswordAllowed => "member.password_allowed",
            Self::MemberPasswordForbidden => "member.password_forbidden",
            Self::MemberPasswordSet => "member.password_set",
            Self::MemberSessionsEnded => "member.sessions_ended",
            Self::MemberPasswordLinkCreated => "member.password_link_created",
            Self::SetupLinkCreated => "setup_link.created",
            Self::SetupLinkOpened => "setup_link.opened",
            Self::SetupLinkRevoked => "setup_link.revoked",
            Self::OwnerLinkCreated => "owner_link.created",
            Self::OwnerLinkOpened => "owner_link.opened",
        }
    }
}

/// An event before it is written. Its id is given by the store in the attempt that commits it, so that the
/// order of ids follows the order of commits as closely as a clock allows.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// Who did it.
    pub actor: Actor,
    /// `user`, `group`, `organization`, `token`, `client`.
    pub subject_kind: &'static str,
    /// The id of what it happened to.
    pub subject_id: String,
    /// Its name at that time (a userName, a displayName, a domain).
    pub subject_name: String,
    /// What changed; small. A list of members beyond [`EVENT_MEMBERS_MAX`] is cut and says so with `more`.
    pub data: Map<String, Value>,
}

/// How many member ids stand in one event, added and removed counted apart. 500 ids are 20 KB.
pub const EVENT_MEMBERS_MAX: usize = 500;

/// An event as it was stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Its place in the order.
    pub id: EventId,
    /// When it was committed.
    pub at: Timestamp,
    /// [`EventKind::text`].
    pub kind: String,
    /// [`Actor::text`].
    pub actor: String,
    /// [`Actor::name`].
    pub actor_name: Option<String>,
    /// `user`, `group`, `organization`, `token`, `client`.
    pub subject_kind: String,
    /// The id of what it happened to.
    pub subject_id: String,
    /// Its name at that time.
    pub subject_name: String,
    /// What changed.
    pub data: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_stand_in_their_order_and_have_texts_of_their_own() {
        for (place, kind) in EventKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, place, "{}", kind.text());
            assert_eq!(EventKind::parse(kind.text()), Some(kind));
        }
        assert_eq!(EventKind::parse("member.became_a_bird"), None);
    }
}

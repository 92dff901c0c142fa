//! An organization with its licence, its directory and that directory's credentials: one aggregate, one
//! item, one read. Every SCIM request reads it beside the resource that it is about; nothing is answered
//! before [`crate::gate::admit`] has looked at it.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ClientId, ConnectionId, OrganizationId, SecretId, TokenId, UserId},
    secret::SecretHash,
    time::Timestamp,
};

/// The slug of an organization in its URLs (O2): 2 to 63 lower-case letters, digits and hyphens, with no
/// hyphen at either end. Not a DNS name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(String);

/// The fewest characters of a domain.
pub const DOMAIN_CHARS_MIN: usize = 2;
/// The most characters of a domain.
pub const DOMAIN_CHARS_MAX: usize = 63;

impl Domain {
    /// The slug from its text; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (DOMAIN_CHARS_MIN..=DOMAIN_CHARS_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        fits.then(|| Self(text.to_owned()))
    }

    /// The slug.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the organization may use SSO & SCIM (O3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LicenceState {
    /// Paid for.
    Active,
    /// Was active; nothing is deleted.
    Expired,
    /// Never was.
    None,
}

/// The licence that the operator set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Licence {
    /// As the operator set it; what counts is [`Licence::state_at`].
    pub state: LicenceState,
    /// How many members the directory may hold, suspended ones included.
    pub seats: Option<u64>,
    /// When an active licence ends by itself.
    pub ends: Option<Timestamp>,
}

impl Licence {
    /// The state at `now`: an active licence whose end has come has expired.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> LicenceState {
        match (self.state, self.ends) {
            (LicenceState::Active, Some(ends)) if ends <= now => LicenceState::Expired,
            (state, _) => state,
        }
    }
}

/// What a PATCH of a group answers when the client did not ask for attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupPatchAnswer {
    /// 204: a large group's body would be waste.
    NoContent,
    /// 200 with the group.
    Resource,
}

/// What happens to a membership change that names ids which do not exist, next to ids that do (P10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownMembers {
    /// Those that exist are applied; the others stand in the request log and the live state.
    ApplyKnown,
    /// 400, and nothing is applied.
    Refuse,
}

/// One organization's SCIM endpoint: its switch, its settings, its credentials.
#[derive(Debug, Clone, PartialEq)]
pub struct Directory {
    /// Whether SCIM is on (P2).
    pub enabled: bool,
    /// What a PATCH of a group answers.
    pub group_patch_answer: GroupPatchAnswer,
    /// What an unknown member id does.
    pub unknown_members: UnknownMembers,
    /// Days after which a suspended member is cleaned up; `None` keeps them (P7).
    pub suspended_retention_days: Option<u32>,
    /// How long an access token of the client-credentials grant holds, in seconds (P4).
    pub access_token_secs: u32,
    /// Live tokens, and those that were revoked not long ago (so that the log can say so).
    pub tokens: Vec<ScimToken>,
    /// OAuth clients.
    pub clients: Vec<OauthClient>,
}

/// The most SCIM tokens that a directory keeps: its item stays within one read unit.
pub const TOKENS_MAX: usize = 10;
/// The most OAuth clients of a directory.
pub const CLIENTS_MAX: usize = 5;
/// The most secrets of one client: the old one, the new one, and one by mistake.
pub const CLIENT_SECRETS_MAX: usize = 3;
/// The most owners of an organization.
pub const OWNERS_MAX: usize = 20;
/// The shortest life of an access token, in seconds (Microsoft asks for 60 minutes to 6 hours).
pub const ACCESS_TOKEN_SECS_MIN: u32 = 3_600;
/// The longest life of an access token, in seconds.
pub const ACCESS_TOKEN_SECS_MAX: u32 = 21_600;

impl Default for Directory {
    fn default() -> Self {
        Self {
            enabled: false,
            group_patch_answer: GroupPatchAnswer::NoContent,
            unknown_members: UnknownMembers::ApplyKnown,
            suspended_retention_days: None,
            access_token_secs: ACCESS_TOKEN_SECS_MIN,
            tokens: Vec::new(),
            clients: Vec::new(),
        }
    }
}

/// A SCIM token. The secret was shown once; only its hash is here (P2).
#[derive(Debug, Clone, PartialEq)]
pub struct ScimToken {
    /// Its id, which the token carries.
    pub id: TokenId,
    /// What the owner calls it.
    pub name: String,
    /// SHA-256 of the secret.
    pub hash: SecretHash,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
    /// The member whom `/Me` answers with.
    pub member: Option<UserId>,
}

/// An OAuth client for the client-credentials grant (P4).
#[derive(Debug, Clone, PartialEq)]
pub struct OauthClient {
    /// Its id.
    pub id: ClientId,
    /// What the owner calls it.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Its secrets; several overlap while one replaces another.
    pub secrets: Vec<ClientSecret>,
}

/// One secret of an OAuth client.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientSecret {
    /// Its id, which the secret carries.
    pub id: SecretId,
    /// SHA-256 of the secret.
    pub hash: SecretHash,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
}

/// How the organization's members sign in (S8, S9). The connections have items of their own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignIn {
    /// Connections that are active. They stand here too, so that switching one on and renaming the domain (O2) meet
    /// on one version.
    pub active_connections: Vec<ConnectionId>,
    /// Whether members who may have a password can sign in with it. It needs no licence (O3).
    pub password: bool,
    /// E-mail domains (`example.com`, lower case) that lead here from an e-mail hint. Unique across the stack.
    pub email_domains: Vec<String>,
}

/// The most connections of an organization, drafts included.
pub const CONNECTIONS_MAX: usize = 10;
/// The most encryption key pairs of an organization, retired ones included.
pub const KEY_PAIRS_MAX: usize = 6;
/// The most e-mail domains of an organization.
pub const EMAIL_DOMAINS_MAX: usize = 20;

/// An organization.
#[derive(Debug, Clone, PartialEq)]
pub struct Organization {
    /// Its id: the first part of every key.
    pub id: OrganizationId,
    /// Its slug.
    pub domain: Domain,
    /// Its name for people.
    pub name: String,
    /// Its licence.
    pub licence: Licence,
    /// Its SCIM endpoint.
    pub directory: Directory,
    /// How its members sign in.
    pub sign_in: SignIn,
    /// The owners who can get in: not suspended, not deleted (O4). An owner who is suspended moves to
    /// `owners_suspended` in the same transaction, so that two requests cannot each suspend "the other one".
    pub owners: Vec<UserId>,
    /// Owners who are suspended; restoring one moves them back.
    pub owners_suspended: Vec<UserId>,
    /// When it was created.
    pub created: Timestamp,
    /// Counts its changes; every write carries the one that it expects.
    pub version: u64,
}

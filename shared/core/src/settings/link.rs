//! Links into the settings: the record, its scopes, its ends.
//!
//! A link's secret is shown once and stands in the address behind `#`, which no browser sends and no log holds. Whoever
//! opens it first binds it to their browser; from then on a cookie opens the pages, and the text of the link opens
//! nothing anywhere else.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{LinkId, UserId},
    secret::SecretHash,
    time::Timestamp,
};

/// How long an owner's link may wait to be opened when nothing else was asked for, in seconds.
pub const OWNER_LINK_SECS_DEFAULT: u64 = 300;
/// The longest that an owner's link may wait to be opened, in seconds.
pub const OWNER_LINK_SECS_MAX: u64 = 86_400;
/// How long an owner stays in the settings by a link, in seconds.
pub const OWNER_VISIT_SECS: u64 = 8 * 3_600;
/// How long a set-up link holds when nothing else was asked for, in seconds.
pub const SETUP_LINK_SECS_DEFAULT: u64 = 7 * 86_400;
/// The longest that a set-up link holds, in seconds.
pub const SETUP_LINK_SECS_MAX: u64 = 30 * 86_400;
/// The most set-up links of an organization that have not ended.
pub const SETUP_LINKS_MAX: usize = 20;
/// How long a set-up link is kept after its end, in seconds: the owner sees what was done with it.
pub const SETUP_LINK_KEPT_SECS: u64 = 30 * 86_400;
/// How long an owner's link is kept after its end, in seconds: long enough to say that it has ended. A product may make
/// one with each click, and whoever lists set-up links reads past them.
pub const OWNER_LINK_KEPT_SECS: u64 = 86_400;
/// How many of the latest uses a link remembers.
pub const LINK_USES_MAX: usize = 50;

/// What a set-up link was made for (W4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Connections: create, metadata, test, activate; and the encryption certificates.
    Sso,
    /// The SCIM endpoint: its switch, tokens, clients, state.
    Scim,
    /// Renewing alone: the metadata of connections that are there, and the encryption certificates.
    Certificate,
}

impl Scope {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Sso, Self::Scim, Self::Certificate];

    /// `sso`, `scim`, `certificate`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Sso => "sso",
            Self::Scim => "scim",
            Self::Certificate => "certificate",
        }
    }

    /// From [`Scope::text`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.text() == text)
    }
}

/// Whom a link lets in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Admits {
    /// This owner, as if they had signed in; as long as they are one.
    Owner {
        /// Who, as its UUID's text.
        user: String,
    },
    /// Somebody without an account.
    Guest {
        /// What they may do; not empty, each once, in order.
        scopes: Vec<Scope>,
    },
}

impl Admits {
    /// The owner whom it lets in.
    #[must_use]
    pub fn owner(&self) -> Option<UserId> {
        match self {
            Self::Owner { user } => user.parse().ok(),
            Self::Guest { .. } => None,
        }
    }
}

/// How a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// Nobody has opened it.
    Unopened,
    /// It is in use in one browser.
    Open,
    /// Its time is over.
    Ended,
    /// It was taken back.
    Revoked,
}

impl LinkState {
    /// `unopened`, `open`, `ended`, `revoked`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Unopened => "unopened",
            Self::Open => "open",
            Self::Ended => "ended",
            Self::Revoked => "revoked",
        }
    }
}

/// One thing that was done with a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkUse {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// What: the text of an event's kind, or `opened`.
    pub what: String,
}

/// A link into the settings of one organization.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingsLink {
    /// Its id.
    pub id: LinkId,
    /// What its maker calls it: whom it is for.
    pub name: String,
    /// SHA-256 of the secret in the address.
    pub hash: SecretHash,
    /// Whom it lets in.
    pub admits: Admits,
    /// When it was made.
    pub created: Timestamp,
    /// [`crate::event::Actor::text`] of who made it.
    pub created_by: String,
    /// When it ends: for an owner until when it may be opened, and once it is opened when the visit ends.
    pub expires: Timestamp,
    /// When it was taken back.
    pub revoked: Option<Timestamp>,
    /// When it was opened, and SHA-256 of the secret in that browser's cookie.
    pub opened: Option<(Timestamp, SecretHash)>,
    /// What was done with it, oldest first; at most [`LINK_USES_MAX`].
    pub uses: Vec<LinkUse>,
    /// Counts its changes.
    pub version: u64,
}

impl SettingsLink {
    /// Whether it lets anybody in at `now`.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires > now
    }

    /// How it stands at `now`.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> LinkState {
        match (self.revoked, &self.opened) {
            (Some(_), _) => LinkState::Revoked,
            (None, _) if self.expires <= now => LinkState::Ended,
            (None, None) => LinkState::Unopened,
            (None, Some(_)) => LinkState::Open,
        }
    }

    /// Until when its record is kept; from then on there is no such link.
    #[must_use]
    pub const fn kept_until(&self) -> Timestamp {
        self.expires.plus_secs(match self.admits {
            Admits::Owner { .. } => OWNER_LINK_KEPT_SECS,
            Admits::Guest { .. } => SETUP_LINK_KEPT_SECS,
        })
    }
}

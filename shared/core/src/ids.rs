//! Identifiers as types: mixing two of them does not compile.
//!
//! Users and groups have time-ordered UUIDs (version 7), so that a list in the order of ids is a list in the
//! order of creation. What an operator or an administrator handles (organizations, tokens, clients) has a
//! short random id in lower-case letters and digits, so that it survives every copy and every URL; it
//! carries a prefix that says its kind where it stands alone.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ctx::World, time::Timestamp};

/// The text is no identifier of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an identifier")
    }
}

impl std::error::Error for NotAnId {}

/// Crockford's digits without upper case: no `i`, `l`, `o`, `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// `chars` random characters of the alphabet, five bits each.
pub(crate) fn random_text(world: &dyn World, chars: usize) -> String {
    let mut bytes = vec![0_u8; chars];
    world.fill(&mut bytes);
    bytes
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte & 31)))
        .map(|byte| char::from(*byte))
        .collect()
}

fn is_short_id(text: &str, chars: usize) -> bool {
    text.len() == chars && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

macro_rules! resource_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, later than every id made before `now`.
            #[must_use]
            pub fn new(now: Timestamp, world: &dyn World) -> Self {
                let mut random = [0_u8; 10];
                world.fill(&mut random);
                Self(uuid::Builder::from_unix_timestamp_millis(now.unix_millis(), &random).into_uuid())
            }

            /// The UUID itself.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self.0.as_hyphenated(), f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            /// Only the canonical form: 36 characters, lower case, hyphens (`id` is case-exact).
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let uuid = Uuid::try_parse(text).map_err(|_| NotAnId)?;
                let id = Self(uuid);
                if text.len() == 36 && id.to_string() == text { Ok(id) } else { Err(NotAnId) }
            }
        }
    };
}

resource_id! {
    /// A user of an organization.
    UserId
}
resource_id! {
    /// A group of an organization.
    GroupId
}
resource_id! {
    /// An entry of an organization's history; ordered by time.
    EventId
}
resource_id! {
    /// A finished or rejected sign-in; ordered by time. It is the reference that a person can read out.
    AttemptId
}

macro_rules! short_id {
    ($(#[$doc:meta])* $name:ident, $chars:literal, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What stands before the characters where the id is shown alone.
            pub const PREFIX: &str = $prefix;
            /// How many characters follow the prefix.
            pub const CHARS: usize = $chars;

            /// A new random id.
            #[must_use]
            pub fn new(world: &dyn World) -> Self {
                Self(random_text(world, $chars))
            }

            /// The characters without the prefix, as they stand in keys and tokens.
            #[must_use]
            pub fn bare(&self) -> &str {
                &self.0
            }

            /// The id from its characters without the prefix.
            ///
            /// # Errors
            /// [`NotAnId`] when they are not of this shape.
            pub fn from_bare(text: &str) -> Result<Self, NotAnId> {
                if is_short_id(text, $chars) { Ok(Self(text.to_owned())) } else { Err(NotAnId) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                Self::from_bare(text.strip_prefix($prefix).ok_or(NotAnId)?)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;

            fn try_from(text: String) -> Result<Self, NotAnId> {
                Self::from_bare(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

short_id! {
    /// A customer of the operator: the boundary of isolation. 80 bits.
    OrganizationId, 16, "org-"
}
short_id! {
    /// A SCIM token of a directory.
    TokenId, 8, "tok-"
}
short_id! {
    /// An OAuth client of a directory.
    ClientId, 8, "cli-"
}
short_id! {
    /// One secret of an OAuth client.
    SecretId, 8, "sec-"
}
short_id! {
    /// An access token that an OAuth client was given. 80 bits: they are many.
    AccessTokenId, 16, "acc-"
}
short_id! {
    /// A key of the operator.
    OperatorKeyId, 8, "opk-"
}

short_id! {
    /// A connection: one organization's link to one SAML IdP. A hyphen, because Okta takes no underscore in an address.
    ConnectionId, 8, "conn-"
}
short_id! {
    /// An encryption key pair of an organization.
    KeyPairId, 8, "key-"
}
short_id! {
    /// A started sign-in; the `AuthnRequest`'s ID is `_` and these characters. 130 bits, as SAML Core §1.3.4 wants it.
    FlowId, 26, "flow-"
}
short_id! {
    /// A session of a member. 80 bits; its secret is beside it.
    SessionId, 16, "ses-"
}
short_id! {
    /// An authorization code's record, which becomes the access token's.
    GrantId, 16, "gra-"
}
short_id! {
    /// An application of the operator: an OpenID Connect client. 60 bits.
    ApplicationId, 12, "app-"
}
short_id! {
    /// A link that was e-mailed, or handed over, once.
    LinkId, 16, "lnk-"
}

/// A member of a group: a user, or a nested group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberId {
    /// A person.
    User(UserId),
    /// A nested group.
    Group(GroupId),
}

impl MemberId {
    /// The UUID, whatever it names.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        match self {
            Self::User(id) => id.uuid(),
            Self::Group(id) => id.uuid(),
        }
    }
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.uuid().as_hyphenated(), f)
    }
}

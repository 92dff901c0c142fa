//! One SCIM request on its way through the use cases: what it may know, who it turned out to come from, and
//! what was repaired or dropped on the way.

use lychgate_scim::{Error, ErrorKind, Notices, schema::Catalogue};
use serde_json::Value;

use crate::{
    credential::Credential,
    ctx::Ctx,
    event::Actor,
    ids::{OrganizationId, UserId},
    ports::{CommitError, StoreError},
};

/// The state of one request. A use case fills in `caller` as soon as the credential has been checked, and
/// `notices` as it goes; the edge writes both into the request log, whatever the outcome.
pub struct Call<'a> {
    /// Time, randomness, deadline.
    pub ctx: Ctx<'a>,
    /// The schemas that are served.
    pub catalogue: &'a Catalogue,
    /// What the caller presented.
    pub credential: &'a Credential,
    /// Who that is, once it has been checked.
    pub caller: Option<Caller>,
    /// What was repaired or dropped.
    pub notices: Notices,
    /// Member ids that do not exist, with the group they were meant for (P10).
    pub unknown_members: Vec<String>,
}

/// A provisioning client that has been let in. From here on the organization comes only from this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Whose directory it is.
    pub organization: OrganizationId,
    /// Which credential it came with.
    pub actor: Actor,
    /// The member whom `/Me` means.
    pub member: Option<UserId>,
}

/// What became of a request that was carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Which success it is.
    pub kind: AnswerKind,
    /// The body, if it has one.
    pub body: Option<Value>,
    /// The resource's own address (`Location`, on creation).
    pub location: Option<String>,
    /// The resource's version as an ETag.
    pub etag: Option<String>,
}

/// The successes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerKind {
    /// 200 with the body.
    Ok,
    /// 201 with the body and `Location`.
    Created,
    /// 204.
    NoContent,
    /// 304: the client has this version (RFC 7644 §3.14).
    NotModified,
}

/// Why a request was not carried out: what to say, and what to keep to ourselves.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// For the provisioning client.
    pub error: Error,
    /// For the log only.
    pub private: Option<String>,
    /// Whole seconds after which to come again (429, 503).
    pub retry_after_secs: Option<u32>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, private: None, retry_after_secs: None }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Throttled { retry_after_secs } => Self {
                error: Error::new(
                    ErrorKind::TooManyRequests,
                    "Too many requests at the moment. Try again later.",
                ),
                private: Some("the store throttled the request".to_owned()),
                retry_after_secs: Some(retry_after_secs),
            },
            StoreError::Unavailable(private) => Self {
                error: Error::new(
                    ErrorKind::Unavailable,
                    "The directory cannot be reached at the moment. Try again later.",
                ),
                private: Some(private),
                retry_after_secs: Some(RETRY_AFTER_SECS),
            },
            StoreError::Corrupt(private) => Self::internal(private),
        }
    }
}

/// What `Retry-After` says when the store is away, in seconds.
pub const RETRY_AFTER_SECS: u32 = 2;

impl Failure {
    /// A defect: a fixed sentence for the stranger, the reason for the log.
    #[must_use]
    pub fn internal(private: String) -> Self {
        Self {
            error: Error::new(
                ErrorKind::Internal,
                "Something went wrong on our side. Nothing was changed; the request id names the case.",
            ),
            private: Some(private),
            retry_after_secs: None,
        }
    }

    /// A write that did not happen, where the use case has nothing better to say.
    #[must_use]
    pub fn from_commit(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => error.into(),
            CommitError::Stale | CommitError::MemberGone => Self {
                error: Error::new(
                    ErrorKind::Unavailable,
                    "The resource is being changed by many requests at once. Try again.",
                ),
                private: Some("lost the race on every attempt".to_owned()),
                retry_after_secs: Some(RETRY_AFTER_SECS),
            },
            CommitError::Busy { retry_after_secs } => Self {
                error: Error::new(
                    ErrorKind::Unavailable,
                    "A large change of this group is under way. Try again when it is done.",
                ),
                private: Some("a large change is pending".to_owned()),
                retry_after_secs: Some(retry_after_secs),
            },
            CommitError::Taken(key) => {
                Error::uniqueness(format!("The value `{}` is taken.", key.value)).into()
            }
            CommitError::EmailDomainTaken(domain) => {
                Error::uniqueness(format!("The e-mail domain `{domain}` is taken.")).into()
            }
            CommitError::SeatsExhausted => Error::forbidden(
                "The licence's seats are used up. Delete members who have left, or ask for more seats.",
            )
            .into(),
            CommitError::TooLarge(limit) => Error::too_many(limit).into(),
        }
    }
}

//! Why an operator's request was not carried out: what to say, and what to keep to ourselves.

use crate::{
    call::RETRY_AFTER_SECS,
    ports::{CommitError, StoreError},
};

/// The kinds of refusal. The edge gives each its status; none is left to a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// The request cannot be read: no JSON, an unknown member, a value of the wrong type.
    Malformed,
    /// No operator key, or none that holds.
    Unauthenticated,
    /// The key holds, and yet this may not be done.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The state of things does not allow it: a taken domain, the last owner, a list that is full.
    Conflict,
    /// The request can be read, but a value breaks a rule.
    Invalid,
    /// The table is overloaded.
    TooManyRequests,
    /// Away, or overtaken on every attempt.
    Unavailable,
    /// A defect of ours.
    Internal,
}

/// A request that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which kind.
    pub kind: RefusalKind,
    /// The member of the body, or the parameter, that has to change.
    pub field: Option<String>,
    /// A sentence that says what to change.
    pub detail: String,
    /// For the log only.
    pub private: Option<String>,
    /// Whole seconds after which to come again.
    pub retry_after_secs: Option<u32>,
}

impl Refusal {
    /// Of this kind, with the sentence for the operator.
    #[must_use]
    pub fn new(kind: RefusalKind, detail: impl Into<String>) -> Self {
        Self { kind, field: None, detail: detail.into(), private: None, retry_after_secs: None }
    }

    /// A value that breaks a rule.
    #[must_use]
    pub fn invalid(field: &str, detail: impl Into<String>) -> Self {
        Self::new(RefusalKind::Invalid, detail).about(field)
    }

    /// A request that cannot be read.
    #[must_use]
    pub fn malformed(field: &str, detail: impl Into<String>) -> Self {
        Self::new(RefusalKind::Malformed, detail).about(field)
    }

    /// The state of things does not allow it.
    #[must_use]
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(RefusalKind::Conflict, detail)
    }

    /// There is no such thing.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(RefusalKind::NotFound, detail)
    }

    /// Names the member of the body, or the parameter, that has to change.
    #[must_use]
    pub fn about(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// A write that did not happen, where the use case has nothing better to say.
    #[must_use]
    pub fn from_commit(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => error.into(),
            CommitError::Stale | CommitError::MemberGone => Self {
                private: Some("lost the race on every attempt".to_owned()),
                retry_after_secs: Some(RETRY_AFTER_SECS),
                ..Self::new(
                    RefusalKind::Unavailable,
                    "It is being changed by many requests at once. Try again.",
                )
            },
            CommitError::Busy { retry_after_secs } => Self {
                private: Some("a large change is pending".to_owned()),
                retry_after_secs: Some(retry_after_secs),
                ..Self::new(
                    RefusalKind::Unavailable,
                    "A large change of a group is under way. Try again when it is done.",
                )
            },
            CommitError::Taken(key) => {
                Self::conflict(format!("The value `{}` is taken.", key.value))
            }
            CommitError::EmailDomainTaken(domain) => Self::conflict(format!(
                "The e-mail domain `{domain}` leads to another organization."
            )),
            CommitError::SeatsExhausted => Self::conflict(
                "The licence's seats are used up. Delete members who have left, or raise `seats`.",
            ),
            CommitError::TooLarge(limit) => Self::conflict(limit),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Throttled { retry_after_secs } => Self {
                private: Some("the store throttled the request".to_owned()),
                retry_after_secs: Some(retry_after_secs),
                ..Self::new(
                    RefusalKind::TooManyRequests,
                    "Too many requests at the moment. Try again later.",
                )
            },
            StoreError::Unavailable(private) => Self {
                private: Some(private),
                retry_after_secs: Some(RETRY_AFTER_SECS),
                ..Self::new(
                    RefusalKind::Unavailable,
                    "The directory cannot be reached at the moment; whether a change was made is not known. \
                     Look, then try again.",
                )
            },
            StoreError::Corrupt(private) => Self {
                private: Some(private),
                ..Self::new(
                    RefusalKind::Internal,
                    "Something went wrong on our side; the request id names the case.",
                )
            },
        }
    }
}

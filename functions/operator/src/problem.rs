//! A refusal of the use cases as a problem of the edge.

use lychgate_core::operator::{Refusal, RefusalKind};
use lychgate_edge::problem::Problem;
use lychgate_scim::ErrorKind;

/// No `_` arm: a new kind does not compile until somebody has decided its status.
const fn kind(kind: RefusalKind) -> ErrorKind {
    match kind {
        RefusalKind::Malformed => ErrorKind::InvalidSyntax,
        RefusalKind::Invalid => ErrorKind::InvalidValue,
        RefusalKind::Unauthenticated => ErrorKind::Unauthorized,
        RefusalKind::Forbidden => ErrorKind::Forbidden,
        RefusalKind::NotFound => ErrorKind::NotFound,
        RefusalKind::Conflict => ErrorKind::Conflict,
        RefusalKind::TooManyRequests => ErrorKind::TooManyRequests,
        RefusalKind::Unavailable => ErrorKind::Unavailable,
        RefusalKind::Internal => ErrorKind::Internal,
    }
}

pub(crate) fn of(refusal: Refusal) -> Problem {
    Problem {
        kind: kind(refusal.kind),
        detail: refusal.detail.into(),
        field: refusal.field.map(Into::into),
        private: refusal.private,
        retry_after_secs: refusal.retry_after_secs,
    }
}

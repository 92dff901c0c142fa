//! Errors outside SCIM, as RFC 9457 writes them, with a word in `error` for programs.

use std::borrow::Cow;

use lychgate_core::{call::Failure, ports::StoreError};
use lychgate_scim::{Error, ErrorKind};
use serde_json::{Map, Value};

use crate::reply::{INTERNAL, PROBLEM_MEDIA_TYPE, Reply, with_error_headers};

/// A request of the operator's API that was not carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// Decides the status and the word.
    pub kind: ErrorKind,
    /// One sentence: what is wrong and what to change.
    pub detail: Cow<'static, str>,
    /// The member of the body that is wrong (`licence.seats`).
    pub field: Option<Cow<'static, str>>,
    /// For the log only.
    pub private: Option<String>,
    /// Whole seconds after which to come again.
    pub retry_after_secs: Option<u32>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(kind: ErrorKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Error::new(kind, detail).into()
    }

    /// 400: this member of the body or this query parameter is wrong.
    pub fn field(
        field: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field: Some(field.into()), ..Self::new(ErrorKind::InvalidValue, detail) }
    }

    /// 404.
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::NotFound, detail)
    }

    /// The word of `error`. No `_` arm: a new kind does not compile until somebody has decided.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self.kind {
            ErrorKind::InvalidFilter
            | ErrorKind::Mutability
            | ErrorKind::InvalidPath
            | ErrorKind::NoTarget
            | ErrorKind::InvalidValue
            | ErrorKind::InvalidVers
            | ErrorKind::InvalidCursor
            | ErrorKind::ExpiredCursor
            | ErrorKind::InvalidCount => "invalid_value",
            ErrorKind::InvalidSyntax | ErrorKind::BadRequest => "invalid_request",
            ErrorKind::TooMany => "too_many",
            ErrorKind::Unauthorized => "unauthorized",
            ErrorKind::Sensitive | ErrorKind::Forbidden => "forbidden",
            ErrorKind::NotFound => "not_found",
            ErrorKind::MethodNotAllowed => "method_not_allowed",
            ErrorKind::Uniqueness | ErrorKind::Conflict => "conflict",
            ErrorKind::PreconditionFailed => "precondition_failed",
            ErrorKind::PayloadTooLarge => "too_large",
            ErrorKind::UnsupportedMediaType => "unsupported_media_type",
            ErrorKind::TooManyRequests => "too_many_requests",
            ErrorKind::Internal => "internal",
            ErrorKind::NotImplemented => "not_implemented",
            ErrorKind::Unavailable => "unavailable",
        }
    }

    /// As bytes.
    #[must_use]
    pub fn into_reply(self, request_id: &str) -> Reply {
        let status = self.kind.status();
        let detail = match self.kind {
            ErrorKind::Internal => format!("{INTERNAL} ({request_id}).").into(),
            _ => self.detail.clone(),
        };
        let mut body = Map::new();
        body.insert("title".to_owned(), title(status).into());
        body.insert("status".to_owned(), status.into());
        body.insert("error".to_owned(), self.word().into());
        body.insert("detail".to_owned(), detail.as_ref().into());
        if let Some(field) = &self.field {
            body.insert("field".to_owned(), field.as_ref().into());
        }
        body.insert("request_id".to_owned(), request_id.into());
        let reply = Reply::json(status, PROBLEM_MEDIA_TYPE, &Value::Object(body));
        with_error_headers(reply, self.kind, self.retry_after_secs, "Lychgate")
    }
}

const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Failure::from(error).into()
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self {
            kind: failure.error.kind,
            detail: failure.error.detail,
            field: None,
            private: failure.private,
            retry_after_secs: failure.retry_after_secs,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Failure::from(error).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_to_change_and_where() {
        let reply = Problem::field("domain", "must be 2 to 63 letters").into_reply("r-1");
        assert_eq!(reply.status, 400);
        assert_eq!(reply.header("content-type"), Some(PROBLEM_MEDIA_TYPE));
        let body = reply.value();
        assert_eq!(body["error"], "invalid_value");
        assert_eq!(body["field"], "domain");
        assert_eq!(body["request_id"], "r-1");
    }

    #[test]
    fn every_kind_has_a_title() {
        for kind in ErrorKind::ALL {
            let body = Problem::new(kind, "x").into_reply("r").value();
            let internal = body["title"] == "Internal Server Error";
            assert_eq!(internal, kind.status() == 500, "{kind:?}");
        }
    }
}

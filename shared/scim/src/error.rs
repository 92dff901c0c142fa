//! SCIM errors (RFC 7644 §3.12, RFC 9865 §2): the kind decides status and `scimType`, the detail tells
//! the administrator what to change. Knows numbers, not an HTTP crate.

use std::borrow::Cow;

/// What went wrong, in the RFC's own vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The filter does not parse, or its operator does not fit the attribute.
    InvalidFilter,
    /// More results, operations or values than a named limit allows.
    TooMany,
    /// A unique value is taken.
    Uniqueness,
    /// A read-only or immutable attribute was aimed at.
    Mutability,
    /// The body is not the JSON that the message demands.
    InvalidSyntax,
    /// A path does not parse.
    InvalidPath,
    /// A path names nothing that could be changed.
    NoTarget,
    /// A value is missing, or has the wrong type.
    InvalidValue,
    /// The protocol version in the URL is not served here.
    InvalidVers,
    /// The request would put something secret into a URL.
    Sensitive,
    /// RFC 9865: the cursor was not made by this server for this list.
    InvalidCursor,
    /// RFC 9865: the cursor is too old.
    ExpiredCursor,
    /// RFC 9865: `count` does not fit the cursor.
    InvalidCount,
    /// 400 without a `scimType`.
    BadRequest,
    /// No credential, or one that does not hold.
    Unauthorized,
    /// A credential that holds, for something that is not allowed now.
    Forbidden,
    /// Not in this directory (also when it exists in another).
    NotFound,
    /// The path is known, the method is not.
    MethodNotAllowed,
    /// 409 without `uniqueness`.
    Conflict,
    /// `If-Match` or `If-None-Match` did not hold.
    PreconditionFailed,
    /// The body is over the declared limit.
    PayloadTooLarge,
    /// The body is of a media type that is not understood.
    UnsupportedMediaType,
    /// Too many requests.
    TooManyRequests,
    /// A defect, or damaged data.
    Internal,
    /// The RFC's feature exists, and is not offered here.
    NotImplemented,
    /// The store is busy or away.
    Unavailable,
}

impl ErrorKind {
    /// Every kind, for the tests that hold the table against the RFC.
    pub const ALL: [Self; 26] = [
        Self::InvalidFilter,
        Self::TooMany,
        Self::Uniqueness,
        Self::Mutability,
        Self::InvalidSyntax,
        Self::InvalidPath,
        Self::NoTarget,
        Self::InvalidValue,
        Self::InvalidVers,
        Self::Sensitive,
        Self::InvalidCursor,
        Self::ExpiredCursor,
        Self::InvalidCount,
        Self::BadRequest,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::TooManyRequests,
        Self::Internal,
        Self::NotImplemented,
        Self::Unavailable,
    ];

    /// The HTTP status, as a number.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidFilter
            | Self::TooMany
            | Self::Mutability
            | Self::InvalidSyntax
            | Self::InvalidPath
            | Self::NoTarget
            | Self::InvalidValue
            | Self::InvalidVers
            | Self::InvalidCursor
            | Self::ExpiredCursor
            | Self::InvalidCount
            | Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::Sensitive | Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Uniqueness | Self::Conflict => 409,
            Self::PreconditionFailed => 412,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::TooManyRequests => 429,
            Self::Internal => 500,
            Self::NotImplemented => 501,
            Self::Unavailable => 503,
        }
    }

    /// The `scimType` keyword, where the RFC has one.
    #[must_use]
    pub const fn scim_type(self) -> Option<&'static str> {
        Some(match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::Sensitive => "sensitive",
            Self::InvalidCursor => "invalidCursor",
            Self::ExpiredCursor => "expiredCursor",
            Self::InvalidCount => "invalidCount",
            Self::BadRequest
            | Self::Unauthorized
            | Self::Forbidden
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::Conflict
            | Self::PreconditionFailed
            | Self::PayloadTooLarge
            | Self::UnsupportedMediaType
            | Self::TooManyRequests
            | Self::Internal
            | Self::NotImplemented
            | Self::Unavailable => return None,
        })
    }
}

/// A SCIM error: safe to show to the provisioning client as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Decides status and `scimType`.
    pub kind: ErrorKind,
    /// One sentence in plain words: what is wrong and what to change.
    pub detail: Cow<'static, str>,
}

impl Error {
    /// An error of this kind with this sentence.
    pub fn new(kind: ErrorKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: detail.into() }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Error {}

macro_rules! short {
    ($($name:ident => $kind:ident),* $(,)?) => { impl Error { $(
        #[doc = concat!("[`ErrorKind::", stringify!($kind), "`] with this sentence.")]
        pub fn $name(detail: impl Into<Cow<'static, str>>) -> Self { Self::new(ErrorKind::$kind, detail) }
    )* } };
}
short! {
    invalid_filter => InvalidFilter, too_many => TooMany, uniqueness => Uniqueness, mutability => Mutability,
    invalid_syntax => InvalidSyntax, invalid_path => InvalidPath, no_target => NoTarget,
    invalid_value => InvalidValue, not_found => NotFound, forbidden => Forbidden,
}

//! Requests to addresses that somebody else wrote down: metadata of identity providers, and applications that want to
//! know when a session ends.
//!
//! Whoever may name an address may try to name one that only we can reach. So: https, port 443, a host's name; the name
//! is resolved once, every address it has must be public, and the connection goes to one of these very addresses; a
//! redirect begins anew. Size, time, redirects and headers are bounded.

pub mod public;
pub mod target;
pub mod client;
pub mod metadata;
pub mod logout;

pub use client::{Connector, Resolver, SystemResolver, TcpConnector, WebClient};
pub use target::{Reach, Target};

use lychgate_core::ports::outside::FetchError;

/// The address may not be fetched, whatever would answer.
pub const URL_REFUSED: &str = "metadata_url_refused";
/// Nobody answered, or not with 200.
pub const UNREACHABLE: &str = "metadata_unreachable";
/// What was answered is something else.
pub const NOT_SAML: &str = "metadata_not_saml";
/// More was answered than is read.
pub const TOO_LARGE: &str = "metadata_too_large";

fn refused(detail: impl Into<String>) -> FetchError {
    FetchError { code: URL_REFUSED, detail: detail.into() }
}

fn unreachable(detail: impl Into<String>) -> FetchError {
    FetchError { code: UNREACHABLE, detail: detail.into() }
}

fn not_saml(detail: impl Into<String>) -> FetchError {
    FetchError { code: NOT_SAML, detail: detail.into() }
}

//! SAML 2.0 for a service provider, as pure functions of bytes, keys and the time.
//!
//! It knows XML, cryptography and the SAML texts; it has no HTTP, no store, no clock, no random source and does no I/O.
//! What was verified ([`dsig::Verified`]) is another type than what was received ([`xml::Document`]), and only the
//! verifier makes it. Modules in suggested reading order.

pub mod rejection;

pub mod xml;

pub mod c14n;

pub mod certificate;

pub mod dsig;

pub mod xmlenc;

pub mod instant;

pub mod metadata;

pub mod binding;

pub mod authn_request;

pub mod response;

pub mod profile;

pub mod logout;

pub mod sign;

mod write;

#[cfg(test)]
mod foreign;

pub use instant::Instant;
pub use rejection::{Rejection, Who};

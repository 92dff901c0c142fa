//! The OpenID provider that the operator's applications sign people in with (S10): OpenID Connect Core with the
//! authorization code alone, PKCE always (RFC 9700 §2.1.1), ES256.
//!
//! Modules in the order in which a sign-in meets them.

pub mod wire;
pub mod discovery;
pub mod authorize;
pub mod entry;
mod standing;
mod claims;
pub mod jws;
pub mod token;
pub mod userinfo;
pub mod end_session;
pub mod back_channel;

pub use claims::ID_TOKEN_CLAIM_BYTES_MAX;

//! Sign-in by SAML on the in-memory store, with responses that a test IdP signs.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking"
)]

mod attacks;
mod begun;
mod encrypted;
mod entering;
mod leaving;
mod scene;
mod tested;

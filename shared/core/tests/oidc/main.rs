//! The OpenID provider on the in-memory store: codes and what they are bound to, userinfo, where a request leads, and who
//! is told of an end.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod entry;
mod logout;
mod redeem;
mod scene;

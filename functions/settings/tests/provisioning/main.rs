//! The overview and the pages of SCIM, as a browser sees them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod doors;
mod overview;
mod scene;
mod scim;

//! The owner's pages of members, groups and the history, as a browser sees them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod cleaning;
mod doors;
mod groups;
mod history;
mod members;
mod scene;

//! Passwords on the in-memory store: what lets somebody in, what a guesser learns, and what links do.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod guessing;
mod links;
mod scene;
mod signing_in;

//! Passwords on the in-memory store: what lets somebody in, what a guesser learns, and what links do.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod guessing;
mod links;
mod scene;
mod signing_in;

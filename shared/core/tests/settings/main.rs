//! Who may open the settings, and the links that lead there, on the in-memory store.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod entering;
mod faults;
mod making;
mod opening;
mod scene;

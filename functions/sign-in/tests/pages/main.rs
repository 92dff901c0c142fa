//! The pages of signing in, as a browser sees them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod choosing;
mod forms;
mod passwords;
mod scene;

//! The pages of signing in, as a browser sees them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod choosing;
mod forms;
mod passwords;
mod scene;

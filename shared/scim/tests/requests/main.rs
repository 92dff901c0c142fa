//! Filters, paths, sorting and PATCH against cases kept as data in `tests/data/scim`, and properties.
//!
//! One binary, so that a small machine links once. Each driver has a canary: a case that is wrong on
//! purpose and must be found.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so"
)]

mod data;
mod filter;
mod filter_eval;
mod patch;
mod path;
mod properties;
mod sort;

//! The store on an embedded DynamoDB, through the real SDK.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on shall say where"
)]

mod common;

mod budget;
mod directory;
mod faults;
mod groups;
mod keys;
mod large;
mod organizations;
mod races;

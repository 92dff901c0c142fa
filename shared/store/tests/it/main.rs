//! The store on an embedded DynamoDB, through the real SDK.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on shall say where, and the budget is printed"
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
mod sign_in;

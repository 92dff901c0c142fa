//! The adapters from outside: files in the place of KMS and SES, configuration texts, and the client that fetches what
//! strangers name.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod config;
mod files;
mod folder;
mod mail;
mod web;
mod wires;

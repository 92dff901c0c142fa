//! What the drivers in `it/` share: an endpoint to talk to, exchanges kept as data, and the matching of answers.
//!
//! An endpoint is the stack's functions behind their route table, in this process: on the in-memory store, on
//! the embedded DynamoDB, or behind the local server's socket. A driver does not know which.

pub mod data;
pub mod endpoint;
pub mod exchange;
pub mod http;
pub mod matching;

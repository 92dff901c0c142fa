//! What the drivers in `it/` share: an endpoint to talk to, exchanges kept as data, and the matching of answers.
//!
//! An endpoint is the stack's functions behind their route table: in this process on the in-memory store or on
//! the embedded DynamoDB, or behind the local server's socket. A driver does not know which.

pub mod data;
pub mod dynamo;
pub mod endpoint;
pub mod exchange;
pub mod fuzz;
pub mod http;
pub mod matching;
pub mod session;

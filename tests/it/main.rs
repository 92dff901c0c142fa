//! The drivers: each reads a folder of data, or walks something, and holds the stack against it. One binary,
//! so that a machine with two cores links once.

mod bad_input;
mod bootstrap;
mod concurrency;
mod contract;
mod idp;
mod isolation;
mod openapi;
mod tidy;

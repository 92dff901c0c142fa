//! The drivers: each reads a folder of data, or walks something, and holds the stack against it. One binary,
//! so that a machine with two cores links once.

mod bad_input;
mod bootstrap;
mod concurrency;
mod contract;
mod fuzz;
mod idp;
mod isolation;
mod model;
mod openapi;
mod reproduction;
mod rfc;
mod tidy;

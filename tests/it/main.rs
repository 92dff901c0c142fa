//! The drivers: each reads a folder of data, or walks something, and holds the stack against it. One binary,
//! so that a machine with two cores links once.

mod bad_input;
mod concurrency;
mod contract;
mod fuzz;
mod idp;
mod isolation;
mod model;
mod reproduction;
mod rfc;

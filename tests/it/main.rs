//! Everything that is tested from outside, in one binary: a machine with two cores links it once.

mod tidy;

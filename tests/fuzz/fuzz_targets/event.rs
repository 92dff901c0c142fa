//! `cargo fuzz run event ../data/fuzz/event`, in `tests/fuzz`.
#![no_main]

#[path = "../../src/fuzz.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::event(bytes));

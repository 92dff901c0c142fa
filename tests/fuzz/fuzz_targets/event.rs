//! `cargo fuzz run event ../data/fuzz/event`, in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| conformance::fuzz::event(bytes));

//! `cargo fuzz run path ../data/fuzz/path`, in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lychgate_testkit::fuzz::path(bytes));

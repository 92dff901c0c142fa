//! `cargo fuzz run token ../data/fuzz/token`, in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lychgate_testkit::fuzz::token(bytes));

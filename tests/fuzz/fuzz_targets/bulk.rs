//! `cargo fuzz run bulk ../data/fuzz/bulk`, in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lychgate_testkit::fuzz::bulk(bytes));

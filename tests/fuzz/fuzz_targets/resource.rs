//! `cargo fuzz run resource ../data/fuzz/resource`, in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lychgate_testkit::fuzz::resource(bytes));

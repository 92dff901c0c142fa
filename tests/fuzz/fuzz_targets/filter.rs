//! `cargo fuzz run filter ../data/fuzz/filter`, in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lychgate_testkit::fuzz::filter(bytes));

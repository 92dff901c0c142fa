//! `cargo fuzz run search ../data/fuzz/search`, in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lychgate_testkit::fuzz::search(bytes));

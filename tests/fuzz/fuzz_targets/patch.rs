//! `cargo fuzz run patch ../data/fuzz/patch`, in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lychgate_testkit::fuzz::patch_message(bytes));

//! `cargo fuzz run authorize ../data/fuzz/authorize`, in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lychgate_testkit::fuzz_authorize::authorize(bytes));

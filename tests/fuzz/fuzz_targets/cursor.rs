//! `cargo fuzz run cursor ../data/fuzz/cursor`, in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lychgate_testkit::fuzz::cursor_text(bytes));

//! `cargo fuzz run saml_response ../data/fuzz/saml-response`, in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lychgate_testkit::fuzz_saml::response(bytes));

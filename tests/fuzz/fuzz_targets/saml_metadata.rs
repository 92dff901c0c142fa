//! `cargo fuzz run saml_metadata ../data/fuzz/saml-metadata`, in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lychgate_testkit::fuzz_saml::metadata(bytes));

//! `cargo fuzz run saml_xml ../data/fuzz/saml-xml`, in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lychgate_testkit::fuzz_saml::xml(bytes));

//! `cargo fuzz run saml_binding ../data/fuzz/saml-binding`, in `tests/fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| lychgate_testkit::fuzz_saml::binding(bytes));

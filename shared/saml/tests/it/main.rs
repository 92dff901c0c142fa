//! SAML messages against the verifier: every attack that we know of is a file under `tests/data/saml`.

#![cfg(test)]
#![expect(clippy::string_slice, reason = "a test fails by panicking, and cuts its own text")]
#![expect(clippy::disallowed_methods, reason = "cases are files, and the environment may ask")]

mod forge;

mod judge;

mod corpus;

mod logout;

mod attacks;

mod properties;

mod work;

mod metadata;

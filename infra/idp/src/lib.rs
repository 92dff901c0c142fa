//! A small SAML 2.0 identity provider: it signs, encrypts, and (for tests) forges. Nothing of the verifier is used here.

//! A small SAML 2.0 identity provider as a library: for the local server's sample IdP, and for tests.
//!
//! It shares no code with the verifier: XML is written here by templates that are canonical as they stand, so that a
//! mistake in our canonicalization cannot hide behind the same mistake on the other side. It has no HTTP, no clock and no
//! store; keys, identifiers and instants are arguments. The one randomness it draws itself is what a signature (ECDSA)
//! or an encryption (RSA) needs inside the cryptographic library.
//!
//! Every field of a message can be set, also to what no IdP should send. It is never part of the deployed stack.

pub mod markup;
pub mod key;
pub mod signature;
pub mod encryption;
pub mod response;
pub mod metadata;
pub mod authn_request;
pub mod logout;
pub mod redirect;

pub use encryption::{DataAlgorithm, Encryption, KeyPlacement, KeyTransport};
pub use key::{KeyKind, SigningKey};
pub use metadata::{Idp, MetadataStyle};
pub use response::{ResponseSpec, Signed};
pub use signature::{Canonicalization, Digest, Signer};

/// What could not be done, in words. The IdP's user is a developer: there is nothing to hide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(pub String);

impl Error {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

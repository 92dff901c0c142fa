//! XML Signature for the one profile that SAML needs (XML Signature §3.2, SAML Core §5).

use crate::{Instant, Rejection, certificate::Certificate, xml::Element};

/// Which weak algorithms a connection takes by name (S6). The default takes none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Algorithms {
    /// RSA-SHA1 and SHA-1 digests, until this instant.
    pub sha1_until: Option<Instant>,
    /// RSA 1.5 key transport.
    pub rsa_1_5: bool,
}

/// An element whose signature held: the canonical octets that were digested, and nothing else of the document.
///
/// INVARIANT: only [`verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    octets: String,
    /// The signature algorithm's short name: `rsa-sha256`.
    pub algorithm: &'static str,
    /// The fingerprint of the certificate whose key it was.
    pub fingerprint: String,
}

impl Verified {
    /// The canonical octets whose digest matched. What is read, is read from these.
    #[must_use]
    pub fn octets(&self) -> &str {
        &self.octets
    }
}

/// Verifies the one Signature that is a direct child of `element`, over `element`.
///
/// # Errors
/// A [`Rejection`]: unsigned, of a form that SAML does not need, or not made by any of these keys.
pub fn verify(
    _element: Element<'_, '_>,
    _certificates: &[Certificate],
    _algorithms: Algorithms,
    _now: Instant,
) -> Result<Verified, Rejection> {
    Err(Rejection::Xml("not built yet".to_owned()))
}

//! XML Encryption (XML Encryption 1.1 §3, SAML Core §6): an `EncryptedAssertion` back into the document's text.

use crate::{Rejection, dsig::Algorithms, xml::Element};

/// A private key for decryption, with the fingerprint of its certificate. The bytes are wiped when it goes.
pub struct DecryptionKey {
    /// Fingerprint of the certificate that the IdP encrypts to.
    pub fingerprint: String,
    /// PKCS #8.
    pub pkcs8: zeroize::Zeroizing<Vec<u8>>,
}

/// What was decrypted: octets of an element, not yet believed. Decryption is not verification.
pub struct Decrypted {
    /// The plaintext.
    pub xml: String,
    /// `aes256-cbc` and the like.
    pub data_algorithm: &'static str,
    /// `rsa-oaep-mgf1p` and the like.
    pub key_algorithm: &'static str,
    /// Which of our certificates it was for.
    pub fingerprint: String,
}

/// Decrypts an `EncryptedAssertion`.
///
/// # Errors
/// One [`Rejection`] for every failure of arithmetic; others for algorithms that are not taken.
pub fn decrypt(
    _encrypted: Element<'_, '_>,
    _keys: &[DecryptionKey],
    _algorithms: Algorithms,
) -> Result<Decrypted, Rejection> {
    Err(Rejection::Xml("not built yet".to_owned()))
}

/// Puts what was decrypted in the place of the encrypted element, whose document `source` is, and scans the whole anew.
///
/// The plaintext may use prefixes that are declared around it (pysaml2 does), which is why it is read in its place.
///
/// # Errors
/// [`Rejection::Xml`] when the whole is not what the strict reader takes.
pub fn splice(
    source: &crate::xml::Source,
    encrypted: Element<'_, '_>,
    decrypted: &Decrypted,
) -> Result<crate::xml::Source, Rejection> {
    let range = encrypted.0.range();
    let text = source.as_str();
    match (text.get(..range.start), text.get(range.end..)) {
        (Some(before), Some(after)) => crate::xml::Source::new(
            [before, &decrypted.xml, after].concat().as_bytes(),
            &crate::xml::Limits::MESSAGE,
        ),
        _ => Err(Rejection::Xml("the encrypted element is of another document".to_owned())),
    }
}

//! X.509 certificates as metadata carries them (RFC 5280): their public keys, their fingerprints, their end.

use crate::Instant;

/// A certificate of an IdP, or ours: DER and what we read from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// DER.
    pub der: Vec<u8>,
    /// SHA-256 of the DER, lower-case hexadecimal.
    pub fingerprint: String,
    /// The subject, for people.
    pub subject: String,
    /// From when it holds. Only shown: SAML keys are trusted because metadata names them, whatever their dates.
    pub not_before: Instant,
    /// Until when it holds.
    pub not_after: Instant,
    /// Its key, in a form that the verifier takes.
    pub key: PublicKey,
}

/// A public key with its kind: an algorithm never chooses the key, the key chooses among algorithms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA, 2048 to 8192 bits: PKCS #1 `RSAPublicKey` in DER.
    Rsa(Vec<u8>),
    /// ECDSA on P-256: the uncompressed point.
    P256(Vec<u8>),
    /// ECDSA on P-384: the uncompressed point.
    P384(Vec<u8>),
    /// ECDSA on P-521: the uncompressed point.
    P521(Vec<u8>),
}

//! The algorithms that are taken (XML Signature 1.1 §6, RFC 9231), and the arithmetic.
//!
//! A table of what is allowed rather than a list of what is not: HMAC, DSA, GOST and whatever comes are simply not in
//! it.

use aws_lc_rs::{digest, signature};

use super::Algorithms;
use crate::{
    Instant, Rejection,
    certificate::{Certificate, PublicKey},
};

const STRONGER_SIGNATURE: &str = "a signature with RSA-SHA256 or ECDSA-SHA256, or stronger";
const STRONGER_DIGEST: &str = "a digest with SHA-256 or stronger";

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    /// RSASSA-PKCS1-v1_5.
    Pkcs1,
    /// RSASSA-PSS with MGF1 and a salt as long as the hash.
    Pss,
    Ecdsa,
}

/// A signature algorithm that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SignatureAlgorithm {
    /// The short name, for people.
    pub(super) name: &'static str,
    uri: &'static str,
    scheme: Scheme,
    hash: Hash,
}

const fn taken(
    name: &'static str,
    uri: &'static str,
    scheme: Scheme,
    hash: Hash,
) -> SignatureAlgorithm {
    SignatureAlgorithm { name, uri, scheme, hash }
}

const SIGNATURES: [SignatureAlgorithm; 10] = [
    taken(
        "rsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        Scheme::Pkcs1,
        Hash::Sha256,
    ),
    taken(
        "rsa-sha384",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
        Scheme::Pkcs1,
        Hash::Sha384,
    ),
    taken(
        "rsa-sha512",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        Scheme::Pkcs1,
        Hash::Sha512,
    ),
    taken(
        "sha256-rsa-mgf1",
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        Scheme::Pss,
        Hash::Sha256,
    ),
    taken(
        "sha384-rsa-mgf1",
        "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1",
        Scheme::Pss,
        Hash::Sha384,
    ),
    taken(
        "sha512-rsa-mgf1",
        "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1",
        Scheme::Pss,
        Hash::Sha512,
    ),
    taken(
        "ecdsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        Scheme::Ecdsa,
        Hash::Sha256,
    ),
    taken(
        "ecdsa-sha384",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
        Scheme::Ecdsa,
        Hash::Sha384,
    ),
    taken(
        "ecdsa-sha512",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
        Scheme::Ecdsa,
        Hash::Sha512,
    ),
    taken("rsa-sha1", "http://www.w3.org/2000/09/xmldsig#rsa-sha1", Scheme::Pkcs1, Hash::Sha1),
];

/// A digest algorithm that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DigestAlgorithm(Hash);

fn sha1_is_taken(algorithms: Algorithms, now: Instant) -> bool {
    algorithms.sha1_until.is_some_and(|until| now < until)
}

impl SignatureAlgorithm {
    /// The algorithm of this URI, when it is taken.
    pub(super) fn named(
        uri: &str,
        algorithms: Algorithms,
        now: Instant,
    ) -> Result<Self, Rejection> {
        SIGNATURES
            .into_iter()
            .find(|known| known.uri == uri)
            .filter(|known| known.hash != Hash::Sha1 || sha1_is_taken(algorithms, now))
            .ok_or_else(|| Rejection::WeakAlgorithm { want: STRONGER_SIGNATURE, got: short(uri) })
    }

    /// The fingerprint of the certificate whose key made this signature. Keys of another kind are passed over.
    pub(super) fn verify(
        self,
        octets: &[u8],
        signature: &[u8],
        certificates: &[Certificate],
    ) -> Option<String> {
        let der = ecdsa_der(signature);
        let made_with = |certificate: &&Certificate| match (self.scheme, &certificate.key) {
            (Scheme::Pkcs1 | Scheme::Pss, PublicKey::Rsa(key)) => {
                self.rsa().is_some_and(|algorithm| holds(algorithm, key, octets, signature))
            }
            (Scheme::Ecdsa, PublicKey::P256(key) | PublicKey::P384(key) | PublicKey::P521(key)) => {
                // XML Signature 1.1 §6.4.3: r and s, each as long as the curve's order.
                signature.len() == ecdsa_signature_bytes(&certificate.key)
                    && self.ecdsa(&certificate.key).zip(der.as_deref()).is_some_and(
                        |(algorithm, signature)| holds(algorithm, key, octets, signature),
                    )
            }
            _ => false,
        };
        certificates.iter().find(made_with).map(|certificate| certificate.fingerprint.clone())
    }

    fn rsa(self) -> Option<&'static signature::RsaParameters> {
        match (self.scheme, self.hash) {
            (Scheme::Pkcs1, Hash::Sha1) => {
                Some(&signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY)
            }
            (Scheme::Pkcs1, Hash::Sha256) => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
            (Scheme::Pkcs1, Hash::Sha384) => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
            (Scheme::Pkcs1, Hash::Sha512) => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
            (Scheme::Pss, Hash::Sha256) => Some(&signature::RSA_PSS_2048_8192_SHA256),
            (Scheme::Pss, Hash::Sha384) => Some(&signature::RSA_PSS_2048_8192_SHA384),
            (Scheme::Pss, Hash::Sha512) => Some(&signature::RSA_PSS_2048_8192_SHA512),
            _ => None,
        }
    }

    fn ecdsa(self, key: &PublicKey) -> Option<&'static signature::EcdsaVerificationAlgorithm> {
        match (key, self.hash) {
            (PublicKey::P256(_), Hash::Sha256) => Some(&signature::ECDSA_P256_SHA256_ASN1),
            (PublicKey::P256(_), Hash::Sha384) => Some(&signature::ECDSA_P256_SHA384_ASN1),
            (PublicKey::P256(_), Hash::Sha512) => Some(&signature::ECDSA_P256_SHA512_ASN1),
            (PublicKey::P384(_), Hash::Sha256) => Some(&signature::ECDSA_P384_SHA256_ASN1),
            (PublicKey::P384(_), Hash::Sha384) => Some(&signature::ECDSA_P384_SHA384_ASN1),
            (PublicKey::P384(_), Hash::Sha512) => Some(&signature::ECDSA_P384_SHA512_ASN1),
            (PublicKey::P521(_), Hash::Sha256) => Some(&signature::ECDSA_P521_SHA256_ASN1),
            (PublicKey::P521(_), Hash::Sha384) => Some(&signature::ECDSA_P521_SHA384_ASN1),
            (PublicKey::P521(_), Hash::Sha512) => Some(&signature::ECDSA_P521_SHA512_ASN1),
            _ => None,
        }
    }
}

impl DigestAlgorithm {
    /// The algorithm of this URI, when it is taken.
    pub(super) fn named(
        uri: &str,
        algorithms: Algorithms,
        now: Instant,
    ) -> Result<Self, Rejection> {
        match uri {
            "http://www.w3.org/2001/04/xmlenc#sha256" => Ok(Self(Hash::Sha256)),
            "http://www.w3.org/2001/04/xmldsig-more#sha384" => Ok(Self(Hash::Sha384)),
            "http://www.w3.org/2001/04/xmlenc#sha512" => Ok(Self(Hash::Sha512)),
            "http://www.w3.org/2000/09/xmldsig#sha1" if sha1_is_taken(algorithms, now) => {
                Ok(Self(Hash::Sha1))
            }
            _ => Err(Rejection::WeakAlgorithm { want: STRONGER_DIGEST, got: short(uri) }),
        }
    }

    /// Whether this is the digest of the octets: compared in a time that says nothing about where they differ.
    pub(super) fn is_of(self, octets: &[u8], expected: &[u8]) -> bool {
        let algorithm = match self.0 {
            Hash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
        };
        let digest = digest::digest(algorithm, octets);
        aws_lc_rs::constant_time::verify_slices_are_equal(digest.as_ref(), expected).is_ok()
    }
}

fn holds(
    algorithm: &'static dyn signature::VerificationAlgorithm,
    key: &[u8],
    octets: &[u8],
    signature: &[u8],
) -> bool {
    signature::UnparsedPublicKey::new(algorithm, key).verify(octets, signature).is_ok()
}

/// How long a signature of this key is.
fn ecdsa_signature_bytes(key: &PublicKey) -> usize {
    match key {
        PublicKey::P256(_) => 64,
        PublicKey::P384(_) => 96,
        PublicKey::P521(_) => 132,
        PublicKey::Rsa(_) => 0,
    }
}

/// `ECDSA-Sig-Value` (RFC 3279 §2.2.3) of the raw r and s. `None` when it is too long to be a signature of any curve
/// here.
fn ecdsa_der(raw: &[u8]) -> Option<Vec<u8>> {
    let half = raw.len() / 2;
    let (r, s) = raw.split_at_checked(half).filter(|(r, s)| r.len() == s.len() && half <= 66)?;
    let mut integers = Vec::with_capacity(raw.len() + 6);
    for number in [r, s] {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        let digits = number.get(zeros..).unwrap_or_default();
        let sign = digits.first().is_none_or(|first| *first >= 0x80);
        integers.push(0x02);
        integers.push(u8::try_from(digits.len() + usize::from(sign)).ok()?);
        integers.extend(sign.then_some(0));
        integers.extend_from_slice(digits);
    }
    let length = u8::try_from(integers.len()).ok()?;
    let mut der = vec![0x30];
    der.extend((length >= 0x80).then_some(0x81));
    der.push(length);
    der.extend(integers);
    Some(der)
}

/// A URI for a message: bounded, and on one line.
pub(super) fn short(uri: &str) -> String {
    const CHARACTERS_MAX: usize = 120;
    uri.chars()
        .take(CHARACTERS_MAX)
        .map(|character| if character.is_control() { '\u{FFFD}' } else { character })
        .collect()
}

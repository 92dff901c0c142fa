//! X.509 certificates as metadata carries them (RFC 5280): their public keys, their fingerprints, their end.
//!
//! A certificate is a wrapping around a key here. Nobody's signature on it is checked, and its dates decide nothing:
//! a key is trusted because the connection's metadata names it (SAML Metadata §2.4.1.1).

use std::fmt::Write;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::STANDARD};
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

use crate::{Instant, Rejection};

/// The longest certificate, in bytes of DER.
pub const DER_BYTES_MAX: usize = 16 * 1024;
/// The longest certificate as text: base64, wrapped generously, with its two lines of PEM.
const TEXT_BYTES_MAX: usize = 2 * DER_BYTES_MAX;
/// The fewest bits of an RSA key.
const RSA_BITS_MIN: usize = 2048;
/// The most bits of an RSA key: longer ones make verification slow and no safer.
const RSA_BITS_MAX: usize = 8192;
/// The longest subject that is kept, in characters.
const SUBJECT_CHARACTERS_MAX: usize = 256;
/// The bytes of a serial number (RFC 5280 §4.1.2.2: at most 20, positive).
pub const SERIAL_BYTES: usize = 16;

/// A certificate of an IdP, or ours: DER and what we read from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// DER.
    pub der: Vec<u8>,
    /// SHA-256 of the DER, lower-case hexadecimal.
    pub fingerprint: String,
    /// The subject, for people: control characters replaced, at most 256 characters.
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

impl Certificate {
    /// Reads DER.
    ///
    /// # Errors
    /// [`Rejection::Certificate`] when it is none, or its key is of a kind that signs no SAML;
    /// [`Rejection::WeakAlgorithm`] when the key is RSA of less than 2048 bits.
    pub fn from_der(der: &[u8]) -> Result<Self, Rejection> {
        if der.len() > DER_BYTES_MAX {
            return Err(unreadable(format!("longer than {DER_BYTES_MAX} bytes")));
        }
        let (rest, certificate) =
            X509Certificate::from_der(der).map_err(|_| unreadable("not an X.509 certificate"))?;
        if !rest.is_empty() {
            return Err(unreadable("something follows the certificate"));
        }
        let instant = |at: x509_parser::time::ASN1Time| {
            Instant::from_unix_millis(at.timestamp().saturating_mul(1000))
        };
        Ok(Self {
            key: public_key(&certificate)?,
            fingerprint: fingerprint(der),
            subject: printable(&certificate.subject().to_string()),
            not_before: instant(certificate.validity().not_before),
            not_after: instant(certificate.validity().not_after),
            der: der.to_vec(),
        })
    }

    /// Reads base64 of DER, as `X509Certificate` of metadata holds it: white space anywhere.
    ///
    /// # Errors
    /// As [`Certificate::from_der`], and [`Rejection::Certificate`] when it is not base64.
    pub fn from_base64(text: &str) -> Result<Self, Rejection> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(unreadable(format!("longer than {TEXT_BYTES_MAX} characters")));
        }
        let der = base64_with_spaces(text).ok_or_else(|| unreadable("not base64"))?;
        Self::from_der(&der)
    }

    /// Reads PEM (RFC 7468): one block `CERTIFICATE`, nothing but white space around it.
    ///
    /// # Errors
    /// As [`Certificate::from_base64`], and [`Rejection::Certificate`] when it is not one block.
    pub fn from_pem(text: &str) -> Result<Self, Rejection> {
        let inside = text
            .trim()
            .strip_prefix(PEM_BEGIN)
            .and_then(|rest| rest.strip_suffix(PEM_END))
            .ok_or_else(|| unreadable("not one PEM certificate"))?;
        Self::from_base64(inside)
    }

    /// PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        pem(&self.der)
    }

    /// Base64 of the DER on one line, as metadata holds it.
    #[must_use]
    pub fn base64(&self) -> String {
        STANDARD.encode(&self.der)
    }

    /// Whole days until it ends; negative when it has ended.
    #[must_use]
    pub fn days_left(&self, now: Instant) -> i64 {
        const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;
        self.not_after.unix_millis().saturating_sub(now.unix_millis()).div_euclid(DAY_MILLIS)
    }
}

const PEM_BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const PEM_END: &str = "-----END CERTIFICATE-----";
/// RFC 7468 §2.
const PEM_LINE_CHARACTERS: usize = 64;

/// PEM of a certificate's DER (RFC 7468): lines of 64 characters, a line end after each.
#[must_use]
pub fn pem(der: &[u8]) -> String {
    let mut pem = format!("{PEM_BEGIN}\n");
    for (at, character) in STANDARD.encode(der).chars().enumerate() {
        if at > 0 && at % PEM_LINE_CHARACTERS == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push('\n');
    pem.push_str(PEM_END);
    pem.push('\n');
    pem
}

/// SHA-256 of DER, lower-case hexadecimal.
#[must_use]
pub fn fingerprint(der: &[u8]) -> String {
    let mut hexadecimal = String::with_capacity(64);
    for byte in digest::digest(&digest::SHA256, der).as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(hexadecimal, "{byte:02x}");
    }
    hexadecimal
}

/// Makes an RSA-2048 key pair for decryption and a self-signed certificate around it: the certificate, and the
/// private key as PKCS #8 DER, wiped when it goes.
///
/// Time and serial number come in. The key's randomness does not: it is drawn inside the cryptographic library, which
/// takes none from outside. The first bit of the serial number is cleared, so that it is positive.
///
/// # Errors
/// [`Rejection::Certificate`] when the subject or the dates cannot be written, or no key could be made.
pub fn generate(
    subject: &str,
    not_before: Instant,
    not_after: Instant,
    serial: [u8; SERIAL_BYTES],
) -> Result<(Certificate, Zeroizing<Vec<u8>>), Rejection> {
    let failed = |_| unreadable("the key pair could not be made");
    let date = |at: Instant| {
        OffsetDateTime::from_unix_timestamp(at.unix_millis().div_euclid(1000))
            .map_err(|_| unreadable("a date out of range"))
    };
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
        .map(Zeroizing::new)
        .map_err(failed)?;
    let mut serial = serial;
    if let Some(first) = serial.first_mut() {
        *first &= 0x7f;
    }
    let mut parameters = rcgen::CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(rcgen::DnType::CommonName, printable(subject));
    parameters.not_before = date(not_before)?;
    parameters.not_after = date(not_after)?;
    parameters.serial_number = Some(rcgen::SerialNumber::from_slice(&serial));
    parameters.key_usages =
        vec![rcgen::KeyUsagePurpose::KeyEncipherment, rcgen::KeyUsagePurpose::DataEncipherment];
    let certificate = parameters.self_signed(&*key).map_err(failed)?;
    let pkcs8 = Zeroizing::new(key.serialize_der());
    Ok((Certificate::from_der(certificate.der())?, pkcs8))
}

/// Decodes base64 in which there may be white space, as XML's `base64Binary` may have it.
pub(crate) fn base64_with_spaces(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let dense: String = text.split_ascii_whitespace().collect();
        STANDARD.decode(dense).ok()
    } else {
        STANDARD.decode(text).ok()
    }
}

fn unreadable(reason: impl Into<String>) -> Rejection {
    Rejection::Certificate(reason.into())
}

/// The key by its algorithm (RFC 3279 §2.3.1, RFC 5480 §2.1).
fn public_key(certificate: &X509Certificate<'_>) -> Result<PublicKey, Rejection> {
    const RSA: &str = "1.2.840.113549.1.1.1";
    const EC: &str = "1.2.840.10045.2.1";
    let info = certificate.public_key();
    let key = info.subject_public_key.data.to_vec();
    match info.algorithm.algorithm.to_id_string().as_str() {
        RSA => {
            let parsed = info.parsed().map_err(|_| unreadable("its RSA key cannot be read"))?;
            let bits = parsed.key_size();
            if bits < RSA_BITS_MIN {
                return Err(Rejection::WeakAlgorithm {
                    want: "an RSA key of 2048 bits or more",
                    got: format!("an RSA key of {bits} bits"),
                });
            }
            if bits > RSA_BITS_MAX {
                return Err(unreadable(format!("an RSA key of more than {RSA_BITS_MAX} bits")));
            }
            Ok(PublicKey::Rsa(key))
        }
        EC => {
            let curve = info.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
            match curve.map(|curve| curve.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => Ok(PublicKey::P256(key)),
                Some("1.3.132.0.34") => Ok(PublicKey::P384(key)),
                Some("1.3.132.0.35") => Ok(PublicKey::P521(key)),
                _ => Err(unreadable("its key is on another curve than P-256, P-384 and P-521")),
            }
        }
        _ => Err(unreadable("its key is neither RSA nor ECDSA")),
    }
}

fn printable(text: &str) -> String {
    text.chars()
        .take(SUBJECT_CHARACTERS_MAX)
        .map(|character| if character.is_control() { '\u{FFFD}' } else { character })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (Certificate, Zeroizing<Vec<u8>>) {
        let from = Instant::parse("2026-11-22T00:00:00Z").unwrap();
        generate("sp.example", from, from.plus_secs(730 * 86_400), [0xff; 16]).unwrap()
    }

    #[test]
    fn a_generated_certificate_is_read_back_from_every_form() {
        let (certificate, pkcs8) = made();
        assert_eq!(certificate.subject, "CN=sp.example");
        assert_eq!(certificate.not_before.text(), "2026-11-22T00:00:00Z");
        assert_eq!(certificate.days_left(certificate.not_before), 730);
        assert_eq!(certificate.days_left(certificate.not_after.plus_secs(1)), -1);
        assert!(matches!(certificate.key, PublicKey::Rsa(_)));
        assert_eq!(certificate.fingerprint.len(), 64);
        assert_eq!(Certificate::from_pem(&certificate.pem()), Ok(certificate.clone()));
        let wrapped = certificate.base64().replace('A', "A\r\n \t");
        assert_eq!(Certificate::from_base64(&wrapped), Ok(certificate.clone()));
        assert!(aws_lc_rs::rsa::PrivateDecryptingKey::from_pkcs8(&pkcs8).is_ok());
        assert!(certificate.pem().lines().all(|line| line.len() <= 64));
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let (certificate, _) = made();
        let mut longer = certificate.der.clone();
        longer.push(0);
        let mut shorter = certificate.der.clone();
        shorter.pop();
        let two = format!("{0}{0}", certificate.pem());
        assert!(Certificate::from_der(&longer).is_err());
        assert!(Certificate::from_der(&shorter).is_err());
        assert!(Certificate::from_der(&vec![0x30; DER_BYTES_MAX + 1]).is_err());
        assert!(Certificate::from_base64("not base64!").is_err());
        assert!(Certificate::from_base64(&"A".repeat(TEXT_BYTES_MAX + 1)).is_err());
        assert!(Certificate::from_pem(&two).is_err());
        assert!(Certificate::from_pem(&certificate.base64()).is_err());
    }

    #[test]
    fn a_short_rsa_key_is_weak() {
        let rejection =
            Certificate::from_pem(crate::foreign::foreign!("idp-rsa1024.pem")).unwrap_err();
        assert_eq!(rejection.code(), "weak_algorithm");
        assert_eq!(rejection.got().as_deref(), Some("an RSA key of 1024 bits"));
    }

    #[test]
    fn a_subject_cannot_break_a_line() {
        assert_eq!(printable("CN=a\nb\u{7f}"), "CN=a\u{FFFD}b\u{FFFD}");
        assert_eq!(printable(&"é".repeat(1000)).chars().count(), SUBJECT_CHARACTERS_MAX);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, text: String) {
            let _ = Certificate::from_der(&bytes);
            let _ = Certificate::from_base64(&text);
            let _ = Certificate::from_pem(&text);
        }
    }
}

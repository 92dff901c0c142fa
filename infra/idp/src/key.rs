//! Keys with their certificates.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaKeyPair,
    },
};
use rcgen::{CertificateParams, DnType, KeyPair, SerialNumber};
use time::OffsetDateTime;

use crate::{Error, signature::Digest};

/// What kind of key is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA, 2048 bits.
    Rsa2048,
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
}

/// A private key and its self-signed certificate.
pub struct SigningKey {
    pair: Pair,
    pkcs8: Vec<u8>,
    certificate: Vec<u8>,
}

impl SigningKey {
    /// A new key. RSA takes about 70 ms.
    ///
    /// # Errors
    /// When the library can make no key.
    pub fn generate(
        kind: KeyKind,
        common_name: &str,
        not_before: OffsetDateTime,
        not_after: OffsetDateTime,
    ) -> Result<Self, Error> {
        let refused = |_| Error::new("no key could be made");
        let pkcs8 = match kind {
            KeyKind::Rsa2048 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(refused)?;
                let der: Pkcs8V1Der<'static> = pair.as_der().map_err(refused)?;
                der.as_ref().to_vec()
            }
            KeyKind::P256 => {
                let pair =
                    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(refused)?;
                pair.to_pkcs8v1().map_err(refused)?.as_ref().to_vec()
            }
            KeyKind::P384 => {
                let pair =
                    EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).map_err(refused)?;
                pair.to_pkcs8v1().map_err(refused)?.as_ref().to_vec()
            }
        };
        let certificate = self_signed(&pkcs8, common_name, not_before, not_after)?;
        Self::from_pkcs8(&pkcs8, certificate)
    }

    /// A key that was kept: PKCS #8 (DER) and its certificate (DER).
    ///
    /// # Errors
    /// When it is no RSA or P-256 or P-384 key.
    pub fn from_pkcs8(pkcs8: &[u8], certificate: Vec<u8>) -> Result<Self, Error> {
        let ecdsa = |algorithm| EcdsaKeyPair::from_pkcs8(algorithm, pkcs8);
        let pair = RsaKeyPair::from_pkcs8(pkcs8)
            .map(Pair::Rsa)
            .or_else(|_| ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::P256))
            .or_else(|_| ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING).map(Pair::P384))
            .map_err(|_| Error::new("neither an RSA nor a P-256 nor a P-384 key in PKCS #8"))?;
        Ok(Self { pair, pkcs8: pkcs8.to_vec(), certificate })
    }

    /// The certificate, DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The private key, PKCS #8 in DER.
    #[must_use]
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public key's own bytes: PKCS #1 for RSA, the point for ECDSA.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref(),
            Pair::P256(pair) | Pair::P384(pair) => pair.public_key().as_ref(),
        }
    }

    /// The URI of the signature algorithm that this key and this digest make (RFC 6931 §2.3).
    ///
    /// # Errors
    /// When this key cannot be used with this digest.
    pub fn algorithm(&self, digest: Digest) -> Result<&'static str, Error> {
        match (&self.pair, digest) {
            (Pair::Rsa(_), Digest::Sha256) => {
                Ok("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")
            }
            (Pair::Rsa(_), Digest::Sha384) => {
                Ok("http://www.w3.org/2001/04/xmldsig-more#rsa-sha384")
            }
            (Pair::Rsa(_), Digest::Sha512) => {
                Ok("http://www.w3.org/2001/04/xmldsig-more#rsa-sha512")
            }
            (Pair::P256(_), Digest::Sha256) => {
                Ok("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256")
            }
            (Pair::P384(_), Digest::Sha384) => {
                Ok("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384")
            }
            _ => Err(Error::new("this key does not sign with this digest here")),
        }
    }

    /// Signs octets; an ECDSA signature is r and s side by side, as XML Signature wants it.
    ///
    /// # Errors
    /// When this key cannot be used with this digest.
    pub fn sign(&self, digest: Digest, octets: &[u8]) -> Result<Vec<u8>, Error> {
        self.algorithm(digest)?;
        let random = SystemRandom::new();
        let failed = |_| Error::new("the key did not sign");
        match &self.pair {
            Pair::Rsa(pair) => {
                let encoding = match digest {
                    Digest::Sha384 => &RSA_PKCS1_SHA384,
                    Digest::Sha512 => &RSA_PKCS1_SHA512,
                    Digest::Sha256 | Digest::Sha1 => &RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, octets, &mut signature).map_err(failed)?;
                Ok(signature)
            }
            Pair::P256(pair) | Pair::P384(pair) => {
                Ok(pair.sign(&random, octets).map_err(failed)?.as_ref().to_vec())
            }
        }
    }
}

/// A self-signed certificate for a key in PKCS #8, DER. The same arguments give the same bytes for an RSA key.
///
/// # Errors
/// When the key is none.
pub fn self_signed(
    pkcs8: &[u8],
    common_name: &str,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
) -> Result<Vec<u8>, Error> {
    let refused = |error: rcgen::Error| Error::new(format!("no certificate: {error}"));
    let pair = KeyPair::try_from(pkcs8).map_err(refused)?;
    let mut params = CertificateParams::new(Vec::new()).map_err(refused)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = not_before;
    params.not_after = not_after;
    params.serial_number = Some(SerialNumber::from(1));
    Ok(params.self_signed(&pair).map_err(refused)?.der().to_vec())
}

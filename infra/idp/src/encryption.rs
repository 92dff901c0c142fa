//! Encrypted assertions (XML Encryption 1.1 §3 and §5, SAML Core §2.3.4).

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    cipher::{AES_128, AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey},
    iv::FixedLength,
    rsa::{
        OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey,
        Pkcs1PublicEncryptingKey, PublicEncryptingKey,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Digest, Error,
    markup::{self, DS, Prefixes, SAML, XENC, XENC11, declaration, element},
};

/// How the assertion is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataAlgorithm {
    /// AES-128-CBC.
    Aes128Cbc,
    /// AES-256-CBC.
    Aes256Cbc,
    /// AES-128-GCM.
    Aes128Gcm,
    /// AES-256-GCM.
    Aes256Gcm,
}

impl DataAlgorithm {
    const fn uri(self) -> &'static str {
        match self {
            Self::Aes128Cbc => "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
            Self::Aes256Cbc => "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
            Self::Aes128Gcm => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        }
    }

    const fn key_bytes(self) -> usize {
        match self {
            Self::Aes128Cbc | Self::Aes128Gcm => 16,
            Self::Aes256Cbc | Self::Aes256Gcm => 32,
        }
    }

    /// The initialization vector, the ciphertext, and the tag where there is one.
    fn encrypt(self, key: &[u8], iv: &[u8; 16], plain: &[u8]) -> Result<Vec<u8>, Error> {
        let failed = |_| Error::new("the assertion could not be encrypted");
        let mut data = plain.to_vec();
        match self {
            Self::Aes128Cbc | Self::Aes256Cbc => {
                let algorithm = if self.key_bytes() == 16 { &AES_128 } else { &AES_256 };
                let key = UnboundCipherKey::new(algorithm, key).map_err(failed)?;
                let context = EncryptionContext::Iv128(FixedLength::from(iv));
                PaddedBlockEncryptingKey::cbc_pkcs7(key)
                    .and_then(|key| key.less_safe_encrypt(&mut data, context))
                    .map_err(failed)?;
                Ok([iv.as_slice(), &data].concat())
            }
            Self::Aes128Gcm | Self::Aes256Gcm => {
                let algorithm = if self.key_bytes() == 16 { &AES_128_GCM } else { &AES_256_GCM };
                let nonce = iv.get(..12).unwrap_or_default();
                let key = UnboundKey::new(algorithm, key).map_err(failed)?;
                let unique = Nonce::try_assume_unique_for_key(nonce).map_err(failed)?;
                LessSafeKey::new(key)
                    .seal_in_place_append_tag(unique, Aad::empty(), &mut data)
                    .map_err(failed)?;
                Ok([nonce, &data].concat())
            }
        }
    }
}

/// How the content key is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyTransport {
    /// RSA-OAEP with MGF1 and SHA-1: what everybody sends.
    OaepMgf1p,
    /// RSA-OAEP of XML Encryption 1.1 with SHA-256 throughout.
    OaepSha256,
    /// RSA-OAEP with SHA-256 throughout, named as Auth0 names it: the older algorithm, and a digest URI that does not exist.
    OaepAsAuth0,
    /// RSA PKCS #1 v1.5.
    Rsa15,
}

impl KeyTransport {
    /// `declared` is what stands before the attributes of a `ds:DigestMethod`: nothing where `ds` is declared around it.
    fn method(self, prefix: &str, declared: &str) -> String {
        let n = |local| markup::name(prefix, local);
        let algorithm = |uri: &str| markup::attributes(&[("Algorithm", Some(uri))]);
        let digest =
            |uri: &str| element("ds:DigestMethod", &(declared.to_owned() + &algorithm(uri)), "");
        let (uri, inner) = match self {
            Self::OaepMgf1p => {
                ("http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", digest(Digest::Sha1.uri()))
            }
            Self::OaepAsAuth0 => (
                "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
                digest("http://www.w3.org/2000/09/xmldsig#sha256"),
            ),
            Self::OaepSha256 => {
                let mgf = declaration("xenc11", XENC11)
                    + &algorithm("http://www.w3.org/2009/xmlenc11#mgf1sha256");
                (
                    "http://www.w3.org/2009/xmlenc11#rsa-oaep",
                    digest(Digest::Sha256.uri()) + &element("xenc11:MGF", &mgf, ""),
                )
            }
            Self::Rsa15 => ("http://www.w3.org/2001/04/xmlenc#rsa-1_5", String::new()),
        };
        element(&n("EncryptionMethod"), &algorithm(uri), &inner)
    }

    fn encrypt(self, certificate: &[u8], content_key: &[u8]) -> Result<Vec<u8>, Error> {
        let failed = |_| Error::new("the content key could not be encrypted");
        let spki = subject_public_key_info(certificate)
            .ok_or_else(|| Error::new("this is no certificate in DER"))?;
        let key = PublicEncryptingKey::from_der(spki)
            .map_err(|_| Error::new("the certificate's key is no RSA key to encrypt to"))?;
        let mut room = vec![0; key.key_size_bytes()];
        let oaep = match self {
            Self::OaepMgf1p => &OAEP_SHA1_MGF1SHA1,
            Self::OaepSha256 | Self::OaepAsAuth0 => &OAEP_SHA256_MGF1SHA256,
            Self::Rsa15 => {
                let key = Pkcs1PublicEncryptingKey::new(key).map_err(failed)?;
                return Ok(key.encrypt(content_key, &mut room).map_err(failed)?.to_vec());
            }
        };
        let key = OaepPublicEncryptingKey::new(key).map_err(failed)?;
        Ok(key.encrypt(oaep, content_key, &mut room, None).map_err(failed)?.to_vec())
    }
}

/// Where the `EncryptedKey` stands (SAML Core errata E43 allows both).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlacement {
    /// In the `KeyInfo` of the `EncryptedData`.
    InKeyInfo,
    /// Beside the `EncryptedData`, to which a `RetrievalMethod` points, as the Java library of Shibboleth writes it.
    Beside,
}

/// To whom and how an assertion is encrypted.
#[derive(Debug, Clone)]
pub struct Encryption {
    /// The recipient's certificate, DER.
    pub certificate: Vec<u8>,
    /// Of the assertion.
    pub data: DataAlgorithm,
    /// Of the key.
    pub transport: KeyTransport,
    /// Where the key stands.
    pub placement: KeyPlacement,
    /// What the content key is cut from.
    pub content_key: [u8; 32],
    /// What the initialization vector is cut from.
    pub iv: [u8; 16],
}

impl Encryption {
    /// AES-256-GCM with the common RSA-OAEP. `entropy` must be new each time.
    #[must_use]
    pub fn new(certificate: Vec<u8>, entropy: [u8; 48]) -> Self {
        let (mut content_key, mut iv) = ([0; 32], [0; 16]);
        for (to, from) in content_key.iter_mut().chain(&mut iv).zip(entropy) {
            *to = from;
        }
        Self {
            certificate,
            data: DataAlgorithm::Aes256Gcm,
            transport: KeyTransport::OaepMgf1p,
            placement: KeyPlacement::InKeyInfo,
            content_key,
            iv,
        }
    }

    /// An `EncryptedAssertion` of these octets, whatever they are.
    ///
    /// # Errors
    /// When nothing can be encrypted to the certificate.
    pub fn encrypted_assertion(&self, plain: &str, prefixes: Prefixes) -> Result<String, Error> {
        let content_key = self.content_key.get(..self.data.key_bytes()).unwrap_or_default();
        let data = self.data.encrypt(content_key, &self.iv, plain.as_bytes())?;
        let key = self.transport.encrypt(&self.certificate, content_key)?;
        Ok(self.element(prefixes, &STANDARD.encode(data), &STANDARD.encode(key)))
    }

    /// An `EncryptedAssertion` of these two cipher values (base64), whatever they are.
    #[must_use]
    pub fn element(&self, prefixes: Prefixes, data: &str, key: &str) -> String {
        let algorithm = |uri: &str| markup::attributes(&[("Algorithm", Some(uri))]);
        let cipher =
            |value: &str| element("xenc:CipherData", "", &element("xenc:CipherValue", "", value));
        let xenc = declaration("xenc", XENC);
        let key_id = "_key-1";
        let encrypted_key = |id: Option<&str>, declared: &str, ds: &str| {
            let attributes = declared.to_owned() + &markup::attributes(&[("Id", id)]);
            let content = self.transport.method("xenc", ds) + &cipher(key);
            element("xenc:EncryptedKey", &attributes, &content)
        };
        let (inside, beside) = match self.placement {
            KeyPlacement::InKeyInfo => (encrypted_key(None, "", ""), String::new()),
            KeyPlacement::Beside => {
                let kind = "http://www.w3.org/2001/04/xmlenc#EncryptedKey";
                let uri = format!("#{key_id}");
                let attributes = markup::attributes(&[("Type", Some(kind)), ("URI", Some(&uri))]);
                let retrieval = element("ds:RetrievalMethod", &attributes, "");
                (retrieval, encrypted_key(Some(key_id), &xenc, &declaration("ds", DS)))
            }
        };
        let kind =
            markup::attributes(&[("Type", Some("http://www.w3.org/2001/04/xmlenc#Element"))]);
        let content = element("xenc:EncryptionMethod", &algorithm(self.data.uri()), "")
            + &element("ds:KeyInfo", &declaration("ds", DS), &inside)
            + &cipher(data);
        let data = element("xenc:EncryptedData", &(xenc + &kind), &content);
        let name = markup::name(prefixes.assertion, "EncryptedAssertion");
        element(&name, &declaration(prefixes.assertion, SAML), &(data + &beside))
    }
}

/// The `SubjectPublicKeyInfo` of a certificate (RFC 5280 §4.1): its seventh field, or its sixth when there is no version.
fn subject_public_key_info(certificate: &[u8]) -> Option<&[u8]> {
    const VERSION: u8 = 0xA0;
    let (_, content, _) = der(certificate)?;
    let (_, mut rest, _) = der(content)?;
    let (tag, _, _) = der(rest)?;
    let fields_before = if tag == VERSION { 6 } else { 5 };
    for _ in 0..fields_before {
        rest = rest.get(der(rest)?.2..)?;
    }
    rest.get(..der(rest)?.2)
}

/// The first DER value: its tag, its content, and how long it is altogether.
fn der(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
    let tag = *bytes.first()?;
    let first = usize::from(*bytes.get(1)?);
    let (length, header) = if first < 0x80 {
        (first, 2)
    } else {
        let count = first - 0x80;
        let octets = bytes.get(2..2 + count).filter(|_| count <= 4)?;
        (octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet)), 2 + count)
    };
    let end = header.checked_add(length)?;
    Some((tag, bytes.get(header..end)?, end))
}

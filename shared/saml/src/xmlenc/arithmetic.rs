//! The algorithms that are taken (XML Encryption 1.1 §5), and the arithmetic. Nothing in here says why it failed.

use aws_lc_rs::{
    aead, cipher, hmac,
    iv::FixedLength,
    rsa::{
        OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
        OaepAlgorithm, OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey,
    },
};
use zeroize::Zeroizing;

use super::{DecryptionKey, EncryptedKey};
use crate::{Rejection, dsig::Algorithms};

/// AES's block, in bytes: also the initialization vector of CBC.
const BLOCK_BYTES: usize = 16;
/// The nonce of GCM, in bytes (XML Encryption 1.1 §5.2.4).
const NONCE_BYTES: usize = aead::NONCE_LEN;

/// How the data are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataAlgorithm {
    Aes128Cbc,
    Aes256Cbc,
    Aes128Gcm,
    Aes256Gcm,
}

impl DataAlgorithm {
    pub(super) fn named(uri: &str) -> Result<Self, Rejection> {
        match uri {
            "http://www.w3.org/2001/04/xmlenc#aes128-cbc" => Ok(Self::Aes128Cbc),
            "http://www.w3.org/2001/04/xmlenc#aes256-cbc" => Ok(Self::Aes256Cbc),
            "http://www.w3.org/2009/xmlenc11#aes128-gcm" => Ok(Self::Aes128Gcm),
            "http://www.w3.org/2009/xmlenc11#aes256-gcm" => Ok(Self::Aes256Gcm),
            _ => Err(not_taken(
                "encryption with AES256-GCM, AES128-GCM, AES256-CBC or AES128-CBC",
                uri,
            )),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Aes128Cbc => "aes128-cbc",
            Self::Aes256Cbc => "aes256-cbc",
            Self::Aes128Gcm => "aes128-gcm",
            Self::Aes256Gcm => "aes256-gcm",
        }
    }

    pub(super) fn key_bytes(self) -> usize {
        match self {
            Self::Aes128Cbc | Self::Aes128Gcm => 16,
            Self::Aes256Cbc | Self::Aes256Gcm => 32,
        }
    }
}

/// A hash function of RSA-OAEP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// How the content key is encrypted.
pub(super) struct Transport {
    /// The short name, for people.
    pub(super) name: &'static str,
    padding: Padding,
}

enum Padding {
    Oaep(&'static OaepAlgorithm),
    Pkcs1,
}

impl Transport {
    /// The key transport of this URI with this digest and mask generation function, when it is taken.
    pub(super) fn named(
        uri: &str,
        digest: Option<&str>,
        mask: Option<&str>,
        algorithms: Algorithms,
    ) -> Result<Self, Rejection> {
        const OAEP: &str = "key transport with RSA-OAEP (rsa-oaep-mgf1p with SHA-1)";
        match uri {
            "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p" => {
                let (digest, mask) = mgf1p_hashes(digest)?;
                Ok(Self { name: "rsa-oaep-mgf1p", padding: oaep(digest, mask)? })
            }
            "http://www.w3.org/2009/xmlenc11#rsa-oaep" => {
                let digest = digest.map_or(Ok(Hash::Sha1), digest_hash)?;
                let mask = mask.map_or(Ok(Hash::Sha1), mask_hash)?;
                Ok(Self { name: "rsa-oaep", padding: oaep(digest, mask)? })
            }
            "http://www.w3.org/2001/04/xmlenc#rsa-1_5" if algorithms.rsa_1_5 => {
                Ok(Self { name: "rsa-1_5", padding: Padding::Pkcs1 })
            }
            _ => Err(not_taken(OAEP, uri)),
        }
    }
}

/// The hash functions of `rsa-oaep-mgf1p`: its mask generation is with SHA-1 whatever the digest (XML Encryption 1.1
/// §5.5.2).
fn mgf1p_hashes(digest: Option<&str>) -> Result<(Hash, Hash), Rejection> {
    // xml-encryption of Node, and so Auth0, uses one hash for both, and writes these URIs, which no standard has.
    match digest {
        None => Ok((Hash::Sha1, Hash::Sha1)),
        Some("http://www.w3.org/2000/09/xmldsig#sha256") => Ok((Hash::Sha256, Hash::Sha256)),
        Some("http://www.w3.org/2000/09/xmldsig#sha512") => Ok((Hash::Sha512, Hash::Sha512)),
        Some(uri) => Ok((digest_hash(uri)?, Hash::Sha1)),
    }
}

fn digest_hash(uri: &str) -> Result<Hash, Rejection> {
    match uri {
        "http://www.w3.org/2000/09/xmldsig#sha1" => Ok(Hash::Sha1),
        // The second is Auth0's.
        "http://www.w3.org/2001/04/xmlenc#sha256" | "http://www.w3.org/2000/09/xmldsig#sha256" => {
            Ok(Hash::Sha256)
        }
        "http://www.w3.org/2001/04/xmldsig-more#sha384" => Ok(Hash::Sha384),
        "http://www.w3.org/2001/04/xmlenc#sha512" => Ok(Hash::Sha512),
        _ => Err(not_taken("RSA-OAEP with SHA-1, SHA-256, SHA-384 or SHA-512", uri)),
    }
}

fn mask_hash(uri: &str) -> Result<Hash, Rejection> {
    match uri {
        "http://www.w3.org/2009/xmlenc11#mgf1sha1" => Ok(Hash::Sha1),
        "http://www.w3.org/2009/xmlenc11#mgf1sha256" => Ok(Hash::Sha256),
        "http://www.w3.org/2009/xmlenc11#mgf1sha384" => Ok(Hash::Sha384),
        "http://www.w3.org/2009/xmlenc11#mgf1sha512" => Ok(Hash::Sha512),
        _ => Err(not_taken("RSA-OAEP with MGF1 of SHA-1, SHA-256, SHA-384 or SHA-512", uri)),
    }
}

/// The library takes one hash for both, and no others.
fn oaep(digest: Hash, mask: Hash) -> Result<Padding, Rejection> {
    let algorithm = match (digest, mask) {
        (Hash::Sha1, Hash::Sha1) => &OAEP_SHA1_MGF1SHA1,
        (Hash::Sha256, Hash::Sha256) => &OAEP_SHA256_MGF1SHA256,
        (Hash::Sha384, Hash::Sha384) => &OAEP_SHA384_MGF1SHA384,
        (Hash::Sha512, Hash::Sha512) => &OAEP_SHA512_MGF1SHA512,
        _ => {
            return Err(Rejection::WeakAlgorithm {
                want: "RSA-OAEP with the same hash for digest and MGF1 (rsa-oaep-mgf1p: SHA-1)",
                got: format!("digest {digest:?} and MGF1 with {mask:?}"),
            });
        }
    };
    Ok(Padding::Oaep(algorithm))
}

fn not_taken(want: &'static str, got: &str) -> Rejection {
    const CHARACTERS_MAX: usize = 120;
    let printable = |character: char| if character.is_control() { '\u{FFFD}' } else { character };
    Rejection::WeakAlgorithm {
        want,
        got: got.chars().take(CHARACTERS_MAX).map(printable).collect(),
    }
}

/// The content key, when this key of ours unwraps it and it has that length.
pub(super) fn unwrap(
    encrypted: &EncryptedKey,
    key: &DecryptionKey,
    key_bytes: usize,
) -> Option<Zeroizing<Vec<u8>>> {
    let private = key.private.clone();
    let mut plain = Zeroizing::new(vec![0; private.key_size_bytes()]);
    let unwrapped = match encrypted.transport.padding {
        Padding::Oaep(algorithm) => OaepPrivateDecryptingKey::new(private)
            .ok()?
            .decrypt(algorithm, &encrypted.octets, &mut plain, None)
            .ok()?,
        Padding::Pkcs1 => Pkcs1PrivateDecryptingKey::new(private)
            .ok()?
            .decrypt(&encrypted.octets, &mut plain)
            .ok()?,
    };
    (unwrapped.len() == key_bytes).then(|| Zeroizing::new(unwrapped.to_vec()))
}

/// A content key in place of one that could not be unwrapped. Nobody without our key can tell it from a right one.
pub(super) fn derived(
    encrypted: &EncryptedKey,
    key: &DecryptionKey,
    key_bytes: usize,
) -> Zeroizing<Vec<u8>> {
    let mut derived =
        Zeroizing::new(hmac::sign(&key.fallback, &encrypted.octets).as_ref().to_vec());
    derived.truncate(key_bytes);
    derived
}

/// Decrypts the data. Whatever fails is `None`.
pub(super) fn open(
    algorithm: DataAlgorithm,
    content_key: &[u8],
    mut data: Vec<u8>,
) -> Option<String> {
    let octets = match algorithm {
        DataAlgorithm::Aes128Gcm => open_gcm(&aead::AES_128_GCM, content_key, &mut data),
        DataAlgorithm::Aes256Gcm => open_gcm(&aead::AES_256_GCM, content_key, &mut data),
        DataAlgorithm::Aes128Cbc => open_cbc(&cipher::AES_128, content_key, &mut data),
        DataAlgorithm::Aes256Cbc => open_cbc(&cipher::AES_256, content_key, &mut data),
    }?;
    std::str::from_utf8(octets).ok().map(str::to_owned)
}

fn open_gcm<'data>(
    algorithm: &'static aead::Algorithm,
    content_key: &[u8],
    data: &'data mut [u8],
) -> Option<&'data [u8]> {
    let key = aead::LessSafeKey::new(aead::UnboundKey::new(algorithm, content_key).ok()?);
    let (nonce, sealed) = data.split_at_mut_checked(NONCE_BYTES)?;
    let nonce = aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
    key.open_in_place(nonce, aead::Aad::empty(), sealed).ok().map(|opened| &*opened)
}

/// The last byte says how many bytes of padding there are, itself included; the others are arbitrary (XML Encryption
/// §5.2). A wrong last byte changes nothing in what is done next, only its outcome.
fn open_cbc<'data>(
    algorithm: &'static cipher::Algorithm,
    content_key: &[u8],
    data: &'data mut [u8],
) -> Option<&'data [u8]> {
    let key = cipher::UnboundCipherKey::new(algorithm, content_key).ok()?;
    let key = cipher::DecryptingKey::cbc(key).ok()?;
    let (vector, sealed) = data.split_at_mut_checked(BLOCK_BYTES)?;
    let vector = FixedLength::<BLOCK_BYTES>::try_from(&*vector).ok()?;
    let opened = &*key.decrypt(sealed, cipher::DecryptionContext::Iv128(vector)).ok()?;
    let padding = usize::from(*opened.last()?);
    let padded = (1..=BLOCK_BYTES).contains(&padding);
    let octets = opened.get(..opened.len().checked_sub(if padded { padding } else { 1 })?)?;
    let readable = std::str::from_utf8(octets).is_ok();
    (padded & readable).then_some(octets)
}

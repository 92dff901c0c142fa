//! Keys in a file, in the place of KMS: for the local server and for tests.
//!
//! The file is made when it is missing, readable by its owner only, and holds JSON with base64 inside: `sealing`, 32
//! bytes for AES-256-GCM; `oidc`, a list of P-256 keys in PKCS #8, the current one first; `saml`, an RSA key in PKCS #8.
//! A new OIDC key is put in front of the list; the others stay published.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    encoding::AsDer,
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lychgate_core::{
    ctx::Ctx,
    ids::OrganizationId,
    ports::outside::{Opener, OutsideError, PublicKey, Sealer, Signature, Signer, SigningKey},
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::{OIDC_KEYS_MAX, outside, public_key, sealable};

/// The length of the sealing key, in bytes.
const SEALING_KEY_BYTES: usize = 32;
/// What stands in front of sealed bytes, so that another way can follow one day.
const SEALED_VERSION: u8 = 1;
/// What is sealed here, as KMS has it in the encryption context: no other use of the same key opens it.
const PURPOSE: &str = "saml-decryption";
/// The largest key file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1_024;

/// Seals, opens and signs with the keys of a file.
pub struct FileKeys {
    sealing: LessSafeKey,
    oidc: Vec<(PublicKey, EcdsaKeyPair)>,
    saml: (PublicKey, RsaKeyPair),
}

impl std::fmt::Debug for FileKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let oidc: Vec<&str> = self.oidc.iter().map(|(key, _)| key.id.as_str()).collect();
        f.debug_struct("FileKeys").field("oidc", &oidc).field("saml", &self.saml.0.id).finish()
    }
}

/// The file's content.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    sealing: String,
    oidc: Vec<String>,
    saml: String,
}

impl Drop for Content {
    fn drop(&mut self) {
        self.sealing.zeroize();
        self.oidc.zeroize();
        self.saml.zeroize();
    }
}

impl FileKeys {
    /// The keys of this file, which is made when it is missing. Several processes may do this at the same time: one
    /// makes it and all read the same.
    ///
    /// # Errors
    /// A sentence when the file cannot be read or made, or holds something else.
    pub fn open(path: &Path) -> Result<Self, String> {
        let text = match read(path)? {
            Some(text) => text,
            None => {
                make(path)?;
                read(path)?.ok_or_else(|| format!("{} is gone again.", path.display()))?
            }
        };
        Self::parse(&text).map_err(|what| {
            format!("{} is damaged: {what}. Keys in it may be in use: mend it.", path.display())
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let content: Content = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let sealing = decode(&content.sealing)
            .filter(|bytes| bytes.len() == SEALING_KEY_BYTES)
            .and_then(|bytes| UnboundKey::new(&AES_256_GCM, &bytes).ok())
            .ok_or("`sealing` is not 32 bytes in base64")?;
        if content.oidc.is_empty() || content.oidc.len() > OIDC_KEYS_MAX {
            return Err(format!("`oidc` must have one to {OIDC_KEYS_MAX} keys"));
        }
        let mut oidc = Vec::with_capacity(content.oidc.len());
        for text in &content.oidc {
            let pair = decode(text)
                .and_then(|der| {
                    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der).ok()
                })
                .ok_or("an `oidc` key is not PKCS #8 of a P-256 key in base64")?;
            let spki = pair.public_key().as_der().map_err(|_| "an `oidc` key has no public key")?;
            oidc.push((public_key(spki.as_ref().to_vec()), pair));
        }
        let pair = decode(&content.saml)
            .and_then(|der| RsaKeyPair::from_pkcs8(&der).ok())
            .ok_or("`saml` is not PKCS #8 of an RSA key in base64")?;
        let spki = pair.public_key().as_der().map_err(|_| "the `saml` key has no public key")?;
        let saml = (public_key(spki.as_ref().to_vec()), pair);
        Ok(Self { sealing: LessSafeKey::new(sealing), oidc, saml })
    }
}

fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    STANDARD.decode(text.trim()).ok().map(Zeroizing::new)
}

fn read(path: &Path) -> Result<Option<Zeroizing<String>>, String> {
    let shown = path.display();
    match fs::metadata(path) {
        Ok(metadata) if metadata.len() > FILE_BYTES_MAX => {
            return Err(format!("{shown} is too large for a key file."));
        }
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{shown} cannot be read: {error}.")),
    }
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(error) => Err(format!("{shown} cannot be read: {error}.")),
    }
}

/// Whole or not at all, never readable by others, and never over a file that is there.
fn make(path: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{} cannot be written: {error}.", path.display());
    let mut text = Zeroizing::new(
        serde_json::to_string_pretty(&new_content()?).map_err(|error| failed(error.into()))?,
    );
    text.push('\n');
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let beside = beside(path)?;
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    // A link, unlike a rename, never replaces what another process has put there meanwhile.
    let linked = written.and_then(|()| fs::hard_link(&beside, path));
    let removed = fs::remove_file(&beside);
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed(error)),
        Ok(()) | Err(_) => removed.map_err(failed),
    }
}

/// A name in the same folder that no other process takes.
fn beside(path: &Path) -> Result<PathBuf, String> {
    let mut random = [0_u8; 8];
    fill(&mut random)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}.new", u64::from_be_bytes(random)));
    Ok(path.with_file_name(name))
}

fn fill(bytes: &mut [u8]) -> Result<(), String> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| "The system gives no randomness.".to_owned())
}

fn new_content() -> Result<Content, String> {
    let failed = |_| "No keys can be made.".to_owned();
    let mut sealing = Zeroizing::new([0_u8; SEALING_KEY_BYTES]);
    fill(sealing.as_mut_slice())?;
    let oidc = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
        .and_then(|pair| pair.to_pkcs8v1())
        .map_err(failed)?;
    let saml = RsaKeyPair::generate(KeySize::Rsa2048)
        .and_then(|pair| AsDer::as_der(&pair))
        .map_err(failed)?;
    Ok(Content {
        sealing: STANDARD.encode(sealing.as_slice()),
        oidc: vec![STANDARD.encode(oidc.as_ref())],
        saml: STANDARD.encode(saml.as_ref()),
    })
}

/// What the seal binds: another organization's does not open.
fn bound_to(organization: &OrganizationId) -> Aad<String> {
    Aad::from(format!("{PURPOSE}:{}", organization.bare()))
}

impl Sealer for FileKeys {
    async fn seal(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        plain: &[u8],
    ) -> Result<Vec<u8>, OutsideError> {
        sealable(plain)?;
        let mut nonce = [0_u8; NONCE_LEN];
        ctx.world.fill(&mut nonce);
        let mut body = Zeroizing::new(plain.to_vec());
        // Room for the tag: a vector that grew would leave the plain text where it was.
        body.reserve_exact(AES_256_GCM.tag_len());
        let tag = self
            .sealing
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                bound_to(organization),
                body.as_mut_slice(),
            )
            .map_err(|_| outside("AES-GCM does not seal"))?;
        let mut sealed = vec![SEALED_VERSION];
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&body);
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }
}

impl Opener for FileKeys {
    async fn open(
        &self,
        _ctx: &Ctx<'_>,
        organization: &OrganizationId,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OutsideError> {
        let unreadable =
            || outside("not sealed by the key file, for another organization, or changed");
        let (nonce, body) = sealed
            .strip_prefix(&[SEALED_VERSION])
            .and_then(|rest| rest.split_first_chunk::<NONCE_LEN>())
            .ok_or_else(unreadable)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self
            .sealing
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                bound_to(organization),
                body.as_mut_slice(),
            )
            .map_err(|_| unreadable())?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

impl Signer for FileKeys {
    async fn sign(
        &self,
        _ctx: &Ctx<'_>,
        key: SigningKey,
        octets: &[u8],
    ) -> Result<Signature, OutsideError> {
        let random = SystemRandom::new();
        match key {
            SigningKey::Oidc => {
                let (public, pair) = self.oidc.first().ok_or_else(|| outside("no key"))?;
                let signature = pair.sign(&random, octets);
                let signature = signature.map_err(|_| outside("ECDSA does not sign"))?;
                Ok(Signature { key_id: public.id.clone(), bytes: signature.as_ref().to_vec() })
            }
            SigningKey::Saml => {
                let (public, pair) = &self.saml;
                let mut bytes = vec![0_u8; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, octets, &mut bytes)
                    .map_err(|_| outside("RSA does not sign"))?;
                Ok(Signature { key_id: public.id.clone(), bytes })
            }
        }
    }

    async fn public_keys(
        &self,
        _ctx: &Ctx<'_>,
        key: SigningKey,
    ) -> Result<Vec<PublicKey>, OutsideError> {
        Ok(match key {
            SigningKey::Oidc => self.oidc.iter().map(|(public, _)| public.clone()).collect(),
            SigningKey::Saml => vec![self.saml.0.clone()],
        })
    }
}

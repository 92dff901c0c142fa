//! What reaches out, the table apart: KMS, SES, other people's metadata, logout tokens; and files in their place.
//!
//! Each of the four functions [`sealer`], [`opener`], [`signer`] and [`mailer`] takes a configuration text as it stands
//! in the environment and gives the adapter it names. A function asks only for what it needs: one that opens sealed keys
//! and seals none links no code that seals.

pub mod config;
mod select;
pub mod aws;
pub mod kms;
pub mod ses;
pub mod message;
pub mod web;
#[cfg(feature = "local")]
pub mod files;
#[cfg(feature = "local")]
pub mod mail_folder;

pub use config::{ConfigError, Endpoints};
pub use select::{AnyMailer, AnyOpener, AnySealer, AnySigner, mailer, opener, sealer, signer};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use lychgate_core::ports::outside::{OutsideError, PublicKey};
use sha2::{Digest as _, Sha256};

/// How many OIDC signing keys there may be: the current one, the next, and former ones whose tokens are still around.
pub const OIDC_KEYS_MAX: usize = 8;
/// How many bytes may be sealed: what KMS encrypts itself, without a data key. A PKCS #8 of RSA-3072 has 1.8 KB.
pub const SEAL_BYTES_MAX: usize = 4_096;

/// How many bytes of the digest name a key.
const KEY_ID_BYTES: usize = 16;

/// Names a public key, as [`PublicKey::id`] says.
fn public_key(spki: Vec<u8>) -> PublicKey {
    let digest = Sha256::digest(&spki);
    let first = digest.get(..KEY_ID_BYTES).unwrap_or_default();
    PublicKey { id: URL_SAFE_NO_PAD.encode(first), spki }
}

fn outside(private: impl Into<String>) -> OutsideError {
    OutsideError { private: private.into() }
}

/// Refuses what no key store could seal.
fn sealable(plain: &[u8]) -> Result<(), OutsideError> {
    match plain.len() {
        0 => Err(outside("nothing was given to be sealed")),
        bytes if bytes > SEAL_BYTES_MAX => {
            Err(outside(format!("{bytes} bytes cannot be sealed; at most {SEAL_BYTES_MAX}")))
        }
        _ => Ok(()),
    }
}

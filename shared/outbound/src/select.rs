//! Which adapter a configuration text names.

use lychgate_core::{
    ctx::Ctx,
    ids::OrganizationId,
    ports::outside::{
        Mail, Mailer, Opener, OutsideError, PublicKey, Sealer, Signature, Signer, SigningKey,
    },
};
use zeroize::Zeroizing;

use crate::{
    OIDC_KEYS_MAX,
    config::{self, ConfigError, Endpoints, KeyArn, Keys, MAIL, OIDC_KEYS, SAML_KEY, SEAL_KEY},
    kms::{KmsKeys, KmsOpener, KmsSealer},
    outside,
    ses::SesMailer,
};
#[cfg(feature = "local")]
use crate::{files::FileKeys, mail_folder::MailFolder};

/// Seals with what `LYCHGATE_SEAL_KEY` names.
#[non_exhaustive]
pub enum AnySealer {
    /// With a key in KMS.
    Kms(KmsSealer),
    /// With a key file.
    #[cfg(feature = "local")]
    File(Box<FileKeys>),
}

/// Opens with what `LYCHGATE_SEAL_KEY` names.
#[non_exhaustive]
pub enum AnyOpener {
    /// With a key in KMS.
    Kms(KmsOpener),
    /// With a key file.
    #[cfg(feature = "local")]
    File(Box<FileKeys>),
}

/// Signs with what `LYCHGATE_OIDC_KEYS` and `LYCHGATE_SAML_KEY` name.
pub struct AnySigner {
    oidc: Option<SigningKeys>,
    saml: Option<SigningKeys>,
}

enum SigningKeys {
    Kms(KmsKeys),
    #[cfg(feature = "local")]
    File(Box<FileKeys>),
}

/// Sends e-mail the way that `LYCHGATE_MAIL` names.
#[non_exhaustive]
pub enum AnyMailer {
    /// Through SES.
    Ses(SesMailer),
    /// Into a folder.
    #[cfg(feature = "local")]
    Folder(MailFolder),
}

/// Seals with what this text of `LYCHGATE_SEAL_KEY` names: the ARN of a KMS key, or `file:<path>` (feature `local`; the
/// file is made when it is missing). Nothing is sent before the first call.
///
/// # Errors
/// [`ConfigError`] says what to write.
pub fn sealer(seal_key: Option<&str>, endpoints: &Endpoints) -> Result<AnySealer, ConfigError> {
    match config::keys(SEAL_KEY, seal_key, 1)? {
        Keys::Kms(keys) => Ok(AnySealer::Kms(KmsSealer::new(only(SEAL_KEY, keys)?, endpoints))),
        #[cfg(feature = "local")]
        Keys::File(path) => file(SEAL_KEY, &path).map(AnySealer::File),
    }
}

/// Opens with what this text of `LYCHGATE_SEAL_KEY` names, as [`sealer`] seals.
///
/// # Errors
/// [`ConfigError`] says what to write.
pub fn opener(seal_key: Option<&str>, endpoints: &Endpoints) -> Result<AnyOpener, ConfigError> {
    match config::keys(SEAL_KEY, seal_key, 1)? {
        Keys::Kms(keys) => Ok(AnyOpener::Kms(KmsOpener::new(only(SEAL_KEY, keys)?, endpoints))),
        #[cfg(feature = "local")]
        Keys::File(path) => file(SEAL_KEY, &path).map(AnyOpener::File),
    }
}

/// Signs with what these texts of `LYCHGATE_OIDC_KEYS` and `LYCHGATE_SAML_KEY` name. A function may have only one of
/// them; at least one there must be.
///
/// # Errors
/// [`ConfigError`] says what to write.
pub fn signer(
    oidc_keys: Option<&str>,
    saml_key: Option<&str>,
    endpoints: &Endpoints,
) -> Result<AnySigner, ConfigError> {
    let set = |text: &&str| !text.trim().is_empty();
    let (oidc_keys, saml_key) = (oidc_keys.filter(set), saml_key.filter(set));
    if oidc_keys.is_none() && saml_key.is_none() {
        config::keys(OIDC_KEYS, None, OIDC_KEYS_MAX)?;
    }
    let signing = |kind, variable, text: Option<&str>, keys_max| {
        text.map(|text| signing_keys(kind, variable, text, keys_max, endpoints)).transpose()
    };
    Ok(AnySigner {
        oidc: signing(SigningKey::Oidc, OIDC_KEYS, oidc_keys, OIDC_KEYS_MAX)?,
        saml: signing(SigningKey::Saml, SAML_KEY, saml_key, 1)?,
    })
}

fn signing_keys(
    kind: SigningKey,
    variable: &'static str,
    text: &str,
    keys_max: usize,
    endpoints: &Endpoints,
) -> Result<SigningKeys, ConfigError> {
    match config::keys(variable, Some(text), keys_max)? {
        Keys::Kms(keys) => KmsKeys::new(kind, keys, endpoints)
            .map(SigningKeys::Kms)
            .ok_or_else(|| ConfigError::new(variable, "names no key")),
        #[cfg(feature = "local")]
        Keys::File(path) => file(variable, &path).map(SigningKeys::File),
    }
}

/// Sends e-mail the way that this text of `LYCHGATE_MAIL` names: `ses:<from address>` in the region that `AWS_REGION`
/// names, or `folder:<path>` for `.eml` files (feature `local`).
///
/// # Errors
/// [`ConfigError`] says what to write.
pub async fn mailer(mail: Option<&str>, endpoints: &Endpoints) -> Result<AnyMailer, ConfigError> {
    match config::mail(mail)? {
        config::Mail::Ses(from) => {
            let region = lychgate_aws::region().await.ok_or_else(|| {
                ConfigError::new(MAIL, "AWS_REGION must be set to the region of SES")
            })?;
            Ok(AnyMailer::Ses(SesMailer::new(from, region, endpoints)))
        }
        #[cfg(feature = "local")]
        config::Mail::Folder(path) => MailFolder::open(&path)
            .map(AnyMailer::Folder)
            .map_err(|what| ConfigError::new(MAIL, what)),
    }
}

fn only(variable: &'static str, keys: Vec<KeyArn>) -> Result<KeyArn, ConfigError> {
    keys.into_iter().next().ok_or_else(|| ConfigError::new(variable, "names no key"))
}

#[cfg(feature = "local")]
fn file(variable: &'static str, path: &std::path::Path) -> Result<Box<FileKeys>, ConfigError> {
    FileKeys::open(path).map(Box::new).map_err(|what| ConfigError::new(variable, what))
}

impl Sealer for AnySealer {
    async fn seal(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        plain: &[u8],
    ) -> Result<Vec<u8>, OutsideError> {
        match self {
            Self::Kms(sealer) => sealer.seal(ctx, organization, plain).await,
            #[cfg(feature = "local")]
            Self::File(keys) => keys.seal(ctx, organization, plain).await,
        }
    }
}

impl Opener for AnyOpener {
    async fn open(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OutsideError> {
        match self {
            Self::Kms(opener) => opener.open(ctx, organization, sealed).await,
            #[cfg(feature = "local")]
            Self::File(keys) => keys.open(ctx, organization, sealed).await,
        }
    }
}

impl AnySigner {
    fn keys(&self, key: SigningKey) -> Result<&SigningKeys, OutsideError> {
        let (keys, variable) = match key {
            SigningKey::Oidc => (&self.oidc, OIDC_KEYS),
            SigningKey::Saml => (&self.saml, SAML_KEY),
        };
        keys.as_ref().ok_or_else(|| outside(format!("{variable} is not set")))
    }
}

impl Signer for AnySigner {
    async fn sign(
        &self,
        ctx: &Ctx<'_>,
        key: SigningKey,
        octets: &[u8],
    ) -> Result<Signature, OutsideError> {
        match self.keys(key)? {
            SigningKeys::Kms(keys) => keys.sign(ctx, octets).await,
            #[cfg(feature = "local")]
            SigningKeys::File(keys) => keys.sign(ctx, key, octets).await,
        }
    }

    async fn public_keys(
        &self,
        ctx: &Ctx<'_>,
        key: SigningKey,
    ) -> Result<Vec<PublicKey>, OutsideError> {
        match self.keys(key)? {
            SigningKeys::Kms(keys) => keys.public_keys(ctx).await,
            #[cfg(feature = "local")]
            SigningKeys::File(keys) => keys.public_keys(ctx, key).await,
        }
    }
}

impl Mailer for AnyMailer {
    async fn send(&self, ctx: &Ctx<'_>, mail: &Mail) -> Result<(), OutsideError> {
        match self {
            Self::Ses(mailer) => mailer.send(ctx, mail).await,
            #[cfg(feature = "local")]
            Self::Folder(folder) => folder.send(ctx, mail).await,
        }
    }
}

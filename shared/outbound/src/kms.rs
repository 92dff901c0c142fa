//! Keys in KMS: they seal, open and sign there, and never come here.

use std::sync::OnceLock;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_kms::{
    Client,
    primitives::Blob,
    types::{KeyUsageType, MessageType, SigningAlgorithmSpec},
};
use futures_util::future::try_join_all;
use lychgate_aws::{Tls, access};
use lychgate_core::{
    ctx::Ctx,
    ids::OrganizationId,
    ports::outside::{Opener, OutsideError, PublicKey, Sealer, Signature, SigningKey},
};
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::{
    aws::{failed, retries, timeouts},
    config::{Endpoints, KeyArn},
    outside, public_key, sealable,
};

/// The key of the encryption context that names the organization, by its id without a prefix: the audit log shows it,
/// and a key policy can ask for it.
pub const CONTEXT_ORGANIZATION: &str = "lychgate:organization";
/// The key of the encryption context that says what for.
pub const CONTEXT_PURPOSE: &str = "lychgate:purpose";
/// The value of [`CONTEXT_PURPOSE`] for private keys that decrypt assertions.
pub const PURPOSE: &str = "saml-decryption";
/// The longest message that KMS digests itself, in bytes. Of a longer one the digest is sent.
pub const MESSAGE_BYTES_MAX: usize = 4_096;

/// How the `SubjectPublicKeyInfo` of every P-256 key begins (RFC 5480): `id-ecPublicKey`, `secp256r1`, an uncompressed
/// point.
const SPKI_P256: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04";

/// One region's KMS. The client is made at the first call, so that a cold start that needs no key does not pay for it.
struct Kms {
    endpoint_url: Option<String>,
    tls: Tls,
    region: String,
    client: OnceLock<Client>,
}

impl Kms {
    fn new(key: &KeyArn, endpoints: &Endpoints) -> Self {
        Self {
            endpoint_url: endpoints.kms.clone(),
            tls: endpoints.tls,
            region: key.region.clone(),
            client: OnceLock::new(),
        }
    }

    fn client(&self) -> Result<&Client, OutsideError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let access = access(self.endpoint_url.as_deref(), self.tls).map_err(outside)?;
        let config = aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .timeout_config(timeouts())
            .retry_config(retries())
            .http_client(access.http_client)
            .region(Region::new(self.region.clone()))
            .credentials_provider(access.credentials);
        let config = match &self.endpoint_url {
            Some(url) => config.endpoint_url(url),
            None => config,
        };
        Ok(self.client.get_or_init(|| Client::from_conf(config.build())))
    }
}

/// Seals with `kms:Encrypt`: what is sealed is smaller than what KMS takes, so there is no data key to look after.
pub struct KmsSealer {
    kms: Kms,
    key: String,
}

impl KmsSealer {
    pub(crate) fn new(key: KeyArn, endpoints: &Endpoints) -> Self {
        Self { kms: Kms::new(&key, endpoints), key: key.text }
    }
}

impl Sealer for KmsSealer {
    async fn seal(
        &self,
        _ctx: &Ctx<'_>,
        organization: &OrganizationId,
        plain: &[u8],
    ) -> Result<Vec<u8>, OutsideError> {
        sealable(plain)?;
        let sent = self
            .kms
            .client()?
            .encrypt()
            .key_id(&self.key)
            .encryption_context(CONTEXT_ORGANIZATION, organization.bare())
            .encryption_context(CONTEXT_PURPOSE, PURPOSE)
            .plaintext(Blob::new(plain))
            .send();
        let answer = sent.await.map_err(|error| failed("kms:Encrypt", &error))?;
        let sealed = answer.ciphertext_blob.ok_or_else(|| outside("kms:Encrypt: no answer"))?;
        Ok(sealed.into_inner())
    }
}

/// Opens with `kms:Decrypt`.
pub struct KmsOpener {
    kms: Kms,
    key: String,
}

impl KmsOpener {
    pub(crate) fn new(key: KeyArn, endpoints: &Endpoints) -> Self {
        Self { kms: Kms::new(&key, endpoints), key: key.text }
    }
}

impl Opener for KmsOpener {
    async fn open(
        &self,
        _ctx: &Ctx<'_>,
        organization: &OrganizationId,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OutsideError> {
        let sent = self
            .kms
            .client()?
            .decrypt()
            // Named, so that nothing opens what another key has sealed.
            .key_id(&self.key)
            .encryption_context(CONTEXT_ORGANIZATION, organization.bare())
            .encryption_context(CONTEXT_PURPOSE, PURPOSE)
            .ciphertext_blob(Blob::new(sealed))
            .send();
        let answer = sent.await.map_err(|error| failed("kms:Decrypt", &error))?;
        let plain = answer.plaintext.ok_or_else(|| outside("kms:Decrypt: no answer"))?;
        Ok(Zeroizing::new(plain.into_inner()))
    }
}

/// Keys of one kind that sign with `kms:Sign`, the current one first.
pub(crate) struct KmsKeys {
    kms: Kms,
    kind: SigningKey,
    /// Each with its public key, which never changes: asked for once in a process's life.
    keys: Vec<(String, OnceCell<PublicKey>)>,
}

impl KmsKeys {
    /// `None` when there is no key.
    pub(crate) fn new(kind: SigningKey, keys: Vec<KeyArn>, endpoints: &Endpoints) -> Option<Self> {
        let kms = Kms::new(keys.first()?, endpoints);
        let keys = keys.into_iter().map(|key| (key.text, OnceCell::new())).collect();
        Some(Self { kms, kind, keys })
    }

    const fn algorithm(&self) -> SigningAlgorithmSpec {
        match self.kind {
            SigningKey::Oidc => SigningAlgorithmSpec::EcdsaSha256,
            SigningKey::Saml => SigningAlgorithmSpec::RsassaPkcs1V15Sha256,
        }
    }

    pub(crate) async fn sign(
        &self,
        _ctx: &Ctx<'_>,
        octets: &[u8],
    ) -> Result<Signature, OutsideError> {
        let (arn, public) = self.keys.first().ok_or_else(|| outside("no signing key"))?;
        let (key, bytes) =
            tokio::try_join!(self.public_key(arn, public), self.sign_with(arn, octets))?;
        Ok(Signature { key_id: key.id.clone(), bytes })
    }

    async fn sign_with(&self, arn: &str, octets: &[u8]) -> Result<Vec<u8>, OutsideError> {
        let (kind, message) = if octets.len() <= MESSAGE_BYTES_MAX {
            (MessageType::Raw, octets.to_vec())
        } else {
            (MessageType::Digest, Sha256::digest(octets).to_vec())
        };
        let sent = self
            .kms
            .client()?
            .sign()
            .key_id(arn)
            .signing_algorithm(self.algorithm())
            .message_type(kind)
            .message(Blob::new(message))
            .send();
        let answer = sent.await.map_err(|error| failed("kms:Sign", &error))?;
        let signature = answer.signature.ok_or_else(|| outside("kms:Sign: no answer"))?;
        Ok(signature.into_inner())
    }

    pub(crate) async fn public_keys(&self, _ctx: &Ctx<'_>) -> Result<Vec<PublicKey>, OutsideError> {
        let keys = self.keys.iter().map(|(arn, public)| self.public_key(arn, public));
        Ok(try_join_all(keys).await?.into_iter().cloned().collect())
    }

    async fn public_key<'a>(
        &self,
        arn: &str,
        public: &'a OnceCell<PublicKey>,
    ) -> Result<&'a PublicKey, OutsideError> {
        public.get_or_try_init(|| self.fetch_public_key(arn)).await
    }

    async fn fetch_public_key(&self, arn: &str) -> Result<PublicKey, OutsideError> {
        let sent = self.kms.client()?.get_public_key().key_id(arn).send();
        let answer = sent.await.map_err(|error| failed("kms:GetPublicKey", &error))?;
        let signs = answer.signing_algorithms().contains(&self.algorithm())
            && answer.key_usage == Some(KeyUsageType::SignVerify);
        let spki = answer.public_key.ok_or_else(|| outside("kms:GetPublicKey: no answer"))?;
        let (fits, wanted) = match self.kind {
            // ECC_SECG_P256K1 has the same algorithm's name, on another curve.
            SigningKey::Oidc => (spki.as_ref().starts_with(SPKI_P256), "ECC_NIST_P256"),
            SigningKey::Saml => (true, "RSA_2048"),
        };
        if !signs || !fits {
            return Err(outside(format!("{arn} is no {wanted} key with SIGN_VERIFY")));
        }
        Ok(public_key(spki.into_inner()))
    }
}

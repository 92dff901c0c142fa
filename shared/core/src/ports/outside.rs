//! What signing in needs of the world outside the table: sealed keys, signatures, e-mail, other people's servers.
//! `outbound` implements them on AWS and on files.

use std::future::Future;

use zeroize::Zeroizing;

use crate::{ctx::Ctx, ids::OrganizationId};

/// Why something outside did not do it: for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideError {
    /// What happened; no secret in it.
    pub private: String,
}

/// Seals private keys for one organization.
pub trait Sealer: Send + Sync {
    /// Seals `plain` so that only [`Opener::open`] with the same organization gives it back.
    fn seal(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        plain: &[u8],
    ) -> impl Future<Output = Result<Vec<u8>, OutsideError>> + Send;
}

/// Opens what was sealed. Only the assertion consumer service has one.
pub trait Opener: Send + Sync {
    /// Opens it; another organization's, or something that was changed, is an error.
    fn open(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        sealed: &[u8],
    ) -> impl Future<Output = Result<Zeroizing<Vec<u8>>, OutsideError>> + Send;
}

/// Our own signing keys: they never leave where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SigningKey {
    /// ES256 for ID tokens and logout tokens (ECDSA on P-256 with SHA-256).
    Oidc,
    /// RSA with SHA-256 (PKCS #1 v1.5) for `AuthnRequest`s and logout messages.
    Saml,
}

/// A signature and the key that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// [`PublicKey::id`].
    pub key_id: String,
    /// RSA: as it is. ECDSA: DER, as KMS gives it.
    pub bytes: Vec<u8>,
}

/// One of our public keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Names it: the first 128 bits of the SHA-256 of `spki`, URL-safe base64. The `kid` of a JWK.
    pub id: String,
    /// `SubjectPublicKeyInfo`, DER.
    pub spki: Vec<u8>,
}

/// Signs with our keys.
pub trait Signer: Send + Sync {
    /// Signs `octets` with the current key of this kind.
    fn sign(
        &self,
        ctx: &Ctx<'_>,
        key: SigningKey,
        octets: &[u8],
    ) -> impl Future<Output = Result<Signature, OutsideError>> + Send;

    /// The public keys of this kind, the current one first; the next and the former ones after it, so that who
    /// verifies can do so before and after a rotation.
    fn public_keys(
        &self,
        ctx: &Ctx<'_>,
        key: SigningKey,
    ) -> impl Future<Output = Result<Vec<PublicKey>, OutsideError>> + Send;
}

/// An e-mail to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Whom to: one address.
    pub to: String,
    /// The subject, one line.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// Sends e-mail.
pub trait Mailer: Send + Sync {
    /// Hands it over.
    fn send(
        &self,
        ctx: &Ctx<'_>,
        mail: &Mail,
    ) -> impl Future<Output = Result<(), OutsideError>> + Send;
}

/// Why metadata could not be fetched (S4): a code, a sentence for the owner, the cause for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchError {
    /// `metadata_unreachable` and the like.
    pub code: &'static str,
    /// What to change.
    pub detail: String,
}

/// Fetches metadata.
pub trait MetadataFetcher: Send + Sync {
    /// The document at this address: https only, public addresses only, bounded in size and time.
    fn fetch(
        &self,
        ctx: &Ctx<'_>,
        url: &str,
    ) -> impl Future<Output = Result<Vec<u8>, FetchError>> + Send;
}

/// Tells applications that a session has ended (OpenID Connect Back-Channel Logout §2.5).
pub trait LogoutNotifier: Send + Sync {
    /// Posts the logout token. An answer other than 200 or 204 is an error.
    fn notify(
        &self,
        ctx: &Ctx<'_>,
        uri: &str,
        logout_token: &str,
    ) -> impl Future<Output = Result<(), OutsideError>> + Send;
}

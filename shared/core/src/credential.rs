//! What callers present, read before anything is looked up: each names the organization and the record to
//! check it against, so that the check can be read together with the resource.
//!
//! ```text
//! lyg_<organization>_<token id>_<secret>      a SCIM token, shown once
//! lya_<organization>_<access token id>_<secret>   an access token of the client-credentials grant
//! lys_<organization>_<client id>_<secret id>_<secret>   a client secret
//! lyo_<key id>_<secret>                       an operator key
//! ```
//! A secret is 52 characters of five random bits: 260 bits.

use crate::{
    ctx::World,
    ids::{AccessTokenId, ClientId, OperatorKeyId, OrganizationId, SecretId, TokenId, random_text},
    secret::SecretHash,
};

/// How many characters a secret has.
pub const SECRET_CHARS: usize = 52;
/// The longest `Authorization` value that is looked at, in bytes.
pub const AUTHORIZATION_BYTES_MAX: usize = 1_024;

/// A provisioning client's credential: parsed, not yet believed.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// The organization that it names.
    pub organization: OrganizationId,
    /// The record that it names.
    pub key: CredentialKey,
    secret: String,
}

/// Which record a [`Credential`] is to be checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialKey {
    /// A SCIM token of the directory.
    Token(TokenId),
    /// An access token.
    Access(AccessTokenId),
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential({}, {:?}, …)", self.organization, self.key)
    }
}

impl Credential {
    /// From an `Authorization` header as IdPs send it (P3): `Bearer x`, bare `x`, any case of the scheme, the
    /// scheme doubled, stray spaces.
    #[must_use]
    pub fn from_authorization(header: &str) -> Option<Self> {
        if header.len() > AUTHORIZATION_BYTES_MAX {
            return None;
        }
        let mut rest = header.trim();
        while let Some((word, after)) = rest.split_once(char::is_whitespace) {
            if !word.eq_ignore_ascii_case("bearer") {
                return None;
            }
            rest = after.trim_start();
        }
        Self::parse(rest)
    }

    /// From the token alone.
    #[must_use]
    pub fn parse(token: &str) -> Option<Self> {
        let mut parts = token.split('_');
        let (prefix, organization, id, secret) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || secret.len() != SECRET_CHARS {
            return None;
        }
        let key = match prefix {
            "lyg" => CredentialKey::Token(TokenId::from_bare(id).ok()?),
            "lya" => CredentialKey::Access(AccessTokenId::from_bare(id).ok()?),
            _ => return None,
        };
        let organization = OrganizationId::from_bare(organization).ok()?;
        Some(Self { organization, key, secret: secret.to_owned() })
    }

    /// Whether its secret is the one that was hashed.
    #[must_use]
    pub fn proves(&self, hash: &SecretHash) -> bool {
        hash.matches(self.secret.as_bytes())
    }
}

/// A new secret part and its hash.
#[must_use]
pub fn new_secret(world: &dyn World) -> (String, SecretHash) {
    let secret = random_text(world, SECRET_CHARS);
    let hash = SecretHash::of(secret.as_bytes());
    (secret, hash)
}

/// The text of a SCIM token.
#[must_use]
pub fn token_text(organization: &OrganizationId, id: &TokenId, secret: &str) -> String {
    format!("lyg_{}_{}_{secret}", organization.bare(), id.bare())
}

/// The text of an access token.
#[must_use]
pub fn access_token_text(
    organization: &OrganizationId,
    id: &AccessTokenId,
    secret: &str,
) -> String {
    format!("lya_{}_{}_{secret}", organization.bare(), id.bare())
}

/// A client's `client_id`: names the organization, so that the secret can be checked with one read.
#[must_use]
pub fn client_id_text(organization: &OrganizationId, id: &ClientId) -> String {
    format!("lyc_{}_{}", organization.bare(), id.bare())
}

/// Reads a `client_id`.
#[must_use]
pub fn parse_client_id(text: &str) -> Option<(OrganizationId, ClientId)> {
    let (organization, id) = text.strip_prefix("lyc_")?.split_once('_')?;
    Some((OrganizationId::from_bare(organization).ok()?, ClientId::from_bare(id).ok()?))
}

/// The text of a client secret.
#[must_use]
pub fn client_secret_text(id: &SecretId, secret: &str) -> String {
    format!("lys_{}_{secret}", id.bare())
}

/// Reads a client secret.
#[must_use]
pub fn parse_client_secret(text: &str) -> Option<(SecretId, &str)> {
    let (id, secret) = text.strip_prefix("lys_")?.split_once('_')?;
    (secret.len() == SECRET_CHARS).then_some((SecretId::from_bare(id).ok()?, secret))
}

/// The text of an operator key.
#[must_use]
pub fn operator_key_text(id: &OperatorKeyId, secret: &str) -> String {
    format!("lyo_{}_{secret}", id.bare())
}

/// Reads an operator key.
#[must_use]
pub fn parse_operator_key(text: &str) -> Option<(OperatorKeyId, &str)> {
    let (id, secret) = text.strip_prefix("lyo_")?.split_once('_')?;
    (secret.len() == SECRET_CHARS).then_some((OperatorKeyId::from_bare(id).ok()?, secret))
}

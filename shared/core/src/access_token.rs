//! Access tokens of the OAuth 2.0 client-credentials grant (RFC 6749 §4.4, P4).

use crate::{
    ids::{AccessTokenId, ClientId, SecretId},
    secret::SecretHash,
    time::Timestamp,
};

/// An access token as it is kept. It holds as long as its client and the secret that asked for it are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// Its id, which the token carries.
    pub id: AccessTokenId,
    /// The client that asked.
    pub client: ClientId,
    /// The secret that it asked with.
    pub secret: SecretId,
    /// SHA-256 of the token's secret part.
    pub hash: SecretHash,
    /// When it ends.
    pub expires: Timestamp,
}

//! Keys of the operator: several live at once, so that one can replace another.

use crate::{ids::OperatorKeyId, secret::SecretHash, time::Timestamp};

/// An operator's key as it is kept: only its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorKey {
    /// Its id, which the key carries.
    pub id: OperatorKeyId,
    /// What the operator calls it.
    pub name: String,
    /// SHA-256 of the secret.
    pub hash: SecretHash,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
}

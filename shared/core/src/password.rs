//! A member's password as it is kept (S9): an argon2id hash, and what stands against guessing.

use crate::time::Timestamp;

/// A password's record. It is there once a password was made.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordRecord {
    /// The hash in PHC form: algorithm, parameters, salt and digest.
    pub phc: String,
    /// When it was set.
    pub set: Timestamp,
    /// Wrong guesses since the last right one.
    pub failures: u32,
    /// No guess is looked at before this (it grows with `failures`); a browser that has signed in before is not kept out.
    pub not_before: Option<Timestamp>,
    /// Counts its changes.
    pub version: u64,
}

impl std::fmt::Debug for PasswordRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PasswordRecord(set {}, failures {})", self.set.rfc3339(), self.failures)
    }
}

//! Why a message was not accepted: one variant for each broken rule, with what was wanted and what came.

/// Who can mend it: this picks the page that the person sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The person: start again.
    Person,
    /// The administrator of the IdP.
    Administrator,
}

/// Why a message was rejected. `want` and `got` are for the owner and the log, never for a stranger's page.
///
/// The variants that decryption and the signature's arithmetic give carry nothing that tells one failure from another.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// The XML is not what the strict reader takes: the reason in words.
    Xml(String),
    // The owner of this file adds a variant for each rule.
}

//! Why a message was not accepted: one variant for each broken rule, with what was wanted and what came.
//!
//! [`Rejection::code`] is the stable word for logs, pages and tests; [`Rejection::who`] picks the page;
//! [`Rejection::want`] and [`Rejection::got`] are for the owner of the connection, never for a stranger's page.

use std::fmt;

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
    // --- XML, signature, certificate, decryption ---
    /// The XML is not what the strict reader takes: the reason in words.
    Xml(String),
    /// No Signature is a direct child of the element that has to be signed.
    Unsigned {
        /// The local name of that element.
        element: String,
    },
    /// There is a signature, in a form that SAML does not need (SAML Core §5.4): wrapped, more than one reference, a
    /// transform that is not taken.
    SignatureForm {
        /// The form that is taken.
        want: &'static str,
        /// What came.
        got: String,
    },
    /// None of the connection's keys made the signature, or the element is not the one that was signed.
    BadSignature {
        /// Fingerprints of the certificates that were tried.
        want: Vec<String>,
        /// Fingerprint of the certificate that the message carries, when it carries one. It proves nothing: it helps
        /// to see that the IdP has changed its certificate.
        got: Option<String>,
    },
    /// An algorithm, or a key, that the connection does not take (S6).
    WeakAlgorithm {
        /// What to set at the IdP.
        want: &'static str,
        /// The algorithm's URI as it came, or the key's size.
        got: String,
    },
    /// A certificate that cannot be read, or whose key is of no use here: the reason in words.
    Certificate(String),
    /// The encrypted element is in a form that is not taken: the reason in words. Nothing was decrypted.
    EncryptionForm(String),
    /// It could not be decrypted. Every failure of arithmetic is this one, and says no more.
    DecryptFailed {
        /// Fingerprints of our certificates that it could have been encrypted to.
        want: Vec<String>,
    },
    // --- metadata, bindings, response, logout ---
}

impl Rejection {
    /// The stable word for it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Xml(_) => "malformed_xml",
            Self::Unsigned { .. } => "unsigned",
            Self::SignatureForm { .. } => "bad_signature_form",
            Self::BadSignature { .. } => "bad_signature",
            Self::WeakAlgorithm { .. } => "weak_algorithm",
            Self::Certificate(_) => "bad_certificate",
            Self::EncryptionForm(_) => "bad_encryption_form",
            Self::DecryptFailed { .. } => "decrypt_failed",
        }
    }

    /// Who can mend it.
    #[must_use]
    pub fn who(&self) -> Who {
        match self {
            Self::Xml(_)
            | Self::Unsigned { .. }
            | Self::SignatureForm { .. }
            | Self::BadSignature { .. }
            | Self::WeakAlgorithm { .. }
            | Self::Certificate(_)
            | Self::EncryptionForm(_)
            | Self::DecryptFailed { .. } => Who::Administrator,
        }
    }

    /// What was wanted.
    #[must_use]
    pub fn want(&self) -> Option<String> {
        match self {
            Self::Xml(_) | Self::Certificate(_) | Self::EncryptionForm(_) => None,
            Self::Unsigned { element } => Some(format!("a Signature directly in {element}")),
            Self::SignatureForm { want, .. } | Self::WeakAlgorithm { want, .. } => {
                Some((*want).to_owned())
            }
            Self::BadSignature { want, .. } | Self::DecryptFailed { want } => Some(want.join(", ")),
        }
    }

    /// What came instead.
    #[must_use]
    pub fn got(&self) -> Option<String> {
        match self {
            Self::Xml(reason) | Self::Certificate(reason) | Self::EncryptionForm(reason) => {
                Some(reason.clone())
            }
            Self::Unsigned { .. } | Self::DecryptFailed { .. } => None,
            Self::SignatureForm { got, .. } | Self::WeakAlgorithm { got, .. } => Some(got.clone()),
            Self::BadSignature { got, .. } => got.clone(),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())?;
        if let Some(want) = self.want() {
            write!(f, "; want: {want}")?;
        }
        if let Some(got) = self.got() {
            write!(f, "; got: {got}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Rejection {}

//! Why a message was not accepted: one variant for each broken rule, with what was wanted and what came.
//!
//! [`Rejection::code`] is the stable word for logs, pages and tests; [`Rejection::who`] picks the page;
//! [`Rejection::want`] and [`Rejection::got`] are for the owner of the connection, never for a stranger's page.

use std::fmt;

use crate::Instant;

/// The most characters of a received value that a rejection repeats.
pub const GOT_CHARS_MAX: usize = 200;

/// A received value as a rejection repeats it: cut at [`GOT_CHARS_MAX`] characters, with control characters (and those
/// that turn the direction of text) escaped, so that it can neither break a log line nor a page.
#[must_use]
pub fn shown(value: &str) -> String {
    let mut text = String::new();
    for (count, character) in value.chars().enumerate() {
        if count == GOT_CHARS_MAX {
            text.push('…');
            break;
        }
        let harmless = !character.is_control()
            && !matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        match harmless {
            true => text.push(character),
            false => text.extend(character.escape_default()),
        }
    }
    text
}

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
    /// The parameters or their encoding: what a form or a query had wrong (SAML Bindings §3.4.4, §3.5.4).
    Binding(String),
    /// Longer than is taken; it was not looked at.
    TooLarge {
        /// The most that is taken, in bytes.
        max: usize,
        /// How many there were; of what is decompressed, how many there were at least.
        got: usize,
    },
    /// Another message, or another element, than the one that belongs here.
    WrongMessage {
        /// The element that belongs here.
        want: &'static str,
        /// The element that came.
        got: String,
    },
    /// Not SAML 2.0 (SAML Core §4.1).
    BadVersion {
        /// The element that says so.
        element: &'static str,
        /// The version that it claims.
        got: String,
    },
    /// Something that the schema wants is missing, or is not of its type.
    Malformed {
        /// The element.
        element: &'static str,
        /// What is wrong with it, in words.
        problem: String,
    },
    /// Not exactly one `Assertion` or `EncryptedAssertion` (rule 5).
    AssertionCount {
        /// How many.
        got: usize,
    },
    /// An `Assertion`, an `EncryptedAssertion` or a `Signature` where none belongs (rules 3 and 5).
    Misplaced {
        /// Which element, and in what.
        got: String,
    },
    /// Two elements have one ID (SAML Core §1.3.4).
    DuplicateId {
        /// The ID.
        got: String,
    },
    /// The IdP says that it did not sign the person in (SAML Core §3.2.2).
    IdpStatus {
        /// The last part of the top-level code: `Responder`.
        code: String,
        /// The last part of the second-level code: `NoPassive`.
        subcode: Option<String>,
        /// The IdP's words.
        message: Option<String>,
    },
    /// `Destination` is another address (SAML Core §3.2.2).
    BadDestination {
        /// Our address.
        want: String,
        /// Its.
        got: String,
    },
    /// `Issuer` is not the connection's IdP (SAML Profiles §4.1.4.2).
    BadIssuer {
        /// The element whose issuer it is.
        element: &'static str,
        /// The entity ID in the IdP's metadata.
        want: String,
        /// What came.
        got: String,
    },
    /// `Recipient` is another assertion consumer service, or there is none (SAML Profiles §4.1.4.3).
    BadRecipient {
        /// Our assertion consumer service.
        want: String,
        /// What came.
        got: Option<String>,
    },
    /// The assertion is for somebody else (SAML Core §2.5.1.4).
    BadAudience {
        /// Our entity ID.
        want: String,
        /// The audiences of the restriction that we are not in; empty when there is no restriction.
        got: Vec<String>,
    },
    /// Its time is over (SAML Core §2.5.1.2).
    Expired {
        /// What said so: `Conditions`, `SubjectConfirmationData`.
        element: &'static str,
        /// The end that it names.
        until: Instant,
        /// When it came.
        now: Instant,
        /// What was allowed for clocks that differ, in seconds.
        skew_secs: u32,
    },
    /// Its time has not come (SAML Core §2.5.1.2).
    NotYetValid {
        /// What said so.
        element: &'static str,
        /// The beginning that it names.
        from: Instant,
        /// When it came.
        now: Instant,
        /// What was allowed for clocks that differ, in seconds.
        skew_secs: u32,
    },
    /// No subject confirmation of the kind that a browser can bear (SAML Profiles §4.1.4.2).
    BadConfirmation(String),
    /// It answers a request that is not the one that this browser made, or answers none (SAML Profiles §4.1.4.3).
    InResponseToUnknown {
        /// The ID of our request; none when we made none.
        want: Option<String>,
        /// The ID that came.
        got: Option<String>,
    },
    /// It answers no request, and the connection takes none that was not asked for (S3).
    IdpInitiatedDisabled,
    /// A condition that we do not know: the assertion is then invalid (SAML Core §2.5.1).
    UnknownCondition {
        /// Its name.
        got: String,
    },
    /// It does not say that the person signed in (SAML Profiles §4.1.4.2).
    NoAuthnStatement,
    /// The person signed in before we asked that they do so anew (SAML Core §3.4.1, `ForceAuthn`).
    AuthnTooOld {
        /// When we asked.
        want: Instant,
        /// When they did.
        got: Instant,
    },
    /// The connection wants encrypted assertions, and this one is not (S5).
    EncryptedRequired,
    /// The NameID is encrypted by itself; only whole assertions are decrypted here.
    EncryptedNameId {
        /// What to set at the IdP.
        want: &'static str,
    },
    /// Nothing names the member (S7).
    NoEmailClaim {
        /// Where it was looked for.
        want: String,
        /// What came: the NameID's format, and the names of attributes. No values.
        got: String,
    },
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
            Self::Binding(_) => "malformed_request",
            Self::TooLarge { .. } => "too_large",
            Self::WrongMessage { .. } => "wrong_message",
            Self::BadVersion { .. } => "bad_version",
            Self::Malformed { .. } => "malformed_message",
            Self::AssertionCount { .. } => "not_one_assertion",
            Self::Misplaced { .. } => "misplaced_element",
            Self::DuplicateId { .. } => "duplicate_id",
            Self::IdpStatus { .. } => "idp_status",
            Self::BadDestination { .. } => "bad_destination",
            Self::BadIssuer { .. } => "bad_issuer",
            Self::BadRecipient { .. } => "bad_recipient",
            Self::BadAudience { .. } => "bad_audience",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::BadConfirmation(_) => "bad_subject_confirmation",
            Self::InResponseToUnknown { .. } => "in_response_to_unknown",
            Self::IdpInitiatedDisabled => "idp_initiated_disabled",
            Self::UnknownCondition { .. } => "unknown_condition",
            Self::NoAuthnStatement => "no_authn_statement",
            Self::AuthnTooOld { .. } => "authn_too_old",
            Self::EncryptedRequired => "encrypted_required",
            Self::EncryptedNameId { .. } => "encrypted_name_id",
            Self::NoEmailClaim { .. } => "no_email_claim",
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
            | Self::DecryptFailed { .. }
            | Self::TooLarge { .. }
            | Self::WrongMessage { .. }
            | Self::BadVersion { .. }
            | Self::Malformed { .. }
            | Self::AssertionCount { .. }
            | Self::Misplaced { .. }
            | Self::DuplicateId { .. }
            | Self::BadDestination { .. }
            | Self::BadIssuer { .. }
            | Self::BadRecipient { .. }
            | Self::BadAudience { .. }
            | Self::NotYetValid { .. }
            | Self::BadConfirmation(_)
            | Self::IdpInitiatedDisabled
            | Self::UnknownCondition { .. }
            | Self::NoAuthnStatement
            | Self::EncryptedRequired
            | Self::EncryptedNameId { .. }
            | Self::NoEmailClaim { .. } => Who::Administrator,
            // A page that was left open, a step back, a message cut short on its way.
            Self::Binding(_)
            | Self::Expired { .. }
            | Self::InResponseToUnknown { .. }
            | Self::AuthnTooOld { .. } => Who::Person,
            Self::IdpStatus { subcode, .. } => match subcode.as_deref() {
                Some("AuthnFailed" | "NoPassive") => Who::Person,
                _ => Who::Administrator,
            },
        }
    }

    /// What was wanted.
    #[must_use]
    pub fn want(&self) -> Option<String> {
        let want = match self {
            Self::Xml(_) | Self::Certificate(_) | Self::EncryptionForm(_) => return None,
            Self::Unsigned { element } => format!("a Signature directly in {element}"),
            Self::SignatureForm { want, .. }
            | Self::WeakAlgorithm { want, .. }
            | Self::WrongMessage { want, .. }
            | Self::EncryptedNameId { want } => (*want).to_owned(),
            Self::BadSignature { want, .. } | Self::DecryptFailed { want } => want.join(", "),
            Self::Binding(_) => "one message, encoded as its binding says".to_owned(),
            Self::TooLarge { max, .. } => format!("at most {max} bytes"),
            Self::BadVersion { element, .. } => format!("{element} of Version `2.0`"),
            Self::Malformed { element, .. } => format!("{element} as the schema has it"),
            Self::AssertionCount { .. } => "one assertion, directly in the Response".to_owned(),
            Self::Misplaced { .. } => {
                "one assertion, and signatures directly in what they sign".to_owned()
            }
            Self::DuplicateId { .. } => "each ID once".to_owned(),
            Self::IdpStatus { .. } => "Success".to_owned(),
            Self::BadDestination { want, .. }
            | Self::BadRecipient { want, .. }
            | Self::BadAudience { want, .. }
            | Self::NoEmailClaim { want, .. } => want.clone(),
            Self::BadIssuer { element, want, .. } => format!("{want} as Issuer of {element}"),
            Self::Expired { element, now, skew_secs, .. } => {
                format!("{element} that ends after {}, less {skew_secs} s", now.text())
            }
            Self::NotYetValid { element, now, skew_secs, .. } => {
                format!("{element} that begins before {}, plus {skew_secs} s", now.text())
            }
            Self::BadConfirmation(_) => "a bearer confirmation with an end".to_owned(),
            Self::InResponseToUnknown { want, .. } => {
                want.clone().unwrap_or_else(|| "no InResponseTo".to_owned())
            }
            Self::IdpInitiatedDisabled => "an answer to a request of ours".to_owned(),
            Self::UnknownCondition { .. } => {
                "AudienceRestriction, OneTimeUse, ProxyRestriction".to_owned()
            }
            Self::NoAuthnStatement => "an AuthnStatement".to_owned(),
            Self::AuthnTooOld { want, .. } => format!("signed in after {}", want.text()),
            Self::EncryptedRequired => "an EncryptedAssertion".to_owned(),
        };
        Some(want)
    }

    /// What came instead.
    #[must_use]
    pub fn got(&self) -> Option<String> {
        let got = match self {
            Self::Xml(problem)
            | Self::Certificate(problem)
            | Self::EncryptionForm(problem)
            | Self::Binding(problem)
            | Self::BadConfirmation(problem) => problem.clone(),
            Self::Unsigned { .. } | Self::DecryptFailed { .. } => return None,
            Self::BadSignature { got, .. } => return got.clone(),
            Self::SignatureForm { got, .. }
            | Self::WeakAlgorithm { got, .. }
            | Self::WrongMessage { got, .. }
            | Self::BadVersion { got, .. }
            | Self::Misplaced { got }
            | Self::DuplicateId { got }
            | Self::BadDestination { got, .. }
            | Self::BadIssuer { got, .. }
            | Self::UnknownCondition { got }
            | Self::NoEmailClaim { got, .. } => got.clone(),
            Self::TooLarge { got, .. } => format!("{got} bytes"),
            Self::Malformed { element, problem } => format!("{element}: {problem}"),
            Self::AssertionCount { got } => got.to_string(),
            Self::IdpStatus { code, subcode, message } => {
                let parts = [Some(code), subcode.as_ref(), message.as_ref()];
                parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(": ")
            }
            Self::BadRecipient { got, .. } => {
                got.clone().unwrap_or_else(|| "no Recipient".to_owned())
            }
            Self::InResponseToUnknown { got, .. } => {
                got.clone().unwrap_or_else(|| "no InResponseTo".to_owned())
            }
            Self::BadAudience { got, .. } if got.is_empty() => "no AudienceRestriction".to_owned(),
            Self::BadAudience { got, .. } => got.join(", "),
            Self::Expired { until, now, .. } => {
                format!("{}, {} s ago", until.text(), now.secs_since(*until))
            }
            Self::NotYetValid { from, now, .. } => {
                format!("{}, in {} s", from.text(), from.secs_since(*now))
            }
            Self::AuthnTooOld { got, .. } => format!("signed in at {}", got.text()),
            Self::IdpInitiatedDisabled => "a response that answers no request".to_owned(),
            Self::NoAuthnStatement => "none".to_owned(),
            Self::EncryptedRequired => "an Assertion in the clear".to_owned(),
            Self::EncryptedNameId { .. } => "an EncryptedID".to_owned(),
        };
        Some(got)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each rule for messages; the verifier's have their tests beside it.
    fn of_messages() -> Vec<Rejection> {
        let (now, text) = (Instant::from_unix_millis(1_795_000_000_000), || "x".to_owned());
        let (later, skew_secs) = (now.plus_secs(90), 60);
        vec![
            Rejection::Binding(text()),
            Rejection::TooLarge { max: 1, got: 2 },
            Rejection::WrongMessage { want: "Response", got: text() },
            Rejection::BadVersion { element: "Response", got: text() },
            Rejection::Malformed { element: "Response", problem: text() },
            Rejection::AssertionCount { got: 2 },
            Rejection::Misplaced { got: text() },
            Rejection::DuplicateId { got: text() },
            Rejection::IdpStatus { code: text(), subcode: None, message: None },
            Rejection::BadDestination { want: text(), got: text() },
            Rejection::BadIssuer { element: "Response", want: text(), got: text() },
            Rejection::BadRecipient { want: text(), got: None },
            Rejection::BadAudience { want: text(), got: vec![] },
            Rejection::Expired { element: "Conditions", until: now, now: later, skew_secs },
            Rejection::NotYetValid { element: "Conditions", from: later, now, skew_secs },
            Rejection::BadConfirmation(text()),
            Rejection::InResponseToUnknown { want: None, got: None },
            Rejection::IdpInitiatedDisabled,
            Rejection::UnknownCondition { got: text() },
            Rejection::NoAuthnStatement,
            Rejection::AuthnTooOld { want: later, got: now },
            Rejection::EncryptedRequired,
            Rejection::EncryptedNameId { want: "a NameID" },
            Rejection::NoEmailClaim { want: text(), got: text() },
        ]
    }

    #[test]
    fn each_rule_has_a_code_of_its_own_and_says_what_was_wanted_and_what_came() {
        let mut codes = std::collections::BTreeSet::new();
        for rejection in of_messages() {
            let code = rejection.code();
            assert!(codes.insert(code), "{code} twice");
            assert!(code.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase()), "{code}");
            for text in [rejection.want().unwrap(), rejection.got().unwrap()] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{code}: {text}");
            }
        }
    }

    /// A stranger who posts altered ciphertexts must learn nothing from the page: it is picked by `who`.
    #[test]
    fn what_can_come_before_a_signature_has_held_leads_to_one_page() {
        for rejection in [
            Rejection::Xml(String::new()),
            Rejection::Unsigned { element: String::new() },
            Rejection::SignatureForm { want: "", got: String::new() },
            Rejection::BadSignature { want: vec![], got: None },
            Rejection::WeakAlgorithm { want: "", got: String::new() },
            Rejection::EncryptionForm(String::new()),
            Rejection::DecryptFailed { want: vec![] },
            Rejection::AssertionCount { got: 0 },
            Rejection::Misplaced { got: String::new() },
            Rejection::DuplicateId { got: String::new() },
        ] {
            assert_eq!(rejection.who(), Who::Administrator, "{rejection}");
        }
    }

    #[test]
    fn a_time_that_is_over_says_by_how_much() {
        let until = Instant::from_unix_millis(0);
        let now = until.plus_secs(3_600);
        let rejection = Rejection::Expired { element: "Conditions", until, now, skew_secs: 60 };
        assert_eq!(
            rejection.to_string(),
            "expired; want: Conditions that ends after 1970-01-01T01:00:00Z, less 60 s; \
             got: 1970-01-01T00:00:00Z, 3600 s ago"
        );
    }

    #[test]
    fn what_is_repeated_cannot_break_a_line_or_turn_it_round() {
        for (value, want) in [
            ("a\r\nb\tc\0", "a\\r\\nb\\tc\\u{0}"),
            ("\u{202e}x\u{200b}\u{feff}\u{2028}", "\\u{202e}x\\u{200b}\\u{feff}\\u{2028}"),
            ("\u{85}\u{7f}", "\\u{85}\\u{7f}"),
            ("zoë ✓", "zoë ✓"),
        ] {
            assert_eq!(shown(value), want);
        }
        assert_eq!(shown(&"é".repeat(GOT_CHARS_MAX)), "é".repeat(GOT_CHARS_MAX));
        assert_eq!(shown(&"é".repeat(9_999)), format!("{}…", "é".repeat(GOT_CHARS_MAX)));
    }
}

//! Why a sign-in was rejected: a code that never changes, a sentence for the person, one for the owner that says where to
//! change it, and what was wanted and what came (S11).
//!
//! The person's sentence for everything that the IdP got wrong is one and the same, so that nothing about signatures and
//! decryption can be learned from the page.

use lychgate_saml::{Rejection, Who as SamlWho};

use super::refusal::{Refusal, Who};
use crate::record::User;

/// The longest text of an attempt, in characters.
pub const TEXT_CHARS_MAX: usize = 400;

/// What the person reads when the administrator has to change something.
const NOT_ACCEPTED: &str =
    "Your company's identity provider sent an answer that cannot be accepted as it is set up now.";
/// What the person reads when starting again helps.
const START_AGAIN: &str =
    "This sign-in took too long, was begun elsewhere, or was finished before.";

/// Why, in all its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The stable word for it.
    pub code: &'static str,
    /// Who can mend it.
    pub who: Who,
    /// For the person.
    pub sentence: String,
    /// For the owner: where to change it.
    pub detail: String,
    /// What was wanted.
    pub want: Option<String>,
    /// What came.
    pub got: Option<String>,
    /// Refused for its size, before it was looked at.
    pub too_large: bool,
}

impl Reason {
    fn new(code: &'static str, who: Who, sentence: &str, detail: impl Into<String>) -> Self {
        Self {
            code,
            who,
            sentence: sentence.to_owned(),
            detail: detail.into(),
            want: None,
            got: None,
            too_large: false,
        }
    }

    fn because(mut self, want: Option<String>, got: Option<String>) -> Self {
        self.want = want.map(|text| bounded(&text));
        self.got = got.map(|text| bounded(&text));
        self
    }

    /// The page for it.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        let mut refusal = Refusal::new(self.who, self.sentence.clone());
        refusal.too_large = self.too_large;
        // What was wanted and what came may name a person: the attempt has it, the log has the code.
        refusal.private = Some(self.code.to_owned());
        refusal
    }
}

/// Shortened, and without characters that could write a line of their own into a log.
#[must_use]
pub fn bounded(text: &str) -> String {
    let mut chars = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let kept: String = chars.by_ref().take(TEXT_CHARS_MAX).collect();
    if chars.next().is_some() { format!("{kept}…") } else { kept }
}

impl From<Rejection> for Reason {
    fn from(rejection: Rejection) -> Self {
        let (who, sentence) = match rejection.who() {
            SamlWho::Person => (Who::Person, START_AGAIN),
            SamlWho::Administrator => (Who::Administrator, NOT_ACCEPTED),
        };
        let (want, got) = (rejection.want(), rejection.got());
        let detail = match &rejection {
            Rejection::IdpStatus { .. } => IDP_STATUS,
            other => advice(other.code()),
        };
        let mut reason = Self::new(rejection.code(), who, sentence, detail).because(want, got);
        reason.too_large = matches!(rejection, Rejection::TooLarge { .. });
        if matches!(rejection, Rejection::IdpStatus { .. }) {
            reason.sentence = "Your company's identity provider did not sign you in.".to_owned();
        }
        reason
    }
}

const IDP_STATUS: &str = "The IdP answered that it did not sign the person in; its own words stand beside this. Okta: Reports, System Log. Entra: Sign-in logs of the enterprise application.";

/// Where the owner, or the IT administrator, changes it: in the words of the two IdPs that most people have.
fn advice(code: &str) -> &'static str {
    match code {
        "unsigned" => {
            "The IdP signed neither the response nor the assertion. Okta: SAML Settings, Show Advanced Settings, Response and Assertion Signature: Signed. Entra: SAML Certificates, Signing Option: Sign SAML assertion."
        }
        "bad_signature" => {
            "None of the certificates in the IdP's metadata made this signature: the IdP has probably changed its certificate. Fetch the metadata again, or paste the new one. Okta: Sign On, SAML Signing Certificates. Entra: SAML Certificates, App Federation Metadata Url."
        }
        "bad_signature_form" | "misplaced_element" | "duplicate_id" | "not_one_assertion" => {
            "The response is signed in a way that SAML does not need and attackers use. Nothing can be changed here; ask the maker of the IdP, with the values beside this."
        }
        "weak_algorithm" => {
            "The IdP signs or encrypts with an algorithm that is no longer safe. Okta: Signature Algorithm RSA-SHA256, Digest Algorithm SHA256, Key Transport Algorithm RSA-OAEP. Entra: SAML Certificates, Signing Algorithm: SHA-256. Until then this connection can take SHA-1 or RSA 1.5 for a limited time."
        }
        "bad_certificate" => {
            "A certificate in the IdP's metadata cannot be used. Make a new one at the IdP (RSA of 2048 bits or more, or ECDSA) and fetch the metadata again."
        }
        "bad_encryption_form" => {
            "The assertion is encrypted in a way that is not taken. Okta: Encryption Algorithm AES256-GCM or AES256-CBC, Key Transport Algorithm RSA-OAEP. Entra: Token encryption needs nothing set."
        }
        "decrypt_failed" => {
            "The assertion is not encrypted to a certificate of ours. Download the current one and upload it. Okta: SAML Settings, Show Advanced Settings, Encryption Certificate. Entra: Token encryption, Import Certificate, then Activate token encryption."
        }
        "encrypted_required" => {
            "This connection takes encrypted assertions only. Okta: Show Advanced Settings, Assertion Encryption: Encrypted. Entra: Token encryption, Import Certificate, Activate token encryption. Or change the connection."
        }
        "encrypted_name_id" => {
            "The NameID is encrypted by itself. Encrypt the whole assertion instead, or nothing."
        }
        "bad_issuer" => {
            "The response comes from another IdP, or another application at the IdP, than the metadata that was saved. Use the metadata of the very application that people sign in with. Okta: Sign On, Metadata URL. Entra: App Federation Metadata Url."
        }
        "bad_audience" => {
            "The IdP has another entity ID of ours. It is compared letter by letter. Okta: Audience URI (SP Entity ID). Entra: Identifier (Entity ID)."
        }
        "bad_destination" | "bad_recipient" => {
            "The IdP has another address of ours. It is compared letter by letter. Okta: Single sign-on URL, with \"Use this for Recipient URL and Destination URL\" ticked. Entra: Reply URL (Assertion Consumer Service URL)."
        }
        "expired" => {
            "The response had ended when it came: the page was open for long, or the IdP's clock is behind. The clock's offset can be allowed for in the connection."
        }
        "not_yet_valid" => {
            "The response begins in the future: the IdP's clock is ahead. Correct it, or allow for its offset in the connection."
        }
        "in_response_to_unknown" => {
            "The response answers a request that this browser did not make, or that is no longer waited for. When it happens to everybody, look at what stands between the browser and us."
        }
        "idp_initiated_disabled" => {
            "This connection does not take sign-ins that begin at the IdP. Okta: hide the application's icon, or add a Bookmark app for the sign-in address. Entra: set the Sign on URL. Or allow it in the connection."
        }
        "authn_too_old" => {
            "The application wanted the person to sign in anew, and the IdP did not ask them. Entra and Okta keep to ForceAuthn; look at the IdP's session policy."
        }
        "no_authn_statement" | "bad_subject_confirmation" | "unknown_condition" => {
            "The assertion lacks what SAML's browser profile wants, or has what we do not know. See the values beside this, and the IdP's SAML settings."
        }
        "no_email_claim" => {
            "Nothing in the response names the member. Okta: Name ID format EmailAddress, Application username Email; or an Attribute Statement Email = user.email. Entra: Attributes & Claims, emailaddress = user.mail or user.userprincipalname."
        }
        "too_large" => {
            "The response is larger than any that is needed. Send fewer groups. Okta: Group Attribute Statements, a narrower filter. Entra: groups assigned to the application only."
        }
        _ => {
            "The message is not SAML 2.0 as it should be. See the values beside this; nothing here can be set."
        }
    }
}

/// The licence is not active (O3).
pub(crate) fn licence_inactive() -> Reason {
    let page = super::place::unlicensed();
    Reason::new(
        "licence_inactive",
        page.who,
        &page.sentence,
        "The organization's SSO & SCIM licence is not active. Ask the vendor to renew it: nothing was deleted, and people who may use a password can.",
    )
}

/// No live connection takes it.
pub(crate) fn not_active() -> Reason {
    Reason::new(
        "connection_inactive",
        Who::Developer,
        "Single sign-on is not switched on at this address.",
        "No connection is active. Test the draft and activate it.",
    )
}

/// The request is unknown, used, or over.
pub(crate) fn flow_gone(got: &str) -> Reason {
    Reason::new(
        "in_response_to_unknown",
        Who::Person,
        START_AGAIN,
        advice("in_response_to_unknown"),
    )
    .because(
        Some("a request of the last 15 minutes that was not answered".to_owned()),
        Some(got.to_owned()),
    )
}

/// The answer came to another browser, or to this one without its cookie.
pub(crate) fn other_browser() -> Reason {
    Reason::new(
        "browser_unknown",
        Who::Person,
        "This sign-in was begun in another browser, or your browser did not keep our cookie.",
        "The browser that brought the response is not the one that asked. When it happens to everybody, cookies of this site are blocked, or the address that people use is not the one in the IdP.",
    )
}

/// The assertion was used before (SAML Profiles §4.1.4.5).
pub(crate) fn replayed(assertion_id: &str) -> Reason {
    Reason::new(
        "replayed",
        Who::Person,
        START_AGAIN,
        "The same assertion came twice: a page was sent again, or somebody has copied it.",
    )
    .because(Some("an assertion that was not used".to_owned()), Some(assertion_id.to_owned()))
}

/// The address that the assertion names is in another e-mail domain than the connection may name.
pub(crate) fn domain_not_allowed(want: &[String], got: &str) -> Reason {
    Reason::new(
        "domain_not_allowed",
        Who::Administrator,
        "Your address is not one that your company signs in with here.",
        "The connection may name addresses of certain e-mail domains only. Add the domain to the connection, or send another address. Okta: Application username. Entra: Attributes & Claims.",
    )
    .because(Some(want.join(", ")), Some(got.to_owned()))
}

/// The member is suspended; signing in never lifts that (P6, S8).
pub(crate) fn suspended(user: &User) -> Reason {
    let detail = match (&user.suspended_by_hand, &user.suspended) {
        (Some(_), Some(_)) => {
            "The member is suspended by an administrator and by the provisioning client. Both have to restore it."
        }
        (Some(_), None) => {
            "The member is suspended by an administrator: restore it under Members, Suspended."
        }
        _ => {
            "The member was deactivated by the provisioning client. Okta: assign the application again. Entra: assign the person to the application, or provision on demand."
        }
    };
    Reason::new("member_suspended", Who::Administrator, "Your account here is suspended.", detail)
}

/// Nobody provisioned them, and the connection creates nobody (S8).
pub(crate) fn jit_disabled(name: &str) -> Reason {
    Reason::new(
        "jit_disabled",
        Who::Administrator,
        "There is no account for you here yet.",
        "No member has this userName, and the connection does not create members who sign in. Provision the person (Okta: Assignments. Entra: Users and groups, then Provision on demand), or switch creation by signing in on.",
    )
    .because(Some("the userName of a member".to_owned()), Some(name.to_owned()))
}

/// The licence's seats are used up.
pub(crate) fn seat_limit(name: &str) -> Reason {
    Reason::new(
        "seat_limit",
        Who::Administrator,
        "There is no room for another member at your company's plan.",
        "The licence's seats are used up, so no member could be created. Delete members who have left (Members, Suspended), or ask for more seats.",
    )
    .because(None, Some(name.to_owned()))
}

/// A member could not be made of what the assertion says.
pub(crate) fn jit_refused(detail: String) -> Reason {
    Reason::new(
        "jit_refused",
        Who::Administrator,
        "An account for you could not be created.",
        "A member could not be made of what the IdP sent. Provision the person by SCIM, or send what is missing.",
    )
    .because(None, Some(detail))
}

/// The draft was edited while its test ran.
pub(crate) fn draft_changed() -> Reason {
    Reason::new(
        "draft_changed",
        Who::Person,
        "The connection was changed while the test ran.",
        "The settings that the response was checked with are no longer the draft's. Test again.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_bounded_and_write_no_line_of_their_own() {
        assert_eq!(bounded("a\r\nb"), "a\u{fffd}\u{fffd}b");
        assert_eq!(bounded(&"é".repeat(TEXT_CHARS_MAX)).chars().count(), TEXT_CHARS_MAX);
        assert_eq!(bounded(&"é".repeat(9_000)).chars().count(), TEXT_CHARS_MAX + 1);
    }

    #[test]
    fn the_page_says_the_same_of_every_failure_of_cryptography() {
        let failures = [
            Rejection::DecryptFailed { want: vec!["a".to_owned()] },
            Rejection::BadSignature { want: vec!["b".to_owned()], got: Some("c".to_owned()) },
            Rejection::Unsigned { element: "Response".to_owned() },
            Rejection::EncryptionForm("d".to_owned()),
        ];
        for failure in failures {
            let reason = Reason::from(failure);
            assert_eq!((reason.who, reason.sentence.as_str()), (Who::Administrator, NOT_ACCEPTED));
            let page = reason.refusal();
            assert!(!format!("{page:?}").contains("Some(\"b\")"), "{page:?}");
        }
    }
}

//! Where to change it: for each code of a rejected sign-in, the field of each identity provider in its own words, and what
//! can be changed here (S11).

use super::idp_kind::IdpKind;

/// What the owner reads of one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Advice {
    /// What happened.
    pub(crate) happened: &'static str,
    /// Where to change it at the identity provider.
    pub(crate) there: Option<&'static str>,
    /// Where to change it here.
    pub(crate) here: Option<&'static str>,
}

/// What is known of a code; `None` for one that nobody gives (any more).
pub(crate) fn of(code: &str, kind: IdpKind) -> Option<Advice> {
    let entry = TABLE.iter().find(|entry| entry.code == code)?;
    let there = match &entry.there {
        There::Nothing => None,
        There::Fields(fields) => {
            let all = IdpKind::ALL.into_iter().zip(fields);
            all.into_iter().find(|(known, _)| *known == kind).map(|(_, field)| *field)
        }
    };
    Some(Advice { happened: entry.happened, there, here: entry.here })
}

/// The codes that a setting at the identity provider can mend, with that setting: for its guide.
pub(crate) fn to_change(kind: IdpKind) -> Vec<(&'static str, &'static str)> {
    let there = |entry: &Entry| Some((entry.code, of(entry.code, kind)?.there?));
    TABLE.iter().filter_map(there).collect()
}

struct Entry {
    code: &'static str,
    happened: &'static str,
    there: There,
    here: Option<&'static str>,
}

enum There {
    /// Nothing can be set there.
    Nothing,
    /// In the order of [`IdpKind::ALL`].
    Fields([&'static str; 6]),
}

const fn entry(
    code: &'static str,
    happened: &'static str,
    there: There,
    here: Option<&'static str>,
) -> Entry {
    Entry { code, happened, there, here }
}

const MAKER: There =
    There::Fields(["Nothing that we know of: give its makers and us the values above."; 6]);
const SKEW: Option<&str> = Some("More settings: how far the identity provider’s clock may differ.");

const NO_SAML: &str = "The message is not SAML 2.0 as it should be.";
const FORM: &str =
    "The response is signed in a way that SAML does not need and attackers use, so it is refused.";

/// Every code that an attempt can have.
const TABLE: &[Entry] = &[
    // What was signed, and how.
    entry(
        "unsigned",
        "Neither the response nor the assertion is signed.",
        There::Fields([
            "General → SAML Settings → Edit → Show Advanced Settings: Response and Assertion Signature: Signed.",
            "Single sign-on → SAML Certificates → Edit → Signing Option: Sign SAML assertion.",
            "The application → Service provider details → Signed response: ticked.",
            "Configuration → SAML signature element: Both.",
            "SSO → Sign: Assertion.",
            "Have the response or the assertion signed.",
        ]),
        None,
    ),
    entry(
        "bad_signature",
        "None of the certificates in the saved metadata made this signature. Most often the identity provider has a new certificate.",
        There::Fields([
            "Sign On → SAML Signing Certificates: see which one is active; then copy the Metadata URL.",
            "Single sign-on → SAML Certificates: see which one is active; then copy the App Federation Metadata Url.",
            "The application → Service provider details → Manage certificates; then download the metadata again.",
            "SSO → X.509 Certificate; then copy the Issuer URL.",
            "SSO → IDP Certificate Valid; then export the metadata again.",
            "See which certificate signs, and export the metadata again.",
        ]),
        Some("Save the metadata URL again, or upload the new file; then test and activate."),
    ),
    entry("bad_signature_form", FORM, MAKER, None),
    entry("misplaced_element", FORM, MAKER, None),
    entry("duplicate_id", FORM, MAKER, None),
    entry("not_one_assertion", "There is not exactly one assertion in the response.", MAKER, None),
    entry(
        "weak_algorithm",
        "It is signed or encrypted with an algorithm, or a key, that is no longer safe.",
        There::Fields([
            "Show Advanced Settings: Signature Algorithm RSA-SHA256, Digest Algorithm SHA256, Key Transport Algorithm RSA-OAEP.",
            "SAML Certificates → Edit → Signing Algorithm: SHA-256.",
            "Manage certificates: make a new one (SHA-256), and select it.",
            "SSO → SAML Signature Algorithm: SHA-256.",
            "SSO → Signature Algorithm: RSA-SHA256.",
            "Sign with RSA or ECDSA and SHA-256 or better; encrypt the key with RSA-OAEP.",
        ]),
        Some("More settings: take SHA-1 or RSA 1.5 for a limited time."),
    ),
    entry(
        "bad_certificate",
        "A certificate in the saved metadata cannot be used.",
        There::Fields([
            "Sign On → SAML Signing Certificates → Generate new certificate, then activate it.",
            "SAML Certificates → Edit → New Certificate, then make it active.",
            "Security → SSO with SAML applications → add a certificate.",
            "Security → Certificates → New; then choose it in the application’s SSO.",
            "SSO → IDP Certificate: make or upload a new one.",
            "Make a new certificate: RSA of 2048 bits or more, or ECDSA.",
        ]),
        Some("Then save the metadata again."),
    ),
    // Encryption.
    entry(
        "bad_encryption_form",
        "The assertion is encrypted in a way that is not taken.",
        There::Fields([
            "Show Advanced Settings: Encryption Algorithm AES256-GCM or AES256-CBC, Key Transport Algorithm RSA-OAEP.",
            "Token encryption: nothing can be chosen; import our certificate again.",
            "Google does not encrypt: nothing can be chosen.",
            "Configuration → SAML Encryption method: AES-256-CBC.",
            "Encrypt Assertion: take our certificate again, or untick it.",
            "AES in CBC or GCM mode, with RSA-OAEP for the key.",
        ]),
        None,
    ),
    entry(
        "decrypt_failed",
        "The assertion is not encrypted to any certificate of ours.",
        There::Fields([
            "Show Advanced Settings → Encryption Certificate: upload the current one (PEM).",
            "Token encryption → Import Certificate (.cer), then … → Activate token encryption certificate.",
            "Google does not encrypt: nothing can be set.",
            "Configuration → SAML Encryption: paste the current one (PEM).",
            "SSO → Encrypt Assertion: upload the current one (PEM).",
            "Upload our current certificate.",
        ]),
        Some("Download the newest certificate under Single sign-on → Encryption certificates."),
    ),
    entry(
        "encrypted_required",
        "The assertion came unencrypted, and this connection takes encrypted ones only.",
        There::Fields([
            "Show Advanced Settings → Assertion Encryption: Encrypted.",
            "Token encryption → Import Certificate, then … → Activate token encryption certificate.",
            "Google does not encrypt.",
            "Configuration → Encrypt assertion: ticked.",
            "SSO → Encrypt Assertion: ticked.",
            "Have the assertion encrypted to our certificate.",
        ]),
        Some("More settings: untick “Refuse what is not encrypted”."),
    ),
    entry(
        "encrypted_name_id",
        "The NameID is encrypted by itself.",
        There::Fields(["Encrypt the whole assertion instead, or nothing."; 6]),
        None,
    ),
    // Who is meant.
    entry(
        "bad_issuer",
        "The response comes from another identity provider, or another application there, than the one whose metadata was saved.",
        There::Fields([
            "Sign On → Metadata URL: copy that of this very application.",
            "Single sign-on → App Federation Metadata Url: copy that of this very application.",
            "Download the metadata of this very application.",
            "SSO → Issuer URL: copy that of this very application.",
            "IdP Entity ID has been changed: export the metadata again.",
            "Export the metadata of the application that people sign in with.",
        ]),
        Some("Save that metadata in this connection."),
    ),
    entry(
        "bad_audience",
        "The identity provider has another entity ID of ours. It is compared letter by letter.",
        There::Fields([
            "General → SAML Settings → Audience URI (SP Entity ID).",
            "Single sign-on → Basic SAML Configuration → Identifier (Entity ID): ours must be the default.",
            "Service provider details → Entity ID.",
            "Configuration → Audience (EntityID).",
            "SSO → SP Entity ID.",
            "Audience, or SP entity ID.",
        ]),
        Some("The first step: which of the two entity IDs this connection has."),
    ),
    entry(
        "bad_destination",
        "The identity provider has another address of ours. It is compared letter by letter.",
        ADDRESS,
        None,
    ),
    entry(
        "bad_recipient",
        "The assertion was made for another address of ours. It is compared letter by letter.",
        ADDRESS,
        None,
    ),
    entry(
        "no_email_claim",
        "Nothing in the response names the member.",
        There::Fields([
            "SAML Settings: Name ID format EmailAddress, Application username Email; or an Attribute Statement Email = user.email.",
            "Attributes & Claims: emailaddress = user.mail, or user.userprincipalname where mailboxes are missing.",
            "Service provider details → Name ID format EMAIL, Name ID Primary email; or Attribute mapping: Primary email → Email.",
            "Configuration → SAML nameID format: Email; or Parameters: Email, included in the assertion.",
            "SSO → SAMLSubject NameID: email; or the user attribute email → Email.",
            "Send the e-mail address as NameID, or as the attribute Email.",
        ]),
        Some("More settings: the name of the attribute that holds the e-mail address."),
    ),
    entry(
        "domain_not_allowed",
        "This connection may name addresses of certain e-mail domains only, and this is none of them.",
        There::Fields([
            "SAML Settings → Application username.",
            "Attributes & Claims → Unique User Identifier and emailaddress.",
            "Service provider details → Name ID.",
            "Parameters → the value of NameID and Email.",
            "SSO → SAMLSubject NameID.",
            "Which address is sent as NameID or e-mail attribute.",
        ]),
        Some("More settings: add the domain, or empty the list."),
    ),
    // Time, and the browser.
    entry(
        "expired",
        "The response had ended when it came: a page was open for long, or the identity provider’s clock is behind.",
        CLOCK,
        SKEW,
    ),
    entry(
        "not_yet_valid",
        "The response begins in the future: the identity provider’s clock is ahead.",
        CLOCK,
        SKEW,
    ),
    entry(
        "replayed",
        "The same assertion came twice: a page was sent again, or somebody has copied it.",
        There::Nothing,
        Some("Nothing: the person starts again."),
    ),
    entry(
        "in_response_to_unknown",
        "The response answers a request that is unknown, was answered before, or is older than 15 minutes.",
        There::Nothing,
        Some(
            "Nothing: the person starts again. When it happens to everybody, look at what stands between the browser and us.",
        ),
    ),
    entry(
        "browser_unknown",
        "The browser that brought the response is not the one that asked, or it keeps no cookies.",
        There::Nothing,
        Some(
            "Nothing: the person starts again in one browser. When it happens to everybody, cookies of this site are blocked, or people use another address than the one at the identity provider.",
        ),
    ),
    entry(
        "idp_initiated_disabled",
        "The sign-in began at the identity provider, and this connection does not take those.",
        There::Fields([
            "Hide the application’s icon, and add a Bookmark App for the sign-on URL.",
            "Basic SAML Configuration → Sign on URL: ours, so that the tile begins here.",
            "Switch the tile off, and give people the sign-on URL.",
            "Configuration → Login URL: ours, and SAML initiator: Service Provider.",
            "SSO → Login URL: ours, so that the tile begins here.",
            "Let the tile lead to our sign-on URL.",
        ]),
        Some("More settings: take sign-ins that begin at the identity provider."),
    ),
    entry(
        "authn_too_old",
        "The application wanted the person to sign in anew, and the identity provider did not ask them.",
        There::Fields([
            "Security → Authentication Policies: the session of this application.",
            "Conditional Access → Session → Sign-in frequency.",
            "Security → Google session control.",
            "Security → Policies: the session; and Configuration: Force authentication.",
            "Conditional Access policy of this application.",
            "The policy of its session: it must keep to ForceAuthn.",
        ]),
        None,
    ),
    entry(
        "idp_status",
        "The identity provider answered that it did not sign the person in; its own words are what was received.",
        There::Fields([
            "Reports → System Log. Often nobody assigned the person: Assignments.",
            "The enterprise application’s Sign-in logs. Often nobody assigned the person: Users and groups.",
            "Reporting → Audit and investigation → SAML log events. Often User access is off for the person.",
            "Activity → Events. Often the person lacks the application: Users → Applications.",
            "Insights → Directory Insights. Often the person is in no group of the application: User Groups.",
            "Its log of sign-ins.",
        ]),
        None,
    ),
    // Its form.
    entry("malformed_xml", NO_SAML, MAKER, None),
    entry("malformed_request", NO_SAML, MAKER, None),
    entry("malformed_message", NO_SAML, MAKER, None),
    entry("wrong_message", "What came is another SAML message than a response.", MAKER, None),
    entry("bad_version", "The message is of another version than SAML 2.0.", MAKER, None),
    entry(
        "bad_subject_confirmation",
        "The assertion is not confirmed as a browser’s has to be (bearer, with an end).",
        MAKER,
        None,
    ),
    entry(
        "unknown_condition",
        "The assertion holds under a condition that we do not know.",
        MAKER,
        None,
    ),
    entry(
        "no_authn_statement",
        "The assertion does not say that the person was signed in.",
        MAKER,
        None,
    ),
    entry(
        "too_large",
        "The response is larger than any that is needed: most often because of groups.",
        There::Fields([
            "SAML Settings → Group Attribute Statements: leave empty, groups come by SCIM.",
            "Attributes & Claims → Groups: remove the claim, or take groups assigned to the application only.",
            "Attribute mapping → Group membership: fewer, or none.",
            "Parameters: take groups out.",
            "SSO → include group attribute: unticked.",
            "Send fewer groups, or none: they come by SCIM.",
        ]),
        None,
    ),
    // The member.
    entry(
        "member_suspended",
        "The member is suspended.",
        There::Fields([
            "When it was provisioning: Assignments → assign the person again.",
            "When it was provisioning: Users and groups → assign the person, then Provision on demand.",
            "When it was provisioning: turn the person’s User access on again.",
            "When it was provisioning: give the person the application again.",
            "When it was provisioning: put the person into a group of the application again.",
            "When it was provisioning: assign the person again.",
        ]),
        Some("When it was an administrator: Members → the member → Restore."),
    ),
    entry(
        "jit_disabled",
        "No member has this name, and this connection does not create members who sign in.",
        There::Fields([
            "Assignments → assign the person, so that provisioning creates them.",
            "Users and groups → assign the person, then Provision on demand.",
            "Auto-provisioning, or User access for the person.",
            "Provisioning: give the person the application.",
            "Provisioning: put the person into a group of the application.",
            "Provision the person.",
        ]),
        Some("More settings: create a member when somebody signs in whom nobody provisioned."),
    ),
    entry(
        "jit_refused",
        "A member could not be made of what came; what was received says why.",
        There::Fields(["Send what is missing, or provision the person by SCIM."; 6]),
        None,
    ),
    entry(
        "seat_limit",
        "The licence’s seats are used up, so no member could be created.",
        There::Nothing,
        Some("Members → Suspended: clean up who has left; or ask for more seats."),
    ),
    // Ours.
    entry(
        "licence_inactive",
        "The organization’s licence for SSO & SCIM is not active. Nothing was deleted.",
        There::Nothing,
        Some("Whoever manages your contract renews it; passwords work meanwhile."),
    ),
    entry(
        "connection_inactive",
        "No connection is active that takes it.",
        There::Nothing,
        Some("Test the connection, and activate it."),
    ),
    entry(
        "draft_changed",
        "The connection was changed while the test ran.",
        There::Nothing,
        Some("Test again."),
    ),
    entry(
        "password_wrong",
        "The password is wrong, or nobody with this address may have one.",
        There::Nothing,
        Some("Members → the member: allow a password; the person can then have a link to set one."),
    ),
    entry(
        "password_wait",
        "There were too many wrong guesses, so the next one was not looked at yet.",
        There::Nothing,
        Some("Nothing: it ends by itself. The person can have a link to set a new password."),
    ),
];

const ADDRESS: There = There::Fields([
    "General → SAML Settings → Single sign-on URL, with “Use this for Recipient URL and Destination URL” ticked.",
    "Single sign-on → Basic SAML Configuration → Reply URL (Assertion Consumer Service URL).",
    "Service provider details → ACS URL.",
    "Configuration → ACS (Consumer) URL, Recipient, and the ACS (Consumer) URL Validator.",
    "SSO → ACS URL.",
    "ACS URL, also called Recipient and Destination.",
]);

const CLOCK: There = There::Fields([
    "Nothing: the person starts again.",
    "Nothing: the person starts again.",
    "Nothing: the person starts again.",
    "Nothing: the person starts again. Configuration → SAML notValidBefore and notOnOrAfter may be too narrow.",
    "Nothing: the person starts again.",
    "Set its clock right.",
]);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The words that stand between quotes at the beginning of a line, after one of these.
    fn codes(source: &str, before: &[&str]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for start in before {
            for rest in source.split(start).skip(1) {
                let rest = rest.trim_start();
                let word = rest.strip_prefix('"').and_then(|rest| rest.split('"').next());
                let is_code = |w: &&str| {
                    !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
                };
                found.extend(word.filter(is_code).map(str::to_owned));
            }
        }
        found
    }

    /// The sources themselves say which codes there are: a new one without a line here is found.
    #[test]
    fn every_code_has_its_advice() {
        let rejections = include_str!("../../../../shared/saml/src/rejection.rs");
        let body = rejections.split("pub fn code(").nth(1).unwrap();
        let body = body.split("pub fn ").next().unwrap();
        let of_saml = codes(body, &["=> "]);
        assert!(of_saml.len() >= 32, "{of_saml:?}");
        let reasons = include_str!("../../../../shared/core/src/sign_in/reason.rs");
        let of_sign_in = codes(reasons.split("#[cfg(test)]").next().unwrap(), &["Reason::new("]);
        assert!(of_sign_in.len() >= 11, "{of_sign_in:?}");
        let of_passwords = codes(
            include_str!("../../../../shared/core/src/passwords.rs"),
            &[": Why =\n    (", ": Why = ("],
        );
        assert!(of_passwords.len() >= 3, "{of_passwords:?}");
        let all: BTreeSet<String> =
            of_saml.into_iter().chain(of_sign_in).chain(of_passwords).collect();
        let known: BTreeSet<String> = TABLE.iter().map(|entry| entry.code.to_owned()).collect();
        assert_eq!(all.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new());
        assert_eq!(known.difference(&all).collect::<Vec<_>>(), Vec::<&String>::new());
        assert_eq!(known.len(), TABLE.len(), "a code stands there twice");
    }

    #[test]
    fn every_sentence_is_one_and_says_something() {
        for entry in TABLE {
            for kind in IdpKind::ALL {
                let advice = of(entry.code, kind).unwrap();
                let texts = [Some(advice.happened), advice.there, advice.here];
                assert!(advice.there.is_some() || advice.here.is_some(), "{}", entry.code);
                for text in texts.into_iter().flatten() {
                    assert!(text.ends_with('.') && text.len() > 8, "{}: {text}", entry.code);
                }
            }
        }
        assert_eq!(of("no_such_code", IdpKind::Okta), None);
    }

    #[test]
    fn the_field_is_the_products_own() {
        let there = |kind| of("bad_audience", kind).unwrap().there.unwrap();
        assert!(there(IdpKind::Okta).contains("Audience URI (SP Entity ID)"));
        assert!(there(IdpKind::Entra).contains("Identifier (Entity ID)"));
        assert!(there(IdpKind::OneLogin).contains("Audience (EntityID)"));
        assert!(to_change(IdpKind::Okta).len() > 15);
    }
}

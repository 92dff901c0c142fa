//! A. Signature wrapping: a genuine signature, and something else that would be read.

use lychgate_idp::{ResponseSpec, Signed};

use super::{Case, reject};
use crate::forge::*;

const SOMOROVSKY: &str = "Somorovsky et al., On Breaking SAML, USENIX Security 2012; SAML Raider";
const HIDDEN: &str = "CVE-2024-45409, CVE-2016-5697, CVE-2022-41912, CVE-2025-47949, CVE-2025-46572, CVE-2025-54369, CVE-2025-54419";

pub(super) fn cases() -> Vec<Case> {
    [of_responses(), of_assertions(), hidden(), duplicate_ids(), moved(), several()].concat()
}

fn signed_response() -> (String, String) {
    let signed = xml(&ResponseSpec { signed: Signed::Response, ..genuine() });
    (part(&signed, SIGNATURE).to_owned(), without(&signed, SIGNATURE))
}

/// XSW 1 and 2: the signed Response inside or beside the signature of another.
fn of_responses() -> Vec<Case> {
    let (signature, clone) = signed_response();
    let outer = xml(&evil());
    let object = format!("<ds:Object>{clone}</ds:Object>");
    let inside = before_last(&signature, "</ds:Signature>", &clone);
    let in_object = before_last(&signature, "</ds:Signature>", &object);
    vec![
        reject("xsw-1", "clone-in-signature", signed_with(&outer, &inside), SOMOROVSKY),
        reject("xsw-1", "clone-in-object", signed_with(&outer, &in_object), SOMOROVSKY),
        reject(
            "xsw-2",
            "clone-before-signature",
            signed_with(&outer, &(clone.clone() + &signature)),
            SOMOROVSKY,
        ),
        reject(
            "xsw-2",
            "clone-behind-signature",
            signed_with(&outer, &(signature.clone() + &clone)),
            SOMOROVSKY,
        ),
        reject(
            "xsw-2",
            "clone-in-extensions",
            signed_with(
                &outer,
                &format!("{signature}<samlp:Extensions>{clone}</samlp:Extensions>"),
            ),
            SOMOROVSKY,
        ),
    ]
}

/// XSW 3 to 8: the signed Assertion somewhere around another.
fn of_assertions() -> Vec<Case> {
    let (good, bad) = (genuine_assertion(), evil_assertion());
    let signature = part(&good, SIGNATURE).to_owned();
    let bare = without(&good, SIGNATURE);
    let close = "</saml:Assertion>";
    let evil_around = before_last(&bad, close, &good);
    let evil_signed = signed_with(&bad, &signature);
    let good_in_signature = signed_with(&bad, &before_last(&signature, "</ds:Signature>", &bare));
    let good_in_object = signed_with(
        &bad,
        &before_last(&signature, "</ds:Signature>", &format!("<ds:Object>{bare}</ds:Object>")),
    );
    let same_id = replace(&bad, "_a-evil", "_a-1");
    vec![
        reject("xsw-3", "evil-before-genuine", around(&format!("{bad}{good}")), SOMOROVSKY),
        reject("xsw-3", "evil-behind-genuine", around(&format!("{good}{bad}")), SOMOROVSKY),
        reject("xsw-4", "evil-around-genuine", around(&evil_around), SOMOROVSKY),
        reject(
            "xsw-4",
            "genuine-around-evil",
            around(&before_last(&good, close, &bad)),
            SOMOROVSKY,
        ),
        reject(
            "xsw-5",
            "evil-keeps-signature",
            around(&format!("{evil_signed}{bare}")),
            SOMOROVSKY,
        ),
        reject("xsw-6", "genuine-in-signature", around(&good_in_signature), SOMOROVSKY),
        reject(
            "xsw-7",
            "evil-in-extensions",
            with_extensions(&around(&good), &same_id),
            SOMOROVSKY,
        ),
        reject("xsw-8", "genuine-in-object", around(&good_in_object), SOMOROVSKY),
    ]
}

/// The genuine assertion where a search of the whole document finds it, an unsigned one where it is read.
fn hidden() -> Vec<Case> {
    let (good, bad) = (genuine_assertion(), evil_assertion());
    let detail = format!("<samlp:StatusDetail>{good}</samlp:StatusDetail>");
    let in_status = behind(&around(&bad), "</samlp:StatusCode>", &detail);
    let advice = format!("<saml:Advice>{good}</saml:Advice>");
    let in_advice = around(&behind(&bad, "</saml:Conditions>", &advice));
    let in_data = around(&before_last(&bad, "</saml:SubjectConfirmationData>", &good));
    let in_value = around(&behind(&bad, "<saml:AttributeValue>", &good));
    let in_object = format!(
        "<ds:Signature xmlns:ds=\"{}\"><ds:Object>{good}</ds:Object></ds:Signature>",
        lychgate_idp::markup::DS
    );
    vec![
        reject(
            "genuine-in-extensions",
            "evil-unsigned",
            with_extensions(&around(&bad), &good),
            HIDDEN,
        ),
        reject("genuine-in-status-detail", "evil-unsigned", in_status, HIDDEN),
        reject("genuine-in-advice", "evil-unsigned", in_advice, HIDDEN),
        reject("genuine-in-subject-confirmation-data", "evil-unsigned", in_data, HIDDEN),
        reject("genuine-in-attribute-value", "evil-unsigned", in_value, HIDDEN),
        reject(
            "genuine-in-object",
            "of-the-response",
            signed_with(&around(&bad), &in_object),
            HIDDEN,
        ),
    ]
}

fn duplicate_ids() -> Vec<Case> {
    let (good, bad) = (genuine_assertion(), evil_assertion());
    let signature = part(&good, SIGNATURE).to_owned();
    let same = replace(&bad, "_a-evil", "_a-1");
    let source = "the same family";
    let pair = |first: &str, second: &str| around(&format!("{first}{second}"));
    let mut cases = vec![
        reject("duplicate-id", "evil-before", pair(&same, &good), source),
        reject("duplicate-id", "evil-behind", pair(&good, &same), source),
        reject(
            "duplicate-id",
            "evil-with-the-signature",
            with_extensions(&around(&signed_with(&same, &signature)), &without(&good, SIGNATURE)),
            source,
        ),
        reject(
            "duplicate-id",
            "response-of-the-same-id",
            replace(&around(&good), "ID=\"_r-1\"", "ID=\"_a-1\""),
            source,
        ),
    ];
    for (name, attribute) in
        [("id", "Id"), ("lower-case", "id"), ("protocol", "samlp:ID"), ("xml-id", "xml:id")]
    {
        let claims =
            replace(&bad, "ID=\"_a-evil\"", &format!("ID=\"_a-evil\" {attribute}=\"_a-1\""));
        let claims =
            with_extensions(&around(&signed_with(&claims, &signature)), &without(&good, SIGNATURE));
        cases.push(reject("duplicate-id", &format!("{name}-attribute"), claims, source));
    }
    cases
}

/// Who decides by the place of a Signature what it covers is wrong twice.
fn moved() -> Vec<Case> {
    let (good, bad) = (genuine_assertion(), evil_assertion());
    let signature = part(&good, SIGNATURE).to_owned();
    let bare = without(&good, SIGNATURE);
    let source = "CVE-2024-8698 (Keycloak)";
    let in_subject = around(&behind(&bare, "<saml:Subject>", &signature));
    let empty_uri = replace(&good, "URI=\"#_a-1\"", "URI=\"\"");
    vec![
        reject(
            "signature-moved",
            "into-evil",
            with_extensions(&around(&signed_with(&bad, &signature)), &good),
            source,
        ),
        reject(
            "signature-moved",
            "to-the-response",
            signed_with(&around(&bare), &signature),
            source,
        ),
        reject(
            "signature-moved",
            "to-the-response-evil-read",
            with_extensions(&signed_with(&around(&bad), &signature), &bare),
            source,
        ),
        reject("signature-moved", "into-the-subject", in_subject, source),
        reject("signature-moved", "empty-uri", around(&empty_uri), source),
        reject(
            "signature-moved",
            "pointer-uri",
            around(&replace(&good, "#_a-1", "#xpointer(id('_a-1'))")),
            source,
        ),
    ]
}

fn several() -> Vec<Case> {
    let good = genuine_assertion();
    let other = ResponseSpec {
        assertion_id: "_a-2".to_owned(),
        assertion_version: "2.0".to_owned(),
        ..evil()
    };
    let other = ResponseSpec { signed: Signed::Assertion, ..other }.assertion(&idp()).unwrap();
    let twice = signed_with(&good, part(&good, SIGNATURE));
    let spec = genuine();
    let key = idp();
    let signer = spec.signer(&key);
    let own = spec.digest.of(canonical(&spec).as_bytes());
    let reference = |id: &str, digest: &str| signer.reference(id, digest, None);
    let references = reference("_a-1", &own)
        + &reference("_a-2", &spec.digest.of(canonical(&evil()).as_bytes()));
    let info = signer.signed_info(&references).unwrap();
    let value = key.sign(spec.signature_digest, octets(&info).as_bytes()).unwrap();
    let both = assertion_signed(&spec, &info, &value);
    let mixed = replace(&evil_assertion(), "_a-evil", "_a-2");
    vec![
        reject(
            "two-assertions",
            "both-signed",
            around(&format!("{good}{other}")),
            "node-saml fixtures",
        ),
        reject(
            "two-assertions",
            "the-same-twice",
            around(&format!("{good}{good}")),
            "node-saml fixtures",
        ),
        reject("two-signatures", "the-same-twice", around(&twice), "SAML Core 5.4.1"),
        reject("two-references", "genuinely-signed", around(&both), "SAML Core 5.4.2"),
        reject(
            "two-references",
            "with-the-other",
            with_extensions(&around(&both), &mixed),
            "SAML Core 5.4.2",
        ),
    ]
}

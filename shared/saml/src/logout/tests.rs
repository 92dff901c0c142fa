//! Logout messages, signed by what we sign with ourselves and read by what reads an IdP's: the two share no code.

use std::sync::LazyLock;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};

use super::*;
use crate::{
    binding::{decode_post, decode_redirect},
    certificate::generate,
};

const SLO: &str = "https://sp.example/saml/logout/acme";
const IDP: &str = "http://idp.example/exk1";
const NOW: &str = "2026-11-22T09:30:00Z";

static KEYS: LazyLock<[(Certificate, RsaKeyPair); 2]> = LazyLock::new(|| {
    [[1; 16], [2; 16]].map(|serial| {
        let from = Instant::parse(NOW).unwrap();
        let (certificate, pkcs8) = generate("idp", from, from.plus_secs(86_400), serial).unwrap();
        (certificate, RsaKeyPair::from_pkcs8(&pkcs8).unwrap())
    })
});

static CERTIFICATES: LazyLock<[Certificate; 1]> = LazyLock::new(|| [KEYS[0].0.clone()]);

fn sign(octets: &[u8]) -> Vec<u8> {
    sign_with(&KEYS[0].1, octets)
}

fn sign_with(key: &RsaKeyPair, octets: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), octets, &mut signature).unwrap();
    signature
}

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

fn expectations() -> LogoutExpectations<'static> {
    LogoutExpectations {
        slo_url: SLO,
        idp_entity_id: IDP,
        now: at(NOW),
        skew_secs: 60,
        certificates: &*CERTIFICATES,
        algorithms: Algorithms::default(),
    }
}

fn name_id() -> NameId {
    NameId {
        value: "zoe@acme.test".to_owned(),
        format: Some("urn:f".to_owned()),
        name_qualifier: Some("n".to_owned()),
        sp_name_qualifier: Some("s".to_owned()),
    }
}

/// The IdP's request, after `change` has been at its XML and before it is signed.
fn request(change: impl Fn(String) -> String) -> Message {
    let name_id = name_id();
    let message = OutgoingLogoutRequest {
        id: "_lr",
        issue_instant: at("2026-11-22T09:29:58Z"),
        destination: SLO,
        issuer: IDP,
        name_id: &name_id,
        session_index: Some("_s1"),
    }
    .message();
    Message::changed(message, change)
}

fn response(outcome: LogoutOutcome) -> Message {
    OutgoingLogoutResponse {
        id: "_ls",
        issue_instant: at("2026-11-22T09:29:58Z"),
        destination: SLO,
        issuer: IDP,
        in_response_to: "_lr",
        outcome,
    }
    .message()
}

/// Through a form, signed.
fn by_post(message: Message, parameter: Parameter) -> Result<PeekedLogout, Rejection> {
    let to_sign = message.post_to_sign(Some(&CERTIFICATES[0].der));
    let form = to_sign.with_signature(&sign(to_sign.octets_to_sign()), Some("r"));
    assert_eq!(form.action, SLO);
    assert_eq!((form.fields[0].0, form.fields[1].1.as_str()), (parameter.name(), "r"));
    peek_post(&decode_post(&form.fields[0].1).unwrap(), parameter)
}

/// Through a redirect, signed.
fn by_redirect(message: &Message) -> Result<PeekedLogout, Rejection> {
    let to_sign = message.redirect_to_sign(Some("r"));
    let signature = sign(to_sign.octets_to_sign());
    let url = to_sign.with_signature(&signature);
    peek_redirect(decode_redirect(url.strip_prefix(&format!("{SLO}?")).unwrap()).unwrap())
}

fn code(peeked: &Result<PeekedLogout, Rejection>, expect: &LogoutExpectations<'_>) -> &'static str {
    match peeked {
        Err(rejection) => rejection.code(),
        Ok(peeked) => match validate_request(peeked, expect) {
            Ok(_) => "accepted",
            Err(rejection) => rejection.code(),
        },
    }
}

#[test]
fn a_signed_request_is_accepted_by_both_bindings_and_read_whole() {
    let message = request(|xml| xml);
    for peeked in [by_post(message.clone(), Parameter::Request), by_redirect(&message)] {
        let peeked = peeked.unwrap();
        assert_eq!(peeked.issuer.to_select().as_deref(), Some(IDP));
        let request = validate_request(&peeked, &expectations()).unwrap();
        assert_eq!((request.id.as_str(), request.issuer.as_str()), ("_lr", IDP));
        assert_eq!(request.name_id, name_id());
        assert_eq!(request.session_indexes, ["_s1"]);
        // Issued at 09:29:58, taken for ten minutes, and the skew.
        assert_eq!(request.not_on_or_after, at("2026-11-22T09:40:58Z"));
        assert_eq!(request.algorithm, "rsa-sha256");
        assert_eq!(request.fingerprint, CERTIFICATES[0].fingerprint);
    }
}

#[test]
fn a_request_must_keep_every_rule() {
    const NOT_ON_OR_AFTER: &str = " NotOnOrAfter=\"2026-11-22T09:39:58Z\"";
    const ISSUE_INSTANT: &str = " IssueInstant=\"2026-11-22T09:29:58Z\"";
    let many = "<samlp:SessionIndex>x</samlp:SessionIndex>".repeat(SESSION_INDEXES_MAX);
    for (from, to, want) in [
        ("Version=\"2.0\"", "Version=\"1.1\"", "bad_version"),
        (
            "Destination=\"https://sp.example/saml/logout/acme\"",
            "Destination=\"https://sp.example/x\"",
            "bad_destination",
        ),
        (
            "Destination=\"https://sp.example/saml/logout/acme\"",
            "Destination=\"\"",
            "bad_destination",
        ),
        (" Destination=\"https://sp.example/saml/logout/acme\"", "", "bad_destination"),
        (">http://idp.example/exk1<", ">http://idp.example/exk2<", "bad_issuer"),
        (NOT_ON_OR_AFTER, " NotOnOrAfter=\"2026-11-22T09:29:00Z\"", "expired"),
        (NOT_ON_OR_AFTER, " NotOnOrAfter=\"2026-11-22T09:29:00.001Z\"", "accepted"),
        (NOT_ON_OR_AFTER, "", "accepted"),
        (NOT_ON_OR_AFTER, " NotOnOrAfter=\"never\"", "malformed_message"),
        (ISSUE_INSTANT, " IssueInstant=\"2026-11-22T09:19:00Z\"", "expired"),
        (ISSUE_INSTANT, " IssueInstant=\"2026-11-22T09:19:00.001Z\"", "accepted"),
        (ISSUE_INSTANT, " IssueInstant=\"2026-11-22T09:31:00Z\"", "accepted"),
        (ISSUE_INSTANT, " IssueInstant=\"2026-11-22T09:31:00.001Z\"", "not_yet_valid"),
        (ISSUE_INSTANT, "", "malformed_message"),
        ("zoe@acme.test", "", "malformed_message"),
        (
            "<saml:NameID ",
            "<saml:EncryptedID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"></saml:EncryptedID><saml:NameID ",
            "encrypted_name_id",
        ),
        ("<samlp:SessionIndex>_s1</samlp:SessionIndex>", "", "accepted"),
        ("<samlp:SessionIndex>_s1</samlp:SessionIndex>", &many, "accepted"),
        ("<samlp:SessionIndex>", &format!("{many}<samlp:SessionIndex>"), "malformed_message"),
        ("_s1", "_s<samlp:x></samlp:x>1", "malformed_xml"),
    ] {
        let message = request(|xml| {
            assert!(xml.contains(from), "{from}");
            xml.replacen(from, to, 1)
        });
        assert_eq!(
            code(&by_post(message.clone(), Parameter::Request), &expectations()),
            want,
            "{from} -> {to}"
        );
        assert_eq!(code(&by_redirect(&message), &expectations()), want, "{from} -> {to}");
    }
}

#[test]
fn what_is_not_signed_by_the_idp_ends_no_session() {
    let message = request(|xml| xml);
    let unsigned = peek_post(message.xml().as_bytes(), Parameter::Request);
    assert_eq!(code(&unsigned, &expectations()), "unsigned");
    let url = message.redirect(None);
    let unsigned = peek_redirect(decode_redirect(url.split_once('?').unwrap().1).unwrap());
    assert_eq!(code(&unsigned, &expectations()), "unsigned");

    let to_sign = message.clone().post_to_sign(Some(&CERTIFICATES[0].der));
    let forged = to_sign.xml_with_signature(&sign_with(&KEYS[1].1, to_sign.octets_to_sign()));
    let forged = peek_post(forged.as_bytes(), Parameter::Request);
    assert_eq!(code(&forged, &expectations()), "bad_signature");

    let to_sign = message.redirect_to_sign(None);
    let signature = sign_with(&KEYS[1].1, to_sign.octets_to_sign());
    let url = to_sign.with_signature(&signature);
    let forged = peek_redirect(decode_redirect(url.split_once('?').unwrap().1).unwrap());
    assert_eq!(code(&forged, &expectations()), "bad_signature");
    let nobody = LogoutExpectations { certificates: &[], ..expectations() };
    assert_eq!(code(&by_redirect(&message), &nobody), "bad_signature");
}

#[test]
fn a_signed_query_holds_for_these_very_octets() {
    let to_sign = request(|xml| xml).redirect_to_sign(Some("r"));
    let signature = sign(to_sign.octets_to_sign());
    let url = to_sign.with_signature(&signature);
    let query = url.split_once('?').unwrap().1;
    let reordered: Vec<&str> = query.split('&').rev().collect();
    let other = request(|xml| xml.replace("zoe@", "eve@")).redirect(None);
    let other_message = other.split_once("SAMLRequest=").unwrap().1;
    let (message, rest) = query.split_once('&').unwrap();
    for (query, want) in [
        (query.to_owned(), "accepted"),
        // The order is the standard's, whatever the query's.
        (reordered.join("&"), "accepted"),
        (query.replace("RelayState=r", "RelayState=s"), "bad_signature"),
        (query.replace("RelayState=r", "RelayState=%72"), "bad_signature"),
        (query.replace("&RelayState=r", ""), "bad_signature"),
        (query.replace("%3A", "%3a"), "bad_signature"),
        (query.replace("rsa-sha256", "rsa-sha512"), "bad_signature"),
        (format!("SAMLRequest={other_message}&{rest}"), "bad_signature"),
        (query.replace("rsa-sha256", "hmac-sha256"), "weak_algorithm"),
        (format!("SAMLRequest={other_message}&{query}"), "malformed_request"),
        (format!("{query}&SAMLRequest={other_message}"), "malformed_request"),
        (format!("{query}&SAMLResponse={other_message}"), "malformed_request"),
        (format!("{message}&{query}"), "malformed_request"),
    ] {
        let peeked = decode_redirect(&query).and_then(peek_redirect);
        assert_eq!(code(&peeked, &expectations()), want, "{query}");
    }
}

#[test]
fn a_signature_inside_does_not_speak_for_what_is_around_it() {
    let to_sign = request(|xml| xml).post_to_sign(None);
    let genuine = to_sign.xml_with_signature(&sign(to_sign.octets_to_sign()));
    let evil = request(|xml| xml.replace("zoe@", "eve@").replace("_lr", "_evil")).xml();
    let signature = {
        let (_, rest) = genuine.split_once("<ds:Signature").unwrap();
        let (inside, _) = rest.split_once("</ds:Signature>").unwrap();
        format!("<ds:Signature{inside}</ds:Signature>")
    };
    let after_issuer =
        |inside: &str| evil.replacen("</saml:Issuer>", &format!("</saml:Issuer>{inside}"), 1);
    let extensions = |inside: &str| format!("<samlp:Extensions>{inside}</samlp:Extensions>");
    for (xml, want) in [
        (genuine.clone(), "accepted"),
        (genuine.replace("zoe@", "eve@"), "bad_signature"),
        (after_issuer(&extensions(&genuine)), "unsigned"),
        (after_issuer(&extensions(&signature)), "unsigned"),
        // Its reference names another element.
        (after_issuer(&signature), "bad_signature_form"),
        (after_issuer(&format!("{signature}{}", extensions(&genuine))), "bad_signature_form"),
        (after_issuer(&signature).replace("_evil", "_lr"), "bad_signature"),
    ] {
        let peeked = peek_post(xml.as_bytes(), Parameter::Request);
        assert_eq!(code(&peeked, &expectations()), want, "{xml}");
    }
}

#[test]
fn an_answer_belongs_to_the_request_that_was_sent() {
    for (outcome, want) in [
        (LogoutOutcome::Success, Ok(true)),
        (LogoutOutcome::Partial, Ok(false)),
        (LogoutOutcome::Refused, Err("idp_status")),
    ] {
        let message = response(outcome);
        for peeked in [by_post(message.clone(), Parameter::Response), by_redirect(&message)] {
            let peeked = peeked.unwrap();
            assert_eq!(peeked.in_response_to.to_select().as_deref(), Some("_lr"));
            let answer = validate_response(&peeked, "_lr", &expectations());
            let got = answer.as_ref().map(|answer| answer.complete).map_err(Rejection::code);
            assert_eq!(got, want, "{outcome:?}");
            let other = validate_response(&peeked, "_other", &expectations()).unwrap_err();
            assert_eq!(other.code(), "in_response_to_unknown");
            let request = validate_request(&peeked, &expectations()).unwrap_err();
            assert_eq!(request.code(), "wrong_message");
        }
    }
}

#[test]
fn a_message_in_the_parameter_of_the_other_is_refused() {
    let request = request(|xml| xml).xml();
    let other = peek_post(request.as_bytes(), Parameter::Response).unwrap_err();
    assert_eq!(
        other,
        Rejection::WrongMessage { want: "LogoutResponse", got: "LogoutRequest".to_owned() }
    );
    let foreign = request.replace("samlp:LogoutRequest", "samlp:AuthnRequest");
    assert_eq!(
        peek_post(foreign.as_bytes(), Parameter::Request).unwrap_err().code(),
        "wrong_message"
    );
}

#[test]
fn what_the_idp_sends_back_names_the_session_as_the_assertion_did() {
    let xml = request(|xml| xml).xml();
    assert!(
        xml.ends_with(
            "<saml:NameID xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" Format=\"urn:f\" \
             NameQualifier=\"n\" SPNameQualifier=\"s\">zoe@acme.test</saml:NameID>\
             <samlp:SessionIndex>_s1</samlp:SessionIndex></samlp:LogoutRequest>"
        ),
        "{xml}"
    );
}

//! The rules on their own, without signatures: what they refuse of a response that was changed in one place. Signed
//! responses are in the crate's integration tests.

use super::*;

const ACS: &str = "https://sp.example/saml/consume/acme";
const AUDIENCE: &str = "https://sp.example/saml/metadata/acme";
const IDP: &str = "http://idp.example/exk1";
const NOW: &str = "2026-11-22T09:30:00Z";
const SKEW_SECS: u32 = 60;

const GOOD: &str = r#"<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" Version="2.0" IssueInstant="2026-11-22T09:29:58Z" Destination="https://sp.example/saml/consume/acme" InResponseTo="_q"><a:Issuer Format="urn:oasis:names:tc:SAML:2.0:nameid-format:entity">http://idp.example/exk1</a:Issuer><p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status><a:Assertion ID="_a" Version="2.0" IssueInstant="2026-11-22T09:29:59Z"><a:Issuer>http://idp.example/exk1</a:Issuer><a:Subject><a:NameID Format="f" NameQualifier="n" SPNameQualifier="s">zoe@acme.test</a:NameID><a:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><a:SubjectConfirmationData Recipient="https://sp.example/saml/consume/acme" NotOnOrAfter="2026-11-22T09:35:00Z" InResponseTo="_q"/></a:SubjectConfirmation></a:Subject><a:Conditions NotBefore="2026-11-22T09:29:00Z" NotOnOrAfter="2026-11-22T09:34:00Z"><a:AudienceRestriction><a:Audience>https://sp.example/saml/metadata/acme</a:Audience></a:AudienceRestriction></a:Conditions><a:AuthnStatement AuthnInstant="2026-11-22T09:29:30Z" SessionIndex="_s" SessionNotOnOrAfter="2026-11-22T17:00:00Z"><a:AuthnContext><a:AuthnContextClassRef>urn:c</a:AuthnContextClassRef></a:AuthnContext></a:AuthnStatement><a:AttributeStatement><a:Attribute Name="Email" NameFormat="nf" FriendlyName="fn"><a:AttributeValue>zoe@acme.test</a:AttributeValue></a:Attribute></a:AttributeStatement></a:Assertion></p:Response>"#;

fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

fn expectations() -> Expectations<'static> {
    Expectations {
        acs_url: ACS,
        audience: AUDIENCE,
        idp_entity_id: IDP,
        request: ExpectedRequest::Known("_q"),
        now: at(NOW),
        skew_secs: SKEW_SECS,
        certificates: &[],
        algorithms: Algorithms::default(),
        require_encryption: false,
        authn_after: None,
    }
}

/// All rules but the signatures'.
fn checked(
    xml: &str,
    expect: &Expectations<'_>,
) -> Result<(read::Parts, check::Accepted), Rejection> {
    let source = Source::new(xml.as_bytes(), &Limits::MESSAGE)?;
    let document = source.parse()?;
    is_response(document.root())?;
    check::envelope(&read::Envelope::read(document.root())?, expect)?;
    let held = structure::one_assertion(document.root())?;
    assert!(!held.encrypted);
    let parts = read::Parts::read(held.element)?;
    let accepted = check::assertion(&parts, expect)?;
    Ok((parts, accepted))
}

/// The good response with one place changed, which must be there.
fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    GOOD.replacen(from, to, 1)
}

/// The same in the assertion, where what it has in common with the Response comes second.
fn changed_in_assertion(from: &str, to: &str) -> String {
    let (envelope, assertion) = GOOD.split_once("<a:Assertion ").unwrap();
    assert!(assertion.contains(from), "{from}");
    format!("{envelope}<a:Assertion {}", assertion.replacen(from, to, 1))
}

fn code(xml: &str, expect: &Expectations<'_>) -> &'static str {
    match checked(xml, expect) {
        Ok(_) => "accepted",
        Err(rejection) => rejection.code(),
    }
}

fn rejection(xml: &str) -> Rejection {
    checked(xml, &expectations()).map(|_| ()).unwrap_err()
}

#[test]
fn the_good_response_is_accepted_and_read_whole() {
    let (parts, accepted) = checked(GOOD, &expectations()).unwrap();
    assert_eq!((parts.id.as_str(), parts.issuer.value.as_str()), ("_a", IDP));
    assert_eq!(parts.issue_instant, at("2026-11-22T09:29:59Z"));
    let name_id = NameId {
        value: "zoe@acme.test".to_owned(),
        format: Some("f".to_owned()),
        name_qualifier: Some("n".to_owned()),
        sp_name_qualifier: Some("s".to_owned()),
    };
    assert_eq!(parts.name_id, Some(name_id));
    let attribute = Attribute {
        name: "Email".to_owned(),
        friendly_name: Some("fn".to_owned()),
        name_format: Some("nf".to_owned()),
        values: vec!["zoe@acme.test".to_owned()],
    };
    assert_eq!(parts.attributes, [attribute]);
    // The confirmation's end and the skew: the conditions' end comes earlier, and has no say in when an ID is forgotten.
    assert_eq!(accepted.not_on_or_after, at("2026-11-22T09:36:00Z"));
    assert_eq!(accepted.in_response_to.as_deref(), Some("_q"));
    assert_eq!(accepted.authn_instant, at("2026-11-22T09:29:30Z"));
    assert_eq!(accepted.session_index.as_deref(), Some("_s"));
    assert_eq!(accepted.session_not_on_or_after, Some(at("2026-11-22T17:00:00Z")));
    assert_eq!(accepted.authn_context.as_deref(), Some("urn:c"));
}

#[test]
fn the_envelope_can_only_refuse() {
    for (from, to, want) in [
        (" Version=\"2.0\"", " Version=\"1.1\"", "bad_version"),
        (" Version=\"2.0\"", "", "bad_version"),
        (" ID=\"_r\"", "", "malformed_message"),
        (" ID=\"_r\"", " ID=\"\"", "malformed_message"),
        (" ID=\"_r\"", " ID=\"_ r\"", "malformed_message"),
        (" IssueInstant=\"2026-11-22T09:29:58Z\"", "", "malformed_message"),
        ("2026-11-22T09:29:58Z", "yesterday", "malformed_message"),
        (" Destination=\"https://sp.example/saml/consume/acme\"", "", "accepted"),
        (
            "Destination=\"https://sp.example/saml/consume/acme\"",
            "Destination=\"\"",
            "bad_destination",
        ),
        ("consume/acme\" InResponseTo", "consume/acme/\" InResponseTo", "bad_destination"),
        ("consume/acme\" InResponseTo", "consume/Acme\" InResponseTo", "bad_destination"),
        ("consume/acme\" InResponseTo", "consume/other\" InResponseTo", "bad_destination"),
        (" InResponseTo=\"_q\"", "", "accepted"),
        (" InResponseTo=\"_q\"", " InResponseTo=\"\"", "in_response_to_unknown"),
        (" InResponseTo=\"_q\"", " InResponseTo=\"_q2\"", "in_response_to_unknown"),
        ("nameid-format:entity\"", "nameid-format:unspecified\"", "bad_issuer"),
        (">http://idp.example/exk1<", ">http://idp.example/exk2<", "bad_issuer"),
        (">http://idp.example/exk1<", ">http://idp.example/exk1/<", "bad_issuer"),
        (">http://idp.example/exk1<", "> http://idp.example/exk1<", "bad_issuer"),
        (">http://idp.example/exk1<", ">http://idp.example/EXK1<", "bad_issuer"),
        (">http://idp.example/exk1<", "><", "bad_issuer"),
        (":status:Success", ":status:Requester", "idp_status"),
        (":status:Success", ":status:success", "idp_status"),
        (" Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"", "", "idp_status"),
        ("p:Response", "p:LogoutResponse", "malformed_xml"),
    ] {
        assert_eq!(code(&changed(from, to), &expectations()), want, "{from} -> {to}");
    }
    let other = GOOD.replace("p:Response", "p:LogoutResponse");
    assert_eq!(
        rejection(&other),
        Rejection::WrongMessage { want: "Response", got: "LogoutResponse".to_owned() }
    );
}

#[test]
fn the_issuer_and_the_subject_must_keep_every_rule() {
    const DATA: &str = "<a:SubjectConfirmationData Recipient=\"https://sp.example/saml/consume/acme\" \
                        NotOnOrAfter=\"2026-11-22T09:35:00Z\" InResponseTo=\"_q\"/>";
    const NAME_ID: &str =
        "<a:NameID Format=\"f\" NameQualifier=\"n\" SPNameQualifier=\"s\">zoe@acme.test</a:NameID>";
    for (from, to, want) in [
        (" Version=\"2.0\"", " Version=\"1.1\"", "bad_version"),
        ("ID=\"_a\"", "ID=\"_r\"", "duplicate_id"),
        ("ID=\"_a\"", "", "malformed_message"),
        ("2026-11-22T09:29:59Z", "2026-11-22", "malformed_message"),
        (">http://idp.example/exk1<", ">http://idp.example/exk2<", "bad_issuer"),
        ("<a:Issuer>http://idp.example/exk1</a:Issuer>", "", "malformed_message"),
        (">http://idp.example/exk1<", ">http://idp.<!-- -->example/exk1<", "malformed_xml"),
        // The subject.
        (
            "zoe@acme.test</a:NameID>",
            "zoe@acme.test<!-- -->.evil.example</a:NameID>",
            "malformed_xml",
        ),
        ("zoe@acme.test</a:NameID>", "zoe@acme.test<a:x/></a:NameID>", "malformed_xml"),
        (NAME_ID, "<a:EncryptedID/>", "encrypted_name_id"),
        (NAME_ID, "", "accepted"),
        // The confirmation.
        (":cm:bearer", ":cm:holder-of-key", "bad_subject_confirmation"),
        (":cm:bearer", ":cm:sender-vouches", "bad_subject_confirmation"),
        (DATA, "", "bad_recipient"),
        (" Recipient=\"https://sp.example/saml/consume/acme\"", "", "bad_recipient"),
        ("consume/acme\" NotOnOrAfter", "consume/other\" NotOnOrAfter", "bad_recipient"),
        ("consume/acme\" NotOnOrAfter", "consume/acme?\" NotOnOrAfter", "bad_recipient"),
        (" NotOnOrAfter=\"2026-11-22T09:35:00Z\"", "", "bad_subject_confirmation"),
        ("NotOnOrAfter=\"2026-11-22T09:35:00Z\"", "NotOnOrAfter=\"soon\"", "malformed_message"),
        (" InResponseTo=\"_q\"", "", "in_response_to_unknown"),
        (" InResponseTo=\"_q\"", " InResponseTo=\"_Q\"", "in_response_to_unknown"),
        (
            " InResponseTo=\"_q\"",
            " InResponseTo=\"_q\" NotBefore=\"2026-11-22T09:00:00Z\"",
            "bad_subject_confirmation",
        ),
        (" InResponseTo=\"_q\"", " InResponseTo=\"_q\" Address=\"198.51.100.7\"", "accepted"),
    ] {
        assert_eq!(code(&changed_in_assertion(from, to), &expectations()), want, "{from} -> {to}");
    }
}

#[test]
fn conditions_and_statements_must_keep_every_rule() {
    const AUDIENCE_RESTRICTION: &str = "<a:AudienceRestriction><a:Audience>\
                                        https://sp.example/saml/metadata/acme</a:Audience></a:AudienceRestriction>";
    let restriction_for_another = format!(
        "{AUDIENCE_RESTRICTION}<a:AudienceRestriction><a:Audience>urn:x</a:Audience></a:AudienceRestriction>"
    );
    for (from, to, want) in [
        // The conditions.
        (AUDIENCE_RESTRICTION, "", "bad_audience"),
        (AUDIENCE_RESTRICTION, "<a:AudienceRestriction/>", "bad_audience"),
        (AUDIENCE_RESTRICTION, &restriction_for_another, "bad_audience"),
        ("<a:Audience>", "<a:Audience>urn:x</a:Audience><a:Audience>", "accepted"),
        ("metadata/acme<", "metadata/acm<", "bad_audience"),
        ("metadata/acme<", "metadata/acme/<", "bad_audience"),
        ("metadata/acme<", "metadata/ACME<", "bad_audience"),
        ("metadata/acme<", "metadata/acme <", "bad_audience"),
        ("metadata/acme<", "metadata/other<", "bad_audience"),
        ("metadata/acme<", "metadata/acme<!-- -->.evil<", "malformed_xml"),
        (
            "</a:Conditions>",
            "<a:OneTimeUse/><a:ProxyRestriction Count=\"0\"/></a:Conditions>",
            "accepted",
        ),
        ("</a:Conditions>", "<a:Condition/></a:Conditions>", "unknown_condition"),
        ("</a:Conditions>", "<OneTimeUse xmlns=\"urn:x\"/></a:Conditions>", "unknown_condition"),
        (
            "NotBefore=\"2026-11-22T09:29:00Z\"",
            "NotBefore=\"2026-11-22T09:40:00Z\"",
            "not_yet_valid",
        ),
        (
            "NotOnOrAfter=\"2026-11-22T09:34:00Z\"",
            "NotOnOrAfter=\"2026-11-22T09:00:00Z\"",
            "expired",
        ),
        (" NotOnOrAfter=\"2026-11-22T09:34:00Z\"", "", "accepted"),
        // The statement.
        ("AuthnInstant=\"2026-11-22T09:29:30Z\"", "", "malformed_message"),
        (
            "SessionNotOnOrAfter=\"2026-11-22T17:00:00Z\"",
            "SessionNotOnOrAfter=\"2026-11-22T09:00:00Z\"",
            "expired",
        ),
        ("SessionNotOnOrAfter=\"2026-11-22T17:00:00Z\"", "", "accepted"),
        (
            "<a:AttributeStatement>",
            "<a:AttributeStatement><a:EncryptedAttribute/>",
            "malformed_message",
        ),
        ("Name=\"Email\" ", "", "malformed_message"),
    ] {
        assert_eq!(code(&changed_in_assertion(from, to), &expectations()), want, "{from} -> {to}");
    }
}

#[test]
fn without_a_statement_that_the_person_signed_in_nobody_does() {
    let (before, rest) = GOOD.split_once("<a:AuthnStatement").unwrap();
    let (_, after) = rest.split_once("</a:AuthnStatement>").unwrap();
    assert_eq!(rejection(&format!("{before}{after}")), Rejection::NoAuthnStatement);
    let (before, rest) = GOOD.split_once("<a:Conditions").unwrap();
    let (_, after) = rest.split_once("</a:Conditions>").unwrap();
    assert_eq!(
        rejection(&format!("{before}{after}")),
        Rejection::BadAudience { want: AUDIENCE.to_owned(), got: Vec::new() }
    );
    let (before, rest) = GOOD.split_once("<a:Subject>").unwrap();
    let (_, after) = rest.split_once("</a:Subject>").unwrap();
    assert_eq!(rejection(&format!("{before}{after}")).code(), "malformed_xml");
}

#[test]
fn clocks_may_differ_by_the_skew_and_not_by_a_millisecond_more() {
    let ends = [
        ("NotOnOrAfter=\"2026-11-22T09:35:00Z\"", "NotOnOrAfter"),
        ("NotOnOrAfter=\"2026-11-22T09:34:00Z\"", "NotOnOrAfter"),
        ("SessionNotOnOrAfter=\"2026-11-22T17:00:00Z\"", "SessionNotOnOrAfter"),
    ];
    for (from, name) in ends {
        for (end, want) in [
            ("2026-11-22T09:28:59Z", "expired"),
            ("2026-11-22T09:28:59.999Z", "expired"),
            // At the very instant it is over.
            ("2026-11-22T09:29:00Z", "expired"),
            ("2026-11-22T09:29:00.001Z", "accepted"),
            ("2026-11-22T09:29:01Z", "accepted"),
            ("2026-11-22T10:29:01+01:00", "accepted"),
            ("2026-11-22T09:29:01", "accepted"),
            ("2026-11-22T09:29:01.0000000Z", "accepted"),
        ] {
            let xml = changed_in_assertion(from, &format!("{name}=\"{end}\""));
            assert_eq!(code(&xml, &expectations()), want, "{name} {end}");
        }
    }
    for (begin, want) in [
        ("2026-11-22T09:31:01Z", "not_yet_valid"),
        ("2026-11-22T09:31:00.001Z", "not_yet_valid"),
        // At the very instant it has begun.
        ("2026-11-22T09:31:00Z", "accepted"),
        ("2026-11-22T09:30:59Z", "accepted"),
    ] {
        let xml = changed_in_assertion(
            "NotBefore=\"2026-11-22T09:29:00Z\"",
            &format!("NotBefore=\"{begin}\""),
        );
        assert_eq!(code(&xml, &expectations()), want, "NotBefore {begin}");
    }
}

#[test]
fn one_confirmation_that_holds_is_enough_and_the_latest_end_is_remembered() {
    const FIRST: &str = "<a:SubjectConfirmation ";
    let confirmation = |method: &str, recipient: &str, end: &str| {
        format!(
            "<a:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:{method}\">\
             <a:SubjectConfirmationData Recipient=\"{recipient}\" NotOnOrAfter=\"{end}\" \
             InResponseTo=\"_q\"/></a:SubjectConfirmation>"
        )
    };
    for (method, recipient, end, remembered) in [
        ("bearer", "https://other.example/acs", "2026-11-22T09:31:00Z", "2026-11-22T09:36:00Z"),
        ("bearer", ACS, "2026-11-22T09:00:00Z", "2026-11-22T09:36:00Z"),
        ("bearer", ACS, "2026-11-22T10:00:00Z", "2026-11-22T10:01:00Z"),
        ("holder-of-key", ACS, "2026-11-22T10:00:00Z", "2026-11-22T09:36:00Z"),
    ] {
        let xml = changed_in_assertion(
            FIRST,
            &format!("{}{FIRST}", confirmation(method, recipient, end)),
        );
        let (_, accepted) = checked(&xml, &expectations()).unwrap();
        assert_eq!(accepted.not_on_or_after, at(remembered), "{method} {recipient} {end}");
    }
    // When none holds, the first one says why.
    let xml = changed_in_assertion(
        FIRST,
        &format!(
            "{}{FIRST}",
            confirmation("bearer", "https://other.example/acs", "2026-11-22T09:31:00Z")
        ),
    );
    let late = Expectations { now: at("2026-11-22T11:00:00Z"), ..expectations() };
    assert_eq!(code(&xml, &late), "bad_recipient");
}

#[test]
fn a_response_that_nobody_asked_for_answers_nothing() {
    let unasked = GOOD.replace(" InResponseTo=\"_q\"", "");
    let allowed =
        Expectations { request: ExpectedRequest::Unsolicited { allowed: true }, ..expectations() };
    let forbidden =
        Expectations { request: ExpectedRequest::Unsolicited { allowed: false }, ..expectations() };
    let (_, accepted) = checked(&unasked, &allowed).unwrap();
    assert_eq!(accepted.in_response_to, None);
    assert_eq!(checked(&unasked, &forbidden).unwrap_err(), Rejection::IdpInitiatedDisabled);
    assert_eq!(code(&unasked, &expectations()), "in_response_to_unknown");
    // Stripping what is not signed does not make an answer unasked for: the confirmation says it too.
    let stripped = changed(" InResponseTo=\"_q\"", "");
    for expect in [allowed, forbidden] {
        assert_eq!(code(GOOD, &expect), "in_response_to_unknown");
        assert_eq!(code(&stripped, &expect), "in_response_to_unknown");
    }
}

#[test]
fn when_the_person_had_to_sign_in_anew_an_old_sign_in_is_refused() {
    for (asked, want) in [
        ("2026-11-22T09:30:30Z", "accepted"),
        ("2026-11-22T09:30:30.001Z", "authn_too_old"),
        ("2026-11-22T09:00:00Z", "accepted"),
    ] {
        let expect = Expectations { authn_after: Some(at(asked)), ..expectations() };
        assert_eq!(code(GOOD, &expect), want, "{asked}");
    }
}

#[test]
fn what_the_idp_says_of_a_failure_is_told() {
    let xml = changed(
        "<p:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>",
        "<p:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Responder\">\
         <p:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:NoPassive\"/></p:StatusCode>\
         <p:StatusMessage>not&#10;here</p:StatusMessage>",
    );
    let (envelope, _) = xml.split_once("<a:Assertion").unwrap();
    // No assertion is needed for that.
    let rejection = rejection(&format!("{envelope}</p:Response>"));
    assert_eq!(rejection.got().as_deref(), Some("Responder: NoPassive: not\\nhere"));
    assert_eq!(rejection.who(), crate::Who::Person);
}

#[test]
fn there_is_one_assertion_and_nothing_hidden() {
    let (before, rest) = GOOD.split_once("<a:Assertion ").unwrap();
    let assertion = format!("<a:Assertion {}", rest.strip_suffix("</p:Response>").unwrap());
    let second = assertion.replace("\"_a\"", "\"_b\"");
    let advice = format!("<a:Advice>{second}</a:Advice>");
    for (xml, want) in [
        (format!("{before}</p:Response>"), "not_one_assertion"),
        (format!("{before}{assertion}{second}</p:Response>"), "not_one_assertion"),
        (format!("{before}{assertion}<a:EncryptedAssertion/></p:Response>"), "not_one_assertion"),
        (
            format!("{before}<p:Extensions>{assertion}</p:Extensions></p:Response>"),
            "not_one_assertion",
        ),
        (
            changed_in_assertion("</a:Conditions>", &format!("</a:Conditions>{advice}")),
            "misplaced_element",
        ),
        (
            changed(
                "<p:Status>",
                "<p:Extensions><Assertion xmlns=\"urn:x\"/></p:Extensions><p:Status>",
            ),
            "misplaced_element",
        ),
        (
            changed("<p:Status>", "<p:Extensions><EncryptedAssertion/></p:Extensions><p:Status>"),
            "misplaced_element",
        ),
        (
            changed("<p:Status>", "<p:Extensions><Signature/></p:Extensions><p:Status>"),
            "misplaced_element",
        ),
        (
            changed("<p:Status>", "<p:Extensions><x Id=\"_a\"/></p:Extensions><p:Status>"),
            "duplicate_id",
        ),
        (
            changed("<p:Status>", "<p:Extensions><x xml:id=\"_a\"/></p:Extensions><p:Status>"),
            "duplicate_id",
        ),
        (
            changed("<p:Status>", "<p:Extensions><x p:ID=\"_r\"/></p:Extensions><p:Status>"),
            "duplicate_id",
        ),
        (
            changed("<p:Status>", "<p:Extensions><x ID=\"_c\"/></p:Extensions><p:Status>"),
            "accepted",
        ),
    ] {
        assert_eq!(code(&xml, &expectations()), want, "{xml}");
    }
}

#[test]
fn a_value_that_is_xml_is_left_out_and_text_with_xml_in_it_refused() {
    let value = "<a:AttributeValue>zoe@acme.test</a:AttributeValue>";
    for (replacement, want) in [
        ("<a:AttributeValue/>", Some(vec![])),
        ("", Some(vec![])),
        ("<a:AttributeValue>\n<a:NameID>x</a:NameID>\n</a:AttributeValue>", Some(vec![])),
        (
            "<a:AttributeValue> a </a:AttributeValue><a:AttributeValue>b</a:AttributeValue>",
            Some(vec![" a ", "b"]),
        ),
        ("<a:AttributeValue>a<![CDATA[.b]]>&#46;c</a:AttributeValue>", Some(vec!["a.b.c"])),
        ("<a:AttributeValue>zoe@acme.test<b/>.evil</a:AttributeValue>", None),
        ("<a:AttributeValue><b/>zoe@acme.test</a:AttributeValue>", None),
        ("<a:AttributeValue>zoe@acme.test<!-- -->.evil</a:AttributeValue>", None),
    ] {
        let read = checked(&changed_in_assertion(value, replacement), &expectations());
        match (read, want) {
            (Ok((parts, _)), Some(want)) => assert_eq!(parts.attributes[0].values, want),
            (Err(Rejection::Xml(_)), None) => {}
            (other, want) => panic!("{replacement}: {other:?}, want {want:?}"),
        }
    }
}

#[test]
fn unsigned_is_unsigned_whatever_it_says() {
    let peeked = peek(GOOD.as_bytes()).unwrap();
    assert_eq!(
        validate(&peeked, &expectations(), &[]),
        Err(Rejection::Unsigned { element: "Response or Assertion".to_owned() })
    );
    let strict = Expectations { require_encryption: true, ..expectations() };
    assert_eq!(validate(&peeked, &strict, &[]), Err(Rejection::EncryptedRequired));
}

#[test]
fn peeking_tells_enough_to_find_the_login_flow() {
    let peeked = peek(GOOD.as_bytes()).unwrap();
    assert_eq!(peeked.response_id.to_select(), "_r");
    assert_eq!(peeked.in_response_to.to_select().as_deref(), Some("_q"));
    assert_eq!(peeked.issuer.to_select().as_deref(), Some(IDP));
    assert!(!peeked.assertion_encrypted.to_select());
    // What the Response leaves out, the assertion may say.
    let stripped = changed(" InResponseTo=\"_q\"", "").replacen(
        "<a:Issuer Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:entity\">http://idp.example/exk1</a:Issuer>",
        "",
        1,
    );
    let peeked = peek(stripped.as_bytes()).unwrap();
    assert_eq!(peeked.in_response_to.to_select().as_deref(), Some("_q"));
    assert_eq!(peeked.issuer.to_select().as_deref(), Some(IDP));
    let (before, _) = GOOD.split_once("<a:Assertion").unwrap();
    let encrypted = format!("{before}<a:EncryptedAssertion/></p:Response>");
    assert!(peek(encrypted.as_bytes()).unwrap().assertion_encrypted.to_select());
    for bytes in
        [&b"not xml"[..], b"", b"<Response/>", b"<p:Response xmlns:p=\"urn:x\" ID=\"_r\"/>"]
    {
        assert!(peek(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn what_a_rejection_repeats_is_short_and_breaks_no_line() {
    let long = format!("https://evil.example/{}\u{202e}", "a".repeat(5_000));
    let xml = changed("consume/acme\" InResponseTo", &format!("{long}&#10;x\" InResponseTo"));
    let Rejection::BadDestination { got, .. } = rejection(&xml) else { panic!() };
    assert_eq!(got.chars().count(), crate::rejection::GOT_CHARS_MAX + 1);
    let xml = changed("consume/acme\" InResponseTo", "a&#10;b&#x202e;c\" InResponseTo");
    let Rejection::BadDestination { got, .. } = rejection(&xml) else { panic!() };
    assert_eq!(got, "https://sp.example/saml/a\\nb\\u{202e}c");
}

proptest::proptest! {
    #[test]
    fn no_change_of_one_byte_makes_it_panic_or_believed(at: proptest::sample::Index, byte: u8) {
        let mut bytes = GOOD.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(peeked) = peek(&bytes) {
            assert!(validate(&peeked, &expectations(), &[]).is_err());
        }
        if let Ok(text) = String::from_utf8(bytes) {
            let _ = checked(&text, &expectations());
        }
    }
}

//! Metadata as IdPs write it, and what is pasted in its place.

use std::sync::LazyLock;

use super::*;

const NOW: &str = "2026-11-22T09:30:00Z";
const HEAD: &str = "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
                    xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"http://idp.example/exk1\">";
const TAIL: &str = "</md:EntityDescriptor>";
const SSO: &str = "<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
                   Location=\"https://idp.example/sso?idpid=C0\"/>";

/// Three certificates: one that goes on, another, and one that is over.
static CERTIFICATES: LazyLock<[Certificate; 3]> = LazyLock::new(|| {
    ["2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z", "2026-11-22T09:30:00Z"].map(|end| {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let mut parameters = rcgen::CertificateParams::default();
        let date = |at: Instant| {
            time::OffsetDateTime::from_unix_timestamp(at.unix_millis() / 1000).unwrap()
        };
        parameters.not_before = date(Instant::parse("2020-01-01T00:00:00Z").unwrap());
        parameters.not_after = date(Instant::parse(end).unwrap());
        Certificate::from_der(parameters.self_signed(&key).unwrap().der()).unwrap()
    })
});

fn key(purpose: &str, certificate: &str) -> String {
    format!(
        "<md:KeyDescriptor{purpose}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}\
         </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )
}

fn role(inside: &str) -> String {
    format!(
        "<md:IDPSSODescriptor WantAuthnRequestsSigned=\"true\" \
         protocolSupportEnumeration=\"urn:x urn:oasis:names:tc:SAML:2.0:protocol\">{inside}</md:IDPSSODescriptor>"
    )
}

fn one_key() -> String {
    key(" use=\"signing\"", &CERTIFICATES[0].base64())
}

fn good() -> String {
    format!("{HEAD}{}{TAIL}", role(&format!("{}{SSO}", one_key())))
}

fn parse(xml: &str) -> Result<IdpMetadata, MetadataError> {
    IdpMetadata::parse(xml.as_bytes(), Instant::parse(NOW).unwrap(), &Rules::default())
}

fn code(xml: &str) -> &'static str {
    match parse(xml) {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}

#[test]
fn the_least_that_an_idp_must_say_is_enough() {
    let metadata = parse(&good()).unwrap();
    assert_eq!(metadata.entity_id, "http://idp.example/exk1");
    let endpoint = Endpoint {
        binding: Binding::Redirect,
        location: "https://idp.example/sso?idpid=C0".to_owned(),
        response_location: None,
    };
    assert_eq!(metadata.sso, [endpoint]);
    assert_eq!(metadata.signing, [CERTIFICATES[0].clone()]);
    assert!(metadata.wants_authn_requests_signed);
    assert_eq!((metadata.slo.len(), metadata.name_id_formats.len()), (0, 0));
    assert_eq!((metadata.valid_until, metadata.cache_secs), (None, None));
    assert_eq!((metadata.display_name, metadata.warnings), (None, vec![]));
}

#[test]
fn entras_document_gives_only_what_its_saml_idp_says() {
    let [first, second, _] = &*CERTIFICATES;
    let service = |kind: &str| {
        format!(
            "<RoleDescriptor xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\" xsi:type=\"fed:{kind}\" \
             protocolSupportEnumeration=\"http://docs.oasis-open.org/wsfed/federation/200706\">\
             <KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data>\
             <X509Certificate>{}</X509Certificate></X509Data></KeyInfo></KeyDescriptor></RoleDescriptor>",
            second.base64()
        )
    };
    let xml = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><EntityDescriptor ID=\"_1\" \
         entityID=\"https://sts.windows.net/t-1/\" xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\">\
         <Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo/></Signature>{}{}\
         <IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <KeyDescriptor use=\"signing\"><KeyInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data>\
         <X509Certificate>{}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>\
         <SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
         Location=\"https://login.microsoftonline.com/t-1/saml2\"/>\
         <SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
         Location=\"https://login.microsoftonline.com/t-1/saml2\"/>\
         <SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         Location=\"https://login.microsoftonline.com/t-1/saml2\"/></IDPSSODescriptor></EntityDescriptor>",
        service("SecurityTokenServiceType"),
        service("ApplicationServiceType"),
        first.base64()
    );
    let metadata = parse(&xml).unwrap();
    assert_eq!(metadata.entity_id, "https://sts.windows.net/t-1/");
    assert_eq!(metadata.signing, std::slice::from_ref(first));
    let bindings: Vec<_> = metadata.sso.iter().map(|endpoint| endpoint.binding).collect();
    assert_eq!(bindings, [Binding::Redirect, Binding::Post]);
    assert_eq!(metadata.slo.len(), 1);
    assert!(!metadata.wants_authn_requests_signed);
    let preferred = metadata.sso_by(&[Binding::Post, Binding::Redirect]).unwrap();
    assert_eq!(preferred.binding, Binding::Post);
    assert_eq!(metadata.slo_by(&[Binding::Post]), None);
}

#[test]
fn certificates_overlap_while_they_are_changed() {
    let [first, second, over] = &*CERTIFICATES;
    let wrapped =
        first.base64().as_bytes().chunks(64).fold(String::from("\n"), |mut text, line| {
            text.push_str(std::str::from_utf8(line).unwrap());
            text.push_str("\r\n      ");
            text
        });
    let keys = [
        key(" use=\"signing\"", &wrapped),
        key("", &second.base64()),
        key(" use=\"signing\"", &over.base64()),
        key(" use=\"signing\"", &first.base64()),
        key(" use=\"encryption\"", "not looked at"),
        key(" use=\"signing\"", "not base64!"),
        "<md:KeyDescriptor><ds:KeyInfo><ds:KeyName>k</ds:KeyName></ds:KeyInfo></md:KeyDescriptor>"
            .to_owned(),
    ];
    let metadata =
        parse(&format!("{HEAD}{}{TAIL}", role(&format!("{}{SSO}", keys.concat())))).unwrap();
    assert_eq!(metadata.signing, [first.clone(), second.clone(), over.clone()]);
    let [expired, unusable, without] = metadata.warnings.as_slice() else {
        panic!("{:?}", metadata.warnings)
    };
    assert_eq!(
        expired.to_string(),
        format!("the signing certificate {} ended on {NOW}", over.fingerprint)
    );
    assert!(matches!(unusable, MetadataWarning::CertificateUnusable(_)), "{unusable}");
    assert_eq!(*without, MetadataWarning::KeyWithoutCertificate);
}

#[test]
fn what_was_pasted_instead_is_recognized() {
    for (pasted, want, words) in [
        ("", "metadata_not_saml", "empty"),
        (" \n", "metadata_not_saml", "empty"),
        ("https://idp.example/metadata", "metadata_not_saml", "a URL"),
        ("-----BEGIN CERTIFICATE-----\nMII", "metadata_not_saml", "a certificate"),
        ("{\"issuer\":\"https://idp.example\"}", "metadata_not_saml", "OpenID Connect"),
        (
            "\u{feff}<!DOCTYPE html><html><body>Sign in</body></html>",
            "metadata_not_saml",
            "a web page",
        ),
        ("<html lang=en><p>", "metadata_not_saml", "a web page"),
        ("<html><body/></html>", "metadata_not_saml", "a web page"),
        ("idp.example", "metadata_not_saml", "plain text"),
        (
            "<feed xmlns=\"http://www.w3.org/2005/Atom\"/>",
            "metadata_not_saml",
            "another kind of XML",
        ),
        ("<EntityDescriptor/>", "metadata_not_saml", "another version"),
        (
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"/>",
            "metadata_not_saml",
            "a SAML message",
        ),
        ("<!DOCTYPE x [<!ENTITY e \"e\">]><x>&e;</x>", "metadata_malformed", ""),
        ("<md:EntityDescriptor", "metadata_malformed", ""),
        (
            "<EntitiesDescriptor xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\"/>",
            "metadata_no_idp",
            "nobody",
        ),
    ] {
        let error = parse(pasted).unwrap_err();
        assert_eq!(error.code(), want, "{pasted}");
        assert!(error.to_string().contains(words), "{pasted}: {error}");
    }
    for (inside, words) in [
        ("<md:SPSSODescriptor/>".to_owned(), "a service provider"),
        ("<md:RoleDescriptor/>".to_owned(), "WS-Federation"),
        ("<md:AttributeAuthorityDescriptor/>".to_owned(), "no identity provider"),
        (role("").replace("SAML:2.0", "SAML:1.1"), "does not speak SAML 2.0"),
        ("<md:IDPSSODescriptor/>".to_owned(), "does not speak SAML 2.0"),
    ] {
        let error = parse(&format!("{HEAD}{inside}{TAIL}")).unwrap_err();
        assert_eq!(error.code(), "metadata_no_idp", "{inside}");
        assert!(error.to_string().contains(words), "{inside}: {error}");
        assert!(error.to_string().contains("IDPSSODescriptor"), "{error}");
    }
    // Our own metadata is a common one: the right file, pasted on the wrong side.
    let ours = super::super::SpMetadata {
        entity_id: "https://sp.example/m",
        acs_url: "https://sp.example/acs",
        slo_url: None,
        encryption: &[],
        signing: &[],
        signs_authn_requests: false,
        want_assertions_signed: true,
        name_id_formats: &[],
        valid_until: None,
    };
    assert!(parse(&ours.xml()).unwrap_err().to_string().contains("perhaps this one"));
}

#[test]
fn what_an_idp_must_not_leave_out_is_asked_for() {
    let without_entity_id = good().replace(" entityID=\"http://idp.example/exk1\"", "");
    let long = format!("entityID=\"{}\"", "a".repeat(ENTITY_ID_CHARS_MAX + 1));
    let redirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
    for (xml, want) in [
        (good(), "accepted"),
        (without_entity_id, "metadata_malformed"),
        (
            good().replace("entityID=\"http://idp.example/exk1\"", "entityID=\"\""),
            "metadata_malformed",
        ),
        (good().replace("entityID=\"http://idp.example/exk1\"", &long), "metadata_malformed"),
        (
            good().replace("entityID=\"http://idp.example/exk1\"", "entityID=\"a&#10;b\""),
            "metadata_malformed",
        ),
        (good().replace(&one_key(), ""), "no_signing_cert"),
        (good().replace(" use=\"signing\"", " use=\"encryption\""), "no_signing_cert"),
        (good().replace(&CERTIFICATES[0].base64(), "AAAA"), "no_signing_cert"),
        (good().replace(SSO, ""), "no_sso_endpoint"),
        (good().replace(redirect, "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"), "no_sso_endpoint"),
        (good().replace("https://idp.example/sso", "http://idp.example/sso"), "no_sso_endpoint"),
        (good().replace("https://idp.example/sso", "javascript:alert(1)//"), "no_sso_endpoint"),
        (good().replace("https://idp.example/sso", "http://localhost/sso"), "no_sso_endpoint"),
        (good().replace(" Location=", " Place="), "no_sso_endpoint"),
        (good().replace("entityID=", "validUntil=\"soon\" entityID="), "metadata_malformed"),
        (good().replace("entityID=", "cacheDuration=\"1h\" entityID="), "metadata_malformed"),
    ] {
        assert_eq!(code(&xml), want, "{xml}");
    }
    let insecure = parse(&good().replace("https://idp", "http://idp")).unwrap_err().to_string();
    assert!(insecure.contains("`http://idp.example/sso?idpid=C0`"), "{insecure}");
}

#[test]
fn one_endpoint_that_is_not_https_is_left_out_and_said() {
    let post = SSO.replace("HTTP-Redirect", "HTTP-POST").replace("https:", "http:");
    let metadata = parse(&good().replace(SSO, &format!("{post}{SSO}"))).unwrap();
    assert_eq!(metadata.sso.len(), 1);
    assert_eq!(
        metadata.warnings,
        [MetadataWarning::EndpointLeftOut("http://idp.example/sso?idpid=C0".to_owned())]
    );
    let answers = SSO.replace("/>", " ResponseLocation=\"http://idp.example/answers\"/>");
    assert_eq!(code(&good().replace(SSO, &answers)), "no_sso_endpoint");
    let loopback = good().replace("https://idp.example/sso", "http://127.0.0.1:7000/sso");
    let rules = Rules { allow_loopback_http: true };
    let now = Instant::parse(NOW).unwrap();
    assert!(IdpMetadata::parse(loopback.as_bytes(), now, &rules).is_ok());
}

#[test]
fn metadata_ends_when_the_earliest_of_its_dates_says() {
    let dated = |outer: &str, entity: &str, own: &str| {
        let entity = good()
            .replace("entityID=", &format!("{entity} entityID="))
            .replace("<md:IDPSSODescriptor", &format!("<md:IDPSSODescriptor {own}"));
        format!(
            "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" {outer}>{entity}</md:EntitiesDescriptor>"
        )
    };
    let until = |text: &str| format!("validUntil=\"{text}\"");
    let (past, soon, late) =
        (until(NOW), until("2026-11-22T09:30:00.001Z"), until("2027-01-01T00:00:00Z"));
    for (outer, entity, own, want) in [
        (&late, &late, &past, "metadata_expired"),
        (&late, &past, &late, "metadata_expired"),
        (&past, &late, &late, "metadata_expired"),
        (&late, &soon, &late, "accepted"),
    ] {
        assert_eq!(code(&dated(outer, entity, own)), want, "{outer} {entity} {own}");
    }
    let metadata = parse(&dated(
        &format!("{late} cacheDuration=\"P1D\""),
        "cacheDuration=\"PT1H\"",
        "cacheDuration=\"PT2H\"",
    ))
    .unwrap();
    assert_eq!(metadata.valid_until, Instant::parse("2027-01-01T00:00:00Z"));
    assert_eq!(metadata.cache_secs, Some(3_600));
}

#[test]
fn of_a_group_of_entities_exactly_one_may_be_an_idp() {
    let service = format!("{HEAD}<md:SPSSODescriptor/>{TAIL}").replace("exk1", "sp");
    let group = |inside: &str| {
        format!(
            "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{inside}</md:EntitiesDescriptor>"
        )
    };
    let nested = group(&format!("{service}{}", group(&good())));
    assert_eq!(parse(&nested).unwrap().entity_id, "http://idp.example/exk1");
    let twelve: String =
        (0..12).map(|number| good().replace("exk1", &format!("exk{number}"))).collect();
    let error = parse(&group(&twelve)).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.code(), "metadata_several_idps");
    assert!(text.contains("12 identity providers (http://idp.example/exk0, "), "{text}");
    assert!(text.contains("exk9, …)") && !text.contains("exk10"), "{text}");
}

#[test]
fn keys_and_endpoints_are_counted_before_they_are_read() {
    for (what, inside) in [
        ("keys", format!("{}{SSO}", one_key().repeat(KEY_DESCRIPTORS_MAX + 1))),
        ("endpoints", format!("{}{}", one_key(), SSO.repeat(ENDPOINTS_MAX + 1))),
    ] {
        let error = parse(&format!("{HEAD}{}{TAIL}", role(&inside))).unwrap_err();
        assert_eq!(error, MetadataError::TooMany { what, max: 32 });
    }
    let most = format!("{}{}", one_key().repeat(KEY_DESCRIPTORS_MAX), SSO.repeat(ENDPOINTS_MAX));
    assert_eq!(code(&format!("{HEAD}{}{TAIL}", role(&most))), "accepted");
}

#[test]
fn the_name_for_people_is_the_english_one_of_the_role() {
    let names = "<md:Extensions><mdui:UIInfo xmlns:mdui=\"urn:oasis:names:tc:SAML:metadata:ui\">\
                 <mdui:DisplayName xml:lang=\"de\">Firma</mdui:DisplayName>\
                 <mdui:DisplayName xml:lang=\"en\"> Acme\u{202e} </mdui:DisplayName></mdui:UIInfo></md:Extensions>";
    let organization = "<md:Organization><md:OrganizationDisplayName xml:lang=\"fr\">Société\
                        </md:OrganizationDisplayName></md:Organization>";
    let both = format!("{HEAD}{}{organization}{TAIL}", role(&format!("{names}{}{SSO}", one_key())));
    assert_eq!(parse(&both).unwrap().display_name.as_deref(), Some("Acme\\u{202e}"));
    let only = both.replace(names, "");
    assert_eq!(parse(&only).unwrap().display_name.as_deref(), Some("Société"));
}

#[test]
fn what_is_fetched_again_is_followed_but_never_to_another_idp() {
    let previous = parse(&good()).unwrap();
    assert_eq!(refresh(&previous, &previous), RefreshDecision::Unchanged);
    let mut warned = previous.clone();
    warned.warnings.push(MetadataWarning::KeyWithoutCertificate);
    assert_eq!(refresh(&previous, &warned), RefreshDecision::Unchanged);

    let mut rolled = previous.clone();
    rolled.signing = vec![CERTIFICATES[1].clone()];
    assert_eq!(
        refresh(&previous, &rolled),
        RefreshDecision::Follow {
            added: vec![CERTIFICATES[1].fingerprint.clone()],
            removed: vec![CERTIFICATES[0].fingerprint.clone()],
            endpoints_changed: false,
        }
    );
    let moved = parse(&good().replace("/sso?", "/sso2?")).unwrap();
    let nothing_else =
        RefreshDecision::Follow { added: vec![], removed: vec![], endpoints_changed: true };
    assert_eq!(refresh(&previous, &moved), nothing_else);

    let other = parse(&good().replace("exk1", "exk2")).unwrap();
    assert_eq!(
        refresh(&previous, &other),
        RefreshDecision::EntityIdChanged {
            want: "http://idp.example/exk1".to_owned(),
            got: "http://idp.example/exk2".to_owned(),
        }
    );
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, text in "[<>/a-z=\" :P0-9TDHMS&;#-]{0,200}") {
        let now = Instant::parse(NOW).unwrap();
        let _ = IdpMetadata::parse(&bytes, now, &Rules::default());
        let _ = IdpMetadata::parse(text.as_bytes(), now, &Rules::default());
        let _ = duration::secs(&text);
        let _ = location::is_usable(&text, true);
    }

    #[test]
    fn no_change_of_one_byte_makes_it_panic(at: proptest::sample::Index, byte: u8) {
        let mut bytes = good().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = IdpMetadata::parse(&bytes, Instant::parse(NOW).unwrap(), &Rules::default());
    }
}

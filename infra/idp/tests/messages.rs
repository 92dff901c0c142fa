//! What the IdP writes holds together: digests and signatures are checked here by cutting the text, not by an XML reader.

#![cfg(test)]

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lychgate_idp::{
    Canonicalization, DataAlgorithm, Digest, Encryption, Idp, KeyKind, KeyPlacement, KeyTransport,
    MetadataStyle, ResponseSpec, Signed, SigningKey,
    logout::{Envelope, LogoutRequest},
    markup::Prefixes,
    redirect,
};
use time::{Duration, OffsetDateTime};

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_339_800).unwrap()
}

fn key(kind: KeyKind) -> SigningKey {
    SigningKey::generate(kind, "idp", now(), now() + Duration::days(365)).unwrap()
}

fn spec() -> ResponseSpec {
    let spec = ResponseSpec::good(
        "https://idp.example/meta",
        "https://sp.example/acs",
        "https://sp.example",
        "ada&co@example.com",
        "1",
        now(),
    );
    spec.in_response_to("_q-1").attribute("Email", "ada@example.com")
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split_once(from).unwrap().1.split_once(to).unwrap().0
}

/// The element's text without its signature has the digest; the `SignedInfo` with its declaration has the signature.
fn check(element: &str, declaration: &str, verify: impl Fn(&[u8], &[u8])) {
    let signature = format!(
        "<ds:Signature{}</ds:Signature>",
        between(element, "<ds:Signature", "</ds:Signature>")
    );
    let digest = between(&signature, "<ds:DigestValue>", "</ds:DigestValue>");
    assert_eq!(digest, Digest::Sha256.of(element.replacen(&signature, "", 1).as_bytes()));
    let info = between(&signature, "<ds:SignedInfo>", "</ds:SignedInfo>");
    let octets = format!("<ds:SignedInfo{declaration}>{info}</ds:SignedInfo>");
    let value = between(&signature, "<ds:SignatureValue>", "</ds:SignatureValue>");
    verify(octets.as_bytes(), &STANDARD.decode(value).unwrap());
}

const DS: &str = " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";

#[test]
fn a_signed_assertion_holds() {
    let (rsa, p256) = (key(KeyKind::Rsa2048), key(KeyKind::P256));
    let of = |key: &SigningKey| {
        let xml = spec().xml(key).unwrap();
        format!(
            "<saml:Assertion{}</saml:Assertion>",
            between(&xml, "<saml:Assertion", "</saml:Assertion>")
        )
    };
    check(&of(&rsa), DS, |octets, signature| {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, rsa.public_key())
            .verify(octets, signature)
            .unwrap();
    });
    check(&of(&p256), DS, |octets, signature| {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, p256.public_key())
            .verify(octets, signature)
            .unwrap();
    });
    let inclusive = ResponseSpec {
        canonicalization: Canonicalization::Inclusive,
        signed: Signed::Response,
        ..spec()
    };
    let in_scope = format!("{DS} xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\"");
    check(&inclusive.xml(&rsa).unwrap(), &in_scope, |octets, signature| {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, rsa.public_key())
            .verify(octets, signature)
            .unwrap();
    });
}

#[test]
fn what_is_to_be_signed_is_signed_and_nothing_else() {
    let key = key(KeyKind::P256);
    for (signed, count) in
        [(Signed::Nothing, 0), (Signed::Response, 1), (Signed::Assertion, 1), (Signed::Both, 2)]
    {
        let xml = ResponseSpec { signed, ..spec() }.xml(&key).unwrap();
        assert_eq!(xml.matches("<ds:Signature ").count(), count);
        assert!(xml.contains(">ada&amp;co@example.com<"));
    }
    let sha512 = ResponseSpec { signature_digest: Digest::Sha512, ..spec() };
    assert!(sha512.xml(&key).is_err(), "a P-256 key signs with SHA-256");
}

#[test]
fn an_encrypted_assertion_shows_nothing() {
    let (signer, recipient) = (key(KeyKind::P256), key(KeyKind::Rsa2048));
    let all = [
        (DataAlgorithm::Aes128Cbc, KeyTransport::OaepMgf1p),
        (DataAlgorithm::Aes256Cbc, KeyTransport::OaepSha256),
        (DataAlgorithm::Aes128Gcm, KeyTransport::OaepAsAuth0),
        (DataAlgorithm::Aes256Gcm, KeyTransport::Rsa15),
    ];
    for (data, transport) in all {
        for placement in [KeyPlacement::InKeyInfo, KeyPlacement::Beside] {
            let encryption = Encryption::new(recipient.certificate().to_vec(), [7; 48]);
            let encryption = Encryption { data, transport, placement, ..encryption };
            let xml = ResponseSpec { encryption: Some(encryption), ..spec() }.xml(&signer).unwrap();
            assert!(!xml.contains("co@example.com"), "{xml}");
            assert_eq!(xml.matches("</saml:EncryptedAssertion>").count(), 1);
        }
    }
    let not_rsa = Encryption::new(signer.certificate().to_vec(), [7; 48]);
    assert!(ResponseSpec { encryption: Some(not_rsa), ..spec() }.xml(&signer).is_err());
}

#[test]
fn namespaces_can_be_left_to_the_response() {
    let xml = ResponseSpec { namespaces_on_response: true, signed: Signed::Both, ..spec() };
    let xml = xml.xml(&key(KeyKind::P256)).unwrap();
    for prefix in ["saml", "samlp", "ds"] {
        assert_eq!(xml.matches(&format!("xmlns:{prefix}=")).count(), 1, "{prefix}");
    }
}

#[test]
fn metadata_comes_in_the_manner_of_each_product() {
    let idp = Idp::new("https://idp.example/meta", "https://idp.example/sso", key(KeyKind::P256));
    let plain = idp.metadata(MetadataStyle::Plain).unwrap();
    assert!(plain.contains(&STANDARD.encode(idp.keys[0].certificate())));
    let okta = idp.metadata(MetadataStyle::Okta).unwrap();
    assert!(okta.contains("WantAuthnRequestsSigned=\"false\""));
    assert!(!okta.contains(&STANDARD.encode(idp.keys[0].certificate())), "wrapped");
    let entra = idp.metadata(MetadataStyle::Entra).unwrap();
    assert!(entra.starts_with("\u{FEFF}<?xml"));
    assert!(entra.contains("fed:SecurityTokenServiceType"));
}

#[test]
fn a_logout_request_travels_in_a_signed_query() {
    let key = key(KeyKind::Rsa2048);
    let request = LogoutRequest {
        envelope: Envelope {
            prefixes: Prefixes::OKTA,
            id: "_l-1".to_owned(),
            issue_instant: "2026-11-22T09:30:00Z".to_owned(),
            destination: Some("https://sp.example/slo".to_owned()),
            issuer: "https://idp.example/meta".to_owned(),
        },
        name_id: spec().name_id.unwrap(),
        session_indexes: vec!["_s-1".to_owned()],
        not_on_or_after: None,
    };
    let xml = request.xml(None).unwrap();
    let signing = Some((&key, Digest::Sha256));
    let query = redirect::query("SAMLRequest", &xml, Some("back"), signing).unwrap();
    let carried = redirect::parameter(&query, "SAMLRequest").unwrap();
    assert_eq!(redirect::inflated(&carried).unwrap(), xml);
    let (signed, _) = query.split_once("&Signature=").unwrap();
    let signature = STANDARD.decode(redirect::parameter(&query, "Signature").unwrap()).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key())
        .verify(signed.as_bytes(), &signature)
        .unwrap();
    assert!(redirect::parameter(&query, "RelayState").is_some_and(|state| state == "back"));
}

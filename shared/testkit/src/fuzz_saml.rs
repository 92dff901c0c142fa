//! The fuzz bodies for SAML: the XML reader, a Response, metadata, and the two bindings' encodings. The keys are the
//! test keys of `tests/data/saml/keys`, so that a mutated message can be one whose signature still holds.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lychgate_saml::{
    Instant, Rejection,
    binding::{self, MESSAGE_BYTES_MAX, POST_BYTES_MAX, QUERY_BYTES_MAX},
    c14n::{self, Method},
    certificate::Certificate,
    dsig::Algorithms,
    metadata::idp::{IdpMetadata, Rules},
    response::{self, Expectations, ExpectedRequest},
    xml::{Limits, Source},
    xmlenc::DecryptionKey,
};

/// 2026-11-22T09:30:00Z, when the messages of the corpus hold.
const NOW: Instant = Instant::from_unix_millis(1_795_339_800_000);

/// The IdP's certificate and our decryption key.
static KEYS: LazyLock<(Certificate, DecryptionKey)> = LazyLock::new(|| {
    let idp = include_str!("../../../tests/data/saml/keys/idp-rsa.crt.pem");
    let ours = include_str!("../../../tests/data/saml/keys/sp-encryption.key.pem");
    let body: String = ours.lines().filter(|line| !line.starts_with('-')).collect();
    let pkcs8 = STANDARD.decode(body).unwrap_or_default();
    match (
        Certificate::from_pem(idp),
        DecryptionKey::from_pkcs8("sp-encryption".to_owned(), &pkcs8),
    ) {
        (Ok(certificate), Ok(key)) => (certificate, key),
        other => panic!("the test keys can be read: {other:?}"),
    }
});

/// A refusal says something, and does not say everything back.
fn refused(rejection: &Rejection) {
    assert!(!rejection.code().is_empty());
    assert!(rejection.to_string().len() <= 16 * 1024, "it does not repeat the input");
    let _ = (rejection.who(), rejection.want(), rejection.got());
}

/// The reader: what it takes keeps the limits, and its canonical form is its own canonical form.
///
/// # Panics
/// When that is not so: that is what it is for.
pub fn xml(bytes: &[u8]) {
    let source = match Source::new(bytes, &Limits::MESSAGE) {
        Ok(source) => source,
        Err(rejection) => return refused(&rejection),
    };
    assert!(bytes.len() <= Limits::MESSAGE.bytes_max);
    assert!(source.steps() <= Limits::MESSAGE.steps_max);
    let document = match source.parse() {
        Ok(document) => document,
        Err(rejection) => return refused(&rejection),
    };
    let elements = document.root().descendants().count();
    assert!(elements <= Limits::MESSAGE.elements_max);
    for element in document.root().descendants() {
        let _ = (element.text(), element.local(), element.namespace(), element.attribute("ID"));
    }
    for method in [Method::Inclusive, Method::exclusive("")] {
        let canonical = c14n::canonicalize(document.root(), None, &method);
        // The form can be longer than what it was made from, and then beyond the limits.
        let Ok(again) = Source::new(canonical.as_bytes(), &Limits::METADATA) else { continue };
        match again.parse() {
            Ok(again) => {
                assert_eq!(c14n::canonicalize(again.root(), None, &method), canonical);
            }
            Err(rejection) => panic!("the canonical form is XML: {rejection}"),
        }
    }
}

/// A Response: whatever it is, it is about the person whom the IdP named, or refused.
///
/// # Panics
/// When it is about somebody else.
pub fn response(bytes: &[u8]) {
    let peeked = match response::peek(bytes) {
        Ok(peeked) => peeked,
        Err(rejection) => return refused(&rejection),
    };
    let (certificate, key) = &*KEYS;
    let expect = Expectations {
        acs_url: "https://sso.lychgate.example/saml/consume/acme",
        audience: "https://sso.lychgate.example/saml/metadata/acme",
        idp_entity_id: "https://idp.example/metadata",
        request: ExpectedRequest::Known("_q-1"),
        now: NOW,
        skew_secs: 60,
        certificates: std::slice::from_ref(certificate),
        algorithms: Algorithms::default(),
        require_encryption: false,
        authn_after: None,
    };
    match response::validate(&peeked, &expect, std::slice::from_ref(key)) {
        Ok(assertion) => {
            let named = assertion.name_id.as_ref().map(|name_id| name_id.value.as_str());
            assert_eq!(named, Some("mallory@acme.example"), "nobody else was ever signed");
            assert_eq!((assertion.id.as_str(), assertion.attributes.len()), ("_a-1", 3));
        }
        Err(rejection) => refused(&rejection),
    }
}

/// Metadata: what is accepted has a key and an address.
///
/// # Panics
/// When it has not.
pub fn metadata(bytes: &[u8]) {
    let rules = Rules { allow_loopback_http: false };
    match IdpMetadata::parse(bytes, NOW, &rules) {
        Ok(metadata) => {
            assert!(!metadata.signing.is_empty(), "there is a key to verify with");
            // A scheme may be in any case (RFC 3986 §3.1).
            let https = |location: &str| location.to_ascii_lowercase().starts_with("https://");
            assert!(metadata.sso.iter().all(|endpoint| https(&endpoint.location)));
            assert!(!metadata.sso.is_empty() && !metadata.entity_id.is_empty());
        }
        Err(error) => assert!(error.to_string().len() <= 16 * 1024, "it does not repeat the input"),
    }
}

/// Base64 of a form, and a query with DEFLATE in it: what comes out keeps the limits.
///
/// # Panics
/// When it does not.
pub fn binding(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match binding::decode_post(text) {
        Ok(message) => {
            assert!(text.len() <= POST_BYTES_MAX && message.len() <= MESSAGE_BYTES_MAX);
            assert_eq!(
                binding::decode_post(&STANDARD.encode(&message)).as_ref(),
                Ok(&message),
                "one message has one value"
            );
        }
        Err(rejection) => refused(&rejection),
    }
    match binding::decode_redirect(text) {
        Ok(message) => {
            assert!(text.len() <= QUERY_BYTES_MAX && message.xml.len() <= MESSAGE_BYTES_MAX);
            if let Some(signature) = &message.signature {
                let signed = signature.signed_octets();
                assert!(signed.len() <= text.len(), "what was signed is a part of what came");
                assert!(signed.starts_with(message.parameter.name().as_bytes()));
            }
        }
        Err(rejection) => refused(&rejection),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_message_passes_each_body() {
        let signed = include_bytes!("../../../tests/data/saml/accept/signature/rsa-sha256.xml");
        xml(signed);
        response(signed);
        metadata(signed);
        binding(b"SAMLRequest=AAAA");
    }

    #[test]
    fn somebody_else_is_noticed() {
        let other = include_bytes!("../../../tests/data/saml/accept/text/white-space-around.xml");
        assert!(std::panic::catch_unwind(|| response(other)).is_err(), "the canary");
    }
}

//! Metadata in the manner of each product, written by the other side.

use std::fs;

use lychgate_idp::{Idp, MetadataStyle};
use lychgate_saml::{
    Instant,
    binding::Binding,
    certificate::fingerprint,
    metadata::idp::{IdpMetadata, Rules},
};

use crate::{corpus::updating, forge::*};

fn published(style: MetadataStyle) -> String {
    let mut idp = Idp::new(IDP, "https://idp.example/sso", key("idp-rsa"));
    idp.keys.extend([key("idp-next-rsa"), key("idp-p256")]);
    idp.slo_url = Some("https://idp.example/slo".to_owned());
    idp.metadata(style).unwrap()
}

fn read(text: &str) -> IdpMetadata {
    let now = Instant::from_unix_millis(NOW * 1000);
    IdpMetadata::parse(text.as_bytes(), now, &Rules { allow_loopback_http: false }).unwrap()
}

#[test]
fn metadata_of_each_manner_says_the_same() {
    let styles = [
        ("plain", MetadataStyle::Plain),
        ("okta", MetadataStyle::Okta),
        ("entra", MetadataStyle::Entra),
    ];
    for (name, style) in styles {
        let text = published(style);
        let metadata = read(&text);
        assert_eq!(metadata.entity_id, IDP, "{name}");
        let keys = ["idp-rsa", "idp-next-rsa", "idp-p256"].map(key);
        let wanted = keys.each_ref().map(|key| fingerprint(key.certificate()));
        let found: Vec<String> =
            metadata.signing.iter().map(|certificate| certificate.fingerprint.clone()).collect();
        assert_eq!(found, wanted, "{name}");
        let sso = metadata.sso_by(&[Binding::Redirect]).unwrap();
        assert_eq!(sso.location, "https://idp.example/sso", "{name}");
        assert!(metadata.slo_by(&[Binding::Post]).is_some(), "{name}");
        // The fuzz body for metadata begins with these.
        let seed = data("../fuzz/saml-metadata").join(name);
        if updating() && !seed.exists() {
            fs::write(&seed, &text).unwrap();
        }
        assert_eq!(read(&fs::read_to_string(&seed).unwrap()).entity_id, IDP, "{name}");
    }
}

/// Entra's `RoleDescriptor`s have certificates of their own: whoever is named there signs no assertion.
#[test]
fn certificates_of_other_roles_are_not_taken() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let text = published(MetadataStyle::Entra);
    let ours = STANDARD.encode(idp().certificate());
    let (before, role) = text.split_once("<IDPSSODescriptor").unwrap();
    let theirs = STANDARD.encode(attacker().certificate());
    let forged = format!("{}<IDPSSODescriptor{role}", before.replace(&ours, &theirs));
    assert_ne!(forged, text);
    let attackers = fingerprint(attacker().certificate());
    assert!(!read(&forged).signing.iter().any(|certificate| certificate.fingerprint == attackers));
}

//! S5: encryption certificates, and the certificate of our request signatures.

use aws_lc_rs::{
    rsa::{
        Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey, PrivateDecryptingKey,
        PublicEncryptingKey,
    },
    signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use lychgate_core::{
    connection::CERTIFICATE_DAYS,
    operator::{
        RefusalKind::{Conflict, NotFound, Unavailable},
        certificates,
        connection_policy::PolicyUpdate,
        connections::{Update, update},
    },
    organization::KEY_PAIRS_MAX,
    ports::outside::{Opener, SigningKey},
};
use lychgate_saml::certificate::{Certificate, PublicKey};
use lychgate_testkit::outside::Part;

use super::*;

#[tokio::test]
async fn a_private_key_is_sealed_and_belongs_to_its_certificate() {
    let scene = Scene::new().await;
    let ctx = scene.ctx();
    let made = certificates::generate(&ctx, &scene.store, &scene.outside, DOMAIN).await;
    let (organization, key_pair) = made.unwrap();
    let certificate = Certificate::from_der(&key_pair.certificate).unwrap();
    assert_eq!(certificate.fingerprint, key_pair.fingerprint);
    assert!(certificate.subject.contains("acme"), "{}", certificate.subject);
    let days = (key_pair.expires.unix_secs() - scene.world.now().unix_secs()).div_ceil(86_400);
    assert_eq!(days, CERTIFICATE_DAYS);
    let private = scene.outside.open(&ctx, &organization.id, &key_pair.sealed).await.unwrap();
    assert!(!key_pair.sealed.windows(64).any(|window| private.windows(64).any(|w| w == window)));
    // What is encrypted to the certificate opens with the key.
    let PublicKey::Rsa(_) = certificate.key else { panic!("an RSA key") };
    let private = PrivateDecryptingKey::from_pkcs8(&private).unwrap();
    let private = Pkcs1PrivateDecryptingKey::new(private).unwrap();
    let spki = subject_public_key_info(&key_pair.certificate);
    let public = PublicEncryptingKey::from_der(&spki).unwrap();
    let public = Pkcs1PublicEncryptingKey::new(public).unwrap();
    let (mut sealed, mut plain) = (vec![0; 256], vec![0; 256]);
    let sealed = public.encrypt(b"a session key", &mut sealed).unwrap();
    assert_eq!(private.decrypt(sealed, &mut plain).unwrap(), b"a session key");
    assert!(certificates::pem(&key_pair).starts_with("-----BEGIN CERTIFICATE-----\n"));
}

/// The `SubjectPublicKeyInfo` of a certificate with an RSA-2048 key: 294 bytes that begin as RFC 3279 §2.3.1 says.
fn subject_public_key_info(der: &[u8]) -> Vec<u8> {
    let begin = [0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7];
    let at = der.windows(begin.len()).position(|window| window == begin).unwrap();
    der.iter().skip(at).take(294).copied().collect()
}

#[tokio::test]
async fn certificates_overlap_up_to_a_most_and_are_retired() {
    let scene = Scene::new().await;
    let ctx = scene.ctx();
    let mut ids = Vec::new();
    for _ in 0..KEY_PAIRS_MAX {
        let made = certificates::generate(&ctx, &scene.store, &scene.outside, DOMAIN).await;
        ids.push(made.unwrap().1.id.to_string());
        scene.world.advance_secs(1);
    }
    let more = certificates::generate(&ctx, &scene.store, &scene.outside, DOMAIN).await;
    assert_eq!(refused(more).0, Conflict);
    let (_, list) = certificates::list(&ctx, &scene.store, DOMAIN).await.unwrap();
    let newest_first: Vec<_> = list.iter().map(|key_pair| key_pair.id.to_string()).collect();
    assert_eq!(newest_first, ids.iter().rev().cloned().collect::<Vec<_>>());
    certificates::retire(&ctx, &scene.store, DOMAIN, &ids[0]).await.unwrap();
    let gone = certificates::read(&ctx, &scene.store, DOMAIN, &ids[0]).await;
    assert_eq!(refused(gone), (NotFound, "certificate".to_owned()));
    let twice = certificates::retire(&ctx, &scene.store, DOMAIN, &ids[0]).await;
    assert_eq!(refused(twice).0, NotFound);
    let last = scene.history().await.pop().unwrap();
    assert_eq!((last.kind.as_str(), last.subject_id), ("certificate.retired", ids[0].clone()));
}

#[tokio::test]
async fn without_the_key_store_nothing_is_kept() {
    let scene = Scene::new().await;
    scene.outside.fail(Part::Sealer);
    let ctx = scene.ctx();
    let made = certificates::generate(&ctx, &scene.store, &scene.outside, DOMAIN).await;
    assert_eq!(refused(made).0, Unavailable);
    assert!(certificates::list(&ctx, &scene.store, DOMAIN).await.unwrap().1.is_empty());
}

#[tokio::test]
async fn the_request_certificate_is_of_our_key_and_signed_by_it() {
    use lychgate_core::ports::outside::Signer;

    let scene = Scene::new().await;
    let ctx = scene.ctx();
    let (one, other) = (scene.draft("one").await, scene.draft("other").await);
    let signing = Update {
        policy: PolicyUpdate { sign_requests: Some(true), ..Default::default() },
        ..Update::default()
    };
    let set = async |id: &str| {
        let shown = update(&ctx, &scene.store, &scene.outside, DOMAIN, id, &signing).await?;
        Ok::<_, Refusal>(shown.connection.draft.unwrap().policy.request_certificate.unwrap())
    };
    scene.outside.fail(Part::Signer);
    assert_eq!(refused(set(&one).await).0, Unavailable);
    scene.outside.mend();
    let text = set(&one).await.unwrap();
    let der = STANDARD.decode(&text).unwrap();
    let certificate = Certificate::from_der(&der).unwrap();
    assert_eq!(certificate.subject, "CN=scim.lychgate.example");
    assert_eq!(certificate.not_before.text(), "2026-11-22T09:00:00Z");
    let key = scene.outside.public_keys(&ctx, SigningKey::Saml).await.unwrap().remove(0);
    assert_eq!(subject_public_key_info(&der), key.spki);
    // Self-signed: `SEQUENCE { tbs, algorithm, BIT STRING { 0, signature of 256 bytes } }`.
    let tbs = &der[4..der.len() - 256 - 5 - 15];
    let PublicKey::Rsa(public) = certificate.key else { panic!("an RSA key") };
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
    public.verify(tbs, &der[der.len() - 256..]).unwrap();
    // One key, one certificate; it stays when signing is switched on again.
    assert_eq!(set(&other).await.unwrap(), text);
    assert_eq!(set(&one).await.unwrap(), text);
    assert!(!format!("{:?}", scene.history().await).contains(&text));
}

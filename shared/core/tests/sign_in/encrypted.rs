//! Encrypted assertions: which key opens them, and what it costs to open one.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lychgate_core::{
    connection::KeyPair,
    event::EventKind,
    ports::Connections,
    sign_in::{opened_keys::OPENED_KEYS_SECS, refusal::Who},
};
use lychgate_idp::{Encryption, ResponseSpec, Signed};
use lychgate_testkit::build;

use crate::scene::{Browser, IDP, Scene, idp, signed_in};

impl Scene {
    /// A response about zoe, encrypted to this certificate.
    fn sealed(&self, certificate: &[u8], id: &str) -> ResponseSpec {
        let mut spec = self.about("zoe@acme.test", id);
        spec.encryption = Some(Encryption::new(certificate.to_vec(), [7; 48]));
        spec
    }

    async fn key_pairs(&self) -> Vec<KeyPair> {
        let setup = self.store.sign_in_setup(&self.world.ctx(), &self.acme.id).await;
        setup.unwrap().unwrap().key_pairs
    }
}

#[tokio::test]
async fn an_encrypted_assertion_is_opened_with_any_of_the_keys() {
    let scene = Scene::with(|settings| settings.policy.require_encryption = true).await;
    let old = scene.key_pair().await;
    scene.world.advance_secs(1);
    let new = scene.key_pair().await;
    for (n, certificate) in [old, new].into_iter().enumerate() {
        let mut spec = scene.about("zoe@acme.test", &n.to_string());
        spec.encryption = Some(Encryption::new(certificate, [n as u8; 48]));
        signed_in(scene.post(&Browser::default(), "acme", &spec).await).unwrap();
    }
    let spec = scene.about("zoe@acme.test", "plain");
    let refusal = scene.post(&Browser::default(), "acme", &spec).await.unwrap_err();
    assert_eq!(refusal.who, Who::Administrator);
    assert_eq!(scene.attempt().await.code.as_deref(), Some("encrypted_required"));
}

#[tokio::test]
async fn a_key_that_cannot_be_opened_is_our_fault_and_not_the_idps() {
    let scene = Scene::new().await;
    let certificate = scene.key_pair().await;
    let mut spec = scene.about("zoe@acme.test", "1");
    spec.encryption = Some(Encryption::new(certificate, [3; 48]));
    scene.outside.fail(lychgate_testkit::outside::Part::Opener);
    let refusal = scene.post(&Browser::default(), "acme", &spec).await.unwrap_err();
    assert_eq!(refusal.who, Who::Us { passing: true });
    assert!(scene.attempts().await.is_empty());
    scene.outside.mend();
    // The same response can be posted again: nothing was used up.
    signed_in(scene.post(&Browser::default(), "acme", &spec).await).unwrap();
}

#[tokio::test]
async fn a_key_is_opened_once_in_a_while_however_many_messages_come() {
    let scene = Scene::new().await;
    let old = scene.key_pair().await;
    scene.world.advance_secs(1);
    let new = scene.key_pair().await;
    for n in 0..5 {
        let certificate = if n % 2 == 0 { &old } else { &new };
        let spec = scene.sealed(certificate, &n.to_string());
        signed_in(scene.post(&Browser::default(), "acme", &spec).await).unwrap();
    }
    assert_eq!(scene.outside.opened(), 2);
    // Rubbish that says it is encrypted costs no more.
    let stranger = idp(IDP, 1);
    for n in 0..5 {
        let value = stranger.post_value(&scene.sealed(&new, &format!("rubbish-{n}"))).unwrap();
        scene.post_value(&Browser::default(), "acme", &value).await.unwrap_err();
    }
    assert_eq!(scene.outside.opened(), 2);
    scene.world.advance_secs(OPENED_KEYS_SECS);
    signed_in(scene.post(&Browser::default(), "acme", &scene.sealed(&old, "later")).await).unwrap();
    assert_eq!(scene.outside.opened(), 4);
}

#[tokio::test]
async fn a_retired_key_opens_nothing_although_it_is_still_here() {
    let scene = Scene::new().await;
    let old = scene.key_pair().await;
    scene.world.advance_secs(1);
    let new = scene.key_pair().await;
    signed_in(scene.post(&Browser::default(), "acme", &scene.sealed(&old, "1")).await).unwrap();
    let retired = scene.key_pairs().await.pop().unwrap();
    let event = build::event(EventKind::CertificateRetired, "k", "k");
    let ctx = scene.world.ctx();
    scene.store.delete_key_pair(&ctx, &scene.acme.id, &retired.id, &event).await.unwrap();
    let refusal = scene.post(&Browser::default(), "acme", &scene.sealed(&old, "2")).await;
    assert_eq!(refusal.unwrap_err().who, Who::Administrator);
    assert_eq!(scene.attempt().await.code.as_deref(), Some("decrypt_failed"));
    signed_in(scene.post(&Browser::default(), "acme", &scene.sealed(&new, "3")).await).unwrap();
    assert_eq!(scene.outside.opened(), 2);
}

#[tokio::test]
async fn what_can_be_refused_without_a_key_opens_none() {
    let scene = Scene::with(|settings| settings.policy.idp_initiated = false).await;
    let certificate = scene.key_pair().await;
    let mut browser = Browser::default();
    let request = browser.began(scene.start("acme", &[]).await.unwrap());
    let spec = |id: &str| scene.sealed(&certificate, id).in_response_to(&request);
    let stranger = idp(IDP, 1);
    // The Response is signed, by somebody else.
    let mut foreign = spec("1");
    foreign.signed = Signed::Both;
    let mut elsewhere = spec("2");
    elsewhere.destination = Some("https://elsewhere.example/".to_owned());
    let mut failed = spec("3");
    failed.status.code = "urn:oasis:names:tc:SAML:2.0:status:Responder".to_owned();
    let good = spec("4").xml(&scene.idp.keys[0]).unwrap();
    let weak = good.replace("2009/xmlenc11#aes256-gcm", "2001/04/xmlenc#tripledes-cbc");
    assert_ne!(good, weak);
    for (code, value) in [
        ("bad_signature", stranger.post_value(&foreign).unwrap()),
        ("bad_destination", scene.idp.post_value(&elsewhere).unwrap()),
        ("idp_status", scene.idp.post_value(&failed).unwrap()),
        ("weak_algorithm", STANDARD.encode(weak)),
        ("idp_initiated_disabled", scene.idp.post_value(&scene.sealed(&certificate, "5")).unwrap()),
    ] {
        scene.post_value(&browser, "acme", &value).await.unwrap_err();
        assert_eq!(scene.attempt().await.code.as_deref(), Some(code));
        assert_eq!(scene.outside.opened(), 0, "{code}");
    }
    // Another browser than the one that began.
    scene.post(&Browser::default(), "acme", &spec("6")).await.unwrap_err();
    assert_eq!(scene.outside.opened(), 0);
    signed_in(scene.post(&browser, "acme", &spec("7")).await).unwrap();
    assert_eq!(scene.outside.opened(), 1);
}

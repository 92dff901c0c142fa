//! What must not work, whoever signed it.

use lychgate_core::{
    attempt::AttemptOutcome,
    connection::EntityIdChoice,
    ids::{FlowId, UserId},
    ports::{Directory, Sessions, Wanted},
    record::{Index, IndexKey},
    session::FLOW_SECS,
    sign_in::{
        finish::{self, Parts, Post},
        refusal::{Refusal, Who},
    },
};
use lychgate_testkit::{Fault, Faulty, build};

use crate::scene::{Browser, Scene, idp, settings, signed_in};

async fn code(scene: &Scene) -> String {
    scene.attempt().await.code.unwrap_or_default()
}

#[tokio::test]
async fn a_response_signs_in_once() {
    let scene = Scene::new().await;
    let mut browser = Browser::default();
    let request = browser.began(scene.start("acme", &[]).await.unwrap());
    let spec = scene.about("zoe@acme.test", "1").in_response_to(&request);
    signed_in(scene.post(&browser, "acme", &spec).await).unwrap();
    let refusal = scene.post(&browser, "acme", &spec).await.unwrap_err();
    assert_eq!(refusal.who, Who::Person);
    assert_eq!(refusal.again.as_deref(), Some("/saml/init/acme"));
    // An unsolicited one, and the same under another ID of the Response, which is not signed.
    let spec = scene.about("zoe@acme.test", "2");
    signed_in(scene.post(&browser, "acme", &spec).await).unwrap();
    let mut renamed = spec.clone();
    renamed.response_id = "_another".to_owned();
    for again in [&spec, &renamed] {
        scene.post(&browser, "acme", again).await.unwrap_err();
        assert_eq!(code(&scene).await, "replayed");
    }
    // Just before the very end of its time, when the skew has been set higher meanwhile.
    scene.world.advance_secs(300 + 179);
    scene
        .reconnect(|connection| connection.live.as_mut().unwrap().policy.clock_skew_secs = 600)
        .await;
    scene.post(&browser, "acme", &spec).await.unwrap_err();
    assert_eq!(code(&scene).await, "replayed");
    scene.world.advance_secs(420);
    scene.post(&browser, "acme", &spec).await.unwrap_err();
    assert_eq!(code(&scene).await, "replayed");
    scene.world.advance_secs(2);
    scene.post(&browser, "acme", &spec).await.unwrap_err();
    assert_eq!(code(&scene).await, "expired");
}

#[tokio::test]
async fn of_twenty_equal_responses_at_once_one_signs_in() {
    let scene = Scene::new().await;
    for solicited in [true, false] {
        let mut browser = Browser::default();
        let mut spec = scene.about("new@acme.test", &solicited.to_string());
        if solicited {
            let request = browser.began(scene.start("acme", &[]).await.unwrap());
            spec = spec.in_response_to(&request);
        }
        let (scene, browser, spec) = (&scene, &browser, &spec);
        let posts = (0..20).map(|_| async move { scene.post(browser, "acme", spec).await });
        let done: Vec<_> =
            futures_util::future::join_all(posts).await.into_iter().map(signed_in).collect();
        assert_eq!(done.iter().filter(|one| one.is_ok()).count(), 1, "{done:?}");
        let ctx = scene.world.ctx();
        let user = done.iter().find_map(|one| one.as_ref().ok()).unwrap().cookie.user;
        let sessions = scene.store.sessions_of(&ctx, &scene.acme.id, user).await.unwrap();
        assert_eq!(sessions.len(), if solicited { 1 } else { 2 });
    }
}

/// Each call of a sign-in fails in each way; the same response is posted again as long as the fault was ours. In the end
/// it has signed in once.
#[tokio::test]
async fn whatever_fails_a_response_signs_in_once_and_can_be_posted_again() {
    let mut struck = 0;
    for fault in [Fault::Before, Fault::After, Fault::Throttle, Fault::Stale] {
        for call in 1..=10 {
            let scene = Scene::new().await;
            let mut browser = Browser::default();
            let request = browser.began(scene.start("acme", &[]).await.unwrap());
            let spec = scene.about("new@acme.test", "1").in_response_to(&request);
            let value = scene.idp.post_value(&spec).unwrap();
            let store = Faulty::new(scene.store.clone());
            store.strike_call(call, fault);
            let parts = Parts { store: &store, keys: &scene.keys, catalogue: &scene.catalogue };
            let browser_secret = |id: &FlowId| browser.flows.get(id).cloned();
            let post =
                Post { domain: "acme", saml_response: &value, browser_secret: &browser_secret };
            let mut done = 0;
            for _ in 0..3 {
                match finish::finish(&scene.world.ctx(), &parts, &post).await {
                    Ok(_) => done += 1,
                    Err(refusal) => {
                        let ours = refusal.who == Who::Us { passing: true };
                        let replayed = done == 1 && refusal.who == Who::Person;
                        assert!(ours || replayed, "{fault:?} at call {call}: {refusal:?}");
                    }
                }
            }
            assert_eq!(done, 1, "{fault:?} at call {call}");
            let ctx = scene.world.ctx();
            let claim = IndexKey { index: Index::UserName, value: "new@acme.test".to_owned() };
            let wanted = Wanted { claims: vec![claim], ..Wanted::default() };
            let fetched = scene.store.fetch(&ctx, &scene.acme.id, wanted).await.unwrap();
            let user = UserId::from(fetched.claims[0].1);
            let sessions = scene.store.sessions_of(&ctx, &scene.acme.id, user).await.unwrap();
            assert_eq!(sessions.len(), 1, "{fault:?} at call {call}");
            assert!(scene.store.contradictions().is_empty());
            struck += store.struck();
        }
    }
    assert!(struck >= 20, "the faults struck {struck} times only");
}

/// `acme` and `beta`, of which `beta` has a connection to the same IdP.
async fn two() -> (Scene, lychgate_core::organization::Organization) {
    let scene = Scene::new().await;
    let beta = build::Acme::new(&scene.world, "beta").organization;
    let beta = scene.organization(beta).await;
    let connection = scene.connection(|connection| connection.live = Some(settings(&scene.idp)));
    scene.connect(&beta, connection).await;
    (scene, beta)
}

fn refused(result: Result<lychgate_core::sign_in::finish::Finished, Refusal>) -> Refusal {
    result.unwrap_err()
}

#[tokio::test]
async fn what_is_for_one_organization_is_nothing_at_another() {
    let (scene, _) = two().await;
    let nobody = Browser::default();
    // Response for acme at beta, and with just one of the two addresses set right.
    refused(scene.post(&nobody, "beta", &scene.about("zoe@acme.test", "1")).await);
    let mut audience_only = scene.about_at("beta", "zoe@acme.test", "2");
    audience_only.audiences = scene.about("zoe@acme.test", "2").audiences;
    refused(scene.post(&nobody, "beta", &audience_only).await);
    let mut recipient_only = scene.about("zoe@acme.test", "3");
    recipient_only.audiences = scene.about_at("beta", "zoe@acme.test", "3").audiences;
    refused(scene.post(&nobody, "beta", &recipient_only).await);
    // A flow of acme is unknown at beta, cookie and all; and the other way round nothing of it was used up.
    let mut browser = Browser::default();
    let request = browser.began(scene.start("acme", &[]).await.unwrap());
    let spec = scene.about_at("beta", "zoe@acme.test", "4").in_response_to(&request);
    let refusal = refused(scene.post(&browser, "beta", &spec).await);
    assert_eq!(refusal.who, Who::Person);
    let spec = scene.about("zoe@acme.test", "5").in_response_to(&request);
    signed_in(scene.post(&browser, "acme", &spec).await).unwrap();
    // And a response that is right for beta signs in at beta.
    let spec = scene.about_at("beta", "zoe@acme.test", "6");
    let done = signed_in(scene.post(&nobody, "beta", &spec).await).unwrap();
    assert_eq!(done.organization.domain.as_str(), "beta");
}

#[tokio::test]
async fn with_the_shared_entity_id_the_recipient_still_tells_organizations_apart() {
    let (scene, beta) = two().await;
    let shared = lychgate_testkit::world::BASE_URL.to_owned() + "/saml/metadata";
    let connection = scene.connection(|connection| {
        let mut live = settings(&scene.idp);
        live.entity_id = EntityIdChoice::Shared;
        connection.live = Some(live);
    });
    scene.connect(&beta, connection).await;
    let mut spec = scene.about("zoe@acme.test", "1");
    spec.audiences = vec![vec![shared.clone()]];
    refused(scene.post(&Browser::default(), "beta", &spec).await);
    let mut spec = scene.about_at("beta", "zoe@acme.test", "2");
    spec.audiences = vec![vec![shared]];
    signed_in(scene.post(&Browser::default(), "beta", &spec).await).unwrap();
}

#[tokio::test]
async fn another_organizations_idp_with_its_own_key_vouches_for_nobody_here() {
    let (scene, _) = two().await;
    let evil = build::Acme::new(&scene.world, "evil").organization;
    let evil = scene.organization(evil).await;
    // `evil` registers acme's entity ID with a key of its own.
    let twin = idp(crate::scene::IDP, 1);
    let connection = scene.connection(|connection| connection.live = Some(settings(&twin)));
    scene.connect(&evil, connection).await;
    let value = twin.post_value(&scene.about("zoe@acme.test", "1")).unwrap();
    refused(scene.post_value(&Browser::default(), "acme", &value).await);
    assert_eq!(code(&scene).await, "bad_signature");
}

#[tokio::test]
async fn an_answer_is_taken_from_the_browser_that_asked_and_from_no_other() {
    let scene = Scene::new().await;
    let mut victim = Browser::default();
    let mut attacker = Browser::default();
    let request = attacker.began(scene.start("acme", &[]).await.unwrap());
    let own = victim.began(scene.start("acme", &[]).await.unwrap());
    let spec = scene.about("zoe@acme.test", "1").in_response_to(&request);
    let refusal = refused(scene.post(&victim, "acme", &spec).await);
    assert_eq!(refusal.who, Who::Person);
    assert_eq!(refusal.again.as_deref(), Some("/saml/init/acme"));
    assert_eq!(code(&scene).await, "browser_unknown");
    // Its own cookie under the other's name does not help.
    let secret = victim.flows.values().next().unwrap().clone();
    let other = attacker.flows.keys().next().unwrap().clone();
    victim.flows.insert(other, secret);
    refused(scene.post(&victim, "acme", &spec).await);
    assert_eq!(code(&scene).await, "browser_unknown");
    // Neither an InResponseTo on the envelope alone nor one in the assertion alone gets round it.
    let mut envelope = scene.about("zoe@acme.test", "2");
    envelope.in_response_to = Some(own.clone());
    refused(scene.post(&victim, "acme", &envelope).await);
    let mut inner = scene.about("zoe@acme.test", "3").in_response_to(&request);
    inner.in_response_to = None;
    refused(scene.post(&victim, "acme", &inner).await);
    let mut mixed = scene.about("zoe@acme.test", "4").in_response_to(&request);
    mixed.in_response_to = Some(own);
    refused(scene.post(&victim, "acme", &mixed).await);
    signed_in(scene.post(&attacker, "acme", &spec).await).unwrap();
}

#[tokio::test]
async fn a_flow_that_is_over_or_never_was_is_answered_by_nobody() {
    let scene = Scene::new().await;
    let mut browser = Browser::default();
    let request = browser.began(scene.start("acme", &[]).await.unwrap());
    scene.world.advance_secs(FLOW_SECS);
    let never = format!("_{}", "0".repeat(26));
    for unknown in [request.as_str(), never.as_str(), "_x", "", "id-1"] {
        let spec = scene.about("zoe@acme.test", unknown).in_response_to(unknown);
        let refusal = refused(scene.post(&browser, "acme", &spec).await);
        assert_eq!(refusal.who, Who::Person, "{unknown}");
        assert_eq!(code(&scene).await, "in_response_to_unknown", "{unknown}");
    }
}

#[tokio::test]
async fn unsolicited_responses_can_be_switched_off() {
    let scene = Scene::with(|settings| settings.policy.idp_initiated = false).await;
    refused(scene.post(&Browser::default(), "acme", &scene.about("zoe@acme.test", "1")).await);
    assert_eq!(code(&scene).await, "idp_initiated_disabled");
    scene.sign_in("zoe@acme.test").await.unwrap();
}

#[tokio::test]
async fn a_draft_signs_nobody_in() {
    let scene = Scene::new().await;
    let new = idp("https://new.example/", 1);
    scene.reconnect(|connection| connection.draft = Some(settings(&new))).await;
    let draft = scene.connection(|connection| connection.draft = Some(settings(&new)));
    scene.connect(&scene.acme, draft).await;
    let mut spec = scene.about("zoe@acme.test", "1");
    spec.response_issuer = Some(new.entity_id.clone());
    spec.assertion_issuer = new.entity_id.clone();
    let value = new.post_value(&spec).unwrap();
    refused(scene.post_value(&Browser::default(), "acme", &value).await);
    assert_eq!(code(&scene).await, "bad_issuer");
    // Nor by answering a real request.
    let mut browser = Browser::default();
    let request = browser.began(scene.start("acme", &[]).await.unwrap());
    let value = new.post_value(&spec.in_response_to(&request)).unwrap();
    refused(scene.post_value(&browser, "acme", &value).await);
    assert_eq!(scene.attempt().await.outcome, AttemptOutcome::Rejected);
    // A connection that was switched off while the person was at the IdP takes nothing any more.
    let request = browser.began(scene.start("acme", &[]).await.unwrap());
    scene.reconnect(|connection| connection.live = None).await;
    let spec = scene.about("zoe@acme.test", "2").in_response_to(&request);
    let refusal = refused(scene.post(&browser, "acme", &spec).await);
    assert_eq!(refusal.who, Who::Developer);
    assert_eq!(code(&scene).await, "connection_inactive");
}

#[tokio::test]
async fn the_page_tells_no_failure_of_cryptography_from_another() {
    let scene = Scene::new().await;
    let certificate = scene.key_pair().await;
    let encrypted = |certificate: &[u8], id: &str| {
        let mut spec = scene.about("zoe@acme.test", id);
        spec.encryption = Some(lychgate_idp::Encryption::new(certificate.to_vec(), [9; 48]));
        spec
    };
    let strange = {
        let other = lychgate_saml::certificate::generate(
            "x",
            lychgate_saml::Instant::from_unix_millis(0),
            lychgate_saml::Instant::from_unix_millis(1_000_000_000_000),
            [2; 16],
        );
        other.unwrap().0.der
    };
    let mut unsigned = encrypted(&certificate, "2");
    unsigned.signed = lychgate_idp::Signed::Nothing;
    let other_key = idp(crate::scene::IDP, 1);
    let values = [
        scene.idp.post_value(&encrypted(&strange, "1")).unwrap(),
        scene.idp.post_value(&unsigned).unwrap(),
        other_key.post_value(&encrypted(&certificate, "3")).unwrap(),
        other_key.post_value(&scene.about("zoe@acme.test", "4")).unwrap(),
    ];
    let mut pages = Vec::new();
    for value in &values {
        let refusal = refused(scene.post_value(&Browser::default(), "acme", value).await);
        assert!(refusal.reference.is_some());
        pages.push(Refusal { reference: None, private: None, ..refusal });
    }
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:#?}");
    let codes: Vec<_> = scene.attempts().await.into_iter().filter_map(|one| one.code).collect();
    assert_eq!(codes, ["bad_signature", "bad_signature", "unsigned", "decrypt_failed"]);
}

#[tokio::test]
async fn what_is_too_large_or_no_message_is_refused_before_it_is_read() {
    let scene = Scene::new().await;
    let large = "A".repeat(lychgate_saml::binding::POST_BYTES_MAX + 1);
    let refusal = refused(scene.post_value(&Browser::default(), "acme", &large).await);
    assert!(refusal.too_large);
    for wrong in ["", "%%%", "PHg+", "PCFET0NUWVBFIHg+PHgvPg=="] {
        let refusal = refused(scene.post_value(&Browser::default(), "acme", wrong).await);
        assert!(!refusal.too_large, "{wrong}");
    }
    // What a message says of itself goes into the record shortened, and writes no line there.
    let mut spec = scene.about("zoe@acme.test", "1");
    spec.status.code = "urn:x:Responder".to_owned();
    spec.status.message = Some(format!("no\n{}", "x".repeat(5_000)));
    refused(scene.post(&Browser::default(), "acme", &spec).await);
    let attempt = scene.attempt().await;
    assert_eq!(attempt.code.as_deref(), Some("idp_status"));
    let got = attempt.got.unwrap();
    assert!(got.len() < 2_000 && !got.contains('\n'), "{}", got.len());
}

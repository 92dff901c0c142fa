//! Single logout.

use lychgate_core::{
    connection::SloEndpoint,
    event::EventKind,
    ids::UserId,
    ports::Sessions,
    sessions,
    sign_in::{
        logout::{self, Incoming, LoggedOut},
        outgoing::Outgoing,
        refusal::{Refusal, Who},
    },
};
use lychgate_idp::{Digest, logout as sent, markup::Prefixes, redirect, response::NameId};
use lychgate_saml::binding::Parameter;
use lychgate_testkit::{build, world::BASE_URL};

use crate::scene::{Browser, Scene, idp, settings, signed_in};

const SLO: &str = "https://idp.example/slo";

async fn scene() -> Scene {
    Scene::with(|settings| {
        let known = settings.idp.as_mut().unwrap();
        let answers = Some("https://idp.example/slo/answers".to_owned());
        known.slo_redirect =
            Some(SloEndpoint { location: SLO.to_owned(), response_location: answers });
    })
    .await
}

fn request(scene: &Scene, domain: &str, name_id: &str, sessions: &[&str]) -> sent::LogoutRequest {
    use lychgate_core::ctx::World;
    sent::LogoutRequest {
        envelope: sent::Envelope {
            prefixes: Prefixes::COMMON,
            id: "_lr1".to_owned(),
            issue_instant: scene.world.now().rfc3339(),
            destination: Some(format!("{BASE_URL}/saml/logout/{domain}")),
            issuer: scene.idp.entity_id.clone(),
        },
        name_id: NameId {
            value: name_id.to_owned(),
            format: None,
            name_qualifier: None,
            sp_name_qualifier: None,
        },
        session_indexes: sessions.iter().map(|index| (*index).to_owned()).collect(),
        not_on_or_after: None,
    }
}

async fn by_redirect(
    scene: &Scene,
    domain: &str,
    message: &sent::LogoutRequest,
    key: usize,
) -> Result<LoggedOut, Refusal> {
    let signer = idp(&scene.idp.entity_id, key);
    let xml = message.xml(None).unwrap();
    let key = Some((signer.key().unwrap(), Digest::Sha256));
    let query = redirect::query("SAMLRequest", &xml, Some("their state"), key).unwrap();
    receive(scene, domain, Incoming::Redirect(&query)).await
}

async fn receive(
    scene: &Scene,
    domain: &str,
    incoming: Incoming<'_>,
) -> Result<LoggedOut, Refusal> {
    let ctx = scene.world.ctx();
    logout::receive(&ctx, &scene.store, &scene.outside, domain, incoming, None).await
}

async fn count(scene: &Scene, user: UserId) -> usize {
    let ctx = scene.world.ctx();
    scene.store.sessions_of(&ctx, &scene.acme.id, user).await.unwrap().len()
}

#[tokio::test]
async fn the_idp_ends_the_sessions_that_it_names_and_gets_its_answer() {
    let scene = scene().await;
    let zoe = scene.sign_in("zoe@acme.test").await.unwrap().cookie.user;
    scene.sign_in("zoe@acme.test").await.unwrap();
    let ada = scene.sign_in("ada@acme.test").await.unwrap().cookie.user;
    assert_eq!((count(&scene, zoe).await, count(&scene, ada).await), (2, 1));
    let none = request(&scene, "acme", "zoe@acme.test", &["_s-unknown"]);
    let done = by_redirect(&scene, "acme", &none, 0).await.unwrap();
    let LoggedOut::Ended { sessions, .. } = done else { panic!("{done:?}") };
    assert_eq!(sessions, []);
    let done = by_redirect(&scene, "acme", &request(&scene, "acme", "zoe@acme.test", &[]), 0).await;
    let LoggedOut::Ended { sessions, answer, .. } = done.unwrap() else { panic!() };
    assert_eq!(sessions.len(), 2);
    assert_eq!((count(&scene, zoe).await, count(&scene, ada).await), (0, 1));
    assert_eq!(scene.events(&scene.acme.id, EventKind::MemberSessionsEnded).await, 1);
    let Some(Outgoing::Redirect(to)) = answer else { panic!("{answer:?}") };
    let (to, query) = to.split_once('?').unwrap();
    assert_eq!(to, "https://idp.example/slo/answers");
    assert_eq!(redirect::parameter(query, "RelayState").as_deref(), Some("their state"));
    assert!(redirect::parameter(query, "Signature").is_some());
    let xml = redirect::inflated(&redirect::parameter(query, "SAMLResponse").unwrap()).unwrap();
    assert!(xml.contains("InResponseTo=\"_lr1\"") && xml.contains(":Success"), "{xml}");
}

#[tokio::test]
async fn a_session_is_found_by_a_name_id_that_is_no_user_name_and_by_its_index() {
    let scene = scene().await;
    let mut users = Vec::new();
    for id in ["1", "2"] {
        let spec = scene.about("opaque-1", id).attribute("Email", "zoe@acme.test");
        let done = signed_in(scene.post(&Browser::default(), "acme", &spec).await).unwrap();
        users.push(done.cookie.user);
    }
    let one = request(&scene, "acme", "opaque-1", &["_s-1"]);
    by_redirect(&scene, "acme", &one, 0).await.unwrap();
    assert_eq!(count(&scene, users[0]).await, 1);
    let rest = request(&scene, "acme", "opaque-1", &[]);
    let signer = scene.idp.key().unwrap();
    let xml = rest.xml(Some(scene.about("x", "x").signer(signer))).unwrap();
    let value = sent::post_value(&xml);
    let incoming = Incoming::Post { parameter: Parameter::Request, value: &value };
    let done = receive(&scene, "acme", incoming).await.unwrap();
    let LoggedOut::Ended { sessions, answer, .. } = done else { panic!("{done:?}") };
    assert_eq!(sessions.len(), 1);
    assert!(matches!(answer, Some(Outgoing::Redirect(_))), "by the binding that there is");
    assert_eq!(count(&scene, users[0]).await, 0);
}

#[tokio::test]
async fn nothing_ends_by_a_message_that_the_idp_did_not_sign_for_this_organization() {
    let scene = scene().await;
    let beta = build::Acme::new(&scene.world, "beta").organization;
    let beta = scene.organization(beta).await;
    let connection = scene.connection(|connection| connection.live = Some(settings(&scene.idp)));
    scene.connect(&beta, connection).await;
    let zoe = scene.sign_in("zoe@acme.test").await.unwrap().cookie.user;
    let good = request(&scene, "acme", "zoe@acme.test", &[]);
    // Another key; another organization's address; no signature at all; too old.
    by_redirect(&scene, "acme", &good, 1).await.unwrap_err();
    by_redirect(&scene, "beta", &good, 0).await.unwrap_err();
    let elsewhere = request(&scene, "beta", "zoe@acme.test", &[]);
    by_redirect(&scene, "acme", &elsewhere, 0).await.unwrap_err();
    let done = by_redirect(&scene, "beta", &elsewhere, 0).await.unwrap();
    assert!(matches!(done, LoggedOut::Ended { sessions, .. } if sessions.is_empty()));
    let xml = good.xml(None).unwrap();
    let query = redirect::query("SAMLRequest", &xml, None, None).unwrap();
    let refusal = receive(&scene, "acme", Incoming::Redirect(&query)).await.unwrap_err();
    assert_eq!(refusal.who, Who::Administrator);
    let value = sent::post_value(&xml);
    let incoming = Incoming::Post { parameter: Parameter::Request, value: &value };
    receive(&scene, "acme", incoming).await.unwrap_err();
    scene.world.advance_secs(3_600);
    by_redirect(&scene, "acme", &good, 0).await.unwrap_err();
    assert_eq!(count(&scene, zoe).await, 1);
}

#[tokio::test]
async fn we_ask_the_idp_when_its_metadata_offers_that() {
    let scene = scene().await;
    let ctx = scene.world.ctx();
    let done = scene.sign_in("zoe@acme.test").await.unwrap();
    let cookie = done.cookie.text();
    let found = sessions::current(&ctx, &scene.store, &scene.acme.id, &cookie).await.unwrap();
    let (session, _) = found.unwrap();
    let asked =
        logout::begin(&ctx, &scene.store, &scene.outside, &scene.acme.id, &session, None).await;
    let Some(Outgoing::Redirect(to)) = asked.unwrap() else { panic!("no redirect") };
    let (to, query) = to.split_once('?').unwrap();
    assert_eq!(to, SLO);
    assert!(redirect::parameter(query, "Signature").is_some());
    let xml = redirect::inflated(&redirect::parameter(query, "SAMLRequest").unwrap()).unwrap();
    assert!(xml.contains(">zoe@acme.test</saml:NameID>"), "{xml}");
    assert!(xml.contains("<samlp:SessionIndex"), "{xml}");
    // The answer is a page, whatever it says.
    let answer = sent::LogoutResponse {
        envelope: request(&scene, "acme", "x", &[]).envelope,
        in_response_to: Some("_1".to_owned()),
        status: "urn:oasis:names:tc:SAML:2.0:status:Responder".to_owned(),
    };
    let query = redirect::query("SAMLResponse", &answer.xml(None).unwrap(), None, None).unwrap();
    let done = receive(&scene, "acme", Incoming::Redirect(&query)).await.unwrap();
    assert!(matches!(done, LoggedOut::Answered { .. }));
    scene
        .reconnect(|connection| {
            connection.live.as_mut().unwrap().idp.as_mut().unwrap().slo_redirect = None;
        })
        .await;
    let asked =
        logout::begin(&ctx, &scene.store, &scene.outside, &scene.acme.id, &session, None).await;
    assert_eq!(asked.unwrap(), None);
}

#[tokio::test]
async fn our_metadata_names_what_an_idp_needs() {
    use lychgate_core::{connection::EntityIdChoice, sign_in::sp_metadata};
    let scene = scene().await;
    let certificate = scene.key_pair().await;
    let ctx = scene.world.ctx();
    let of = async |choice| {
        sp_metadata::of_organization(&ctx, &scene.store, "acme", choice).await.unwrap()
    };
    let own = of(EntityIdChoice::Organization).await;
    assert!(own.contains(&format!("entityID=\"{BASE_URL}/saml/metadata/acme\"")), "{own}");
    assert!(own.contains(&format!("Location=\"{BASE_URL}/saml/consume/acme\"")), "{own}");
    assert!(own.contains(&format!("Location=\"{BASE_URL}/saml/logout/acme\"")), "{own}");
    let pem = lychgate_saml::certificate::Certificate::from_der(&certificate).unwrap().base64();
    assert!(own.contains(&pem));
    let shared = of(EntityIdChoice::Shared).await;
    assert!(shared.contains(&format!("entityID=\"{BASE_URL}/saml/metadata\"")), "{shared}");
    assert!(shared.contains("/saml/consume/acme\""), "{shared}");
    let nobodys = sp_metadata::shared(&ctx);
    assert!(nobodys.contains("/saml/consume/%7Bdomain%7D\""), "{nobodys}");
    let refusal =
        sp_metadata::of_organization(&ctx, &scene.store, "x", EntityIdChoice::Shared).await;
    assert_eq!(refusal.unwrap_err().who, Who::Developer);
}

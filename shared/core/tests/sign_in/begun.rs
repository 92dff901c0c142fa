//! How a sign-in begins.

use lychgate_core::{
    ids::ConnectionId,
    ports::outside::Signer,
    ports::{SignIns, outside::SigningKey},
    session::{FLOW_SECS, FlowPurpose},
    sign_in::{outgoing::Outgoing, refusal::Who},
};
use lychgate_idp::authn_request;
use lychgate_testkit::world::BASE_URL;

use crate::scene::{BACK, CHALLENGE, Scene, idp, settings};

fn redirect(outgoing: &Outgoing) -> (&str, &str) {
    match outgoing {
        Outgoing::Redirect(to) => to.split_once('?').unwrap(),
        Outgoing::Form(_) => panic!("a form"),
    }
}

#[tokio::test]
async fn the_request_asks_the_idp_to_answer_at_this_organization() {
    let scene = Scene::new().await;
    let started = scene.start("acme", &[]).await.unwrap();
    let (to, query) = redirect(&started.outgoing);
    assert_eq!(to, "https://idp.example/sso");
    let request = authn_request::from_query(query).unwrap();
    assert_eq!(request.id, format!("_{}", started.flow.bare()));
    assert_eq!(request.issuer, format!("{BASE_URL}/saml/metadata/acme"));
    assert_eq!(request.acs_url.as_deref(), Some(&*format!("{BASE_URL}/saml/consume/acme")));
    assert!(!request.force_authn);
    assert_eq!(request.relay_state, None);
    let ctx = scene.world.ctx();
    let flow = scene.store.flow(&ctx, &scene.acme.id, &started.flow).await.unwrap().unwrap();
    assert!(flow.browser.matches(started.secret.as_bytes()));
    assert_eq!(flow.purpose, FlowPurpose::SignIn(None));
    scene.world.advance_secs(FLOW_SECS);
    let ctx = scene.world.ctx();
    assert_eq!(scene.store.flow(&ctx, &scene.acme.id, &started.flow).await.unwrap(), None);
}

#[tokio::test]
async fn an_applications_request_is_remembered_and_checked() {
    let scene = Scene::new().await;
    let application = scene.application(None).await;
    let id = application.id.to_string();
    let mut query = vec![
        ("client_id", id.as_str()),
        ("response_type", "code"),
        ("redirect_uri", BACK),
        ("scope", "openid"),
        ("state", "s&1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("prompt", "login"),
    ];
    let started = scene.start("acme", &query).await.unwrap();
    let (_, raw) = redirect(&started.outgoing);
    assert!(authn_request::from_query(raw).unwrap().force_authn);
    let ctx = scene.world.ctx();
    let flow = scene.store.flow(&ctx, &scene.acme.id, &started.flow).await.unwrap().unwrap();
    let FlowPurpose::SignIn(Some(request)) = flow.purpose else { panic!("no request") };
    assert_eq!(request.state.as_deref(), Some("s&1"));
    assert_eq!(request.fresh_within_secs, Some(0));
    for (at, wrong) in [(2, "https://evil.example/"), (0, "app-000000000000"), (6, "plain")] {
        let right = std::mem::replace(&mut query[at].1, wrong);
        let refusal = scene.start("acme", &query).await.unwrap_err();
        assert_eq!(refusal.who, Who::Developer, "{wrong}");
        query[at].1 = right;
    }
}

#[tokio::test]
async fn who_wants_the_settings_is_remembered_and_nothing_else_is() {
    let scene = Scene::new().await;
    let application = scene.application(None).await.id.to_string();
    let asked = [
        ("client_id", application.as_str()),
        ("response_type", "code"),
        ("redirect_uri", BACK),
        ("scope", "openid"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("to", "settings"),
    ];
    for (query, wanted) in [
        (&[("to", "settings")][..], "settings"),
        (&[("to", "settings"), ("to", "https://evil.example/")], "settings"),
        (&[("to", "https://evil.example/")], "page"),
        (&[("to", "//evil.example")], "page"),
        (&[("to", "/settings/org-0000000000000000")], "page"),
        (&[("to", "Settings")], "page"),
        (&[("to", "")], "page"),
        (&asked, "application"),
    ] {
        let started = scene.start("acme", query).await.unwrap();
        let ctx = scene.world.ctx();
        let flow = scene.store.flow(&ctx, &scene.acme.id, &started.flow).await.unwrap().unwrap();
        let purpose = match flow.purpose {
            FlowPurpose::Settings => "settings",
            FlowPurpose::SignIn(None) => "page",
            FlowPurpose::SignIn(Some(_)) => "application",
            FlowPurpose::Test => "test",
        };
        assert_eq!(purpose, wanted, "{query:?}");
    }
}

#[test]
fn flows_that_were_begun_before_are_still_read() {
    for (text, purpose) in [
        ("{\"sign_in\":null}", FlowPurpose::SignIn(None)),
        ("\"test\"", FlowPurpose::Test),
        ("\"settings\"", FlowPurpose::Settings),
    ] {
        assert_eq!(serde_json::from_str::<FlowPurpose>(text).unwrap(), purpose);
        assert_eq!(serde_json::to_string(&purpose).unwrap(), text);
    }
}

#[tokio::test]
async fn it_is_signed_when_either_side_wants_that_and_posted_when_that_is_chosen() {
    let scene = Scene::with(|settings| {
        settings.policy.sign_requests = true;
        settings.policy.request_by_post = true;
    })
    .await;
    let started = scene.start("acme", &[]).await.unwrap();
    let Outgoing::Form(form) = &started.outgoing else { panic!("no form") };
    assert_eq!(form.action, "https://idp.example/post");
    assert_eq!(form.fields.len(), 1, "no RelayState: {:?}", form.fields);
    let request = authn_request::from_form(&form.fields[0].1, None).unwrap();
    assert_eq!(request.id, format!("_{}", started.flow.bare()));
    scene
        .reconnect(|connection| {
            let live = connection.live.as_mut().unwrap();
            live.policy.sign_requests = false;
            live.policy.request_by_post = false;
            live.idp.as_mut().unwrap().wants_signed_requests = true;
        })
        .await;
    let started = scene.start("acme", &[]).await.unwrap();
    let (_, query) = redirect(&started.outgoing);
    assert!(query.contains("&SigAlg=") && query.contains("&Signature="), "{query}");
    // The key that signed is the one that is published.
    let ctx = scene.world.ctx();
    assert_eq!(scene.outside.public_keys(&ctx, SigningKey::Saml).await.unwrap().len(), 1);
}

#[tokio::test]
async fn among_several_connections_the_one_that_is_named_or_the_first_that_is_live() {
    let scene = Scene::new().await;
    let other = idp("https://other.example/", 1);
    let second = scene.connection(|connection| {
        connection.live = Some(settings(&other));
        connection.live.as_mut().unwrap().idp.as_mut().unwrap().sso_redirect =
            Some("https://other.example/sso".to_owned());
    });
    let second = scene.connect(&scene.acme, second).await;
    let draft = scene.connection(|connection| connection.draft = Some(settings(&other)));
    let draft = scene.connect(&scene.acme, draft).await;
    let first = scene.start("acme", &[]).await.unwrap();
    let expected = match second.id < scene.acme_connection.id {
        true => "https://other.example/sso",
        false => "https://idp.example/sso",
    };
    assert_eq!(redirect(&first.outgoing).0, expected);
    let id = second.id.to_string();
    let named = scene.start("acme", &[("connection", &id)]).await.unwrap();
    assert_eq!(redirect(&named.outgoing).0, "https://other.example/sso");
    let nobody = ConnectionId::new(&scene.world).to_string();
    for wrong in [draft.id.to_string(), nobody, "x".to_owned()] {
        let refusal = scene.start("acme", &[("connection", &wrong)]).await.unwrap_err();
        assert_eq!(refusal.who, Who::Developer, "{wrong}");
    }
}

#[tokio::test]
async fn an_address_where_nothing_is_set_up_says_so_whatever_the_reason() {
    let scene = Scene::new().await;
    let bare = lychgate_testkit::build::Acme::new(&scene.world, "bare").organization;
    scene.organization(bare).await;
    let refusals = [
        scene.start("bare", &[]).await.unwrap_err(),
        scene.start("nobody", &[]).await.unwrap_err(),
        scene.start("no domain!", &[]).await.unwrap_err(),
    ];
    for refusal in &refusals {
        assert_eq!(refusal, &refusals[0]);
        assert_eq!(refusal.who, Who::Developer);
    }
    scene.lapse().await;
    let refusal = scene.start("acme", &[]).await.unwrap_err();
    assert_eq!(refusal.who, Who::Administrator);
    assert!(refusal.sentence.contains("licence"), "{refusal:?}");
}

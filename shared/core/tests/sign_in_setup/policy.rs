//! S9: the organization's sign-in policy; S11: the attempt log as it is read.

use lychgate_core::{
    attempt::{Attempt, AttemptOutcome},
    ids::AttemptId,
    operator::{
        RefusalKind::{Conflict, Invalid, NotFound},
        attempts,
        sign_in_policy::{self, Update},
    },
    organization::EMAIL_DOMAINS_MAX,
    ports::{Attempts, EmailDomains},
};

use super::*;

async fn domains(scene: &Scene, domain: &str, texts: &[&str]) -> Result<Organization, Refusal> {
    let update = Update { email_domains: Some(texts.to_vec()), ..Update::default() };
    sign_in_policy::update(&scene.ctx(), &scene.store, domain, &update).await
}

#[tokio::test]
async fn an_email_domain_leads_to_one_organization() {
    let scene = Scene::new().await;
    let ctx = scene.ctx();
    let new = New { domain: "beta", name: "Beta" };
    organizations::create(&ctx, &scene.store, &new).await.unwrap();
    let acme = domains(&scene, DOMAIN, &[" Acme.Example ", "acme.example"]).await.unwrap();
    assert_eq!(acme.sign_in.email_domains, ["acme.example"]);
    let found = scene.store.by_email_domain(&ctx, "acme.example").await.unwrap();
    assert_eq!(found, Some(acme.id));
    assert_eq!(refused(domains(&scene, "beta", &["ACME.example"]).await).0, Conflict);
    domains(&scene, DOMAIN, &[]).await.unwrap();
    domains(&scene, "beta", &["acme.example"]).await.unwrap();
    let long = format!("{}.example", "a".repeat(64));
    for bad in
        ["", "acme", "@acme.example", "a b.example", "-a.example", "a..example", "ä.example", &long]
    {
        let got = domains(&scene, DOMAIN, &[bad]).await;
        assert_eq!(refused(got), (Invalid, "email_domains".to_owned()), "{bad}");
    }
    let many: Vec<String> = (0..=EMAIL_DOMAINS_MAX).map(|n| format!("a{n}.example")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(refused(domains(&scene, DOMAIN, &many).await).0, Invalid);
}

#[tokio::test]
async fn the_policy_is_changed_with_an_event_and_only_when_it_changes() {
    let scene = Scene::new().await;
    let update = Update { password: Some(true), email_domains: None };
    for _ in 0..2 {
        let after = sign_in_policy::update(&scene.ctx(), &scene.store, DOMAIN, &update).await;
        assert!(after.unwrap().sign_in.password);
    }
    let history = scene.history().await;
    assert_eq!(history.len(), 3, "{history:?}");
    assert_eq!(history[2].kind, "sign_in_policy.updated");
    assert_eq!(history[2].data["password"]["after"], true);
    assert!(!history[2].data.contains_key("email_domains"));
}

#[tokio::test]
async fn attempts_come_newest_first_in_pages() {
    let scene = Scene::new().await;
    let (ctx, acme) = (scene.ctx(), scene.organization().await.id);
    let mut ids = Vec::new();
    for _ in 0..5 {
        scene.world.advance_secs(1);
        let attempt = Attempt {
            id: AttemptId::new(scene.world.now(), &scene.world),
            at: scene.world.now(),
            request_id: "r".to_owned(),
            outcome: AttemptOutcome::Rejected,
            method: "saml",
            connection: None,
            user: None,
            subject: Some("ada@example.com".to_owned()),
            code: Some("bad_audience".to_owned()),
            detail: None,
            want: None,
            got: None,
            facts: serde_json::Map::new(),
        };
        ids.insert(0, attempt.id);
        scene.store.record_attempt(&ctx, &acme, &attempt).await;
    }
    let (mut cursor, mut read) = (None, Vec::new());
    loop {
        let page =
            attempts::list(&ctx, &scene.store, DOMAIN, cursor.as_deref(), Some(2)).await.unwrap();
        read.extend(page.items.iter().map(|attempt| attempt.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(read, ids);
    let one = attempts::read(&ctx, &scene.store, DOMAIN, &ids[0].to_string()).await.unwrap();
    assert_eq!(one.code.as_deref(), Some("bad_audience"));
    let none = attempts::read(&ctx, &scene.store, DOMAIN, "x").await;
    assert_eq!(refused(none), (NotFound, "attempt".to_owned()));
}

//! S10: the operator's applications.

use lychgate_core::{
    application::{APPLICATIONS_MAX, REDIRECT_URIS_MAX},
    credential::parse_client_secret,
    operator::{
        RefusalKind::{Conflict, Invalid, NotFound},
        applications::{self, Addresses, New, Update},
    },
    organization::CLIENT_SECRETS_MAX,
};

use super::*;

fn redirects(uris: &[&'static str]) -> Addresses<'static> {
    Addresses { redirect_uris: Some(uris.to_vec()), ..Addresses::default() }
}

fn new() -> New<'static> {
    New { name: "Doors", addresses: redirects(&["https://app.example/cb"]), ..New::default() }
}

#[tokio::test]
async fn a_secret_is_seen_once_and_only_its_hash_is_kept() {
    let scene = Scene::new().await;
    let ctx = scene.ctx();
    let created = applications::create(&ctx, &scene.store, &new()).await.unwrap();
    let (secret, text) = created.secret.unwrap();
    let (id, bare) = parse_client_secret(&text).unwrap();
    assert!(secret.id == id && secret.hash.matches(bare.as_bytes()));
    let read = applications::read(&ctx, &scene.store, &created.application.id.to_string()).await;
    assert_eq!(read.unwrap(), created.application);
    assert!(!format!("{:?}", created.application).contains(bare));
}

#[tokio::test]
async fn a_confidential_client_never_becomes_a_public_one() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    let created = applications::create(&ctx, store, &new()).await.unwrap();
    let id = created.application.id.to_string();
    let first = created.secret.unwrap().0.id.to_string();
    let retire = async |secret: &str| applications::retire_secret(&ctx, store, &id, secret).await;
    assert_eq!(refused(retire(&first).await).0, Conflict);
    for _ in 1..CLIENT_SECRETS_MAX {
        applications::add_secret(&ctx, store, &id, None).await.unwrap();
    }
    assert_eq!(refused(applications::add_secret(&ctx, store, &id, None).await).0, Conflict);
    retire(&first).await.unwrap();
    assert_eq!(refused(retire(&first).await), (NotFound, "secret".to_owned()));
    // A public one is made so, and has none.
    let public = New { is_public: true, ..new() };
    let created = applications::create(&ctx, store, &public).await.unwrap();
    assert!(created.secret.is_none() && created.application.secrets.is_empty());
    let both = New { secret_expires: Some(ctx.now().plus_secs(60)), ..public };
    let got = applications::create(&ctx, store, &both).await;
    assert_eq!(refused(got), (Invalid, "secret_expires".to_owned()));
}

#[tokio::test]
async fn addresses_are_checked_one_by_one_and_kept_as_they_are() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    let nowhere = New { addresses: Addresses::default(), ..new() };
    for new in [nowhere, New { addresses: redirects(&[]), ..new() }] {
        let got = applications::create(&ctx, store, &new).await;
        assert_eq!(refused(got), (Invalid, "redirect_uris".to_owned()));
    }
    let id = applications::create(&ctx, store, &new()).await.unwrap().application.id.to_string();
    let change = async |addresses: Addresses<'_>| {
        let update = Update { name: None, addresses };
        applications::update(&ctx, store, &id, &update).await
    };
    let wild = change(redirects(&["https://app.example/cb", "https://*.example/"])).await;
    assert_eq!(refused(wild), (Invalid, "redirect_uris".to_owned()));
    let many: Vec<String> = (0..=REDIRECT_URIS_MAX).map(|n| format!("https://a/{n}")).collect();
    let many = many.iter().map(String::as_str).collect();
    let many = change(Addresses { redirect_uris: Some(many), ..Addresses::default() }).await;
    assert_eq!(refused(many).0, Invalid);
    let back = Addresses {
        back_channel_logout_uri: Some(Some("http://app.example/logout")),
        ..Addresses::default()
    };
    assert_eq!(refused(change(back).await), (Invalid, "back_channel_logout_uri".to_owned()));
    let addresses = Addresses {
        redirect_uris: Some(vec!["http://127.0.0.1:3000/cb", "https://App.example/CB?x=%20"]),
        post_logout_redirect_uris: Some(vec!["https://app.example/"]),
        initiate_login_uri: Some(Some("https://app.example/login")),
        back_channel_logout_uri: Some(Some("https://app.example/logout")),
    };
    let kept = change(addresses).await.unwrap();
    assert_eq!(kept.redirect_uris[1], "https://App.example/CB?x=%20");
    assert_eq!((kept.version, kept.initiate_login_uri.is_some()), (2, true));
    let none = Addresses { initiate_login_uri: Some(None), ..Addresses::default() };
    assert_eq!(change(none).await.unwrap().initiate_login_uri, None);
}

#[tokio::test]
async fn there_is_a_most_of_applications_and_a_deleted_one_is_gone() {
    let scene = Scene::new().await;
    let (ctx, store) = (scene.ctx(), &scene.store);
    for _ in 0..APPLICATIONS_MAX {
        applications::create(&ctx, store, &new()).await.unwrap();
    }
    assert_eq!(refused(applications::create(&ctx, store, &new()).await).0, Conflict);
    let id = applications::list(&ctx, store).await.unwrap()[0].id.to_string();
    applications::delete(&ctx, store, &id).await.unwrap();
    let again = applications::delete(&ctx, store, &id).await;
    assert_eq!(refused(again), (NotFound, "application".to_owned()));
    applications::create(&ctx, store, &new()).await.unwrap();
}

//! The token endpoint and userinfo.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use lychgate_core::{
    ctx::World,
    oidc::{userinfo, wire::GrantText},
    ports::{Applications, Grants, Organizations, Sessions, outside::SigningKey},
    session::{CODE_SECS, GrantState, SESSION_APPLICATIONS_MAX, USERINFO_TOKEN_SECS},
};
use lychgate_testkit::{Fault, outside::Part};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::scene::{Scene, application, code_of, event, nobody, saml};

async fn userinfo(scene: &Scene, token: &str) -> Option<Value> {
    let claims = userinfo::claims(&scene.world.ctx(), &scene.store, token).await.unwrap();
    claims.map(Value::Object)
}

#[tokio::test]
async fn a_code_becomes_an_id_token_that_says_who_and_where() {
    let scene = Scene::new().await;
    let (session, code) = scene.code().await;
    scene.world.advance_secs(CODE_SECS - 1);
    let issued = scene.redeem(&code, &[]).await.unwrap();
    assert_eq!(
        (issued.expires_in, issued.scope.as_str()),
        (USERINFO_TOKEN_SECS, "openid profile email")
    );
    let (header, claims) = scene.claims(&issued.id_token).await;
    assert_eq!((header["alg"].as_str(), header["typ"].as_str()), (Some("ES256"), Some("JWT")));
    let now = scene.world.now().unix_secs();
    let digest = Sha256::digest(issued.access_token.as_bytes());
    for (name, value) in [
        ("iss", scene.world.ctx().base_url.into()),
        ("sub", scene.ada.id.to_string().into()),
        ("aud", scene.public.id.to_string().into()),
        ("azp", scene.public.id.to_string().into()),
        ("iat", now.into()),
        ("exp", (now + 3_600).into()),
        ("auth_time", session.authenticated.unix_secs().into()),
        ("nonce", "n-1".into()),
        ("sid", session.id.to_string().into()),
        ("amr", serde_json::json!(["pwd"])),
        ("at_hash", BASE64_URL_SAFE_NO_PAD.encode(&digest[..16]).into()),
        ("email", "ada@acme.test".into()),
        ("email_verified", false.into()),
        ("name", "Ada Lovelace".into()),
        ("given_name", "Ada".into()),
        ("family_name", "Lovelace".into()),
        ("preferred_username", "ada@acme.test".into()),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    assert_eq!(claims["organization"]["id"], scene.acme.id.to_string());
    assert_eq!(claims["organization"]["domain"], "acme");
    let known = lychgate_core::oidc::discovery::CLAIMS;
    for name in claims.as_object().unwrap().keys() {
        assert!(known.contains(&name.as_str()), "{name} is not announced");
    }
    let info = userinfo(&scene, &issued.access_token).await.unwrap();
    assert_eq!(info["sub"], claims["sub"]);
    assert_eq!(info["email"], "ada@acme.test");
    assert!(info.get("sid").is_none());
}

#[tokio::test]
async fn an_address_is_verified_only_in_a_domain_that_the_operator_gave() {
    let scene = Scene::new().await;
    let ctx = scene.world.ctx();
    let mut after = scene.acme.clone();
    after.version += 1;
    after.sign_in.email_domains = vec!["acme.test".to_owned()];
    let event = event(&scene.ada);
    assert!(scene.store.update_organization(&ctx, &scene.acme, &after, &event).await.unwrap());
    let (_, code) = scene.code().await;
    let issued = scene.redeem(&code, &[]).await.unwrap();
    assert_eq!(scene.claims(&issued.id_token).await.1["email_verified"], true);
}

#[tokio::test]
async fn scopes_decide_what_is_told() {
    let scene = Scene::new().await;
    let (session, _) = scene.session(&scene.acme, &scene.ada, saml()).await;
    let mut request = scene.request(&scene.public, &[]);
    request.scope = vec!["openid".to_owned()];
    request.nonce = None;
    let ctx = scene.world.ctx();
    let (grant, code) =
        lychgate_core::oidc::authorize::new_grant(&ctx, &scene.acme.id, &request, &session);
    scene.store.put_grant(&ctx, &scene.acme.id, &grant).await.unwrap();
    let issued = scene.redeem(&code, &[]).await.unwrap();
    let (_, claims) = scene.claims(&issued.id_token).await;
    assert_eq!(claims["amr"], serde_json::json!(["saml"]));
    for absent in ["email", "name", "preferred_username", "nonce"] {
        assert!(claims.get(absent).is_none(), "{absent}");
    }
    let info = userinfo(&scene, &issued.access_token).await.unwrap();
    assert_eq!(info.as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn a_code_is_bound_to_everything_it_was_made_for() {
    let scene = Scene::new().await;
    let confidential = scene.confidential.id.to_string();
    let (secret, public) = (scene.secrets[0].as_str(), scene.public.id.to_string());
    let other_verifier = "x".repeat(43);
    for (replace, error) in [
        (&[("redirect_uri", "https://app.example/back/")][..], "invalid_grant"),
        (&[("code_verifier", &other_verifier)], "invalid_grant"),
        (&[("client_id", &confidential), ("client_secret", secret)], "invalid_grant"),
        (&[("grant_type", "")], "invalid_request"),
        (&[("grant_type", "password")], "unsupported_grant_type"),
        (&[("redirect_uri", "")], "invalid_request"),
        (&[("code_verifier", "")], "invalid_request"),
        (&[("code_verifier", "short")], "invalid_request"),
        (&[("code", "")], "invalid_request"),
        (&[("code", "lygc_x")], "invalid_grant"),
        (&[("client_id", "")], "invalid_client"),
        (&[("client_id", "app-zzzzzzzzzzzz")], "invalid_client"),
        (&[("client_id", "nobody")], "invalid_client"),
        (&[("client_secret", secret)], "invalid_client"),
    ] {
        let (_, code) = scene.code().await;
        assert_eq!(code_of(scene.redeem(&code, replace).await), error, "{replace:?}");
        // None of it has used the code up.
        assert!(scene.redeem(&code, &[]).await.is_ok(), "{replace:?}");
    }
    let (_, code) = scene.code().await;
    let mut twice = scene.form(&code, &[]);
    twice.push(("client_id".to_owned(), public));
    assert_eq!(code_of(scene.send(None, &twice).await), "invalid_request");
}

#[tokio::test]
async fn a_code_of_one_organization_is_nothing_at_another() {
    let scene = Scene::new().await;
    let (_, code) = scene.code().await;
    let elsewhere = code.replacen(scene.acme.id.bare(), scene.other.id.bare(), 1);
    assert_eq!(code_of(scene.redeem(&elsewhere, &[]).await), "invalid_grant");
    let nowhere = code.replacen(scene.acme.id.bare(), nobody().bare(), 1);
    assert_eq!(code_of(scene.redeem(&nowhere, &[]).await), "invalid_grant");
    let issued = scene.redeem(&code, &[]).await.unwrap();
    let (_, claims) = scene.claims(&issued.id_token).await;
    assert_eq!(claims["sub"], scene.ada.id.to_string());
    let elsewhere = issued.access_token.replacen(scene.acme.id.bare(), scene.other.id.bare(), 1);
    assert_eq!(userinfo(&scene, &elsewhere).await, None);
    let (_, code) = scene.code_for(&scene.public, &scene.other, &scene.eve).await;
    let issued = scene.redeem(&code, &[]).await.unwrap();
    let (_, claims) = scene.claims(&issued.id_token).await;
    assert_eq!(claims["organization"]["id"], scene.other.id.to_string());
    assert_eq!(claims["sub"], scene.eve.id.to_string());
}

#[tokio::test]
async fn a_code_ends_after_a_minute() {
    let scene = Scene::new().await;
    let (_, code) = scene.code().await;
    scene.world.advance_secs(CODE_SECS);
    assert_eq!(code_of(scene.redeem(&code, &[]).await), "invalid_grant");
}

#[tokio::test]
async fn a_second_redemption_takes_the_token_with_it() {
    let scene = Scene::new().await;
    let (_, code) = scene.code().await;
    let issued = scene.redeem(&code, &[]).await.unwrap();
    assert!(userinfo(&scene, &issued.access_token).await.is_some());
    // Another application learns nothing and ends nothing.
    let confidential = scene.confidential.id.to_string();
    let theirs = [("client_id", confidential.as_str()), ("client_secret", &scene.secrets[0])];
    assert_eq!(code_of(scene.redeem(&code, &theirs).await), "invalid_grant");
    assert!(userinfo(&scene, &issued.access_token).await.is_some());
    assert_eq!(code_of(scene.redeem(&code, &[]).await), "invalid_grant");
    assert_eq!(userinfo(&scene, &issued.access_token).await, None);
    assert_eq!(code_of(scene.redeem(&code, &[]).await), "invalid_grant");
}

#[tokio::test]
async fn of_many_redemptions_at_once_at_most_one_succeeds() {
    let scene = Scene::new().await;
    let (_, code) = scene.code().await;
    let all = futures_util::future::join_all((0..20).map(|_| scene.redeem(&code, &[]))).await;
    assert_eq!(all.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(all.into_iter().filter(Result::is_err).all(|error| code_of(error) == "invalid_grant"));
    let text = GrantText::parse_code(&code).unwrap();
    let grant = scene.store.grant(&scene.world.ctx(), &text.organization, &text.id).await.unwrap();
    assert_eq!(grant.unwrap().state, GrantState::Revoked);
}

#[tokio::test]
async fn a_confidential_application_proves_itself_by_any_of_its_secrets() {
    let scene = Scene::new().await;
    let id = scene.confidential.id.to_string();
    for secret in &scene.secrets {
        let (_, code) = scene.code_for(&scene.confidential, &scene.acme, &scene.ada).await;
        let form = scene.form(&code, &[("client_id", &id), ("client_secret", secret)]);
        assert!(scene.send(None, &form).await.is_ok());
        let (_, code) = scene.code_for(&scene.confidential, &scene.acme, &scene.ada).await;
        let header = format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")));
        let form = scene.form(&code, &[("client_id", "")]);
        assert!(scene.send(Some(&header), &form).await.is_ok());
        let both = scene.form(&code, &[("client_id", &id), ("client_secret", secret)]);
        assert_eq!(code_of(scene.send(Some(&header), &both).await), "invalid_request");
    }
    let wrong = scene.secrets[0].replacen(&scene.secrets[0][13..20], &scene.secrets[1][13..20], 1);
    for secret in ["", "wrong", &wrong] {
        let (_, code) = scene.code_for(&scene.confidential, &scene.acme, &scene.ada).await;
        let form = scene.form(&code, &[("client_id", &id), ("client_secret", secret)]);
        assert_eq!(code_of(scene.send(None, &form).await), "invalid_client", "{secret}");
    }
    // One that has ended is none.
    let mut after = scene.confidential.clone();
    after.secrets[0].expires = Some(scene.world.now());
    after.version += 1;
    let ctx = scene.world.ctx();
    scene.store.put_application(&ctx, Some(&scene.confidential), &after).await.unwrap();
    for (secret, error) in [(0, "invalid_client"), (1, "no error")] {
        let (_, code) = scene.code_for(&scene.confidential, &scene.acme, &scene.ada).await;
        let form =
            scene.form(&code, &[("client_id", &id), ("client_secret", &scene.secrets[secret])]);
        assert_eq!(code_of(scene.send(None, &form).await), error);
    }
}

#[tokio::test]
async fn nothing_holds_for_a_member_who_is_suspended_or_whose_session_has_ended() {
    let scene = Scene::new().await;
    let (session, code) = scene.code().await;
    let issued = scene.redeem(&code, &[]).await.unwrap();
    let open = scene.code_of(&scene.public, &scene.acme, &session).await;
    let ctx = scene.world.ctx();
    scene.store.end_sessions(&ctx, &scene.acme.id, &[session], None).await.unwrap();
    assert_eq!(userinfo(&scene, &issued.access_token).await, None);
    assert_eq!(code_of(scene.redeem(&open, &[]).await), "invalid_grant");

    let (session, code) = scene.code().await;
    let issued = scene.redeem(&code, &[]).await.unwrap();
    let open = scene.code_of(&scene.public, &scene.acme, &session).await;
    scene.suspend().await;
    assert_eq!(userinfo(&scene, &issued.access_token).await, None);
    assert_eq!(code_of(scene.redeem(&open, &[]).await), "invalid_grant");
}

#[tokio::test]
async fn an_access_token_ends_by_its_time() {
    let scene = Scene::new().await;
    let (_, code) = scene.code().await;
    let issued = scene.redeem(&code, &[]).await.unwrap();
    scene.world.advance_secs(USERINFO_TOKEN_SECS - 1);
    assert!(userinfo(&scene, &issued.access_token).await.is_some());
    scene.world.advance_secs(1);
    assert_eq!(userinfo(&scene, &issued.access_token).await, None);
    for none in ["", "lygt", code.as_str(), &issued.id_token] {
        assert_eq!(userinfo(&scene, none).await, None);
    }
}

#[tokio::test]
async fn a_session_knows_its_applications_and_forgets_the_first_of_too_many() {
    let scene = Scene::new().await;
    let (mut session, _) = scene.session(&scene.acme, &scene.ada, saml()).await;
    let ctx = scene.world.ctx();
    let mut full = session.clone();
    full.version += 1;
    full.applications =
        (0..SESSION_APPLICATIONS_MAX).map(|_| application(&scene.world, &[]).id).collect();
    scene.store.update_session(&ctx, &scene.acme.id, &session, &full).await.unwrap();
    session = full.clone();
    for _ in 0..2 {
        let code = scene.code_of(&scene.public, &scene.acme, &session).await;
        scene.redeem(&code, &[]).await.unwrap();
    }
    let kept = scene.store.session(&ctx, &scene.acme.id, scene.ada.id, &session.id).await.unwrap();
    let kept = kept.unwrap().applications;
    assert_eq!(kept.len(), SESSION_APPLICATIONS_MAX);
    assert_eq!(kept[..kept.len() - 1], full.applications[1..]);
    assert_eq!(kept.last(), Some(&scene.public.id));
}

#[tokio::test]
async fn a_rotation_keeps_old_tokens_verifiable() {
    let scene = Scene::new().await;
    let (_, code) = scene.code().await;
    let before = scene.redeem(&code, &[]).await.unwrap().id_token;
    scene.outside.rotate(SigningKey::Oidc);
    let (_, code) = scene.code().await;
    let after = scene.redeem(&code, &[]).await.unwrap().id_token;
    let (old, new) = (scene.claims(&before).await.0, scene.claims(&after).await.0);
    assert_ne!(old["kid"], new["kid"]);
}

#[tokio::test]
async fn what_is_away_costs_nobody_the_code() {
    let scene = Scene::new().await;
    let (_, code) = scene.code().await;
    scene.outside.fail(Part::Signer);
    assert_eq!(code_of(scene.redeem(&code, &[]).await), "temporarily_unavailable");
    scene.outside.mend();
    for call in 1..=4 {
        scene.store.strike_call(call, Fault::Before);
        assert_eq!(code_of(scene.redeem(&code, &[]).await), "temporarily_unavailable", "{call}");
        scene.store.heal();
    }
    assert!(scene.redeem(&code, &[]).await.is_ok());
}

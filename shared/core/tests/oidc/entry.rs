//! Where an authorization request leads.

use lychgate_core::{
    ids::ConnectionId,
    oidc::{
        authorize::{AuthorizeError, Name, read},
        entry::{self, Named, Next},
    },
    organization::{LicenceState, Organization},
    ports::Organizations,
    session::{Session, SessionMethod},
    sessions,
};

use crate::scene::{BACK, Scene, event};

async fn lead(
    scene: &Scene,
    organization: &Organization,
    more: &[(&str, &str)],
    session: Option<&Session>,
) -> Next {
    let params = scene.params(&scene.public, more);
    let request = scene.request(&scene.public, more);
    let ctx = scene.world.ctx();
    entry::next(&ctx, &scene.store, &params, &request, organization, session).await.unwrap()
}

fn with(
    organization: &Organization,
    connection: bool,
    password: bool,
    licence: bool,
) -> Organization {
    let mut organization = organization.clone();
    organization.sign_in.password = password;
    if connection {
        organization.sign_in.active_connections =
            vec![ConnectionId::from_bare("01234567").unwrap()];
    }
    if !licence {
        organization.licence.state = LicenceState::Expired;
    }
    organization
}

#[tokio::test]
async fn the_organization_decides_how_people_sign_in() {
    let scene = Scene::new().await;
    for (connection, password, licence, expected) in [
        (true, false, true, "/saml/init/acme?"),
        (true, true, true, "/sign_in?"),
        (false, true, true, "/sign_in?"),
        (true, true, false, "/sign_in?"),
        (true, false, false, "licence"),
        (false, false, true, "nothing"),
        (false, false, false, "nothing"),
    ] {
        let organization = with(&scene.acme, connection, password, licence);
        let path = match lead(&scene, &organization, &[], None).await {
            Next::Saml(path) | Next::SignIn(path) => {
                assert!(path.contains("&organization=acme"), "{path}");
                assert!(path.contains("&code_challenge="), "{path}");
                path
            }
            Next::LicenceLapsed => "licence".to_owned(),
            Next::NothingSetUp => "nothing".to_owned(),
            other => panic!("{other:?}"),
        };
        assert!(path.starts_with(expected), "{path} {expected}");
        let silent = lead(&scene, &organization, &[("prompt", "none")], None).await;
        let Next::Back(back) = silent else { panic!("{silent:?}") };
        let location = back.location(&scene.world.ctx());
        assert!(
            location.starts_with("https://app.example/back?error=login_required&"),
            "{location}"
        );
        assert!(
            location.ends_with("&state=s&iss=https%3A%2F%2Fscim.lychgate.example"),
            "{location}"
        );
    }
}

#[tokio::test]
async fn who_is_signed_in_gets_a_code_when_that_is_fresh_enough() {
    let scene = Scene::new().await;
    let organization = with(&scene.acme, true, false, true);
    let (session, _) = scene.session(&scene.acme, &scene.ada, SessionMethod::Password).await;
    scene.world.advance_secs(100);
    for (more, is_code) in [
        (&[][..], true),
        (&[("prompt", "none")], true),
        (&[("prompt", "consent")], true),
        (&[("max_age", "100")], true),
        (&[("max_age", "99")], false),
        (&[("max_age", "0")], false),
        (&[("max_age", "18446744073709551615")], true),
        (&[("prompt", "login")], false),
        (&[("prompt", "select_account")], false),
    ] {
        let next = lead(&scene, &organization, more, Some(&session)).await;
        let Next::Application(location) = next else {
            assert!(!is_code, "{more:?}: {next:?}");
            continue;
        };
        assert!(is_code, "{more:?}");
        let code = location.strip_prefix(&format!("{BACK}?code=")).unwrap();
        let (code, rest) = code.split_once('&').unwrap();
        assert_eq!(rest, "state=s&iss=https%3A%2F%2Fscim.lychgate.example");
        let issued = scene.redeem(code, &[]).await.unwrap();
        let (_, claims) = scene.claims(&issued.id_token).await;
        assert_eq!(claims["auth_time"], session.authenticated.unix_secs());
    }
}

#[tokio::test]
async fn an_organization_is_named_by_its_domain_its_id_or_an_address() {
    let scene = Scene::new().await;
    let ctx = scene.world.ctx();
    let mut after = scene.acme.clone();
    after.version += 1;
    after.sign_in.email_domains = vec!["acme.test".to_owned()];
    let event = event(&scene.ada);
    assert!(scene.store.update_organization(&ctx, &scene.acme, &after, &event).await.unwrap());
    let id = scene.other.id.to_string();
    for (name, value, expected) in [
        (Name::Organization, "acme", Some("acme")),
        (Name::Organization, "ACME", Some("acme")),
        (Name::Organization, id.as_str(), Some("other")),
        (Name::LoginHint, "Ada@ACME.test ", Some("acme")),
        (Name::LoginHint, "ada@unknown.test", None),
        (Name::LoginHint, "ada", None),
        (Name::Scope, "openid", None),
    ] {
        let params = scene.params(&scene.public, &[]).with(name, Some(value.to_owned()));
        let named = entry::named(&ctx, &scene.store, &params).await.unwrap();
        let domain = match &named {
            Named::Organization(organization) => Some(organization.domain.as_str()),
            Named::Nobody => None,
            Named::Unknown => Some("unknown"),
        };
        assert_eq!(domain, expected, "{value}");
    }
    for unknown in ["nobody", "org-zzzzzzzzzzzzzzzz", "../acme", "https://evil"] {
        let params = scene.params(&scene.public, &[("organization", unknown)]);
        let named = entry::named(&ctx, &scene.store, &params).await.unwrap();
        assert_eq!(named, Named::Unknown, "{unknown}");
        let request = scene.request(&scene.public, &[("prompt", "none")]);
        assert_eq!(entry::unknown_organization(&params, &request), Next::UnknownOrganization);
    }
}

#[tokio::test]
async fn an_application_is_looked_up_before_anything_is_sent_anywhere() {
    let scene = Scene::new().await;
    let ctx = scene.world.ctx();
    for client in [None, Some("app-zzzzzzzzzzzz"), Some("x"), Some("")] {
        let params =
            scene.params(&scene.public, &[]).with(Name::ClientId, client.map(str::to_owned));
        let error = read(&ctx, &scene.store, &params).await.unwrap_err();
        assert_eq!(error, AuthorizeError::UnknownClient);
    }
    let params = scene.params(&scene.public, &[]);
    assert_eq!(read(&ctx, &scene.store, &params).await.unwrap().0, scene.public);
}

#[tokio::test]
async fn a_cookie_of_one_organization_is_nobody_at_another() {
    let scene = Scene::new().await;
    let ctx = scene.world.ctx();
    let (_, cookie) = scene.session(&scene.acme, &scene.ada, SessionMethod::Password).await;
    let at = async |organization: &Organization| {
        sessions::current(&ctx, &scene.store, &organization.id, &cookie.text()).await.unwrap()
    };
    assert!(at(&scene.acme).await.is_some());
    assert!(at(&scene.other).await.is_none());
}

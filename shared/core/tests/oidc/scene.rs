//! Two organizations, a member of each, a public and a confidential application, and what an application would do.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use lychgate_core::{
    application::Application,
    connection::SamlSubject,
    credential::{client_secret_text, new_secret},
    ctx::World,
    event::{Actor, Event, EventKind},
    ids::{ApplicationId, ConnectionId, OrganizationId, SecretId},
    oidc::{
        authorize::{AuthorizeParams, code_request, new_grant},
        jws,
        token::{self, Issued, TokenError},
    },
    organization::{ClientSecret, Organization},
    ports::{
        Applications, Grants, Organizations, SignInWrite, SignIns, Users,
        outside::{Signer, SigningKey},
    },
    record::User,
    session::{CodeRequest, Session, SessionMethod},
    sessions::{self, SessionCookie},
};
use lychgate_testkit::{
    FakeOutside, FakeWorld, Faulty, MemoryStore,
    build::{Acme, user_keys, user_with},
};
use serde_json::{Map, Value, json};

/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const BACK: &str = "https://app.example/back";

pub(crate) struct Scene {
    pub(crate) world: FakeWorld,
    pub(crate) store: Faulty<MemoryStore>,
    pub(crate) outside: FakeOutside,
    pub(crate) acme: Organization,
    pub(crate) other: Organization,
    pub(crate) ada: User,
    pub(crate) eve: User,
    pub(crate) public: Application,
    pub(crate) confidential: Application,
    /// Of the confidential application; both hold.
    pub(crate) secrets: [String; 2],
}

pub(crate) fn event(user: &User) -> Event {
    Event {
        kind: EventKind::MemberCreated,
        actor: Actor::System,
        subject_kind: "user",
        subject_id: user.id.to_string(),
        subject_name: user.user_name().to_owned(),
        data: Map::new(),
    }
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let (world, store) = (FakeWorld::new(7), Faulty::new(MemoryStore::new()));
        let acme = organization(&world, &store, "acme").await;
        let other = organization(&world, &store, "other").await;
        let ada = member(&world, &store, &acme, "ada@acme.test").await;
        let eve = member(&world, &store, &other, "eve@other.test").await;
        let public = application(&world, &[]);
        let (texts, secrets): (Vec<_>, Vec<_>) = (0..2).map(|_| secret(&world)).unzip();
        let confidential = application(&world, &secrets);
        for application in [&public, &confidential] {
            store.put_application(&world.ctx(), None, application).await.unwrap();
        }
        let outside = FakeOutside::new();
        let secrets = texts.try_into().unwrap();
        Self { world, store, outside, acme, other, ada, eve, public, confidential, secrets }
    }

    /// A session of a member, and its cookie.
    pub(crate) async fn session(
        &self,
        organization: &Organization,
        user: &User,
        method: SessionMethod,
    ) -> (Session, SessionCookie) {
        let ctx = self.world.ctx();
        let expires = self.world.now().plus_secs(36_000);
        let (session, cookie) = sessions::begin(&ctx, user.id, method, expires);
        let write = SignInWrite {
            flow: None,
            assertion: None,
            member: None,
            name_id: None,
            session: Some(&session),
            grant: None,
            connection: None,
        };
        self.store.sign_in(&ctx, &organization.id, write).await.unwrap();
        (session, cookie)
    }

    pub(crate) fn request(&self, application: &Application, more: &[(&str, &str)]) -> CodeRequest {
        code_request(&self.params(application, more), application).unwrap()
    }

    pub(crate) fn params(
        &self,
        application: &Application,
        more: &[(&str, &str)],
    ) -> AuthorizeParams {
        let id = application.id.to_string();
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", id.as_str()),
            ("redirect_uri", BACK),
            ("scope", "openid profile email"),
            ("state", "s"),
            ("nonce", "n-1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        pairs.extend(more);
        let pairs: Vec<_> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        AuthorizeParams::from_pairs(&pairs)
    }

    /// A code for Ada at the public application, with the session that it came from.
    pub(crate) async fn code(&self) -> (Session, String) {
        self.code_for(&self.public, &self.acme, &self.ada).await
    }

    pub(crate) async fn code_for(
        &self,
        application: &Application,
        organization: &Organization,
        user: &User,
    ) -> (Session, String) {
        let (session, _) = self.session(organization, user, SessionMethod::Password).await;
        let code = self.code_of(application, organization, &session).await;
        (session, code)
    }

    pub(crate) async fn code_of(
        &self,
        application: &Application,
        organization: &Organization,
        session: &Session,
    ) -> String {
        let (ctx, request) = (self.world.ctx(), self.request(application, &[]));
        let (grant, code) = new_grant(&ctx, &organization.id, &request, session);
        self.store.put_grant(&ctx, &organization.id, &grant).await.unwrap();
        code
    }

    /// The form of a redemption by the public application, with some values replaced (an empty one: left out).
    pub(crate) fn form(&self, code: &str, replace: &[(&str, &str)]) -> Vec<(String, String)> {
        let id = self.public.id.to_string();
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
            ("client_id", id.as_str()),
        ];
        for (name, value) in replace {
            match pairs.iter_mut().find(|(known, _)| known == name) {
                Some(pair) => pair.1 = value,
                None => pairs.push((name, value)),
            }
        }
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    pub(crate) async fn redeem(
        &self,
        code: &str,
        replace: &[(&str, &str)],
    ) -> Result<Issued, TokenError> {
        self.send(None, &self.form(code, replace)).await
    }

    pub(crate) async fn send(
        &self,
        authorization: Option<&str>,
        form: &[(String, String)],
    ) -> Result<Issued, TokenError> {
        let request = token::Request { authorization, form: Some(form) };
        token::redeem(&self.world.ctx(), &self.store, &self.outside, &request).await
    }

    /// The claims of an ID token or a logout token, as a relying party would verify it: by the published key set alone.
    pub(crate) async fn claims(&self, token: &str) -> (Value, Value) {
        let keys = self.outside.public_keys(&self.world.ctx(), SigningKey::Oidc).await.unwrap();
        let keys = jws::key_set(&keys).unwrap();
        let (octets, signature) = token.rsplit_once('.').unwrap();
        let (header, claims) = octets.split_once('.').unwrap();
        let bytes = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
        let value = |text: &str| serde_json::from_slice::<Value>(&bytes(text)).unwrap();
        let header = value(header);
        let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]);
        let half = |name: &str| bytes(key.unwrap()[name].as_str().unwrap());
        let point = [vec![4], half("x"), half("y")].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(octets.as_bytes(), &bytes(signature))
            .unwrap();
        (header, value(claims))
    }

    pub(crate) async fn suspend(&self) {
        let (ctx, id) = (self.world.ctx(), self.ada.id.to_string());
        lychgate_core::operator::members::suspend(&ctx, &self.store, "acme", &id).await.unwrap();
    }
}

async fn organization(
    world: &FakeWorld,
    store: &Faulty<MemoryStore>,
    domain: &str,
) -> Organization {
    let ctx = world.ctx();
    let organization = Acme::new(world, domain).organization;
    let created =
        Event { subject_kind: "organization", ..event(&user_with(world, domain, &json!({}))) };
    assert!(store.create_organization(&ctx, &organization, &created).await.unwrap());
    organization
}

async fn member(
    world: &FakeWorld,
    store: &Faulty<MemoryStore>,
    organization: &Organization,
    name: &str,
) -> User {
    let more = json!({
        "displayName": "Ada Lovelace",
        "name": { "givenName": "Ada", "familyName": "Lovelace" },
        "emails": [{ "value": "x@elsewhere.test" }, { "value": name, "primary": true }],
    });
    let user = User { password_allowed: true, ..user_with(world, name, &more) };
    let keys = user_keys(&user);
    store
        .create_user(&world.ctx(), &organization.id, &user, &keys, None, &event(&user))
        .await
        .unwrap();
    user
}

fn secret(world: &FakeWorld) -> (String, ClientSecret) {
    let (text, hash) = new_secret(world);
    let id = SecretId::new(world);
    let text = client_secret_text(&id, &text);
    (text, ClientSecret { id, hash, created: world.now(), expires: None })
}

pub(crate) fn application(world: &FakeWorld, secrets: &[ClientSecret]) -> Application {
    Application {
        id: ApplicationId::new(world),
        name: "App".to_owned(),
        redirect_uris: vec![BACK.to_owned()],
        post_logout_redirect_uris: vec!["https://app.example/bye".to_owned()],
        initiate_login_uri: None,
        back_channel_logout_uri: Some(format!("https://app.example/logout/{}", secrets.len())),
        secrets: secrets.to_vec(),
        created: world.now(),
        version: 1,
    }
}

pub(crate) fn saml() -> SessionMethod {
    SessionMethod::Saml(SamlSubject {
        connection: ConnectionId::from_bare("01234567").unwrap(),
        name_id: "ada@acme.test".to_owned(),
        format: None,
        name_qualifier: None,
        sp_name_qualifier: None,
        session_index: None,
    })
}

pub(crate) fn code_of<T>(result: Result<T, TokenError>) -> &'static str {
    result.err().map_or("no error", |error| error.code.text())
}

pub(crate) fn nobody() -> OrganizationId {
    OrganizationId::from_bare("zzzzzzzzzzzzzzzz").unwrap()
}

//! A stage for sign-ins: two organizations, an IdP that signs, a browser that keeps its cookies.

use std::{collections::BTreeMap, sync::OnceLock};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lychgate_core::{
    application::Application,
    attempt::Attempt,
    connection::{
        Connection, ConnectionPolicy, EntityIdChoice, Idp as Known, KeyPair, MetadataSource,
        Settings,
    },
    ctx::World,
    event::EventKind,
    ids::{ApplicationId, ConnectionId, FlowId, KeyPairId, LinkId, OrganizationId},
    organization::{LicenceState, Organization},
    ports::{
        Applications, Attempts, Connections, Organizations, Passwords, Users, outside::Sealer,
    },
    record::User,
    session::{Link, LinkPurpose, link_text},
    sign_in::{
        enter::SignedIn,
        finish::{self, Finished, Parts, Post},
        opened_keys::OpenedKeys,
        refusal::Refusal,
        start::{self, Start, Started},
    },
};
use lychgate_idp::{Idp, KeyKind, ResponseSpec, SigningKey};
use lychgate_saml::{Instant, certificate};
use lychgate_scim::schema::Catalogue;
use lychgate_testkit::{FakeOutside, FakeWorld, MemoryStore, build, world::BASE_URL};
use time::{Duration, OffsetDateTime};

/// The IdP that most tests use.
pub(crate) const IDP: &str = "http://www.okta.com/exk1";
/// A PKCE challenge of the right form.
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// Where codes go.
pub(crate) const BACK: &str = "https://app.example/back";

/// The key of an IdP: made once for each name.
pub(crate) fn idp(entity_id: &str, key: usize) -> Idp {
    static KEYS: OnceLock<Vec<(Vec<u8>, Vec<u8>)>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let now = OffsetDateTime::from_unix_timestamp(1_795_338_000).unwrap();
        let make = |name: &str| {
            let (from, to) = (now - Duration::days(1), now + Duration::days(400));
            let key = SigningKey::generate(KeyKind::P256, name, from, to).unwrap();
            (key.pkcs8().to_vec(), key.certificate().to_vec())
        };
        vec![make("one"), make("two"), make("three")]
    });
    let (pkcs8, certificate) = &keys[key];
    let key = SigningKey::from_pkcs8(pkcs8, certificate.clone()).unwrap();
    Idp::new(entity_id, "https://idp.example/sso", key)
}

/// What its metadata said.
pub(crate) fn known(idp: &Idp) -> Known {
    Known {
        entity_id: idp.entity_id.clone(),
        sso_redirect: Some(idp.sso_url.clone()),
        sso_post: Some("https://idp.example/post".to_owned()),
        slo_redirect: None,
        slo_post: None,
        certificates: idp.keys.iter().map(|key| STANDARD.encode(key.certificate())).collect(),
        wants_signed_requests: false,
        valid_until: None,
    }
}

/// Settings for an IdP, as a new connection has them.
pub(crate) fn settings(idp: &Idp) -> Settings {
    Settings {
        source: MetadataSource::Missing,
        idp: Some(known(idp)),
        entity_id: EntityIdChoice::Organization,
        policy: ConnectionPolicy::default(),
        tested: None,
    }
}

pub(crate) struct Scene {
    pub(crate) world: FakeWorld,
    pub(crate) store: MemoryStore,
    pub(crate) outside: FakeOutside,
    /// As one process keeps them.
    pub(crate) keys: OpenedKeys<FakeOutside>,
    pub(crate) catalogue: Catalogue,
    pub(crate) idp: Idp,
    pub(crate) acme: Organization,
    pub(crate) acme_connection: Connection,
}

impl Scene {
    /// `acme` with one live connection and one member, `zoe@acme.test`.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// As [`Scene::new`], with these settings changed.
    pub(crate) async fn with(edit: impl FnOnce(&mut Settings)) -> Self {
        let world = FakeWorld::new(7);
        let acme = build::Acme::new(&world, "acme").organization;
        let outside = FakeOutside::new();
        let mut scene = Self {
            store: MemoryStore::new(),
            keys: OpenedKeys::new(outside.clone()),
            outside,
            catalogue: Catalogue::standard(),
            idp: idp(IDP, 0),
            acme_connection: Connection {
                id: ConnectionId::new(&world),
                name: "Okta".to_owned(),
                live: None,
                draft: None,
                test_window_ends: None,
                ends_checked: None,
                created: world.now(),
                version: 1,
            },
            acme,
            world,
        };
        let mut live = settings(&scene.idp);
        edit(&mut live);
        let connection = Connection { live: Some(live), ..scene.acme_connection.clone() };
        scene.acme = scene.organization(scene.acme.clone()).await;
        scene.acme_connection = scene.connect(&scene.acme, connection).await;
        scene.member("zoe@acme.test").await;
        scene
    }

    pub(crate) async fn organization(&self, organization: Organization) -> Organization {
        let event = build::event(EventKind::OrganizationCreated, "o", "o");
        let ctx = self.world.ctx();
        assert!(self.store.create_organization(&ctx, &organization, &event).await.unwrap());
        organization
    }

    pub(crate) async fn connect(&self, at: &Organization, connection: Connection) -> Connection {
        let ctx = self.world.ctx();
        self.store.put_connection(&ctx, &at.id, None, &connection, None, None).await.unwrap();
        connection
    }

    /// Another connection of `acme`, or a first one elsewhere.
    pub(crate) fn connection(&self, edit: impl FnOnce(&mut Connection)) -> Connection {
        let mut connection = Connection {
            id: ConnectionId::new(&self.world),
            live: None,
            draft: None,
            version: 1,
            ..self.acme_connection.clone()
        };
        edit(&mut connection);
        connection
    }

    pub(crate) async fn reconnect(&self, edit: impl FnOnce(&mut Connection)) -> Connection {
        let ctx = self.world.ctx();
        let setup = self.store.sign_in_setup(&ctx, &self.acme.id).await.unwrap().unwrap();
        let id = &self.acme_connection.id;
        let before = setup.connections.into_iter().find(|one| one.id == *id).unwrap();
        let mut after = before.clone();
        edit(&mut after);
        after.version += 1;
        let put = self.store.put_connection(&ctx, &self.acme.id, Some(&before), &after, None, None);
        put.await.unwrap();
        after
    }

    pub(crate) async fn member(&self, user_name: &str) -> User {
        let user = build::user(&self.world, user_name);
        self.create(&user).await;
        user
    }

    pub(crate) async fn create(&self, user: &User) {
        let event = build::event(EventKind::MemberCreated, &user.id.to_string(), user.user_name());
        let keys = build::user_keys(user);
        let ctx = self.world.ctx();
        self.store.create_user(&ctx, &self.acme.id, user, &keys, None, &event).await.unwrap();
    }

    pub(crate) async fn rewrite(&self, edit: impl FnOnce(&mut Organization)) {
        let ctx = self.world.ctx();
        let before = self.store.organization(&ctx, &self.acme.id).await.unwrap().unwrap();
        let mut after = before.clone();
        edit(&mut after);
        after.version += 1;
        let event = build::event(EventKind::OrganizationUpdated, "o", "o");
        assert!(self.store.update_organization(&ctx, &before, &after, &event).await.unwrap());
    }

    pub(crate) async fn lapse(&self) {
        self.rewrite(|organization| organization.licence.state = LicenceState::Expired).await;
    }

    pub(crate) async fn application(&self, initiate: Option<&str>) -> Application {
        let application = Application {
            id: ApplicationId::new(&self.world),
            name: "App".to_owned(),
            redirect_uris: vec![BACK.to_owned()],
            post_logout_redirect_uris: Vec::new(),
            initiate_login_uri: initiate.map(str::to_owned),
            back_channel_logout_uri: None,
            secrets: Vec::new(),
            created: self.world.now(),
            version: 1,
        };
        self.store.put_application(&self.world.ctx(), None, &application).await.unwrap();
        application
    }

    /// An encryption key pair of `acme`: its certificate, DER.
    pub(crate) async fn key_pair(&self) -> Vec<u8> {
        let ctx = self.world.ctx();
        let at = |secs| Instant::from_unix_millis(ctx.now().unix_millis() as i64).plus_secs(secs);
        let (made, private) =
            certificate::generate("acme", at(0), at(86_400 * 900), [1; 16]).unwrap();
        let key_pair = KeyPair {
            id: KeyPairId::new(&self.world),
            fingerprint: made.fingerprint.clone(),
            certificate: made.der.clone(),
            sealed: self.outside.seal(&ctx, &self.acme.id, &private).await.unwrap(),
            created: ctx.now(),
            expires: ctx.now().plus_secs(86_400 * 900),
            version: 1,
        };
        let event = build::event(EventKind::CertificateGenerated, "k", "k");
        self.store.create_key_pair(&ctx, &self.acme.id, &key_pair, &event).await.unwrap();
        made.der
    }

    /// A link that tests acme's connection: its text.
    pub(crate) async fn test_link(&self) -> String {
        let (secret, hash) = lychgate_core::credential::new_secret(&self.world);
        let link = Link {
            id: LinkId::new(&self.world),
            hash,
            purpose: LinkPurpose::Test { connection: self.acme_connection.id.clone() },
            expires: self.world.now().plus_secs(900),
        };
        self.store.put_link(&self.world.ctx(), &self.acme.id, &link, None).await.unwrap();
        link_text(&self.acme.id, &link.id, &secret)
    }

    pub(crate) async fn start(
        &self,
        domain: &str,
        query: &[(&str, &str)],
    ) -> Result<Started, Refusal> {
        let query: Vec<(String, String)> =
            query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let start = Start { domain, query: &query };
        start::start(&self.world.ctx(), &self.store, &self.outside, &start).await
    }

    /// A good response of the IdP about this address, for `acme`.
    pub(crate) fn about(&self, email: &str, id: &str) -> ResponseSpec {
        self.about_at("acme", email, id)
    }

    pub(crate) fn about_at(&self, domain: &str, email: &str, id: &str) -> ResponseSpec {
        let now = self.world.now().unix_millis();
        let now = OffsetDateTime::from_unix_timestamp((now / 1_000) as i64).unwrap();
        ResponseSpec::good(
            &self.idp.entity_id,
            &format!("{BASE_URL}/saml/consume/{domain}"),
            &format!("{BASE_URL}/saml/metadata/{domain}"),
            email,
            id,
            now,
        )
    }

    pub(crate) async fn post(
        &self,
        browser: &Browser,
        domain: &str,
        spec: &ResponseSpec,
    ) -> Result<Finished, Refusal> {
        self.post_value(browser, domain, &self.idp.post_value(spec).unwrap()).await
    }

    pub(crate) async fn post_value(
        &self,
        browser: &Browser,
        domain: &str,
        saml_response: &str,
    ) -> Result<Finished, Refusal> {
        let parts = Parts { store: &self.store, keys: &self.keys, catalogue: &self.catalogue };
        let browser_secret = |id: &FlowId| browser.flows.get(id).cloned();
        let post = Post { domain, saml_response, browser_secret: &browser_secret };
        let finished = finish::finish(&self.world.ctx(), &parts, &post).await;
        // Attempts of one millisecond have no order.
        self.world.advance_millis(1);
        finished
    }

    /// Starts and finishes, at `acme`.
    pub(crate) async fn sign_in(&self, email: &str) -> Result<Box<SignedIn>, Refusal> {
        let mut browser = Browser::default();
        let request = browser.began(self.start("acme", &[]).await?);
        let spec = self.about(email, &request).in_response_to(&request);
        signed_in(self.post(&browser, "acme", &spec).await)
    }

    /// The latest attempt at `acme`.
    pub(crate) async fn attempt(&self) -> Attempt {
        self.attempts().await.remove(0)
    }

    pub(crate) async fn attempts(&self) -> Vec<Attempt> {
        let ctx = self.world.ctx();
        self.store.attempts_before(&ctx, &self.acme.id, None, 100).await.unwrap()
    }

    pub(crate) async fn events(&self, organization: &OrganizationId, kind: EventKind) -> usize {
        let events = self.store.events_after(&self.world.ctx(), organization, None, 1_000).await;
        events.unwrap().iter().filter(|event| event.kind == kind.text()).count()
    }
}

/// A browser: the flow cookies that it keeps.
#[derive(Default)]
pub(crate) struct Browser {
    pub(crate) flows: BTreeMap<FlowId, String>,
}

impl Browser {
    /// Keeps the cookie; gives the `AuthnRequest`'s ID.
    pub(crate) fn began(&mut self, started: Started) -> String {
        let id = format!("_{}", started.flow.bare());
        self.flows.insert(started.flow, started.secret);
        id
    }
}

pub(crate) fn signed_in(finished: Result<Finished, Refusal>) -> Result<Box<SignedIn>, Refusal> {
    match finished? {
        Finished::SignedIn(signed_in) => Ok(signed_in),
        other => panic!("a test instead of a sign-in: {other:?}"),
    }
}

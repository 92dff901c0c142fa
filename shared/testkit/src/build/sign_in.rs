//! Builders of what signing in needs.

use lychgate_core::{
    application::Application,
    attempt::{Attempt, AttemptOutcome},
    connection::{
        Connection, ConnectionPolicy, EntityIdChoice, Idp, KeyPair, MetadataSource, SamlSubject,
        Settings,
    },
    ctx::World,
    ids::{
        ApplicationId, AttemptId, ConnectionId, FlowId, GrantId, KeyPairId, LinkId, SecretId,
        SessionId, UserId,
    },
    organization::ClientSecret,
    password::PasswordRecord,
    secret::SecretHash,
    session::{
        AssertionSeen, CODE_SECS, CodeRequest, FLOW_SECS, FlowPurpose, Grant, GrantState, Link,
        LinkPurpose, LoginFlow, Session, SessionMethod,
    },
    settings::link::{
        Admits, LinkUse, OWNER_LINK_SECS_DEFAULT, SETUP_LINK_SECS_DEFAULT, Scope, SettingsLink,
    },
};
use serde_json::Map;

/// How long a session of a builder lasts, in seconds.
pub const SESSION_SECS: u64 = 8 * 3_600;

fn random<const N: usize>(world: &dyn World) -> [u8; N] {
    let mut bytes = [0_u8; N];
    world.fill(&mut bytes);
    bytes
}

fn secret(world: &dyn World) -> SecretHash {
    SecretHash::from_bytes(random(world))
}

/// Settings as a usual IdP's metadata makes them: two signing certificates of the size of RSA-2048.
#[must_use]
pub fn settings(world: &dyn World) -> Settings {
    Settings {
        source: MetadataSource::Url {
            url: "https://idp.example.com/app/exk1fxp0q1gX2h4W5d7/sso/saml/metadata".to_owned(),
            fetched: world.now(),
            tried: world.now(),
            error: None,
        },
        idp: Some(Idp {
            entity_id: "http://www.idp.example.com/exk1fxp0q1gX2h4W5d7".to_owned(),
            sso_redirect: Some("https://idp.example.com/app/exk1fxp0q1gX2h4W5d7/sso".to_owned()),
            sso_post: Some("https://idp.example.com/app/exk1fxp0q1gX2h4W5d7/sso".to_owned()),
            slo_redirect: None,
            slo_post: None,
            // 900 bytes each, in base64.
            certificates: vec!["MIID".repeat(300), "MIIE".repeat(300)],
            wants_signed_requests: false,
            valid_until: None,
        }),
        entity_id: EntityIdChoice::Shared,
        policy: ConnectionPolicy::default(),
        tested: None,
    }
}

/// A draft of version 1.
#[must_use]
pub fn connection(world: &dyn World, name: &str) -> Connection {
    Connection {
        id: ConnectionId::new(world),
        name: name.to_owned(),
        live: None,
        draft: Some(settings(world)),
        test_window_ends: None,
        ends_checked: None,
        created: world.now(),
        version: 1,
    }
}

/// The connection after its draft went live: a version more.
#[must_use]
pub fn activated(connection: &Connection) -> Connection {
    Connection {
        live: connection.draft.clone().or_else(|| connection.live.clone()),
        draft: None,
        version: connection.version + 1,
        ..connection.clone()
    }
}

/// A key pair of the size of RSA-2048; nothing in it is a key.
#[must_use]
pub fn key_pair(world: &dyn World) -> KeyPair {
    KeyPair {
        id: KeyPairId::new(world),
        certificate: vec![48; 800],
        fingerprint: "0f".repeat(32),
        sealed: random::<1_400>(world).to_vec(),
        created: world.now(),
        expires: world.now().plus_secs(1_000 * 86_400),
        version: 1,
    }
}

/// An application's request for a code.
#[must_use]
pub fn code_request(application: &ApplicationId) -> CodeRequest {
    CodeRequest {
        application: application.clone(),
        redirect_uri: "https://app.example.com/callback".to_owned(),
        scope: vec!["openid".to_owned(), "email".to_owned()],
        state: Some("af0ifjsldkj".to_owned()),
        nonce: Some("n-0S6_WzA2Mj".to_owned()),
        challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned(),
        fresh_within_secs: None,
    }
}

/// A started sign-in through this connection, with an application's request.
#[must_use]
pub fn flow(world: &dyn World, connection: &ConnectionId) -> LoginFlow {
    LoginFlow {
        id: FlowId::new(world),
        connection: connection.clone(),
        browser: secret(world),
        purpose: FlowPurpose::SignIn(Some(code_request(&ApplicationId::new(world)))),
        created: world.now(),
        expires: world.now().plus_secs(FLOW_SECS),
    }
}

/// A session of this member through this connection, of version 1.
#[must_use]
pub fn session(world: &dyn World, user: UserId, connection: &ConnectionId) -> Session {
    Session {
        id: SessionId::new(world),
        user,
        browser: secret(world),
        method: SessionMethod::Saml(SamlSubject {
            connection: connection.clone(),
            name_id: "00u1a2b3c4D5e6F7g8h9".to_owned(),
            format: Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned()),
            name_qualifier: None,
            sp_name_qualifier: None,
            session_index: Some("_b07b804c-7c29-ea16-7300-4f3d6f7928ac".to_owned()),
        }),
        authenticated: world.now(),
        began: world.now(),
        expires: world.now().plus_secs(SESSION_SECS),
        applications: Vec::new(),
        version: 1,
    }
}

/// A code of this session, not redeemed.
#[must_use]
pub fn grant(world: &dyn World, session: &Session) -> Grant {
    Grant {
        id: GrantId::new(world),
        code: secret(world),
        code_expires: world.now().plus_secs(CODE_SECS),
        request: code_request(&ApplicationId::new(world)),
        user: session.user,
        session: session.id.clone(),
        authenticated: session.authenticated,
        method: "saml".to_owned(),
        state: GrantState::Open,
        version: 1,
    }
}

/// An assertion that is accepted now, and remembered for ten minutes.
#[must_use]
pub fn assertion(world: &dyn World) -> AssertionSeen {
    let digest = random::<22>(world).map(|byte| char::from(b'a' + byte % 26));
    AssertionSeen { digest: digest.iter().collect(), until: world.now().plus_secs(600) }
}

/// An attempt that was rejected now.
#[must_use]
pub fn attempt(world: &dyn World, subject: &str) -> Attempt {
    Attempt {
        id: AttemptId::new(world.now(), world),
        at: world.now(),
        request_id: "req-1".to_owned(),
        outcome: AttemptOutcome::Rejected,
        method: "saml",
        connection: Some(ConnectionId::new(world)),
        user: Some(UserId::new(world.now(), world)),
        subject: Some(subject.to_owned()),
        code: Some("audience_mismatch".to_owned()),
        detail: Some("The Audience is another one.".to_owned()),
        want: Some("https://sso.example.com/saml/metadata".to_owned()),
        got: Some("https://sso.example.com".to_owned()),
        facts: Map::new(),
    }
}

/// A password's record of version 1.
#[must_use]
pub fn password(world: &dyn World) -> PasswordRecord {
    PasswordRecord {
        phc: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$ZGlnZXN0ZGlnZXN0".to_owned(),
        set: world.now(),
        failures: 0,
        not_before: None,
        devices: Vec::new(),
        version: 1,
    }
}

/// A link to a new password, for an hour.
#[must_use]
pub fn link(world: &dyn World, user: UserId) -> Link {
    Link {
        id: LinkId::new(world),
        hash: secret(world),
        purpose: LinkPurpose::Password { user: user.to_string() },
        expires: world.now().plus_secs(3_600),
    }
}

/// A set-up link of version 1 that nobody has opened, for a week.
#[must_use]
pub fn setup_link(world: &dyn World, name: &str) -> SettingsLink {
    SettingsLink {
        id: LinkId::new(world),
        name: name.to_owned(),
        hash: secret(world),
        admits: Admits::Guest { scopes: vec![Scope::Sso, Scope::Scim] },
        created: world.now(),
        created_by: "operator:opk-00000000".to_owned(),
        expires: world.now().plus_secs(SETUP_LINK_SECS_DEFAULT),
        revoked: None,
        opened: None,
        uses: Vec::new(),
        version: 1,
    }
}

/// An owner's link of version 1 that nobody has opened, for five minutes.
#[must_use]
pub fn owner_link(world: &dyn World, owner: UserId) -> SettingsLink {
    SettingsLink {
        admits: Admits::Owner { user: owner.to_string() },
        expires: world.now().plus_secs(OWNER_LINK_SECS_DEFAULT),
        ..setup_link(world, "owner@example.com")
    }
}

/// The link after a browser has opened it: a version more.
#[must_use]
pub fn opened(link: &SettingsLink, world: &dyn World) -> SettingsLink {
    SettingsLink {
        opened: Some((world.now(), secret(world))),
        uses: vec![LinkUse { at: world.now().unix_millis(), what: "opened".to_owned() }],
        version: link.version + 1,
        ..link.clone()
    }
}

/// An application with one secret, of version 1.
#[must_use]
pub fn application(world: &dyn World, name: &str) -> Application {
    Application {
        id: ApplicationId::new(world),
        name: name.to_owned(),
        redirect_uris: vec!["https://app.example.com/callback".to_owned()],
        post_logout_redirect_uris: vec!["https://app.example.com/".to_owned()],
        initiate_login_uri: Some("https://app.example.com/login".to_owned()),
        back_channel_logout_uri: None,
        secrets: vec![ClientSecret {
            id: SecretId::new(world),
            hash: secret(world),
            created: world.now(),
            expires: None,
        }],
        created: world.now(),
        version: 1,
    }
}

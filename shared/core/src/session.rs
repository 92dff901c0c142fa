//! Sessions, started sign-ins, and the codes that an application receives (S3, S10, S13).

use serde::{Deserialize, Serialize};

use crate::{
    connection::SamlSubject,
    ids::{
        ApplicationId, ConnectionId, FlowId, GrantId, LinkId, OrganizationId, SessionId, UserId,
    },
    record::User,
    secret::SecretHash,
    time::Timestamp,
};

/// How long a started sign-in may take, in seconds: people look for their phones.
pub const FLOW_SECS: u64 = 900;
/// How long a code holds, in seconds.
pub const CODE_SECS: u64 = 60;
/// How long an access token for userinfo holds, in seconds.
pub const USERINFO_TOKEN_SECS: u64 = 3_600;
/// How long an ID token holds, in seconds.
pub const ID_TOKEN_SECS: u64 = 3_600;

/// An application's request for a code, checked: the client exists, the address is registered, PKCE is there
/// (OpenID Connect Core §3.1.2.1, RFC 7636 §4.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRequest {
    /// Who asks.
    pub application: ApplicationId,
    /// Where the code goes.
    pub redirect_uri: String,
    /// Scopes, of those that we know.
    pub scope: Vec<String>,
    /// Echoed.
    pub state: Option<String>,
    /// Goes into the ID token.
    pub nonce: Option<String>,
    /// `S256` challenge.
    pub challenge: String,
    /// The person must prove who they are now (`prompt=login`, `max_age`).
    pub fresh_within_secs: Option<u64>,
}

/// A started sign-in (*login flow*): remembered until the IdP answers, bound to the browser that began it.
#[derive(Debug, Clone, PartialEq)]
pub struct LoginFlow {
    /// Its id; the `AuthnRequest`'s ID is `_` and its bare characters.
    pub id: FlowId,
    /// Which connection was asked.
    pub connection: ConnectionId,
    /// SHA-256 of the secret in the browser's cookie.
    pub browser: SecretHash,
    /// What for.
    pub purpose: FlowPurpose,
    /// When it began.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

/// What a sign-in was begun for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowPurpose {
    /// To come in; with the application's request, when one began it.
    SignIn(Option<CodeRequest>),
    /// To come in, and go on to the organization's settings.
    Settings,
    /// To test the connection's draft (or what is live, when there is no draft). It signs nobody in.
    Test,
}

/// How somebody proved who they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionMethod {
    /// Through the IdP.
    Saml(SamlSubject),
    /// With a password.
    Password,
}

/// A session of a member in one browser. It ends by its time, by hand, by the IdP, and when the member is suspended or
/// deleted: whoever uses it reads the member beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Its id; `sid` in ID tokens and logout tokens.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// SHA-256 of the secret in the browser's cookie.
    pub browser: SecretHash,
    /// How they proved who they are.
    pub method: SessionMethod,
    /// When they did (`auth_time`): for an IdP that knows them since this morning, this morning.
    pub authenticated: Timestamp,
    /// When it began here.
    pub began: Timestamp,
    /// When it ends by itself.
    pub expires: Timestamp,
    /// Applications that were given an ID token for it, and are told when it ends.
    pub applications: Vec<ApplicationId>,
    /// Counts its changes.
    pub version: u64,
}

impl Session {
    /// Whether it still is a session of this member, as the member is now: neither ended nor suspended (P6), and one that began
    /// with a password only while the member may have one (S9).
    #[must_use]
    pub fn holds(&self, user: &User, now: Timestamp) -> bool {
        let may = match self.method {
            SessionMethod::Saml(_) => true,
            SessionMethod::Password => user.password_allowed,
        };
        self.expires > now && self.user == user.id && !user.is_suspended() && may
    }
}

/// The longest list of [`Session::applications`].
pub const SESSION_APPLICATIONS_MAX: usize = 20;
/// The most sessions of one member that are looked at together.
pub const SESSIONS_PER_MEMBER_MAX: usize = 100;

/// An authorization code, and after its redemption the access token for userinfo: one record, so that a second
/// redemption takes the token with it (RFC 6749 §4.1.2).
///
/// ```text
/// lygc_<organization>_<grant id>_<secret>    the code
/// lygt_<organization>_<grant id>_<secret>    the access token
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// SHA-256 of the code's secret.
    pub code: SecretHash,
    /// Until when the code holds.
    pub code_expires: Timestamp,
    /// What was asked for; the code is bound to all of it.
    pub request: CodeRequest,
    /// Whose.
    pub user: UserId,
    /// The session that it came from.
    pub session: SessionId,
    /// [`Session::authenticated`].
    pub authenticated: Timestamp,
    /// `saml` or `password`: becomes `amr`.
    pub method: String,
    /// What has become of it.
    pub state: GrantState,
    /// Counts its changes.
    pub version: u64,
}

impl Grant {
    /// When nothing of it holds any longer, so that its record may go. A revoked one stays as long as its token would
    /// have held.
    #[must_use]
    pub fn ends(&self) -> Timestamp {
        match &self.state {
            GrantState::Open => self.code_expires,
            GrantState::Redeemed { expires, .. } => self.code_expires.max(*expires),
            GrantState::Revoked => self.code_expires.plus_secs(USERINFO_TOKEN_SECS),
        }
    }
}

/// What has become of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantState {
    /// Not redeemed.
    Open,
    /// Redeemed for this access token.
    Redeemed {
        /// SHA-256 of the access token's secret.
        token: SecretHash,
        /// Until when it holds.
        expires: Timestamp,
    },
    /// Redeemed twice, or its session ended: nothing of it holds.
    Revoked,
}

/// An assertion that was accepted: until then it is not accepted again (SAML Profiles §4.1.4.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssertionSeen {
    /// SHA-256 of the IdP's entity ID, a NUL, and the assertion's ID: URL-safe base64.
    pub digest: String,
    /// When the record may go: later than the assertion can be accepted.
    pub until: Timestamp,
}

/// A link that was sent or handed over once: to make or reset a password, or to run a test.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// SHA-256 of its secret.
    pub hash: SecretHash,
    /// What it opens.
    pub purpose: LinkPurpose,
    /// Until when.
    pub expires: Timestamp,
}

/// What a link opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// The form for a new password of this member.
    Password {
        /// Whose, as its UUID's text.
        user: String,
    },
    /// A test sign-in of this connection (S12).
    Test {
        /// Which.
        connection: ConnectionId,
    },
}

/// A link's text: `<organization>_<link id>_<secret>`.
#[must_use]
pub fn link_text(organization: &OrganizationId, id: &LinkId, secret: &str) -> String {
    format!("{}_{}_{secret}", organization.bare(), id.bare())
}

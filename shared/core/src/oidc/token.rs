//! `POST /oidc/token`: a code in, an ID token and an access token for userinfo out (RFC 6749 §4.1.3, RFC 7636 §4.5,
//! OpenID Connect Core §3.1.3).
//!
//! A code holds once, for the application that it was made for, at the address that it was sent to, with the verifier
//! of its challenge, for [`crate::session::CODE_SECS`]. Who presents a used one takes the access token with it
//! (RFC 6749 §4.1.2).

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{
    claims, jws,
    standing::{self, Standing},
    wire::{GrantText, base64url, token_text},
};
use crate::{
    application::Application,
    client_credentials,
    credential::{new_secret, parse_client_secret},
    ctx::Ctx,
    ids::{ApplicationId, OrganizationId},
    organization::ClientSecret,
    ports::{
        Applications, CommitError, Directory, Grants, Sessions, StoreError,
        outside::{OutsideError, Signer},
    },
    secret::SecretHash,
    session::{
        Grant, GrantState, ID_TOKEN_SECS, SESSION_APPLICATIONS_MAX, Session, USERINFO_TOKEN_SECS,
    },
    time::Timestamp,
};

/// How often a redemption is decided anew when somebody else was faster.
const ATTEMPTS_MAX: u32 = 4;
/// The fewest and the most characters of a verifier (RFC 7636 §4.1).
const VERIFIER_CHARS: std::ops::RangeInclusive<usize> = 43..=128;

/// A token request as it came.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The form's pairs; `None` when the body is no form.
    pub form: Option<&'a [(String, String)]>,
}

/// Tokens that were issued. `token_type` is `Bearer`.
#[derive(Clone, PartialEq, Eq)]
pub struct Issued {
    /// For userinfo.
    pub access_token: String,
    /// How long it holds, in seconds.
    pub expires_in: u64,
    /// The ID token.
    pub id_token: String,
    /// The scopes, separated by spaces.
    pub scope: String,
}

/// The error codes of RFC 6749 §5.2, and two for our side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// 400: a parameter is missing, doubled or wrong.
    InvalidRequest,
    /// 401 with `WWW-Authenticate: Basic`: no application, an unknown one, a wrong secret.
    InvalidClient,
    /// 400: the code does not hold.
    InvalidGrant,
    /// 400: another grant than the code.
    UnsupportedGrantType,
    /// 503: the store or the signer is away.
    TemporarilyUnavailable,
    /// 500: a defect of ours.
    ServerError,
}

impl ErrorCode {
    /// `invalid_grant` and the like.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidRequest | Self::InvalidGrant | Self::UnsupportedGrantType => 400,
            Self::InvalidClient => 401,
            Self::TemporarilyUnavailable => 503,
            Self::ServerError => 500,
        }
    }
}

/// Why no token was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenError {
    /// Which error.
    pub code: ErrorCode,
    /// `error_description`: what to change. Printable ASCII without quotes, as the RFC wants it.
    pub description: &'static str,
    /// For the log only.
    pub private: Option<String>,
}

impl TokenError {
    const fn new(code: ErrorCode, description: &'static str) -> Self {
        Self { code, description, private: None }
    }

    fn away(private: String) -> Self {
        let private = Some(private);
        Self { private, ..Self::new(ErrorCode::TemporarilyUnavailable, "Try again in a moment.") }
    }
}

impl From<StoreError> for TokenError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Throttled { .. } => {
                Self::away("the store throttled the request".to_owned())
            }
            StoreError::Unavailable(private) => Self::away(private),
            StoreError::Corrupt(private) => Self {
                private: Some(private),
                ..Self::new(
                    ErrorCode::ServerError,
                    "Something went wrong on our side; the request id names the case.",
                )
            },
        }
    }
}

impl From<OutsideError> for TokenError {
    fn from(error: OutsideError) -> Self {
        Self::away(error.private)
    }
}

/// One sentence for a code that never was, was another's, or has ended: a stranger learns nothing from it.
const NO_CODE: TokenError = TokenError::new(
    ErrorCode::InvalidGrant,
    "The code is unknown, was used before, has expired, or belongs to another client or redirect_uri.",
);
const WRONG_VERIFIER: TokenError = TokenError::new(
    ErrorCode::InvalidGrant,
    "The code_verifier does not fit the code_challenge of the authorization request.",
);
const UNKNOWN_CLIENT: TokenError = TokenError::new(
    ErrorCode::InvalidClient,
    "The client_id or the client secret is wrong, was revoked or has expired.",
);

/// Redeems a code.
///
/// # Errors
/// The request is none, the application is not who it says, the code does not hold, the session behind it has ended,
/// or the store or the signer is away.
pub async fn redeem<S, G>(
    ctx: &Ctx<'_>,
    store: &S,
    signer: &G,
    request: &Request<'_>,
) -> Result<Issued, TokenError>
where
    S: Applications + Grants + Sessions + Directory,
    G: Signer,
{
    let form = Form::read(request)?;
    let application = authenticate(ctx, store, request, &form).await?;
    let code = GrantText::parse_code(form.code).ok_or(NO_CODE)?;
    for attempt in 0..ATTEMPTS_MAX {
        let grant = store.grant(ctx, &code.organization, &code.id).await?;
        // Compared also when there is nothing to compare with, so that the time does not tell it.
        let hash = grant.as_ref().map_or_else(|| SecretHash::from_bytes([0; 32]), |kept| kept.code);
        let is_proven = code.proves(&hash);
        let grant = grant.filter(|_| is_proven).ok_or(NO_CODE)?;
        if grant.request.application != application.id {
            return Err(NO_CODE);
        }
        if grant.state != GrantState::Open {
            return Err(used_before(ctx, store, &code.organization, grant).await?);
        }
        check(&grant, &form, ctx.now())?;
        match issue(ctx, store, signer, &code.organization, grant).await {
            Ok(Some(issued)) => return Ok(issued),
            Ok(None) => ctx.back_off(attempt, 20, 200).await,
            Err(error) => return Err(error),
        }
    }
    Err(TokenError::away("lost the race on every attempt".to_owned()))
}

/// RFC 6749 §4.1.2: a used code that comes again takes with it what it was redeemed for.
async fn used_before<S: Grants>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    mut grant: Grant,
) -> Result<TokenError, TokenError> {
    for _ in 0..ATTEMPTS_MAX {
        if grant.state == GrantState::Revoked {
            return Ok(NO_CODE);
        }
        let after =
            Grant { state: GrantState::Revoked, version: grant.version + 1, ..grant.clone() };
        match store.update_grant(ctx, organization, &grant, &after).await {
            Ok(()) => return Ok(NO_CODE),
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(_) => match store.grant(ctx, organization, &grant.id).await? {
                Some(now) => grant = now,
                None => return Ok(NO_CODE),
            },
        }
    }
    Err(TokenError::away("a used code was not revoked".to_owned()))
}

/// What the code is bound to (RFC 6749 §4.1.3, RFC 7636 §4.6).
fn check(grant: &Grant, form: &Form<'_>, now: Timestamp) -> Result<(), TokenError> {
    if grant.code_expires <= now || grant.request.redirect_uri != form.redirect_uri {
        return Err(NO_CODE);
    }
    let challenge = base64url(Sha256::digest(form.code_verifier.as_bytes()));
    if bool::from(challenge.as_bytes().ct_eq(grant.request.challenge.as_bytes())) {
        Ok(())
    } else {
        Err(WRONG_VERIFIER)
    }
}

/// Issues the tokens and marks the code as used; `None` when somebody was faster. The session learns of the
/// application first, so that none has a token that it will not be told the end of; the code is used up last.
async fn issue<S, G>(
    ctx: &Ctx<'_>,
    store: &S,
    signer: &G,
    organization: &OrganizationId,
    grant: Grant,
) -> Result<Option<Issued>, TokenError>
where
    S: Grants + Sessions + Directory,
    G: Signer,
{
    let Some(standing) = standing::of_grant(ctx, store, organization, &grant).await? else {
        return Err(NO_CODE);
    };
    let session = &standing.session;
    if let Some(after) = with_application(session, &grant.request.application) {
        match store.update_session(ctx, organization, session, &after).await {
            Ok(()) => {}
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(_) => return Ok(None),
        }
    }
    let (secret, token) = new_secret(ctx.world);
    let access_token = token_text(organization, &grant.id, &secret);
    let expires = ctx.now().plus_secs(USERINFO_TOKEN_SECS).min(session.expires);
    let claims = id_token(ctx, &standing, &grant, &access_token);
    let id_token = jws::sign(ctx, signer, "JWT", &claims).await?;
    let state = GrantState::Redeemed { token, expires };
    let after = Grant { state, version: grant.version + 1, ..grant.clone() };
    match store.update_grant(ctx, organization, &grant, &after).await {
        Ok(()) => Ok(Some(Issued {
            access_token,
            expires_in: expires.millis_since(ctx.now()) / 1_000,
            id_token,
            scope: grant.request.scope.join(" "),
        })),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

/// The session with this application among those that are told when it ends; `None` when it is there already. A session
/// that has given tokens to [`SESSION_APPLICATIONS_MAX`] applications forgets the first of them.
fn with_application(session: &Session, application: &ApplicationId) -> Option<Session> {
    if session.applications.contains(application) {
        return None;
    }
    let mut after = session.clone();
    if after.applications.len() >= SESSION_APPLICATIONS_MAX {
        after.applications.remove(0);
    }
    after.applications.push(application.clone());
    after.version += 1;
    Some(after)
}

/// OpenID Connect Core §2, §3.1.3.6.
fn id_token(
    ctx: &Ctx<'_>,
    standing: &Standing,
    grant: &Grant,
    access_token: &str,
) -> Map<String, Value> {
    let now = ctx.now();
    let client = grant.request.application.to_string();
    let digest = Sha256::digest(access_token.as_bytes());
    // RFC 8176 names `pwd`; for another provider's word there is no registered one.
    let amr = if grant.method == "password" { "pwd" } else { grant.method.as_str() };
    let mut claims = Map::new();
    for (name, value) in [
        ("iss", json!(ctx.base_url)),
        ("aud", json!(client)),
        ("azp", json!(client)),
        ("exp", json!(now.plus_secs(ID_TOKEN_SECS).unix_secs())),
        ("iat", json!(now.unix_secs())),
        ("auth_time", json!(grant.authenticated.unix_secs())),
        ("at_hash", json!(base64url(digest.get(..16).unwrap_or_default()))),
        ("sid", json!(grant.session.to_string())),
        ("amr", json!([amr])),
    ] {
        claims.insert(name.to_owned(), value);
    }
    if let Some(nonce) = &grant.request.nonce {
        claims.insert("nonce".to_owned(), nonce.as_str().into());
    }
    let member = claims::of_member(&standing.organization, &standing.user, &grant.request);
    claims.extend(claims::shortened(member));
    claims
}

/// The application that asks, proved by a secret when it has any (RFC 6749 §2.3.1); several hold at once while one
/// replaces another.
async fn authenticate<S: Applications>(
    ctx: &Ctx<'_>,
    store: &S,
    request: &Request<'_>,
    form: &Form<'_>,
) -> Result<Application, TokenError> {
    let (id, secret) = form.client(request.authorization)?;
    let id: ApplicationId = id.parse().map_err(|_| UNKNOWN_CLIENT)?;
    let application = store.application(ctx, &id).await?;
    let kept = application.as_ref().map(|application| application.secrets.as_slice());
    let now = ctx.now();
    let is_proven = match secret.as_deref() {
        Some(secret) => proves(kept.unwrap_or_default(), secret, now),
        // A public client proves itself by PKCE alone.
        None => kept.is_some_and(<[ClientSecret]>::is_empty),
    };
    application.filter(|_| is_proven).ok_or(UNKNOWN_CLIENT)
}

fn proves(secrets: &[ClientSecret], text: &str, now: Timestamp) -> bool {
    let Some((id, secret)) = parse_client_secret(text) else {
        return false;
    };
    let kept = secrets.iter().find(|kept| kept.id == id);
    // Compared also when there is nothing to compare with, so that the time does not tell it.
    let hash = kept.map_or_else(|| SecretHash::from_bytes([0; 32]), |kept| kept.hash);
    let is_it = hash.matches(secret.as_bytes());
    is_it && kept.is_some_and(|kept| kept.expires.is_none_or(|expires| now < expires))
}

/// The parameters that mean something (RFC 6749 §4.1.3, §2.3.1, RFC 7636 §4.5). Others are ignored (§3.2).
#[derive(Default)]
struct Form<'a> {
    code: &'a str,
    redirect_uri: &'a str,
    code_verifier: &'a str,
    client_id: Option<&'a str>,
    client_secret: Option<&'a str>,
}

impl<'a> Form<'a> {
    fn read(request: &Request<'a>) -> Result<Self, TokenError> {
        let invalid = |description| TokenError::new(ErrorCode::InvalidRequest, description);
        let pairs = request.form.ok_or_else(|| {
            invalid("Send the parameters as application/x-www-form-urlencoded in the body.")
        })?;
        let one = |name: &str| {
            // §3.1: without a value is as if it were not there.
            let mut values =
                pairs.iter().filter(|(known, value)| known == name && !value.is_empty());
            match (values.next(), values.next()) {
                (_, Some(_)) => Err(invalid("A parameter stands there twice: send each once.")),
                (first, None) => Ok(first.map(|(_, value)| value.as_str())),
            }
        };
        match one("grant_type")? {
            Some("authorization_code") => {}
            Some(_) => {
                return Err(TokenError::new(
                    ErrorCode::UnsupportedGrantType,
                    "Send grant_type=authorization_code: it is the only grant here.",
                ));
            }
            None => return Err(invalid("Send grant_type=authorization_code.")),
        }
        let form = Self {
            code: one("code")?.ok_or_else(|| invalid("Send the code."))?,
            redirect_uri: one("redirect_uri")?
                .ok_or_else(|| invalid("Send the redirect_uri of the authorization request."))?,
            code_verifier: one("code_verifier")?
                .ok_or_else(|| invalid("Send the code_verifier: PKCE is required."))?,
            client_id: one("client_id")?,
            client_secret: one("client_secret")?,
        };
        let is_verifier =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let verifier = form.code_verifier;
        if VERIFIER_CHARS.contains(&verifier.len()) && verifier.bytes().all(is_verifier) {
            Ok(form)
        } else {
            Err(invalid("The code_verifier must have 43 to 128 letters, digits and -._~"))
        }
    }

    /// The `client_id` and the secret, from the header or from the body; one way at a time (§2.3).
    fn client(&self, authorization: Option<&str>) -> Result<(String, Option<String>), TokenError> {
        let invalid = |description| Err(TokenError::new(ErrorCode::InvalidRequest, description));
        let Some(header) = authorization else {
            let id = self.client_id.ok_or(TokenError::new(
                ErrorCode::InvalidClient,
                "Send the client_id, by HTTP Basic or in the body.",
            ))?;
            return Ok((id.to_owned(), self.client_secret.map(str::to_owned)));
        };
        let (id, secret) = client_credentials::basic(header).ok_or(TokenError::new(
            ErrorCode::InvalidClient,
            "The Authorization header is not HTTP Basic with a client id and a client secret.",
        ))?;
        if self.client_secret.is_some() {
            return invalid("Send the client secret once: by HTTP Basic or in the body.");
        }
        if self.client_id.is_some_and(|other| other != id) {
            return invalid(
                "The client_id of the body is not the one of the Authorization header.",
            );
        }
        // Some libraries send a public client's id with an empty password.
        Ok((id, Some(secret).filter(|secret| !secret.is_empty())))
    }
}

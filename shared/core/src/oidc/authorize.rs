//! What an application asks for at `/oidc/authorize` (OpenID Connect Core §3.1.2, RFC 7636 §4.3), and the address that
//! its answer goes to.
//!
//! INVARIANT: nothing is sent to an address that the application has not registered. An unknown application or another
//! address is shown to the person; everything else that is wrong goes back to the application (RFC 6749 §4.1.2.1).

use super::wire::{code_text, from_base64url, push_query};
use crate::{
    application::Application,
    credential::new_secret,
    ctx::Ctx,
    ids::{ApplicationId, GrantId, OrganizationId},
    ports::{Applications, StoreError},
    session::{CODE_SECS, CodeRequest, Grant, GrantState, Session, SessionMethod},
};

/// The longest `redirect_uri`, in bytes.
pub const REDIRECT_URI_BYTES_MAX: usize = 2_048;
/// The longest `state`, in bytes.
pub const STATE_BYTES_MAX: usize = 2_048;
/// The longest `nonce`, in bytes.
pub const NONCE_BYTES_MAX: usize = 512;
/// The longest value of any other parameter, in bytes.
pub const PARAMETER_BYTES_MAX: usize = 512;
/// How many characters an `S256` challenge has: SHA-256 in base64url (RFC 7636 §4.2).
pub const CHALLENGE_CHARS: usize = 43;
/// The scopes that mean something here (OpenID Connect Core §5.4). Others are left out (§3.1.2.1).
pub const SCOPES: [&str; 3] = ["openid", "profile", "email"];

/// The parameters of an authorization request, each at most once. Those that mean nothing here are left out
/// (RFC 6749 §3.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthorizeParams {
    values: [Option<String>; NAMES.len()],
    /// The first parameter that stood there twice or was too long.
    fault: Option<(Name, &'static str)>,
}

/// The parameters that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the parameter of its name")]
pub enum Name {
    ResponseType,
    ClientId,
    RedirectUri,
    Scope,
    State,
    Nonce,
    CodeChallenge,
    CodeChallengeMethod,
    ResponseMode,
    Prompt,
    MaxAge,
    LoginHint,
    Organization,
    Request,
    RequestUri,
    Registration,
    To,
}

/// What [`Name::To`] may say: after signing in the browser goes to the organization's settings.
const TO_SETTINGS: &str = "settings";

/// In the order of [`Name`].
const NAMES: [&str; 17] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "response_mode",
    "prompt",
    "max_age",
    "login_hint",
    "organization",
    "request",
    "request_uri",
    "registration",
    "to",
];

impl Name {
    const ALL: [Self; NAMES.len()] = [
        Self::ResponseType,
        Self::ClientId,
        Self::RedirectUri,
        Self::Scope,
        Self::State,
        Self::Nonce,
        Self::CodeChallenge,
        Self::CodeChallengeMethod,
        Self::ResponseMode,
        Self::Prompt,
        Self::MaxAge,
        Self::LoginHint,
        Self::Organization,
        Self::Request,
        Self::RequestUri,
        Self::Registration,
        Self::To,
    ];

    /// As it stands in the query.
    #[must_use]
    pub fn text(self) -> &'static str {
        NAMES.get(self as usize).copied().unwrap_or_default()
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.text() == text)
    }

    const fn bytes_max(self) -> usize {
        match self {
            Self::RedirectUri => REDIRECT_URI_BYTES_MAX,
            Self::State => STATE_BYTES_MAX,
            Self::Nonce => NONCE_BYTES_MAX,
            // Refused whatever they hold: a signed request object is longer than anything else.
            Self::Request | Self::RequestUri | Self::Registration => usize::MAX,
            _ => PARAMETER_BYTES_MAX,
        }
    }
}

impl AuthorizeParams {
    /// From the pairs of a query or a form. A parameter without a value is as if it were not there (RFC 6749 §3.1);
    /// one that stands there twice or is too long is kept as a fault, which [`code_request`] answers: only it knows
    /// where to.
    #[must_use]
    pub fn from_pairs(pairs: &[(String, String)]) -> Self {
        let mut params = Self::default();
        for (name, value) in pairs {
            let Some(name) = Name::parse(name).filter(|_| !value.is_empty()) else {
                continue;
            };
            let Some(slot) = params.values.get_mut(name as usize) else {
                continue;
            };
            if name == Name::To {
                // Ours, and no parameter of OpenID Connect's: what else it says is ignored, as an unknown one is.
                if value == TO_SETTINGS {
                    *slot = Some(value.clone());
                }
                continue;
            }
            if slot.is_some() {
                params.fault.get_or_insert((name, "stands there twice: send it once"));
            } else if value.len() > name.bytes_max() {
                params.fault.get_or_insert((name, "is too long"));
            } else if matches!(name, Name::Request | Name::RequestUri | Name::Registration) {
                // That it is there is all that matters.
                *slot = Some(String::new());
            } else {
                *slot = Some(value.clone());
            }
        }
        params
    }

    /// A parameter's value.
    #[must_use]
    pub fn get(&self, name: Name) -> Option<&str> {
        self.values.get(name as usize)?.as_deref()
    }

    /// Whether this is an application's request at all: pages of ours may carry one, and may carry none.
    #[must_use]
    pub fn is_request(&self) -> bool {
        self.get(Name::ClientId).is_some()
            || self.fault.is_some_and(|(name, _)| name == Name::ClientId)
    }

    /// Whether the person wants to go to the organization's settings. An application's request goes before it.
    #[must_use]
    pub fn leads_to_settings(&self) -> bool {
        !self.is_request() && self.get(Name::To).is_some()
    }

    /// The parameters as pairs, to be carried on to another page of ours. What is set with [`Self::with`] is among them.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, &str)> {
        Name::ALL.into_iter().filter_map(|name| Some((name.text(), self.get(name)?))).collect()
    }

    /// The same parameters as a query for another page of ours, form-encoded; without a `?`.
    #[must_use]
    pub fn query(&self) -> String {
        super::wire::query(self.pairs())
    }

    /// With this value instead.
    #[must_use]
    pub fn with(mut self, name: Name, value: Option<String>) -> Self {
        if let Some(slot) = self.values.get_mut(name as usize) {
            *slot = value;
        }
        self
    }

    /// Which prompts were asked for (OpenID Connect Core §3.1.2.1).
    fn prompts(&self) -> impl Iterator<Item = &str> {
        self.get(Name::Prompt).unwrap_or_default().split(' ').filter(|prompt| !prompt.is_empty())
    }

    /// `prompt=none`: nothing may be shown to the person.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.prompts().any(|prompt| prompt == "none")
    }
}

/// The error codes that go back to an application (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the code of its name")]
pub enum ErrorCode {
    InvalidRequest,
    UnsupportedResponseType,
    InvalidScope,
    AccessDenied,
    LoginRequired,
    RequestNotSupported,
    RequestUriNotSupported,
    RegistrationNotSupported,
    TemporarilyUnavailable,
    ServerError,
}

impl ErrorCode {
    /// `invalid_request` and the like.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::AccessDenied => "access_denied",
            Self::LoginRequired => "login_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::RegistrationNotSupported => "registration_not_supported",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }
}

/// An error that goes back to the application, at an address that it has registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentBack {
    /// Which error.
    pub code: ErrorCode,
    /// `error_description`: what to change. Printable ASCII without quotes, as the RFC wants it.
    pub description: String,
    redirect_uri: String,
    state: Option<String>,
}

impl SentBack {
    /// An error about a request that was in order.
    pub fn new(request: &CodeRequest, code: ErrorCode, description: impl Into<String>) -> Self {
        Self {
            code,
            description: description.into(),
            redirect_uri: request.redirect_uri.clone(),
            state: request.state.clone(),
        }
    }

    /// Where the browser goes, with `state` and `iss` (RFC 9207).
    #[must_use]
    pub fn location(&self, ctx: &Ctx<'_>) -> String {
        let mut location = self.redirect_uri.clone();
        push_query(&mut location, "error", self.code.text());
        push_query(&mut location, "error_description", &self.description);
        finish(location, self.state.as_deref(), ctx.base_url)
    }
}

/// Why an authorization request is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizeError {
    /// There is no `client_id`, or no application of ours has it. Shown to the person; never a redirect.
    UnknownClient,
    /// There is no `redirect_uri`, or it is none of the application's. Shown to the person; never a redirect.
    RedirectUri,
    /// Goes back to the application.
    SentBack(SentBack),
    /// The store could not tell. Shown to the person.
    Store(StoreError),
}

impl From<StoreError> for AuthorizeError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The application that asks, and its request, checked.
///
/// # Errors
/// [`AuthorizeError`] says to whom it is told.
pub async fn read<S: Applications>(
    ctx: &Ctx<'_>,
    store: &S,
    params: &AuthorizeParams,
) -> Result<(Application, CodeRequest), AuthorizeError> {
    let id: ApplicationId = params
        .get(Name::ClientId)
        .and_then(|id| id.parse().ok())
        .ok_or(AuthorizeError::UnknownClient)?;
    let application = store.application(ctx, &id).await?.ok_or(AuthorizeError::UnknownClient)?;
    let request = code_request(params, &application)?;
    Ok((application, request))
}

/// The request of this application, checked.
///
/// # Errors
/// [`AuthorizeError`] says to whom it is told; [`AuthorizeError::Store`] never occurs here.
pub fn code_request(
    params: &AuthorizeParams,
    application: &Application,
) -> Result<CodeRequest, AuthorizeError> {
    let is_client = |id: &str| id == application.id.to_string();
    if params.fault.is_some_and(|(name, _)| name == Name::ClientId)
        || !params.get(Name::ClientId).is_some_and(is_client)
    {
        return Err(AuthorizeError::UnknownClient);
    }
    let redirect_uri = params
        .get(Name::RedirectUri)
        .filter(|_| params.fault.is_none_or(|(name, _)| name != Name::RedirectUri))
        .filter(|uri| application.redirect_uris.iter().any(|known| known == uri))
        // What is registered has been checked; an address with a fragment could not take our parameters.
        .filter(|uri| !uri.contains('#'))
        .ok_or(AuthorizeError::RedirectUri)?;
    checked(params, application, redirect_uri).map_err(|(code, description)| {
        AuthorizeError::SentBack(SentBack {
            code,
            description,
            redirect_uri: redirect_uri.to_owned(),
            // Of a state that stood there twice neither is theirs for sure.
            state: params
                .get(Name::State)
                .filter(|_| params.fault.is_none_or(|(name, _)| name != Name::State))
                .map(str::to_owned),
        })
    })
}

type Wrong = (ErrorCode, String);

fn wrong<T>(code: ErrorCode, description: &str) -> Result<T, Wrong> {
    Err((code, description.to_owned()))
}

fn checked(
    params: &AuthorizeParams,
    application: &Application,
    redirect_uri: &str,
) -> Result<CodeRequest, Wrong> {
    use ErrorCode as E;
    if let Some((name, what)) = params.fault {
        return Err((E::InvalidRequest, format!("The parameter {} {what}.", name.text())));
    }
    if params.get(Name::Request).is_some() {
        return wrong(E::RequestNotSupported, "Send the parameters themselves, not request.");
    }
    if params.get(Name::RequestUri).is_some() {
        return wrong(
            E::RequestUriNotSupported,
            "Send the parameters themselves, not request_uri.",
        );
    }
    if params.get(Name::Registration).is_some() {
        return wrong(E::RegistrationNotSupported, "Applications are registered by the operator.");
    }
    match params.get(Name::ResponseType) {
        Some("code") => {}
        Some(_) => return wrong(E::UnsupportedResponseType, "Send response_type=code."),
        None => return wrong(E::InvalidRequest, "Send response_type=code."),
    }
    if params.get(Name::ResponseMode).is_some_and(|mode| mode != "query") {
        return wrong(E::InvalidRequest, "Leave response_mode out, or send response_mode=query.");
    }
    Ok(CodeRequest {
        application: application.id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        scope: scope(params)?,
        state: params.get(Name::State).map(str::to_owned),
        nonce: params.get(Name::Nonce).map(str::to_owned),
        challenge: challenge(params)?,
        fresh_within_secs: fresh_within_secs(params)?,
    })
}

/// `S256` alone: `plain` protects nothing that PKCE is for (RFC 9700 §2.1.1).
fn challenge(params: &AuthorizeParams) -> Result<String, Wrong> {
    let invalid = |description| wrong(ErrorCode::InvalidRequest, description);
    let Some(challenge) = params.get(Name::CodeChallenge) else {
        return invalid("PKCE is required: send code_challenge and code_challenge_method=S256.");
    };
    if params.get(Name::CodeChallengeMethod) != Some("S256") {
        return invalid("Send code_challenge_method=S256.");
    }
    let is_digest = challenge.len() == CHALLENGE_CHARS
        && from_base64url(challenge).is_some_and(|bytes| bytes.len() == 32);
    if !is_digest {
        return invalid("The code_challenge is no SHA-256 digest in base64url without padding.");
    }
    Ok(challenge.to_owned())
}

/// RFC 6749 §3.3, OpenID Connect Core §3.1.2.1.
fn scope(params: &AuthorizeParams) -> Result<Vec<String>, Wrong> {
    let text = params.get(Name::Scope).unwrap_or_default();
    let is_scope = |byte: u8| matches!(byte, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    if !text.bytes().all(is_scope) {
        return wrong(ErrorCode::InvalidScope, "The scope is no list of scopes.");
    }
    let asked = |scope: &&str| text.split(' ').any(|asked| asked == *scope);
    let scope: Vec<String> = SCOPES.into_iter().filter(asked).map(str::to_owned).collect();
    if scope.iter().any(|scope| scope == "openid") {
        Ok(scope)
    } else {
        wrong(ErrorCode::InvalidScope, "The scope must hold openid.")
    }
}

/// `prompt` and `max_age`: how fresh the proof must be, in seconds; zero: now.
fn fresh_within_secs(params: &AuthorizeParams) -> Result<Option<u64>, Wrong> {
    let invalid = |description| wrong(ErrorCode::InvalidRequest, description);
    let mut wants_login = false;
    for prompt in params.prompts() {
        match prompt {
            "none" => {}
            // Another account can only be told apart by proving it.
            "login" | "select_account" => wants_login = true,
            // The operator's own application: there is nothing to consent to.
            "consent" => {}
            _ => return invalid("The prompt must be none, login, consent or select_account."),
        }
    }
    if params.is_silent() && params.prompts().count() > 1 {
        return invalid("prompt=none cannot stand with another prompt.");
    }
    let max_age = match params.get(Name::MaxAge) {
        None => None,
        Some(text) => match text.parse::<u64>() {
            Ok(secs) if text.bytes().all(|byte| byte.is_ascii_digit()) => Some(secs),
            _ => return invalid("The max_age is no number of seconds."),
        },
    };
    Ok(if wants_login { Some(0) } else { max_age })
}

/// A new code for this session, and the code's text, which is not kept.
#[must_use]
pub fn new_grant(
    ctx: &Ctx<'_>,
    organization: &OrganizationId,
    request: &CodeRequest,
    session: &Session,
) -> (Grant, String) {
    let id = GrantId::new(ctx.world);
    let (secret, hash) = new_secret(ctx.world);
    let text = code_text(organization, &id, &secret);
    let method = match session.method {
        SessionMethod::Saml(_) => "saml",
        SessionMethod::Password => "password",
    };
    let grant = Grant {
        id,
        code: hash,
        code_expires: ctx.now().plus_secs(CODE_SECS),
        request: request.clone(),
        user: session.user,
        session: session.id.clone(),
        authenticated: session.authenticated,
        method: method.to_owned(),
        state: GrantState::Open,
        version: 1,
    };
    (grant, text)
}

/// Where the browser goes with its code, with `state` and `iss` (RFC 6749 §4.1.2, RFC 9207).
#[must_use]
pub fn code_redirect(ctx: &Ctx<'_>, request: &CodeRequest, code: &str) -> String {
    let mut location = request.redirect_uri.clone();
    push_query(&mut location, "code", code);
    finish(location, request.state.as_deref(), ctx.base_url)
}

fn finish(mut location: String, state: Option<&str>, issuer: &str) -> String {
    if let Some(state) = state {
        push_query(&mut location, "state", state);
    }
    push_query(&mut location, "iss", issuer);
    location
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const GOOD: &[(&str, &str)] = &[
        ("response_type", "code"),
        ("client_id", "app-0123456789ab"),
        ("redirect_uri", "https://app.example/back?x=1"),
        ("scope", "openid email offline_access"),
        ("state", "a&b"),
        ("nonce", "n"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];

    fn application() -> Application {
        Application {
            id: "app-0123456789ab".parse().unwrap(),
            name: "App".to_owned(),
            redirect_uris: vec!["https://app.example/back?x=1".to_owned()],
            post_logout_redirect_uris: Vec::new(),
            initiate_login_uri: None,
            back_channel_logout_uri: None,
            secrets: Vec::new(),
            created: Timestamp::default(),
            version: 1,
        }
    }

    /// The good request with some values replaced (an empty one: left out) and some pairs added.
    fn asked(
        replace: &[(&str, &str)],
        add: &[(&str, &str)],
    ) -> Result<CodeRequest, AuthorizeError> {
        let of =
            |name: &str| replace.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        let kept = GOOD.iter().map(|(name, value)| (*name, of(name).unwrap_or(value)));
        let new = replace.iter().filter(|(name, _)| GOOD.iter().all(|(known, _)| known != name));
        let pairs = kept.chain(new.copied()).chain(add.iter().copied());
        let pairs: Vec<_> = pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        code_request(&AuthorizeParams::from_pairs(&pairs), &application())
    }

    #[test]
    fn a_request_in_order_is_read() {
        let request = asked(&[("max_age", "60")], &[("unknown", "x"), ("unknown", "y")]).unwrap();
        assert_eq!(request.scope, ["openid", "email"]);
        assert_eq!(request.state.as_deref(), Some("a&b"));
        assert_eq!(request.nonce.as_deref(), Some("n"));
        assert_eq!(request.fresh_within_secs, Some(60));
        assert_eq!(asked(&[("prompt", "login consent")], &[]).unwrap().fresh_within_secs, Some(0));
        assert_eq!(asked(&[("state", "")], &[]).unwrap().state, None);
    }

    #[test]
    fn nothing_is_sent_to_an_address_that_is_not_registered() {
        for replace in [
            ("client_id", ""),
            ("client_id", "app-ba9876543210"),
            ("redirect_uri", ""),
            ("redirect_uri", "https://app.example/back"),
            ("redirect_uri", "https://app.example/back?x=1#"),
            ("redirect_uri", "https://app.example/back?x=1/"),
            ("redirect_uri", "https://APP.example/back?x=1"),
            ("redirect_uri", "https://app.example.evil/back?x=1"),
            ("redirect_uri", "//evil"),
            ("redirect_uri", "javascript:alert(1)"),
        ] {
            let error = asked(&[replace], &[]).unwrap_err();
            let shown =
                matches!(error, AuthorizeError::UnknownClient | AuthorizeError::RedirectUri);
            assert!(shown, "{replace:?}: {error:?}");
        }
        let twice = asked(&[], &[("redirect_uri", "https://app.example/back?x=1")]).unwrap_err();
        assert_eq!(twice, AuthorizeError::RedirectUri);
        let twice = asked(&[], &[("client_id", "app-0123456789ab")]).unwrap_err();
        assert_eq!(twice, AuthorizeError::UnknownClient);
        let long = "x".repeat(REDIRECT_URI_BYTES_MAX + 1);
        let long = asked(&[("redirect_uri", &long)], &[]).unwrap_err();
        assert_eq!(long, AuthorizeError::RedirectUri);
    }

    #[test]
    fn what_else_is_wrong_goes_back_with_its_code() {
        let long = "n".repeat(NONCE_BYTES_MAX + 1);
        for (replace, code) in [
            (("response_type", ""), "invalid_request"),
            (("response_type", "token"), "unsupported_response_type"),
            (("response_type", "code id_token"), "unsupported_response_type"),
            (("response_mode", "fragment"), "invalid_request"),
            (("scope", ""), "invalid_scope"),
            (("scope", "email"), "invalid_scope"),
            (("scope", "openid \"x\""), "invalid_scope"),
            (("code_challenge", ""), "invalid_request"),
            (("code_challenge", "short"), "invalid_request"),
            (("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM"), "invalid_request"),
            (("code_challenge_method", ""), "invalid_request"),
            (("code_challenge_method", "plain"), "invalid_request"),
            (("nonce", &long), "invalid_request"),
            (("prompt", "none login"), "invalid_request"),
            (("prompt", "create"), "invalid_request"),
            (("max_age", "-1"), "invalid_request"),
            (("max_age", "+1"), "invalid_request"),
            (("request", "x"), "request_not_supported"),
            (("request_uri", "https://evil.example/r"), "request_uri_not_supported"),
            (("registration", "{}"), "registration_not_supported"),
        ] {
            let error = asked(&[replace], &[]).unwrap_err();
            let AuthorizeError::SentBack(back) = error else {
                panic!("{replace:?}: {error:?}");
            };
            assert_eq!(back.code.text(), code, "{replace:?}");
            assert!(back.description.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'"'));
            assert_eq!(back.state.as_deref(), Some("a&b"));
        }
    }

    #[test]
    fn a_state_that_stands_there_twice_is_not_echoed() {
        let AuthorizeError::SentBack(back) = asked(&[], &[("state", "other")]).unwrap_err() else {
            panic!("not sent back");
        };
        assert_eq!((back.code, back.state), (ErrorCode::InvalidRequest, None));
    }

    #[test]
    fn parameters_are_carried_on_whole() {
        let pairs: Vec<_> = GOOD.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let params =
            AuthorizeParams::from_pairs(&pairs).with(Name::Organization, Some("acme".into()));
        let mut carried = params.pairs();
        assert_eq!(carried.pop(), Some(("organization", "acme")));
        assert_eq!(carried.as_slice(), GOOD);
        assert!(params.query().contains("state=a%26b&"));
    }
}

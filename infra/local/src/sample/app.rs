//! The sample application: an OpenID Connect relying party as small as one can be and still do everything that it must:
//! PKCE, `state`, `nonce`, and the checks of an ID token (OpenID Connect Core §3.1.3.7).

use std::{
    collections::VecDeque,
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{Method, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use lychgate_core::ctx::World;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::page::{escaped, field, html, message, see_other, with_type};
use crate::demo::Demo;

/// How many sign-ins may be under way.
const UNDER_WAY_MAX: usize = 100;

/// The sample application.
pub struct SampleApp {
    base_url: String,
    application: String,
    domain: String,
    world: Arc<dyn World>,
    client: Client<HttpConnector, Full<Bytes>>,
    under_way: Mutex<VecDeque<UnderWay>>,
    logout_tokens: Mutex<VecDeque<String>>,
}

struct UnderWay {
    state: String,
    nonce: String,
    verifier: String,
}

impl SampleApp {
    pub(super) fn new(demo: &Demo, world: Arc<dyn World>) -> Self {
        Self {
            base_url: demo.base_url.clone(),
            application: demo.application.clone(),
            domain: demo.domain.clone(),
            world,
            client: Client::builder(TokioExecutor::new()).build_http(),
            under_way: Mutex::default(),
            logout_tokens: Mutex::default(),
        }
    }

    /// The first page.
    pub(super) fn home(&self) -> Response<Full<Bytes>> {
        let mut body = format!(
            "<p>An application that signs its people in through Lychgate.</p>\
             <p><a class=\"button\" href=\"/sample/app/login?organization={domain}\">Sign in with {domain}</a></p>\
             <p><a href=\"/sample/app/login\">Sign in without saying where you work</a></p>\
             <p><a href=\"/sample/idp\">Or begin at the identity provider</a></p>",
            domain = escaped(&self.domain),
        );
        let told = lock(&self.logout_tokens);
        if !told.is_empty() {
            body.push_str("<h2>Told that sessions ended</h2>");
            for token in told.iter() {
                let _ = write!(body, "<pre>{}</pre>", escaped(token));
            }
        }
        html(200, "Sample application", &body)
    }

    /// Sends the browser to sign in.
    pub(super) fn log_in(&self, query: &str) -> Response<Full<Bytes>> {
        let under_way =
            UnderWay { state: self.random(), nonce: self.random(), verifier: self.random() };
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&under_way.verifier));
        let redirect_uri = self.redirect_uri();
        let mut location = format!(
            "{}/oidc/authorize?response_type=code&scope=openid+profile+email",
            self.base_url
        );
        let mut push = |name: &str, value: &str| {
            let _ = write!(location, "&{name}={}", encoded(value));
        };
        push("client_id", &self.application);
        push("redirect_uri", &redirect_uri);
        push("state", &under_way.state);
        push("nonce", &under_way.nonce);
        push("code_challenge", &challenge);
        push("code_challenge_method", "S256");
        for name in ["organization", "login_hint", "prompt"] {
            if let Some(value) = field(query, name) {
                push(name, &value);
            }
        }
        let mut all = lock(&self.under_way);
        all.push_back(under_way);
        if all.len() > UNDER_WAY_MAX {
            all.pop_front();
        }
        see_other(&location)
    }

    /// Takes the code.
    pub(super) async fn callback(&self, query: &str) -> Response<Full<Bytes>> {
        if let Some(error) = field(query, "error") {
            let why = field(query, "error_description").unwrap_or_default();
            return message(400, &format!("{error}: {why}"));
        }
        let (Some(code), Some(state)) = (field(query, "code"), field(query, "state")) else {
            return message(400, "There is no code or no state.");
        };
        let issuer = field(query, "iss");
        if issuer.as_deref() != Some(&self.base_url) {
            return message(400, "The answer comes from another issuer.");
        }
        let found = {
            let mut all = lock(&self.under_way);
            let place = all.iter().position(|one| one.state == state);
            place.and_then(|place| all.remove(place))
        };
        let Some(under_way) = found else {
            return message(400, "This sign-in did not begin here.");
        };
        match self.redeem(&code, &under_way).await {
            Ok(body) => html(200, "Signed in", &body),
            Err(why) => message(400, &why),
        }
    }

    async fn redeem(&self, code: &str, under_way: &UnderWay) -> Result<String, String> {
        let form = format!(
            "grant_type=authorization_code&code={}&redirect_uri={}&client_id={}&code_verifier={}",
            encoded(code),
            encoded(&self.redirect_uri()),
            encoded(&self.application),
            encoded(&under_way.verifier),
        );
        let tokens = self.call(Method::POST, "/oidc/token", None, Some(form)).await?;
        let id_token =
            tokens.get("id_token").and_then(Value::as_str).ok_or("There is no ID token.")?;
        let access = tokens.get("access_token").and_then(Value::as_str).unwrap_or_default();
        let keys = self.call(Method::GET, "/oidc/jwks", None, None).await?;
        let claims = verified(id_token, &keys)?;
        let is = |name: &str, value: &str| claims.get(name).and_then(Value::as_str) == Some(value);
        let ends = claims.get("exp").and_then(Value::as_u64).unwrap_or_default();
        if !is("iss", &self.base_url)
            || !is("aud", &self.application)
            || !is("nonce", &under_way.nonce)
            || ends <= self.world.now().unix_secs()
        {
            return Err("The ID token is not for this sign-in.".to_owned());
        }
        let userinfo = self.call(Method::GET, "/oidc/userinfo", Some(access), None).await?;
        let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
        let end_session = format!(
            "{}/oidc/end_session?id_token_hint={}&post_logout_redirect_uri={}",
            self.base_url,
            encoded(id_token),
            encoded(&format!("{}/sample/app", self.base_url)),
        );
        Ok(format!(
            "<h2>ID token</h2><pre id=\"claims\">{}</pre><h2>Userinfo</h2><pre id=\"userinfo\">{}</pre>\
             <p><a class=\"button\" href=\"{}\">Sign out</a></p><p><a href=\"/sample/app\">Back</a></p>",
            escaped(&pretty(&claims)),
            escaped(&pretty(&userinfo)),
            escaped(&end_session),
        ))
    }

    /// A session has ended (OpenID Connect Back-Channel Logout §2.5). Shown on the first page.
    pub(super) fn told_of_logout(&self, body: &[u8]) -> Response<Full<Bytes>> {
        let form = String::from_utf8_lossy(body);
        let Some(token) = field(&form, "logout_token") else {
            return with_type(
                400,
                "application/json",
                "{\"error\":\"invalid_request\"}".to_owned(),
            );
        };
        let claims =
            token.split('.').nth(1).and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
        let claims = claims.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let mut all = lock(&self.logout_tokens);
        all.push_back(claims);
        if all.len() > UNDER_WAY_MAX {
            all.pop_front();
        }
        with_type(200, "application/json", String::new())
    }

    fn redirect_uri(&self) -> String {
        format!("{}/sample/app/callback", self.base_url)
    }

    fn random(&self) -> String {
        let mut bytes = [0_u8; 32];
        self.world.fill(&mut bytes);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        bearer: Option<&str>,
        form: Option<String>,
    ) -> Result<Value, String> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base_url));
        if let Some(bearer) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
        }
        if form.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let request = request
            .body(Full::new(Bytes::from(form.unwrap_or_default())))
            .map_err(|error| error.to_string())?;
        let response = self.client.request(request).await.map_err(|error| error.to_string())?;
        let status = response.status();
        let body =
            response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        if !status.is_success() {
            return Err(format!("{path} answered {status}: {}", String::from_utf8_lossy(&body)));
        }
        serde_json::from_slice(&body).map_err(|error| error.to_string())
    }
}

/// The claims of an ID token whose signature one of these keys made.
fn verified(token: &str, keys: &Value) -> Result<Value, String> {
    let decoded =
        |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|error| error.to_string());
    let (signed, signature) = token.rsplit_once('.').ok_or("The ID token is no JWS.")?;
    let (header, payload) = signed.split_once('.').ok_or("The ID token is no JWS.")?;
    let json =
        |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).map_err(|error| error.to_string());
    let header = json(&decoded(header)?)?;
    if header.get("alg").and_then(Value::as_str) != Some("ES256") {
        return Err("The ID token is not signed with ES256.".to_owned());
    }
    let keys = keys.get("keys").and_then(Value::as_array).ok_or("There are no keys.")?;
    let key = keys.iter().find(|key| key.get("kid") == header.get("kid"));
    let key = key.ok_or("Nobody published the ID token's key.")?;
    let part = |name: &str| decoded(key.get(name).and_then(Value::as_str).unwrap_or_default());
    let point = [vec![4_u8], part("x")?, part("y")?].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(signed.as_bytes(), &decoded(signature)?)
        .map_err(|_| "The ID token's signature does not hold.".to_owned())?;
    json(&decoded(payload)?)
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

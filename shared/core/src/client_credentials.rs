//! The OAuth 2.0 client-credentials grant (P4; RFC 6749 §4.4, §5): a client id and a secret in, an access
//! token for SCIM out.
//!
//! It reads the form and the `Authorization` header as text and knows no HTTP beyond that. Unknown client and
//! wrong secret give the same answer in the same time.

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{
    access_token::AccessToken,
    credential::{
        AUTHORIZATION_BYTES_MAX, access_token_text, new_secret, parse_client_id,
        parse_client_secret,
    },
    ctx::Ctx,
    gate,
    ids::{AccessTokenId, ClientId, OrganizationId, SecretId},
    organization::{ClientSecret, Organization},
    ports::{AccessTokens, Organizations, StoreError},
    secret::SecretHash,
};

/// The longest form that is read, in bytes.
pub const FORM_BYTES_MAX: usize = 8_192;
/// The longest `scope` that is given back, in bytes.
pub const SCOPE_BYTES_MAX: usize = 512;

/// A token request as it came.
#[derive(Clone, Copy, Default)]
pub struct Request<'a> {
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The `Content-Type` header.
    pub content_type: Option<&'a str>,
    /// The body.
    pub form: &'a [u8],
}

/// An access token that was issued (RFC 6749 §5.1). `token_type` is `Bearer`.
#[derive(Clone, PartialEq, Eq)]
pub struct Issued {
    /// Whose directory it opens.
    pub organization: OrganizationId,
    /// The client that asked.
    pub client: ClientId,
    /// The token.
    pub access_token: String,
    /// How long it holds, in seconds.
    pub expires_in: u64,
    /// The scope that was asked for. It means nothing here: a directory has one scope, all of it.
    pub scope: Option<String>,
}

/// The error codes of RFC 6749 §5.2, and two for our side (§4.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// 400: a parameter is missing, doubled or wrong.
    InvalidRequest,
    /// 401 with `WWW-Authenticate: Basic`: no client, unknown client, wrong secret.
    InvalidClient,
    /// 400: the client is known, but its directory is closed.
    UnauthorizedClient,
    /// 400: another grant than client credentials.
    UnsupportedGrantType,
    /// 400: a scope that is no scope.
    InvalidScope,
    /// 503: the store is away or overloaded.
    TemporarilyUnavailable,
    /// 500: a defect of ours.
    ServerError,
}

impl ErrorCode {
    /// `invalid_client` and the like.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }
}

/// Why no token was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthError {
    /// Which error.
    pub code: ErrorCode,
    /// `error_description`: what to change. Printable ASCII without quotes, as the RFC wants it.
    pub description: Cow<'static, str>,
    /// For the log only.
    pub private: Option<String>,
    /// Whole seconds after which to come again.
    pub retry_after_secs: Option<u32>,
}

impl OauthError {
    const fn new(code: ErrorCode, description: &'static str) -> Self {
        Self {
            code,
            description: Cow::Borrowed(description),
            private: None,
            retry_after_secs: None,
        }
    }
}

impl From<StoreError> for OauthError {
    fn from(error: StoreError) -> Self {
        let away = Self::new(
            ErrorCode::TemporarilyUnavailable,
            "The directory cannot be reached at the moment. Try again later.",
        );
        match error {
            StoreError::Throttled { retry_after_secs } => Self {
                private: Some("the store throttled the request".to_owned()),
                retry_after_secs: Some(retry_after_secs),
                ..away
            },
            StoreError::Unavailable(private) => Self {
                private: Some(private),
                retry_after_secs: Some(crate::call::RETRY_AFTER_SECS),
                ..away
            },
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

/// Issues an access token.
///
/// # Errors
/// The request is none, the client is not who it says, its directory is closed, or the store is away.
pub async fn issue<S: Organizations + AccessTokens>(
    ctx: &Ctx<'_>,
    store: &S,
    request: &Request<'_>,
) -> Result<Issued, OauthError> {
    let form = Form::read(request)?;
    let (client_id, client_secret) = form.client(request.authorization)?;
    let (organization_id, client_id) = parse_client_id(&client_id).ok_or(UNKNOWN)?;
    let (secret_id, secret) = parse_client_secret(&client_secret).ok_or(UNKNOWN)?;
    let organization = store.organization(ctx, &organization_id).await?;
    let kept = organization
        .as_ref()
        .and_then(|organization| find_secret(organization, &client_id, &secret_id));
    // Compared also when there is nothing to compare with, so that the time does not tell it.
    let hash = kept.map_or_else(|| SecretHash::from_bytes([0; 32]), |kept| kept.hash);
    let is_proven = hash.matches(secret.as_bytes());
    let now = ctx.now();
    let holds = |kept: &&ClientSecret| kept.expires.is_none_or(|expires| now < expires);
    let (Some(organization), Some(kept), true) = (&organization, kept.filter(holds), is_proven)
    else {
        return Err(UNKNOWN);
    };
    // As the gate of SCIM does, so that the client learns it here and not with its first request.
    gate::open(organization, now).map_err(|closed| OauthError {
        description: closed.detail,
        ..OauthError::new(ErrorCode::UnauthorizedClient, "")
    })?;

    let mut expires = now.plus_secs(u64::from(organization.directory.access_token_secs));
    if let Some(secret_expires) = kept.expires {
        // A token ends with the secret that it was got with; `expires_in` says so from the start.
        expires = expires.min(secret_expires);
    }
    let (token_secret, hash) = new_secret(ctx.world);
    let token = AccessToken {
        id: AccessTokenId::new(ctx.world),
        client: client_id,
        secret: secret_id,
        hash,
        expires,
    };
    store.put_access_token(ctx, &organization.id, &token).await?;
    Ok(Issued {
        access_token: access_token_text(&organization.id, &token.id, &token_secret),
        expires_in: expires.millis_since(now) / 1_000,
        scope: form.scope,
        client: token.client,
        organization: organization.id.clone(),
    })
}

/// The same sentence for an unknown client, a wrong secret and one that has ended.
const UNKNOWN: OauthError = OauthError::new(
    ErrorCode::InvalidClient,
    "The client id or the client secret is wrong, was revoked or has expired. Copy both again from the \
     directory settings.",
);

fn find_secret<'a>(
    organization: &'a Organization,
    client: &ClientId,
    secret: &SecretId,
) -> Option<&'a ClientSecret> {
    let mut clients = organization.directory.clients.iter();
    let client = clients.find(|kept| kept.id == *client)?;
    client.secrets.iter().find(|kept| kept.id == *secret)
}

/// The parameters that mean something (RFC 6749 §4.4.2, §2.3.1). Others are ignored (§3.2).
#[derive(Default)]
struct Form {
    grant_type: Option<String>,
    scope: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

impl Form {
    fn read(request: &Request<'_>) -> Result<Self, OauthError> {
        let invalid = |description| OauthError::new(ErrorCode::InvalidRequest, description);
        let is_form = request.content_type.is_some_and(|value| {
            let media_type = value.split(';').next().unwrap_or_default().trim();
            media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
        if !is_form {
            return Err(invalid(
                "Send the parameters as application/x-www-form-urlencoded in the body.",
            ));
        }
        if request.form.len() > FORM_BYTES_MAX {
            return Err(invalid("The body is too long."));
        }
        let mut form = Self::default();
        for pair in request.form.split(|byte| *byte == b'&') {
            let (name, value) = split_pair(pair);
            let slot = match form_decode(name).as_deref() {
                Some("grant_type") => &mut form.grant_type,
                Some("scope") => &mut form.scope,
                Some("client_id") => &mut form.client_id,
                Some("client_secret") => &mut form.client_secret,
                _ => continue,
            };
            let value = form_decode(value)
                .ok_or_else(|| invalid("A parameter is not percent-encoded UTF-8."))?;
            // §3.1: without a value is as if it were not there.
            if value.is_empty() {
                continue;
            }
            if slot.is_some() {
                return Err(invalid("A parameter stands there twice: send each once."));
            }
            *slot = Some(value);
        }
        form.checked()
    }

    fn checked(self) -> Result<Self, OauthError> {
        match self.grant_type.as_deref() {
            Some("client_credentials") => {}
            Some(_) => {
                return Err(OauthError::new(
                    ErrorCode::UnsupportedGrantType,
                    "Send grant_type=client_credentials: it is the only grant here.",
                ));
            }
            None => {
                return Err(OauthError::new(
                    ErrorCode::InvalidRequest,
                    "Send grant_type=client_credentials.",
                ));
            }
        }
        // §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ), separated by spaces.
        let is_scope = |byte: u8| matches!(byte, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if let Some(scope) = &self.scope
            && (scope.len() > SCOPE_BYTES_MAX || !scope.bytes().all(is_scope))
        {
            return Err(OauthError::new(
                ErrorCode::InvalidScope,
                "The scope is no list of scopes. Leave it out: it means nothing here.",
            ));
        }
        Ok(self)
    }

    /// Id and secret, from the header or from the body; one way at a time (§2.3).
    fn client(&self, authorization: Option<&str>) -> Result<(String, String), OauthError> {
        let invalid = |description| Err(OauthError::new(ErrorCode::InvalidRequest, description));
        let Some(header) = authorization else {
            return match (&self.client_id, &self.client_secret) {
                (Some(id), Some(secret)) => Ok((id.clone(), secret.clone())),
                _ => Err(OauthError::new(
                    ErrorCode::InvalidClient,
                    "Send client_id and client_secret, by HTTP Basic or in the body.",
                )),
            };
        };
        let (id, secret) = basic(header).ok_or(OauthError::new(
            ErrorCode::InvalidClient,
            "The Authorization header is not HTTP Basic with a client id and a client secret.",
        ))?;
        if self.client_secret.is_some() {
            return invalid("Send the client secret once: by HTTP Basic or in the body.");
        }
        if self.client_id.as_ref().is_some_and(|other| *other != id) {
            return invalid(
                "The client_id of the body is not the one of the Authorization header.",
            );
        }
        Ok((id, secret))
    }
}

/// `Basic base64(id:secret)`, each form-encoded before (RFC 6749 §2.3.1). Ours have no character that the
/// encoding would change, so that clients which leave it out are understood as well.
pub(crate) fn basic(header: &str) -> Option<(String, String)> {
    if header.len() > AUTHORIZATION_BYTES_MAX {
        return None;
    }
    let (scheme, rest) = header.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = BASE64_STANDARD.decode(rest.trim()).ok()?;
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let (id, secret) = bytes.split_at_checked(colon)?;
    Some((form_decode(id)?, form_decode(secret.get(1..)?)?))
}

fn split_pair(pair: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = pair.splitn(2, |byte| *byte == b'=');
    let name = parts.next().unwrap_or_default();
    (name, parts.next().unwrap_or_default())
}

/// `application/x-www-form-urlencoded`: `+` is a space, `%XX` a byte. `None`: a broken escape, or no UTF-8.
fn form_decode(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Result<Form, OauthError> {
        Form::read(&Request {
            authorization: None,
            content_type: Some("application/x-www-form-urlencoded; charset=utf-8"),
            form: text.as_bytes(),
        })
    }

    fn code<T>(result: Result<T, OauthError>) -> &'static str {
        result.err().map_or("no error", |error| error.code.text())
    }

    #[test]
    fn parameters_are_decoded() {
        let form = form("grant_type=client%5Fcredentials&scope=a+b&client_id=x%2By").unwrap();
        assert_eq!(form.scope.as_deref(), Some("a b"));
        assert_eq!(form.client_id.as_deref(), Some("x+y"));
    }

    #[test]
    fn what_is_wrong_is_named_as_the_rfc_names_it() {
        assert_eq!(code(form("")), "invalid_request");
        assert_eq!(code(form("grant_type=")), "invalid_request");
        assert_eq!(code(form("grant_type=password")), "unsupported_grant_type");
        let twice = "grant_type=client_credentials&grant_type=client_credentials";
        assert_eq!(code(form(twice)), "invalid_request");
        assert_eq!(code(form("grant_type=%ZZ")), "invalid_request");
        assert_eq!(code(form("grant_type=%ff")), "invalid_request");
        let scope = "grant_type=client_credentials&scope=%22";
        assert_eq!(code(form(scope)), "invalid_scope");
        let json = Form::read(&Request {
            authorization: None,
            content_type: Some("application/json"),
            form: b"{}",
        });
        assert_eq!(code(json), "invalid_request");
    }

    #[test]
    fn client_and_secret_come_by_one_way() {
        let header = format!("basic {}", BASE64_STANDARD.encode("id%2B:se:cret"));
        let body = form("grant_type=client_credentials").unwrap();
        let pair = body.client(Some(&header)).unwrap();
        assert_eq!(pair, ("id+".to_owned(), "se:cret".to_owned()));
        assert_eq!(code(body.client(None)), "invalid_client");
        assert_eq!(code(body.client(Some("Bearer x"))), "invalid_client");
        assert_eq!(code(body.client(Some("Basic !!!"))), "invalid_client");

        let both = form("grant_type=client_credentials&client_id=id%2B&client_secret=s").unwrap();
        assert_eq!(code(both.client(Some(&header))), "invalid_request");
        assert!(both.client(None).is_ok());
        let same = form("grant_type=client_credentials&client_id=id%2B").unwrap();
        assert!(same.client(Some(&header)).is_ok());
        let other = form("grant_type=client_credentials&client_id=other").unwrap();
        assert_eq!(code(other.client(Some(&header))), "invalid_request");
    }
}

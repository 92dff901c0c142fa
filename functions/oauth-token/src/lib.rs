//! `POST /oauth/token`: the OAuth 2.0 client-credentials grant (RFC 6749 §4.4). One route.

use lychgate_core::{
    client_credentials::{self, ErrorCode, Issued, OauthError, Request},
    ctx::Ctx,
    ports::{AccessTokens, Organizations},
};
use lychgate_edge::{
    handler::{Handler, Stack},
    json::{Incoming, Json, Routes, reply},
    problem::Problem,
    reply::Reply,
};
use serde_json::json;

/// The handler on this store.
pub fn handler<S: Organizations + AccessTokens + 'static>(
    stack: Stack,
    store: S,
) -> impl Handler + use<S> {
    Json::new(OauthToken::new(store), stack)
}

/// The token endpoint's route on a store.
pub struct OauthToken<S> {
    store: S,
}

impl<S> OauthToken<S> {
    /// See [`handler`].
    pub const fn new(store: S) -> Self {
        Self { store }
    }
}

impl<S: Organizations + AccessTokens> Routes for OauthToken<S> {
    const FUNCTION: &'static str = "oauth-token";

    async fn serve(&self, ctx: &mut Ctx<'_>, incoming: &Incoming<'_>) -> Result<Reply, Problem> {
        let request = Request {
            authorization: incoming.request.header("authorization"),
            content_type: incoming.request.header("content-type"),
            form: &incoming.request.body,
        };
        let reply = match client_credentials::issue(ctx, &self.store, &request).await {
            Ok(issued) => granted(&issued),
            Err(error) => refused(&error, ctx.request_id),
        };
        // RFC 6749 §5.1 wants this beside `Cache-Control: no-store`, which every reply of the edge has.
        Ok(reply.with_header("pragma", "no-cache"))
    }
}

fn granted(issued: &Issued) -> Reply {
    let mut body = json!({
        "access_token": issued.access_token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
    });
    if let (Some(scope), Some(members)) = (&issued.scope, body.as_object_mut()) {
        members.insert("scope".to_owned(), scope.as_str().into());
    }
    reply(200, &body)
}

/// RFC 6749 §5.2. The frame's line says the status; what only we may know of it is logged here.
fn refused(error: &OauthError, request_id: &str) -> Reply {
    let status = match error.code {
        ErrorCode::InvalidRequest
        | ErrorCode::UnauthorizedClient
        | ErrorCode::UnsupportedGrantType
        | ErrorCode::InvalidScope => 400,
        ErrorCode::InvalidClient => 401,
        ErrorCode::TemporarilyUnavailable => 503,
        ErrorCode::ServerError => 500,
    };
    if let Some(reason) = &error.private {
        tracing::error!(request.id = request_id, status, reason, "no access token was issued");
    }
    let body = json!({ "error": error.code.text(), "error_description": error.description });
    let mut reply = reply(status, &body);
    if error.code == ErrorCode::InvalidClient {
        reply =
            reply.with_header("www-authenticate", "Basic realm=\"Lychgate\", charset=\"UTF-8\"");
    }
    if let Some(secs) = error.retry_after_secs {
        reply = reply.with_header("retry-after", secs.to_string());
    }
    reply
}

//! `POST /oidc/token` (RFC 6749 §4.1.3, §5).

use lychgate_core::{
    call::RETRY_AFTER_SECS,
    ctx::Ctx,
    oidc::token::{self, ErrorCode, Issued, Request, TokenError},
    ports::outside::Signer,
};
use lychgate_edge::{
    json::{Incoming, reply},
    reply::Reply,
};
use serde_json::json;

use crate::{Oidc, Store};

pub(crate) async fn serve<S: Store, G: Signer>(
    oidc: &Oidc<S, G>,
    ctx: &Ctx<'_>,
    incoming: &Incoming<'_>,
) -> Reply {
    let form = incoming.form().ok();
    let request =
        Request { authorization: incoming.request.header("authorization"), form: form.as_deref() };
    let reply = match token::redeem(ctx, &oidc.store, &oidc.signer, &request).await {
        Ok(issued) => granted(&issued),
        Err(error) => refused(&error, ctx.request_id),
    };
    reply
        .with_header("cache-control", "no-store")
        .with_header("pragma", "no-cache")
        // A public application may be a page: it has no cookie here, and shows all that it has in the form.
        .with_header("access-control-allow-origin", "*")
}

fn granted(issued: &Issued) -> Reply {
    reply(
        200,
        &json!({
            "access_token": issued.access_token,
            "token_type": "Bearer",
            "expires_in": issued.expires_in,
            "id_token": issued.id_token,
            "scope": issued.scope,
        }),
    )
}

/// RFC 6749 §5.2. The frame's line says the status; what only we may know of it is logged here.
fn refused(error: &TokenError, request_id: &str) -> Reply {
    let status = error.code.status();
    if let Some(reason) = &error.private {
        tracing::error!(request.id = request_id, status, reason, "no ID token was issued");
    }
    let body = json!({ "error": error.code.text(), "error_description": error.description });
    let reply = reply(status, &body);
    match error.code {
        ErrorCode::InvalidClient => {
            reply.with_header("www-authenticate", "Basic realm=\"Lychgate\", charset=\"UTF-8\"")
        }
        ErrorCode::TemporarilyUnavailable => {
            reply.with_header("retry-after", RETRY_AFTER_SECS.to_string())
        }
        ErrorCode::InvalidRequest
        | ErrorCode::InvalidGrant
        | ErrorCode::UnsupportedGrantType
        | ErrorCode::ServerError => reply,
    }
}

//! `/oidc/userinfo` (OpenID Connect Core §5.3): the access token in `Authorization`, or in the form (RFC 6750 §2).

use lychgate_core::{ctx::Ctx, oidc::userinfo, ports::outside::Signer};
use lychgate_edge::{
    json::{Incoming, reply},
    problem::Problem,
    reply::Reply,
    request::Method,
};
use serde_json::{Value, json};

use crate::{Oidc, Store, posted};

pub(crate) async fn serve<S: Store, G: Signer>(
    oidc: &Oidc<S, G>,
    ctx: &Ctx<'_>,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let pairs = if incoming.route.method == Method::Post { posted(incoming) } else { Vec::new() };
    let mut posted = pairs.iter().filter(|(name, _)| name == "access_token");
    let token = match (incoming.bearer(), posted.next(), posted.next()) {
        (Some(token), None, _) => Some(token),
        (None, Some((_, token)), None) => Some(token.as_str()),
        (None, None, _) => None,
        _ => return Ok(refused(400, Some("invalid_request"), "Send the access token once.")),
    };
    let Some(token) = token else {
        return Ok(refused(401, None, "Send the access token as a bearer token."));
    };
    let claims = userinfo::claims(ctx, &oidc.store, token).await?;
    Ok(match claims {
        Some(claims) => shared(reply(200, &Value::Object(claims))),
        None => refused(401, Some("invalid_token"), "The access token is unknown, or has ended."),
    })
}

/// RFC 6750 §3: who sends no token learns no error code.
fn refused(status: u16, code: Option<&str>, description: &str) -> Reply {
    let body =
        json!({ "error": code.unwrap_or("invalid_token"), "error_description": description });
    let challenge = code.map_or_else(
        || "Bearer realm=\"Lychgate\"".to_owned(),
        |code| {
            format!(
                "Bearer realm=\"Lychgate\", error=\"{code}\", error_description=\"{description}\""
            )
        },
    );
    shared(reply(status, &body)).with_header("www-authenticate", challenge)
}

fn shared(reply: Reply) -> Reply {
    reply.with_header("cache-control", "no-store").with_header("access-control-allow-origin", "*")
}

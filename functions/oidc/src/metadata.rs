//! `/.well-known/openid-configuration` and `/oidc/jwks`: anybody may read them, from any page.

use lychgate_core::{
    ctx::Ctx,
    oidc::{discovery, jws},
    ports::outside::{OutsideError, Signer, SigningKey},
};
use lychgate_edge::{json::reply, problem::Problem, reply::Reply};
use lychgate_scim::ErrorKind;

pub(crate) fn configuration(ctx: &Ctx<'_>) -> Reply {
    public(reply(200, &discovery::configuration(ctx.base_url)))
}

pub(crate) async fn key_set<G: Signer>(ctx: &Ctx<'_>, signer: &G) -> Result<Reply, Problem> {
    let away = |error: OutsideError| Problem {
        private: Some(error.private),
        ..Problem::new(ErrorKind::Unavailable, "The keys cannot be read at the moment.")
    };
    let keys = signer.public_keys(ctx, SigningKey::Oidc).await.map_err(away)?;
    Ok(public(reply(200, &jws::key_set(&keys).map_err(away)?)))
}

/// A new key is published this long before it signs, at least: see [`jws`].
fn public(reply: Reply) -> Reply {
    reply
        .with_header("cache-control", format!("public, max-age={}", jws::KEY_SET_SECS))
        .with_header("access-control-allow-origin", "*")
}

//! The OpenID provider: discovery, the key set, and the endpoints that applications call (S10). A file for each.

mod authorize;
mod end_session;
mod metadata;
mod token;
mod userinfo;

use lychgate_core::{
    ctx::Ctx,
    ports::{
        Applications, Connections, Directory, EmailDomains, Grants, Organizations, Sessions,
        outside::Signer,
    },
};
use lychgate_edge::{
    handler::{Handler, Stack},
    json::{Incoming, Json, Routes},
    page::{self, Trouble},
    problem::Problem,
    reply::Reply,
    request::Method,
};

/// What the endpoints need of a store.
pub trait Store:
    Applications + Grants + Sessions + Directory + Connections + Organizations + EmailDomains
{
}

impl<S: Applications + Grants + Sessions + Directory + Connections + Organizations + EmailDomains>
    Store for S
{
}

/// The handler on this store, with our signing keys.
pub fn handler<S: Store + 'static, G: Signer + 'static>(
    stack: Stack,
    store: S,
    signer: G,
) -> impl Handler + use<S, G> {
    Json::new(Oidc { store, signer }, stack)
}

/// The endpoints on a store.
pub(crate) struct Oidc<S, G> {
    pub(crate) store: S,
    pub(crate) signer: G,
}

impl<S: Store, G: Signer> Routes for Oidc<S, G> {
    const FUNCTION: &'static str = "oidc";

    async fn serve(&self, ctx: &mut Ctx<'_>, incoming: &Incoming<'_>) -> Result<Reply, Problem> {
        let is_post = incoming.route.method == Method::Post;
        Ok(match incoming.route.path {
            "/.well-known/openid-configuration" => metadata::configuration(ctx),
            "/oidc/jwks" => metadata::key_set(ctx, &self.signer).await?,
            "/oidc/token" => token::serve(self, ctx, incoming).await,
            "/oidc/userinfo" => userinfo::serve(self, ctx, incoming).await?,
            "/oidc/end_session" => {
                let outcome = end_session::serve(self, ctx, incoming).await;
                shown(ctx, outcome)
            }
            _ if is_post => shown(ctx, authorize::post(self, ctx, incoming).await),
            _ => {
                let outcome = authorize::get(self, ctx, incoming).await;
                shown(ctx, outcome)
            }
        })
    }
}

/// A page, also of what went wrong.
fn shown(ctx: &Ctx<'_>, outcome: Result<Reply, Trouble>) -> Reply {
    outcome.unwrap_or_else(|trouble| {
        if let Some(reason) = &trouble.private {
            tracing::error!(request.id = ctx.request_id, reason, "a page could not be given");
        }
        page::trouble(&trouble, ctx.request_id)
    })
}

/// The form's pairs; none when the body is no form.
fn posted(incoming: &Incoming<'_>) -> Vec<(String, String)> {
    incoming.form().unwrap_or_default()
}

//! The operator's side of sign-in: connections, certificates, applications, the attempt log. The function `connections`.

use lychgate_core::{
    ctx::Ctx,
    idp::Rules,
    ports::{Applications, Attempts, Connections, OperatorKeys, Organizations, Passwords},
    secret::SecretHash,
};
use lychgate_edge::{
    handler::{Handler, Stack},
    json::{Incoming, Json, Routes},
    problem::Problem,
    reply::Reply,
    request::Method,
};

use crate::{
    Outside, applications, authenticate, body::check_query, certificates, connections, sign_in,
    unrouted,
};

/// What these routes need of a store.
pub trait Store:
    Organizations + OperatorKeys + Connections + Applications + Attempts + Passwords
{
}

impl<S: Organizations + OperatorKeys + Connections + Applications + Attempts + Passwords> Store
    for S
{
}

/// What these routes are told at their start.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// The SHA-256 of a whole operator key, from the configuration: the key that makes the first ones.
    pub bootstrap: Option<SecretHash>,
    /// What is allowed in IdPs' metadata beyond the standard's text.
    pub rules: Rules,
}

/// The handler of `connections` on this store, with this outside.
pub fn handler<S: Store + 'static, O: Outside + 'static>(
    stack: Stack,
    store: S,
    outside: O,
    settings: Settings,
) -> impl Handler + use<S, O> {
    Json::new(Setup { store, outside, settings }, stack)
}

struct Setup<S, O> {
    store: S,
    outside: O,
    settings: Settings,
}

impl<S: Store, O: Outside> Routes for Setup<S, O> {
    const FUNCTION: &'static str = "connections";

    async fn serve(&self, ctx: &mut Ctx<'_>, incoming: &Incoming<'_>) -> Result<Reply, Problem> {
        let bootstrap = self.settings.bootstrap.as_ref();
        ctx.actor = authenticate(ctx, &self.store, incoming, bootstrap).await?;
        let (method, path) = (incoming.route.method, incoming.route.path);
        let noun = path.strip_prefix("/v1/organizations/{organization}/").unwrap_or(path);
        if method != Method::Get || !matches!(noun, "attempts" | "certificates/{certificate}") {
            check_query(incoming, &[])?;
        }
        if noun.starts_with("/v1/applications") {
            self.applications(ctx, incoming, method, noun).await
        } else {
            self.sign_in(ctx, incoming, method, noun).await
        }
    }
}

impl<S: Store, O: Outside> Setup<S, O> {
    async fn applications(
        &self,
        ctx: &Ctx<'_>,
        incoming: &Incoming<'_>,
        method: Method,
        noun: &str,
    ) -> Result<Reply, Problem> {
        let store = &self.store;
        match (method, noun) {
            (Method::Get, "/v1/applications") => applications::list(ctx, store).await,
            (Method::Post, "/v1/applications") => applications::create(ctx, store, incoming).await,
            (Method::Get, "/v1/applications/{application}") => {
                applications::read(ctx, store, incoming).await
            }
            (Method::Patch, "/v1/applications/{application}") => {
                applications::update(ctx, store, incoming).await
            }
            (Method::Delete, "/v1/applications/{application}") => {
                applications::delete(ctx, store, incoming).await
            }
            (Method::Post, "/v1/applications/{application}/secrets") => {
                applications::add_secret(ctx, store, incoming).await
            }
            (Method::Delete, "/v1/applications/{application}/secrets/{secret}") => {
                applications::retire_secret(ctx, store, incoming).await
            }
            _ => Err(unrouted(incoming)),
        }
    }

    async fn sign_in(
        &self,
        ctx: &Ctx<'_>,
        incoming: &Incoming<'_>,
        method: Method,
        noun: &str,
    ) -> Result<Reply, Problem> {
        let (store, outside, rules) = (&self.store, &self.outside, &self.settings.rules);
        match (method, noun) {
            (Method::Get, "sign-in") => sign_in::read(ctx, store, incoming).await,
            (Method::Patch, "sign-in") => sign_in::update(ctx, store, incoming).await,
            (Method::Get, "attempts") => sign_in::attempts(ctx, store, incoming).await,
            (Method::Get, "attempts/{attempt}") => sign_in::attempt(ctx, store, incoming).await,
            (Method::Get, "certificates") => certificates::list(ctx, store, incoming).await,
            (Method::Post, "certificates") => {
                certificates::generate(ctx, store, outside, incoming).await
            }
            (Method::Get, "certificates/{certificate}") => {
                certificates::read(ctx, store, incoming).await
            }
            (Method::Delete, "certificates/{certificate}") => {
                certificates::retire(ctx, store, incoming).await
            }
            (Method::Get, "connections") => connections::list(ctx, store, incoming).await,
            (Method::Post, "connections") => connections::create(ctx, store, incoming).await,
            (Method::Get, "connections/{connection}") => {
                connections::read(ctx, store, incoming).await
            }
            (Method::Patch, "connections/{connection}") => {
                connections::update(ctx, store, outside, incoming).await
            }
            (Method::Delete, "connections/{connection}") => {
                connections::delete(ctx, store, incoming).await
            }
            (Method::Put, "connections/{connection}/metadata") => {
                connections::save_metadata(ctx, store, outside, rules, incoming).await
            }
            (Method::Delete, "connections/{connection}/draft") => {
                connections::discard(ctx, store, incoming).await
            }
            (Method::Post, "connections/{connection}/test") => {
                connections::test(ctx, store, incoming).await
            }
            (Method::Post, "connections/{connection}/activate") => {
                connections::activate(ctx, store, incoming).await
            }
            (Method::Post, "connections/{connection}/deactivate") => {
                connections::deactivate(ctx, store, incoming).await
            }
            _ => Err(unrouted(incoming)),
        }
    }
}

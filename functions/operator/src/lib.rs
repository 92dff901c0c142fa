//! The operator's API: `/v1/organizations…`, `/v1/applications…` and `/v1/operator-keys…`. A file per noun; each reads
//! the request, calls one use case and shapes the reply.
//!
//! Every route demands an operator key before it reads anything else.

mod applications;
mod body;
mod certificates;
mod clients;
mod connections;
mod directory;
mod events;
mod keys;
mod licence;
mod member_sessions;
mod members;
mod organizations;
mod outside;
mod problem;
mod sign_in;
mod tokens;
mod view;

use lychgate_core::{
    ctx::Ctx,
    idp::Rules,
    operator,
    ports::{
        Applications, Attempts, Connections, Journal, OperatorKeys, Organizations, Passwords,
        Sessions, Users,
    },
    secret::SecretHash,
};
use lychgate_edge::{
    handler::{Handler, Stack},
    json::{Incoming, Json, Routes},
    problem::Problem,
    reply::Reply,
    request::Method,
};
use lychgate_scim::ErrorKind;

use crate::body::check_query;

pub use outside::{Outside, Parts};

/// What the operator's routes need of a store.
pub trait Store:
    Organizations
    + Users
    + Journal
    + OperatorKeys
    + Connections
    + Applications
    + Attempts
    + Sessions
    + Passwords
{
}

impl<S> Store for S where
    S: Organizations
        + Users
        + Journal
        + OperatorKeys
        + Connections
        + Applications
        + Attempts
        + Sessions
        + Passwords
{
}

/// What the operator's routes are told at their start.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// The SHA-256 of a whole operator key, from the configuration: the key that makes the first ones.
    pub bootstrap: Option<SecretHash>,
    /// What is allowed in IdPs' metadata beyond the standard's text.
    pub rules: Rules,
}

/// The handler on this store, with this outside.
pub fn handler<S: Store + 'static, O: Outside + 'static>(
    stack: Stack,
    store: S,
    outside: O,
    settings: Settings,
) -> impl Handler + use<S, O> {
    Json::new(Operator::new(store, outside, settings), stack)
}

/// The operator's routes on a store.
pub struct Operator<S, O> {
    store: S,
    outside: O,
    settings: Settings,
}

impl<S, O> Operator<S, O> {
    /// See [`handler`].
    pub const fn new(store: S, outside: O, settings: Settings) -> Self {
        Self { store, outside, settings }
    }
}

impl<S: Store, O: Outside> Routes for Operator<S, O> {
    const FUNCTION: &'static str = "operator";

    async fn serve(&self, ctx: &mut Ctx<'_>, incoming: &Incoming<'_>) -> Result<Reply, Problem> {
        let authorization = incoming.request.header("authorization");
        let actor = operator::keys::authenticate(
            ctx,
            &self.store,
            authorization,
            self.settings.bootstrap.as_ref(),
        )
        .await
        .map_err(problem::of)?;
        ctx.actor = actor;
        self.route(ctx, incoming).await
    }
}

impl<S: Store, O: Outside> Operator<S, O> {
    async fn route(&self, ctx: &Ctx<'_>, incoming: &Incoming<'_>) -> Result<Reply, Problem> {
        let store = &self.store;
        // The part of the path that names the organization is the same for all; what follows picks the file.
        let path = incoming.route.path;
        let noun = path.strip_prefix("/v1/organizations/{organization}/").unwrap_or(path);
        if !is_paged(incoming.route.method, noun) {
            check_query(incoming, &[])?;
        }
        match (incoming.route.method, noun) {
            (Method::Get, "/v1/organizations") => organizations::list(ctx, store, incoming).await,
            (Method::Post, "/v1/organizations") => {
                organizations::create(ctx, store, incoming).await
            }
            (Method::Get, "/v1/organizations/{organization}") => {
                organizations::read(ctx, store, incoming).await
            }
            (Method::Patch, "/v1/organizations/{organization}") => {
                organizations::update(ctx, store, incoming).await
            }
            (Method::Put, "licence") => licence::set(ctx, store, incoming).await,
            (Method::Get, "directory") => directory::read(ctx, store, incoming).await,
            (Method::Patch, "directory") => directory::update(ctx, store, incoming).await,
            (Method::Get, "directory/state") => directory::state(ctx, store, incoming).await,
            (Method::Get, "directory/requests") => directory::requests(ctx, store, incoming).await,
            (Method::Get, "tokens") => tokens::list(ctx, store, incoming).await,
            (Method::Post, "tokens") => tokens::create(ctx, store, incoming).await,
            (Method::Delete, "tokens/{token}") => tokens::revoke(ctx, store, incoming).await,
            (Method::Get, "events") => events::history(ctx, store, incoming).await,
            (Method::Get, "/v1/operator-keys") => {
                keys::list(ctx, store, self.settings.bootstrap.as_ref()).await
            }
            (Method::Post, "/v1/operator-keys") => keys::create(ctx, store, incoming).await,
            (Method::Delete, "/v1/operator-keys/{key}") => {
                keys::revoke(ctx, store, self.settings.bootstrap.as_ref(), incoming).await
            }
            (method, noun) if noun.starts_with("clients") => {
                self.clients(ctx, incoming, method, noun).await
            }
            (method, noun) if noun.starts_with("/v1/applications") => {
                self.applications(ctx, incoming, method, noun).await
            }
            (method, noun) if noun.starts_with("members") => {
                self.members(ctx, incoming, method, noun).await
            }
            (method, noun) => self.sign_in(ctx, incoming, method, noun).await,
        }
    }

    async fn clients(
        &self,
        ctx: &Ctx<'_>,
        incoming: &Incoming<'_>,
        method: Method,
        noun: &str,
    ) -> Result<Reply, Problem> {
        let store = &self.store;
        match (method, noun) {
            (Method::Get, "clients") => clients::list(ctx, store, incoming).await,
            (Method::Post, "clients") => clients::create(ctx, store, incoming).await,
            (Method::Delete, "clients/{client}") => clients::revoke(ctx, store, incoming).await,
            (Method::Post, "clients/{client}/secrets") => {
                clients::add_secret(ctx, store, incoming).await
            }
            (Method::Delete, "clients/{client}/secrets/{secret}") => {
                clients::retire_secret(ctx, store, incoming).await
            }
            _ => Err(unrouted(incoming)),
        }
    }

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

    async fn members(
        &self,
        ctx: &Ctx<'_>,
        incoming: &Incoming<'_>,
        method: Method,
        noun: &str,
    ) -> Result<Reply, Problem> {
        let store = &self.store;
        match (method, noun) {
            (Method::Get, "members") => members::list(ctx, store, incoming).await,
            (Method::Post, "members/clean-up") => members::clean_up(ctx, store, incoming).await,
            (Method::Delete, "members/{member}") => members::delete(ctx, store, incoming).await,
            (Method::Post, "members/{member}/suspend") => {
                members::suspend(ctx, store, incoming).await
            }
            (Method::Post, "members/{member}/restore") => {
                members::restore(ctx, store, incoming).await
            }
            (Method::Put, "members/{member}/owner") => {
                members::add_owner(ctx, store, incoming).await
            }
            (Method::Delete, "members/{member}/owner") => {
                members::remove_owner(ctx, store, incoming).await
            }
            (Method::Get, "members/{member}/sessions") => {
                member_sessions::list(ctx, store, incoming).await
            }
            (Method::Delete, "members/{member}/sessions") => {
                member_sessions::end(ctx, store, incoming).await
            }
            (Method::Put, "members/{member}/password") => {
                member_sessions::allow_password(ctx, store, incoming).await
            }
            (Method::Delete, "members/{member}/password") => {
                member_sessions::forbid_password(ctx, store, incoming).await
            }
            _ => Err(unrouted(incoming)),
        }
    }
}

/// The routes that take parameters in the query: each of them checks their names itself.
fn is_paged(method: Method, noun: &str) -> bool {
    method == Method::Get
        && matches!(
            noun,
            "/v1/organizations"
                | "attempts"
                | "certificates/{certificate}"
                | "directory/requests"
                | "events"
                | "members"
        )
}

/// A route of the table that no file here serves: a defect of ours, held off by a test over the whole table.
fn unrouted(incoming: &Incoming<'_>) -> Problem {
    let route = incoming.route;
    Problem {
        private: Some(format!("no file serves {} {}", route.method, route.path)),
        ..Problem::new(ErrorKind::Internal, "")
    }
}

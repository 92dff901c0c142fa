//! The operator's API: `/v1/organizations…`, `/v1/applications…` and `/v1/operator-keys…`. A file per noun; each reads
//! the request, calls one use case and shapes the reply. What sets sign-in up ([`setup`]) is a function of its own: it
//! seals and signs, and the other does not.
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
mod password_link;
mod problem;
mod settings_links;
pub mod setup;
mod sign_in;
mod tokens;
mod view;

use lychgate_core::{
    ctx::Ctx,
    event::Actor,
    operator, passwords,
    ports::{Journal, OperatorKeys, Organizations, SettingsLinks, Users, outside::Mailer},
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

pub use lychgate_core::ports::outside_parts::{Outside, Parts};

/// What the operator's routes need of a store.
pub trait Store:
    Organizations + Users + Journal + OperatorKeys + SettingsLinks + passwords::Store
{
}

impl<S> Store for S where
    S: Organizations + Users + Journal + OperatorKeys + SettingsLinks + passwords::Store
{
}

/// The handler of `operator` on this store. `bootstrap` is the SHA-256 of a whole operator key, from the configuration:
/// the key that makes the first ones. Without a mailer links for passwords are handed over and not sent.
pub fn handler<S: Store + 'static, M: Mailer + 'static>(
    stack: Stack,
    store: S,
    bootstrap: Option<SecretHash>,
    mailer: Option<M>,
) -> impl Handler + use<S, M> {
    Json::new(Operator::new(store, bootstrap, mailer), stack)
}

/// The operator's routes on a store.
pub struct Operator<S, M> {
    store: S,
    bootstrap: Option<SecretHash>,
    mailer: Option<M>,
}

impl<S, M> Operator<S, M> {
    /// See [`handler`].
    pub const fn new(store: S, bootstrap: Option<SecretHash>, mailer: Option<M>) -> Self {
        Self { store, bootstrap, mailer }
    }
}

/// Whose key it is; every route asks this first.
async fn authenticate<S: OperatorKeys>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
    bootstrap: Option<&SecretHash>,
) -> Result<Actor, Problem> {
    let authorization = incoming.request.header("authorization");
    operator::keys::authenticate(ctx, store, authorization, bootstrap).await.map_err(problem::of)
}

impl<S: Store, M: Mailer> Routes for Operator<S, M> {
    const FUNCTION: &'static str = "operator";

    async fn serve(&self, ctx: &mut Ctx<'_>, incoming: &Incoming<'_>) -> Result<Reply, Problem> {
        let actor = authenticate(ctx, &self.store, incoming, self.bootstrap.as_ref()).await?;
        ctx.actor = actor;
        self.route(ctx, incoming).await
    }
}

impl<S: Store, M: Mailer> Operator<S, M> {
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
            (Method::Get, "setup-links") => settings_links::list(ctx, store, incoming).await,
            (Method::Post, "setup-links") => settings_links::create(ctx, store, incoming).await,
            (Method::Delete, "setup-links/{link}") => {
                settings_links::revoke(ctx, store, incoming).await
            }
            (Method::Get, "events") => events::history(ctx, store, incoming).await,
            (Method::Get, "/v1/operator-keys") => {
                keys::list(ctx, store, self.bootstrap.as_ref()).await
            }
            (Method::Post, "/v1/operator-keys") => keys::create(ctx, store, incoming).await,
            (Method::Delete, "/v1/operator-keys/{key}") => {
                keys::revoke(ctx, store, self.bootstrap.as_ref(), incoming).await
            }
            (method, noun) if noun.starts_with("clients") => {
                self.clients(ctx, incoming, method, noun).await
            }
            (method, noun) => self.members(ctx, incoming, method, noun).await,
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
            (Method::Post, "members/{member}/owner/link") => {
                settings_links::make_for_owner(ctx, store, incoming).await
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
            (Method::Post, "members/{member}/password/link") => {
                password_link::make(ctx, store, self.mailer.as_ref(), incoming).await
            }
            _ => Err(unrouted(incoming)),
        }
    }
}

/// The routes that take parameters in the query: each of them checks their names itself.
fn is_paged(method: Method, noun: &str) -> bool {
    method == Method::Get
        && matches!(noun, "/v1/organizations" | "directory/requests" | "events" | "members")
}

/// A route of the table that no file here serves: a defect of ours, held off by a test over the whole table.
fn unrouted(incoming: &Incoming<'_>) -> Problem {
    let route = incoming.route;
    Problem {
        private: Some(format!("no file serves {} {}", route.method, route.path)),
        ..Problem::new(ErrorKind::Internal, "")
    }
}

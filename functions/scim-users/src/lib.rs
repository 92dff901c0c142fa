//! Users: `/scim/v2/Users` and `/scim/v2/Me`, a file per route.

mod create;
mod delete;
mod list;
mod me;
mod patch;
mod read;
mod replace;
mod search;

use lychgate_core::{
    call::{Answer, Call, Failure},
    ports::{Journal, Users},
};
use lychgate_edge::{
    handler::{Handler, Stack},
    request::Method::{Delete, Get, Patch, Post, Put},
    scim::{Incoming, Routes, Scim, unrouted},
};

/// The handler on this store.
pub fn handler<S: Journal + Users + 'static>(stack: Stack, store: S) -> impl Handler + use<S> {
    Scim::new(UserRoutes, store, stack)
}

struct UserRoutes;

impl<S: Journal + Users> Routes<S> for UserRoutes {
    const FUNCTION: &'static str = "scim-users";

    async fn serve(
        &self,
        call: &mut Call<'_>,
        store: &S,
        incoming: &Incoming<'_>,
    ) -> Result<Answer, Failure> {
        let id = incoming.id();
        match (incoming.route.method, incoming.route.path) {
            (Get, "/scim/v2/Users") => list::run(call, store, incoming).await,
            (Post, "/scim/v2/Users") => create::run(call, store, incoming).await,
            (Post, "/scim/v2/Users/.search") => search::run(call, store, incoming).await,
            (Get, "/scim/v2/Users/{id}") => read::run(call, store, incoming, id).await,
            (Put, "/scim/v2/Users/{id}") => replace::run(call, store, incoming, id).await,
            (Patch, "/scim/v2/Users/{id}") => patch::run(call, store, incoming, id).await,
            (Delete, "/scim/v2/Users/{id}") => delete::run(call, store, incoming, id).await,
            (_, "/scim/v2/Me") => me::run(call, store, incoming).await,
            _ => unrouted(incoming),
        }
    }
}

//! Groups: `/scim/v2/Groups`, a file per route.

mod create;
mod delete;
mod list;
mod patch;
mod read;
mod replace;
mod search;

use lychgate_core::{
    call::{Answer, Call, Failure},
    ports::{Groups, Journal},
};
use lychgate_edge::{
    handler::{Handler, Stack},
    request::Method::{Delete, Get, Patch, Post, Put},
    scim::{Incoming, Routes, Scim, unrouted},
};

/// The handler on this store.
pub fn handler<S: Groups + Journal + 'static>(stack: Stack, store: S) -> impl Handler + use<S> {
    Scim::new(GroupRoutes, store, stack)
}

struct GroupRoutes;

impl<S: Groups + Journal> Routes<S> for GroupRoutes {
    const FUNCTION: &'static str = "scim-groups";

    async fn serve(
        &self,
        call: &mut Call<'_>,
        store: &S,
        incoming: &Incoming<'_>,
    ) -> Result<Answer, Failure> {
        let id = incoming.id();
        match (incoming.route.method, incoming.route.path) {
            (Get, "/scim/v2/Groups") => list::run(call, store, incoming).await,
            (Post, "/scim/v2/Groups") => create::run(call, store, incoming).await,
            (Post, "/scim/v2/Groups/.search") => search::run(call, store, incoming).await,
            (Get, "/scim/v2/Groups/{id}") => read::run(call, store, incoming, id).await,
            (Put, "/scim/v2/Groups/{id}") => replace::run(call, store, incoming, id).await,
            (Patch, "/scim/v2/Groups/{id}") => patch::run(call, store, incoming, id).await,
            (Delete, "/scim/v2/Groups/{id}") => delete::run(call, store, incoming, id).await,
            _ => unrouted(incoming),
        }
    }
}

//! What spans resource types: `/scim/v2/Bulk`, `/scim/v2/.search` and the root, a file per route.

mod bulk;
mod list;
mod search;

use lychgate_core::{
    call::{Answer, Call, Failure},
    ports::{Groups, Journal, Users},
};
use lychgate_edge::{
    handler::{Handler, Stack},
    request::Method::{Get, Post},
    scim::{Incoming, Routes, Scim, unrouted},
};

/// The handler on this store.
pub fn handler<S: Groups + Journal + Users + 'static>(
    stack: Stack,
    store: S,
) -> impl Handler + use<S> {
    Scim::new(BulkRoutes, store, stack)
}

struct BulkRoutes;

impl<S: Groups + Journal + Users> Routes<S> for BulkRoutes {
    const FUNCTION: &'static str = "scim-bulk";

    async fn serve(
        &self,
        call: &mut Call<'_>,
        store: &S,
        incoming: &Incoming<'_>,
    ) -> Result<Answer, Failure> {
        match (incoming.route.method, incoming.route.path) {
            (Post, "/scim/v2/Bulk") => bulk::run(call, store, incoming).await,
            (Post, "/scim/v2/.search") => search::run(call, store, incoming).await,
            (Get, "/scim/v2") => list::run(call, store, incoming).await,
            _ => unrouted(incoming),
        }
    }
}

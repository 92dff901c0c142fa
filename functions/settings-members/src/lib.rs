//! The owner's pages (W3, P7, E2): members, suspended members, groups, the history. A file per part.
//!
//! They are a function of their own because it neither seals nor signs nor reaches out, as `settings` does.

mod groups;
mod history;
mod members;
mod suspended;

use lychgate_core::{
    ctx::Ctx,
    passwords,
    ports::{SettingsLinks, Users},
};
use lychgate_edge::{
    handler::{Handler, Stack},
    json::Incoming,
    page::{Paged, Pages, Trouble, Who},
    reply::Reply,
    settings::{Turned, answer},
};

/// What these pages need of a store.
pub trait Store: Users + passwords::Store + SettingsLinks {}

impl<S: Users + passwords::Store + SettingsLinks> Store for S {}

/// The handler on this store.
pub fn handler<S: Store + 'static>(stack: Stack, store: S) -> impl Handler + use<S> {
    Paged::new(Members { store }, stack)
}

struct Members<S> {
    store: S,
}

/// What every path of one organization's settings begins with.
const ROOT: &str = "/settings/{organization}";

impl<S: Store> Pages for Members<S> {
    const FUNCTION: &'static str = "settings-members";

    async fn serve(&self, ctx: &mut Ctx<'_>, incoming: &Incoming<'_>) -> Result<Reply, Trouble> {
        let store = &self.store;
        let rest = incoming.route.path.strip_prefix(ROOT).unwrap_or_default();
        answer(match rest.split('/').nth(1).unwrap_or_default() {
            "members" | "members.csv" => members::serve(ctx, store, incoming).await,
            "suspended" | "suspended.csv" => suspended::serve(ctx, store, incoming).await,
            "groups" => groups::serve(ctx, store, incoming).await,
            "history" | "history.csv" => history::serve(ctx, store, incoming).await,
            _ => Err(unrouted(incoming)),
        })
    }
}

/// A route of the table that no file serves: a defect.
fn unrouted(incoming: &Incoming<'_>) -> Turned {
    let (method, path) = (incoming.route.method, incoming.route.path);
    let trouble = Trouble::new(Who::Us { passing: false }, "There is no such page.");
    trouble.because(format!("no file serves {method} {path}")).into()
}

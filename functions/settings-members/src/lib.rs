//! The owner's pages (W3, P7, E2): members, suspended members, groups, the history. A file per part.
//!
//! They are a function of their own because it neither seals nor signs nor reaches out, as `settings` does.

mod clean_up;
mod groups;
mod history;
mod member;
mod members;
mod suspended;
mod walk;
mod words;

use lychgate_core::{
    ctx::Ctx,
    ports::{Organizations, Sessions, SettingsLinks, Users},
};
use lychgate_edge::{
    handler::{Handler, Stack},
    json::Incoming,
    page::{Paged, Pages, Trouble, Who, render},
    pages::settings::closed::Closed,
    reply::Reply,
    settings::{Room, Turned, answer},
};

/// What these pages need of a store.
pub trait Store: Users + Organizations + Sessions + SettingsLinks {}

impl<S: Users + Organizations + Sessions + SettingsLinks> Store for S {}

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

/// The page of what is not there, or no longer: with the way back to the list at `rest`.
fn missing(room: &Room, what: &str, rest: &str) -> Turned {
    let back = room.path(rest);
    let page = Closed {
        title: what,
        paragraphs: &["It may have been removed meanwhile. The history keeps what happened."],
        button: Some(("Back to the list", &back)),
    };
    render(404, &page).into()
}

/// A route of the table that no file serves: a defect.
fn unrouted(incoming: &Incoming<'_>) -> Turned {
    let (method, path) = (incoming.route.method, incoming.route.path);
    let trouble = Trouble::new(Who::Us { passing: false }, "There is no such page.");
    trouble.because(format!("no file serves {method} {path}")).into()
}

//! The owner's pages (W2, W4): single sign-on, SCIM, set-up links, and the way in. A file per part; each lets the visitor
//! in, reads the form, calls one use case and shows a page.
//!
//! A page that is shown costs at most three reads of the table. A form is answered by a redirect to its page, so that
//! loading it again does nothing again; what must be read at once (a token, a mistake) is the answer itself.

mod entry;
mod links;
mod overview;
mod scim;
mod sso;

use std::sync::Arc;

use lychgate_core::{
    ctx::Ctx,
    idp::Rules,
    ports::{
        Attempts, Connections, Directory, Journal, Organizations, Passwords, SettingsLinks,
        outside_parts::Outside,
    },
};
use lychgate_edge::{
    handler::{Handler, Stack},
    json::Incoming,
    page::{Paged, Pages, Trouble, Who},
    pages::{SETTINGS_SCRIPT, SETTINGS_STYLE},
    reply::Reply,
    request::Method::{Get, Post},
    settings::{Turned, answer},
};
use lychgate_scim::schema::Catalogue;

/// What these pages need of a store.
pub trait Store:
    Organizations + Directory + Journal + Connections + Passwords + Attempts + SettingsLinks
{
}

impl<S> Store for S where
    S: Organizations + Directory + Journal + Connections + Passwords + Attempts + SettingsLinks
{
}

/// The handler on this store, with this outside. `rules` is what is allowed in metadata beyond the standard's text.
pub fn handler<S: Store + 'static, O: Outside + 'static>(
    stack: Stack,
    store: S,
    outside: O,
    rules: Rules,
) -> impl Handler + use<S, O> {
    let catalogue = stack.catalogue.clone();
    Paged::new(Settings { store, outside, rules, catalogue }, stack)
}

struct Settings<S, O> {
    store: S,
    outside: O,
    rules: Rules,
    catalogue: Arc<Catalogue>,
}

/// What every path of one organization's settings begins with.
const ROOT: &str = "/settings/{organization}";

impl<S: Store, O: Outside> Pages for Settings<S, O> {
    const FUNCTION: &'static str = "settings";

    async fn serve(&self, ctx: &mut Ctx<'_>, incoming: &Incoming<'_>) -> Result<Reply, Trouble> {
        let (store, outside, rules) = (&self.store, &self.outside, &self.rules);
        let (method, path) = (incoming.route.method, incoming.route.path);
        let rest = path.strip_prefix(ROOT);
        let noun = rest.map(|rest| rest.split('/').nth(1).unwrap_or_default());
        answer(match (method, path, noun) {
            (Get, "/assets/settings.css", _) => Ok(asset("text/css", SETTINGS_STYLE)),
            (Get, "/assets/settings.js", _) => Ok(asset("text/javascript", SETTINGS_SCRIPT)),
            (Get, "/settings", _) => entry::find(ctx, store, incoming).await,
            (Get, "/settings/enter", _) => Ok(entry::ask(ctx, incoming)),
            (Post, "/settings/enter", _) => entry::open(ctx, store, incoming).await,
            (_, _, Some("" | "live" | "leave")) => overview::serve(ctx, store, incoming).await,
            (_, _, Some("sso" | "certificates" | "attempts" | "sign-in-policy")) => {
                sso::serve(ctx, store, outside, rules, incoming).await
            }
            (_, _, Some("scim")) => scim::serve(ctx, store, &self.catalogue, incoming).await,
            (_, _, Some("links")) => links::serve(ctx, store, incoming).await,
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

fn asset(media_type: &str, text: &str) -> Reply {
    let mut reply = Reply::empty(200)
        .with_header("content-type", format!("{media_type}; charset=utf-8"))
        .with_header("cache-control", "public, max-age=3600")
        .with_header("x-content-type-options", "nosniff");
    reply.body = Some(text.as_bytes().to_vec());
    reply
}

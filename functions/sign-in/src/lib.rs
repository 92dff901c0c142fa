//! Signing in and out, and passwords: the pages. A file per page.
//!
//! Nothing is kept between two pages: an application's request travels in the address and in hidden fields, and is
//! checked anew wherever it is used.

mod choose;
mod find;
mod forgot;
mod form;
mod new_password;
mod password;
mod sign_out;

use lychgate_core::{
    ctx::Ctx,
    passwords,
    ports::{
        Applications, EmailDomains,
        outside::{Mailer, Signer},
    },
};
use lychgate_edge::{
    handler::{Handler, Stack},
    json::Incoming,
    page::{Paged, Pages, Trouble, Who},
    pages::STYLE,
    reply::Reply,
    request::Method::{Get, Post},
};

/// What the pages need of a store.
pub trait Store: passwords::Store + Applications + EmailDomains {}

impl<S: passwords::Store + Applications + EmailDomains> Store for S {}

/// The handler on this store. Without a mailer nobody is sent a link; the operator can still make one.
pub fn handler<S: Store + 'static, G: Signer + 'static, M: Mailer + 'static>(
    stack: Stack,
    store: S,
    signer: G,
    mailer: Option<M>,
) -> impl Handler + use<S, G, M> {
    Paged::new(SignIn { store, signer, mailer }, stack)
}

struct SignIn<S, G, M> {
    store: S,
    signer: G,
    mailer: Option<M>,
}

impl<S: Store, G: Signer, M: Mailer> Pages for SignIn<S, G, M> {
    const FUNCTION: &'static str = "sign-in";

    async fn serve(&self, ctx: &mut Ctx<'_>, incoming: &Incoming<'_>) -> Result<Reply, Trouble> {
        let store = &self.store;
        match (incoming.route.method, incoming.route.path) {
            (Get, "/sign_in") => choose::run(ctx, store, incoming).await,
            (Post, "/sign_in") => password::run(ctx, store, incoming).await,
            (Get, "/sign_out") => Ok(sign_out::ask(ctx, incoming)),
            (Post, "/sign_out") => sign_out::run(ctx, store, &self.signer, incoming).await,
            (Get, "/password/forgot") => forgot::ask(ctx, store, incoming).await,
            (Post, "/password/forgot") => {
                forgot::run(ctx, store, self.mailer.as_ref(), incoming).await
            }
            (Get, "/password/new") => new_password::ask(ctx, store, incoming).await,
            (Post, "/password/new") => new_password::run(ctx, store, incoming).await,
            (Get, "/assets/style.css") => Ok(style()),
            (method, path) => {
                Err(Trouble::new(Who::Us { passing: false }, "There is no such page.")
                    .because(format!("no file serves {method} {path}")))
            }
        }
    }
}

fn style() -> Reply {
    let mut reply = Reply::empty(200)
        .with_header("content-type", "text/css; charset=utf-8")
        .with_header("cache-control", "public, max-age=3600")
        .with_header("x-content-type-options", "nosniff");
    reply.body = Some(STYLE.as_bytes().to_vec());
    reply
}

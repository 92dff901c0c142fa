//! The SCIM endpoint: switch and settings, tokens, OAuth clients, guides, the request log (W2, P2, P4, P16).

mod attributes;
mod credentials;
mod guide;
mod page;
mod requests;
mod switch;

use lychgate_core::{
    ctx::Ctx,
    operator::{Refusal, RefusalKind},
    ports::Wanted,
    settings::access::Area,
};
use lychgate_edge::{
    json::Incoming,
    pages::settings::{
        FormProblem,
        scim::{Mistake, Sent},
    },
    reply::Reply,
    request::Method::{Get, Post},
    settings::{Room, Turned, enter, told},
};
use lychgate_scim::schema::Catalogue;

use crate::{ROOT, Store, unrouted};

/// The page, below the home.
const PAGE: &str = "/scim";

pub(crate) async fn serve<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    catalogue: &Catalogue,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let more = Wanted { user_count: true, group_count: true, ..Wanted::default() };
    let room = enter(ctx, store, incoming, Area::Scim, more).await?;
    let rest = incoming.route.path.strip_prefix(ROOT).unwrap_or_default();
    let context = Context { ctx, store, catalogue, incoming };
    match (incoming.route.method, rest) {
        (Get, "/scim") => page::get(&context, room).await,
        (Post, "/scim") => switch::post(&context, room).await,
        (Get, "/scim/guide/{idp}") => guide::get(&context, room),
        (Get, "/scim/requests") => requests::get(&context, room).await,
        (Post, "/scim/tokens") => credentials::make_token(&context, room).await,
        (Post, "/scim/tokens/{token}/revoke") => credentials::revoke_token(&context, room).await,
        (Post, "/scim/clients") => credentials::make_client(&context, room).await,
        (Post, "/scim/clients/{client}/revoke") => credentials::revoke_client(&context, room).await,
        (Post, "/scim/clients/{client}/secrets") => credentials::make_secret(&context, room).await,
        (Post, "/scim/clients/{client}/secrets/{secret}/retire") => {
            credentials::retire_secret(&context, room).await
        }
        _ => Err(unrouted(incoming)),
    }
}

/// What each of the pages is given.
struct Context<'a, S> {
    ctx: &'a Ctx<'a>,
    store: &'a S,
    catalogue: &'a Catalogue,
    incoming: &'a Incoming<'a>,
}

impl<S: Store> Context<'_, S> {
    /// The base URL, as it goes into an identity provider.
    fn base_url(&self) -> String {
        format!("{}/scim/v2", self.ctx.base_url)
    }

    /// Where an OAuth client gets its access tokens.
    fn token_endpoint(&self) -> String {
        format!("{}/oauth/token", self.ctx.base_url)
    }

    /// After something was done: the page again.
    async fn done(&self, room: &Room, what: &str) -> Reply {
        room.done(self.ctx, self.store, PAGE, what).await
    }

    /// After a button was pressed that needs nothing else: done, also when somebody else did it before; or the page with
    /// what is in the way.
    async fn pressed(
        &self,
        room: Room,
        outcome: Result<(), Refusal>,
        what: &str,
    ) -> Result<Reply, Turned> {
        match outcome {
            Ok(()) => Ok(self.done(&room, what).await),
            Err(refusal) if refusal.kind == RefusalKind::NotFound => {
                Ok(Reply::see_other(&format!("{}?done=gone", room.path(PAGE))))
            }
            Err(refusal) => {
                let problem = told(refusal)?;
                page::with(self, room, 400, Some(Typed::default().wrong(Sent::Settings, problem)))
                    .await
            }
        }
    }
}

/// What was typed into a form with a name and a life.
#[derive(Default)]
struct Typed {
    name: String,
    life: String,
    date: String,
}

impl Typed {
    fn wrong(self, sent: Sent, problem: FormProblem) -> Mistake {
        let Self { name, life, date } = self;
        Mistake { sent, problem, name, life, date }
    }
}

fn problem(field: &str, sentence: impl Into<String>) -> FormProblem {
    FormProblem { field: Some(field.to_owned()), sentence: sentence.into() }
}

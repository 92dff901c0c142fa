//! Single sign-on: connections, certificates, tests, attempts, the password policy. A page costs three reads: the visitor,
//! the organization with its connections and certificates, the latest sign-ins.

mod advice;
mod attempts;
mod certificates;
mod changes;
mod connection;
mod guide;
mod idp_kind;
mod list;
mod metadata;
mod policy;
mod upload;
mod view;

use lychgate_core::{
    connection::{Connection, SignInSetup},
    ctx::Ctx,
    idp::Rules,
    ids::ConnectionId,
    operator::Refusal,
    ports::{StoreError, Wanted, outside_parts::Outside},
    settings::access::Area,
};
use lychgate_edge::{
    json::Incoming,
    page::{Trouble, Who},
    pages::settings::FormProblem,
    reply::Reply,
    request::Method::{Get, Post},
    settings::{Room, Turned, enter, told},
};

use crate::{Store, unrouted};
use idp_kind::IdpKind;

/// The last word of a path that changes a connection, or the parameter that stands there.
fn last<'a>(incoming: &Incoming<'a>) -> &'a str {
    incoming.route.path.rsplit('/').next().unwrap_or_default()
}

pub(crate) async fn serve<S: Store, O: Outside>(
    ctx: &mut Ctx<'_>,
    store: &S,
    outside: &O,
    rules: &Rules,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let area = area(incoming).ok_or_else(|| unrouted(incoming))?;
    let room = enter(ctx, store, incoming, area, Wanted::default()).await?;
    let desk = Desk { ctx, store, incoming, room };
    match (incoming.route.method, last(incoming)) {
        (Get, "sso") => list::show(desk, 200, list::Shown::default()).await,
        (Post, "sso") => list::create(desk).await,
        (Post, "sign-in-policy") => list::save_policy(desk).await,
        (Get, "{connection}") => connection::show(desk).await,
        (Get, "{idp}") => connection::guide(desk).await,
        (Post, "metadata") => metadata::save(desk, outside, rules).await,
        (Post, "policy") => policy::save(desk, outside).await,
        (Post, "test") => changes::test(desk).await,
        (Post, "activate") => changes::activate(desk).await,
        (Post, "deactivate") => changes::deactivate(desk).await,
        (Post, "discard") => changes::discard(desk).await,
        (Post, "delete") => changes::delete(desk).await,
        (Post, "certificates") => certificates::generate(desk, outside).await,
        (Get, "{file}") => certificates::download(desk).await,
        (Post, "retire") => certificates::retire(desk).await,
        (Get, "attempts") => attempts::list(desk).await,
        (Get, "{attempt}") => attempts::one(desk).await,
        _ => Err(unrouted(incoming)),
    }
}

/// Whom a route is for. Certificates and the metadata of a connection are for guests who may do no more, too.
fn area(incoming: &Incoming<'_>) -> Option<Area> {
    Some(match (incoming.route.method, last(incoming)) {
        (Get, "sso" | "{connection}" | "{idp}" | "{file}")
        | (Post, "metadata" | "certificates" | "retire") => Area::Certificates,
        (Get, "attempts" | "{attempt}")
        | (Post, "sso" | "policy" | "test" | "activate" | "deactivate" | "discard" | "delete") => {
            Area::Sso
        }
        (Post, "sign-in-policy") => Area::Members,
        _ => return None,
    })
}

/// What every page of this part works with: the visitor was let in.
struct Desk<'a, 'c, S> {
    ctx: &'a Ctx<'c>,
    store: &'a S,
    incoming: &'a Incoming<'a>,
    room: Room,
}

impl<S: Store> Desk<'_, '_, S> {
    /// The connection that the path names.
    fn connection_id(&self) -> &str {
        self.incoming.parameter("connection")
    }

    /// The path of a connection below the organization's settings.
    fn rest(&self) -> String {
        format!("/sso/{}", self.connection_id())
    }

    /// The organization with its connections and certificates: one read.
    async fn setup(&self) -> Result<SignInSetup, Turned> {
        let id = &self.room.visitor.organization().id;
        let setup = self.store.sign_in_setup(self.ctx, id).await?;
        let gone = || StoreError::Corrupt(format!("{id} was there a moment ago"));
        setup.ok_or_else(|| gone().into())
    }

    /// The connection that the path names, among those.
    fn find<'s>(&self, setup: &'s SignInSetup) -> Result<&'s Connection, Turned> {
        let id = self.connection_id().parse::<ConnectionId>().ok();
        let found = setup.connections.iter().find(|one| Some(&one.id) == id.as_ref());
        found.ok_or_else(|| {
            let trouble = Trouble::new(
                Who::Developer,
                "There is no such connection. It may have been deleted.",
            );
            trouble.again(self.room.path("/sso")).into()
        })
    }

    /// Back to the connection's page, which says what was done in the words of this product.
    async fn done(&self, kind: Option<IdpKind>, what: &str) -> Reply {
        self.room.note(self.ctx, self.store, what).await;
        let path = self.room.path(&self.rest());
        Reply::see_other(&match kind {
            Some(kind) => format!("{path}?idp={}&done={what}", kind.slug()),
            None => format!("{path}?done={what}"),
        })
    }
}

/// What can be done here: the word in the address, and the sentence on the page.
pub(crate) const DONE: [(&str, &str); 11] = [
    (
        "connection-created",
        "The connection is created. It changes nothing for anybody until you activate it.",
    ),
    ("metadata-saved", "The metadata is valid, and saved."),
    ("settings-saved", "The settings are saved."),
    ("entity-id-saved", "The entity ID is saved. Enter it at the identity provider, too."),
    ("connection-activated", "The connection is active: people sign in through it."),
    ("connection-deactivated", "The connection is deactivated: nobody signs in through it."),
    ("draft-discarded", "The draft is discarded. What is live is as it was."),
    ("connection-deleted", "The connection is deleted."),
    (
        "certificate-generated",
        "The certificate is generated. Download it, and upload it at the identity provider.",
    ),
    ("certificate-retired", "The certificate is retired: what is encrypted to it is refused."),
    ("sign-in-policy-saved", "Saved: it holds from the next sign-in on."),
];

/// What was just done, as a sentence. Whatever else stands in the address says nothing.
fn done(incoming: &Incoming<'_>) -> Option<&'static str> {
    let what = incoming.query("done")?;
    DONE.into_iter().find(|(known, _)| *known == what).map(|(_, sentence)| sentence)
}

/// What a use case refused, in the page's words.
fn problem(refusal: Refusal) -> Result<FormProblem, Turned> {
    let told = told(refusal)?;
    Ok(FormProblem { sentence: view::in_words(&told.sentence), ..told })
}

/// A mistake in this field.
fn mistake(field: &str, sentence: impl Into<String>) -> FormProblem {
    FormProblem { field: Some(field.to_owned()), sentence: sentence.into() }
}

/// Entries of a list that people type: one a line, or with commas or blanks between.
fn entries(text: &str) -> Vec<&str> {
    text.split([',', ';']).flat_map(str::split_whitespace).collect()
}

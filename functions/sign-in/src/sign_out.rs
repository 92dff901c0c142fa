//! Signing out of one organization, or of all that this browser is signed in to.

use lychgate_core::{ctx::Ctx, ids::OrganizationId, sessions};
use lychgate_edge::{
    cookie::{Cookie, Cookies},
    json::Incoming,
    page::{Trouble, render},
    pages::sign_in::{Message, SignOut},
    reply::Reply,
};

use crate::{
    Store,
    form::{Form, Token},
};

pub(crate) fn ask(ctx: &Ctx<'_>, incoming: &Incoming<'_>) -> Reply {
    let token = Token::of(ctx, incoming);
    let page = render(200, &SignOut { hidden: &token.fields(&[]) });
    token.onto(page)
}

/// The most organizations that one browser is signed out of at once.
const ORGANIZATIONS_MAX: usize = 10;

pub(crate) async fn run<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Trouble> {
    Form::read(ctx, incoming)?;
    let cookies = Cookies::of(ctx.base_url);
    let mut signed_out = Vec::new();
    for (organization, value) in session_cookies(cookies, incoming).take(ORGANIZATIONS_MAX) {
        let current = sessions::current(ctx, store, &organization, value).await?;
        if let Some((session, user)) = current {
            sessions::end_these(ctx, store, &organization, &user, &[session], "member").await?;
        }
        signed_out.push(organization);
    }
    let paragraphs = ["You are signed out here. Close the browser if others use it too."];
    let mut reply =
        render(200, &Message { title: "Signed out", paragraphs: &paragraphs, button: None });
    for organization in &signed_out {
        reply = reply.with_cookie(cookies.clear(Cookie::Session(organization)));
    }
    Ok(reply)
}

/// The organizations whose session cookies came.
fn session_cookies<'a>(
    cookies: Cookies,
    incoming: &'a Incoming<'_>,
) -> impl Iterator<Item = (OrganizationId, &'a str)> {
    incoming.request.cookies.iter().filter_map(move |(name, value)| {
        let bare = name.rsplit_once("lys-")?.1;
        let organization = OrganizationId::from_bare(bare).ok()?;
        let ours = cookies.name(Cookie::Session(&organization)) == *name;
        ours.then_some((organization, value.as_str()))
    })
}

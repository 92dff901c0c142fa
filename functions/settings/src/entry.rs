//! The way in: which organization, and a link that is opened (W4).

use std::collections::BTreeSet;

use lychgate_core::{
    ctx::Ctx,
    ids::OrganizationId,
    settings::links::{self, NotOpened},
};
use lychgate_edge::{
    cookie::{Cookie, Cookies},
    form::{Expected, Form, FormToken},
    json::Incoming,
    page::{render, render_with_script},
    pages::settings::{
        closed::Closed,
        enter::{Enter, Find, Place},
    },
    reply::Reply,
    settings::Turned,
};

use crate::Store;

/// How many organizations are offered to a browser that knows several.
const PLACES_MAX: usize = 3;

/// To the one organization that this browser knows, else the question which one.
pub(crate) async fn find<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let cookies = Cookies::of(ctx.base_url);
    let names = incoming.request.cookies.iter().map(|(name, _)| name);
    let known: BTreeSet<OrganizationId> = names
        .filter_map(|name| cookies.session_of(name).or_else(|| cookies.visit_of(name)))
        .collect();
    let mut known: Vec<OrganizationId> = known.into_iter().collect();
    known.truncate(PLACES_MAX);
    if let [only] = known.as_slice() {
        return Ok(Reply::see_other(&format!("/settings/{only}")));
    }
    let mut places = Vec::new();
    for id in &known {
        if let Some(organization) = store.organization(ctx, id).await? {
            places.push(Place { name: organization.name, href: format!("/settings/{id}") });
        }
    }
    Ok(render(200, &Find { places: &places }))
}

/// The form that opens a link.
pub(crate) fn ask(ctx: &Ctx<'_>, incoming: &Incoming<'_>) -> Reply {
    form(ctx, incoming, 200, None)
}

/// Opens a link in this browser.
pub(crate) async fn open<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let fields = Form::read(ctx, incoming, Expected::new("/settings/enter"))?;
    let cookies = Cookies::of(ctx.base_url);
    let brought = |organization: &OrganizationId| {
        let cookie = cookies.name(Cookie::Visit(organization));
        incoming.request.cookie(&cookie).map(str::to_owned)
    };
    match links::open(ctx, store, code(fields.get("link")), brought).await {
        Ok(opened) => {
            let organization = &opened.organization.id;
            let left = opened.link.expires.millis_since(ctx.now()) / 1_000;
            let cookie = cookies.set(Cookie::Visit(organization), &opened.cookie.text(), left);
            Ok(Reply::see_other(&format!("/settings/{organization}")).with_cookie(cookie))
        }
        Err(NotOpened::Store(error)) => Err(error.into()),
        Err(NotOpened::Unknown) => {
            let sentence = "This is no link that we know. Paste all of it, from the first character to the last.";
            Ok(form(ctx, incoming, 400, Some(sentence)))
        }
        Err(NotOpened::Ended) => Ok(not_opened(
            "This link has ended",
            "Its time was over before it was opened, or since. Ask whoever gave it to you for a new one.",
        )),
        Err(NotOpened::Revoked) => Ok(not_opened(
            "This link was taken back",
            "Whoever made it has taken it back. Ask them for a new one.",
        )),
        Err(NotOpened::OpenedBefore) => Ok(not_opened(
            "This link was opened before",
            "A link opens once, in one browser. If it was you, go on in the browser that you opened it in; if it was \
             not, tell whoever gave it to you, so that they take it back.",
        )),
    }
}

/// What was pasted, without the address before it.
fn code(pasted: &str) -> &str {
    pasted.rsplit('#').next().unwrap_or_default()
}

fn form(ctx: &Ctx<'_>, incoming: &Incoming<'_>, status: u16, error: Option<&str>) -> Reply {
    let token = FormToken::of(ctx, incoming);
    let page = render_with_script(status, &Enter { error, hidden: &token.fields(&[]) });
    token.onto(page)
}

fn not_opened(title: &str, sentence: &str) -> Reply {
    let paragraphs = [sentence, "Owners can sign in without a link."];
    render(403, &Closed { title, paragraphs: &paragraphs, button: Some(("Sign in", "/settings")) })
}

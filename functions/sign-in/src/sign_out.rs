//! Signing out of one organization, or of all that this browser is signed in to.

use lychgate_core::{
    ctx::Ctx,
    ids::OrganizationId,
    oidc::back_channel,
    ports::outside::Signer,
    sessions,
    sign_in::{logout, outgoing::Outgoing},
};
use lychgate_edge::{
    cookie::{Cookie, Cookies},
    form::FormToken,
    json::Incoming,
    page::{Trouble, render},
    pages::sign_in::{Message, SignOut},
    reply::Reply,
};

use crate::{Store, form};

pub(crate) fn ask(ctx: &Ctx<'_>, incoming: &Incoming<'_>) -> Reply {
    let token = FormToken::of(ctx, incoming);
    let page = render(200, &SignOut { hidden: &token.fields(&[]) });
    token.onto(page)
}

/// The most organizations that one browser is signed out of at once.
const ORGANIZATIONS_MAX: usize = 10;

pub(crate) async fn run<S: Store, G: Signer>(
    ctx: &Ctx<'_>,
    store: &S,
    signer: &G,
    incoming: &Incoming<'_>,
) -> Result<Reply, Trouble> {
    form::read(ctx, incoming)?;
    let cookies = Cookies::of(ctx.base_url);
    let (mut signed_out, mut at_idp) = (Vec::new(), None);
    for (organization, value) in session_cookies(cookies, incoming).take(ORGANIZATIONS_MAX) {
        if let Some((session, user)) = sessions::current(ctx, store, &organization, value).await? {
            let (name, by) = (user.user_name(), "member");
            back_channel::end(
                ctx,
                store,
                &organization,
                user.id,
                name,
                std::slice::from_ref(&session),
                by,
                true,
                None,
            )
            .await?;
            // Whether the identity provider can be asked too is beside the point when it cannot.
            let way = logout::begin(ctx, store, signer, &organization, &session, None).await;
            at_idp = at_idp.or(way.ok().flatten());
        }
        signed_out.push(organization);
    }
    let paragraphs = ["You are signed out here. Close the browser if others use it too."];
    let button = match &at_idp {
        Some(Outgoing::Redirect(to)) => Some(("Sign out of your company account too", to.as_str())),
        Some(Outgoing::Form(_)) | None => None,
    };
    let mut reply = render(200, &Message { title: "Signed out", paragraphs: &paragraphs, button });
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

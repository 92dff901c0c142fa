//! "Send me a link": the same answer for everybody.

use lychgate_core::{
    ctx::Ctx,
    oidc::authorize::{AuthorizeParams, Name},
    organization::{Domain, Organization},
    passwords::{self, Refusal},
    ports::outside::Mailer,
};
use lychgate_edge::{
    form::FormToken,
    json::Incoming,
    page::{Trouble, Who, render},
    pages::{password::Forgot, sign_in::Message},
    reply::Reply,
};

use crate::{Store, form};

pub(crate) async fn ask<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Trouble> {
    let params = AuthorizeParams::from_pairs(&incoming.request.query);
    let organization = find(ctx, store, params.get(Name::Organization)).await?;
    let token = FormToken::of(ctx, incoming);
    let hidden = token.fields(&[(Name::Organization.text(), organization.domain.as_str())]);
    let page = render(200, &Forgot { organization: &organization.name, hidden: &hidden });
    Ok(token.onto(page))
}

pub(crate) async fn run<S: Store, M: Mailer>(
    ctx: &Ctx<'_>,
    store: &S,
    mailer: Option<&M>,
    incoming: &Incoming<'_>,
) -> Result<Reply, Trouble> {
    let form = form::read(ctx, incoming)?;
    let organization = find(ctx, store, Some(form.get(Name::Organization.text()))).await?;
    let Some(mailer) = mailer else {
        let sentence = "This service sends no e-mail. Ask your administrator for a link.";
        return Err(Trouble::new(Who::Administrator, sentence).because("no mailer is configured"));
    };
    let source_ip = incoming.request.source_ip.as_deref();
    let asked =
        passwords::ask_for_link(ctx, store, mailer, &organization, form.get("email"), source_ip);
    if let Err(Refusal::Store(error)) = asked.await {
        return Err(error.into());
    }
    let paragraphs = [
        "If a password is possible for that address, a link is on its way to it. It holds for an hour.",
        "Nothing came? Look among unwanted mail, or ask your administrator: some people sign in through their \
         company only.",
    ];
    Ok(render(
        200,
        &Message { title: "Look at your e-mail", paragraphs: &paragraphs, button: None },
    ))
}

async fn find<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    named: Option<&str>,
) -> Result<Organization, Trouble> {
    let unknown = || {
        Trouble::new(Who::Developer, "There are no passwords at this address.").again("/sign_in")
    };
    let domain = named.and_then(Domain::parse).ok_or_else(unknown)?;
    match passwords::organization(ctx, store, &domain).await {
        Ok(organization) => Ok(organization),
        Err(Refusal::Store(error)) => Err(error.into()),
        Err(_) => Err(unknown()),
    }
}

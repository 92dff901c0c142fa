//! "Where do you work?"

use lychgate_core::{
    ctx::Ctx,
    oidc::authorize::{AuthorizeParams, Name},
    ports::{EmailDomains, Organizations},
};
use lychgate_edge::{
    json::Incoming,
    page::{Trouble, render_with_form_to},
    pages::{Hidden, sign_in::Find},
    reply::Reply,
};

use crate::{choose::form_sources, form::domain_of};

const NOT_FOUND: &str = "We do not know this address or name. Check it, or ask your administrator for your \
                         company's sign-in name.";

/// Asks, or takes the answer: the next page gets the organization and the application's request.
pub(crate) async fn run<S: EmailDomains + Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
    params: AuthorizeParams,
    error: bool,
) -> Result<Reply, Trouble> {
    let typed = incoming.query("who").unwrap_or_default();
    if !typed.is_empty()
        && let Some(domain) = domain_of(ctx, store, typed).await?
    {
        let is_request = params.is_request();
        let hint = typed.contains('@').then(|| typed.trim().to_owned());
        let params = params
            .with(Name::Organization, Some(domain.as_str().to_owned()))
            .with(Name::LoginHint, hint);
        let path = if is_request { "/oidc/authorize" } else { "/sign_in" };
        return Ok(Reply::see_other(&format!("{path}?{}", params.query())));
    }
    let wrong = error || !typed.is_empty();
    let hidden: Vec<Hidden> = params
        .pairs()
        .into_iter()
        .filter(|(name, _)| *name != Name::Organization.text())
        .map(|(name, value)| Hidden::new(name, value))
        .collect();
    let page = Find { typed, error: wrong.then_some(NOT_FOUND), hidden: &hidden };
    // The answer leads on to the identity provider, or back to the application, without another page in between.
    let sources = form_sources(ctx.base_url, &params);
    Ok(render_with_form_to(if wrong { 404 } else { 200 }, &page, &sources))
}

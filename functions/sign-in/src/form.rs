//! What the forms here have in common.

use lychgate_core::{
    ctx::Ctx, oidc::authorize::AuthorizeError, organization::Domain, passwords::EMAIL_BYTES_MAX,
    ports::EmailDomains,
};
use lychgate_edge::{
    form::{Expected, Form},
    json::Incoming,
    page::{Trouble, Who},
    reply::Reply,
};

/// The form that came, of one of the pages here.
pub(crate) fn read(ctx: &Ctx<'_>, incoming: &Incoming<'_>) -> Result<Form, Trouble> {
    Form::read(ctx, incoming, Expected::new("/sign_in"))
}

/// Which organization somebody meant: a domain, or an e-mail address whose domain leads to one.
pub(crate) async fn domain_of<S: EmailDomains + lychgate_core::ports::Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    typed: &str,
) -> Result<Option<Domain>, Trouble> {
    let typed = typed.trim().to_lowercase();
    if typed.len() > EMAIL_BYTES_MAX {
        return Ok(None);
    }
    let Some((_, host)) = typed.rsplit_once('@') else {
        let Some(domain) = Domain::parse(&typed) else { return Ok(None) };
        return Ok(store.by_domain(ctx, &domain).await?.map(|_| domain));
    };
    let Some(id) = store.by_email_domain(ctx, host).await? else { return Ok(None) };
    Ok(store.organization(ctx, &id).await?.map(|organization| organization.domain))
}

/// What is wrong with an application's request, told to the person. What the application itself is to be told has gone
/// there before a page was shown, so it is told here in a word.
pub(crate) fn request_trouble(ctx: &Ctx<'_>, error: AuthorizeError) -> Result<Reply, Trouble> {
    match error {
        AuthorizeError::UnknownClient => Err(Trouble::new(
            Who::Developer,
            "The application that sent you here is not known to this sign-in service.",
        )),
        AuthorizeError::RedirectUri => Err(Trouble::new(
            Who::Developer,
            "The application that sent you here asked to be answered at an address that it has not registered.",
        )),
        AuthorizeError::SentBack(sent_back) => Ok(Reply::see_other(&sent_back.location(ctx))),
        AuthorizeError::Store(error) => Err(error.into()),
    }
}

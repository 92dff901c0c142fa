//! `/oidc/authorize` (OpenID Connect Core §3.1.2): where an application sends people.
//!
//! What is wrong is shown to the person where nobody else can be told, and goes back to the application otherwise;
//! see [`lychgate_core::oidc::authorize`].

use lychgate_core::{
    ctx::Ctx,
    event::Actor,
    oidc::{
        authorize::{self, AuthorizeError, AuthorizeParams},
        entry::{self, Named, Next},
    },
    organization::Organization,
    ports::{StoreError, outside::Signer},
    session::Session,
    sessions,
};
use lychgate_edge::{
    cookie::{Cookie, Cookies},
    json::Incoming,
    page::{Trouble, Who},
    reply::Reply,
};

use crate::{Oidc, Store, posted};

/// A form that another site posted comes without our cookies (`SameSite=Lax`); the same request as a link brings them.
pub(crate) async fn post<S: Store, G: Signer>(
    oidc: &Oidc<S, G>,
    ctx: &Ctx<'_>,
    incoming: &Incoming<'_>,
) -> Result<Reply, Trouble> {
    let params = AuthorizeParams::from_pairs(&posted(incoming));
    match authorize::read(ctx, &oidc.store, &params).await {
        Ok(_) => Ok(Reply::see_other(&format!("/oidc/authorize?{}", params.query()))),
        Err(error) => refused(ctx, error),
    }
}

pub(crate) async fn get<S: Store, G: Signer>(
    oidc: &Oidc<S, G>,
    ctx: &mut Ctx<'_>,
    incoming: &Incoming<'_>,
) -> Result<Reply, Trouble> {
    let params = AuthorizeParams::from_pairs(&incoming.request.query);
    let request = match authorize::read(ctx, &oidc.store, &params).await {
        Ok((_, request)) => request,
        Err(error) => return refused(ctx, error),
    };
    let next = match entry::named(ctx, &oidc.store, &params).await? {
        Named::Nobody => entry::without_organization(&params, &request),
        Named::Unknown => entry::unknown_organization(&params, &request),
        Named::Organization(organization) => {
            let session = current(oidc, ctx, incoming, &organization).await?;
            if let Some(session) = &session {
                ctx.actor = Actor::Member(session.user);
            }
            let session = session.as_ref();
            entry::next(ctx, &oidc.store, &params, &request, &organization, session).await?
        }
    };
    match next {
        Next::Application(location) => Ok(Reply::see_other(&location)),
        Next::Back(back) => Ok(Reply::see_other(&back.location(ctx))),
        Next::Saml(path) | Next::SignIn(path) => Ok(Reply::see_other(&path)),
        Next::UnknownOrganization => Err(Trouble::new(
            Who::Developer,
            "The application named an organization that is not here.",
        )),
        Next::LicenceLapsed => Err(Trouble::new(
            Who::Administrator,
            "Your company's licence for single sign-on has lapsed. Nothing was deleted; sign-in works again once it \
             is renewed.",
        )),
        Next::NothingSetUp => Err(Trouble::new(
            Who::Developer,
            "Your organization has no way to sign in yet: neither single sign-on nor passwords.",
        )),
    }
}

/// Whose browser it is, at this organization.
async fn current<S: Store, G: Signer>(
    oidc: &Oidc<S, G>,
    ctx: &Ctx<'_>,
    incoming: &Incoming<'_>,
    organization: &Organization,
) -> Result<Option<Session>, StoreError> {
    let name = Cookies::of(ctx.base_url).name(Cookie::Session(&organization.id));
    let Some(cookie) = incoming.request.cookie(&name) else {
        return Ok(None);
    };
    let current = sessions::current(ctx, &oidc.store, &organization.id, cookie).await?;
    Ok(current.map(|(session, _)| session))
}

fn refused(ctx: &Ctx<'_>, error: AuthorizeError) -> Result<Reply, Trouble> {
    match error {
        AuthorizeError::SentBack(back) => Ok(Reply::see_other(&back.location(ctx))),
        AuthorizeError::UnknownClient => {
            Err(Trouble::new(Who::Developer, "The application that sent you here is not known."))
        }
        AuthorizeError::RedirectUri => Err(Trouble::new(
            Who::Developer,
            "The application wants you sent on to an address that it has not registered.",
        )),
        AuthorizeError::Store(error) => Err(error.into()),
    }
}

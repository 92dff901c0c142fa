//! `/saml/logout/{domain}`: single logout (S13). A file for each binding.

mod post;
mod redirect;

use lychgate_core::{
    ctx::Ctx,
    oidc::end_session,
    ports::{Applications, Organizations, Sessions, SignIns, outside::Signer},
    sessions::SessionCookie,
    sign_in::logout::{self, LoggedOut},
};
use lychgate_edge::{
    cookie::{Cookie, Cookies},
    handler::{Handler, Stack},
    json::Incoming,
    page::{Paged, Pages, Trouble},
    reply::Reply,
    request::Method,
    saml,
};

/// What it needs of a store.
pub trait Store: SignIns + Organizations + Sessions + Applications {}

impl<S: SignIns + Organizations + Sessions + Applications> Store for S {}

/// The handler on this store.
pub fn handler<S: Store + 'static, G: Signer + 'static>(
    stack: Stack,
    store: S,
    signer: G,
) -> impl Handler + use<S, G> {
    Paged::new(SamlLogout { store, signer }, stack)
}

struct SamlLogout<S, G> {
    store: S,
    signer: G,
}

impl<S: Store, G: Signer> Pages for SamlLogout<S, G> {
    const FUNCTION: &'static str = "saml-logout";

    async fn serve(&self, ctx: &mut Ctx<'_>, incoming: &Incoming<'_>) -> Result<Reply, Trouble> {
        match incoming.route.method {
            Method::Post => post::run(ctx, self, incoming).await,
            _ => redirect::run(ctx, self, incoming).await,
        }
    }
}

impl<S: Store, G: Signer> SamlLogout<S, G> {
    /// Takes the message, whatever brought it.
    async fn receive(
        &self,
        ctx: &Ctx<'_>,
        incoming: &Incoming<'_>,
        message: logout::Incoming<'_>,
        relay_state: Option<&str>,
    ) -> Result<Reply, Trouble> {
        let domain = incoming.parameter("domain");
        let done =
            logout::receive(ctx, &self.store, &self.signer, domain, message, relay_state).await?;
        Ok(match done {
            LoggedOut::Answered { organization, relay_state } => {
                let relay_state = relay_state.unwrap_or_default();
                match end_session::after_logout(ctx, &self.store, &relay_state).await? {
                    Some(then) => Reply::see_other(&then),
                    None => saml::signed_out(&organization.name),
                }
            }
            LoggedOut::Ended { organization, sessions, answer } => {
                let sentence = "You are signed out here. Continue to your identity provider.";
                let reply = match &answer {
                    Some(answer) => saml::outgoing(answer, sentence),
                    None => saml::signed_out(&organization.name),
                };
                let cookies = Cookies::of(ctx.base_url);
                let session = Cookie::Session(&organization.id);
                let own = incoming.request.cookie(&cookies.name(session));
                let own = own.and_then(SessionCookie::parse);
                match own.is_some_and(|own| sessions.iter().any(|one| one.id == own.session)) {
                    true => reply.with_cookie(cookies.clear(session)),
                    false => reply,
                }
            }
        })
    }
}

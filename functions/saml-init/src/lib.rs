//! `GET /saml/init/{domain}`: a sign-in begins. One route.

use lychgate_core::{
    ctx::Ctx,
    ports::{Applications, Organizations, Passwords, SignIns, outside::Signer},
    session::FLOW_SECS,
    sign_in::start::{self, Start},
};
use lychgate_edge::{
    cookie::{Cookie, Cookies},
    handler::{Handler, Stack},
    json::Incoming,
    page::{Paged, Pages, Trouble},
    reply::Reply,
    saml,
};

/// The most started sign-ins that a browser keeps cookies of. One more, and the former ones go: API Gateway takes no more
/// than 10 KB of header fields.
pub const FLOW_COOKIES_MAX: usize = 12;

/// What it needs of a store.
pub trait Store: SignIns + Organizations + Applications + Passwords {}

impl<S: SignIns + Organizations + Applications + Passwords> Store for S {}

/// The handler on this store.
pub fn handler<S: Store + 'static, G: Signer + 'static>(
    stack: Stack,
    store: S,
    signer: G,
) -> impl Handler + use<S, G> {
    Paged::new(SamlInit { store, signer }, stack)
}

struct SamlInit<S, G> {
    store: S,
    signer: G,
}

impl<S: Store, G: Signer> Pages for SamlInit<S, G> {
    const FUNCTION: &'static str = "saml-init";

    async fn serve(&self, ctx: &mut Ctx<'_>, incoming: &Incoming<'_>) -> Result<Reply, Trouble> {
        let request =
            Start { domain: incoming.parameter("domain"), query: &incoming.request.query };
        let started = start::start(ctx, &self.store, &self.signer, &request).await?;
        let cookies = Cookies::of(ctx.base_url);
        let cookie = Cookie::Flow(started.flow.bare());
        let sentence = "Continue to your company's identity provider to sign in.";
        let reply = saml::outgoing(&started.outgoing, sentence);
        let reply = without_old_flows(reply, cookies, incoming);
        Ok(reply.with_cookie(cookies.set(cookie, &started.secret, FLOW_SECS)))
    }
}

/// Takes the cookies of former sign-ins away when there are many.
fn without_old_flows(mut reply: Reply, cookies: Cookies, incoming: &Incoming<'_>) -> Reply {
    let prefix = cookies.name(Cookie::Flow(""));
    let old: Vec<&str> = incoming
        .request
        .cookies
        .iter()
        .filter_map(|(name, _)| name.strip_prefix(&prefix))
        .filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .collect();
    if old.len() >= FLOW_COOKIES_MAX {
        for id in old {
            reply = reply.with_cookie(cookies.clear(Cookie::Flow(id)));
        }
    }
    reply
}

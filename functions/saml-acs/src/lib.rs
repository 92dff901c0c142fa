//! `POST /saml/consume/{domain}`: the assertion consumer service. One route; the only function that reads a
//! `SAMLResponse` and that may decrypt.

use std::sync::Arc;

use lychgate_core::{
    ctx::Ctx,
    ids::FlowId,
    ports::{Applications, Attempts, Organizations, SignIns, outside::Opener},
    settings,
    sign_in::{
        enter::{Next, SignedIn},
        finish::{self, Finished, Parts, Post},
        opened_keys::OpenedKeys,
    },
};
use lychgate_edge::{
    cookie::{Cookie, Cookies},
    handler::{Handler, Stack},
    json::Incoming,
    page::{Paged, Pages, Trouble, Who},
    reply::Reply,
    saml::{self, SamlForm},
};

/// What it needs of a store.
pub trait Store: SignIns + Organizations + Applications + Attempts {}

impl<S: SignIns + Organizations + Applications + Attempts> Store for S {}

/// The handler on this store.
pub fn handler<S: Store + 'static, O: Opener + 'static>(
    stack: Stack,
    store: S,
    opener: O,
) -> impl Handler + use<S, O> {
    let catalogue = Arc::clone(&stack.catalogue);
    Paged::new(SamlAcs { store, keys: OpenedKeys::new(opener), catalogue }, stack)
}

struct SamlAcs<S, O> {
    store: S,
    keys: OpenedKeys<O>,
    catalogue: Arc<lychgate_scim::schema::Catalogue>,
}

impl<S: Store, O: Opener> Pages for SamlAcs<S, O> {
    const FUNCTION: &'static str = "saml-acs";

    async fn serve(&self, ctx: &mut Ctx<'_>, incoming: &Incoming<'_>) -> Result<Reply, Trouble> {
        let form = SamlForm::read(incoming)?;
        let no_response = |why: &'static str| {
            Trouble::new(
                Who::Person,
                "What your browser sent is no answer of an identity provider.",
            )
            .because(why)
        };
        if form.one("SAMLRequest")?.is_some() {
            return Err(no_response("a SAMLRequest"));
        }
        let saml_response =
            form.one("SAMLResponse")?.ok_or_else(|| no_response("no SAMLResponse"))?;
        let cookies = Cookies::of(ctx.base_url);
        let browser_secret = |id: &FlowId| {
            let name = cookies.name(Cookie::Flow(id.bare()));
            incoming.request.cookie(&name).map(str::to_owned)
        };
        let post = Post {
            domain: incoming.parameter("domain"),
            saml_response,
            browser_secret: &browser_secret,
        };
        let parts = Parts { store: &self.store, keys: &self.keys, catalogue: &self.catalogue };
        Ok(match finish::finish(ctx, &parts, &post).await? {
            Finished::SignedIn(done) => signed_in(cookies, &done),
            Finished::Tested { flow, reference, settings, report } => {
                let (organization, connection) = settings;
                let back = match connection {
                    Some(connection) => format!("/settings/{organization}/sso/{connection}#test"),
                    None => format!("/settings/{organization}/sso"),
                };
                let reply = saml::test_result(&report, &reference.to_string(), &back);
                without_flow(reply, cookies, flow.as_ref())
            }
        })
    }
}

fn signed_in(cookies: Cookies, done: &SignedIn) -> Reply {
    let reply = match &done.next {
        Next::To(address) => Reply::see_other(address),
        Next::Settings => Reply::see_other(&settings::path(&done.organization.id)),
        Next::Page => saml::signed_in(&done.organization.name),
    };
    let session = Cookie::Session(&done.organization.id);
    let reply = reply.with_cookie(cookies.set(session, &done.cookie.text(), done.lasts_secs));
    without_flow(reply, cookies, done.flow.as_ref())
}

/// The flow is used up, and its cookie is of no more use.
fn without_flow(reply: Reply, cookies: Cookies, flow: Option<&FlowId>) -> Reply {
    match flow {
        Some(flow) => reply.with_cookie(cookies.clear(Cookie::Flow(flow.bare()))),
        None => reply,
    }
}

//! `GET /saml/metadata` and `GET /saml/metadata/{domain}`: what an IdP needs to know of us (S1).

mod organization;
mod shared;

use lychgate_core::{
    ctx::Ctx,
    ports::{Connections, Organizations},
};
use lychgate_edge::{
    handler::{Handler, Stack},
    json::Incoming,
    page::{Paged, Pages, Trouble},
    reply::Reply,
};

/// The media type of SAML metadata (SAML Metadata, appendix A).
const MEDIA_TYPE: &str = "application/samlmetadata+xml";
/// How long a document may be kept, in seconds: a new certificate is to be seen soon.
const KEPT_SECS: u32 = 300;

/// The handler on this store.
pub fn handler<S: Organizations + Connections + 'static>(
    stack: Stack,
    store: S,
) -> impl Handler + use<S> {
    Paged::new(SamlMetadata { store }, stack)
}

struct SamlMetadata<S> {
    store: S,
}

impl<S: Organizations + Connections> Pages for SamlMetadata<S> {
    const FUNCTION: &'static str = "saml-metadata";

    async fn serve(&self, ctx: &mut Ctx<'_>, incoming: &Incoming<'_>) -> Result<Reply, Trouble> {
        match incoming.route.path {
            "/saml/metadata/{domain}" => organization::run(ctx, &self.store, incoming).await,
            _ => shared::run(ctx, &self.store, incoming).await,
        }
    }
}

fn document(xml: String) -> Reply {
    let mut reply = Reply::empty(200)
        .with_header("content-type", MEDIA_TYPE)
        .with_header("cache-control", format!("public, max-age={KEPT_SECS}"))
        .with_header("x-content-type-options", "nosniff");
    reply.body = Some(xml.into_bytes());
    reply
}

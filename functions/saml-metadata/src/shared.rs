//! `GET /saml/metadata`: the entity ID that all organizations share.

use lychgate_core::{
    connection::EntityIdChoice,
    ctx::Ctx,
    ports::{Connections, Organizations},
    sign_in::sp_metadata,
};
use lychgate_edge::{json::Incoming, page::Trouble, reply::Reply};

/// With `?domain=…` it is the document of that organization under the shared entity ID.
pub(crate) async fn run<S: Organizations + Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Trouble> {
    let xml = match incoming.query("domain") {
        None => sp_metadata::shared(ctx),
        Some(domain) => {
            sp_metadata::of_organization(ctx, store, domain, EntityIdChoice::Shared).await?
        }
    };
    Ok(super::document(xml))
}

//! `GET /saml/metadata/{domain}`: the organization's own entity ID.

use lychgate_core::{
    connection::EntityIdChoice,
    ctx::Ctx,
    ports::{Connections, Organizations},
    sign_in::sp_metadata,
};
use lychgate_edge::{json::Incoming, page::Trouble, reply::Reply};

pub(crate) async fn run<S: Organizations + Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Trouble> {
    let domain = incoming.parameter("domain");
    let xml = sp_metadata::of_organization(ctx, store, domain, EntityIdChoice::Organization);
    Ok(super::document(xml.await?))
}

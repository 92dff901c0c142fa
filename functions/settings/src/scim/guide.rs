//! Setting provisioning up at one identity provider, with the values filled in.

use lychgate_core::{credential::client_id_text, settings::access::Area};
use lychgate_edge::{
    page::{Trouble, Who},
    pages::settings::scim::{Guide, Idp},
    reply::Reply,
    settings::{Room, Turned},
};

use super::{Context, PAGE};
use crate::{Store, overview::ending::holding};

pub(super) fn get<S: Store>(context: &Context<'_, S>, room: Room) -> Result<Reply, Turned> {
    let Some(idp) = Idp::parse(context.incoming.parameter("idp")) else {
        let trouble = Trouble::new(Who::Developer, "There is no guide for this identity provider.");
        return Err(trouble.again(room.path(PAGE)).into());
    };
    let organization = room.visitor.organization();
    let directory = &organization.directory;
    let (tokens, clients) = holding(context.ctx.now(), directory);
    let ids = directory.clients.iter();
    let page = Guide {
        frame: room.frame(Area::Scim, None),
        idp,
        on: directory.enabled,
        credential: tokens + clients > 0,
        base_url: context.base_url(),
        token_endpoint: context.token_endpoint(),
        clients: ids
            .map(|client| (client.name.clone(), client_id_text(&organization.id, &client.id)))
            .collect(),
    };
    Ok(room.render(200, &page))
}

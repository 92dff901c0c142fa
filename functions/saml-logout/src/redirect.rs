//! `GET /saml/logout/{domain}`: a message of the Redirect binding, whose signature is over the query as it came.

use lychgate_core::{ctx::Ctx, ports::outside::Signer, sign_in::logout};
use lychgate_edge::{json::Incoming, page::Trouble, reply::Reply};

use crate::{SamlLogout, Store};

pub(crate) async fn run<S: Store, G: Signer>(
    ctx: &Ctx<'_>,
    function: &SamlLogout<S, G>,
    incoming: &Incoming<'_>,
) -> Result<Reply, Trouble> {
    let message = logout::Incoming::Redirect(&incoming.request.raw_query);
    function.receive(ctx, incoming, message, None).await
}

//! The part `history`.

use lychgate_core::ctx::Ctx;
use lychgate_edge::{json::Incoming, reply::Reply, settings::Turned};

use crate::Store;

pub(crate) async fn serve<S: Store>(
    _ctx: &mut Ctx<'_>,
    _store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    Err(crate::unrouted(incoming))
}

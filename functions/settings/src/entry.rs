//! The way in: which organization, and a link that is opened (W4).

use lychgate_core::ctx::Ctx;
use lychgate_edge::{json::Incoming, reply::Reply, settings::Turned};

use crate::Store;

pub(crate) fn find(_ctx: &Ctx<'_>, incoming: &Incoming<'_>) -> Result<Reply, Turned> {
    Err(crate::unrouted(incoming))
}

pub(crate) fn ask(_ctx: &Ctx<'_>, _incoming: &Incoming<'_>) -> Reply {
    Reply::empty(404)
}

pub(crate) async fn open<S: Store>(
    _ctx: &Ctx<'_>,
    _store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    Err(crate::unrouted(incoming))
}

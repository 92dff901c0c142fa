//! Single sign-on: connections, certificates, tests, attempts, the password policy.

use lychgate_core::{ctx::Ctx, idp::Rules, ports::outside_parts::Outside};
use lychgate_edge::{json::Incoming, reply::Reply, settings::Turned};

use crate::Store;

pub(crate) async fn serve<S: Store, O: Outside>(
    _ctx: &mut Ctx<'_>,
    _store: &S,
    _outside: &O,
    _rules: &Rules,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    Err(crate::unrouted(incoming))
}

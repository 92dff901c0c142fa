//! `/v1/organizations/{organization}/events`.

use lychgate_core::{ctx::Ctx, operator::events};
use lychgate_edge::{
    json::{Incoming, reply},
    problem::Problem,
    reply::Reply,
};

use crate::{
    Store,
    body::{check_query, limit},
    problem, view,
};

pub(crate) async fn history<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    check_query(incoming, &["cursor", "limit"])?;
    let (organization, cursor) = (incoming.parameter("organization"), incoming.query("cursor"));
    let history = events::history(ctx, store, organization, cursor, limit(incoming)?)
        .await
        .map_err(problem::of)?;
    Ok(reply(200, &view::history(&history)))
}

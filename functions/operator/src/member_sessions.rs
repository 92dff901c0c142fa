//! `/v1/organizations/{organization}/members/{member}/sessions` and `…/password`.

use lychgate_core::{ctx::Ctx, operator::member_sessions as sessions};
use lychgate_edge::{
    json::{Incoming, reply},
    problem::Problem,
    reply::Reply,
};
use serde_json::json;

use crate::{Store, body::Body, problem, view};

fn named<'a>(incoming: &'a Incoming<'_>) -> (&'a str, &'a str) {
    (incoming.parameter("organization"), incoming.parameter("member"))
}

pub(crate) async fn list<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let (organization, member) = named(incoming);
    let list = sessions::list(ctx, store, organization, member).await.map_err(problem::of)?;
    Ok(reply(200, &view::items(list.iter().map(view::session))))
}

pub(crate) async fn end<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let (organization, member) = named(incoming);
    let ended = sessions::end(ctx, store, organization, member).await.map_err(problem::of)?;
    Ok(reply(200, &json!({ "ended": ended })))
}

pub(crate) async fn allow_password<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    Body::read(incoming, &[])?;
    let (organization, member) = named(incoming);
    let member = sessions::allow_password(ctx, store, organization, member).await;
    Ok(reply(200, &view::member(&member.map_err(problem::of)?)))
}

pub(crate) async fn forbid_password<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let (organization, member) = named(incoming);
    let member = sessions::forbid_password(ctx, store, organization, member).await;
    Ok(reply(200, &view::member(&member.map_err(problem::of)?)))
}

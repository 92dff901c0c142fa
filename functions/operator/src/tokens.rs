//! `/v1/organizations/{organization}/tokens…`.

use lychgate_core::{ctx::Ctx, operator::tokens};
use lychgate_edge::{
    json::{Incoming, reply},
    problem::Problem,
    reply::Reply,
};

use crate::{Store, body::Body, problem, view};

pub(crate) async fn list<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let listed =
        tokens::list(ctx, store, incoming.parameter("organization")).await.map_err(problem::of)?;
    let views =
        listed.iter().map(|listed| view::token(&listed.token, &listed.prefix, listed.last_used));
    Ok(reply(200, &view::items(views)))
}

pub(crate) async fn create<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let body = Body::read(incoming, &["name", "expires", "member"])?;
    let new = tokens::New {
        name: body.text("name")?,
        expires: body.nullable_time("expires")?,
        member: body.nullable_text("member")?,
    };
    let created = tokens::create(ctx, store, incoming.parameter("organization"), &new)
        .await
        .map_err(problem::of)?;
    Ok(reply(201, &view::created_token(&created, ctx.base_url)))
}

pub(crate) async fn revoke<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let (organization, token) = (incoming.parameter("organization"), incoming.parameter("token"));
    tokens::revoke(ctx, store, organization, token).await.map_err(problem::of)?;
    Ok(Reply::empty(204))
}

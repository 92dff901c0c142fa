//! `/v1/organizations/{organization}/sign-in` and `…/attempts…`.

use lychgate_core::{
    ctx::Ctx,
    operator::{
        attempts,
        sign_in_policy::{self, Update},
    },
};
use lychgate_edge::{
    json::{Incoming, reply},
    problem::Problem,
    reply::Reply,
};

use crate::{
    body::{Body, check_query, limit},
    problem,
    setup::Store,
    view,
};

pub(crate) async fn read<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let setup = sign_in_policy::read(ctx, store, incoming.parameter("organization"))
        .await
        .map_err(problem::of)?;
    Ok(reply(200, &view::sign_in(&setup.organization, ctx.base_url)))
}

pub(crate) async fn update<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let body = Body::read(incoming, &["password", "email_domains"])?;
    let update = Update {
        password: body.optional_bool("password")?,
        email_domains: body.optional_texts("email_domains")?,
    };
    let after = sign_in_policy::update(ctx, store, incoming.parameter("organization"), &update)
        .await
        .map_err(problem::of)?;
    Ok(reply(200, &view::sign_in(&after, ctx.base_url)))
}

pub(crate) async fn attempts<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    check_query(incoming, &["cursor", "limit"])?;
    let (organization, cursor) = (incoming.parameter("organization"), incoming.query("cursor"));
    let page = attempts::list(ctx, store, organization, cursor, limit(incoming)?)
        .await
        .map_err(problem::of)?;
    Ok(reply(200, &view::page(&page, view::attempt)))
}

pub(crate) async fn attempt<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let (organization, attempt) =
        (incoming.parameter("organization"), incoming.parameter("attempt"));
    let attempt = attempts::read(ctx, store, organization, attempt).await.map_err(problem::of)?;
    Ok(reply(200, &view::attempt(&attempt)))
}

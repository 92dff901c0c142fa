//! `/v1/organizations` and `/v1/organizations/{organization}`.

use lychgate_core::{ctx::Ctx, operator::organizations};
use lychgate_edge::{
    json::{Incoming, reply},
    problem::Problem,
    reply::Reply,
};

use crate::{
    Store,
    body::{Body, check_query, limit},
    problem, view,
};

pub(crate) async fn list<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    check_query(incoming, &["cursor", "limit"])?;
    let page = organizations::list(ctx, store, incoming.query("cursor"), limit(incoming)?)
        .await
        .map_err(problem::of)?;
    let now = ctx.now();
    let body = view::page(&page, |organization| view::organization(organization, now));
    Ok(reply(200, &body))
}

pub(crate) async fn create<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let body = Body::read(incoming, &["domain", "name"])?;
    let new = organizations::New { domain: body.text("domain")?, name: body.text("name")? };
    let organization = organizations::create(ctx, store, &new).await.map_err(problem::of)?;
    let location = format!("{}/v1/organizations/{}", ctx.base_url, organization.id);
    let body = view::organization(&organization, ctx.now());
    Ok(reply(201, &body).with_header("location", location))
}

pub(crate) async fn read<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let organization = organizations::find(ctx, store, incoming.parameter("organization"))
        .await
        .map_err(problem::of)?;
    Ok(reply(200, &view::organization(&organization, ctx.now())))
}

pub(crate) async fn update<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let body = Body::read(incoming, &["domain", "name"])?;
    let update = organizations::Update {
        domain: body.optional_text("domain")?,
        name: body.optional_text("name")?,
    };
    let organization =
        organizations::update(ctx, store, incoming.parameter("organization"), &update)
            .await
            .map_err(problem::of)?;
    Ok(reply(200, &view::organization(&organization, ctx.now())))
}

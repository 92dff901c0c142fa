//! `/v1/organizations/{organization}/clients…`.

use lychgate_core::{ctx::Ctx, operator::clients};
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
    let (organization, clients) =
        clients::list(ctx, store, incoming.parameter("organization")).await.map_err(problem::of)?;
    let views = clients.iter().map(|client| view::client(&organization, client));
    Ok(reply(200, &view::items(views)))
}

pub(crate) async fn create<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let body = Body::read(incoming, &["name", "secret_expires"])?;
    let (name, expires) = (body.text("name")?, body.nullable_time("secret_expires")?);
    let created = clients::create(ctx, store, incoming.parameter("organization"), name, expires)
        .await
        .map_err(|refusal| match refusal.field.as_deref() {
            // The use case knows the secret's end as `expires`; here it stands beside the client's members.
            Some("expires") => problem::of(refusal.about("secret_expires")),
            _ => problem::of(refusal),
        })?;
    Ok(reply(201, &view::created_secret(&created, ctx.base_url)))
}

pub(crate) async fn revoke<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let (organization, client) = (incoming.parameter("organization"), incoming.parameter("client"));
    clients::revoke(ctx, store, organization, client).await.map_err(problem::of)?;
    Ok(Reply::empty(204))
}

pub(crate) async fn add_secret<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let expires = Body::read(incoming, &["expires"])?.nullable_time("expires")?;
    let (organization, client) = (incoming.parameter("organization"), incoming.parameter("client"));
    let created = clients::add_secret(ctx, store, organization, client, expires)
        .await
        .map_err(problem::of)?;
    Ok(reply(201, &view::created_secret(&created, ctx.base_url)))
}

pub(crate) async fn retire_secret<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let (organization, client) = (incoming.parameter("organization"), incoming.parameter("client"));
    clients::retire_secret(ctx, store, organization, client, incoming.parameter("secret"))
        .await
        .map_err(problem::of)?;
    Ok(Reply::empty(204))
}

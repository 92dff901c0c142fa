//! `/v1/operator-keys…`.

use lychgate_core::{ctx::Ctx, operator::keys, secret::SecretHash};
use lychgate_edge::{
    json::{Incoming, reply},
    problem::Problem,
    reply::Reply,
};

use crate::{Store, body::Body, problem, view};

pub(crate) async fn list<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    bootstrap: Option<&SecretHash>,
) -> Result<Reply, Problem> {
    let keys = keys::list(ctx, store).await.map_err(problem::of)?;
    let mut body = view::items(keys.iter().map(view::operator_key));
    // Whether the stack's configuration still opens the door with a key of its own.
    view::put(&mut body, "configured_key", bootstrap.is_some());
    Ok(reply(200, &body))
}

pub(crate) async fn create<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let body = Body::read(incoming, &["name", "expires"])?;
    let (name, expires) = (body.text("name")?, body.nullable_time("expires")?);
    let created = keys::create(ctx, store, name, expires).await.map_err(problem::of)?;
    let mut body = view::operator_key(&created.key);
    view::put(&mut body, "key", created.text);
    Ok(reply(201, &body))
}

pub(crate) async fn revoke<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    bootstrap: Option<&SecretHash>,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    keys::revoke(ctx, store, incoming.parameter("key"), bootstrap).await.map_err(problem::of)?;
    Ok(Reply::empty(204))
}

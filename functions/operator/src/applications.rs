//! `/v1/applications…`.

use lychgate_core::{
    ctx::Ctx,
    operator::applications::{self, Addresses, New, Update},
};
use lychgate_edge::{
    json::{Incoming, reply},
    problem::Problem,
    reply::Reply,
};

use crate::{body::Body, problem, setup::Store, view};

const ADDRESSES: [&str; 4] =
    ["redirect_uris", "post_logout_redirect_uris", "initiate_login_uri", "back_channel_logout_uri"];

fn addresses(body: &Body) -> Result<Addresses<'_>, Problem> {
    Ok(Addresses {
        redirect_uris: body.optional_texts("redirect_uris")?,
        post_logout_redirect_uris: body.optional_texts("post_logout_redirect_uris")?,
        initiate_login_uri: body.changed_text("initiate_login_uri")?,
        back_channel_logout_uri: body.changed_text("back_channel_logout_uri")?,
    })
}

pub(crate) async fn list<S: Store>(ctx: &Ctx<'_>, store: &S) -> Result<Reply, Problem> {
    let list = applications::list(ctx, store).await.map_err(problem::of)?;
    Ok(reply(200, &view::items(list.iter().map(|it| view::application(it, ctx.base_url)))))
}

pub(crate) async fn create<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let known = [&["name", "public", "secret_expires"], ADDRESSES.as_slice()].concat();
    let body = Body::read(incoming, &known)?;
    let new = New {
        name: body.text("name")?,
        addresses: addresses(&body)?,
        is_public: body.optional_bool("public")?.unwrap_or_default(),
        secret_expires: body.nullable_time("secret_expires")?,
    };
    let created = applications::create(ctx, store, &new).await.map_err(problem::of)?;
    let location = format!("{}/v1/applications/{}", ctx.base_url, created.application.id);
    let body = view::created_application(&created, ctx.base_url);
    Ok(reply(201, &body).with_header("location", location))
}

pub(crate) async fn read<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let found = applications::read(ctx, store, incoming.parameter("application"))
        .await
        .map_err(problem::of)?;
    Ok(reply(200, &view::application(&found, ctx.base_url)))
}

pub(crate) async fn update<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let body = Body::read(incoming, &[&["name"], ADDRESSES.as_slice()].concat())?;
    let update = Update { name: body.optional_text("name")?, addresses: addresses(&body)? };
    let after = applications::update(ctx, store, incoming.parameter("application"), &update)
        .await
        .map_err(problem::of)?;
    Ok(reply(200, &view::application(&after, ctx.base_url)))
}

pub(crate) async fn delete<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    applications::delete(ctx, store, incoming.parameter("application"))
        .await
        .map_err(problem::of)?;
    Ok(Reply::empty(204))
}

pub(crate) async fn add_secret<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let expires = Body::read(incoming, &["expires"])?.nullable_time("expires")?;
    let application = incoming.parameter("application");
    let created =
        applications::add_secret(ctx, store, application, expires).await.map_err(problem::of)?;
    Ok(reply(201, &view::created_application(&created, ctx.base_url)))
}

pub(crate) async fn retire_secret<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let (application, secret) = (incoming.parameter("application"), incoming.parameter("secret"));
    applications::retire_secret(ctx, store, application, secret).await.map_err(problem::of)?;
    Ok(Reply::empty(204))
}

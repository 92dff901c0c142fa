//! `/v1/organizations/{organization}/setup-links…` and `…/members/{member}/owner/link`: links into the settings.

use lychgate_core::{
    ctx::Ctx,
    operator::Refusal,
    settings::{link::Scope, links},
};
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
    let listed = links::list(ctx, store, incoming.parameter("organization")).await;
    let listed = listed.map_err(problem::of)?;
    Ok(reply(200, &view::items(listed.iter().map(|link| view::setup_link(link, ctx.now())))))
}

pub(crate) async fn create<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let body = Body::read(incoming, &["name", "scopes", "expires_in_secs"])?;
    let (name, scopes) = (body.text("name")?, scopes(&body)?);
    let secs = body.nullable_u64("expires_in_secs")?;
    let organization = incoming.parameter("organization");
    let made = links::make_setup_link(ctx, store, organization, name, &scopes, secs).await;
    let made = made.map_err(problem::of)?;
    Ok(reply(201, &view::made_setup_link(&made, ctx.now())))
}

fn scopes(body: &Body) -> Result<Vec<Scope>, Problem> {
    let texts = body.optional_texts("scopes")?.unwrap_or_default();
    let scopes: Option<Vec<Scope>> = texts.iter().map(|text| Scope::parse(text)).collect();
    scopes.ok_or_else(|| {
        let known: Vec<String> =
            Scope::ALL.iter().map(|scope| format!("`{}`", scope.text())).collect();
        let detail = format!("`scopes` names something unknown: known are {}.", known.join(", "));
        problem::of(Refusal::invalid("scopes", detail))
    })
}

pub(crate) async fn revoke<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let (organization, link) = (incoming.parameter("organization"), incoming.parameter("link"));
    links::revoke(ctx, store, organization, link).await.map_err(problem::of)?;
    Ok(Reply::empty(204))
}

pub(crate) async fn make_for_owner<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let secs = Body::read(incoming, &["expires_in_secs"])?.nullable_u64("expires_in_secs")?;
    let (organization, member) = (incoming.parameter("organization"), incoming.parameter("member"));
    let made = links::make_owner_link(ctx, store, organization, member, secs).await;
    Ok(reply(200, &view::owner_link(&made.map_err(problem::of)?)))
}

//! `/v1/organizations/{organization}/directory…`.

use lychgate_core::{
    ctx::Ctx,
    operator::{directory, organizations},
    organization::{GroupPatchAnswer, UnknownMembers},
};
use lychgate_edge::{
    json::{Incoming, reply},
    problem::Problem,
    reply::Reply,
};
use serde_json::json;

use crate::{
    Store,
    body::{Body, check_query, limit},
    problem, view,
};

const GROUP_PATCH_ANSWERS: [(&str, GroupPatchAnswer); 2] =
    [("no_content", GroupPatchAnswer::NoContent), ("resource", GroupPatchAnswer::Resource)];
const UNKNOWN_MEMBERS: [(&str, UnknownMembers); 2] =
    [("apply_known", UnknownMembers::ApplyKnown), ("refuse", UnknownMembers::Refuse)];

pub(crate) async fn read<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let organization = organizations::find(ctx, store, incoming.parameter("organization"))
        .await
        .map_err(problem::of)?;
    Ok(reply(200, &view::directory(&organization, ctx.base_url)))
}

pub(crate) async fn update<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let known = [
        "enabled",
        "group_patch_answer",
        "unknown_members",
        "suspended_retention_days",
        "access_token_secs",
    ];
    let body = Body::read(incoming, &known)?;
    let retention = "suspended_retention_days";
    let update = directory::Update {
        enabled: body.optional_bool("enabled")?,
        group_patch_answer: body.optional_word("group_patch_answer", &GROUP_PATCH_ANSWERS)?,
        unknown_members: body.optional_word("unknown_members", &UNKNOWN_MEMBERS)?,
        // Absent leaves it, null takes it away.
        suspended_retention_days: body
            .has(retention)
            .then(|| body.nullable_u32(retention))
            .transpose()?,
        access_token_secs: body.optional_u32("access_token_secs")?,
    };
    let organization = directory::update(ctx, store, incoming.parameter("organization"), &update)
        .await
        .map_err(problem::of)?;
    Ok(reply(200, &view::directory(&organization, ctx.base_url)))
}

pub(crate) async fn state<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let state = directory::state(ctx, store, incoming.parameter("organization"))
        .await
        .map_err(problem::of)?;
    let unknown = state.unknown_members.iter().map(view::unknown_members);
    let body = json!({
        "enabled": state.organization.directory.enabled,
        "licence": view::licence(&state.organization.licence, ctx.now()),
        "users": state.users,
        "groups": state.groups,
        "last_contact": view::time(state.outcomes.first().map(|entry| entry.at)),
        "last_error": state.last_error.as_ref().map(view::request),
        "outcomes": state.outcomes.iter().map(view::request).collect::<Vec<_>>(),
        "unknown_members": unknown.collect::<Vec<_>>(),
    });
    Ok(reply(200, &body))
}

pub(crate) async fn requests<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    check_query(incoming, &["cursor", "limit"])?;
    let (organization, cursor) = (incoming.parameter("organization"), incoming.query("cursor"));
    let page = directory::requests(ctx, store, organization, cursor, limit(incoming)?)
        .await
        .map_err(problem::of)?;
    Ok(reply(200, &view::page(&page, view::request)))
}

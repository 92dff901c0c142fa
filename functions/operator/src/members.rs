//! `/v1/organizations/{organization}/members…`.

use lychgate_core::{
    ctx::Ctx,
    operator::{
        Page, Refusal, RefusalKind,
        members::{self, CleanUp, Filter, Listed},
        members_csv,
    },
};
use lychgate_edge::{
    json::{Incoming, reply},
    problem::Problem,
    reply::Reply,
};

use crate::{
    Store,
    body::{Body, check_query, limit, query_bool},
    problem, view,
};

/// RFC 7111; the first part of an export has the line with the names, the others go on without.
const CSV_MEDIA_TYPE: &str = "text/csv; charset=utf-8";
/// Where the next part of an export begins; absent from the last.
const NEXT_CURSOR_HEADER: &str = "lychgate-next-cursor";

pub(crate) async fn list<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    check_query(incoming, &["suspended", "cursor", "limit", "format"])?;
    let organization = incoming.parameter("organization");
    let filter = Filter { suspended: query_bool(incoming, "suspended")? };
    let cursor = incoming.query("cursor");
    if wants_csv(incoming)? {
        if incoming.query("limit").is_some() {
            let detail =
                "An export has no `limit`: leave it out, and go on with the cursor of the answer.";
            return Err(problem::of(Refusal::invalid("limit", detail)));
        }
        let part =
            members::export(ctx, store, organization, filter, cursor).await.map_err(problem::of)?;
        return Ok(csv(&part, cursor.is_none()));
    }
    let page = members::list(ctx, store, organization, filter, cursor, limit(incoming)?)
        .await
        .map_err(problem::of)?;
    Ok(reply(200, &view::page(&page, view::member)))
}

fn wants_csv(incoming: &Incoming<'_>) -> Result<bool, Problem> {
    match incoming.query("format") {
        Some("csv") => Ok(true),
        Some("json") => Ok(false),
        Some(_) => {
            let detail = "`format` must be `json` or `csv`.";
            Err(problem::of(Refusal::invalid("format", detail)))
        }
        None => {
            let accept = incoming.request.header("accept").unwrap_or_default();
            let first = accept.split([',', ';']).next().unwrap_or_default();
            Ok(first.trim().eq_ignore_ascii_case("text/csv"))
        }
    }
}

fn csv(part: &Page<Listed>, is_first: bool) -> Reply {
    let mut text = if is_first { members_csv::header() } else { String::new() };
    text.push_str(&members_csv::rows(&part.items));
    let mut reply = Reply::empty(200)
        .with_header("content-type", CSV_MEDIA_TYPE)
        .with_header("content-disposition", "attachment; filename=\"members.csv\"");
    reply.body = Some(text.into_bytes());
    match &part.next_cursor {
        Some(cursor) => reply.with_header(NEXT_CURSOR_HEADER, cursor),
        None => reply,
    }
}

pub(crate) async fn clean_up<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let body = Body::read(incoming, &["ids", "suspended_before", "cursor"])?;
    let ids = body.optional_texts("ids")?;
    let before = body.nullable_time("suspended_before")?;
    let whom = match (ids, before) {
        (Some(ids), None) => CleanUp::Ids(ids),
        (None, Some(before)) => CleanUp::SuspendedBefore(before),
        _ => {
            let detail = "Say whom to clean up: either `ids`, a list of members, or `suspended_before`, a time.";
            return Err(problem::of(Refusal::new(RefusalKind::Invalid, detail)));
        }
    };
    let cursor = body.nullable_text("cursor")?;
    if cursor.is_some() && matches!(whom, CleanUp::Ids(_)) {
        let detail = "`cursor` goes with `suspended_before`: with `ids`, leave it out.";
        return Err(problem::of(Refusal::invalid("cursor", detail)));
    }
    let cleaned = members::clean_up(ctx, store, incoming.parameter("organization"), &whom, cursor)
        .await
        .map_err(problem::of)?;
    Ok(reply(200, &view::cleaned_up(&cleaned)))
}

pub(crate) async fn delete<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let (organization, member) = named(incoming);
    members::delete(ctx, store, organization, member).await.map_err(problem::of)?;
    Ok(Reply::empty(204))
}

pub(crate) async fn suspend<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    Body::read(incoming, &[])?;
    let (organization, member) = named(incoming);
    shown(members::suspend(ctx, store, organization, member).await)
}

pub(crate) async fn restore<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    Body::read(incoming, &[])?;
    let (organization, member) = named(incoming);
    shown(members::restore(ctx, store, organization, member).await)
}

pub(crate) async fn add_owner<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    Body::read(incoming, &[])?;
    let (organization, member) = named(incoming);
    shown(members::add_owner(ctx, store, organization, member).await)
}

pub(crate) async fn remove_owner<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let (organization, member) = named(incoming);
    shown(members::remove_owner(ctx, store, organization, member).await)
}

fn named<'a>(incoming: &'a Incoming<'_>) -> (&'a str, &'a str) {
    (incoming.parameter("organization"), incoming.parameter("member"))
}

fn shown(member: Result<Listed, Refusal>) -> Result<Reply, Problem> {
    Ok(reply(200, &view::member(&member.map_err(problem::of)?)))
}

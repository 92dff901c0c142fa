//! `/v1/organizations/{organization}/connections…`.

use lychgate_core::{
    connection::EntityIdChoice,
    ctx::Ctx,
    idp::Rules,
    operator::{
        connection_policy::{AttributeUpdate, PolicyUpdate},
        connection_states as states,
        connections::{self, Shown, Update},
        metadata::{self, Given},
    },
};
use lychgate_edge::{
    json::{Incoming, reply},
    problem::Problem,
    reply::Reply,
};
use serde_json::json;

use crate::{Outside, body::Body, problem, setup::Store, view};

const ENTITY_IDS: [(&str, EntityIdChoice); 2] =
    [("shared", EntityIdChoice::Shared), ("organization", EntityIdChoice::Organization)];
const UPDATE: [&str; 13] = [
    "name",
    "entity_id",
    "idp_initiated",
    "just_in_time",
    "require_encryption",
    "sign_requests",
    "request_by_post",
    "sha1_until",
    "rsa_1_5_until",
    "clock_skew_secs",
    "session_secs",
    "attributes",
    "email_domains",
];

fn named<'a>(incoming: &'a Incoming<'_>) -> (&'a str, &'a str) {
    (incoming.parameter("organization"), incoming.parameter("connection"))
}

fn shown(ctx: &Ctx<'_>, status: u16, shown: &Shown) -> Reply {
    reply(status, &view::connection(&shown.organization, &shown.connection, ctx))
}

pub(crate) async fn list<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let setup = connections::list(ctx, store, incoming.parameter("organization"))
        .await
        .map_err(problem::of)?;
    let views = setup.connections.iter().map(|it| view::connection(&setup.organization, it, ctx));
    Ok(reply(200, &view::items(views)))
}

pub(crate) async fn create<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let body = Body::read(incoming, &["name", "entity_id"])?;
    let (name, entity_id) = (body.text("name")?, body.optional_word("entity_id", &ENTITY_IDS)?);
    let organization = incoming.parameter("organization");
    let created = connections::create(ctx, store, organization, name, entity_id)
        .await
        .map_err(problem::of)?;
    let location = format!(
        "{}/v1/organizations/{}/connections/{}",
        ctx.base_url, created.organization.id, created.connection.id
    );
    Ok(shown(ctx, 201, &created).with_header("location", location))
}

pub(crate) async fn read<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let (organization, connection) = named(incoming);
    let found =
        connections::read(ctx, store, organization, connection).await.map_err(problem::of)?;
    Ok(shown(ctx, 200, &found))
}

pub(crate) async fn update<S: Store, O: Outside>(
    ctx: &Ctx<'_>,
    store: &S,
    outside: &O,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let body = Body::read(incoming, &UPDATE)?;
    let names = body.object("attributes", &["email", "first_name", "last_name", "display_name"])?;
    let attributes = AttributeUpdate {
        email: names.changed_text("email")?,
        first_name: names.changed_text("first_name")?,
        last_name: names.changed_text("last_name")?,
        display_name: names.changed_text("display_name")?,
    };
    let until = |name| body.has(name).then(|| body.nullable_time(name)).transpose();
    let update = Update {
        name: body.optional_text("name")?,
        entity_id: body.optional_word("entity_id", &ENTITY_IDS)?,
        policy: PolicyUpdate {
            idp_initiated: body.optional_bool("idp_initiated")?,
            just_in_time: body.optional_bool("just_in_time")?,
            require_encryption: body.optional_bool("require_encryption")?,
            sign_requests: body.optional_bool("sign_requests")?,
            request_by_post: body.optional_bool("request_by_post")?,
            sha1_until: until("sha1_until")?,
            rsa_1_5_until: until("rsa_1_5_until")?,
            clock_skew_secs: body.optional_u32("clock_skew_secs")?,
            session_secs: body.optional_u32("session_secs")?,
            attributes,
            email_domains: body.optional_texts("email_domains")?,
        },
    };
    let (organization, connection) = named(incoming);
    let after = connections::update(ctx, store, outside, organization, connection, &update)
        .await
        .map_err(problem::of)?;
    Ok(shown(ctx, 200, &after))
}

pub(crate) async fn save_metadata<S: Store, O: Outside>(
    ctx: &Ctx<'_>,
    store: &S,
    outside: &O,
    rules: &Rules,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let body = Body::read(incoming, &["url", "xml"])?;
    let given = match (body.optional_text("url")?, body.optional_text("xml")?) {
        (Some(url), None) => Given::Url(url),
        (None, Some(xml)) => Given::Document(xml),
        _ => {
            let detail = "Say where the metadata is: either `url`, its address, or `xml`, the document itself.";
            return Err(Problem::field("url", detail));
        }
    };
    let (organization, connection) = named(incoming);
    let saved = metadata::save(ctx, store, outside, rules, organization, connection, given)
        .await
        .map_err(problem::of)?;
    let mut body = view::connection(&saved.shown.organization, &saved.shown.connection, ctx);
    view::put(&mut body, "metadata_warnings", saved.warnings);
    Ok(reply(200, &body))
}

pub(crate) async fn discard<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let (organization, connection) = named(incoming);
    let after =
        connections::discard(ctx, store, organization, connection).await.map_err(problem::of)?;
    Ok(shown(ctx, 200, &after))
}

pub(crate) async fn test<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    Body::read(incoming, &[])?;
    let (organization, connection) = named(incoming);
    let test = states::test(ctx, store, organization, connection).await.map_err(problem::of)?;
    let attempts =
        format!("{}/v1/organizations/{}/attempts", ctx.base_url, test.shown.organization.id);
    let body = json!({
        "url": test.url,
        "ends": test.ends.rfc3339(),
        "attempts_url": attempts,
        "connection": test.shown.connection.id.to_string(),
    });
    Ok(reply(200, &body))
}

pub(crate) async fn activate<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    Body::read(incoming, &[])?;
    let (organization, connection) = named(incoming);
    let after =
        states::activate(ctx, store, organization, connection).await.map_err(problem::of)?;
    Ok(shown(ctx, 200, &after))
}

pub(crate) async fn deactivate<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    Body::read(incoming, &[])?;
    let (organization, connection) = named(incoming);
    let after =
        states::deactivate(ctx, store, organization, connection).await.map_err(problem::of)?;
    Ok(shown(ctx, 200, &after))
}

pub(crate) async fn delete<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let (organization, connection) = named(incoming);
    states::delete(ctx, store, organization, connection).await.map_err(problem::of)?;
    Ok(Reply::empty(204))
}

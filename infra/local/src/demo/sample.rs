//! The demo organization's sign-in: the sample application, and the connection to the sample identity provider.

use lychgate_core::{
    application::Application,
    connection::{
        Connection, ConnectionPolicy, EntityIdChoice, MetadataSource, Settings, SignInSetup,
    },
    ctx::Ctx,
    event::{Actor, Event, EventKind},
    ids::{ApplicationId, ConnectionId, OrganizationId},
    organization::Organization,
    ports::{Applications, Beside, Connections},
};
use lychgate_saml::metadata::Rules;
use serde_json::Map;

use super::{Demo, failed};
use crate::{Error, sample::ROOT};

/// What both are called.
const APPLICATION: &str = "Sample application";
const CONNECTION: &str = "Sample IdP";

/// The sample application, as it has to be at this address.
pub(super) async fn application<S: Applications>(
    ctx: &Ctx<'_>,
    store: &S,
    kept: Option<&Demo>,
) -> Result<ApplicationId, Error> {
    let kept = kept.and_then(|demo| demo.application.parse::<ApplicationId>().ok());
    let before = match &kept {
        Some(id) => store.application(ctx, id).await.map_err(failed)?,
        None => None,
    };
    let at = |path: &str| format!("{}{ROOT}/app{path}", ctx.base_url);
    let wanted = Application {
        id: before.as_ref().map_or_else(|| ApplicationId::new(ctx.world), |known| known.id.clone()),
        name: APPLICATION.to_owned(),
        redirect_uris: vec![at("/callback")],
        post_logout_redirect_uris: vec![at("")],
        initiate_login_uri: Some(at("/login")),
        back_channel_logout_uri: Some(at("/back_channel_logout")),
        secrets: Vec::new(),
        created: before.as_ref().map_or_else(|| ctx.now(), |known| known.created),
        version: before.as_ref().map_or(1, |known| known.version + 1),
    };
    let same = before.as_ref().is_some_and(|known| {
        known.redirect_uris == wanted.redirect_uris
            && known.initiate_login_uri == wanted.initiate_login_uri
    });
    if !same {
        let written = store.put_application(ctx, before.as_ref(), &wanted).await;
        written.map_err(|error| {
            Error::new(format!("The sample application cannot be kept: {error:?}."))
        })?;
    }
    Ok(wanted.id)
}

/// Sees to it that the organization has a live connection to the sample IdP, unless somebody has given it another.
///
/// # Errors
/// A sentence when the metadata is none, or the store refuses.
pub async fn connection<S: Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    metadata: &str,
) -> Result<(), Error> {
    let Some(setup) = store.sign_in_setup(ctx, organization).await.map_err(failed)? else {
        return Ok(());
    };
    let SignInSetup { organization: before, connections, .. } = setup;
    let known = connections.iter().find(|connection| connection.name == CONNECTION);
    if known.is_none() && !connections.is_empty() {
        return Ok(());
    }
    let rules = Rules { allow_loopback_http: true };
    let read = lychgate_core::idp::read(metadata.as_bytes(), ctx.now(), &rules);
    let idp = read.map_err(|error| Error::new(format!("The sample IdP's metadata: {error}.")))?.idp;
    if known
        .and_then(|known| known.live.as_ref())
        .is_some_and(|live| live.idp.as_ref() == Some(&idp))
    {
        return Ok(());
    }
    let settings = Settings {
        source: MetadataSource::Document { saved: ctx.now() },
        idp: Some(idp),
        ..known.and_then(|known| known.live.clone()).unwrap_or_else(|| fresh(ctx))
    };
    let after = match known {
        Some(known) => {
            Connection { live: Some(settings), version: known.version + 1, ..known.clone() }
        }
        None => Connection { live: Some(settings), ..blank(ctx) },
    };
    let mut active = before.sign_in.clone();
    if !active.active_connections.contains(&after.id) {
        active.active_connections.push(after.id.clone());
    }
    let organization_after =
        Organization { sign_in: active, version: before.version + 1, ..before.clone() };
    let event = Event {
        kind: EventKind::ConnectionActivated,
        actor: Actor::System,
        subject_kind: "connection",
        subject_id: after.id.to_string(),
        subject_name: after.name.clone(),
        data: Map::new(),
    };
    let beside = Beside { before: &before, after: &organization_after };
    let beside = (before.sign_in != organization_after.sign_in).then_some(beside);
    let written =
        store.put_connection(ctx, organization, known, &after, beside, Some(&event)).await;
    written.map_err(|error| Error::new(format!("The sample connection cannot be kept: {error:?}.")))
}

fn fresh(ctx: &Ctx<'_>) -> Settings {
    Settings {
        source: MetadataSource::Missing,
        idp: None,
        entity_id: EntityIdChoice::Organization,
        policy: ConnectionPolicy::default(),
        tested: Some(ctx.now()),
    }
}

fn blank(ctx: &Ctx<'_>) -> Connection {
    Connection {
        id: ConnectionId::new(ctx.world),
        name: CONNECTION.to_owned(),
        live: None,
        draft: None,
        test_window_ends: None,
        ends_checked: None,
        created: ctx.now(),
        version: 1,
    }
}

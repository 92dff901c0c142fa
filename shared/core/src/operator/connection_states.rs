//! A connection's way: draft, tested, active, and back (S12).

use serde_json::Map;

use super::{
    Refusal,
    connections::{
        Decision, Shown, change, connection_event, connection_id, demand_licence, edited,
    },
};
use crate::{
    connection::{Connection, Idp, Settings, SignInSetup, TEST_WINDOW_SECS},
    credential::new_secret,
    ctx::Ctx,
    event::EventKind,
    ids::LinkId,
    organization::Organization,
    ports::{Connections, Organizations, Passwords},
    session::{Link, LinkPurpose, link_text},
    time::Timestamp,
};

/// A test that may begin.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The connection, with its test window open.
    pub shown: Shown,
    /// Where the test begins: to be opened once, in a browser. The only time that it is seen.
    pub url: String,
    /// Until when the address holds, and a click on the IdP's tile is a test.
    pub ends: Timestamp,
}

/// Opens a test of the draft (or of what is live, when there is no draft): an address for a sign-in that begins here,
/// and a window in which an unsolicited response that fits is a test too. What comes of it stands in the attempt log.
///
/// # Errors
/// The settings are not complete, there is no licence in force, there is no such organization or connection, or the store
/// is away.
pub async fn test<S: Organizations + Connections + Passwords>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    connection: &str,
) -> Result<Test, Refusal> {
    let id = connection_id(connection)?;
    let ends = ctx.now().plus_secs(TEST_WINDOW_SECS);
    let decide = |setup: &SignInSetup, before: &Connection| {
        demand_licence(ctx, &setup.organization)?;
        complete(setup, edited(before)?)?;
        let after = Connection { test_window_ends: Some(ends), ..before.clone() };
        Ok(Decision::put(after, None))
    };
    let shown = change(ctx, store, organization, &id, decide).await?;
    let (secret, hash) = new_secret(ctx.world);
    let link = Link {
        id: LinkId::new(ctx.world),
        hash,
        purpose: LinkPurpose::Test { connection: id },
        expires: ends,
    };
    store.put_link(ctx, &shown.organization.id, &link, None).await?;
    let text = link_text(&shown.organization.id, &link.id, &secret);
    let domain = shown.organization.domain.as_str();
    let url = format!("{}/saml/init/{domain}?test={text}", ctx.base_url);
    Ok(Test { shown, url, ends })
}

/// Makes the tested draft what is live, and locks the organization's domain with it (O2). A connection that is active and
/// has no draft stays as it is.
///
/// # Errors
/// The draft was not tested since it was changed, another active connection is of the same IdP, there is no licence in
/// force, there is no such organization or connection, or the store is away.
pub async fn activate<S: Organizations + Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    connection: &str,
) -> Result<Shown, Refusal> {
    let id = connection_id(connection)?;
    let decide = |setup: &SignInSetup, before: &Connection| {
        demand_licence(ctx, &setup.organization)?;
        let Some(draft) = &before.draft else { return Ok(Decision::Keep) };
        let idp = complete(setup, draft)?;
        if draft.tested.is_none() {
            return Err(Refusal::conflict(
                "The connection was not tested since it was changed last: run a test sign-in that passes, then \
                 activate it.",
            ));
        }
        check_no_twin(setup, before, idp)?;
        let after = Connection {
            live: Some(draft.clone()),
            draft: None,
            test_window_ends: None,
            // Its certificates may be others than those that were looked at.
            ends_checked: None,
            ..before.clone()
        };
        let mut data = Map::new();
        data.insert("idp_entity_id".to_owned(), idp.entity_id.as_str().into());
        data.insert("replaced".to_owned(), before.live.is_some().into());
        let event = connection_event(ctx, EventKind::ConnectionActivated, &after, data);
        // The organization is written also when it has this connection already: two connections of one IdP that are
        // activated at once meet on its version.
        Ok(Decision::put_beside(after, with_active(&setup.organization, before), event))
    };
    change(ctx, store, organization, &id, decide).await
}

/// Takes the connection out of sign-in. Its settings become the draft, tested as they were: it can be activated again.
///
/// # Errors
/// It has a draft beside what is live, there is no such organization or connection, or the store is away.
pub async fn deactivate<S: Organizations + Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    connection: &str,
) -> Result<Shown, Refusal> {
    let id = connection_id(connection)?;
    let decide = |setup: &SignInSetup, before: &Connection| {
        let Some(live) = &before.live else { return Ok(Decision::Keep) };
        if before.draft.is_some() {
            return Err(Refusal::conflict(
                "The connection has a draft beside what is live, and only one of them can be kept: discard the \
                 draft or activate it, then deactivate the connection.",
            ));
        }
        let after = Connection {
            live: None,
            draft: Some(live.clone()),
            test_window_ends: None,
            ..before.clone()
        };
        let mut organization = setup.organization.clone();
        organization.sign_in.active_connections.retain(|active| *active != before.id);
        let event = connection_event(ctx, EventKind::ConnectionDeactivated, &after, Map::new());
        Ok(Decision::put_beside(after, organization, event))
    };
    change(ctx, store, organization, &id, decide).await
}

/// Deletes a connection that is not active.
///
/// # Errors
/// It is active, there is no such organization or connection, or the store is away.
pub async fn delete<S: Organizations + Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    connection: &str,
) -> Result<(), Refusal> {
    let id = connection_id(connection)?;
    let decide = |_: &SignInSetup, before: &Connection| {
        if before.live.is_some() {
            return Err(Refusal::conflict(
                "The connection is active, and people sign in through it: deactivate it first.",
            ));
        }
        let event = connection_event(ctx, EventKind::ConnectionDeleted, before, Map::new());
        Ok(Decision::Delete { event: Box::new(event) })
    };
    change(ctx, store, organization, &id, decide).await?;
    Ok(())
}

/// Whether a sign-in could work at all with these settings; the IdP when it could.
fn complete<'a>(setup: &SignInSetup, settings: &'a Settings) -> Result<&'a Idp, Refusal> {
    let Some(idp) = &settings.idp else {
        return Err(Refusal::conflict(
            "The connection has no metadata of its identity provider yet: save its metadata URL or document \
             first.",
        ));
    };
    if settings.policy.request_by_post && idp.sso_post.is_none() {
        return Err(Refusal::conflict(
            "The identity provider's metadata offers no sign-in by POST: set `request_by_post` to false.",
        ));
    }
    if settings.policy.require_encryption && setup.key_pairs.is_empty() {
        return Err(Refusal::conflict(
            "The connection demands encrypted assertions, and the organization has no certificate to encrypt to: \
             generate one, and upload it at the identity provider.",
        ));
    }
    Ok(idp)
}

/// Unsolicited responses are told apart by their Issuer: two live connections of one IdP could not be.
fn check_no_twin(setup: &SignInSetup, this: &Connection, idp: &Idp) -> Result<(), Refusal> {
    let is_twin = |other: &&Connection| {
        other.id != this.id
            && other
                .live
                .as_ref()
                .and_then(|live| live.idp.as_ref())
                .is_some_and(|other| other.entity_id == idp.entity_id)
    };
    match setup.connections.iter().find(is_twin) {
        None => Ok(()),
        Some(twin) => Err(Refusal::conflict(format!(
            "The active connection `{}` ({}) is of the same identity provider: deactivate it first.",
            twin.name, twin.id
        ))),
    }
}

fn with_active(organization: &Organization, connection: &Connection) -> Organization {
    let mut after = organization.clone();
    let active = &mut after.sign_in.active_connections;
    if !active.contains(&connection.id) {
        active.push(connection.id.clone());
    }
    after
}

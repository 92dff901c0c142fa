//! Connections (S1–S8, S12): create, list, read, change, discard a draft. What is live is never edited: a change makes a
//! draft beside it, or changes the one that is there.

use serde_json::{Map, Value, json};

use super::{
    Refusal, RefusalKind, again,
    checks::name,
    connection_policy::{self, PolicyUpdate},
    note_change, request_certificate,
};
use crate::{
    connection::{
        Connection, ConnectionPolicy, ConnectionState, EntityIdChoice, MetadataSource, Settings,
        SignInSetup,
    },
    ctx::Ctx,
    event::{Event, EventKind},
    ids::{ConnectionId, OrganizationId},
    organization::{CONNECTIONS_MAX, Domain, LicenceState, Organization},
    ports::{Beside, Connections, Organizations, outside::Signer},
    time::Timestamp,
};

/// A connection with the organization whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Whose.
    pub organization: Organization,
    /// The connection.
    pub connection: Connection,
}

/// What shall be different; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Update<'a> {
    /// Another name. It takes effect at once: it decides nothing.
    pub name: Option<&'a str>,
    /// Another of our entity IDs.
    pub entity_id: Option<EntityIdChoice>,
    /// What is accepted, and how we ask.
    pub policy: PolicyUpdate<'a>,
}

/// The organization with its connections and key pairs, by its id or its domain.
///
/// # Errors
/// There is none of that name, or the store is away.
pub async fn setup<S: Organizations + Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
) -> Result<SignInSetup, Refusal> {
    let missing = super::organizations::missing;
    let id = if let Ok(id) = organization.parse::<OrganizationId>() {
        id
    } else {
        let domain = Domain::parse(organization).ok_or_else(missing)?;
        store.by_domain(ctx, &domain).await?.ok_or_else(missing)?
    };
    store.sign_in_setup(ctx, &id).await?.ok_or_else(missing)
}

/// All connections of an organization, in the order of their ids.
///
/// # Errors
/// There is no such organization, or the store is away.
pub async fn list<S: Organizations + Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
) -> Result<SignInSetup, Refusal> {
    setup(ctx, store, organization).await
}

/// One connection.
///
/// # Errors
/// There is no such organization or connection, or the store is away.
pub async fn read<S: Organizations + Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    connection: &str,
) -> Result<Shown, Refusal> {
    let id = connection_id(connection)?;
    let setup = setup(ctx, store, organization).await?;
    let connection = find(&setup, &id)?.clone();
    Ok(Shown { organization: setup.organization, connection })
}

/// Creates one: a draft without metadata, which signs nobody in. Without a choice it has an entity ID of the organization's
/// own, because an Entra tenant can hold only one app for an entity ID (S1).
///
/// # Errors
/// The name is none, there are too many connections, there is no such organization, or the store is away.
pub async fn create<S: Organizations + Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    connection_name: &str,
    entity_id: Option<EntityIdChoice>,
) -> Result<Shown, Refusal> {
    let name = name("name", connection_name)?;
    let setup = setup(ctx, store, organization).await?;
    // Two requests at once may leave one more than the limit: it bounds what a sign-in reads, and one more does no harm.
    if setup.connections.len() >= CONNECTIONS_MAX {
        return Err(Refusal::conflict(format!(
            "The organization has {CONNECTIONS_MAX} connections, the most that it keeps: delete one that is no \
             longer used, then create the new one."
        )));
    }
    let connection = Connection {
        id: ConnectionId::new(ctx.world),
        name,
        live: None,
        draft: Some(Settings {
            source: MetadataSource::Missing,
            idp: None,
            entity_id: entity_id.unwrap_or(EntityIdChoice::Organization),
            policy: ConnectionPolicy::default(),
            tested: None,
        }),
        test_window_ends: None,
        ends_checked: None,
        created: ctx.now(),
        version: 1,
    };
    let event = connection_event(ctx, EventKind::ConnectionCreated, &connection, Map::new());
    let organization = setup.organization;
    store
        .put_connection(ctx, &organization.id, None, &connection, None, Some(&event))
        .await
        .map_err(Refusal::from_commit)?;
    Ok(Shown { organization, connection })
}

/// Changes the name, and the settings: those of the draft, or of a draft that is made as a copy of what is live (S12). A
/// draft that was changed has to be tested again.
///
/// # Errors
/// A value is out of its range, there is no such organization or connection, our certificate for signed requests cannot
/// be made, or the store is away.
pub async fn update<S: Organizations + Connections, O: Signer>(
    ctx: &Ctx<'_>,
    store: &S,
    outside: &O,
    organization: &str,
    connection: &str,
    update: &Update<'_>,
) -> Result<Shown, Refusal> {
    let id = connection_id(connection)?;
    let name = update.name.map(|text| name("name", text)).transpose()?;
    let policy = connection_policy::check(&update.policy, ctx.now())?;
    let certificate = if policy.sign_requests == Some(true) {
        let setup = setup(ctx, store, organization).await?;
        Some(request_certificate::of(ctx, outside, &setup).await?)
    } else {
        None
    };
    let decide = |_: &SignInSetup, before: &Connection| {
        let mut after = before.clone();
        if let Some(name) = &name {
            after.name.clone_from(name);
        }
        let mut settings = edited(before)?.clone();
        settings.entity_id = update.entity_id.unwrap_or(settings.entity_id);
        policy.apply(&mut settings.policy);
        if settings.policy.sign_requests && settings.policy.request_certificate.is_none() {
            settings.policy.request_certificate.clone_from(&certificate);
        }
        if !same_but_tested(&settings, edited(before)?) {
            after.draft = Some(Settings { tested: None, ..settings });
        }
        if after == *before {
            return Ok(Decision::Keep);
        }
        let data = differences(before, &after);
        let event = connection_event(ctx, EventKind::ConnectionUpdated, &after, data);
        Ok(Decision::put(after, Some(event)))
    };
    change(ctx, store, organization, &id, decide).await
}

/// Discards the draft of an active connection: what is live stays as it is.
///
/// # Errors
/// It has never been active and would be nothing without its draft, there is no such organization or connection, or the
/// store is away.
pub async fn discard<S: Organizations + Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    connection: &str,
) -> Result<Shown, Refusal> {
    let id = connection_id(connection)?;
    let decide = |_: &SignInSetup, before: &Connection| {
        if before.live.is_none() {
            return Err(Refusal::conflict(
                "The connection is not active, and its draft is all that there is of it: change the draft, or \
                 delete the connection.",
            ));
        }
        if before.draft.is_none() {
            return Ok(Decision::Keep);
        }
        let after = Connection { draft: None, test_window_ends: None, ..before.clone() };
        let mut data = Map::new();
        data.insert("draft".to_owned(), "discarded".into());
        let event = connection_event(ctx, EventKind::ConnectionUpdated, &after, data);
        Ok(Decision::put(after, Some(event)))
    };
    change(ctx, store, organization, &id, decide).await
}

/// What is to be done with a connection, decided on what was read.
pub(crate) enum Decision {
    /// It is as it should be.
    Keep,
    /// These are to be written.
    Put {
        after: Box<Connection>,
        organization: Option<Box<Organization>>,
        event: Option<Box<Event>>,
    },
    /// It is to be deleted.
    Delete { event: Box<Event> },
}

impl Decision {
    pub(crate) fn put(after: Connection, event: Option<Event>) -> Self {
        Self::Put { after: Box::new(after), organization: None, event: event.map(Box::new) }
    }

    pub(crate) fn put_beside(after: Connection, organization: Organization, event: Event) -> Self {
        Self::Put {
            after: Box::new(after),
            organization: Some(Box::new(organization)),
            event: Some(Box::new(event)),
        }
    }
}

/// Reads, decides, writes; again when somebody was faster. Versions are counted here.
pub(crate) async fn change<S, F>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    id: &ConnectionId,
    mut decide: F,
) -> Result<Shown, Refusal>
where
    S: Organizations + Connections,
    F: FnMut(&SignInSetup, &Connection) -> Result<Decision, Refusal> + Send,
{
    let mut attempt = 0;
    loop {
        let setup = setup(ctx, store, organization).await?;
        let before = find(&setup, id)?;
        let decision = decide(&setup, before)?;
        match write(ctx, store, &setup.organization, before, decision).await {
            Ok(shown) => return Ok(shown),
            Err(error) => attempt = again(ctx, attempt, error).await?,
        }
    }
}

async fn write<S: Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &Organization,
    before: &Connection,
    decision: Decision,
) -> Result<Shown, crate::ports::CommitError> {
    let id = &organization.id;
    match decision {
        Decision::Keep => {
            Ok(Shown { organization: organization.clone(), connection: before.clone() })
        }
        Decision::Delete { event } => {
            store.delete_connection(ctx, id, before, None, &event).await?;
            Ok(Shown { organization: organization.clone(), connection: before.clone() })
        }
        Decision::Put { mut after, organization: moved, event } => {
            after.version = before.version + 1;
            let moved =
                moved.map(|moved| Organization { version: organization.version + 1, ..*moved });
            let beside = moved.as_ref().map(|after| Beside { before: organization, after });
            let event = event.as_deref();
            store.put_connection(ctx, id, Some(before), &after, beside, event).await?;
            let organization = moved.unwrap_or_else(|| organization.clone());
            Ok(Shown { organization, connection: *after })
        }
    }
}

pub(crate) fn connection_id(text: &str) -> Result<ConnectionId, Refusal> {
    text.parse().map_err(|_| missing_connection())
}

pub(crate) fn find<'a>(
    setup: &'a SignInSetup,
    id: &ConnectionId,
) -> Result<&'a Connection, Refusal> {
    setup.connections.iter().find(|connection| connection.id == *id).ok_or_else(missing_connection)
}

fn missing_connection() -> Refusal {
    Refusal::not_found(
        "There is no such connection: give its id (`conn-…`) as the list of connections shows it. It may have \
         been deleted.",
    )
    .about("connection")
}

/// The settings that a change begins from: the draft, else what is live.
pub(crate) fn edited(connection: &Connection) -> Result<&Settings, Refusal> {
    connection.draft.as_ref().or(connection.live.as_ref()).ok_or_else(|| Refusal {
        private: Some(format!("{} has neither a draft nor live settings", connection.id)),
        ..Refusal::new(RefusalKind::Internal, "")
    })
}

/// Whether two settings accept the same: a test of the one is a test of the other.
pub(crate) fn same_but_tested(one: &Settings, other: &Settings) -> bool {
    one.idp == other.idp && one.entity_id == other.entity_id && one.policy == other.policy
}

/// Refuses what needs an active licence (O3), with a reason that support can act on.
pub(crate) fn demand_licence(ctx: &Ctx<'_>, organization: &Organization) -> Result<(), Refusal> {
    let detail = match organization.licence.state_at(ctx.now()) {
        LicenceState::Active => return Ok(()),
        LicenceState::Expired => {
            "The organization's licence has expired: nothing was deleted, and all works again once the licence is \
             renewed."
        }
        LicenceState::None => {
            "The organization has no licence for SSO & SCIM: set one, then try again."
        }
    };
    Err(Refusal::new(RefusalKind::Forbidden, detail))
}

pub(crate) fn connection_event(
    ctx: &Ctx<'_>,
    kind: EventKind,
    connection: &Connection,
    data: Map<String, Value>,
) -> Event {
    Event {
        kind,
        actor: ctx.actor.clone(),
        subject_kind: "connection",
        subject_id: connection.id.to_string(),
        subject_name: connection.name.clone(),
        data,
    }
}

/// `shared`, `organization`.
#[must_use]
pub const fn entity_id_text(choice: EntityIdChoice) -> &'static str {
    match choice {
        EntityIdChoice::Shared => "shared",
        EntityIdChoice::Organization => "organization",
    }
}

/// `draft`, `tested`, `active`.
#[must_use]
pub const fn state_text(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Draft => "draft",
        ConnectionState::Tested => "tested",
        ConnectionState::Active => "active",
    }
}

fn differences(before: &Connection, after: &Connection) -> Map<String, Value> {
    let mut data = Map::new();
    note_change(&mut data, "name", before.name.as_str(), after.name.as_str());
    if before.live.is_some() && before.draft.is_none() && after.draft.is_some() {
        data.insert("draft".to_owned(), "begun".into());
    }
    let settings = |connection: &Connection| {
        let settings = connection.draft.as_ref().or(connection.live.as_ref())?;
        serde_json::to_value((settings.entity_id, &settings.policy)).ok().map(|value| {
            let mut members = Map::new();
            members.insert("entity_id".to_owned(), value.get(0).cloned().unwrap_or_default());
            if let Some(Value::Object(policy)) = value.get(1) {
                members.extend(policy.clone());
            }
            // A kilobyte of base64 that says nothing to a person.
            members.remove("request_certificate");
            let policy = &settings.policy;
            for (name, until) in
                [("sha1_until", policy.sha1_until), ("rsa_1_5_until", policy.rsa_1_5_until)]
            {
                members.insert(name.to_owned(), until.map(Timestamp::rfc3339).into());
            }
            members
        })
    };
    let (old, new) = (settings(before).unwrap_or_default(), settings(after).unwrap_or_default());
    for (name, value) in &new {
        let was = old.get(name).cloned().unwrap_or_default();
        if was != *value {
            data.insert(name.clone(), json!({ "before": was, "after": value }));
        }
    }
    data
}

//! Users: one function per verb. Each reads what it needs together with the gate, decides, and writes once,
//! on condition that nothing moved meanwhile.

use lychgate_scim::{
    Error, ErrorKind, Resource, message::search::ListQuery, patch, project::Projection,
    value::normalized_key,
};
use serde_json::{Map, Value, json};

use crate::{
    call::{Answer, AnswerKind, Call, Failure},
    event::{Event, EventKind},
    gate,
    ids::UserId,
    index, list,
    organization::Organization,
    owners::{self, OwnersRefusal},
    ports::{Beside, CommitError, Directory, List, Users, Wanted},
    precondition::{Preconditions, etag},
    record::{Index, IndexKey, Memberships, Origin, Suspension, User},
    render,
};

/// How often a change that lost a race is decided anew. Sixteen writers of one resource are served: each round
/// lets at least one of them through.
pub const CHANGE_ATTEMPTS_MAX: u32 = 24;
/// The first wait after a lost race, in milliseconds; it doubles.
pub(crate) const CHANGE_WAIT_MILLIS: u64 = 4;
/// The longest wait after a lost race, in milliseconds.
pub(crate) const CHANGE_WAIT_MILLIS_MAX: u64 = 250;
/// What must be left of the time for another attempt, in milliseconds.
pub(crate) const CHANGE_RESERVE_MILLIS: u64 = 1_500;

/// `POST /Users` (RFC 7644 §3.3).
///
/// # Errors
/// A [`Failure`] for the provisioning client: 409 `uniqueness` when the userName is taken, 403 when the
/// licence's seats are.
pub async fn create<S: Users>(
    call: &mut Call<'_>,
    store: &S,
    body: Value,
    projection: &Projection,
) -> Result<Answer, Failure> {
    let (_, organization) = gate::fetch_admitted(call, store, Wanted::default()).await?;
    let catalogue = call.catalogue;
    let incoming = Resource::for_create(&catalogue.user, body, &mut call.notices)?;
    let user = new_user(call, incoming.resource, Origin::Scim)?;
    let keys = index::user_keys(&user.resource);
    let event = event(call, EventKind::MemberCreated, &user, Map::new());
    let seats = organization.licence.seats;
    store
        .create_user(&call.ctx, &organization.id, &user, &keys, seats, &event)
        .await
        .map_err(|error| refused(error, &user))?;
    let (version, id) = (user.version, user.id.to_string());
    let body = render::user(call, store, user, projection).await?;
    Ok(render::created(version, render::location(&call.ctx, List::Users, &id), body))
}

/// A user as it begins.
pub(crate) fn new_user(
    call: &Call<'_>,
    resource: Resource,
    origin: Origin,
) -> Result<User, Failure> {
    index::check_user_keys(&resource)?;
    let now = call.ctx.now();
    let mut user = User {
        id: UserId::new(now, call.ctx.world),
        resource,
        version: 1,
        created: now,
        modified: now,
        origin,
        suspended: None,
        suspended_by_hand: None,
        password_allowed: false,
        last_sign_in: None,
        memberships: Memberships::new(),
    };
    mark_suspension(call, &mut user);
    Ok(user)
}

/// `GET /Users/{id}` (RFC 7644 §3.4.1).
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn read<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
    projection: &Projection,
    preconditions: &Preconditions,
) -> Result<Answer, Failure> {
    let (user, _) = admitted_user(call, store, id).await?;
    if let Some(tags) = &preconditions.if_none_match
        && tags.matches(user.version)
    {
        return Ok(render::empty(AnswerKind::NotModified, Some(etag(user.version))));
    }
    check_if_match(preconditions, user.version)?;
    let version = user.version;
    Ok(render::found(version, render::user(call, store, user, projection).await?))
}

/// `GET /Users` and `POST /Users/.search` (RFC 7644 §3.4.2, §3.4.3).
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn list<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    query: &ListQuery,
) -> Result<Answer, Failure> {
    list::run(call, store, &[List::Users], query).await
}

/// `PUT /Users/{id}` (RFC 7644 §3.5.1).
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn replace<S: Users>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
    body: Value,
    projection: &Projection,
    preconditions: &Preconditions,
) -> Result<Answer, Failure> {
    let catalogue = call.catalogue;
    let decide = |call: &mut Call<'_>, user: &User| {
        let notices = &mut call.notices;
        Ok(Resource::for_replace(&catalogue.user, body.clone(), &user.resource, notices)?.resource)
    };
    change(call, store, id, projection, preconditions, decide).await
}

/// `PATCH /Users/{id}` (RFC 7644 §3.5.2).
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn patch<S: Users>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
    body: Value,
    projection: &Projection,
    preconditions: &Preconditions,
) -> Result<Answer, Failure> {
    // Pure and bounded, so it can go before the gate; nothing is said of it until the gate has passed.
    let plan = patch::plan(&call.catalogue.user, id, body, &mut call.notices);
    let decide = |call: &mut Call<'_>, user: &User| {
        plan.as_ref()
            .map_err(Clone::clone)
            .and_then(|plan| plan.apply(&user.resource, &mut call.notices))
    };
    change(call, store, id, projection, preconditions, decide).await
}

/// `DELETE /Users/{id}` (RFC 7644 §3.6).
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn delete<S: Users>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
    preconditions: &Preconditions,
) -> Result<Answer, Failure> {
    let mut attempt = 0;
    loop {
        let (user, organization) = admitted_user(call, store, id).await?;
        check_if_match(preconditions, user.version)?;
        match remove(call, store, &organization, &user).await {
            Ok(()) => return Ok(render::empty(AnswerKind::NoContent, None)),
            Err(Refused::Because(error)) => return Err(error.into()),
            Err(Refused::Commit(error)) => attempt = lost(call, error, attempt).await?,
        }
    }
}

/// The id that `/Me` stands for (RFC 7644 §3.11): the member to whom the token is bound.
///
/// # Errors
/// A [`Failure`] for the provisioning client: 501 when the token is bound to nobody.
pub async fn me<S: Directory>(call: &mut Call<'_>, store: &S) -> Result<String, Failure> {
    gate::fetch_admitted(call, store, Wanted::default()).await?;
    let member = call.caller.as_ref().and_then(|caller| caller.member);
    member.map(|id| id.to_string()).ok_or_else(|| {
        Error::new(
            ErrorKind::NotImplemented,
            "This token stands for a provisioning client, not for a person, so there is no `/Me`. Use `/Users/{id}`, or a token that is bound to a member.",
        )
        .into()
    })
}

/// The permanent address of a user.
#[must_use]
pub fn location(call: &Call<'_>, id: &str) -> String {
    render::location(&call.ctx, List::Users, id)
}

/// Why a change of a user was not made.
pub(crate) enum Refused {
    /// By a rule.
    Because(Error),
    /// By the store.
    Commit(CommitError),
}

/// Deletes a user who was read; the last owner stays (O4).
pub(crate) async fn remove<S: Users>(
    call: &Call<'_>,
    store: &S,
    organization: &Organization,
    user: &User,
) -> Result<(), Refused> {
    let after = owners::without(organization, user.id).map_err(last_owner)?;
    let beside = after.as_ref().map(|after| Beside { before: organization, after });
    let event = event(call, EventKind::MemberDeleted, user, Map::new());
    let keys = index::user_keys(&user.resource);
    store
        .delete_user(&call.ctx, &organization.id, user, &keys, beside, &event)
        .await
        .map_err(Refused::Commit)
}

async fn admitted_user<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
) -> Result<(User, Organization), Failure> {
    let users: Vec<UserId> = id.parse().into_iter().collect();
    let wanted = Wanted { users, ..Wanted::default() };
    let (mut fetched, organization) = gate::fetch_admitted(call, store, wanted).await?;
    let user = fetched.users.pop().ok_or_else(|| not_found("User", id))?;
    Ok((user, organization))
}

/// Reads, decides, writes; again when somebody was faster.
async fn change<S: Users>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
    projection: &Projection,
    preconditions: &Preconditions,
    mut decide: impl FnMut(&mut Call<'_>, &User) -> Result<Resource, Error>,
) -> Result<Answer, Failure> {
    let mut attempt = 0;
    loop {
        let (before, organization) = admitted_user(call, store, id).await?;
        check_if_match(preconditions, before.version)?;
        let resource = decide(call, &before)?;
        if resource == before.resource {
            let version = before.version;
            let body = render::user(call, store, before, projection).await?;
            return Ok(render::found(version, body));
        }
        index::check_user_keys(&resource)?;
        let after = changed(call, &before, resource);
        match update(call, store, &organization, &before, &after).await {
            Ok(()) => {
                let version = after.version;
                let body = render::user(call, store, after, projection).await?;
                return Ok(render::found(version, body));
            }
            Err(Refused::Because(error)) => return Err(error.into()),
            Err(Refused::Commit(error @ CommitError::Taken(_))) => {
                return Err(refused(error, &after));
            }
            Err(Refused::Commit(error)) => attempt = lost(call, error, attempt).await?,
        }
    }
}

/// The user with these attributes instead.
fn changed(call: &Call<'_>, before: &User, resource: Resource) -> User {
    let mut after = User {
        resource,
        version: before.version + 1,
        modified: call.ctx.now().max(before.modified),
        ..before.clone()
    };
    mark_suspension(call, &mut after);
    after
}

/// Writes `after` over `before` with the owners' list beside it, and the event that says what changed (P6, O4).
pub(crate) async fn update<S: Users>(
    call: &Call<'_>,
    store: &S,
    organization: &Organization,
    before: &User,
    after: &User,
) -> Result<(), Refused> {
    let owners = match (before.is_suspended(), after.is_suspended()) {
        (false, true) => owners::with_suspended(organization, after.id).map_err(last_owner)?,
        (true, false) => owners::with_restored(organization, after.id),
        _ => None,
    };
    let kind = match (before.is_suspended(), after.is_suspended()) {
        (false, true) => EventKind::MemberSuspended,
        (true, false) => EventKind::MemberRestored,
        _ => EventKind::MemberUpdated,
    };
    let event = event(call, kind, after, differences(&before.resource, &after.resource));
    let beside = owners.as_ref().map(|after| Beside { before: organization, after });
    let keys_before = index::user_keys(&before.resource);
    let keys_after = index::user_keys(&after.resource);
    let ctx = &call.ctx;
    store
        .update_user(
            ctx,
            &organization.id,
            before,
            after,
            &keys_before,
            &keys_after,
            beside,
            &event,
        )
        .await
        .map_err(Refused::Commit)
}

/// `active: false` is the provisioning client's suspension (P6).
fn mark_suspension(call: &Call<'_>, user: &mut User) {
    let active = user.resource.attributes().get("active").and_then(Value::as_bool).unwrap_or(true);
    if active {
        user.suspended = None;
    } else if user.suspended.is_none() {
        user.suspended = Some(Suspension { since: call.ctx.now(), by: call.ctx.actor.text() });
    }
}

/// The last owner who can get in stays (O4).
fn last_owner(refusal: OwnersRefusal) -> Refused {
    let detail = match refusal {
        OwnersRefusal::LastOwner => {
            "This is the organization's last active owner, who cannot be suspended or deleted. Make somebody else an owner first."
        }
        OwnersRefusal::TooMany => "The organization has as many owners as it may have.",
    };
    Refused::Because(Error::forbidden(detail))
}

fn event(call: &Call<'_>, kind: EventKind, user: &User, mut data: Map<String, Value>) -> Event {
    if let Some(display) = user.resource.text("displayName") {
        data.insert("displayName".to_owned(), display.into());
    }
    Event {
        kind,
        actor: call.ctx.actor.clone(),
        subject_kind: "user",
        subject_id: user.id.to_string(),
        subject_name: user.user_name().to_owned(),
        data,
    }
}

/// `{"changed": ["displayName", …]}`: the names of what differs, never the values.
pub(crate) fn differences(before: &Resource, after: &Resource) -> Map<String, Value> {
    let (before, after) = (before.attributes(), after.attributes());
    let mut changed: Vec<&str> = Vec::new();
    for name in before.keys().chain(after.keys()) {
        if before.get(name) != after.get(name) && !changed.contains(&name.as_str()) {
            changed.push(name);
        }
    }
    let mut data = Map::new();
    data.insert("changed".to_owned(), json!(changed));
    data
}

/// A write of a user that the store refused, in the words of its attributes.
fn refused(error: CommitError, user: &User) -> Failure {
    match error {
        CommitError::Taken(IndexKey { index: Index::UserName, .. }) => Error::uniqueness(format!(
            "A user with userName `{}` already exists.",
            shown(user.user_name())
        ))
        .into(),
        error => Failure::from_commit(error),
    }
}

/// A client's text in an error: shortened.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

pub(crate) fn not_found(kind: &str, id: &str) -> Error {
    Error::not_found(format!("There is no {kind} with id `{}` in this directory.", shown(id)))
}

/// `If-Match` (RFC 7644 §3.14).
pub(crate) fn check_if_match(preconditions: &Preconditions, version: u64) -> Result<(), Error> {
    match &preconditions.if_match {
        Some(tags) if !tags.matches(version) => Err(Error::new(
            ErrorKind::PreconditionFailed,
            format!(
                "The resource is at version {} by now. Read it again and repeat the change.",
                etag(version)
            ),
        )),
        _ => Ok(()),
    }
}

/// After a write that the store refused: waits and counts when trying again makes sense, else fails.
pub(crate) async fn lost(
    call: &Call<'_>,
    error: CommitError,
    attempt: u32,
) -> Result<u32, Failure> {
    let again = matches!(error, CommitError::Stale | CommitError::MemberGone);
    if !again || attempt >= CHANGE_ATTEMPTS_MAX || !call.ctx.has_millis(CHANGE_RESERVE_MILLIS) {
        return Err(Failure::from_commit(error));
    }
    call.ctx.back_off(attempt, CHANGE_WAIT_MILLIS, CHANGE_WAIT_MILLIS_MAX).await;
    Ok(attempt + 1)
}

/// For look-ups by hand: the normalized userName.
#[must_use]
pub fn user_name_key(user_name: &str) -> IndexKey {
    IndexKey { index: Index::UserName, value: normalized_key(user_name) }
}

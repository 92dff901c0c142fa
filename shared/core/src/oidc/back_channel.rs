//! Applications are told that a session has ended (OpenID Connect Back-Channel Logout 1.0, S10, S13).
//!
//! Whoever ends sessions writes, in the same transaction, an event that says which applications had been given tokens for
//! them ([`ended_event`]). That event is what is followed: by the table's stream, or locally by [`follow`]. So nobody waits
//! for another's server, and nothing is lost when a process dies in between. A member who is suspended or deleted has
//! sessions that no longer count (P6); following that event ends them, which is such an event again.

use futures_util::{StreamExt, stream};
use serde_json::{Map, Value, json};

use super::jws;
use crate::{
    application::Application,
    ctx::Ctx,
    event::{Event, EventKind, StoredEvent},
    ids::{ApplicationId, EventId, OrganizationId, SessionId, UserId, random_text},
    ports::{
        Applications, Organizations, Sessions, StoreError,
        outside::{LogoutNotifier, Signer},
    },
    session::{SESSIONS_PER_MEMBER_MAX, Session},
    time::Timestamp,
};

/// How long a logout token holds, in seconds (§2.4 recommends at most two minutes).
pub const LOGOUT_TOKEN_SECS: u64 = 120;
/// How many applications are told at once.
pub const DELIVERIES_AT_ONCE: usize = 8;
/// How often one application is told of one session before it counts as a failure.
pub const DELIVERY_ATTEMPTS_MAX: u32 = 3;
/// What one attempt may take, in milliseconds: none begins with less left.
pub const DELIVERY_MILLIS: u64 = 3_000;
/// How many events [`follow`] looks at in one call.
pub const FOLLOW_EVENTS_MAX: u32 = 100;
/// A session that began this long after its member was suspended or deleted, in milliseconds, is of a later life: the
/// clocks of two functions may differ by less.
const SETTLE_MILLIS: u64 = 10_000;
/// How often the next [`SESSIONS_PER_MEMBER_MAX`] sessions of a member are asked for.
const ROUNDS_MAX: u32 = 20;
/// The characters of a `jti`: 130 bits.
const TOKEN_ID_CHARS: usize = 26;
/// The member of `events` that makes a token a logout token (§2.4).
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A session that has ended, and the applications that are told so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The session.
    pub session: SessionId,
    /// Those that were given an ID token for it.
    pub applications: Vec<ApplicationId>,
}

/// `member.sessions_ended` for these sessions of a member, at most [`SESSIONS_PER_MEMBER_MAX`]. `by` says whose wish it
/// was; `except` is an application that knows already.
#[must_use]
pub fn ended_event(
    ctx: &Ctx<'_>,
    user: UserId,
    user_name: &str,
    sessions: &[Session],
    by: &str,
    except: Option<&ApplicationId>,
) -> Event {
    let ended = sessions.iter().take(SESSIONS_PER_MEMBER_MAX).map(|session| {
        let told = session.applications.iter().filter(|id| Some(*id) != except);
        let told: Vec<String> = told.map(ToString::to_string).collect();
        json!({ "session": session.id.to_string(), "applications": told })
    });
    let mut data = Map::new();
    data.insert("by".to_owned(), by.into());
    data.insert("ended".to_owned(), ended.collect());
    Event {
        kind: EventKind::MemberSessionsEnded,
        actor: ctx.actor.clone(),
        subject_kind: "user",
        subject_id: user.to_string(),
        subject_name: user_name.to_owned(),
        data,
    }
}

/// What [`ended_event`] wrote.
fn read_ended(event: &StoredEvent) -> Vec<Ended> {
    let list = event.data.get("ended").and_then(Value::as_array);
    let ended = list.into_iter().flatten().filter_map(|ended| {
        let applications = ended.get("applications")?.as_array()?.iter();
        Some(Ended {
            session: ended.get("session")?.as_str()?.parse().ok()?,
            applications: applications.filter_map(|id| id.as_str()?.parse().ok()).collect(),
        })
    });
    ended.collect()
}

/// Ends sessions of a member, and has the applications told. `by` says whose wish it was; `except` is an application that
/// knows already. A session that no application is to be told of ends without an event when `is_own_wish`: people sign
/// out every day.
///
/// # Errors
/// What the store says; some may have ended then.
#[expect(clippy::too_many_arguments, reason = "one event, named part by part")]
pub async fn end<S: Sessions>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    user: UserId,
    user_name: &str,
    sessions: &[Session],
    by: &str,
    is_own_wish: bool,
    except: Option<&ApplicationId>,
) -> Result<(), StoreError> {
    for sessions in sessions.chunks(SESSIONS_PER_MEMBER_MAX) {
        let is_told = |session: &Session| session.applications.iter().any(|id| Some(id) != except);
        let event = ended_event(ctx, user, user_name, sessions, by, except);
        let event = Some(&event).filter(|_| !is_own_wish || sessions.iter().any(is_told));
        store.end_sessions(ctx, organization, sessions, event).await?;
    }
    Ok(())
}

/// The parts that follow events.
pub struct Reach<'a, S, G, N> {
    /// The table.
    pub store: &'a S,
    /// Signs logout tokens.
    pub signer: &'a G,
    /// Posts them.
    pub notifier: &'a N,
}

/// An application that was not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// Which.
    pub application: ApplicationId,
    /// Of which session's end.
    pub session: SessionId,
    /// Why, for the log.
    pub reason: String,
}

/// Why an event was not followed to its end. It can be followed again: nothing is done twice but telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowError {
    /// The store.
    Store(StoreError),
    /// These applications do not answer as they should.
    Untold(Vec<Untold>),
}

impl From<StoreError> for FollowError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Follows one event. Those that end no session are nothing here.
///
/// # Errors
/// [`FollowError`]: come again.
pub async fn handle<S, G, N>(
    ctx: &Ctx<'_>,
    reach: &Reach<'_, S, G, N>,
    organization: &OrganizationId,
    event: &StoredEvent,
) -> Result<(), FollowError>
where
    S: Sessions + Applications,
    G: Signer,
    N: LogoutNotifier,
{
    let Some(user) = member_of(event) else {
        return Ok(());
    };
    let by = match event.kind.as_str() {
        kind if kind == EventKind::MemberSuspended.text() => "suspension",
        kind if kind == EventKind::MemberDeleted.text() => "deletion",
        kind if kind == EventKind::MemberSessionsEnded.text() => {
            let untold = deliver(ctx, reach, user, &read_ended(event)).await?;
            return if untold.is_empty() { Ok(()) } else { Err(FollowError::Untold(untold)) };
        }
        _ => return Ok(()),
    };
    let settled = event.at.plus_millis(SETTLE_MILLIS);
    Ok(end_until(ctx, reach.store, organization, user, &event.subject_name, by, settled).await?)
}

/// Whether following an event of this kind does anything: the stream's filter holds the same three.
#[must_use]
pub fn is_followed(kind: &str) -> bool {
    [EventKind::MemberSuspended, EventKind::MemberDeleted, EventKind::MemberSessionsEnded]
        .iter()
        .any(|followed| followed.text() == kind)
}

fn member_of(event: &StoredEvent) -> Option<UserId> {
    (event.subject_kind == "user").then(|| event.subject_id.parse().ok())?
}

/// Ends the sessions of a member that began until then.
async fn end_until<S: Sessions>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    user: UserId,
    user_name: &str,
    by: &str,
    until: Timestamp,
) -> Result<(), StoreError> {
    for _ in 0..ROUNDS_MAX {
        let mut sessions = store.sessions_of(ctx, organization, user).await?;
        sessions.retain(|session| session.began <= until);
        if sessions.is_empty() {
            break;
        }
        end(ctx, store, organization, user, user_name, &sessions, by, false, None).await?;
    }
    Ok(())
}

/// Tells the applications of these sessions' ends, and gives those that could not be told.
///
/// # Errors
/// The applications cannot be read.
pub async fn deliver<S, G, N>(
    ctx: &Ctx<'_>,
    reach: &Reach<'_, S, G, N>,
    user: UserId,
    ended: &[Ended],
) -> Result<Vec<Untold>, StoreError>
where
    S: Applications,
    G: Signer,
    N: LogoutNotifier,
{
    if ended.iter().all(|ended| ended.applications.is_empty()) {
        return Ok(Vec::new());
    }
    let applications = reach.store.applications(ctx).await?;
    let mut due = Vec::new();
    for ended in ended {
        for id in &ended.applications {
            let application = applications.iter().find(|application| application.id == *id);
            let uri = |application: &&Application| application.back_channel_logout_uri.is_some();
            due.extend(application.filter(uri).map(|application| (application, &ended.session)));
        }
    }
    // A loop, because a closure that borrows from two places has no name for their lifetimes.
    let mut telling = Vec::with_capacity(due.len());
    for (application, session) in due {
        telling.push(untold(ctx, reach, user, session, application));
    }
    let told: Vec<Option<Untold>> =
        stream::iter(telling).buffer_unordered(DELIVERIES_AT_ONCE).collect().await;
    Ok(told.into_iter().flatten().collect())
}

/// Tells one application; `None` when it was told.
async fn untold<S, G, N>(
    ctx: &Ctx<'_>,
    reach: &Reach<'_, S, G, N>,
    user: UserId,
    session: &SessionId,
    application: &Application,
) -> Option<Untold>
where
    G: Signer,
    N: LogoutNotifier,
{
    let reason = tell(ctx, reach, user, session, application).await.err()?;
    Some(Untold { application: application.id.clone(), session: session.clone(), reason })
}

async fn tell<S, G, N>(
    ctx: &Ctx<'_>,
    reach: &Reach<'_, S, G, N>,
    user: UserId,
    session: &SessionId,
    application: &Application,
) -> Result<(), String>
where
    G: Signer,
    N: LogoutNotifier,
{
    let uri = application.back_channel_logout_uri.as_deref().unwrap_or_default();
    let mut reason = "there was no time left".to_owned();
    for attempt in 0..DELIVERY_ATTEMPTS_MAX {
        if attempt > 0 {
            ctx.back_off(attempt, 200, 2_000).await;
        }
        if !ctx.has_millis(DELIVERY_MILLIS) {
            break;
        }
        // Anew for each attempt: an application may refuse a `jti` that it has seen.
        let claims = logout_claims(ctx, user, session, &application.id);
        let told = match jws::sign(ctx, reach.signer, "logout+jwt", &claims).await {
            Ok(token) => reach.notifier.notify(ctx, uri, &token).await,
            Err(error) => Err(error),
        };
        match told {
            Ok(()) => return Ok(()),
            Err(error) => reason = error.private,
        }
    }
    Err(reason)
}

/// Back-Channel Logout §2.4: `sid` and `sub`, never a `nonce`.
fn logout_claims(
    ctx: &Ctx<'_>,
    user: UserId,
    session: &SessionId,
    application: &ApplicationId,
) -> Map<String, Value> {
    let now = ctx.now();
    let mut claims = Map::new();
    for (name, value) in [
        ("iss", json!(ctx.base_url)),
        ("aud", json!(application.to_string())),
        ("iat", json!(now.unix_secs())),
        ("exp", json!(now.plus_secs(LOGOUT_TOKEN_SECS).unix_secs())),
        ("jti", json!(random_text(ctx.world, TOKEN_ID_CHARS))),
        ("sub", json!(user.to_string())),
        ("sid", json!(session.to_string())),
        ("events", json!({ LOGOUT_EVENT: {} })),
    ] {
        claims.insert(name.to_owned(), value);
    }
    claims
}

/// What [`follow`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// From where to go on.
    pub after: EventId,
    /// Events that could not be followed to their end, for the log. They are not come back to.
    pub failures: Vec<(EventId, FollowError)>,
}

/// Follows an organization's history from there on: what the table's stream does in the cloud, for where there is none.
/// It keeps no distance to now, so that of two events of one moment the earlier may be missed.
///
/// # Errors
/// The events cannot be read.
pub async fn follow<S, G, N>(
    ctx: &Ctx<'_>,
    reach: &Reach<'_, S, G, N>,
    organization: &OrganizationId,
    after: EventId,
) -> Result<Followed, StoreError>
where
    S: Sessions + Applications + Organizations,
    G: Signer,
    N: LogoutNotifier,
{
    let events =
        reach.store.events_after(ctx, organization, Some(after), FOLLOW_EVENTS_MAX).await?;
    let mut followed = Followed { after, failures: Vec::new() };
    for event in events {
        followed.after = event.id;
        if let Err(error) = handle(ctx, reach, organization, &event).await {
            followed.failures.push((event.id, error));
        }
    }
    Ok(followed)
}

//! A member's sessions, and whether the member may have a password, by an administrator's hand (S9, S10).

use serde_json::Map;

use super::{
    Refusal,
    members::{Decision, Listed, change_by_hand, member_event, member_id, missing_member, next},
    organizations,
};
use crate::{
    ctx::Ctx,
    event::{Actor, EventKind},
    ids::OrganizationId,
    oidc::back_channel::ended_event,
    organization::Organization,
    ports::{Directory, Organizations, Sessions, Users, Wanted},
    record::User,
    session::{SESSIONS_PER_MEMBER_MAX, Session, SessionMethod},
    sessions,
};

/// How often the next [`SESSIONS_PER_MEMBER_MAX`] sessions are asked for.
const END_ROUNDS_MAX: usize = 20;

/// A member's sessions that have not ended; at most [`SESSIONS_PER_MEMBER_MAX`].
///
/// # Errors
/// There is no such organization or member, or the store is away.
pub async fn list<S: Organizations + Directory + Sessions>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    member: &str,
) -> Result<Vec<Session>, Refusal> {
    let (organization, user) = existing(ctx, store, organization, member).await?;
    Ok(store.sessions_of(ctx, &organization, user.id).await?)
}

/// Ends all sessions of a member: in every browser the next request is one of somebody who is not signed in. Gives how
/// many there were.
///
/// # Errors
/// There is no such organization or member, or the store is away.
pub async fn end<S: Organizations + Directory + Sessions>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    member: &str,
) -> Result<usize, Refusal> {
    let (organization, user) = existing(ctx, store, organization, member).await?;
    let by = if matches!(ctx.actor, Actor::Owner(..)) { "owner" } else { "operator" };
    let mut ended = 0;
    for _ in 0..END_ROUNDS_MAX {
        let sessions = store.sessions_of(ctx, &organization, user.id).await?;
        if sessions.is_empty() {
            break;
        }
        // It says which applications knew of them, so that they are told.
        let event = ended_event(ctx, user.id, user.user_name(), &sessions, by, None);
        store.end_sessions(ctx, &organization, &sessions, Some(&event)).await?;
        ended += sessions.len();
        if sessions.len() < SESSIONS_PER_MEMBER_MAX {
            break;
        }
    }
    Ok(ended)
}

/// Lets a member have a password, where the organization lets members sign in with one.
///
/// # Errors
/// There is no such organization or member, or the store is away.
pub async fn allow_password<S: Organizations + Users>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    member: &str,
) -> Result<Listed, Refusal> {
    set_password_allowed(ctx, store, organization, member, true).await
}

/// Forbids a member to have a password: what was set is no way in any more, and sessions that began with it end. They hold no
/// longer from the moment of the change ([`Session::holds`]); that they are ended too tells the applications.
///
/// # Errors
/// There is no such organization or member, or the store is away. Doing it again ends what was not ended.
pub async fn forbid_password<S: Organizations + Directory + Users + Sessions>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    member: &str,
) -> Result<Listed, Refusal> {
    let listed = set_password_allowed(ctx, store, organization, member, false).await?;
    let organization = organizations::find(ctx, store, organization).await?.id;
    let by_password = |session: &Session| session.method == SessionMethod::Password;
    let user = &listed.user;
    sessions::end_those(ctx, store, &organization, user, "password_forbidden", by_password).await?;
    Ok(listed)
}

async fn set_password_allowed<S: Organizations + Users>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    member: &str,
    allowed: bool,
) -> Result<Listed, Refusal> {
    let kind =
        if allowed { EventKind::MemberPasswordAllowed } else { EventKind::MemberPasswordForbidden };
    let decide = |_: &Organization, user: &User| {
        if user.password_allowed == allowed {
            return Ok(Decision::Keep);
        }
        let after = User { password_allowed: allowed, ..next(ctx, user) };
        let event = member_event(&ctx.actor, kind, &after, Map::new());
        Ok(Decision::Update(Box::new(after), None, event))
    };
    change_by_hand(ctx, store, organization, member, decide).await
}

/// A member who exists, with its organization.
///
/// # Errors
/// There is no such organization or member, or the store is away.
pub async fn existing<S: Organizations + Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    member: &str,
) -> Result<(OrganizationId, User), Refusal> {
    let id = member_id(member)?;
    let organization = organizations::find(ctx, store, organization).await?.id;
    let wanted = Wanted { users: vec![id], ..Wanted::default() };
    let user = store.fetch(ctx, &organization, wanted).await?.users.pop();
    Ok((organization, user.ok_or_else(missing_member)?))
}

//! The directory: its switch and settings (P2, P4, P7, P10), its live state, its request log (P16).

use std::collections::BTreeMap;

use serde_json::Map;

use super::{
    Change, Page, Refusal,
    checks::{cursor, page_size},
    note_change, organization_event, organizations,
};
use crate::{
    ctx::Ctx,
    event::EventKind,
    journal::{RequestEntry, UnknownMembersEntry},
    organization::{
        ACCESS_TOKEN_SECS_MAX, ACCESS_TOKEN_SECS_MIN, GroupPatchAnswer, Organization,
        UnknownMembers,
    },
    ports::{Directory, Journal, Organizations, Wanted},
    time::Timestamp,
};

/// The longest that suspended members are kept when a retention is set, in days.
pub const RETENTION_DAYS_MAX: u32 = 3_650;
/// How many of the latest requests the live state and a token's last use are read from.
pub const REQUESTS_READ_MAX: u32 = 100;
/// How many of the latest outcomes the live state shows.
pub const OUTCOMES_SHOWN_MAX: usize = 10;

/// What shall be different; `None` stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Update {
    /// SCIM on or off.
    pub enabled: Option<bool>,
    /// What a PATCH of a group answers.
    pub group_patch_answer: Option<GroupPatchAnswer>,
    /// What an unknown member id does.
    pub unknown_members: Option<UnknownMembers>,
    /// Days after which suspended members are deleted; `Some(None)` keeps them.
    pub suspended_retention_days: Option<Option<u32>>,
    /// How long an access token holds, in seconds.
    pub access_token_secs: Option<u32>,
}

/// Changes the switch or the settings.
///
/// # Errors
/// A value is out of range, or the store is away.
pub async fn update<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    update: &Update,
) -> Result<Organization, Refusal> {
    check(update)?;
    let decide = |before: &Organization| {
        let mut after = before.clone();
        let (old, new) = (&before.directory, &mut after.directory);
        new.enabled = update.enabled.unwrap_or(old.enabled);
        new.group_patch_answer = update.group_patch_answer.unwrap_or(old.group_patch_answer);
        new.unknown_members = update.unknown_members.unwrap_or(old.unknown_members);
        new.suspended_retention_days =
            update.suspended_retention_days.unwrap_or(old.suspended_retention_days);
        new.access_token_secs = update.access_token_secs.unwrap_or(old.access_token_secs);
        if after == *before {
            return Ok(Change::Keep(()));
        }
        let data = differences(before, &after);
        let event = organization_event(ctx, EventKind::DirectoryUpdated, &after, data);
        Ok(Change::Write(Box::new(after), event, ()))
    };
    let (after, ()) = super::change(ctx, store, organization, decide).await?;
    Ok(after)
}

fn check(update: &Update) -> Result<(), Refusal> {
    if let Some(Some(days)) = update.suspended_retention_days
        && !(1..=RETENTION_DAYS_MAX).contains(&days)
    {
        return Err(Refusal::invalid(
            "suspended_retention_days",
            format!(
                "`suspended_retention_days` is {days}: give a number from 1 to {RETENTION_DAYS_MAX}, or null \
                 to keep suspended members."
            ),
        ));
    }
    if let Some(secs) = update.access_token_secs
        && !(ACCESS_TOKEN_SECS_MIN..=ACCESS_TOKEN_SECS_MAX).contains(&secs)
    {
        return Err(Refusal::invalid(
            "access_token_secs",
            format!(
                "`access_token_secs` is {secs}: give a number from {ACCESS_TOKEN_SECS_MIN} (an hour) to \
                 {ACCESS_TOKEN_SECS_MAX} (six hours)."
            ),
        ));
    }
    Ok(())
}

fn differences(before: &Organization, after: &Organization) -> Map<String, serde_json::Value> {
    let (old, new) = (&before.directory, &after.directory);
    let mut data = Map::new();
    note_change(&mut data, "enabled", old.enabled, new.enabled);
    note_change(
        &mut data,
        "group_patch_answer",
        group_patch_answer_text(old.group_patch_answer),
        group_patch_answer_text(new.group_patch_answer),
    );
    note_change(
        &mut data,
        "unknown_members",
        unknown_members_text(old.unknown_members),
        unknown_members_text(new.unknown_members),
    );
    note_change(
        &mut data,
        "suspended_retention_days",
        old.suspended_retention_days,
        new.suspended_retention_days,
    );
    note_change(&mut data, "access_token_secs", old.access_token_secs, new.access_token_secs);
    data
}

/// `no_content`, `resource`.
#[must_use]
pub const fn group_patch_answer_text(answer: GroupPatchAnswer) -> &'static str {
    match answer {
        GroupPatchAnswer::NoContent => "no_content",
        GroupPatchAnswer::Resource => "resource",
    }
}

/// `apply_known`, `refuse`.
#[must_use]
pub const fn unknown_members_text(choice: UnknownMembers) -> &'static str {
    match choice {
        UnknownMembers::ApplyKnown => "apply_known",
        UnknownMembers::Refuse => "refuse",
    }
}

/// How the provisioning is doing: what the owner looks at first when something is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The organization, with licence and switch.
    pub organization: Organization,
    /// How many users there are, suspended ones included.
    pub users: u64,
    /// How many groups there are.
    pub groups: u64,
    /// The latest outcomes, newest first, at most [`OUTCOMES_SHOWN_MAX`].
    pub outcomes: Vec<RequestEntry>,
    /// The latest request that was refused, among the last [`REQUESTS_READ_MAX`].
    pub last_error: Option<RequestEntry>,
    /// Member ids that were named and do not exist, newest first.
    pub unknown_members: Vec<UnknownMembersEntry>,
}

/// The live state.
///
/// # Errors
/// There is no such organization, or the store is away.
pub async fn state<S: Organizations + Directory + Journal>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
) -> Result<State, Refusal> {
    let organization = organizations::find(ctx, store, organization).await?;
    let wanted = Wanted { user_count: true, group_count: true, ..Wanted::default() };
    let counts = store.fetch(ctx, &organization.id, wanted).await?;
    let mut outcomes =
        store.requests_before(ctx, &organization.id, None, REQUESTS_READ_MAX).await?;
    let last_error = outcomes.iter().find(|entry| entry.status >= 400).cloned();
    outcomes.truncate(OUTCOMES_SHOWN_MAX);
    let unknown_members = store.unknown_members(ctx, &organization.id).await?;
    Ok(State {
        organization,
        users: counts.user_count,
        groups: counts.group_count,
        outcomes,
        last_error,
        unknown_members,
    })
}

/// One page of the request log, newest first.
///
/// # Errors
/// The page or the cursor is none, there is no such organization, or the store is away.
pub async fn requests<S: Organizations + Journal>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    before: Option<&str>,
    limit: Option<u32>,
) -> Result<Page<RequestEntry>, Refusal> {
    let limit = page_size(limit)?;
    let before = cursor(before, request_cursor)?;
    let organization = organizations::find(ctx, store, organization).await?;
    let mut items = store.requests_before(ctx, &organization.id, before, limit + 1).await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items
        .last()
        .filter(|_| more)
        .map(|last| format!("{}.{}", last.at.unix_millis(), last.request_id));
    Ok(Page { items, next_cursor })
}

fn request_cursor(text: &str) -> Option<(Timestamp, String)> {
    let (millis, request_id) = text.split_once('.')?;
    Some((Timestamp::from_unix_millis(millis.parse().ok()?), request_id.to_owned()))
}

/// When each credential was used last, by [`crate::event::Actor::text`], as far as the last
/// [`REQUESTS_READ_MAX`] requests tell.
pub(crate) async fn last_uses<S: Journal>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &Organization,
) -> Result<BTreeMap<String, Timestamp>, Refusal> {
    let entries = store.requests_before(ctx, &organization.id, None, REQUESTS_READ_MAX).await?;
    let mut uses = BTreeMap::new();
    for entry in entries {
        // Newest first: the first that is met is the last use.
        uses.entry(entry.actor).or_insert(entry.at);
    }
    Ok(uses)
}

//! Members as an administrator sees them (P6, P7): who is suspended, since when and by whom; suspending,
//! restoring, deleting and cleaning up by hand; owners (O4).
//!
//! What the provisioning client does to them is [`crate::users`]. A suspension by hand is a flag of its own:
//! either suspends, and only both lifted restore.

use serde_json::{Map, Value};

use super::{
    Page, Refusal, again,
    checks::{cursor, page_size},
    organizations,
};
use crate::{
    ctx::Ctx,
    event::{Actor, Event, EventKind},
    ids::{OrganizationId, UserId},
    index,
    organization::{OWNERS_MAX, Organization},
    owners::{self, OwnersRefusal},
    ports::{Beside, Directory, Organizations, Users, Wanted},
    record::{Suspension, User},
    time::Timestamp,
};

/// How many members one request reads at most while it looks for those that match.
pub const MEMBERS_SCANNED_MAX: u32 = 2_000;
/// How many members one clean-up request deletes at most.
pub const CLEAN_UP_MAX: usize = 100;
/// How many members are read at once.
const SCAN_PAGE: u32 = 200;
/// What must be left of the time before another page is read or another member deleted, in milliseconds.
const STEP_MILLIS: u64 = 3_000;

/// A member with what the organization knows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The member.
    pub user: User,
    /// Whether it is an owner, suspended or not.
    pub owner: bool,
}

impl Listed {
    /// The member, with what the organization says of it.
    #[must_use]
    pub fn of(organization: &Organization, user: User) -> Self {
        Self { owner: owners::is_owner(organization, user.id), user }
    }
}

/// Since when the member is suspended: the earlier of the two suspensions.
#[must_use]
pub fn suspended_since(user: &User) -> Option<Timestamp> {
    let since = |suspension: &Option<Suspension>| suspension.as_ref().map(|s| s.since);
    match (since(&user.suspended), since(&user.suspended_by_hand)) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The text of the primary e-mail, else of the first.
#[must_use]
pub fn email(user: &User) -> Option<&str> {
    let emails = user.resource.attributes().get("emails")?.as_array()?;
    let is_primary = |email: &&Value| email.get("primary").and_then(Value::as_bool) == Some(true);
    let email = emails.iter().find(is_primary).or_else(|| emails.first())?;
    email.get("value")?.as_str()
}

/// What a person is called: `displayName`, else `name.formatted`, else the userName.
#[must_use]
pub fn display_name(user: &User) -> &str {
    let name = user.resource.attributes().get("name").and_then(|name| name.get("formatted"));
    let names = [user.resource.text("displayName"), name.and_then(Value::as_str)];
    let given = names.into_iter().flatten().find(|name| !name.trim().is_empty());
    given.unwrap_or_else(|| user.user_name())
}

/// Which members a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only those that are suspended, or only those that are not.
    pub suspended: Option<bool>,
}

impl Filter {
    fn admits(self, user: &User) -> bool {
        self.suspended.is_none_or(|wanted| wanted == user.is_suspended())
    }
}

/// One page of the members in the order of their creation.
///
/// A page can hold fewer than asked, even none, and still have a next one: at most [`MEMBERS_SCANNED_MAX`]
/// members are read for it.
///
/// # Errors
/// The page or the cursor is none, there is no such organization, or the store is away.
pub async fn list<S: Organizations + Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    filter: Filter,
    after: Option<&str>,
    limit: Option<u32>,
) -> Result<Page<Listed>, Refusal> {
    let limit = page_size(limit)? as usize;
    matching(ctx, store, organization, filter, after, limit).await
}

/// One part of the export: as many members as one request reads. The parts in their order are the whole.
///
/// # Errors
/// The cursor is none, there is no such organization, or the store is away.
pub async fn export<S: Organizations + Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    filter: Filter,
    after: Option<&str>,
) -> Result<Page<Listed>, Refusal> {
    let limit = MEMBERS_SCANNED_MAX as usize;
    matching(ctx, store, organization, filter, after, limit).await
}

async fn matching<S: Organizations + Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    filter: Filter,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<Listed>, Refusal> {
    let mut after = cursor(after, |text| text.parse::<UserId>().ok())?;
    let organization = organizations::find(ctx, store, organization).await?;
    let mut items = Vec::new();
    let mut scanned = 0;
    loop {
        let users = store.users_after(ctx, &organization.id, after, SCAN_PAGE).await?;
        let is_end = users.len() < SCAN_PAGE as usize;
        for user in users {
            // The page is full and there is another member: whether it matches is the next page's business.
            if items.len() >= limit {
                return Ok(page(items, after));
            }
            after = Some(user.id);
            if filter.admits(&user) {
                items.push(Listed::of(&organization, user));
            }
        }
        scanned += SCAN_PAGE;
        if is_end {
            return Ok(page(items, None));
        }
        if scanned >= MEMBERS_SCANNED_MAX || !ctx.has_millis(STEP_MILLIS) {
            return Ok(page(items, after));
        }
    }
}

fn page(items: Vec<Listed>, after: Option<UserId>) -> Page<Listed> {
    Page { items, next_cursor: after.map(|id| id.to_string()) }
}

/// Suspends a member by hand: it stays as it is and cannot get in. Doing it again changes nothing.
///
/// # Errors
/// There is no such member, it is the last owner, or the store is away.
pub async fn suspend<S: Organizations + Users>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    member: &str,
) -> Result<Listed, Refusal> {
    change_by_hand(ctx, store, organization, member, |organization, user| {
        if user.suspended_by_hand.is_some() {
            return Ok(Decision::Keep);
        }
        let mut after = next(ctx, user);
        after.suspended_by_hand = Some(Suspension { since: ctx.now(), by: ctx.actor.text() });
        let beside = owners::with_suspended(organization, user.id)
            .map_err(|refusal| owners_refusal(refusal, "suspended"))?;
        // The provisioning client had suspended it before: nothing ends now that has not ended.
        let kind =
            if user.is_suspended() { EventKind::MemberUpdated } else { EventKind::MemberSuspended };
        let event = member_event(&ctx.actor, kind, user, by_hand(true));
        Ok(Decision::Update(Box::new(after), beside, event))
    })
    .await
}

/// Lifts the suspension by hand. A member whom the provisioning client has suspended too stays suspended.
///
/// # Errors
/// There is no such member, or the store is away.
pub async fn restore<S: Organizations + Users>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    member: &str,
) -> Result<Listed, Refusal> {
    change_by_hand(ctx, store, organization, member, |organization, user| {
        if user.suspended_by_hand.is_none() {
            return Ok(Decision::Keep);
        }
        let mut after = next(ctx, user);
        after.suspended_by_hand = None;
        let (kind, beside) = if after.is_suspended() {
            (EventKind::MemberUpdated, None)
        } else {
            let beside = owners::with_restored(organization, user.id);
            (EventKind::MemberRestored, beside)
        };
        let event = member_event(&ctx.actor, kind, user, by_hand(false));
        Ok(Decision::Update(Box::new(after), beside, event))
    })
    .await
}

fn by_hand(suspended: bool) -> Map<String, Value> {
    let mut data = Map::new();
    data.insert("suspended_by_hand".to_owned(), suspended.into());
    data
}

/// Makes a member an owner. Doing it again changes nothing.
///
/// The member is written too, so that a request that suspends it at the same moment decides again.
///
/// # Errors
/// There is no such member, it is suspended, there are too many owners, or the store is away.
pub async fn add_owner<S: Organizations + Users>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    member: &str,
) -> Result<Listed, Refusal> {
    change_by_hand(ctx, store, organization, member, |organization, user| {
        if user.is_suspended() && !owners::is_owner(organization, user.id) {
            return Err(Refusal::conflict(
                "The member is suspended and could not get in as an owner: restore it first.",
            ));
        }
        let Some(after) =
            owners::with(organization, user.id).map_err(|refusal| owners_refusal(refusal, ""))?
        else {
            return Ok(Decision::Keep);
        };
        let event = member_event(&ctx.actor, EventKind::OwnerAdded, user, Map::new());
        Ok(Decision::Update(Box::new(next(ctx, user)), Some(after), event))
    })
    .await
}

/// Makes an owner an ordinary member. Doing it again changes nothing.
///
/// # Errors
/// There is no such member, it is the last owner, or the store is away.
pub async fn remove_owner<S: Organizations + Users>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    member: &str,
) -> Result<Listed, Refusal> {
    change_by_hand(ctx, store, organization, member, |organization, user| {
        let after = owners::without(organization, user.id)
            .map_err(|refusal| owners_refusal(refusal, "removed as an owner"))?;
        if after.is_none() {
            return Ok(Decision::Keep);
        }
        let event = member_event(&ctx.actor, EventKind::OwnerRemoved, user, Map::new());
        Ok(Decision::Update(Box::new(next(ctx, user)), after, event))
    })
    .await
}

/// Deletes one member, suspended or not. The history keeps the name (E2).
///
/// # Errors
/// There is no such member, it is the last owner, or the store is away.
pub async fn delete<S: Organizations + Users>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    member: &str,
) -> Result<(), Refusal> {
    let id = member_id(member)?;
    let organization = organizations::find(ctx, store, organization).await?;
    delete_if(ctx, store, &organization.id, id, DeletionReason::ByHand, |_| true).await?;
    Ok(())
}

/// Why a member was deleted: stands in its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionReason {
    /// One member, by hand.
    ByHand,
    /// One of many suspended members, by hand.
    CleanUp,
    /// The directory's retention has passed.
    Retention,
}

impl DeletionReason {
    const fn text(self) -> &'static str {
        match self {
            Self::ByHand => "by_hand",
            Self::CleanUp => "clean_up",
            Self::Retention => "retention",
        }
    }
}

/// Deletes a member if `may` still holds of it when it is read with the version that the deletion expects:
/// a member who was restored a moment ago stays. `false`: it did not hold.
///
/// # Errors
/// There is no such member, it is the last owner, or the store is away.
pub async fn delete_if<S: Users>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    member: UserId,
    reason: DeletionReason,
    may: impl Fn(&User) -> bool + Send + Sync,
) -> Result<bool, Refusal> {
    let outcome = change_member(ctx, store, organization, member, |organization, user| {
        if !may(user) {
            return Ok(Decision::Keep);
        }
        let beside = owners::without(organization, user.id)
            .map_err(|refusal| owners_refusal(refusal, "deleted"))?;
        let mut data = Map::new();
        data.insert("reason".to_owned(), reason.text().into());
        data.insert("origin".to_owned(), user.origin.text().into());
        let event = member_event(&ctx.actor, EventKind::MemberDeleted, user, data);
        Ok(Decision::Delete(beside, event))
    })
    .await?;
    Ok(outcome.is_none())
}

/// Whom a clean-up deletes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CleanUp<'a> {
    /// These, as far as they are suspended; at most [`CLEAN_UP_MAX`].
    Ids(Vec<&'a str>),
    /// Those that were suspended before then.
    SuspendedBefore(Timestamp),
}

/// What a clean-up did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CleanedUp {
    /// Who was deleted.
    pub deleted: Vec<String>,
    /// Who was not, and why.
    pub kept: Vec<(String, String)>,
    /// Where to go on when the bound or the deadline came first.
    pub next_cursor: Option<String>,
}

/// Deletes suspended members, each in a transaction of its own: those who cannot be deleted are named, and
/// the others are deleted all the same.
///
/// # Errors
/// The request is none, there is no such organization, or the store is away.
pub async fn clean_up<S: Organizations + Users>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    whom: &CleanUp<'_>,
    after: Option<&str>,
) -> Result<CleanedUp, Refusal> {
    match whom {
        CleanUp::Ids(ids) => {
            if ids.is_empty() || ids.len() > CLEAN_UP_MAX {
                return Err(Refusal::invalid(
                    "ids",
                    format!(
                        "`ids` has {} entries: name 1 to {CLEAN_UP_MAX} members at a time.",
                        ids.len()
                    ),
                ));
            }
            let organization = organizations::find(ctx, store, organization).await?;
            clean_up_ids(ctx, store, &organization.id, ids).await
        }
        CleanUp::SuspendedBefore(before) => {
            if *before > ctx.now() {
                return Err(Refusal::invalid(
                    "suspended_before",
                    "`suspended_before` lies ahead: give a time that has passed.",
                ));
            }
            let after = cursor(after, |text| text.parse::<UserId>().ok())?;
            let organization = organizations::find(ctx, store, organization).await?;
            let bounds = Bounds {
                suspended_before: *before,
                deleted_max: CLEAN_UP_MAX,
                reason: DeletionReason::CleanUp,
            };
            delete_suspended(ctx, store, &organization.id, &bounds, after).await
        }
    }
}

async fn clean_up_ids<S: Users>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    ids: &[&str],
) -> Result<CleanedUp, Refusal> {
    let mut cleaned = CleanedUp::default();
    for text in ids {
        let text = (*text).to_owned();
        if !ctx.has_millis(STEP_MILLIS) {
            let reason = "There was no time left: name it again in another request.";
            cleaned.kept.push((text, reason.to_owned()));
            continue;
        }
        let id = match member_id(&text) {
            Ok(id) => id,
            Err(refusal) => {
                cleaned.kept.push((text, refusal.detail));
                continue;
            }
        };
        let reason = DeletionReason::CleanUp;
        match delete_if(ctx, store, organization, id, reason, User::is_suspended).await {
            Ok(true) => cleaned.deleted.push(text),
            Ok(false) => {
                let reason =
                    "The member is not suspended: suspend it first, or delete it by itself.";
                cleaned.kept.push((text, reason.to_owned()));
            }
            Err(refusal) => cleaned.kept.push((text, refusal.detail)),
        }
    }
    Ok(cleaned)
}

/// How far a clean-up by date goes.
pub(crate) struct Bounds {
    pub(crate) suspended_before: Timestamp,
    pub(crate) deleted_max: usize,
    pub(crate) reason: DeletionReason,
}

/// Walks the members after `after` and deletes those suspended before the bound.
pub(crate) async fn delete_suspended<S: Users>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    bounds: &Bounds,
    mut after: Option<UserId>,
) -> Result<CleanedUp, Refusal> {
    let mut cleaned = CleanedUp::default();
    let is_due =
        |user: &User| suspended_since(user).is_some_and(|since| since < bounds.suspended_before);
    loop {
        let users = store.users_after(ctx, organization, after, SCAN_PAGE).await?;
        let is_end = users.len() < SCAN_PAGE as usize;
        for user in users {
            if cleaned.deleted.len() >= bounds.deleted_max || !ctx.has_millis(STEP_MILLIS) {
                cleaned.next_cursor = after.map(|id| id.to_string());
                return Ok(cleaned);
            }
            if is_due(&user) {
                let outcome = delete_if(ctx, store, organization, user.id, bounds.reason, is_due);
                match outcome.await {
                    Ok(true) => cleaned.deleted.push(user.id.to_string()),
                    // Restored meanwhile.
                    Ok(false) => {}
                    Err(refusal) => cleaned.kept.push((user.id.to_string(), refusal.detail)),
                }
            }
            after = Some(user.id);
        }
        if is_end {
            return Ok(cleaned);
        }
    }
}

/// What is to be done with a member, decided on what was read.
pub(super) enum Decision {
    Keep,
    Update(Box<User>, Option<Organization>, Event),
    Delete(Option<Organization>, Event),
}

pub(super) async fn change_by_hand<S, F>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    member: &str,
    decide: F,
) -> Result<Listed, Refusal>
where
    S: Organizations + Users,
    F: FnMut(&Organization, &User) -> Result<Decision, Refusal> + Send,
{
    let id = member_id(member)?;
    let organization = organizations::find(ctx, store, organization).await?;
    change_member(ctx, store, &organization.id, id, decide).await?.ok_or_else(missing_member)
}

/// Reads the member and its organization together, decides, writes both in one transaction; again when
/// somebody was faster. `None`: it was deleted.
async fn change_member<S, F>(
    ctx: &Ctx<'_>,
    store: &S,
    organization_id: &OrganizationId,
    id: UserId,
    mut decide: F,
) -> Result<Option<Listed>, Refusal>
where
    S: Users,
    F: FnMut(&Organization, &User) -> Result<Decision, Refusal> + Send,
{
    let mut attempt = 0;
    loop {
        let wanted = Wanted { organization: true, users: vec![id], ..Wanted::default() };
        let mut found = store.fetch(ctx, organization_id, wanted).await?;
        let (Some(before), Some(user)) = (found.organization.take(), found.users.pop()) else {
            return Err(missing_member());
        };
        let (outcome, written) = match decide(&before, &user)? {
            Decision::Keep => return Ok(Some(Listed::of(&before, user))),
            Decision::Update(after, organization_after, event) => {
                let beside = beside(&before, organization_after.as_ref());
                let keys = index::user_keys(&user.resource);
                let written = store
                    .update_user(ctx, organization_id, &user, &after, &keys, &keys, beside, &event)
                    .await;
                let organization = organization_after.as_ref().unwrap_or(&before);
                (Some(Listed::of(organization, *after)), written)
            }
            Decision::Delete(organization_after, event) => {
                let beside = beside(&before, organization_after.as_ref());
                let keys = index::user_keys(&user.resource);
                let written =
                    store.delete_user(ctx, organization_id, &user, &keys, beside, &event).await;
                (None, written)
            }
        };
        match written {
            Ok(()) => return Ok(outcome),
            Err(error) => attempt = again(ctx, attempt, error).await?,
        }
    }
}

fn beside<'a>(before: &'a Organization, after: Option<&'a Organization>) -> Option<Beside<'a>> {
    after.map(|after| Beside { before, after })
}

pub(super) fn next(ctx: &Ctx<'_>, user: &User) -> User {
    User { version: user.version + 1, modified: ctx.now().max(user.modified), ..user.clone() }
}

pub(super) fn member_id(text: &str) -> Result<UserId, Refusal> {
    text.parse().map_err(|_| missing_member())
}

pub(super) fn missing_member() -> Refusal {
    Refusal::not_found(
        "There is no such member: give its `id` as the list of members shows it. It may have been deleted.",
    )
    .about("member")
}

fn owners_refusal(refusal: OwnersRefusal, done: &str) -> Refusal {
    match refusal {
        OwnersRefusal::LastOwner => Refusal::conflict(format!(
            "This is the last owner who can get in and cannot be {done}: make another member an owner first."
        )),
        OwnersRefusal::TooMany => Refusal::conflict(format!(
            "There are {OWNERS_MAX} owners, the most that an organization has: remove one first."
        )),
    }
}

pub(super) fn member_event(
    actor: &Actor,
    kind: EventKind,
    user: &User,
    data: Map<String, Value>,
) -> Event {
    Event {
        kind,
        actor: actor.clone(),
        subject_kind: "user",
        subject_id: user.id.to_string(),
        subject_name: user.user_name().to_owned(),
        data,
    }
}

//! Reading the directory.

use std::collections::HashMap;

use lychgate_core::{
    ctx::Ctx,
    ids::{GroupId, MemberId, OrganizationId, UserId},
    ports::{CommitError, Directory, Fetched, List, Membership, StoreError, Wanted},
    record::{Group, IndexKey, Member, Span, User},
};
use uuid::Uuid;

use crate::{
    Store,
    index::{Standing, read_claim},
    item::{
        self, COUNT, Item, PK, Reader, SK, TTL, credential,
        group::Head,
        item,
        membership::{Row, read_row},
        n, s, settings, sign_in,
    },
    keys::{self, Key},
    read::{Bound, Stretch},
};

/// How often a group is read again because it moved meanwhile.
const MEMBERSHIP_ATTEMPTS_MAX: u32 = 5;
const MEMBERSHIP_BACKOFF_MILLIS: u64 = 20;
const MEMBERSHIP_BACKOFF_MILLIS_MAX: u64 = 200;
/// How long a page marker is kept, in seconds: a client that walks a list comes back within minutes.
const MARKER_SECS: u64 = 3_600;
/// How many markers one look reads, and how many looks there are: expired ones lie about until DynamoDB
/// deletes them.
const MARKERS_PER_LOOK: u32 = 20;
const MARKER_LOOKS_MAX: u32 = 5;
const AFTER: &str = "af";

/// The limit that a group's members met.
const TOO_MANY_MEMBERS: &str = "The group has more members than one answer can hold. Ask with excludedAttributes=members, filter by members.value, or page with a cursor.";

/// What an item of a fetch is.
enum Slot {
    Organization,
    AccessToken,
    Session,
    SettingsLink,
    User,
    Group,
    Claim(IndexKey),
    Count(List),
}

fn slots(organization: &OrganizationId, wanted: Wanted) -> HashMap<Key, Slot> {
    let mut slots = HashMap::new();
    if wanted.organization {
        slots.insert(keys::organization(organization), Slot::Organization);
    }
    if let Some(id) = &wanted.access_token {
        slots.insert(keys::access_token(organization, id), Slot::AccessToken);
    }
    if let Some((user, id)) = &wanted.session {
        slots.insert(keys::session(organization, *user, id), Slot::Session);
    }
    if let Some(id) = &wanted.settings_link {
        slots.insert(keys::settings_link(organization, id), Slot::SettingsLink);
    }
    for id in wanted.users {
        slots.insert(keys::user(organization, id), Slot::User);
    }
    for id in wanted.groups {
        slots.insert(keys::group(organization, id), Slot::Group);
    }
    for key in wanted.claims.into_iter().filter(|key| key.index.is_unique()) {
        slots.insert(keys::claim(organization, &key), Slot::Claim(key));
    }
    for (list, wanted) in [(List::Users, wanted.user_count), (List::Groups, wanted.group_count)] {
        if wanted {
            slots.insert(keys::count(organization, list), Slot::Count(list));
        }
    }
    slots
}

/// An item's own key.
pub(crate) fn key_of(item: &Item) -> Result<Key, StoreError> {
    let reader = Reader::new("item", item);
    Ok(Key { pk: reader.text(PK)?.to_owned(), sk: reader.text(SK)?.to_owned() })
}

fn place(ctx: &Ctx<'_>, slot: &Slot, item: &Item, found: &mut Fetched) -> Result<(), StoreError> {
    match slot {
        Slot::Organization => found.organization = Some(item::organization::read(item)?),
        Slot::AccessToken => {
            found.access_token = credential::read_access_token(item, ctx.now())?;
        }
        Slot::Session => found.session = sign_in::read_session(item, ctx.now())?,
        Slot::SettingsLink => found.settings_link = settings::read_link(item, ctx.now())?,
        Slot::User => found.users.extend(item::user::read(item)?),
        Slot::Group => found.groups.extend(item::group::read(item)?.live()),
        Slot::Claim(key) => {
            if let (id, Standing::Committed) = read_claim(item)? {
                found.claims.push((key.clone(), id));
            }
        }
        Slot::Count(list) => {
            let count = Reader::new("count", item).number(COUNT)?;
            match list {
                List::Users => found.user_count = count,
                List::Groups => found.group_count = count,
            }
        }
    }
    Ok(())
}

impl Directory for Store {
    async fn fetch(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        wanted: Wanted,
    ) -> Result<Fetched, StoreError> {
        let slots = slots(organization, wanted);
        let mut found = Fetched::default();
        for item in self.get_all(ctx, slots.keys().cloned()).await? {
            if let Some(slot) = slots.get(&key_of(&item)?) {
                place(ctx, slot, &item, &mut found)?;
            }
        }
        Ok(found)
    }

    async fn look_up(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        key: &IndexKey,
        limit: u32,
    ) -> Result<Vec<Uuid>, StoreError> {
        let (pk, now) = (keys::indexed(organization, key), ctx.now());
        self.collect_after(pk, None, limit, true, |item| {
            let reader = Reader::new("look-up", item);
            // Only a NameID's row has an end.
            if reader.is_over(now)? {
                return Ok(None);
            }
            reader.parsed(SK, |text| Uuid::try_parse(text).ok()).map(Some)
        })
        .await
    }

    async fn membership(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: GroupId,
        limit: usize,
    ) -> Result<Option<Membership>, CommitError> {
        let Some(mut before) = self.live_group(organization, group).await? else {
            return Ok(None);
        };
        for attempt in 0..MEMBERSHIP_ATTEMPTS_MAX {
            let members = self.visible(ctx, organization, &before, limit).await?;
            // A change that was committing while the rows were read shows here at the latest.
            let head = keys::group(organization, group);
            let head = self.get_settled(ctx, &head).await?;
            let head = head.as_ref().map(item::group::read).transpose()?;
            let Some(after) = head.and_then(Head::live) else {
                return Ok(None);
            };
            if after.version == before.version {
                let members = members.ok_or(CommitError::TooLarge(TOO_MANY_MEMBERS))?;
                let members = members.into_iter().map(|row| row.member).collect();
                return Ok(Some(Membership { group: before, members }));
            }
            before = after;
            ctx.back_off(attempt, MEMBERSHIP_BACKOFF_MILLIS, MEMBERSHIP_BACKOFF_MILLIS_MAX).await;
        }
        Err(CommitError::Stale)
    }

    async fn members_after(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
        after: Option<MemberId>,
        limit: u32,
    ) -> Result<Vec<Member>, StoreError> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut after = after.map(|id| id.to_string());
        let mut members = Vec::new();
        loop {
            let left = u32::try_from(wanted - members.len()).unwrap_or(u32::MAX);
            let rows = keys::rows(organization, group.id);
            let rows = self.collect_after(rows, after, left, true, |item| {
                let row = read_row(item)?;
                Ok(group.sees(row.span).then_some(row))
            });
            let rows = rows.await?;
            let is_end = rows.len() < left as usize;
            after = rows.last().map(|row| row.member.id.to_string());
            let rows = self.without_the_gone(ctx, organization, rows).await?;
            members.extend(rows.into_iter().map(|row| row.member));
            if is_end || members.len() >= wanted {
                return Ok(members);
            }
        }
    }

    async fn member_span(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: GroupId,
        member: MemberId,
    ) -> Result<Option<Span>, StoreError> {
        let key = keys::row(organization, group, member.uuid());
        let Some(item) = self.get(&key).await? else {
            return Ok(None);
        };
        let row = read_row(&item)?;
        let rows = self.without_the_gone(ctx, organization, vec![row]).await?;
        Ok(rows.first().map(|row| row.span))
    }

    async fn users_after(
        &self,
        _ctx: &Ctx<'_>,
        organization: &OrganizationId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        let after = after.map(|id| id.to_string());
        self.collect_after(keys::users(organization), after, limit, false, |item| {
            item::user::read(item)
        })
        .await
    }

    async fn groups_after(
        &self,
        _ctx: &Ctx<'_>,
        organization: &OrganizationId,
        after: Option<GroupId>,
        limit: u32,
    ) -> Result<Vec<Group>, StoreError> {
        let after = after.map(|id| id.to_string());
        self.collect_after(keys::groups(organization), after, limit, false, |item| {
            Ok(item::group::read(item)?.live())
        })
        .await
    }

    async fn marker_at_or_below(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        list: List,
        start_index: u64,
    ) -> Result<Option<(u64, Uuid)>, StoreError> {
        let mut stretch = Stretch {
            pk: keys::markers(organization, list),
            bound: Bound::AtOrBefore(keys::marker_sort(start_index)),
            // The marker of the page before was written a moment ago.
            consistent: true,
            limit: Some(MARKERS_PER_LOOK),
        };
        for _ in 0..MARKER_LOOKS_MAX {
            let page = self.page(&stretch).await?;
            for item in &page.items {
                let reader = Reader::new("page marker", item);
                if !reader.has_ended(ctx.now())? {
                    let index = reader.parsed(SK, |text| text.parse().ok())?;
                    let after = reader.parsed(AFTER, |text| Uuid::try_parse(text).ok())?;
                    return Ok(Some((index, after)));
                }
            }
            match page.next {
                None => break,
                Some(next) => stretch.bound = Bound::Before(next),
            }
        }
        Ok(None)
    }

    async fn put_marker(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        list: List,
        start_index: u64,
        after: Uuid,
    ) {
        let item = item(
            &keys::marker(organization, list, start_index),
            [
                (AFTER, Some(s(after.as_hyphenated().to_string()))),
                (TTL, Some(n(ctx.now().plus_secs(MARKER_SECS).unix_secs()))),
            ],
        );
        if let Err(error) = self.put(item).await {
            tracing::warn!(?error, "a page marker was not written");
        }
    }
}

impl Store {
    /// A group's head, whatever its state.
    pub(crate) async fn head(
        &self,
        organization: &OrganizationId,
        group: GroupId,
    ) -> Result<Option<Head>, StoreError> {
        let item = self.get(&keys::group(organization, group)).await?;
        item.as_ref().map(item::group::read).transpose()
    }

    /// A group that everybody sees.
    pub(crate) async fn live_group(
        &self,
        organization: &OrganizationId,
        group: GroupId,
    ) -> Result<Option<Group>, StoreError> {
        Ok(self.head(organization, group).await?.and_then(Head::live))
    }

    /// The rows that this version of the group sees; `None` when there are more than `limit`.
    async fn visible(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
        limit: usize,
    ) -> Result<Option<Vec<Row>>, StoreError> {
        let counted = usize::try_from(group.member_count).unwrap_or(usize::MAX);
        if counted > limit {
            return Ok(None);
        }
        let mut rows = Vec::with_capacity(counted);
        let mut stretch = Stretch {
            pk: keys::rows(organization, group.id),
            bound: Bound::All,
            consistent: true,
            limit: None,
        };
        loop {
            let page = self.page(&stretch).await?;
            for item in &page.items {
                let row = read_row(item)?;
                if group.sees(row.span) {
                    rows.push(row);
                }
            }
            if rows.len() > limit {
                return Ok(None);
            }
            match page.next {
                None => break,
                Some(next) => stretch.bound = Bound::After(next),
            }
        }
        self.without_the_gone(ctx, organization, rows).await.map(Some)
    }

    /// Leaves out the rows whose member is being deleted: of those that are flagged, the member's own item
    /// decides.
    pub(crate) async fn without_the_gone(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        mut rows: Vec<Row>,
    ) -> Result<Vec<Row>, StoreError> {
        let flagged = rows
            .iter()
            .filter(|row| row.flagged)
            .map(|row| keys::member(organization, row.member.id));
        let flagged: Vec<Key> = flagged.collect();
        if flagged.is_empty() {
            return Ok(rows);
        }
        let mut alive = std::collections::HashSet::new();
        for item in self.get_all(ctx, flagged).await? {
            if !Reader::new("member", &item).flag(item::DELETED)? {
                alive.insert(key_of(&item)?);
            }
        }
        rows.retain(|row| {
            !row.flagged || alive.contains(&keys::member(organization, row.member.id))
        });
        Ok(rows)
    }
}

//! Every port in plain memory: the oracle of the DynamoDB store. One lock, so each call happens at once and
//! whole; it says what the ports promise and nothing of how a table would keep it.
//!
//! Where the ports leave a choice, this is the simplest one: a large change never is pending, a deletion
//! takes all its rows with it, a count is always right.

mod settings;
mod sign_in;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use lychgate_core::{
    access_token::AccessToken,
    ctx::Ctx,
    event::{Event, StoredEvent},
    ids::{AccessTokenId, EventId, GroupId, MemberId, OperatorKeyId, OrganizationId, UserId},
    journal::{RequestEntry, UNKNOWN_MEMBERS_KEPT_MAX, UnknownMembersEntry},
    operator_key::OperatorKey,
    organization::{Domain, Organization},
    ports::{
        AccessTokens, Beside, CommitError, Directory, Fetched, Groups, Journal, Leftovers, List,
        Membership, NewMember, OperatorKeys, Organizations, StoreError, Users, Wanted,
    },
    record::{Group, Index, IndexKey, Member, Span, User},
    time::Timestamp,
};
use uuid::Uuid;

/// How long a page marker holds in memory, in seconds.
pub const MARKER_SECS: u64 = 3_600;

/// All ports, in memory. Clones share their content, as functions share a table.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    organizations: BTreeMap<OrganizationId, Organization>,
    domains: BTreeMap<Domain, OrganizationId>,
    tenants: BTreeMap<OrganizationId, Tenant>,
    operator_keys: BTreeMap<OperatorKeyId, OperatorKey>,
    stack: sign_in::Stack,
    last_event: Option<Uuid>,
}

/// What belongs to one organization, and to no other.
#[derive(Debug, Default)]
struct Tenant {
    users: BTreeMap<UserId, User>,
    groups: BTreeMap<GroupId, Group>,
    claims: BTreeMap<IndexKey, Uuid>,
    look_ups: BTreeMap<IndexKey, BTreeSet<Uuid>>,
    rows: BTreeMap<GroupId, BTreeMap<Uuid, (Member, Span)>>,
    markers: BTreeMap<(bool, u64), (Uuid, Timestamp)>,
    access_tokens: BTreeMap<AccessTokenId, AccessToken>,
    events: Vec<StoredEvent>,
    requests: Vec<RequestEntry>,
    unknown_members: Vec<UnknownMembersEntry>,
    sign_in: sign_in::Kept,
    settings: settings::Kept,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the store")
    }

    /// What is broken, in words: an index that names nobody, a count that is wrong, a membership that stands
    /// on one side only. Empty when all is well; tests ask after every story.
    #[must_use]
    pub fn contradictions(&self) -> Vec<String> {
        let state = self.lock();
        let mut found = Vec::new();
        for (id, tenant) in &state.tenants {
            found.extend(tenant.contradictions().into_iter().map(|text| format!("{id}: {text}")));
        }
        found.extend(state.sign_in_contradictions());
        found
    }
}

impl State {
    fn tenant(&mut self, organization: &OrganizationId) -> &mut Tenant {
        self.tenants.entry(organization.clone()).or_default()
    }

    /// Appends an event with an id later than every one before it.
    fn append(&mut self, ctx: &Ctx<'_>, organization: &OrganizationId, event: &Event) {
        let mut id = EventId::new(ctx.now(), ctx.world).uuid();
        if let Some(last) = self.last_event.filter(|last| *last >= id) {
            id = Uuid::from_u128(last.as_u128() + 1);
        }
        self.last_event = Some(id);
        self.tenant(organization).events.push(StoredEvent {
            id: EventId::from(id),
            at: ctx.now(),
            kind: event.kind.text().to_owned(),
            actor: event.actor.text(),
            actor_name: event.actor.name().map(str::to_owned),
            subject_kind: event.subject_kind.to_owned(),
            subject_id: event.subject_id.clone(),
            subject_name: event.subject_name.clone(),
            data: event.data.clone(),
        });
    }

    /// Writes a member that [`Tenant::check_creation`] let through.
    fn create(&mut self, ctx: &Ctx<'_>, organization: &OrganizationId, new: NewMember<'_>) {
        let tenant = self.tenant(organization);
        tenant.move_keys(new.user.id.uuid(), &[], new.keys);
        tenant.users.insert(new.user.id, new.user.clone());
        self.append(ctx, organization, new.event);
    }

    fn check_beside(&self, beside: Option<Beside<'_>>) -> Result<(), CommitError> {
        let Some(beside) = beside else { return Ok(()) };
        let stored = self.organizations.get(&beside.before.id);
        if stored.is_some_and(|stored| stored.version == beside.before.version) {
            Ok(())
        } else {
            Err(CommitError::Stale)
        }
    }

    fn write_beside(&mut self, beside: Option<Beside<'_>>) {
        if let Some(beside) = beside {
            self.organizations.insert(beside.after.id.clone(), beside.after.clone());
        }
    }
}

impl Tenant {
    fn check_keys(&self, owner: Uuid, keys: &[IndexKey]) -> Result<(), CommitError> {
        let unique = keys.iter().filter(|key| key.index.is_unique());
        for key in unique {
            if self.claims.get(key).is_some_and(|holder| *holder != owner) {
                return Err(CommitError::Taken(key.clone()));
            }
        }
        Ok(())
    }

    fn check_creation(&self, new: NewMember<'_>) -> Result<(), CommitError> {
        self.check_keys(new.user.id.uuid(), new.keys)?;
        if self.users.contains_key(&new.user.id) {
            return Err(CommitError::Stale);
        }
        if new.seats.is_some_and(|seats| self.users.len() as u64 >= seats) {
            return Err(CommitError::SeatsExhausted);
        }
        Ok(())
    }

    fn move_keys(&mut self, owner: Uuid, before: &[IndexKey], after: &[IndexKey]) {
        for key in before.iter().filter(|key| !after.contains(key)) {
            if key.index.is_unique() {
                self.claims.remove(key);
            } else if let Some(holders) = self.look_ups.get_mut(key) {
                holders.remove(&owner);
            }
        }
        for key in after {
            if key.index.is_unique() {
                self.claims.insert(key.clone(), owner);
            } else {
                self.look_ups.entry(key.clone()).or_default().insert(owner);
            }
        }
    }

    fn exists(&self, member: MemberId) -> bool {
        match member {
            MemberId::User(id) => self.users.contains_key(&id),
            MemberId::Group(id) => self.groups.contains_key(&id),
        }
    }

    fn add_member(&mut self, group: GroupId, member: &Member, since: u64) {
        let span = Span { since, until: None };
        self.rows.entry(group).or_default().insert(member.id.uuid(), (member.clone(), span));
        match member.id {
            MemberId::User(id) => {
                self.users.entry(id).and_modify(|user| {
                    user.memberships.insert(group, span);
                });
            }
            MemberId::Group(id) => {
                self.groups.entry(id).and_modify(|nested| {
                    nested.memberships.insert(group, span);
                });
            }
        }
    }

    fn remove_member(&mut self, group: GroupId, member: MemberId) {
        if let Some(rows) = self.rows.get_mut(&group) {
            rows.remove(&member.uuid());
        }
        match member {
            MemberId::User(id) => {
                self.users.entry(id).and_modify(|user| {
                    user.memberships.remove(&group);
                });
            }
            MemberId::Group(id) => {
                self.groups.entry(id).and_modify(|nested| {
                    nested.memberships.remove(&group);
                });
            }
        }
    }

    /// Takes a member that is being deleted out of all its groups; each of them changes by that.
    fn leave_all(&mut self, member: MemberId, now: Timestamp) {
        let holds = |rows: &BTreeMap<Uuid, (Member, Span)>| rows.contains_key(&member.uuid());
        let groups: Vec<GroupId> =
            self.rows.iter().filter(|(_, rows)| holds(rows)).map(|(group, _)| *group).collect();
        for id in groups {
            self.remove_member(id, member);
            if let Some(group) = self.groups.get_mut(&id) {
                group.member_count -= 1;
                group.version += 1;
                group.modified = now;
            }
        }
    }

    fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (key, holder) in &self.claims {
            if !self.users.contains_key(&UserId::from(*holder))
                && !self.groups.contains_key(&GroupId::from(*holder))
            {
                found.push(format!("the claim {key:?} names nobody"));
            }
        }
        for (id, group) in &self.groups {
            let rows = self.rows.get(id).map_or(0, BTreeMap::len) as u64;
            if rows != group.member_count {
                found.push(format!("group {id} counts {} and has {rows}", group.member_count));
            }
        }
        for (group, rows) in &self.rows {
            for (member, span) in rows.values() {
                let own = match member.id {
                    MemberId::User(id) => {
                        self.users.get(&id).and_then(|user| user.memberships.get(group))
                    }
                    MemberId::Group(id) => {
                        self.groups.get(&id).and_then(|nested| nested.memberships.get(group))
                    }
                };
                if own != Some(span) {
                    found.push(format!("{} is in {group} and does not know it", member.id));
                }
            }
        }
        for (id, user) in &self.users {
            for group in user.memberships.keys() {
                if !self.rows.get(group).is_some_and(|rows| rows.contains_key(&id.uuid())) {
                    found.push(format!("{id} believes to be in {group}"));
                }
            }
        }
        found
    }
}

const fn order(list: List) -> bool {
    matches!(list, List::Groups)
}

fn limited(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

impl Directory for MemoryStore {
    async fn fetch(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        wanted: Wanted,
    ) -> Result<Fetched, StoreError> {
        let mut state = self.lock();
        let found = state.organizations.get(organization).cloned();
        let tenant = state.tenant(organization);
        let (users, groups): (BTreeSet<_>, BTreeSet<_>) =
            (wanted.users.into_iter().collect(), wanted.groups.into_iter().collect());
        let claims: BTreeSet<_> = wanted.claims.into_iter().collect();
        let session = wanted.session.and_then(|key| tenant.sign_in.session(&key, ctx.now()));
        let link = wanted.settings_link.and_then(|id| tenant.settings.link(&id, ctx.now()));
        Ok(Fetched {
            organization: found.filter(|_| wanted.organization),
            access_token: wanted.access_token.and_then(|id| tenant.access_tokens.get(&id).cloned()),
            session,
            settings_link: link,
            users: users.iter().filter_map(|id| tenant.users.get(id).cloned()).collect(),
            groups: groups.iter().filter_map(|id| tenant.groups.get(id).cloned()).collect(),
            claims: claims
                .into_iter()
                .filter_map(|key| tenant.claims.get(&key).map(|holder| (key.clone(), *holder)))
                .collect(),
            user_count: if wanted.user_count { tenant.users.len() as u64 } else { 0 },
            group_count: if wanted.group_count { tenant.groups.len() as u64 } else { 0 },
        })
    }

    async fn look_up(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        key: &IndexKey,
        limit: u32,
    ) -> Result<Vec<Uuid>, StoreError> {
        let mut state = self.lock();
        if key.index == Index::NameId {
            return Ok(state.tenant(organization).sign_in.named(key, ctx.now(), limited(limit)));
        }
        let holders = state.tenant(organization).look_ups.get(key);
        Ok(holders.into_iter().flatten().take(limited(limit)).copied().collect())
    }

    async fn membership(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        group: GroupId,
        limit: usize,
    ) -> Result<Option<Membership>, CommitError> {
        let mut state = self.lock();
        let tenant = state.tenant(organization);
        let Some(found) = tenant.groups.get(&group) else {
            return Ok(None);
        };
        let rows = tenant.rows.get(&group).into_iter().flat_map(BTreeMap::values);
        let visible = rows.filter(|(_, span)| found.sees(*span));
        let members: Vec<Member> = visible.map(|(member, _)| member.clone()).collect();
        if members.len() > limit {
            return Err(CommitError::TooLarge("more members than were asked for"));
        }
        Ok(Some(Membership { group: found.clone(), members }))
    }

    async fn members_after(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
        after: Option<MemberId>,
        limit: u32,
    ) -> Result<Vec<Member>, StoreError> {
        let mut state = self.lock();
        let rows = state.tenant(organization).rows.get(&group.id);
        let visible = rows.into_iter().flatten().filter(|(id, (_, span))| {
            after.is_none_or(|after| **id > after.uuid()) && group.sees(*span)
        });
        Ok(visible.take(limited(limit)).map(|(_, (member, _))| member.clone()).collect())
    }

    async fn member_span(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        group: GroupId,
        member: MemberId,
    ) -> Result<Option<Span>, StoreError> {
        let mut state = self.lock();
        let rows = state.tenant(organization).rows.get(&group);
        Ok(rows.and_then(|rows| rows.get(&member.uuid())).map(|(_, span)| *span))
    }

    async fn users_after(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        let mut state = self.lock();
        let users = state.tenant(organization).users.values();
        let rest = users.skip_while(|user| after.is_some_and(|after| user.id <= after));
        Ok(rest.take(limited(limit)).cloned().collect())
    }

    async fn groups_after(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        after: Option<GroupId>,
        limit: u32,
    ) -> Result<Vec<Group>, StoreError> {
        let mut state = self.lock();
        let groups = state.tenant(organization).groups.values();
        let rest = groups.skip_while(|group| after.is_some_and(|after| group.id <= after));
        Ok(rest.take(limited(limit)).cloned().collect())
    }

    async fn marker_at_or_below(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        list: List,
        start_index: u64,
    ) -> Result<Option<(u64, Uuid)>, StoreError> {
        let mut state = self.lock();
        let (from, to) = ((order(list), 0), (order(list), start_index));
        let markers = state.tenant(organization).markers.range(from..=to).rev();
        let mut living = markers.filter(|(_, (_, expires))| *expires > ctx.now());
        Ok(living.next().map(|((_, index), (after, _))| (*index, *after)))
    }

    async fn put_marker(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        list: List,
        start_index: u64,
        after: Uuid,
    ) {
        let expires = ctx.now().plus_secs(MARKER_SECS);
        let mut state = self.lock();
        state.tenant(organization).markers.insert((order(list), start_index), (after, expires));
    }
}

impl Users for MemoryStore {
    async fn create_user(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: &User,
        keys: &[IndexKey],
        seats: Option<u64>,
        event: &Event,
    ) -> Result<(), CommitError> {
        let mut state = self.lock();
        let new = NewMember { user, keys, seats, event };
        state.tenant(organization).check_creation(new)?;
        state.create(ctx, organization, new);
        Ok(())
    }

    async fn update_user(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &User,
        after: &User,
        keys_before: &[IndexKey],
        keys_after: &[IndexKey],
        beside: Option<Beside<'_>>,
        event: &Event,
    ) -> Result<(), CommitError> {
        let mut state = self.lock();
        state.check_beside(beside)?;
        let tenant = state.tenant(organization);
        let stored = tenant.users.get(&before.id).filter(|stored| stored.version == before.version);
        let Some(stored) = stored else {
            return Err(CommitError::Stale);
        };
        let forbidden = before.password_allowed && !after.password_allowed;
        let (memberships, last_sign_in) = (stored.memberships.clone(), stored.last_sign_in);
        tenant.check_keys(before.id.uuid(), keys_after)?;
        tenant.move_keys(before.id.uuid(), keys_before, keys_after);
        tenant.users.insert(before.id, User { memberships, last_sign_in, ..after.clone() });
        if forbidden {
            tenant.sign_in.forget(before.id);
        }
        state.write_beside(beside);
        state.append(ctx, organization, event);
        Ok(())
    }

    async fn delete_user(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: &User,
        keys: &[IndexKey],
        beside: Option<Beside<'_>>,
        event: &Event,
    ) -> Result<(), CommitError> {
        let mut state = self.lock();
        state.check_beside(beside)?;
        let tenant = state.tenant(organization);
        if tenant.users.get(&user.id).is_none_or(|stored| stored.version != user.version) {
            return Err(CommitError::Stale);
        }
        tenant.leave_all(MemberId::User(user.id), ctx.now());
        tenant.users.remove(&user.id);
        tenant.sign_in.forget(user.id);
        tenant.move_keys(user.id.uuid(), keys, &[]);
        state.write_beside(beside);
        state.append(ctx, organization, event);
        Ok(())
    }
}

impl Groups for MemoryStore {
    async fn create_group(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
        keys: &[IndexKey],
        members: &[Member],
        event: &Event,
    ) -> Result<(), CommitError> {
        let mut state = self.lock();
        let tenant = state.tenant(organization);
        tenant.check_keys(group.id.uuid(), keys)?;
        if tenant.groups.contains_key(&group.id) {
            return Err(CommitError::Stale);
        }
        if members.iter().any(|member| !tenant.exists(member.id)) {
            return Err(CommitError::MemberGone);
        }
        tenant.move_keys(group.id.uuid(), &[], keys);
        tenant.groups.insert(group.id, group.clone());
        for member in members {
            tenant.add_member(group.id, member, group.version);
        }
        state.append(ctx, organization, event);
        Ok(())
    }

    async fn update_group(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &Group,
        after: &Group,
        keys_before: &[IndexKey],
        keys_after: &[IndexKey],
        add: &[Member],
        remove: &[MemberId],
        event: &Event,
    ) -> Result<u64, CommitError> {
        let mut state = self.lock();
        let tenant = state.tenant(organization);
        let stored =
            tenant.groups.get(&before.id).filter(|stored| stored.version == before.version);
        let Some(stored) = stored else {
            return Err(CommitError::Stale);
        };
        let memberships = stored.memberships.clone();
        tenant.check_keys(before.id.uuid(), keys_after)?;
        if add.iter().any(|member| !tenant.exists(member.id)) {
            return Err(CommitError::MemberGone);
        }
        tenant.move_keys(before.id.uuid(), keys_before, keys_after);
        tenant.groups.insert(before.id, Group { memberships, pending: None, ..after.clone() });
        for member in remove {
            tenant.remove_member(before.id, *member);
        }
        for member in add {
            tenant.add_member(before.id, member, after.version);
        }
        state.append(ctx, organization, event);
        Ok(after.version)
    }

    async fn relabel_members(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        group: GroupId,
        members: &[Member],
    ) {
        let mut state = self.lock();
        let Some(rows) = state.tenant(organization).rows.get_mut(&group) else { return };
        for member in members {
            if let Some((row, _)) = rows.get_mut(&member.id.uuid()) {
                row.display.clone_from(&member.display);
            }
        }
    }

    async fn delete_group(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
        keys: &[IndexKey],
        event: &Event,
    ) -> Result<(), CommitError> {
        let mut state = self.lock();
        let tenant = state.tenant(organization);
        if tenant.groups.get(&group.id).is_none_or(|stored| stored.version != group.version) {
            return Err(CommitError::Stale);
        }
        let rows = tenant.rows.remove(&group.id).unwrap_or_default();
        for (member, _) in rows.into_values() {
            tenant.remove_member(group.id, member.id);
        }
        tenant.leave_all(MemberId::Group(group.id), ctx.now());
        tenant.groups.remove(&group.id);
        tenant.move_keys(group.id.uuid(), keys, &[]);
        state.append(ctx, organization, event);
        Ok(())
    }
}

impl Organizations for MemoryStore {
    async fn organization(
        &self,
        _: &Ctx<'_>,
        id: &OrganizationId,
    ) -> Result<Option<Organization>, StoreError> {
        Ok(self.lock().organizations.get(id).cloned())
    }

    async fn by_domain(
        &self,
        _: &Ctx<'_>,
        domain: &Domain,
    ) -> Result<Option<OrganizationId>, StoreError> {
        Ok(self.lock().domains.get(domain).cloned())
    }

    async fn organizations_after(
        &self,
        _: &Ctx<'_>,
        after: Option<&OrganizationId>,
        limit: u32,
    ) -> Result<Vec<Organization>, StoreError> {
        let state = self.lock();
        let all = state.organizations.values();
        let rest = all.skip_while(|found| after.is_some_and(|after| found.id <= *after));
        Ok(rest.take(limited(limit)).cloned().collect())
    }

    async fn create_organization(
        &self,
        ctx: &Ctx<'_>,
        organization: &Organization,
        event: &Event,
    ) -> Result<bool, StoreError> {
        let mut state = self.lock();
        if state.domains.contains_key(&organization.domain)
            || state.organizations.contains_key(&organization.id)
        {
            return Ok(false);
        }
        state.domains.insert(organization.domain.clone(), organization.id.clone());
        state.organizations.insert(organization.id.clone(), organization.clone());
        state.append(ctx, &organization.id, event);
        Ok(true)
    }

    async fn update_organization(
        &self,
        ctx: &Ctx<'_>,
        before: &Organization,
        after: &Organization,
        event: &Event,
    ) -> Result<bool, CommitError> {
        let mut state = self.lock();
        let stored = state.organizations.get(&before.id);
        if stored.is_none_or(|stored| stored.version != before.version) {
            return Err(CommitError::Stale);
        }
        if before.domain != after.domain {
            if state.domains.contains_key(&after.domain) {
                return Ok(false);
            }
            state.stack.check_email_domains(after)?;
            state.domains.remove(&before.domain);
            state.domains.insert(after.domain.clone(), after.id.clone());
        }
        state.stack.move_email_domains(before, after)?;
        state.organizations.insert(after.id.clone(), after.clone());
        state.append(ctx, &after.id, event);
        Ok(true)
    }

    async fn events_before(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut state = self.lock();
        let events = state.tenant(organization).events.iter().rev();
        let older = events.filter(|event| before.is_none_or(|before| event.id < before));
        Ok(older.take(limited(limit)).cloned().collect())
    }

    async fn events_after(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        after: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut state = self.lock();
        let events = state.tenant(organization).events.iter();
        let rest = events.filter(|event| after.is_none_or(|after| event.id > after));
        Ok(rest.take(limited(limit)).cloned().collect())
    }
}

impl Journal for MemoryStore {
    async fn record(&self, _: &Ctx<'_>, organization: &OrganizationId, entry: &RequestEntry) {
        self.lock().tenant(organization).requests.push(entry.clone());
    }

    async fn record_unknown_members(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        entry: &UnknownMembersEntry,
    ) {
        let mut state = self.lock();
        let entries = &mut state.tenant(organization).unknown_members;
        entries.insert(0, entry.clone());
        let mut kept = 0;
        entries.retain(|entry| {
            kept += entry.members.len();
            kept <= UNKNOWN_MEMBERS_KEPT_MAX
        });
    }

    async fn requests_before(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<(Timestamp, String)>,
        limit: u32,
    ) -> Result<Vec<RequestEntry>, StoreError> {
        let mut state = self.lock();
        let place = |entry: &RequestEntry| (entry.at, entry.request_id.clone());
        let mut found: Vec<RequestEntry> = state.tenant(organization).requests.clone();
        found.retain(|entry| before.as_ref().is_none_or(|before| place(entry) < *before));
        found.sort_by_key(|entry| std::cmp::Reverse(place(entry)));
        found.truncate(limited(limit));
        Ok(found)
    }

    async fn unknown_members(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
    ) -> Result<Vec<UnknownMembersEntry>, StoreError> {
        Ok(self.lock().tenant(organization).unknown_members.clone())
    }
}

impl AccessTokens for MemoryStore {
    async fn put_access_token(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        token: &AccessToken,
    ) -> Result<(), StoreError> {
        self.lock().tenant(organization).access_tokens.insert(token.id.clone(), token.clone());
        Ok(())
    }
}

impl OperatorKeys for MemoryStore {
    async fn operator_key(
        &self,
        _: &Ctx<'_>,
        id: &OperatorKeyId,
    ) -> Result<Option<OperatorKey>, StoreError> {
        Ok(self.lock().operator_keys.get(id).cloned())
    }

    async fn operator_keys(&self, _: &Ctx<'_>) -> Result<Vec<OperatorKey>, StoreError> {
        Ok(self.lock().operator_keys.values().cloned().collect())
    }

    async fn put_operator_key(&self, _: &Ctx<'_>, key: &OperatorKey) -> Result<(), StoreError> {
        self.lock().operator_keys.insert(key.id.clone(), key.clone());
        Ok(())
    }

    async fn delete_operator_key(
        &self,
        _: &Ctx<'_>,
        id: &OperatorKeyId,
    ) -> Result<bool, StoreError> {
        Ok(self.lock().operator_keys.remove(id).is_some())
    }
}

impl Leftovers for MemoryStore {
    async fn clear_leftovers(&self, _: &Ctx<'_>, _: &OrganizationId) -> Result<u64, StoreError> {
        Ok(0)
    }
}

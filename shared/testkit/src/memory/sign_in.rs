//! What signing in needs, in memory.

use std::collections::BTreeMap;

use lychgate_core::{
    application::Application,
    attempt::{ATTEMPT_DAYS, Attempt},
    connection::{Connection, KeyPair, SignInSetup},
    ctx::Ctx,
    event::Event,
    ids::{
        ApplicationId, AttemptId, ConnectionId, FlowId, GrantId, KeyPairId, LinkId, OrganizationId,
        SessionId, UserId,
    },
    organization::Organization,
    password::PasswordRecord,
    ports::{
        Applications, Attempts, Beside, CommitError, Connections, EmailDomains, Grants, Passwords,
        Sessions, SignInError, SignInWrite, SignIns, StoreError,
    },
    record::IndexKey,
    session::{Grant, Link, LoginFlow, SESSIONS_PER_MEMBER_MAX, Session},
    time::Timestamp,
};
use uuid::Uuid;

use super::{MemoryStore, State, Tenant, limited};

/// What belongs to no organization.
#[derive(Debug, Default)]
pub(super) struct Stack {
    applications: BTreeMap<ApplicationId, Application>,
    email_domains: BTreeMap<String, OrganizationId>,
}

impl Stack {
    pub(super) fn check_email_domains(&self, after: &Organization) -> Result<(), CommitError> {
        for domain in &after.sign_in.email_domains {
            if self.email_domains.get(domain).is_some_and(|holder| *holder != after.id) {
                return Err(CommitError::EmailDomainTaken(domain.clone()));
            }
        }
        Ok(())
    }

    pub(super) fn move_email_domains(
        &mut self,
        before: &Organization,
        after: &Organization,
    ) -> Result<(), CommitError> {
        self.check_email_domains(after)?;
        for domain in &before.sign_in.email_domains {
            self.email_domains.remove(domain);
        }
        for domain in &after.sign_in.email_domains {
            self.email_domains.insert(domain.clone(), after.id.clone());
        }
        Ok(())
    }
}

/// What signing in keeps of one organization.
#[derive(Debug, Default)]
pub(super) struct Kept {
    connections: BTreeMap<ConnectionId, Connection>,
    key_pairs: BTreeMap<KeyPairId, KeyPair>,
    flows: BTreeMap<FlowId, LoginFlow>,
    seen: BTreeMap<String, Timestamp>,
    name_ids: BTreeMap<(IndexKey, Uuid), Timestamp>,
    sessions: BTreeMap<(UserId, SessionId), Session>,
    grants: BTreeMap<GrantId, Grant>,
    attempts: BTreeMap<AttemptId, Attempt>,
    passwords: BTreeMap<UserId, PasswordRecord>,
    links: BTreeMap<LinkId, Link>,
    counters: BTreeMap<(String, u64, u64), u64>,
}

impl Kept {
    /// Who has this NameID in a session that has not ended.
    pub(super) fn named(&self, key: &IndexKey, now: Timestamp, limit: usize) -> Vec<Uuid> {
        let from = (key.clone(), Uuid::nil());
        let rows = self.name_ids.range(from..).take_while(|((found, _), _)| found == key);
        let living = rows.filter(|(_, expires)| **expires > now);
        living.map(|((_, id), _)| *id).take(limit).collect()
    }

    /// A session that has not ended.
    pub(super) fn session(&self, key: &(UserId, SessionId), now: Timestamp) -> Option<Session> {
        self.sessions.get(key).filter(|session| session.expires > now).cloned()
    }

    /// A deleted member's password goes with it; the rest is refused because the member is gone.
    pub(super) fn forget(&mut self, user: UserId) {
        self.passwords.remove(&user);
    }

    fn check_connection(
        &self,
        id: &ConnectionId,
        before: Option<&Connection>,
    ) -> Result<(), CommitError> {
        let stored = self.connections.get(id).map(|stored| stored.version);
        same(stored, before.map(|before| before.version))
    }

    /// Whether this very write was done before: its session is there.
    fn is_done(&self, write: &SignInWrite<'_>) -> bool {
        write
            .session
            .is_some_and(|session| self.sessions.contains_key(&(session.user, session.id.clone())))
    }

    fn check(&self, write: &SignInWrite<'_>, now: Timestamp) -> Result<(), SignInError> {
        let seen = write.assertion.and_then(|assertion| self.seen.get(&assertion.digest));
        if seen.is_some_and(|until| *until > now) {
            return Err(SignInError::Replayed);
        }
        if let Some(id) = write.flow
            && self.flows.get(id).is_none_or(|flow| flow.expires <= now)
        {
            return Err(SignInError::FlowGone);
        }
        if let Some((before, _, _)) = write.connection {
            self.check_connection(&before.id, Some(before))?;
        }
        Ok(())
    }

    fn write(&mut self, write: &SignInWrite<'_>) {
        if let Some(id) = write.flow {
            self.flows.remove(id);
        }
        if let Some(assertion) = write.assertion {
            self.seen.insert(assertion.digest.clone(), assertion.until);
        }
        if let Some(session) = write.session {
            self.sessions.insert((session.user, session.id.clone()), session.clone());
            if let Some(key) = write.name_id {
                self.name_ids.insert((key.clone(), session.user.uuid()), session.expires);
            }
        }
        if let Some(grant) = write.grant {
            self.grants.insert(grant.id.clone(), grant.clone());
        }
        if let Some((_, after, _)) = write.connection {
            self.connections.insert(after.id.clone(), after.clone());
        }
    }
}

/// Whether the version that is there is the one that is expected.
pub(super) fn same(stored: Option<u64>, expected: Option<u64>) -> Result<(), CommitError> {
    if stored == expected { Ok(()) } else { Err(CommitError::Stale) }
}

impl State {
    fn kept(&mut self, organization: &OrganizationId) -> &mut Kept {
        &mut self.tenant(organization).sign_in
    }

    pub(super) fn append_opt(
        &mut self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        event: Option<&Event>,
    ) {
        if let Some(event) = event {
            self.append(ctx, organization, event);
        }
    }

    /// An e-mail domain that leads elsewhere than its organization says, an active connection that is not there.
    pub(super) fn sign_in_contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (domain, id) in &self.stack.email_domains {
            let organization = self.organizations.get(id);
            if !organization.is_some_and(|own| own.sign_in.email_domains.contains(domain)) {
                found.push(format!("{domain} leads to {id}, which does not know it"));
            }
        }
        for (id, organization) in &self.organizations {
            for domain in &organization.sign_in.email_domains {
                if self.stack.email_domains.get(domain) != Some(id) {
                    found.push(format!("{id} believes to have {domain}"));
                }
            }
            let connections = self.tenants.get(id).map(|tenant| &tenant.sign_in.connections);
            for active in &organization.sign_in.active_connections {
                let known = connections.and_then(|connections| connections.get(active));
                if known.is_none_or(|connection| connection.live.is_none()) {
                    found.push(format!("{id}: {active} is to be active and is not"));
                }
            }
        }
        found
    }
}

impl Connections for MemoryStore {
    async fn sign_in_setup(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
    ) -> Result<Option<SignInSetup>, StoreError> {
        let mut state = self.lock();
        let Some(found) = state.organizations.get(organization).cloned() else {
            return Ok(None);
        };
        let kept = state.kept(organization);
        let mut key_pairs: Vec<KeyPair> = kept.key_pairs.values().cloned().collect();
        key_pairs.sort_by(|a, b| (b.created, &a.id).cmp(&(a.created, &b.id)));
        let connections = kept.connections.values().cloned().collect();
        Ok(Some(SignInSetup { organization: found, connections, key_pairs }))
    }

    async fn put_connection(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<&Connection>,
        after: &Connection,
        beside: Option<Beside<'_>>,
        event: Option<&Event>,
    ) -> Result<(), CommitError> {
        let mut state = self.lock();
        state.check_beside(beside)?;
        let kept = state.kept(organization);
        kept.check_connection(&after.id, before)?;
        kept.connections.insert(after.id.clone(), after.clone());
        state.write_beside(beside);
        state.append_opt(ctx, organization, event);
        Ok(())
    }

    async fn delete_connection(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &Connection,
        beside: Option<Beside<'_>>,
        event: &Event,
    ) -> Result<(), CommitError> {
        let mut state = self.lock();
        state.check_beside(beside)?;
        let kept = state.kept(organization);
        kept.check_connection(&before.id, Some(before))?;
        kept.connections.remove(&before.id);
        state.write_beside(beside);
        state.append(ctx, organization, event);
        Ok(())
    }

    async fn create_key_pair(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        key_pair: &KeyPair,
        event: &Event,
    ) -> Result<(), CommitError> {
        let mut state = self.lock();
        let kept = state.kept(organization);
        if kept.key_pairs.contains_key(&key_pair.id) {
            return Err(CommitError::Stale);
        }
        kept.key_pairs.insert(key_pair.id.clone(), key_pair.clone());
        state.append(ctx, organization, event);
        Ok(())
    }

    async fn delete_key_pair(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &KeyPairId,
        event: &Event,
    ) -> Result<(), CommitError> {
        let mut state = self.lock();
        state.kept(organization).key_pairs.remove(id).ok_or(CommitError::Stale)?;
        state.append(ctx, organization, event);
        Ok(())
    }
}

impl SignIns for MemoryStore {
    async fn put_flow(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        flow: &LoginFlow,
    ) -> Result<(), StoreError> {
        self.lock().kept(organization).flows.insert(flow.id.clone(), flow.clone());
        Ok(())
    }

    async fn flow(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &FlowId,
    ) -> Result<Option<LoginFlow>, StoreError> {
        let mut state = self.lock();
        let flow = state.kept(organization).flows.get(id);
        Ok(flow.filter(|flow| flow.expires > ctx.now()).cloned())
    }

    async fn sign_in(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        write: SignInWrite<'_>,
    ) -> Result<(), SignInError> {
        let mut state = self.lock();
        let tenant: &mut Tenant = state.tenant(organization);
        if tenant.sign_in.is_done(&write) {
            return Ok(());
        }
        tenant.sign_in.check(&write, ctx.now())?;
        if let Some(new) = write.member {
            tenant.check_creation(new)?;
            state.create(ctx, organization, new);
        }
        state.kept(organization).write(&write);
        state.append_opt(ctx, organization, write.connection.map(|(_, _, event)| event));
        Ok(())
    }

    async fn touch(&self, _: &Ctx<'_>, organization: &OrganizationId, user: UserId, at: Timestamp) {
        let mut state = self.lock();
        if let Some(user) = state.tenant(organization).users.get_mut(&user) {
            user.last_sign_in = user.last_sign_in.max(Some(at));
        }
    }
}

impl Sessions for MemoryStore {
    async fn session(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
        id: &SessionId,
    ) -> Result<Option<Session>, StoreError> {
        Ok(self.lock().kept(organization).session(&(user, id.clone()), ctx.now()))
    }

    async fn sessions_of(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
    ) -> Result<Vec<Session>, StoreError> {
        let mut state = self.lock();
        let all = state.kept(organization).sessions.values();
        let own = all.filter(|session| session.user == user && session.expires > ctx.now());
        Ok(own.take(SESSIONS_PER_MEMBER_MAX).cloned().collect())
    }

    async fn update_session(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &Session,
        after: &Session,
    ) -> Result<(), CommitError> {
        let mut state = self.lock();
        let stored = state.kept(organization).sessions.get_mut(&(before.user, before.id.clone()));
        let stored =
            stored.filter(|stored| stored.expires > ctx.now()).ok_or(CommitError::Stale)?;
        same(Some(stored.version), Some(before.version))?;
        *stored = after.clone();
        Ok(())
    }

    async fn end_sessions(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        sessions: &[Session],
        event: Option<&Event>,
    ) -> Result<(), StoreError> {
        let mut state = self.lock();
        for session in sessions {
            state.kept(organization).sessions.remove(&(session.user, session.id.clone()));
        }
        state.append_opt(ctx, organization, event);
        Ok(())
    }
}

impl Grants for MemoryStore {
    async fn put_grant(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        grant: &Grant,
    ) -> Result<(), StoreError> {
        self.lock().kept(organization).grants.insert(grant.id.clone(), grant.clone());
        Ok(())
    }

    async fn grant(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &GrantId,
    ) -> Result<Option<Grant>, StoreError> {
        let mut state = self.lock();
        let grant = state.kept(organization).grants.get(id);
        Ok(grant.filter(|grant| grant.ends() > ctx.now()).cloned())
    }

    async fn update_grant(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        before: &Grant,
        after: &Grant,
    ) -> Result<(), CommitError> {
        let mut state = self.lock();
        let stored = state.kept(organization).grants.get_mut(&before.id);
        let stored = stored.ok_or(CommitError::Stale)?;
        same(Some(stored.version), Some(before.version))?;
        *stored = after.clone();
        Ok(())
    }
}

impl Applications for MemoryStore {
    async fn application(
        &self,
        _: &Ctx<'_>,
        id: &ApplicationId,
    ) -> Result<Option<Application>, StoreError> {
        Ok(self.lock().stack.applications.get(id).cloned())
    }

    async fn applications(&self, _: &Ctx<'_>) -> Result<Vec<Application>, StoreError> {
        Ok(self.lock().stack.applications.values().cloned().collect())
    }

    async fn put_application(
        &self,
        _: &Ctx<'_>,
        before: Option<&Application>,
        after: &Application,
    ) -> Result<(), CommitError> {
        let mut state = self.lock();
        let stored = state.stack.applications.get(&after.id).map(|stored| stored.version);
        same(stored, before.map(|before| before.version))?;
        state.stack.applications.insert(after.id.clone(), after.clone());
        Ok(())
    }

    async fn delete_application(
        &self,
        _: &Ctx<'_>,
        id: &ApplicationId,
    ) -> Result<bool, StoreError> {
        Ok(self.lock().stack.applications.remove(id).is_some())
    }
}

/// Whether an attempt is still kept.
fn is_kept(attempt: &Attempt, now: Timestamp) -> bool {
    attempt.at.plus_secs(ATTEMPT_DAYS * 86_400) > now
}

impl Attempts for MemoryStore {
    async fn record_attempt(&self, _: &Ctx<'_>, organization: &OrganizationId, attempt: &Attempt) {
        self.lock().kept(organization).attempts.insert(attempt.id, attempt.clone());
    }

    async fn attempt(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: AttemptId,
    ) -> Result<Option<Attempt>, StoreError> {
        let mut state = self.lock();
        let attempt = state.kept(organization).attempts.get(&id);
        Ok(attempt.filter(|attempt| is_kept(attempt, ctx.now())).cloned())
    }

    async fn attempts_before(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<AttemptId>,
        limit: u32,
    ) -> Result<Vec<Attempt>, StoreError> {
        let mut state = self.lock();
        let all = state.kept(organization).attempts.values().rev();
        let older = all.filter(|attempt| before.is_none_or(|before| attempt.id < before));
        let kept = older.filter(|attempt| is_kept(attempt, ctx.now()));
        Ok(kept.take(limited(limit)).cloned().collect())
    }
}

impl Passwords for MemoryStore {
    async fn password(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
    ) -> Result<Option<PasswordRecord>, StoreError> {
        Ok(self.lock().kept(organization).passwords.get(&user).cloned())
    }

    async fn put_password(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
        before: Option<&PasswordRecord>,
        after: &PasswordRecord,
        link: Option<&LinkId>,
        event: Option<&Event>,
    ) -> Result<(), CommitError> {
        let mut state = self.lock();
        let kept = state.kept(organization);
        let stored = kept.passwords.get(&user).map(|stored| stored.version);
        same(stored, before.map(|before| before.version))?;
        if let Some(id) = link {
            let living = kept.links.get(id).is_some_and(|link| link.expires > ctx.now());
            if !living {
                return Err(CommitError::Stale);
            }
            kept.links.remove(id);
        }
        kept.passwords.insert(user, after.clone());
        state.append_opt(ctx, organization, event);
        Ok(())
    }

    async fn put_link(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        link: &Link,
        event: Option<&Event>,
    ) -> Result<(), StoreError> {
        let mut state = self.lock();
        state.kept(organization).links.insert(link.id.clone(), link.clone());
        state.append_opt(ctx, organization, event);
        Ok(())
    }

    async fn link(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &LinkId,
    ) -> Result<Option<Link>, StoreError> {
        let mut state = self.lock();
        let link = state.kept(organization).links.get(id);
        Ok(link.filter(|link| link.expires > ctx.now()).cloned())
    }

    async fn delete_link(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &LinkId,
    ) -> Result<bool, StoreError> {
        let link = self.lock().kept(organization).links.remove(id);
        Ok(link.is_some_and(|link| link.expires > ctx.now()))
    }

    async fn count(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        subject: &str,
        window_secs: u64,
    ) -> Result<u64, StoreError> {
        let window_secs = window_secs.max(1);
        let window = ctx.now().unix_secs() / window_secs;
        let mut state = self.lock();
        let key = (subject.to_owned(), window_secs, window);
        let count = state.kept(organization).counters.entry(key).or_default();
        *count += 1;
        Ok(*count)
    }
}

impl EmailDomains for MemoryStore {
    async fn by_email_domain(
        &self,
        _: &Ctx<'_>,
        domain: &str,
    ) -> Result<Option<OrganizationId>, StoreError> {
        Ok(self.lock().stack.email_domains.get(domain).cloned())
    }
}

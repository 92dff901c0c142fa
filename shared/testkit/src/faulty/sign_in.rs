//! What signing in needs, with faults. `touch` and `record_attempt` are best effort and neither counted nor hurt.

use lychgate_core::{
    application::Application,
    attempt::Attempt,
    connection::{Connection, KeyPair, SignInSetup},
    ctx::Ctx,
    event::Event,
    ids::{
        ApplicationId, AttemptId, FlowId, GrantId, KeyPairId, LinkId, OrganizationId, SessionId,
        UserId,
    },
    password::PasswordRecord,
    ports::{
        Applications, Attempts, Beside, CommitError, Connections, EmailDomains, Grants, Passwords,
        Sessions, SignInError, SignInWrite, SignIns, StoreError,
    },
    session::{Grant, Link, LoginFlow, Session},
    time::Timestamp,
};

use super::{Fault, Faulty, away, throttled};

impl<S: Connections> Connections for Faulty<S> {
    async fn sign_in_setup(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
    ) -> Result<Option<SignInSetup>, StoreError> {
        plain!(self, self.inner.sign_in_setup(ctx, organization))
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
        write!(self, self.inner.put_connection(ctx, organization, before, after, beside, event))
    }

    async fn delete_connection(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &Connection,
        beside: Option<Beside<'_>>,
        event: &Event,
    ) -> Result<(), CommitError> {
        write!(self, self.inner.delete_connection(ctx, organization, before, beside, event))
    }

    async fn create_key_pair(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        key_pair: &KeyPair,
        event: &Event,
    ) -> Result<(), CommitError> {
        write!(self, self.inner.create_key_pair(ctx, organization, key_pair, event))
    }

    async fn delete_key_pair(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &KeyPairId,
        event: &Event,
    ) -> Result<(), CommitError> {
        write!(self, self.inner.delete_key_pair(ctx, organization, id, event))
    }
}

impl<S: SignIns> SignIns for Faulty<S> {
    async fn put_flow(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        flow: &LoginFlow,
    ) -> Result<(), StoreError> {
        plain!(self, self.inner.put_flow(ctx, organization, flow))
    }

    async fn flow(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &FlowId,
    ) -> Result<Option<LoginFlow>, StoreError> {
        plain!(self, self.inner.flow(ctx, organization, id))
    }

    async fn sign_in(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        write: SignInWrite<'_>,
    ) -> Result<(), SignInError> {
        write!(self, self.inner.sign_in(ctx, organization, write))
    }

    async fn touch(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
        at: Timestamp,
    ) {
        self.inner.touch(ctx, organization, user, at).await;
    }
}

impl<S: Sessions> Sessions for Faulty<S> {
    async fn session(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
        id: &SessionId,
    ) -> Result<Option<Session>, StoreError> {
        plain!(self, self.inner.session(ctx, organization, user, id))
    }

    async fn sessions_of(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
    ) -> Result<Vec<Session>, StoreError> {
        plain!(self, self.inner.sessions_of(ctx, organization, user))
    }

    async fn update_session(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &Session,
        after: &Session,
    ) -> Result<(), CommitError> {
        write!(self, self.inner.update_session(ctx, organization, before, after))
    }

    async fn end_sessions(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        sessions: &[Session],
        event: Option<&Event>,
    ) -> Result<(), StoreError> {
        plain!(self, self.inner.end_sessions(ctx, organization, sessions, event))
    }
}

impl<S: Grants> Grants for Faulty<S> {
    async fn put_grant(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        grant: &Grant,
    ) -> Result<(), StoreError> {
        plain!(self, self.inner.put_grant(ctx, organization, grant))
    }

    async fn grant(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &GrantId,
    ) -> Result<Option<Grant>, StoreError> {
        plain!(self, self.inner.grant(ctx, organization, id))
    }

    async fn update_grant(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &Grant,
        after: &Grant,
    ) -> Result<(), CommitError> {
        write!(self, self.inner.update_grant(ctx, organization, before, after))
    }
}

impl<S: Applications> Applications for Faulty<S> {
    async fn application(
        &self,
        ctx: &Ctx<'_>,
        id: &ApplicationId,
    ) -> Result<Option<Application>, StoreError> {
        plain!(self, self.inner.application(ctx, id))
    }

    async fn applications(&self, ctx: &Ctx<'_>) -> Result<Vec<Application>, StoreError> {
        plain!(self, self.inner.applications(ctx))
    }

    async fn put_application(
        &self,
        ctx: &Ctx<'_>,
        before: Option<&Application>,
        after: &Application,
    ) -> Result<(), CommitError> {
        write!(self, self.inner.put_application(ctx, before, after))
    }

    async fn delete_application(
        &self,
        ctx: &Ctx<'_>,
        id: &ApplicationId,
    ) -> Result<bool, StoreError> {
        plain!(self, self.inner.delete_application(ctx, id))
    }
}

impl<S: Attempts> Attempts for Faulty<S> {
    async fn record_attempt(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        attempt: &Attempt,
    ) {
        self.inner.record_attempt(ctx, organization, attempt).await;
    }

    async fn attempt(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: AttemptId,
    ) -> Result<Option<Attempt>, StoreError> {
        plain!(self, self.inner.attempt(ctx, organization, id))
    }

    async fn attempts_before(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<AttemptId>,
        limit: u32,
    ) -> Result<Vec<Attempt>, StoreError> {
        plain!(self, self.inner.attempts_before(ctx, organization, before, limit))
    }
}

impl<S: Passwords> Passwords for Faulty<S> {
    async fn password(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
    ) -> Result<Option<PasswordRecord>, StoreError> {
        plain!(self, self.inner.password(ctx, organization, user))
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
        write!(self, self.inner.put_password(ctx, organization, user, before, after, link, event))
    }

    async fn put_link(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        link: &Link,
        event: Option<&Event>,
    ) -> Result<(), StoreError> {
        plain!(self, self.inner.put_link(ctx, organization, link, event))
    }

    async fn link(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &LinkId,
    ) -> Result<Option<Link>, StoreError> {
        plain!(self, self.inner.link(ctx, organization, id))
    }

    async fn delete_link(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &LinkId,
    ) -> Result<bool, StoreError> {
        plain!(self, self.inner.delete_link(ctx, organization, id))
    }

    async fn count(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        subject: &str,
        window_secs: u64,
    ) -> Result<u64, StoreError> {
        plain!(self, self.inner.count(ctx, organization, subject, window_secs))
    }
}

impl<S: EmailDomains> EmailDomains for Faulty<S> {
    async fn by_email_domain(
        &self,
        ctx: &Ctx<'_>,
        domain: &str,
    ) -> Result<Option<OrganizationId>, StoreError> {
        plain!(self, self.inner.by_email_domain(ctx, domain))
    }
}

//! Sessions.

use std::collections::BTreeSet;

use lychgate_core::{
    ctx::Ctx,
    event::Event,
    ids::{OrganizationId, SessionId, UserId},
    ports::{CommitError, Sessions, StoreError},
    session::{SESSIONS_PER_MEMBER_MAX, Session},
};

use crate::{
    Store,
    item::sign_in,
    keys::{self, Key},
    organizations::store_error,
    transact::{ACTIONS_MAX, Action, Transaction},
    write::Expected,
};

impl Sessions for Store {
    async fn session(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
        id: &SessionId,
    ) -> Result<Option<Session>, StoreError> {
        let item = self.get(&keys::session(organization, user, id)).await?;
        item.map_or(Ok(None), |item| sign_in::read_session(&item, ctx.now()))
    }

    async fn sessions_of(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
    ) -> Result<Vec<Session>, StoreError> {
        let (pk, now) = (keys::sessions(organization, user), ctx.now());
        let limit = u32::try_from(SESSIONS_PER_MEMBER_MAX).unwrap_or(u32::MAX);
        self.collect_after(pk, None, limit, true, |item| sign_in::read_session(item, now)).await
    }

    async fn update_session(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &Session,
        after: &Session,
    ) -> Result<(), CommitError> {
        let expected = Expected::Living(before.version, ctx.now());
        self.put_or_stale(sign_in::write_session(organization, after), expected).await
    }

    async fn end_sessions(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        sessions: &[Session],
        event: Option<&Event>,
    ) -> Result<(), StoreError> {
        // A transaction takes no item twice.
        let gone: BTreeSet<Key> = sessions
            .iter()
            .map(|session| keys::session(organization, session.user, &session.id))
            .collect();
        let gone: Vec<Key> = gone.into_iter().collect();
        if let ([key], None) = (gone.as_slice(), event) {
            return self.take_away(key, ctx.now()).await.map(|_| ());
        }
        // The event goes with the last of them: who dies before it is asked again, and ends the rest.
        let mut chunks = gone.chunks(ACTIONS_MAX - 1).peekable();
        let mut event = event;
        loop {
            let mut transaction = Transaction::default();
            for key in chunks.next().unwrap_or_default() {
                transaction.push(Action::delete(key.clone()));
            }
            if chunks.peek().is_none() {
                transaction.events.extend(event.take().map(|event| (organization, event)));
            }
            if transaction.len() == 0 {
                return Ok(());
            }
            self.transact(ctx, &transaction).await.map_err(store_error)?;
            if chunks.peek().is_none() {
                return Ok(());
            }
        }
    }
}

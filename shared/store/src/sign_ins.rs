//! Signing in: one transaction, so that an assertion is used once, whatever dies.

use lychgate_core::{
    ctx::Ctx,
    ids::{FlowId, OrganizationId, UserId},
    ports::{SignInError, SignInWrite, SignIns, StoreError},
    session::{AssertionSeen, LoginFlow},
    time::Timestamp,
};

use crate::{
    Store,
    error::failed,
    item::{self, instant, key_item, n, sign_in, user::LAST_SIGN_IN},
    keys,
    large::new_change_id,
    transact::{Action, Failed, Meaning, Refused, Transaction},
    users::push_creation,
    write::Expected,
};

impl SignIns for Store {
    async fn put_flow(
        &self,
        _ctx: &Ctx<'_>,
        organization: &OrganizationId,
        flow: &LoginFlow,
    ) -> Result<(), StoreError> {
        self.put_new(sign_in::write_flow(organization, flow)).await
    }

    async fn flow(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &FlowId,
    ) -> Result<Option<LoginFlow>, StoreError> {
        let item = self.get(&keys::flow(organization, id)).await?;
        item.map_or(Ok(None), |item| sign_in::read_flow(&item, ctx.now()))
    }

    async fn sign_in(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        write: SignInWrite<'_>,
    ) -> Result<(), SignInError> {
        // Names this write in the assertion's item, so that it knows itself again after a lost answer. A test has no
        // session: it is recognised within this call only.
        let by = write
            .session
            .map_or_else(|| new_change_id(ctx), |session| session.id.bare().to_owned());
        let transaction = transaction(organization, &write, &by, ctx.now());
        match self.transact(ctx, &transaction).await {
            Ok(()) => Ok(()),
            Err(Refused::Conditions(failed)) => {
                self.refusal(ctx, organization, &write, &by, failed).await
            }
            Err(refused) => Err(refused.commit_error().into()),
        }
    }

    async fn touch(
        &self,
        _ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
        at: Timestamp,
    ) {
        let touched = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(key_item(&keys::user(organization, user))))
            .update_expression(format!("SET {LAST_SIGN_IN} = :at"))
            // Without a member there is nothing to touch; and of two sign-ins the later one stays.
            .condition_expression(format!(
                "attribute_exists(pk) AND attribute_not_exists(x) \
                 AND (attribute_not_exists({LAST_SIGN_IN}) OR {LAST_SIGN_IN} < :at)"
            ))
            .expression_attribute_values(":at", instant(at))
            .send()
            .await;
        match touched {
            Err(error)
                if !error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                let error = failed("UpdateItem", &error);
                tracing::warn!(?error, "the time of a sign-in was not recorded");
            }
            _ => {}
        }
    }
}

/// Everything that a sign-in writes.
fn transaction<'a>(
    organization: &'a OrganizationId,
    write: &SignInWrite<'a>,
    by: &str,
    now: Timestamp,
) -> Transaction<'a> {
    let mut transaction = Transaction::default();
    if let Some(id) = write.flow {
        transaction.push(
            Action::delete(keys::flow(organization, id))
                .when("attribute_exists(pk) AND e > :now", Meaning::Flow)
                .value(":now", instant(now)),
        );
    }
    if let Some(seen) = write.assertion {
        let item = sign_in::write_seen(organization, seen, by);
        transaction.push(
            Action::put(keys::assertion_seen(organization, &seen.digest), item)
                .when("attribute_not_exists(pk) OR e <= :now", Meaning::Seen)
                .value(":now", instant(now)),
        );
    }
    if let Some(new) = write.member {
        push_creation(&mut transaction, organization, new.user, new.keys, new.seats);
        transaction.events.push((organization, new.event));
    }
    if let Some(session) = write.session {
        let key = keys::session(organization, session.user, &session.id);
        let item = sign_in::write_session(organization, session);
        transaction.push(Expected::Nothing.put(key, item, Meaning::Session));
        if let Some(name_id) = write.name_id {
            let key = keys::look_up(organization, name_id, session.user.uuid());
            let item = sign_in::write_name_id(organization, name_id, session);
            transaction.push(Action::put(key, item));
        }
    }
    if let Some(grant) = write.grant {
        let key = keys::grant(organization, &grant.id);
        let item = sign_in::write_grant(organization, grant);
        transaction.push(Expected::Nothing.put(key, item, Meaning::Other));
    }
    if let Some((before, after, event)) = write.connection {
        transaction.push(
            Action::put(
                keys::connection(organization, &after.id),
                item::connection::write(organization, after),
            )
            .when("v = :was", Meaning::Subject)
            .value(":was", n(before.version)),
        );
        transaction.events.push((organization, event));
    }
    transaction
}

impl Store {
    /// What the conditions that failed mean. Our own write goes first, then the replay, then the flow.
    async fn refusal(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        write: &SignInWrite<'_>,
        by: &str,
        failed: Vec<Failed>,
    ) -> Result<(), SignInError> {
        let of = |meaning: Meaning| failed.iter().find(|failed| failed.meaning == meaning);
        if of(Meaning::Session).is_some() {
            return Ok(());
        }
        if let Some(seen) = of(Meaning::Seen) {
            let old = seen.old.as_ref().map(|item| sign_in::read_seen(item, ctx.now()));
            let own = matches!(old, Some(Ok(Some(writer))) if writer == by);
            return if own { Ok(()) } else { Err(SignInError::Replayed) };
        }
        if of(Meaning::Flow).is_some() {
            // Another sign-in with the same assertion may be half-way: it has taken the flow, and the assertion's item
            // only said that it was in the way.
            if let Some(assertion) = write.assertion
                && let Some(writer) = self.used_by(ctx, organization, assertion).await?
            {
                return if writer == by { Ok(()) } else { Err(SignInError::Replayed) };
            }
            return Err(SignInError::FlowGone);
        }
        Err(Refused::Conditions(failed).commit_error().into())
    }

    /// Which write has used an assertion up.
    async fn used_by(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        seen: &AssertionSeen,
    ) -> Result<Option<String>, StoreError> {
        let key = keys::assertion_seen(organization, &seen.digest);
        let item = self.get_settled(ctx, &key).await?;
        let Some(item) = item.filter(|item| !item.is_empty()) else {
            return Ok(None);
        };
        Ok(sign_in::read_seen(&item, ctx.now())?.map(str::to_owned))
    }
}

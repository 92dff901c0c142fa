//! Passwords, links, and counters against guessing.

use aws_sdk_dynamodb::types::ReturnValue;
use lychgate_core::{
    ctx::Ctx,
    event::Event,
    ids::{LinkId, OrganizationId, UserId},
    password::PasswordRecord,
    ports::{CommitError, Passwords, StoreError},
    session::Link,
    time::Timestamp,
};

use crate::{
    Store,
    error::failed,
    item::{COUNT, Reader, TTL, instant, key_item, n, sign_in, ttl},
    keys,
    organizations::store_error,
    transact::{Action, Meaning, Refused, Transaction},
    write::Expected,
};

impl Passwords for Store {
    async fn password(
        &self,
        _ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: UserId,
    ) -> Result<Option<PasswordRecord>, StoreError> {
        let item = self.get(&keys::password(organization, user)).await?;
        item.as_ref().map(sign_in::read_password).transpose()
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
        let item = sign_in::write_password(organization, user, after);
        let expected = Expected::from_read(before.map(|before| before.version));
        if link.is_none() && event.is_none() {
            return self.put_or_stale(item, expected).await;
        }
        let mut transaction = Transaction::default();
        transaction.events.extend(event.map(|event| (organization, event)));
        let key = keys::password(organization, user);
        transaction.push(expected.put(key, item, Meaning::Subject));
        if let Some(id) = link {
            transaction.push(
                Action::delete(keys::link(organization, id))
                    .when("attribute_exists(pk) AND e > :now", Meaning::Other)
                    .value(":now", instant(ctx.now())),
            );
        }
        self.transact(ctx, &transaction).await.map_err(Refused::commit_error)
    }

    async fn put_link(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        link: &Link,
        event: Option<&Event>,
    ) -> Result<(), StoreError> {
        let item = sign_in::write_link(organization, link);
        let Some(event) = event else {
            return self.put_new(item).await;
        };
        let mut transaction = Transaction::default();
        transaction.events.push((organization, event));
        let key = keys::link(organization, &link.id);
        transaction.push(Expected::Nothing.put(key, item, Meaning::Other));
        self.transact(ctx, &transaction).await.map_err(store_error)
    }

    async fn link(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &LinkId,
    ) -> Result<Option<Link>, StoreError> {
        let item = self.get(&keys::link(organization, id)).await?;
        item.map_or(Ok(None), |item| sign_in::read_link(&item, ctx.now()))
    }

    async fn delete_link(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &LinkId,
    ) -> Result<bool, StoreError> {
        self.take_away(&keys::link(organization, id), ctx.now()).await
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
        let begins = Timestamp::from_unix_millis(0).plus_secs(window.saturating_mul(window_secs));
        let output = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(key_item(&keys::counter(organization, subject, window_secs, window))))
            .update_expression("SET #ttl = :ttl ADD #n :one")
            .expression_attribute_names("#ttl", TTL)
            .expression_attribute_names("#n", COUNT)
            .expression_attribute_values(":ttl", ttl(begins.plus_secs(window_secs)))
            .expression_attribute_values(":one", n(1))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(|error| failed("UpdateItem", &error))?;
        Reader::new("counter", &output.attributes.unwrap_or_default()).number(COUNT)
    }
}

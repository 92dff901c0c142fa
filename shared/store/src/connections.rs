//! Connections and encryption key pairs.

use lychgate_core::{
    connection::{Connection, KeyPair, SignInSetup},
    ctx::Ctx,
    event::Event,
    ids::{KeyPairId, OrganizationId},
    ports::{Beside, CommitError, Connections, StoreError},
};

use crate::{
    Store,
    error::failed,
    item::{self, Item, PK, Reader, SK, s},
    keys,
    transact::{Action, Meaning, Refused, Transaction},
    users::push_beside,
    write::Expected,
};

impl Connections for Store {
    async fn sign_in_setup(
        &self,
        _ctx: &Ctx<'_>,
        organization: &OrganizationId,
    ) -> Result<Option<SignInSetup>, StoreError> {
        let (mut found, mut connections, mut key_pairs) = (None, Vec::new(), Vec::new());
        for item in self.setup_items(organization).await? {
            let sk = Reader::new("setup", &item).text(SK)?;
            if sk == keys::SETUP_FIRST {
                found = Some(item::organization::read(&item)?);
            } else if sk.starts_with(keys::CONNECTION_PREFIX) {
                connections.push(item::connection::read(&item)?);
            } else if sk.starts_with(keys::KEY_PAIR_PREFIX) {
                key_pairs.push(item::connection::read_key_pair(&item)?);
            }
        }
        key_pairs.sort_by(|a, b| (b.created, &a.id).cmp(&(a.created, &b.id)));
        Ok(found.map(|organization| SignInSetup { organization, connections, key_pairs }))
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
        let item = item::connection::write(organization, after);
        let expected = Expected::from_read(before.map(|before| before.version));
        if beside.is_none() && event.is_none() {
            return self.put_or_stale(item, expected).await;
        }
        let mut transaction = Transaction::default();
        transaction.events.extend(event.map(|event| (organization, event)));
        let key = keys::connection(organization, &after.id);
        transaction.push(expected.put(key, item, Meaning::Subject));
        push_beside(&mut transaction, beside);
        self.transact(ctx, &transaction).await.map_err(Refused::commit_error)
    }

    async fn delete_connection(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &Connection,
        beside: Option<Beside<'_>>,
        event: &Event,
    ) -> Result<(), CommitError> {
        let mut transaction = Transaction::with_event(organization, event);
        transaction.push(
            Action::delete(keys::connection(organization, &before.id))
                .when("v = :was", Meaning::Subject)
                .value(":was", item::n(before.version)),
        );
        push_beside(&mut transaction, beside);
        self.transact(ctx, &transaction).await.map_err(Refused::commit_error)
    }

    async fn create_key_pair(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        key_pair: &KeyPair,
        event: &Event,
    ) -> Result<(), CommitError> {
        let mut transaction = Transaction::with_event(organization, event);
        let key = keys::key_pair(organization, &key_pair.id);
        let item = item::connection::write_key_pair(organization, key_pair);
        transaction.push(Expected::Nothing.put(key, item, Meaning::Subject));
        self.transact(ctx, &transaction).await.map_err(Refused::commit_error)
    }

    async fn delete_key_pair(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &KeyPairId,
        event: &Event,
    ) -> Result<(), CommitError> {
        let mut transaction = Transaction::with_event(organization, event);
        transaction.push(
            Action::delete(keys::key_pair(organization, id))
                .when("attribute_exists(pk)", Meaning::Subject),
        );
        self.transact(ctx, &transaction).await.map_err(Refused::commit_error)
    }
}

impl Store {
    /// The organization, its connections and its key pairs: one query, unless they are more than 1 MB.
    async fn setup_items(&self, organization: &OrganizationId) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let output = self
                .client
                .query()
                .table_name(&*self.table)
                .key_condition_expression("#pk = :pk AND #sk BETWEEN :first AND :last")
                .expression_attribute_names("#pk", PK)
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":pk", s(keys::root(organization)))
                .expression_attribute_values(":first", s(keys::SETUP_FIRST))
                .expression_attribute_values(":last", s(keys::SETUP_LAST))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| failed("Query", &error))?;
            items.extend(output.items.unwrap_or_default());
            start = output.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}

//! Links into the settings.

use lychgate_core::{
    ctx::Ctx,
    event::Event,
    ids::OrganizationId,
    ports::{CommitError, SettingsLinks, StoreError},
    settings::link::SettingsLink,
};

use crate::{
    Store,
    item::settings::{read_link, write_link},
    keys,
    transact::{Meaning, Refused, Transaction},
    write::Expected,
};

impl SettingsLinks for Store {
    async fn settings_links(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
    ) -> Result<Vec<SettingsLink>, StoreError> {
        let (pk, now) = (keys::settings_links(organization), ctx.now());
        self.collect_after(pk, None, u32::MAX, true, |item| read_link(item, now)).await
    }

    async fn put_settings_link(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<&SettingsLink>,
        after: &SettingsLink,
        event: Option<&Event>,
    ) -> Result<(), CommitError> {
        let expected = Expected::from_read(before.map(|before| before.version));
        let item = write_link(organization, after);
        let Some(event) = event else {
            return self.put_or_stale(item, expected).await;
        };
        let mut transaction = Transaction::with_event(organization, event);
        let key = keys::settings_link(organization, &after.id);
        transaction.push(expected.put(key, item, Meaning::Subject));
        self.transact(ctx, &transaction).await.map_err(Refused::commit_error)
    }
}

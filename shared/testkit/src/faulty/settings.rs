//! Links into the settings, with faults.

use lychgate_core::{
    ctx::Ctx,
    event::Event,
    ids::OrganizationId,
    ports::{CommitError, SettingsLinks, StoreError},
    settings::link::SettingsLink,
};

use super::{Fault, Faulty, away, throttled};

impl<S: SettingsLinks> SettingsLinks for Faulty<S> {
    async fn settings_links(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
    ) -> Result<Vec<SettingsLink>, StoreError> {
        plain!(self, self.inner.settings_links(ctx, organization))
    }

    async fn put_settings_link(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<&SettingsLink>,
        after: &SettingsLink,
        event: Option<&Event>,
    ) -> Result<(), CommitError> {
        write!(self, self.inner.put_settings_link(ctx, organization, before, after, event))
    }
}

//! Links into the settings, in memory.

use std::collections::BTreeMap;

use lychgate_core::{
    ctx::Ctx,
    event::Event,
    ids::{LinkId, OrganizationId},
    ports::{CommitError, SettingsLinks, StoreError},
    settings::link::SettingsLink,
    time::Timestamp,
};

use super::{MemoryStore, sign_in::same};

/// What the settings keep of one organization.
#[derive(Debug, Default)]
pub(super) struct Kept {
    links: BTreeMap<LinkId, SettingsLink>,
}

impl Kept {
    /// A link, as long as it is kept.
    pub(super) fn link(&self, id: &LinkId, now: Timestamp) -> Option<SettingsLink> {
        self.links.get(id).filter(|link| link.kept_until() > now).cloned()
    }
}

impl SettingsLinks for MemoryStore {
    async fn settings_links(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
    ) -> Result<Vec<SettingsLink>, StoreError> {
        let mut state = self.lock();
        let links = state.tenant(organization).settings.links.values();
        Ok(links.filter(|link| link.kept_until() > ctx.now()).cloned().collect())
    }

    async fn put_settings_link(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<&SettingsLink>,
        after: &SettingsLink,
        event: Option<&Event>,
    ) -> Result<(), CommitError> {
        let mut state = self.lock();
        let links = &mut state.tenant(organization).settings.links;
        let stored = links.get(&after.id).map(|stored| stored.version);
        same(stored, before.map(|before| before.version))?;
        links.insert(after.id.clone(), after.clone());
        state.append_opt(ctx, organization, event);
        Ok(())
    }
}

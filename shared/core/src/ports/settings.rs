//! What the settings need of a store beside what everybody needs.

use std::future::Future;

use crate::{
    ctx::Ctx,
    event::Event,
    ids::OrganizationId,
    ports::{CommitError, StoreError},
    settings::link::SettingsLink,
};

/// Links into the settings. Reading one by its id is [`crate::ports::Directory::fetch`].
pub trait SettingsLinks: Send + Sync {
    /// All of an organization that are still kept ([`SettingsLink::kept_until`]), in the order of their ids.
    fn settings_links(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
    ) -> impl Future<Output = Result<Vec<SettingsLink>, StoreError>> + Send;

    /// Writes `after` over `before` (`None`: it must not be there yet), with the event in the same transaction.
    /// [`CommitError::Stale`] when it moved.
    fn put_settings_link(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<&SettingsLink>,
        after: &SettingsLink,
        event: Option<&Event>,
    ) -> impl Future<Output = Result<(), CommitError>> + Send;
}

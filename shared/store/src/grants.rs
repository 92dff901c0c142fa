//! Codes, and access tokens for userinfo.

use lychgate_core::{
    ctx::Ctx,
    ids::{GrantId, OrganizationId},
    ports::{CommitError, Grants, StoreError},
    session::Grant,
};

use crate::{Store, item::sign_in, keys, write::Expected};

impl Grants for Store {
    async fn put_grant(
        &self,
        _ctx: &Ctx<'_>,
        organization: &OrganizationId,
        grant: &Grant,
    ) -> Result<(), StoreError> {
        self.put_new(sign_in::write_grant(organization, grant)).await
    }

    async fn grant(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: &GrantId,
    ) -> Result<Option<Grant>, StoreError> {
        let item = self.get(&keys::grant(organization, id)).await?;
        item.map_or(Ok(None), |item| sign_in::read_grant(&item, ctx.now()))
    }

    async fn update_grant(
        &self,
        _ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &Grant,
        after: &Grant,
    ) -> Result<(), CommitError> {
        let item = sign_in::write_grant(organization, after);
        self.put_or_stale(item, Expected::Version(before.version)).await
    }
}

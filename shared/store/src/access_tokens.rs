//! Access tokens of the client-credentials grant.

use lychgate_core::{
    access_token::AccessToken,
    ctx::Ctx,
    ids::OrganizationId,
    ports::{AccessTokens, StoreError},
};

use crate::{Store, item::credential};

impl AccessTokens for Store {
    async fn put_access_token(
        &self,
        _ctx: &Ctx<'_>,
        organization: &OrganizationId,
        token: &AccessToken,
    ) -> Result<(), StoreError> {
        self.put(credential::write_access_token(organization, token)).await
    }
}

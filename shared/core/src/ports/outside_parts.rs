//! What setting sign-in up needs of the world outside the table, in one.

use super::outside::{
    FetchError, MetadataFetcher, OutsideError, PublicKey, Sealer, Signature, Signer, SigningKey,
};
use crate::{ctx::Ctx, ids::OrganizationId};

/// What setting sign-in up needs of the world outside the table.
pub trait Outside: Sealer + Signer + MetadataFetcher {}

impl<O: Sealer + Signer + MetadataFetcher> Outside for O {}

/// One made of parts.
pub struct Parts<L, G, F> {
    /// Seals private keys.
    pub sealer: L,
    /// Has our signing key for SAML.
    pub signer: G,
    /// Fetches metadata.
    pub fetcher: F,
}

impl<L: Sealer, G: Signer, F: MetadataFetcher> Sealer for Parts<L, G, F> {
    async fn seal(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        plain: &[u8],
    ) -> Result<Vec<u8>, OutsideError> {
        self.sealer.seal(ctx, organization, plain).await
    }
}

impl<L: Sealer, G: Signer, F: MetadataFetcher> Signer for Parts<L, G, F> {
    async fn sign(
        &self,
        ctx: &Ctx<'_>,
        key: SigningKey,
        octets: &[u8],
    ) -> Result<Signature, OutsideError> {
        self.signer.sign(ctx, key, octets).await
    }

    async fn public_keys(
        &self,
        ctx: &Ctx<'_>,
        key: SigningKey,
    ) -> Result<Vec<PublicKey>, OutsideError> {
        self.signer.public_keys(ctx, key).await
    }
}

impl<L: Sealer, G: Signer, F: MetadataFetcher> MetadataFetcher for Parts<L, G, F> {
    async fn fetch(&self, ctx: &Ctx<'_>, url: &str) -> Result<Vec<u8>, FetchError> {
        self.fetcher.fetch(ctx, url).await
    }
}

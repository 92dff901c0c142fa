//! The attempt log.

use lychgate_core::{
    attempt::Attempt,
    ctx::Ctx,
    ids::{AttemptId, OrganizationId},
    ports::{Attempts, StoreError},
};

use crate::{
    Store,
    item::{Reader, attempt},
    keys,
    read::{Bound, Stretch},
};

impl Attempts for Store {
    async fn record_attempt(
        &self,
        _ctx: &Ctx<'_>,
        organization: &OrganizationId,
        attempt: &Attempt,
    ) {
        if let Err(error) = self.put(attempt::write(organization, attempt)).await {
            tracing::warn!(?error, "an attempt was not recorded");
        }
    }

    async fn attempt(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        id: AttemptId,
    ) -> Result<Option<Attempt>, StoreError> {
        match self.get(&keys::attempt(organization, id)).await? {
            Some(item) if !Reader::new("attempt", &item).is_over(ctx.now())? => {
                attempt::read(&item).map(Some)
            }
            _ => Ok(None),
        }
    }

    async fn attempts_before(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: Option<AttemptId>,
        limit: u32,
    ) -> Result<Vec<Attempt>, StoreError> {
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut stretch = Stretch {
            pk: keys::attempts(organization),
            bound: before.map_or(Bound::Last, |id| Bound::Before(id.to_string())),
            consistent: true,
            limit: Some(limit),
        };
        let mut attempts = Vec::new();
        while attempts.len() < wanted {
            let page = self.page(&stretch).await?;
            for item in &page.items {
                // Newest first: what comes after one that has ended has ended too.
                if Reader::new("attempt", item).is_over(ctx.now())? || attempts.len() == wanted {
                    return Ok(attempts);
                }
                attempts.push(attempt::read(item)?);
            }
            match page.next {
                None => break,
                Some(next) => stretch.bound = Bound::Before(next),
            }
        }
        Ok(attempts)
    }
}

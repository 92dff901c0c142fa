//! The operator's applications.

use lychgate_core::{
    application::Application,
    ctx::Ctx,
    ids::ApplicationId,
    ports::{Applications, CommitError, StoreError},
};

use crate::{Store, item::application, keys, write::Expected};

/// How many applications one answer brings.
const APPLICATIONS_PER_PAGE: u32 = 100;

impl Applications for Store {
    async fn application(
        &self,
        _ctx: &Ctx<'_>,
        id: &ApplicationId,
    ) -> Result<Option<Application>, StoreError> {
        let item = self.get(&keys::application(id)).await?;
        item.as_ref().map(application::read).transpose()
    }

    async fn applications(&self, _ctx: &Ctx<'_>) -> Result<Vec<Application>, StoreError> {
        let mut all: Vec<Application> = Vec::new();
        loop {
            let pk = keys::APPLICATIONS.to_owned();
            let after = all.last().map(|last| last.id.bare().to_owned());
            let page = self
                .collect_after(pk, after, APPLICATIONS_PER_PAGE, true, |item| {
                    application::read(item).map(Some)
                })
                .await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    async fn put_application(
        &self,
        _ctx: &Ctx<'_>,
        before: Option<&Application>,
        after: &Application,
    ) -> Result<(), CommitError> {
        let expected = Expected::from_read(before.map(|before| before.version));
        self.put_or_stale(application::write(after), expected).await
    }

    async fn delete_application(
        &self,
        ctx: &Ctx<'_>,
        id: &ApplicationId,
    ) -> Result<bool, StoreError> {
        self.take_away(&keys::application(id), ctx.now()).await
    }
}

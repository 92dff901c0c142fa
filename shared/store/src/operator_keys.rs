//! Keys of the operator.

use aws_sdk_dynamodb::types::ReturnValue;
use lychgate_core::{
    ctx::Ctx,
    ids::OperatorKeyId,
    operator_key::OperatorKey,
    ports::{OperatorKeys, StoreError},
};

use crate::{
    Store,
    error::failed,
    item::{credential, key_item},
    keys,
};

/// How many keys one answer brings; there are a handful.
const KEYS_PER_PAGE: u32 = 100;

impl OperatorKeys for Store {
    async fn operator_key(
        &self,
        _ctx: &Ctx<'_>,
        id: &OperatorKeyId,
    ) -> Result<Option<OperatorKey>, StoreError> {
        let item = self.get(&keys::operator_key(id)).await?;
        item.as_ref().map(credential::read_operator_key).transpose()
    }

    async fn operator_keys(&self, _ctx: &Ctx<'_>) -> Result<Vec<OperatorKey>, StoreError> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let pk = keys::OPERATOR.to_owned();
            let page = self
                .collect_after(pk, after, KEYS_PER_PAGE, true, |item| {
                    credential::read_operator_key(item).map(Some)
                })
                .await?;
            let Some(last) = page.last() else {
                return Ok(all);
            };
            after = Some(keys::operator_key(&last.id).sk);
            all.extend(page);
        }
    }

    async fn put_operator_key(&self, _ctx: &Ctx<'_>, key: &OperatorKey) -> Result<(), StoreError> {
        self.put(credential::write_operator_key(key)).await
    }

    async fn delete_operator_key(
        &self,
        _ctx: &Ctx<'_>,
        id: &OperatorKeyId,
    ) -> Result<bool, StoreError> {
        let output = self
            .client
            .delete_item()
            .table_name(&*self.table)
            .set_key(Some(key_item(&keys::operator_key(id))))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(|error| failed("DeleteItem", &error))?;
        Ok(output.attributes.is_some_and(|item| !item.is_empty()))
    }
}

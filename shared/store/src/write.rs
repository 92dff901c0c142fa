//! Single writes under a condition, for what needs no transaction: half its price.

use aws_sdk_dynamodb::types::ReturnValue;
use lychgate_core::{
    ports::{CommitError, StoreError},
    time::Timestamp,
};

use crate::{
    Store,
    error::failed,
    item::{ENDS, Item, Reader, VERSION, instant, key_item, n},
    keys::Key,
    transact::Action,
    transact::Meaning,
};

/// What a write finds in its place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected {
    /// Nothing.
    Nothing,
    /// The item at this version.
    Version(u64),
    /// The item at this version, and its end has not come.
    Living(u64, Timestamp),
}

impl Expected {
    /// The item at the version that was read, or none.
    pub(crate) const fn from_read(version: Option<u64>) -> Self {
        match version {
            None => Self::Nothing,
            Some(version) => Self::Version(version),
        }
    }

    /// Puts an item in its place within a transaction.
    pub(crate) fn put(self, key: Key, item: Item, meaning: Meaning) -> Action {
        let action = Action::put(key, item);
        match self {
            Self::Nothing => action.when("attribute_not_exists(pk)", meaning),
            Self::Version(version) => action.when("v = :was", meaning).value(":was", n(version)),
            Self::Living(version, now) => action
                .when("v = :was AND e > :now", meaning)
                .value(":was", n(version))
                .value(":now", instant(now)),
        }
    }
}

impl Store {
    /// Writes an item where it finds what it expects; `false` when it does not.
    pub(crate) async fn put_if(&self, item: Item, expected: Expected) -> Result<bool, StoreError> {
        let put = self.client.put_item().table_name(&*self.table).set_item(Some(item));
        let put = match expected {
            Expected::Nothing => put.condition_expression("attribute_not_exists(pk)"),
            Expected::Version(version) => put
                .condition_expression("#v = :was")
                .expression_attribute_names("#v", VERSION)
                .expression_attribute_values(":was", n(version)),
            Expected::Living(version, now) => put
                .condition_expression("#v = :was AND #e > :now")
                .expression_attribute_names("#v", VERSION)
                .expression_attribute_names("#e", ENDS)
                .expression_attribute_values(":was", n(version))
                .expression_attribute_values(":now", instant(now)),
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(false)
            }
            Err(error) => Err(failed("PutItem", &error)),
        }
    }

    /// The same, where finding something else means that somebody was faster.
    pub(crate) async fn put_or_stale(
        &self,
        item: Item,
        expected: Expected,
    ) -> Result<(), CommitError> {
        if self.put_if(item, expected).await? { Ok(()) } else { Err(CommitError::Stale) }
    }

    /// Writes an item with a new random id. When it is there already it is our own, whose answer was lost; it is left as
    /// it is, for somebody may have changed it since.
    pub(crate) async fn put_new(&self, item: Item) -> Result<(), StoreError> {
        self.put_if(item, Expected::Nothing).await.map(|_| ())
    }

    /// Deletes an item; whether it was there and its end had not come.
    pub(crate) async fn take_away(&self, key: &Key, now: Timestamp) -> Result<bool, StoreError> {
        let output = self
            .client
            .delete_item()
            .table_name(&*self.table)
            .set_key(Some(key_item(key)))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(|error| failed("DeleteItem", &error))?;
        match output.attributes.filter(|item| !item.is_empty()) {
            None => Ok(false),
            Some(item) => Ok(!Reader::new("item", &item).is_over(now)?),
        }
    }
}

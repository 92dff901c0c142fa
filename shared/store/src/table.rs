//! Creates the table, for the local server and for tests only: behind the `local` feature, because on AWS the
//! template owns the table and no function may make one.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveSpecification,
};
use lychgate_core::ports::StoreError;

use crate::{
    Store,
    error::{failed, unbuildable},
    item::{PK, SK, TTL},
};

impl Store {
    /// Creates the table as the template does, unless it is there; but without its stream. Nobody reads one from the
    /// emulator, and there every write looks for the stream's highest number among all records that it has ever
    /// written, so that a first sync of 100,000 users would slow down to a crawl.
    ///
    /// # Errors
    /// Whatever the emulator says.
    pub async fn create_table(&self) -> Result<(), StoreError> {
        let attribute = |name: &str| {
            AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::S)
                .build()
                .map_err(|error| unbuildable(&error))
        };
        let key = |name: &str, kind: KeyType| {
            KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(kind)
                .build()
                .map_err(|error| unbuildable(&error))
        };
        let made = self
            .client
            .create_table()
            .table_name(&*self.table)
            .attribute_definitions(attribute(PK)?)
            .attribute_definitions(attribute(SK)?)
            .key_schema(key(PK, KeyType::Hash)?)
            .key_schema(key(SK, KeyType::Range)?)
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await;
        match made {
            Ok(_) => {}
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_resource_in_use_exception()) =>
            {
                return Ok(());
            }
            Err(error) => return Err(failed("CreateTable", &error)),
        }
        let ttl = TimeToLiveSpecification::builder()
            .enabled(true)
            .attribute_name(TTL)
            .build()
            .map_err(|error| unbuildable(&error))?;
        self.client
            .update_time_to_live()
            .table_name(&*self.table)
            .time_to_live_specification(ttl)
            .send()
            .await
            .map_err(|error| failed("UpdateTimeToLive", &error))?;
        Ok(())
    }
}

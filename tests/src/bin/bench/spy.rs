//! Sees what a store sends: the calls themselves, and the units that they consumed.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::{
    Client,
    config::{
        BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents,
        interceptors::{BeforeSerializationInterceptorContextMut, FinalizerInterceptorContextRef},
    },
    error::BoxError,
    operation::{
        batch_get_item::{BatchGetItemInput, BatchGetItemOutput},
        get_item::{GetItemInput, GetItemOutput},
        put_item::{PutItemInput, PutItemOutput},
        query::{QueryInput, QueryOutput},
        transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput},
    },
    types::{ConsumedCapacity, ReturnConsumedCapacity},
};
use aws_smithy_http_client::Builder;

/// A call as it was sent.
#[derive(Debug, Clone)]
pub(crate) enum Call {
    /// `GetItem`.
    Get(GetItemInput),
    /// `BatchGetItem`.
    Batch(BatchGetItemInput),
    /// `Query`.
    Query(QueryInput),
    /// `PutItem`.
    Put(PutItemInput),
    /// `TransactWriteItems`.
    Transact(TransactWriteItemsInput),
    /// Something that no operation of the bench should need.
    Other,
}

/// What was seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// The calls, in their order.
    pub(crate) calls: Vec<Call>,
    /// Read units.
    pub(crate) read: f64,
    /// Write units.
    pub(crate) written: f64,
}

/// The spy: give one clone to a client and keep the other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spy(Arc<Mutex<Seen>>);

impl Spy {
    /// What was seen since the last look.
    pub(crate) fn look(&self) -> Seen {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn with(&self, see: impl FnOnce(&mut Seen)) {
        see(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Intercept for Spy {
    fn name(&self) -> &'static str {
        "Spy"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        // The call is kept as it was sent without us.
        macro_rules! see {
            ($($type:ty => $call:expr),*) => {
                $(if let Some(input) = input.downcast_mut::<$type>() {
                    let call = $call(input.clone());
                    input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
                    self.with(|seen| seen.calls.push(call));
                    return Ok(());
                })*
            };
        }
        see!(
            GetItemInput => Call::Get,
            BatchGetItemInput => Call::Batch,
            QueryInput => Call::Query,
            PutItemInput => Call::Put,
            TransactWriteItemsInput => Call::Transact
        );
        self.with(|seen| seen.calls.push(Call::Other));
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Ok(output)) = context.output_or_error() else { return Ok(()) };
        let one = |capacity: &ConsumedCapacity| capacity.capacity_units().unwrap_or_default();
        let all = |many: &[ConsumedCapacity]| many.iter().map(one).sum::<f64>();
        let read = if let Some(output) = output.downcast_ref::<GetItemOutput>() {
            output.consumed_capacity().map(one)
        } else if let Some(output) = output.downcast_ref::<BatchGetItemOutput>() {
            Some(all(output.consumed_capacity()))
        } else {
            output
                .downcast_ref::<QueryOutput>()
                .and_then(|output| output.consumed_capacity().map(one))
        };
        let written = if let Some(output) = output.downcast_ref::<PutItemOutput>() {
            output.consumed_capacity().map(one)
        } else {
            output
                .downcast_ref::<TransactWriteItemsOutput>()
                .map(|output| all(output.consumed_capacity()))
        };
        self.with(|seen| {
            seen.read += read.unwrap_or_default();
            seen.written += written.unwrap_or_default();
        });
        Ok(())
    }
}

/// A client as anybody makes it, with the SDK's own defaults, and a spy if wanted.
pub(crate) fn client(url: &str, spy: Option<&Spy>) -> Client {
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .http_client(Builder::new().build_http())
        .endpoint_url(url);
    if let Some(spy) = spy {
        config = config.interceptor(spy.clone());
    }
    Client::from_conf(config.build())
}

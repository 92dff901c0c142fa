//! Sees every call of a client, counts its units, and breaks the one that a test names.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{
            AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextMut,
            BeforeSerializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
        },
    },
    error::BoxError,
    operation::{
        batch_get_item::{BatchGetItemInput, BatchGetItemOutput},
        delete_item::{DeleteItemInput, DeleteItemOutput},
        get_item::{GetItemInput, GetItemOutput},
        put_item::{PutItemInput, PutItemOutput},
        query::{QueryInput, QueryOutput},
        transact_get_items::{TransactGetItemsInput, TransactGetItemsOutput},
        transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput},
        update_item::{UpdateItemInput, UpdateItemOutput},
    },
    types::{ConsumedCapacity, ReturnConsumedCapacity},
};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::{
    body::SdkBody,
    config_bag::{Storable, StoreReplace},
};
use tokio::sync::Notify;

/// The header that tells the connector to refuse a transaction for this reason.
const REFUSED: &str = "x-test-refused";

/// What happens to the chosen write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is never sent.
    Before,
    /// It is done and the answer is lost.
    After,
    /// It is never sent, and nothing after it either: the process died.
    DieBefore,
    /// It is done, and nothing after it is sent: the process died.
    DieAfter,
    /// DynamoDB says that another transaction is in the way.
    Conflict,
    /// DynamoDB says that it is too much.
    Throttle,
    /// DynamoDB says that the first condition failed, and that another transaction holds the second item: it is
    /// half-way.
    HalfWay,
}

/// Read and write units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Units {
    pub(crate) read: f64,
    pub(crate) write: f64,
}

#[derive(Debug, Default)]
struct State {
    writes: usize,
    /// The write that is broken (counted from one), how, and how many from there on.
    fault: Option<(usize, usize, Fault)>,
    dead: bool,
    units: Units,
    sent: usize,
    sleep_at: Option<std::ops::Range<usize>>,
}

/// Sees every call.
#[derive(Debug, Default)]
pub(crate) struct Hook {
    state: Mutex<State>,
    asleep: Notify,
    wake: Notify,
}

impl Hook {
    /// Forgets everything.
    pub(crate) fn reset(&self) {
        *self.state.lock().unwrap() = State::default();
    }

    /// Breaks the `write`-th write from now, and those after it up to `count`.
    pub(crate) fn break_writes(&self, write: usize, count: usize, fault: Fault) {
        let mut state = self.state.lock().unwrap();
        *state = State { fault: Some((write, write + count, fault)), ..State::default() };
    }

    /// How many writes there were.
    pub(crate) fn writes(&self) -> usize {
        self.state.lock().unwrap().writes
    }

    /// The units since the last time.
    pub(crate) fn take_units(&self) -> Units {
        std::mem::take(&mut self.state.lock().unwrap().units)
    }
}

/// What befalls this very call.
#[derive(Debug, Clone, Copy)]
struct Fate(Fault);

impl Storable for Fate {
    type Storer = StoreReplace<Self>;
}

/// A hook as the SDK takes it.
#[derive(Debug)]
pub(crate) struct Shared(pub(crate) Arc<Hook>);

macro_rules! ask_for_units {
    ($input:expr, $($kind:ty),*) => {
        $(if let Some(input) = $input.downcast_mut::<$kind>() {
            input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
        })*
    };
}

macro_rules! units {
    ($output:expr, $($kind:ty),*) => {{
        let mut found: Vec<(ConsumedCapacity, bool)> = Vec::new();
        $(if let Some(output) = $output.downcast_ref::<$kind>() {
            found.extend(output.consumed_capacity.clone().map(|units| (units, stringify!($kind) == "PutItemOutput" || stringify!($kind) == "DeleteItemOutput" || stringify!($kind) == "UpdateItemOutput")));
        })*
        found
    }};
}

impl Intercept for Shared {
    fn name(&self) -> &'static str {
        "hook"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        ask_for_units!(
            input,
            GetItemInput,
            BatchGetItemInput,
            QueryInput,
            TransactGetItemsInput,
            PutItemInput,
            DeleteItemInput,
            UpdateItemInput,
            TransactWriteItemsInput
        );
        let is_write = input.downcast_ref::<TransactWriteItemsInput>().is_some()
            || input.downcast_ref::<PutItemInput>().is_some()
            || input.downcast_ref::<DeleteItemInput>().is_some()
            || input.downcast_ref::<UpdateItemInput>().is_some();
        let mut state = self.0.state.lock().unwrap();
        if state.dead {
            return Err("the process is dead".into());
        }
        if !is_write {
            return Ok(());
        }
        state.writes += 1;
        let Some((first, end, fault)) = state.fault else {
            return Ok(());
        };
        if !(first..end).contains(&state.writes) {
            return Ok(());
        }
        state.dead = matches!(fault, Fault::DieBefore | Fault::DieAfter);
        drop(state);
        match fault {
            Fault::Before | Fault::DieBefore => Err("not sent".into()),
            _ => {
                cfg.interceptor_state().store_put(Fate(fault));
                Ok(())
            }
        }
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let reason = match cfg.load::<Fate>() {
            Some(Fate(Fault::Conflict)) => "TransactionConflict",
            Some(Fate(Fault::Throttle)) => "ThrottlingError",
            Some(Fate(Fault::HalfWay)) => "ConditionalCheckFailed,TransactionConflict",
            _ => return Ok(()),
        };
        // For the connector, which answers it without asking the emulator.
        context.request_mut().headers_mut().insert(REFUSED, reason);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        _context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match cfg.load::<Fate>() {
            Some(Fate(Fault::After | Fault::DieAfter)) => Err("the answer is lost".into()),
            _ => Ok(()),
        }
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(output) = context.output_or_error() else {
            return Ok(());
        };
        let mut state = self.0.state.lock().unwrap();
        for (units, is_write) in units!(
            output,
            GetItemOutput,
            QueryOutput,
            PutItemOutput,
            DeleteItemOutput,
            UpdateItemOutput
        ) {
            let units = units.capacity_units.unwrap_or_default();
            if is_write {
                state.units.write += units;
            } else {
                state.units.read += units;
            }
        }
        if let Some(output) = output.downcast_ref::<BatchGetItemOutput>() {
            for units in output.consumed_capacity() {
                state.units.read += units.capacity_units.unwrap_or_default();
            }
        }
        if let Some(output) = output.downcast_ref::<TransactGetItemsOutput>() {
            for units in output.consumed_capacity() {
                state.units.read += units.capacity_units.unwrap_or_default();
            }
        }
        if let Some(output) = output.downcast_ref::<TransactWriteItemsOutput>() {
            for units in output.consumed_capacity() {
                state.units.write += units.capacity_units.unwrap_or_default();
            }
        }
        Ok(())
    }
}

impl Hook {
    /// Lets the `write`-th write from now fall asleep before it is sent.
    pub(crate) fn sleep_at(&self, write: usize) {
        self.state.lock().unwrap().sleep_at = Some(write..write + 1);
    }

    /// Lets every write fall asleep before it is sent.
    pub(crate) fn sleep_at_all(&self) {
        self.state.lock().unwrap().sleep_at = Some(0..usize::MAX);
    }

    /// Waits until a write sleeps.
    pub(crate) async fn asleep(&self) {
        self.asleep.notified().await;
    }

    /// Wakes it.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    fn sleeps_now(&self, request: &HttpRequest) -> bool {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        if !target.ends_with("TransactWriteItems") {
            return false;
        }
        let mut state = self.state.lock().unwrap();
        state.sent += 1;
        let sent = state.sent;
        state.sleep_at.as_ref().is_some_and(|range| range.contains(&sent))
    }
}

/// An HTTP client whose requests can fall asleep.
#[derive(Debug)]
pub(crate) struct Sleepy {
    pub(crate) hook: Arc<Hook>,
    pub(crate) client: SharedHttpClient,
}

impl HttpClient for Sleepy {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(SleepyConnector {
            hook: Arc::clone(&self.hook),
            connector: self.client.http_connector(settings, components),
        })
    }
}

#[derive(Debug)]
struct SleepyConnector {
    hook: Arc<Hook>,
    connector: SharedHttpConnector,
}

impl HttpConnector for SleepyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (hook, connector) = (Arc::clone(&self.hook), self.connector.clone());
        HttpConnectorFuture::new(async move {
            if let Some(reason) = request.headers().get(REFUSED) {
                let reasons: Vec<String> = reason
                    .split(',')
                    .map(|code| format!(r#"{{"Code":"{code}","Message":"Again"}}"#))
                    .collect();
                let reasons = reasons.join(",");
                let body = format!(
                    r#"{{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                    "Message":"Transaction cancelled [{reason}]",
                    "CancellationReasons":[{reasons}]}}"#
                );
                let status = 400.try_into().unwrap();
                return Ok(HttpResponse::new(status, SdkBody::from(body)));
            }
            if hook.sleeps_now(&request) {
                hook.asleep.notify_one();
                hook.wake.notified().await;
            }
            connector.call(request).await
        })
    }
}

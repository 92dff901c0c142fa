//! What the clients of KMS and SES have in common: how long to wait, and what is said of a failure.

use std::time::Duration;

use aws_config::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_smithy_types::error::{display::DisplayErrorContext, metadata::ProvideErrorMetadata};
use lychgate_core::ports::outside::OutsideError;

use crate::outside;

/// The longest that one call may take with all its attempts, in milliseconds.
pub const OPERATION_TIMEOUT_MILLIS: u64 = 5_000;
/// The longest that one attempt may take, in milliseconds.
pub const ATTEMPT_TIMEOUT_MILLIS: u64 = 2_000;
/// The longest that a connection may take to be made, in milliseconds.
pub const CONNECT_TIMEOUT_MILLIS: u64 = 1_000;
/// How often one call is sent at most.
pub const ATTEMPTS_MAX: u32 = 3;
/// The first wait between two attempts, in milliseconds.
const BACKOFF_MILLIS: u64 = 25;

/// How long anything may take.
pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(CONNECT_TIMEOUT_MILLIS))
        .operation_attempt_timeout(Duration::from_millis(ATTEMPT_TIMEOUT_MILLIS))
        .operation_timeout(Duration::from_millis(OPERATION_TIMEOUT_MILLIS))
        .build()
}

/// How often anything is tried.
pub(crate) fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS_MAX)
        .with_initial_backoff(Duration::from_millis(BACKOFF_MILLIS))
}

/// A failed call, for the log. Only the code where the service answered: its own words can hold somebody's address.
pub(crate) fn failed<E>(operation: &str, error: &E) -> OutsideError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.code() {
        Some(code) => outside(format!("{operation}: {code}")),
        None => outside(format!("{operation}: {}", DisplayErrorContext(error))),
    }
}

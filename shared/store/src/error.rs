//! What DynamoDB's failures mean to us.

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use lychgate_core::ports::StoreError;

/// After how many seconds a throttled caller may come again.
pub(crate) const THROTTLED_RETRY_SECS: u32 = 1;

const THROTTLED: &[&str] = &[
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionInProgressException",
];

/// The store was asked for less.
pub(crate) const fn throttled() -> StoreError {
    StoreError::Throttled { retry_after_secs: THROTTLED_RETRY_SECS }
}

/// A failed call as an error of the port. Neither what was sent nor what DynamoDB said of it is in the text: it
/// would be people's data.
pub(crate) fn failed<E, R>(operation: &'static str, error: &SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    match error {
        SdkError::ServiceError(service) => {
            let code = service.err().code().unwrap_or("no code");
            if THROTTLED.contains(&code) {
                return throttled();
            }
            // Only the code: DynamoDB's own words can hold a key, and so somebody's address.
            StoreError::Unavailable(format!("{operation}: {code}"))
        }
        _ => StoreError::Unavailable(format!("{operation}: {}", DisplayErrorContext(error))),
    }
}

/// A request that could not be built: a defect of this crate.
pub(crate) fn unbuildable(error: &impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("a request could not be built: {error}"))
}

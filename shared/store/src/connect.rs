//! Builds the client: which host, which roots of trust, how long to wait.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::Client;
use lychgate_aws::{Tls, access};

use crate::Store;

/// The longest that one call may take with all its attempts, in milliseconds.
///
/// An event's id is made from the clock when its transaction is sent, so an event can appear at most this
/// much after its own time (and two clocks' difference): who follows the history keeps that distance.
pub const OPERATION_TIMEOUT_MILLIS: u64 = 5_000;
/// The longest that one attempt may take, in milliseconds.
pub const ATTEMPT_TIMEOUT_MILLIS: u64 = 1_800;
/// The longest that a connection may take to be made, in milliseconds.
pub const CONNECT_TIMEOUT_MILLIS: u64 = 1_000;
/// How often one call is sent at most. Attempts of one transaction carry the same token, so that an answer
/// that was lost is asked for again and nothing happens twice.
pub const ATTEMPTS_MAX: u32 = 3;
/// The first wait between two attempts, in milliseconds.
const BACKOFF_MILLIS: u64 = 25;

/// Which table, and how to reach it.
#[derive(Debug, Clone)]
pub struct Config {
    /// The table's name.
    pub table: String,
    /// Another address than AWS's own. With `http://` there is no encryption, so a made-up credential is
    /// sent instead of a real one: for an emulator on the same machine.
    pub endpoint_url: Option<String>,
    /// What the encryption on the way to DynamoDB stands on.
    pub tls: Tls,
}

/// Connects. Nothing is sent before the first call. Region and credentials come from the environment, as Lambda sets them.
///
/// # Errors
/// A text for the operator when the client cannot be configured.
pub async fn connect(config: Config) -> Result<Store, String> {
    let local = config.endpoint_url.as_deref().is_some_and(|url| url.starts_with("http://"));
    let access = access(config.endpoint_url.as_deref(), config.tls)?;
    let region = if local {
        // Any would do; one that the SDK's endpoint rules know spares them a search with regular expressions.
        Region::from_static("us-east-1")
    } else {
        let region = lychgate_aws::region().await;
        Region::new(region.ok_or("AWS_REGION must be set to the table's region")?)
    };
    let mut client = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .timeout_config(timeouts())
        .retry_config(retries())
        .http_client(access.http_client)
        .credentials_provider(access.credentials)
        .region(region);
    if let Some(url) = config.endpoint_url {
        client = client.endpoint_url(url);
    }
    Ok(Store::new(Client::from_conf(client.build()), config.table))
}

/// How long anything may take.
#[must_use]
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(CONNECT_TIMEOUT_MILLIS))
        .operation_attempt_timeout(Duration::from_millis(ATTEMPT_TIMEOUT_MILLIS))
        .operation_timeout(Duration::from_millis(OPERATION_TIMEOUT_MILLIS))
        .build()
}

/// How often anything is tried.
#[must_use]
pub fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS_MAX)
        .with_initial_backoff(Duration::from_millis(BACKOFF_MILLIS))
}

//! Builds the client: which host, which roots of trust, how long to wait.

use std::time::Duration;

use aws_config::{
    BehaviorVersion, Region,
    environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider},
    meta::region::ProvideRegion,
    retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_sdk_dynamodb::{Client, config::Credentials};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};

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

/// The roots that DynamoDB's certificates chain up to. Reading the system's whole bundle costs more than all
/// the rest of a cold start.
const ROOTS: [&[u8]; 5] = [
    include_bytes!("../../roots/Amazon_Root_CA_1.pem"),
    include_bytes!("../../roots/Amazon_Root_CA_2.pem"),
    include_bytes!("../../roots/Amazon_Root_CA_3.pem"),
    include_bytes!("../../roots/Amazon_Root_CA_4.pem"),
    include_bytes!("../../roots/Starfield_Services_Root_CA_G2.pem"),
];

/// Which table, and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table's name.
    pub table: String,
    /// Another address than AWS's own. With `http://` there is no encryption, so a made-up credential is
    /// sent instead of a real one: for an emulator on the same machine.
    pub endpoint_url: Option<String>,
}

/// Connects. Nothing is sent before the first call.
///
/// Region and credentials come from the environment, as Lambda sets them. The client is made by hand rather than by
/// `aws_config`'s loader: that one also looks for profiles and containers, and every binary would hold them.
///
/// # Errors
/// A text for the operator when the client cannot be configured.
pub async fn connect(config: Config) -> Result<Store, String> {
    let local = config.endpoint_url.as_deref().is_some_and(|url| url.starts_with("http://"));
    let mut client = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .timeout_config(timeouts())
        .retry_config(retries());
    client = if local {
        client
            .http_client(Builder::new().build_http())
            // Any would do; one that the SDK's endpoint rules know spares them a search with regular expressions.
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "local"))
    } else {
        let region = EnvironmentVariableRegionProvider::new().region().await;
        client
            .http_client(https()?)
            .region(region.ok_or("AWS_REGION must be set to the table's region")?)
            .credentials_provider(EnvironmentVariableCredentialsProvider::new())
    };
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

fn https() -> Result<aws_sdk_dynamodb::config::SharedHttpClient, String> {
    let roots = ROOTS.into_iter().fold(TrustStore::empty(), TrustStore::with_pem_certificate);
    let context = TlsContext::builder()
        .with_trust_store(roots)
        .build()
        .map_err(|error| format!("the roots of trust cannot be read: {error}"))?;
    Ok(Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https())
}

//! What the clients of AWS have in common: which host, which roots of trust, how long to wait.

use std::{sync::OnceLock, time::Duration};

use aws_config::{
    Region,
    environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider},
    meta::region::ProvideRegion,
    retry::RetryConfig,
    timeout::TimeoutConfig,
};
use aws_sdk_kms::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
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

/// The roots that the certificates of KMS and SES chain up to, as DynamoDB's do.
const ROOTS: [&[u8]; 5] = [
    include_bytes!("../../roots/Amazon_Root_CA_1.pem"),
    include_bytes!("../../roots/Amazon_Root_CA_2.pem"),
    include_bytes!("../../roots/Amazon_Root_CA_3.pem"),
    include_bytes!("../../roots/Amazon_Root_CA_4.pem"),
    include_bytes!("../../roots/Starfield_Services_Root_CA_G2.pem"),
];

/// One for the process: every adapter shares its connections, and the roots are read once.
static HTTPS: OnceLock<SharedHttpClient> = OnceLock::new();

/// What a client is made of.
pub(crate) struct Access {
    pub(crate) http_client: SharedHttpClient,
    pub(crate) region: Region,
    pub(crate) credentials: SharedCredentialsProvider,
}

/// The way to a service in this region, or to an emulator.
///
/// The credentials come from the environment, as Lambda sets them. The client is made by hand rather than by
/// `aws_config`'s loader: that one also looks for profiles and containers, and every binary would hold them.
pub(crate) fn access(endpoint_url: Option<&str>, region: &str) -> Result<Access, OutsideError> {
    if endpoint_url.is_some_and(|url| url.starts_with("http://")) {
        let made_up = Credentials::new("local", "local", None, None, "local");
        return Ok(Access {
            http_client: Builder::new().build_http(),
            region: Region::new(region.to_owned()),
            credentials: SharedCredentialsProvider::new(made_up),
        });
    }
    Ok(Access {
        http_client: https()?,
        region: Region::new(region.to_owned()),
        credentials: SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()),
    })
}

/// The region that the environment names.
pub(crate) async fn region() -> Option<String> {
    let region = EnvironmentVariableRegionProvider::new().region().await;
    region.map(|region| region.to_string())
}

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

fn https() -> Result<SharedHttpClient, OutsideError> {
    if let Some(client) = HTTPS.get() {
        return Ok(client.clone());
    }
    let roots = ROOTS.into_iter().fold(TrustStore::empty(), TrustStore::with_pem_certificate);
    let context = TlsContext::builder()
        .with_trust_store(roots)
        .build()
        .map_err(|error| outside(format!("the roots of trust cannot be read: {error}")))?;
    let client = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(context)
        .build_https();
    Ok(HTTPS.get_or_init(|| client).clone())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roots_can_be_read_and_are_read_once() {
        assert!(access(None, "eu-central-1").is_ok());
        assert!(HTTPS.get().is_some());
    }
}

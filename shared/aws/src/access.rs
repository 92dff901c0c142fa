//! With which credentials, and through which client.

use std::sync::OnceLock;

use aws_config::{
    environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider},
    meta::region::ProvideRegion as _,
};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::{
    client,
    tls::{Tls, amazon},
};

/// One for the process: every adapter shares its connections, and the roots are read once.
static HTTPS: OnceLock<SharedHttpClient> = OnceLock::new();

/// What an SDK's client is made of, the region apart.
#[derive(Debug, Clone)]
pub struct Access {
    /// Sends the requests.
    pub http_client: SharedHttpClient,
    /// Signs them.
    pub credentials: SharedCredentialsProvider,
}

/// The way to services of AWS, or to an emulator. Nothing is sent before the first call.
///
/// The credentials come from the environment, as Lambda sets them. An SDK's client is made by hand rather than by
/// `aws_config`'s loader: that one also looks for profiles and containers, and every binary would hold them. With
/// `http://` there is no encryption, so a made-up credential is sent instead of a real one: for an emulator on the same
/// machine.
///
/// # Errors
/// A text for the operator when TLS cannot be set up.
pub fn access(endpoint_url: Option<&str>, tls: Tls) -> Result<Access, String> {
    if endpoint_url.is_some_and(|url| url.starts_with("http://")) {
        let made_up = Credentials::new("local", "local", None, None, "local");
        let credentials = SharedCredentialsProvider::new(made_up);
        return Ok(Access { http_client: client::plain(), credentials });
    }
    Ok(Access {
        http_client: https(tls)?,
        credentials: SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()),
    })
}

/// The region that the environment names.
pub async fn region() -> Option<String> {
    let region = EnvironmentVariableRegionProvider::new().region().await;
    region.map(|region| region.to_string())
}

fn https(tls: Tls) -> Result<SharedHttpClient, String> {
    if let Some(client) = HTTPS.get() {
        return Ok(client.clone());
    }
    let client = client::secure(tls.config(amazon()?)?);
    Ok(HTTPS.get_or_init(|| client).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roots_are_read_once() {
        assert!(access(Some("http://127.0.0.1:1"), Tls::RING).is_ok());
        assert!(HTTPS.get().is_none());
        assert!(access(None, Tls::RING).is_ok());
        assert!(HTTPS.get().is_some());
    }
}

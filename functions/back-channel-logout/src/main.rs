//! The `back-channel-logout` function.

use std::process::ExitCode;

use back_channel_logout::Follower;
use lychgate_aws::Tls;
use lychgate_outbound::{
    Endpoints, signer,
    web::{Reach, WebClient},
};
use lychgate_store::{Config, connect};

fn main() -> ExitCode {
    lychgate_edge::run::streamed(async |config, stack| {
        let endpoints = Endpoints { kms: config.kms_url.clone(), ..Endpoints::with(Tls::AWS_LC) };
        let signer = signer(config.oidc_keys.as_deref(), None, &endpoints)?;
        let store = connect(Config {
            table: config.table()?.to_owned(),
            endpoint_url: config.endpoint_url.clone(),
            tls: Tls::AWS_LC,
        });
        let base_url = config.base_url.clone().ok_or(lychgate_edge::config::ConfigError {
            variable: lychgate_edge::config::BASE_URL,
            what: "must be set: it is the issuer of logout tokens".to_owned(),
        })?;
        let notifier = WebClient::new(Reach::Public, Tls::AWS_LC).map_err(|error| error.private)?;
        let follower = Follower { stack, base_url, store: store.await?, signer, notifier };
        Ok(async move |event, request_id: String, deadline| {
            Ok(follower.run(&event, &request_id, deadline).await)
        })
    })
}

//! The `metadata-refresh` function.

use std::process::ExitCode;

use lychgate_aws::Tls;
use lychgate_core::idp::Rules;
use lychgate_outbound::web::{Reach, WebClient};
use lychgate_store::{Config, connect};

fn main() -> ExitCode {
    lychgate_edge::run::scheduled(async |config, stack| {
        let store = connect(Config {
            table: config.table()?.to_owned(),
            endpoint_url: config.endpoint_url.clone(),
            tls: Tls::AWS_LC,
        });
        let store = store.await?;
        let fetcher = WebClient::new(Reach::Public, Tls::AWS_LC).map_err(|error| error.private)?;
        let rules = Rules::default();
        Ok(async move |request_id: String, deadline| {
            metadata_refresh::run(&stack, &store, &fetcher, &rules, &request_id, deadline).await
        })
    })
}

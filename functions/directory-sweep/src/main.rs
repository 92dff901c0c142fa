//! The `directory-sweep` function.

use std::process::ExitCode;

use lychgate_aws::Tls;
use lychgate_store::{Config, connect};

fn main() -> ExitCode {
    lychgate_edge::run::scheduled(async |config, stack| {
        let store = connect(Config {
            table: config.table()?.to_owned(),
            endpoint_url: config.endpoint_url.clone(),
            tls: Tls::RING,
        });
        let store = store.await?;
        Ok(async move |request_id: String, deadline| {
            directory_sweep::run(&stack, &store, &request_id, deadline).await
        })
    })
}

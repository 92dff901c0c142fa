//! The `saml-metadata` function.

use std::process::ExitCode;

use lychgate_aws::Tls;
use lychgate_store::{Config, connect};

fn main() -> ExitCode {
    lychgate_edge::run::main(async |config, stack| {
        let store = connect(Config {
            table: config.table()?.to_owned(),
            endpoint_url: config.endpoint_url.clone(),
            tls: Tls::RING,
        });
        Ok(saml_metadata::handler(stack, store.await?))
    })
}

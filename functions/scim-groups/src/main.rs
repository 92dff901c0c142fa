//! The `scim-groups` function.

use std::process::ExitCode;

use lychgate_store::{Config, CredentialSource, connect};

fn main() -> ExitCode {
    lychgate_edge::run::main(async |config, stack| {
        let store = connect(Config {
            table: config.table()?.to_owned(),
            endpoint_url: config.endpoint_url.clone(),
            credentials: CredentialSource::Environment,
        });
        Ok(scim_groups::handler(stack, store.await?))
    })
}

//! The `saml-init` function.

use std::process::ExitCode;

use lychgate_aws::Tls;
use lychgate_outbound::{Endpoints, signer};
use lychgate_store::{Config, connect};

fn main() -> ExitCode {
    lychgate_edge::run::main(async |config, stack| {
        let endpoints = Endpoints { kms: config.kms_url.clone(), ..Endpoints::with(Tls::AWS_LC) };
        let signer = signer(None, config.saml_key.as_deref(), &endpoints)?;
        let store = connect(Config {
            table: config.table()?.to_owned(),
            endpoint_url: config.endpoint_url.clone(),
            tls: Tls::AWS_LC,
        });
        Ok(saml_init::handler(stack, store.await?, signer))
    })
}

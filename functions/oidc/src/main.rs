//! The `oidc` function.

use std::process::ExitCode;

use lychgate_aws::Tls;
use lychgate_outbound::{Endpoints, signer};
use lychgate_store::{Config, connect};

fn main() -> ExitCode {
    lychgate_edge::run::main(async |config, stack| {
        let endpoints = Endpoints { kms: config.kms_url.clone(), ..Endpoints::with(Tls::AWS_LC) };
        let (oidc_keys, saml_key) = (config.oidc_keys.as_deref(), config.saml_key.as_deref());
        let signer = signer(oidc_keys, saml_key, &endpoints)?;
        let store = connect(Config {
            table: config.table()?.to_owned(),
            endpoint_url: config.endpoint_url.clone(),
            tls: Tls::AWS_LC,
        });
        Ok(oidc::handler(stack, store.await?, signer))
    })
}

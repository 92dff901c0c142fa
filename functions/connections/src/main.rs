//! The `connections` function: routes of the operator's API that set sign-in up.

use std::process::ExitCode;

use lychgate_aws::Tls;
use lychgate_core::idp::Rules;
use lychgate_outbound::{
    Endpoints, sealer, signer,
    web::{Reach, WebClient},
};
use lychgate_store::{Config, connect};
use operator::{
    Parts,
    setup::{self, Settings},
};

fn main() -> ExitCode {
    lychgate_edge::run::main(async |config, stack| {
        let endpoints = Endpoints { kms: config.kms_url.clone(), ..Endpoints::with(Tls::AWS_LC) };
        let outside = Parts {
            sealer: sealer(config.seal_key.as_deref(), &endpoints)?,
            signer: signer(None, config.saml_key.as_deref(), &endpoints)?,
            fetcher: WebClient::new(Reach::Public, Tls::AWS_LC).map_err(|error| error.private)?,
        };
        let settings = Settings { bootstrap: config.operator_key_hash, rules: Rules::default() };
        let store = connect(Config {
            table: config.table()?.to_owned(),
            endpoint_url: config.endpoint_url.clone(),
            tls: Tls::AWS_LC,
        });
        Ok(setup::handler(stack, store.await?, outside, settings))
    })
}

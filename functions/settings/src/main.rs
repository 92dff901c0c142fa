//! The `settings` function.

use std::process::ExitCode;

use lychgate_aws::Tls;
use lychgate_core::{idp::Rules, ports::outside_parts::Parts};
use lychgate_outbound::{
    Endpoints, sealer, signer,
    web::{Reach, WebClient},
};
use lychgate_store::{Config, connect};

fn main() -> ExitCode {
    lychgate_edge::run::main(async |config, stack| {
        let endpoints = Endpoints { kms: config.kms_url.clone(), ..Endpoints::with(Tls::AWS_LC) };
        let outside = Parts {
            sealer: sealer(config.seal_key.as_deref(), &endpoints)?,
            signer: signer(None, config.saml_key.as_deref(), &endpoints)?,
            fetcher: WebClient::new(Reach::Public, Tls::AWS_LC).map_err(|error| error.private)?,
        };
        let store = connect(Config {
            table: config.table()?.to_owned(),
            endpoint_url: config.endpoint_url.clone(),
            tls: Tls::AWS_LC,
        });
        Ok(settings::handler(stack, store.await?, outside, Rules::default()))
    })
}

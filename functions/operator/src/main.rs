//! The `operator` function.

use std::process::ExitCode;

use lychgate_aws::Tls;
use lychgate_outbound::{Endpoints, mailer};
use lychgate_store::{Config, connect};

fn main() -> ExitCode {
    lychgate_edge::run::main(async |config, stack| {
        let endpoints = Endpoints { sesv2: config.sesv2_url.clone(), ..Endpoints::with(Tls::RING) };
        let mail = match config.mail.as_deref() {
            Some(text) => Some(mailer(Some(text), &endpoints).await?),
            None => None,
        };
        let store = connect(Config {
            table: config.table()?.to_owned(),
            endpoint_url: config.endpoint_url.clone(),
            tls: Tls::RING,
        });
        Ok(operator::handler(stack, store.await?, config.operator_key_hash, mail))
    })
}

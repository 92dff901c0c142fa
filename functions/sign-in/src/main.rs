//! The `sign-in` function.

use std::process::ExitCode;

use lychgate_aws::Tls;
use lychgate_outbound::{Endpoints, mailer, signer};
use lychgate_store::{Config, connect};

fn main() -> ExitCode {
    lychgate_edge::run::main(async |config, stack| {
        let endpoints = Endpoints {
            kms: config.kms_url.clone(),
            sesv2: config.sesv2_url.clone(),
            tls: Tls::AWS_LC,
        };
        let mail = match config.mail.as_deref() {
            Some(text) => Some(mailer(Some(text), &endpoints).await?),
            None => None,
        };
        let store = connect(Config {
            table: config.table()?.to_owned(),
            endpoint_url: config.endpoint_url.clone(),
            tls: Tls::AWS_LC,
        });
        let signer = signer(None, config.saml_key.as_deref(), &endpoints)?;
        Ok(sign_in::handler(stack, store.await?, signer, mail))
    })
}

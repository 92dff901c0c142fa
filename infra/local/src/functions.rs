//! Who answers: the handlers in this process, or the real binaries under a Runtime API.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use lychgate_aws::Tls;
use lychgate_core::idp::Rules;
use lychgate_core::ports::outside_parts::Parts;
use lychgate_edge::{
    config::Config,
    event::{Event, EventReply},
    handler::{Handler, Stack},
    invoke,
    request::Arrival,
};
use lychgate_outbound::{
    ConfigError, Endpoints,
    web::{Reach, WebClient},
};
use lychgate_store::Store;
use operator::setup::Settings;

use crate::{Error, runtime_api::Process};

/// The functions of the stack, by the names of the route table.
pub enum Functions {
    /// Handlers in this process.
    Here(BTreeMap<&'static str, Arc<dyn Handler>>),
    /// `bootstrap` binaries.
    Processes(BTreeMap<&'static str, Process>),
}

impl Functions {
    /// The handlers, on this store.
    ///
    /// # Errors
    /// A sentence when the keys or the mail folder cannot be opened.
    pub async fn here(stack: &Stack, store: &Store, config: &Config) -> Result<Self, Error> {
        let ends = Endpoints {
            kms: config.kms_url.clone(),
            sesv2: config.sesv2_url.clone(),
            tls: Tls::RING,
        };
        let (oidc_keys, saml_key) = (config.oidc_keys.as_deref(), config.saml_key.as_deref());
        let failed = |error: ConfigError| Error::new(format!("{error}."));
        let signer = || lychgate_outbound::signer(oidc_keys, saml_key, &ends).map_err(failed);
        let opener =
            lychgate_outbound::opener(config.seal_key.as_deref(), &ends).map_err(failed)?;
        let mailer =
            async || lychgate_outbound::mailer(config.mail.as_deref(), &ends).await.map_err(failed);
        let outside = || -> Result<_, Error> {
            let fetcher = WebClient::new(Reach::PublicAndThisMachine, Tls::RING);
            let sealer = lychgate_outbound::sealer(config.seal_key.as_deref(), &ends);
            Ok(Parts {
                sealer: sealer.map_err(failed)?,
                signer: signer()?,
                fetcher: fetcher.map_err(|error| Error::new(error.private))?,
            })
        };
        let rules = Rules { allow_loopback_http: true };
        let for_operator = Settings { bootstrap: config.operator_key_hash, rules };
        let (stack, store) = (|| stack.clone(), || store.clone());
        let handlers: [Arc<dyn Handler>; 15] = [
            Arc::new(scim_users::handler(stack(), store())),
            Arc::new(scim_groups::handler(stack(), store())),
            Arc::new(scim_bulk::handler(stack(), store())),
            Arc::new(scim_discovery::handler(stack())),
            Arc::new(oauth_token::handler(stack(), store())),
            Arc::new(operator::handler(
                stack(),
                store(),
                config.operator_key_hash,
                Some(mailer().await?),
            )),
            Arc::new(operator::setup::handler(stack(), store(), outside()?, for_operator)),
            Arc::new(settings::handler(stack(), store(), outside()?, rules)),
            Arc::new(settings_members::handler(stack(), store())),
            Arc::new(saml_init::handler(stack(), store(), signer()?)),
            Arc::new(saml_acs::handler(stack(), store(), opener)),
            Arc::new(saml_metadata::handler(stack(), store())),
            Arc::new(saml_logout::handler(stack(), store(), signer()?)),
            Arc::new(sign_in::handler(stack(), store(), signer()?, Some(mailer().await?))),
            Arc::new(oidc::handler(stack(), store(), signer()?)),
        ];
        Ok(Self::Here(handlers.into_iter().map(|handler| (handler.function(), handler)).collect()))
    }

    /// The binaries of this folder.
    ///
    /// # Errors
    /// A sentence when one is not there or does not start.
    pub async fn processes(folder: &Path, config: &Config) -> Result<Self, Error> {
        let mut processes = BTreeMap::new();
        for route in lychgate_edge::routes::ROUTES {
            if !processes.contains_key(route.function) {
                let process = Process::start(folder, route.function, config).await?;
                processes.insert(route.function, process);
            }
        }
        Ok(Self::Processes(processes))
    }

    /// Hands an event to a function.
    ///
    /// # Errors
    /// For the log: the function is not there, or failed as a whole.
    pub async fn invoke(
        &self,
        function: &'static str,
        event: Event,
        arrival: &Arrival<'_>,
    ) -> Result<EventReply, String> {
        let missing = || format!("there is no function {function}");
        match self {
            Self::Here(handlers) => {
                let handler = handlers.get(function).ok_or_else(missing)?;
                Ok(invoke::respond(handler.as_ref(), event, arrival).await)
            }
            Self::Processes(processes) => {
                let process = processes.get(function).ok_or_else(missing)?;
                process.invoke(&event, arrival).await
            }
        }
    }

    /// Ends the processes, if there are any.
    pub async fn stop(&self) {
        if let Self::Processes(processes) = self {
            for process in processes.values() {
                process.stop().await;
            }
        }
    }
}

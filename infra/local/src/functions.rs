//! Who answers: the handlers in this process, or the real binaries under a Runtime API.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use lychgate_edge::{
    config::Config,
    event::{Event, EventReply},
    handler::{Handler, Stack},
    invoke,
    request::Arrival,
};
use lychgate_store::Store;

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
    #[must_use]
    pub fn here(stack: &Stack, store: &Store, config: &Config) -> Self {
        let handlers: [Arc<dyn Handler>; 6] = [
            Arc::new(scim_users::handler(stack.clone(), store.clone())),
            Arc::new(scim_groups::handler(stack.clone(), store.clone())),
            Arc::new(scim_bulk::handler(stack.clone(), store.clone())),
            Arc::new(scim_discovery::handler(stack.clone())),
            Arc::new(oauth_token::handler(stack.clone(), store.clone())),
            Arc::new(operator::handler(stack.clone(), store.clone(), config.operator_key_hash)),
        ];
        Self::Here(handlers.into_iter().map(|handler| (handler.function(), handler)).collect())
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

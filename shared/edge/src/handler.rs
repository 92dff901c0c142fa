//! What a function is, seen from outside: something that answers requests.

use std::{future::Future, pin::Pin, sync::Arc};

use lychgate_core::{
    ctx::{Ctx, World},
    event::Actor,
};
use lychgate_scim::schema::Catalogue;

use crate::{
    config::{ATTRIBUTES, Config, ConfigError},
    reply::Reply,
    request::Request,
};

/// A reply on its way.
pub type Pending<'a> = Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;

/// A function's handler: the same object is called by Lambda's poll loop, by the local server and by tests.
pub trait Handler: Send + Sync {
    /// The function's name, as the route table has it.
    fn function(&self) -> &'static str;

    /// Answers one request. Never fails: a failure is a reply too.
    fn handle<'a>(&'a self, request: &'a Request) -> Pending<'a>;
}

/// What all functions share: the world and what the operator configured.
#[derive(Clone)]
pub struct Stack {
    /// Time, randomness, waiting.
    pub world: Arc<dyn World>,
    /// The schemas that are served.
    pub catalogue: Arc<Catalogue>,
}

impl Stack {
    /// From the configuration, in this world.
    ///
    /// # Errors
    /// [`ConfigError`] when the declared attributes cannot be read.
    pub fn new(config: &Config, world: Arc<dyn World>) -> Result<Self, ConfigError> {
        Ok(Self { world, catalogue: Arc::new(catalogue(config)?) })
    }

    /// The circumstances of a request, before anybody is known.
    #[must_use]
    pub fn ctx<'a>(&'a self, request: &'a Request) -> Ctx<'a> {
        Ctx {
            world: self.world.as_ref(),
            request_id: &request.request_id,
            deadline: request.deadline,
            base_url: &request.base_url,
            actor: Actor::Unknown,
        }
    }
}

/// The schemas that are served: the standard ones and those that the operator declared (P9).
///
/// # Errors
/// [`ConfigError`] says what is wrong with the declaration.
pub fn catalogue(config: &Config) -> Result<Catalogue, ConfigError> {
    let Some(document) = &config.attributes else {
        return Ok(Catalogue::standard());
    };
    Catalogue::with_declared(document)
        .map_err(|error| ConfigError { variable: ATTRIBUTES, what: error.to_string() })
}

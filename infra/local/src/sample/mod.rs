//! What a newcomer needs to see a sign-in work: a sample identity provider and a sample application. They are part of
//! this server only, never of the stack that is deployed, and they talk to Lychgate as any other would: over HTTP.

pub mod app;
pub mod idp;
mod page;

use std::{path::Path, sync::Arc};

use http::{Method, Response, request::Parts};
use http_body_util::Full;
use hyper::body::Bytes;
use lychgate_core::ctx::World;

use crate::{Error, demo::Demo};

/// Where all of it is.
pub const ROOT: &str = "/sample";

/// The sample IdP and the sample application.
pub struct Sample {
    idp: idp::SampleIdp,
    app: app::SampleApp,
}

impl Sample {
    /// For the demo organization.
    ///
    /// # Errors
    /// A sentence when the IdP's key cannot be read or made.
    pub fn new(demo: &Demo, world: Arc<dyn World>, folder: Option<&Path>) -> Result<Self, Error> {
        Ok(Self {
            idp: idp::SampleIdp::open(&demo.base_url, &demo.domain, Arc::clone(&world), folder)?,
            app: app::SampleApp::new(demo, world),
        })
    }

    /// The IdP's metadata.
    ///
    /// # Errors
    /// A sentence when its key does not sign.
    pub fn metadata(&self) -> Result<String, Error> {
        self.idp.metadata_xml()
    }

    /// Answers what is under [`ROOT`]; `None` for everything else.
    pub async fn answer(&self, parts: &Parts, body: &[u8]) -> Option<Response<Full<Bytes>>> {
        let path = parts.uri.path().strip_prefix(ROOT)?;
        let query = parts.uri.query().unwrap_or_default();
        let reply = match (&parts.method, path) {
            (&Method::GET, "/idp" | "/idp/") => self.idp.tiles(),
            (&Method::GET, "/idp/metadata") => self.idp.metadata(),
            (&Method::GET, "/idp/sso") => self.idp.ask(query),
            (&Method::POST, "/idp/sign_in") => self.idp.sign_in(body),
            (&Method::GET, "/idp/slo") => self.idp.sign_out(query),
            (&Method::GET, "/app" | "/app/") => self.app.home(),
            (&Method::GET, "/app/login") => self.app.log_in(query),
            (&Method::GET, "/app/callback") => self.app.callback(query).await,
            (&Method::POST, "/app/back_channel_logout") => self.app.told_of_logout(body),
            _ if path.is_empty() || path.starts_with('/') => {
                page::message(404, "There is no such page.")
            }
            _ => return None,
        };
        Some(reply)
    }
}

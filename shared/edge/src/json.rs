//! The frame of a request outside SCIM (the operator's API, the token endpoint): JSON or a form in, JSON out,
//! errors as [`Problem`]s. Who may do what is for the routes to say.

use lychgate_core::{call::Failure, ctx::Ctx, ids::OrganizationId};
use lychgate_scim::{Error, ErrorKind};
use serde::de::DeserializeOwned;

use crate::{
    handler::{Handler, Pending, Stack},
    problem::Problem,
    reply::{JSON_MEDIA_TYPE, Reply},
    request::{self, Request},
    routes::{self, Found, Parameters, Route},
    scim,
};

/// The routes of one function.
pub trait Routes: Send + Sync {
    /// The function's name in the route table.
    const FUNCTION: &'static str;

    /// Carries one request out: checks who asks, picks the route's file. An `Err` becomes `application/problem+json`;
    /// a route with a form of errors of its own (OAuth) gives them as a [`Reply`].
    fn serve(
        &self,
        ctx: &mut Ctx<'_>,
        incoming: &Incoming<'_>,
    ) -> impl Future<Output = Result<Reply, Problem>> + Send;
}

/// A function with JSON routes.
pub struct Json<R> {
    routes: R,
    stack: Stack,
}

impl<R> Json<R> {
    /// These routes.
    pub const fn new(routes: R, stack: Stack) -> Self {
        Self { routes, stack }
    }
}

/// A request at its route: what a route file reads.
pub struct Incoming<'a> {
    /// The request.
    pub request: &'a Request,
    /// The route.
    pub route: &'static Route,
    pub(crate) parameters: Parameters,
}

impl Incoming<'_> {
    /// The value of the path's `{name}`; empty when the route has no such segment.
    #[must_use]
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name)
    }

    /// The path's organization, when it is an id: one that is none may be anything and does not go into the log.
    #[must_use]
    pub fn organization_to_log(&self) -> Option<&str> {
        let organization = self.parameter("organization");
        organization.parse::<OrganizationId>().is_ok().then_some(organization)
    }

    /// The first query parameter of this name.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.request.query(name)
    }

    /// What follows `Bearer` in `Authorization`; the scheme in any case.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.request.header("authorization")?.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The body as JSON of this type. An empty body reads as `{}`, so that a request whose members are all optional
    /// needs none.
    ///
    /// # Errors
    /// 400, naming the place.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let bytes = match self.request.body.as_slice() {
            [] => b"{}",
            bytes => bytes,
        };
        serde_json::from_slice(bytes).map_err(|error| {
            let kind =
                if error.is_data() { ErrorKind::InvalidValue } else { ErrorKind::InvalidSyntax };
            // serde's sentence names the member and what was expected. The place follows it as "at line … column …".
            Problem::new(kind, format!("The body cannot be read: {error}."))
        })
    }

    /// The body as the pairs of a form (`application/x-www-form-urlencoded`).
    ///
    /// # Errors
    /// 415 for another media type, 400 for what cannot be decoded.
    pub fn form(&self) -> Result<Vec<(String, String)>, Problem> {
        if self.request.media_type() != "application/x-www-form-urlencoded" {
            return Err(Problem::new(
                ErrorKind::UnsupportedMediaType,
                "Send the body as application/x-www-form-urlencoded.",
            ));
        }
        Ok(request::form_pairs(&self.request.body)?)
    }
}

/// A JSON body with this status.
#[must_use]
pub fn reply(status: u16, body: &impl serde::Serialize) -> Reply {
    Reply::json(status, JSON_MEDIA_TYPE, body)
}

impl<R: Routes> Handler for Json<R> {
    fn function(&self) -> &'static str {
        R::FUNCTION
    }

    fn handle<'a>(&'a self, request: &'a Request) -> Pending<'a> {
        Box::pin(self.serve(request))
    }
}

impl<R: Routes> Json<R> {
    async fn serve(&self, request: &Request) -> Reply {
        let started = self.stack.world.now();
        let mut ctx = self.stack.ctx(request);
        let (route, parameters) = match routes::find(request.method, &request.segments) {
            Found::Route(route, parameters) if route.function == R::FUNCTION => (route, parameters),
            found => return scim::unmatched(&found, request),
        };
        let incoming = Incoming { request, route, parameters };
        let outcome = match &request.fault {
            Some(fault) => Err(fault.clone().into()),
            None => self.routes.serve(&mut ctx, &incoming).await,
        };
        let organization = incoming.organization_to_log();
        let (reply, failure) = match outcome {
            Ok(reply) => (reply, None),
            Err(problem) => {
                let failure = Failure {
                    error: Error::new(problem.kind, problem.detail.clone()),
                    private: problem.private.clone(),
                    retry_after_secs: problem.retry_after_secs,
                };
                (problem.into_reply(&request.request_id), Some(failure))
            }
        };
        scim::log(&ctx, route, started, organization, &reply, failure.as_ref());
        reply
    }
}

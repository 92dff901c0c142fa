//! The frame of a SCIM request: credential, use case, request log, log line, reply.

use lychgate_core::{
    call::{Answer, Call, Failure},
    credential::CredentialKey,
    ctx::Ctx,
    gate,
    journal::{RequestEntry, UNKNOWN_MEMBERS_KEPT_MAX, UnknownMembersEntry},
    ports::{Directory, Journal, Wanted},
    precondition::{Preconditions, Tags},
    time::Timestamp,
};
use lychgate_scim::{
    Error, ErrorKind, Notices, message::search::ListQuery, project::Projection,
    schema::ResourceType,
};
use serde_json::Value;

use crate::{
    auth,
    handler::{Handler, Pending, Stack},
    reply::Reply,
    request::{Method, Request},
    routes::{self, Found, Parameters, Route},
};

/// How much of a path with its query the request log keeps, in characters.
pub const LOGGED_PATH_CHARS_MAX: usize = 512;
/// How much of a `User-Agent` the request log keeps, in characters.
pub const LOGGED_CLIENT_CHARS_MAX: usize = 120;

/// The routes of one function. `S` is the store with the roles that they need.
pub trait Routes<S>: Send + Sync {
    /// The function's name in the route table.
    const FUNCTION: &'static str;

    /// Carries one request out: picks the route's file.
    fn serve(
        &self,
        call: &mut Call<'_>,
        store: &S,
        incoming: &Incoming<'_>,
    ) -> impl Future<Output = Result<Answer, Failure>> + Send;
}

/// A SCIM function: its routes on a store.
pub struct Scim<R, S> {
    routes: R,
    store: S,
    stack: Stack,
}

impl<R, S> Scim<R, S> {
    /// These routes on this store.
    pub const fn new(routes: R, store: S, stack: Stack) -> Self {
        Self { routes, store, stack }
    }
}

/// A request at its route: what a route file reads.
pub struct Incoming<'a> {
    /// The request.
    pub request: &'a Request,
    /// The route.
    pub route: &'static Route,
    parameters: Parameters,
}

impl<'a> Incoming<'a> {
    /// The value of the path's `{id}`.
    #[must_use]
    pub fn id(&self) -> &str {
        self.parameters.get("id")
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// `invalidSyntax`.
    pub fn body(&self) -> Result<Value, Failure> {
        if self.request.body.is_empty() {
            return Err(
                Error::invalid_syntax("The request has no body. Send a JSON object.").into()
            );
        }
        Ok(lychgate_scim::json::parse(&self.request.body)?)
    }

    /// What the query asks of a list.
    ///
    /// # Errors
    /// `invalidValue` for a number that is none.
    pub fn list_query(&self) -> Result<ListQuery, Failure> {
        let pairs = self.request.query.iter();
        Ok(ListQuery::from_parameters(pairs.map(|(name, value)| (name.as_str(), value.as_str())))?)
    }

    /// What the body of a `.search` asks of a list.
    ///
    /// # Errors
    /// `invalidSyntax`, `invalidValue`.
    pub fn search_query(&self, call: &mut Call<'_>) -> Result<ListQuery, Failure> {
        Ok(ListQuery::from_search(self.body()?, &mut call.notices)?)
    }

    /// Which attributes the answer shall show.
    #[must_use]
    pub fn projection(&self, call: &Call<'_>) -> Projection {
        let attributes = self.named("attributes");
        let excluded = self.named("excludedAttributes");
        let types = types_of(call, self.route);
        Projection::parse(&types, attributes.as_deref(), excluded.as_deref())
    }

    /// As [`Incoming::projection`]; `None` when the query says nothing of attributes.
    #[must_use]
    pub fn projection_asked(&self, call: &Call<'_>) -> Option<Projection> {
        let asked =
            self.named("attributes").is_some() || self.named("excludedAttributes").is_some();
        asked.then(|| self.projection(call))
    }

    /// The names in all query parameters of this name, separated by commas.
    fn named(&self, parameter: &str) -> Option<String> {
        let pairs = self.request.query.iter();
        let values = pairs.filter(|(name, _)| name.eq_ignore_ascii_case(parameter));
        let values: Vec<&str> = values.map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(","))
    }

    /// `If-Match` and `If-None-Match`.
    #[must_use]
    pub fn preconditions(&self) -> Preconditions {
        Preconditions {
            if_match: self.request.header("if-match").map(Tags::parse),
            if_none_match: self.request.header("if-none-match").map(Tags::parse),
        }
    }
}

impl<R: Routes<S>, S: Directory + Journal> Handler for Scim<R, S> {
    fn function(&self) -> &'static str {
        R::FUNCTION
    }

    fn handle<'a>(&'a self, request: &'a Request) -> Pending<'a> {
        Box::pin(self.serve(request))
    }
}

impl<R: Routes<S>, S: Directory + Journal> Scim<R, S> {
    async fn serve(&self, request: &Request) -> Reply {
        let started = self.stack.world.now();
        let ctx = self.stack.ctx(request);
        let (route, parameters) = match routes::find(request.method, &request.segments) {
            Found::Route(route, parameters) if route.function == R::FUNCTION => (route, parameters),
            found => return unmatched(&found, request),
        };
        let credential = match auth::credential(request) {
            Ok(credential) => credential,
            Err(failure) => {
                let reply = Reply::failure(&failure, &request.request_id);
                log(&ctx, route, started, None, &reply, None);
                return reply;
            }
        };
        let mut call = Call {
            ctx,
            catalogue: &self.stack.catalogue,
            credential: &credential,
            caller: None,
            notices: Notices::default(),
            unknown_members: Vec::new(),
        };
        let incoming = Incoming { request, route, parameters };
        let mut outcome = match &request.fault {
            Some(fault) => Err(fault.clone().into()),
            None => self.routes.serve(&mut call, &self.store, &incoming).await,
        };
        if call.caller.is_none()
            && outcome.as_ref().is_err_and(|failure| is_about_the_request(&failure.error))
        {
            // What was found wrong before anybody was let in is told only to who may come in, and stands in their
            // request log.
            if let Err(refusal) = admit(&mut call, &self.store).await {
                outcome = Err(refusal);
            }
        }
        let reply = match &outcome {
            Ok(answer) => Reply::answer(answer),
            Err(failure) => Reply::failure(failure, &request.request_id),
        };
        self.record(&call, &incoming, &outcome, started, reply.status).await;
        let organization = call.caller.as_ref().map(|caller| caller.organization.to_string());
        log(&call.ctx, route, started, organization.as_deref(), &reply, outcome.err().as_ref());
        reply
    }

    /// Writes the request into the organization's request log (P16), once it is known whose it is.
    async fn record(
        &self,
        call: &Call<'_>,
        incoming: &Incoming<'_>,
        outcome: &Result<Answer, Failure>,
        started: Timestamp,
        status: u16,
    ) {
        let Some(caller) = &call.caller else { return };
        let request = incoming.request;
        let error = outcome.as_ref().err().map(|failure| &failure.error);
        let entry = RequestEntry {
            at: started,
            request_id: request.request_id.clone(),
            method: request.method.name().to_owned(),
            path: shortened(&request.target, LOGGED_PATH_CHARS_MAX),
            actor: caller.actor.text(),
            client: request
                .header("user-agent")
                .filter(|client| !client.is_empty())
                .map(|client| shortened(client, LOGGED_CLIENT_CHARS_MAX)),
            status,
            scim_type: error.and_then(|error| error.kind.scim_type()).map(str::to_owned),
            detail: error.map(|error| error.detail.clone().into_owned()),
            notices: notices(call),
            millis: call.ctx.now().millis_since(started),
        };
        self.store.record(&call.ctx, &caller.organization, &entry).await;
        if call.unknown_members.is_empty() {
            return;
        }
        let entry = UnknownMembersEntry {
            at: started,
            group: group_of(incoming, outcome),
            members: call.unknown_members.iter().take(UNKNOWN_MEMBERS_KEPT_MAX).cloned().collect(),
        };
        self.store.record_unknown_members(&call.ctx, &caller.organization, &entry).await;
    }
}

/// Checks the credential of a request that failed before its use case did.
async fn admit<S: Directory>(call: &mut Call<'_>, store: &S) -> Result<(), Failure> {
    let mut wanted = Wanted { organization: true, ..Wanted::default() };
    if let CredentialKey::Access(id) = &call.credential.key {
        wanted.access_token = Some(id.clone());
    }
    let organization = &call.credential.organization;
    let mut fetched = store.fetch(&call.ctx, organization, wanted).await?;
    gate::admit(call, &mut fetched).map(|_| ())
}

/// Whether a failure is about what the client sent, rather than about who it is or how the store feels.
const fn is_about_the_request(error: &Error) -> bool {
    !matches!(error.kind.status(), 401 | 429 | 500..)
}

/// The group whose change named unknown members: the path's, or the one that was made.
fn group_of(incoming: &Incoming<'_>, outcome: &Result<Answer, Failure>) -> String {
    let location = outcome.as_ref().ok().and_then(|answer| answer.location.as_deref());
    let made = location.and_then(|location| location.rsplit('/').next());
    match (incoming.id(), made) {
        ("", Some(made)) => made.to_owned(),
        (id, _) => id.to_owned(),
    }
}

fn notices(call: &Call<'_>) -> Vec<Value> {
    let kept = call.notices.kept().iter().map(|notice| {
        serde_json::json!({ "kind": format!("{:?}", notice.kind), "subject": notice.subject.as_ref() })
    });
    let dropped = call.notices.dropped();
    let more = (dropped > 0)
        .then(|| serde_json::json!({ "kind": "More", "subject": dropped.to_string() }));
    kept.chain(more).collect()
}

fn shortened(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The answer to a route of the table that its function has forgotten: a defect, which a test over the table finds.
///
/// # Errors
/// Always.
pub fn unrouted(incoming: &Incoming<'_>) -> Result<Answer, Failure> {
    Err(Failure::internal(format!(
        "the function has no file for {} {}",
        incoming.route.method, incoming.route.path
    )))
}

/// The log line of a request that had a route: what happened, with no word that a client sent.
pub fn log(
    ctx: &Ctx<'_>,
    route: &Route,
    started: Timestamp,
    organization: Option<&str>,
    reply: &Reply,
    failure: Option<&Failure>,
) {
    let private = failure.and_then(|failure| failure.private.as_deref());
    let scim_type = failure.and_then(|failure| failure.error.kind.scim_type());
    let status = u64::from(reply.status);
    let duration_ms = ctx.now().millis_since(started);
    if matches!(status, 500 | 503) {
        tracing::error!(
            request.id = ctx.request_id,
            organization.id = organization,
            method = route.method.name(),
            route = route.path,
            status,
            duration_ms,
            reason = private,
            "request failed",
        );
    } else {
        tracing::info!(
            request.id = ctx.request_id,
            organization.id = organization,
            method = route.method.name(),
            route = route.path,
            status,
            duration_ms,
            scim_type,
            reason = private,
            "request answered",
        );
    }
}

/// The answer to what no route of this function takes: 405 with `Allow`, or 404.
#[must_use]
pub fn unmatched(found: &Found, request: &Request) -> Reply {
    if let Some(fault) = &request.fault {
        return Reply::error(fault.clone(), request);
    }
    match found {
        Found::OtherMethods(methods) => {
            let allow = methods.iter().map(|method| method.name()).collect::<Vec<_>>().join(", ");
            let detail = match request.method {
                Method::Other => format!("This method does not exist here. Use {allow}."),
                method => format!("{method} is not possible here. Use {allow}."),
            };
            Reply::error(Error::new(ErrorKind::MethodNotAllowed, detail), request)
                .with_header("allow", allow)
        }
        // A route of another function: API Gateway matches paths to the letter, we do not mind an empty segment.
        Found::Route(..) => Reply::error(
            Error::not_found(
                "There is nothing at this address. Check the base URL for a doubled slash.",
            ),
            request,
        ),
        Found::Nothing => {
            let detail = if routes::is_scim(&request.segments) {
                "There is nothing at this address. The SCIM base URL ends in /scim/v2."
            } else {
                "There is nothing at this address."
            };
            Reply::error(Error::not_found(detail), request)
        }
    }
}

/// The resource types whose attributes a request at this route may name.
fn types_of<'a>(call: &Call<'a>, route: &Route) -> Vec<&'a ResourceType> {
    let catalogue = call.catalogue;
    match route.path.split('/').nth(3) {
        Some("Users" | "Me") => vec![&catalogue.user],
        Some("Groups") => vec![&catalogue.group],
        _ => vec![&catalogue.user, &catalogue.group],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_keeps_the_beginning_of_a_long_path() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöüx", 3), "äöü…");
    }

    #[test]
    fn another_method_is_405_with_allow_and_nothing_is_404_in_the_form_of_the_path() {
        let unmatched_at = |method, path: &str| {
            let request = Request::new(method, path);
            unmatched(&routes::find(method, &request.segments), &request)
        };
        let reply = unmatched_at(Method::Put, "/scim/v2/Users");
        assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, POST")));
        assert_eq!(unmatched_at(Method::Get, "/scim/v1/Users").status, 404);
        let plain = unmatched_at(Method::Get, "/favicon.ico");
        assert_eq!(plain.header("content-type"), Some(crate::reply::PROBLEM_MEDIA_TYPE));
        assert_eq!(unmatched_at(Method::Other, "/scim/v2/Bulk").status, 405);
    }
}

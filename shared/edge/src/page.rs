//! The frame of a request that a person's browser makes: HTML out, errors as pages that say who can mend it (W1).
//!
//! A page shows no want and no got, no XML, no name of a key: whoever may know them finds them by the reference.

use askama::Template;
use lychgate_core::{call::Failure, ctx::Ctx, ports::StoreError};
use lychgate_scim::{Error, ErrorKind};

use crate::{
    handler::{Handler, Pending, Stack},
    json::Incoming,
    reply::Reply,
    request::Request,
    routes::{self, Found},
    scim,
};

/// The routes of one function that serves pages.
pub trait Pages: Send + Sync {
    /// The function's name in the route table.
    const FUNCTION: &'static str;

    /// Carries one request out. An `Err` becomes a page.
    fn serve(
        &self,
        ctx: &mut Ctx<'_>,
        incoming: &Incoming<'_>,
    ) -> impl Future<Output = Result<Reply, Trouble>> + Send;
}

/// Who can mend it: this picks the page's words and the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The person: start again (400).
    Person,
    /// Their administrator (403).
    Administrator,
    /// Whoever set this address up: there is no such organization, nothing is configured (404).
    Developer,
    /// Ourselves: the store is down (503), a defect (500).
    Us {
        /// Whether coming again may help.
        passing: bool,
    },
}

/// What a person is told instead of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Who can mend it.
    pub who: Who,
    /// One sentence for the person: what happened.
    pub sentence: String,
    /// The attempt's id, when one was recorded; else the request's id is shown.
    pub reference: Option<String>,
    /// Where the button "Start again" leads: a path of ours.
    pub again: Option<String>,
    /// For the log only.
    pub private: Option<String>,
    /// Refused for its size, before it was looked at (413).
    pub too_large: bool,
}

impl Trouble {
    /// With this sentence.
    #[must_use]
    pub fn new(who: Who, sentence: impl Into<String>) -> Self {
        Self {
            who,
            sentence: sentence.into(),
            reference: None,
            again: None,
            private: None,
            too_large: false,
        }
    }

    /// With where to start again.
    #[must_use]
    pub fn again(mut self, path: impl Into<String>) -> Self {
        self.again = Some(path.into());
        self
    }

    /// With the reference of a recorded attempt.
    #[must_use]
    pub fn reference(mut self, reference: impl Into<String>) -> Self {
        self.reference = Some(reference.into());
        self
    }

    /// With the cause for the log.
    #[must_use]
    pub fn because(mut self, private: impl Into<String>) -> Self {
        self.private = Some(private.into());
        self
    }

    const fn status(&self) -> u16 {
        match self.who {
            _ if self.too_large => 413,
            Who::Person => 400,
            Who::Administrator => 403,
            Who::Developer => 404,
            Who::Us { passing: true } => 503,
            Who::Us { passing: false } => 500,
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Throttled { .. } => Self::new(
                Who::Us { passing: true },
                "Too many people are signing in at the moment.",
            )
            .because("the store throttled the request"),
            StoreError::Unavailable(private) => Self::new(
                Who::Us { passing: true },
                "We cannot reach our own records at the moment.",
            )
            .because(private),
            StoreError::Corrupt(private) => {
                Self::new(Who::Us { passing: false }, "Something went wrong on our side.")
                    .because(private)
            }
        }
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage<'a> {
    title: &'a str,
    sentence: &'a str,
    advice: &'a str,
    again: Option<&'a str>,
    reference: &'a str,
}

/// A template as a page with the headers that every page has.
#[must_use]
pub fn render(status: u16, template: &impl Template) -> Reply {
    match template.render() {
        Ok(html) => with_page_headers(Reply::html(status, html), "'self'"),
        // Writing into a string does not fail; a blank page would be the lesser evil.
        Err(_) => Reply::empty(500),
    }
}

/// As [`render`], for a page whose form, or a redirect that answers it, leads to these origins too. (Browsers hold
/// `form-action` against the whole chain of redirects.)
#[must_use]
pub fn render_with_form_to(status: u16, template: &impl Template, origins: &[&str]) -> Reply {
    let sources = std::iter::once("'self'").chain(origins.iter().copied());
    let sources = sources.collect::<Vec<_>>().join(" ");
    match template.render() {
        Ok(html) => with_page_headers(Reply::html(status, html), &sources),
        Err(_) => Reply::empty(500),
    }
}

/// As [`render`], for a page that our own script improves: it may copy, and ask this host for the page again.
#[must_use]
pub fn render_with_script(status: u16, template: &impl Template) -> Reply {
    match template.render() {
        Ok(html) => {
            let policy = "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; \
                          form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
            with_headers(Reply::html(status, html), policy.to_owned())
        }
        Err(_) => Reply::empty(500),
    }
}

fn with_page_headers(reply: Reply, form_action: &str) -> Reply {
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action {form_action}; frame-ancestors 'none'; \
         base-uri 'none'"
    );
    with_headers(reply, policy)
}

fn with_headers(reply: Reply, policy: String) -> Reply {
    reply
        .with_header("content-security-policy", policy)
        .with_header("cache-control", "no-store")
        .with_header("referrer-policy", "no-referrer")
        .with_header("x-content-type-options", "nosniff")
        .with_header("x-frame-options", "DENY")
}

/// The page of a trouble.
#[must_use]
pub fn trouble(trouble: &Trouble, request_id: &str) -> Reply {
    let (title, advice) = match trouble.who {
        Who::Person => ("That did not work", "Nothing is broken: start again."),
        Who::Administrator => (
            "Your company's sign-in needs a change",
            "Tell your administrator, and give them the reference below: it shows them what to change.",
        ),
        Who::Developer => {
            ("This sign-in address is not set up", "Check the address, or ask who gave it to you.")
        }
        Who::Us { passing: true } => ("We are sorry", "Try again in a moment."),
        Who::Us { passing: false } => {
            ("We are sorry", "If it happens again, tell us the reference below.")
        }
    };
    let page = TroublePage {
        title,
        sentence: &trouble.sentence,
        advice,
        again: trouble.again.as_deref(),
        reference: trouble.reference.as_deref().unwrap_or(request_id),
    };
    render(trouble.status(), &page)
}

/// A function with pages.
pub struct Paged<P> {
    pages: P,
    stack: Stack,
}

impl<P> Paged<P> {
    /// These pages.
    pub const fn new(pages: P, stack: Stack) -> Self {
        Self { pages, stack }
    }
}

impl<P: Pages> Handler for Paged<P> {
    fn function(&self) -> &'static str {
        P::FUNCTION
    }

    fn handle<'a>(&'a self, request: &'a Request) -> Pending<'a> {
        Box::pin(self.serve(request))
    }
}

impl<P: Pages> Paged<P> {
    async fn serve(&self, request: &Request) -> Reply {
        let started = self.stack.world.now();
        let mut ctx = self.stack.ctx(request);
        let (route, parameters) = match routes::find(request.method, &request.segments) {
            Found::Route(route, parameters) if route.function == P::FUNCTION => (route, parameters),
            found => return scim::unmatched(&found, request),
        };
        let incoming = Incoming { request, route, parameters };
        let outcome = match &request.fault {
            Some(fault) => {
                let mut trouble = Trouble::new(Who::Person, fault.detail.clone());
                trouble.too_large = fault.kind == ErrorKind::PayloadTooLarge;
                Err(trouble)
            }
            None => self.pages.serve(&mut ctx, &incoming).await,
        };
        let (reply, failure) = match outcome {
            Ok(reply) => (reply, None),
            Err(error) => (trouble(&error, &request.request_id), Some(failure_of(error))),
        };
        let organization = incoming.organization_to_log();
        scim::log(&ctx, route, started, organization, &reply, failure.as_ref());
        reply
    }
}

/// For the log, which knows one form of failures.
fn failure_of(trouble: Trouble) -> Failure {
    let kind = match trouble.who {
        _ if trouble.too_large => ErrorKind::PayloadTooLarge,
        Who::Person => ErrorKind::InvalidValue,
        Who::Administrator => ErrorKind::Forbidden,
        Who::Developer => ErrorKind::NotFound,
        Who::Us { passing: true } => ErrorKind::Unavailable,
        Who::Us { passing: false } => ErrorKind::Internal,
    };
    let error = Error::new(kind, trouble.sentence);
    Failure { error, private: trouble.private, retry_after_secs: None }
}

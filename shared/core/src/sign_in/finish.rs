//! A response arrives: `POST /saml/consume/{domain}` (S2, S3; SAML Profiles §4.1.4).
//!
//! Found out, in this order: the organization (the path), the login flow (`InResponseTo`, and the cookie of the browser
//! that began it), the connection, whether the response holds (`lychgate-saml`), whom it names. Then one transaction
//! writes all of it, or nothing. Every end is recorded (S11).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use lychgate_saml::{
    Instant, Rejection, binding,
    response::{self, Assertion, Checked, Expectations, ExpectedRequest, Peeked},
};
use lychgate_scim::schema::Catalogue;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{
    enter::{self, SignedIn},
    opened_keys::{Keys, OpenedKeys},
    place::{self, Addresses, Usable},
    reason::{self, Reason, bounded},
    refusal::{Refusal, Who},
    start::request_id,
    test_sign_in::{self, Report},
};
use crate::{
    attempt::{Attempt, AttemptOutcome},
    connection::{CLOCK_SKEW_SECS_MAX, SignInSetup},
    ctx::Ctx,
    ids::{AttemptId, ConnectionId, FlowId, OrganizationId, UserId},
    ports::{Applications, Attempts, Organizations, SignIns, StoreError, outside::Opener},
    session::{AssertionSeen, FlowPurpose, LoginFlow},
};

/// What the assertion consumer service works with.
pub struct Parts<'a, S, O> {
    /// The store.
    pub store: &'a S,
    /// The organizations' decryption keys.
    pub keys: &'a OpenedKeys<O>,
    /// The schemas that members are made by.
    pub catalogue: &'a Catalogue,
}

/// What a browser brought.
#[derive(Clone, Copy)]
pub struct Post<'a> {
    /// The path's domain.
    pub domain: &'a str,
    /// The form's one `SAMLResponse`.
    pub saml_response: &'a str,
    /// The secret in the browser's cookie of this flow, when it has one.
    pub browser_secret: &'a (dyn Fn(&FlowId) -> Option<String> + Sync),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Finished {
    /// Somebody is signed in.
    SignedIn(Box<SignedIn>),
    /// A test has a result. It signs nobody in.
    Tested {
        /// The flow that is used up.
        flow: Option<FlowId>,
        /// The attempt that was recorded.
        reference: AttemptId,
        /// Whose connection was tested, and which: where its settings are.
        settings: (OrganizationId, Option<ConnectionId>),
        /// The result.
        report: Box<Report>,
    },
}

/// What is known so far, for the record.
#[derive(Debug, Default)]
pub(super) struct Course {
    pub(super) flow: Option<FlowId>,
    pub(super) connection: Option<ConnectionId>,
    /// Whom the message names.
    pub(super) subject: Option<String>,
    pub(super) user: Option<UserId>,
    /// It is a test.
    pub(super) test: bool,
    /// An owner's link led here: the page may show everything.
    pub(super) shown: bool,
}

/// Why it went no further.
#[derive(Debug)]
pub(super) enum Stop {
    /// A rejection: recorded.
    Reason(Reason),
    /// Our own failure: nothing is known of the response.
    Refusal(Refusal),
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Reason(reason)
    }
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Self::Reason(rejection.into())
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Refusal(error.into())
    }
}

/// A response that holds, and what it holds by.
pub(super) struct Held<'a> {
    pub(super) setup: &'a SignInSetup,
    pub(super) usable: Usable<'a>,
    pub(super) assertion: Assertion,
    pub(super) flow: Option<LoginFlow>,
}

impl Held<'_> {
    /// What keeps the assertion from being used again.
    pub(super) fn seen(&self) -> AssertionSeen {
        let mut digest = Sha256::new();
        digest.update(self.usable.idp.entity_id.as_bytes());
        digest.update([0]);
        digest.update(self.assertion.id.as_bytes());
        // The skew may be set higher while the record is kept.
        let until = self.assertion.not_on_or_after.plus_secs(i64::from(CLOCK_SKEW_SECS_MAX));
        AssertionSeen {
            digest: URL_SAFE_NO_PAD.encode(digest.finalize()),
            until: place::timestamp(until),
        }
    }
}

/// Finishes a sign-in, or a test.
///
/// # Errors
/// A [`Refusal`] that says who can mend it, with the attempt that was recorded.
pub async fn finish<S, O>(
    ctx: &Ctx<'_>,
    parts: &Parts<'_, S, O>,
    post: &Post<'_>,
) -> Result<Finished, Refusal>
where
    S: SignIns + Organizations + Applications + Attempts,
    O: Opener,
{
    let setup = place::find(ctx, parts.store, post.domain).await?;
    let mut course = Course::default();
    let outcome = run(ctx, parts, &setup, post, &mut course).await;
    let reference = AttemptId::new(ctx.now(), ctx.world);
    let (outcome, end, facts) = match outcome {
        Ok(End::SignedIn(signed_in)) => {
            (AttemptOutcome::SignedIn, Ok(Finished::SignedIn(signed_in)), Map::new())
        }
        Ok(End::Tested(report)) => {
            let facts = report.facts();
            (AttemptOutcome::TestPassed, Ok(tested(&setup, &course, reference, report)), facts)
        }
        Err(Stop::Refusal(refusal)) => return Err(refusal),
        Err(Stop::Reason(reason)) => {
            let outcome = match course.test {
                true => AttemptOutcome::TestFailed,
                false => AttemptOutcome::Rejected,
            };
            (outcome, Err(reason), Map::new())
        }
    };
    let attempt = attempt(ctx, reference, &course, outcome, end.as_ref().err(), facts);
    let organization = &setup.organization.id;
    let at = ctx.now();
    match (outcome, course.user) {
        (AttemptOutcome::SignedIn, Some(user)) => {
            futures_util::future::join(
                parts.store.record_attempt(ctx, organization, &attempt),
                parts.store.touch(ctx, organization, user, at),
            )
            .await;
        }
        _ => parts.store.record_attempt(ctx, organization, &attempt).await,
    }
    end.or_else(|reason| match course.shown {
        true => Ok(tested(&setup, &course, reference, Box::new(Report::failed(reason)))),
        false => {
            let mut refusal = reason.refusal();
            refusal.reference = Some(reference);
            // Starting again mends what the person can mend, and nothing else.
            refusal.again =
                (reason.who == Who::Person).then(|| place::start_path(&setup.organization));
            Err(refusal)
        }
    })
}

enum End {
    SignedIn(Box<SignedIn>),
    Tested(Box<Report>),
}

fn tested(
    setup: &SignInSetup,
    course: &Course,
    reference: AttemptId,
    report: Box<Report>,
) -> Finished {
    let settings = (setup.organization.id.clone(), course.connection.clone());
    Finished::Tested { flow: course.flow.clone(), reference, settings, report }
}

fn attempt(
    ctx: &Ctx<'_>,
    id: AttemptId,
    course: &Course,
    outcome: AttemptOutcome,
    reason: Option<&Reason>,
    facts: Map<String, Value>,
) -> Attempt {
    Attempt {
        id,
        at: ctx.now(),
        request_id: ctx.request_id.to_owned(),
        outcome,
        method: "saml",
        connection: course.connection.clone(),
        user: course.user,
        subject: course.subject.as_deref().map(bounded),
        code: reason.map(|reason| reason.code.to_owned()),
        detail: reason.map(|reason| reason.detail.clone()),
        want: reason.and_then(|reason| reason.want.clone()),
        got: reason.and_then(|reason| reason.got.clone()),
        facts,
    }
}

async fn run<S, O>(
    ctx: &Ctx<'_>,
    parts: &Parts<'_, S, O>,
    setup: &SignInSetup,
    post: &Post<'_>,
    course: &mut Course,
) -> Result<End, Stop>
where
    S: SignIns + Organizations + Applications,
    O: Opener,
{
    let bytes = binding::decode_post(post.saml_response)?;
    let peeked = response::peek(&bytes)?;
    if !place::is_licensed(&setup.organization, ctx.now()) {
        return Err(reason::licence_inactive().into());
    }
    let held = match peeked.in_response_to.to_select() {
        Some(id) => solicited(ctx, parts, setup, post, &peeked, id, course).await?,
        None => unsolicited(ctx, parts, setup, &peeked, course).await?,
    };
    if course.test {
        let report = test_sign_in::pass(ctx, parts.store, held, course).await?;
        return Ok(End::Tested(Box::new(report)));
    }
    let signed_in = enter::enter(ctx, parts.store, parts.catalogue, &held, course).await?;
    Ok(End::SignedIn(Box::new(signed_in)))
}

/// A response to a request of ours: from the browser that began it, about the connection that was asked.
async fn solicited<'a, S: SignIns, O: Opener>(
    ctx: &Ctx<'_>,
    parts: &Parts<'_, S, O>,
    setup: &'a SignInSetup,
    post: &Post<'_>,
    peeked: &Peeked,
    request: &str,
    course: &mut Course,
) -> Result<Held<'a>, Stop> {
    let gone = || reason::flow_gone(request);
    let id = request.strip_prefix('_').and_then(|bare| FlowId::from_bare(bare).ok());
    let id = id.ok_or_else(gone)?;
    let flow = parts.store.flow(ctx, &setup.organization.id, &id).await?;
    let flow = flow.filter(|flow| flow.expires > ctx.now()).ok_or_else(gone)?;
    course.connection = Some(flow.connection.clone());
    let secret = (post.browser_secret)(&flow.id).ok_or_else(reason::other_browser)?;
    if !flow.browser.matches(secret.as_bytes()) {
        return Err(reason::other_browser().into());
    }
    // From here on it is known who asked: the flow's cookie may go with the answer.
    course.flow = Some(flow.id.clone());
    course.test = flow.purpose == FlowPurpose::Test;
    course.shown = course.test;
    let connection = place::connection(setup, &flow.connection);
    let usable = match flow.purpose {
        FlowPurpose::Test => connection.and_then(Usable::tested),
        FlowPurpose::SignIn(_) | FlowPurpose::Settings => connection.and_then(Usable::live),
    };
    let usable = usable.ok_or_else(reason::not_active)?;
    let request = request_id(&flow.id);
    let wanted = Wanted {
        usable,
        request: ExpectedRequest::Known(&request),
        authn_after: authn_after(&flow),
    };
    let assertion = validate(ctx, parts.keys, setup, peeked, &wanted, &mut None).await?;
    Ok(Held { setup, usable, assertion, flow: Some(flow) })
}

/// After which instant the person must have signed in, when the application wants a fresh proof.
fn authn_after(flow: &LoginFlow) -> Option<Instant> {
    match &flow.purpose {
        FlowPurpose::SignIn(Some(request)) => {
            let secs = i64::try_from(request.fresh_within_secs?).unwrap_or(i64::MAX);
            Some(place::instant(flow.created).plus_secs(secs.saturating_neg()))
        }
        FlowPurpose::SignIn(None) | FlowPurpose::Settings | FlowPurpose::Test => None,
    }
}

/// A response that nobody asked for: a tile in the IdP (S3). What is live comes first; what no live connection takes may
/// fit a draft whose test window is open.
async fn unsolicited<'a, S: SignIns, O: Opener>(
    ctx: &Ctx<'_>,
    parts: &Parts<'_, S, O>,
    setup: &'a SignInSetup,
    peeked: &Peeked,
    course: &mut Course,
) -> Result<Held<'a>, Stop> {
    let now = ctx.now();
    let waits =
        |usable: &Usable<'_>| usable.connection.test_window_ends.is_some_and(|ends| ends > now);
    let drafts = setup.connections.iter().filter(|connection| connection.draft.is_some());
    let drafts = drafts.filter_map(Usable::tested).filter(waits).map(|usable| (usable, true));
    let candidates = place::live(setup).map(|usable| (usable, false)).chain(drafts);
    let candidates = chosen(peeked, candidates.collect());
    if candidates.is_empty() {
        return Err(reason::not_active().into());
    }
    let mut keys = None;
    let mut first: Option<(Stop, ConnectionId, bool)> = None;
    for (usable, test) in candidates {
        let allowed = usable.policy().idp_initiated;
        let request = ExpectedRequest::Unsolicited { allowed };
        let wanted = Wanted { usable, request, authn_after: None };
        match validate(ctx, parts.keys, setup, peeked, &wanted, &mut keys).await {
            Ok(assertion) => {
                course.connection = Some(usable.connection.id.clone());
                course.test = test;
                return Ok(Held { setup, usable, assertion, flow: None });
            }
            Err(stop) => {
                first.get_or_insert((stop, usable.connection.id.clone(), test));
            }
        }
    }
    let (stop, connection, test) = first.ok_or_else(reason::not_active)?;
    course.connection = Some(connection);
    course.test = test;
    Err(stop)
}

/// A connection, and whether a response for it is a test.
type Candidate<'a> = (Usable<'a>, bool);

/// Those whose IdP is the one that the response names. When there is none, all: the first of them says what is wrong.
fn chosen<'a>(peeked: &Peeked, candidates: Vec<Candidate<'a>>) -> Vec<Candidate<'a>> {
    let Some(issuer) = peeked.issuer.to_select() else {
        return candidates;
    };
    let is_named = |(usable, _): &Candidate<'_>| usable.idp.entity_id == *issuer;
    match candidates.iter().any(is_named) {
        true => candidates.into_iter().filter(is_named).collect(),
        false => candidates,
    }
}

/// What a response must be.
struct Wanted<'a> {
    usable: Usable<'a>,
    request: ExpectedRequest<'a>,
    authn_after: Option<Instant>,
}

/// `keys` are asked for once they are needed: when the assertion is encrypted and nothing was found against what is around
/// it.
async fn validate<O: Opener>(
    ctx: &Ctx<'_>,
    opened: &OpenedKeys<O>,
    setup: &SignInSetup,
    peeked: &Peeked,
    wanted: &Wanted<'_>,
    keys: &mut Option<Keys>,
) -> Result<Assertion, Stop> {
    let usable = wanted.usable;
    let addresses = Addresses::new(ctx.base_url, &setup.organization.domain);
    let certificates = usable.certificates();
    let expect = Expectations {
        acs_url: &addresses.acs,
        audience: addresses.entity_id(usable.settings.entity_id),
        idp_entity_id: &usable.idp.entity_id,
        request: wanted.request,
        now: place::instant(ctx.now()),
        skew_secs: usable.policy().clock_skew_secs,
        certificates: &certificates,
        algorithms: usable.algorithms(ctx.now()),
        require_encryption: usable.policy().require_encryption,
        authn_after: wanted.authn_after,
    };
    let encrypted = match response::check(peeked, &expect)? {
        Checked::Holds(assertion) => return Ok(*assertion),
        Checked::Encrypted(encrypted) => encrypted,
    };
    let keys = match keys {
        Some(keys) => keys,
        None => keys.insert(opened.of(ctx, setup).await),
    };
    match (encrypted.open(&keys.open), &keys.failed) {
        // What could not be decrypted while a key could not be opened is our fault, not the IdP's.
        (Err(Rejection::DecryptFailed { .. }), Some(error)) => {
            Err(Refusal::from(error.clone()).into())
        }
        (held, _) => Ok(held?),
    }
}

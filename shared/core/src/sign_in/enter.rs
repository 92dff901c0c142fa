//! Somebody comes in: the member, the session and the code are written in one transaction with what is used up (S8, S10).

use lychgate_scim::{schema::Catalogue, value::normalized_key};

use super::{
    finish::{Course, Held, Stop},
    member::{self, Named, Newcomer},
    place,
    reason::{self, Reason},
    refusal::{Refusal, Who},
};
use crate::{
    application::Application,
    ctx::Ctx,
    ids::FlowId,
    oidc::{authorize, wire},
    organization::Organization,
    ports::{Applications, CommitError, NewMember, SignInError, SignInWrite, SignIns, StoreError},
    record::User,
    session::{CodeRequest, FlowPurpose, Grant, Session, SessionMethod},
    sessions::{self, SessionCookie},
};

/// How often a sign-in that lost a race is decided anew: provisioning may create the same person meanwhile.
pub const SIGN_IN_ATTEMPTS_MAX: u32 = 6;
/// The first wait after a lost race, in milliseconds; it doubles.
const WAIT_MILLIS: u64 = 5;
/// The longest wait after a lost race, in milliseconds.
const WAIT_MILLIS_MAX: u64 = 100;
/// What must be left of the time for another attempt, in milliseconds.
const RESERVE_MILLIS: u64 = 1_000;

/// Somebody is signed in.
#[derive(Debug, Clone, PartialEq)]
pub struct SignedIn {
    /// Where.
    pub organization: Organization,
    /// The flow that is used up.
    pub flow: Option<FlowId>,
    /// The session's cookie.
    pub cookie: SessionCookie,
    /// How long it lasts, in seconds.
    pub lasts_secs: u64,
    /// Where the browser goes now.
    pub next: Next,
}

/// Where the browser goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// To this address of a registered application.
    To(String),
    /// To the organization's settings ([`crate::settings::path`]).
    Settings,
    /// Nowhere: a page says that they are signed in.
    Page,
}

/// Where a sign-in leads, known before anything is written.
enum Goal<'a> {
    /// Back to the application that asked, with a code.
    Code(&'a CodeRequest),
    /// To this application, which asks for its code itself (OpenID Connect Core §4).
    Initiate(String),
    Settings,
    Nowhere,
}

pub(super) async fn enter<S: SignIns + Applications>(
    ctx: &Ctx<'_>,
    store: &S,
    catalogue: &Catalogue,
    held: &Held<'_>,
    course: &mut Course,
) -> Result<SignedIn, Stop> {
    let named = member::named(&held.assertion, held.usable.policy())?;
    course.subject = named.names.first().cloned();
    let goal = goal(ctx, store, held).await?;
    let mut attempt = 0;
    loop {
        let entrant = entrant(ctx, store, catalogue, held, &named).await?;
        let entry = Entry::new(ctx, held, &entrant, &goal);
        match entry.write(ctx, store, held, &entrant).await {
            Ok(()) => {
                course.user = Some(entrant.user().id);
                return Ok(entry.signed_in(ctx, held, &goal, entrant.user()));
            }
            Err(error) => {
                again(ctx, error, held, &entrant, attempt).await?;
                attempt += 1;
            }
        }
    }
}

/// The member who comes in.
enum Entrant {
    Known(Box<User>),
    New(Box<Newcomer>),
}

impl Entrant {
    const fn user(&self) -> &User {
        match self {
            Self::Known(user) => user,
            Self::New(newcomer) => &newcomer.user,
        }
    }
}

async fn entrant<S: SignIns>(
    ctx: &Ctx<'_>,
    store: &S,
    catalogue: &Catalogue,
    held: &Held<'_>,
    named: &Named,
) -> Result<Entrant, Stop> {
    let organization = &held.setup.organization.id;
    match member::find(ctx, store, organization, &named.names).await? {
        Some(user) if user.is_suspended() => Err(reason::suspended(&user).into()),
        Some(user) => Ok(Entrant::Known(Box::new(user))),
        None if !held.usable.policy().just_in_time => {
            let name = named.names.first().map_or("", String::as_str);
            Err(reason::jit_disabled(name).into())
        }
        None => {
            let newcomer = member::newcomer(ctx, catalogue, named, &held.usable.connection.id)?;
            Ok(Entrant::New(Box::new(newcomer)))
        }
    }
}

async fn goal<'a, S: Applications>(
    ctx: &Ctx<'_>,
    store: &S,
    held: &'a Held<'_>,
) -> Result<Goal<'a>, Stop> {
    let purpose = held.flow.as_ref().map(|flow| &flow.purpose);
    let request = match purpose {
        Some(FlowPurpose::SignIn(Some(request))) => request,
        Some(FlowPurpose::Settings) => return Ok(Goal::Settings),
        Some(FlowPurpose::SignIn(None) | FlowPurpose::Test) | None => {
            return Ok(store.applications(ctx).await.map(initiating)?);
        }
    };
    // It was registered when the sign-in began; a code goes nowhere else than where it is registered now.
    let application = store.application(ctx, &request.application).await?;
    let registered = application
        .is_some_and(|application| application.redirect_uris.contains(&request.redirect_uri));
    match registered {
        true => Ok(Goal::Code(request)),
        false => Err(Refusal::new(
            Who::Developer,
            "The application that asks to sign you in is not registered here.",
        )
        .into()),
    }
}

/// The first application, in the order of their making, that takes a sign-in which it did not begin.
fn initiating<'a>(mut applications: Vec<Application>) -> Goal<'a> {
    applications.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
    let mut addresses = applications.into_iter().filter_map(|one| one.initiate_login_uri);
    addresses.next().map_or(Goal::Nowhere, Goal::Initiate)
}

/// What a sign-in writes.
struct Entry {
    session: Session,
    cookie: SessionCookie,
    grant: Option<(Grant, String)>,
}

impl Entry {
    fn new(ctx: &Ctx<'_>, held: &Held<'_>, entrant: &Entrant, goal: &Goal<'_>) -> Self {
        let policy = held.usable.policy();
        let latest = ctx.now().plus_secs(u64::from(policy.session_secs));
        let expires = match held.assertion.session_not_on_or_after.map(place::timestamp) {
            Some(idp_ends) if idp_ends > ctx.now() => latest.min(idp_ends),
            _ => latest,
        };
        let user = entrant.user();
        let subject = member::subject(&held.usable.connection.id, &held.assertion, user);
        let method = SessionMethod::Saml(subject);
        let (mut session, cookie) = sessions::begin(ctx, user.id, method, expires);
        // The IdP may have known them since this morning: `auth_time` says so, and never the future.
        session.authenticated = place::timestamp(held.assertion.authn_instant).min(ctx.now());
        let grant = match goal {
            Goal::Code(request) => {
                let organization = &held.setup.organization.id;
                Some(authorize::new_grant(ctx, organization, request, &session))
            }
            Goal::Initiate(_) | Goal::Settings | Goal::Nowhere => None,
        };
        Self { session, cookie, grant }
    }

    /// Writes it; once more when the answer was lost, which the session's id makes harmless.
    async fn write<S: SignIns>(
        &self,
        ctx: &Ctx<'_>,
        store: &S,
        held: &Held<'_>,
        entrant: &Entrant,
    ) -> Result<(), SignInError> {
        let seen = held.seen();
        let name_id = held.assertion.name_id.as_ref().map(|name_id| name_id.value.as_str());
        let user_name = normalized_key(entrant.user().user_name());
        let name_id = name_id
            .filter(|name_id| normalized_key(name_id) != user_name)
            .map(|name_id| member::name_id_key(&held.usable.connection.id, name_id));
        let write = SignInWrite {
            flow: held.flow.as_ref().map(|flow| &flow.id),
            assertion: Some(&seen),
            member: match entrant {
                Entrant::Known(_) => None,
                Entrant::New(newcomer) => Some(NewMember {
                    user: &newcomer.user,
                    keys: &newcomer.keys,
                    seats: held.setup.organization.licence.seats,
                    event: &newcomer.event,
                }),
            },
            name_id: name_id.as_ref(),
            session: Some(&self.session),
            grant: self.grant.as_ref().map(|(grant, _)| grant),
            connection: None,
        };
        let organization = &held.setup.organization.id;
        match store.sign_in(ctx, organization, write).await {
            Err(SignInError::Commit(CommitError::Store(StoreError::Unavailable(_))))
                if ctx.has_millis(RESERVE_MILLIS) =>
            {
                store.sign_in(ctx, organization, write).await
            }
            other => other,
        }
    }

    fn signed_in(self, ctx: &Ctx<'_>, held: &Held<'_>, goal: &Goal<'_>, user: &User) -> SignedIn {
        let organization = held.setup.organization.clone();
        let next = match (goal, &self.grant) {
            (Goal::Code(request), Some((_, code))) => {
                Next::To(authorize::code_redirect(ctx, request, code))
            }
            (Goal::Initiate(address), _) => {
                let mut address = address.clone();
                wire::push_query(&mut address, "iss", ctx.base_url);
                wire::push_query(&mut address, "login_hint", user.user_name());
                wire::push_query(&mut address, "organization", organization.domain.as_str());
                Next::To(address)
            }
            (Goal::Settings, _) => Next::Settings,
            (Goal::Code(_) | Goal::Nowhere, _) => Next::Page,
        };
        SignedIn {
            organization,
            flow: held.flow.as_ref().map(|flow| flow.id.clone()),
            cookie: self.cookie,
            lasts_secs: self.session.expires.millis_since(ctx.now()) / 1_000,
            next,
        }
    }
}

/// After a write that did not happen: whether to decide anew.
async fn again(
    ctx: &Ctx<'_>,
    error: SignInError,
    held: &Held<'_>,
    entrant: &Entrant,
    attempt: u32,
) -> Result<(), Stop> {
    match error {
        SignInError::Replayed => Err(reason::replayed(&held.assertion.id).into()),
        SignInError::FlowGone => Err(flow_gone(held).into()),
        SignInError::Commit(CommitError::SeatsExhausted) => {
            Err(reason::seat_limit(entrant.user().user_name()).into())
        }
        SignInError::Commit(CommitError::Store(error)) => Err(error.into()),
        SignInError::Commit(
            CommitError::Stale | CommitError::Taken(_) | CommitError::MemberGone,
        ) if attempt + 1 < SIGN_IN_ATTEMPTS_MAX && ctx.has_millis(RESERVE_MILLIS) => {
            ctx.back_off(attempt, WAIT_MILLIS, WAIT_MILLIS_MAX).await;
            Ok(())
        }
        SignInError::Commit(error) => {
            let refusal = Refusal::new(
                Who::Us { passing: true },
                "Your account is being changed by many requests at once.",
            );
            Err(refusal.because(format!("the sign-in could not be written: {error:?}")).into())
        }
    }
}

/// The flow was used by another response, or its time ended a moment ago.
pub(super) fn flow_gone(held: &Held<'_>) -> Reason {
    reason::flow_gone(held.assertion.in_response_to.as_deref().unwrap_or_default())
}

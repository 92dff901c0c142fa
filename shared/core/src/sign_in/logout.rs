//! Single logout (S13; SAML Profiles §4.4): the IdP ends sessions here, and ours ends the one there.
//!
//! A session here has ended before anything is sent or answered: what the IdP says then changes nothing here.

pub use lychgate_saml::binding::Parameter;
use lychgate_saml::{
    Rejection,
    binding::{self, Binding},
    logout::{
        self, LogoutExpectations, LogoutOutcome, LogoutRequest, OutgoingLogoutRequest,
        OutgoingLogoutResponse, PeekedLogout,
    },
    response::NameId,
};
use lychgate_scim::value::normalized_key;

use super::{
    member,
    outgoing::{self, Outgoing, Signing},
    place::{self, Addresses, Usable},
    reason::Reason,
    refusal::Refusal,
};
use crate::{
    connection::{SamlSubject, SignInSetup, SloEndpoint},
    ctx::Ctx,
    ids::{ConnectionId, OrganizationId, UserId, random_text},
    oidc::back_channel,
    organization::Organization,
    ports::{Connections, Organizations, Sessions, SignIns, StoreError, Wanted, outside::Signer},
    record::{Index, IndexKey, User},
    session::{SESSIONS_PER_MEMBER_MAX, Session, SessionMethod},
};

/// How many members one NameID may lead to.
const MEMBERS_MAX: u32 = 10;
/// How often the next [`SESSIONS_PER_MEMBER_MAX`] sessions of a member are asked for.
const END_ROUNDS_MAX: u32 = 20;
/// Characters of a message's ID behind the `_`: 130 random bits (SAML Core §1.3.4).
const ID_CHARS: usize = 26;

/// A logout message as it came.
#[derive(Debug, Clone, Copy)]
pub enum Incoming<'a> {
    /// The query, as it came: not decoded, not sorted.
    Redirect(&'a str),
    /// The one field of a form.
    Post {
        /// Which of the two it is.
        parameter: Parameter,
        /// Its value.
        value: &'a str,
    },
}

impl Incoming<'_> {
    const fn binding(&self) -> Binding {
        match self {
            Self::Redirect(_) => Binding::Redirect,
            Self::Post { .. } => Binding::Post,
        }
    }
}

/// What came of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum LoggedOut {
    /// The IdP asked: its sessions have ended, and this is our answer. None, when its metadata names no place for one.
    Ended {
        /// Where.
        organization: Organization,
        /// The sessions that have ended.
        sessions: Vec<Session>,
        /// Our answer.
        answer: Option<Outgoing>,
    },
    /// The IdP answered a request of ours.
    Answered {
        /// Where.
        organization: Organization,
        /// What our request took along: where the browser goes on, by
        /// [`crate::oidc::end_session::after_logout`].
        relay_state: Option<String>,
    },
}

/// Takes a logout message of an IdP. `relay_state` is a form's; a query brings its own.
///
/// # Errors
/// A [`Refusal`]: nothing has ended then.
pub async fn receive<S, G>(
    ctx: &Ctx<'_>,
    store: &S,
    signer: &G,
    domain: &str,
    incoming: Incoming<'_>,
    relay_state: Option<&str>,
) -> Result<LoggedOut, Refusal>
where
    S: SignIns + Organizations + Sessions,
    G: Signer,
{
    let setup = place::find(ctx, store, domain).await?;
    let (peeked, parameter, carried_state) = read(incoming).map_err(refused)?;
    if parameter == Parameter::Response {
        // Ours have ended already, whatever it says: there is nothing in it to believe.
        let relay_state = carried_state.or_else(|| relay_state.map(str::to_owned));
        return Ok(LoggedOut::Answered { organization: setup.organization, relay_state });
    }
    let (usable, request) = believed(ctx, &setup, &peeked).map_err(refused)?;
    let connection = &usable.connection.id;
    let sessions = end(ctx, store, &setup.organization, connection, &request).await?;
    let relay_state = carried_state.as_deref().or(relay_state);
    let relay_state = relay_state.filter(|text| text.len() <= binding::RELAY_STATE_BYTES_MAX);
    let answer =
        answer(ctx, signer, &setup, usable, &request, incoming.binding(), relay_state).await?;
    let organization = setup.organization.clone();
    Ok(LoggedOut::Ended { organization, sessions, answer })
}

fn refused(why: Rejection) -> Refusal {
    Reason::from(why).refusal()
}

fn read(incoming: Incoming<'_>) -> Result<(PeekedLogout, Parameter, Option<String>), Rejection> {
    match incoming {
        Incoming::Redirect(raw_query) => {
            let message = binding::decode_redirect(raw_query)?;
            let (parameter, relay_state) = (message.parameter, message.relay_state.clone());
            Ok((logout::peek_redirect(message)?, parameter, relay_state))
        }
        Incoming::Post { parameter, value } => {
            let bytes = binding::decode_post(value)?;
            Ok((logout::peek_post(&bytes, parameter)?, parameter, None))
        }
    }
}

/// The request, from the live connection whose IdP has signed it.
fn believed<'a>(
    ctx: &Ctx<'_>,
    setup: &'a SignInSetup,
    peeked: &PeekedLogout,
) -> Result<(Usable<'a>, LogoutRequest), Rejection> {
    let addresses = Addresses::new(ctx.base_url, &setup.organization.domain);
    let issuer = peeked.issuer.to_select().as_deref();
    let mut first = None;
    for usable in place::live(setup) {
        let certificates = usable.certificates();
        let expect = LogoutExpectations {
            slo_url: &addresses.slo,
            idp_entity_id: &usable.idp.entity_id,
            now: place::instant(ctx.now()),
            skew_secs: usable.policy().clock_skew_secs,
            certificates: &certificates,
            algorithms: usable.algorithms(ctx.now()),
        };
        match logout::validate_request(peeked, &expect) {
            Ok(request) => return Ok((usable, request)),
            // What its own IdP got wrong says more than that the others did not send it.
            Err(why) if issuer == Some(usable.idp.entity_id.as_str()) => first = Some(why),
            Err(why) => {
                first.get_or_insert(why);
            }
        }
    }
    Err(first.unwrap_or(Rejection::BadIssuer {
        element: "LogoutRequest",
        want: "the IdP of an active connection".to_owned(),
        got: String::new(),
    }))
}

/// Ends the sessions that the request names. A NameID that nobody has ends nothing, which is what was asked.
async fn end<S: SignIns + Sessions>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &Organization,
    connection: &ConnectionId,
    request: &LogoutRequest,
) -> Result<Vec<Session>, StoreError> {
    let mut ended = Vec::new();
    for user in members(ctx, store, organization, connection, &request.name_id.value).await? {
        let (id, name) = (user.id, user.user_name());
        for _ in 0..END_ROUNDS_MAX {
            let mut sessions = store.sessions_of(ctx, &organization.id, id).await?;
            let may_be_more = sessions.len() >= SESSIONS_PER_MEMBER_MAX;
            sessions.retain(|session| is_named(session, connection, request));
            let tenant = &organization.id;
            back_channel::end(ctx, store, tenant, id, name, &sessions, "idp", false, None).await?;
            let has_ended = !sessions.is_empty();
            ended.extend(sessions);
            if !may_be_more || !has_ended {
                break;
            }
        }
    }
    Ok(ended)
}

/// Who may have a session of this NameID: whose `userName` it is, and who signed in by it.
async fn members<S: SignIns>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &Organization,
    connection: &ConnectionId,
    name_id: &str,
) -> Result<Vec<User>, StoreError> {
    if name_id.len() > member::NAME_ID_BYTES_MAX {
        return Ok(Vec::new());
    }
    let claim = IndexKey { index: Index::UserName, value: normalized_key(name_id) };
    let wanted = Wanted { claims: vec![claim], ..Wanted::default() };
    let key = member::name_id_key(connection, name_id);
    let (fetched, found) = futures_util::future::join(
        store.fetch(ctx, &organization.id, wanted),
        store.look_up(ctx, &organization.id, &key, MEMBERS_MAX),
    )
    .await;
    let mut users: Vec<UserId> =
        fetched?.claims.into_iter().map(|(_, id)| id).chain(found?).map(UserId::from).collect();
    users.sort();
    users.dedup();
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = Wanted { users, ..Wanted::default() };
    Ok(store.fetch(ctx, &organization.id, wanted).await?.users)
}

/// Whether the request is about this session (SAML Core §3.7.3.1): the NameID as it was signed, and, where the request
/// names sessions, one of them.
fn is_named(session: &Session, connection: &ConnectionId, request: &LogoutRequest) -> bool {
    let SessionMethod::Saml(subject) = &session.method else {
        return false;
    };
    let indexes = &request.session_indexes;
    subject.connection == *connection
        && subject.name_id == request.name_id.value
        && (indexes.is_empty()
            || subject.session_index.as_ref().is_none_or(|index| indexes.contains(index)))
}

async fn answer<G: Signer>(
    ctx: &Ctx<'_>,
    signer: &G,
    setup: &SignInSetup,
    usable: Usable<'_>,
    request: &LogoutRequest,
    came_by: Binding,
    relay_state: Option<&str>,
) -> Result<Option<Outgoing>, Refusal> {
    let Some((endpoint, binding)) = slo(usable, came_by) else {
        return Ok(None);
    };
    let addresses = Addresses::new(ctx.base_url, &setup.organization.domain);
    let message = OutgoingLogoutResponse {
        id: &message_id(ctx),
        issue_instant: place::instant(ctx.now()),
        destination: endpoint.response_location.as_deref().unwrap_or(&endpoint.location),
        issuer: addresses.entity_id(usable.settings.entity_id),
        in_response_to: &request.id,
        outcome: LogoutOutcome::Success,
    }
    .message();
    let certificate = certificate(usable);
    let signing = Signing::Yes { certificate: certificate.as_deref() };
    // RelayState goes back as it came (SAML Bindings §3.4.3): to the IdP's own address, never anywhere else.
    outgoing::send(ctx, signer, message, binding, signing, relay_state).await.map(Some)
}

/// Asks the IdP to end its session too, when its metadata offers that. The session here has ended, or ends now.
/// `relay_state` comes back with the answer.
///
/// # Errors
/// A [`Refusal`]: the session there goes on.
pub async fn begin<S, G>(
    ctx: &Ctx<'_>,
    store: &S,
    signer: &G,
    organization: &OrganizationId,
    session: &Session,
    relay_state: Option<&str>,
) -> Result<Option<Outgoing>, Refusal>
where
    S: Connections,
    G: Signer,
{
    let SessionMethod::Saml(subject) = &session.method else {
        return Ok(None);
    };
    let Some(setup) = store.sign_in_setup(ctx, organization).await? else {
        return Ok(None);
    };
    let usable = place::connection(&setup, &subject.connection).and_then(Usable::live);
    let Some((usable, (endpoint, binding))) =
        usable.and_then(|usable| Some((usable, slo(usable, Binding::Redirect)?)))
    else {
        return Ok(None);
    };
    let addresses = Addresses::new(ctx.base_url, &setup.organization.domain);
    let message = OutgoingLogoutRequest {
        id: &message_id(ctx),
        issue_instant: place::instant(ctx.now()),
        destination: &endpoint.location,
        issuer: addresses.entity_id(usable.settings.entity_id),
        name_id: &name_id(subject),
        session_index: subject.session_index.as_deref(),
    }
    .message();
    let certificate = certificate(usable);
    let signing = Signing::Yes { certificate: certificate.as_deref() };
    outgoing::send(ctx, signer, message, binding, signing, relay_state).await.map(Some)
}

/// The IdP's single logout endpoint, by this binding where it has one.
fn slo(usable: Usable<'_>, preferred: Binding) -> Option<(&SloEndpoint, Binding)> {
    let redirect = usable.idp.slo_redirect.as_ref().map(|one| (one, Binding::Redirect));
    let post = usable.idp.slo_post.as_ref().map(|one| (one, Binding::Post));
    match preferred {
        Binding::Redirect => redirect.or(post),
        Binding::Post => post.or(redirect),
    }
}

fn certificate(usable: Usable<'_>) -> Option<Vec<u8>> {
    outgoing::request_certificate(usable.policy().request_certificate.as_deref())
}

fn name_id(subject: &SamlSubject) -> NameId {
    NameId {
        value: subject.name_id.clone(),
        format: subject.format.clone(),
        name_qualifier: subject.name_qualifier.clone(),
        sp_name_qualifier: subject.sp_name_qualifier.clone(),
    }
}

fn message_id(ctx: &Ctx<'_>) -> String {
    format!("_{}", random_text(ctx.world, ID_CHARS))
}

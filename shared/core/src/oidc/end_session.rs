//! `/oidc/end_session`: an application signs its person out here (OpenID Connect RP-Initiated Logout 1.0).
//!
//! An ID token of ours says whose session it is and that the application may ask: that session ends. Without one the
//! person is asked, because anybody can send a browser here. Where the browser goes afterwards is an address that the
//! application has registered, or nowhere.

use serde_json::{Map, Value};

use super::{
    authorize::{REDIRECT_URI_BYTES_MAX, STATE_BYTES_MAX},
    back_channel, jws,
    wire::push_query,
};
use crate::{
    application::Application,
    ctx::Ctx,
    ids::{ApplicationId, OrganizationId, SessionId, UserId},
    ports::{
        Applications, Directory, Sessions, StoreError, Wanted,
        outside::{OutsideError, Signer, SigningKey},
    },
    session::Session,
};

/// The parameters of a logout request (§2), each at most once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EndSessionParams {
    /// An ID token of ours, ended or not.
    pub id_token_hint: Option<String>,
    /// The application, where there is no ID token.
    pub client_id: Option<String>,
    /// Where the browser goes afterwards.
    pub post_logout_redirect_uri: Option<String>,
    /// Echoed.
    pub state: Option<String>,
}

impl EndSessionParams {
    /// From the pairs of a query or a form; `None` when one stands there twice or is too long.
    #[must_use]
    pub fn from_pairs(pairs: &[(String, String)]) -> Option<Self> {
        let mut params = Self::default();
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            let (slot, bytes_max) = match name.as_str() {
                "id_token_hint" => (&mut params.id_token_hint, jws::TOKEN_BYTES_MAX),
                "client_id" => (&mut params.client_id, super::authorize::PARAMETER_BYTES_MAX),
                "post_logout_redirect_uri" => {
                    (&mut params.post_logout_redirect_uri, REDIRECT_URI_BYTES_MAX)
                }
                "state" => (&mut params.state, STATE_BYTES_MAX),
                _ => continue,
            };
            if slot.is_some() || value.len() > bytes_max {
                return None;
            }
            *slot = Some(value.clone());
        }
        Some(params)
    }

    /// The parameters as pairs, to be carried on.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&'static str, &str)> {
        let pairs = [
            ("id_token_hint", &self.id_token_hint),
            ("client_id", &self.client_id),
            ("post_logout_redirect_uri", &self.post_logout_redirect_uri),
            ("state", &self.state),
        ];
        pairs.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).collect()
    }
}

/// What an ID token of ours says about the session that it was given for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// Whom it was given to.
    pub application: ApplicationId,
    /// At which organization.
    pub organization: OrganizationId,
    /// Whose session.
    pub user: UserId,
    /// Which session.
    pub session: SessionId,
}

impl Hint {
    fn read(ctx: &Ctx<'_>, claims: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("iss") != Some(ctx.base_url) {
            return None;
        }
        Some(Self {
            application: text("aud")?.parse().ok()?,
            organization: claims.get("organization")?.get("id")?.as_str()?.parse().ok()?,
            user: text("sub")?.parse().ok()?,
            session: text("sid")?.parse().ok()?,
        })
    }
}

/// A logout request, looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The session that the application may end; without one, the person is asked.
    pub hint: Option<Hint>,
    /// Who asks, when it is known.
    pub application: Option<Application>,
    /// Where the browser goes afterwards: an address that the application has registered, with `state`.
    pub then: Option<String>,
    /// The same for a way that leads through the IdP, as a SAML `RelayState`; `None` when it does not fit into one, and the
    /// browser would not come back.
    pub relay_state: Option<String>,
}

/// The longest `RelayState` that IdPs must give back, in bytes (SAML Bindings §3.4.3).
pub const RELAY_STATE_BYTES_MAX: usize = 80;

/// Why a logout request could not be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndSessionError {
    /// The store.
    Store(StoreError),
    /// Our public keys cannot be had.
    Signer(OutsideError),
}

/// Looks at a logout request. An ID token that is not ours, or is another application's than `client_id` says, is none;
/// one whose time is over is one (§2).
///
/// # Errors
/// [`EndSessionError`].
pub async fn read<S: Applications, G: Signer>(
    ctx: &Ctx<'_>,
    store: &S,
    signer: &G,
    params: &EndSessionParams,
) -> Result<Asked, EndSessionError> {
    let claimed = params.client_id.as_deref().map(str::parse::<ApplicationId>);
    let mut hint = None;
    if let Some(token) = &params.id_token_hint {
        let keys = signer.public_keys(ctx, SigningKey::Oidc).await;
        let keys = keys.map_err(EndSessionError::Signer)?;
        hint = jws::verified(token, "JWT", &keys)
            .and_then(|claims| Hint::read(ctx, &claims))
            .filter(|hint| claimed.as_ref().is_none_or(|id| id.as_ref() == Ok(&hint.application)));
    }
    let id = match (&hint, &params.id_token_hint, claimed) {
        (Some(hint), ..) => Some(hint.application.clone()),
        (None, None, Some(Ok(id))) => Some(id),
        // Somebody shows a token that is not theirs: they go nowhere.
        (None, ..) => None,
    };
    let application = match &id {
        Some(id) => store.application(ctx, id).await.map_err(EndSessionError::Store)?,
        None => None,
    };
    let place = application.as_ref().and_then(|application| {
        let uri = params.post_logout_redirect_uri.as_ref()?;
        // Compared byte for byte (§3.1).
        application.post_logout_redirect_uris.iter().position(|known| known == uri)
    });
    let state = params.state.as_deref();
    let then = application.as_ref().and_then(|application| address(application, place?, state));
    let relay_state = match (&application, place, &then) {
        (Some(application), Some(place), Some(_)) => relay_state(application, place, state),
        _ => None,
    };
    let hint = hint.filter(|_| application.is_some());
    Ok(Asked { hint, application, then, relay_state })
}

/// A registered address by its place, with the state.
fn address(application: &Application, place: usize, state: Option<&str>) -> Option<String> {
    let registered = application.post_logout_redirect_uris.get(place);
    let mut address = registered.filter(|uri| !uri.contains('#'))?.clone();
    if let Some(state) = state {
        push_query(&mut address, "state", state);
    }
    Some(address)
}

/// `<application>.<place of the address>.<state>`: a look-up, never an address.
fn relay_state(application: &Application, place: usize, state: Option<&str>) -> Option<String> {
    let text = match state {
        Some(state) => format!("{}.{place}.{state}", application.id),
        None => format!("{}.{place}", application.id),
    };
    (text.len() <= RELAY_STATE_BYTES_MAX).then_some(text)
}

/// Where the browser goes when it comes back from the IdP with this `RelayState`: an address that an application has
/// registered. Whoever makes one up gets no further than there.
///
/// # Errors
/// What the store says.
pub async fn after_logout<S: Applications>(
    ctx: &Ctx<'_>,
    store: &S,
    relay_state: &str,
) -> Result<Option<String>, StoreError> {
    let mut parts = relay_state.splitn(3, '.');
    let id = parts.next().and_then(|id| id.parse::<ApplicationId>().ok());
    let place = parts.next().and_then(|place| place.parse::<usize>().ok());
    let (Some(id), Some(place)) = (id, place) else {
        return Ok(None);
    };
    let state = parts.next().filter(|_| relay_state.len() <= RELAY_STATE_BYTES_MAX);
    let application = store.application(ctx, &id).await?;
    Ok(application.and_then(|application| address(&application, place, state)))
}

/// Ends the session that the hint names, and the browser's own when it is the same member's (they may have signed in again
/// since). Gives what has ended. The other applications are told (see [`back_channel`]).
///
/// # Errors
/// What the store says.
pub async fn end<S: Sessions + Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    hint: &Hint,
    browser: Option<&Session>,
) -> Result<Vec<Session>, StoreError> {
    let organization = &hint.organization;
    let mut sessions: Vec<Session> =
        store.session(ctx, organization, hint.user, &hint.session).await?.into_iter().collect();
    let own = browser.filter(|own| own.user == hint.user && own.id != hint.session);
    sessions.extend(own.cloned());
    if sessions.is_empty() {
        return Ok(sessions);
    }
    let wanted = Wanted { users: vec![hint.user], ..Wanted::default() };
    let user = store.fetch(ctx, organization, wanted).await?.users.pop();
    let name = user.as_ref().map_or("", |user| user.user_name());
    let except = Some(&hint.application);
    let (user, by) = (hint.user, "application");
    back_channel::end(ctx, store, organization, user, name, &sessions, by, true, except).await?;
    Ok(sessions)
}

//! `/oidc/end_session` (OpenID Connect RP-Initiated Logout 1.0).

use lychgate_core::{
    ctx::Ctx,
    event::Actor,
    ids::OrganizationId,
    oidc::{
        back_channel,
        end_session::{self, Asked, EndSessionError, EndSessionParams, Hint},
    },
    ports::{StoreError, outside::Signer},
    record::User,
    session::{Session, SessionMethod},
    sessions::{self, SessionCookie},
    sign_in::{logout, outgoing::Outgoing},
};
use lychgate_edge::{
    cookie::{Cookie, Cookies},
    form::{self, FormToken},
    json::Incoming,
    page::{self, Trouble, Who},
    pages::{end_session::EndSession, sign_in::Message},
    reply::Reply,
    request::Method,
    saml,
};

use crate::{Oidc, Store, posted};

/// The most organizations that one browser is signed out of at once.
const ORGANIZATIONS_MAX: usize = 10;

pub(crate) async fn serve<S: Store, G: Signer>(
    oidc: &Oidc<S, G>,
    ctx: &mut Ctx<'_>,
    incoming: &Incoming<'_>,
) -> Result<Reply, Trouble> {
    let is_post = incoming.route.method == Method::Post;
    let posted = if is_post { posted(incoming) } else { Vec::new() };
    let pairs = if is_post { &posted } else { &incoming.request.query };
    let params = EndSessionParams::from_pairs(pairs).ok_or_else(|| {
        Trouble::new(Who::Person, "The application's request to sign you out cannot be read.")
    })?;
    let asked = end_session::read(ctx, &oidc.store, &oidc.signer, &params).await;
    let asked = asked.map_err(|error| match error {
        EndSessionError::Store(error) => error.into(),
        EndSessionError::Signer(error) => {
            Trouble::new(Who::Us { passing: true }, "You could not be signed out at the moment.")
                .because(error.private)
        }
    })?;
    if let Some(hint) = &asked.hint {
        return hinted(oidc, ctx, incoming, &params, &asked, hint).await;
    }
    let signed_in = everywhere(oidc, ctx, incoming).await?;
    if signed_in.is_empty() {
        return Ok(onward(&params, &asked));
    }
    // An application's own request may be a form too, and has no token.
    let token = posted.iter().find(|(name, _)| name == form::TOKEN_FIELD);
    if !token.is_some_and(|(_, token)| form::is_shown_here(ctx, incoming, token)) {
        return Ok(question(ctx, incoming, &params, &asked));
    }
    let cookies = Cookies::of(ctx.base_url);
    let mut way = None;
    for (organization, session, user) in &signed_in {
        ctx.actor = Actor::Member(user.id);
        let (name, ended) = (user.user_name(), std::slice::from_ref(session));
        let (store, by) = (&oidc.store, "sign_out");
        back_channel::end(ctx, store, organization, user.id, name, ended, by, true, None).await?;
        if way.is_none() {
            way = at_the_idp(oidc, ctx, &asked, organization, ended).await;
        }
    }
    let mut reply = match &way {
        Some(way) => still_there(way),
        None => onward(&params, &asked),
    };
    for (organization, ..) in &signed_in {
        reply = reply.with_cookie(cookies.clear(Cookie::Session(organization)));
    }
    Ok(reply)
}

/// How the browser ends the IdP's session too, when the IdP offers that and the browser comes back to where it wants to go
/// (S13). The sessions here have ended already; what fails is for the log.
async fn at_the_idp<S: Store, G: Signer>(
    oidc: &Oidc<S, G>,
    ctx: &Ctx<'_>,
    asked: &Asked,
    organization: &OrganizationId,
    ended: &[Session],
) -> Option<Outgoing> {
    if asked.then.is_some() && asked.relay_state.is_none() {
        return None;
    }
    let by_idp = |session: &&Session| matches!(session.method, SessionMethod::Saml(_));
    let session = ended.iter().find(by_idp)?;
    let relay = asked.relay_state.as_deref();
    let way = logout::begin(ctx, &oidc.store, &oidc.signer, organization, session, relay).await;
    way.unwrap_or_else(|refusal| {
        tracing::warn!(
            request.id = ctx.request_id,
            organization.id = %organization,
            reason = refusal.private.as_deref().unwrap_or(&refusal.sentence),
            "the identity provider was not asked to end its session"
        );
        None
    })
}

/// The IdP's session goes on: a question again, because a form by itself posts nothing without a script, and because the
/// answer to the first question cannot be sent on to an address that its page did not know of.
fn still_there(way: &Outgoing) -> Reply {
    let sentence = "You are signed out here. You may still be signed in at your identity provider.";
    match way {
        Outgoing::Form(_) => saml::outgoing(way, sentence),
        Outgoing::Redirect(location) => {
            let button = Some(("Sign out there too", location.as_str()));
            let paragraphs = [sentence];
            page::render(200, &Message { title: "Signed out", paragraphs: &paragraphs, button })
        }
    }
}

/// An ID token of ours said which session: it ends without a question.
async fn hinted<S: Store, G: Signer>(
    oidc: &Oidc<S, G>,
    ctx: &mut Ctx<'_>,
    incoming: &Incoming<'_>,
    params: &EndSessionParams,
    asked: &Asked,
    hint: &Hint,
) -> Result<Reply, Trouble> {
    ctx.actor = Actor::Member(hint.user);
    let cookies = Cookies::of(ctx.base_url);
    let cookie = incoming.request.cookie(&cookies.name(Cookie::Session(&hint.organization)));
    let browser = match cookie {
        Some(cookie) => sessions::current(ctx, &oidc.store, &hint.organization, cookie).await?,
        None => None,
    };
    let browser = browser.map(|(session, _)| session);
    let ended = end_session::end(ctx, &oidc.store, hint, browser.as_ref()).await?;
    let named = cookie.and_then(SessionCookie::parse).map(|cookie| cookie.session);
    let is_over = browser.is_none() || ended.iter().any(|ended| Some(&ended.id) == named.as_ref());
    let mut reply = match at_the_idp(oidc, ctx, asked, &hint.organization, &ended).await {
        Some(Outgoing::Redirect(location)) => Reply::see_other(&location),
        Some(form @ Outgoing::Form(_)) => still_there(&form),
        None => onward(params, asked),
    };
    if cookie.is_some() && is_over {
        reply = reply.with_cookie(cookies.clear(Cookie::Session(&hint.organization)));
    }
    Ok(reply)
}

/// To the application's own page, or to ours.
fn onward(params: &EndSessionParams, asked: &Asked) -> Reply {
    if let Some(then) = &asked.then {
        return Reply::see_other(then);
    }
    let mut paragraphs = vec!["You are signed out here. Close the browser if others use it too."];
    if params.post_logout_redirect_uri.is_some() {
        paragraphs
            .push("The application wants you sent on to an address that it has not registered.");
    }
    page::render(200, &Message { title: "Signed out", paragraphs: &paragraphs, button: None })
}

/// Anybody can send a browser here: the person decides.
fn question(
    ctx: &Ctx<'_>,
    incoming: &Incoming<'_>,
    params: &EndSessionParams,
    asked: &Asked,
) -> Reply {
    let token = FormToken::of(ctx, incoming);
    // A hint that named nobody is not carried along.
    let pairs = if params.id_token_hint.is_none() { params.pairs() } else { Vec::new() };
    let hidden = token.fields(&pairs);
    let application = asked.application.as_ref().map(|application| application.name.as_str());
    let origin = asked.then.as_deref().and_then(saml::origin);
    let origins: Vec<&str> = origin.into_iter().collect();
    let page = EndSession { application, hidden: &hidden };
    let reply = page::render_with_form_to(200, &page, &origins);
    token.onto(reply)
}

/// Who is signed in by this browser's cookies.
async fn everywhere<S: Store, G: Signer>(
    oidc: &Oidc<S, G>,
    ctx: &Ctx<'_>,
    incoming: &Incoming<'_>,
) -> Result<Vec<(OrganizationId, Session, User)>, StoreError> {
    let cookies = Cookies::of(ctx.base_url);
    let named = incoming.request.cookies.iter();
    let named = named.filter_map(|(name, value)| Some((cookies.session_of(name)?, value)));
    let mut found = Vec::new();
    for (organization, value) in named.take(ORGANIZATIONS_MAX) {
        let current = sessions::current(ctx, &oidc.store, &organization, value).await?;
        found.extend(current.map(|(session, user)| (organization, session, user)));
    }
    Ok(found)
}

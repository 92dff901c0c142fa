//! `/oidc/end_session` (OpenID Connect RP-Initiated Logout 1.0).

use askama::Template;
use lychgate_core::{
    credential::new_secret,
    ctx::Ctx,
    event::Actor,
    ids::OrganizationId,
    oidc::{
        back_channel,
        end_session::{self, Asked, EndSessionError, EndSessionParams, Hint},
    },
    ports::{StoreError, outside::Signer},
    record::User,
    secret::SecretHash,
    session::{Session, SessionMethod},
    sessions::{self, SessionCookie},
    sign_in::{logout, outgoing::Outgoing},
};
use lychgate_edge::{
    cookie::{Cookie, Cookies},
    json::Incoming,
    page::{self, Trouble, Who},
    reply::Reply,
    request::Method,
};

use crate::{Oidc, Store, form};

/// How long the question may stand open, in seconds.
const FORM_SECS: u64 = 900;
/// The most organizations that one browser is signed out of at once.
const ORGANIZATIONS_MAX: usize = 10;

#[derive(Template)]
#[template(path = "sign_out.html")]
struct SignOutPage<'a> {
    application: Option<&'a str>,
    fields: &'a [(&'static str, &'a str)],
    form: &'a str,
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOutPage {
    nowhere: bool,
}

/// The IdP's session goes on: a question again, because a form's answer cannot be sent on to an address that the form did
/// not know of, and because a form by itself posts nothing without a script.
#[derive(Template)]
#[template(path = "onward.html")]
struct OnwardPage<'a> {
    way: &'a Outgoing,
    then: Option<&'a str>,
}

pub(crate) async fn serve<S: Store, G: Signer>(
    oidc: &Oidc<S, G>,
    ctx: &mut Ctx<'_>,
    incoming: &Incoming<'_>,
) -> Result<Reply, Trouble> {
    let is_post = incoming.route.method == Method::Post;
    let posted = if is_post { form(incoming) } else { Vec::new() };
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
    let answer = posted.iter().find(|(name, _)| name == "form").map(|(_, value)| value.as_str());
    if !is_the_forms(ctx, incoming, answer) {
        return Ok(question(ctx, &params, &asked));
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
        Some(way) => still_there(way, &asked),
        None => onward(&params, &asked),
    };
    for (organization, ..) in &signed_in {
        reply = reply.with_cookie(cookies.clear(Cookie::Session(organization)));
    }
    Ok(reply.with_cookie(cookies.clear(Cookie::Form)))
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
            reason = ?refusal,
            "the identity provider was not asked to end its session"
        );
        None
    })
}

fn still_there(way: &Outgoing, asked: &Asked) -> Reply {
    let idp = match way {
        Outgoing::Redirect(location) => origin(location),
        Outgoing::Form(form) => origin(&form.action),
    };
    let then = asked.then.as_deref();
    let origins: Vec<&str> = idp.into_iter().chain(then.and_then(origin)).collect();
    page::render_with_form_to(200, &OnwardPage { way, then }, &origins)
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
        Some(form) => still_there(&form, asked),
        None => onward(params, asked),
    };
    if cookie.is_some() && is_over {
        reply = reply.with_cookie(cookies.clear(Cookie::Session(&hint.organization)));
    }
    Ok(reply)
}

/// To the application's own page, or to ours.
fn onward(params: &EndSessionParams, asked: &Asked) -> Reply {
    match &asked.then {
        Some(then) => Reply::see_other(then),
        None => {
            let nowhere = params.post_logout_redirect_uri.is_some();
            page::render(200, &SignedOutPage { nowhere })
        }
    }
}

/// Anybody can send a browser here: the person decides.
fn question(ctx: &Ctx<'_>, params: &EndSessionParams, asked: &Asked) -> Reply {
    let (secret, _) = new_secret(ctx.world);
    // A hint that did not hold stays behind.
    let kept = EndSessionParams { id_token_hint: None, ..params.clone() };
    let fields = if params.id_token_hint.is_some() { Vec::new() } else { kept.pairs() };
    let application = asked.application.as_ref().map(|application| application.name.as_str());
    let template = SignOutPage { application, fields: &fields, form: &secret };
    let origin = asked.then.as_deref().and_then(origin);
    let origins: Vec<&str> = origin.into_iter().collect();
    let cookie = Cookies::of(ctx.base_url).set(Cookie::Form, &secret, FORM_SECS);
    page::render_with_form_to(200, &template, &origins).with_cookie(cookie)
}

/// `https://host:port` of an address that was registered.
fn origin(address: &str) -> Option<&str> {
    let after_scheme = address.find("://")?.checked_add(3)?;
    let rest = address.get(after_scheme..)?;
    let host = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    address.get(..after_scheme.checked_add(host)?)
}

/// Whether the form was answered by the browser that was shown it.
fn is_the_forms(ctx: &Ctx<'_>, incoming: &Incoming<'_>, answer: Option<&str>) -> bool {
    let shown = incoming.request.cookie(&Cookies::of(ctx.base_url).name(Cookie::Form));
    match (shown, answer) {
        (Some(shown), Some(answer)) if !shown.is_empty() => {
            SecretHash::of(shown.as_bytes()).matches(answer.as_bytes())
        }
        _ => false,
    }
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

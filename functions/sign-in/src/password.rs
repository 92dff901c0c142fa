//! The guess of a password.

use lychgate_core::{
    ctx::Ctx,
    oidc::authorize::{self, AuthorizeParams, Name, code_redirect},
    organization::Domain,
    passwords::{self, Guess, PASSWORD_SESSION_SECS, Refusal},
    settings,
};
use lychgate_edge::{
    cookie::{Cookie, Cookies},
    json::Incoming,
    page::{Trouble, Who},
    reply::Reply,
    saml,
};

use crate::{
    Store,
    choose::{self, Shown},
    form::{self, request_trouble},
};

/// How long a browser is remembered that signed in with a password, in seconds.
const DEVICE_SECS: u64 = 365 * 86_400;

pub(crate) async fn run<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Trouble> {
    let form = form::read(ctx, incoming)?;
    let params = AuthorizeParams::from_pairs(form.pairs());
    let named = params.get(Name::Organization).unwrap_or_default();
    let unknown =
        || Trouble::new(Who::Developer, "There is no such company here.").again("/sign_in");
    let domain = Domain::parse(named).ok_or_else(unknown)?;
    let request = if params.is_request() {
        match authorize::read(ctx, store, &params).await {
            Ok((_, request)) => Some(request),
            Err(error) => return request_trouble(ctx, error),
        }
    } else {
        None
    };
    let setup = choose::find_setup(ctx, store, &domain).await?.ok_or_else(unknown)?;
    if !setup.organization.sign_in.password {
        return Err(unknown());
    }
    let organization = &setup.organization;
    let cookies = Cookies::of(ctx.base_url);
    let device = cookies.name(Cookie::Device(&organization.id));
    let guess = Guess {
        email: form.get("email"),
        password: form.get("password"),
        source_ip: incoming.request.source_ip.as_deref(),
        device: incoming.request.cookie(&device),
    };
    match passwords::sign_in(ctx, store, organization, guess, request.as_ref()).await {
        Ok(signed_in) => {
            let reply = match (&request, &signed_in.code) {
                (Some(request), Some(code)) => Reply::see_other(&code_redirect(ctx, request, code)),
                _ if params.leads_to_settings() => {
                    Reply::see_other(&settings::path(&organization.id))
                }
                _ => saml::signed_in(&organization.name),
            };
            let session = Cookie::Session(&organization.id);
            let device = Cookie::Device(&organization.id);
            Ok(reply
                .with_cookie(cookies.set(session, &signed_in.cookie.text(), PASSWORD_SESSION_SECS))
                .with_cookie(cookies.set(device, &signed_in.device, DEVICE_SECS)))
        }
        Err(refusal) => {
            let (status, sentence) = told(refusal)?;
            let shown = Shown { params: &params, email: form.get("email"), error: Some(&sentence) };
            choose::page(ctx, incoming, &setup, status, &shown)
        }
    }
}

/// What the person is told. One sentence for everything that a stranger must not tell apart.
fn told(refusal: Refusal) -> Result<(u16, String), Trouble> {
    match refusal {
        Refusal::Wrong | Refusal::Unavailable | Refusal::LinkGone | Refusal::Unacceptable(_) => {
            Ok((
                403,
                "That address and password do not belong together, or you sign in another way. After several wrong \
                 passwords the right one has to wait too: have a link sent to you."
                    .to_owned(),
            ))
        }
        Refusal::Wait(secs) => Ok((
            429,
            format!(
                "There were too many attempts. Try again in {}, or have a link sent to you.",
                if secs < 60 {
                    format!("{secs} seconds")
                } else {
                    format!("{} minutes", secs.div_ceil(60))
                }
            ),
        )),
        Refusal::Suspended => {
            Ok((403, "Your account is suspended. Your administrator can restore it.".to_owned()))
        }
        Refusal::Store(error) => Err(error.into()),
    }
}

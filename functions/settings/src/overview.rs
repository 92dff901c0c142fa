//! The first page: where things stand and what comes next; the live state alone; leaving (W2, W4).

pub(crate) mod ending;
pub(crate) mod live;
pub(crate) mod requests;
mod steps;

use lychgate_core::{
    connection::SignInSetup,
    ctx::Ctx,
    ids::OrganizationId,
    journal::RequestEntry,
    operator::directory::REQUESTS_READ_MAX,
    organization::Organization,
    ports::Wanted,
    settings::{
        access::{Area, VisitCookie},
        link::{Admits, Scope, SettingsLink},
        links,
    },
    time::Timestamp,
};
use lychgate_edge::{
    cookie::{Cookie, Cookies},
    form::{Expected, Form},
    json::Incoming,
    page::render,
    pages::{
        settings::{
            live::{Live, LiveAlone},
            overview::{Guest, Leave, Overview, Scim, Step},
            when::{Ends, When},
        },
        sign_in::Message,
    },
    reply::Reply,
    request::Method::{Get, Post},
    settings::{Room, Turned, enter},
};

use crate::{ROOT, Store, unrouted};

pub(crate) async fn serve<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let rest = incoming.route.path.strip_prefix(ROOT).unwrap_or_default();
    match (incoming.route.method, rest) {
        (Get, "") => page(ctx, store, incoming).await,
        (Get, "/live") => alone(ctx, store, incoming).await,
        (Post, "/leave") => leave(ctx, store, incoming).await,
        _ => Err(unrouted(incoming)),
    }
}

fn counts() -> Wanted {
    Wanted { user_count: true, group_count: true, ..Wanted::default() }
}

/// Three reads for an owner: the room, the sign-in set-up, and the requests (or, while there is no provisioning, the
/// sign-ins).
async fn page<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let room = enter(ctx, store, incoming, Area::Overview, counts()).await?;
    let (now, organization) = (ctx.now(), room.visitor.organization().clone());
    let setup = match room.visitor.may(Area::Certificates) {
        true => store.sign_in_setup(ctx, &organization.id).await?,
        false => None,
    };
    let mut state = live::live(now, &room);
    let requests = if provisions(&room, &organization) {
        store.requests_before(ctx, &organization.id, None, REQUESTS_READ_MAX).await?
    } else {
        if room.visitor.may(Area::Sso) {
            state.sign_in = Some(sign_ins(ctx, store, &organization.id).await?);
        }
        Vec::new()
    };
    if room.visitor.may(Area::Scim) {
        state.scim = Some(live::scim(now, &organization.directory, &requests));
    }
    state.sign_in_elsewhere = room.visitor.may(Area::Sso) && state.sign_in.is_none();
    let shown = shown(now, &room, setup.as_ref(), &requests, state);
    Ok(room.render(200, &shown))
}

/// Whether there may be requests to read, for this visitor.
fn provisions(room: &Room, organization: &Organization) -> bool {
    let directory = &organization.directory;
    let is_set_up =
        directory.enabled || !directory.tokens.is_empty() || !directory.clients.is_empty();
    room.visitor.may(Area::Scim) && is_set_up
}

async fn sign_ins<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
) -> Result<lychgate_edge::pages::settings::live::LiveSignIn, Turned> {
    let attempts = store.attempts_before(ctx, organization, None, live::ATTEMPTS_READ_MAX).await?;
    Ok(live::sign_in(ctx.now(), &attempts))
}

fn shown(
    now: Timestamp,
    room: &Room,
    setup: Option<&SignInSetup>,
    requests: &[RequestEntry],
    live: Live,
) -> Overview {
    let organization = room.visitor.organization();
    let (sso, scim) = (room.path("/sso"), room.path("/scim"));
    let may_scim = room.visitor.may(Area::Scim);
    let mut steps: Vec<Step> = Vec::new();
    let mut ending = Vec::new();
    if let Some(setup) = setup {
        steps.extend(match room.visitor.may(Area::Sso) {
            true => steps::of_sign_in(setup, &sso),
            false => steps::of_renewal(now, setup, &sso),
        });
        ending.extend(ending::of_sign_in(now, setup, &sso));
    }
    if may_scim {
        let directory = &organization.directory;
        steps.extend(steps::of_directory(now, directory, !requests.is_empty(), &scim));
        ending.extend(ending::of_directory(now, organization, &scim));
    }
    if room.visitor.guest().is_none() {
        ending.extend(ending::of_licence(now, organization, &room.path("")));
    }
    steps::mark_next(&mut steps);
    ending.sort_by(|one, other| one.ends.when.machine.cmp(&other.ends.when.machine));
    let (tokens, clients) = ending::holding(now, &organization.directory);
    Overview {
        frame: room.frame(Area::Overview, None),
        guest: room.visitor.guest().map(|link| guest(now, link)),
        steps,
        sso: setup.map(|setup| steps::sso(now, setup, &sso)),
        scim: may_scim.then_some(Scim { on: organization.directory.enabled, tokens, clients }),
        ending,
        live,
    }
}

fn guest(now: Timestamp, link: &SettingsLink) -> Guest {
    let scopes = match &link.admits {
        Admits::Guest { scopes } => scopes.as_slice(),
        Admits::Owner { .. } => &[],
    };
    let sentence = |scope: &Scope| match scope {
        Scope::Sso => "Set up single sign-on: connect the identity provider, test, switch it on.",
        Scope::Scim => {
            "Set up SCIM: switch it on, make tokens and clients, see what the identity provider sends."
        }
        Scope::Certificate => {
            "Renew certificates: the identity provider’s metadata, and the encryption certificates."
        }
    };
    Guest {
        name: link.name.clone(),
        scopes: scopes.iter().map(sentence).collect(),
        ends: Ends::at(now, link.expires),
    }
}

/// The live state alone. `?part=scim`: without the sign-ins, for the page of SCIM.
async fn alone<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let room = enter(ctx, store, incoming, Area::Overview, counts()).await?;
    let (now, organization) = (ctx.now(), room.visitor.organization().clone());
    let mut state = live::live(now, &room);
    if room.visitor.may(Area::Scim) {
        let entries = store.requests_before(ctx, &organization.id, None, REQUESTS_READ_MAX).await?;
        state.scim = Some(live::scim(now, &organization.directory, &entries));
    }
    if room.visitor.may(Area::Sso) && incoming.query("part") != Some("scim") {
        state.sign_in = Some(sign_ins(ctx, store, &organization.id).await?);
    }
    Ok(room.render(200, &LiveAlone { live: state }))
}

/// Ends a visit by a link, and leads to signing out whoever is signed in. A guest is asked first: their link does not
/// open again.
async fn leave<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let Ok(organization) = incoming.parameter("organization").parse::<OrganizationId>() else {
        return Ok(Reply::see_other("/settings"));
    };
    let home = format!("/settings/{organization}");
    let form = Form::read(ctx, incoming, Expected::new(&home))?;
    let cookies = Cookies::of(ctx.base_url);
    let brought = |cookie| incoming.request.cookie(&cookies.name(cookie));
    let has_session = brought(Cookie::Session(&organization)).is_some();
    let visit = brought(Cookie::Visit(&organization)).and_then(VisitCookie::parse);
    let is_guest = visit.as_ref().is_some_and(|visit| visit.user.is_none());
    if is_guest && !has_session && form.get("sure") != "yes" {
        let room = enter(ctx, store, incoming, Area::Overview, Wanted::default()).await?;
        if let Some(link) = room.visitor.guest() {
            let until = When::at(ctx.now(), link.expires);
            let frame = room.frame(Area::Overview, None);
            return Ok(room.render(200, &Leave { frame, until }));
        }
    }
    if let Some(visit) = &visit {
        links::leave(ctx, store, &organization, visit).await?;
    }
    let reply = if has_session { Reply::see_other("/sign_out") } else { left(is_guest) };
    Ok(reply.with_cookie(cookies.clear(Cookie::Visit(&organization))))
}

fn left(is_guest: bool) -> Reply {
    let again = if is_guest {
        "What you saved is kept. To come back, ask whoever sent you the link for a new one."
    } else {
        "To come back, open the settings from your product again, or sign in."
    };
    let paragraphs = ["This browser is let into the settings no more.", again];
    render(200, &Message { title: "You have left", paragraphs: &paragraphs, button: None })
}

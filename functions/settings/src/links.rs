//! Set-up links (W4): made, watched and taken back by an owner.

use lychgate_core::{
    ctx::Ctx,
    ports::Wanted,
    settings::{
        access::Area,
        link::{Admits, SETUP_LINK_SECS_MAX, SETUP_LINKS_MAX, Scope, SettingsLink},
        links,
    },
    time::Timestamp,
};
use lychgate_edge::{
    form::{Expected, Form},
    json::Incoming,
    pages::settings::{
        FormProblem,
        links::{Choice, Days, Links, Made, Row},
    },
    reply::Reply,
    request::Method::{Get, Post},
    settings::{Room, Turned, enter, for_people, told},
};

use crate::{Store, unrouted};

/// How many days a link may hold: what the page offers.
const DAYS: [u64; 4] = [1, 7, 14, 30];
const DAYS_DEFAULT: u64 = 7;
const DAY_SECS: u64 = 86_400;
const _: () = assert!(30 * DAY_SECS <= SETUP_LINK_SECS_MAX);

pub(crate) async fn serve<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let room = enter(ctx, store, incoming, Area::Links, Wanted::default()).await?;
    let noun = incoming.route.path.rsplit('/').next().unwrap_or_default();
    match (incoming.route.method, noun) {
        (Get, "links") => {
            let done = incoming.query("done").and_then(done);
            page(ctx, store, room, 200, done, &Typed::default(), None).await
        }
        (Post, "links") => make(ctx, store, incoming, room).await,
        (Post, "revoke") => revoke(ctx, store, incoming, room).await,
        _ => Err(unrouted(incoming)),
    }
}

fn done(what: &str) -> Option<&'static str> {
    (what == "link-taken-back").then_some("The link was taken back: it lets nobody in any more.")
}

/// What was typed into the form.
struct Typed {
    name: String,
    scopes: Vec<Scope>,
    days: u64,
}

impl Default for Typed {
    fn default() -> Self {
        let scopes = vec![Scope::Sso, Scope::Scim];
        Self { name: String::new(), scopes, days: DAYS_DEFAULT }
    }
}

async fn page<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    room: Room,
    status: u16,
    done: Option<&'static str>,
    typed: &Typed,
    problem: Option<FormProblem>,
) -> Result<Reply, Turned> {
    let kept = store.settings_links(ctx, &room.visitor.organization().id).await?;
    let rows = links::setup_links(kept).iter().map(|link| row(link, ctx.now())).collect();
    let page = Links {
        frame: room.frame(Area::Links, done),
        links: rows,
        problem,
        name: typed.name.clone(),
        scopes: Scope::ALL.into_iter().map(|scope| choice(scope, &typed.scopes)).collect(),
        days: DAYS.map(|days| Days { days, chosen: days == typed.days }).to_vec(),
        links_max: SETUP_LINKS_MAX,
    };
    Ok(room.render(status, &page))
}

async fn make<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
    room: Room,
) -> Result<Reply, Turned> {
    let again = room.path("/links");
    let form = Form::read(ctx, incoming, Expected::new(&again).repeated(&["scope"]))?;
    let days = form.get("days").parse().ok().filter(|days| DAYS.contains(days));
    let typed = Typed {
        name: form.get("name").to_owned(),
        scopes: form.all("scope").filter_map(Scope::parse).collect(),
        days: days.unwrap_or(DAYS_DEFAULT),
    };
    let problem = |field: &str, sentence: &str| FormProblem {
        field: Some(field.to_owned()),
        sentence: sentence.to_owned(),
    };
    let problem = if typed.name.trim().is_empty() {
        problem(
            "name",
            "Say whom the link is for: you will see that name beside everything that is done with it.",
        )
    } else if typed.scopes.is_empty() {
        problem("scopes", "Choose at least one thing that the link is for.")
    } else {
        let secs = Some(typed.days * DAY_SECS);
        let organization = room.organization();
        let made =
            links::make_setup_link(ctx, store, &organization, &typed.name, &typed.scopes, secs);
        match made.await {
            Ok(made) => {
                let page = Made {
                    frame: room.frame(Area::Links, None),
                    expires: for_people(made.link.expires),
                    scopes: scopes(&made.link),
                    name: made.link.name,
                    url: made.url,
                };
                return Ok(room.render(200, &page));
            }
            Err(refusal) => told(refusal)?,
        }
    };
    page(ctx, store, room, 400, None, &typed, Some(problem)).await
}

async fn revoke<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
    room: Room,
) -> Result<Reply, Turned> {
    room.form(ctx, incoming, "/links")?;
    let organization = room.organization();
    match links::revoke(ctx, store, &organization, incoming.parameter("link")).await {
        Ok(_) => Ok(room.done(ctx, store, "/links", "link-taken-back").await),
        Err(refusal) => {
            let problem = told(refusal)?;
            page(ctx, store, room, 400, None, &Typed::default(), Some(problem)).await
        }
    }
}

const fn label(scope: Scope) -> &'static str {
    match scope {
        Scope::Sso => "Single sign-on",
        Scope::Scim => "SCIM",
        Scope::Certificate => "Certificates",
    }
}

fn choice(scope: Scope, ticked: &[Scope]) -> Choice {
    let hint = match scope {
        Scope::Sso => {
            "Connections: values for the identity provider, its metadata, certificates, tests, switching it on."
        }
        Scope::Scim => "Provisioning: switching it on, tokens and clients, the request log.",
        Scope::Certificate => {
            "Renewing only: new metadata for connections that are there, encryption certificates."
        }
    };
    Choice { value: scope.text(), label: label(scope), hint, ticked: ticked.contains(&scope) }
}

fn scopes(link: &SettingsLink) -> Vec<&'static str> {
    match &link.admits {
        Admits::Guest { scopes } => scopes.iter().map(|scope| label(*scope)).collect(),
        Admits::Owner { .. } => Vec::new(),
    }
}

fn row(link: &SettingsLink, now: Timestamp) -> Row {
    let state = match (link.revoked, link.holds(now), &link.opened) {
        (Some(_), ..) => ("plain", "taken back"),
        (None, false, _) => ("plain", "ended"),
        (None, true, Some(_)) => ("good", "in use"),
        (None, true, None) => ("warn", "not opened yet"),
    };
    let uses = link.uses.iter().rev();
    Row {
        id: link.id.to_string(),
        name: link.name.clone(),
        scopes: scopes(link),
        state,
        created: for_people(link.created),
        expires: for_people(link.revoked.unwrap_or(link.expires)),
        opened: link.opened.as_ref().map(|(at, _)| for_people(*at)),
        uses: uses
            .map(|done| (for_people(Timestamp::from_unix_millis(done.at)), words(&done.what)))
            .collect(),
        holds: link.holds(now),
    }
}

/// What was done with a link, in words. The codes are those of the pages ([`Room::done`]).
fn words(what: &str) -> &'static str {
    match what {
        "opened" => "opened the link",
        "connection-created" => "made a connection",
        "metadata-saved" => "saved the identity provider's metadata",
        "settings-saved" => "changed a connection's settings",
        "entity-id-saved" => "chose a connection's entity ID",
        "test-begun" => "began a test sign-in",
        "connection-activated" => "switched a connection on",
        "connection-deactivated" => "switched a connection off",
        "draft-discarded" => "discarded a draft",
        "connection-deleted" => "deleted a connection",
        "certificate-generated" => "made an encryption certificate",
        "certificate-retired" => "retired an encryption certificate",
        "scim-on" => "switched SCIM on",
        "scim-off" => "switched SCIM off",
        "scim-settings-saved" => "changed the SCIM settings",
        "token-made" => "made a SCIM token",
        "token-revoked" => "revoked a SCIM token",
        "client-made" => "made an OAuth client",
        "client-revoked" => "revoked an OAuth client",
        "secret-made" => "made a client secret",
        "secret-retired" => "retired a client secret",
        _ => OTHER,
    }
}

/// Of a use that was written by another version than this one.
const OTHER: &str = "changed something (the history says what)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_guest_can_do_has_words() {
        let single_sign_on = crate::sso::DONE.iter().map(|(what, _)| *what);
        let scim = [
            "scim-on",
            "scim-off",
            "scim-settings-saved",
            "token-made",
            "token-revoked",
            "client-made",
            "client-revoked",
            "secret-made",
            "secret-retired",
        ];
        let all = single_sign_on.chain(scim).chain(["opened", "test-begun"]);
        // The policy is for owners alone.
        let wordless: Vec<_> =
            all.filter(|what| *what != "sign-in-policy-saved" && words(what) == OTHER).collect();
        assert!(wordless.is_empty(), "{wordless:?}");
    }
}

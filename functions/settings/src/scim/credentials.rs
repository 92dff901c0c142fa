//! Tokens, OAuth clients and their secrets: made (and shown once, as the answer itself), revoked, retired (P2, P4).

use lychgate_core::settings::access::Area;
use lychgate_core::{
    operator::{
        checks::NAME_CHARS_MAX,
        clients::{self, CreatedSecret},
        tokens,
    },
    time::Timestamp,
};
use lychgate_edge::{
    form::Form,
    pages::settings::{
        FormProblem,
        scim::{Made, MadeSecret, Sent},
        when::Ends,
    },
    reply::Reply,
    settings::{Room, Turned, told},
};

use super::{Context, PAGE, Typed, page, problem};
use crate::Store;

/// A year, in seconds.
const YEAR_SECS: u64 = 365 * 86_400;

fn typed(form: &Form) -> Typed {
    let text = |name| form.get(name).to_owned();
    Typed { name: text("name"), life: text("life"), date: text("date") }
}

/// A name that people recognize.
fn name(typed: &Typed, example: &str) -> Result<String, FormProblem> {
    let name = typed.name.trim();
    let chars = name.chars().count();
    if name.is_empty() {
        return Err(problem(
            "name",
            format!("Give it a name that you will recognize in the list, such as “{example}”."),
        ));
    }
    if chars > NAME_CHARS_MAX {
        let sentence =
            format!("The name has {chars} characters; {NAME_CHARS_MAX} are the most. Shorten it.");
        return Err(problem("name", sentence));
    }
    if name.chars().any(char::is_control) {
        return Err(problem(
            "name",
            "The name has a line break or another control character. Take it out.",
        ));
    }
    Ok(name.to_owned())
}

/// When it shall end.
fn ends(now: Timestamp, typed: &Typed) -> Result<Option<Timestamp>, FormProblem> {
    match typed.life.as_str() {
        "never" => Ok(None),
        "year" => Ok(Some(now.plus_secs(YEAR_SECS))),
        "date" => {
            let end = end_of_day(typed.date.trim()).ok_or_else(|| {
                problem("date", "Choose the last day on which it shall hold, such as 2027-12-31.")
            })?;
            if end <= now {
                return Err(problem("date", "That day has passed. Choose a later one."));
            }
            Ok(Some(end))
        }
        _ => Err(problem("life", "Choose how long it shall hold.")),
    }
}

/// The last second of a day (UTC); `None` when it is none.
fn end_of_day(date: &str) -> Option<Timestamp> {
    let is_date = date.len() == 10 && date.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    is_date.then(|| Timestamp::parse_rfc3339(&format!("{date}T23:59:59Z")))?
}

pub(super) async fn make_token<S: Store>(
    context: &Context<'_, S>,
    room: Room,
) -> Result<Reply, Turned> {
    let ctx = context.ctx;
    let typed = typed(&room.form(ctx, context.incoming, PAGE)?);
    let asked = name(&typed, "Okta").and_then(|name| Ok((name, ends(ctx.now(), &typed)?)));
    let (name, expires) = match asked {
        Ok(asked) => asked,
        Err(problem) => {
            return page::with(context, room, 400, Some(typed.wrong(Sent::Token, problem))).await;
        }
    };
    let new = tokens::New { name: &name, expires, member: None };
    match tokens::create(ctx, context.store, &room.organization(), &new).await {
        Ok(created) => {
            room.note(ctx, context.store, "token-made").await;
            let page = Made {
                frame: room.frame(Area::Scim, None),
                name,
                secret: MadeSecret::Token { text: created.text },
                ends: expires.map(|at| Ends::at(ctx.now(), at)),
                base_url: context.base_url(),
            };
            Ok(room.render(200, &page))
        }
        Err(refusal) => {
            let problem = told(refusal)?;
            page::with(context, room, 400, Some(typed.wrong(Sent::Token, problem))).await
        }
    }
}

pub(super) async fn revoke_token<S: Store>(
    context: &Context<'_, S>,
    room: Room,
) -> Result<Reply, Turned> {
    room.form(context.ctx, context.incoming, PAGE)?;
    let token = context.incoming.parameter("token");
    let outcome = tokens::revoke(context.ctx, context.store, &room.organization(), token).await;
    context.pressed(room, outcome, "token-revoked").await
}

pub(super) async fn make_client<S: Store>(
    context: &Context<'_, S>,
    room: Room,
) -> Result<Reply, Turned> {
    let ctx = context.ctx;
    let typed = typed(&room.form(ctx, context.incoming, PAGE)?);
    let asked = name(&typed, "Entra gallery").and_then(|name| Ok((name, ends(ctx.now(), &typed)?)));
    let (name, expires) = match asked {
        Ok(asked) => asked,
        Err(problem) => {
            return page::with(context, room, 400, Some(typed.wrong(Sent::Client, problem))).await;
        }
    };
    match clients::create(ctx, context.store, &room.organization(), &name, expires).await {
        Ok(created) => {
            room.note(ctx, context.store, "client-made").await;
            Ok(made(context, room, created, true))
        }
        Err(refusal) => {
            let problem = told(refusal)?;
            page::with(context, room, 400, Some(typed.wrong(Sent::Client, problem))).await
        }
    }
}

pub(super) async fn make_secret<S: Store>(
    context: &Context<'_, S>,
    room: Room,
) -> Result<Reply, Turned> {
    let ctx = context.ctx;
    let client = context.incoming.parameter("client");
    let sent = Sent::Secret(client.to_owned());
    let typed = typed(&room.form(ctx, context.incoming, PAGE)?);
    let expires = match ends(ctx.now(), &typed) {
        Ok(expires) => expires,
        Err(problem) => {
            return page::with(context, room, 400, Some(typed.wrong(sent, problem))).await;
        }
    };
    match clients::add_secret(ctx, context.store, &room.organization(), client, expires).await {
        Ok(created) => {
            room.note(ctx, context.store, "secret-made").await;
            Ok(made(context, room, created, false))
        }
        Err(refusal) => {
            let problem = told(refusal)?;
            page::with(context, room, 400, Some(typed.wrong(sent, problem))).await
        }
    }
}

fn made<S: Store>(
    context: &Context<'_, S>,
    room: Room,
    created: CreatedSecret,
    new: bool,
) -> Reply {
    let page = Made {
        frame: room.frame(Area::Scim, None),
        name: created.client.name,
        secret: MadeSecret::Client {
            client_id: created.client_id,
            text: created.text,
            token_endpoint: context.token_endpoint(),
            new,
        },
        ends: created.secret.expires.map(|at| Ends::at(context.ctx.now(), at)),
        base_url: context.base_url(),
    };
    room.render(200, &page)
}

pub(super) async fn revoke_client<S: Store>(
    context: &Context<'_, S>,
    room: Room,
) -> Result<Reply, Turned> {
    room.form(context.ctx, context.incoming, PAGE)?;
    let client = context.incoming.parameter("client");
    let outcome = clients::revoke(context.ctx, context.store, &room.organization(), client).await;
    context.pressed(room, outcome, "client-revoked").await
}

pub(super) async fn retire_secret<S: Store>(
    context: &Context<'_, S>,
    room: Room,
) -> Result<Reply, Turned> {
    room.form(context.ctx, context.incoming, PAGE)?;
    let client = context.incoming.parameter("client");
    let secret = context.incoming.parameter("secret");
    let organization = room.organization();
    let outcome =
        clients::retire_secret(context.ctx, context.store, &organization, client, secret).await;
    context.pressed(room, outcome, "secret-retired").await
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_795_338_000_000);

    fn typed(name: &str, life: &str, date: &str) -> Typed {
        Typed { name: name.to_owned(), life: life.to_owned(), date: date.to_owned() }
    }

    #[test]
    fn a_life_is_endless_a_year_or_to_the_end_of_a_day() {
        let end = |life: &str, date: &str| ends(NOW, &typed("x", life, date));
        assert_eq!(end("never", "").unwrap(), None);
        assert_eq!(end("year", "").unwrap(), Some(NOW.plus_secs(YEAR_SECS)));
        let day = end("date", " 2026-11-22 ").unwrap().unwrap();
        assert_eq!(day.rfc3339(), "2026-11-22T23:59:59.000Z");
        for date in ["", "2026-11-21", "2026-02-30", "22.11.2026", "2026-11-22T10", "-026-11-22"] {
            assert!(end("date", date).unwrap_err().is_about("date"), "{date}");
        }
        for life in ["", "century"] {
            assert!(end(life, "").unwrap_err().is_about("life"), "{life}");
        }
    }

    #[test]
    fn a_name_is_one_that_people_can_read() {
        let name = |text: &str| super::name(&typed(text, "", ""), "Okta");
        assert_eq!(name("  Okta ").unwrap(), "Okta");
        assert_eq!(name(&"ä".repeat(NAME_CHARS_MAX)).unwrap().chars().count(), NAME_CHARS_MAX);
        for text in ["", "  ", "a\nb", &"x".repeat(NAME_CHARS_MAX + 1)] {
            assert!(name(text).unwrap_err().is_about("name"), "{text:?}");
        }
    }
}

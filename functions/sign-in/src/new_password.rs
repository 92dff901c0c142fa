//! The form that a link opens.

use lychgate_core::{
    ctx::Ctx,
    password::PASSWORD_CHARS_MIN,
    passwords::{self, OpenLink, Refusal},
};
use lychgate_edge::{
    form::FormToken,
    json::Incoming,
    page::{Trouble, Who, render},
    pages::{password::New, sign_in::Message},
    reply::Reply,
};

use crate::{Store, form};

pub(crate) async fn ask<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Trouble> {
    let link = incoming.query("link").unwrap_or_default();
    let open = passwords::open_link(ctx, store, link).await.map_err(told)?;
    Ok(page(ctx, incoming, &open, link, 200, None))
}

pub(crate) async fn run<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Trouble> {
    let fields = form::read(ctx, incoming)?;
    let link = fields.get("link");
    let (new, again) = (fields.get("password"), fields.get("again"));
    let wrong = if new == again {
        match passwords::set(ctx, store, link, new).await {
            Ok(open) => return Ok(done(&open)),
            Err(Refusal::Unacceptable(sentence)) => sentence,
            Err(refusal) => return Err(told(refusal)),
        }
    } else {
        "The two are not the same: type it twice.".to_owned()
    };
    let open = passwords::open_link(ctx, store, link).await.map_err(told)?;
    Ok(page(ctx, incoming, &open, link, 400, Some(&wrong)))
}

fn page(
    ctx: &Ctx<'_>,
    incoming: &Incoming<'_>,
    open: &OpenLink,
    link: &str,
    status: u16,
    error: Option<&str>,
) -> Reply {
    let token = FormToken::of(ctx, incoming);
    let shown = New {
        organization: &open.organization.name,
        user_name: open.user.user_name(),
        chars_min: PASSWORD_CHARS_MIN,
        error,
        hidden: &token.fields(&[("link", link)]),
    };
    let reply = render(status, &shown);
    token.onto(reply)
}

fn done(open: &OpenLink) -> Reply {
    let href = format!("/sign_in?organization={}", open.organization.domain.as_str());
    let paragraphs = ["Your password is saved, and you are signed out everywhere else."];
    let button = Some(("Sign in", href.as_str()));
    render(200, &Message { title: "Password saved", paragraphs: &paragraphs, button })
}

fn told(refusal: Refusal) -> Trouble {
    match refusal {
        Refusal::Store(error) => error.into(),
        _ => Trouble::new(
            Who::Person,
            "This link has been used or has ended. Ask for a new one on the sign-in page.",
        )
        .again("/sign_in"),
    }
}

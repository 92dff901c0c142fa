//! `/v1/organizations/{organization}/members/{member}/password/link`: a link for a password, to hand over or to send.

use lychgate_core::{
    ctx::Ctx,
    operator::{Refusal, RefusalKind, member_sessions, organizations},
    passwords,
    ports::outside::Mailer,
};
use lychgate_edge::{
    json::{Incoming, reply},
    problem::Problem,
    reply::Reply,
};
use serde_json::json;

use crate::{Store, body::Body, problem};

pub(crate) async fn make<S: Store, M: Mailer>(
    ctx: &Ctx<'_>,
    store: &S,
    mailer: Option<&M>,
    incoming: &Incoming<'_>,
) -> Result<Reply, Problem> {
    let body = Body::read(incoming, &["send"])?;
    let send = body.optional_bool("send")?.unwrap_or(false);
    if send && mailer.is_none() {
        let detail = "This stack sends no e-mail: leave `send` out, and hand the link over.";
        return Err(problem::of(Refusal::invalid("send", detail)));
    }
    let (organization, member) = (incoming.parameter("organization"), incoming.parameter("member"));
    let organization = organizations::find(ctx, store, organization).await.map_err(problem::of)?;
    let id = organization.id.to_string();
    let existing = member_sessions::existing(ctx, store, &id, member).await;
    let (_, user) = existing.map_err(problem::of)?;
    let mailer = mailer.filter(|_| send);
    let link = passwords::link_by_hand(ctx, store, mailer, &organization, &user).await;
    let (url, sent) = link.map_err(|refusal| problem::of(told(refusal)))?;
    Ok(reply(200, &json!({ "url": url, "sent": sent })))
}

fn told(refusal: passwords::Refusal) -> Refusal {
    match refusal {
        passwords::Refusal::Store(error) => error.into(),
        passwords::Refusal::Suspended => {
            Refusal::conflict("The member is suspended: restore it, then make the link.")
        }
        _ => Refusal::new(
            RefusalKind::Conflict,
            "Passwords are off for this organization or this member: switch both on, then make the link.",
        ),
    }
}

//! Encryption certificates: generated, downloaded, retired (S5).

use lychgate_core::{
    ids::ConnectionId,
    operator::certificates::{self, pem},
    ports::outside_parts::Outside,
};
use lychgate_edge::{
    page::{Trouble, Who},
    reply::Reply,
    settings::Turned,
};

use super::{
    Desk,
    idp_kind::IdpKind,
    list::{self, Shown},
    mistake, problem,
};
use crate::Store;

pub(super) async fn generate<S: Store, O: Outside>(
    desk: Desk<'_, '_, S>,
    outside: &O,
) -> Result<Reply, Turned> {
    let form = desk.room.form(desk.ctx, desk.incoming, "/sso")?;
    let organization = desk.room.organization();
    match certificates::generate(desk.ctx, desk.store, outside, &organization).await {
        Ok(_) => {
            let what = "certificate-generated";
            let prefix = desk.room.path("/sso/");
            // The page that asked, when it was a connection's.
            let asked = form.get("connection").strip_prefix(&prefix);
            let Some(connection) = asked.and_then(|id| id.parse::<ConnectionId>().ok()) else {
                return Ok(desk.room.done(desk.ctx, desk.store, "/sso", what).await);
            };
            desk.room.note(desk.ctx, desk.store, what).await;
            let kind = IdpKind::parse(form.get("idp")).unwrap_or(IdpKind::Other);
            let to = format!("{prefix}{connection}?idp={}&done={what}", kind.slug());
            Ok(Reply::see_other(&to))
        }
        Err(refusal) => {
            let shown = Shown { problem: Some(problem(refusal)?), ..Shown::default() };
            list::show(desk, 400, shown).await
        }
    }
}

pub(super) async fn retire<S: Store>(desk: Desk<'_, '_, S>) -> Result<Reply, Turned> {
    let form = desk.room.form(desk.ctx, desk.incoming, "/sso")?;
    let id = desk.incoming.parameter("certificate");
    let organization = desk.room.organization();
    let wrong = if form.get("confirm") == "yes" {
        match certificates::retire(desk.ctx, desk.store, &organization, id).await {
            Ok(()) => {
                let what = "certificate-retired";
                return Ok(desk.room.done(desk.ctx, desk.store, "/sso", what).await);
            }
            Err(refusal) => problem(refusal)?,
        }
    } else {
        mistake("confirm", "Nothing was changed: tick the box above the button first.")
    };
    let shown =
        Shown { problem: Some(wrong), certificate: Some(id.to_owned()), ..Shown::default() };
    list::show(desk, 400, shown).await
}

pub(super) async fn download<S: Store>(desk: Desk<'_, '_, S>) -> Result<Reply, Turned> {
    let setup = desk.setup().await?;
    let id = desk.incoming.parameter("certificate");
    let pair = setup.key_pairs.iter().find(|pair| pair.id.to_string() == id);
    let pair = pair.ok_or_else(|| {
        let trouble =
            Trouble::new(Who::Developer, "There is no such certificate. It may have been retired.");
        Turned::from(trouble.again(desk.room.path("/sso")))
    })?;
    let (media_type, suffix, bytes) = match desk.incoming.parameter("file") {
        "encryption.pem" => ("application/x-pem-file", "pem", pem(pair).into_bytes()),
        // RFC 2585 §4.1.
        "encryption.cer" => ("application/pkix-cert", "cer", pair.certificate.clone()),
        _ => {
            let trouble = Trouble::new(
                Who::Developer,
                "A certificate is downloaded as encryption.pem or encryption.cer.",
            );
            return Err(trouble.again(desk.room.path("/sso")).into());
        }
    };
    let domain = setup.organization.domain.as_str();
    let name = format!("attachment; filename=\"{domain}-encryption.{suffix}\"");
    let mut reply = Reply::empty(200)
        .with_header("content-type", media_type)
        .with_header("content-disposition", name)
        .with_header("cache-control", "no-store")
        .with_header("x-content-type-options", "nosniff");
    reply.body = Some(bytes);
    Ok(reply)
}

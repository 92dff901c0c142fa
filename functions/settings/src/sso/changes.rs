//! A connection's way by buttons: test, activate, deactivate, discard, delete.

use lychgate_core::{
    operator::{Refusal, connection_states as states, connections},
    settings::access::Area,
};
use lychgate_edge::{
    form::Form, pages::settings::connection::TestBegunPage, reply::Reply, settings::Turned,
};

use super::{
    Desk,
    connection::{self, Shown},
    idp_kind::IdpKind,
    mistake, problem, view,
};
use crate::Store;

fn form<S: Store>(desk: &Desk<'_, '_, S>) -> Result<(Form, Option<IdpKind>), Turned> {
    let form = desk.room.form(desk.ctx, desk.incoming, &desk.rest())?;
    let kind = IdpKind::parse(form.get("idp"));
    Ok((form, kind))
}

/// The connection's page, with what was refused.
async fn refused<S: Store>(
    desk: Desk<'_, '_, S>,
    refusal: Refusal,
    kind: Option<IdpKind>,
) -> Result<Reply, Turned> {
    let shown = Shown::wrong(problem(refusal)?, kind);
    connection::page(desk, 400, shown).await
}

pub(super) async fn test<S: Store>(desk: Desk<'_, '_, S>) -> Result<Reply, Turned> {
    let (_, kind) = form(&desk)?;
    let organization = desk.room.organization();
    let begun = states::test(desk.ctx, desk.store, &organization, desk.connection_id()).await;
    let begun = match begun {
        Ok(begun) => begun,
        Err(refusal) => return refused(desk, refusal, kind).await,
    };
    desk.room.note(desk.ctx, desk.store, "test-begun").await;
    let tested = &begun.shown.connection;
    let kind = kind.unwrap_or_else(|| IdpKind::guess(tested));
    let setup = desk.setup().await?;
    let page = TestBegunPage {
        frame: desk.room.frame(Area::Sso, None),
        path: format!("{}?idp={}", desk.room.path(&desk.rest()), kind.slug()),
        name: tested.name.clone(),
        idp_name: kind.name(),
        url: begun.url,
        idp_initiated: view::edited(tested).is_some_and(|edited| edited.policy.idp_initiated),
        test: connection::panel(&desk, &setup, tested, kind).await?,
    };
    Ok(desk.room.render(200, &page))
}

pub(super) async fn activate<S: Store>(desk: Desk<'_, '_, S>) -> Result<Reply, Turned> {
    let (_, kind) = form(&desk)?;
    let organization = desk.room.organization();
    match states::activate(desk.ctx, desk.store, &organization, desk.connection_id()).await {
        Ok(_) => Ok(desk.done(kind, "connection-activated").await),
        Err(refusal) => refused(desk, refusal, kind).await,
    }
}

pub(super) async fn deactivate<S: Store>(desk: Desk<'_, '_, S>) -> Result<Reply, Turned> {
    let (form, kind) = form(&desk)?;
    if form.get("confirm") != "yes" {
        return unconfirmed(desk, kind).await;
    }
    let organization = desk.room.organization();
    match states::deactivate(desk.ctx, desk.store, &organization, desk.connection_id()).await {
        Ok(_) => Ok(desk.done(kind, "connection-deactivated").await),
        Err(refusal) => refused(desk, refusal, kind).await,
    }
}

pub(super) async fn discard<S: Store>(desk: Desk<'_, '_, S>) -> Result<Reply, Turned> {
    let (_, kind) = form(&desk)?;
    let organization = desk.room.organization();
    match connections::discard(desk.ctx, desk.store, &organization, desk.connection_id()).await {
        Ok(_) => Ok(desk.done(kind, "draft-discarded").await),
        Err(refusal) => refused(desk, refusal, kind).await,
    }
}

pub(super) async fn delete<S: Store>(desk: Desk<'_, '_, S>) -> Result<Reply, Turned> {
    let (form, kind) = form(&desk)?;
    if form.get("confirm") != "yes" {
        return unconfirmed(desk, kind).await;
    }
    let organization = desk.room.organization();
    match states::delete(desk.ctx, desk.store, &organization, desk.connection_id()).await {
        Ok(()) => Ok(desk.room.done(desk.ctx, desk.store, "/sso", "connection-deleted").await),
        Err(refusal) => refused(desk, refusal, kind).await,
    }
}

async fn unconfirmed<S: Store>(
    desk: Desk<'_, '_, S>,
    kind: Option<IdpKind>,
) -> Result<Reply, Turned> {
    let wrong = mistake("confirm", "Nothing was changed: tick the box above the button first.");
    connection::page(desk, 400, Shown::wrong(wrong, kind)).await
}

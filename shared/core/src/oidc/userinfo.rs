//! `/oidc/userinfo`: the member as it is now, for the access token that a code was redeemed for (OpenID Connect Core
//! §5.3). The token ends with its session, and at once when the member is suspended or deleted (P6).

use serde_json::{Map, Value};

use super::{claims, standing, wire::GrantText};
use crate::{
    ctx::Ctx,
    ports::{Directory, Grants, Sessions, StoreError},
    secret::SecretHash,
    session::GrantState,
};

/// The claims of the member whom this access token is about; `None` when it does not hold.
///
/// # Errors
/// What the store says.
pub async fn claims<S: Grants + Sessions + Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    access_token: &str,
) -> Result<Option<Map<String, Value>>, StoreError> {
    let Some(token) = GrantText::parse_token(access_token) else {
        return Ok(None);
    };
    let grant = store.grant(ctx, &token.organization, &token.id).await?;
    let state = grant.as_ref().map(|grant| &grant.state);
    let (hash, expires) = match state {
        Some(GrantState::Redeemed { token, expires }) => (*token, Some(*expires)),
        // Compared also when there is nothing to compare with, so that the time does not tell it.
        Some(GrantState::Open | GrantState::Revoked) | None => {
            (SecretHash::from_bytes([0; 32]), None)
        }
    };
    let is_proven = token.proves(&hash);
    let now = ctx.now();
    let holds = is_proven && expires.is_some_and(|expires| now < expires);
    let Some(grant) = grant.filter(|_| holds) else {
        return Ok(None);
    };
    let standing = standing::of_grant(ctx, store, &token.organization, &grant).await?;
    Ok(standing
        .map(|standing| claims::of_member(&standing.organization, &standing.user, &grant.request)))
}

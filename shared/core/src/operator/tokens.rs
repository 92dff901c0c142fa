//! SCIM tokens of a directory (P2): the text is shown once, only a hash is kept, revocation holds at once.

use serde_json::{Map, Value};

use super::{
    Change, Refusal,
    checks::{ahead, name},
    directory, organizations,
};
use crate::{
    credential::{new_secret, token_text},
    ctx::Ctx,
    event::{Actor, Event, EventKind},
    ids::{OrganizationId, TokenId, UserId},
    organization::{Organization, ScimToken, TOKENS_MAX},
    ports::{Directory, Journal, Organizations, Wanted},
    time::Timestamp,
};

/// What a new token shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New<'a> {
    /// What the owner calls it.
    pub name: &'a str,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
    /// The member whom `/Me` answers with.
    pub member: Option<&'a str>,
}

/// A token that was just made: the only time that its text is seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Created {
    /// Whose it is.
    pub organization: OrganizationId,
    /// What is kept of it.
    pub token: ScimToken,
    /// The token itself.
    pub text: String,
}

/// A token as the list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// What is kept of it.
    pub token: ScimToken,
    /// What its text begins with, to recognize it in an IdP's settings.
    pub prefix: String,
    /// When it was used last, as far as the latest requests tell
    /// (the last [`super::directory::REQUESTS_READ_MAX`]).
    pub last_used: Option<Timestamp>,
}

/// What a token's text begins with: everything but the secret.
#[must_use]
pub fn prefix(organization: &OrganizationId, id: &TokenId) -> String {
    token_text(organization, id, "")
}

/// Makes a token.
///
/// # Errors
/// A value is none, the member does not exist, there are too many tokens, or the store is away.
pub async fn create<S: Organizations + Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    new: &New<'_>,
) -> Result<Created, Refusal> {
    let now = ctx.now();
    let name = name("name", new.name)?;
    let expires = new.expires.map(|instant| ahead("expires", now, instant)).transpose()?;
    let member = match new.member {
        None => None,
        Some(text) => Some(existing_member(ctx, store, organization, text).await?),
    };
    let (secret, hash) = new_secret(ctx.world);
    let token =
        ScimToken { id: TokenId::new(ctx.world), name, hash, created: now, expires, member };
    let decide = |before: &Organization| {
        if before.directory.tokens.len() >= TOKENS_MAX {
            return Err(Refusal::conflict(format!(
                "The directory has {TOKENS_MAX} tokens, the most that it keeps: revoke one that is no longer \
                 used, then make the new one."
            )));
        }
        let mut after = before.clone();
        after.directory.tokens.push(token.clone());
        let event = token_event(ctx, EventKind::TokenCreated, &token);
        Ok(Change::Write(Box::new(after), event, ()))
    };
    let (after, ()) = super::change(ctx, store, organization, decide).await?;
    Ok(Created { text: token_text(&after.id, &token.id, &secret), organization: after.id, token })
}

async fn existing_member<S: Organizations + Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    text: &str,
) -> Result<UserId, Refusal> {
    let missing = || {
        Refusal::invalid(
            "member",
            "`member` names nobody of this organization: give the id of a member, or leave it out.",
        )
    };
    let id: UserId = text.parse().map_err(|_| missing())?;
    let organization = organizations::find(ctx, store, organization).await?;
    let wanted = Wanted { users: vec![id], ..Wanted::default() };
    let found = store.fetch(ctx, &organization.id, wanted).await?;
    if found.users.is_empty() {
        return Err(missing());
    }
    Ok(id)
}

/// The tokens.
///
/// # Errors
/// There is no such organization, or the store is away.
pub async fn list<S: Organizations + Journal>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
) -> Result<Vec<Listed>, Refusal> {
    let organization = organizations::find(ctx, store, organization).await?;
    let uses = directory::last_uses(ctx, store, &organization).await?;
    let listed = |token: &ScimToken| Listed {
        prefix: prefix(&organization.id, &token.id),
        last_used: uses.get(&Actor::Token(token.id.clone()).text()).copied(),
        token: token.clone(),
    };
    Ok(organization.directory.tokens.iter().map(listed).collect())
}

/// Revokes a token: the next request that brings it is refused.
///
/// # Errors
/// There is no such organization or token, or the store is away.
pub async fn revoke<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    token: &str,
) -> Result<(), Refusal> {
    let missing = || {
        Refusal::not_found(
            "There is no such token: give its id (`tok-…`) as the list of tokens shows it. It may have been \
             revoked before.",
        )
        .about("token")
    };
    let id: TokenId = token.parse().map_err(|_| missing())?;
    let decide = |before: &Organization| {
        let tokens = &before.directory.tokens;
        let token = tokens.iter().find(|token| token.id == id).ok_or_else(missing)?;
        let event = token_event(ctx, EventKind::TokenRevoked, token);
        let mut after = before.clone();
        after.directory.tokens.retain(|token| token.id != id);
        Ok(Change::Write(Box::new(after), event, ()))
    };
    super::change(ctx, store, organization, decide).await?;
    Ok(())
}

fn token_event(ctx: &Ctx<'_>, kind: EventKind, token: &ScimToken) -> Event {
    let mut data = Map::new();
    if let Some(expires) = token.expires {
        data.insert("expires".to_owned(), Value::String(expires.rfc3339()));
    }
    if let Some(member) = token.member {
        data.insert("member".to_owned(), Value::String(member.to_string()));
    }
    Event {
        kind,
        actor: ctx.actor.clone(),
        subject_kind: "token",
        subject_id: token.id.to_string(),
        subject_name: token.name.clone(),
        data,
    }
}

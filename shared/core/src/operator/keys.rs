//! Keys of the operator: made, listed, revoked, and checked on every request.

use super::{
    Refusal, RefusalKind,
    checks::{ahead, name},
};
use crate::{
    credential::{AUTHORIZATION_BYTES_MAX, new_secret, operator_key_text, parse_operator_key},
    ctx::Ctx,
    event::Actor,
    ids::OperatorKeyId,
    operator_key::OperatorKey,
    ports::OperatorKeys,
    secret::SecretHash,
    time::Timestamp,
};

/// The most keys of the operator.
pub const OPERATOR_KEYS_MAX: usize = 20;

/// A key that was just made: the only time that its text is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// What is kept of it.
    pub key: OperatorKey,
    /// The key itself.
    pub text: String,
}

/// Who presents this `Authorization` header: [`Actor::Operator`], or a refusal that is the same whatever was
/// wrong with it.
///
/// `bootstrap` is the SHA-256 of a whole key (its text from `lyo_` on) from the stack's configuration: the
/// key that makes the first ones.
///
/// # Errors
/// No key, none that holds, or the store is away.
pub async fn authenticate<S: OperatorKeys>(
    ctx: &Ctx<'_>,
    store: &S,
    authorization: Option<&str>,
    bootstrap: Option<&SecretHash>,
) -> Result<Actor, Refusal> {
    let refused = || {
        Refusal::new(
            RefusalKind::Unauthenticated,
            "This needs an operator key that holds: send `Authorization: Bearer lyo_…`.",
        )
    };
    let text = authorization.and_then(bearer).ok_or_else(refused)?;
    let (id, secret) = parse_operator_key(text).ok_or_else(refused)?;
    if bootstrap.is_some_and(|hash| hash.matches(text.as_bytes())) {
        return Ok(Actor::Operator(id));
    }
    let found = store.operator_key(ctx, &id).await?;
    // Compared also when there is no such key, so that the time tells nothing about which ids exist.
    let hash = found.as_ref().map_or_else(|| SecretHash::from_bytes([0; 32]), |key| key.hash);
    let proven = hash.matches(secret.as_bytes());
    match found {
        Some(key) if proven && holds(&key, ctx.now()) => Ok(Actor::Operator(key.id)),
        _ => Err(refused()),
    }
}

fn bearer(header: &str) -> Option<&str> {
    if header.len() > AUTHORIZATION_BYTES_MAX {
        return None;
    }
    let (scheme, rest) = header.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim())
}

fn holds(key: &OperatorKey, now: Timestamp) -> bool {
    key.expires.is_none_or(|expires| now < expires)
}

/// Makes a key.
///
/// # Errors
/// A value is none, there are too many keys, or the store is away.
pub async fn create<S: OperatorKeys>(
    ctx: &Ctx<'_>,
    store: &S,
    key_name: &str,
    expires: Option<Timestamp>,
) -> Result<Created, Refusal> {
    let now = ctx.now();
    let name = name("name", key_name)?;
    let expires = expires.map(|instant| ahead("expires", now, instant)).transpose()?;
    if store.operator_keys(ctx).await?.len() >= OPERATOR_KEYS_MAX {
        return Err(Refusal::conflict(format!(
            "There are {OPERATOR_KEYS_MAX} operator keys, the most that are kept: revoke one that is no longer \
             used, then make the new one."
        )));
    }
    let (secret, hash) = new_secret(ctx.world);
    let key = OperatorKey { id: OperatorKeyId::new(ctx.world), name, hash, created: now, expires };
    store.put_operator_key(ctx, &key).await?;
    let text = operator_key_text(&key.id, &secret);
    Ok(Created { key, text })
}

/// The keys that were made here; the one of the configuration is not among them.
///
/// # Errors
/// The store is away.
pub async fn list<S: OperatorKeys>(ctx: &Ctx<'_>, store: &S) -> Result<Vec<OperatorKey>, Refusal> {
    Ok(store.operator_keys(ctx).await?)
}

/// Revokes a key; the next request that brings it is refused.
///
/// The last one that holds stays, unless the configuration has one: nobody could get in. (Two requests at
/// once could still revoke the last two; a hash in the configuration then opens the door again.)
///
/// # Errors
/// There is no such key, it is the last, or the store is away.
pub async fn revoke<S: OperatorKeys>(
    ctx: &Ctx<'_>,
    store: &S,
    key: &str,
    bootstrap: Option<&SecretHash>,
) -> Result<(), Refusal> {
    let missing = || {
        Refusal::not_found(
            "There is no such operator key: give its id (`opk-…`) as the list of keys shows it. It may have \
             been revoked before.",
        )
        .about("key")
    };
    let id: OperatorKeyId = key.parse().map_err(|_| missing())?;
    let now = ctx.now();
    let keys = store.operator_keys(ctx).await?;
    if !keys.iter().any(|key| key.id == id) {
        return Err(missing());
    }
    let another_holds = keys.iter().any(|key| key.id != id && holds(key, now));
    if !another_holds && bootstrap.is_none() {
        return Err(Refusal::conflict(
            "This is the last operator key that holds: make another first, or nobody could get in.",
        ));
    }
    if store.delete_operator_key(ctx, &id).await? { Ok(()) } else { Err(missing()) }
}

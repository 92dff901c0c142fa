//! How an organization's members sign in (S9): whether passwords are a way at all, and which e-mail domains lead here.

use serde_json::Map;

use super::{
    Change, Refusal, checks::email_domains, connections::setup, note_change, organization_event,
};
use crate::{
    connection::SignInSetup,
    ctx::Ctx,
    event::EventKind,
    organization::Organization,
    ports::{Connections, Organizations},
};

/// What shall be different; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Update<'a> {
    /// [`crate::organization::SignIn::password`].
    pub password: Option<bool>,
    /// [`crate::organization::SignIn::email_domains`].
    pub email_domains: Option<Vec<&'a str>>,
}

/// The organization with its connections: all ways in.
///
/// # Errors
/// There is no such organization, or the store is away.
pub async fn read<S: Organizations + Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
) -> Result<SignInSetup, Refusal> {
    setup(ctx, store, organization).await
}

/// Changes the policy. It needs no licence: passwords are the way in when the licence has lapsed (O3).
///
/// # Errors
/// A value is none, an e-mail domain leads to another organization, there is no such organization, or the store is away.
pub async fn update<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    update: &Update<'_>,
) -> Result<Organization, Refusal> {
    let domains = match &update.email_domains {
        None => None,
        Some(texts) => Some(email_domains("email_domains", texts)?),
    };
    let decide = |before: &Organization| {
        let mut after = before.clone();
        let policy = &mut after.sign_in;
        policy.password = update.password.unwrap_or(policy.password);
        if let Some(domains) = &domains {
            policy.email_domains.clone_from(domains);
        }
        if after == *before {
            return Ok(Change::Keep(()));
        }
        let (old, new) = (&before.sign_in, &after.sign_in);
        let mut data = Map::new();
        note_change(&mut data, "password", old.password, new.password);
        let (old, new) = (old.email_domains.clone(), new.email_domains.clone());
        note_change(&mut data, "email_domains", old, new);
        let event = organization_event(ctx, EventKind::SignInPolicyUpdated, &after, data);
        Ok(Change::Write(Box::new(after), event, ()))
    };
    let (after, ()) = super::change(ctx, store, organization, decide).await?;
    Ok(after)
}

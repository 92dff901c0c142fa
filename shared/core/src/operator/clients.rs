//! OAuth clients of a directory (P4): several secrets overlap while one replaces another; each is shown once.

use serde_json::{Map, Value};

use super::{
    Change, Refusal,
    checks::{ahead, name},
    organizations,
};
use crate::{
    credential::{client_id_text, client_secret_text, new_secret},
    ctx::Ctx,
    event::{Event, EventKind},
    ids::{ClientId, OrganizationId, SecretId},
    organization::{CLIENT_SECRETS_MAX, CLIENTS_MAX, ClientSecret, OauthClient, Organization},
    ports::Organizations,
    time::Timestamp,
};

/// A secret that was just made: the only time that its text is seen.
#[derive(Debug, Clone, PartialEq)]
pub struct CreatedSecret {
    /// What the client presents as `client_id`.
    pub client_id: String,
    /// What is kept of the client, the new secret included.
    pub client: OauthClient,
    /// What is kept of the secret.
    pub secret: ClientSecret,
    /// What the client presents as `client_secret`.
    pub text: String,
}

/// The clients, and the organization that their `client_id` names.
///
/// # Errors
/// There is no such organization, or the store is away.
pub async fn list<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
) -> Result<(OrganizationId, Vec<OauthClient>), Refusal> {
    let organization = organizations::find(ctx, store, organization).await?;
    Ok((organization.id, organization.directory.clients))
}

/// Creates a client with its first secret, so that one answer holds all that the IdP asks for.
///
/// # Errors
/// A value is none, there are too many clients, or the store is away.
pub async fn create<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    client_name: &str,
    secret_expires: Option<Timestamp>,
) -> Result<CreatedSecret, Refusal> {
    let (secret, secret_text) = make_secret(ctx, secret_expires)?;
    let client = OauthClient {
        id: ClientId::new(ctx.world),
        name: name("name", client_name)?,
        created: ctx.now(),
        secrets: vec![secret.clone()],
    };
    let decide = |before: &Organization| {
        if before.directory.clients.len() >= CLIENTS_MAX {
            return Err(Refusal::conflict(format!(
                "The directory has {CLIENTS_MAX} clients, the most that it keeps: revoke one that is no longer \
                 used, or add a secret to one that is."
            )));
        }
        let mut after = before.clone();
        after.directory.clients.push(client.clone());
        let event = client_event(ctx, EventKind::ClientCreated, &client, Some(&secret));
        Ok(Change::Write(Box::new(after), event, ()))
    };
    let (after, ()) = super::change(ctx, store, organization, decide).await?;
    Ok(CreatedSecret {
        client_id: client_id_text(&after.id, &client.id),
        client,
        secret,
        text: secret_text,
    })
}

/// Revokes a client: its secrets and the access tokens that it was given end at once.
///
/// # Errors
/// There is no such organization or client, or the store is away.
pub async fn revoke<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    client: &str,
) -> Result<(), Refusal> {
    let id = client_id(client)?;
    let decide = |before: &Organization| {
        let event = client_event(ctx, EventKind::ClientRevoked, find(before, &id)?, None);
        let mut after = before.clone();
        after.directory.clients.retain(|client| client.id != id);
        Ok(Change::Write(Box::new(after), event, ()))
    };
    super::change(ctx, store, organization, decide).await?;
    Ok(())
}

/// Adds a secret beside those that are there.
///
/// # Errors
/// The end has passed, there is no such client, it has too many secrets, or the store is away.
pub async fn add_secret<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    client: &str,
    expires: Option<Timestamp>,
) -> Result<CreatedSecret, Refusal> {
    let id = client_id(client)?;
    let (secret, text) = make_secret(ctx, expires)?;
    let decide = |before: &Organization| {
        let count = find(before, &id)?.secrets.len();
        if count >= CLIENT_SECRETS_MAX {
            return Err(Refusal::conflict(format!(
                "The client has {CLIENT_SECRETS_MAX} secrets, the most that it keeps: retire one that the \
                 identity provider no longer uses, then add the new one."
            )));
        }
        let mut after = before.clone();
        let client = find_mut(&mut after, &id)?;
        client.secrets.push(secret.clone());
        let client = client.clone();
        let event = client_event(ctx, EventKind::ClientSecretAdded, &client, Some(&secret));
        Ok(Change::Write(Box::new(after), event, client))
    };
    let (after, client) = super::change(ctx, store, organization, decide).await?;
    Ok(CreatedSecret { client_id: client_id_text(&after.id, &id), client, secret, text })
}

/// Retires a secret: it, and the access tokens that were got with it, end at once. The last one can be
/// retired too: the client then gets no more tokens until a secret is added.
///
/// # Errors
/// There is no such organization, client or secret, or the store is away.
pub async fn retire_secret<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    client: &str,
    secret: &str,
) -> Result<(), Refusal> {
    let missing = || {
        Refusal::not_found(
            "The client has no such secret: give its id (`sec-…`) as the list of clients shows it. It may have \
             been retired before.",
        )
        .about("secret")
    };
    let id = client_id(client)?;
    let secret_id: SecretId = secret.parse().map_err(|_| missing())?;
    let decide = |before: &Organization| {
        let mut after = before.clone();
        let client = find_mut(&mut after, &id)?;
        let place =
            client.secrets.iter().position(|secret| secret.id == secret_id).ok_or_else(missing)?;
        let secret = client.secrets.remove(place);
        let event = client_event(ctx, EventKind::ClientSecretRetired, client, Some(&secret));
        Ok(Change::Write(Box::new(after), event, ()))
    };
    super::change(ctx, store, organization, decide).await?;
    Ok(())
}

fn make_secret(
    ctx: &Ctx<'_>,
    expires: Option<Timestamp>,
) -> Result<(ClientSecret, String), Refusal> {
    let now = ctx.now();
    let expires = expires.map(|instant| ahead("expires", now, instant)).transpose()?;
    let (secret, hash) = new_secret(ctx.world);
    let id = SecretId::new(ctx.world);
    let text = client_secret_text(&id, &secret);
    let secret = ClientSecret { id, hash, created: now, expires };
    Ok((secret, text))
}

fn missing_client() -> Refusal {
    Refusal::not_found(
        "There is no such client: give its id (`cli-…`) as the list of clients shows it. It may have been \
         revoked before.",
    )
    .about("client")
}

fn client_id(text: &str) -> Result<ClientId, Refusal> {
    text.parse().map_err(|_| missing_client())
}

fn find<'a>(organization: &'a Organization, id: &ClientId) -> Result<&'a OauthClient, Refusal> {
    let clients = &organization.directory.clients;
    clients.iter().find(|client| client.id == *id).ok_or_else(missing_client)
}

fn find_mut<'a>(
    organization: &'a mut Organization,
    id: &ClientId,
) -> Result<&'a mut OauthClient, Refusal> {
    let clients = &mut organization.directory.clients;
    clients.iter_mut().find(|client| client.id == *id).ok_or_else(missing_client)
}

fn client_event(
    ctx: &Ctx<'_>,
    kind: EventKind,
    client: &OauthClient,
    secret: Option<&ClientSecret>,
) -> Event {
    let mut data = Map::new();
    if let Some(secret) = secret {
        data.insert("secret".to_owned(), Value::String(secret.id.to_string()));
        if let Some(expires) = secret.expires {
            data.insert("secret_expires".to_owned(), Value::String(expires.rfc3339()));
        }
    }
    Event {
        kind,
        actor: ctx.actor.clone(),
        subject_kind: "client",
        subject_id: client.id.to_string(),
        subject_name: client.name.clone(),
        data,
    }
}

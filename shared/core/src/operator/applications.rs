//! The operator's applications (S10): relying parties of our OpenID provider. They belong to no organization, so no
//! organization's history has them.

use super::{
    Refusal, again,
    checks::{ahead, name},
    uris::{self, Purpose},
};
use crate::{
    application::{APPLICATIONS_MAX, Application, REDIRECT_URIS_MAX},
    credential::{client_secret_text, new_secret},
    ctx::Ctx,
    ids::{ApplicationId, SecretId},
    organization::{CLIENT_SECRETS_MAX, ClientSecret},
    ports::Applications,
    time::Timestamp,
};

/// What a new application shall be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct New<'a> {
    /// What people see on the sign-in page.
    pub name: &'a str,
    /// Its addresses; `redirect_uris` must be there.
    pub addresses: Addresses<'a>,
    /// It can keep no secret (it runs in browsers or on phones): PKCE alone stands for it.
    pub is_public: bool,
    /// When its first secret ends by itself.
    pub secret_expires: Option<Timestamp>,
}

/// What shall be different; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Update<'a> {
    /// Another name.
    pub name: Option<&'a str>,
    /// Other addresses.
    pub addresses: Addresses<'a>,
}

/// Addresses of an application; where one can be taken away, `Some(None)` does so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses<'a> {
    /// [`Application::redirect_uris`].
    pub redirect_uris: Option<Vec<&'a str>>,
    /// [`Application::post_logout_redirect_uris`].
    pub post_logout_redirect_uris: Option<Vec<&'a str>>,
    /// [`Application::initiate_login_uri`].
    pub initiate_login_uri: Option<Option<&'a str>>,
    /// [`Application::back_channel_logout_uri`].
    pub back_channel_logout_uri: Option<Option<&'a str>>,
}

/// A secret that was just made: the only time that its text is seen.
#[derive(Debug, Clone, PartialEq)]
pub struct CreatedSecret {
    /// What is kept of the application, the new secret included.
    pub application: Application,
    /// What is kept of the secret, and its text; none of a public client.
    pub secret: Option<(ClientSecret, String)>,
}

/// All applications.
///
/// # Errors
/// The store is away.
pub async fn list<S: Applications>(ctx: &Ctx<'_>, store: &S) -> Result<Vec<Application>, Refusal> {
    Ok(store.applications(ctx).await?)
}

/// One of them.
///
/// # Errors
/// There is no such application, or the store is away.
pub async fn read<S: Applications>(
    ctx: &Ctx<'_>,
    store: &S,
    application: &str,
) -> Result<Application, Refusal> {
    let id: ApplicationId = application.parse().map_err(|_| missing())?;
    store.application(ctx, &id).await?.ok_or_else(missing)
}

/// Creates one, with its first secret unless it is a public client.
///
/// # Errors
/// A value is none, there are too many applications, or the store is away.
pub async fn create<S: Applications>(
    ctx: &Ctx<'_>,
    store: &S,
    new: &New<'_>,
) -> Result<CreatedSecret, Refusal> {
    let mut application = Application {
        id: ApplicationId::new(ctx.world),
        name: name("name", new.name)?,
        redirect_uris: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        initiate_login_uri: None,
        back_channel_logout_uri: None,
        secrets: Vec::new(),
        created: ctx.now(),
        version: 1,
    };
    if new.addresses.redirect_uris.is_none() {
        return Err(Refusal::invalid(
            "redirect_uris",
            "`redirect_uris` is missing: list the addresses that codes may be sent to.",
        ));
    }
    apply(&mut application, &new.addresses)?;
    if new.is_public && new.secret_expires.is_some() {
        return Err(Refusal::invalid(
            "secret_expires",
            "A public client has no secret: leave `secret_expires` out.",
        ));
    }
    let secret = if new.is_public {
        None
    } else {
        Some(make_secret(ctx, "secret_expires", new.secret_expires)?)
    };
    application.secrets.extend(secret.as_ref().map(|(secret, _)| secret.clone()));
    // Two requests at once may leave one more than the limit, which does no harm.
    if store.applications(ctx).await?.len() >= APPLICATIONS_MAX {
        return Err(Refusal::conflict(format!(
            "There are {APPLICATIONS_MAX} applications, the most that are kept: delete one that is no longer \
             used, then create the new one."
        )));
    }
    store.put_application(ctx, None, &application).await.map_err(Refusal::from_commit)?;
    Ok(CreatedSecret { application, secret })
}

/// Changes the name or the addresses.
///
/// # Errors
/// A value is none, there is no such application, or the store is away.
pub async fn update<S: Applications>(
    ctx: &Ctx<'_>,
    store: &S,
    application: &str,
    update: &Update<'_>,
) -> Result<Application, Refusal> {
    let name = update.name.map(|text| name("name", text)).transpose()?;
    let decide = |after: &mut Application| {
        if let Some(name) = &name {
            after.name.clone_from(name);
        }
        apply(after, &update.addresses)
    };
    change(ctx, store, application, decide).await
}

/// Deletes one: it gets no more codes and no more tokens.
///
/// # Errors
/// There is no such application, or the store is away.
pub async fn delete<S: Applications>(
    ctx: &Ctx<'_>,
    store: &S,
    application: &str,
) -> Result<(), Refusal> {
    let id: ApplicationId = application.parse().map_err(|_| missing())?;
    if store.delete_application(ctx, &id).await? { Ok(()) } else { Err(missing()) }
}

/// Adds a secret beside those that are there. A public client is one no longer: from then on it has to present it.
///
/// # Errors
/// The end has passed, there are too many secrets, there is no such application, or the store is away.
pub async fn add_secret<S: Applications>(
    ctx: &Ctx<'_>,
    store: &S,
    application: &str,
    expires: Option<Timestamp>,
) -> Result<CreatedSecret, Refusal> {
    let (secret, text) = make_secret(ctx, "expires", expires)?;
    let decide = |after: &mut Application| {
        if after.secrets.len() >= CLIENT_SECRETS_MAX {
            return Err(Refusal::conflict(format!(
                "The application has {CLIENT_SECRETS_MAX} secrets, the most that it keeps: retire one that is no \
                 longer used, then add the new one."
            )));
        }
        after.secrets.push(secret.clone());
        Ok(())
    };
    let application = change(ctx, store, application, decide).await?;
    Ok(CreatedSecret { application, secret: Some((secret, text)) })
}

/// Retires a secret. The last one stays: without any, the application would be a public client, which has to present
/// none.
///
/// # Errors
/// It is the last, there is no such application or secret, or the store is away.
pub async fn retire_secret<S: Applications>(
    ctx: &Ctx<'_>,
    store: &S,
    application: &str,
    secret: &str,
) -> Result<(), Refusal> {
    let missing = || {
        Refusal::not_found(
            "The application has no such secret: give its id (`sec-…`) as the application shows it. It may have \
             been retired before.",
        )
        .about("secret")
    };
    let id: SecretId = secret.parse().map_err(|_| missing())?;
    let decide = |after: &mut Application| {
        if after.secrets.iter().all(|secret| secret.id != id) {
            return Err(missing());
        }
        if after.secrets.len() == 1 {
            return Err(Refusal::conflict(
                "This is the application's last secret, and without one it would be a public client, which anybody \
                 can be: add another secret first, or delete the application.",
            ));
        }
        after.secrets.retain(|secret| secret.id != id);
        Ok(())
    };
    change(ctx, store, application, decide).await?;
    Ok(())
}

/// Reads, changes, writes; again when somebody was faster.
async fn change<S: Applications>(
    ctx: &Ctx<'_>,
    store: &S,
    application: &str,
    decide: impl Fn(&mut Application) -> Result<(), Refusal>,
) -> Result<Application, Refusal> {
    let mut attempt = 0;
    loop {
        let before = read(ctx, store, application).await?;
        let mut after = before.clone();
        decide(&mut after)?;
        if after == before {
            return Ok(before);
        }
        after.version = before.version + 1;
        match store.put_application(ctx, Some(&before), &after).await {
            Ok(()) => return Ok(after),
            Err(error) => attempt = again(ctx, attempt, error).await?,
        }
    }
}

fn apply(application: &mut Application, addresses: &Addresses<'_>) -> Result<(), Refusal> {
    if let Some(texts) = &addresses.redirect_uris {
        if texts.is_empty() {
            return Err(Refusal::invalid(
                "redirect_uris",
                "`redirect_uris` is empty: a code must go somewhere. List at least one address.",
            ));
        }
        application.redirect_uris = uri_list("redirect_uris", texts)?;
    }
    if let Some(texts) = &addresses.post_logout_redirect_uris {
        application.post_logout_redirect_uris = uri_list("post_logout_redirect_uris", texts)?;
    }
    if let Some(text) = addresses.initiate_login_uri {
        application.initiate_login_uri = one("initiate_login_uri", text)?;
    }
    if let Some(text) = addresses.back_channel_logout_uri {
        application.back_channel_logout_uri = one("back_channel_logout_uri", text)?;
    }
    Ok(())
}

fn one(field: &str, text: Option<&str>) -> Result<Option<String>, Refusal> {
    let purpose = match field {
        "back_channel_logout_uri" => Purpose::Posted,
        _ => Purpose::Address,
    };
    text.map(|text| uris::check(field, text, purpose)).transpose()
}

/// Each once, in the order that they came.
fn uri_list(field: &str, texts: &[&str]) -> Result<Vec<String>, Refusal> {
    if texts.len() > REDIRECT_URIS_MAX {
        return Err(Refusal::invalid(
            field,
            format!(
                "`{field}` has {} entries; at most {REDIRECT_URIS_MAX} are kept: send fewer.",
                texts.len()
            ),
        ));
    }
    let mut list = Vec::with_capacity(texts.len());
    for text in texts {
        let uri = uris::check(field, text, Purpose::Redirect)?;
        if !list.contains(&uri) {
            list.push(uri);
        }
    }
    Ok(list)
}

fn make_secret(
    ctx: &Ctx<'_>,
    field: &str,
    expires: Option<Timestamp>,
) -> Result<(ClientSecret, String), Refusal> {
    let now = ctx.now();
    let expires = expires.map(|instant| ahead(field, now, instant)).transpose()?;
    let (secret, hash) = new_secret(ctx.world);
    let id = SecretId::new(ctx.world);
    let text = client_secret_text(&id, &secret);
    Ok((ClientSecret { id, hash, created: now, expires }, text))
}

fn missing() -> Refusal {
    Refusal::not_found(
        "There is no such application: give its id (`app-…`) as the list of applications shows it. It may have \
         been deleted.",
    )
    .about("application")
}

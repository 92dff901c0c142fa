//! The demo organization of the first start, and `demo.json`, where scripts find its secrets.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::Path,
};

use lychgate_core::{
    credential::{
        Credential, CredentialKey, new_secret, operator_key_text, parse_operator_key, token_text,
    },
    ctx::Ctx,
    event::{Actor, Event, EventKind},
    ids::{OperatorKeyId, OrganizationId, TokenId},
    operator_key::OperatorKey,
    organization::{
        Directory, Domain, Licence, LicenceState, Organization, ScimToken, SignIn, TOKENS_MAX,
    },
    ports::{Applications, OperatorKeys, Organizations, SettingsLinks, Users},
};
use lychgate_edge::routes::SCIM_ROOT;
use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::{Error, TABLE};

pub mod owner;
pub mod sample;

/// The file's name in the data folder.
pub const FILE_NAME: &str = "demo.json";
/// The demo organization's domain.
pub const DOMAIN: &str = "acme";
/// What the demo's token and key are called.
const NAME: &str = "demo";

/// What `demo.json` holds. Later parts of the product add to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demo {
    /// `http://127.0.0.1:8080`
    pub base_url: String,
    /// What goes into the IdP's *SCIM base URL* field.
    pub scim_base_url: String,
    /// A SCIM token of the organization.
    pub scim_token: String,
    /// A key for the operator's API.
    pub operator_key: String,
    /// The organization's id.
    pub organization: String,
    /// Its domain.
    pub domain: String,
    /// The owner's way into the settings: opens once, in one browser; a new one with every start. Empty when the
    /// organization has no owner who can get in.
    #[serde(default)]
    pub owner_link: String,
    /// The sample application's `client_id`.
    #[serde(default)]
    pub application: String,
    /// Where a sign-in begins that anybody can try.
    #[serde(default)]
    pub sample_application_url: String,
    /// The sample identity provider's metadata.
    #[serde(default)]
    pub sample_idp_metadata_url: String,
    /// Where the embedded DynamoDB listens, for `cargo lambda` and the judges: another address with every start.
    #[serde(default)]
    pub dynamodb_url: String,
    /// The table there.
    #[serde(default)]
    pub dynamodb_table: String,
}

/// Sees to it that the demo organization is there and that `demo.json` opens it. What is missing is made; a token that
/// is lost is replaced by a new one.
///
/// # Errors
/// A sentence when `demo.json` cannot be read or written, or the store refuses.
pub async fn ensure<S: Organizations + Users + OperatorKeys + Applications + SettingsLinks>(
    ctx: &Ctx<'_>,
    store: &S,
    folder: Option<&Path>,
    dynamodb_url: &str,
) -> Result<Demo, Error> {
    let path = folder.map(|folder| folder.join(FILE_NAME));
    let kept = path.as_deref().map(read).transpose()?.flatten();
    let (organization, token) = organization(ctx, store, kept.as_ref()).await?;
    let key = operator_key(ctx, store, kept.as_ref()).await?;
    let owner_link = owner::link(ctx, store, &organization).await?;
    let application = sample::application(ctx, store, kept.as_ref()).await?;
    let demo = Demo {
        base_url: ctx.base_url.to_owned(),
        scim_base_url: format!("{}{SCIM_ROOT}", ctx.base_url),
        scim_token: token,
        operator_key: key,
        organization: organization.to_string(),
        domain: DOMAIN.to_owned(),
        owner_link,
        application: application.to_string(),
        sample_application_url: format!("{}{}/app", ctx.base_url, crate::sample::ROOT),
        sample_idp_metadata_url: format!("{}{}/idp/metadata", ctx.base_url, crate::sample::ROOT),
        dynamodb_url: dynamodb_url.to_owned(),
        dynamodb_table: TABLE.to_owned(),
    };
    if let Some(path) = &path
        && kept.as_ref() != Some(&demo)
    {
        write_private(path, &demo)?;
    }
    Ok(demo)
}

async fn organization<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    kept: Option<&Demo>,
) -> Result<(OrganizationId, String), Error> {
    let domain = Domain::parse(DOMAIN).ok_or_else(|| Error::new("The demo's domain is none."))?;
    let Some(id) = store.by_domain(ctx, &domain).await.map_err(failed)? else {
        let organization = new_organization(ctx, domain);
        let (token, text) = new_token(ctx, &organization.id);
        let organization = with_token(organization, token);
        let event = event(&organization, EventKind::OrganizationCreated);
        store.create_organization(ctx, &organization, &event).await.map_err(failed)?;
        return Ok((organization.id, text));
    };
    let before = store.organization(ctx, &id).await.map_err(failed)?;
    let before = before.ok_or_else(|| Error::new("The data file has lost its organization."))?;
    if let Some(demo) = kept
        && opens(&demo.scim_token, &before)
    {
        return Ok((id, demo.scim_token.clone()));
    }
    let (token, text) = new_token(ctx, &id);
    let mut after = with_token(before.clone(), token);
    after.version = before.version + 1;
    let event = event(&after, EventKind::TokenCreated);
    let updated = store.update_organization(ctx, &before, &after, &event).await;
    updated
        .map_err(|error| Error::new(format!("The demo's token cannot be renewed: {error:?}.")))?;
    Ok((id, text))
}

fn opens(token: &str, organization: &Organization) -> bool {
    let Some(credential) = Credential::parse(token) else {
        return false;
    };
    let CredentialKey::Token(id) = &credential.key else {
        return false;
    };
    let tokens = &organization.directory.tokens;
    credential.organization == organization.id
        && tokens.iter().any(|known| known.id == *id && credential.proves(&known.hash))
}

async fn operator_key<S: OperatorKeys>(
    ctx: &Ctx<'_>,
    store: &S,
    kept: Option<&Demo>,
) -> Result<String, Error> {
    if let Some(demo) = kept
        && let Some((id, secret)) = parse_operator_key(&demo.operator_key)
        && let Some(key) = store.operator_key(ctx, &id).await.map_err(failed)?
        && key.hash.matches(secret.as_bytes())
    {
        return Ok(demo.operator_key.clone());
    }
    let (secret, hash) = new_secret(ctx.world);
    let key = OperatorKey {
        id: OperatorKeyId::new(ctx.world),
        name: NAME.to_owned(),
        hash,
        created: ctx.now(),
        expires: None,
    };
    store.put_operator_key(ctx, &key).await.map_err(failed)?;
    Ok(operator_key_text(&key.id, &secret))
}

fn new_organization(ctx: &Ctx<'_>, domain: Domain) -> Organization {
    Organization {
        id: OrganizationId::new(ctx.world),
        domain,
        name: "Acme".to_owned(),
        licence: Licence { state: LicenceState::Active, seats: None, ends: None },
        directory: Directory { enabled: true, ..Directory::default() },
        sign_in: SignIn::default(),
        owners: Vec::new(),
        owners_suspended: Vec::new(),
        created: ctx.now(),
        version: 1,
    }
}

fn new_token(ctx: &Ctx<'_>, organization: &OrganizationId) -> (ScimToken, String) {
    let (secret, hash) = new_secret(ctx.world);
    let token = ScimToken {
        id: TokenId::new(ctx.world),
        name: NAME.to_owned(),
        hash,
        created: ctx.now(),
        expires: None,
        member: None,
    };
    let text = token_text(organization, &token.id, &secret);
    (token, text)
}

/// Replaces the demo's former token, whose text is lost, and keeps within the limit.
fn with_token(mut organization: Organization, token: ScimToken) -> Organization {
    let tokens = &mut organization.directory.tokens;
    tokens.retain(|known| known.name != NAME);
    tokens.truncate(TOKENS_MAX - 1);
    tokens.push(token);
    organization
}

fn event(organization: &Organization, kind: EventKind) -> Event {
    Event {
        kind,
        actor: Actor::System,
        subject_kind: "organization",
        subject_id: organization.id.to_string(),
        subject_name: organization.domain.as_str().to_owned(),
        data: Map::new(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "called by `map_err`")]
pub(crate) fn failed(error: lychgate_core::ports::StoreError) -> Error {
    Error::new(format!("The data cannot be read or written: {error:?}."))
}

fn read(path: &Path) -> Result<Option<Demo>, Error> {
    let shown = path.display();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::new(format!("{shown} cannot be read: {error}."))),
    };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        Error::new(format!(
            "{shown} is damaged ({error}). Delete it, and the next start writes a new one."
        ))
    })
}

/// Whole or not at all, and never readable by others, not even for a moment.
pub(crate) fn write_private(path: &Path, content: &impl Serialize) -> Result<(), Error> {
    let failed = |error: std::io::Error| {
        Error::new(format!("{} cannot be written: {error}.", path.display()))
    };
    let mut text = serde_json::to_string_pretty(content).map_err(|error| failed(error.into()))?;
    text.push('\n');
    let beside = path.with_extension("json.new");
    // One that a killed process left might be readable by others.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
        Ok(()) | Err(_) => {}
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}

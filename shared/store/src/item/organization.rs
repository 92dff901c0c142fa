//! The organization's item: licence, directory and credentials in one, so that one read answers for all.

use aws_sdk_dynamodb::types::AttributeValue;
use lychgate_core::{
    ids::{ClientId, ConnectionId, OrganizationId, SecretId, TokenId, UserId},
    organization::{
        ClientSecret, Directory, Domain, GroupPatchAnswer, Licence, LicenceState, OauthClient,
        Organization, ScimToken, SignIn, UnknownMembers,
    },
    ports::StoreError,
};

use super::{CREATED, ENDS, ID, Item, PK, Reader, VERSION, hash, instant, item, list, map, n, s};
use crate::keys;

const DOMAIN: &str = "dom";
const NAME: &str = "nm";
const LICENCE: &str = "lic";
const STATE: &str = "st";
const SEATS: &str = "n";
const DIRECTORY: &str = "dir";
const ENABLED: &str = "on";
const PATCH_ANSWER: &str = "ga";
const UNKNOWN_MEMBERS: &str = "um";
const RETENTION_DAYS: &str = "rd";
const ACCESS_TOKEN_SECS: &str = "as";
const TOKENS: &str = "tk";
const CLIENTS: &str = "cl";
const SECRETS: &str = "sc";
const HASH: &str = "h";
const MEMBER: &str = "m";
const SIGN_IN: &str = "si";
const CONNECTIONS: &str = "co";
const PASSWORD: &str = "pw";
const EMAIL_DOMAINS: &str = "ed";
const OWNERS: &str = "ow";
const OWNERS_SUSPENDED: &str = "os";

const ACTIVE: &str = "active";
const EXPIRED: &str = "expired";
const NONE: &str = "none";
const RESOURCE: &str = "resource";
const REFUSE: &str = "refuse";

/// The whole item.
pub(crate) fn write(organization: &Organization) -> Item {
    let licence = &organization.licence;
    let state = match licence.state {
        LicenceState::Active => ACTIVE,
        LicenceState::Expired => EXPIRED,
        LicenceState::None => NONE,
    };
    item(
        &keys::organization(&organization.id),
        [
            (DOMAIN, Some(s(organization.domain.as_str()))),
            (NAME, Some(s(&organization.name))),
            (
                LICENCE,
                Some(AttributeValue::M(map([
                    (STATE, Some(s(state))),
                    (SEATS, licence.seats.map(n)),
                    (ENDS, licence.ends.map(instant)),
                ]))),
            ),
            (DIRECTORY, Some(write_directory(&organization.directory))),
            (SIGN_IN, write_sign_in(&organization.sign_in)),
            (OWNERS, write_users(&organization.owners)),
            (OWNERS_SUSPENDED, write_users(&organization.owners_suspended)),
            (CREATED, Some(instant(organization.created))),
            (VERSION, Some(n(organization.version))),
        ],
    )
}

fn write_users(users: &[UserId]) -> Option<AttributeValue> {
    list(users.iter().map(|id| s(id.to_string())).collect())
}

fn write_directory(directory: &Directory) -> AttributeValue {
    let tokens = directory.tokens.iter().map(write_token).collect();
    let clients = directory.clients.iter().map(write_client).collect();
    AttributeValue::M(map([
        (ENABLED, Some(AttributeValue::Bool(directory.enabled))),
        (
            PATCH_ANSWER,
            match directory.group_patch_answer {
                GroupPatchAnswer::NoContent => None,
                GroupPatchAnswer::Resource => Some(s(RESOURCE)),
            },
        ),
        (
            UNKNOWN_MEMBERS,
            match directory.unknown_members {
                UnknownMembers::ApplyKnown => None,
                UnknownMembers::Refuse => Some(s(REFUSE)),
            },
        ),
        (RETENTION_DAYS, directory.suspended_retention_days.map(n)),
        (ACCESS_TOKEN_SECS, Some(n(directory.access_token_secs))),
        (TOKENS, list(tokens)),
        (CLIENTS, list(clients)),
    ]))
}

/// Absent for an organization that never touched it.
fn write_sign_in(sign_in: &SignIn) -> Option<AttributeValue> {
    let connections = sign_in.active_connections.iter().map(|id| s(id.bare())).collect();
    (*sign_in != SignIn::default()).then(|| {
        AttributeValue::M(map([
            (CONNECTIONS, list(connections)),
            (PASSWORD, Some(AttributeValue::Bool(sign_in.password))),
            (EMAIL_DOMAINS, list(sign_in.email_domains.iter().map(s).collect())),
        ]))
    })
}

fn read_sign_in(reader: &Reader<'_>) -> Result<SignIn, StoreError> {
    Ok(SignIn {
        active_connections: reader.texts(CONNECTIONS, |text| ConnectionId::from_bare(text).ok())?,
        password: reader.flag(PASSWORD)?,
        email_domains: reader.texts(EMAIL_DOMAINS, |text| Some(text.to_owned()))?,
    })
}

fn write_token(token: &ScimToken) -> AttributeValue {
    AttributeValue::M(map([
        (ID, Some(s(token.id.bare()))),
        (NAME, Some(s(&token.name))),
        (HASH, Some(hash(&token.hash))),
        (CREATED, Some(instant(token.created))),
        (ENDS, token.expires.map(instant)),
        (MEMBER, token.member.map(|id| s(id.to_string()))),
    ]))
}

fn write_client(client: &OauthClient) -> AttributeValue {
    let secrets = client.secrets.iter().map(|secret| {
        AttributeValue::M(map([
            (ID, Some(s(secret.id.bare()))),
            (HASH, Some(hash(&secret.hash))),
            (CREATED, Some(instant(secret.created))),
            (ENDS, secret.expires.map(instant)),
        ]))
    });
    AttributeValue::M(map([
        (ID, Some(s(client.id.bare()))),
        (NAME, Some(s(&client.name))),
        (CREATED, Some(instant(client.created))),
        (SECRETS, list(secrets.collect())),
    ]))
}

/// An organization, read back.
pub(crate) fn read(item: &Item) -> Result<Organization, StoreError> {
    let reader = Reader::new("organization", item);
    let licence = reader.inner(LICENCE)?.ok_or_else(|| reader.corrupt(LICENCE))?;
    let directory = reader.inner(DIRECTORY)?.ok_or_else(|| reader.corrupt(DIRECTORY))?;
    let user = |text: &str| text.parse().ok();
    Ok(Organization {
        id: reader.parsed(PK, |text| OrganizationId::from_bare(text.strip_prefix("O#")?).ok())?,
        domain: reader.parsed(DOMAIN, Domain::parse)?,
        name: reader.text(NAME)?.to_owned(),
        licence: Licence {
            state: licence.parsed(STATE, |text| match text {
                ACTIVE => Some(LicenceState::Active),
                EXPIRED => Some(LicenceState::Expired),
                NONE => Some(LicenceState::None),
                _ => None,
            })?,
            seats: licence.number_opt(SEATS)?,
            ends: licence.instant_opt(ENDS)?,
        },
        directory: read_directory(&directory)?,
        sign_in: reader
            .inner(SIGN_IN)?
            .map_or_else(|| Ok(SignIn::default()), |r| read_sign_in(&r))?,
        owners: reader.texts(OWNERS, user)?,
        owners_suspended: reader.texts(OWNERS_SUSPENDED, user)?,
        created: reader.instant(CREATED)?,
        version: reader.number(VERSION)?,
    })
}

fn read_directory(reader: &Reader<'_>) -> Result<Directory, StoreError> {
    Ok(Directory {
        enabled: reader.flag(ENABLED)?,
        group_patch_answer: match reader.text_opt(PATCH_ANSWER)? {
            None => GroupPatchAnswer::NoContent,
            Some(RESOURCE) => GroupPatchAnswer::Resource,
            Some(_) => return Err(reader.corrupt(PATCH_ANSWER)),
        },
        unknown_members: match reader.text_opt(UNKNOWN_MEMBERS)? {
            None => UnknownMembers::ApplyKnown,
            Some(REFUSE) => UnknownMembers::Refuse,
            Some(_) => return Err(reader.corrupt(UNKNOWN_MEMBERS)),
        },
        suspended_retention_days: reader.number_opt(RETENTION_DAYS)?,
        access_token_secs: reader.number(ACCESS_TOKEN_SECS)?,
        tokens: reader.maps(TOKENS)?.iter().map(read_token).collect::<Result<_, _>>()?,
        clients: reader.maps(CLIENTS)?.iter().map(read_client).collect::<Result<_, _>>()?,
    })
}

fn read_token(reader: &Reader<'_>) -> Result<ScimToken, StoreError> {
    Ok(ScimToken {
        id: reader.parsed(ID, |text| TokenId::from_bare(text).ok())?,
        name: reader.text(NAME)?.to_owned(),
        hash: reader.hash(HASH)?,
        created: reader.instant(CREATED)?,
        expires: reader.instant_opt(ENDS)?,
        member: reader.parsed_opt(MEMBER, |text| text.parse().ok())?,
    })
}

fn read_client(reader: &Reader<'_>) -> Result<OauthClient, StoreError> {
    let secret = |reader: &Reader<'_>| {
        Ok(ClientSecret {
            id: reader.parsed(ID, |text| SecretId::from_bare(text).ok())?,
            hash: reader.hash(HASH)?,
            created: reader.instant(CREATED)?,
            expires: reader.instant_opt(ENDS)?,
        })
    };
    Ok(OauthClient {
        id: reader.parsed(ID, |text| ClientId::from_bare(text).ok())?,
        name: reader.text(NAME)?.to_owned(),
        created: reader.instant(CREATED)?,
        secrets: reader.maps(SECRETS)?.iter().map(secret).collect::<Result<_, StoreError>>()?,
    })
}

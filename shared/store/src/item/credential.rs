//! Access tokens and the operator's keys.

use lychgate_core::{
    access_token::AccessToken,
    ids::{AccessTokenId, ClientId, OperatorKeyId, OrganizationId, SecretId},
    operator_key::OperatorKey,
    ports::StoreError,
    time::Timestamp,
};

use super::{CREATED, ENDS, Item, Reader, SK, TTL, hash, instant, item, n, s};
use crate::keys;

const CLIENT: &str = "cl";
const SECRET: &str = "sc";
const HASH: &str = "h";
const NAME: &str = "nm";

/// The item of an access token; DynamoDB deletes it after its end.
pub(crate) fn write_access_token(organization: &OrganizationId, token: &AccessToken) -> Item {
    item(
        &keys::access_token(organization, &token.id),
        [
            (CLIENT, Some(s(token.client.bare()))),
            (SECRET, Some(s(token.secret.bare()))),
            (HASH, Some(hash(&token.hash))),
            (ENDS, Some(instant(token.expires))),
            (TTL, Some(n(token.expires.unix_secs().saturating_add(1)))),
        ],
    )
}

/// An access token, read back; `None` when its end has come.
pub(crate) fn read_access_token(
    item: &Item,
    now: Timestamp,
) -> Result<Option<AccessToken>, StoreError> {
    let reader = Reader::new("access token", item);
    let token = AccessToken {
        id: reader
            .parsed(SK, |text| AccessTokenId::from_bare(text.strip_prefix("ACCESS#")?).ok())?,
        client: reader.parsed(CLIENT, |text| ClientId::from_bare(text).ok())?,
        secret: reader.parsed(SECRET, |text| SecretId::from_bare(text).ok())?,
        hash: reader.hash(HASH)?,
        expires: reader.instant(ENDS)?,
    };
    Ok((now < token.expires).then_some(token))
}

/// The item of an operator's key. It has no time-to-live: an ended key is shown as ended.
pub(crate) fn write_operator_key(key: &OperatorKey) -> Item {
    item(
        &keys::operator_key(&key.id),
        [
            (NAME, Some(s(&key.name))),
            (HASH, Some(hash(&key.hash))),
            (CREATED, Some(instant(key.created))),
            (ENDS, key.expires.map(instant)),
        ],
    )
}

/// An operator's key, read back.
pub(crate) fn read_operator_key(item: &Item) -> Result<OperatorKey, StoreError> {
    let reader = Reader::new("operator key", item);
    Ok(OperatorKey {
        id: reader.parsed(SK, |text| {
            OperatorKeyId::from_bare(text.strip_prefix(keys::OPERATOR_KEY_PREFIX)?).ok()
        })?,
        name: reader.text(NAME)?.to_owned(),
        hash: reader.hash(HASH)?,
        created: reader.instant(CREATED)?,
        expires: reader.instant_opt(ENDS)?,
    })
}

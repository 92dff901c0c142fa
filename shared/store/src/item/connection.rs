//! Connections and encryption key pairs.

use lychgate_core::{
    connection::{Connection, KeyPair},
    ids::{ConnectionId, KeyPairId, OrganizationId},
    ports::StoreError,
};

use super::{CREATED, ENDS, Item, Reader, SK, VERSION, bytes, instant, item, n, s, written};
use crate::keys;

const NAME: &str = "nm";
const LIVE: &str = "lv";
const DRAFT: &str = "dr";
const ENDS_CHECKED: &str = "ec";
const TEST_WINDOW: &str = "tw";
const CERTIFICATE: &str = "ce";
const FINGERPRINT: &str = "fp";
const SEALED: &str = "se";

/// The item of a connection. Its settings are read whole or not at all, so each is one JSON text.
pub(crate) fn write(organization: &OrganizationId, connection: &Connection) -> Item {
    item(
        &keys::connection(organization, &connection.id),
        [
            (NAME, Some(s(&connection.name))),
            (LIVE, connection.live.as_ref().map(written)),
            (DRAFT, connection.draft.as_ref().map(written)),
            (TEST_WINDOW, connection.test_window_ends.map(instant)),
            (ENDS_CHECKED, connection.ends_checked.map(instant)),
            (CREATED, Some(instant(connection.created))),
            (VERSION, Some(n(connection.version))),
        ],
    )
}

/// A connection, read back.
pub(crate) fn read(item: &Item) -> Result<Connection, StoreError> {
    let reader = Reader::new("connection", item);
    Ok(Connection {
        id: reader.parsed(SK, |text| {
            ConnectionId::from_bare(text.strip_prefix(keys::CONNECTION_PREFIX)?).ok()
        })?,
        name: reader.text(NAME)?.to_owned(),
        live: reader.written_opt(LIVE)?,
        draft: reader.written_opt(DRAFT)?,
        test_window_ends: reader.instant_opt(TEST_WINDOW)?,
        ends_checked: reader.instant_opt(ENDS_CHECKED)?,
        created: reader.instant(CREATED)?,
        version: reader.number(VERSION)?,
    })
}

/// The item of a key pair. It has no time-to-live: a key goes when somebody retires it.
pub(crate) fn write_key_pair(organization: &OrganizationId, key_pair: &KeyPair) -> Item {
    item(
        &keys::key_pair(organization, &key_pair.id),
        [
            (CERTIFICATE, Some(bytes(&key_pair.certificate))),
            (FINGERPRINT, Some(s(&key_pair.fingerprint))),
            (SEALED, Some(bytes(&key_pair.sealed))),
            (CREATED, Some(instant(key_pair.created))),
            (ENDS, Some(instant(key_pair.expires))),
            (VERSION, Some(n(key_pair.version))),
        ],
    )
}

/// A key pair, read back.
pub(crate) fn read_key_pair(item: &Item) -> Result<KeyPair, StoreError> {
    let reader = Reader::new("key pair", item);
    Ok(KeyPair {
        id: reader.parsed(SK, |text| {
            KeyPairId::from_bare(text.strip_prefix(keys::KEY_PAIR_PREFIX)?).ok()
        })?,
        certificate: reader.bytes(CERTIFICATE)?,
        fingerprint: reader.text(FINGERPRINT)?.to_owned(),
        sealed: reader.bytes(SEALED)?,
        created: reader.instant(CREATED)?,
        expires: reader.instant(ENDS)?,
        version: reader.number(VERSION)?,
    })
}

//! The group's item: its head. Members are rows of their own.

use aws_sdk_dynamodb::types::AttributeValue;
use lychgate_core::{
    ids::OrganizationId,
    ports::StoreError,
    record::{Group, Index, IndexKey, Pending},
};

use super::{
    ABORTED, COUNT, CREATED, DELETED, DOC, ENDS, ID, Item, MEMBERSHIPS, MODIFIED, PENDING, Reader,
    SK, VERSION, doc, instant, item, map,
    membership::{read_memberships, write_memberships},
    n, s,
};
use crate::keys;

/// The keys that a creation has claimed and not committed, so that the next writer can free them.
pub(crate) const CREATION_KEYS: &str = "k";
/// The last large change that was committed: who lost the answer finds it here.
pub(crate) const LAST_CHANGE: &str = "lc";
const INDEX: &str = "i";
const VALUE: &str = "w";

/// A group's item, seen or not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Head {
    /// There, and everybody sees it.
    Live(Group),
    /// Its creation has not been committed (version 0); with the keys that it claimed.
    Creation(Group, Vec<IndexKey>),
    /// Deleted; its rows are being cleared.
    Tombstone(Group),
}

impl Head {
    /// The group when everybody sees it.
    pub(crate) fn live(self) -> Option<Group> {
        match self {
            Self::Live(group) => Some(group),
            Self::Creation(..) | Self::Tombstone(_) => None,
        }
    }
}

/// The whole item, as a creation writes it. `keys` only while it is not committed.
pub(crate) fn write(organization: &OrganizationId, group: &Group, keys: &[IndexKey]) -> Item {
    let keys = keys
        .iter()
        .map(|key| {
            AttributeValue::M(map([
                (INDEX, Some(n(index_number(key.index)))),
                (VALUE, Some(s(&key.value))),
            ]))
        })
        .collect::<Vec<_>>();
    item(
        &keys::group(organization, group.id),
        [
            (DOC, Some(doc(&group.resource))),
            (VERSION, Some(n(group.version))),
            (CREATED, Some(instant(group.created))),
            (MODIFIED, Some(instant(group.modified))),
            (COUNT, Some(n(group.member_count))),
            (MEMBERSHIPS, Some(write_memberships(&group.memberships))),
            (PENDING, group.pending.as_ref().map(write_pending)),
            (CREATION_KEYS, (!keys.is_empty()).then_some(AttributeValue::L(keys))),
        ],
    )
}

/// A pending change.
pub(crate) fn write_pending(pending: &Pending) -> AttributeValue {
    AttributeValue::M(map([
        (ID, Some(s(&pending.id))),
        (VERSION, Some(n(pending.version))),
        (ENDS, Some(instant(pending.lease_ends))),
    ]))
}

/// Versions that were given up.
pub(crate) fn write_aborted(versions: &[u64]) -> AttributeValue {
    AttributeValue::L(versions.iter().map(n).collect())
}

fn read_pending(reader: &Reader<'_>) -> Result<Option<Pending>, StoreError> {
    let Some(inner) = reader.inner(PENDING)? else {
        return Ok(None);
    };
    Ok(Some(Pending {
        id: inner.text(ID)?.to_owned(),
        version: inner.number(VERSION)?,
        lease_ends: inner.instant(ENDS)?,
    }))
}

fn read_aborted(reader: &Reader<'_>) -> Result<Vec<u64>, StoreError> {
    reader
        .list(ABORTED)?
        .iter()
        .map(|value| {
            let number = value.as_n().ok().and_then(|text| text.parse().ok());
            number.ok_or_else(|| reader.corrupt(ABORTED))
        })
        .collect()
}

fn read_keys(reader: &Reader<'_>) -> Result<Vec<IndexKey>, StoreError> {
    reader
        .maps(CREATION_KEYS)?
        .iter()
        .map(|key| {
            let index = key.number(INDEX).map(index_of)?;
            Ok(IndexKey {
                index: index.ok_or_else(|| key.corrupt(INDEX))?,
                value: key.text(VALUE)?.to_owned(),
            })
        })
        .collect()
}

const fn index_number(index: Index) -> u8 {
    match index {
        Index::UserName => 0,
        Index::UserExternalId => 1,
        Index::UserEmail => 2,
        Index::GroupDisplayName => 3,
        Index::GroupExternalId => 4,
        Index::NameId => 5,
    }
}

const fn index_of(number: u8) -> Option<Index> {
    match number {
        0 => Some(Index::UserName),
        1 => Some(Index::UserExternalId),
        2 => Some(Index::UserEmail),
        3 => Some(Index::GroupDisplayName),
        4 => Some(Index::GroupExternalId),
        5 => Some(Index::NameId),
        _ => None,
    }
}

/// A group's head, read back.
pub(crate) fn read(item: &Item) -> Result<Head, StoreError> {
    let reader = Reader::new("group", item);
    let group = Group {
        id: reader.parsed(SK, |text| text.parse().ok())?,
        resource: reader.resource()?,
        version: reader.number(VERSION)?,
        created: reader.instant(CREATED)?,
        modified: reader.instant(MODIFIED)?,
        member_count: reader.number(COUNT)?,
        memberships: read_memberships(&reader)?,
        pending: read_pending(&reader)?,
        aborted: read_aborted(&reader)?,
    };
    Ok(if reader.flag(DELETED)? {
        Head::Tombstone(group)
    } else if group.version == 0 {
        Head::Creation(group, read_keys(&reader)?)
    } else {
        Head::Live(group)
    })
}

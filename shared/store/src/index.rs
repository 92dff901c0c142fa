//! Claims and look-ups as actions, and what a claim's failure means.

use aws_sdk_dynamodb::types::AttributeValue;
use lychgate_core::{
    ids::OrganizationId,
    ports::{List, StoreError},
    record::IndexKey,
};
use uuid::Uuid;

use crate::{
    item::{ID, Item, PROVISIONAL, Reader, item, n, s},
    keys,
    transact::{Action, Meaning, Transaction},
};

/// Whether a claim counts at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It does.
    Committed,
    /// Only when the creation that took it is committed.
    Provisional,
}

/// Takes a key for a resource. Its own claim does not stand in its way: it may be there from an attempt
/// whose answer was lost.
pub(crate) fn take(
    organization: &OrganizationId,
    key: &IndexKey,
    id: Uuid,
    standing: Standing,
) -> Action {
    if !key.index.is_unique() {
        let key = keys::look_up(organization, key, id);
        return Action::put(key.clone(), item(&key, []));
    }
    let provisional = match standing {
        Standing::Committed => None,
        Standing::Provisional => Some(AttributeValue::Bool(true)),
    };
    let owner = s(id.as_hyphenated().to_string());
    let claim = keys::claim(organization, key);
    let item = item(&claim, [(ID, Some(owner.clone())), (PROVISIONAL, provisional)]);
    Action::put(claim, item)
        .when("attribute_not_exists(pk) OR #id = :id", Meaning::Claim(key.clone()))
        .name("#id", ID)
        .value(":id", owner)
}

/// Frees a resource's key; never another's.
pub(crate) fn free(organization: &OrganizationId, key: &IndexKey, id: Uuid) -> Action {
    if !key.index.is_unique() {
        return Action::delete(keys::look_up(organization, key, id));
    }
    Action::delete(keys::claim(organization, key))
        .when("attribute_not_exists(pk) OR #id = :id", Meaning::Other)
        .name("#id", ID)
        .value(":id", s(id.as_hyphenated().to_string()))
}

/// Moves a resource's keys from `before` to `after`; those that stay are not touched.
pub(crate) fn shift(
    transaction: &mut Transaction<'_>,
    organization: &OrganizationId,
    id: Uuid,
    before: &[IndexKey],
    after: &[IndexKey],
) {
    for key in before.iter().filter(|key| !after.contains(key)) {
        transaction.push(free(organization, key, id));
    }
    for key in after.iter().filter(|key| !before.contains(key)) {
        transaction.push(take(organization, key, id, Standing::Committed));
    }
}

/// A claim, read back: whom it belongs to, and whether it counts.
pub(crate) fn read_claim(item: &Item) -> Result<(Uuid, Standing), StoreError> {
    let reader = Reader::new("claim", item);
    let id = reader.parsed(ID, |text| Uuid::try_parse(text).ok())?;
    let standing =
        if reader.flag(PROVISIONAL)? { Standing::Provisional } else { Standing::Committed };
    Ok((id, standing))
}

/// One more resource of a list, within the seats if there are any.
pub(crate) fn count_up(organization: &OrganizationId, list: List, seats: Option<u64>) -> Action {
    let action = Action::update(keys::count(organization, list), "ADD n :one").value(":one", n(1));
    match seats {
        None => action,
        Some(seats) => action
            .when(
                // Without an item nobody is there yet: then any seat at all is enough.
                "n < :seats OR (attribute_not_exists(n) AND :zero < :seats)",
                Meaning::Seats,
            )
            .value(":seats", n(seats))
            .value(":zero", n(0)),
    }
}

/// One resource less.
pub(crate) fn count_down(organization: &OrganizationId, list: List) -> Action {
    Action::update(keys::count(organization, list), "ADD n :less").value(":less", n(-1))
}

//! The user's item.

use aws_sdk_dynamodb::types::AttributeValue;
use lychgate_core::{
    ids::OrganizationId,
    ports::StoreError,
    record::{Origin, Suspension, User},
};

use super::{
    CREATED, DELETED, DOC, Item, MEMBERSHIPS, MODIFIED, Reader, SK, VERSION, doc, instant, item,
    map,
    membership::{read_memberships, write_memberships},
    n, s,
};
use crate::keys;

/// How it came to be here.
pub(crate) const ORIGIN: &str = "o";
/// Suspended by the provisioning client.
pub(crate) const SUSPENDED: &str = "su";
/// Suspended by hand.
pub(crate) const SUSPENDED_BY_HAND: &str = "sh";
/// May have a password.
pub(crate) const PASSWORD_ALLOWED: &str = "pw";
/// Signed in last.
pub(crate) const LAST_SIGN_IN: &str = "ls";
const SINCE_WHEN: &str = "at";
const BY: &str = "by";

/// The whole item, as a creation writes it.
pub(crate) fn write(organization: &OrganizationId, user: &User) -> Item {
    item(
        &keys::user(organization, user.id),
        [
            (DOC, Some(doc(&user.resource))),
            (VERSION, Some(n(user.version))),
            (CREATED, Some(instant(user.created))),
            (MODIFIED, Some(instant(user.modified))),
            (ORIGIN, Some(s(user.origin.text()))),
            (SUSPENDED, user.suspended.as_ref().map(write_suspension)),
            (SUSPENDED_BY_HAND, user.suspended_by_hand.as_ref().map(write_suspension)),
            (PASSWORD_ALLOWED, user.password_allowed.then_some(AttributeValue::Bool(true))),
            (LAST_SIGN_IN, user.last_sign_in.map(instant)),
            (MEMBERSHIPS, Some(write_memberships(&user.memberships))),
        ],
    )
}

/// A suspension.
pub(crate) fn write_suspension(suspension: &Suspension) -> AttributeValue {
    AttributeValue::M(map([
        (SINCE_WHEN, Some(instant(suspension.since))),
        (BY, Some(s(&suspension.by))),
    ]))
}

fn read_suspension(reader: &Reader<'_>, name: &str) -> Result<Option<Suspension>, StoreError> {
    let Some(inner) = reader.inner(name)? else {
        return Ok(None);
    };
    Ok(Some(Suspension { since: inner.instant(SINCE_WHEN)?, by: inner.text(BY)?.to_owned() }))
}

fn parse_origin(text: &str) -> Option<Origin> {
    [Origin::Scim, Origin::JustInTime, Origin::Manual]
        .into_iter()
        .find(|origin| origin.text() == text)
}

/// A user, read back; `None` for a tombstone.
pub(crate) fn read(item: &Item) -> Result<Option<User>, StoreError> {
    let reader = Reader::new("user", item);
    if reader.flag(DELETED)? {
        return Ok(None);
    }
    Ok(Some(User {
        id: reader.parsed(SK, |text| text.parse().ok())?,
        resource: reader.resource()?,
        version: reader.number(VERSION)?,
        created: reader.instant(CREATED)?,
        modified: reader.instant(MODIFIED)?,
        origin: reader.parsed(ORIGIN, parse_origin)?,
        suspended: read_suspension(&reader, SUSPENDED)?,
        suspended_by_hand: read_suspension(&reader, SUSPENDED_BY_HAND)?,
        password_allowed: reader.flag(PASSWORD_ALLOWED)?,
        last_sign_in: reader.instant_opt(LAST_SIGN_IN)?,
        memberships: read_memberships(&reader)?,
    }))
}

//! Events: the history.

use lychgate_core::{
    event::{Event, StoredEvent},
    ids::{EventId, OrganizationId},
    ports::StoreError,
    time::Timestamp,
};

use super::{DOC, Item, Reader, SK, item, json, s};
use crate::keys;

const KIND: &str = "k";
const ACTOR: &str = "a";
const ACTOR_NAME: &str = "b";
const SUBJECT_KIND: &str = "t";
const SUBJECT_ID: &str = "i";
const SUBJECT_NAME: &str = "w";

/// The item of an event.
pub(crate) fn write(organization: &OrganizationId, id: EventId, event: &Event) -> Item {
    item(
        &keys::event(organization, id),
        [
            (KIND, Some(s(event.kind.text()))),
            (ACTOR, Some(s(event.actor.text()))),
            (ACTOR_NAME, event.actor.name().map(s)),
            (SUBJECT_KIND, Some(s(event.subject_kind))),
            (SUBJECT_ID, Some(s(&event.subject_id))),
            (SUBJECT_NAME, Some(s(&event.subject_name))),
            (DOC, (!event.data.is_empty()).then(|| json(&event.data))),
        ],
    )
}

/// An event, read back. Its time is in its id.
pub(crate) fn read(item: &Item) -> Result<StoredEvent, StoreError> {
    let reader = Reader::new("event", item);
    let id: EventId = reader.parsed(SK, |text| text.parse().ok())?;
    Ok(StoredEvent {
        id,
        at: Timestamp::from_unix_millis(millis_of(id)),
        kind: reader.text(KIND)?.to_owned(),
        actor: reader.text(ACTOR)?.to_owned(),
        actor_name: reader.text_opt(ACTOR_NAME)?.map(str::to_owned),
        subject_kind: reader.text(SUBJECT_KIND)?.to_owned(),
        subject_id: reader.text(SUBJECT_ID)?.to_owned(),
        subject_name: reader.text(SUBJECT_NAME)?.to_owned(),
        data: match reader.text_opt(DOC)? {
            None => serde_json::Map::new(),
            Some(_) => reader.json(DOC)?,
        },
    })
}

/// The first 48 bits of a UUID of version 7 are its milliseconds (RFC 9562 §5.7).
const fn millis_of(id: EventId) -> u64 {
    let (high, _) = id.uuid().as_u64_pair();
    high >> 16
}

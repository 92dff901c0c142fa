//! Events out of the table's stream: what the functions that follow the history are invoked with.
//!
//! It takes the records as Lambda hands them over (JSON of DynamoDB's attribute values); the event source's filter lets
//! only items of the history through, and whatever else arrives is nothing here.

use aws_sdk_dynamodb::types::AttributeValue;
use lychgate_core::{event::StoredEvent, ids::OrganizationId, ports::StoreError};
use serde_json::Value;

use crate::{
    item::{self, Item, PK},
    keys,
};

/// An event that was just committed, with its place in the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamEvent {
    /// Names the record: what a function answers with when it has to see it again.
    pub sequence_number: String,
    /// Whose history it stands in.
    pub organization: OrganizationId,
    /// The event; an error when the item cannot be read back.
    pub event: Result<StoredEvent, StoreError>,
}

/// The events among the records of one invocation, in their order.
#[must_use]
pub fn events(invocation: &Value) -> Vec<StreamEvent> {
    let records = invocation.get("Records").and_then(Value::as_array);
    records.into_iter().flatten().filter_map(read).collect()
}

/// One record; `None` when it is no new item of a history.
fn read(record: &Value) -> Option<StreamEvent> {
    if record.get("eventName")?.as_str()? != "INSERT" {
        return None;
    }
    let change = record.get("dynamodb")?;
    let image = change.get("NewImage")?.as_object()?;
    let item: Item = image
        .iter()
        // An event has texts alone; another attribute is for `read` to miss.
        .filter_map(|(name, value)| {
            let text = value.get("S")?.as_str()?;
            Some((name.clone(), AttributeValue::S(text.to_owned())))
        })
        .collect();
    let partition = item.get(PK)?.as_s().ok()?;
    Some(StreamEvent {
        sequence_number: change.get("SequenceNumber")?.as_str()?.to_owned(),
        organization: keys::organization_of_events(partition)?,
        event: item::event::read(&item),
    })
}

#[cfg(test)]
mod tests {
    use lychgate_core::{
        event::{Actor, Event, EventKind},
        ids::EventId,
    };
    use serde_json::{Map, json};

    use super::*;

    fn organization() -> OrganizationId {
        OrganizationId::from_bare("0123456789abcdef").unwrap()
    }

    fn event() -> Event {
        let mut data = Map::new();
        data.insert("by".to_owned(), "suspension".into());
        Event {
            kind: EventKind::MemberSuspended,
            actor: Actor::System,
            subject_kind: "user",
            subject_id: "01940000-0000-7000-8000-000000000001".to_owned(),
            subject_name: "ada@example.com".to_owned(),
            data,
        }
    }

    /// The record of this event as Lambda has it.
    fn record(id: &str) -> Value {
        let id: EventId = id.parse().unwrap();
        let image = item::event::write(&organization(), id, &event());
        let image: Map<String, Value> = image
            .iter()
            .map(|(name, value)| (name.clone(), json!({ "S": value.as_s().unwrap() })))
            .collect();
        json!({
            "eventID": "1",
            "eventName": "INSERT",
            "eventSource": "aws:dynamodb",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_795_338_000,
                "Keys": { "pk": image["pk"], "sk": image["sk"] },
                "NewImage": image,
                "SequenceNumber": "111",
                "StreamViewType": "NEW_IMAGE",
            },
        })
    }

    const ID: &str = "01940000-0000-7000-8000-00000000000e";

    #[test]
    fn an_event_is_read_as_it_was_written() {
        let found = events(&json!({ "Records": [record(ID)] })).remove(0);
        assert_eq!((found.sequence_number.as_str(), found.organization), ("111", organization()));
        let read = found.event.unwrap();
        assert_eq!(read.id.to_string(), ID);
        assert_eq!((read.kind.as_str(), read.subject_kind.as_str()), ("member.suspended", "user"));
        assert_eq!(read.data["by"], "suspension");
    }

    #[test]
    fn what_is_no_event_is_nothing_and_a_broken_one_is_an_error() {
        let changed = |change: fn(&mut Value)| {
            let mut record = record(ID);
            change(&mut record);
            record
        };
        let nothing = [
            changed(|record| record["eventName"] = "MODIFY".into()),
            changed(|record| {
                record["dynamodb"]["NewImage"]["pk"]["S"] = "O#0123456789abcdef#U".into()
            }),
            changed(|record| record["dynamodb"]["NewImage"]["pk"]["S"] = "OPERATOR".into()),
            changed(|record| record["dynamodb"]["NewImage"] = Value::Null),
            Value::Null,
        ];
        assert_eq!(events(&json!({ "Records": nothing })), []);
        assert_eq!(events(&Value::Null), []);
        let broken = changed(|record| record["dynamodb"]["NewImage"]["k"] = json!({ "N": "1" }));
        let found = events(&json!({ "Records": [broken, record(ID)] }));
        assert!(matches!(found[0].event, Err(StoreError::Corrupt(_))) && found[1].event.is_ok());
    }
}

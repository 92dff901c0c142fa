//! Membership: the row in the group's partition and its mirror in the member's item.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use lychgate_core::{
    ids::{GroupId, MemberId, OrganizationId},
    ports::StoreError,
    record::{Member, Memberships, Span},
};
use uuid::Uuid;

use super::{FLAG, Item, MEMBERSHIPS, Reader, SINCE, SK, UNTIL, item, n, s};
use crate::keys;

const KIND: &str = "t";
pub(crate) const DISPLAY: &str = "d";
const USER: &str = "U";
const GROUP: &str = "G";

/// A membership row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Who, and how it is shown.
    pub(crate) member: Member,
    /// Since and until when.
    pub(crate) span: Span,
    /// The member is being deleted from more groups than a transaction holds: its own item decides.
    pub(crate) flagged: bool,
}

/// `12`, or `12-15`: one text for each span, so that whole maps can be compared by DynamoDB.
pub(crate) fn span_text(span: Span) -> String {
    match span.until {
        None => span.since.to_string(),
        Some(until) => format!("{}-{until}", span.since),
    }
}

fn parse_span(text: &str) -> Option<Span> {
    let (since, until) = match text.split_once('-') {
        None => (text, None),
        Some((since, until)) => (since, Some(until.parse().ok()?)),
    };
    Some(Span { since: since.parse().ok()?, until })
}

/// The row of a member.
pub(crate) fn write_row(
    organization: &OrganizationId,
    group: GroupId,
    member: &Member,
    since: u64,
) -> Item {
    let kind = match member.id {
        MemberId::User(_) => USER,
        MemberId::Group(_) => GROUP,
    };
    item(
        &keys::row(organization, group, member.id.uuid()),
        [(SINCE, Some(n(since))), (KIND, Some(s(kind))), (DISPLAY, member.display.as_ref().map(s))],
    )
}

/// A row, read back.
pub(crate) fn read_row(item: &Item) -> Result<Row, StoreError> {
    let reader = Reader::new("membership", item);
    let uuid = reader.parsed(SK, |text| Uuid::try_parse(text).ok())?;
    let id = match reader.text(KIND)? {
        USER => MemberId::User(uuid.into()),
        GROUP => MemberId::Group(uuid.into()),
        _ => return Err(reader.corrupt(KIND)),
    };
    Ok(Row {
        member: Member { id, display: reader.text_opt(DISPLAY)?.map(str::to_owned) },
        span: Span { since: reader.number(SINCE)?, until: reader.number_opt(UNTIL)? },
        flagged: reader.flag(FLAG)?,
    })
}

/// The mirror in a member's item.
pub(crate) fn write_memberships(memberships: &Memberships) -> AttributeValue {
    let pairs: HashMap<String, AttributeValue> =
        memberships.iter().map(|(group, span)| (group.to_string(), s(span_text(*span)))).collect();
    AttributeValue::M(pairs)
}

/// The mirror, read back.
pub(crate) fn read_memberships(reader: &Reader<'_>) -> Result<Memberships, StoreError> {
    let Some(inner) = reader.inner(MEMBERSHIPS)? else {
        return Ok(Memberships::new());
    };
    inner
        .pairs()
        .map(|(group, span)| {
            let group = group.parse().ok();
            let span = span.as_s().ok().and_then(|text| parse_span(text));
            group.zip(span).ok_or_else(|| reader.corrupt(MEMBERSHIPS))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_back_as_it_was_written() {
        for span in [(1, None), (12, Some(15)), (u64::MAX, Some(u64::MAX))] {
            let (since, until) = span;
            let span = Span { since, until };
            assert_eq!(parse_span(&span_text(span)), Some(span));
        }
        assert_eq!(parse_span("1-"), None);
    }
}

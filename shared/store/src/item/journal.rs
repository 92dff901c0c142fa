//! The request log and the live state.

use aws_sdk_dynamodb::types::AttributeValue;
use lychgate_core::{
    ids::OrganizationId,
    journal::{REQUEST_LOG_DAYS, RequestEntry, UnknownMembersEntry},
    ports::StoreError,
    time::Timestamp,
};
use serde_json::Value;

use super::{Item, Reader, SK, TTL, VERSION, instant, item, map, n, s};
use crate::keys;

const METHOD: &str = "me";
const PATH: &str = "pa";
const ACTOR: &str = "a";
const CLIENT: &str = "cl";
const STATUS: &str = "st";
const SCIM_TYPE: &str = "ty";
const DETAIL: &str = "de";
const NOTICES: &str = "no";
const MILLIS: &str = "ms";

const UNKNOWN: &str = "um";
const AT: &str = "at";
const GROUP: &str = "gr";
const MEMBERS: &str = "mb";

const DAY_SECS: u64 = 86_400;

/// The item of one request.
pub(crate) fn write_request(organization: &OrganizationId, entry: &RequestEntry) -> Item {
    let notices = (!entry.notices.is_empty()).then(|| serde_json::to_string(&entry.notices));
    item(
        &keys::request(organization, entry.at, &entry.request_id),
        [
            (METHOD, Some(s(&entry.method))),
            (PATH, Some(s(&entry.path))),
            (ACTOR, Some(s(&entry.actor))),
            (CLIENT, entry.client.as_ref().map(s)),
            (STATUS, Some(n(entry.status))),
            (SCIM_TYPE, entry.scim_type.as_ref().map(s)),
            (DETAIL, entry.detail.as_ref().map(s)),
            (NOTICES, notices.and_then(Result::ok).map(s)),
            (MILLIS, Some(n(entry.millis))),
            (TTL, Some(n(entry.at.plus_secs(REQUEST_LOG_DAYS * DAY_SECS).unix_secs()))),
        ],
    )
}

/// A request, read back.
pub(crate) fn read_request(item: &Item) -> Result<RequestEntry, StoreError> {
    let reader = Reader::new("request", item);
    let text = |name: &str| Ok::<_, StoreError>(reader.text(name)?.to_owned());
    let text_opt = |name: &str| Ok::<_, StoreError>(reader.text_opt(name)?.map(str::to_owned));
    let (millis, request_id) = reader.parsed(SK, |text| text.split_once('#'))?;
    let at: u64 = millis.parse().map_err(|_| reader.corrupt(SK))?;
    let notices: Option<Vec<Value>> =
        reader.parsed_opt(NOTICES, |text| serde_json::from_str(text).ok())?;
    Ok(RequestEntry {
        at: Timestamp::from_unix_millis(at),
        request_id: request_id.to_owned(),
        method: text(METHOD)?,
        path: text(PATH)?,
        actor: text(ACTOR)?,
        client: text_opt(CLIENT)?,
        status: reader.number(STATUS)?,
        scim_type: text_opt(SCIM_TYPE)?,
        detail: text_opt(DETAIL)?,
        notices: notices.unwrap_or_default(),
        millis: reader.number(MILLIS)?,
    })
}

/// The live state: unknown member ids, newest first.
pub(crate) fn write_state(
    organization: &OrganizationId,
    version: u64,
    entries: &[UnknownMembersEntry],
) -> Item {
    let entries = entries
        .iter()
        .map(|entry| {
            let members = entry.members.iter().map(s).collect();
            AttributeValue::M(map([
                (AT, Some(instant(entry.at))),
                (GROUP, Some(s(&entry.group))),
                (MEMBERS, Some(AttributeValue::L(members))),
            ]))
        })
        .collect();
    item(
        &keys::state(organization),
        [(VERSION, Some(n(version))), (UNKNOWN, Some(AttributeValue::L(entries)))],
    )
}

/// The live state with its version, read back.
pub(crate) fn read_state(item: &Item) -> Result<(u64, Vec<UnknownMembersEntry>), StoreError> {
    let reader = Reader::new("state", item);
    let entries = reader
        .maps(UNKNOWN)?
        .iter()
        .map(|entry| {
            Ok(UnknownMembersEntry {
                at: entry.instant(AT)?,
                group: entry.text(GROUP)?.to_owned(),
                members: entry.texts(MEMBERS, |text| Some(text.to_owned()))?,
            })
        })
        .collect::<Result<_, StoreError>>()?;
    Ok((reader.number(VERSION)?, entries))
}

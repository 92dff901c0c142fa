//! `lychgate events`.

use serde_json::{Value, json};

use crate::{
    api::Api,
    args::Events,
    failure::Failure,
    text::{cell, raw, table},
};

/// How many events are shown when nothing is said.
const EVENTS_SHOWN: usize = 100;
/// The largest page of the history.
const PAGE: usize = 200;

/// Reads forward from the cursor. The newest may come again with the cursor that is printed: their ids tell.
pub(crate) fn run(api: &Api, events: &Events, json: bool) -> Result<String, Failure> {
    let path = ["organizations", events.listing.organization.as_str(), "events"];
    let limit = events.listing.limit.unwrap_or(EVENTS_SHOWN);
    let mut items = Vec::new();
    let mut cursor = events.cursor.clone();
    let mut has_more = true;
    while has_more && items.len() < limit {
        let page_size = (limit - items.len()).min(PAGE).to_string();
        let mut query = vec![("limit", page_size.as_str())];
        if let Some(cursor) = &cursor {
            query.push(("cursor", cursor));
        }
        let mut page = api.get(&path, &query)?;
        if let Some(Value::Array(more)) = page.get_mut("items").map(Value::take) {
            items.extend(more);
        }
        has_more = page.get("has_more").and_then(Value::as_bool).unwrap_or_default();
        cursor = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned).or(cursor);
    }
    let answer = json!({ "items": items, "next_cursor": cursor, "has_more": has_more });
    if json {
        return Ok(raw(&answer));
    }
    let columns = [
        ("AT", "at"),
        ("TYPE", "type"),
        ("SUBJECT", "subject.name"),
        ("SUBJECT ID", "subject.id"),
        ("BY", "actor"),
        ("NAME", "actor_name"),
    ];
    let mut text = table(&answer, &columns);
    if cursor.is_some() {
        text.push_str(&format!("\nGo on with --cursor {}\n", cell(&answer, "next_cursor")));
    }
    Ok(text)
}

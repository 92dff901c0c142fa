//! The list response (RFC 7644 §3.4.2, RFC 9865 §2).

use serde_json::{Map, Value, json};

use super::LIST_RESPONSE;

/// A page of a list.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListResponse {
    /// How many there are in all; `None` when a cursor walk does not count them (RFC 9865 §2).
    pub total_results: Option<usize>,
    /// The number of the first one here, from 1; `None` with a cursor.
    pub start_index: Option<usize>,
    /// Where the next page begins; `None` on the last one and without a cursor.
    pub next_cursor: Option<String>,
    /// Where the page before begins.
    pub previous_cursor: Option<String>,
    /// The resources, rendered. `itemsPerPage` is their number.
    pub resources: Vec<Value>,
}

impl ListResponse {
    /// All of a short list on one page.
    #[must_use]
    pub fn whole(resources: Vec<Value>) -> Self {
        Self {
            total_results: Some(resources.len()),
            start_index: Some(1),
            resources,
            ..Self::default()
        }
    }

    /// The message. `Resources` is there also when it is empty: Entra's and Okta's tests look for it.
    #[must_use]
    pub fn render(self) -> Value {
        let mut body = Map::with_capacity(7);
        body.insert("schemas".to_owned(), json!([LIST_RESPONSE]));
        if let Some(total) = self.total_results {
            body.insert("totalResults".to_owned(), total.into());
        }
        if let Some(start) = self.start_index {
            body.insert("startIndex".to_owned(), start.into());
        }
        body.insert("itemsPerPage".to_owned(), self.resources.len().into());
        if let Some(cursor) = self.previous_cursor {
            body.insert("previousCursor".to_owned(), cursor.into());
        }
        if let Some(cursor) = self.next_cursor {
            body.insert("nextCursor".to_owned(), cursor.into());
        }
        body.insert("Resources".to_owned(), Value::Array(self.resources));
        Value::Object(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_is_complete() {
        assert_eq!(
            ListResponse::whole(Vec::new()).render().to_string(),
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"startIndex":1,"itemsPerPage":0,"Resources":[]}"#
        );
    }

    #[test]
    fn a_cursor_page_need_not_count() {
        let page = ListResponse {
            next_cursor: Some("n".into()),
            resources: vec![json!({"id": "1"})],
            ..ListResponse::default()
        };
        assert_eq!(
            page.render().to_string(),
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"itemsPerPage":1,"nextCursor":"n","Resources":[{"id":"1"}]}"#
        );
    }
}

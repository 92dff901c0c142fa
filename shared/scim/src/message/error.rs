//! The error message (RFC 7644 §3.12).

use serde_json::{Value, json};

use super::ERROR;
use crate::Error;

/// The body of an error answer. `status` is text on the wire, and `scimType` absent where the RFC has none.
#[must_use]
pub fn render(error: &Error) -> Value {
    let mut body = json!({ "schemas": [ERROR], "status": error.kind.status().to_string() });
    if let (Some(scim_type), Some(body)) = (error.kind.scim_type(), body.as_object_mut()) {
        body.insert("scimType".to_owned(), scim_type.into());
    }
    if let Some(body) = body.as_object_mut() {
        body.insert("detail".to_owned(), sentence(&error.detail).into());
    }
    body
}

/// A sentence as an administrator reads it in their identity provider's log: it begins with a capital and ends with a stop.
fn sentence(detail: &str) -> String {
    let mut chars = detail.chars();
    let mut sentence: String =
        chars.next().map(|first| first.to_ascii_uppercase()).into_iter().collect();
    sentence.push_str(chars.as_str());
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn every_kind_has_a_text_status_and_the_rfcs_type() {
        for kind in ErrorKind::ALL {
            let body = render(&Error::new(kind, "what to change"));
            assert_eq!(body["status"], kind.status().to_string());
            assert_eq!(body.get("scimType").and_then(Value::as_str), kind.scim_type());
            assert_eq!(body["detail"], "What to change.");
        }
    }

    #[test]
    fn it_is_written_as_the_rfc_writes_it() {
        assert_eq!(
            render(&Error::uniqueness("taken")).to_string(),
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"409","scimType":"uniqueness","detail":"Taken."}"#
        );
    }
}

//! The wire shapes of RFC 7644 and RFC 9865: lists, searches, bulk, errors. One file each; PATCH has a
//! module of its own.

pub mod bulk;
pub mod error;
pub mod list;
pub mod search;

use serde_json::{Map, Value};

use crate::{Error, NoticeKind, Notices, value::type_name};

/// `urn:ietf:params:scim:api:messages:2.0:ListResponse`
pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// `urn:ietf:params:scim:api:messages:2.0:SearchRequest`
pub const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
/// `urn:ietf:params:scim:api:messages:2.0:PatchOp`
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// `urn:ietf:params:scim:api:messages:2.0:BulkRequest`
pub const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
/// `urn:ietf:params:scim:api:messages:2.0:BulkResponse`
pub const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
/// `urn:ietf:params:scim:api:messages:2.0:Error`
pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Takes a member out of a message by its name in any case; `null` is absent (RFC 7644 §3.1, RFC 7643 §2.5).
pub(crate) fn take(message: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let key = message.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
    message.remove(&key).filter(|value| !value.is_null())
}

/// Looks at the `schemas` of a message. The URL says which message it is, so a wrong list only leaves a notice.
///
/// # Errors
/// [`crate::ErrorKind::InvalidSyntax`] when `schemas` is not a list of texts.
pub(crate) fn schemas_noted(
    message: &mut Map<String, Value>,
    urn: &'static str,
    notices: &mut Notices,
) -> Result<(), Error> {
    let mut named = false;
    match take(message, "schemas") {
        None => {}
        Some(Value::Array(list)) if list.iter().all(Value::is_string) => {
            named = list.iter().filter_map(Value::as_str).any(|it| it.eq_ignore_ascii_case(urn));
        }
        Some(other) => {
            return Err(Error::invalid_syntax(format!(
                "`schemas` must be a list of schema URNs, not {}",
                type_name(&other)
            )));
        }
    }
    if !named {
        notices.push(NoticeKind::Schemas, urn);
    }
    Ok(())
}

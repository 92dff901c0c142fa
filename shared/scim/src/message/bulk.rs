//! Bulk (RFC 7644 §3.7): the request taken apart, `bulkId` references, the response. In which order the
//! operations run and what a reference finally is, the caller decides.

use std::{borrow::Cow, collections::HashSet};

use serde_json::{Map, Value, json};

use super::{BULK_REQUEST, BULK_RESPONSE, schemas_noted, take};
use crate::{Error, ErrorKind, Notices, json, resource::MemberKind, value::type_name};

/// The most operations of one request.
pub const BULK_OPERATIONS_MAX: usize = 1_000;
/// The longest `bulkId`, in bytes.
pub const BULK_ID_BYTES_MAX: usize = 256;
/// What stands before a `bulkId` where an id is expected.
const REFERENCE: &str = "bulkId:";

/// A bulk request. An operation that cannot be read fails by itself, in its turn (RFC 7644 §3.7.3).
#[derive(Debug, Clone, PartialEq)]
pub struct BulkRequest {
    /// After how many errors to stop; `None` is never.
    pub fail_on_errors: Option<usize>,
    /// In the order of the request.
    pub operations: Vec<Result<BulkOperation, UnreadableOperation>>,
}

/// An operation that cannot be read, with what is needed to say so in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct UnreadableOperation {
    /// The method as it was sent, shortened.
    pub method: String,
    /// The `bulkId`, if it has one.
    pub bulk_id: Option<String>,
    /// What is wrong with it.
    pub error: Error,
}

/// The longest method of an unreadable operation that is shown, in characters.
const METHOD_CHARS_MAX: usize = 16;

/// The method of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BulkMethod {
    /// Create.
    Post,
    /// Replace.
    Put,
    /// Change.
    Patch,
    /// Delete.
    Delete,
}

impl BulkMethod {
    /// The method's name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What an operation is aimed at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkTarget {
    /// `/Users` or `/Groups`.
    pub kind: MemberKind,
    /// `None` for POST, `Some` for the others; may be a `bulkId:` reference.
    pub id: Option<String>,
}

/// One operation.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkOperation {
    /// What to do.
    pub method: BulkMethod,
    /// With what.
    pub target: BulkTarget,
    /// The client's name for it; always there with POST, unique in the request.
    pub bulk_id: Option<String>,
    /// The ETag that the resource must have.
    pub version: Option<String>,
    /// The body: an object, and `null` for DELETE.
    pub data: Value,
}

/// What became of one operation.
#[derive(Debug, Clone, PartialEq)]
pub struct BulkResult {
    /// The operation's method.
    pub method: Cow<'static, str>,
    /// The operation's `bulkId`.
    pub bulk_id: Option<String>,
    /// The resource's ETag, after success.
    pub version: Option<String>,
    /// The resource's URL; absent when a POST failed.
    pub location: Option<String>,
    /// The HTTP status that the operation alone would have had.
    pub status: u16,
    /// The error message when it failed, [`super::error::render`]ed.
    pub response: Option<Value>,
}

impl BulkRequest {
    /// Reads the message.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSyntax`] when the request has no operations, [`ErrorKind::InvalidValue`] when two have the
    /// same `bulkId`; [`ErrorKind::PayloadTooLarge`] for more than [`BULK_OPERATIONS_MAX`] operations, as §3.7.4 says.
    pub fn parse(body: Value, notices: &mut Notices) -> Result<Self, Error> {
        let mut body = json::object(body)?;
        schemas_noted(&mut body, BULK_REQUEST, notices)?;
        let fail_on_errors = match take(&mut body, "failOnErrors") {
            None => None,
            Some(value) => Some(fail_on_errors(&value).ok_or_else(|| {
                Error::invalid_value("`failOnErrors` must be a whole number from 1")
            })?),
        };
        let Some(Value::Array(list)) = take(&mut body, "Operations") else {
            return Err(Error::invalid_syntax("`Operations` must be a list of operations"));
        };
        if list.len() > BULK_OPERATIONS_MAX {
            return Err(Error::new(
                ErrorKind::PayloadTooLarge,
                format!(
                    "the request has {} operations; at most {BULK_OPERATIONS_MAX} are accepted, so send them in several requests",
                    list.len()
                ),
            ));
        }
        let mut operations = Vec::with_capacity(list.len());
        let mut bulk_ids = HashSet::new();
        for (at, value) in list.into_iter().enumerate() {
            let operation = BulkOperation::read(value);
            if let Ok(BulkOperation { bulk_id: Some(bulk_id), .. }) = &operation
                && !bulk_ids.insert(bulk_id.clone())
            {
                return Err(Error::invalid_value(format!(
                    "operation {}: `bulkId` is the same as that of an earlier operation; give each its own",
                    at + 1
                )));
            }
            operations.push(operation);
        }
        Ok(Self { fail_on_errors, operations })
    }
}

impl BulkOperation {
    fn read(value: Value) -> Result<Self, UnreadableOperation> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let method = text("method").unwrap_or_default().chars().take(METHOD_CHARS_MAX).collect();
        let bulk_id = text("bulkId").filter(|bulk_id| bulk_id.len() <= BULK_ID_BYTES_MAX);
        let bulk_id = bulk_id.map(str::to_owned);
        Self::parse(value).map_err(|error| UnreadableOperation { method, bulk_id, error })
    }

    fn parse(value: Value) -> Result<Self, Error> {
        let Value::Object(mut operation) = value else {
            return Err(Error::invalid_syntax(format!(
                "it must be an object, not {}",
                type_name(&value)
            )));
        };
        let method = text(&mut operation, "method")?.unwrap_or_default();
        let method = match method.to_ascii_uppercase().as_str() {
            "POST" => BulkMethod::Post,
            "PUT" => BulkMethod::Put,
            "PATCH" => BulkMethod::Patch,
            "DELETE" => BulkMethod::Delete,
            _ => {
                return Err(Error::invalid_syntax(
                    "`method` must be one of POST, PUT, PATCH and DELETE",
                ));
            }
        };
        let path = text(&mut operation, "path")?.unwrap_or_default();
        let target = BulkTarget::parse(&path).ok_or_else(|| {
            Error::invalid_value(
                "`path` must be like `/Users`, `/Users/{id}`, `/Groups` or `/Groups/{id}`",
            )
        })?;
        target.check(method)?;
        let bulk_id = text(&mut operation, "bulkId")?.filter(|bulk_id| !bulk_id.is_empty());
        match &bulk_id {
            None if method == BulkMethod::Post => {
                return Err(Error::invalid_value("`bulkId` is required for a POST"));
            }
            Some(bulk_id) if bulk_id.len() > BULK_ID_BYTES_MAX => {
                return Err(Error::invalid_value(format!(
                    "`bulkId` is {} bytes long; at most {BULK_ID_BYTES_MAX} are accepted",
                    bulk_id.len()
                )));
            }
            _ => {}
        }
        let version = text(&mut operation, "version")?.filter(|version| !version.is_empty());
        let data = match (method, take(&mut operation, "data")) {
            (BulkMethod::Delete, _) => Value::Null,
            (_, Some(data @ Value::Object(_))) => data,
            _ => {
                return Err(Error::invalid_value(format!(
                    "`data` of a {} must be the object that it would have as its body",
                    method.name()
                )));
            }
        };
        Ok(Self { method, target, bulk_id, version, data })
    }

    /// The `bulkId`s that the operation refers to, in its path and its data, each once.
    #[must_use]
    pub fn references(&self) -> Vec<&str> {
        let mut found: Vec<&str> =
            self.target.id.as_deref().and_then(reference).into_iter().collect();
        // A list of its own rather than recursion: the depth is the client's.
        let mut open = vec![&self.data];
        while let Some(value) = open.pop() {
            match value {
                Value::String(text) => {
                    if let Some((_, bulk_id, _)) = reference_in(text) {
                        found.push(bulk_id);
                    }
                }
                Value::Array(list) => open.extend(list),
                Value::Object(object) => open.extend(object.values()),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Puts ids in the place of references; `id_of` knows what was created.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] for a reference that it does not know (RFC 7644 §3.7.2); some may be replaced by then.
    pub fn resolve<'i>(&mut self, id_of: impl Fn(&str) -> Option<&'i str>) -> Result<(), Error> {
        let unknown = || {
            Error::new(
                ErrorKind::Conflict,
                "a `bulkId:` reference names no resource that this request created before",
            )
        };
        if let Some(id) = &mut self.target.id
            && let Some(bulk_id) = reference(id)
        {
            *id = id_of(bulk_id).ok_or_else(unknown)?.to_owned();
        }
        let mut open = vec![&mut self.data];
        while let Some(value) = open.pop() {
            match value {
                Value::String(text) => {
                    if let Some((before, bulk_id, after)) = reference_in(text) {
                        *text = format!("{before}{}{after}", id_of(bulk_id).ok_or_else(unknown)?);
                    }
                }
                Value::Array(list) => open.extend(list),
                Value::Object(object) => open.extend(object.values_mut()),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        Ok(())
    }
}

impl BulkTarget {
    /// Whether it is what the method is aimed at: a list, or a resource.
    fn check(&self, method: BulkMethod) -> Result<(), Error> {
        match (method, &self.id) {
            (BulkMethod::Post, Some(_)) => {
                Err(Error::invalid_value("`path` of a POST must end with `/Users` or `/Groups`"))
            }
            (BulkMethod::Put | BulkMethod::Patch | BulkMethod::Delete, None) => {
                Err(Error::invalid_value(format!(
                    "`path` of a {} must end with the id of a resource",
                    method.name()
                )))
            }
            (BulkMethod::Post, None) | (_, Some(_)) => Ok(()),
        }
    }

    /// Reads `/Users/1`, and tolerates a missing slash, the base path or the whole URL in front.
    fn parse(path: &str) -> Option<Self> {
        let path = path.split_once("://").map_or(path, |(_, rest)| rest);
        let path = path.split(['?', '#']).next()?;
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        let kind = segments.find_map(|segment| match segment {
            _ if segment.eq_ignore_ascii_case("Users") => Some(MemberKind::User),
            _ if segment.eq_ignore_ascii_case("Groups") => Some(MemberKind::Group),
            _ => None,
        })?;
        let id = segments.next().map(|id| percent_encoding::percent_decode_str(id).decode_utf8());
        let id = id.transpose().ok()?.map(std::borrow::Cow::into_owned);
        // `/.search` and the like are no resources.
        let fits = segments.next().is_none() && !id.as_ref().is_some_and(|id| id.starts_with('.'));
        fits.then_some(Self { kind, id })
    }
}

/// The response message, in the order of the results.
#[must_use]
pub fn render(results: Vec<BulkResult>) -> Value {
    let operations: Vec<Value> = results.into_iter().map(BulkResult::into_value).collect();
    json!({ "schemas": [BULK_RESPONSE], "Operations": operations })
}

impl BulkResult {
    fn into_value(self) -> Value {
        let mut map = Map::with_capacity(6);
        if let Some(location) = self.location {
            map.insert("location".to_owned(), location.into());
        }
        map.insert("method".to_owned(), self.method.as_ref().into());
        if let Some(bulk_id) = self.bulk_id {
            map.insert("bulkId".to_owned(), bulk_id.into());
        }
        if let Some(version) = self.version {
            map.insert("version".to_owned(), version.into());
        }
        map.insert("status".to_owned(), self.status.to_string().into());
        if let Some(response) = self.response {
            map.insert("response".to_owned(), response);
        }
        Value::Object(map)
    }
}

fn fail_on_errors(value: &Value) -> Option<usize> {
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    usize::try_from(number).ok().filter(|number| *number > 0)
}

fn text(operation: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Error> {
    match take(operation, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => {
            Err(Error::invalid_syntax(format!("`{name}` must be text, not {}", type_name(&other))))
        }
    }
}

fn reference(id: &str) -> Option<&str> {
    id.strip_prefix(REFERENCE).filter(|bulk_id| !bulk_id.is_empty())
}

/// The reference in a text: the whole of it, the last part of a `$ref` URL, or the quoted value in a PATCH path
/// (`members[value eq "bulkId:x"]`). Gives what stands before it, its `bulkId`, and what stands behind.
fn reference_in(text: &str) -> Option<(&str, &str, &str)> {
    if let Some(bulk_id) = reference(text) {
        return Some(("", bulk_id, ""));
    }
    let (before, rest) = text.split_once(REFERENCE)?;
    let (bulk_id, after) = if before.ends_with("Users/") || before.ends_with("Groups/") {
        (rest, "")
    } else if before.ends_with('"') {
        rest.split_at_checked(rest.find('"')?)?
    } else {
        return None;
    };
    (!bulk_id.is_empty()).then_some((before, bulk_id, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[expect(clippy::needless_pass_by_value, reason = "the calls are easier to read")]
    fn parse(operations: Value) -> Result<BulkRequest, Error> {
        let body = json!({"schemas": [BULK_REQUEST], "Operations": operations});
        BulkRequest::parse(body, &mut Notices::default())
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "the calls are easier to read")]
    fn refused(operation: Value, detail: &str) {
        let mut request = parse(json!([operation])).unwrap();
        assert_eq!(request.operations.remove(0).unwrap_err().error.detail, detail);
    }

    #[test]
    fn paths_come_in_many_shapes() {
        let target = |path| BulkTarget::parse(path).map(|it| (it.kind, it.id));
        assert_eq!(target("/Users"), Some((MemberKind::User, None)));
        assert_eq!(target("groups/"), Some((MemberKind::Group, None)));
        for path in [
            "/Users/a%2Db",
            "Users/a-b",
            "https://x.test/scim/v2/Users/a-b/",
            "/scim/v2/Users/a-b?x=1",
        ] {
            assert_eq!(target(path), Some((MemberKind::User, Some("a-b".to_owned()))));
        }
        for path in ["", "/", "/Me", "/Groups/1/Users", "/Users/.search", "/Users/%FF"] {
            assert_eq!(target(path), None, "{path}");
        }
    }

    #[test]
    fn operations_are_checked() {
        refused(json!(1), "it must be an object, not a number");
        refused(
            json!({"method": "GET", "path": "/Users"}),
            "`method` must be one of POST, PUT, PATCH and DELETE",
        );
        refused(json!({"method": "post", "path": "/Users"}), "`bulkId` is required for a POST");
        refused(
            json!({"method": "POST", "path": "/Users/1", "bulkId": "x"}),
            "`path` of a POST must end with `/Users` or `/Groups`",
        );
        refused(
            json!({"method": "DELETE", "path": "/Users"}),
            "`path` of a DELETE must end with the id of a resource",
        );
        refused(
            json!({"method": "PUT", "path": "/Users/1", "data": []}),
            "`data` of a PUT must be the object that it would have as its body",
        );
        let twice = json!([
            {"method": "POST", "path": "/Users", "bulkId": "x", "data": {}},
            {"method": "POST", "path": "/Users", "bulkId": "x", "data": {}},
        ]);
        let detail = parse(twice).unwrap_err().detail;
        assert_eq!(
            detail,
            "operation 2: `bulkId` is the same as that of an earlier operation; give each its own"
        );
    }

    #[test]
    fn the_number_of_operations_is_limited() {
        let many =
            |count| Value::from(vec![json!({"method": "DELETE", "path": "/Users/1"}); count]);
        assert_eq!(parse(many(BULK_OPERATIONS_MAX)).unwrap().operations.len(), BULK_OPERATIONS_MAX);
        let error = parse(many(BULK_OPERATIONS_MAX + 1)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::PayloadTooLarge);
        let none = BulkRequest::parse(json!({"failOnErrors": 0}), &mut Notices::default());
        assert!(none.is_err());
    }

    #[test]
    fn references_are_found_and_replaced() {
        let request = parse(json!([{
            "method": "PATCH", "path": "/Groups/bulkId:g", "data": {"Operations": [
                {"op": "add", "path": "members", "value": [{"value": "bulkId:a", "$ref": "../Users/bulkId:a"}]},
                {"op": "remove", "path": "members[value eq \"bulkId:b\"]"},
                {"op": "replace", "path": "displayName", "value": "about bulkId:c"},
            ]},
        }]));
        let mut operation = request.unwrap().operations.remove(0).unwrap();
        assert_eq!(operation.references(), ["a", "b", "g"]);
        assert!(operation.clone().resolve(|_| None).is_err());
        operation
            .resolve(|bulk_id| match bulk_id {
                "a" => Some("1"),
                "b" => Some("2"),
                _ => Some("3"),
            })
            .unwrap();
        assert!(operation.references().is_empty());
        assert_eq!(operation.target.id.as_deref(), Some("3"));
        assert_eq!(
            operation.data,
            json!({"Operations": [
                {"op": "add", "path": "members", "value": [{"value": "1", "$ref": "../Users/1"}]},
                {"op": "remove", "path": "members[value eq \"2\"]"},
                {"op": "replace", "path": "displayName", "value": "about bulkId:c"},
            ]})
        );
    }

    #[test]
    fn the_response_has_text_statuses() {
        let result = BulkResult {
            method: BulkMethod::Post.name().into(),
            bulk_id: Some("q".into()),
            version: Some("W/\"1\"".into()),
            location: Some("https://x.test/Users/1".into()),
            status: 201,
            response: None,
        };
        assert_eq!(
            render(vec![result]).to_string(),
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],"Operations":[{"location":"https://x.test/Users/1","method":"POST","bulkId":"q","version":"W/\"1\"","status":"201"}]}"#
        );
    }

    proptest! {
        #[test]
        fn paths_never_panic(path in "\\PC{0,30}") {
            let _ = BulkTarget::parse(&path);
            let _ = reference_in(&path);
        }
    }
}

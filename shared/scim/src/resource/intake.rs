//! A whole body on its way in: POST (RFC 7644 §3.3) and PUT (RFC 7644 §3.5.1).

use serde_json::{Map, Value};

use super::{Entry, Incoming, MemberRef, Resource, attribute_entries};
use crate::{
    Error, NoticeKind, Notices, json,
    schema::{Attribute, GROUP_SCHEMA, Mutability, ResourceType, Schema, USER_SCHEMA, common},
    value::{canonical, normalized_key, twice, type_name},
};

/// The longest `userName`, in bytes: e-mail addresses end at 254.
pub const USER_NAME_BYTES_MAX: usize = 256;
/// The longest of the other texts that resources are looked up by, in bytes: `externalId`, an e-mail address,
/// a group's `displayName`.
pub const LOOKUP_TEXT_BYTES_MAX: usize = 512;
/// The largest resource, in bytes of its JSON, without members. The store's items end at 400 KB.
pub const RESOURCE_BYTES_MAX: usize = 262_144;

impl Resource {
    /// Reads the body of a POST.
    ///
    /// Names are accepted in any case, qualified or not. What nobody declared, what is read-only and the
    /// password are left out with a notice; defaults are filled in.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidSyntax`] when the body is not an object, `schemas` not a list of texts or an
    /// attribute there twice; [`crate::ErrorKind::InvalidValue`] for a value of the wrong type or a required
    /// one that is missing; [`crate::ErrorKind::TooMany`] over a limit.
    pub fn for_create(
        resource_type: &ResourceType,
        body: Value,
        notices: &mut Notices,
    ) -> Result<Incoming, Error> {
        intake(resource_type, body, None, notices)
    }

    /// Reads the body of a PUT, which stands for the whole resource:
    ///
    /// - an attribute that is absent is cleared, but one with a default (`active`) keeps its value: Okta's
    ///   profile push says nothing about `active` and must not wake anybody up;
    /// - a create-only attribute keeps its first value, with a notice when another one came (P8);
    /// - an immutable one may come with the same value, or be set when it had none.
    ///
    /// # Errors
    /// As [`Resource::for_create`], and [`crate::ErrorKind::Mutability`] for another value of an immutable
    /// attribute.
    pub fn for_replace(
        resource_type: &ResourceType,
        body: Value,
        current: &Self,
        notices: &mut Notices,
    ) -> Result<Incoming, Error> {
        intake(resource_type, body, Some(current), notices)
    }

    /// Checks what no single value can tell: that what is required is there, and the limits of the whole.
    /// POST and PUT do it themselves; PATCH does it when all its operations are applied.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidValue`] for what is missing, blank or too long,
    /// [`crate::ErrorKind::TooMany`] over [`RESOURCE_BYTES_MAX`].
    pub fn check(&self, resource_type: &ResourceType) -> Result<(), Error> {
        required_checked(&resource_type.schema.attributes, &self.attributes, "")?;
        for schema in &resource_type.extensions {
            if let Some(Value::Object(object)) = self.attributes.get(schema.id.as_ref()) {
                required_checked(&schema.attributes, object, &format!("{}:", schema.id))?;
            }
        }
        if resource_type.schema.id == USER_SCHEMA {
            lookup_checked("userName", self.text("userName"), USER_NAME_BYTES_MAX)?;
            let emails = self.attributes.get("emails").and_then(Value::as_array);
            for email in emails.into_iter().flatten() {
                let value = email.get("value").and_then(Value::as_str);
                lookup_checked("emails.value", value, LOOKUP_TEXT_BYTES_MAX)?;
            }
        }
        if resource_type.schema.id == GROUP_SCHEMA {
            lookup_checked(
                "displayName",
                self.text("displayName"),
                LOOKUP_TEXT_BYTES_MAX,
            )?;
        }
        lookup_checked("externalId", self.text("externalId"), LOOKUP_TEXT_BYTES_MAX)?;
        let bytes = self.json_bytes();
        if bytes > RESOURCE_BYTES_MAX {
            return Err(Error::too_many(format!(
                "the resource is {bytes} bytes long; at most {RESOURCE_BYTES_MAX} are kept, so send fewer or shorter values"
            )));
        }
        Ok(())
    }
}

/// What one body brings, attribute by attribute, before the schema's rules decide what is kept.
struct Sent<'t> {
    extension: Option<&'t Schema>,
    attribute: &'t Attribute,
    value: Value,
    /// Made up of dotted names, which may be followed by more of the same attribute.
    dotted: bool,
}

fn intake(
    resource_type: &ResourceType,
    body: Value,
    current: Option<&Resource>,
    notices: &mut Notices,
) -> Result<Incoming, Error> {
    let entries = attribute_entries(resource_type, json::object(body)?, notices)?;
    let mut sent = gathered(entries)?;
    schemas_checked(resource_type, take(&mut sent, None, "schemas"), notices)?;
    for name in ["id", "meta"] {
        if !take(&mut sent, None, name).is_none_or(|value| value.is_null()) {
            notices.push(NoticeKind::ReadOnly, name);
        }
    }
    let members = match resource_type.schema.id == GROUP_SCHEMA {
        true => take(&mut sent, None, "members")
            .map(|value| MemberRef::list(value, notices))
            .transpose()?,
        false => None,
    };
    let mut attributes = Map::new();
    // `""` is how some clients say that they have none.
    if let Some(value) = take(&mut sent, None, "externalId").filter(|value| *value != "")
        && let Some(attribute) = common::attribute("externalId")
        && let Some(value) = canonical(attribute, value, "externalId", notices)?
    {
        attributes.insert("externalId".to_owned(), value);
    }
    let mut intake = Intake {
        creating: current.is_none(),
        sent,
        notices,
    };
    let core = &resource_type.schema.attributes;
    intake.schema(
        None,
        core,
        current.map(Resource::attributes),
        &mut attributes,
    )?;
    for schema in &resource_type.extensions {
        let urn = schema.id.as_ref();
        let current = current.and_then(|current| current.attributes.get(urn)?.as_object());
        let mut object = Map::new();
        intake.schema(Some(schema), &schema.attributes, current, &mut object)?;
        if !object.is_empty() {
            attributes.insert(urn.to_owned(), Value::Object(object));
        }
    }
    let resource = Resource { attributes };
    resource.check(resource_type)?;
    Ok(Incoming { resource, members })
}

struct Intake<'t, 'n> {
    creating: bool,
    sent: Vec<Sent<'t>>,
    notices: &'n mut Notices,
}

impl Intake<'_, '_> {
    /// One schema's attributes, in its order.
    fn schema(
        &mut self,
        extension: Option<&Schema>,
        declared: &[Attribute],
        current: Option<&Map<String, Value>>,
        kept: &mut Map<String, Value>,
    ) -> Result<(), Error> {
        for attribute in declared {
            let sent = take(&mut self.sent, extension, &attribute.name);
            let old = current.and_then(|current| current.get(attribute.name.as_ref()));
            let path = match extension {
                Some(schema) => format!("{}:{}", schema.id, attribute.name),
                None => attribute.name.to_string(),
            };
            if let Some(value) = self.attribute(attribute, sent, old, path)? {
                kept.insert(attribute.name.to_string(), value);
            }
        }
        Ok(())
    }

    /// The value that the resource will have.
    fn attribute(
        &mut self,
        attribute: &Attribute,
        sent: Option<Value>,
        old: Option<&Value>,
        path: String,
    ) -> Result<Option<Value>, Error> {
        match attribute.mutability {
            Mutability::ReadOnly => {
                self.dropped(sent, path);
                return Ok(if self.creating {
                    attribute.default.clone()
                } else {
                    old.cloned()
                });
            }
            // RFC 7643 §4.1.1: the password. There is no other: declared attributes cannot be write-only.
            Mutability::WriteOnly => {
                if sent.is_some_and(|value| !value.is_null()) {
                    self.notices.push(NoticeKind::Password, path);
                }
                return Ok(None);
            }
            Mutability::ReadWrite | Mutability::Immutable => {}
        }
        let new = match sent {
            Some(value) => canonical(attribute, value, &path, self.notices)?,
            None => None,
        };
        if self.creating {
            return Ok(new.or_else(|| attribute.default.clone()));
        }
        if attribute.create_only {
            if new.is_some_and(|new| !old.is_some_and(|old| same(attribute, &new, old))) {
                self.notices.push(NoticeKind::CreateOnly, path);
            }
            return Ok(old.cloned());
        }
        let (Some(new), Some(old)) = (&new, old) else {
            let keeps =
                attribute.mutability == Mutability::Immutable || attribute.default.is_some();
            return Ok(new.or_else(|| old.filter(|_| keeps).cloned()));
        };
        if attribute.mutability == Mutability::Immutable && !same(attribute, new, old) {
            return Err(Error::mutability(format!(
                "`{path}` cannot be changed once it is set; send the value that it has, or leave it out"
            )));
        }
        Ok(Some(new.clone()))
    }

    fn dropped(&mut self, sent: Option<Value>, path: String) {
        match sent {
            None | Some(Value::Null) => {}
            // Okta (AIW) puts a person's groups here; an empty list is in all its bodies.
            Some(Value::Array(list)) if path == "groups" && !list.is_empty() => {
                self.notices.push(NoticeKind::Membership, path);
            }
            Some(_) => self.notices.push(NoticeKind::ReadOnly, path),
        }
    }
}

/// Puts entries together by attribute: dotted names become an object.
fn gathered(entries: Vec<Entry<'_>>) -> Result<Vec<Sent<'_>>, Error> {
    let mut sent: Vec<Sent<'_>> = Vec::with_capacity(entries.len());
    for Entry {
        extension,
        attribute,
        sub_attribute,
        path,
        value,
    } in entries
    {
        let earlier = sent.iter_mut().find(|sent| {
            std::ptr::eq(sent.attribute, attribute)
                && sent.extension.map(|schema| &schema.id) == extension.map(|schema| &schema.id)
        });
        match (earlier, sub_attribute) {
            (None, None) => sent.push(Sent {
                extension,
                attribute,
                value,
                dotted: false,
            }),
            (None, Some(sub)) => {
                let value = Map::from_iter([(sub.name.to_string(), value)]).into();
                sent.push(Sent {
                    extension,
                    attribute,
                    value,
                    dotted: true,
                });
            }
            // Into an object, dotted or whole; `canonical` sees a part that comes twice in different cases.
            (
                Some(Sent {
                    value: Value::Object(object),
                    ..
                }),
                Some(sub),
            ) => {
                if object.insert(sub.name.to_string(), value).is_some() {
                    return Err(twice(&path));
                }
            }
            (Some(earlier), None) if earlier.dotted && value.is_object() => {
                let dotted = std::mem::replace(&mut earlier.value, value);
                earlier.dotted = false;
                let (Value::Object(parts), Value::Object(whole)) = (dotted, &mut earlier.value)
                else {
                    continue;
                };
                for (name, value) in parts {
                    if whole.insert(name, value).is_some() {
                        return Err(twice(&path));
                    }
                }
            }
            (Some(_), _) => return Err(twice(&path)),
        }
    }
    Ok(sent)
}

fn take(sent: &mut Vec<Sent<'_>>, extension: Option<&Schema>, name: &str) -> Option<Value> {
    let at = sent.iter().position(|sent| {
        sent.attribute.name == name
            && sent.extension.map(|schema| &schema.id) == extension.map(|schema| &schema.id)
    })?;
    Some(sent.swap_remove(at).value)
}

/// `schemas` decides nothing here: bodies are read by the names in them. What is odd about it is noted, since
/// OneLogin sends old URNs, Entra sends URNs without their objects, and templates send none.
fn schemas_checked(
    resource_type: &ResourceType,
    schemas: Option<Value>,
    notices: &mut Notices,
) -> Result<(), Error> {
    let list = match schemas {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list,
        Some(other) => {
            return Err(Error::invalid_syntax(format!(
                "`schemas` must be a list of schema URNs, not {}",
                type_name(&other)
            )));
        }
    };
    let mut base = false;
    for urn in list {
        let Value::String(urn) = urn else {
            return Err(Error::invalid_syntax(format!(
                "`schemas` must be a list of schema URNs; one of its entries is {}",
                type_name(&urn)
            )));
        };
        if urn.eq_ignore_ascii_case(&resource_type.schema.id) {
            base = true;
        } else if resource_type.extension(&urn).is_none() {
            notices.push(NoticeKind::UnknownSchema, urn);
        }
    }
    if !base {
        notices.push(NoticeKind::Schemas, resource_type.schema.id.clone());
    }
    Ok(())
}

fn same(attribute: &Attribute, new: &Value, old: &Value) -> bool {
    match (new, old) {
        (Value::String(new), Value::String(old)) if !attribute.case_exact => {
            normalized_key(new) == normalized_key(old)
        }
        _ => new == old,
    }
}

fn required_checked(
    declared: &[Attribute],
    present: &Map<String, Value>,
    prefix: &str,
) -> Result<(), Error> {
    for attribute in declared {
        let value = present.get(attribute.name.as_ref());
        // Depth: sub-attributes have none of their own (RFC 7643 §2.3.8), so this goes down once.
        if !attribute.sub_attributes.is_empty() {
            let prefix = format!("{prefix}{}.", attribute.name);
            let elements: &[Value] = match value {
                Some(Value::Array(list)) => list,
                Some(single) => std::slice::from_ref(single),
                None => &[],
            };
            for element in elements.iter().filter_map(Value::as_object) {
                required_checked(&attribute.sub_attributes, element, &prefix)?;
            }
        }
        // Nothing else can be required of a client: the rest is the server's to fill in.
        let writable = matches!(
            attribute.mutability,
            Mutability::ReadWrite | Mutability::Immutable
        );
        if !attribute.required || !writable {
            continue;
        }
        match value {
            None => {
                return Err(Error::invalid_value(format!(
                    "`{prefix}{}` is required",
                    attribute.name
                )));
            }
            Some(Value::String(text)) if text.trim().is_empty() => {
                return Err(Error::invalid_value(format!(
                    "`{prefix}{}` is required and must not be blank",
                    attribute.name
                )));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn lookup_checked(path: &str, text: Option<&str>, bytes_max: usize) -> Result<(), Error> {
    match text.map(str::len) {
        Some(bytes) if bytes > bytes_max => Err(Error::invalid_value(format!(
            "`{path}` is {bytes} bytes long; at most {bytes_max} are accepted"
        ))),
        _ => Ok(()),
    }
}

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
    ///   profile push says nothing about `active` and must not wake anybody up. `externalId` is kept as well;
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
            lookup_checked("displayName", self.text("displayName"), LOOKUP_TEXT_BYTES_MAX)?;
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
    if let Some(value) = external_id(take(&mut sent, None, "externalId"), current, notices)? {
        attributes.insert("externalId".to_owned(), value);
    }
    let mut intake = Intake { creating: current.is_none(), sent, notices };
    let core = &resource_type.schema.attributes;
    intake.schema(None, core, current.map(Resource::attributes), &mut attributes)?;
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
                return Ok(if self.creating { attribute.default.clone() } else { old.cloned() });
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

/// The client's own key. A PUT that does not speak of it leaves it alone (RFC 7644 §3.5.1 allows both): Okta's
/// PUT of a group has none, and losing it would cut the link. `null` and `""` take it away.
fn external_id(
    sent: Option<Value>,
    current: Option<&Resource>,
    notices: &mut Notices,
) -> Result<Option<Value>, Error> {
    match (sent, common::attribute("externalId")) {
        (None, _) => Ok(current.and_then(|current| current.attributes.get("externalId")).cloned()),
        (Some(value), Some(attribute)) if value != "" => {
            canonical(attribute, value, "externalId", notices)
        }
        (Some(_), _) => Ok(None),
    }
}

/// Puts entries together by attribute: dotted names become an object.
fn gathered(entries: Vec<Entry<'_>>) -> Result<Vec<Sent<'_>>, Error> {
    let mut sent: Vec<Sent<'_>> = Vec::with_capacity(entries.len());
    for Entry { extension, attribute, sub_attribute, path, value } in entries {
        let earlier = sent.iter_mut().find(|sent| {
            std::ptr::eq(sent.attribute, attribute)
                && sent.extension.map(|schema| &schema.id) == extension.map(|schema| &schema.id)
        });
        // `null` says nothing, so it contradicts nothing.
        let earlier = match earlier {
            Some(_) if value.is_null() => continue,
            Some(earlier) if earlier.value.is_null() => {
                earlier.dotted = sub_attribute.is_some();
                earlier.value = match sub_attribute {
                    Some(sub) => Map::from_iter([(sub.name.to_string(), value)]).into(),
                    None => value,
                };
                continue;
            }
            other => other,
        };
        match (earlier, sub_attribute) {
            (None, None) => sent.push(Sent { extension, attribute, value, dotted: false }),
            (None, Some(sub)) => {
                let value = Map::from_iter([(sub.name.to_string(), value)]).into();
                sent.push(Sent { extension, attribute, value, dotted: true });
            }
            // Into an object, dotted or whole; `canonical` sees a part that comes twice in different cases.
            (Some(Sent { value: Value::Object(object), .. }), Some(sub)) => {
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
        let writable =
            matches!(attribute.mutability, Mutability::ReadWrite | Mutability::Immutable);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ErrorKind,
        schema::{Catalogue, ENTERPRISE_SCHEMA},
    };
    use proptest::prelude::*;
    use serde_json::json;

    fn user(body: Value) -> Result<(Value, Vec<(NoticeKind, String)>), Error> {
        let mut notices = Notices::default();
        let incoming = Resource::for_create(&Catalogue::standard().user, body, &mut notices)?;
        Ok((Value::Object(incoming.resource.attributes), seen(&notices)))
    }

    fn seen(notices: &Notices) -> Vec<(NoticeKind, String)> {
        notices.kept().iter().map(|it| (it.kind, it.subject.to_string())).collect()
    }

    fn put(
        catalogue: &Catalogue,
        old: Value,
        new: Value,
    ) -> Result<(Value, Vec<(NoticeKind, String)>), Error> {
        let mut notices = Notices::default();
        let old = Resource::for_create(&catalogue.user, old, &mut notices)?.resource;
        let mut notices = Notices::default();
        let new = Resource::for_replace(&catalogue.user, new, &old, &mut notices)?;
        Ok((Value::Object(new.resource.attributes), seen(&notices)))
    }

    #[track_caller]
    fn refused(body: Value, kind: ErrorKind, detail: &str) {
        let error = user(body).unwrap_err();
        assert_eq!((error.kind, error.detail.as_ref()), (kind, detail));
    }

    #[test]
    fn okta_creates_a_user() {
        let (kept, notices) = user(json!({
            "schemas": [USER_SCHEMA], "userName": "ada@example.com",
            "name": {"givenName": "Ada", "familyName": "Byron"},
            "emails": [{"primary": true, "value": "ada@example.com", "type": "work"}],
            "displayName": "Ada Byron", "locale": "en-US", "externalId": "00u9example",
            "groups": [], "password": "kP3random", "active": true,
        }))
        .unwrap();
        assert_eq!(
            kept,
            json!({
                "externalId": "00u9example", "userName": "ada@example.com",
                "name": {"givenName": "Ada", "familyName": "Byron"},
                "emails": [{"primary": true, "value": "ada@example.com", "type": "work"}],
                "displayName": "Ada Byron", "locale": "en-US", "active": true, "sendEmails": true,
            })
        );
        assert_eq!(
            notices,
            [(NoticeKind::Password, "password".into()), (NoticeKind::ReadOnly, "groups".into())]
        );
    }

    #[test]
    fn entra_creates_a_user() {
        let (kept, notices) = user(json!({
            "schemas": [USER_SCHEMA, ENTERPRISE_SCHEMA], "externalId": "8f1c", "userName": "ada@example.com",
            "active": true, "addresses": null, "meta": {"resourceType": "User"}, "roles": [],
            ENTERPRISE_SCHEMA: {"department": "R&D", "employeeNumber": "E7", "manager": "u-9"},
        }))
        .unwrap();
        assert_eq!(
            kept[ENTERPRISE_SCHEMA],
            json!({"employeeNumber": "E7", "department": "R&D", "manager": {"value": "u-9"}})
        );
        assert_eq!(kept.get("roles"), None);
        assert_eq!(
            notices,
            [
                (NoticeKind::ReadOnly, "meta".into()),
                (NoticeKind::TextForComplex, format!("{ENTERPRISE_SCHEMA}:manager")),
            ]
        );
    }

    #[test]
    fn onelogin_sends_old_urns_text_and_one_object() {
        let (kept, notices) = user(json!({
            "schemas": ["urn:scim:schemas:core:1.0"], "id": null, "USERNAME": "ada", "active": "false",
            "emails": {"value": "ada@example.com"}, "shoeSize": 7, "urn:x:y:Z": {"a": 1},
        }))
        .unwrap();
        assert_eq!(
            kept,
            json!({"userName": "ada", "active": false, "emails": [{"value": "ada@example.com"}], "sendEmails": true})
        );
        let kinds: Vec<_> = notices.iter().map(|it| it.0).collect();
        assert_eq!(
            kinds,
            [
                NoticeKind::UnknownAttribute,
                NoticeKind::UnknownSchema,
                NoticeKind::UnknownSchema,
                NoticeKind::Schemas,
                NoticeKind::BooleanText,
                NoticeKind::SingleForMany,
            ]
        );
    }

    #[test]
    fn names_may_be_dotted_or_qualified() {
        let (kept, _) = user(json!({
            format!("{}:userName", USER_SCHEMA.to_lowercase()): "ada",
            "name.givenName": "Ada", "name": {"familyName": "Byron"}, "NAME.middleName": "K",
            format!("{ENTERPRISE_SCHEMA}:employeeNumber"): 8,
            format!("{ENTERPRISE_SCHEMA}:manager.value"): "u-9",
            ENTERPRISE_SCHEMA: null,
        }))
        .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(kept["userName"], "ada");
        assert_eq!(
            kept["name"],
            json!({"familyName": "Byron", "givenName": "Ada", "middleName": "K"})
        );
        assert_eq!(
            kept[ENTERPRISE_SCHEMA],
            json!({"employeeNumber": "8", "manager": {"value": "u-9"}})
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        use ErrorKind::{InvalidSyntax, InvalidValue};
        refused(json!([]), InvalidSyntax, "the body must be a JSON object, not a list");
        refused(json!({}), InvalidValue, "`userName` is required");
        refused(
            json!({"userName": " "}),
            InvalidValue,
            "`userName` is required and must not be blank",
        );
        refused(
            json!({"userName": ["a", "b"]}),
            InvalidValue,
            "`userName` must be a single value, not a list of 2",
        );
        refused(
            json!({"userName": "a", "USERNAME": "b"}),
            InvalidSyntax,
            "`userName` is given twice; send it once",
        );
        refused(
            json!({"userName": "a", "name": {"givenName": "a"}, "name.givenname": "b"}),
            InvalidSyntax,
            "`name.givenName` is given twice; send it once",
        );
        refused(
            json!({"userName": "a", "schemas": "x"}),
            InvalidSyntax,
            "`schemas` must be a list of schema URNs, not text",
        );
        refused(
            json!({"userName": "a", ENTERPRISE_SCHEMA: "x"}),
            InvalidValue,
            "`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User` must be an object with that schema's attributes, not text",
        );
        refused(
            json!({"userName": "a".repeat(USER_NAME_BYTES_MAX + 1)}),
            InvalidValue,
            "`userName` is 257 bytes long; at most 256 are accepted",
        );
        assert!(user(json!({"userName": "a".repeat(USER_NAME_BYTES_MAX)})).is_ok());
    }

    #[test]
    fn the_whole_resource_is_limited() {
        let photos: Vec<_> =
            (0..5).map(|n| json!({"value": format!("{n}{}", "x".repeat(60_000))})).collect();
        let error = user(json!({"userName": "a", "photos": photos})).unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooMany);
    }

    #[test]
    fn put_clears_what_is_absent_and_leaves_active() {
        let (kept, notices) = put(
            &Catalogue::standard(),
            json!({"schemas": [USER_SCHEMA], "userName": "a", "title": "x", "active": false, "externalId": "1",
                   ENTERPRISE_SCHEMA: {"department": "y"}}),
            json!({"schemas": [USER_SCHEMA], "userName": "b", "active": null}),
        )
        .unwrap();
        assert_eq!(
            kept,
            json!({"externalId": "1", "userName": "b", "active": false, "sendEmails": true})
        );
        assert!(notices.is_empty());
    }

    #[test]
    fn put_takes_the_external_id_away_when_told_to() {
        for nothing in [json!(null), json!("")] {
            let old = json!({"userName": "a", "externalId": "1"});
            let new = json!({"userName": "a", "externalId": nothing});
            let (kept, _) = put(&Catalogue::standard(), old, new).unwrap();
            assert_eq!(kept.get("externalId"), None);
        }
    }

    #[test]
    fn put_keeps_the_first_send_emails() {
        let catalogue = Catalogue::standard();
        let old = json!({"userName": "a", "sendEmails": false});
        let body =
            |send: Value| json!({"schemas": [USER_SCHEMA], "userName": "a", "sendEmails": send});
        let (kept, notices) = put(&catalogue, old.clone(), body(json!(true))).unwrap();
        assert_eq!(kept["sendEmails"], json!(false));
        assert_eq!(notices, [(NoticeKind::CreateOnly, "sendEmails".into())]);
        for same in [json!(false), Value::Null] {
            let (kept, notices) = put(&catalogue, old.clone(), body(same)).unwrap();
            assert_eq!(kept["sendEmails"], json!(false));
            assert!(notices.is_empty());
        }
    }

    #[test]
    fn an_immutable_attribute_is_set_once() {
        let catalogue = Catalogue::with_declared(
            &json!([{"schema": USER_SCHEMA, "name": "badge", "type": "string", "mutability": "immutable"}])
                .to_string(),
        )
        .unwrap();
        let body = |badge: Value| json!({"userName": "a", "badge": badge});
        let after =
            |old, new| put(&catalogue, body(old), body(new)).map(|(kept, _)| kept["badge"].clone());
        assert_eq!(after(Value::Null, json!("x")).unwrap(), "x");
        assert_eq!(after(json!("x"), Value::Null).unwrap(), "x");
        assert_eq!(after(json!("x"), json!("X")).unwrap(), "X");
        assert_eq!(after(json!("x"), json!("y")).unwrap_err().kind, ErrorKind::Mutability);
    }

    #[test]
    fn members_are_taken_out_of_groups() {
        let catalogue = Catalogue::standard();
        let create = |body: Value| {
            Resource::for_create(&catalogue.group, body, &mut Notices::default()).unwrap()
        };
        let group =
            create(json!({"displayName": "Eng", "Members": [{"value": "u-1"}, {"value": "u-1"}]}));
        assert_eq!(Value::Object(group.resource.attributes), json!({"displayName": "Eng"}));
        assert_eq!(group.members.unwrap().len(), 1);
        assert_eq!(create(json!({"displayName": "Eng"})).members, None);
        assert_eq!(create(json!({"displayName": "Eng", "members": []})).members, Some(Vec::new()));
    }

    #[test]
    fn groups_of_a_user_are_changed_elsewhere() {
        let (_, notices) =
            user(json!({"schemas": [USER_SCHEMA], "userName": "a", "groups": [{"value": "g"}]}))
                .unwrap();
        assert_eq!(notices, [(NoticeKind::Membership, "groups".into())]);
    }

    proptest! {
        #[test]
        fn what_is_kept_is_kept_again(
            name in "(userName|NAME|name.givenName|emails|active|manager|x|schemas|groups|password)",
            text in "\\PC{0,8}",
            shape in 0..4,
        ) {
            let value = match shape {
                0 => json!(text),
                1 => json!([text]),
                2 => json!({"value": text, "givenName": text}),
                _ => json!([{"value": text}, {"value": "b", "primary": true}]),
            };
            if let Ok((kept, _)) = user(json!({"userName.": 1, "displayName": "d", "userName": "u", name: value})) {
                let (again, notices) = put(&Catalogue::standard(), kept.clone(), kept.clone()).unwrap();
                prop_assert_eq!(&again, &kept);
                prop_assert!(notices.iter().all(|it| it.0 == NoticeKind::Schemas));
            }
        }
    }
}

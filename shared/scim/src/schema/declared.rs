//! Attributes that an operator declares for their product (P9).
//!
//! The document is a JSON list; each entry is one attribute:
//!
//! ```json
//! [{
//!   "schema": "urn:example:params:scim:schemas:product:2.0:User",
//!   "name": "badgeColor",
//!   "type": "string",
//!   "description": "The color of the person's badge.",
//!   "canonicalValues": ["red", "green"],
//!   "createOnly": true,
//!   "default": "green"
//! }]
//! ```
//!
//! | member | |
//! |---|---|
//! | `schema` | the URN of the core User or Group schema, or of an extension of the operator's own |
//! | `resourceType` | `User` (default) or `Group`, for an extension of one's own |
//! | `name` | a letter, then letters, digits, `-` and `_` |
//! | `type` | as RFC 7643 §2.3; a `complex` one has `subAttributes` of the other types |
//! | `multiValued`, `description`, `required`, `caseExact`, `canonicalValues`, `referenceTypes` | as RFC 7643 §7 |
//! | `mutability` | `readWrite` (default), `immutable`, `readOnly`; not `writeOnly`, since nobody would read it |
//! | `returned` | `default` (default), `always`, `request`, `never` |
//! | `uniqueness` | `none` |
//! | `createOnly` | set at creation only; a later PUT with another value keeps the first one |
//! | `default` | the value of a new resource that does not bring one |

use serde_json::{Map, Value};

use super::{
    Attribute, AttributeType, Catalogue, ENTERPRISE_SCHEMA, Mutability, ResourceType, Returned,
    Schema, Text, common,
};
use crate::{Notices, json, message::take, resource::MemberKind, value::canonical};

/// The longest document, in bytes.
pub const DECLARED_BYTES_MAX: usize = 262_144;
/// The most attributes of one document.
pub const DECLARED_ATTRIBUTES_MAX: usize = 100;
/// The most sub-attributes of one complex attribute.
pub const DECLARED_SUB_ATTRIBUTES_MAX: usize = 32;
/// The longest name, in bytes.
pub const DECLARED_NAME_BYTES_MAX: usize = 64;
/// The longest URN, in bytes.
pub const DECLARED_URN_BYTES_MAX: usize = 200;

/// What is wrong with a document of declared attributes: one sentence for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredError {
    detail: String,
}

impl DeclaredError {
    fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into() }
    }

    fn within(self, place: &str) -> Self {
        Self { detail: format!("{place}: {}", self.detail) }
    }
}

impl std::fmt::Display for DeclaredError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for DeclaredError {}

/// Adds what the document declares.
pub(super) fn add(catalogue: &mut Catalogue, document: &str) -> Result<(), DeclaredError> {
    if document.len() > DECLARED_BYTES_MAX {
        return Err(DeclaredError::new(format!(
            "the document is {} bytes long; at most {DECLARED_BYTES_MAX} are read",
            document.len()
        )));
    }
    let list = match json::parse(document.as_bytes()) {
        Ok(Value::Array(list)) => list,
        Ok(_) => {
            return Err(DeclaredError::new("the document must be a JSON list of attributes"));
        }
        Err(error) => {
            return Err(DeclaredError::new(error.detail.replace("the body", "the document")));
        }
    };
    if list.len() > DECLARED_ATTRIBUTES_MAX {
        return Err(DeclaredError::new(format!(
            "the document declares {} attributes; at most {DECLARED_ATTRIBUTES_MAX} are possible",
            list.len()
        )));
    }
    for (at, entry) in list.into_iter().enumerate() {
        let name = entry.get("name").and_then(Value::as_str).unwrap_or("without a name").to_owned();
        add_one(catalogue, entry)
            .map_err(|error| error.within(&format!("attribute {} (`{name}`)", at + 1)))?;
    }
    Ok(())
}

fn add_one(catalogue: &mut Catalogue, entry: Value) -> Result<(), DeclaredError> {
    let mut fields = Fields::of(entry)?;
    let urn = fields.required_text("schema")?;
    let resource_type = fields.text("resourceType")?;
    let attribute = attribute(&mut fields)?;
    fields.finish()?;
    let schema = schema_for(catalogue, &urn, resource_type.as_deref())?;
    let taken =
        schema.attribute(&attribute.name).is_some() || common::attribute(&attribute.name).is_some();
    if taken {
        return Err(DeclaredError::new(format!(
            "`{}` has an attribute of this name already; choose another `name`",
            schema.id
        )));
    }
    schema.attributes.push(attribute);
    Ok(())
}

/// The schema of this URN, made when it is a new extension.
fn schema_for<'c>(
    catalogue: &'c mut Catalogue,
    urn: &str,
    type_name: Option<&str>,
) -> Result<&'c mut Schema, DeclaredError> {
    let home = home(catalogue, urn, type_name)?;
    let resource_type = match home {
        MemberKind::User => &mut catalogue.user,
        MemberKind::Group => &mut catalogue.group,
    };
    if resource_type.schema.id.eq_ignore_ascii_case(urn) {
        return Ok(&mut resource_type.schema);
    }
    if resource_type.extension(urn).is_none() {
        let word = urn.rsplit(':').find(|part| part.starts_with(|c: char| c.is_ascii_alphabetic()));
        resource_type.extensions.push(Schema {
            id: Text::Owned(urn.to_owned()),
            name: Text::Owned(format!("{}Extension", word.unwrap_or_default())),
            description: Text::Owned(format!("Declared by the operator for {}.", home.name())),
            attributes: Vec::new(),
        });
    }
    resource_type
        .extensions
        .iter_mut()
        .find(|schema| schema.id.eq_ignore_ascii_case(urn))
        .ok_or_else(|| DeclaredError::new("`schema` could not be added"))
}

/// The resource type that a URN belongs to: one only, and a second entry cannot move it.
fn home(
    catalogue: &Catalogue,
    urn: &str,
    type_name: Option<&str>,
) -> Result<MemberKind, DeclaredError> {
    let asked = match type_name {
        Some(name) => Some(
            MemberKind::named(name)
                .ok_or_else(|| DeclaredError::new("`resourceType` must be `User` or `Group`"))?,
        ),
        None => None,
    };
    let has =
        |it: &ResourceType| it.schema.id.eq_ignore_ascii_case(urn) || it.extension(urn).is_some();
    let known = if has(&catalogue.user) {
        Some(MemberKind::User)
    } else {
        has(&catalogue.group).then_some(MemberKind::Group)
    };
    match (known, asked) {
        (Some(known), Some(asked)) if known != asked => Err(DeclaredError::new(format!(
            "`{urn}` belongs to `{}`; leave `resourceType` out",
            known.name()
        ))),
        (Some(_), _) if urn.eq_ignore_ascii_case(ENTERPRISE_SCHEMA) => {
            Err(DeclaredError::new("the enterprise extension is the IETF's; use a URN of your own"))
        }
        (Some(known), _) => Ok(known),
        (None, asked) => {
            urn_checked(catalogue, urn)?;
            Ok(asked.unwrap_or(MemberKind::User))
        }
    }
}

fn urn_checked(catalogue: &Catalogue, urn: &str) -> Result<(), DeclaredError> {
    let wrong = |why: &str| {
        Err(DeclaredError::new(format!(
            "`schema` {why}; use a core schema's URN or one of your own, like `urn:example:params:scim:schemas:product:2.0:User`"
        )))
    };
    if urn.len() > DECLARED_URN_BYTES_MAX {
        return wrong(&format!("is longer than {DECLARED_URN_BYTES_MAX} bytes"));
    }
    let lower = urn.to_ascii_lowercase();
    if lower.starts_with("urn:ietf:") {
        return wrong("is a URN of the IETF");
    }
    let parts: Vec<&str> = lower.split(':').collect();
    let fits = |part: &&str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    };
    if parts.first() != Some(&"urn") || parts.len() < 3 || !parts.iter().all(fits) {
        return wrong("is not a URN of letters, digits, `.`, `-` and `_` between colons");
    }
    // `urn:a:b:c` would be the attribute `c` of `urn:a:b`.
    for schema in catalogue.schemas() {
        let other = schema.id.to_ascii_lowercase();
        let begins = |long: &str, short: &str| {
            long.strip_prefix(short).is_some_and(|rest| rest.starts_with(':'))
        };
        if begins(&lower, &other) || begins(&other, &lower) {
            return wrong(&format!("begins as `{}` does", schema.id));
        }
    }
    Ok(())
}

fn attribute(fields: &mut Fields) -> Result<Attribute, DeclaredError> {
    let mut attribute = simple(fields)?;
    let sub_attributes = fields.list("subAttributes")?;
    match (attribute.kind, sub_attributes) {
        (AttributeType::Complex, Some(list)) if !list.is_empty() => {
            if list.len() > DECLARED_SUB_ATTRIBUTES_MAX {
                return Err(DeclaredError::new(format!(
                    "`subAttributes` has {} entries; at most {DECLARED_SUB_ATTRIBUTES_MAX} are possible",
                    list.len()
                )));
            }
            for (at, entry) in list.into_iter().enumerate() {
                let sub = sub_attribute(entry)
                    .map_err(|error| error.within(&format!("sub-attribute {}", at + 1)))?;
                if attribute.sub_attribute(&sub.name).is_some() {
                    return Err(DeclaredError::new(format!(
                        "`subAttributes` has `{}` twice; choose another `name`",
                        sub.name
                    )));
                }
                attribute.sub_attributes.push(sub);
            }
        }
        (AttributeType::Complex, _) => {
            return Err(DeclaredError::new("a `complex` attribute must have `subAttributes`"));
        }
        (_, Some(_)) => {
            return Err(DeclaredError::new("only a `complex` attribute has `subAttributes`"));
        }
        (_, None) => {}
    }
    if fields.boolean("createOnly")? {
        if attribute.mutability == Mutability::ReadOnly {
            return Err(DeclaredError::new("`createOnly` and `readOnly` exclude each other"));
        }
        attribute = attribute.create_only();
    }
    if let Some(value) = fields.value("default") {
        let mut notices = Notices::default();
        let default = canonical(&attribute, value, "default", &mut notices)
            .map_err(|error| DeclaredError::new(error.detail))?;
        if default.is_none() || !notices.is_empty() {
            return Err(DeclaredError::new(
                "`default` must be a value exactly as the `type` wants it",
            ));
        }
        attribute.default = default;
    }
    Ok(attribute)
}

fn sub_attribute(entry: Value) -> Result<Attribute, DeclaredError> {
    let mut fields = Fields::of(entry)?;
    let attribute = simple(&mut fields)?;
    fields.finish()?;
    if attribute.kind == AttributeType::Complex {
        return Err(DeclaredError::new("a sub-attribute must not be `complex` itself"));
    }
    if attribute.mutability == Mutability::Immutable {
        return Err(DeclaredError::new(
            "`mutability` of a sub-attribute must be `readWrite` or `readOnly`",
        ));
    }
    if attribute.name == "primary" && attribute.kind != AttributeType::Boolean {
        return Err(DeclaredError::new("`primary` must have the type `boolean` (RFC 7643 §2.4)"));
    }
    Ok(attribute)
}

/// What attributes and sub-attributes have in common.
fn simple(fields: &mut Fields) -> Result<Attribute, DeclaredError> {
    let name = fields.required_text("name")?;
    name_checked(&name)?;
    let kind = fields.keyword("type", TYPES)?.ok_or_else(|| missing("type"))?;
    let description =
        fields.text("description")?.unwrap_or_else(|| "Declared by the operator.".to_owned());
    let mut attribute = Attribute::new(kind, name, description);
    attribute.multi_valued = fields.boolean("multiValued")?;
    attribute.required = fields.boolean("required")?;
    if let Some(case_exact) = fields.value("caseExact") {
        attribute.case_exact =
            case_exact.as_bool().ok_or_else(|| wrong("caseExact", "true or false"))?;
    }
    attribute.mutability =
        fields.keyword("mutability", MUTABILITIES)?.unwrap_or(Mutability::ReadWrite);
    attribute.returned = fields.keyword("returned", RETURNED)?.unwrap_or(Returned::Default);
    fields.keyword("uniqueness", &[("none", ())])?;
    attribute.canonical_values = fields.texts("canonicalValues")?;
    attribute.reference_types = fields.texts("referenceTypes")?;
    if !attribute.canonical_values.is_empty() && kind != AttributeType::String {
        return Err(DeclaredError::new("only a `string` attribute has `canonicalValues`"));
    }
    if kind == AttributeType::Reference && attribute.reference_types.is_empty() {
        attribute.reference_types.push(Text::Borrowed("external"));
    }
    if !attribute.reference_types.is_empty() && kind != AttributeType::Reference {
        return Err(DeclaredError::new("only a `reference` attribute has `referenceTypes`"));
    }
    if attribute.required && attribute.mutability == Mutability::ReadOnly {
        return Err(DeclaredError::new("a `readOnly` attribute cannot be `required` of a client"));
    }
    Ok(attribute)
}

fn name_checked(name: &str) -> Result<(), DeclaredError> {
    if name.len() > DECLARED_NAME_BYTES_MAX {
        return Err(DeclaredError::new(format!(
            "`name` is longer than {DECLARED_NAME_BYTES_MAX} bytes"
        )));
    }
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if fits {
        Ok(())
    } else {
        Err(DeclaredError::new("`name` must be a letter, then letters, digits, `-` and `_`"))
    }
}

const TYPES: &[(&str, AttributeType)] = &[
    ("string", AttributeType::String),
    ("boolean", AttributeType::Boolean),
    ("decimal", AttributeType::Decimal),
    ("integer", AttributeType::Integer),
    ("dateTime", AttributeType::DateTime),
    ("binary", AttributeType::Binary),
    ("reference", AttributeType::Reference),
    ("complex", AttributeType::Complex),
];

const MUTABILITIES: &[(&str, Mutability)] = &[
    ("readWrite", Mutability::ReadWrite),
    ("immutable", Mutability::Immutable),
    ("readOnly", Mutability::ReadOnly),
];

const RETURNED: &[(&str, Returned)] = &[
    ("default", Returned::Default),
    ("always", Returned::Always),
    ("request", Returned::Request),
    ("never", Returned::Never),
];

/// One entry's members; what nobody takes is a mistake.
struct Fields(Map<String, Value>);

impl Fields {
    fn of(entry: Value) -> Result<Self, DeclaredError> {
        match entry {
            Value::Object(map) => Ok(Self(map)),
            _ => Err(DeclaredError::new("it must be an object")),
        }
    }

    fn value(&mut self, name: &str) -> Option<Value> {
        take(&mut self.0, name)
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, DeclaredError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(wrong(name, "text")),
        }
    }

    fn required_text(&mut self, name: &str) -> Result<String, DeclaredError> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    fn boolean(&mut self, name: &str) -> Result<bool, DeclaredError> {
        match self.value(name) {
            None => Ok(false),
            Some(Value::Bool(boolean)) => Ok(boolean),
            Some(_) => Err(wrong(name, "true or false")),
        }
    }

    fn list(&mut self, name: &str) -> Result<Option<Vec<Value>>, DeclaredError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list)),
            Some(_) => Err(wrong(name, "a list")),
        }
    }

    fn texts(&mut self, name: &str) -> Result<Vec<Text>, DeclaredError> {
        let list = self.list(name)?.unwrap_or_default();
        let texts = list.into_iter().map(|value| match value {
            Value::String(text) if !text.is_empty() => Ok(Text::Owned(text)),
            _ => Err(wrong(name, "a list of texts")),
        });
        texts.collect()
    }

    fn keyword<T: Copy>(
        &mut self,
        name: &str,
        known: &[(&str, T)],
    ) -> Result<Option<T>, DeclaredError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let found = known.iter().find(|(keyword, _)| *keyword == text);
        match found {
            Some((_, value)) => Ok(Some(*value)),
            None => {
                let keywords: Vec<String> =
                    known.iter().map(|(keyword, _)| format!("`{keyword}`")).collect();
                Err(wrong(name, &format!("one of {}", keywords.join(", "))))
            }
        }
    }

    fn finish(self) -> Result<(), DeclaredError> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => {
                Err(DeclaredError::new(format!("`{name}` is not known here; take it out")))
            }
        }
    }
}

fn missing(name: &str) -> DeclaredError {
    DeclaredError::new(format!("`{name}` is missing"))
}

fn wrong(name: &str, want: &str) -> DeclaredError {
    DeclaredError::new(format!("`{name}` must be {want}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{GROUP_SCHEMA, USER_SCHEMA};
    use proptest::prelude::*;
    use serde_json::json;

    const OWN: &str = "urn:example:product:2.0:User";

    fn declared(document: &Value) -> Result<Catalogue, DeclaredError> {
        Catalogue::with_declared(&document.to_string())
    }

    #[track_caller]
    fn refused(change: &Value, detail: &str) {
        let mut entry = json!({"schema": OWN, "name": "badge", "type": "string"});
        for (name, value) in change.as_object().unwrap() {
            entry[name] = value.clone();
        }
        let name = entry["name"].as_str().unwrap_or("without a name").to_owned();
        let error = declared(&json!([entry])).unwrap_err();
        assert_eq!(error.to_string(), format!("attribute 1 (`{name}`): {detail}"));
    }

    #[test]
    fn attributes_are_added_to_core_and_own_schemas() {
        let catalogue = declared(&json!([
            {"schema": USER_SCHEMA, "name": "badge", "type": "string", "createOnly": true, "default": "green"},
            {"schema": GROUP_SCHEMA, "name": "rank", "type": "integer"},
            {"schema": OWN, "name": "desk", "type": "complex", "multiValued": true,
             "subAttributes": [{"name": "value", "type": "string", "required": true}, {"name": "floor", "type": "integer"}]},
            {"schema": OWN, "name": "level", "type": "decimal", "returned": "request"},
            {"schema": "urn:example:product:2.0:Team", "resourceType": "Group", "name": "lead", "type": "reference"},
        ]))
        .unwrap();
        let badge = catalogue.user.schema.attribute("BADGE").unwrap();
        assert!(badge.create_only && badge.mutability == Mutability::Immutable);
        assert_eq!(badge.default, Some(json!("green")));
        assert!(catalogue.group.schema.attribute("rank").is_some());
        let own = catalogue.user.extension(OWN).unwrap();
        assert_eq!(own.attributes.len(), 2);
        assert_eq!(catalogue.group.extensions.len(), 1);
        assert_eq!(catalogue.schemas().count(), 5);
        assert_eq!(declared(&json!([])).unwrap(), Catalogue::standard());
    }

    #[test]
    fn every_mistake_says_what_to_change() {
        refused(&json!({"name": null}), "`name` is missing");
        refused(
            &json!({"name": "9x"}),
            "`name` must be a letter, then letters, digits, `-` and `_`",
        );
        refused(&json!({"typ": "x"}), "`typ` is not known here; take it out");
        refused(
            &json!({"mutability": "writeOnly"}),
            "`mutability` must be one of `readWrite`, `immutable`, `readOnly`",
        );
        refused(&json!({"uniqueness": "server"}), "`uniqueness` must be one of `none`");
        refused(&json!({"type": "complex"}), "a `complex` attribute must have `subAttributes`");
        refused(&json!({"subAttributes": []}), "only a `complex` attribute has `subAttributes`");
        refused(&json!({"default": 7}), "`default` must be a value exactly as the `type` wants it");
        refused(&json!({"type": "boolean", "default": "x"}), "`default` must be true or false");
        refused(
            &json!({"createOnly": true, "mutability": "readOnly"}),
            "`createOnly` and `readOnly` exclude each other",
        );
        refused(&json!({"required": "yes"}), "`required` must be true or false");
        refused(
            &json!({"schema": USER_SCHEMA, "name": "Title"}),
            "`urn:ietf:params:scim:schemas:core:2.0:User` has an attribute of this name already; choose another `name`",
        );
        refused(
            &json!({"name": "externalid"}),
            "`urn:example:product:2.0:User` has an attribute of this name already; choose another `name`",
        );
        refused(
            &json!({"schema": USER_SCHEMA, "resourceType": "Group"}),
            "`urn:ietf:params:scim:schemas:core:2.0:User` belongs to `User`; leave `resourceType` out",
        );
        refused(&json!({"resourceType": "Robot"}), "`resourceType` must be `User` or `Group`");
        refused(
            &json!({"type": "complex", "subAttributes": [{"name": "a", "type": "complex"}]}),
            "sub-attribute 1: a sub-attribute must not be `complex` itself",
        );
    }

    #[test]
    fn urns_are_ones_own() {
        for urn in [
            "badge",
            "urn:x",
            "urn:ietf:params:scim:schemas:extension:my:2.0:User",
            "urn:a b:c",
            "urn::c",
        ] {
            let entry = json!([{"schema": urn, "name": "badge", "type": "string"}]);
            assert!(declared(&entry).is_err(), "{urn}");
        }
        let nested = json!([
            {"schema": "urn:example:a", "name": "x", "type": "string"},
            {"schema": "urn:EXAMPLE:a:b", "name": "y", "type": "string"},
        ]);
        let error = declared(&nested).unwrap_err().to_string();
        assert!(error.contains("begins as `urn:example:a` does"), "{error}");
    }

    #[test]
    fn limits_hold() {
        let many = |count: usize| {
            Value::from(
                (0..count)
                    .map(|n| json!({"schema": OWN, "name": format!("n{n}"), "type": "string"}))
                    .collect::<Vec<_>>(),
            )
        };
        assert!(declared(&many(DECLARED_ATTRIBUTES_MAX)).is_ok());
        assert!(declared(&many(DECLARED_ATTRIBUTES_MAX + 1)).is_err());
        assert!(Catalogue::with_declared(&" ".repeat(DECLARED_BYTES_MAX + 1)).is_err());
        assert_eq!(
            Catalogue::with_declared("{").unwrap_err().to_string(),
            "the document is not complete JSON: it ends at line 1 column 1"
        );
        assert!(Catalogue::with_declared("{}").is_err());
    }

    proptest! {
        #[test]
        fn it_never_panics(urn in "(urn:)?[a-z:.]{0,12}", name in "\\PC{0,8}", kind in "[a-z]{0,8}") {
            let _ = declared(&json!([{"schema": urn, "name": name, "type": kind}]));
        }
    }
}

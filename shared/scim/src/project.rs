//! Projection (RFC 7644 §3.9): `attributes` and `excludedAttributes` against what an attribute's `returned` allows.

use serde_json::{Map, Value};

use crate::schema::{Attribute, ResourceType, Returned, common};

/// The most names of one list that are regarded; no schema has as many.
pub const PROJECTION_NAMES_MAX: usize = 200;

/// Which attributes of a resource an answer shows.
///
/// Both lists at once are more than the RFC allows; here `attributes` chooses and `excludedAttributes` takes
/// away from that, since refusing would stop a client for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Projection {
    only: Option<Vec<Named>>,
    without: Vec<Named>,
}

/// An attribute as a client named it, spelled as its schema spells it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    /// The extension's URN; `None` is the core schema and the common attributes.
    extension: Option<String>,
    /// `None` is the whole schema.
    attribute: Option<String>,
    /// `None` is the whole attribute.
    sub_attribute: Option<String>,
}

/// How far a list names an attribute.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Nothing,
    Parts,
    Whole,
}

impl Projection {
    /// Everything that is returned by default.
    #[must_use]
    pub fn everything() -> Self {
        Self::default()
    }

    /// Reads the two lists: names in any case, with or without the schema's URN, sub-attributes after a dot,
    /// an extension's URN alone for all of it. What `types` do not know is ignored, so a list of unknown
    /// names leaves `id` and `schemas`. An empty list is none.
    #[must_use]
    pub fn parse(
        types: &[&ResourceType],
        attributes: Option<&str>,
        excluded: Option<&str>,
    ) -> Self {
        let split = |list: Option<&str>| -> Vec<String> {
            list.unwrap_or_default().split(',').map(str::to_owned).collect()
        };
        Self::of(types, &split(attributes), &split(excluded))
    }

    /// As [`Projection::parse`], from the lists of a search request (RFC 7644 §3.4.3).
    #[must_use]
    pub fn of(types: &[&ResourceType], attributes: &[String], excluded: &[String]) -> Self {
        let only = named(types, attributes);
        let given = attributes.iter().any(|name| !name.trim().is_empty());
        Self { only: given.then_some(only), without: named(types, excluded) }
    }

    /// Whether anything of this top-level attribute of the core schema would be shown, so that members,
    /// groups and the like need not be read for nothing. Expects an attribute that is returned by default.
    #[must_use]
    pub fn wants(&self, name: &str) -> bool {
        let shown = self.only.as_ref().is_none_or(|only| reach(only, None, name) != Reach::Nothing);
        shown && reach(&self.without, None, name) != Reach::Whole
    }

    /// What is left of one attribute's value; `extension` is the URN of the extension that declares it.
    #[must_use]
    pub fn apply(
        &self,
        extension: Option<&str>,
        attribute: &Attribute,
        value: Value,
    ) -> Option<Value> {
        let asked = self.only.as_ref().map(|only| reach(only, extension, &attribute.name));
        match (attribute.returned, asked) {
            (Returned::Never, _)
            | (Returned::Request, None | Some(Reach::Nothing))
            | (Returned::Default, Some(Reach::Nothing)) => return None,
            (Returned::Always, _) | (Returned::Default, _) | (Returned::Request, Some(_)) => {}
        }
        let excluded = reach(&self.without, extension, &attribute.name);
        if excluded == Reach::Whole && attribute.returned != Returned::Always {
            return None;
        }
        let plain = attribute
            .sub_attributes
            .iter()
            .all(|sub| matches!(sub.returned, Returned::Default | Returned::Always));
        if plain && asked != Some(Reach::Parts) && excluded == Reach::Nothing {
            return Some(value);
        }
        let shows = |name: &str| self.shows_part(extension, attribute, name, asked);
        match value {
            Value::Array(list) => {
                let list: Vec<_> =
                    list.into_iter().filter_map(|value| parts(value, &shows)).collect();
                (!list.is_empty()).then_some(Value::Array(list))
            }
            single => parts(single, &shows),
        }
    }

    fn shows_part(
        &self,
        extension: Option<&str>,
        attribute: &Attribute,
        name: &str,
        asked: Option<Reach>,
    ) -> bool {
        let listed = |list: &[Named]| {
            list.iter().any(|named| {
                named.is(extension, &attribute.name) && named.sub_attribute.as_deref() == Some(name)
            })
        };
        let chosen = self.only.as_ref().is_some_and(|only| listed(only));
        let returned = attribute.sub_attribute(name).map_or(Returned::Default, |sub| sub.returned);
        match returned {
            Returned::Always => true,
            Returned::Never => false,
            Returned::Request => chosen && !listed(&self.without),
            Returned::Default => (chosen || asked != Some(Reach::Parts)) && !listed(&self.without),
        }
    }
}

impl Named {
    fn is(&self, extension: Option<&str>, attribute: &str) -> bool {
        self.extension.as_deref() == extension
            && self.attribute.as_deref().is_none_or(|name| name == attribute)
    }
}

fn reach(list: &[Named], extension: Option<&str>, attribute: &str) -> Reach {
    let mut reach = Reach::Nothing;
    for named in list.iter().filter(|named| named.is(extension, attribute)) {
        if named.sub_attribute.is_none() {
            return Reach::Whole;
        }
        reach = Reach::Parts;
    }
    reach
}

fn parts(value: Value, shows: &dyn Fn(&str) -> bool) -> Option<Value> {
    let Value::Object(object) = value else {
        return Some(value);
    };
    let kept: Map<_, _> = object.into_iter().filter(|(name, _)| shows(name)).collect();
    (!kept.is_empty()).then_some(Value::Object(kept))
}

fn named(types: &[&ResourceType], names: &[String]) -> Vec<Named> {
    let mut list = Vec::new();
    for name in names
        .iter()
        .map(|name| name.trim())
        .filter(|name| !name.is_empty())
        .take(PROJECTION_NAMES_MAX)
    {
        for resource_type in types {
            if let Some(named) = resolve(resource_type, name).filter(|named| !list.contains(named))
            {
                list.push(named);
            }
        }
    }
    list
}

fn resolve(resource_type: &ResourceType, name: &str) -> Option<Named> {
    let (extension, rest) = resource_type.split_urn(name)?;
    if rest.is_empty() {
        let extension = extension.map(|schema| schema.id.to_string());
        return Some(Named { extension, attribute: None, sub_attribute: None });
    }
    let (first, second) =
        rest.split_once('.').map_or((rest, None), |(first, second)| (first, Some(second)));
    let attribute = match extension {
        Some(schema) => schema.attribute(first),
        None => resource_type.schema.attribute(first).or_else(|| common::attribute(first)),
    }?;
    let sub_attribute = match second {
        Some(second) => Some(attribute.sub_attribute(second)?.name.to_string()),
        None => None,
    };
    Some(Named {
        extension: extension.map(|schema| schema.id.to_string()),
        attribute: Some(attribute.name.to_string()),
        sub_attribute,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{ENTERPRISE_SCHEMA, USER_SCHEMA, enterprise, user};
    use proptest::prelude::*;
    use serde_json::json;

    fn projection(attributes: &str, excluded: &str) -> Projection {
        Projection::parse(&[&user::resource_type()], Some(attributes), Some(excluded))
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "the calls are easier to read")]
    fn shows(projection: &Projection, name: &str, value: Value, shown: Value) {
        let schema = user::schema();
        let attribute = schema.attribute(name).or_else(|| common::attribute(name)).unwrap();
        assert_eq!(projection.apply(None, attribute, value).unwrap_or(Value::Null), shown);
    }

    #[test]
    fn without_lists_the_default_is_shown() {
        let everything = projection("", "");
        assert_eq!(everything, Projection::everything());
        shows(&everything, "title", json!("x"), json!("x"));
        shows(&everything, "password", json!("x"), json!(null));
    }

    #[test]
    fn names_are_read_in_any_case_and_form() {
        let names =
            ["USERNAME", "urn:ietf:params:scim:schemas:CORE:2.0:User:userName", "id, userName"];
        for name in names {
            let only = projection(name, "");
            shows(&only, "userName", json!("x"), json!("x"));
            shows(&only, "title", json!("x"), json!(null));
            assert!(!only.wants("groups"));
        }
    }

    #[test]
    fn what_is_always_returned_stays() {
        shows(&projection("title", ""), "id", json!("1"), json!("1"));
        shows(&projection("", "id,schemas"), "id", json!("1"), json!("1"));
        shows(&projection("title", ""), "meta", json!({"version": "1"}), json!(null));
    }

    #[test]
    fn sub_attributes_are_chosen_and_left_out() {
        let emails = json!([{"value": "a@b", "type": "work"}, {"type": "home"}]);
        shows(&projection("emails.VALUE", ""), "emails", emails.clone(), json!([{"value": "a@b"}]));
        shows(&projection("", "emails.type"), "emails", emails.clone(), json!([{"value": "a@b"}]));
        shows(&projection("emails,emails.value", ""), "emails", emails.clone(), emails.clone());
        shows(&projection("emails", "emails.value,emails.type"), "emails", emails, json!(null));
    }

    #[test]
    fn extensions_are_named_whole_or_in_part() {
        let schema = enterprise::schema();
        let apply = |projection: &Projection, name: &str| {
            projection
                .apply(Some(ENTERPRISE_SCHEMA), schema.attribute(name).unwrap(), json!("x"))
                .is_some()
        };
        let whole = projection(ENTERPRISE_SCHEMA, "");
        assert!(apply(&whole, "department") && !whole.wants("title"));
        let one = projection(&format!("{ENTERPRISE_SCHEMA}:Department"), "");
        assert!(apply(&one, "department") && !apply(&one, "division"));
        assert!(!apply(&projection("", ENTERPRISE_SCHEMA), "department"));
        assert!(!apply(&projection("department", ""), "department"));
    }

    #[test]
    fn unknown_names_are_ignored() {
        let only = projection("nothing,like.this", "");
        shows(&only, "title", json!("x"), json!(null));
        assert!(projection("", "nothing").wants("groups"));
        assert!(!projection("", "groups").wants("groups"));
        assert!(projection("", "groups.display").wants("groups"));
        assert!(projection("groups.value", "").wants("groups"));
    }

    proptest! {
        #[test]
        fn whatever_is_asked_the_id_is_there_and_the_password_is_not(
            attributes in "(id|password|emails|emails.value|urn:x:y|[a-z.:, ]{0,9}|,){0,4}",
            excluded in "(id|password|schemas|urn:ietf:params:scim:schemas:core:2.0:User|,){0,4}",
        ) {
            let projection = projection(&attributes, &excluded);
            shows(&projection, "id", json!("1"), json!("1"));
            shows(&projection, "schemas", json!([USER_SCHEMA]), json!([USER_SCHEMA]));
            shows(&projection, "password", json!("x"), json!(null));
        }
    }
}

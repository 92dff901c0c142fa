//! A resource on its way out (RFC 7643 §3, RFC 7644 §3.9).

use serde_json::{Map, Value};

use super::Resource;
use crate::{
    project::Projection,
    schema::{Attribute, GROUP_SCHEMA, ResourceType, USER_SCHEMA, common},
};

/// What the store knows about a resource beside its attributes (RFC 7643 §3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta<'a> {
    /// Our id.
    pub id: &'a str,
    /// The resource's URL.
    pub location: String,
    /// When it was made: xsd:dateTime in UTC.
    pub created: String,
    /// When it last changed: xsd:dateTime in UTC.
    pub last_modified: String,
    /// The ETag, as the header has it (`W/"…"`).
    pub version: String,
}

/// What a resource is linked with, each already in its wire shape. `None` is left out: not read, or not wanted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Linked {
    /// A group's `members`.
    pub members: Option<Vec<Value>>,
    /// A user's `groups`.
    pub groups: Option<Vec<Value>>,
}

impl Resource {
    /// The resource's JSON: `schemas`, `id`, `externalId`, the attributes in the schema's order, the
    /// extensions, `groups` or `members`, `meta` last. `schemas` names the extensions that the resource has,
    /// also when the projection hides them.
    ///
    /// Takes the resource by value: its attributes are moved into the answer, not copied.
    #[must_use]
    pub fn render(
        mut self,
        resource_type: &ResourceType,
        meta: Meta<'_>,
        linked: Linked,
        projection: &Projection,
    ) -> Value {
        let mut output = Output { map: Map::with_capacity(self.attributes.len() + 4), projection };
        output.common("schemas", self.schemas(resource_type));
        output.common("id", meta.id.into());
        if let Some(external_id) = self.attributes.remove("externalId") {
            output.common("externalId", external_id);
        }
        for attribute in &resource_type.schema.attributes {
            if let Some(value) = self.attributes.remove(attribute.name.as_ref()) {
                output.put(None, attribute, value);
            }
        }
        for schema in &resource_type.extensions {
            let Some(Value::Object(mut object)) = self.attributes.remove(schema.id.as_ref()) else {
                continue;
            };
            let mut kept = Output { map: Map::with_capacity(object.len()), projection };
            for attribute in &schema.attributes {
                if let Some(value) = object.remove(attribute.name.as_ref()) {
                    kept.put(Some(&schema.id), attribute, value);
                }
            }
            if !kept.map.is_empty() {
                output.map.insert(schema.id.to_string(), Value::Object(kept.map));
            }
        }
        let (name, list) = match resource_type.schema.id.as_ref() {
            USER_SCHEMA => ("groups", linked.groups),
            GROUP_SCHEMA => ("members", linked.members),
            _ => ("", None),
        };
        if let (Some(list), Some(attribute)) = (list, resource_type.schema.attribute(name)) {
            output.put(None, attribute, Value::Array(list));
        }
        output.common("meta", meta.into_value(resource_type));
        Value::Object(output.map)
    }

    fn schemas(&self, resource_type: &ResourceType) -> Value {
        let present = resource_type
            .extensions
            .iter()
            .filter(|schema| self.attributes.contains_key(schema.id.as_ref()));
        let urns = std::iter::once(&resource_type.schema).chain(present);
        urns.map(|schema| Value::from(schema.id.as_ref())).collect()
    }
}

impl Meta<'_> {
    fn into_value(self, resource_type: &ResourceType) -> Value {
        let mut map = Map::with_capacity(5);
        map.insert("resourceType".to_owned(), resource_type.name.as_ref().into());
        map.insert("created".to_owned(), self.created.into());
        map.insert("lastModified".to_owned(), self.last_modified.into());
        map.insert("location".to_owned(), self.location.into());
        map.insert("version".to_owned(), self.version.into());
        Value::Object(map)
    }
}

struct Output<'p> {
    map: Map<String, Value>,
    projection: &'p Projection,
}

impl Output<'_> {
    fn put(&mut self, extension: Option<&str>, attribute: &Attribute, value: Value) {
        if let Some(value) = self.projection.apply(extension, attribute, value) {
            self.map.insert(attribute.name.to_string(), value);
        }
    }

    fn common(&mut self, name: &str, value: Value) {
        if let Some(attribute) = common::attribute(name) {
            self.put(None, attribute, value);
        }
    }
}

//! What the server tells of itself (RFC 7643 §5 to §7, RFC 7644 §4, RFC 9865 §4).
//!
//! Made from the same data that checks requests, so that the two cannot disagree. What is the operator's own
//! business (defaults, create-only) is not shown.

mod meta_schemas;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};

use crate::{
    message::{LIST_RESPONSE, list::ListResponse},
    schema::{
        Attribute, AttributeType, Catalogue, Mutability, ResourceType, Returned, Schema, Uniqueness,
    },
};

const SERVICE_PROVIDER_CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

/// What the server offers, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The most operations of one bulk request.
    pub bulk_operations_max: usize,
    /// The largest bulk request, in bytes.
    pub bulk_payload_bytes_max: usize,
    /// The most resources of one answer to a filter.
    pub filter_results_max: usize,
    /// The resources of a page when the client does not say.
    pub page_size_default: usize,
    /// The most resources of a page whatever the client says.
    pub page_size_max: usize,
    /// For how many seconds a cursor holds at least.
    pub cursor_secs: Option<u64>,
    /// Where people read about it.
    pub documentation_uri: Option<String>,
}

/// `GET /ServiceProviderConfig` (RFC 7643 §5, RFC 9865 §4). `base_url` is the SCIM root, as in all functions here.
#[must_use]
pub fn service_provider_config(base_url: &str, offer: &Offer) -> Value {
    let mut config = json!({
        "schemas": [SERVICE_PROVIDER_CONFIG],
        "patch": { "supported": true },
        "bulk": {
            "supported": true,
            "maxOperations": offer.bulk_operations_max,
            "maxPayloadSize": offer.bulk_payload_bytes_max,
        },
        "filter": { "supported": true, "maxResults": offer.filter_results_max },
        "changePassword": { "supported": false },
        "sort": { "supported": true },
        "etag": { "supported": true },
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": offer.page_size_default,
            "maxPageSize": offer.page_size_max,
        },
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "OAuth Bearer Token",
                "description": "A token from Settings, SSO & SCIM, in the Authorization header.",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": true,
            },
            {
                "type": "oauth2",
                "name": "OAuth 2.0 client credentials",
                "description": "A client id and secret from Settings, SSO & SCIM, exchanged for access tokens.",
                "specUri": "https://www.rfc-editor.org/info/rfc6749",
            },
        ],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{}/ServiceProviderConfig", root(base_url)),
        },
    });
    if let (Some(secs), Some(pagination)) =
        (offer.cursor_secs, config.get_mut("pagination").and_then(Value::as_object_mut))
    {
        pagination.insert("cursorTimeout".to_owned(), secs.into());
    }
    if let (Some(uri), Some(config)) = (&offer.documentation_uri, config.as_object_mut()) {
        config.insert("documentationUri".to_owned(), uri.as_str().into());
    }
    config
}

/// `GET /ResourceTypes`
#[must_use]
pub fn resource_types(base_url: &str, catalogue: &Catalogue) -> Value {
    let types = catalogue.types().into_iter().map(|it| resource_type_value(base_url, it)).collect();
    ListResponse::whole(types).render()
}

/// `GET /ResourceTypes/{id}`; the id is the name, in any case.
#[must_use]
pub fn resource_type(base_url: &str, catalogue: &Catalogue, id: &str) -> Option<Value> {
    let found = catalogue.types().into_iter().find(|it| it.name.eq_ignore_ascii_case(id))?;
    Some(resource_type_value(base_url, found))
}

/// `GET /Schemas`: those of the resource types, and those that describe discovery itself.
#[must_use]
pub fn schemas<'a>(base_url: &'a str, catalogue: &'a Catalogue) -> SchemaList<'a> {
    let all = catalogue.schemas().chain(meta_schemas::all());
    let resources: Vec<_> = all.map(|schema| SchemaDocument { base_url, schema }).collect();
    SchemaList {
        schemas: [LIST_RESPONSE],
        total_results: resources.len(),
        start_index: 1,
        items_per_page: resources.len(),
        resources,
    }
}

/// `GET /Schemas/{id}`; the id is the URN, in any case.
#[must_use]
pub fn schema<'a>(
    base_url: &'a str,
    catalogue: &'a Catalogue,
    urn: &str,
) -> Option<SchemaDocument<'a>> {
    let mut all = catalogue.schemas().chain(meta_schemas::all());
    let schema = all.find(|schema| schema.id.eq_ignore_ascii_case(urn))?;
    Some(SchemaDocument { base_url, schema })
}

/// The list of all schemas. Written straight from the data: as a tree of JSON values it would be most of a cold start.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaList<'a> {
    schemas: [&'static str; 1],
    total_results: usize,
    start_index: usize,
    items_per_page: usize,
    #[serde(rename = "Resources")]
    resources: Vec<SchemaDocument<'a>>,
}

/// A schema as it is published (RFC 7643 §7).
#[derive(Debug, Clone, Copy)]
pub struct SchemaDocument<'a> {
    base_url: &'a str,
    schema: &'a Schema,
}

impl Serialize for SchemaDocument<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { base_url, schema } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schemas", &[SCHEMA])?;
        map.serialize_entry("id", &schema.id)?;
        map.serialize_entry("name", &schema.name)?;
        map.serialize_entry("description", &schema.description)?;
        map.serialize_entry("attributes", &Published(&schema.attributes))?;
        let location = format!("{}/Schemas/{}", root(base_url), schema.id);
        map.serialize_entry("meta", &SchemaMeta { resource_type: "Schema", location })?;
        map.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SchemaMeta {
    resource_type: &'static str,
    location: String,
}

/// Attributes as they are published.
struct Published<'a>(&'a [Attribute]);

impl Serialize for Published<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(PublishedAttribute))
    }
}

struct PublishedAttribute<'a>(&'a Attribute);

impl Serialize for PublishedAttribute<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let attribute = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &attribute.name)?;
        map.serialize_entry("type", type_keyword(attribute.kind))?;
        // Depth: the deepest is `attributes.subAttributes.…` of the Schema schema, written down in this crate.
        if !attribute.sub_attributes.is_empty() {
            map.serialize_entry("subAttributes", &Published(&attribute.sub_attributes))?;
        }
        map.serialize_entry("multiValued", &attribute.multi_valued)?;
        map.serialize_entry("description", &attribute.description)?;
        map.serialize_entry("required", &attribute.required)?;
        if !attribute.canonical_values.is_empty() {
            map.serialize_entry("canonicalValues", &attribute.canonical_values)?;
        }
        let compared_as_text = !matches!(
            attribute.kind,
            AttributeType::Boolean
                | AttributeType::Integer
                | AttributeType::Decimal
                | AttributeType::Complex
        );
        if compared_as_text {
            map.serialize_entry("caseExact", &attribute.case_exact)?;
        }
        map.serialize_entry("mutability", mutability_keyword(attribute.mutability))?;
        map.serialize_entry("returned", returned_keyword(attribute.returned))?;
        map.serialize_entry("uniqueness", uniqueness_keyword(attribute.uniqueness))?;
        if !attribute.reference_types.is_empty() {
            map.serialize_entry("referenceTypes", &attribute.reference_types)?;
        }
        map.end()
    }
}

fn root(base_url: &str) -> &str {
    base_url.trim_end_matches('/')
}

fn resource_type_value(base_url: &str, resource_type: &ResourceType) -> Value {
    let extensions: Vec<Value> = resource_type
        .extensions
        .iter()
        .map(|schema| json!({ "schema": schema.id, "required": false }))
        .collect();
    json!({
        "schemas": [RESOURCE_TYPE],
        "id": resource_type.name,
        "name": resource_type.name,
        "endpoint": resource_type.endpoint,
        "description": resource_type.description,
        "schema": resource_type.schema.id,
        "schemaExtensions": extensions,
        "meta": {
            "resourceType": "ResourceType",
            "location": format!("{}/ResourceTypes/{}", root(base_url), resource_type.name),
        },
    })
}

const fn type_keyword(kind: AttributeType) -> &'static str {
    match kind {
        AttributeType::String => "string",
        AttributeType::Boolean => "boolean",
        AttributeType::Decimal => "decimal",
        AttributeType::Integer => "integer",
        AttributeType::DateTime => "dateTime",
        AttributeType::Binary => "binary",
        AttributeType::Reference => "reference",
        AttributeType::Complex => "complex",
    }
}

const fn mutability_keyword(mutability: Mutability) -> &'static str {
    match mutability {
        Mutability::ReadOnly => "readOnly",
        Mutability::ReadWrite => "readWrite",
        Mutability::Immutable => "immutable",
        Mutability::WriteOnly => "writeOnly",
    }
}

const fn returned_keyword(returned: Returned) -> &'static str {
    match returned {
        Returned::Always => "always",
        Returned::Never => "never",
        Returned::Default => "default",
        Returned::Request => "request",
    }
}

const fn uniqueness_keyword(uniqueness: Uniqueness) -> &'static str {
    match uniqueness {
        Uniqueness::None => "none",
        Uniqueness::Server => "server",
        Uniqueness::Global => "global",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://scim.example.test/scim/v2/";

    fn offer() -> Offer {
        Offer {
            bulk_operations_max: 1_000,
            bulk_payload_bytes_max: 1_048_576,
            filter_results_max: 1_000,
            page_size_default: 100,
            page_size_max: 1_000,
            cursor_secs: Some(3_600),
            documentation_uri: None,
        }
    }

    fn value(document: impl Serialize) -> Value {
        serde_json::to_value(document).unwrap()
    }

    fn nulls(value: &Value) -> usize {
        match value {
            Value::Null => 1,
            Value::Array(list) => list.iter().map(nulls).sum(),
            Value::Object(object) => object.values().map(nulls).sum(),
            _ => 0,
        }
    }

    #[test]
    fn nothing_is_null() {
        let catalogue = Catalogue::standard();
        let all = [
            service_provider_config(BASE, &offer()),
            resource_types(BASE, &catalogue),
            value(schemas(BASE, &catalogue)),
        ];
        assert_eq!(all.iter().map(nulls).sum::<usize>(), 0);
    }

    #[test]
    fn the_config_tells_both_ways_of_paging() {
        let config = service_provider_config(BASE, &offer());
        assert_eq!(
            config["pagination"],
            json!({"cursor": true, "index": true, "defaultPaginationMethod": "index",
                   "defaultPageSize": 100, "maxPageSize": 1000, "cursorTimeout": 3600})
        );
        assert_eq!(config["changePassword"], json!({"supported": false}));
        assert_eq!(
            config["meta"]["location"],
            "https://scim.example.test/scim/v2/ServiceProviderConfig"
        );
    }

    #[test]
    fn all_in_the_lists_is_found_singly_in_any_case() {
        let catalogue = Catalogue::standard();
        let list = value(schemas(BASE, &catalogue));
        assert_eq!(list["totalResults"], 6);
        for one in list["Resources"].as_array().unwrap() {
            let urn = one["id"].as_str().unwrap().to_ascii_uppercase();
            assert_eq!(schema(BASE, &catalogue, &urn).map(value).as_ref(), Some(one));
        }
        for one in resource_types(BASE, &catalogue)["Resources"].as_array().unwrap() {
            let name = one["id"].as_str().unwrap().to_ascii_lowercase();
            assert_eq!(resource_type(BASE, &catalogue, &name).as_ref(), Some(one));
        }
        assert!(schema(BASE, &catalogue, "urn:x").is_none());
        assert_eq!(resource_type(BASE, &catalogue, "Robot"), None);
    }

    #[test]
    fn what_is_the_operators_own_is_not_shown() {
        let catalogue = Catalogue::standard();
        let user = value(schema(BASE, &catalogue, crate::schema::USER_SCHEMA).unwrap());
        let attributes = user["attributes"].as_array().unwrap();
        let send_emails = attributes.iter().find(|it| it["name"] == "sendEmails").unwrap();
        let names: Vec<_> = send_emails.as_object().unwrap().keys().cloned().collect();
        assert_eq!(
            names,
            [
                "name",
                "type",
                "multiValued",
                "description",
                "required",
                "mutability",
                "returned",
                "uniqueness"
            ]
        );
        assert_eq!(send_emails["mutability"], "immutable");
    }
}

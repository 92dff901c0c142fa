//! What the server tells of itself (RFC 7643 §5 to §7, RFC 7644 §4, RFC 9865 §4).
//!
//! Made from the same data that checks requests, so that the two cannot disagree. What is the operator's own
//! business (defaults, create-only) is not shown.

mod meta_schemas;

use serde_json::{Map, Value, json};

use crate::{
    message::list::ListResponse,
    schema::{
        Attribute, AttributeType, Catalogue, Mutability, ResourceType, Returned, Schema, Text,
        Uniqueness,
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
pub fn schemas(base_url: &str, catalogue: &Catalogue) -> Value {
    let published = catalogue.schemas().map(|schema| schema_value(base_url, schema));
    let own = meta_schemas::all().iter().map(|schema| schema_value(base_url, schema));
    ListResponse::whole(published.chain(own).collect()).render()
}

/// `GET /Schemas/{id}`; the id is the URN, in any case.
#[must_use]
pub fn schema(base_url: &str, catalogue: &Catalogue, urn: &str) -> Option<Value> {
    catalogue
        .schemas()
        .chain(meta_schemas::all())
        .find(|schema| schema.id.eq_ignore_ascii_case(urn))
        .map(|schema| schema_value(base_url, schema))
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

fn schema_value(base_url: &str, schema: &Schema) -> Value {
    json!({
        "schemas": [SCHEMA],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(attribute_value).collect::<Vec<_>>(),
        "meta": {
            "resourceType": "Schema",
            "location": format!("{}/Schemas/{}", root(base_url), schema.id),
        },
    })
}

fn attribute_value(attribute: &Attribute) -> Value {
    let mut map = Map::with_capacity(12);
    let mut put = |name: &str, value: Value| {
        map.insert(name.to_owned(), value);
    };
    let texts =
        |list: &[Text]| list.iter().map(|text| Value::from(text.as_ref())).collect::<Value>();
    put("name", attribute.name.as_ref().into());
    put("type", type_keyword(attribute.kind).into());
    // Depth: the deepest is `attributes.subAttributes.…` of the Schema schema, written down in this crate.
    if !attribute.sub_attributes.is_empty() {
        put("subAttributes", attribute.sub_attributes.iter().map(attribute_value).collect());
    }
    put("multiValued", attribute.multi_valued.into());
    put("description", attribute.description.as_ref().into());
    put("required", attribute.required.into());
    if !attribute.canonical_values.is_empty() {
        put("canonicalValues", texts(&attribute.canonical_values));
    }
    let compared_as_text = !matches!(
        attribute.kind,
        AttributeType::Boolean
            | AttributeType::Integer
            | AttributeType::Decimal
            | AttributeType::Complex
    );
    if compared_as_text {
        put("caseExact", attribute.case_exact.into());
    }
    put("mutability", mutability_keyword(attribute.mutability).into());
    put("returned", returned_keyword(attribute.returned).into());
    put("uniqueness", uniqueness_keyword(attribute.uniqueness).into());
    if !attribute.reference_types.is_empty() {
        put("referenceTypes", texts(&attribute.reference_types));
    }
    Value::Object(map)
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
            schemas(BASE, &catalogue),
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
        let list = schemas(BASE, &catalogue);
        assert_eq!(list["totalResults"], 6);
        for one in list["Resources"].as_array().unwrap() {
            let urn = one["id"].as_str().unwrap().to_ascii_uppercase();
            assert_eq!(schema(BASE, &catalogue, &urn).as_ref(), Some(one));
        }
        for one in resource_types(BASE, &catalogue)["Resources"].as_array().unwrap() {
            let name = one["id"].as_str().unwrap().to_ascii_lowercase();
            assert_eq!(resource_type(BASE, &catalogue, &name).as_ref(), Some(one));
        }
        assert_eq!(schema(BASE, &catalogue, "urn:x"), None);
        assert_eq!(resource_type(BASE, &catalogue, "Robot"), None);
    }

    #[test]
    fn what_is_the_operators_own_is_not_shown() {
        let user = schema(BASE, &Catalogue::standard(), crate::schema::USER_SCHEMA).unwrap();
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

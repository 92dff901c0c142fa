//! The schemas of discovery's own resources (RFC 7643 §8.7.2, RFC 9865 §4). Clients expect them in `/Schemas`.

use std::sync::LazyLock;

use super::{RESOURCE_TYPE, SCHEMA, SERVICE_PROVIDER_CONFIG};
use crate::schema::{Attribute, Schema, Uniqueness};

static ALL: LazyLock<[Schema; 3]> =
    LazyLock::new(|| [service_provider_config(), resource_type(), schema()]);

pub(super) fn all() -> &'static [Schema] {
    ALL.as_slice()
}

fn described(
    id: &'static str,
    name: &'static str,
    description: &'static str,
    attributes: Vec<Attribute>,
) -> Schema {
    let attributes = attributes.into_iter().map(Attribute::read_only).collect();
    Schema { id: id.into(), name: name.into(), description: description.into(), attributes }
}

fn supported() -> Attribute {
    Attribute::boolean("supported", "Whether it is supported.").required()
}

fn feature(name: &'static str, description: &'static str, more: Vec<Attribute>) -> Attribute {
    let parts = std::iter::once(supported()).chain(more).collect();
    Attribute::complex(name, description, parts).required()
}

fn service_provider_config() -> Schema {
    let bulk = vec![
        Attribute::integer("maxOperations", "The most operations of one request.").required(),
        Attribute::integer("maxPayloadSize", "The largest request, in bytes.").required(),
    ];
    let filter =
        vec![Attribute::integer("maxResults", "The most resources of one answer.").required()];
    let pagination = vec![
        Attribute::boolean("cursor", "Whether pages are found by cursor.").required(),
        Attribute::boolean("index", "Whether pages are found by number.").required(),
        Attribute::string("defaultPaginationMethod", "What is used when the client does not say.")
            .suggested(&["cursor", "index"]),
        Attribute::integer(
            "defaultPageSize",
            "The resources of a page when the client does not say.",
        ),
        Attribute::integer("maxPageSize", "The most resources of a page."),
        Attribute::integer("cursorTimeout", "For how many seconds a cursor holds at least."),
    ];
    described(
        SERVICE_PROVIDER_CONFIG,
        "ServiceProviderConfig",
        "What this server supports",
        vec![
            Attribute::reference("documentationUri", &["external"], "Where people read about it."),
            feature("patch", "PATCH.", Vec::new()),
            feature("bulk", "Bulk requests.", bulk),
            feature("filter", "Filters.", filter),
            feature("changePassword", "Changing passwords.", Vec::new()),
            feature("sort", "Sorting.", Vec::new()),
            feature("etag", "ETags.", Vec::new()),
            Attribute::complex("pagination", "How lists are paged.", pagination),
            Attribute::complex(
                "authenticationSchemes",
                "How clients authenticate.",
                authentication_scheme(),
            )
            .many()
            .required(),
        ],
    )
}

fn authentication_scheme() -> Vec<Attribute> {
    vec![
        Attribute::string("type", "The kind of authentication.").required().suggested(&[
            "oauth",
            "oauth2",
            "oauthbearertoken",
            "httpbasic",
            "httpdigest",
        ]),
        Attribute::string("name", "Its common name.").required(),
        Attribute::string("description", "What it is.").required(),
        Attribute::reference("specUri", &["external"], "Where it is specified."),
        Attribute::reference("documentationUri", &["external"], "Where its use is explained."),
        Attribute::boolean("primary", "Whether it is the preferred one."),
    ]
}

fn resource_type() -> Schema {
    let extensions = vec![
        Attribute::reference("schema", &["uri"], "The URN of the extension.").required(),
        Attribute::boolean("required", "Whether every resource has it.").required(),
    ];
    described(
        RESOURCE_TYPE,
        "ResourceType",
        "What a resource type is made of",
        vec![
            Attribute::string("id", "The same as the name."),
            Attribute::string("name", "The name of the resource type.").required(),
            Attribute::string("description", "What it is."),
            Attribute::reference(
                "endpoint",
                &["uri"],
                "Where its resources are, below the SCIM root.",
            )
            .required(),
            Attribute::reference("schema", &["uri"], "The URN of its base schema.").required(),
            Attribute::complex("schemaExtensions", "Its extensions.", extensions).many(),
        ],
    )
}

fn schema() -> Schema {
    let mut parts = characteristics();
    parts.push(
        Attribute::complex("subAttributes", "The parts of a complex attribute.", characteristics())
            .many()
            .read_only(),
    );
    described(
        SCHEMA,
        "Schema",
        "What a schema is made of",
        vec![
            Attribute::string("id", "The URN of the schema.").required().unique(Uniqueness::Server),
            Attribute::string("name", "The name of the schema.").required(),
            Attribute::string("description", "What it is."),
            Attribute::complex("attributes", "Its attributes.", parts).many().required(),
        ],
    )
}

fn characteristics() -> Vec<Attribute> {
    vec![
        Attribute::string("name", "The attribute's name.").exact().required(),
        Attribute::string("type", "Its data type.").required().suggested(&[
            "string",
            "complex",
            "boolean",
            "decimal",
            "integer",
            "dateTime",
            "reference",
            "binary",
        ]),
        Attribute::boolean("multiValued", "Whether it is a list.").required(),
        Attribute::string("description", "What it is.").exact(),
        Attribute::boolean("required", "Whether every resource has it."),
        Attribute::string("canonicalValues", "Values that are suggested.").exact().many(),
        Attribute::boolean("caseExact", "Whether its text is compared with regard to case."),
        Attribute::string("mutability", "When a client may set it.").exact().suggested(&[
            "readOnly",
            "readWrite",
            "immutable",
            "writeOnly",
        ]),
        Attribute::string("returned", "When it is in an answer.")
            .exact()
            .suggested(&["always", "never", "default", "request"]),
        Attribute::string("uniqueness", "How far it is unique.")
            .exact()
            .suggested(&["none", "server", "global"]),
        Attribute::string("referenceTypes", "What it may refer to.").exact().many(),
    ]
}

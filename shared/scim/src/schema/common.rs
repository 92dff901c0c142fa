//! The attributes that every resource has and no schema lists (RFC 7643 §3.1, §3): `schemas`, `id`,
//! `externalId`, `meta`. Filters, sorting and projection name them like any other.

use std::sync::LazyLock;

use super::{Attribute, AttributeType, Mutability, Returned, Uniqueness};

static COMMON: LazyLock<[Attribute; 4]> = LazyLock::new(|| {
    [
        Attribute::reference(
            "schemas",
            &["uri"],
            "The URNs of the schemas that make up this resource.",
        )
        .many()
        .required()
        .returned(Returned::Always)
        .read_only(),
        Attribute::string("id", "The identifier that this server gave the resource.")
            .exact()
            .returned(Returned::Always)
            .unique(Uniqueness::Server)
            .read_only(),
        Attribute::string("externalId", "The identifier that the provisioning client uses.")
            .exact(),
        Attribute::complex(
            "meta",
            "What the server knows about the resource itself.",
            vec![
                Attribute::string("resourceType", "The name of the resource type.").exact(),
                Attribute::new(AttributeType::DateTime, "created", "When the resource was made."),
                Attribute::new(AttributeType::DateTime, "lastModified", "When it last changed."),
                Attribute::reference("location", &["uri"], "Its URL."),
                Attribute::string("version", "Its version, also sent as `ETag`.").exact(),
            ],
        )
        .read_only(),
    ]
});

/// All four.
#[must_use]
pub fn attributes() -> &'static [Attribute] {
    COMMON.as_slice()
}

/// The common attribute of this name, in any case.
#[must_use]
pub fn attribute(name: &str) -> Option<&'static Attribute> {
    COMMON.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// Whether a client may write it: `externalId` only.
#[must_use]
pub fn is_writable(attribute: &Attribute) -> bool {
    attribute.mutability == Mutability::ReadWrite
}

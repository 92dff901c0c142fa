//! The core Group schema (RFC 7643 §4.2).

use super::{Attribute, GROUP_SCHEMA, Mutability, ResourceType, Schema, Uniqueness};

/// The Group resource type (RFC 7643 §6).
#[must_use]
pub fn resource_type() -> ResourceType {
    ResourceType {
        name: "Group".into(),
        endpoint: "/Groups".into(),
        description: "A group of people and of other groups.".into(),
        schema: schema(),
        extensions: Vec::new(),
    }
}

/// The core Group schema (RFC 7643 §8.7.1), stricter in one place: identity providers link groups by their
/// name, so a group has one and it is unique.
#[must_use]
pub fn schema() -> Schema {
    let member = vec![
        Attribute::string("value", "The member's id.").exact(),
        Attribute::reference("$ref", &["User", "Group"], "The member's URL."),
        Attribute::string("type", "What the member is.").suggested(&["User", "Group"]),
        // Not among the RFC's sub-attributes, but in its examples (§8.4), and Okta always sends it.
        Attribute::string("display", "The member's name."),
    ];
    let member = member.into_iter().map(|part| part.mutable(Mutability::Immutable)).collect();
    Schema {
        id: GROUP_SCHEMA.into(),
        name: "Group".into(),
        description: "Group".into(),
        attributes: vec![
            Attribute::string(
                "displayName",
                "The group's name, unique without regard to case. REQUIRED.",
            )
            .required()
            .unique(Uniqueness::Server),
            Attribute::complex("members", "The people and groups in this group.", member).many(),
        ],
    }
}

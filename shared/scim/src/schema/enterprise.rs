//! The enterprise User extension (RFC 7643 §4.3).

use super::{Attribute, ENTERPRISE_SCHEMA, Schema};

/// The extension's schema (RFC 7643 §8.7.1).
#[must_use]
pub fn schema() -> Schema {
    Schema {
        id: ENTERPRISE_SCHEMA.into(),
        name: "EnterpriseUser".into(),
        description: "Enterprise User".into(),
        attributes: vec![
            Attribute::string(
                "employeeNumber",
                "The number or code that the organization knows the person by.",
            ),
            Attribute::string("costCenter", "The name of a cost center."),
            Attribute::string("organization", "The name of an organization."),
            Attribute::string("division", "The name of a division."),
            Attribute::string("department", "The name of a department."),
            Attribute::complex(
                "manager",
                "The person's manager.",
                vec![
                    Attribute::string("value", "The id of the manager's user.").exact(),
                    Attribute::reference("$ref", &["User"], "The URL of the manager's user."),
                    Attribute::string("displayName", "The manager's displayName.").read_only(),
                ],
            ),
        ],
    }
}

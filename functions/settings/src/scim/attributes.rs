//! The attributes that are taken, from the schemas that are served (P5, P8, P9).

use lychgate_edge::pages::settings::scim::{AttributeLine, AttributeTable};
use lychgate_scim::schema::{
    Attribute, AttributeType, Catalogue, GROUP_SCHEMA, Mutability, Schema, USER_SCHEMA, Uniqueness,
};

/// A table for each schema: of people, of groups, each with its extensions.
pub(super) fn tables(catalogue: &Catalogue) -> Vec<AttributeTable> {
    let mut tables = Vec::new();
    for (whose, resource) in [("People", &catalogue.user), ("Groups", &catalogue.group)] {
        let mut base = table(whose.to_owned(), &resource.schema);
        base.lines.insert(0, external_id());
        tables.push(base);
        tables.extend(
            resource
                .extensions
                .iter()
                .map(|extension| table(format!("{whose}: {}", extension.name), extension)),
        );
    }
    tables
}

/// A common attribute (RFC 7643 §3.1): no schema has it.
fn external_id() -> AttributeLine {
    AttributeLine {
        name: "externalId".to_owned(),
        parts: String::new(),
        kind: "text",
        text: "The identity provider’s own id, by which it finds what it made: Okta’s user id, Entra’s objectId."
            .to_owned(),
    }
}

fn table(title: String, schema: &Schema) -> AttributeTable {
    let taken = schema.attributes.iter().filter(|attribute| is_taken(attribute));
    AttributeTable {
        title,
        urn: schema.id.to_string(),
        lines: taken.map(|attribute| line(&schema.id, attribute)).collect(),
    }
}

fn is_taken(attribute: &Attribute) -> bool {
    attribute.mutability != Mutability::ReadOnly
}

fn line(urn: &str, attribute: &Attribute) -> AttributeLine {
    let parts = attribute.sub_attributes.iter().filter(|part| is_taken(part));
    let parts: Vec<&str> = parts.map(|part| part.name.as_ref()).collect();
    let mut text = attribute.description.to_string();
    let mut add = |sentence: &str| {
        text.push(' ');
        text.push_str(sentence);
    };
    if attribute.required && !attribute.description.contains("REQUIRED") {
        add("Required.");
    }
    if attribute.uniqueness != Uniqueness::None {
        add("Unique within the organization.");
    }
    if attribute.create_only {
        add("Set at creation; later values are not taken.");
    } else if attribute.mutability == Mutability::Immutable {
        add("Set once.");
    }
    if let Some(shown) = shown_at(urn, &attribute.name) {
        add(shown);
    }
    AttributeLine {
        name: attribute.name.to_string(),
        parts: parts.join(", "),
        kind: kind(attribute),
        text,
    }
}

/// Where the pages show it, or what it does here, beyond what its schema says.
fn shown_at(urn: &str, name: &str) -> Option<&'static str> {
    Some(match (urn, name) {
        (USER_SCHEMA, "userName") => {
            "Shown as the member’s name for signing in; an e-mail address, or what the NameID of SAML says."
        }
        (USER_SCHEMA, "displayName" | "name") => {
            "Shown beside the member, and told to the application."
        }
        (USER_SCHEMA, "emails") => "The primary one is told to the application.",
        (USER_SCHEMA, "active") => "Shown under Members → Suspended when it is false.",
        (GROUP_SCHEMA, "displayName") => {
            "Shown under Members → Groups; links of Okta find a group by it."
        }
        (GROUP_SCHEMA, "members") => "People and other groups, by their ids.",
        _ => return None,
    })
}

const fn kind(attribute: &Attribute) -> &'static str {
    match (attribute.kind, attribute.multi_valued) {
        (AttributeType::Complex, true) => "list of objects",
        (_, true) => "list",
        (AttributeType::Complex, false) => "object",
        (AttributeType::Boolean, false) => "true or false",
        (AttributeType::Integer | AttributeType::Decimal, false) => "number",
        (AttributeType::DateTime, false) => "date and time",
        (AttributeType::Reference, false) => "address",
        (AttributeType::String | AttributeType::Binary, false) => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_may_set_is_there_and_nothing_else() {
        let tables = tables(&Catalogue::standard());
        let titles: Vec<_> = tables.iter().map(|table| table.title.as_str()).collect();
        assert_eq!(titles, ["People", "People: EnterpriseUser", "Groups"]);
        let people: Vec<&str> = tables[0].lines.iter().map(|line| line.name.as_str()).collect();
        for name in ["userName", "externalId", "active", "sendEmails", "emails"] {
            assert!(people.contains(&name), "{name}");
        }
        for name in ["groups", "id", "meta"] {
            assert!(!people.contains(&name), "{name}");
        }
        let line = |name| tables[0].lines.iter().find(|line| line.name == name).unwrap();
        assert!(line("sendEmails").text.contains("Set at creation"));
        assert_eq!(line("sendEmails").kind, "true or false");
        assert!(line("name").parts.contains("givenName"));
    }

    #[test]
    fn every_attribute_that_is_named_here_is_in_the_schemas() {
        let catalogue = Catalogue::standard();
        let named = |urn, names: &[&str]| {
            let schema = catalogue.schemas().find(|schema| schema.id == urn).unwrap();
            for name in names {
                assert!(schema.attribute(name).is_some(), "{name}");
                assert!(shown_at(urn, name).is_some(), "{name}");
            }
        };
        named(USER_SCHEMA, &["userName", "displayName", "name", "emails", "active"]);
        named(GROUP_SCHEMA, &["displayName", "members"]);
    }

    #[test]
    fn what_the_operator_declares_is_shown() {
        let urn = "urn:example:params:scim:schemas:product:2.0:Group";
        let document = format!(
            r#"[{{"schema": "{urn}", "resourceType": "Group", "name": "badgeColor", "type": "string",
                 "description": "The color of badges.", "createOnly": true}}]"#
        );
        let tables = tables(&Catalogue::with_declared(&document).unwrap());
        let declared = tables.iter().find(|table| table.urn == urn).unwrap();
        assert!(declared.title.starts_with("Groups: "), "{}", declared.title);
        let [line] = declared.lines.as_slice() else { panic!("{declared:?}") };
        let text = "The color of badges. Set at creation; later values are not taken.";
        assert_eq!((line.name.as_str(), line.text.as_str()), ("badgeColor", text));
    }
}

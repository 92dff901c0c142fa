//! The core User schema (RFC 7643 §4.1), with Lychgate's `sendEmails`.

use serde_json::Value;

use super::{
    Attribute, AttributeType, Mutability, ResourceType, Returned, Schema, USER_SCHEMA, Uniqueness,
    enterprise,
};

/// The User resource type with the enterprise extension (RFC 7643 §6).
#[must_use]
pub fn resource_type() -> ResourceType {
    ResourceType {
        name: "User".into(),
        endpoint: "/Users".into(),
        description: "A person of the organization.".into(),
        schema: schema(),
        extensions: vec![enterprise::schema()],
    }
}

/// The core User schema (RFC 7643 §8.7.1).
#[must_use]
pub fn schema() -> Schema {
    let mut attributes = names();
    attributes.extend(account());
    attributes.extend(contacts());
    attributes.extend(access());
    Schema {
        id: USER_SCHEMA.into(),
        name: "User".into(),
        description: "User Account".into(),
        attributes,
    }
}

fn names() -> Vec<Attribute> {
    vec![
        Attribute::string(
            "userName",
            "The unique name that the person signs in with, compared without regard to case. REQUIRED.",
        )
        .required()
        .unique(Uniqueness::Server),
        Attribute::complex(
            "name",
            "The parts of the person's name.",
            vec![
                Attribute::string("formatted", "The whole name, ready to be shown."),
                Attribute::string("familyName", "The family name, or last name in most Western languages."),
                Attribute::string("givenName", "The given name, or first name in most Western languages."),
                Attribute::string("middleName", "The middle name or names."),
                Attribute::string("honorificPrefix", "Titles before the name, such as 'Ms.'."),
                Attribute::string("honorificSuffix", "Titles after the name, such as 'III'."),
            ],
        ),
        Attribute::string("displayName", "The name to show to other people."),
        Attribute::string("nickName", "What the person is called in daily life."),
        Attribute::reference("profileUrl", &["external"], "The URL of the person's profile page."),
        Attribute::string("title", "The person's title, such as 'Vice President'."),
        Attribute::string("userType", "The relation to the organization, such as 'Employee' or 'Contractor'."),
        Attribute::string("preferredLanguage", "Preferred languages, as an Accept-Language header has them."),
        Attribute::string("locale", "Where the person is, for currency, dates and numbers, such as 'en-US'."),
        Attribute::string("timezone", "The IANA time zone, such as 'America/Los_Angeles'."),
    ]
}

fn account() -> Vec<Attribute> {
    vec![
        Attribute::boolean(
            "active",
            "Whether the person may sign in. False suspends: sessions end, everything is kept.",
        )
        .default(Value::Bool(true)),
        Attribute::string("password", "Accepted and not stored: people sign in through the identity provider.")
            .exact()
            .mutable(Mutability::WriteOnly)
            .returned(Returned::Never),
        // Not in the RFC: Kisi's, in the core schema as Kisi has it (P8).
        Attribute::boolean(
            "sendEmails",
            "Whether the person gets e-mails from the product. Set when the user is created, true if absent.",
        )
        .create_only()
        .default(Value::Bool(true)),
    ]
}

fn contacts() -> Vec<Attribute> {
    vec![
        plural(
            "emails",
            "E-mail addresses.",
            Attribute::string("value", "The address."),
            &["work", "home", "other"],
        ),
        plural(
            "phoneNumbers",
            "Phone numbers.",
            Attribute::string("value", "The number, kept as it is sent."),
            &["work", "home", "mobile", "fax", "pager", "other"],
        ),
        plural(
            "ims",
            "Instant messaging addresses.",
            Attribute::string("value", "The address."),
            &["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"],
        ),
        plural(
            "photos",
            "Pictures of the person.",
            Attribute::reference("value", &["external"], "The URL of the picture."),
            &["photo", "thumbnail"],
        ),
        Attribute::complex(
            "addresses",
            "Postal addresses.",
            vec![
                Attribute::string(
                    "formatted",
                    "The whole address, ready to be shown; may hold line breaks.",
                ),
                Attribute::string("streetAddress", "Street, house number, post office box."),
                Attribute::string("locality", "The city."),
                Attribute::string("region", "The state or region."),
                Attribute::string("postalCode", "The postal code."),
                Attribute::string("country", "The country, as ISO 3166-1 alpha-2 has it."),
                kind(&["work", "home", "other"]),
                primary(),
            ],
        )
        .many(),
    ]
}

fn access() -> Vec<Attribute> {
    vec![
        Attribute::complex(
            "groups",
            "The groups that the person is in. Changed through the groups only.",
            vec![
                Attribute::string("value", "The group's id.").exact(),
                Attribute::reference("$ref", &["Group"], "The group's URL."),
                Attribute::string("display", "The group's name."),
                kind(&["direct", "indirect"]),
            ],
        )
        .many()
        .read_only(),
        plural(
            "entitlements",
            "What the person is entitled to.",
            Attribute::string("value", "The entitlement."),
            &[],
        ),
        plural(
            "roles",
            "What the person is, such as 'Student'.",
            Attribute::string("value", "The role."),
            &[],
        ),
        plural(
            "x509Certificates",
            "The person's certificates.",
            Attribute::new(AttributeType::Binary, "value", "The certificate: DER in base64."),
            &[],
        ),
    ]
}

/// A multi-valued attribute in the RFC's usual shape (RFC 7643 §2.4).
fn plural(
    name: &'static str,
    description: &'static str,
    value: Attribute,
    types: &[&'static str],
) -> Attribute {
    let display = Attribute::string("display", "A name for people to read.");
    Attribute::complex(name, description, vec![value, display, kind(types), primary()]).many()
}

fn kind(types: &[&'static str]) -> Attribute {
    Attribute::string("type", "What it is for.").suggested(types)
}

fn primary() -> Attribute {
    Attribute::boolean("primary", "Whether it is the preferred one; at most one is.")
}

//! Schemas as data: attributes with their characteristics (RFC 7643 §2.2, §7). Everything else in this
//! crate asks these types what an attribute may be; nothing hard-codes a name that a schema could tell.

mod build;
mod catalogue;
pub mod common;
pub mod declared;
pub mod enterprise;
pub mod group;
pub mod user;

use std::borrow::Cow;

use serde_json::Value;

pub use catalogue::Catalogue;
pub use declared::DeclaredError;

/// `urn:ietf:params:scim:schemas:core:2.0:User`
pub const USER_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// `urn:ietf:params:scim:schemas:core:2.0:Group`
pub const GROUP_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`
pub const ENTERPRISE_SCHEMA: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Static in the RFC's schemas, owned in what an operator declares.
pub type Text = Cow<'static, str>;

/// The data type of an attribute (RFC 7643 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttributeType {
    /// UTF-8 text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A real number.
    Decimal,
    /// A whole number.
    Integer,
    /// xsd:dateTime as text.
    DateTime,
    /// base64 text.
    Binary,
    /// A URI as text.
    Reference,
    /// An object of sub-attributes.
    Complex,
}

/// When a client may set an attribute (RFC 7643 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mutability {
    /// Never.
    ReadOnly,
    /// Always.
    ReadWrite,
    /// At creation, or while it has no value.
    Immutable,
    /// Always, and never returned.
    WriteOnly,
}

/// When an attribute is in an answer (RFC 7643 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Returned {
    /// Whatever the client asks.
    Always,
    /// Never.
    Never,
    /// Unless the client excludes it.
    Default,
    /// Only when the client asks.
    Request,
}

/// How far a value must be unique (RFC 7643 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Uniqueness {
    /// Not at all.
    None,
    /// Within the organization.
    Server,
    /// Everywhere.
    Global,
}

/// One attribute or sub-attribute with all its characteristics.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// The name in its canonical case.
    pub name: Text,
    /// The data type.
    pub kind: AttributeType,
    /// Whether it is a list.
    pub multi_valued: bool,
    /// One sentence for people.
    pub description: Text,
    /// Whether a resource must have it.
    pub required: bool,
    /// Suggested values (never enforced: RFC 7643 §2.2).
    pub canonical_values: Vec<Text>,
    /// Whether comparison regards case.
    pub case_exact: bool,
    /// When a client may set it.
    pub mutability: Mutability,
    /// When it is answered.
    pub returned: Returned,
    /// How far it is unique.
    pub uniqueness: Uniqueness,
    /// What a reference may point to.
    pub reference_types: Vec<Text>,
    /// The parts of a complex attribute.
    pub sub_attributes: Vec<Attribute>,
    /// Immutable in the way of P8: a later PUT with another value keeps the first and is answered 200.
    pub create_only: bool,
    /// The value of a new resource that does not bring one.
    pub default: Option<Value>,
}

impl Attribute {
    /// The sub-attribute of this name, in any case.
    #[must_use]
    pub fn sub_attribute(&self, name: &str) -> Option<&Attribute> {
        self.sub_attributes.iter().find(|sub| sub.name.eq_ignore_ascii_case(name))
    }
}

/// A schema: a URN and its attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    /// The URN.
    pub id: Text,
    /// A name for people.
    pub name: Text,
    /// One sentence for people.
    pub description: Text,
    /// The top-level attributes, without the common ones (`schemas`, `id`, `externalId`, `meta`).
    pub attributes: Vec<Attribute>,
}

impl Schema {
    /// The top-level attribute of this name, in any case.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }
}

/// A resource type: where it lives and which schemas make it up (RFC 7643 §6).
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceType {
    /// `User` or `Group`; also its `id`.
    pub name: Text,
    /// `/Users` or `/Groups`.
    pub endpoint: Text,
    /// One sentence for people.
    pub description: Text,
    /// The base schema.
    pub schema: Schema,
    /// The extensions; none is required.
    pub extensions: Vec<Schema>,
}

impl ResourceType {
    /// The extension with this URN, in any case.
    #[must_use]
    pub fn extension(&self, urn: &str) -> Option<&Schema> {
        self.extensions.iter().find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// Takes a schema's URN off a qualified name: the extension (`None` for the base schema) and what stands
    /// behind the colon, empty when the name is the URN alone. A name without a URN is the base schema's.
    ///
    /// `None` when the name begins with a URN that this resource type does not have.
    #[must_use]
    pub fn split_urn<'t, 'n>(&'t self, name: &'n str) -> Option<(Option<&'t Schema>, &'n str)> {
        if !name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) {
            return Some((None, name));
        }
        let extensions = self.extensions.iter().map(|schema| (Some(schema), &schema.id));
        extensions
            .chain([(None, &self.schema.id)])
            .find_map(|(extension, urn)| Some((extension, without_urn(name, urn)?)))
    }
}

fn without_urn<'n>(name: &'n str, urn: &str) -> Option<&'n str> {
    let (start, rest) = name.split_at_checked(urn.len())?;
    if !start.eq_ignore_ascii_case(urn) {
        return None;
    }
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix(':') }
}

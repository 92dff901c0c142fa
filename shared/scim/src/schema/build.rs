//! How the schemas of this crate are written down: an attribute begins with the defaults of RFC 7643 §2.2,
//! each further word changes one characteristic.

use serde_json::Value;

use super::{Attribute, AttributeType, Mutability, Returned, Text, Uniqueness};

impl Attribute {
    /// An attribute with the defaults of RFC 7643 §2.2: optional, single, readWrite, returned by default, not
    /// unique. References, binaries and dates compare exactly (§2.3.5 to §2.3.7), other text without case.
    pub(crate) fn new(
        kind: AttributeType,
        name: impl Into<Text>,
        description: impl Into<Text>,
    ) -> Self {
        let case_exact = matches!(
            kind,
            AttributeType::Reference | AttributeType::Binary | AttributeType::DateTime
        );
        Self {
            name: name.into(),
            kind,
            multi_valued: false,
            description: description.into(),
            required: false,
            canonical_values: Vec::new(),
            case_exact,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            reference_types: Vec::new(),
            sub_attributes: Vec::new(),
            create_only: false,
            default: None,
        }
    }

    pub(crate) fn string(name: &'static str, description: &'static str) -> Self {
        Self::new(AttributeType::String, name, description)
    }

    pub(crate) fn boolean(name: &'static str, description: &'static str) -> Self {
        Self::new(AttributeType::Boolean, name, description)
    }

    pub(crate) fn integer(name: &'static str, description: &'static str) -> Self {
        Self::new(AttributeType::Integer, name, description)
    }

    pub(crate) fn reference(
        name: &'static str,
        types: &[&'static str],
        description: &'static str,
    ) -> Self {
        Self {
            reference_types: types.iter().map(|name| Text::Borrowed(name)).collect(),
            ..Self::new(AttributeType::Reference, name, description)
        }
    }

    pub(crate) fn complex(
        name: &'static str,
        description: &'static str,
        sub_attributes: Vec<Self>,
    ) -> Self {
        Self { sub_attributes, ..Self::new(AttributeType::Complex, name, description) }
    }

    pub(crate) fn many(self) -> Self {
        Self { multi_valued: true, ..self }
    }

    pub(crate) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(crate) fn exact(self) -> Self {
        Self { case_exact: true, ..self }
    }

    pub(crate) fn unique(self, uniqueness: Uniqueness) -> Self {
        Self { uniqueness, ..self }
    }

    pub(crate) fn mutable(self, mutability: Mutability) -> Self {
        Self { mutability, ..self }
    }

    pub(crate) fn returned(self, returned: Returned) -> Self {
        Self { returned, ..self }
    }

    pub(crate) fn suggested(self, values: &[&'static str]) -> Self {
        Self {
            canonical_values: values.iter().map(|value| Text::Borrowed(value)).collect(),
            ..self
        }
    }

    pub(crate) fn create_only(self) -> Self {
        Self { create_only: true, mutability: Mutability::Immutable, ..self }
    }

    pub(crate) fn default(self, value: Value) -> Self {
        Self { default: Some(value), ..self }
    }

    /// Read-only, with all its parts.
    pub(crate) fn read_only(mut self) -> Self {
        for sub in &mut self.sub_attributes {
            sub.mutability = Mutability::ReadOnly;
        }
        self.mutable(Mutability::ReadOnly)
    }
}

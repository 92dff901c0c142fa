//! A resource as attributes: what the store keeps, what filters read and what PATCH changes.

use serde_json::{Map, Value};

/// The attributes of a resource in canonical form.
///
/// Core attributes stand under their canonical names, each extension's under its URN (an object, absent
/// when empty). `schemas`, `id`, `meta`, a group's `members` and a user's `groups` are *not* in here:
/// they are made when the resource is rendered. `externalId` is.
///
/// INVARIANT: every name is spelled as its schema spells it, every value has the type that its schema
/// says, there is no `null` and no empty list or object. Only this crate's parsers and PATCH make one;
/// [`Resource::trusted`] is for reading back what they made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resource {
    pub(crate) attributes: Map<String, Value>,
}

impl Resource {
    /// Wraps attributes that were taken from a [`Resource`] before, as the store does when it reads.
    #[must_use]
    pub const fn trusted(attributes: Map<String, Value>) -> Self {
        Self { attributes }
    }

    /// The attributes, as the store keeps them.
    #[must_use]
    pub const fn attributes(&self) -> &Map<String, Value> {
        &self.attributes
    }

    /// A top-level attribute's text, by its canonical name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).and_then(Value::as_str)
    }
}

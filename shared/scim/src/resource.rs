//! A resource as attributes: what the store keeps, what filters read and what PATCH changes
//! (RFC 7643 §3). Bodies become one in `intake`, answers are made of one in `render`.

mod entries;
mod intake;
mod members;
mod render;

use serde_json::{Map, Value};

pub use entries::{Entry, attribute_entries};
pub use intake::{LOOKUP_TEXT_BYTES_MAX, RESOURCE_BYTES_MAX, USER_NAME_BYTES_MAX};
pub use members::{MEMBER_ID_BYTES_MAX, MEMBERS_PER_REQUEST_MAX, MemberKind, MemberRef};
pub use render::{Linked, Meta};

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

/// What a body brought: the resource, and a group's members beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// The resource as it is to be stored.
    pub resource: Resource,
    /// A group's members, each once, in the order of the body; `None` when the body does not speak of them,
    /// and for users always.
    pub members: Option<Vec<MemberRef>>,
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

    /// The attributes, taken out.
    #[must_use]
    pub fn into_attributes(self) -> Map<String, Value> {
        self.attributes
    }

    /// A top-level attribute's text, by its canonical name.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).and_then(Value::as_str)
    }

    /// The length of the attributes as JSON, in bytes.
    #[must_use]
    pub fn json_bytes(&self) -> usize {
        struct Count(usize);
        impl std::io::Write for Count {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0 += bytes.len();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut count = Count(0);
        // Neither the counter nor a map with text keys can fail.
        let _ = serde_json::to_writer(&mut count, &self.attributes);
        count.0
    }
}

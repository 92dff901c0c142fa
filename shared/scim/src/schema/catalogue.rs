//! The resource types that are served (RFC 7643 §6), with what the operator declared.

use super::{ResourceType, Schema, declared, group, user};

/// The User and the Group resource type as one directory serves them.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    /// Users.
    pub user: ResourceType,
    /// Groups.
    pub group: ResourceType,
}

impl Catalogue {
    /// The RFC's schemas with Lychgate's `sendEmails`.
    #[must_use]
    pub fn standard() -> Self {
        Self { user: user::resource_type(), group: group::resource_type() }
    }

    /// The standard schemas with the attributes that this document declares (P9); its form is described in
    /// [`mod@declared`].
    ///
    /// # Errors
    /// The first mistake in the document, and what to change.
    pub fn with_declared(document: &str) -> Result<Self, declared::DeclaredError> {
        let mut catalogue = Self::standard();
        declared::add(&mut catalogue, document)?;
        Ok(catalogue)
    }

    /// Both resource types.
    #[must_use]
    pub const fn types(&self) -> [&ResourceType; 2] {
        [&self.user, &self.group]
    }

    /// Every schema once: of users, then of groups.
    pub fn schemas(&self) -> impl Iterator<Item = &Schema> {
        let of_users = std::iter::once(&self.user.schema).chain(&self.user.extensions);
        let of_groups = std::iter::once(&self.group.schema).chain(&self.group.extensions);
        of_users.chain(of_groups)
    }
}

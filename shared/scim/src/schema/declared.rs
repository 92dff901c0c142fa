//! Attributes that an operator declares for their product (P9).

use super::ResourceType;

/// The resource types that this server serves.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    /// Users.
    pub user: ResourceType,
    /// Groups.
    pub group: ResourceType,
}

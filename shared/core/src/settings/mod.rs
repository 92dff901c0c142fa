//! Settings → SSO & SCIM: who may open the owner's pages and how far (O3, O4, W2, W4), and the links that lead there.
//!
//! The pages change things through the use cases of [`crate::operator`], with another actor. What is here decides
//! who is looking: an owner by their session, an owner by a link that the operator's product made, or somebody with a
//! set-up link, who has no account and sees what the link was made for.

pub mod access;
pub mod actor_words;
pub mod history_words;
pub mod link;
pub mod links;

use crate::ids::OrganizationId;

/// Where an organization's settings are: a path of ours.
#[must_use]
pub fn path(organization: &OrganizationId) -> String {
    format!("/settings/{organization}")
}

//! The rule about owners (O4): somebody must be able to get in. Pure: an organization in, one out.
//!
//! INVARIANT: `owners` are members who are not suspended, `owners_suspended` are members who are; nobody is in
//! both. Every change of a member that moves an owner carries the organization in the same transaction, with
//! its version, so that two requests cannot each suspend "the other one".

use crate::{
    ids::UserId,
    organization::{OWNERS_MAX, Organization},
};

/// Why the owners cannot be changed so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnersRefusal {
    /// It is the last owner who can get in.
    LastOwner,
    /// There are [`OWNERS_MAX`] owners.
    TooMany,
}

/// Whether the member is an owner, suspended or not.
#[must_use]
pub fn is_owner(organization: &Organization, member: UserId) -> bool {
    organization.owners.contains(&member) || organization.owners_suspended.contains(&member)
}

/// The organization with one more owner; `None` when the member is one already. The member is not suspended.
///
/// # Errors
/// [`OwnersRefusal::TooMany`].
pub fn with(
    organization: &Organization,
    member: UserId,
) -> Result<Option<Organization>, OwnersRefusal> {
    if is_owner(organization, member) {
        return Ok(None);
    }
    if organization.owners.len() + organization.owners_suspended.len() >= OWNERS_MAX {
        return Err(OwnersRefusal::TooMany);
    }
    let mut after = next(organization);
    after.owners.push(member);
    Ok(Some(after))
}

/// The organization without this owner (removed as one, or deleted); `None` when the member is none.
///
/// # Errors
/// [`OwnersRefusal::LastOwner`].
pub fn without(
    organization: &Organization,
    member: UserId,
) -> Result<Option<Organization>, OwnersRefusal> {
    if !is_owner(organization, member) {
        return Ok(None);
    }
    if organization.owners == [member] {
        return Err(OwnersRefusal::LastOwner);
    }
    let mut after = next(organization);
    after.owners.retain(|owner| *owner != member);
    after.owners_suspended.retain(|owner| *owner != member);
    Ok(Some(after))
}

/// The organization when the member has just been suspended; `None` when that changes nothing here.
///
/// # Errors
/// [`OwnersRefusal::LastOwner`].
pub fn with_suspended(
    organization: &Organization,
    member: UserId,
) -> Result<Option<Organization>, OwnersRefusal> {
    if !organization.owners.contains(&member) {
        return Ok(None);
    }
    if organization.owners == [member] {
        return Err(OwnersRefusal::LastOwner);
    }
    let mut after = next(organization);
    after.owners.retain(|owner| *owner != member);
    after.owners_suspended.push(member);
    Ok(Some(after))
}

/// The organization when nothing suspends the member any longer; `None` when that changes nothing here.
#[must_use]
pub fn with_restored(organization: &Organization, member: UserId) -> Option<Organization> {
    if !organization.owners_suspended.contains(&member) {
        return None;
    }
    let mut after = next(organization);
    after.owners_suspended.retain(|owner| *owner != member);
    after.owners.push(member);
    Some(after)
}

fn next(organization: &Organization) -> Organization {
    Organization { version: organization.version + 1, ..organization.clone() }
}

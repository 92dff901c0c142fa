//! Which keys a resource is found by (P13): computed from its attributes, before and after a change, so that
//! the store moves just those that differ.

use lychgate_scim::{Error, Resource, value::normalized_key};
use serde_json::Value;

use crate::record::{Index, IndexKey};

/// How many e-mail addresses of a user are looked up by key, and so how many it may have. Each costs an item,
/// and all of a change must fit in one transaction.
pub const EMAILS_MAX: usize = 20;

/// The keys of a user. An e-mail that is the userName too shares its claim.
#[must_use]
pub fn user_keys(resource: &Resource) -> Vec<IndexKey> {
    let mut keys = Vec::with_capacity(3);
    let user_name = normalized_key(resource.text("userName").unwrap_or_default());
    push_exact(&mut keys, Index::UserExternalId, resource);
    for email in emails(resource) {
        let value = normalized_key(email);
        let key = IndexKey { index: Index::UserEmail, value };
        if key.value != user_name && !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys.insert(0, IndexKey { index: Index::UserName, value: user_name });
    keys
}

/// The keys of a group.
#[must_use]
pub fn group_keys(resource: &Resource) -> Vec<IndexKey> {
    let value = normalized_key(resource.text("displayName").unwrap_or_default());
    let mut keys = vec![IndexKey { index: Index::GroupDisplayName, value }];
    push_exact(&mut keys, Index::GroupExternalId, resource);
    keys
}

/// Refuses a user with more e-mail addresses than [`EMAILS_MAX`].
pub(crate) fn check_user_keys(resource: &Resource) -> Result<(), Error> {
    if emails(resource).count() > EMAILS_MAX {
        return Err(Error::too_many(format!(
            "A user may have at most {EMAILS_MAX} `emails`; send fewer."
        )));
    }
    Ok(())
}

fn emails(resource: &Resource) -> impl Iterator<Item = &str> {
    let list = resource.attributes().get("emails").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|email| email.get("value").and_then(Value::as_str))
}

fn push_exact(keys: &mut Vec<IndexKey>, index: Index, resource: &Resource) {
    if let Some(value) = resource.text("externalId") {
        keys.push(IndexKey { index, value: value.to_owned() });
    }
}

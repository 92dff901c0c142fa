//! Builders: an organization that may be used at once, users and groups as the store keeps them.

mod sign_in;

pub use sign_in::*;

use lychgate_core::{
    credential::{self, Credential},
    ctx::World,
    event::{Actor, Event, EventKind},
    ids::{GroupId, MemberId, OrganizationId, TokenId, UserId},
    organization::{Directory, Domain, Licence, LicenceState, Organization, ScimToken, SignIn},
    record::{Group, Index, IndexKey, Member, Origin, User},
};
use lychgate_scim::Resource;
use serde_json::{Map, Value, json};

/// An organization and the text of its one SCIM token.
#[derive(Debug, Clone)]
pub struct Acme {
    /// With an active licence, no seat limit, its directory on.
    pub organization: Organization,
    /// What a provisioning client puts into `Authorization`.
    pub token: String,
}

impl Acme {
    /// An organization with this domain, ready to use.
    ///
    /// # Panics
    /// When `domain` is no slug.
    #[must_use]
    pub fn new(world: &dyn World, domain: &str) -> Self {
        let id = OrganizationId::new(world);
        let token_id = TokenId::new(world);
        let (secret, hash) = credential::new_secret(world);
        let token = credential::token_text(&id, &token_id, &secret);
        let organization = Organization {
            id,
            domain: Domain::parse(domain).expect("a builder is given a slug"),
            name: format!("{domain} Limited"),
            licence: Licence { state: LicenceState::Active, seats: None, ends: None },
            directory: Directory {
                enabled: true,
                tokens: vec![ScimToken {
                    id: token_id,
                    name: "test".to_owned(),
                    hash,
                    created: world.now(),
                    expires: None,
                    member: None,
                }],
                ..Directory::default()
            },
            sign_in: SignIn::default(),
            owners: Vec::new(),
            owners_suspended: Vec::new(),
            created: world.now(),
            version: 1,
        };
        Self { organization, token }
    }

    /// The credential that the token is.
    ///
    /// # Panics
    /// Never: the token was made here.
    #[must_use]
    pub fn credential(&self) -> Credential {
        Credential::parse(&self.token).expect("the builder's token parses")
    }
}

/// A user with this userName, active, of version 1.
#[must_use]
pub fn user(world: &dyn World, user_name: &str) -> User {
    user_with(world, user_name, &json!({}))
}

/// A user with this userName and these canonical attributes beside it.
#[must_use]
pub fn user_with(world: &dyn World, user_name: &str, more: &Value) -> User {
    let mut attributes = object(json!({"userName": user_name, "active": true}));
    attributes.extend(object(more.clone()));
    User {
        id: UserId::new(world.now(), world),
        resource: Resource::trusted(attributes),
        version: 1,
        created: world.now(),
        modified: world.now(),
        origin: Origin::Scim,
        suspended: None,
        suspended_by_hand: None,
        password_allowed: false,
        last_sign_in: None,
        memberships: std::collections::BTreeMap::new(),
    }
}

/// A group with this displayName, of version 1, without members.
#[must_use]
pub fn group(world: &dyn World, display_name: &str) -> Group {
    Group {
        id: GroupId::new(world.now(), world),
        resource: Resource::trusted(object(json!({"displayName": display_name}))),
        version: 1,
        created: world.now(),
        modified: world.now(),
        member_count: 0,
        memberships: std::collections::BTreeMap::new(),
        pending: None,
        aborted: Vec::new(),
    }
}

/// The user as it is after one change: a version more, these attributes over the old ones.
#[must_use]
pub fn changed(user: &User, world: &dyn World, more: &Value) -> User {
    let mut attributes = user.resource.attributes().clone();
    attributes.extend(object(more.clone()));
    User {
        resource: Resource::trusted(attributes),
        version: user.version + 1,
        modified: world.now(),
        ..user.clone()
    }
}

/// The group as it is after one change: a version more, this many members, these attributes over the old.
#[must_use]
pub fn regrouped(group: &Group, world: &dyn World, member_count: u64, more: &Value) -> Group {
    let mut attributes = group.resource.attributes().clone();
    attributes.extend(object(more.clone()));
    Group {
        resource: Resource::trusted(attributes),
        version: group.version + 1,
        modified: world.now(),
        member_count,
        ..group.clone()
    }
}

/// The values by which a user is looked up.
#[must_use]
pub fn user_keys(user: &User) -> Vec<IndexKey> {
    let name = user.user_name().to_lowercase();
    let mut keys = vec![key(Index::UserName, &name)];
    if let Some(id) = user.resource.text("externalId") {
        keys.push(key(Index::UserExternalId, id));
    }
    let emails = user.resource.attributes().get("emails").and_then(Value::as_array);
    for mail in emails.into_iter().flatten().filter_map(|mail| mail["value"].as_str()) {
        let mail = mail.to_lowercase();
        if mail != name {
            keys.push(key(Index::UserEmail, &mail));
        }
    }
    keys
}

/// The values by which a group is looked up.
#[must_use]
pub fn group_keys(group: &Group) -> Vec<IndexKey> {
    let mut keys = vec![key(Index::GroupDisplayName, &group.display_name().to_lowercase())];
    if let Some(id) = group.resource.text("externalId") {
        keys.push(key(Index::GroupExternalId, id));
    }
    keys
}

/// A look-up key.
#[must_use]
pub fn key(index: Index, value: &str) -> IndexKey {
    IndexKey { index, value: value.to_owned() }
}

/// A member that is this user.
#[must_use]
pub fn member(user: &User) -> Member {
    Member { id: MemberId::User(user.id), display: Some(user.user_name().to_owned()) }
}

/// A member that is this group.
#[must_use]
pub fn nested(group: &Group) -> Member {
    Member { id: MemberId::Group(group.id), display: Some(group.display_name().to_owned()) }
}

/// An event of this kind about this subject, by Lychgate itself.
#[must_use]
pub fn event(kind: EventKind, subject: &str, name: &str) -> Event {
    Event {
        kind,
        actor: Actor::System,
        subject_kind: kind.text().split('.').next().map_or("organization", |noun| match noun {
            "member" => "user",
            "group" => "group",
            _ => "organization",
        }),
        subject_id: subject.to_owned(),
        subject_name: name.to_owned(),
        data: Map::new(),
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("a builder was given `{other}` where it wants an object"),
    }
}

//! Every key of the table, and the only place that makes one.
//!
//! An organization's items all have a partition key that begins with `O#<organization>`, so no key can be
//! built without one. The few that have none resolve an organization (`DOMAIN#…`, `EDOMAIN#…`, `ORGS`) or belong to
//! the operator (`OPERATOR`, `APPS`).
//!
//! INVARIANT: distinct (organization, kind, id or value) give distinct keys. Organization ids hold no `#`, the
//! kind is one letter of a closed set followed by `#` or the end, and what a stranger chose (an indexed value)
//! always stands last and whole, so no separator inside it can reach into another field.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use lychgate_core::{
    ids::{
        AccessTokenId, ApplicationId, AttemptId, ConnectionId, EventId, FlowId, GrantId, GroupId,
        KeyPairId, LinkId, MemberId, OperatorKeyId, OrganizationId, SessionId, UserId,
    },
    organization::Domain,
    ports::List,
    record::{Index, IndexKey},
    time::Timestamp,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The longest indexed value that stands in a key as it is, in bytes. A partition key may have 2,048; the
/// rest is for the parts before it.
pub const INDEX_VALUE_BYTES_MAX: usize = 1_024;

/// The key of one item.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }
}

/// `O#<organization>`: what every key of an organization begins with.
#[must_use]
pub fn root(organization: &OrganizationId) -> String {
    format!("O#{}", organization.bare())
}

/// The organization itself.
#[must_use]
pub fn organization(organization: &OrganizationId) -> Key {
    Key::new(root(organization), "ORG")
}

/// The partition that lists all organizations.
pub const ORGANIZATIONS: &str = "ORGS";

/// An organization's entry in the list of all.
#[must_use]
pub fn organization_entry(organization: &OrganizationId) -> Key {
    Key::new(ORGANIZATIONS.to_owned(), organization.bare())
}

/// The claim of a domain: one of the few keys without an organization, because it resolves one.
#[must_use]
pub fn domain(domain: &Domain) -> Key {
    Key::new(format!("DOMAIN#{}", domain.as_str()), "DOMAIN")
}

/// The partition of all users.
#[must_use]
pub fn users(organization: &OrganizationId) -> String {
    format!("{}#U", root(organization))
}

/// One user.
#[must_use]
pub fn user(organization: &OrganizationId, id: UserId) -> Key {
    Key::new(users(organization), id.to_string())
}

/// The partition of all groups.
#[must_use]
pub fn groups(organization: &OrganizationId) -> String {
    format!("{}#G", root(organization))
}

/// One group.
#[must_use]
pub fn group(organization: &OrganizationId, id: GroupId) -> Key {
    Key::new(groups(organization), id.to_string())
}

/// The item of a member, whatever it is.
#[must_use]
pub fn member(organization: &OrganizationId, id: MemberId) -> Key {
    match id {
        MemberId::User(id) => user(organization, id),
        MemberId::Group(id) => group(organization, id),
    }
}

/// The partition of a group's membership rows.
#[must_use]
pub fn rows(organization: &OrganizationId, group: GroupId) -> String {
    format!("{}#M#{group}", root(organization))
}

/// One membership row.
#[must_use]
pub fn row(organization: &OrganizationId, group: GroupId, member: Uuid) -> Key {
    Key::new(rows(organization, group), member.as_hyphenated().to_string())
}

/// The fence of one lane of a large change.
#[must_use]
pub fn fence(organization: &OrganizationId, group: GroupId, lane: usize) -> Key {
    Key::new(format!("{}#F#{group}", root(organization)), lane.to_string())
}

const fn index_text(index: Index) -> &'static str {
    match index {
        Index::UserName => "userName",
        Index::UserExternalId => "userExternalId",
        Index::UserEmail => "userEmail",
        Index::GroupDisplayName => "groupDisplayName",
        Index::GroupExternalId => "groupExternalId",
        Index::NameId => "nameId",
    }
}

/// The partition of an indexed value. A value that is too long for a key is hashed; `=` and `~` say which of
/// the two it is, so that no literal value can collide with a hash.
#[must_use]
pub fn indexed(organization: &OrganizationId, key: &IndexKey) -> String {
    let (root, index) = (root(organization), index_text(key.index));
    if key.value.len() <= INDEX_VALUE_BYTES_MAX {
        format!("{root}#K#{index}#={}", key.value)
    } else {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(key.value.as_bytes()));
        format!("{root}#K#{index}#~{hash}")
    }
}

/// The claim of a unique value.
#[must_use]
pub fn claim(organization: &OrganizationId, key: &IndexKey) -> Key {
    Key::new(indexed(organization, key), "K")
}

/// One resource's row under a value that several may have.
#[must_use]
pub fn look_up(organization: &OrganizationId, key: &IndexKey, id: Uuid) -> Key {
    Key::new(indexed(organization, key), id.as_hyphenated().to_string())
}

const fn list_text(list: List) -> &'static str {
    match list {
        List::Users => "users",
        List::Groups => "groups",
    }
}

/// How many resources a list has.
#[must_use]
pub fn count(organization: &OrganizationId, list: List) -> Key {
    Key::new(format!("{}#N", root(organization)), list_text(list))
}

/// The partition of a list's page markers.
#[must_use]
pub fn markers(organization: &OrganizationId, list: List) -> String {
    format!("{}#P#{}", root(organization), list_text(list))
}

/// A start index as a sort key: 20 digits hold every `u64`.
#[must_use]
pub fn marker_sort(start_index: u64) -> String {
    format!("{start_index:020}")
}

/// One page marker.
#[must_use]
pub fn marker(organization: &OrganizationId, list: List, start_index: u64) -> Key {
    Key::new(markers(organization, list), marker_sort(start_index))
}

/// The partition of an organization's history.
#[must_use]
pub fn events(organization: &OrganizationId) -> String {
    format!("{}#E", root(organization))
}

/// Whose history a partition is: [`events`] read back; `None` when it is another partition.
#[must_use]
pub fn organization_of_events(partition: &str) -> Option<OrganizationId> {
    OrganizationId::from_bare(partition.strip_prefix("O#")?.strip_suffix("#E")?).ok()
}

/// One event.
#[must_use]
pub fn event(organization: &OrganizationId, id: EventId) -> Key {
    Key::new(events(organization), id.to_string())
}

/// The partition of the request log.
#[must_use]
pub fn requests(organization: &OrganizationId) -> String {
    format!("{}#R", root(organization))
}

/// A request's place in the log: 13 digits of milliseconds reach to the year 2286.
#[must_use]
pub fn request_sort(at: Timestamp, request_id: &str) -> String {
    format!("{:013}#{request_id}", at.unix_millis())
}

/// One entry of the request log.
#[must_use]
pub fn request(organization: &OrganizationId, at: Timestamp, request_id: &str) -> Key {
    Key::new(requests(organization), request_sort(at, request_id))
}

/// The live state of the directory.
#[must_use]
pub fn state(organization: &OrganizationId) -> Key {
    Key::new(root(organization), "STATE")
}

/// An access token.
#[must_use]
pub fn access_token(organization: &OrganizationId, id: &AccessTokenId) -> Key {
    Key::new(root(organization), format!("ACCESS#{}", id.bare()))
}

/// The partition of the operator's keys.
pub const OPERATOR: &str = "OPERATOR";
/// What the sort key of an operator's key begins with.
pub const OPERATOR_KEY_PREFIX: &str = "KEY#";

/// A key of the operator.
#[must_use]
pub fn operator_key(id: &OperatorKeyId) -> Key {
    Key::new(OPERATOR.to_owned(), format!("{OPERATOR_KEY_PREFIX}{}", id.bare()))
}

/// The partition of what is left to clear.
#[must_use]
pub fn chores(organization: &OrganizationId) -> String {
    format!("{}#X", root(organization))
}

/// One thing that is left to clear: the change that left it names it.
#[must_use]
pub fn chore(organization: &OrganizationId, target: Uuid, change: &str) -> Key {
    Key::new(chores(organization), format!("{}#{change}", target.as_hyphenated()))
}

/// The claim of an e-mail domain: it resolves an organization, as a domain does.
#[must_use]
pub fn email_domain(domain: &str) -> Key {
    Key::new(format!("EDOMAIN#{domain}"), "EDOMAIN")
}

/// Where the stretch of [`root`]'s partition begins that a sign-in reads: at the organization.
pub const SETUP_FIRST: &str = "ORG";
/// Where it ends: after the last connection and key pair (`~` is behind all that ids have), before `STATE`.
pub const SETUP_LAST: &str = "SAML#~";
/// What the sort key of a connection begins with.
pub const CONNECTION_PREFIX: &str = "SAML#C#";
/// What the sort key of a key pair begins with.
pub const KEY_PAIR_PREFIX: &str = "SAML#K#";

/// A connection.
#[must_use]
pub fn connection(organization: &OrganizationId, id: &ConnectionId) -> Key {
    Key::new(root(organization), format!("{CONNECTION_PREFIX}{}", id.bare()))
}

/// An encryption key pair.
#[must_use]
pub fn key_pair(organization: &OrganizationId, id: &KeyPairId) -> Key {
    Key::new(root(organization), format!("{KEY_PAIR_PREFIX}{}", id.bare()))
}

/// A started sign-in.
#[must_use]
pub fn flow(organization: &OrganizationId, id: &FlowId) -> Key {
    Key::new(format!("{}#L#{}", root(organization), id.bare()), "L")
}

/// An assertion that was accepted, by its digest.
#[must_use]
pub fn assertion_seen(organization: &OrganizationId, digest: &str) -> Key {
    Key::new(format!("{}#A#{digest}", root(organization)), "A")
}

/// The partition of a member's sessions.
#[must_use]
pub fn sessions(organization: &OrganizationId, user: UserId) -> String {
    format!("{}#S#{user}", root(organization))
}

/// One session.
#[must_use]
pub fn session(organization: &OrganizationId, user: UserId, id: &SessionId) -> Key {
    Key::new(sessions(organization, user), id.bare())
}

/// A code, and the access token that it became.
#[must_use]
pub fn grant(organization: &OrganizationId, id: &GrantId) -> Key {
    Key::new(format!("{}#C#{}", root(organization), id.bare()), "C")
}

/// The partition of the attempt log.
#[must_use]
pub fn attempts(organization: &OrganizationId) -> String {
    format!("{}#Q", root(organization))
}

/// One attempt to sign in.
#[must_use]
pub fn attempt(organization: &OrganizationId, id: AttemptId) -> Key {
    Key::new(attempts(organization), id.to_string())
}

/// A member's password record.
#[must_use]
pub fn password(organization: &OrganizationId, user: UserId) -> Key {
    Key::new(format!("{}#W#{user}", root(organization)), "W")
}

/// A link that was sent once.
#[must_use]
pub fn link(organization: &OrganizationId, id: &LinkId) -> Key {
    Key::new(format!("{}#H#{}", root(organization), id.bare()), "H")
}

/// The partition of the links into the settings.
#[must_use]
pub fn settings_links(organization: &OrganizationId) -> String {
    format!("{}#V", root(organization))
}

/// A link into the settings.
#[must_use]
pub fn settings_link(organization: &OrganizationId, id: &LinkId) -> Key {
    Key::new(settings_links(organization), id.bare())
}

/// A counter against guessing, in one window: of this length, the `window`-th since 1970.
#[must_use]
pub fn counter(organization: &OrganizationId, subject: &str, window_secs: u64, window: u64) -> Key {
    Key::new(format!("{}#Z#{subject}", root(organization)), format!("{window_secs}#{window}"))
}

/// The partition of the operator's applications.
pub const APPLICATIONS: &str = "APPS";

/// An application of the operator.
#[must_use]
pub fn application(id: &ApplicationId) -> Key {
    Key::new(APPLICATIONS.to_owned(), id.bare())
}

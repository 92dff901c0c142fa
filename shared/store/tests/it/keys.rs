//! Distinct things have distinct keys, whatever a stranger puts into a value.

use std::collections::HashMap;

use lychgate_core::{
    ids::{
        AccessTokenId, ApplicationId, AttemptId, ConnectionId, EventId, FlowId, GrantId, GroupId,
        KeyPairId, LinkId, OperatorKeyId, OrganizationId, SessionId, UserId,
    },
    ports::List,
    record::{Index, IndexKey},
    time::Timestamp,
};
use lychgate_store::keys::{self, INDEX_VALUE_BYTES_MAX, Key};
use proptest::prelude::*;
use uuid::Uuid;

const INDEXES: [Index; 6] = [
    Index::UserName,
    Index::UserExternalId,
    Index::UserEmail,
    Index::GroupDisplayName,
    Index::GroupExternalId,
    Index::NameId,
];

fn short(chars: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(
        proptest::sample::select(b"0123456789abcdefghjkmnpqrstvwxyz".to_vec()),
        chars,
    )
    .prop_map(|bytes| String::from_utf8(bytes).unwrap())
}

/// Values that try to look like the rest of a key.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::collection::vec(
            proptest::sample::select(vec!["#", "=", "~", "K", "userName", "a", "O#", "é", " "]),
            0..8
        )
        .prop_map(|parts| parts.concat()),
        ".{0,40}",
        "[a#~=]{1020,1030}",
    ]
}

/// Everything that has a key, as an enumeration that can be compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Thing {
    Organization,
    State,
    User(Uuid),
    Group(Uuid),
    Row(Uuid, Uuid),
    Fence(Uuid, usize),
    Claim(IndexKey),
    LookUp(IndexKey, Uuid),
    Count(List),
    Marker(List, u64),
    Event(Uuid),
    Request(u64, String),
    AccessToken(AccessTokenId),
    Chore(Uuid, String),
    OperatorKey(OperatorKeyId),
    Connection(ConnectionId),
    KeyPair(KeyPairId),
    Flow(FlowId),
    Seen(String),
    Session(Uuid, SessionId),
    Grant(GrantId),
    Attempt(Uuid),
    Password(Uuid),
    Link(LinkId),
    SettingsLink(LinkId),
    Counter(String, u64, u64),
    Application(ApplicationId),
    EmailDomain(String),
}

impl Thing {
    /// Whether it belongs to no organization.
    const fn is_the_stacks(&self) -> bool {
        matches!(self, Self::OperatorKey(_) | Self::Application(_) | Self::EmailDomain(_))
    }
}

fn thing() -> impl Strategy<Value = Thing> {
    // Few ids, so that they meet.
    let id = || (0_u128..3).prop_map(Uuid::from_u128);
    let list = || proptest::sample::select(vec![List::Users, List::Groups]);
    let index_key = || {
        (proptest::sample::select(INDEXES.to_vec()), value())
            .prop_map(|(index, value)| IndexKey { index, value })
    };
    prop_oneof![
        Just(Thing::Organization),
        Just(Thing::State),
        id().prop_map(Thing::User),
        id().prop_map(Thing::Group),
        (id(), id()).prop_map(|(a, b)| Thing::Row(a, b)),
        (id(), 0_usize..4).prop_map(|(a, b)| Thing::Fence(a, b)),
        index_key().prop_map(Thing::Claim),
        (index_key(), id()).prop_map(|(a, b)| Thing::LookUp(a, b)),
        list().prop_map(Thing::Count),
        (list(), any::<u64>()).prop_map(|(a, b)| Thing::Marker(a, b)),
        id().prop_map(Thing::Event),
        (0_u64..9_999_999_999_999, value()).prop_map(|(a, b)| Thing::Request(a, b)),
        short(16).prop_map(|text| Thing::AccessToken(AccessTokenId::from_bare(&text).unwrap())),
        (id(), "[A-Za-z0-9_-]{0,4}").prop_map(|(a, b)| Thing::Chore(a, b)),
        short(8).prop_map(|text| Thing::OperatorKey(OperatorKeyId::from_bare(&text).unwrap())),
        sign_in_thing(),
    ]
}

fn sign_in_thing() -> impl Strategy<Value = Thing> {
    let id = || (0_u128..3).prop_map(Uuid::from_u128);
    // The same characters for ids of several kinds, so that they meet.
    let eight = || proptest::sample::select(vec!["00000000", "zzzzzzzz", "s0000000"]);
    let sixteen = || proptest::sample::select(vec!["0000000000000000", "zzzzzzzzzzzzzzzz"]);
    prop_oneof![
        eight().prop_map(|text| Thing::Connection(ConnectionId::from_bare(text).unwrap())),
        eight().prop_map(|text| Thing::KeyPair(KeyPairId::from_bare(text).unwrap())),
        short(26).prop_map(|text| Thing::Flow(FlowId::from_bare(&text).unwrap())),
        value().prop_map(Thing::Seen),
        (id(), sixteen())
            .prop_map(|(user, text)| Thing::Session(user, SessionId::from_bare(text).unwrap())),
        sixteen().prop_map(|text| Thing::Grant(GrantId::from_bare(text).unwrap())),
        id().prop_map(Thing::Attempt),
        id().prop_map(Thing::Password),
        sixteen().prop_map(|text| Thing::Link(LinkId::from_bare(text).unwrap())),
        sixteen().prop_map(|text| Thing::SettingsLink(LinkId::from_bare(text).unwrap())),
        (value(), 1_u64..4, 0_u64..200).prop_map(|(a, b, c)| Thing::Counter(a, b, c)),
        short(12).prop_map(|text| Thing::Application(ApplicationId::from_bare(&text).unwrap())),
        value().prop_map(Thing::EmailDomain),
    ]
}

fn key_of(organization: &OrganizationId, thing: &Thing) -> Key {
    let o = organization;
    match thing {
        Thing::Organization => keys::organization(o),
        Thing::State => keys::state(o),
        Thing::User(id) => keys::user(o, UserId::from(*id)),
        Thing::Group(id) => keys::group(o, GroupId::from(*id)),
        Thing::Row(group, member) => keys::row(o, GroupId::from(*group), *member),
        Thing::Fence(group, lane) => keys::fence(o, GroupId::from(*group), *lane),
        Thing::Claim(key) => keys::claim(o, key),
        Thing::LookUp(key, id) => keys::look_up(o, key, *id),
        Thing::Count(list) => keys::count(o, *list),
        Thing::Marker(list, index) => keys::marker(o, *list, *index),
        Thing::Event(id) => keys::event(o, EventId::from(*id)),
        Thing::Request(at, id) => keys::request(o, Timestamp::from_unix_millis(*at), id),
        Thing::AccessToken(id) => keys::access_token(o, id),
        Thing::Chore(id, change) => keys::chore(o, *id, change),
        Thing::OperatorKey(id) => keys::operator_key(id),
        Thing::Connection(id) => keys::connection(o, id),
        Thing::KeyPair(id) => keys::key_pair(o, id),
        Thing::Flow(id) => keys::flow(o, id),
        Thing::Seen(digest) => keys::assertion_seen(o, digest),
        Thing::Session(user, id) => keys::session(o, UserId::from(*user), id),
        Thing::Grant(id) => keys::grant(o, id),
        Thing::Attempt(id) => keys::attempt(o, AttemptId::from(*id)),
        Thing::Password(id) => keys::password(o, UserId::from(*id)),
        Thing::Link(id) => keys::link(o, id),
        Thing::SettingsLink(id) => keys::settings_link(o, id),
        Thing::Counter(subject, secs, window) => keys::counter(o, subject, *secs, *window),
        Thing::Application(id) => keys::application(id),
        Thing::EmailDomain(domain) => keys::email_domain(domain),
    }
}

proptest! {
    #[test]
    fn distinct_things_have_distinct_keys(
        organizations in proptest::collection::vec(short(16), 2),
        things in proptest::collection::vec(thing(), 2..40),
    ) {
        let mut seen: HashMap<Key, (usize, Thing)> = HashMap::new();
        let distinct = organizations[0] != organizations[1];
        for (place, organization) in organizations.iter().enumerate() {
            let organization = OrganizationId::from_bare(organization).unwrap();
            for thing in &things {
                let key = key_of(&organization, thing);
                let operators = thing.is_the_stacks();
                prop_assert!(operators || key.pk.starts_with(&keys::root(&organization)));
                prop_assert!(key.pk.len() <= 2_048 && !key.sk.is_empty());
                let place = if operators || !distinct { 0 } else { place };
                if let Some(other) = seen.insert(key.clone(), (place, thing.clone())) {
                    prop_assert_eq!(other, (place, thing.clone()), "one key: {:?}", key);
                }
            }
        }
    }

    #[test]
    fn long_values_are_told_apart(a in "[ab]{1020,1030}", b in "[ab]{1020,1030}") {
        let o = OrganizationId::from_bare("0123456789abcdef").unwrap();
        let key = |value: &str| keys::indexed(&o, &IndexKey { index: Index::UserName, value: value.to_owned() });
        prop_assert_eq!(a == b, key(&a) == key(&b));
    }
}

#[test]
fn a_literal_value_cannot_pass_for_a_hash() {
    let o = OrganizationId::from_bare("0123456789abcdef").unwrap();
    let key = |value: String| keys::indexed(&o, &IndexKey { index: Index::UserName, value });
    let long = key("x".repeat(INDEX_VALUE_BYTES_MAX + 1));
    let (_, hash) = long.split_once('~').unwrap();
    assert_ne!(key(hash.to_owned()), long);
    assert_ne!(key(format!("~{hash}")), long);
}

#[test]
fn the_order_of_markers_and_requests_is_that_of_their_numbers() {
    assert!(keys::marker_sort(9) < keys::marker_sort(10));
    assert!(keys::marker_sort(u64::MAX - 1) < keys::marker_sort(u64::MAX));
    let sort = |millis| keys::request_sort(Timestamp::from_unix_millis(millis), "x");
    assert!(sort(999_999_999_999) < sort(1_000_000_000_000));
}

proptest! {
    /// What a sign-in reads in one query is the organization, its connections and its key pairs: no more, no less.
    #[test]
    fn the_setup_is_one_stretch(thing in thing()) {
        let o = OrganizationId::from_bare("0123456789abcdef").unwrap();
        let key = key_of(&o, &thing);
        let within = key.pk == keys::root(&o)
            && (keys::SETUP_FIRST..=keys::SETUP_LAST).contains(&key.sk.as_str());
        let wanted =
            matches!(thing, Thing::Organization | Thing::Connection(_) | Thing::KeyPair(_));
        prop_assert_eq!(within, wanted);
    }
}

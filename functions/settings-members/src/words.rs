//! A member in words: who manages it, its state, its attributes. Pure.

use lychgate_core::{
    operator::members::display_name,
    organization::Organization,
    owners,
    record::{Group, Origin, Suspension, User},
    settings::actor_words::{Names, by, fit, shortened},
    time::Timestamp,
};
use lychgate_edge::pages::settings::{
    members::{Badge, Line, Suspended},
    moment::Moment,
};
use lychgate_scim::value::normalized_key;
use serde_json::Value;

/// How many attributes of a member are shown.
pub(crate) const ATTRIBUTES_SHOWN_MAX: usize = 80;
/// The most characters of an attribute's value that are shown.
const VALUE_CHARS_MAX: usize = 300;

pub(crate) const fn managed_by(origin: Origin) -> &'static str {
    match origin {
        Origin::Scim => "Identity provider (SCIM)",
        Origin::JustInTime => "Signing in",
        Origin::Manual => "By hand",
    }
}

/// Groups come by SCIM alone; one that has the provider's own id is linked to a group there.
pub(crate) fn group_managed_by(group: &Group) -> &'static str {
    match group.resource.text("externalId") {
        Some(_) => "Identity provider (linked)",
        None => "SCIM, without an external ID",
    }
}

pub(crate) fn badges(organization: &Organization, user: &User) -> Vec<Badge> {
    let state = match (&user.suspended, &user.suspended_by_hand) {
        (None, None) => Badge { kind: "good", word: "Active" },
        (Some(_), None) => Badge { kind: "warn", word: "Suspended by the identity provider" },
        (None, Some(_)) => Badge { kind: "warn", word: "Suspended by an administrator" },
        (Some(_), Some(_)) => Badge { kind: "warn", word: "Suspended by both" },
    };
    let mut badges = vec![state];
    if owners::is_owner(organization, user.id) {
        badges.push(Badge { kind: "plain", word: "Owner" });
    }
    badges
}

pub(crate) fn line(organization: &Organization, home: &str, user: &User, now: Timestamp) -> Line {
    Line {
        id: user.id.to_string(),
        href: format!("{home}/members/{}", user.id),
        name: name(user),
        user_name: fit(user.user_name()),
        managed_by: managed_by(user.origin),
        badges: badges(organization, user),
        last_sign_in: user.last_sign_in.map(|at| Moment::new(at, now)),
        password: user.password_allowed,
    }
}

/// What a person is called; never nothing.
pub(crate) fn name(user: &User) -> String {
    let name = fit(display_name(user));
    if name.is_empty() { user.id.to_string() } else { name }
}

/// What a group is called; never nothing.
pub(crate) fn group_name(group: &Group) -> String {
    let name = fit(group.display_name());
    if name.is_empty() { group.id.to_string() } else { name }
}

fn suspensions_of(user: &User) -> impl Iterator<Item = (&'static str, &Suspension)> {
    let by_idp = user.suspended.as_ref().map(|one| ("By the identity provider", one));
    let by_hand = user.suspended_by_hand.as_ref().map(|one| ("By an administrator", one));
    by_idp.into_iter().chain(by_hand)
}

pub(crate) fn suspensions(user: &User, names: &Names, now: Timestamp) -> Vec<Suspended> {
    let suspended = suspensions_of(user).map(|(which, one)| Suspended {
        which,
        since: Moment::new(one.since, now),
        by: by(&one.by, None, names),
    });
    suspended.collect()
}

/// Who suspended the member, in one line.
pub(crate) fn suspended_by(user: &User, names: &Names) -> String {
    let by: Vec<String> = suspensions_of(user).map(|(_, one)| by(&one.by, None, names)).collect();
    by.join("; ")
}

/// The owners who suspended these members, whose names are to be read.
pub(crate) fn suspending_owners<'a>(
    users: impl Iterator<Item = &'a User>,
) -> Vec<lychgate_core::ids::UserId> {
    let mut owners = Vec::new();
    for (_, one) in users.flat_map(suspensions_of) {
        let owner = one.by.strip_prefix("owner:").and_then(|id| id.parse().ok());
        owners.extend(owner.filter(|owner| !owners.contains(owner)));
    }
    owners
}

/// Whether the text is in a name, an e-mail address or the external id of the member, in any case of its letters.
pub(crate) fn matches(user: &User, normalized: &str) -> bool {
    let attributes = user.resource.attributes();
    let texts = ["userName", "displayName", "externalId", "nickName"].map(|it| attributes.get(it));
    let name = attributes.get("name").and_then(Value::as_object);
    let names = name.into_iter().flat_map(|name| name.values());
    let emails = attributes.get("emails").and_then(Value::as_array).into_iter().flatten();
    let emails = emails.filter_map(|email| email.get("value"));
    let mut all = texts.into_iter().flatten().chain(names).chain(emails).filter_map(Value::as_str);
    all.any(|text| normalized_key(text).contains(normalized))
}

/// The attributes, label and value, and how many more there are than are shown.
pub(crate) fn attributes(user: &User) -> (Vec<(String, String)>, usize) {
    let mut all = Vec::new();
    for (name, value) in user.resource.attributes() {
        // An extension's attributes stand under its URN.
        match value {
            Value::Object(members) if name.contains(':') => {
                for (name, value) in members {
                    flatten(&mut all, name, value);
                }
            }
            value => flatten(&mut all, name, value),
        }
    }
    let more = all.len().saturating_sub(ATTRIBUTES_SHOWN_MAX);
    all.truncate(ATTRIBUTES_SHOWN_MAX);
    (all, more)
}

fn flatten(all: &mut Vec<(String, String)>, label: &str, value: &Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                all.push((fit(&format!("{label}.{name}")), text(value)));
            }
        }
        Value::Array(values) => {
            for value in values {
                let kind = value.get("type").and_then(Value::as_str);
                let label =
                    kind.map_or_else(|| label.to_owned(), |kind| format!("{label} ({kind})"));
                all.push((fit(&label), text(value.get("value").unwrap_or(value))));
            }
        }
        value => all.push((fit(label), text(value))),
    }
}

fn text(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{name}: {}", text(value)));
            members.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    shortened(&text, VALUE_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use lychgate_testkit::{
        FakeWorld,
        build::{self, Acme},
    };
    use serde_json::json;

    use super::*;

    fn ada() -> User {
        build::user_with(
            &FakeWorld::new(1),
            "ada@acme.test",
            &json!({
                "displayName": "Ada \u{202e}Lovelace",
                "name": {"givenName": "Ada", "familyName": "ΟΔΟΣ"},
                "externalId": "00u1",
                "emails": [{"value": "countess@acme.test", "type": "home"}],
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                    "department": "Engines", "manager": {"value": "1"}
                },
            }),
        )
    }

    #[test]
    fn a_member_is_found_by_any_of_its_names() {
        let ada = ada();
        for text in ["ada@", "LOVE", "countess", "00U1", "οδοσ"] {
            assert!(matches(&ada, &normalized_key(text)), "{text}");
        }
        for text in ["home", "engines", "bob", "true"] {
            assert!(!matches(&ada, text), "{text}");
        }
    }

    #[test]
    fn every_attribute_has_a_line() {
        let (shown, more) = attributes(&ada());
        for (label, value) in [
            ("displayName", "Ada Lovelace"),
            ("name.givenName", "Ada"),
            ("emails (home)", "countess@acme.test"),
            ("department", "Engines"),
            ("manager.value", "1"),
            ("active", "yes"),
        ] {
            assert!(shown.contains(&(label.to_owned(), value.to_owned())), "{label}: {shown:?}");
        }
        assert_eq!(more, 0);
        let many: Vec<_> = (0..200).map(|n| json!({"value": "x".repeat(n * 10)})).collect();
        let crowded = build::user_with(&FakeWorld::new(1), "x", &json!({"roles": many}));
        let (shown, more) = attributes(&crowded);
        assert_eq!((shown.len(), more), (ATTRIBUTES_SHOWN_MAX, 202 - ATTRIBUTES_SHOWN_MAX));
        assert!(shown.iter().all(|(_, value)| value.chars().count() <= VALUE_CHARS_MAX));
    }

    #[test]
    fn the_state_says_who_suspended() {
        let world = FakeWorld::new(1);
        let mut acme = Acme::new(&world, "acme").organization;
        let mut ada = ada();
        let words = |acme: &Organization, ada: &User| {
            badges(acme, ada).into_iter().map(|badge| badge.word).collect::<Vec<_>>()
        };
        assert_eq!(words(&acme, &ada), ["Active"]);
        acme.owners.push(ada.id);
        let suspension = |by: &str| Some(Suspension { since: ada.created, by: by.to_owned() });
        let (idp, owner) =
            (suspension("token:tok-00000000"), suspension(&format!("owner:{}", ada.id)));
        ada.suspended = idp;
        assert_eq!(words(&acme, &ada), ["Suspended by the identity provider", "Owner"]);
        ada.suspended_by_hand = owner;
        assert_eq!(words(&acme, &ada), ["Suspended by both", "Owner"]);
        ada.suspended = None;
        assert_eq!(words(&acme, &ada), ["Suspended by an administrator", "Owner"]);
        assert_eq!(suspending_owners([&ada, &ada].into_iter()), [ada.id]);
        let mut names = Names::default();
        names.add_users(std::slice::from_ref(&ada));
        assert_eq!(suspended_by(&ada, &names), "owner Ada Lovelace");
    }
}

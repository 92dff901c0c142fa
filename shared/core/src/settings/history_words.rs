//! The history in words (E2, O5): each event as a plain sentence, with what it changed. Pure: an event and names in,
//! text out. Whoever is gone keeps the name that the event was written with.

use serde_json::{Map, Value};

use super::actor_words::{Names, fit, shortened, who};
use crate::{
    event::{EventKind, StoredEvent},
    time::Timestamp,
};

/// How many members of a group's change are named; the others are counted.
pub const MEMBERS_NAMED_MAX: usize = 3;
/// How many lines of what changed stand below a sentence.
pub const CHANGES_SHOWN_MAX: usize = 12;
/// The most characters of a value in such a line.
pub const VALUE_SHOWN_CHARS_MAX: usize = 160;

/// What the history can be filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Members, owners, their passwords and sessions.
    Members,
    /// Groups and who is in them.
    Groups,
    /// Connections, certificates, how people may sign in.
    SignIn,
    /// The SCIM endpoint and its credentials.
    Scim,
    /// The organization, its licence, links into the settings.
    Organization,
}

impl Topic {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 5] =
        [Self::Members, Self::Groups, Self::SignIn, Self::Scim, Self::Organization];

    /// Its name in an address.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Groups => "groups",
            Self::SignIn => "sign-in",
            Self::Scim => "scim",
            Self::Organization => "organization",
        }
    }

    /// Its name for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Members => "Members",
            Self::Groups => "Groups",
            Self::SignIn => "Single sign-on",
            Self::Scim => "SCIM",
            Self::Organization => "Organization and links",
        }
    }

    /// From [`Topic::text`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.text() == text)
    }

    /// Of a kind of event.
    #[must_use]
    pub const fn of(kind: EventKind) -> Self {
        use EventKind as K;
        match kind {
            K::OwnerAdded
            | K::OwnerRemoved
            | K::MemberCreated
            | K::MemberUpdated
            | K::MemberSuspended
            | K::MemberRestored
            | K::MemberDeleted
            | K::MemberPasswordAllowed
            | K::MemberPasswordForbidden
            | K::MemberPasswordSet
            | K::MemberSessionsEnded
            | K::MemberPasswordLinkCreated => Self::Members,
            K::GroupCreated | K::GroupUpdated | K::GroupMembersChanged | K::GroupDeleted => {
                Self::Groups
            }
            K::ConnectionCreated
            | K::ConnectionUpdated
            | K::ConnectionTested
            | K::ConnectionActivated
            | K::ConnectionDeactivated
            | K::ConnectionDeleted
            | K::ConnectionMetadataRefreshed
            | K::ConnectionMetadataRefreshFailed
            | K::ConnectionCertificateExpiring
            | K::CertificateGenerated
            | K::CertificateRetired
            | K::SignInPolicyUpdated => Self::SignIn,
            K::DirectoryUpdated
            | K::TokenCreated
            | K::TokenRevoked
            | K::ClientCreated
            | K::ClientRevoked
            | K::ClientSecretAdded
            | K::ClientSecretRetired => Self::Scim,
            K::OrganizationCreated
            | K::OrganizationUpdated
            | K::LicenceChanged
            | K::SetupLinkCreated
            | K::SetupLinkOpened
            | K::SetupLinkRevoked
            | K::OwnerLinkCreated
            | K::OwnerLinkOpened => Self::Organization,
        }
    }
}

/// An event in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// A sentence, with its full stop.
    pub sentence: String,
    /// What changed, a line for each, at most [`CHANGES_SHOWN_MAX`]: `Seats: 100 → 200`.
    pub changes: Vec<String>,
}

/// Tells an event.
#[must_use]
pub fn tell(event: &StoredEvent, names: &Names) -> Told {
    let teller = Teller { event, names };
    let (sentence, mut changes) = match EventKind::parse(&event.kind) {
        Some(kind) => teller.tell(kind),
        // Written by a later version than this one.
        None => (teller.did(&format!("did something: {}", fit(&event.kind))), teller.differences()),
    };
    changes.truncate(CHANGES_SHOWN_MAX);
    Told { sentence, changes }
}

/// The ids of members of which this event's sentence wants the names.
pub fn members_named(event: &StoredEvent) -> impl Iterator<Item = &str> {
    ["added", "removed"]
        .into_iter()
        .flat_map(|side| listed(&event.data, side).take(MEMBERS_NAMED_MAX))
}

fn listed<'a>(data: &'a Map<String, Value>, side: &str) -> impl Iterator<Item = &'a str> {
    let members = data.get(side).and_then(|side| side.get("members")).and_then(Value::as_array);
    members.into_iter().flatten().filter_map(Value::as_str)
}

type Words = (String, Vec<String>);

struct Teller<'a> {
    event: &'a StoredEvent,
    names: &'a Names,
}

impl Teller<'_> {
    /// Every kind of event has its words: the compiler holds this.
    fn tell(&self, kind: EventKind) -> Words {
        use EventKind as K;
        let subject = self.subject();
        match Topic::of(kind) {
            Topic::Members => return self.of_members(kind),
            Topic::Groups => return self.of_groups(kind),
            Topic::SignIn => return self.of_sign_in(kind),
            Topic::Scim | Topic::Organization => {}
        }
        let did = match kind {
            K::OrganizationCreated => "created the organization".to_owned(),
            K::OrganizationUpdated => "changed the organization".to_owned(),
            K::LicenceChanged => "changed the licence".to_owned(),
            K::DirectoryUpdated => match self.after("enabled").and_then(Value::as_bool) {
                Some(true) => "switched SCIM on".to_owned(),
                Some(false) => "switched SCIM off".to_owned(),
                None => "changed the settings of SCIM".to_owned(),
            },
            K::TokenCreated => format!("generated the SCIM token {subject}"),
            K::TokenRevoked => format!("revoked the SCIM token {subject}"),
            K::ClientCreated => format!("created the OAuth client {subject}"),
            K::ClientRevoked => format!("revoked the OAuth client {subject} and all its secrets"),
            K::ClientSecretAdded => format!("added a secret to the OAuth client {subject}"),
            K::ClientSecretRetired => format!("retired a secret of the OAuth client {subject}"),
            K::SetupLinkCreated => format!("made the set-up link {subject}"),
            K::SetupLinkOpened => {
                return (
                    format!("The set-up link {subject} was opened for the first time."),
                    self.facts(),
                );
            }
            K::SetupLinkRevoked => format!("took the set-up link {subject} back"),
            K::OwnerLinkCreated => {
                format!("made a link that lets owner {} in", fit(&self.event.subject_name))
            }
            K::OwnerLinkOpened => "came into the settings by a link".to_owned(),
            // The other topics have been told.
            _ => format!("did something: {}", kind.text()),
        };
        (self.did(&did), self.facts())
    }

    fn of_members(&self, kind: EventKind) -> Words {
        use EventKind as K;
        let person = self.person();
        let by_hand = self.event.data.get("suspended_by_hand").and_then(Value::as_bool);
        let did = match kind {
            K::OwnerAdded => format!("made {person} an owner"),
            K::OwnerRemoved => {
                format!("made {person} an ordinary member, who is no owner any longer")
            }
            K::MemberCreated if self.text("origin") == Some("jit") => {
                return (
                    format!("{person} became a member by signing in for the first time."),
                    Vec::new(),
                );
            }
            K::MemberCreated => format!("added {person} as a member"),
            K::MemberUpdated => match by_hand {
                Some(true) => format!(
                    "suspended {person} by hand, whom the identity provider had suspended already"
                ),
                Some(false) => format!(
                    "lifted the suspension by hand of {person}, who stays suspended by the identity provider"
                ),
                None => format!("changed {person}"),
            },
            K::MemberSuspended if by_hand.is_some() => format!("suspended {person} by hand"),
            K::MemberSuspended => format!("suspended {person}"),
            K::MemberRestored if by_hand.is_some() => {
                format!("lifted the suspension by hand of {person}")
            }
            K::MemberRestored => format!("restored {person}"),
            K::MemberDeleted => match self.text("reason") {
                Some("clean_up") => format!("cleaned up the suspended member {person}"),
                Some("retention") => {
                    format!(
                        "deleted {person}, who had been suspended for longer than suspended members are kept"
                    )
                }
                _ => format!("deleted {person}"),
            },
            K::MemberPasswordAllowed => format!("let {person} have a password"),
            K::MemberPasswordForbidden => format!("took signing in with a password from {person}"),
            K::MemberPasswordSet => return (format!("{person} chose a new password."), Vec::new()),
            K::MemberPasswordLinkCreated => {
                format!("made a link by which {person} can choose a password")
            }
            K::MemberSessionsEnded => return (self.sessions_ended(&person), Vec::new()),
            _ => format!("did something: {}", kind.text()),
        };
        (self.did(&did), self.changed())
    }

    fn sessions_ended(&self, person: &str) -> String {
        let ended = self.event.data.get("ended").and_then(Value::as_array).map_or(0, Vec::len);
        let sessions = counted(ended as u64, "session", "sessions");
        match self.text("by") {
            Some("member") => format!("{person} signed out: {sessions} ended."),
            Some("idp") => format!("The identity provider signed {person} out: {sessions} ended."),
            Some("password") => format!("{person} has a new password: {sessions} ended."),
            Some("suspension") => format!("{person} was suspended: {sessions} ended."),
            Some("deletion") => format!("{person} was deleted: {sessions} ended."),
            _ => self.did(&format!("ended {sessions} of {person}")),
        }
    }

    fn of_groups(&self, kind: EventKind) -> Words {
        use EventKind as K;
        let group = self.subject();
        let (added, removed) = (self.members("added"), self.members("removed"));
        let did = match (kind, added, removed) {
            (K::GroupCreated, None, _) => format!("created the group {group}"),
            (K::GroupCreated, Some(added), _) => format!("created the group {group} with {added}"),
            (K::GroupUpdated, None, None) => format!("changed the group {group}"),
            (K::GroupUpdated, added, removed) => {
                let sides = [
                    added.map(|it| format!("added {it}")),
                    removed.map(|it| format!("removed {it}")),
                ];
                let sides: Vec<String> = sides.into_iter().flatten().collect();
                format!("changed the group {group} and {}", sides.join(" and "))
            }
            (K::GroupMembersChanged, Some(added), None) => {
                format!("added {added} to the group {group}")
            }
            (K::GroupMembersChanged, None, Some(removed)) => {
                format!("removed {removed} from the group {group}")
            }
            (K::GroupMembersChanged, Some(added), Some(removed)) => {
                format!("added {added} to the group {group} and removed {removed}")
            }
            (K::GroupMembersChanged, None, None) => format!("changed who is in the group {group}"),
            (K::GroupDeleted, ..) => format!("deleted the group {group}"),
            _ => format!("did something: {}", kind.text()),
        };
        (self.did(&did), self.changed())
    }

    fn of_sign_in(&self, kind: EventKind) -> Words {
        use EventKind as K;
        let it = self.subject();
        let connection = format!("the connection {it}");
        let did = match kind {
            K::ConnectionCreated => format!("created {connection}"),
            K::ConnectionUpdated if self.text("draft") == Some("discarded") => {
                return (self.did(&format!("discarded the draft of {connection}")), Vec::new());
            }
            K::ConnectionUpdated if self.event.data.contains_key("idp_entity_id") => {
                format!("saved the identity provider’s metadata in {connection}")
            }
            K::ConnectionUpdated => format!("changed {connection}"),
            K::ConnectionTested => {
                return (format!("A test sign-in through {connection} passed."), self.facts());
            }
            K::ConnectionActivated if self.flag("replaced") == Some(true) => {
                format!("activated the draft of {connection}, in place of what was active")
            }
            K::ConnectionActivated => format!("activated {connection}"),
            K::ConnectionDeactivated => format!("deactivated {connection}"),
            K::ConnectionDeleted => format!("deleted {connection}"),
            K::ConnectionMetadataRefreshed => {
                return (
                    self.did(&format!("followed a change of the metadata of {connection}")),
                    self.refreshed(),
                );
            }
            K::ConnectionMetadataRefreshFailed => {
                format!("could not refresh the metadata of {connection}")
            }
            K::ConnectionCertificateExpiring => {
                let changes = self.expiring();
                return (
                    format!(
                        "A certificate of the identity provider in {connection} nears its end."
                    ),
                    changes,
                );
            }
            K::CertificateGenerated => format!("generated the encryption certificate {it}"),
            K::CertificateRetired => format!("retired the encryption certificate {it}"),
            K::SignInPolicyUpdated => match self.after("password").and_then(Value::as_bool) {
                Some(true) => "allowed signing in with a password".to_owned(),
                Some(false) => "switched signing in with a password off".to_owned(),
                None => "changed how members sign in".to_owned(),
            },
            _ => format!("did something: {}", kind.text()),
        };
        (self.did(&did), self.facts())
    }

    fn did(&self, did: &str) -> String {
        let event = self.event;
        format!("{} {did}.", who(&event.actor, event.actor_name.as_deref(), self.names))
    }

    /// `‘Okta’`.
    fn subject(&self) -> String {
        let name = fit(&self.event.subject_name);
        format!("‘{}’", if name.is_empty() { fit(&self.event.subject_id) } else { name })
    }

    /// `Ada Lovelace (ada@example.com)`.
    fn person(&self) -> String {
        let user_name = fit(&self.event.subject_name);
        let display = fit(self.text("displayName").unwrap_or_default());
        match (display.is_empty(), user_name.is_empty()) {
            (true, true) => fit(&self.event.subject_id),
            (true, false) => user_name,
            (false, true) => display,
            (false, false) if display == user_name => user_name,
            (false, false) => format!("{display} ({user_name})"),
        }
    }

    /// `Ada Lovelace, Grace Hopper and 12 others`; `None` when nobody was.
    fn members(&self, side: &str) -> Option<String> {
        let entry = self.event.data.get(side)?;
        let count = entry.get("count").and_then(Value::as_u64)?;
        let named = listed(&self.event.data, side).take(MEMBERS_NAMED_MAX);
        let mut named: Vec<String> =
            named.filter_map(|id| self.names.get(id)).map(str::to_owned).collect();
        let others = count.saturating_sub(named.len() as u64);
        if named.is_empty() {
            return Some(counted(count, "member", "members"));
        }
        if others > 0 {
            named.push(counted(others, "other", "others"));
        }
        let last = named.pop()?;
        Some(if named.is_empty() { last } else { format!("{} and {last}", named.join(", ")) })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.event.data.get(name)?.as_str()
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.event.data.get(name)?.as_bool()
    }

    fn after(&self, name: &str) -> Option<&Value> {
        self.event.data.get(name)?.get("after")
    }

    /// `{"changed": […]}`: names alone, the values are not in the event.
    fn changed(&self) -> Vec<String> {
        let changed = self.event.data.get("changed").and_then(Value::as_array);
        let names: Vec<String> =
            changed.into_iter().flatten().filter_map(Value::as_str).map(fit).collect();
        if names.is_empty() { Vec::new() } else { vec![format!("Changed: {}", names.join(", "))] }
    }

    /// `{"seats": {"before": …, "after": …}}` as `Seats: 100 → 200`.
    fn differences(&self) -> Vec<String> {
        let differences = self.event.data.iter().filter_map(|(name, value)| {
            let (before, after) = (value.get("before")?, value.get("after")?);
            let value = |value| value_words(name, value);
            Some(format!("{}: {} → {}", label(name), value(before), value(after)))
        });
        differences.collect()
    }

    /// What differs, and what else an owner wants to know of the event's data.
    fn facts(&self) -> Vec<String> {
        let mut facts = self.differences();
        for (name, value) in &self.event.data {
            if FACTS.iter().any(|(known, _)| known == name) && value.get("after").is_none() {
                facts.push(format!("{}: {}", label(name), value_words(name, value)));
            }
        }
        if self.text("draft") == Some("begun") {
            facts.push("A draft was begun; what is active stays as it is.".to_owned());
        }
        facts
    }

    fn refreshed(&self) -> Vec<String> {
        let mut changes = Vec::new();
        for (name, label) in [
            ("certificates_added", "New certificates"),
            ("certificates_removed", "Certificates that are gone"),
        ] {
            let list = self
                .event
                .data
                .get(name)
                .filter(|list| list.as_array().is_some_and(|it| !it.is_empty()));
            changes.extend(list.map(|list| format!("{label}: {}", value_words(name, list))));
        }
        if self.flag("endpoints_changed") == Some(true) {
            changes.push("The identity provider’s addresses changed.".to_owned());
        }
        changes
    }

    fn expiring(&self) -> Vec<String> {
        let list = self.event.data.get("certificates").and_then(Value::as_array);
        let told = list.into_iter().flatten().filter_map(|it| {
            let ends = value_words("not_after", it.get("not_after")?);
            let fingerprint = shortened(it.get("fingerprint")?.as_str()?, 16);
            Some(format!("Certificate {fingerprint} ends on {ends}"))
        });
        told.collect()
    }
}

/// Members of an event's data that are told as they are, with their labels.
const FACTS: [(&str, &str); 15] = [
    ("name", "Name"),
    ("expires", "Ends"),
    ("secret", "Secret"),
    ("secret_expires", "The secret ends"),
    ("scopes", "For"),
    ("idp_entity_id", "Identity provider"),
    ("metadata_url", "Metadata URL"),
    ("metadata", "Metadata from"),
    ("certificates", "Its certificates"),
    ("fingerprint", "Fingerprint"),
    ("signed_with", "Signed with"),
    ("encrypted", "Encrypted"),
    ("detail", "Why"),
    ("member", "For the member"),
    ("domain", "Domain"),
];

/// What settings are called on the pages.
const LABELS: [(&str, &str); 21] = [
    ("state", "Licence"),
    ("seats", "Seats"),
    ("ends", "Ends"),
    ("enabled", "SCIM"),
    ("group_patch_answer", "Answer to a change of a group"),
    ("unknown_members", "Members of a group who do not exist"),
    ("suspended_retention_days", "Suspended members are kept"),
    ("access_token_secs", "An access token holds"),
    ("password", "Signing in with a password"),
    ("email_domains", "E-mail domains"),
    ("entity_id", "Entity ID"),
    ("idp_initiated", "Starting at the identity provider"),
    ("just_in_time", "New members by signing in"),
    ("request_by_post", "Requests sent by POST"),
    ("clock_skew_secs", "Clock difference allowed, in seconds"),
    ("session_secs", "A session lasts, in seconds"),
    ("sign_requests", "Signed requests"),
    ("require_encryption", "Encryption demanded"),
    ("sha1_until", "SHA-1 accepted until"),
    ("rsa_1_5_until", "RSA 1.5 accepted until"),
    ("draft", "Draft"),
];

fn label(name: &str) -> String {
    let known = FACTS.iter().chain(&LABELS).find(|(known, _)| *known == name);
    if let Some((_, label)) = known {
        return (*label).to_owned();
    }
    let words = fit(name).replace('_', " ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn value_words(name: &str, value: &Value) -> String {
    let words = match (name, value) {
        ("suspended_retention_days", Value::Null) => "for ever".to_owned(),
        ("seats", Value::Null) => "no limit".to_owned(),
        (_, Value::Null) => "none".to_owned(),
        ("encrypted" | "endpoints_changed", Value::Bool(yes)) => {
            (if *yes { "yes" } else { "no" }).to_owned()
        }
        (_, Value::Bool(on)) => (if *on { "on" } else { "off" }).to_owned(),
        ("suspended_retention_days", Value::Number(days)) => {
            days.as_u64().map_or_else(String::new, |days| counted(days, "day", "days"))
        }
        ("access_token_secs", Value::Number(secs)) => {
            secs.as_u64().map_or_else(String::new, |secs| counted(secs / 60, "minute", "minutes"))
        }
        (_, Value::Number(number)) => number.to_string(),
        ("fingerprint" | "signed_with", Value::String(text)) => shortened(text, 16),
        ("scopes", Value::String(text)) => scope_words(text).to_owned(),
        ("state", Value::String(text)) if text == "none" => "no licence".to_owned(),
        (_, Value::String(text)) => text_words(text),
        (name, Value::Array(list)) if list.is_empty() => value_words(name, &Value::Null),
        (name, Value::Array(list)) => {
            let name = if name.starts_with("certificates") { "fingerprint" } else { name };
            let words: Vec<String> = list.iter().take(10).map(|it| value_words(name, it)).collect();
            words.join(", ")
        }
        (_, Value::Object(_)) => value.to_string(),
    };
    shortened(&words, VALUE_SHOWN_CHARS_MAX)
}

/// A time as people read it; any other text as it is.
fn text_words(text: &str) -> String {
    match Timestamp::parse_rfc3339(text) {
        Some(at) => at.rfc3339().chars().take(10).collect(),
        None => text.to_owned(),
    }
}

fn scope_words(text: &str) -> &str {
    match text {
        "sso" => "single sign-on",
        "scim" => "SCIM",
        "certificate" => "renewing certificates",
        other => other,
    }
}

/// `1 member`, `2,000 members`.
#[must_use]
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// `1,234,567`.
#[must_use]
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
#[path = "history_words_tests.rs"]
mod tests;

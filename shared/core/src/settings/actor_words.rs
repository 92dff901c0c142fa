//! Who did it, in words: the actor of an event or a suspension as an owner reads it. Pure.

use std::collections::BTreeMap;

use crate::{
    event::StoredEvent, operator::members::display_name, organization::Organization, record::User,
};

/// The most characters of a name that a page's sentence shows.
pub const NAME_SHOWN_CHARS_MAX: usize = 80;

/// Names by which pages call what an event names by its id alone: tokens, clients, connections, members, set-up links.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// Those of the organization's own credentials.
    #[must_use]
    pub fn of(organization: &Organization) -> Self {
        let mut names = Self::default();
        for token in &organization.directory.tokens {
            names.put(&token.id.to_string(), &token.name);
        }
        for client in &organization.directory.clients {
            names.put(&client.id.to_string(), &client.name);
        }
        names
    }

    /// What an event calls its subject: a token that was revoked long ago is named in the event that says so. The newest
    /// name stays.
    pub fn learn(&mut self, event: &StoredEvent) {
        if !self.0.contains_key(&event.subject_id) {
            self.put(&event.subject_id, &event.subject_name);
        }
    }

    /// What people are called now.
    pub fn add_users(&mut self, users: &[User]) {
        for user in users {
            self.put(&user.id.to_string(), display_name(user));
        }
    }

    /// The name of this id, fit to be shown.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }

    fn put(&mut self, id: &str, name: &str) {
        let name = fit(name);
        if !name.is_empty() {
            self.0.insert(id.to_owned(), name);
        }
    }
}

/// A name as it may stand in the middle of a sentence: without characters that turn the direction of the text around or
/// are not seen at all, and not longer than [`NAME_SHOWN_CHARS_MAX`].
#[must_use]
pub fn fit(name: &str) -> String {
    shortened(name, NAME_SHOWN_CHARS_MAX)
}

/// As [`fit`], of at most this many characters.
#[must_use]
pub fn shortened(text: &str, chars_max: usize) -> String {
    let is_seen = |c: &char| {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        !(turns || c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}'))
    };
    let mut seen = text.trim().chars().filter(is_seen);
    let mut fit: String = seen.by_ref().take(chars_max).collect();
    if seen.next().is_some() {
        fit.pop();
        fit.push('…');
    }
    fit
}

/// The kinds of actors that the history can be filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActorKind {
    /// The identity provider, with a SCIM token or as an OAuth client.
    IdentityProvider,
    /// An owner in the settings.
    Owner,
    /// Somebody with a set-up link.
    SetupLink,
    /// The operator.
    Operator,
    /// The member whom it is about.
    Member,
    /// Lychgate itself.
    Lychgate,
}

impl ActorKind {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 6] = [
        Self::IdentityProvider,
        Self::Owner,
        Self::SetupLink,
        Self::Operator,
        Self::Member,
        Self::Lychgate,
    ];

    /// Its name in an address.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::IdentityProvider => "idp",
            Self::Owner => "owner",
            Self::SetupLink => "setup_link",
            Self::Operator => "operator",
            Self::Member => "member",
            Self::Lychgate => "lychgate",
        }
    }

    /// Its name for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::IdentityProvider => "Identity provider (SCIM)",
            Self::Owner => "An owner",
            Self::SetupLink => "A set-up link",
            Self::Operator => "The operator",
            Self::Member => "The member themselves",
            Self::Lychgate => "Lychgate",
        }
    }

    /// From [`ActorKind::text`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.text() == text)
    }

    /// Of an actor's text ([`crate::event::Actor::text`]). Nobody known is a browser of whom nothing is believed yet.
    #[must_use]
    pub fn of(actor: &str) -> Option<Self> {
        match actor.split(':').next().unwrap_or_default() {
            "token" | "client" => Some(Self::IdentityProvider),
            "owner" => Some(Self::Owner),
            "setup_link" => Some(Self::SetupLink),
            "operator" => Some(Self::Operator),
            "member" => Some(Self::Member),
            "system" => Some(Self::Lychgate),
            _ => None,
        }
    }
}

/// Who it was, at the beginning of a sentence: `The identity provider (token ‘Okta prod’)`.
#[must_use]
pub fn who(actor: &str, actor_name: Option<&str>, names: &Names) -> String {
    let id = actor.split_once(':').map_or("", |(_, id)| id);
    // The name that was kept with the event goes first: it is the name of then (E2).
    let kept = actor_name.map(fit).filter(|name| !name.is_empty());
    let name = kept.or_else(|| names.get(id).map(str::to_owned));
    match (actor.split(':').next().unwrap_or_default(), name) {
        ("token", Some(name)) => format!("The identity provider (token ‘{name}’)"),
        ("token", None) => format!("The identity provider (a token that was revoked, {})", fit(id)),
        ("client", Some(name)) => format!("The identity provider (OAuth client ‘{name}’)"),
        ("client", None) => {
            format!("The identity provider (an OAuth client that was revoked, {})", fit(id))
        }
        ("operator", _) => "The operator".to_owned(),
        ("member", Some(name)) => name,
        ("member", None) => "The member".to_owned(),
        ("owner", Some(name)) => format!("Owner {name}"),
        ("owner", None) => "An owner".to_owned(),
        ("setup_link", Some(name)) => format!("Somebody with the set-up link ‘{name}’"),
        ("setup_link", None) => "Somebody with a set-up link".to_owned(),
        ("system", _) => "Lychgate".to_owned(),
        _ => "Somebody".to_owned(),
    }
}

/// As [`who`], after "by": `the identity provider (token ‘Okta prod’)`.
#[must_use]
pub fn by(actor: &str, actor_name: Option<&str>, names: &Names) -> String {
    let who = who(actor, actor_name, names);
    for (first, small) in
        [("The ", "the "), ("Owner ", "owner "), ("An ", "an "), ("Somebody", "somebody")]
    {
        // A member called so is not meant.
        if let Some(rest) = who.strip_prefix(first)
            && !actor.starts_with("member:")
        {
            return format!("{small}{rest}");
        }
    }
    who
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Actor;

    #[test]
    fn every_actor_has_words() {
        let mut names = Names::default();
        names.put("tok-00000000", "Okta prod");
        let user = "01993b1e-6f00-7d2a-9c55-3f0b6f1c2d11".parse().unwrap();
        let link = "lnk-0000000000000000";
        for (actor, kind, words) in [
            (Actor::Unknown, None, "Somebody"),
            (
                Actor::Token("tok-00000000".parse().unwrap()),
                Some(ActorKind::IdentityProvider),
                "The identity provider (token ‘Okta prod’)",
            ),
            (
                Actor::Token("tok-11111111".parse().unwrap()),
                Some(ActorKind::IdentityProvider),
                "The identity provider (a token that was revoked, tok-11111111)",
            ),
            (
                Actor::Client("cli-11111111".parse().unwrap()),
                Some(ActorKind::IdentityProvider),
                "The identity provider (an OAuth client that was revoked, cli-11111111)",
            ),
            (
                Actor::Operator("opk-00000000".parse().unwrap()),
                Some(ActorKind::Operator),
                "The operator",
            ),
            (Actor::Member(user), Some(ActorKind::Member), "The member"),
            (
                Actor::Owner(user, "ada@acme.test".to_owned()),
                Some(ActorKind::Owner),
                "Owner ada@acme.test",
            ),
            (
                Actor::SetupLink(link.parse().unwrap(), "IT team".to_owned()),
                Some(ActorKind::SetupLink),
                "Somebody with the set-up link ‘IT team’",
            ),
            (Actor::System, Some(ActorKind::Lychgate), "Lychgate"),
        ] {
            assert_eq!(who(&actor.text(), actor.name(), &names), words);
            assert_eq!(ActorKind::of(&actor.text()), kind, "{words}");
        }
        assert_eq!(
            by("token:tok-00000000", None, &names),
            "the identity provider (token ‘Okta prod’)"
        );
        assert_eq!(by("system", None, &names), "Lychgate");
        assert_eq!(by("member:x", Some("The Boss"), &names), "The Boss");
        for kind in ActorKind::ALL {
            assert_eq!(ActorKind::parse(kind.text()), Some(kind));
        }
    }

    #[test]
    fn a_name_cannot_turn_a_sentence_around() {
        assert_eq!(fit("  Ada\u{202e}nimda\u{2066}\u{0}\u{200f}\r\n "), "Adanimda");
        assert_eq!(fit(&"é".repeat(80)).chars().count(), 80);
        let long = fit(&"é".repeat(81));
        assert!(long.ends_with("é…") && long.chars().count() == 80);
        assert_eq!(fit("\u{202e}"), "");
        assert_eq!(fit("محمد"), "محمد", "a name that runs from right to left stays as it is");
    }
}

//! The pages of the SCIM endpoint: switch, tokens, clients, settings, guides, request log.

use askama::Template;

use super::{
    FormProblem, Frame,
    live::{Live, RequestLine},
    when::{Ends, When},
};

/// Which form of the page was sent and has to be corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// A new token.
    Token,
    /// A new OAuth client.
    Client,
    /// A new secret of the client with this id.
    Secret(String),
    /// The settings.
    Settings,
}

/// A form that came and has to be corrected: what was wrong, and what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Which form.
    pub sent: Sent,
    /// What was wrong.
    pub problem: FormProblem,
    /// The name that was typed.
    pub name: String,
    /// How long it shall hold: `never`, `year`, `date`.
    pub life: String,
    /// The date that was chosen.
    pub date: String,
}

/// The SCIM page.
#[derive(Template)]
#[template(path = "settings/scim.html")]
pub struct ScimPage {
    /// What stands around it.
    pub frame: Frame,
    /// What has to be corrected.
    pub mistake: Option<Mistake>,
    /// Whether SCIM is on.
    pub on: bool,
    /// The base URL.
    pub base_url: String,
    /// Where Entra gets its access tokens.
    pub token_endpoint: String,
    /// The tokens.
    pub tokens: Vec<TokenLine>,
    /// The most tokens that can be.
    pub tokens_max: usize,
    /// The OAuth clients.
    pub clients: Vec<ClientLine>,
    /// The most OAuth clients that can be.
    pub clients_max: usize,
    /// The most secrets of a client.
    pub secrets_max: usize,
    /// The settings.
    pub choices: Choices,
    /// What is taken.
    pub attributes: Vec<AttributeTable>,
    /// How many of the latest requests were looked at for the last uses.
    pub read: usize,
    /// The live state.
    pub live: Live,
}

impl ScimPage {
    /// How the form that makes a token looks.
    #[must_use]
    pub fn token_form(&self) -> LifeForm<'_> {
        LifeForm::of(self.mistake.as_ref().filter(|mistake| mistake.sent == Sent::Token), "never")
    }

    /// How the form that makes a client looks.
    #[must_use]
    pub fn client_form(&self) -> LifeForm<'_> {
        LifeForm::of(self.mistake.as_ref().filter(|mistake| mistake.sent == Sent::Client), "year")
    }

    /// How the form that adds a secret to this client looks.
    #[must_use]
    pub fn secret_form(&self, client: &ClientLine) -> LifeForm<'_> {
        let about = |sent: &Sent| matches!(sent, Sent::Secret(id) if *id == client.id);
        LifeForm::of(self.mistake.as_ref().filter(|mistake| about(&mistake.sent)), "year")
    }
}

/// A form with a name and a life: what was typed, and which field has to be corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LifeForm<'a> {
    /// Whether something has to be corrected.
    pub wrong: bool,
    /// The name.
    pub name: &'a str,
    /// `never`, `year`, `date`.
    pub life: &'a str,
    /// The date.
    pub date: &'a str,
    /// Whether the name is wrong.
    pub name_wrong: bool,
    /// Whether the date is wrong.
    pub date_wrong: bool,
}

impl<'a> LifeForm<'a> {
    fn of(mistake: Option<&'a Mistake>, life: &'a str) -> Self {
        let Some(mistake) = mistake else {
            return Self {
                wrong: false,
                name: "",
                life,
                date: "",
                name_wrong: false,
                date_wrong: false,
            };
        };
        Self {
            wrong: true,
            name: &mistake.name,
            life: if mistake.life.is_empty() { life } else { &mistake.life },
            date: &mistake.date,
            name_wrong: mistake.problem.is_about("name"),
            date_wrong: mistake.problem.is_about("date"),
        }
    }
}

/// One token of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenLine {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What its text begins with.
    pub prefix: String,
    /// When it was made.
    pub created: When,
    /// When it was used last, as far as the latest requests tell.
    pub last_used: Option<When>,
    /// When it ends.
    pub ends: Option<Ends>,
    /// Whether it holds.
    pub holds: bool,
}

/// One OAuth client of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientLine {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it presents as `client_id`.
    pub client_id: String,
    /// When it was made.
    pub created: When,
    /// When one of its access tokens was used last, as far as the latest requests tell.
    pub last_used: Option<When>,
    /// Its secrets.
    pub secrets: Vec<SecretLine>,
    /// Whether there is room for one more.
    pub room: bool,
}

/// One secret of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretLine {
    /// Its id.
    pub id: String,
    /// What its text begins with.
    pub prefix: String,
    /// When it was made.
    pub created: When,
    /// When it ends.
    pub ends: Option<Ends>,
}

/// The settings as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choices {
    /// A PATCH of a group is answered with the group.
    pub answer_resource: bool,
    /// A change that names an unknown member is refused as a whole.
    pub refuse_unknown: bool,
    /// How long an access token holds: seconds, in words, whether it is so now.
    pub lives: Vec<(u32, String, bool)>,
}

/// The attributes of one schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeTable {
    /// Whose they are, for people.
    pub title: String,
    /// The schema's URN.
    pub urn: String,
    /// The attributes.
    pub lines: Vec<AttributeLine>,
}

/// One attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeLine {
    /// Its name.
    pub name: String,
    /// Its parts, when it has some.
    pub parts: String,
    /// Its type, in words.
    pub kind: &'static str,
    /// What it does here, and what is to be known of it.
    pub text: String,
}

/// A secret that was just made. The only time that it is seen.
#[derive(Template)]
#[template(path = "settings/scim_made.html")]
pub struct Made {
    /// What stands around it.
    pub frame: Frame,
    /// Its name.
    pub name: String,
    /// What was made.
    pub secret: MadeSecret,
    /// When it ends.
    pub ends: Option<Ends>,
    /// The base URL.
    pub base_url: String,
}

/// What was made.
#[derive(Clone, PartialEq, Eq)]
pub enum MadeSecret {
    /// A token.
    Token {
        /// Its text.
        text: String,
    },
    /// A secret of an OAuth client.
    Client {
        /// What it presents as `client_id`.
        client_id: String,
        /// Its text.
        text: String,
        /// Where it gets access tokens.
        token_endpoint: String,
        /// Whether the client is new, too.
        new: bool,
    },
}

/// The identity providers that have a guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idp {
    /// Okta.
    Okta,
    /// Microsoft Entra ID.
    Entra,
    /// Google Workspace.
    Google,
    /// OneLogin.
    OneLogin,
    /// JumpCloud.
    JumpCloud,
}

impl Idp {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 5] =
        [Self::Okta, Self::Entra, Self::Google, Self::OneLogin, Self::JumpCloud];

    /// From the path.
    #[must_use]
    pub fn parse(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|idp| idp.slug() == slug)
    }

    /// As it stands in the path.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Okta => "okta",
            Self::Entra => "entra",
            Self::Google => "google",
            Self::OneLogin => "onelogin",
            Self::JumpCloud => "jumpcloud",
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Okta => "Okta",
            Self::Entra => "Microsoft Entra ID",
            Self::Google => "Google Workspace",
            Self::OneLogin => "OneLogin",
            Self::JumpCloud => "JumpCloud",
        }
    }
}

/// Setting provisioning up at one identity provider, step by step.
#[derive(Template)]
#[template(path = "settings/scim_guide.html")]
pub struct Guide {
    /// What stands around it.
    pub frame: Frame,
    /// Which one.
    pub idp: Idp,
    /// Whether SCIM is on.
    pub on: bool,
    /// Whether there is a token or a client secret that holds.
    pub credential: bool,
    /// The base URL.
    pub base_url: String,
    /// Where Entra gets its access tokens.
    pub token_endpoint: String,
    /// The clients: name and `client_id`.
    pub clients: Vec<(String, String)>,
}

/// The request log.
#[derive(Template)]
#[template(path = "settings/scim_requests.html")]
pub struct Requests {
    /// What stands around it.
    pub frame: Frame,
    /// Whether only those that did not succeed are shown.
    pub failed_only: bool,
    /// The requests, newest first.
    pub requests: Vec<RequestLine>,
    /// How many were looked at for this page.
    pub read: usize,
    /// The query of the next page.
    pub older: Option<String>,
    /// Whether this is not the first page.
    pub later: bool,
    /// How many days they are kept.
    pub days: u64,
}

//! The first page of the settings: where things stand, what to do next; and leaving.

use askama::Template;

use super::{
    Frame,
    live::Live,
    when::{Ends, When},
};

/// Where things stand.
#[derive(Template)]
#[template(path = "settings/overview.html")]
pub struct Overview {
    /// What stands around it.
    pub frame: Frame,
    /// What a guest's link is for.
    pub guest: Option<Guest>,
    /// The steps of setting up, in the order of the guides.
    pub steps: Vec<Step>,
    /// Single sign-on; `None`: not for this visitor.
    pub sso: Option<Sso>,
    /// Provisioning; `None`: not for this visitor.
    pub scim: Option<Scim>,
    /// What ends soon, or has ended.
    pub ending: Vec<Ending>,
    /// The live state.
    pub live: Live,
}

impl Overview {
    /// The first step that is to be done and is not.
    #[must_use]
    pub fn next(&self) -> Option<&Step> {
        self.steps.iter().find(|step| step.is_next())
    }
}

/// A link's guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// What the link is called.
    pub name: String,
    /// What it is for: sentences.
    pub scopes: Vec<&'static str>,
    /// When it ends.
    pub ends: Ends,
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It is done.
    Done,
    /// It is what comes next.
    Next,
    /// Something else comes before it.
    Later,
    /// It is not done and need not be.
    Optional,
}

/// One step of setting up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What to do.
    pub title: &'static str,
    /// Where it stands, or what for: a sentence.
    pub note: String,
    /// How far it is.
    pub progress: Progress,
    /// What its button says.
    pub button: &'static str,
    /// Where its button leads: a path of ours.
    pub href: String,
}

impl Step {
    /// Whether it is what comes next.
    #[must_use]
    pub fn is_next(&self) -> bool {
        self.progress == Progress::Next
    }

    /// The kind of its badge.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.progress {
            Progress::Done => "good",
            Progress::Next => "warn",
            Progress::Later | Progress::Optional => "plain",
        }
    }

    /// The word of its badge.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self.progress {
            Progress::Done => "done",
            Progress::Next => "next",
            Progress::Later => "to do",
            Progress::Optional => "optional",
        }
    }
}

/// Single sign-on at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sso {
    /// The connections.
    pub connections: Vec<ConnectionLine>,
    /// Whether there are more than are named here.
    pub more: usize,
    /// Our encryption certificates that hold.
    pub certificates: usize,
    /// Whether members can sign in with a password.
    pub password: bool,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionLine {
    /// Its name.
    pub name: String,
    /// Its page: a path of ours.
    pub href: String,
    /// The kind of its badge.
    pub kind: &'static str,
    /// The word of its badge.
    pub word: &'static str,
    /// What else is to be known of it: sentences.
    pub notes: Vec<String>,
}

/// Provisioning at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scim {
    /// Whether it is on.
    pub on: bool,
    /// Tokens that hold.
    pub tokens: usize,
    /// OAuth clients with a secret that holds.
    pub clients: usize,
}

/// Something that ends soon, or has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// What: `Token “Okta”`.
    pub what: String,
    /// When.
    pub ends: Ends,
    /// What happens, and what to do.
    pub advice: &'static str,
    /// Where: a path of ours.
    pub href: String,
}

/// "Leave for good?": a guest is asked, because nobody can undo it.
#[derive(Template)]
#[template(path = "settings/overview_leave.html")]
pub struct Leave {
    /// What stands around it.
    pub frame: Frame,
    /// When the link ends.
    pub until: When,
}

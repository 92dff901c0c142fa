//! Set-up links (W4): making one, watching what is done with it, taking it back.

use askama::Template;

use super::{FormProblem, Frame};

/// A link as the owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its id, for the form that takes it back.
    pub id: String,
    /// Whom it is for.
    pub name: String,
    /// What it is for, in words.
    pub scopes: Vec<&'static str>,
    /// The badge: its kind and its word.
    pub state: (&'static str, &'static str),
    /// When it was made, and by whom.
    pub created: String,
    /// When it ends or ended.
    pub expires: String,
    /// When it was opened first.
    pub opened: Option<String>,
    /// What was done with it, newest first: `(when, what)`.
    pub uses: Vec<(String, &'static str)>,
    /// Whether it can be taken back.
    pub holds: bool,
}

/// One thing that a link can be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The field's value.
    pub value: &'static str,
    /// Its label.
    pub label: &'static str,
    /// What it allows.
    pub hint: &'static str,
    /// Whether it is ticked.
    pub ticked: bool,
}

/// How long a new link may hold: a choice of days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Days {
    /// How many.
    pub days: u64,
    /// Whether it is the one that is chosen.
    pub chosen: bool,
}

/// The page.
#[derive(Template)]
#[template(path = "settings/links.html")]
pub struct Links {
    /// What stands around it.
    pub frame: Frame,
    /// The links, newest first.
    pub links: Vec<Row>,
    /// What was wrong with the form.
    pub problem: Option<FormProblem>,
    /// The name that was typed.
    pub name: String,
    /// What a link can be for.
    pub scopes: Vec<Choice>,
    /// How long.
    pub days: Vec<Days>,
    /// The most that hold at a time.
    pub links_max: usize,
}

/// A link that was just made: the only time that its address is seen.
#[derive(Template)]
#[template(path = "settings/link_made.html")]
pub struct Made {
    /// What stands around it.
    pub frame: Frame,
    /// Whom it is for.
    pub name: String,
    /// The address.
    pub url: String,
    /// When it ends.
    pub expires: String,
    /// What it is for, in words.
    pub scopes: Vec<&'static str>,
}

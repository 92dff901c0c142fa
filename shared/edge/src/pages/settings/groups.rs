//! Groups, and who is in one (W3, P10).

use askama::Template;

use super::{
    Frame,
    members::{Badge, Choice, InGroup},
    moment::Moment,
};

/// A group as a line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its page.
    pub href: String,
    /// Its name.
    pub name: String,
    /// How many members it has.
    pub members: String,
    /// Where it comes from.
    pub managed_by: &'static str,
    /// When it, or who is in it, was changed last.
    pub modified: Moment,
}

/// The list of groups.
#[derive(Template)]
#[template(path = "settings/groups_list.html")]
pub struct List {
    /// What stands around it.
    pub frame: Frame,
    /// The parts of these pages.
    pub parts: Vec<Choice>,
    /// What was searched for; empty when nothing was.
    pub search: String,
    /// The most characters of a search.
    pub search_chars_max: usize,
    /// How many there are, looked at and found: a sentence.
    pub summary: String,
    /// The groups.
    pub lines: Vec<Line>,
    /// Where the list goes on, and what the link says.
    pub next: Option<(String, &'static str)>,
    /// Where the list begins, when this is not its beginning.
    pub first: Option<String>,
}

/// Somebody, or a group, in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inside {
    /// The page of it.
    pub href: String,
    /// Its name.
    pub name: String,
    /// The userName of a person.
    pub user_name: String,
    /// `Person`, `Group`, suspended.
    pub badges: Vec<Badge>,
}

/// A group.
#[derive(Template)]
#[template(path = "settings/group.html")]
pub struct Group {
    /// What stands around it.
    pub frame: Frame,
    /// The parts of these pages.
    pub parts: Vec<Choice>,
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// The identity provider's own id of it.
    pub external_id: Option<String>,
    /// Where it comes from.
    pub managed_by: &'static str,
    /// How many members it has.
    pub members: String,
    /// When it was created.
    pub created: Moment,
    /// When it, or who is in it, was changed last.
    pub modified: Moment,
    /// The groups that it is in itself.
    pub inside_of: Vec<InGroup>,
    /// Who is in it: this page of them.
    pub inside: Vec<Inside>,
    /// Where the list goes on.
    pub next: Option<String>,
    /// Where the list begins, when this is not its beginning.
    pub first: Option<String>,
}

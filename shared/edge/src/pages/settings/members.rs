//! Members: the list, and everything known of one (W3, P6, P7).

use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{FormProblem, Frame, moment::Moment};

/// A word with a colour; the word says it without the colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Badge {
    /// `good`, `warn`, `bad` or `plain`.
    pub kind: &'static str,
    /// The word.
    pub word: &'static str,
}

/// One choice of several, as a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its name.
    pub label: &'static str,
    /// Its path.
    pub href: String,
    /// Whether it is the one that is shown.
    pub current: bool,
}

/// One option of a field to choose from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pick {
    /// Its value.
    pub value: &'static str,
    /// Its name.
    pub label: &'static str,
    /// Whether it was chosen.
    pub chosen: bool,
}

/// A query of these pairs, with its question mark; pairs without a value are left out. Nothing that a stranger chose comes
/// into a link another way.
#[must_use]
pub fn query(pairs: &[(&str, &str)]) -> String {
    let given = pairs.iter().filter(|(_, value)| !value.is_empty());
    let given = given.map(|(name, value)| {
        let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
        format!("{name}={value}")
    });
    let given: Vec<String> = given.collect();
    if given.is_empty() { String::new() } else { format!("?{}", given.join("&")) }
}

/// The parts of the members' pages: all members, suspended ones, groups.
#[must_use]
pub fn parts(home: &str, current: &str) -> Vec<Choice> {
    let parts = [("All members", "/members"), ("Suspended", "/suspended"), ("Groups", "/groups")];
    let choice = |(label, path): (&'static str, &str)| Choice {
        label,
        href: format!("{home}{path}"),
        current: path == current,
    };
    parts.into_iter().map(choice).collect()
}

/// A member as a line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The id.
    pub id: String,
    /// The member's page.
    pub href: String,
    /// What the person is called.
    pub name: String,
    /// The userName.
    pub user_name: String,
    /// Who manages the member.
    pub managed_by: &'static str,
    /// Active, suspended and by whom, owner.
    pub badges: Vec<Badge>,
    /// The last sign-in.
    pub last_sign_in: Option<Moment>,
    /// Whether the member may have a password.
    pub password: bool,
}

/// The list of members.
#[derive(Template)]
#[template(path = "settings/members_list.html")]
pub struct List {
    /// What stands around it.
    pub frame: Frame,
    /// The parts of these pages.
    pub parts: Vec<Choice>,
    /// What was searched for; empty when nothing was.
    pub search: String,
    /// The most characters of a search.
    pub search_chars_max: usize,
    /// Whom the list shows.
    pub picks: Vec<Pick>,
    /// How many members there are, how many were looked at, how many were found: a sentence.
    pub summary: String,
    /// The members.
    pub lines: Vec<Line>,
    /// Whether passwords are a way in here at all.
    pub passwords: bool,
    /// Where the list goes on, and what the link says.
    pub next: Option<(String, &'static str)>,
    /// Where the list begins, when this is not its beginning.
    pub first: Option<String>,
    /// The export.
    pub export: Export,
}

/// The way to a table for spreadsheets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// What one download holds: a sentence.
    pub about: String,
    /// The download, and what its link says.
    pub download: (String, String),
    /// The page that counts the part after this one.
    pub next: Option<String>,
}

/// One part of an export that does not fit into one download.
#[derive(Template)]
#[template(path = "settings/export.html")]
pub struct Part {
    /// What stands around it.
    pub frame: Frame,
    /// What is exported, as the title.
    pub title: &'static str,
    /// Where to go back to.
    pub back: String,
    /// This part.
    pub export: Export,
}

/// A suspension in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspended {
    /// Which of the two: by the identity provider, or by hand.
    pub which: &'static str,
    /// Since when.
    pub since: Moment,
    /// Who did it.
    pub by: String,
}

/// A group that a member is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InGroup {
    /// The group's page.
    pub href: String,
    /// Its name.
    pub name: String,
}

/// What can be done about a suspension by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByHand {
    /// It can be done.
    Suspend {
        /// It is the visitor.
        is_self: bool,
    },
    /// It can be lifted.
    Restore {
        /// The identity provider's own suspension stays.
        stays: bool,
    },
    /// The last owner who can get in.
    LastOwner,
}

/// A member.
#[derive(Template)]
#[template(path = "settings/member.html")]
pub struct Member {
    /// What stands around it.
    pub frame: Frame,
    /// The parts of these pages.
    pub parts: Vec<Choice>,
    /// What was wrong with the form that came.
    pub problem: Option<FormProblem>,
    /// The member's path: what the forms' paths begin with.
    pub path: String,
    /// As in the list.
    pub line: Line,
    /// The id.
    pub id: String,
    /// When it was created.
    pub created: Moment,
    /// When it was changed last.
    pub modified: Moment,
    /// The suspensions.
    pub suspensions: Vec<Suspended>,
    /// Whether the identity provider has suspended it.
    pub suspended_by_idp: bool,
    /// What can be done about a suspension by hand.
    pub by_hand: ByHand,
    /// The attributes: label and value.
    pub attributes: Vec<(String, String)>,
    /// How many attributes are not shown.
    pub attributes_more: usize,
    /// The groups.
    pub groups: Vec<InGroup>,
    /// How many groups were not looked at.
    pub groups_more: usize,
    /// How many sessions there are; with `true`, at least so many.
    pub sessions: (usize, bool),
    /// Whether passwords are a way in here at all.
    pub passwords: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_holds_any_text() {
        assert_eq!(query(&[("q", ""), ("after", "")]), "");
        let hostile = query(&[("q", "\"><b>&after=x é#"), ("show", "all")]);
        assert_eq!(hostile, "?q=%22%3E%3Cb%3E%26after%3Dx%20%C3%A9%23&show=all");
    }
}

//! Suspended members: who they are, cleaning them up, how long they are kept (P7).

use askama::Template;

use super::{
    FormProblem, Frame,
    members::{Choice, Export},
    moment::Moment,
};

/// A suspended member as a line.
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
    /// Since when.
    pub since: Option<Moment>,
    /// Who did it.
    pub by: String,
    /// The last sign-in.
    pub last_sign_in: Option<Moment>,
    /// Who manages the member.
    pub managed_by: &'static str,
    /// An owner, suspended.
    pub owner: bool,
}

/// The list of suspended members.
#[derive(Template)]
#[template(path = "settings/suspended_list.html")]
pub struct List {
    /// What stands around it.
    pub frame: Frame,
    /// The parts of these pages.
    pub parts: Vec<Choice>,
    /// What was wrong with the form that came.
    pub problem: Option<FormProblem>,
    /// How many were looked at and found: a sentence.
    pub summary: String,
    /// The members.
    pub lines: Vec<Line>,
    /// Where the list goes on, and what the link says.
    pub next: Option<(String, &'static str)>,
    /// Where the list begins, when this is not its beginning.
    pub first: Option<String>,
    /// The export.
    pub export: Export,
    /// How long they are kept.
    pub retention: Retention,
}

/// How long suspended members are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// The days as they stand in the field.
    pub days: String,
    /// Whether there is an end at all.
    pub ends: bool,
    /// The most days.
    pub days_max: u32,
    /// What happens with the members on this page: a sentence.
    pub outlook: String,
}

/// Asks whether these members shall be deleted.
#[derive(Template)]
#[template(path = "settings/suspended_confirm.html")]
pub struct Confirm {
    /// What stands around it.
    pub frame: Frame,
    /// Who.
    pub lines: Vec<Line>,
    /// How many were chosen who are not suspended, or gone: they stay out of it.
    pub others: usize,
}

/// What a clean-up did, when it did not do all of it.
#[derive(Template)]
#[template(path = "settings/suspended_cleaned.html")]
pub struct Cleaned {
    /// What stands around it.
    pub frame: Frame,
    /// How many were deleted.
    pub deleted: usize,
    /// Who was not, and why.
    pub kept: Vec<(String, &'static str)>,
}

/// Asks whether suspended members shall be deleted after so many days.
#[derive(Template)]
#[template(path = "settings/suspended_retention.html")]
pub struct ConfirmRetention {
    /// What stands around it.
    pub frame: Frame,
    /// The days.
    pub days: u32,
    /// Whom the next sweep would delete: a sentence.
    pub outlook: String,
}

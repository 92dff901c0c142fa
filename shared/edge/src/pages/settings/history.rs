//! The history: what happened, in words (E2, O5).

use askama::Template;

use super::{
    Frame,
    members::{Export, Pick},
    moment::Moment,
};

/// An event in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Moment,
    /// The sentence.
    pub sentence: String,
    /// What changed.
    pub changes: Vec<String>,
    /// The page of what it is about, when it can be opened still.
    pub href: Option<String>,
}

/// The history.
#[derive(Template)]
#[template(path = "settings/history.html")]
pub struct History {
    /// What stands around it.
    pub frame: Frame,
    /// What was searched for; empty when nothing was.
    pub search: String,
    /// The most characters of a search.
    pub search_chars_max: usize,
    /// What it is about.
    pub topics: Vec<Pick>,
    /// Who did it.
    pub actors: Vec<Pick>,
    /// How many were looked at and found: a sentence.
    pub summary: String,
    /// The events, newest first.
    pub lines: Vec<Line>,
    /// Where the list goes on, and what the link says.
    pub next: Option<(String, &'static str)>,
    /// Where the list begins, when this is not its beginning.
    pub first: Option<String>,
    /// The export.
    pub export: Export,
}

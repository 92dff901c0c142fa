//! The owner's pages, Settings → SSO & SCIM (W2–W4): what stands around each of them. A file per part.
//!
//! A page is a struct with a `frame`; its template extends `settings/frame.html` and uses the macros of
//! `settings/parts.html`. Every text that a stranger chose (names, `NameID`s, error texts) goes through the templates'
//! escaping and nothing else.

pub mod attempt;
pub mod closed;
pub mod connection;
pub mod enter;
pub mod groups;
pub mod history;
pub mod links;
pub mod live;
pub mod members;
pub mod moment;
pub mod overview;
pub mod scim;
pub mod sso;
pub mod suspended;
pub mod when;

use super::Hidden;

/// One part of the settings in the navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// Its name.
    pub label: &'static str,
    /// Its path.
    pub href: String,
    /// Whether the page belongs to it.
    pub current: bool,
}

/// What stands around a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The organization's name.
    pub organization: String,
    /// `/settings/org-…`: what every path of these pages begins with.
    pub home: String,
    /// The parts that this visitor may open.
    pub tabs: Vec<Tab>,
    /// Who is looking, for people.
    pub who: String,
    /// Until when a guest may come, for people (`2026-11-29 16:05 UTC`); `None` for an owner.
    pub guest_until: Option<String>,
    /// What was just done: a sentence.
    pub done: Option<&'static str>,
    /// The hidden field that every form carries.
    pub hidden: Vec<Hidden>,
}

/// What was wrong with a form that came: shown at its top and at the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormProblem {
    /// The field's name, when it is about one.
    pub field: Option<String>,
    /// What to change.
    pub sentence: String,
}

impl FormProblem {
    /// Whether it is about this field.
    #[must_use]
    pub fn is_about(&self, field: &str) -> bool {
        self.field.as_deref() == Some(field)
    }
}

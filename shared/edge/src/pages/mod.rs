//! The pages that people see, as types: what a page needs is what its struct has, and the templates escape all of it.

pub mod password;
pub mod sign_in;
pub mod end_session;
pub mod settings;

/// The one style sheet.
pub const STYLE: &str = include_str!("../../templates/style.css");

/// The style sheet of the owner's pages, beside [`STYLE`].
pub const SETTINGS_STYLE: &str = include_str!("../../templates/settings/settings.css");
/// What the owner's pages can do more where scripts run: copying, looking again, opening a link.
pub const SETTINGS_SCRIPT: &str = include_str!("../../templates/settings/settings.js");

/// A field that a form carries along unseen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Hidden {
    /// A field.
    #[must_use]
    pub fn new(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned() }
    }
}

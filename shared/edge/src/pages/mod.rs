//! The pages that people see, as types: what a page needs is what its struct has, and the templates escape all of it.

pub mod password;
pub mod sign_in;
pub mod end_session;

/// The one style sheet.
pub const STYLE: &str = include_str!("../../templates/style.css");

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

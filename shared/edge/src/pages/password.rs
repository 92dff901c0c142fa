//! Choosing a password.

use askama::Template;

use super::Hidden;

/// "Forgot your password?"
#[derive(Template)]
#[template(path = "password_forgot.html")]
pub struct Forgot<'a> {
    /// The organization's name.
    pub organization: &'a str,
    /// Fields that the form carries along.
    pub hidden: &'a [Hidden],
}

/// The form for a new password.
#[derive(Template)]
#[template(path = "password_new.html")]
pub struct New<'a> {
    /// The organization's name.
    pub organization: &'a str,
    /// Whose password.
    pub user_name: &'a str,
    /// The fewest characters.
    pub chars_min: usize,
    /// What was wrong.
    pub error: Option<&'a str>,
    /// Fields that the form carries along.
    pub hidden: &'a [Hidden],
}

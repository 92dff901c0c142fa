//! The way in: a link that is opened, and the question which organization is meant.

use askama::Template;

use crate::pages::Hidden;

/// Opens a link. Where scripts run, the address's part behind `#` fills the form in and sends it.
#[derive(Template)]
#[template(path = "settings/enter.html")]
pub struct Enter<'a> {
    /// What was wrong with what was pasted.
    pub error: Option<&'a str>,
    /// Fields that the form carries along.
    pub hidden: &'a [Hidden],
}

/// One organization whose settings this browser may be able to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Its settings.
    pub href: String,
}

/// Which organization.
#[derive(Template)]
#[template(path = "settings/find.html")]
pub struct Find<'a> {
    /// Those that this browser has a session or a visit at.
    pub places: &'a [Place],
}

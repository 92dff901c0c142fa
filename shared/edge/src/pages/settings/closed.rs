//! The page of somebody who is not let in: it says why, and who can change it (O3, O4, W4).

use askama::Template;

/// Why the settings are closed to this visitor.
#[derive(Template)]
#[template(path = "settings/closed.html")]
pub struct Closed<'a> {
    /// What it is about, as the title.
    pub title: &'a str,
    /// What to know, and what to do: in this order.
    pub paragraphs: &'a [&'a str],
    /// Where to go on: `(label, path of ours)`.
    pub button: Option<(&'a str, &'a str)>,
}

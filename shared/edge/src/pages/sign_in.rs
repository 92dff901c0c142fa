//! Signing in and out.

use askama::Template;

use super::Hidden;

/// "Where do you work?": nobody said for which organization.
#[derive(Template)]
#[template(path = "find.html")]
pub struct Find<'a> {
    /// What was typed before.
    pub typed: &'a str,
    /// What was wrong with it.
    pub error: Option<&'a str>,
    /// The application's request, carried along.
    pub hidden: &'a [Hidden],
}

/// A way in through an identity provider.
pub struct Way {
    /// What its button says.
    pub label: String,
    /// Where it leads: a path of ours.
    pub href: String,
}

/// The ways into one organization.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub struct SignIn<'a> {
    /// The organization's name.
    pub organization: &'a str,
    /// Identity providers.
    pub ways: &'a [Way],
    /// Why there is no identity provider although one is set up (the licence), if so.
    pub notice: Option<&'a str>,
    /// Whether passwords are possible.
    pub password: bool,
    /// The address that was typed before.
    pub email: &'a str,
    /// What was wrong.
    pub error: Option<&'a str>,
    /// Where a forgotten password leads.
    pub forgot: &'a str,
    /// Fields that the form carries along.
    pub hidden: &'a [Hidden],
}

/// "Sign out?": asked, because a link on a foreign page must not do it.
#[derive(Template)]
#[template(path = "sign_out.html")]
pub struct SignOut<'a> {
    /// Fields that the form carries along.
    pub hidden: &'a [Hidden],
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "message.html")]
pub struct Message<'a> {
    /// Its heading.
    pub title: &'a str,
    /// Its sentences, a paragraph each.
    pub paragraphs: &'a [&'a str],
    /// A button: its label and where it leads.
    pub button: Option<(&'a str, &'a str)>,
}

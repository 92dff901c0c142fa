//! The question whether to sign out, for a request that shows no ID token (OpenID Connect RP-Initiated Logout §2).

use askama::Template;

use super::Hidden;

/// The question. Its form is answered at `/oidc/end_session`.
#[derive(Template)]
#[template(path = "end_session.html")]
pub struct EndSession<'a> {
    /// The application that sent the browser, when it is known.
    pub application: Option<&'a str>,
    /// Fields that the form carries along.
    pub hidden: &'a [Hidden],
}

//! Single sign-on at a glance (W2): connections, certificates, passwords, the latest sign-ins; and what its pages share.

use askama::Template;

use super::{FormProblem, Frame, attempt::AttemptRow, moment::Moment};

/// A word with a colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// `good`, `warn`, `bad` or `plain`.
    pub kind: &'static str,
    /// The word, which says it without the colour.
    pub word: String,
}

impl Badge {
    /// A badge.
    #[must_use]
    pub fn new(kind: &'static str, word: impl Into<String>) -> Self {
        Self { kind, word: word.into() }
    }

    /// For something that ends in this many days.
    #[must_use]
    pub fn days_left(days: i64) -> Self {
        let plural = if days == 1 { "" } else { "s" };
        match days {
            ..0 => Self::new("bad", "ended"),
            0..30 => Self::new("warn", format!("{days} day{plural} left")),
            _ => Self::new("plain", format!("{days} days left")),
        }
    }
}

/// One choice of several, as a list of options or of links shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The value that a form sends, or the path that a link leads to.
    pub value: String,
    /// What people read.
    pub label: &'static str,
    /// Whether it is the current one.
    pub chosen: bool,
}

/// A connection among others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionRow {
    /// What people call it.
    pub name: String,
    /// Its page.
    pub href: String,
    /// Where it stands.
    pub badges: Vec<Badge>,
    /// The IdP's entity ID.
    pub entity_id: Option<String>,
    /// Of the signing certificate that ends last.
    pub certificate: Option<Badge>,
    /// When its test passed.
    pub tested: Option<Moment>,
    /// What to do next, as a sentence.
    pub next: &'static str,
}

/// One of our encryption certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRow {
    /// The path of its downloads and of its form, without a slash at its end.
    pub path: String,
    /// SHA-256, in groups that people can compare.
    pub fingerprint: String,
    /// Its first characters: its name in a sentence.
    pub short: String,
    /// Whether it is the newest: the one to upload.
    pub newest: bool,
    /// When it was made.
    pub created: Moment,
    /// When it ends.
    pub expires: Moment,
    /// How many days are left.
    pub left: Badge,
    /// Its form is shown open: something was wrong with it.
    pub open: bool,
}

/// How members sign in beside the identity provider. For owners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInPolicyForm {
    /// Whether passwords are allowed.
    pub password: bool,
    /// E-mail domains, one a line.
    pub email_domains: String,
}

/// `/settings/{organization}/sso`.
#[derive(Template)]
#[template(path = "settings/sso.html")]
pub struct SsoPage {
    /// What stands around it.
    pub frame: Frame,
    /// What was wrong with the form that came.
    pub problem: Option<FormProblem>,
    /// The connections.
    pub connections: Vec<ConnectionRow>,
    /// Whether somebody can sign in through any of them.
    pub any_active: bool,
    /// Whether this visitor may make connections and see sign-ins.
    pub may_set_up: bool,
    /// The name typed for a new connection.
    pub new_name: String,
    /// Which IdP a new connection is to.
    pub idps: Vec<Choice>,
    /// Encryption certificates, newest first.
    pub certificates: Vec<CertificateRow>,
    /// Owners only.
    pub policy: Option<SignInPolicyForm>,
    /// Where people begin: for bookmarks and for the identity provider.
    pub sign_on_url: String,
    /// The latest sign-ins.
    pub attempts: Vec<AttemptRow>,
}

impl SsoPage {
    /// Whether the form's problem is about this field.
    #[must_use]
    pub fn is_wrong(&self, field: &str) -> bool {
        self.problem.as_ref().is_some_and(|problem| problem.is_about(field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_soon_is_a_warning() {
        let kinds = [-1, 0, 1, 29, 30].map(Badge::days_left);
        assert_eq!(
            kinds.each_ref().map(|badge| badge.kind),
            ["bad", "warn", "warn", "warn", "plain"]
        );
        assert_eq!(kinds[2].word, "1 day left");
    }
}

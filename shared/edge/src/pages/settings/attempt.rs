//! Sign-ins, with their outcome and why (S11): the list, and one with where to change what.

use askama::Template;

use super::{
    Frame,
    moment::Moment,
    sso::{Badge, Choice},
};

/// A sign-in among others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    /// Its page.
    pub href: String,
    /// When.
    pub at: Moment,
    /// What became of it.
    pub outcome: Badge,
    /// Whom the message named.
    pub subject: String,
    /// Through which connection, or `password`.
    pub through: String,
    /// Why not.
    pub code: Option<String>,
}

/// `/settings/{organization}/attempts`.
#[derive(Template)]
#[template(path = "settings/attempts.html")]
pub struct AttemptsPage {
    /// What stands around it.
    pub frame: Frame,
    /// All, rejected, tests: paths.
    pub filters: Vec<Choice>,
    /// How many days they are kept.
    pub days: u64,
    /// Those on this page, newest first.
    pub attempts: Vec<AttemptRow>,
    /// Older ones.
    pub older: Option<String>,
    /// Back to the newest, when this is not them.
    pub newest: Option<String>,
}

/// An attribute that came, and what it is read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeRow {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
    /// `e-mail address` and the like.
    pub means: Option<String>,
}

/// What a test that passed found (S12).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// Whom it maps to, as a sentence.
    pub member: String,
    /// The NameID.
    pub name_id: String,
    /// Its format.
    pub name_id_format: String,
    /// What was signed.
    pub signed: String,
    /// With which algorithm.
    pub algorithm: String,
    /// The fingerprint of the certificate.
    pub fingerprint: String,
    /// How many days that certificate has left.
    pub left: Option<Badge>,
    /// How it was encrypted: `no`, or the algorithms and the certificate.
    pub encrypted: String,
    /// The IdP's clock.
    pub clock: String,
    /// The attributes.
    pub attributes: Vec<AttributeRow>,
    /// What to look at.
    pub warnings: Vec<String>,
}

/// Why it did not work, and where to change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The stable word for it.
    pub code: String,
    /// What happened, as a sentence.
    pub happened: String,
    /// What was wanted.
    pub want: Option<String>,
    /// What came.
    pub got: Option<String>,
    /// What the IdP is called.
    pub idp: &'static str,
    /// Where to change it at the IdP, in its words.
    pub there: Option<&'static str>,
    /// Where to change it here.
    pub here: Option<&'static str>,
}

/// One sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptView {
    /// As in the list.
    pub row: AttemptRow,
    /// The reference on the person's page.
    pub reference: String,
    /// Why it did not work.
    pub failure: Option<Failure>,
    /// What a test found.
    pub facts: Option<Facts>,
}

/// `/settings/{organization}/attempts/{attempt}`.
#[derive(Template)]
#[template(path = "settings/attempt.html")]
pub struct AttemptPage {
    /// What stands around it.
    pub frame: Frame,
    /// The sign-in.
    pub view: AttemptView,
    /// The connection's page.
    pub connection_href: Option<String>,
    /// The member's page, for who may open it.
    pub member_href: Option<String>,
    /// The request's id, which ties it to the operator's log.
    pub request_id: String,
    /// All that somebody needs who is to help, as text.
    pub support: String,
}

//! The live state: what has come, what became of it, and what to do. One fragment, shown within a page and alone.

use askama::Template;

use super::when::When;

/// The live state alone: what the script puts in place of the one that a page was shown with.
#[derive(Template)]
#[template(path = "settings/live_alone.html")]
pub struct LiveAlone {
    /// The state.
    pub live: Live,
}

/// How things stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// `/settings/org-…`.
    pub home: String,
    /// When it was read.
    pub at: When,
    /// How many members there are, suspended ones included.
    pub users: u64,
    /// How many groups there are.
    pub groups: u64,
    /// How many members the licence has room for.
    pub seats: Option<u64>,
    /// Whether the counts are for this visitor.
    pub counted: bool,
    /// Whether this visitor may open the members.
    pub members_open: bool,
    /// Of signing in; `None`: not for this visitor, or not on this page.
    pub sign_in: Option<LiveSignIn>,
    /// The latest sign-ins are for this visitor, and were not read for this page.
    pub sign_in_elsewhere: bool,
    /// Of provisioning; `None`: not for this visitor, or not on this page.
    pub scim: Option<LiveScim>,
}

/// The latest sign-ins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSignIn {
    /// The latest of all.
    pub last: Option<Tried>,
    /// The latest that was refused, when it is another one.
    pub last_refused: Option<Tried>,
    /// How many attempts were looked at.
    pub read: usize,
}

/// One attempt to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// When.
    pub when: When,
    /// The kind of its badge.
    pub kind: &'static str,
    /// What became of it, in two words.
    pub word: &'static str,
    /// Whom the message named.
    pub subject: Option<String>,
    /// Why not, for the owner.
    pub detail: Option<String>,
    /// The path of all that is known of it, behind the home.
    pub href: String,
}

/// What the provisioning client has sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveScim {
    /// Whether SCIM is on.
    pub on: bool,
    /// How many of the latest requests were looked at.
    pub read: usize,
    /// How far they go back, when that is less than the 24 hours that are counted.
    pub cut: Option<When>,
    /// The latest request.
    pub contact: Option<Contact>,
    /// How many succeeded in the last 24 hours.
    pub succeeded: usize,
    /// How many were refused (4xx).
    pub refused: usize,
    /// How many failed on our side (5xx).
    pub failed: usize,
    /// The latest requests that did not succeed.
    pub failures: Vec<RequestLine>,
    /// Member ids that groups named and that do not exist here.
    pub unknown: Vec<Unknown>,
    /// When to expect the next request, when we know the client's habits.
    pub rhythm: Option<&'static str>,
}

/// The latest request of a provisioning client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// When.
    pub when: When,
    /// Who it was, as far as it says.
    pub client: String,
}

/// Members that a group's change named and that do not exist here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// When.
    pub when: When,
    /// The request's path, which names the group.
    pub path: String,
    /// The ids.
    pub ids: Vec<String>,
}

/// One request of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLine {
    /// When it came.
    pub when: When,
    /// Its method.
    pub method: String,
    /// Its path below the base URL, shortened.
    pub path: String,
    /// What was answered.
    pub status: u16,
    /// The kind of its badge.
    pub kind: &'static str,
    /// What the status means, in a word or two.
    pub word: &'static str,
    /// `scimType` of an error.
    pub scim_type: Option<String>,
    /// What the client was told.
    pub detail: Option<String>,
    /// What to do about it.
    pub advice: Option<&'static str>,
    /// Who it was, as far as it says.
    pub client: String,
    /// With which token or client it came: its name, or its id when it is gone.
    pub credential: String,
    /// What was repaired or dropped.
    pub notices: Vec<NoticeLine>,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// What was repaired or dropped of a request, by one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeLine {
    /// What was done, and why.
    pub what: &'static str,
    /// To which attributes, paths or ids.
    pub subjects: Vec<String>,
}

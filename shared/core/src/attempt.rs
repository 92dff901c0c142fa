//! The attempt log (S11): every sign-in with its outcome and, when it was rejected, what was expected and what came.

use serde_json::{Map, Value};

use crate::{
    ids::{AttemptId, ConnectionId, UserId},
    time::Timestamp,
};

/// How long an attempt is kept, in days.
pub const ATTEMPT_DAYS: u64 = 30;

/// One finished or rejected sign-in.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Its id: the reference on the person's page.
    pub id: AttemptId,
    /// When.
    pub at: Timestamp,
    /// The request's id: ties it to the structured log.
    pub request_id: String,
    /// What became of it.
    pub outcome: AttemptOutcome,
    /// `saml`, `password`.
    pub method: &'static str,
    /// Which connection it came through.
    pub connection: Option<ConnectionId>,
    /// Who signed in.
    pub user: Option<UserId>,
    /// Whom the message named: a NameID or an e-mail address, shortened.
    pub subject: Option<String>,
    /// Why not: a stable code of the error catalogue.
    pub code: Option<String>,
    /// Why not, as a sentence for the owner that says where to change it.
    pub detail: Option<String>,
    /// What was wanted.
    pub want: Option<String>,
    /// What came.
    pub got: Option<String>,
    /// Of a test: the attributes, what was signed and encrypted and how, the clock's offset. Small.
    pub facts: Map<String, Value>,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// Signed in.
    SignedIn,
    /// Not signed in.
    Rejected,
    /// A test that passed.
    TestPassed,
    /// A test that did not.
    TestFailed,
}

impl AttemptOutcome {
    /// `signed_in`, `rejected`, `test_passed`, `test_failed`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::Rejected => "rejected",
            Self::TestPassed => "test_passed",
            Self::TestFailed => "test_failed",
        }
    }
}

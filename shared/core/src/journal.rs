//! The request log (P16) and the live state: what the provisioning client sent, and what became of it.

use serde_json::Value;

use crate::time::Timestamp;

/// How long an entry of the request log is kept, in days.
pub const REQUEST_LOG_DAYS: u64 = 14;
/// How many unknown member ids the live state remembers.
pub const UNKNOWN_MEMBERS_KEPT_MAX: usize = 50;

/// One SCIM request and its outcome. No body, no token.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestEntry {
    /// When it came.
    pub at: Timestamp,
    /// The request's id: ties it to the structured log.
    pub request_id: String,
    /// The method.
    pub method: String,
    /// The path with its query, shortened.
    pub path: String,
    /// [`crate::event::Actor::text`].
    pub actor: String,
    /// The `User-Agent`, shortened; Entra sends none.
    pub client: Option<String>,
    /// The HTTP status that was answered.
    pub status: u16,
    /// `scimType` of an error.
    pub scim_type: Option<String>,
    /// `detail` of an error.
    pub detail: Option<String>,
    /// What was repaired or dropped: `[{"kind": …, "subject": …}]`.
    pub notices: Vec<Value>,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// Member ids that a change of a group named and that do not exist (P10).
#[derive(Debug, Clone, PartialEq)]
pub struct UnknownMembersEntry {
    /// When.
    pub at: Timestamp,
    /// The group.
    pub group: String,
    /// The ids, at most [`UNKNOWN_MEMBERS_KEPT_MAX`].
    pub members: Vec<String>,
}

//! Searches: the query parameters of a list, and `POST …/.search` (RFC 7644 §3.4.2, §3.4.3).

/// What to list and how.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListQuery {}

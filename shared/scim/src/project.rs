//! Projection (RFC 7644 §3.9): `attributes` and `excludedAttributes` against what an attribute's `returned` allows.

/// Which attributes an answer shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Projection {}

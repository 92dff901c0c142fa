//! The core Group schema (RFC 7643 §4.2).

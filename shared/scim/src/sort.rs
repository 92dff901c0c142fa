//! Sorting (RFC 7644 §3.4.2.3).

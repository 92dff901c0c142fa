//! The enterprise User extension (RFC 7643 §4.3).

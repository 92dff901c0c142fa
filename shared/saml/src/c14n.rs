//! Canonical XML 1.0 (inclusive) and Exclusive XML Canonicalization 1.0, both without comments.

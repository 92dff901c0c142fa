//! Attribute paths and value paths (RFC 7644 §3.5.2, §3.10): one AST, used by filters, PATCH, sorting and projection.

//! Filters (RFC 7644 §3.4.2.2): grammar to AST, checked against a schema, evaluated on a resource.

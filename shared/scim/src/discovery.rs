//! What the server tells of itself (RFC 7643 §5 to §7, RFC 7644 §4, RFC 9865 §4).

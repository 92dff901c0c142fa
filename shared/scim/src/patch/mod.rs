//! PATCH (RFC 7644 §3.5.2): message, tolerance, plan, apply. Pure: a resource in, a resource out.

//! Bindings: Redirect and POST (SAML Bindings §3.4, §3.5).

//! What we sign ourselves: the octets to sign, and the signed message from a signature that was made elsewhere (SAML Bindings §3.4.4.1).

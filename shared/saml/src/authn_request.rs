//! AuthnRequest (SAML Core §3.4.1).

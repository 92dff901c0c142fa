//! Single logout (SAML Profiles §4.4, SAML Core §3.7).

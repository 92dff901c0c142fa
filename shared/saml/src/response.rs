//! Response and assertion: the rules of the Web Browser SSO profile (SAML Profiles §4.1.4).

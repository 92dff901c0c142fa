//! Metadata (SAML Metadata §2): the IdP's in, ours out.

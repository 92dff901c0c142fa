//! Reads as much of an `AuthnRequest` (SAML Core §3.4.1) as an answer needs. Signatures are not checked: the answer goes
//! to a registered address only, and that check is the caller's.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Error,
    redirect::{self, MESSAGE_BYTES_MAX},
};

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthnRequest {
    /// Its `ID`, for `InResponseTo`.
    pub id: String,
    /// Who asks: an SP's entity ID.
    pub issuer: String,
    /// Where the answer shall go.
    pub acs_url: Option<String>,
    /// Whether the person must sign in anew.
    pub force_authn: bool,
    /// What comes back with the answer.
    pub relay_state: Option<String>,
}

/// From the query of the Redirect binding (SAML Bindings §3.4.4), as it stood in the address.
///
/// # Errors
/// Says what is missing.
pub fn from_query(raw_query: &str) -> Result<AuthnRequest, Error> {
    let message = redirect::parameter(raw_query, "SAMLRequest")
        .ok_or_else(|| Error::new("the address has no SAMLRequest"))?;
    read(&redirect::inflated(&message)?, redirect::parameter(raw_query, "RelayState"))
}

/// From the fields of the POST binding's form (SAML Bindings §3.5.4).
///
/// # Errors
/// Says what is missing.
pub fn from_form(saml_request: &str, relay_state: Option<String>) -> Result<AuthnRequest, Error> {
    let compact: String = saml_request.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(compact).map_err(|_| Error::new("SAMLRequest is not base64"))?;
    if bytes.len() as u64 > MESSAGE_BYTES_MAX {
        return Err(Error::new(format!("SAMLRequest is longer than {MESSAGE_BYTES_MAX} bytes")));
    }
    let xml = String::from_utf8(bytes).map_err(|_| Error::new("SAMLRequest is not UTF-8"))?;
    read(&xml, relay_state)
}

fn read(xml: &str, relay_state: Option<String>) -> Result<AuthnRequest, Error> {
    let (root, behind) =
        start_tag(xml, "AuthnRequest").ok_or_else(|| Error::new("this is no AuthnRequest"))?;
    let id = attribute(root, "ID").ok_or_else(|| Error::new("the AuthnRequest has no ID"))?;
    let issuer = start_tag(behind, "Issuer")
        .and_then(|(_, text)| text.split('<').next())
        .ok_or_else(|| Error::new("the AuthnRequest has no Issuer"))?;
    Ok(AuthnRequest {
        id,
        issuer: unescaped(issuer.trim()),
        acs_url: attribute(root, "AssertionConsumerServiceURL"),
        force_authn: attribute(root, "ForceAuthn").is_some_and(|yes| yes == "true" || yes == "1"),
        relay_state,
    })
}

/// The inside of the first start tag of this local name, and what is behind it.
fn start_tag<'a>(xml: &'a str, local: &str) -> Option<(&'a str, &'a str)> {
    let mut rest = xml;
    while let Some((_, behind)) = rest.split_once('<') {
        let (tag, after) = behind.split_once('>')?;
        let name = tag.split(|c: char| c.is_ascii_whitespace() || c == '/').next()?;
        if name.rsplit(':').next() == Some(local) && !tag.starts_with('/') {
            return Some((tag, after));
        }
        rest = after;
    }
    None
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut rest = tag;
    loop {
        let (before, behind) = rest.split_once('=')?;
        let behind = behind.trim_start();
        let quote = behind.chars().next().filter(|c| *c == '"' || *c == '\'')?;
        let (value, after) = behind.get(1..)?.split_once(quote)?;
        if before.split_ascii_whitespace().next_back() == Some(name) {
            return Some(unescaped(value));
        }
        rest = after;
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = "<?xml version=\"1.0\"?><samlp:AuthnRequest xmlns:samlp='urn:x' ID = \"_1\" \
        AssertionConsumerServiceURL=\"https://sp.example/acs?a=1&amp;b=2\"\n ForceAuthn='true'>\
        <saml:Issuer xmlns:saml=\"urn:y\"> https://sp.example/meta </saml:Issuer></samlp:AuthnRequest>";

    #[test]
    fn a_request_is_read_from_both_bindings() {
        let query = redirect::query("SAMLRequest", REQUEST, Some("a b&c"), None).unwrap();
        let from_query = from_query(&query).unwrap();
        assert_eq!(from_query.id, "_1");
        assert_eq!(from_query.issuer, "https://sp.example/meta");
        assert_eq!(from_query.acs_url.as_deref(), Some("https://sp.example/acs?a=1&b=2"));
        assert!(from_query.force_authn);
        assert_eq!(from_query.relay_state.as_deref(), Some("a b&c"));
        let posted = from_form(&STANDARD.encode(REQUEST), Some("a b&c".to_owned())).unwrap();
        assert_eq!(posted, from_query);
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for query in ["", "SAMLRequest=%", "SAMLRequest=AAAA", "RelayState=x"] {
            assert!(from_query(query).is_err(), "{query}");
        }
        assert!(from_form("PGEvPg==", None).is_err());
    }
}

//! Text that is exclusive-canonical as it is written (Exclusive XML Canonicalization 1.0 §2.3): a namespace is declared
//! by the first element that uses it, start and end tags are always a pair, attributes are in the canonical order.

/// Namespace of assertions.
pub const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// Namespace of protocol messages.
pub const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// Namespace of XML Signature.
pub const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
/// Namespace of XML Encryption.
pub const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
/// Namespace of XML Encryption 1.1.
pub const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";

/// Which prefixes a product writes. An empty one is the default namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prefixes {
    /// Of protocol messages.
    pub protocol: &'static str,
    /// Of assertions.
    pub assertion: &'static str,
    /// Of signatures.
    pub signature: &'static str,
}

impl Prefixes {
    /// `samlp`, `saml`, `ds`: most products.
    pub const COMMON: Self = Self { protocol: "samlp", assertion: "saml", signature: "ds" };
    /// `saml2p`, `saml2`, `ds`: Okta, Google, Shibboleth.
    pub const OKTA: Self = Self { protocol: "saml2p", assertion: "saml2", signature: "ds" };
    /// `samlp`, and default namespaces for the rest: Entra, AD FS.
    pub const ENTRA: Self = Self { protocol: "samlp", assertion: "", signature: "" };
}

/// `prefix:local`, or `local`.
#[must_use]
pub fn name(prefix: &str, local: &str) -> String {
    if prefix.is_empty() { local.to_owned() } else { format!("{prefix}:{local}") }
}

/// ` xmlns:prefix="uri"`, or ` xmlns="uri"`.
#[must_use]
pub fn declaration(prefix: &str, uri: &str) -> String {
    if prefix.is_empty() {
        format!(" xmlns=\"{uri}\"")
    } else {
        format!(" xmlns:{prefix}=\"{uri}\"")
    }
}

/// The attributes that have a value, in the order of their names, escaped.
#[must_use]
pub fn attributes(pairs: &[(&str, Option<&str>)]) -> String {
    let mut pairs: Vec<(&str, &str)> =
        pairs.iter().filter_map(|(name, value)| value.map(|value| (*name, value))).collect();
    pairs.sort_unstable();
    pairs.iter().map(|(name, value)| format!(" {name}=\"{}\"", attribute(value))).collect()
}

/// Escapes text (Canonical XML §2.3).
#[must_use]
pub fn text(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#xD;")
}

/// Escapes an attribute's value (Canonical XML §2.3).
#[must_use]
pub fn attribute(value: &str) -> String {
    value
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('\t', "&#x9;")
        .replace('\n', "&#xA;")
        .replace('\r', "&#xD;")
}

/// `<name attributes>content</name>`; the attributes bring their leading space.
#[must_use]
pub fn element(name: &str, attributes: &str, content: &str) -> String {
    format!("<{name}{attributes}>{content}</{name}>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_sorted_and_what_is_not_there_is_left_out() {
        let written =
            attributes(&[("Version", Some("2.0")), ("Destination", None), ("ID", Some("a\"&<\n"))]);
        assert_eq!(written, " ID=\"a&quot;&amp;&lt;&#xA;\" Version=\"2.0\"");
        assert_eq!(text("a<b>&\r\n"), "a&lt;b&gt;&amp;&#xD;\n");
    }
}

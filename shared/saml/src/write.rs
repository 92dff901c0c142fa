//! XML that we write ourselves, in exclusive canonical form from the start (Exclusive XML Canonicalization 1.0 §3).
//!
//! So what is signed is what is sent, and no canonicalizer is needed to sign. The form: no declaration, double quotes,
//! attributes sorted, a prefix declared where it is first used, no empty-element tags.

use std::collections::BTreeMap;

use crate::xml::ns;

/// An element to be written. Its prefix says its namespace; attributes are in none.
#[derive(Debug, Clone)]
pub(crate) struct Tag {
    name: &'static str,
    attributes: BTreeMap<&'static str, String>,
    content: Vec<Content>,
}

#[derive(Debug, Clone)]
enum Content {
    Element(Tag),
    Text(String),
}

/// Every prefix that is ever written.
fn namespace(prefix: &str) -> &'static str {
    match prefix {
        "saml" => ns::SAML,
        "samlp" => ns::SAMLP,
        "md" => ns::MD,
        "ds" => ns::DS,
        _ => "",
    }
}

impl Tag {
    /// An element of this qualified name: `saml:Issuer`.
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, attributes: BTreeMap::new(), content: Vec::new() }
    }

    /// With an attribute.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.insert(name, value.into());
        self
    }

    /// With an attribute, when there is a value.
    pub(crate) fn with_some(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With a child.
    pub(crate) fn child(mut self, child: Tag) -> Self {
        self.content.push(Content::Element(child));
        self
    }

    /// With a child, when there is one.
    pub(crate) fn child_some(self, child: Option<Tag>) -> Self {
        match child {
            Some(child) => self.child(child),
            None => self,
        }
    }

    /// With children.
    pub(crate) fn children(mut self, children: impl IntoIterator<Item = Tag>) -> Self {
        self.content.extend(children.into_iter().map(Content::Element));
        self
    }

    /// With text.
    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.content.push(Content::Text(text.into()));
        self
    }

    /// The canonical text of the element as the root of a document.
    pub(crate) fn canonical(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, &mut Vec::new());
        out
    }

    /// The canonical text in two parts, cut after the first child: there goes the Signature of a message, after its
    /// Issuer (SAML Core §3.2.1).
    pub(crate) fn canonical_around_signature(&self) -> (String, String) {
        let mut head = String::new();
        let mut declared = Vec::new();
        self.open(&mut head, &mut declared);
        let mut tail = String::new();
        for (position, content) in self.content.iter().enumerate() {
            content.write(if position == 0 { &mut head } else { &mut tail }, &mut declared);
        }
        self.close(&mut tail);
        (head, tail)
    }

    fn prefix(&self) -> &'static str {
        self.name.split_once(':').map_or("", |(prefix, _)| prefix)
    }

    fn open(&self, out: &mut String, declared: &mut Vec<&'static str>) {
        out.push('<');
        out.push_str(self.name);
        let prefix = self.prefix();
        if !declared.contains(&prefix) {
            declared.push(prefix);
            out.push_str(" xmlns:");
            out.push_str(prefix);
            out.push_str("=\"");
            out.push_str(namespace(prefix));
            out.push('"');
        }
        for (name, value) in &self.attributes {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            escape_attribute(value, out);
            out.push('"');
        }
        out.push('>');
    }

    fn close(&self, out: &mut String) {
        out.push_str("</");
        out.push_str(self.name);
        out.push('>');
    }

    fn write(&self, out: &mut String, declared: &mut Vec<&'static str>) {
        // Declared here, known below, forgotten beside: the list is cut back at the end of the element.
        let known = declared.len();
        self.open(out, declared);
        for content in &self.content {
            content.write(out, declared);
        }
        self.close(out);
        declared.truncate(known);
    }
}

impl Content {
    fn write(&self, out: &mut String, declared: &mut Vec<&'static str>) {
        match self {
            Self::Element(tag) => tag.write(out, declared),
            Self::Text(text) => escape_text(text, out),
        }
    }
}

/// Canonical XML 1.0 §2.3, text nodes.
fn escape_text(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(legal(other)),
        }
    }
}

/// Canonical XML 1.0 §2.3, attribute nodes.
fn escape_attribute(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(legal(other)),
        }
    }
}

/// XML 1.0 §2.2: what no document can hold is replaced.
fn legal(character: char) -> char {
    match character {
        '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'.. => character,
        _ => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_declared_where_it_is_first_used_and_again_beside() {
        let tag = Tag::new("samlp:A")
            .with("b", "2")
            .with("a", "1")
            .child(Tag::new("saml:B").child(Tag::new("saml:C")))
            .child(Tag::new("saml:D").child(Tag::new("samlp:E")));
        let (p, a) = (ns::SAMLP, ns::SAML);
        assert_eq!(
            tag.canonical(),
            format!(
                "<samlp:A xmlns:samlp=\"{p}\" a=\"1\" b=\"2\"><saml:B xmlns:saml=\"{a}\"><saml:C></saml:C></saml:B>\
                 <saml:D xmlns:saml=\"{a}\"><samlp:E></samlp:E></saml:D></samlp:A>"
            )
        );
        let (head, tail) = tag.canonical_around_signature();
        assert!(head.ends_with("</saml:B>") && tail.starts_with("<saml:D"), "{head} {tail}");
        assert_eq!(format!("{head}{tail}"), tag.canonical());
    }

    #[test]
    fn what_is_special_is_escaped_as_canonical_xml_says() {
        let special = "a&<>\"'\t\n\r\u{1}\u{fffe}é";
        assert_eq!(
            Tag::new("md:X").with("v", special).text(special).canonical(),
            format!(
                "<md:X xmlns:md=\"{}\" v=\"a&amp;&lt;>&quot;'&#x9;&#xA;&#xD;\u{fffd}\u{fffd}é\">\
                 a&amp;&lt;&gt;\"'\t\n&#xD;\u{fffd}\u{fffd}é</md:X>",
                ns::MD
            )
        );
    }
}

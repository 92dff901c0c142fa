//! Canonical XML 1.0 (inclusive) and Exclusive XML Canonicalization 1.0, both without comments.
//!
//! Only what signatures need: an element with everything in it, less one element (the enveloped signature).
//! Canonicalizing cannot fail: what the strict reader took has a canonical form. Depth and names are bounded there
//! too, so the recursion is.

use roxmltree::Node;

use crate::xml::Element;

/// The namespace of the prefix `xml`.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Which canonicalization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// Canonical XML 1.0: all namespaces in scope, and `xml:` attributes from outside.
    Inclusive,
    /// Exclusive XML Canonicalization 1.0: namespaces that are visibly used.
    Exclusive {
        /// The `PrefixList` of `InclusiveNamespaces`: prefixes treated as Canonical XML does. The default namespace
        /// is "".
        inclusive_prefixes: Vec<String>,
    },
}

impl Method {
    /// Exclusive, with a `PrefixList` as it is written (`#default` is the default namespace).
    #[must_use]
    pub fn exclusive(prefix_list: &str) -> Self {
        let inclusive_prefixes = prefix_list
            .split_ascii_whitespace()
            .map(|prefix| if prefix == "#default" { "" } else { prefix }.to_owned())
            .collect();
        Self::Exclusive { inclusive_prefixes }
    }
}

/// The canonical form of the element where it stands, without `excluded` when that is in it.
#[must_use]
pub fn canonicalize<'d, 'a>(
    element: Element<'d, 'a>,
    excluded: Option<Element<'d, 'a>>,
    method: &Method,
) -> String {
    let mut writer = Writer {
        text: element.0.document().input_text(),
        excluded: excluded.map(|element| element.0),
        method,
        out: String::with_capacity(element.range().len().saturating_mul(5) / 4),
    };
    writer.element(element.0, &[], true);
    writer.out
}

/// Prefix and namespace name, both perhaps empty.
type Binding<'d> = (&'d str, &'d str);

/// An attribute, ordered as Canonical XML 1.0 §2.2 says: by namespace name, then by local name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Attribute<'d> {
    namespace: &'d str,
    local: &'d str,
    name: &'d str,
    value: &'d str,
}

struct Writer<'d, 'a, 'm> {
    /// The document's text: the tree does not keep prefixes, their places it does.
    text: &'a str,
    excluded: Option<Node<'d, 'a>>,
    method: &'m Method,
    out: String,
}

impl<'d, 'a: 'd> Writer<'d, 'a, '_> {
    /// Writes an element. `rendered` is what the output has bound where it is written, each prefix once.
    fn element(&mut self, node: Node<'d, 'a>, rendered: &[Binding<'d>], apex: bool) {
        let name = self.element_name(node);
        let attributes = self.attributes(node, apex);
        let namespaces = self.namespaces(node, name, &attributes, rendered);
        self.out.push('<');
        self.out.push_str(name);
        for (prefix, uri) in &namespaces {
            self.out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
            self.out.push_str(prefix);
            self.value(uri);
        }
        for attribute in &attributes {
            self.out.push(' ');
            self.out.push_str(attribute.name);
            self.value(attribute.value);
        }
        self.out.push('>');
        let bound;
        let rendered = if namespaces.is_empty() {
            rendered
        } else {
            bound = rebound(rendered, &namespaces);
            &bound
        };
        for child in node.children() {
            if child.is_element() {
                if self.excluded != Some(child) {
                    self.element(child, rendered, false);
                }
            } else if child.is_text() {
                escape(&mut self.out, child.text().unwrap_or_default(), text_reference);
            }
        }
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    fn value(&mut self, value: &str) {
        self.out.push_str("=\"");
        escape(&mut self.out, value, value_reference);
        self.out.push('"');
    }

    /// The name as it is written, prefix included.
    fn element_name(&self, node: Node<'d, 'a>) -> &'d str {
        let tag = self.text.get(node.range().start + 1..).unwrap_or_default();
        let ends = tag.bytes().position(|byte| b" \t\n/>".contains(&byte));
        tag.get(..ends.unwrap_or_default()).unwrap_or_default()
    }

    fn attributes(&self, node: Node<'d, 'a>, apex: bool) -> Vec<Attribute<'d>> {
        let text = self.text;
        let attribute = |attribute: roxmltree::Attribute<'d, 'a>| Attribute {
            namespace: attribute.namespace().unwrap_or_default(),
            local: attribute.name(),
            name: text.get(attribute.range_qname()).unwrap_or_default(),
            value: attribute.value(),
        };
        let mut attributes: Vec<_> = node.attributes().map(attribute).collect();
        if apex && *self.method == Method::Inclusive {
            // Canonical XML 1.0 §2.4: the nearest `xml:` attributes from outside come along.
            for outer in node.ancestors().skip(1) {
                for outer in
                    outer.attributes().map(attribute).filter(|outer| outer.namespace == XML)
                {
                    let same =
                        |own: &Attribute<'_>| own.namespace == XML && own.local == outer.local;
                    if !attributes.iter().any(same) {
                        attributes.push(outer);
                    }
                }
            }
        }
        attributes.sort_unstable();
        attributes
    }

    /// The namespaces to write on this element, ordered by prefix.
    fn namespaces(
        &self,
        node: Node<'d, 'a>,
        name: &'d str,
        attributes: &[Attribute<'d>],
        rendered: &[Binding<'d>],
    ) -> Vec<Binding<'d>> {
        let in_scope = |prefix: &str| {
            let namespace =
                node.namespaces().find(|namespace| namespace.name().unwrap_or_default() == prefix);
            match namespace {
                Some(namespace) => Some((namespace.name().unwrap_or_default(), namespace.uri())),
                // No default namespace is a default namespace of no name.
                None if prefix.is_empty() => Some(("", "")),
                None => None,
            }
        };
        let mut bindings: Vec<Binding<'d>> = match self.method {
            Method::Inclusive => node
                .namespaces()
                .map(|namespace| (namespace.name().unwrap_or_default(), namespace.uri()))
                .chain(in_scope(""))
                .collect(),
            Method::Exclusive { inclusive_prefixes } => attributes
                .iter()
                .filter_map(|attribute| prefix(attribute.name))
                .chain([prefix(name).unwrap_or_default()])
                .chain(inclusive_prefixes.iter().map(String::as_str))
                .filter_map(in_scope)
                .collect(),
        };
        bindings.retain(|(prefix, uri)| *prefix != "xml" && bound(rendered, prefix) != *uri);
        bindings.sort_unstable();
        bindings.dedup();
        bindings
    }
}

fn prefix(name: &str) -> Option<&str> {
    name.split_once(':').map(|(prefix, _)| prefix)
}

/// What the prefix is bound to; nothing is the empty name.
fn bound<'d>(rendered: &[Binding<'d>], prefix: &str) -> &'d str {
    rendered.iter().find(|(bound, _)| *bound == prefix).map_or("", |(_, uri)| uri)
}

fn rebound<'d>(outside: &[Binding<'d>], inside: &[Binding<'d>]) -> Vec<Binding<'d>> {
    let shadowed = |prefix: &str| inside.iter().any(|(bound, _)| *bound == prefix);
    let outside = outside.iter().filter(|(prefix, _)| !shadowed(prefix));
    outside.chain(inside).copied().collect()
}

/// Canonical XML 1.0 §2.3: text nodes.
fn text_reference(byte: u8) -> Option<&'static str> {
    match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\r' => Some("&#xD;"),
        _ => None,
    }
}

/// Canonical XML 1.0 §2.3: attribute nodes.
fn value_reference(byte: u8) -> Option<&'static str> {
    match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'"' => Some("&quot;"),
        b'\t' => Some("&#x9;"),
        b'\n' => Some("&#xA;"),
        b'\r' => Some("&#xD;"),
        _ => None,
    }
}

fn escape(out: &mut String, text: &str, reference: fn(u8) -> Option<&'static str>) {
    let mut written = 0;
    for (at, byte) in text.bytes().enumerate() {
        if let Some(reference) = reference(byte) {
            // What is escaped is ASCII, so these are boundaries of characters.
            out.push_str(text.get(written..at).unwrap_or_default());
            out.push_str(reference);
            written = at + 1;
        }
    }
    out.push_str(text.get(written..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Limits, Source};

    /// The canonical form of the first element of this name.
    fn canonical(text: &str, local: &str, method: &Method) -> String {
        let source = Source::new(text.as_bytes(), &Limits::MESSAGE).unwrap();
        let document = source.parse().unwrap();
        let element = document.root().descendants().find(|element| element.local() == local);
        canonicalize(element.unwrap(), None, method)
    }

    /// The example of Exclusive XML Canonicalization 1.0 §2.2, both documents of it.
    #[test]
    fn the_exclusive_form_does_not_depend_on_what_is_around() {
        let first = r#"<n0:local xmlns:n0="foo:bar" xmlns:n3="ftp://example.org"><n1:elem2 xmlns:n1="http://example.net" xml:lang="en"><n3:stuff xmlns:n3="ftp://example.org"/></n1:elem2></n0:local>"#;
        let second = r#"<n2:pdu xmlns:n1="http://example.com" xmlns:n2="http://foo.example" xml:lang="fr" xml:space="retain"><n1:elem2 xmlns:n1="http://example.net" xml:lang="en"><n3:stuff xmlns:n3="ftp://example.org"/></n1:elem2></n2:pdu>"#;
        let exclusive = r#"<n1:elem2 xmlns:n1="http://example.net" xml:lang="en"><n3:stuff xmlns:n3="ftp://example.org"></n3:stuff></n1:elem2>"#;
        for text in [first, second] {
            assert_eq!(canonical(text, "elem2", &Method::exclusive("")), exclusive);
        }
        let inclusive = r#"<n1:elem2 xmlns:n0="foo:bar" xmlns:n1="http://example.net" xmlns:n3="ftp://example.org" xml:lang="en"><n3:stuff></n3:stuff></n1:elem2>"#;
        assert_eq!(canonical(first, "elem2", &Method::Inclusive), inclusive);
        let inclusive = r#"<n1:elem2 xmlns:n1="http://example.net" xmlns:n2="http://foo.example" xml:lang="en" xml:space="retain"><n3:stuff xmlns:n3="ftp://example.org"></n3:stuff></n1:elem2>"#;
        assert_eq!(canonical(second, "elem2", &Method::Inclusive), inclusive);
    }

    #[test]
    fn the_prefix_list_brings_namespaces_that_are_not_visibly_used() {
        let text = r#"<a xmlns="urn:d" xmlns:xs="urn:xs" xmlns:q="urn:q"><p:b xmlns:p="urn:p" t="xs:string"/></a>"#;
        let cases = [
            ("", r#"<p:b xmlns:p="urn:p" t="xs:string"></p:b>"#),
            ("xs none", r#"<p:b xmlns:p="urn:p" xmlns:xs="urn:xs" t="xs:string"></p:b>"#),
            ("#default", r#"<p:b xmlns="urn:d" xmlns:p="urn:p" t="xs:string"></p:b>"#),
        ];
        for (prefixes, expected) in cases {
            assert_eq!(canonical(text, "b", &Method::exclusive(prefixes)), expected);
        }
    }

    #[test]
    fn characters_are_written_as_the_standard_says() {
        let text = "<a z='&#9;&#10;&#13;&lt;&gt;&amp;&quot;\"' b=\"'\">&#13;&lt;&gt;&amp;\"'<!-- c --><![CDATA[<]]></a>";
        assert_eq!(
            canonical(text, "a", &Method::Inclusive),
            "<a b=\"'\" z=\"&#x9;&#xA;&#xD;&lt;>&amp;&quot;&quot;\">&#xD;&lt;&gt;&amp;\"'&lt;</a>"
        );
    }

    #[test]
    fn one_element_can_be_left_out() {
        let source = Source::new(b"<a>1<b>2</b>3</a>", &Limits::MESSAGE).unwrap();
        let document = source.parse().unwrap();
        let excluded = document.root().children().next();
        assert_eq!(canonicalize(document.root(), excluded, &Method::Inclusive), "<a>13</a>");
    }

    /// Any document of a few names and namespaces, as text.
    fn documents() -> impl proptest::strategy::Strategy<Value = String> {
        use proptest::prelude::*;
        let attribute = proptest::sample::select(vec![
            " xmlns='urn:a'",
            " xmlns=''",
            " xmlns:p='urn:p'",
            " xmlns:p='urn:q'",
            " a='&#13;&lt;'",
            " b='\n'",
            " xml:lang='en'",
            "",
        ]);
        let attributes = proptest::collection::hash_set(attribute, 0..4).prop_map(|attributes| {
            // One declaration of each prefix.
            let mut kept: Vec<&str> = Vec::new();
            for attribute in attributes {
                let name = attribute.split('=').next();
                if !kept.iter().any(|other| other.split('=').next() == name) {
                    kept.push(attribute);
                }
            }
            kept.concat()
        });
        let leaf = proptest::sample::select(vec![
            "",
            "text",
            "&amp;&#13;\r\n",
            "<![CDATA[<]]>",
            "<!-- c -->",
        ])
        .prop_map(str::to_owned);
        let inside = leaf.prop_recursive(5, 40, 4, move |inner| {
            (
                proptest::sample::select(vec!["a", "b", "p:c"]),
                attributes.clone(),
                proptest::collection::vec(inner, 0..4),
            )
                .prop_map(|(name, attributes, inside)| {
                    format!("<{name}{attributes}>{}</{name}>", inside.concat())
                })
        });
        inside.prop_map(|inside| format!("<r xmlns:p='urn:r'>{inside}</r>"))
    }

    proptest::proptest! {
        #[test]
        fn the_canonical_form_is_its_own_canonical_form(text in documents()) {
            for method in [Method::Inclusive, Method::exclusive(""), Method::exclusive("p #default")] {
                let once = canonical(&text, "r", &method);
                proptest::prop_assert_eq!(&canonical(&once, "r", &method), &once);
            }
        }
    }
}

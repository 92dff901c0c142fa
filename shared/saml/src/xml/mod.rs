//! The strict reader (SAML Core §1.3, §3): bounded, without DTD, processing instructions or entities.
//!
//! Bytes → [`Source`] (a linear scan holds every limit before any tree is built; BOM taken away, line ends normalized)
//! → [`Document`] → [`Element`], whose accessors refuse what a lenient reader would guess about.

mod scan;

use std::ops::Range;

use crate::Rejection;

pub(crate) use scan::normalize_line_ends;

/// Limits of one document; each is checked before a tree is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest document, in bytes.
    pub bytes_max: usize,
    /// The deepest nesting of elements.
    pub depth_max: usize,
    /// The most elements.
    pub elements_max: usize,
    /// The most attributes of one element, namespace declarations included.
    pub attributes_max: usize,
    /// The most namespace declarations in the document.
    pub namespaces_max: usize,
    /// The most different prefixes in scope at one element, the default namespace included.
    pub in_scope_max: usize,
    /// The most references (`&amp;`, `&#13;`) in the document.
    pub references_max: usize,
    /// The most work, in steps: a byte looked at or two names compared.
    pub steps_max: usize,
}

impl Limits {
    /// Of a SAML message.
    pub const MESSAGE: Self = Self {
        bytes_max: 256 * 1024,
        depth_max: 64,
        elements_max: 10_000,
        attributes_max: 64,
        namespaces_max: 1_000,
        in_scope_max: 32,
        references_max: 20_000,
        steps_max: 1_000_000,
    };
    /// Of a metadata document. (A federation's aggregate is not for us: one IdP's is at most some 100 KB.)
    pub const METADATA: Self = Self {
        bytes_max: 1024 * 1024,
        depth_max: 64,
        elements_max: 20_000,
        attributes_max: 64,
        namespaces_max: 2_000,
        in_scope_max: 32,
        references_max: 40_000,
        steps_max: 4_000_000,
    };
}

/// The text of a document that has passed the scan: UTF-8, bounded, no DTD, no processing instruction, normalized.
///
/// Byte order mark and XML declaration are gone: positions count from after them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    text: String,
    steps: usize,
}

impl Source {
    /// Scans the bytes.
    ///
    /// # Errors
    /// [`Rejection::Xml`] says what is not taken.
    pub fn new(bytes: &[u8], limits: &Limits) -> Result<Self, Rejection> {
        scan::scan(bytes, limits).map(|counted| Self { text: counted.text, steps: counted.steps })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The work of scanning it and of building its tree, in steps: a byte looked at or two names compared. Never more than
    /// [`Limits::steps_max`] allowed.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Parses it.
    ///
    /// # Errors
    /// [`Rejection::Xml`] when it is not well-formed.
    pub fn parse(&self) -> Result<Document<'_>, Rejection> {
        roxmltree::Document::parse(&self.text)
            .map(Document)
            .map_err(|error| Rejection::Xml(error.to_string()))
    }
}

/// A parsed document: still a rumour.
#[derive(Debug)]
pub struct Document<'a>(roxmltree::Document<'a>);

impl<'a> Document<'a> {
    /// The root element.
    #[must_use]
    pub fn root(&self) -> Element<'_, 'a> {
        Element(self.0.root_element())
    }
}

/// An element, with accessors that refuse to guess.
#[derive(Debug, Clone, Copy)]
pub struct Element<'d, 'a>(pub(crate) roxmltree::Node<'d, 'a>);

/// Namespaces of the standards.
pub mod ns {
    /// SAML assertions.
    pub const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
    /// SAML protocol.
    pub const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
    /// SAML metadata.
    pub const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
    /// XML Signature.
    pub const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
    /// XML Encryption 1.0.
    pub const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
    /// XML Encryption 1.1.
    pub const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";
}

impl<'d, 'a> Element<'d, 'a> {
    /// Whether it has this expanded name.
    #[must_use]
    pub fn is(self, namespace: &str, local: &str) -> bool {
        let name = self.0.tag_name();
        name.namespace() == Some(namespace) && name.name() == local
    }

    /// The local name.
    #[must_use]
    pub fn local(self) -> &'d str {
        self.0.tag_name().name()
    }

    /// The namespace; empty when there is none.
    #[must_use]
    pub fn namespace(self) -> &'d str {
        self.0.tag_name().namespace().unwrap_or_default()
    }

    /// The value of the attribute of this name that is in no namespace.
    #[must_use]
    pub fn attribute(self, local: &str) -> Option<&'d str> {
        // Not `Node::attribute`, which takes a bare name for one in any namespace.
        self.0
            .attributes()
            .find(|attribute| attribute.namespace().is_none() && attribute.name() == local)
            .map(|attribute| attribute.value())
    }

    /// The value of the attribute of this expanded name.
    #[must_use]
    pub fn attribute_in(self, namespace: &str, local: &str) -> Option<&'d str> {
        self.0.attribute((namespace, local))
    }

    /// Whether it is the document's root.
    #[must_use]
    pub fn is_root(self) -> bool {
        self.0.parent_element().is_none()
    }

    /// The element around it; `None` for the root.
    #[must_use]
    pub fn parent(self) -> Option<Element<'d, 'a>> {
        self.0.parent_element().map(Element)
    }

    /// Where it stands in the [`Source`], in bytes, from its `<` to its last `>`.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.0.range()
    }

    /// The child elements.
    pub fn children(self) -> impl Iterator<Item = Element<'d, 'a>> {
        self.0.children().filter(roxmltree::Node::is_element).map(Element)
    }

    /// The child elements of this name.
    pub fn children_named(
        self,
        namespace: &'static str,
        local: &'static str,
    ) -> impl Iterator<Item = Element<'d, 'a>> {
        self.children().filter(move |child| child.is(namespace, local))
    }

    /// The one child of this name, or none.
    ///
    /// # Errors
    /// [`Rejection::Xml`] when there are several.
    pub fn optional(
        self,
        namespace: &'static str,
        local: &'static str,
    ) -> Result<Option<Element<'d, 'a>>, Rejection> {
        let mut children = self.children_named(namespace, local);
        let first = children.next();
        match children.next() {
            None => Ok(first),
            Some(_) => Err(Rejection::Xml(format!("more than one {local} in {}", self.local()))),
        }
    }

    /// The one child of this name.
    ///
    /// # Errors
    /// [`Rejection::Xml`] when there is none, or several.
    pub fn only(
        self,
        namespace: &'static str,
        local: &'static str,
    ) -> Result<Element<'d, 'a>, Rejection> {
        self.optional(namespace, local)?
            .ok_or_else(|| Rejection::Xml(format!("{} has no {local}", self.local())))
    }

    /// The text, whole: all text nodes joined. What it gives is exactly what was signed.
    ///
    /// # Errors
    /// [`Rejection::Xml`] when there is a comment or an element in it (rule 6: a reader that stops there reads less
    /// than was signed).
    pub fn text(self) -> Result<String, Rejection> {
        let mut text = String::new();
        for child in self.0.children() {
            match child.text() {
                Some(part) if child.is_text() => text.push_str(part),
                // (The tree joins neighbouring text and CDATA sections into one node.)
                _ => return Err(Rejection::Xml(format!("{} holds more than text", self.local()))),
            }
        }
        Ok(text)
    }

    /// It and all elements below it, in document order.
    pub fn descendants(self) -> impl Iterator<Item = Element<'d, 'a>> {
        self.0.descendants().filter(roxmltree::Node::is_element).map(Element)
    }
}

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
        // Okta declares two at each value of an attribute, and a person may be in many groups.
        namespaces_max: 4_000,
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

    /// The work of scanning it and of building its tree, in steps: a byte looked at or two names compared. Never more
    /// than [`Limits::steps_max`] allowed.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Source, Rejection> {
        let source = Source::new(text.as_bytes(), &Limits::MESSAGE)?;
        source.parse()?;
        Ok(source)
    }

    #[test]
    fn what_idps_send_is_taken() {
        for text in [
            "<a/>",
            "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><a/>",
            "<?xml version='1.0'?>\r\n<a></a >\n",
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\" ?><!-- c --><a/><!-- d -->",
            "<p:a xmlns:p=\"urn:p\" p:b=\"1\" b = '2'\txml:lang=\"en\"><![CDATA[<!DOCTYPE <?pi ]]>x</p:a>",
            "<a xmlns=\"http://a\"><b xmlns=\"\"/></a>",
            "<a>&amp;&lt;&gt;&quot;&apos;&#13;&#x1F600;</a>",
            "<\u{e9}l\u{e9}ment attribut\u{e9}=\"\u{1F600}\"/>",
        ] {
            assert!(read(text).is_ok(), "{text}: {:?}", read(text));
        }
    }

    /// No XML at all.
    const ILL_FORMED: &[&str] = &[
        "",
        "text",
        "<a>",
        "<a/><b/>",
        "<a/>x",
        "<a></b>",
        "</a>",
        "<a b='1' b='2'/>",
        "<a xmlns:p='urn:p' xmlns:q='urn:p' p:b='1' q:b='2'/>",
        "<a xmlns='urn:a' xmlns='urn:b'/>",
        "<a xmlns:p='urn:a' xmlns:p='urn:b'/>",
        "<a b=1/>",
        "<a b/>",
        "<a b='<'/>",
        "<a b='1'c='2'/>",
        "<a\u{0}/>",
        "<a>\u{0}</a>",
        "<a>\u{b}</a>",
        "<a>\u{ffff}</a>",
        "<a>]]></a>",
        "<a><!-- -- --></a>",
        "<a><!-- </a>",
        "<a><![CDATA[</a>",
    ];

    /// DTD, processing instructions, other declarations, references to what is not there.
    const NOT_FOR_SAML: &[&str] = &[
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<a><!DOCTYPE a></a>",
        "<?pi?><a/>",
        "<a><?pi x?></a>",
        "<a/><?pi?>",
        " <?xml version='1.0'?><a/>",
        "<?xml version='1.1'?><a/>",
        "<?xml?><a/>",
        "<?xml encoding='UTF-8'?><a/>",
        "<?xml version='1.0' encoding='UTF-16'?><a/>",
        "<?xml version='1.0' encoding='ISO-8859-1'?><a/>",
        "<?xml version='1.0' standalone='maybe'?><a/>",
        "<?xml version='1.0'encoding='UTF-8'?><a/>",
        "<?xml version='1.0' version='1.0'?><a/>",
        "<?xml version='1.0' other='1'?><a/>",
        "<?xml-stylesheet href='x'?><a/>",
        "<a>&b;</a>",
        "<a>&</a>",
        "<a>&#0;</a>",
        "<a>&#xD800;</a>",
        "<a>&#xFFFE;</a>",
        "<a>&#x110000;</a>",
        "<a>&#;</a>",
        "<a>&#x;</a>",
        "<a>&#+1;</a>",
        "<a b='&c;'/>",
    ];

    /// Namespaces and names on which readers differ.
    const NAMES: &[&str] = &[
        "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
        "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
        "<a xmlns:xmlns='urn:p'/>",
        "<xmlns:a/>",
        "<a xmlns:p='urn:p' p:xmlns='urn:q'/>",
        "<a xmlns:p=''/>",
        "<a xmlns:p='1'/>",
        "<a xmlns='relative/uri'/>",
        "<a xmlns='urn:a b'/>",
        "<a xmlns='urn:&#97;'/>",
        "<p:a/>",
        "<a p:b='1'/>",
        "<:a/>",
        "<a:/>",
        "<a :b='1'/>",
        "<a:b:c xmlns:a='urn:a'/>",
        "<1a/>",
    ];

    #[test]
    fn what_no_idp_needs_is_refused() {
        for text in [ILL_FORMED, NOT_FOR_SAML, NAMES].concat() {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(Source::new(b"<a>\xff</a>", &Limits::MESSAGE).is_err());
        let utf16: Vec<u8> = "<a/>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert!(Source::new(&utf16, &Limits::MESSAGE).is_err());
    }

    #[test]
    fn each_limit_holds_and_what_is_within_it_is_taken() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        let elements = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count - 1));
        let attributes = |count: usize| {
            let attributes: String = (0..count).map(|n| format!(" a{n}=''")).collect();
            format!("<a{attributes}/>")
        };
        let declared = |count: usize| {
            let child = "<p:b xmlns:p='urn:p'/>".repeat(count);
            format!("<a>{child}</a>")
        };
        let in_scope = |count: usize| {
            let declarations: String = (0..count).map(|n| format!(" xmlns:p{n}='urn:p'")).collect();
            format!("<a{declarations}/>")
        };
        let references = |count: usize| format!("<a>{}</a>", "&lt;".repeat(count));
        let long = |bytes: usize| format!("<a>{}</a>", "x".repeat(bytes - 7));
        let name = |bytes: usize| format!("<{}/>", "x".repeat(bytes));
        let limits = Limits::MESSAGE;
        let cases: [(&dyn Fn(usize) -> String, usize); 8] = [
            (&nested, limits.depth_max),
            (&elements, limits.elements_max),
            (&attributes, limits.attributes_max),
            (&declared, limits.namespaces_max),
            (&in_scope, limits.in_scope_max),
            (&references, limits.references_max),
            (&long, limits.bytes_max),
            (&name, 256),
        ];
        for (index, (text, max)) in cases.into_iter().enumerate() {
            assert!(read(&text(max)).is_ok(), "case {index}: {:?}", read(&text(max)));
            assert!(read(&text(max + 1)).is_err(), "case {index}");
        }
    }

    #[test]
    fn documents_made_to_be_slow_are_refused_or_cost_a_bounded_number_of_steps() {
        let limits = Limits::MESSAGE;
        let many =
            |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<String>();
        let attributes = format!("<a{}/>", many(20_000, &|n| format!(" a{n}=''")));
        let namespaces = format!("<a{}/>", many(8_000, &|n| format!(" xmlns:a{n}='urn:{n}'")));
        let nested = many(5_000, &|n| format!("<a xmlns:a{n}='urn:{n}'>"));
        let deep = "<a>".repeat(20_000);
        let no_end = format!("<a {}", "b ".repeat(100_000));
        for text in [attributes, namespaces, nested, deep, no_end] {
            assert!(Source::new(text.as_bytes(), &limits).is_err());
        }
        // Just within the single limits: the sum of the work decides.
        let uri = "x".repeat(240);
        let scope = many(31, &|n| format!(" xmlns:p{n}='urn:{uri}{n:02}'"));
        let prefixed = many(31, &|n| format!(" p{n}:a=''"));
        let busy = format!("<a{scope}>{}</a>", format!("<b{prefixed}/>").repeat(900));
        let redeclared = format!("<a{scope}>{}</a>", "<b xmlns='urn:a'/>".repeat(960));
        for text in [busy, redeclared] {
            assert!(text.len() < limits.bytes_max);
            match Source::new(text.as_bytes(), &limits) {
                Ok(source) => assert!(source.steps() <= limits.steps_max),
                Err(rejection) => {
                    assert_eq!(rejection, Rejection::Xml("too many names to compare".to_owned()));
                }
            }
        }
    }

    #[test]
    fn the_steps_of_an_ordinary_response_are_hardly_more_than_its_bytes() {
        let text = crate::foreign::foreign!("rsa-sha256-both.xml");
        let steps = read(text).unwrap().steps();
        assert!((text.len()..text.len() * 3 / 2).contains(&steps), "{steps} of {}", text.len());
    }

    #[test]
    fn line_ends_are_one_character_and_a_reference_to_one_stays() {
        let source = read("<a b='\r\n'>1\r\n2\r3\r&#10;4&#13;\n5<![CDATA[\r\n]]></a>").unwrap();
        let document = source.parse().unwrap();
        assert_eq!(document.root().text().unwrap(), "1\n2\n3\n\n4\r\n5\n");
        assert_eq!(document.root().attribute("b"), Some(" "));
    }

    #[test]
    fn an_attribute_in_a_namespace_is_not_one_without() {
        let source = read("<a xmlns:p='urn:p' p:ID='1'/>").unwrap();
        let document = source.parse().unwrap();
        assert_eq!(document.root().attribute("ID"), None);
        assert_eq!(document.root().attribute_in("urn:p", "ID"), Some("1"));
    }

    #[test]
    fn text_is_all_of_it_or_nothing() {
        let text = |inside: &str| {
            let source = read(&format!("<a>{inside}</a>")).unwrap();
            source.parse().unwrap().root().text().ok()
        };
        assert_eq!(text(""), Some(String::new()));
        assert_eq!(text("a<![CDATA[b]]>&#99;"), Some("abc".to_owned()));
        assert_eq!(text("a<!-- -->b"), None);
        assert_eq!(text("a<b/>"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            if let Ok(source) = Source::new(&bytes, &Limits::MESSAGE) {
                let _ = source.parse();
            }
        }

        #[test]
        fn no_pieces_of_markup_make_it_panic(pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "<", ">", "/", "</", "/>", "<a", "<p:b", " ", "=", "'", "\"", "xmlns", ":p", "urn:x", "&", "&#13;", ";",
                "<!--", "-->", "<![CDATA[", "]]>", "<?xml", "?>", "a", "\r", "é", "\u{feff}", "version='1.0'",
            ]), 0..40)) {
            let text: String = pieces.concat();
            if let Ok(source) = Source::new(text.as_bytes(), &Limits::MESSAGE) {
                let _ = source.parse();
            }
        }
    }
}

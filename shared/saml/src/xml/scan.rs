//! The scan before the tree: one pass over the bytes that holds every limit and refuses what SAML never needs.
//!
//! The tree builder is quadratic in the attributes of an element and in the namespaces in scope, and lenient in a few
//! places that matter to a signature. So what it is given has been counted: [`Counted::steps`] is the work that
//! building the tree will take, in comparisons, and it is bounded before any of it is done.

use super::Limits;
use crate::Rejection;

/// The longest name of an element or attribute, in bytes. (The standards' longest has 27.)
const NAME_BYTES_MAX: usize = 256;
/// The longest namespace name, in bytes. (The longest in use has some 80.)
const NAMESPACE_BYTES_MAX: usize = 256;
/// The longest reference between `&` and `;`: `#x0010FFFF`.
const REFERENCE_BYTES_MAX: usize = 10;
/// Steps that comparing two attributes takes when both have a namespace.
const PREFIXED_PAIR_STEPS: usize = 8;
/// Steps that a reference takes.
const REFERENCE_STEPS: usize = 4;

/// What the scan gives.
pub(super) struct Counted {
    /// The text: no byte order mark, no XML declaration, line ends normalized.
    pub(super) text: String,
    /// The work of the scan and of building the tree, in bytes looked at and names compared.
    pub(super) steps: usize,
}

/// Scans a document.
pub(super) fn scan(bytes: &[u8], limits: &Limits) -> Result<Counted, Rejection> {
    if bytes.len() > limits.bytes_max {
        return Err(refused(format!("longer than {} bytes", limits.bytes_max)));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| refused("not UTF-8"))?;
    let text = normalize_line_ends(after_declaration(text)?);
    if text.bytes().any(|byte| byte < 0x20 && !matches!(byte, b'\t' | b'\n')) {
        return Err(refused("a control character"));
    }
    let mut scanner = Scanner {
        text: &text,
        limits,
        steps: text.len(),
        elements: 0,
        references: 0,
        namespaces: 0,
        in_scope: Vec::new(),
        open: Vec::new(),
    };
    scanner.document()?;
    let steps = scanner.steps;
    Ok(Counted { text, steps })
}

/// CR LF and CR become LF (XML 1.0 §2.11), here rather than in the tree builder, which leaves a CR before a reference.
pub(crate) fn normalize_line_ends(text: &str) -> String {
    if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n")
    } else {
        text.to_owned()
    }
}

/// What comes after the XML declaration, if there is one (XML 1.0 §2.8). Version 1.0, UTF-8, nothing else.
fn after_declaration(text: &str) -> Result<&str, Rejection> {
    let Some(rest) = text.strip_prefix("<?xml") else { return Ok(text) };
    let (inside, after) =
        rest.split_once("?>").ok_or_else(|| refused("an XML declaration without end"))?;
    let mut inside = inside;
    let mut expected = ["version", "encoding", "standalone"].into_iter();
    while !inside.trim().is_empty() {
        let trimmed = inside.trim_start_matches([' ', '\t', '\n', '\r']);
        let (name, value, rest) = pseudo_attribute(trimmed)
            .filter(|_| trimmed.len() < inside.len())
            .ok_or_else(|| refused("an XML declaration of a form unknown"))?;
        if !expected.by_ref().any(|known| known == name) {
            return Err(refused("an XML declaration of a form unknown"));
        }
        let taken = match name {
            "version" => value == "1.0",
            "encoding" => value.eq_ignore_ascii_case("utf-8"),
            _ => value == "yes" || value == "no",
        };
        if !taken {
            return Err(refused(format!("an XML declaration with another {name}")));
        }
        inside = rest;
    }
    // "version" was taken, if anything was: it is the first that is expected and may not be left out.
    if !rest.trim_start().starts_with("version") {
        return Err(refused("an XML declaration without version"));
    }
    Ok(after)
}

/// `name = "value"` and what follows.
fn pseudo_attribute(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_once('=')?;
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (value, rest) = rest.get(1..)?.split_once(quote)?;
    Some((name.trim_end(), value, rest))
}

fn refused(reason: impl Into<String>) -> Rejection {
    Rejection::Xml(reason.into())
}

struct Scanner<'t> {
    text: &'t str,
    limits: &'t Limits,
    steps: usize,
    elements: usize,
    references: usize,
    namespaces: usize,
    /// The prefixes bound here, each once; the default namespace is the empty one.
    in_scope: Vec<&'t str>,
    /// For each open element, how many prefixes were bound outside it.
    open: Vec<usize>,
}

/// What a start tag has been counted to hold.
#[derive(Default)]
struct Tag<'t> {
    attributes: usize,
    prefixed: usize,
    declared: Vec<&'t str>,
}

impl<'t> Scanner<'t> {
    fn document(&mut self) -> Result<(), Rejection> {
        let mut rest = self.text;
        while let Some(at) = rest.find('<') {
            let (text, markup) = rest.split_at(at);
            self.text_or_value(text)?;
            rest = self.markup(markup)?;
        }
        self.text_or_value(rest)
    }

    /// One piece of markup; gives what follows it.
    fn markup(&mut self, markup: &'t str) -> Result<&'t str, Rejection> {
        let after = |body: &'t str, end: &str, what: &str| {
            body.split_once(end)
                .map(|(_, after)| after)
                .ok_or_else(|| refused(format!("{what} without end")))
        };
        if let Some(body) = markup.strip_prefix("<!--") {
            after(body, "-->", "a comment")
        } else if let Some(body) = markup.strip_prefix("<![CDATA[") {
            after(body, "]]>", "a CDATA section")
        } else if markup.starts_with("<!") {
            Err(refused("a document type declaration"))
        } else if markup.starts_with("<?") {
            Err(refused("a processing instruction"))
        } else if let Some(body) = markup.strip_prefix("</") {
            let outside = self.open.pop().ok_or_else(|| refused("an end tag too many"))?;
            self.in_scope.truncate(outside);
            let (name, after) =
                body.split_once('>').ok_or_else(|| refused("an end tag without end"))?;
            qualified_name(name.trim_end_matches([' ', '\t', '\n']))?;
            Ok(after)
        } else {
            self.start_tag(markup.get(1..).unwrap_or_default())
        }
    }

    /// A start tag, from its name on; gives what follows it.
    fn start_tag(&mut self, body: &'t str) -> Result<&'t str, Rejection> {
        self.elements += 1;
        if self.elements > self.limits.elements_max {
            return Err(refused(format!("more than {} elements", self.limits.elements_max)));
        }
        let outside = self.in_scope.len();
        let mut tag = Tag::default();
        let name_ends = body.find([' ', '\t', '\n', '/', '>']);
        let (name, mut rest) = body.split_at(name_ends.unwrap_or(body.len()));
        let (prefix, _) = qualified_name(name)?;
        if prefix == "xmlns" {
            return Err(refused("an element with the prefix xmlns"));
        }
        let empty = loop {
            let trimmed = rest.trim_start_matches([' ', '\t', '\n']);
            if let Some(after) = trimmed.strip_prefix('>') {
                rest = after;
                break false;
            }
            if let Some(after) = trimmed.strip_prefix("/>") {
                rest = after;
                break true;
            }
            if trimmed.len() == rest.len() {
                return Err(refused("a start tag of a form unknown"));
            }
            rest = self.attribute(trimmed, &mut tag)?;
        };
        self.declare(&tag)?;
        self.count(&tag)?;
        if empty {
            self.in_scope.truncate(outside);
        } else {
            self.open.push(outside);
            if self.open.len() > self.limits.depth_max {
                return Err(refused(format!("deeper than {} elements", self.limits.depth_max)));
            }
        }
        Ok(rest)
    }

    /// One attribute; gives what follows it.
    fn attribute(&mut self, text: &'t str, tag: &mut Tag<'t>) -> Result<&'t str, Rejection> {
        let (name, value, rest) =
            pseudo_attribute(text).ok_or_else(|| refused("a start tag of a form unknown"))?;
        let (prefix, local) = qualified_name(name)?;
        if value.contains('<') {
            return Err(refused("a < in an attribute"));
        }
        self.text_or_value(value)?;
        tag.attributes += 1;
        if tag.attributes > self.limits.attributes_max {
            return Err(refused(format!(
                "an element with more than {} attributes",
                self.limits.attributes_max
            )));
        }
        match (prefix, local) {
            ("", "xmlns") => {
                if !value.is_empty() {
                    namespace_name(value)?;
                }
                tag.declared.push("");
            }
            // The tree builder would take p:xmlns for a default namespace.
            (_, "xmlns") | ("xmlns", "xml") => {
                return Err(refused("a namespace declaration of xml or xmlns"));
            }
            ("xmlns", declared) => {
                namespace_name(value)?;
                tag.declared.push(declared);
            }
            ("", _) => {}
            _ => tag.prefixed += 1,
        }
        Ok(rest)
    }

    /// Takes the tag's namespaces into scope.
    fn declare(&mut self, tag: &Tag<'t>) -> Result<(), Rejection> {
        self.namespaces += tag.declared.len();
        if self.namespaces > self.limits.namespaces_max {
            return Err(refused(format!(
                "more than {} namespace declarations",
                self.limits.namespaces_max
            )));
        }
        for (index, declared) in tag.declared.iter().enumerate() {
            // The tree builder sees a second prefix, and does not see a second default.
            if tag.declared.iter().take(index).any(|before| before == declared) {
                return Err(refused("a namespace declared twice"));
            }
            if !self.in_scope.contains(declared) {
                self.in_scope.push(declared);
            }
        }
        if self.in_scope.len() > self.limits.in_scope_max {
            return Err(refused(format!(
                "more than {} namespaces in scope",
                self.limits.in_scope_max
            )));
        }
        Ok(())
    }

    /// Counts what the tree builder will do with this tag: it copies all namespaces in scope when one is declared,
    /// comparing each with each; it looks each prefix up among them; it compares each attribute with each.
    fn count(&mut self, tag: &Tag<'t>) -> Result<(), Rejection> {
        let in_scope = self.in_scope.len();
        let copied = if tag.declared.is_empty() { 0 } else { in_scope * in_scope };
        let looked_up = (1 + tag.prefixed) * in_scope;
        let compared = tag.attributes * tag.attributes / 2
            + tag.prefixed * tag.prefixed * PREFIXED_PAIR_STEPS / 2;
        self.steps += copied + looked_up + compared;
        if self.steps > self.limits.steps_max {
            return Err(refused("too many names to compare"));
        }
        Ok(())
    }

    /// The references in text or in a value: the five entities and characters of XML (XML 1.0 §4.1).
    fn text_or_value(&mut self, text: &str) -> Result<(), Rejection> {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('&') {
            self.references += 1;
            self.steps += REFERENCE_STEPS;
            if self.references > self.limits.references_max {
                return Err(refused(format!(
                    "more than {} references",
                    self.limits.references_max
                )));
            }
            let end = after
                .bytes()
                .take(REFERENCE_BYTES_MAX + 1)
                .position(|byte| byte == b';')
                .ok_or_else(|| refused("a reference of a form unknown"))?;
            let (name, after) = after.split_at(end);
            let known = matches!(name, "amp" | "lt" | "gt" | "quot" | "apos");
            if !known && !is_character(name) {
                return Err(refused("a reference to something else than a character"));
            }
            rest = after;
        }
        Ok(())
    }
}

/// Whether the name of a reference is that of a character of XML: `#13`, `#x2028`.
fn is_character(name: &str) -> bool {
    let number = match (name.strip_prefix("#x"), name.strip_prefix('#')) {
        (Some(digits), _) if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
            u32::from_str_radix(digits, 16)
        }
        (None, Some(digits)) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            digits.parse()
        }
        _ => return false,
    };
    number.ok().and_then(char::from_u32).is_some_and(
        |character| matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..),
    )
}

/// Prefix and local part. The tree builder checks the characters; it would take `:a` for `a`.
fn qualified_name(name: &str) -> Result<(&str, &str), Rejection> {
    if name.len() > NAME_BYTES_MAX {
        return Err(refused(format!("a name longer than {NAME_BYTES_MAX} bytes")));
    }
    let (prefix, local) = match name.split_once(':') {
        Some(("", _)) => return Err(refused("a name that begins with a colon")),
        Some(parts) => parts,
        None => ("", name),
    };
    if local.is_empty() || local.contains(':') {
        return Err(refused("a name of a form unknown"));
    }
    Ok((prefix, local))
}

/// A namespace name has to be an absolute URI (a relative one is where canonicalizers differ: Canonical XML 1.0
/// §1.3), and is written plainly.
fn namespace_name(value: &str) -> Result<(), Rejection> {
    let scheme_ends = value.find(':').unwrap_or_default();
    let (scheme, rest) = value.split_at(scheme_ends);
    let absolute = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && rest.len() > 1;
    let plain = value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'&');
    if absolute && plain && value.len() <= NAMESPACE_BYTES_MAX {
        Ok(())
    } else {
        Err(refused("a namespace that is no absolute URI"))
    }
}

//! Attribute paths and value paths (RFC 7644 §3.10, §3.5.2): one syntax used by filters, sorting and PATCH.
//!
//! Parsing knows no schema, because a URN cannot be told from an attribute by its looks
//! (`urn:…:2.0:User` ends like an attribute called `User`); [`AttrPath::resolve`] asks the resource type.

use std::fmt;

use crate::filter::{Filter, parse::Parser};
use crate::schema::{Attribute, ResourceType, Schema, common};
use crate::{Error, ErrorKind};

/// The longest PATCH path, value filter included, in bytes.
pub const PATH_BYTES_MAX: usize = 4 * 1024;
/// The longest attribute path (URN, attribute and sub-attribute together), in bytes.
pub const ATTR_PATH_BYTES_MAX: usize = 512;
/// How much of a client's text an error repeats, in characters.
pub(crate) const QUOTE_CHARS_MAX: usize = 80;

/// A client's text as an error may repeat it: shortened, on one line.
pub(crate) fn quote(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(QUOTE_CHARS_MAX)
        .map(|c| if c.is_control() || c == '`' { '?' } else { c })
        .collect();
    if text.chars().nth(QUOTE_CHARS_MAX).is_some() {
        short.push('…');
    }
    short
}

/// `[urn:]attribute[.subAttribute]`, or a schema URN alone, in the spelling of the client.
///
/// INVARIANT: made only by [`AttrPath::parse`]: not empty, at most [`ATTR_PATH_BYTES_MAX`] bytes, only the
/// characters of URNs and attribute names, and `name` or `name.name` when there is no colon.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttrPath {
    text: String,
}

/// What an attribute path names in a resource type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target<'s> {
    /// The URN of the base schema alone: the whole resource.
    Base,
    /// The URN of an extension alone: all of its attributes.
    Extension(&'s Schema),
    /// An attribute or a sub-attribute.
    Attribute(Found<'s>),
    /// Nothing that this resource type has.
    Unknown,
}

/// An attribute with the place where it is declared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found<'s> {
    /// The extension that declares it; none for the base schema and the common attributes.
    pub extension: Option<&'s Schema>,
    /// The top-level attribute.
    pub attribute: &'s Attribute,
    /// The sub-attribute, when the path names one.
    pub sub: Option<&'s Attribute>,
}

impl AttrPath {
    /// Reads an attribute path on its own, as `sortBy` and PATCH keys have it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPath`] when it is empty, too long, or not of the grammar.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.len() > ATTR_PATH_BYTES_MAX {
            return Err(Error::invalid_path(format!(
                "the attribute path `{}` is longer than {ATTR_PATH_BYTES_MAX} bytes",
                quote(text)
            )));
        }
        Self::checked(text).ok_or_else(|| {
            Error::invalid_path(format!(
                "`{}` is not an attribute path; write it as `attribute`, `attribute.subAttribute` or \
                 `schema URN:attribute`",
                quote(text)
            ))
        })
    }

    /// The grammar alone; the caller says what is wrong and where.
    pub(crate) fn checked(text: &str) -> Option<Self> {
        let names = text.rsplit_once(':').map_or(text, |(_, tail)| tail);
        let well_formed = if names.len() == text.len() {
            let mut parts = names.split('.');
            parts.next().is_some_and(is_name)
                && parts.next().is_none_or(is_name)
                && parts.next().is_none()
        } else {
            !text.starts_with(':')
                && !text.contains("::")
                && names.split('.').all(|part| {
                    !part.is_empty() && part.chars().all(|c| is_name_char(c) || is_urn_char(c))
                })
        };
        (well_formed && text.len() <= ATTR_PATH_BYTES_MAX && text.chars().all(is_path_char))
            .then(|| Self { text: text.to_owned() })
    }

    /// The path in the spelling of the client.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this path is about the top-level attribute `name`, whatever URN stands before it: a
    /// quick look without a schema. A URN alone is about none.
    #[must_use]
    pub fn mentions(&self, name: &str) -> bool {
        let names = self.text.rsplit_once(':').map_or(self.text.as_str(), |(_, tail)| tail);
        names.split('.').next().is_some_and(|first| first.eq_ignore_ascii_case(name))
    }

    /// What this path names in `rt`. Names and URNs are compared without regard to case (RFC 7643 §2.1);
    /// the longest URN that fits wins, so that one schema's URN may begin with another's.
    ///
    /// A name without a URN is the base schema's, or else that of the one extension that has it: Entra asks
    /// `manager eq "…"` for the enterprise extension's manager.
    #[must_use]
    pub fn resolve<'s>(&self, rt: &'s ResourceType) -> Target<'s> {
        let schemas = std::iter::once(&rt.schema).chain(&rt.extensions);
        let qualified = schemas
            .filter_map(|schema| Some((schema, after_urn(&self.text, &schema.id)?)))
            .max_by_key(|(schema, _)| schema.id.len());
        let Some((schema, rest)) = qualified else {
            return if self.text.contains(':') {
                Target::Unknown
            } else {
                unqualified(rt, &self.text)
            };
        };
        let is_base = schema.id == rt.schema.id;
        match rest {
            None if is_base => Target::Base,
            None => Target::Extension(schema),
            Some(names) => in_schema(schema, (!is_base).then_some(schema), names),
        }
    }
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What stands behind the schema's URN: `Some(None)` for the URN alone. Some clients write a dot where the
/// RFC has a colon between URN and attribute; since the URN is known, that is not ambiguous.
fn after_urn<'t>(text: &'t str, urn: &str) -> Option<Option<&'t str>> {
    let (head, rest) = text.split_at_checked(urn.len())?;
    if !head.eq_ignore_ascii_case(urn) {
        return None;
    }
    if rest.is_empty() {
        return Some(None);
    }
    rest.strip_prefix([':', '.']).map(Some)
}

fn unqualified<'s>(rt: &'s ResourceType, names: &str) -> Target<'s> {
    let name = names.split_once('.').map_or(names, |(name, _)| name);
    if common::attribute(name).is_none() && rt.schema.attribute(name).is_none() {
        let mut having = rt.extensions.iter().filter(|schema| schema.attribute(name).is_some());
        if let (Some(only), None) = (having.next(), having.next()) {
            return in_schema(only, Some(only), names);
        }
    }
    in_schema(&rt.schema, None, names)
}

fn in_schema<'s>(schema: &'s Schema, extension: Option<&'s Schema>, names: &str) -> Target<'s> {
    let (name, sub_name) = match names.split_once('.') {
        Some((name, sub_name)) => (name, Some(sub_name)),
        None => (names, None),
    };
    let common = if extension.is_none() { common::attribute(name) } else { None };
    let Some(attribute) = common.or_else(|| schema.attribute(name)) else {
        return Target::Unknown;
    };
    match sub_name.map(|sub_name| attribute.sub_attribute(sub_name)) {
        None => Target::Attribute(Found { extension, attribute, sub: None }),
        Some(Some(sub)) => Target::Attribute(Found { extension, attribute, sub: Some(sub) }),
        Some(None) => Target::Unknown,
    }
}

/// `ATTRNAME` of RFC 7644 §3.10, and the leading `$` that the RFC's own `$ref` needs.
fn is_name(text: &str) -> bool {
    let bare = text.strip_prefix('$').unwrap_or(text);
    bare.starts_with(|c: char| c.is_ascii_alphabetic()) && bare.chars().all(is_name_char)
}

const fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$')
}

const fn is_urn_char(c: char) -> bool {
    matches!(c, '/' | '%' | '+' | '#' | '~' | '@' | '&' | ';' | '*' | '!')
}

/// Every character that an attribute path may hold.
pub(crate) const fn is_path_char(c: char) -> bool {
    is_name_char(c) || is_urn_char(c) || matches!(c, '.' | ':')
}

/// The path of a PATCH operation: `attrPath` or `attrPath[valueFilter][.subAttribute]` (RFC 7644 §3.5.2).
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// What stands before the bracket, or all of it.
    pub attribute: AttrPath,
    /// What is in the bracket; its paths are sub-attributes of the attribute.
    pub filter: Option<Filter>,
    /// What stands behind the bracket. Without a bracket the sub-attribute is part of `attribute`.
    pub sub: Option<String>,
}

impl Path {
    /// Reads a PATCH path.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidPath`] when it is longer than [`PATH_BYTES_MAX`] or not of the grammar, with the
    /// position (in characters, from 1) and what was expected there.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > PATH_BYTES_MAX {
            return Err(Error::invalid_path(format!(
                "the path is {} bytes long; at most {PATH_BYTES_MAX} are allowed",
                text.len()
            )));
        }
        Parser::new(text, ErrorKind::InvalidPath).whole_path()
    }

    /// What the path names in `rt`, the sub-attribute behind the bracket included.
    #[must_use]
    pub fn resolve<'s>(&self, rt: &'s ResourceType) -> Target<'s> {
        let target = self.attribute.resolve(rt);
        let Some(name) = &self.sub else { return target };
        match target {
            Target::Attribute(Found { extension, attribute, sub: None }) => {
                attribute.sub_attribute(name).map_or(Target::Unknown, |sub| {
                    Target::Attribute(Found { extension, attribute, sub: Some(sub) })
                })
            }
            Target::Attribute(_) | Target::Base | Target::Extension(_) | Target::Unknown => {
                Target::Unknown
            }
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.attribute)?;
        if let Some(filter) = &self.filter {
            write!(f, "[{filter}]")?;
        }
        if let Some(sub) = &self.sub {
            write!(f, ".{sub}")?;
        }
        Ok(())
    }
}

/// Whether `text` can stand behind `]` as a sub-attribute.
pub(crate) fn is_sub_attribute(text: &str) -> bool {
    is_name(text)
}

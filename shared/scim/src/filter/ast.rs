//! The shape of a filter (RFC 7644 §3.4.2.2), independent of any schema, and its canonical text.

use std::fmt;

use serde_json::Number;

use crate::path::AttrPath;

/// A filter expression (RFC 7644 §3.4.2.2, figure 1).
///
/// [`Filter::parse`] makes only the flat form: no [`Filter::And`] directly inside another, the same for
/// [`Filter::Or`], and both hold at least two parts. [`Filter::and`] and [`Filter::or`] keep that.
/// The text of `Display` is canonical and parses back to an equal filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of these.
    And(Vec<Filter>),
    /// One of these.
    Or(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// `path pr`
    Present(AttrPath),
    /// `path op literal`
    Compare {
        /// What is compared.
        path: AttrPath,
        /// How.
        operator: Operator,
        /// With what.
        literal: Literal,
    },
    /// `path[filter]`: one element of the attribute fulfils all of `filter`.
    ///
    /// Entra's `emails[type eq "work"].value eq "x"` is read as `emails[type eq "work" and value eq "x"]`.
    Within {
        /// The complex attribute.
        path: AttrPath,
        /// What its element must fulfil; the paths in here are sub-attributes. Never another `Within`.
        filter: Box<Filter>,
    },
}

/// A comparison operator (RFC 7644 §3.4.2.2, table 3) other than `pr`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
    /// `co`
    Contains,
    /// `sw`
    StartsWith,
    /// `ew`
    EndsWith,
    /// `gt`
    Greater,
    /// `ge`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `le`
    LessOrEqual,
}

impl Operator {
    /// Every operator with its keyword.
    pub const ALL: [(Self, &'static str); 9] = [
        (Self::Equal, "eq"),
        (Self::NotEqual, "ne"),
        (Self::Contains, "co"),
        (Self::StartsWith, "sw"),
        (Self::EndsWith, "ew"),
        (Self::Greater, "gt"),
        (Self::GreaterOrEqual, "ge"),
        (Self::Less, "lt"),
        (Self::LessOrEqual, "le"),
    ];

    /// The operator with this keyword, in any case.
    #[must_use]
    pub fn from_keyword(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known)| known.eq_ignore_ascii_case(word)).map(|(op, _)| op)
    }

    /// The keyword.
    #[must_use]
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Contains => "co",
            Self::StartsWith => "sw",
            Self::EndsWith => "ew",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "ge",
            Self::Less => "lt",
            Self::LessOrEqual => "le",
        }
    }

    /// Whether it asks for an order (RFC 7644: not for Boolean and Binary).
    #[must_use]
    pub const fn is_ordering(self) -> bool {
        matches!(self, Self::Greater | Self::GreaterOrEqual | Self::Less | Self::LessOrEqual)
    }

    /// Whether it looks into a text.
    #[must_use]
    pub const fn is_substring(self) -> bool {
        matches!(self, Self::Contains | Self::StartsWith | Self::EndsWith)
    }

    /// What an order of "value against literal" means for this operator; substring operators never hold.
    pub(crate) fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Contains | Self::StartsWith | Self::EndsWith => false,
        }
    }
}

/// The right side of a comparison: a JSON scalar.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `"text"`
    Text(String),
    /// `12` or `1.5`
    Number(Number),
    /// `true` or `false`
    Boolean(bool),
    /// `null`: `eq null` asks for no value, `ne null` for any.
    Null,
}

impl Filter {
    /// All of `parts`, flattened; a single part is returned as it is.
    #[must_use]
    pub fn and(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::And(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        only(flat).unwrap_or_else(Self::And)
    }

    /// One of `parts`, flattened; a single part is returned as it is.
    #[must_use]
    pub fn or(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::Or(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        only(flat).unwrap_or_else(Self::Or)
    }

    /// Whether any path is about the top-level attribute `name` (in any case, with or without URN), so that
    /// the caller knows what to read: `mentions("members")`.
    #[must_use]
    pub fn mentions(&self, name: &str) -> bool {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().any(|part| part.mentions(name)),
            Self::Not(inner) => inner.mentions(name),
            Self::Present(path) | Self::Compare { path, .. } | Self::Within { path, .. } => {
                path.mentions(name)
            }
        }
    }
}

fn only(mut parts: Vec<Filter>) -> Result<Filter, Vec<Filter>> {
    if parts.len() == 1
        && let Some(part) = parts.pop()
    {
        return Ok(part);
    }
    Err(parts)
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    if at > 0 {
                        f.write_str(" and ")?;
                    }
                    if matches!(part, Self::Or(_)) {
                        write!(f, "({part})")?;
                    } else {
                        write!(f, "{part}")?;
                    }
                }
                Ok(())
            }
            Self::Or(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    if at > 0 {
                        f.write_str(" or ")?;
                    }
                    write!(f, "{part}")?;
                }
                Ok(())
            }
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Compare { path, operator, literal } => {
                write!(f, "{path} {} {literal}", operator.keyword())
            }
            Self::Within { path, filter } => write!(f, "{path}[{filter}]"),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
            Self::Number(number) => write!(f, "{number}"),
            Self::Boolean(flag) => write!(f, "{flag}"),
            Self::Null => f.write_str("null"),
        }
    }
}

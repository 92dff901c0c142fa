//! A request's members and parameters, each read by its name. What is not known is refused by its name: an
//! operator's typo must not look as if it had worked.

use lychgate_core::{operator::Refusal, time::Timestamp};
use lychgate_edge::{json::Incoming, problem::Problem};
use serde_json::{Map, Value};

use crate::problem;

/// The members of a JSON body.
pub(crate) struct Body(Map<String, Value>);

impl Body {
    /// The body, which may have these members and no others. No body is an empty one.
    pub(crate) fn read(incoming: &Incoming<'_>, known: &[&str]) -> Result<Self, Problem> {
        let members = match incoming.request.body.as_slice() {
            [] => Map::new(),
            // The strict parser: a member that stands there twice is refused, not settled by chance.
            bytes => lychgate_scim::json::parse_object(bytes).map_err(Problem::from)?,
        };
        if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(unknown(name, "member of this request", known));
        }
        Ok(Self(members))
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A text that must be there.
    pub(crate) fn text(&self, name: &str) -> Result<&str, Problem> {
        self.optional_text(name)?.ok_or_else(|| missing(name, "text"))
    }

    /// A text, or nothing; `null` is no text.
    pub(crate) fn optional_text(&self, name: &str) -> Result<Option<&str>, Problem> {
        self.typed(name, "text", Value::as_str)
    }

    /// A text; nothing and `null` are the same.
    pub(crate) fn nullable_text(&self, name: &str) -> Result<Option<&str>, Problem> {
        self.nullable(name, "text", Value::as_str)
    }

    /// `true`, `false`, or nothing.
    pub(crate) fn optional_bool(&self, name: &str) -> Result<Option<bool>, Problem> {
        self.typed(name, "`true` or `false`", Value::as_bool)
    }

    /// A whole number, or nothing; `null` is no number.
    pub(crate) fn optional_u32(&self, name: &str) -> Result<Option<u32>, Problem> {
        self.typed(name, "whole number", as_u32)
    }

    /// A whole number; nothing and `null` are the same.
    pub(crate) fn nullable_u32(&self, name: &str) -> Result<Option<u32>, Problem> {
        self.nullable(name, "whole number", as_u32)
    }

    /// A whole number; nothing and `null` are the same.
    pub(crate) fn nullable_u64(&self, name: &str) -> Result<Option<u64>, Problem> {
        self.nullable(name, "whole number", Value::as_u64)
    }

    /// An instant (RFC 3339); nothing and `null` are the same.
    pub(crate) fn nullable_time(&self, name: &str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.nullable_text(name)? else {
            return Ok(None);
        };
        Timestamp::parse_rfc3339(text).map(Some).ok_or_else(|| {
            problem::of(Refusal::invalid(
                name,
                format!(
                    "`{name}` must be a time as RFC 3339 writes it, such as `2027-01-31T00:00:00Z`."
                ),
            ))
        })
    }

    /// A list of texts, or nothing.
    pub(crate) fn optional_texts(&self, name: &str) -> Result<Option<Vec<&str>>, Problem> {
        self.typed(name, "list of texts", |value| {
            value.as_array()?.iter().map(Value::as_str).collect()
        })
    }

    /// A text that shall be different: nothing leaves it, `null` takes it away.
    pub(crate) fn changed_text(&self, name: &str) -> Result<Option<Option<&str>>, Problem> {
        self.has(name).then(|| self.nullable_text(name)).transpose()
    }

    /// An object, which may have these members and no others; nothing is an empty one.
    pub(crate) fn object(&self, name: &str, known: &[&str]) -> Result<Self, Problem> {
        let members = self.typed(name, "object", Value::as_object)?.cloned().unwrap_or_default();
        if let Some(inner) = members.keys().find(|inner| !known.contains(&inner.as_str())) {
            return Err(unknown(inner, &format!("member of `{name}`"), known));
        }
        Ok(Self(members))
    }

    /// One of these words, or nothing.
    pub(crate) fn optional_word<T: Copy>(
        &self,
        name: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.optional_text(name)? else {
            return Ok(None);
        };
        let found = words.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| Some(*value)).ok_or_else(|| {
            let words = words.iter().map(|(word, _)| *word).collect::<Vec<_>>();
            let detail = format!("`{name}` must be one of {}.", list(&words));
            problem::of(Refusal::invalid(name, detail))
        })
    }

    fn nullable<'a, T>(
        &'a self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        if self.0.get(name).is_some_and(Value::is_null) {
            return Ok(None);
        }
        self.typed(name, expected, read)
    }

    fn typed<'a, T>(
        &'a self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.0.get(name) else {
            return Ok(None);
        };
        read(value).map(Some).ok_or_else(|| {
            let article = match expected.chars().next() {
                Some('`') => "",
                Some('o') => "an ",
                _ => "a ",
            };
            let detail = format!("`{name}` must be {article}{expected}.");
            problem::of(Refusal::invalid(name, detail))
        })
    }
}

fn as_u32(value: &Value) -> Option<u32> {
    // Larger than any that is kept: the check of its range says what fits.
    value.as_u64().map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

/// That a member must be there.
pub(crate) fn missing(name: &str, expected: &str) -> Problem {
    problem::of(Refusal::invalid(name, format!("`{name}` is missing: send it as a {expected}.")))
}

/// The query, which may have these parameters and no others.
pub(crate) fn check_query(incoming: &Incoming<'_>, known: &[&str]) -> Result<(), Problem> {
    let mut names = incoming.request.query.iter().map(|(name, _)| name);
    match names.find(|name| !known.iter().any(|known| known.eq_ignore_ascii_case(name))) {
        Some(name) => Err(unknown(name, "parameter of this address", known)),
        None => Ok(()),
    }
}

/// `limit` of the query.
pub(crate) fn limit(incoming: &Incoming<'_>) -> Result<Option<u32>, Problem> {
    let Some(text) = incoming.query("limit") else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| {
        problem::of(Refusal::invalid(
            "limit",
            "`limit` must be a whole number: how many items the page shall have at most.",
        ))
    })
}

/// A parameter that is `true` or `false`.
pub(crate) fn query_bool(incoming: &Incoming<'_>, name: &str) -> Result<Option<bool>, Problem> {
    match incoming.query(name) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => {
            Err(problem::of(Refusal::invalid(name, format!("`{name}` must be `true` or `false`."))))
        }
    }
}

fn unknown(name: &str, what: &str, known: &[&str]) -> Problem {
    // What a stranger sent comes back shortened: enough to see the typo.
    let name: String = name.chars().take(64).collect();
    let takes = if known.is_empty() {
        "it takes none".to_owned()
    } else {
        format!("it takes {}", list(known))
    };
    problem::of(Refusal::malformed(&name, format!("`{name}` is no {what}: {takes}.")))
}

fn list(names: &[&str]) -> String {
    let quoted = names.iter().map(|name| format!("`{name}`"));
    match quoted.collect::<Vec<_>>().as_slice() {
        [] => "no members".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

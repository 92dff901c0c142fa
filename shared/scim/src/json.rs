//! Reading JSON from strangers, with limits (RFC 8259, RFC 7644 §3.12 `invalidSyntax`).
//!
//! The size of the body is the edge's business. Nothing of the body is repeated in an error: it may hold a
//! password.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::{Error, value::type_name};

/// How deep lists and objects may stand in each other. A bulk request with a PATCH of a complex value needs ten.
pub const JSON_DEPTH_MAX: usize = 32;

/// Parses a body. A byte order mark in front is tolerated.
///
/// A name that an object holds twice is refused: readers disagree about which of the two counts, and one of
/// them could be `active`.
///
/// # Errors
/// [`crate::ErrorKind::InvalidSyntax`] with line and column.
pub fn parse(bytes: &[u8]) -> Result<Value, Error> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Error::invalid_syntax(format!(
            "the body is not valid UTF-8 (byte {}); send JSON in UTF-8",
            error.valid_up_to() + 1
        ))
    })?;
    if text.trim_ascii().is_empty() {
        return Err(Error::invalid_syntax("the request has no body; send a JSON object"));
    }
    let refusal = Cell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Strict { depth_left: JSON_DEPTH_MAX, refusal: &refusal }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| sentence(&error, refusal.get()))
}

/// Parses a body that has to be an object, as every SCIM message is.
///
/// # Errors
/// As [`parse`], and for any other JSON value.
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, Error> {
    object(parse(bytes)?)
}

/// The object that a message has to be.
///
/// # Errors
/// [`crate::ErrorKind::InvalidSyntax`] for any other JSON value.
pub fn object(value: Value) -> Result<Map<String, Value>, Error> {
    match value {
        Value::Object(object) => Ok(object),
        other => Err(Error::invalid_syntax(format!(
            "the body must be a JSON object, not {}",
            type_name(&other)
        ))),
    }
}

/// What [`Strict`] refused itself; everything else is the JSON parser's.
#[derive(Clone, Copy)]
enum Refusal {
    Depth,
    Duplicate,
}

fn sentence(error: &serde_json::Error, refusal: Option<Refusal>) -> Error {
    let (line, column) = (error.line(), error.column());
    Error::invalid_syntax(match refusal {
        Some(Refusal::Depth) => format!(
            "the body is nested deeper than {JSON_DEPTH_MAX} levels at line {line} column {column}"
        ),
        Some(Refusal::Duplicate) => {
            format!(
                "an object has the same name twice at line {line} column {column}; send it once"
            )
        }
        None if error.is_eof() => {
            format!("the body is not complete JSON: it ends at line {line} column {column}")
        }
        None => format!("the body is not valid JSON at line {line} column {column}"),
    })
}

/// `serde_json`'s own value, with a limit on depth and without duplicate names.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth_left: usize,
    refusal: &'a Cell<Option<Refusal>>,
}

impl Strict<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        let Some(depth_left) = self.depth_left.checked_sub(1) else {
            self.refusal.set(Some(Refusal::Depth));
            return Err(E::custom("depth"));
        };
        Ok(Self { depth_left, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(inner)? {
            list.push(value);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if object.contains_key(&name) {
                self.refusal.set(Some(Refusal::Duplicate));
                return Err(A::Error::custom("duplicate"));
            }
            object.insert(name, map.next_value_seed(inner)?);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn refused(body: &[u8], detail: &str) {
        assert_eq!(parse(body).unwrap_err().detail, detail);
    }

    #[test]
    fn a_byte_order_mark_is_tolerated() {
        assert!(parse_object(b"\xEF\xBB\xBF{\"a\":1}").is_ok());
    }

    #[test]
    fn errors_say_where_and_never_what() {
        refused(b" \n", "the request has no body; send a JSON object");
        refused(b"{\"pw\":\"s\xFF\"}", "the body is not valid UTF-8 (byte 9); send JSON in UTF-8");
        refused(b"{\"a\":\n secret}", "the body is not valid JSON at line 2 column 2");
        refused(b"{\"a\":", "the body is not complete JSON: it ends at line 1 column 5");
        refused(b"{} {}", "the body is not valid JSON at line 1 column 4");
        refused(b"{\"a\":\"\\ud800\"}", "the body is not valid JSON at line 1 column 13");
        let detail = parse_object(b"[]").unwrap_err().detail;
        assert_eq!(detail, "the body must be a JSON object, not a list");
    }

    #[test]
    fn a_name_given_twice_is_refused() {
        refused(
            b"{\"active\":false,\"active\":true}",
            "an object has the same name twice at line 1 column 24; send it once",
        );
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(parse(&nested(JSON_DEPTH_MAX)).is_ok());
        refused(
            &nested(JSON_DEPTH_MAX + 1),
            "the body is nested deeper than 32 levels at line 1 column 34",
        );
        assert!(parse(&vec![b'['; 1_000_000]).is_err());
    }

    proptest! {
        #[test]
        fn it_reads_what_serde_json_reads(text in "[\\[\\]{}\":,0-9a-e. \\\\]{0,40}") {
            let lenient = serde_json::from_str::<Value>(&text);
            match parse(text.as_bytes()) {
                Ok(value) => prop_assert_eq!(value, lenient.unwrap()),
                Err(error) => prop_assert!(lenient.is_err() || error.detail.contains("twice")),
            }
        }

        #[test]
        fn it_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse(&bytes);
        }
    }
}

//! The commands, a file per noun: what is typed becomes a request, the answer becomes text.

pub(crate) mod client;
pub(crate) mod directory;
pub(crate) mod events;
pub(crate) mod licence;
pub(crate) mod member;
pub(crate) mod operator_key;
pub(crate) mod org;
pub(crate) mod token;

use serde_json::{Map, Value};

/// A date alone means its beginning, in UTC; anything else goes to the server as it is.
pub(crate) fn instant(text: &str) -> String {
    let is_date = text.len() == 10
        && text.bytes().enumerate().all(|(n, byte)| match n {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if is_date { format!("{text}T00:00:00Z") } else { text.to_owned() }
}

/// The members of a body: those that were given.
pub(crate) struct Body(Map<String, Value>);

impl Body {
    pub(crate) fn new() -> Self {
        Self(Map::new())
    }

    pub(crate) fn with(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
        self
    }

    pub(crate) fn value(self) -> Value {
        Value::Object(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_beginning() {
        assert_eq!(instant("2027-01-31"), "2027-01-31T00:00:00Z");
        assert_eq!(instant("2027-01-31T10:00:00+01:00"), "2027-01-31T10:00:00+01:00");
        assert_eq!(instant("next week!"), "next week!");
    }
}

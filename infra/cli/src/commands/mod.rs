//! The commands, a file per noun: what is typed becomes a request, the answer becomes text.

pub(crate) mod application;
pub(crate) mod certificate;
pub(crate) mod client;
pub(crate) mod connection;
pub(crate) mod directory;
pub(crate) mod events;
pub(crate) mod licence;
pub(crate) mod member;
pub(crate) mod operator_key;
pub(crate) mod org;
pub(crate) mod setup_link;
pub(crate) mod sign_in;
pub(crate) mod token;

use std::{fs::OpenOptions, io::Write, path::Path};

use serde_json::{Map, Value};

use crate::failure::Failure;

/// A date alone means its beginning, in UTC; anything else goes to the server as it is.
pub(crate) fn instant(text: &str) -> String {
    let is_date = text.len() == 10
        && text.bytes().enumerate().all(|(n, byte)| match n {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if is_date { format!("{text}T00:00:00Z") } else { text.to_owned() }
}

/// Writes what was downloaded into a file that does not exist yet: one that was there may be the only one of its day.
pub(crate) fn save(path: &Path, bytes: &[u8]) -> Result<String, Failure> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(bytes)
    };
    match write() {
        Ok(()) => Ok(format!("Written to {}.\n", path.display())),
        Err(error) => Err(Failure::new(format!("{} cannot be written: {error}.", path.display()))),
    }
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

    /// A list, when anything was given for it; this word alone is an empty one.
    pub(crate) fn with_list(self, name: &str, items: &[String], nothing: &str) -> Self {
        match items {
            [] => self,
            [word] if word == nothing => self.with(name, Some(Vec::<String>::new())),
            items => self.with(name, Some(items.to_vec())),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
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

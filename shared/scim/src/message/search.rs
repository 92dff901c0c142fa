//! What a client asks of a list: the query parameters of a GET (RFC 7644 §3.4.2) or the body of a
//! `POST …/.search` (RFC 7644 §3.4.3), with RFC 9865's cursor. Both give one [`ListQuery`].

use serde_json::Value;

use super::{SEARCH_REQUEST, schemas_noted, take};
use crate::{
    Error, ErrorKind, Notices, json, project::Projection, schema::ResourceType, value::type_name,
};

/// The longest cursor, in bytes; ours are far shorter.
pub const CURSOR_BYTES_MAX: usize = 4_096;

/// A question for a list, or (its projection alone) for one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// The filter's text, unparsed.
    pub filter: Option<String>,
    /// The path to sort by, unparsed.
    pub sort_by: Option<String>,
    /// `ascending` or `descending`, unparsed; says nothing without `sort_by`.
    pub sort_order: Option<String>,
    /// The first result's number, from 1; less counts as 1 (RFC 7644 §3.4.2.4).
    pub start_index: Option<usize>,
    /// The most results of the page; less than 0 counts as 0, which asks for the total alone.
    pub count: Option<usize>,
    /// RFC 9865: `Some` asks for cursor paging, empty on the first page. It goes before `start_index`.
    pub cursor: Option<String>,
    /// The names to show.
    pub attributes: Vec<String>,
    /// The names to leave out.
    pub excluded_attributes: Vec<String>,
}

impl ListQuery {
    /// Reads query parameters that are already percent-decoded. Names are accepted in any case, unknown ones
    /// ignored (Entra repeats what stands in its tenant URL), an empty value is absent, except of `cursor`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for a number that is none, or a parameter that comes
    /// twice with different values; [`ErrorKind::InvalidCount`] and [`ErrorKind::InvalidCursor`] as RFC 9865
    /// has them.
    pub fn from_parameters<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Error> {
        let mut raw = Raw::default();
        for (name, value) in pairs {
            match name.to_ascii_lowercase().as_str() {
                "attributes" => raw.query.attributes.extend(names(value)),
                "excludedattributes" => raw.query.excluded_attributes.extend(names(value)),
                known => raw.set(known, value)?,
            }
        }
        raw.finish()
    }

    /// Reads the body of a `/.search`.
    ///
    /// # Errors
    /// As [`ListQuery::from_parameters`], and [`ErrorKind::InvalidSyntax`] when the body is not an object.
    pub fn from_search(body: Value, notices: &mut Notices) -> Result<Self, Error> {
        let mut body = json::object(body)?;
        schemas_noted(&mut body, SEARCH_REQUEST, notices)?;
        let mut raw = Raw::default();
        raw.query.attributes = list(take(&mut body, "attributes"), "attributes")?;
        raw.query.excluded_attributes =
            list(take(&mut body, "excludedAttributes"), "excludedAttributes")?;
        for (name, value) in body {
            match value {
                Value::String(text) => raw.set(&name.to_ascii_lowercase(), &text)?,
                Value::Number(number) => {
                    raw.set(&name.to_ascii_lowercase(), &number.to_string())?;
                }
                Value::Null => {}
                other => raw.set_odd(&name.to_ascii_lowercase(), &other)?,
            }
        }
        raw.finish()
    }

    /// What the answer is to show of resources of these types.
    #[must_use]
    pub fn projection(&self, types: &[&ResourceType]) -> Projection {
        Projection::of(types, &self.attributes, &self.excluded_attributes)
    }
}

/// The parameters as text, each at most once.
#[derive(Default)]
struct Raw {
    query: ListQuery,
    start_index: Option<String>,
    count: Option<String>,
}

impl Raw {
    /// `name` is in lower case.
    fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let Some((slot, name)) = self.slot(name) else {
            return Ok(());
        };
        if value.is_empty() && name != "cursor" {
            return Ok(());
        }
        if slot.as_deref().is_some_and(|earlier| earlier != value) {
            return Err(Error::invalid_value(format!(
                "`{name}` is given twice with different values; send it once"
            )));
        }
        *slot = Some(value.to_owned());
        Ok(())
    }

    fn set_odd(&mut self, name: &str, value: &Value) -> Result<(), Error> {
        match self.slot(name) {
            Some((_, name)) => Err(Error::invalid_value(format!(
                "`{name}` must be text or a number, not {}",
                type_name(value)
            ))),
            None => Ok(()),
        }
    }

    fn slot(&mut self, name: &str) -> Option<(&mut Option<String>, &'static str)> {
        Some(match name {
            "filter" => (&mut self.query.filter, "filter"),
            "sortby" => (&mut self.query.sort_by, "sortBy"),
            "sortorder" => (&mut self.query.sort_order, "sortOrder"),
            "startindex" => (&mut self.start_index, "startIndex"),
            "count" => (&mut self.count, "count"),
            "cursor" => (&mut self.query.cursor, "cursor"),
            _ => return None,
        })
    }

    fn finish(mut self) -> Result<ListQuery, Error> {
        if self.query.cursor.as_ref().is_some_and(|cursor| cursor.len() > CURSOR_BYTES_MAX) {
            return Err(Error::new(
                ErrorKind::InvalidCursor,
                "`cursor` is not one that this server made; begin again with an empty one",
            ));
        }
        let start = self.start_index.as_deref().map(whole).transpose();
        let start = start
            .map_err(|()| Error::invalid_value("`startIndex` must be a whole number from 1"))?;
        self.query.start_index = start.map(|start| start.max(1));
        let kind = match self.query.cursor {
            Some(_) => ErrorKind::InvalidCount,
            None => ErrorKind::InvalidValue,
        };
        self.query.count = self
            .count
            .as_deref()
            .map(whole)
            .transpose()
            .map_err(|()| Error::new(kind, "`count` must be a whole number from 0"))?;
        Ok(self.query)
    }
}

/// A whole number: below zero counts as zero, above what a `usize` holds as the most that it holds.
fn whole(text: &str) -> Result<usize, ()> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(());
    }
    if text.starts_with('-') {
        return Ok(0);
    }
    Ok(digits.parse().unwrap_or(usize::MAX))
}

fn names(list: &str) -> impl Iterator<Item = String> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// A list of names, or, as in a query, text with commas.
fn list(value: Option<Value>, path: &str) -> Result<Vec<String>, Error> {
    let wrong = || Error::invalid_value(format!("`{path}` must be a list of attribute names"));
    match value {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(names(&text).collect()),
        Some(Value::Array(list)) => list
            .into_iter()
            .map(|name| match name {
                Value::String(name) => Ok(name),
                _ => Err(wrong()),
            })
            .collect(),
        Some(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn query(pairs: &[(&str, &str)]) -> Result<ListQuery, Error> {
        ListQuery::from_parameters(pairs.iter().copied())
    }

    #[track_caller]
    fn refused(pairs: &[(&str, &str)], kind: ErrorKind) {
        assert_eq!(query(pairs).unwrap_err().kind, kind);
    }

    #[test]
    fn get_and_search_ask_the_same() {
        let wanted = ListQuery {
            filter: Some("title pr".into()),
            sort_by: Some("userName".into()),
            sort_order: Some("descending".into()),
            start_index: Some(3),
            count: Some(10),
            cursor: None,
            attributes: vec!["userName".into(), "emails.value".into()],
            excluded_attributes: vec!["title".into()],
        };
        let parameters = query(&[
            ("filter", "title pr"),
            ("sortBy", "userName"),
            ("SORTORDER", "descending"),
            ("startIndex", "3"),
            ("count", "10"),
            ("attributes", "userName, emails.value"),
            ("excludedAttributes", "title"),
            ("aadOptscim062020", ""),
        ]);
        assert_eq!(parameters.unwrap(), wanted);
        let mut notices = Notices::default();
        let body = json!({
            "schemas": [SEARCH_REQUEST], "filter": "title pr", "sortBy": "userName",
            "sortOrder": "descending", "startIndex": 3, "count": 10,
            "attributes": ["userName", "emails.value"], "excludedAttributes": "title", "other": {},
        });
        assert_eq!(ListQuery::from_search(body, &mut notices).unwrap(), wanted);
        assert!(notices.is_empty());
    }

    #[test]
    fn numbers_are_clamped_and_garbage_is_refused() {
        let clamped = query(&[("startIndex", "-5"), ("count", "-1")]).unwrap();
        assert_eq!((clamped.start_index, clamped.count), (Some(1), Some(0)));
        let huge = query(&[("startIndex", "0"), ("count", "99999999999999999999999")]).unwrap();
        assert_eq!((huge.start_index, huge.count), (Some(1), Some(usize::MAX)));
        assert_eq!(query(&[("startIndex", ""), ("count", "")]).unwrap(), ListQuery::default());
        refused(&[("count", "ten")], ErrorKind::InvalidValue);
        refused(&[("count", "1.5")], ErrorKind::InvalidValue);
        refused(&[("count", "ten"), ("cursor", "")], ErrorKind::InvalidCount);
        let body = json!({"count": {}});
        assert!(ListQuery::from_search(body, &mut Notices::default()).is_err());
    }

    #[test]
    fn an_empty_cursor_asks_for_the_first_page() {
        assert_eq!(query(&[("cursor", "")]).unwrap().cursor.as_deref(), Some(""));
        assert_eq!(query(&[]).unwrap().cursor, None);
        refused(&[("cursor", &"x".repeat(CURSOR_BYTES_MAX + 1))], ErrorKind::InvalidCursor);
    }

    #[test]
    fn a_parameter_counts_once() {
        assert!(query(&[("filter", "a pr"), ("filter", "a pr")]).is_ok());
        refused(&[("filter", "a pr"), ("filter", "b pr")], ErrorKind::InvalidValue);
    }

    proptest! {
        #[test]
        fn it_never_panics(name in "(count|startIndex|cursor|attributes)", value in "\\PC{0,20}") {
            let _ = query(&[(&name, &value)]);
        }
    }
}

//! Sorting of a list (RFC 7644 §3.4.2.3): a key for each resource, and an order of keys.

use std::cmp::Ordering;

use serde_json::{Number, Value};
use time::OffsetDateTime;

use crate::filter::View;
use crate::filter::eval::field;
use crate::filter::predicate::{is_membership, number_order};
use crate::path::{AttrPath, Found, Target, quote};
use crate::schema::{Attribute, AttributeType, ResourceType, Returned};
use crate::value::{moment, normalized_key};
use crate::{Error, Resource};

/// `sortOrder` (RFC 7644 §3.4.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortOrder {
    /// Smallest first, resources without a value last.
    #[default]
    Ascending,
    /// The reverse: resources without a value first, largest next.
    Descending,
}

/// What to sort by, bound to a resource type.
#[derive(Debug, Clone, PartialEq)]
pub struct Sort {
    place: Place,
    form: Form,
    order: SortOrder,
}

#[derive(Debug, Clone, PartialEq)]
enum Place {
    Id,
    ResourceType(String),
    Created,
    LastModified,
    Location,
    Version,
    Field { extension: Option<String>, name: String, sub: Option<String> },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    Exact,
    Folded,
    Instant,
}

/// The value that a resource is sorted by. Compare two with [`Sort::compare`].
#[derive(Debug, Clone, PartialEq)]
pub struct SortKey(Key);

#[derive(Debug, Clone, PartialEq)]
enum Key {
    Boolean(bool),
    Number(Number),
    Instant(OffsetDateTime),
    Text(String),
    Missing,
}

impl Sort {
    /// Reads `sortBy` and `sortOrder`. A complex attribute is sorted by its `value`, a multi-valued one by
    /// its primary element or else its first.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidPath`] when `sort_by` is no attribute that `rt` can be sorted by,
    /// [`crate::ErrorKind::InvalidValue`] when `sort_order` is neither `ascending` nor `descending`.
    pub fn parse(
        rt: &ResourceType,
        sort_by: &str,
        sort_order: Option<&str>,
    ) -> Result<Self, Error> {
        let order = match sort_order {
            None => SortOrder::Ascending,
            Some(word) if word.trim().eq_ignore_ascii_case("ascending") => SortOrder::Ascending,
            Some(word) if word.trim().eq_ignore_ascii_case("descending") => SortOrder::Descending,
            Some(word) => {
                return Err(Error::invalid_value(format!(
                    "`sortOrder` is `{}`; use `ascending` or `descending`",
                    quote(word)
                )));
            }
        };
        let path = AttrPath::parse(sort_by)?;
        let unfit = || {
            Error::invalid_path(format!(
                "a {} cannot be sorted by `{}`; name an attribute with one value, such as `displayName`",
                rt.name,
                quote(path.as_str())
            ))
        };
        let Target::Attribute(found) = path.resolve(rt) else {
            return Err(unfit());
        };
        let (place, attribute) = placed(rt, found).ok_or_else(unfit)?;
        let form = match attribute.kind {
            AttributeType::DateTime => Form::Instant,
            _ if attribute.case_exact => Form::Exact,
            _ => Form::Folded,
        };
        Ok(Self { place, form, order })
    }

    /// The key of a resource.
    #[must_use]
    pub fn key(&self, view: &View<'_>) -> SortKey {
        let text = match &self.place {
            Place::Id => view.id,
            Place::ResourceType(name) => name,
            Place::Created => view.created,
            Place::LastModified => view.last_modified,
            Place::Location => view.location,
            Place::Version => view.version,
            Place::Field { extension, name, sub } => {
                let value = stored(view.resource, extension.as_deref(), name, sub.as_deref());
                return SortKey(value.map_or(Key::Missing, |value| self.key_of(value)));
            }
        };
        SortKey(self.text_key(text))
    }

    /// The order of two keys of this sort; equal keys keep the order that they came in when the caller's sort
    /// is stable, as `slice::sort_by` is.
    #[must_use]
    pub fn compare(&self, left: &SortKey, right: &SortKey) -> Ordering {
        let order = left.0.order(&right.0);
        match self.order {
            SortOrder::Ascending => order,
            SortOrder::Descending => order.reverse(),
        }
    }

    /// Sorts `items`, making each key once. Stable.
    pub fn sort<T>(&self, items: Vec<T>, key: impl Fn(&T) -> SortKey) -> Vec<T> {
        let mut keyed: Vec<(SortKey, T)> =
            items.into_iter().map(|item| (key(&item), item)).collect();
        keyed.sort_by(|(left, _), (right, _)| self.compare(left, right));
        keyed.into_iter().map(|(_, item)| item).collect()
    }

    fn key_of(&self, value: &Value) -> Key {
        match value {
            Value::Bool(flag) => Key::Boolean(*flag),
            Value::Number(number) => Key::Number(number.clone()),
            Value::String(text) => self.text_key(text),
            Value::Null | Value::Array(_) | Value::Object(_) => Key::Missing,
        }
    }

    fn text_key(&self, text: &str) -> Key {
        match self.form {
            Form::Exact => Key::Text(text.to_owned()),
            Form::Folded => Key::Text(normalized_key(text)),
            Form::Instant => moment(text).map_or(Key::Missing, Key::Instant),
        }
    }
}

impl Key {
    fn rank(&self) -> u8 {
        match self {
            Self::Boolean(_) => 0,
            Self::Number(_) => 1,
            Self::Instant(_) => 2,
            Self::Text(_) => 3,
            Self::Missing => 4,
        }
    }

    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Boolean(left), Self::Boolean(right)) => left.cmp(right),
            (Self::Number(left), Self::Number(right)) => {
                number_order(left, right).unwrap_or(Ordering::Equal)
            }
            (Self::Instant(left), Self::Instant(right)) => left.cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// Where the value stands, and the attribute that says how it is compared.
fn placed<'s>(rt: &ResourceType, found: Found<'s>) -> Option<(Place, &'s Attribute)> {
    let Found { extension, attribute, sub } = found;
    let name = attribute.name.as_ref();
    if extension.is_none() && is_membership(rt, name) {
        return None;
    }
    let sub = match sub {
        None if attribute.kind == AttributeType::Complex && name != "meta" => {
            Some(attribute.sub_attribute("value")?)
        }
        given => given,
    };
    let compared = sub.unwrap_or(attribute);
    if attribute.returned == Returned::Never || compared.returned == Returned::Never {
        return None;
    }
    let place = match (extension, name, sub.map(|sub| sub.name.as_ref())) {
        (None, "schemas", _) | (None, "meta", None) => return None,
        (None, "id", _) => Place::Id,
        (None, "meta", Some("resourceType")) => Place::ResourceType(rt.name.to_string()),
        (None, "meta", Some("created")) => Place::Created,
        (None, "meta", Some("lastModified")) => Place::LastModified,
        (None, "meta", Some("location")) => Place::Location,
        (None, "meta", Some(_)) => Place::Version,
        (extension, name, sub) => Place::Field {
            extension: extension.map(|schema| schema.id.to_string()),
            name: name.to_owned(),
            sub: sub.map(str::to_owned),
        },
    };
    Some((place, compared))
}

/// The one value that counts: of a list the primary element, else the first (RFC 7644 §3.4.2.3).
fn stored<'v>(
    resource: &'v Resource,
    extension: Option<&str>,
    name: &str,
    sub: Option<&str>,
) -> Option<&'v Value> {
    let value = match field(resource, extension, name)? {
        Value::Array(elements) => elements
            .iter()
            .find(|element| element.get("primary") == Some(&Value::Bool(true)))
            .or_else(|| elements.first())?,
        single => single,
    };
    match sub {
        None => Some(value),
        Some(sub) => value.get(sub),
    }
}

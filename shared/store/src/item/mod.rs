//! Items and values, to and from: one module per noun.
//!
//! Attribute names are short because they are paid for: an item is billed by the kilobyte, and the names
//! count. Each is named here once.

pub(crate) mod application;
pub(crate) mod attempt;
pub(crate) mod connection;
pub(crate) mod credential;
pub(crate) mod event;
pub(crate) mod group;
pub(crate) mod journal;
pub(crate) mod membership;
pub(crate) mod organization;
pub(crate) mod settings;
pub(crate) mod sign_in;
pub(crate) mod user;

use std::{collections::HashMap, str::FromStr};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use lychgate_core::{ports::StoreError, secret::SecretHash, time::Timestamp};
use lychgate_scim::Resource;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::keys::Key;

/// An item as DynamoDB has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// Partition key.
pub(crate) const PK: &str = "pk";
/// Sort key.
pub(crate) const SK: &str = "sk";
/// When DynamoDB may delete the item, in seconds since 1970.
pub(crate) const TTL: &str = "ttl";
/// A resource's attributes, or an event's data, as JSON text.
pub(crate) const DOC: &str = "doc";
/// Version.
pub(crate) const VERSION: &str = "v";
/// When it was created, in milliseconds.
pub(crate) const CREATED: &str = "cr";
/// When it was changed last, in milliseconds.
pub(crate) const MODIFIED: &str = "mo";
/// Group id → span: the mirror of the membership rows in the member's own item.
pub(crate) const MEMBERSHIPS: &str = "g";
/// A number: members of a group, resources of a list.
pub(crate) const COUNT: &str = "n";
/// A tombstone: the resource is gone, its rows are being cleared.
pub(crate) const DELETED: &str = "x";
/// An id: whom a claim belongs to, which change a fence stands for.
pub(crate) const ID: &str = "id";
/// A claim of a creation that is not committed.
pub(crate) const PROVISIONAL: &str = "pr";
/// A group's large change in the making.
pub(crate) const PENDING: &str = "p";
/// When a lease ends, or a credential, in milliseconds.
pub(crate) const ENDS: &str = "e";
/// Versions that were given up.
pub(crate) const ABORTED: &str = "ab";
/// The version that added a member.
pub(crate) const SINCE: &str = "s";
/// The version that removes a member.
pub(crate) const UNTIL: &str = "u";
/// A membership row whose reader has to look at the member's own item.
pub(crate) const FLAG: &str = "f";

/// Text.
pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number.
pub(crate) fn n(number: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// An instant, in milliseconds.
pub(crate) fn instant(at: Timestamp) -> AttributeValue {
    n(at.unix_millis())
}

/// A hash, as bytes: half the size of its hexadecimal text.
pub(crate) fn hash(hash: &SecretHash) -> AttributeValue {
    AttributeValue::B(Blob::new(hash.bytes().to_vec()))
}

/// A map.
pub(crate) fn map<const N: usize>(
    pairs: [(&str, Option<AttributeValue>); N],
) -> HashMap<String, AttributeValue> {
    pairs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// An item's key as attributes.
pub(crate) fn key_item(key: &Key) -> Item {
    map([(PK, Some(s(&key.pk))), (SK, Some(s(&key.sk)))])
}

/// An item with its key and these attributes; those without a value are left out.
pub(crate) fn item<const N: usize>(key: &Key, pairs: [(&str, Option<AttributeValue>); N]) -> Item {
    let mut item = map(pairs);
    item.extend(key_item(key));
    item
}

/// Reads an item back; every failure names the kind of item and the attribute.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    kind: &'static str,
    item: &'a HashMap<String, AttributeValue>,
}

impl<'a> Reader<'a> {
    /// A reader of an item of this kind.
    pub(crate) const fn new(kind: &'static str, item: &'a HashMap<String, AttributeValue>) -> Self {
        Self { kind, item }
    }

    /// The complaint about one attribute. It names no value: values are people's data.
    pub(crate) fn corrupt(&self, name: &str) -> StoreError {
        let key = self.item.get(SK).and_then(|sk| sk.as_s().ok());
        StoreError::Corrupt(format!(
            "{} {}: attribute `{name}` cannot be read",
            self.kind,
            key.map_or("", String::as_str)
        ))
    }

    fn get<T>(
        &self,
        name: &str,
        read: impl FnOnce(&'a AttributeValue) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        match self.item.get(name) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(|| self.corrupt(name)),
        }
    }

    /// Text that may be absent.
    pub(crate) fn text_opt(&self, name: &str) -> Result<Option<&'a str>, StoreError> {
        self.get(name, |value| value.as_s().ok().map(String::as_str))
    }

    /// Text.
    pub(crate) fn text(&self, name: &str) -> Result<&'a str, StoreError> {
        self.text_opt(name)?.ok_or_else(|| self.corrupt(name))
    }

    /// A number that may be absent.
    pub(crate) fn number_opt<T: FromStr>(&self, name: &str) -> Result<Option<T>, StoreError> {
        self.get(name, |value| value.as_n().ok()?.parse().ok())
    }

    /// A number.
    pub(crate) fn number<T: FromStr>(&self, name: &str) -> Result<T, StoreError> {
        self.number_opt(name)?.ok_or_else(|| self.corrupt(name))
    }

    /// An instant that may be absent.
    pub(crate) fn instant_opt(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.number_opt(name)?.map(Timestamp::from_unix_millis))
    }

    /// An instant.
    pub(crate) fn instant(&self, name: &str) -> Result<Timestamp, StoreError> {
        self.number(name).map(Timestamp::from_unix_millis)
    }

    /// A flag; absent is `false`.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, StoreError> {
        let flag = self.get(name, |value| value.as_bool().ok().copied())?;
        Ok(flag.unwrap_or(false))
    }

    /// Something that is made from text.
    pub(crate) fn parsed<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, StoreError> {
        parse(self.text(name)?).ok_or_else(|| self.corrupt(name))
    }

    /// Something that is made from text and may be absent.
    pub(crate) fn parsed_opt<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        match self.text_opt(name)? {
            None => Ok(None),
            Some(text) => parse(text).map(Some).ok_or_else(|| self.corrupt(name)),
        }
    }

    /// A hash.
    pub(crate) fn hash(&self, name: &str) -> Result<SecretHash, StoreError> {
        self.get(name, |value| {
            let bytes: [u8; 32] = value.as_b().ok()?.as_ref().try_into().ok()?;
            Some(SecretHash::from_bytes(bytes))
        })?
        .ok_or_else(|| self.corrupt(name))
    }

    /// A map inside of the item, if it is there.
    pub(crate) fn inner(&self, name: &str) -> Result<Option<Self>, StoreError> {
        let item = self.get(name, |value| value.as_m().ok())?;
        Ok(item.map(|item| Self::new(self.kind, item)))
    }

    /// A list; absent is empty.
    pub(crate) fn list(&self, name: &str) -> Result<&'a [AttributeValue], StoreError> {
        let list = self.get(name, |value| value.as_l().ok())?;
        Ok(list.map_or(&[], Vec::as_slice))
    }

    /// A list of maps; absent is empty.
    pub(crate) fn maps(&self, name: &str) -> Result<Vec<Self>, StoreError> {
        self.list(name)?
            .iter()
            .map(|value| {
                let item = value.as_m().map_err(|_| self.corrupt(name))?;
                Ok(Self::new(self.kind, item))
            })
            .collect()
    }

    /// A list of things that are made from text; absent is empty.
    pub(crate) fn texts<T>(
        &self,
        name: &str,
        parse: impl Fn(&'a str) -> Option<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.list(name)?
            .iter()
            .map(|value| {
                let text = value.as_s().ok().and_then(|text| parse(text));
                text.ok_or_else(|| self.corrupt(name))
            })
            .collect()
    }

    /// A JSON object in text.
    pub(crate) fn json(&self, name: &str) -> Result<Map<String, Value>, StoreError> {
        self.parsed(name, |text| serde_json::from_str(text).ok())
    }

    /// Something that was kept as JSON text.
    pub(crate) fn written<T: DeserializeOwned>(&self, name: &str) -> Result<T, StoreError> {
        self.parsed(name, |text| serde_json::from_str(text).ok())
    }

    /// Something that was kept as JSON text and may be absent.
    pub(crate) fn written_opt<T: DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<Option<T>, StoreError> {
        self.parsed_opt(name, |text| serde_json::from_str(text).ok())
    }

    /// Bytes.
    pub(crate) fn bytes(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        self.get(name, |value| Some(value.as_b().ok()?.as_ref().to_vec()))?
            .ok_or_else(|| self.corrupt(name))
    }

    /// Whether the end that is written in milliseconds (`e`) has come; an item without one lasts.
    pub(crate) fn is_over(&self, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.instant_opt(ENDS)?.is_some_and(|ends| ends <= now))
    }

    /// The SCIM attributes of a resource.
    pub(crate) fn resource(&self) -> Result<Resource, StoreError> {
        self.json(DOC).map(Resource::trusted)
    }

    /// Every name and value.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&'a String, &'a AttributeValue)> + use<'a> {
        self.item.iter()
    }

    /// Whether the item's own time has come: DynamoDB deletes late.
    pub(crate) fn has_ended(&self, now: Timestamp) -> Result<bool, StoreError> {
        let ttl: Option<u64> = self.number_opt(TTL)?;
        Ok(ttl.is_some_and(|ttl| ttl <= now.unix_secs()))
    }
}

/// The attributes of a resource as JSON text.
pub(crate) fn doc(resource: &Resource) -> AttributeValue {
    json(resource.attributes())
}

/// A JSON object as text. (Writing a map that came from JSON cannot fail: its keys are text.)
pub(crate) fn json(object: &Map<String, Value>) -> AttributeValue {
    s(serde_json::to_string(object).unwrap_or_else(|_| "{}".to_owned()))
}

/// A type of the core as JSON text. (Writing one cannot fail: they hold text, numbers and lists.)
pub(crate) fn written(value: &impl Serialize) -> AttributeValue {
    s(serde_json::to_string(value).unwrap_or_default())
}

/// Bytes.
pub(crate) fn bytes(bytes: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes.to_vec()))
}

/// A list; an empty one is left out.
pub(crate) fn list(values: Vec<AttributeValue>) -> Option<AttributeValue> {
    (!values.is_empty()).then_some(AttributeValue::L(values))
}

/// When DynamoDB may delete an item that ends then: not before its last millisecond is over.
pub(crate) fn ttl(ends: Timestamp) -> AttributeValue {
    n(ends.unix_secs().saturating_add(1))
}

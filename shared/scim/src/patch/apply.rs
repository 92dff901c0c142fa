//! A plan carried out on a resource (RFC 7644 §3.5.2). Works on a copy: an error changes nothing.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::plan::{Action, ElementChange, Part, Plan, Slot, Step};
use crate::filter::Predicate;
use crate::schema::{Attribute, Mutability};
use crate::{Error, NoticeKind, Notices, Resource, value};

impl Plan<'_> {
    /// The resource after the changes; equal to `current` when nothing changes. Members of a group are not
    /// in here: see [`Plan::members`].
    ///
    /// # Errors
    /// [`crate::ErrorKind::NoTarget`] when a value filter selects nothing and describes nothing that could be created;
    /// [`crate::ErrorKind::Mutability`] when an immutable value would change;
    /// [`crate::ErrorKind::InvalidValue`] when a required attribute would be left without a value;
    /// [`crate::ErrorKind::TooMany`] when an attribute would get too many values, or the resource too large.
    pub fn apply(&self, current: &Resource, notices: &mut Notices) -> Result<Resource, Error> {
        let mut attributes = current.attributes.clone();
        for step in &self.steps {
            step.apply(&mut attributes, notices)?;
        }
        let resource = Resource { attributes };
        if self.changes_attributes() {
            resource.check(self.rt)?;
        }
        Ok(resource)
    }
}

impl Slot {
    fn read<'v>(&self, attributes: &'v Map<String, Value>) -> Option<&'v Value> {
        match &self.extension {
            None => attributes.get(&self.name),
            Some(urn) => attributes.get(urn)?.get(&self.name),
        }
    }

    /// Puts a value in, or takes it out. An extension comes with its first attribute and goes with its last.
    fn write(&self, attributes: &mut Map<String, Value>, value: Option<Value>) {
        let Some(urn) = &self.extension else {
            match value {
                Some(value) => attributes.insert(self.name.clone(), value),
                None => attributes.shift_remove(&self.name),
            };
            return;
        };
        let mut extension = match attributes.get_mut(urn).map(Value::take) {
            Some(Value::Object(extension)) => extension,
            _ => Map::new(),
        };
        match value {
            Some(value) => extension.insert(self.name.clone(), value),
            None => extension.shift_remove(&self.name),
        };
        if extension.is_empty() {
            attributes.shift_remove(urn);
        } else {
            attributes.insert(urn.clone(), Value::Object(extension));
        }
    }
}

impl Step {
    fn apply(
        &self,
        attributes: &mut Map<String, Value>,
        notices: &mut Notices,
    ) -> Result<(), Error> {
        let before = self.slot.read(attributes).cloned();
        let after = match &self.action {
            Action::Set(value) => value.clone(),
            Action::Merge(parts) => self.merge(before.clone(), parts)?,
            Action::AddElements(added) => {
                Some(self.add(elements(before.clone()), added, notices)?)
            }
            Action::RemoveElements(removed) => self.remove(elements(before.clone()), removed),
            Action::Elements { select, create, change } => {
                let list = elements(before.clone());
                self.selected(list, select.as_ref(), create.as_ref(), change, notices)?
            }
        };
        let fixed =
            self.attribute.mutability == Mutability::Immutable || self.attribute.create_only;
        // A default was set by nobody, so a create-only attribute at its default can still be added once.
        let is_default = self.attribute.create_only && before == self.attribute.default;
        if fixed && before.is_some() && before != after && !is_default {
            return Err(self.immutable(&self.label));
        }
        self.slot.write(attributes, after);
        Ok(())
    }

    fn immutable(&self, label: &str) -> Error {
        Error::mutability(format!("`{label}` cannot be changed once it has a value; leave it out"))
    }

    fn merge(&self, before: Option<Value>, parts: &[Part]) -> Result<Option<Value>, Error> {
        let mut object = match before {
            Some(Value::Object(object)) => object,
            _ => Map::new(),
        };
        self.put_parts(&mut object, parts)?;
        let lost_its_value = clears(parts) && is_valueless(&self.attribute, &object);
        Ok((!object.is_empty() && !lost_its_value).then_some(Value::Object(object)))
    }

    fn put_parts(&self, object: &mut Map<String, Value>, parts: &[Part]) -> Result<(), Error> {
        for (sub, value) in parts {
            let name = sub.name.as_ref();
            let old = object.get(name);
            if sub.mutability == Mutability::Immutable && old.is_some() && old != value.as_ref() {
                return Err(self.immutable(&format!("{}.{name}", self.attribute.name)));
            }
            // A reference to what was named before would contradict the new value.
            let stale = name == "value"
                && old != value.as_ref()
                && !parts.iter().any(|(other, _)| other.name == "$ref");
            match value {
                Some(value) => object.insert(name.to_owned(), value.clone()),
                None => object.shift_remove(name),
            };
            if stale {
                object.shift_remove("$ref");
            }
        }
        Ok(())
    }

    /// RFC 7644 §3.5.2.1: a value that is there already is not added again. The same `value` and `type` is the
    /// same element (RFC 7643 §2.4), which gets what else the new one says.
    fn add(
        &self,
        mut list: Vec<Value>,
        added: &[Value],
        notices: &mut Notices,
    ) -> Result<Value, Error> {
        let keys = list.iter().enumerate();
        let mut by_key: HashMap<String, usize> =
            keys.map(|(at, element)| (value::identity(&self.attribute, element), at)).collect();
        let mut touched = Vec::with_capacity(added.len());
        for element in added {
            let key = value::identity(&self.attribute, element);
            match by_key.get(&key).and_then(|at| Some((*at, list.get_mut(*at)?))) {
                Some((at, Value::Object(known))) => {
                    if let Value::Object(new) = element {
                        known.extend(new.clone());
                    }
                    touched.push(at);
                }
                Some(_) => {}
                None => {
                    by_key.insert(key, list.len());
                    touched.push(list.len());
                    list.push(element.clone());
                }
            }
        }
        self.settled(list, &touched, notices).map(Value::Array)
    }

    /// At most one primary, and it is one of those that the request touched, if any of them is.
    fn settled(
        &self,
        mut list: Vec<Value>,
        touched: &[usize],
        notices: &mut Notices,
    ) -> Result<Vec<Value>, Error> {
        let claims = |at: usize| list.get(at).is_some_and(is_primary);
        if let Some(winner) = touched.iter().rev().copied().find(|at| claims(*at)) {
            for (at, element) in list.iter_mut().enumerate() {
                if at != winner && is_primary(element) {
                    if let Value::Object(object) = element {
                        object.insert("primary".to_owned(), Value::Bool(false));
                    }
                    if touched.contains(&at) {
                        notices.push(NoticeKind::Primary, self.label.clone());
                    }
                }
            }
        }
        value::settle(&self.attribute, list, &self.label, notices)
    }

    /// An element goes when it has everything that one of `removed` names. Where that one has a `value`, this
    /// alone decides together with `type`: names and references beside it are often stale.
    fn remove(&self, mut list: Vec<Value>, removed: &[Value]) -> Option<Value> {
        list.retain(|element| !removed.iter().any(|like| self.is_like(element, like)));
        (!list.is_empty()).then_some(Value::Array(list))
    }

    fn is_like(&self, element: &Value, like: &Value) -> bool {
        let (Value::Object(element), Value::Object(like)) = (element, like) else {
            return value::identity(&self.attribute, element)
                == value::identity(&self.attribute, like);
        };
        let by_value = like.contains_key("value");
        !like.is_empty()
            && like
                .iter()
                .filter(|(name, _)| !by_value || matches!(name.as_str(), "value" | "type"))
                .all(|(name, wanted)| {
                    let exact =
                        self.attribute.sub_attribute(name).is_some_and(|sub| sub.case_exact);
                    element.get(name).is_some_and(|part| is_same(part, wanted, exact))
                })
    }

    fn selected(
        &self,
        mut list: Vec<Value>,
        select: Option<&Predicate>,
        create: Option<&Map<String, Value>>,
        change: &ElementChange,
        notices: &mut Notices,
    ) -> Result<Option<Value>, Error> {
        let is_selected =
            |element: &Value| select.is_none_or(|select| select.matches_element(element));
        let mut touched: Vec<usize> =
            (0..list.len()).filter(|at| list.get(*at).is_some_and(is_selected)).collect();
        match change {
            ElementChange::Remove => list.retain(|element| !is_selected(element)),
            ElementChange::Whole(_) if touched.is_empty() => return Err(self.no_target()),
            ElementChange::Whole(value) => {
                for element in list.iter_mut().filter(|element| is_selected(element)) {
                    element.clone_from(value);
                }
            }
            ElementChange::Parts(parts) if touched.is_empty() => {
                let only_clears = parts.iter().all(|(_, value)| value.is_none());
                if !only_clears {
                    let element = self.created(create, parts, notices)?;
                    // `emails[type eq "work"].type` = "home" would make one more element at each repeat.
                    if !is_selected(&element) {
                        return Err(self.no_target());
                    }
                    touched.push(list.len());
                    list.push(element);
                }
            }
            ElementChange::Parts(parts) => {
                if select.is_none() && touched.len() > 1 && names_one(parts) {
                    return Err(Error::no_target(format!(
                        "`{}` could mean {} values; select one with brackets, such as \
                         `{}[type eq \"work\"]`",
                        self.label,
                        touched.len(),
                        self.attribute.name
                    )));
                }
                for at in &touched {
                    if let Some(Value::Object(element)) = list.get_mut(*at) {
                        self.put_parts(element, parts)?;
                    }
                }
            }
        }
        if matches!(change, ElementChange::Parts(parts) if clears(parts)) {
            (list, touched) = self.without_valueless(list, &touched);
        }
        let list = self.settled(list, &touched, notices)?;
        Ok((!list.is_empty()).then_some(Value::Array(list)))
    }

    /// Drops those of the touched elements in which nothing is left, and says where the others are now.
    fn without_valueless(&self, list: Vec<Value>, touched: &[usize]) -> (Vec<Value>, Vec<usize>) {
        let mut kept = Vec::with_capacity(list.len());
        let mut kept_touched = Vec::with_capacity(touched.len());
        for (at, element) in list.into_iter().enumerate() {
            if touched.contains(&at) {
                let valueless = |object| is_valueless(&self.attribute, object);
                if element.as_object().is_some_and(valueless) {
                    continue;
                }
                kept_touched.push(kept.len());
            }
            kept.push(element);
        }
        (kept, kept_touched)
    }

    /// The element that the value filter describes, with the parts that the request brings.
    fn created(
        &self,
        create: Option<&Map<String, Value>>,
        parts: &[Part],
        notices: &mut Notices,
    ) -> Result<Value, Error> {
        let mut element = create.ok_or_else(|| self.no_target())?.clone();
        for (sub, value) in parts {
            match value {
                Some(value) => element.insert(sub.name.to_string(), value.clone()),
                None => element.shift_remove(sub.name.as_ref()),
            };
        }
        notices.push(NoticeKind::CreatedElement, self.label.clone());
        Ok(Value::Object(element))
    }

    fn no_target(&self) -> Error {
        Error::no_target(format!(
            "`{}` selects nothing: no value fulfils the filter, and it does not describe one that could be created",
            self.label
        ))
    }
}

fn elements(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(list)) => list,
        Some(single) => vec![single],
        None => Vec::new(),
    }
}

fn is_primary(element: &Value) -> bool {
    element.get("primary") == Some(&Value::Bool(true))
}

fn clears(parts: &[Part]) -> bool {
    parts.iter().any(|(_, value)| value.is_none())
}

/// Whether the parts are such that only one element can have them.
fn names_one(parts: &[Part]) -> bool {
    parts.iter().any(|(sub, value)| {
        value.is_some() && (sub.name == "value" || *value == Some(Value::Bool(true)))
    })
}

/// Whether nothing but labels is left of an element that lost a part. Entra removes an e-mail with
/// `remove emails[type eq "work"].value`; what stays would be an e-mail without an address.
fn is_valueless(attribute: &Attribute, object: &Map<String, Value>) -> bool {
    if attribute.sub_attribute("value").is_some() {
        return !object.contains_key("value");
    }
    object.keys().all(|name| matches!(name.as_str(), "type" | "primary" | "display"))
}

fn is_same(left: &Value, right: &Value, exact: bool) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) if !exact => {
            value::normalized_key(left) == value::normalized_key(right)
        }
        _ => left == right,
    }
}

//! What provisioning clients send that RFC 7644 §3.5.2 does not have, brought into the form that it has. The
//! rest of PATCH is strict; each function here says which client needs it. (Tolerances for the *values* of
//! attributes, such as `"False"` for a boolean, are in [`crate::value`].)

use serde_json::{Map, Value};

use super::message::Op;
use crate::filter::{Filter, Literal, Operator};
use crate::schema::{Attribute, AttributeType, Mutability};
use crate::{NoticeKind, Notices, value};

/// Takes the member `name` out of a JSON object, in any case: `operations` and `Op` were seen from
/// hand-edited templates (OneLogin).
pub(super) fn take(object: &mut Map<String, Value>, name: &str) -> Option<Value> {
    if let Some(value) = object.shift_remove(name) {
        return Some(value);
    }
    let key = object.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
    object.shift_remove(&key)
}

/// `op` in any case: Entra without its `aadOptscim062020` flag sends `Add`, `Replace`, `Remove`.
pub(super) fn op(word: &str) -> Option<Op> {
    let is = |known: &str| word.trim().eq_ignore_ascii_case(known);
    if is("add") {
        Some(Op::Add)
    } else if is("remove") {
        Some(Op::Remove)
    } else if is("replace") {
        Some(Op::Replace)
    } else {
        None
    }
}

/// An empty `path` is none: generic connectors (SailPoint) fill the member in always.
pub(super) fn path_text(text: &str) -> Option<&str> {
    let text = text.trim();
    (!text.is_empty()).then_some(text)
}

/// Whether this means "no value" for a path or a sub-attribute: `null`, `[]`, `{}`.
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().all(Value::is_null),
        Value::Object(object) => object.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// One value for an attribute that is simple and single: Entra's older form wraps it as
/// `[{"$ref":null,"value":"x"}]`.
pub(super) fn unwrapped(
    attribute: &Attribute,
    value: Value,
    label: &str,
    notices: &mut Notices,
) -> Value {
    if attribute.multi_valued || attribute.kind == AttributeType::Complex {
        return value;
    }
    let mut object = match value {
        Value::Array(mut list) if list.len() == 1 => match list.pop() {
            Some(Value::Object(object)) => object,
            other => return Value::Array(other.into_iter().collect()),
        },
        Value::Object(object) => object,
        other => return other,
    };
    match take(&mut object, "value") {
        Some(inner) => {
            notices.push(NoticeKind::ManyForSingle, label.to_owned());
            inner
        }
        None => Value::Object(object),
    }
}

/// One object for one element: a list of one is taken for it (Entra's `manager`, and elements alike).
pub(super) fn one_of(value: Value, label: &str, notices: &mut Notices) -> Value {
    match value {
        Value::Array(mut list) if list.len() == 1 => {
            notices.push(NoticeKind::ManyForSingle, label.to_owned());
            list.pop().unwrap_or_default()
        }
        other => other,
    }
}

/// The element that a value filter describes, for a path whose filter matches none:
/// `emails[type eq "work"].value` makes `{"type":"work", …}`. RFC 7644 §3.5.2.3 says `noTarget`; Entra sends
/// it for the first e-mail of a user and counts the error towards quarantine.
///
/// Only `eq` terms joined by `and` describe an element. None for anything else, for terms that contradict each
/// other, and for sub-attributes that a client may not write.
pub(super) fn described_element(
    filter: &Filter,
    attribute: &Attribute,
) -> Option<Map<String, Value>> {
    if attribute.kind != AttributeType::Complex {
        return None;
    }
    let terms = match filter {
        Filter::And(terms) => terms.as_slice(),
        term => std::slice::from_ref(term),
    };
    let mut element = Map::new();
    for term in terms {
        let Filter::Compare { path, operator: Operator::Equal, literal } = term else {
            return None;
        };
        let sub = attribute.sub_attribute(path.as_str())?;
        if sub.mutability == Mutability::ReadOnly {
            return None;
        }
        let sent = match literal {
            // An empty `value` is none: there would be nothing in the element.
            Literal::Text(text) if sub.name == "value" && text.is_empty() => return None,
            Literal::Text(text) => Value::from(text.as_str()),
            Literal::Number(number) => Value::Number(number.clone()),
            Literal::Boolean(flag) => Value::Bool(*flag),
            Literal::Null => return None,
        };
        let kept = value::canonical(sub, sent, &sub.name, &mut Notices::default()).ok()??;
        match element.get(sub.name.as_ref()) {
            Some(other) if *other != kept => return None,
            _ => element.insert(sub.name.to_string(), kept),
        };
    }
    Some(element)
}

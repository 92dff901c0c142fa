//! What an answer must be, as data: a part of it, with matchers where a value cannot be known.
//!
//! | in the expectation | demands |
//! |---|---|
//! | an object | at least these members |
//! | a list | this length and these elements in this order |
//! | `{"$contains": […]}` | each of these among the elements |
//! | `{"$unordered": […]}` | these elements in any order, and no others |
//! | `"$any"`, `"$text"`, `"$integer"` | anything, a text that is not empty, a whole number |
//! | `"$absent"`, `"$absent-or-empty"` | nothing there; nothing or an empty list |
//! | `"$false-or-absent"` | nothing there, or `false` |
//! | `"$absent-or-empty-of:x"` | nothing there, or an object without `x` |
//! | `"$contains:x"`, `"$starts:x"` | a text with `x` in it, a text that begins with `x` |
//! | `"$capture:x"` | anything; known as `${x}` from then on, and the same whenever it is demanded again |

use std::collections::BTreeMap;

use serde_json::Value;

/// Values that earlier steps captured.
pub type Captures = BTreeMap<String, String>;

/// Puts captured values into `${name}`.
///
/// # Panics
/// When a name was never captured.
#[must_use]
pub fn filled(text: &str, captures: &Captures) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').expect("`${` has its `}`");
        let value = captures.get(name).unwrap_or_else(|| panic!("`{name}` was never captured"));
        done.push_str(before);
        done.push_str(value);
        rest = after;
    }
    done + rest
}

/// The same in every text of a value, member names included.
#[must_use]
pub fn filled_value(value: &Value, captures: &Captures) -> Value {
    match value {
        Value::String(text) => Value::String(filled(text, captures)),
        Value::Array(list) => list.iter().map(|item| filled_value(item, captures)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (filled(name, captures), filled_value(value, captures)))
            .collect(),
        other => other.clone(),
    }
}

/// Whether `found` is what `wanted` demands.
///
/// # Errors
/// Where it is not, in words.
pub fn check(
    wanted: &Value,
    found: Option<&Value>,
    at: &str,
    captures: &mut Captures,
) -> Result<(), String> {
    let wrong = |what: &str| {
        let found =
            found.map_or_else(|| "nothing".to_owned(), |found| shortened(&found.to_string()));
        Err(format!("{at}: wanted {what}, found {found}"))
    };
    match wanted {
        Value::String(text) if text.starts_with('$') && !text.starts_with("${") => {
            matcher(text, found, captures).or_else(|()| wrong(text))
        }
        Value::String(text) => {
            let text = filled(text, captures);
            if found.and_then(Value::as_str) == Some(&text) {
                Ok(())
            } else {
                wrong(&format!("`{text}`"))
            }
        }
        Value::Object(members) => {
            if let Some(Value::Array(elements)) = members.get("$contains") {
                return among(elements, found, at, captures, false);
            }
            if let Some(Value::Array(elements)) = members.get("$unordered") {
                return among(elements, found, at, captures, true);
            }
            let Some(Value::Object(object)) = found else { return wrong("an object") };
            for (name, wanted) in members {
                let name = filled(name, captures);
                check(wanted, object.get(&name), &format!("{at}.{name}"), captures)?;
            }
            Ok(())
        }
        Value::Array(elements) => {
            if elements.is_empty() && found.is_none() && at.ends_with(".Resources") {
                return Ok(()); // RFC 7644 §3.4.2: absent when there is nothing.
            }
            let Some(Value::Array(list)) = found else { return wrong("a list") };
            if list.len() != elements.len() {
                return wrong(&format!("{} elements", elements.len()));
            }
            for (index, (wanted, found)) in elements.iter().zip(list).enumerate() {
                check(wanted, Some(found), &format!("{at}[{index}]"), captures)?;
            }
            Ok(())
        }
        exact => {
            if found == Some(exact) {
                Ok(())
            } else {
                wrong(&exact.to_string())
            }
        }
    }
}

fn among(
    elements: &[Value],
    found: Option<&Value>,
    at: &str,
    captures: &mut Captures,
    all: bool,
) -> Result<(), String> {
    let Some(Value::Array(list)) = found else {
        return Err(format!("{at}: wanted a list, found {found:?}"));
    };
    if all && list.len() != elements.len() {
        let found = shortened(&Value::Array(list.clone()).to_string());
        return Err(format!("{at}: wanted {} elements, found {found}", elements.len()));
    }
    let mut free: Vec<&Value> = list.iter().collect();
    for wanted in elements {
        let mut tries =
            free.iter().map(|found| check(wanted, Some(found), at, &mut captures.clone()));
        let Some(place) = tries.position(|tried| tried.is_ok()) else {
            let found = shortened(&Value::Array(list.clone()).to_string());
            return Err(format!("{at}: wanted an element {wanted}, found {found}"));
        };
        check(wanted, Some(free.swap_remove(place)), at, captures)?;
    }
    Ok(())
}

fn matcher(text: &str, found: Option<&Value>, captures: &mut Captures) -> Result<(), ()> {
    let holds = match text.split_once(':') {
        None => match text {
            "$any" => found.is_some_and(|found| !found.is_null()),
            "$text" => found.and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty()),
            "$integer" => found.is_some_and(|found| found.is_u64() || found.is_i64()),
            "$absent" => found.is_none(),
            "$absent-or-empty" => {
                found.is_none_or(|found| found.as_array().is_some_and(Vec::is_empty))
            }
            "$false-or-absent" => found.is_none_or(|found| *found == Value::Bool(false)),
            other => panic!("there is no matcher `{other}`"),
        },
        Some(("$capture", name)) => {
            let Some(value) = found.and_then(Value::as_str) else { return Err(()) };
            captures.entry(name.to_owned()).or_insert_with(|| value.to_owned()) == value
        }
        Some(("$contains", part)) => {
            let part = filled(part, captures);
            found.and_then(Value::as_str).is_some_and(|found| found.contains(&part))
        }
        Some(("$starts", part)) => {
            found.and_then(Value::as_str).is_some_and(|found| found.starts_with(part))
        }
        Some(("$absent-or-empty-of", name)) => {
            found.is_none_or(|found| found.is_object() && found.get(name).is_none())
        }
        Some(_) => panic!("there is no matcher `{text}`"),
    };
    if holds { Ok(()) } else { Err(()) }
}

/// Enough of a text for a message.
#[must_use]
pub fn shortened(text: &str) -> String {
    if text.chars().count() <= 600 {
        return text.to_owned();
    }
    let start: String = text.chars().take(600).collect();
    format!("{start}… ({} bytes)", text.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(wanted: &Value, found: &Value) -> bool {
        check(wanted, Some(found), "$", &mut Captures::new()).is_ok()
    }

    #[test]
    fn an_object_demands_its_members_and_no_others() {
        assert!(holds(&json!({"a": 1}), &json!({"a": 1, "b": 2})));
        assert!(!holds(&json!({"a": 1}), &json!({"a": 2})));
        assert!(!holds(&json!({"a": 1}), &json!({"b": 1})));
        assert!(holds(&json!({"a": "$absent"}), &json!({"b": 1})));
        assert!(!holds(&json!({"a": "$absent"}), &json!({"a": null})));
    }

    #[test]
    fn lists_are_exact_unless_they_say_otherwise() {
        assert!(!holds(&json!([1, 2]), &json!([2, 1])));
        assert!(!holds(&json!([1]), &json!([1, 2])));
        assert!(holds(&json!({"$unordered": [1, 2]}), &json!([2, 1])));
        assert!(!holds(&json!({"$unordered": [1, 1]}), &json!([2, 1])));
        assert!(!holds(&json!({"$unordered": [1]}), &json!([2, 1])));
        assert!(holds(&json!({"$contains": [1]}), &json!([2, 1])));
        assert!(!holds(&json!({"$contains": [3]}), &json!([2, 1])));
    }

    #[test]
    fn a_capture_is_the_same_whenever_it_is_demanded_again() {
        let mut captures = Captures::new();
        let wanted = json!({"id": "$capture:x"});
        assert!(check(&wanted, Some(&json!({"id": "1"})), "$", &mut captures).is_ok());
        assert!(check(&wanted, Some(&json!({"id": "2"})), "$", &mut captures).is_err());
        assert_eq!(filled("/Users/${x}?a=${x}", &captures), "/Users/1?a=1");
    }
}

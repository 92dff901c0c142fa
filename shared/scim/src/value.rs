//! One attribute's value on its way in: checked against the schema, brought into canonical form.
//!
//! The tolerances for what identity providers really send live here and nowhere else, and each leaves a
//! [`crate::Notice`]. Knows one attribute at a time; a whole body is [`crate::resource`]'s business
//! (RFC 7643 §2.3, §2.4, §2.5).

use std::collections::HashMap;

use serde_json::{Map, Number, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    Error, NoticeKind, Notices,
    schema::{Attribute, AttributeType, Mutability},
};

/// The most values of one multi-valued attribute. Members of a group have a limit of their own.
pub const VALUES_PER_ATTRIBUTE_MAX: usize = 1_000;
/// The longest text of one value, in bytes of UTF-8.
pub const STRING_BYTES_MAX: usize = 65_536;

/// Checks `value` against `attribute` (the whole of it: a list when it is multi-valued, its sub-attributes
/// when it is complex) and brings it into canonical form. `path` is how messages call it.
///
/// `Ok(None)` means "no value" (RFC 7643 §2.5):
///
/// - `null`, an empty list, an object in which nothing is left;
/// - `""` for everything but a single string or boolean. A string keeps `""`: it is a value, and an
///   administrator who reads it back wants to see what was sent. Where `""` will not do (a required
///   attribute), [`crate::resource`] says so. A boolean refuses it: nobody knows which one was meant;
/// - a complex value whose `value` came as `null` or `""`, whatever else it holds (Entra's validator clears
///   a manager with `{"value":""}`).
///
/// Names of sub-attributes are accepted in any case and come out as the schema spells them, in its order.
/// The same name twice (in different cases) is refused: which one counts is not ours to guess.
///
/// # Errors
/// [`crate::ErrorKind::InvalidValue`] when the value has the wrong type and no tolerance reaches it,
/// [`crate::ErrorKind::InvalidSyntax`] for the same sub-attribute twice, [`crate::ErrorKind::TooMany`] for
/// more than [`VALUES_PER_ATTRIBUTE_MAX`] values.
pub fn canonical(
    attribute: &Attribute,
    value: Value,
    path: &str,
    notices: &mut Notices,
) -> Result<Option<Value>, Error> {
    if attribute.multi_valued {
        return many(attribute, value, path, notices);
    }
    match value {
        Value::Array(mut list) => {
            list.retain(|value| !value.is_null());
            if list.len() > 1 {
                return Err(Error::invalid_value(format!(
                    "`{path}` must be a single value, not a list of {}",
                    list.len()
                )));
            }
            let Some(only) = list.pop() else {
                return Ok(None);
            };
            notices.push(NoticeKind::ManyForSingle, path.to_owned());
            element(attribute, only, path, notices)
        }
        single => element(attribute, single, path, notices),
    }
}

/// Like [`canonical`], for *one* value of the attribute, whether it is multi-valued or not.
///
/// # Errors
/// As [`canonical`].
pub fn element(
    attribute: &Attribute,
    value: Value,
    path: &str,
    notices: &mut Notices,
) -> Result<Option<Value>, Error> {
    if value.is_null() {
        return Ok(None);
    }
    if value.as_str() == Some("")
        && (attribute.multi_valued
            || !matches!(attribute.kind, AttributeType::String | AttributeType::Boolean))
    {
        return Ok(None);
    }
    match attribute.kind {
        AttributeType::Boolean => boolean(value, path, notices),
        AttributeType::Integer => integer(value, path, notices),
        AttributeType::Decimal => decimal(value, path, notices),
        AttributeType::Complex => return complex(attribute, value, path, notices),
        AttributeType::String | AttributeType::Reference => text(value, path, notices),
        AttributeType::DateTime => date_time(value, path),
        AttributeType::Binary => binary(value, path),
    }
    .map(Some)
}

/// Puts a list of canonical elements in order: the same value twice (same `value` and `type`; without a
/// `value`, the same in everything) is kept once, the later one in the place of the earlier, and at most one
/// is primary, the last that says so (RFC 7643 §2.4). PATCH calls it after it has changed a list.
///
/// # Errors
/// [`crate::ErrorKind::TooMany`] for more than [`VALUES_PER_ATTRIBUTE_MAX`] values.
pub fn settle(
    attribute: &Attribute,
    list: Vec<Value>,
    path: &str,
    notices: &mut Notices,
) -> Result<Vec<Value>, Error> {
    values_checked(list.len(), path)?;
    let mut settled: Vec<Value> = Vec::with_capacity(list.len());
    let mut seen: HashMap<String, usize> = HashMap::with_capacity(list.len());
    for value in list {
        let key = identity(attribute, &value);
        if let Some(earlier) = seen.get(&key).and_then(|at| settled.get_mut(*at)) {
            *earlier = value;
        } else {
            seen.insert(key, settled.len());
            settled.push(value);
        }
    }
    let mut primary_found = false;
    for value in settled.iter_mut().rev() {
        let Some(primary) =
            value.get_mut("primary").filter(|primary| **primary == Value::Bool(true))
        else {
            continue;
        };
        if primary_found {
            *primary = Value::Bool(false);
            notices.push(NoticeKind::Primary, path.to_owned());
        }
        primary_found = true;
    }
    Ok(settled)
}

/// What two texts have in common that differ in case only: every comparison that disregards case
/// (`caseExact: false`, unique claims) compares these.
///
/// Unicode lower case, character by character, with the final sigma as any other sigma. Nothing else is
/// folded: a precomposed and a decomposed letter stay different, and so do `ß` and `ss`.
#[must_use]
pub fn normalized_key(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(char::to_lowercase).map(|c| if c == 'ς' { 'σ' } else { c }).collect()
}

/// The moment that an xsd:dateTime names; one without an offset counts as UTC (RFC 7643 §2.3.5).
#[must_use]
pub fn moment(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339))
        .ok()
        // RFC 3339 lets a space stand for the `T`; xsd:dateTime does not.
        .filter(|_| text.as_bytes().get(10) == Some(&b'T'))
}

/// The JSON type that a value has, in words for people.
pub(crate) const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn values_checked(count: usize, path: &str) -> Result<(), Error> {
    if count > VALUES_PER_ATTRIBUTE_MAX {
        return Err(Error::too_many(format!(
            "`{path}` has {count} values; at most {VALUES_PER_ATTRIBUTE_MAX} are accepted"
        )));
    }
    Ok(())
}

/// What makes two elements of a list the same one.
pub(crate) fn identity(attribute: &Attribute, value: &Value) -> String {
    let part = |case_exact: bool, part: &Value| match part {
        Value::String(text) if !case_exact => normalized_key(text),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match value {
        Value::Object(object) => match (attribute.sub_attribute("value"), object.get("value")) {
            (Some(sub), Some(value)) => {
                let kind = object.get("type").map(|kind| part(false, kind)).unwrap_or_default();
                // U+0000 is refused in every text, so it cannot shift the border.
                format!("{}\0{kind}", part(sub.case_exact, value))
            }
            _ => value.to_string(),
        },
        simple => part(attribute.case_exact, simple),
    }
}

fn many(
    attribute: &Attribute,
    value: Value,
    path: &str,
    notices: &mut Notices,
) -> Result<Option<Value>, Error> {
    let list = match value {
        Value::Null => return Ok(None),
        Value::Array(list) => list,
        single => {
            // OneLogin's template sends `emails` as one object.
            if single.as_str() != Some("") {
                notices.push(NoticeKind::SingleForMany, path.to_owned());
            }
            vec![single]
        }
    };
    values_checked(list.len(), path)?;
    let mut elements = Vec::with_capacity(list.len());
    for value in list {
        if let Some(value) = element(attribute, value, path, notices)? {
            elements.push(value);
        }
    }
    let elements = settle(attribute, elements, path, notices)?;
    Ok((!elements.is_empty()).then_some(Value::Array(elements)))
}

fn complex(
    attribute: &Attribute,
    value: Value,
    path: &str,
    notices: &mut Notices,
) -> Result<Option<Value>, Error> {
    let object = match value {
        Value::Object(object) => object,
        // Entra sends `manager` as the bare id; templates send `emails` as a list of addresses.
        simple @ (Value::String(_) | Value::Number(_))
            if attribute.sub_attribute("value").is_some() =>
        {
            notices.push(NoticeKind::TextForComplex, path.to_owned());
            Map::from_iter([("value".to_owned(), simple)])
        }
        other => {
            return Err(Error::invalid_value(format!(
                "`{path}` must be an object with sub-attributes, not {}",
                type_name(&other)
            )));
        }
    };
    let mut given: Vec<Option<Value>> = attribute.sub_attributes.iter().map(|_| None).collect();
    for (name, value) in object {
        let position =
            attribute.sub_attributes.iter().position(|sub| sub.name.eq_ignore_ascii_case(&name));
        let Some(slot) = position.and_then(|at| given.get_mut(at)) else {
            notices.push(NoticeKind::UnknownAttribute, format!("{path}.{name}"));
            continue;
        };
        if slot.replace(value).is_some() {
            return Err(twice(&format!("{path}.{name}")));
        }
    }
    let mut kept = Map::with_capacity(given.len());
    // Depth: sub-attributes are never complex (RFC 7643 §2.3.8; `declared` refuses them), so this goes down once.
    for (sub, value) in attribute.sub_attributes.iter().zip(given) {
        let Some(value) = value else { continue };
        let sub_path = format!("{path}.{}", sub.name);
        if sub.mutability == Mutability::ReadOnly {
            notices.push(NoticeKind::ReadOnly, sub_path);
            continue;
        }
        let empty = value.is_null() || value.as_str() == Some("");
        if empty && sub.name == "value" {
            return Ok(None);
        }
        if let Some(value) = canonical(sub, value, &sub_path, notices)? {
            kept.insert(sub.name.clone().into_owned(), value);
        }
    }
    Ok((!kept.is_empty()).then_some(Value::Object(kept)))
}

/// The refusal of a name that came twice.
pub(crate) fn twice(path: &str) -> Error {
    let path: String = path.chars().take(crate::notice::NOTICE_SUBJECT_CHARS_MAX).collect();
    Error::invalid_syntax(format!("`{path}` is given twice; send it once"))
}

fn boolean(value: Value, path: &str, notices: &mut Notices) -> Result<Value, Error> {
    match value {
        Value::Bool(_) => Ok(value),
        Value::String(text) if text.eq_ignore_ascii_case("true") => {
            notices.push(NoticeKind::BooleanText, path.to_owned());
            Ok(Value::Bool(true))
        }
        Value::String(text) if text.eq_ignore_ascii_case("false") => {
            notices.push(NoticeKind::BooleanText, path.to_owned());
            Ok(Value::Bool(false))
        }
        _ => Err(Error::invalid_value(format!("`{path}` must be true or false"))),
    }
}

fn integer(value: Value, path: &str, notices: &mut Notices) -> Result<Value, Error> {
    let wrong = || Error::invalid_value(format!("`{path}` must be a whole number"));
    match value {
        Value::Number(number) if number.is_i64() => Ok(Value::Number(number)),
        Value::Number(number) => {
            let whole = number.as_f64().and_then(exact_integer).ok_or_else(wrong)?;
            notices.push(NoticeKind::NumberText, path.to_owned());
            Ok(whole.into())
        }
        Value::String(text) => {
            let whole: i64 = text.parse().map_err(|_| wrong())?;
            notices.push(NoticeKind::NumberText, path.to_owned());
            Ok(whole.into())
        }
        _ => Err(wrong()),
    }
}

/// `5.0` as 5, where the float names that number exactly.
fn exact_integer(float: f64) -> Option<i64> {
    // Printed rather than cast: a cast would saturate in silence. Above 2^53 a float no longer says which
    // whole number was meant.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    (float.fract() == 0.0 && float.abs() <= EXACT_MAX)
        .then(|| format!("{float:.0}").parse().ok())
        .flatten()
}

fn decimal(value: Value, path: &str, notices: &mut Notices) -> Result<Value, Error> {
    let wrong = || Error::invalid_value(format!("`{path}` must be a number"));
    match value {
        Value::Number(_) => Ok(value),
        Value::String(text) => {
            // `Number` rather than `f64`: JSON's grammar, so neither `inf` nor `NaN` nor `+1`.
            let number: Number = serde_json::from_str(&text).map_err(|_| wrong())?;
            notices.push(NoticeKind::NumberText, path.to_owned());
            Ok(Value::Number(number))
        }
        _ => Err(wrong()),
    }
}

fn text(value: Value, path: &str, notices: &mut Notices) -> Result<Value, Error> {
    let text = match value {
        Value::String(text) => text,
        // Mappings of numbers (employeeNumber) reach us as JSON numbers.
        Value::Number(number) => {
            notices.push(NoticeKind::NumberText, path.to_owned());
            number.to_string()
        }
        Value::Bool(boolean) => {
            notices.push(NoticeKind::NumberText, path.to_owned());
            boolean.to_string()
        }
        other => {
            return Err(Error::invalid_value(format!(
                "`{path}` must be text, not {}",
                type_name(&other)
            )));
        }
    };
    text_checked(&text, path)?;
    Ok(Value::String(text))
}

/// The two things that no text may hold: too much, and U+0000 (which stores and logs cut at).
pub(crate) fn text_checked(text: &str, path: &str) -> Result<(), Error> {
    if text.len() > STRING_BYTES_MAX {
        return Err(Error::invalid_value(format!(
            "`{path}` is {} bytes long; at most {STRING_BYTES_MAX} are accepted",
            text.len()
        )));
    }
    if text.contains('\0') {
        return Err(Error::invalid_value(format!(
            "`{path}` must not contain the character U+0000"
        )));
    }
    Ok(())
}

fn date_time(value: Value, path: &str) -> Result<Value, Error> {
    match value {
        Value::String(text) if moment(&text).is_some() => Ok(Value::String(text)),
        _ => Err(Error::invalid_value(format!(
            "`{path}` must be a date and time like 2026-01-31T09:30:00Z"
        ))),
    }
}

/// base64 as RFC 7643 §2.3.6 has it: padding may be missing. Line breaks are taken out (PEM bodies, Python's
/// `encodebytes`), so that the stored form is the RFC's.
fn binary(value: Value, path: &str) -> Result<Value, Error> {
    let wrong = || Error::invalid_value(format!("`{path}` must be base64 text"));
    let Value::String(mut text) = value else {
        return Err(wrong());
    };
    text_checked(&text, path)?;
    text.retain(|c| !c.is_ascii_whitespace());
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let alphabet =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let fits = digits.bytes().all(alphabet)
        && digits.len() % 4 != 1
        && (padding == 0 || (padding <= 2 && text.len().is_multiple_of(4)));
    if fits { Ok(Value::String(text)) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, schema::user};
    use proptest::prelude::*;
    use serde_json::json;

    fn attribute(kind: AttributeType) -> Attribute {
        Attribute::new(kind, "thing", "")
    }

    fn user_attribute(name: &str) -> Attribute {
        user::schema()
            .attribute(name)
            .or(crate::schema::enterprise::schema().attribute(name))
            .unwrap()
            .clone()
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "the calls are easier to read")]
    fn accepts(attribute: &Attribute, sent: Value, kept: Value, kinds: &[NoticeKind]) {
        let mut notices = Notices::default();
        let got = canonical(attribute, sent, "thing", &mut notices).unwrap();
        assert_eq!(got.unwrap_or(Value::Null), kept);
        let seen: Vec<_> = notices.kept().iter().map(|notice| notice.kind).collect();
        assert_eq!(seen, kinds);
    }

    #[track_caller]
    fn refuses(attribute: &Attribute, sent: Value, detail: &str) {
        let error = canonical(attribute, sent, "thing", &mut Notices::default()).unwrap_err();
        assert_eq!(error.detail, detail);
    }

    #[test]
    fn booleans_come_as_text_from_entra_and_onelogin() {
        let boolean = attribute(AttributeType::Boolean);
        accepts(&boolean, json!(true), json!(true), &[]);
        accepts(&boolean, json!("False"), json!(false), &[NoticeKind::BooleanText]);
        accepts(&boolean, json!("TRUE"), json!(true), &[NoticeKind::BooleanText]);
        accepts(&boolean, json!([true]), json!(true), &[NoticeKind::ManyForSingle]);
        for wrong in [json!(""), json!(1), json!("yes"), json!({})] {
            refuses(&boolean, wrong, "`thing` must be true or false");
        }
    }

    #[test]
    fn numbers_are_taken_from_text_where_exact() {
        let integer = attribute(AttributeType::Integer);
        accepts(&integer, json!(7), json!(7), &[]);
        accepts(&integer, json!("-7"), json!(-7), &[NoticeKind::NumberText]);
        accepts(&integer, json!(5.0), json!(5), &[NoticeKind::NumberText]);
        refuses(&integer, json!(5.5), "`thing` must be a whole number");
        refuses(&integer, json!(1e300), "`thing` must be a whole number");
        refuses(&integer, json!(u64::MAX), "`thing` must be a whole number");
        let decimal = attribute(AttributeType::Decimal);
        accepts(&decimal, json!("1.5"), json!(1.5), &[NoticeKind::NumberText]);
        refuses(&decimal, json!("NaN"), "`thing` must be a number");
        let string = attribute(AttributeType::String);
        accepts(&string, json!(17), json!("17"), &[NoticeKind::NumberText]);
        accepts(&string, json!(true), json!("true"), &[NoticeKind::NumberText]);
        refuses(&string, json!({"a": 1}), "`thing` must be text, not an object");
    }

    #[test]
    fn empty_text_is_a_value_of_strings_only() {
        accepts(&attribute(AttributeType::String), json!(""), json!(""), &[]);
        for kind in [
            AttributeType::Integer,
            AttributeType::DateTime,
            AttributeType::Binary,
            AttributeType::Reference,
            AttributeType::Complex,
        ] {
            accepts(&attribute(kind), json!(""), json!(null), &[]);
        }
        accepts(&user_attribute("emails"), json!(""), json!(null), &[]);
        accepts(&user_attribute("emails"), json!([null, ""]), json!(null), &[]);
    }

    #[test]
    fn dates_and_binaries_are_checked() {
        let date = attribute(AttributeType::DateTime);
        accepts(&date, json!("2008-01-23T04:56:22Z"), json!("2008-01-23T04:56:22Z"), &[]);
        accepts(&date, json!("2008-01-23T04:56:22.5"), json!("2008-01-23T04:56:22.5"), &[]);
        for wrong in ["2008-01-23", "2008-13-23T04:56:22Z", "2008-01-23 04:56:22Z", "now"] {
            refuses(
                &date,
                json!(wrong),
                "`thing` must be a date and time like 2026-01-31T09:30:00Z",
            );
        }
        let binary = attribute(AttributeType::Binary);
        accepts(&binary, json!("AAECAw==\n"), json!("AAECAw=="), &[]);
        accepts(&binary, json!("AAECAw"), json!("AAECAw"), &[]);
        for wrong in ["A", "A===", "AA=A", "é", "AAECAw="] {
            refuses(&binary, json!(wrong), "`thing` must be base64 text");
        }
    }

    #[test]
    fn the_manager_comes_in_many_shapes() {
        let manager = user_attribute("manager");
        let kept = json!({"value": "u-9"});
        accepts(&manager, json!("u-9"), kept.clone(), &[NoticeKind::TextForComplex]);
        accepts(&manager, json!({"VALUE": "u-9", "$ref": null}), kept.clone(), &[]);
        accepts(
            &manager,
            json!([{"$ref": "u-9", "value": "u-9"}]),
            json!({"value": "u-9", "$ref": "u-9"}),
            &[NoticeKind::ManyForSingle],
        );
        accepts(&manager, json!({"value": "", "displayName": "Bo"}), json!(null), &[]);
        accepts(
            &manager,
            json!({"value": "u-9", "displayName": "Bo", "foo": 1}),
            kept,
            &[NoticeKind::UnknownAttribute, NoticeKind::ReadOnly],
        );
    }

    #[test]
    fn lists_come_as_one_object_or_as_texts() {
        let emails = user_attribute("emails");
        accepts(
            &emails,
            json!({"Value": "a@b", "Primary": "True"}),
            json!([{"value": "a@b", "primary": true}]),
            &[NoticeKind::SingleForMany, NoticeKind::BooleanText],
        );
        accepts(&emails, json!(["a@b"]), json!([{"value": "a@b"}]), &[NoticeKind::TextForComplex]);
        refuses(
            &emails,
            json!([["a@b"]]),
            "`thing` must be an object with sub-attributes, not a list",
        );
    }

    #[test]
    fn the_same_value_is_kept_once_and_one_is_primary() {
        accepts(
            &user_attribute("emails"),
            json!([
                {"type": "work", "value": "a@b", "primary": true},
                {"type": "home", "value": "a@b", "primary": true},
                {"value": "A@B", "type": "Work", "display": "x"},
            ]),
            json!([
                {"value": "A@B", "display": "x", "type": "Work"},
                {"value": "a@b", "type": "home", "primary": true},
            ]),
            &[],
        );
        accepts(
            &user_attribute("roles"),
            json!([{"value": "a", "primary": true}, {"value": "b", "primary": "True"}]),
            json!([{"value": "a", "primary": false}, {"value": "b", "primary": true}]),
            &[NoticeKind::BooleanText, NoticeKind::Primary],
        );
    }

    #[test]
    fn limits_hold() {
        let emails = user_attribute("emails");
        let many: Vec<_> = (0..=VALUES_PER_ATTRIBUTE_MAX).map(|n| json!({"value": n})).collect();
        let error = canonical(&emails, json!(many), "emails", &mut Notices::default()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooMany);
        let string = attribute(AttributeType::String);
        accepts(
            &string,
            json!("x".repeat(STRING_BYTES_MAX)),
            json!("x".repeat(STRING_BYTES_MAX)),
            &[],
        );
        refuses(
            &string,
            json!("x".repeat(STRING_BYTES_MAX + 1)),
            "`thing` is 65537 bytes long; at most 65536 are accepted",
        );
        refuses(&string, json!("a\0b"), "`thing` must not contain the character U+0000");
        refuses(
            &user_attribute("name"),
            json!({"givenName": "a", "GivenName": "b"}),
            "`thing.GivenName` is given twice; send it once",
        );
    }

    #[test]
    fn keys_disregard_case_and_nothing_else() {
        assert_eq!(normalized_key("Ada@Example.COM"), "ada@example.com");
        assert_eq!(normalized_key("ΟΔΟΣ"), normalized_key("οδος"));
        assert_ne!(normalized_key("straße"), normalized_key("strasse"));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
            Just(json!("true")),
            Just(json!("2008-01-23T04:56:22Z")),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let name = prop_oneof![
                Just("value"),
                Just("TYPE"),
                Just("primary"),
                Just("display"),
                Just("x")
            ];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((name, inner), 0..4).prop_map(|pairs| pairs
                    .into_iter()
                    .map(|(k, v)| (k.to_owned(), v))
                    .collect::<Map<_, _>>()
                    .into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn canonical_form_is_canonical(value in any_json(), at in 0_usize..21) {
            let schema = user::schema();
            let attribute = &schema.attributes[at];
            if let Ok(Some(once)) = canonical(attribute, value, "x", &mut Notices::default()) {
                let mut notices = Notices::default();
                let twice = canonical(attribute, once.clone(), "x", &mut notices).unwrap();
                prop_assert_eq!(twice, Some(once));
                prop_assert!(notices.is_empty());
            }
        }

        #[test]
        fn keys_of_keys_are_keys(text in "\\PC{0,12}") {
            let key = normalized_key(&text);
            prop_assert_eq!(normalized_key(&key), key);
        }

        #[test]
        fn moments_never_panic(text in "\\PC{0,30}") {
            let _ = moment(&text);
        }
    }
}

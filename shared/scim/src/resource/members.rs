//! The members of a group on their way in (RFC 7643 §4.2). They are not part of a [`crate::Resource`]: a group
//! outgrows one item of the store.

use std::collections::HashSet;

use serde_json::Value;

use crate::{
    Error, NoticeKind, Notices,
    value::{text_checked, type_name},
};

/// The most members of one request. Okta and Entra send at most a thousand or so; larger groups come in parts.
pub const MEMBERS_PER_REQUEST_MAX: usize = 10_000;
/// The longest id that a member may be named by, in bytes. Ours are far shorter.
pub const MEMBER_ID_BYTES_MAX: usize = 256;

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MemberKind {
    /// A person.
    User,
    /// A nested group.
    Group,
}

impl MemberKind {
    /// The name of the resource type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The kind of this name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::User, Self::Group].into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }
}

/// A member as a client names it. Whether it exists is the store's to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRef {
    /// The id.
    pub value: String,
    /// What the client says it is; Okta and Entra say nothing.
    pub kind: Option<MemberKind>,
    /// The name that the client gave it.
    pub display: Option<String>,
}

impl MemberRef {
    /// Reads the value of `members`: a list, one object, or bare ids. The same id twice is kept once, the
    /// first time; `null` is no member.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidValue`] for a member without an id,
    /// [`crate::ErrorKind::TooMany`] for more than [`MEMBERS_PER_REQUEST_MAX`].
    pub fn list(value: Value, notices: &mut Notices) -> Result<Vec<Self>, Error> {
        let list = match value {
            Value::Null => return Ok(Vec::new()),
            Value::Array(list) => list,
            single => {
                if single.as_str() == Some("") {
                    return Ok(Vec::new());
                }
                notices.push(NoticeKind::SingleForMany, "members");
                vec![single]
            }
        };
        if list.len() > MEMBERS_PER_REQUEST_MAX {
            return Err(Error::too_many(format!(
                "`members` has {} entries; at most {MEMBERS_PER_REQUEST_MAX} are accepted in one request, so send them in several PATCH requests",
                list.len()
            )));
        }
        let mut seen = HashSet::with_capacity(list.len());
        let mut members = Vec::with_capacity(list.len());
        for value in list.into_iter().filter(|value| !value.is_null()) {
            let member = Self::one(value, notices)?;
            if seen.insert(member.value.clone()) {
                members.push(member);
            }
        }
        Ok(members)
    }

    fn one(value: Value, notices: &mut Notices) -> Result<Self, Error> {
        let mut member = Self { value: String::new(), kind: None, display: None };
        let mut reference = None;
        match value {
            Value::Object(object) => {
                for (name, value) in object {
                    match name.to_ascii_lowercase().as_str() {
                        "value" => member.value = text(value, "members.value")?.unwrap_or_default(),
                        "display" => member.display = text(value, "members.display")?,
                        "$ref" => reference = text(value, "members.$ref")?,
                        "type" => {
                            let kind = text(value, "members.type")?;
                            member.kind = kind.as_deref().and_then(MemberKind::named);
                            if kind.is_some() && member.kind.is_none() {
                                notices.push(NoticeKind::UnknownAttribute, "members.type");
                            }
                        }
                        _ => notices.push(NoticeKind::UnknownAttribute, format!("members.{name}")),
                    }
                }
            }
            id @ (Value::String(_) | Value::Number(_)) => {
                notices.push(NoticeKind::TextForComplex, "members");
                member.value = text(id, "members")?.unwrap_or_default();
            }
            other => {
                return Err(Error::invalid_value(format!(
                    "each of `members` must be an object with a `value`, not {}",
                    type_name(&other)
                )));
            }
        }
        if member.value.is_empty() {
            // RFC 7643 §2.4: a reference alone is enough, and its last part is the id.
            let id =
                reference.as_deref().and_then(|url| url.trim_end_matches('/').rsplit('/').next());
            member.value = id.unwrap_or_default().to_owned();
        }
        if member.value.is_empty() {
            return Err(Error::invalid_value(
                "each of `members` must have a `value`: the id of a user or group",
            ));
        }
        if member.value.len() > MEMBER_ID_BYTES_MAX {
            return Err(Error::invalid_value(format!(
                "a `value` in `members` is {} bytes long; it must be the id of a user or group",
                member.value.len()
            )));
        }
        Ok(member)
    }
}

fn text(value: Value, path: &str) -> Result<Option<String>, Error> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        other => {
            return Err(Error::invalid_value(format!(
                "`{path}` must be text, not {}",
                type_name(&other)
            )));
        }
    };
    text_checked(&text, path)?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ids(value: Value) -> Vec<String> {
        let members = MemberRef::list(value, &mut Notices::default()).unwrap();
        members.into_iter().map(|member| member.value).collect()
    }

    #[track_caller]
    fn refused(value: Value, detail: &str) {
        assert_eq!(MemberRef::list(value, &mut Notices::default()).unwrap_err().detail, detail);
    }

    #[test]
    fn members_come_in_many_shapes() {
        assert_eq!(
            ids(json!([{"value": "u-1"}, {"VALUE": "u-2"}, null, {"value": "u-1"}])),
            ["u-1", "u-2"]
        );
        assert_eq!(ids(json!({"value": "u-1"})), ["u-1"]);
        assert_eq!(ids(json!(["u-1", 7])), ["u-1", "7"]);
        assert_eq!(ids(json!([{"$ref": "https://x.test/scim/v2/Users/u-1"}])), ["u-1"]);
        for nothing in [json!(null), json!([]), json!(""), json!([null])] {
            assert!(ids(nothing).is_empty());
        }
    }

    #[test]
    fn kind_and_display_are_taken_as_said() {
        let value = json!([{"value": "g-1", "type": "group", "display": "Eng", "$ref": null}]);
        let members = MemberRef::list(value, &mut Notices::default()).unwrap();
        let wanted = MemberRef {
            value: "g-1".into(),
            kind: Some(MemberKind::Group),
            display: Some("Eng".into()),
        };
        assert_eq!(members, [wanted]);
        let mut notices = Notices::default();
        MemberRef::list(json!([{"value": "g-1", "type": "Robot"}]), &mut notices).unwrap();
        assert_eq!(notices.kept().len(), 1);
    }

    #[test]
    fn a_member_needs_an_id() {
        for nobody in
            [json!([{}]), json!([{"value": ""}]), json!([{"value": null, "display": "x"}])]
        {
            refused(nobody, "each of `members` must have a `value`: the id of a user or group");
        }
        refused(json!([[]]), "each of `members` must be an object with a `value`, not a list");
        refused(json!([{"value": {}}]), "`members.value` must be text, not an object");
    }

    #[test]
    fn the_number_of_members_is_limited() {
        let many =
            |count: usize| Value::from((0..count).map(|n| json!({"value": n})).collect::<Vec<_>>());
        assert_eq!(ids(many(MEMBERS_PER_REQUEST_MAX)).len(), MEMBERS_PER_REQUEST_MAX);
        let error = MemberRef::list(many(MEMBERS_PER_REQUEST_MAX + 1), &mut Notices::default());
        assert_eq!(error.unwrap_err().kind, crate::ErrorKind::TooMany);
    }
}

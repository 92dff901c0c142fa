//! Reads the case files.

#![expect(clippy::disallowed_methods, reason = "the cases are files; the crate itself reads none")]

use std::fs;
use std::path::PathBuf;

use lychgate_scim::filter::{GroupRef, View};
use lychgate_scim::resource::{MemberKind, MemberRef};
use lychgate_scim::schema::{Attribute, AttributeType, ResourceType, Schema, group, user};
use lychgate_scim::{Error, Resource};
use serde_json::{Map, Value};

/// The files of a folder with their text, canaries aside, in the order of their names.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(root(folder))
        .expect("the folder is there")
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == extension))
        .filter(|path| path.file_stem().is_some_and(|stem| stem != "canary"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} has no cases");
    files
}

pub(crate) fn canary(folder: &str, extension: &str) -> String {
    fs::read_to_string(root(folder).join(format!("canary.{extension}"))).unwrap()
}

fn root(folder: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/scim").join(folder)
}

/// Runs `check` on each `left │ right` line; the failures, one a line.
pub(crate) fn lines(
    text: &str,
    check: impl Fn(&str, &str) -> Result<(), String>,
) -> Result<usize, String> {
    let mut failures = Vec::new();
    let mut count = 0;
    for (at, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        count += 1;
        let result = match line.split_once('│') {
            Some((left, right)) => check(left.trim(), right.trim()),
            None => Err("no `│` in this line".to_owned()),
        };
        if let Err(failure) = result {
            failures.push(format!("line {}: {line}\n    {failure}", at + 1));
        }
    }
    if failures.is_empty() { Ok(count) } else { Err(failures.join("\n")) }
}

/// `error kind[: part of the detail]`, or what `expected` is when it is no error.
#[expect(clippy::needless_pass_by_value, reason = "called with what a request just gave")]
pub(crate) fn outcome(got: Result<String, Error>, expected: &str) -> Result<(), String> {
    let shown = match &got {
        Ok(text) => text.clone(),
        Err(error) => format!("error {}: {}", error.kind.scim_type().unwrap_or("?"), error.detail),
    };
    let fits = match (&got, expected.strip_prefix("error ")) {
        (Ok(text), None) => text == expected,
        (Err(error), Some(wanted)) => {
            let (kind, part) = wanted.split_once(": ").unwrap_or((wanted, ""));
            error.kind.scim_type() == Some(kind) && error.detail.contains(part)
        }
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("got {shown}")) }
}

/// User and Group as they are served, and a User with what an operator may declare, for the types that the
/// core schemas do not use.
pub(crate) fn resource_type(name: &str) -> ResourceType {
    match name {
        "User" => user::resource_type(),
        "Group" => group::resource_type(),
        "Extended" => {
            let mut rt = user::resource_type();
            rt.extensions.push(declared());
            rt
        }
        other => panic!("no resource type {other}"),
    }
}

pub(crate) const DECLARED: &str = "urn:example:params:scim:schemas:1.0:Badge";

fn declared() -> Schema {
    let plain = |name: &'static str, kind| {
        let mut attribute = user::schema().attribute("title").unwrap().clone();
        attribute.name = name.into();
        attribute.kind = kind;
        attribute
    };
    let mut tags = plain("tags", AttributeType::String);
    tags.multi_valued = true;
    let mut issued = plain("issued", AttributeType::DateTime);
    issued.mutability = lychgate_scim::schema::Mutability::Immutable;
    let mut serial: Attribute = plain("serial", AttributeType::String);
    serial.case_exact = true;
    Schema {
        id: DECLARED.into(),
        name: "Badge".into(),
        description: "Badge".into(),
        attributes: vec![
            plain("floor", AttributeType::Integer),
            plain("weight", AttributeType::Decimal),
            plain("photo", AttributeType::Binary),
            plain("expires", AttributeType::DateTime),
            issued,
            serial,
            tags,
        ],
    }
}

/// A resource with what is kept beside it.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) id: String,
    pub(crate) created: String,
    pub(crate) last_modified: String,
    pub(crate) resource: Resource,
    pub(crate) members: Vec<MemberRef>,
    pub(crate) groups: Vec<GroupRef>,
}

impl Stored {
    /// From a case's JSON: attributes with `id`, `meta`, `members` and `groups` among them.
    pub(crate) fn read(value: &Value) -> Self {
        let mut attributes: Map<String, Value> = value.as_object().expect("an object").clone();
        let meta = attributes.remove("meta").unwrap_or_default();
        let time = |name: &str| {
            meta.get(name).and_then(Value::as_str).unwrap_or("2026-01-01T00:00:00Z").to_owned()
        };
        let id = attributes.remove("id");
        let members = list(attributes.remove("members")).iter().map(member).collect();
        let groups = list(attributes.remove("groups"))
            .iter()
            .map(|group| GroupRef {
                value: text(group, "value").expect("a group has an id"),
                display: text(group, "display"),
                direct: text(group, "type").as_deref() != Some("indirect"),
            })
            .collect();
        Self {
            id: id.as_ref().and_then(Value::as_str).unwrap_or("r-1").to_owned(),
            created: time("created"),
            last_modified: time("lastModified"),
            resource: Resource::trusted(attributes),
            members,
            groups,
        }
    }

    pub(crate) fn view(&self) -> View<'_> {
        View {
            resource: &self.resource,
            id: &self.id,
            created: &self.created,
            last_modified: &self.last_modified,
            version: "W/\"1\"",
            location: "https://example.com/scim/v2/Users/r-1",
            members: Some(&self.members),
            groups: Some(&self.groups),
        }
    }
}

fn list(value: Option<Value>) -> Vec<Value> {
    value.and_then(|value| value.as_array().cloned()).unwrap_or_default()
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// `"u-1"`, or an object with `value`, `type` and `display`.
pub(crate) fn member(value: &Value) -> MemberRef {
    match value {
        Value::String(id) => MemberRef { value: id.clone(), kind: None, display: None },
        object => MemberRef {
            value: text(object, "value").expect("a member has an id"),
            kind: text(object, "type").and_then(|kind| MemberKind::named(&kind)),
            display: text(object, "display"),
        },
    }
}

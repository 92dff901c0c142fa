//! `patch/<section>-<name>.json`: `{ type?, given, request, expect, members?, notices?, repeat? }`.
//!
//! `given` and `expect` are the attributes as they are kept, for groups with `members`; `expect` may be
//! `{"error": kind, "detail": part}`. `request` is the body, or its `Operations` alone. Each case is applied
//! twice: the second time must change nothing, unless it says `"repeat": …` (what the second time gives).

use std::sync::LazyLock;

use lychgate_scim::patch::{self, MembersChange, Plan};
use lychgate_scim::schema::ResourceType;
use lychgate_scim::{Error, ErrorKind, NoticeKind, Notices};
use serde_json::{Value, json};

use crate::data::{self, Stored};

const OWN_ID: &str = "own-1";

struct Outcome<'rt> {
    state: Value,
    plan: Plan<'rt>,
    notices: Vec<String>,
}

fn run<'rt>(rt: &'rt ResourceType, given: &Value, request: &Value) -> Result<Outcome<'rt>, Error> {
    let stored = Stored::read(given);
    let mut notices = Notices::default();
    let plan = patch::plan(rt, OWN_ID, request.clone(), &mut notices)?;
    let resource = plan.apply(&stored.resource, &mut notices)?;
    let net = patch::net(plan.members(), &stored.members);
    let mut ids: Vec<&str> = stored.members.iter().map(|member| member.value.as_str()).collect();
    ids.retain(|id| !net.remove.iter().any(|removed| removed == id));
    ids.extend(net.add.iter().map(|member| member.value.as_str()));
    let mut attributes = resource.attributes().clone();
    if !ids.is_empty() {
        attributes.insert("members".to_owned(), json!(ids));
    }
    let notices = notices
        .kept()
        .iter()
        .filter(|notice| notice.kind != NoticeKind::Schemas)
        .map(|notice| format!("{:?} {}", notice.kind, notice.subject))
        .collect();
    Ok(Outcome { state: Value::Object(attributes), plan, notices })
}

fn check(text: &str) -> Result<(), String> {
    let case: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let part = |name: &str| case.get(name).cloned();
    let rt = data::resource_type(part("type").as_ref().and_then(Value::as_str).unwrap_or("User"));
    let given = part("given").ok_or("no `given`")?;
    let request = match part("request").ok_or("no `request`")? {
        operations @ Value::Array(_) => {
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations})
        }
        body => body,
    };
    let expect = part("expect").ok_or("no `expect`")?;
    let outcome = run(&rt, &given, &request);
    if let Some(kind) = expect.get("error").and_then(Value::as_str) {
        let detail = expect.get("detail").and_then(Value::as_str).unwrap_or_default();
        return data::outcome(
            outcome.map(|o| o.state.to_string()),
            &format!("error {kind}: {detail}"),
        );
    }
    let outcome = outcome.map_err(|error| format!("{:?}: {error}", error.kind))?;
    let expect =
        if expect == json!("unchanged") { given_state(&given) } else { given_state(&expect) };
    same("state", &outcome.state, &expect)?;
    if let Some(notices) = part("notices") {
        same("notices", &json!(outcome.notices), &notices)?;
    }
    if let Some(members) = part("members") {
        let shown: Vec<_> = outcome.plan.members().iter().map(shown).collect();
        same("members", &json!(shown), &members)?;
    }
    if let Some(needed) = part("needs_members") {
        same("needs_members", &json!(outcome.plan.needs_members()), &needed)?;
    }
    let again = run(&rt, &expect, &request);
    match part("repeat") {
        Some(Value::String(kind)) => {
            data::outcome(again.map(|o| o.state.to_string()), &format!("error {kind}"))
        }
        repeat => {
            let again = again.map_err(|error| format!("the second time: {error}"))?;
            same("the second time", &again.state, &repeat.unwrap_or(expect))
        }
    }
}

/// Members as their ids.
fn given_state(value: &Value) -> Value {
    let mut state = value.clone();
    if let Some(Value::Array(members)) = state.get_mut("members") {
        for member in members.iter_mut() {
            *member = json!(data::member(member).value);
        }
        if members.is_empty() {
            state.as_object_mut().unwrap().remove("members");
        }
    }
    state
}

fn shown(change: &MembersChange) -> String {
    let ids = |members: &[lychgate_scim::resource::MemberRef]| {
        members.iter().map(|member| member.value.as_str()).collect::<Vec<_>>().join(" ")
    };
    match change {
        MembersChange::Add(members) => format!("add {}", ids(members)),
        MembersChange::Remove(ids) => format!("remove {}", ids.join(" ")),
        MembersChange::RemoveMatching(_) => "remove matching".to_owned(),
        MembersChange::Clear => "clear".to_owned(),
        MembersChange::Replace(members) => format!("replace {}", ids(members)),
    }
}

fn same(what: &str, got: &Value, expected: &Value) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what}: got {got}\n    not {expected}")) }
}

#[test]
fn cases() {
    let files = data::files("patch", "json");
    let failures: Vec<_> = files
        .iter()
        .filter_map(|(name, text)| check(text).err().map(|failure| format!("{name}: {failure}")))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(files.len() > 100, "only {} cases were read", files.len());
}

#[test]
fn the_driver_looks() {
    let failure = check(&data::canary("patch", "json")).unwrap_err();
    assert!(failure.starts_with("state: got"), "{failure}");
}

fn group_request(operations: &Value) -> Result<Plan<'static>, Error> {
    static GROUP: LazyLock<ResourceType> = LazyLock::new(|| data::resource_type("Group"));
    let body = json!({"Operations": operations});
    patch::plan(&GROUP, OWN_ID, body, &mut Notices::default())
}

#[test]
fn operations_are_limited() {
    let of = |count: usize| {
        json!(vec![json!({"op": "add", "path": "displayName", "value": "x"}); count])
    };
    assert!(group_request(&of(patch::PATCH_OPERATIONS_MAX)).is_ok());
    let error = group_request(&of(patch::PATCH_OPERATIONS_MAX + 1)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooMany);
}

#[test]
fn members_of_one_request_are_limited() {
    let of = |from: usize, to: usize| {
        let members: Vec<_> = (from..to).map(|n| json!({"value": format!("u-{n}")})).collect();
        json!({"op": "add", "path": "members", "value": members})
    };
    assert!(group_request(&json!([of(0, 5_000), of(5_000, 10_000)])).is_ok());
    let error = group_request(&json!([of(0, 5_000), of(5_000, 10_001)])).unwrap_err();
    assert_eq!(error.kind, ErrorKind::TooMany);
    assert!(error.detail.contains("10000 members"), "{error}");
}

#[test]
fn the_ids_that_must_be_known_are_named_once() {
    let plan = group_request(&json!([
        {"op": "add", "path": "members", "value": [{"value": "a"}, {"value": "b"}]},
        {"op": "remove", "path": "members[value eq \"c\"]"},
        {"op": "remove", "path": "members", "value": [{"value": "a"}]},
    ]))
    .unwrap();
    let (plan, mut changes) = plan.split_members();
    assert!(plan.members().is_empty() && !plan.changes_attributes());
    assert_eq!(patch::named_ids(&changes), ["a", "b", "c"]);
    for change in &mut changes {
        change.retain_added(|member| member.value != "b");
    }
    assert_eq!(patch::named_ids(&changes), ["a", "c"]);
}

//! `lychgate directory`.

use serde_json::{Value, json};

use super::Body;
use crate::{
    api::{Api, Method},
    args::{DirectoryCommand, DirectorySettings, GroupPatchAnswer, Of, Retention, UnknownMembers},
    failure::Failure,
    text::{either, lines, table},
};

pub(crate) fn run(api: &Api, command: &DirectoryCommand, json: bool) -> Result<String, Failure> {
    match command {
        DirectoryCommand::On(of) => change(api, of, &json!({ "enabled": true }), json),
        DirectoryCommand::Off(of) => change(api, of, &json!({ "enabled": false }), json),
        DirectoryCommand::Set(settings) => set(api, settings, json),
        DirectoryCommand::Show(of) => {
            let answer = api.get(&["organizations", &of.organization, "directory"], &[])?;
            Ok(either(json, &answer, shown))
        }
        DirectoryCommand::State(of) => {
            let path = ["organizations", &of.organization, "directory", "state"];
            Ok(either(json, &api.get(&path, &[])?, state))
        }
        DirectoryCommand::Requests(listing) => {
            let path = ["organizations", &listing.organization, "directory", "requests"];
            let list = api.list(&path, &[("limit", "200")], Some(listing.limit.unwrap_or(50)))?;
            Ok(either(json, &list, |list| table(list, &REQUEST_COLUMNS)))
        }
    }
}

const REQUEST_COLUMNS: [(&str, &str); 7] = [
    ("AT", "at"),
    ("STATUS", "status"),
    ("METHOD", "method"),
    ("PATH", "path"),
    ("ACTOR", "actor"),
    ("MS", "duration_ms"),
    ("DETAIL", "detail"),
];

fn change(api: &Api, of: &Of, body: &Value, json: bool) -> Result<String, Failure> {
    let path = ["organizations", &of.organization, "directory"];
    let answer = api.send(Method::Patch, &path, Some(body))?;
    Ok(either(json, &answer, shown))
}

fn set(api: &Api, settings: &DirectorySettings, json: bool) -> Result<String, Failure> {
    let group_patch_answer = settings.group_patch_answer.map(|answer| match answer {
        GroupPatchAnswer::NoContent => "no_content",
        GroupPatchAnswer::Resource => "resource",
    });
    let unknown_members = settings.unknown_members.map(|choice| match choice {
        UnknownMembers::ApplyKnown => "apply_known",
        UnknownMembers::Refuse => "refuse",
    });
    let retention = settings.suspended_retention_days.map(|retention| match retention {
        Retention::Never => Value::Null,
        Retention::Days(days) => days.into(),
    });
    let body = Body::new()
        .with("group_patch_answer", group_patch_answer)
        .with("unknown_members", unknown_members)
        .with("suspended_retention_days", retention)
        .with("access_token_secs", settings.access_token_secs)
        .value();
    if body.as_object().is_some_and(serde_json::Map::is_empty) {
        return Err(Failure::new(
            "Nothing to set: `lychgate directory set --help` names the settings.",
        ));
    }
    change(api, &settings.of, &body, json)
}

fn shown(directory: &Value) -> String {
    let members = [
        ("SCIM on", "enabled"),
        ("SCIM base URL", "scim_base_url"),
        ("Token URL", "token_url"),
        ("PATCH of a group answers", "group_patch_answer"),
        ("Unknown member ids", "unknown_members"),
        ("Suspended members kept, days", "suspended_retention_days"),
        ("Access token holds, seconds", "access_token_secs"),
    ];
    lines(directory, &members)
}

fn state(state: &Value) -> String {
    let members = [
        ("SCIM on", "enabled"),
        ("Licence", "licence.state"),
        ("Seats", "licence.seats"),
        ("Users", "users"),
        ("Groups", "groups"),
        ("Last contact", "last_contact"),
        ("Last error", "last_error.at"),
        ("  request", "last_error.path"),
        ("  status", "last_error.status"),
        ("  detail", "last_error.detail"),
    ];
    let list = |name: &str| json!({ "items": state.get(name) });
    let unknown = [("AT", "at"), ("GROUP", "group"), ("MEMBERS", "members")];
    format!(
        "{}\nLatest requests\n{}\nUnknown member ids\n{}",
        lines(state, &members),
        table(&list("outcomes"), &REQUEST_COLUMNS),
        table(&list("unknown_members"), &unknown),
    )
}

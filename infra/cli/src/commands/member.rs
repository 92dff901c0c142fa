//! `lychgate member`.

use serde_json::{Value, json};

use super::{instant, save};
use crate::{
    api::{Api, Method},
    args::{MemberCommand, MemberPasswordCommand, Of, OneMember, OwnerCommand},
    failure::Failure,
    text::{cell, either, lines, raw, safe, table},
};

/// The most clean-up requests that follow one another.
const CLEAN_UP_REQUESTS_MAX: usize = 100_000;
/// How many members the server cleans up in one request.
const CLEAN_UP_IDS: usize = 100;

pub(crate) fn run(api: &Api, command: &MemberCommand, json: bool) -> Result<String, Failure> {
    match command {
        MemberCommand::List { listing, suspended } => {
            let path = ["organizations", &listing.organization, "members"];
            let mut query = vec![("limit", "200")];
            query.extend(suspended.map(suspended_parameter));
            let list = api.list(&path, &query, listing.limit)?;
            Ok(either(json, &list, listed))
        }
        MemberCommand::Suspend(one) => change(api, Method::Post, one, "suspend", json),
        MemberCommand::Restore(one) => change(api, Method::Post, one, "restore", json),
        MemberCommand::Owner { command: OwnerCommand::Add(one) } => {
            change(api, Method::Put, one, "owner", json)
        }
        MemberCommand::Owner { command: OwnerCommand::Remove(one) } => {
            change(api, Method::Delete, one, "owner", json)
        }
        MemberCommand::Owner { command: OwnerCommand::Link { one, expires_in_secs } } => {
            super::setup_link::for_owner(api, one, *expires_in_secs, json)
        }
        MemberCommand::Password { command: MemberPasswordCommand::Allow(one) } => {
            change(api, Method::Put, one, "password", json)
        }
        MemberCommand::Password { command: MemberPasswordCommand::Forbid(one) } => {
            change(api, Method::Delete, one, "password", json)
        }
        MemberCommand::Password { command: MemberPasswordCommand::Link { one, send } } => {
            let path = ["organizations", &one.organization, "members", &one.member];
            let path = [&path[..], &["password", "link"]].concat();
            let made = api.send(Method::Post, &path, Some(&json!({ "send": send })))?;
            Ok(either(json, &made, link))
        }
        MemberCommand::Delete(one) => {
            let path = ["organizations", &one.organization, "members", &one.member];
            api.send(Method::Delete, &path, None)?;
            Ok("Deleted. The history keeps the name.\n".to_owned())
        }
        MemberCommand::CleanUp { of, suspended_before, members } => {
            let cleaned = match suspended_before {
                Some(time) => clean_up_before(api, of, &instant(time))?,
                None => clean_up_ids(api, of, members)?,
            };
            Ok(if json { raw(&cleaned.value()) } else { cleaned.text() })
        }
        MemberCommand::Export { of, suspended, output } => {
            let path = ["organizations", &of.organization, "members"];
            let query: Vec<_> = suspended.map(suspended_parameter).into_iter().collect();
            let text = api.export(&path, &query)?;
            match output {
                Some(output) => save(output, text.as_bytes()),
                None => Ok(text),
            }
        }
    }
}

const fn suspended_parameter(suspended: bool) -> (&'static str, &'static str) {
    ("suspended", if suspended { "true" } else { "false" })
}

fn change(
    api: &Api,
    method: Method,
    one: &OneMember,
    verb: &str,
    json: bool,
) -> Result<String, Failure> {
    let path = ["organizations", &one.organization, "members", &one.member, verb];
    let member = api.send(method, &path, None)?;
    Ok(either(json, &member, shown))
}

fn shown(member: &Value) -> String {
    let members = [
        ("Id", "id"),
        ("User name", "user_name"),
        ("Name", "display_name"),
        ("Owner", "owner"),
        ("May have a password", "password_allowed"),
        ("Suspended", "suspended"),
        ("  by the directory", "suspended_by_directory.since"),
        ("  by hand", "suspended_by_hand.since"),
    ];
    lines(member, &members)
}

/// Whoever has the link sets the password: it is shown this once.
fn link(made: &Value) -> String {
    let sent = made.get("sent").and_then(Value::as_bool).unwrap_or_default();
    let sent =
        if sent { "It was sent by e-mail as well." } else { "It was not sent: hand it over." };
    format!("{}\n\nIt holds once, and for an hour. {sent}\n", cell(made, "url"))
}

fn listed(list: &Value) -> String {
    let columns = [
        ("ID", "id"),
        ("USER NAME", "user_name"),
        ("NAME", "display_name"),
        ("OWNER", "owner"),
        ("SUSPENDED SINCE", "suspended_since"),
        ("BY DIRECTORY", "suspended_by_directory.by"),
        ("BY HAND", "suspended_by_hand.by"),
        ("LAST SIGN-IN", "last_sign_in"),
    ];
    table(list, &columns)
}

#[derive(Default)]
struct Cleaned {
    deleted: Vec<Value>,
    kept: Vec<Value>,
}

impl Cleaned {
    /// Takes up one answer; gives where to go on.
    fn take(&mut self, mut answer: Value) -> Option<String> {
        for (name, into) in [("deleted", &mut self.deleted), ("kept", &mut self.kept)] {
            if let Some(Value::Array(items)) = answer.get_mut(name).map(Value::take) {
                into.extend(items);
            }
        }
        answer.get("next_cursor").and_then(Value::as_str).map(str::to_owned)
    }

    fn value(&self) -> Value {
        json!({ "deleted": self.deleted, "kept": self.kept })
    }

    fn text(&self) -> String {
        let mut text = format!("Deleted: {}.\n", self.deleted.len());
        for kept in &self.kept {
            let member = |name| kept.get(name).and_then(Value::as_str).unwrap_or_default();
            text.push_str(&format!("Kept {}: {}\n", safe(member("id")), safe(member("reason"))));
        }
        text
    }
}

fn clean_up_ids(api: &Api, of: &Of, members: &[String]) -> Result<Cleaned, Failure> {
    let path = ["organizations", of.organization.as_str(), "members", "clean-up"];
    let mut cleaned = Cleaned::default();
    for ids in members.chunks(CLEAN_UP_IDS) {
        cleaned.take(api.send(Method::Post, &path, Some(&json!({ "ids": ids })))?);
    }
    Ok(cleaned)
}

fn clean_up_before(api: &Api, of: &Of, time: &str) -> Result<Cleaned, Failure> {
    let path = ["organizations", of.organization.as_str(), "members", "clean-up"];
    let mut cleaned = Cleaned::default();
    let mut cursor: Option<String> = None;
    for _ in 0..CLEAN_UP_REQUESTS_MAX {
        let body = json!({ "suspended_before": time, "cursor": cursor });
        let next = cleaned.take(api.send(Method::Post, &path, Some(&body))?);
        if next.is_none() {
            break;
        }
        cursor = next;
    }
    Ok(cleaned)
}

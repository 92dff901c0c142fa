//! `lychgate sign-in`, `lychgate attempts`, `lychgate sessions`.

use serde_json::Value;

use super::Body;
use crate::{
    api::{Api, Method},
    args::{Attempts, SessionsCommand, SignInCommand},
    failure::Failure,
    text::{cell, either, lines, table},
};

pub(crate) fn run(api: &Api, command: &SignInCommand, json: bool) -> Result<String, Failure> {
    let answer = match command {
        SignInCommand::Show(of) => api.get(&["organizations", &of.organization, "sign-in"], &[])?,
        SignInCommand::Set { of, password, email_domains } => {
            let body = Body::new().with("password", *password).with_list(
                "email_domains",
                email_domains,
                "none",
            );
            if body.is_empty() {
                return Err(Failure::new(
                    "Nothing to set: `lychgate sign-in set --help` names the settings.",
                ));
            }
            let path = ["organizations", &of.organization, "sign-in"];
            api.send(Method::Patch, &path, Some(&body.value()))?
        }
    };
    let members = [
        ("Passwords", "password"),
        ("E-mail domains", "email_domains"),
        ("Active connections", "active_connections"),
        ("Sign-on URL", "sign_on_url"),
    ];
    Ok(either(json, &answer, |policy| lines(policy, &members)))
}

pub(crate) fn attempts(api: &Api, attempts: &Attempts, json: bool) -> Result<String, Failure> {
    let listing = &attempts.listing;
    if let Some(id) = &attempts.show {
        let path = ["organizations", &listing.organization, "attempts", id];
        return Ok(either(json, &api.get(&path, &[])?, attempt));
    }
    let path = ["organizations", &listing.organization, "attempts"];
    let list = api.list(&path, &[("limit", "200")], Some(listing.limit.unwrap_or(50)))?;
    let columns = [
        ("AT", "at"),
        ("OUTCOME", "outcome"),
        ("METHOD", "method"),
        ("WHO", "subject"),
        ("WHY NOT", "code"),
        ("ID", "id"),
    ];
    Ok(either(json, &list, |list| table(list, &columns)))
}

fn attempt(attempt: &Value) -> String {
    let members = [
        ("At", "at"),
        ("Outcome", "outcome"),
        ("Method", "method"),
        ("Connection", "connection"),
        ("Member", "member"),
        ("Who", "subject"),
        ("Why not", "code"),
        ("  in words", "detail"),
        ("  wanted", "want"),
        ("  came", "got"),
        ("Request", "request_id"),
    ];
    let mut text = lines(attempt, &members);
    for name in attempt.get("facts").and_then(Value::as_object).into_iter().flat_map(|it| it.keys())
    {
        let fact = cell(attempt, &format!("facts.{name}"));
        text.push_str(&format!("  {}: {fact}\n", crate::text::safe(name)));
    }
    text
}

pub(crate) fn sessions(
    api: &Api,
    command: &SessionsCommand,
    json: bool,
) -> Result<String, Failure> {
    match command {
        SessionsCommand::List(one) => {
            let path = ["organizations", &one.organization, "members", &one.member, "sessions"];
            let columns = [
                ("ID", "id"),
                ("METHOD", "method"),
                ("SINCE", "authenticated"),
                ("ENDS", "expires"),
                ("APPLICATIONS", "applications"),
            ];
            Ok(either(json, &api.get(&path, &[])?, |list| table(list, &columns)))
        }
        SessionsCommand::End(one) => {
            let path = ["organizations", &one.organization, "members", &one.member, "sessions"];
            let answer = api.send(Method::Delete, &path, None)?;
            Ok(either(json, &answer, |answer| format!("Ended: {}.\n", cell(answer, "ended"))))
        }
    }
}

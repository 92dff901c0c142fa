//! `lychgate token`.

use serde_json::Value;

use super::{Body, instant};
use crate::{
    api::{Api, Method},
    args::TokenCommand,
    failure::Failure,
    text::{cell, either, table},
};

pub(crate) fn run(api: &Api, command: &TokenCommand, json: bool) -> Result<String, Failure> {
    match command {
        TokenCommand::Create { of, name, expires, member } => {
            let body = Body::new()
                .with("name", Some(name.as_str()))
                .with("expires", expires.as_deref().map(instant))
                .with("member", member.as_deref());
            let path = ["organizations", &of.organization, "tokens"];
            let answer = api.send(Method::Post, &path, Some(&body.value()))?;
            Ok(either(json, &answer, created))
        }
        TokenCommand::List(of) => {
            let list = api.get(&["organizations", &of.organization, "tokens"], &[])?;
            Ok(either(json, &list, listed))
        }
        TokenCommand::Revoke { of, token } => {
            api.send(Method::Delete, &["organizations", &of.organization, "tokens", token], None)?;
            Ok("Revoked: requests that bring it are refused from now on.\n".to_owned())
        }
    }
}

fn created(token: &Value) -> String {
    format!(
        "Token {} was made. It is shown this once:\n\n{}\n\nSCIM base URL: {}\n",
        cell(token, "id"),
        cell(token, "token"),
        cell(token, "scim_base_url"),
    )
}

fn listed(list: &Value) -> String {
    let columns = [
        ("ID", "id"),
        ("NAME", "name"),
        ("BEGINS WITH", "prefix"),
        ("CREATED", "created"),
        ("EXPIRES", "expires"),
        ("LAST USED", "last_used"),
        ("MEMBER", "member"),
    ];
    table(list, &columns)
}

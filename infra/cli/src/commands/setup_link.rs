//! `lychgate setup-link`, `lychgate member owner link`.

use serde_json::Value;

use super::Body;
use crate::{
    api::{Api, Method},
    args::{OneMember, SetupLinkCommand},
    failure::Failure,
    text::{cell, either, table},
};

pub(crate) fn run(api: &Api, command: &SetupLinkCommand, json: bool) -> Result<String, Failure> {
    match command {
        SetupLinkCommand::Create { of, name, scopes, expires_in_secs } => {
            let scopes: Vec<String> = scopes.iter().map(|scope| scope.text().to_owned()).collect();
            let body = Body::new()
                .with("name", Some(name.as_str()))
                .with("scopes", Some(scopes))
                .with("expires_in_secs", *expires_in_secs);
            let path = ["organizations", &of.organization, "setup-links"];
            let made = api.send(Method::Post, &path, Some(&body.value()))?;
            Ok(either(json, &made, created))
        }
        SetupLinkCommand::List(of) => {
            let list = api.get(&["organizations", &of.organization, "setup-links"], &[])?;
            Ok(either(json, &list, listed))
        }
        SetupLinkCommand::Revoke { of, link } => {
            let path = ["organizations", &of.organization, "setup-links", link];
            api.send(Method::Delete, &path, None)?;
            Ok("Taken back: whoever is in by it is out with their next click.\n".to_owned())
        }
    }
}

pub(crate) fn for_owner(
    api: &Api,
    one: &OneMember,
    expires_in_secs: Option<u64>,
    json: bool,
) -> Result<String, Failure> {
    let body = Body::new().with("expires_in_secs", expires_in_secs);
    let path = ["organizations", &one.organization, "members", &one.member, "owner", "link"];
    let made = api.send(Method::Post, &path, Some(&body.value()))?;
    Ok(either(json, &made, |made| {
        let (url, expires) = (cell(made, "url"), cell(made, "expires"));
        format!("A link for this owner, which opens once, until {expires}:\n\n{url}\n")
    }))
}

fn created(link: &Value) -> String {
    format!(
        "Set-up link {} was made. It is shown this once, opens in one browser, and holds until {}:\n\n{}\n",
        cell(link, "id"),
        cell(link, "expires"),
        cell(link, "url"),
    )
}

fn listed(list: &Value) -> String {
    let columns = [
        ("ID", "id"),
        ("NAME", "name"),
        ("FOR", "scopes"),
        ("STATE", "state"),
        ("CREATED", "created"),
        ("BY", "created_by"),
        ("EXPIRES", "expires"),
        ("OPENED", "opened"),
    ];
    table(list, &columns)
}

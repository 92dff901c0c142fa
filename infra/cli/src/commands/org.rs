//! `lychgate org`.

use serde_json::{Value, json};

use super::Body;
use crate::{
    api::{Api, Method},
    args::OrgCommand,
    failure::Failure,
    text::{either, lines, table},
};

pub(crate) fn run(api: &Api, command: &OrgCommand, json: bool) -> Result<String, Failure> {
    let answer = match command {
        OrgCommand::List { limit } => {
            let list = api.list(&["organizations"], &[("limit", "200")], *limit)?;
            return Ok(either(json, &list, listed));
        }
        OrgCommand::Create { domain, name } => {
            let body = json!({ "domain": domain, "name": name });
            api.send(Method::Post, &["organizations"], Some(&body))?
        }
        OrgCommand::Show(of) => api.get(&["organizations", &of.organization], &[])?,
        OrgCommand::Rename { of, name, domain } => {
            let body = Body::new().with("name", name.as_deref()).with("domain", domain.as_deref());
            api.send(Method::Patch, &["organizations", &of.organization], Some(&body.value()))?
        }
    };
    Ok(either(json, &answer, shown))
}

fn listed(list: &Value) -> String {
    let columns = [
        ("DOMAIN", "domain"),
        ("ID", "id"),
        ("NAME", "name"),
        ("LICENCE", "licence.state"),
        ("SEATS", "licence.seats"),
        ("SCIM", "directory_enabled"),
        ("CREATED", "created"),
    ];
    table(list, &columns)
}

fn shown(organization: &Value) -> String {
    let members = [
        ("Domain", "domain"),
        ("Id", "id"),
        ("Name", "name"),
        ("Licence", "licence.state"),
        ("Seats", "licence.seats"),
        ("Licence ends", "licence.ends"),
        ("SCIM on", "directory_enabled"),
        ("Owners", "owners"),
        ("Suspended owners", "owners_suspended"),
        ("Created", "created"),
    ];
    lines(organization, &members)
}

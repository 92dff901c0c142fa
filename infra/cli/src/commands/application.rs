//! `lychgate application`.

use serde_json::Value;

use super::{Body, instant};
use crate::{
    api::{Api, Method},
    args::{Addresses, ApplicationCommand, ApplicationSecretCommand},
    failure::Failure,
    text::{cell, either, lines, table},
};

pub(crate) fn run(api: &Api, command: &ApplicationCommand, json: bool) -> Result<String, Failure> {
    match command {
        ApplicationCommand::Create { name, addresses, public, secret_expires } => {
            let body = with_addresses(Body::new().with("name", Some(name.as_str())), addresses)
                .with("public", public.then_some(true))
                .with("secret_expires", secret_expires.as_deref().map(instant));
            let answer = api.send(Method::Post, &["applications"], Some(&body.value()))?;
            Ok(either(json, &answer, created))
        }
        ApplicationCommand::List => Ok(either(json, &api.get(&["applications"], &[])?, listed)),
        ApplicationCommand::Show { application } => {
            Ok(either(json, &api.get(&["applications", application], &[])?, shown))
        }
        ApplicationCommand::Set { application, name, addresses } => {
            let body = with_addresses(Body::new().with("name", name.as_deref()), addresses);
            if body.is_empty() {
                return Err(Failure::new(
                    "Nothing to set: `lychgate application set --help` names the settings.",
                ));
            }
            let path = ["applications", application];
            let answer = api.send(Method::Patch, &path, Some(&body.value()))?;
            Ok(either(json, &answer, shown))
        }
        ApplicationCommand::Delete { application } => {
            api.send(Method::Delete, &["applications", application], None)?;
            Ok("Deleted: it gets no more codes.\n".to_owned())
        }
        ApplicationCommand::Secret {
            command: ApplicationSecretCommand::Add { application, expires },
        } => {
            let body = Body::new().with("expires", expires.as_deref().map(instant));
            let path = ["applications", application, "secrets"];
            let answer = api.send(Method::Post, &path, Some(&body.value()))?;
            Ok(either(json, &answer, created))
        }
        ApplicationCommand::Secret {
            command: ApplicationSecretCommand::Retire { application, secret },
        } => {
            let path = ["applications", application, "secrets", secret];
            api.send(Method::Delete, &path, None)?;
            Ok("Retired: requests that bring it are refused from now on.\n".to_owned())
        }
    }
}

fn with_addresses(body: Body, addresses: &Addresses) -> Body {
    // An empty text takes an address away.
    let one = |text: &Option<String>| {
        text.as_deref().map(|text| if text.is_empty() { Value::Null } else { text.into() })
    };
    body.with_list("redirect_uris", &addresses.redirect_uris, "")
        .with_list("post_logout_redirect_uris", &addresses.post_logout_redirect_uris, "")
        .with("initiate_login_uri", one(&addresses.initiate_login_uri))
        .with("back_channel_logout_uri", one(&addresses.back_channel_logout_uri))
}

fn created(application: &Value) -> String {
    let secret = match application.get("client_secret").and_then(Value::as_str) {
        Some(_) => format!(
            "Its secret {} is shown this once:\n\n{}",
            cell(application, "secret.id"),
            cell(application, "client_secret")
        ),
        None => "It is a public client: it has no secret, and PKCE stands for it.".to_owned(),
    };
    format!("{}\n{secret}\n", shown(application))
}

fn shown(application: &Value) -> String {
    let members = [
        ("Name", "name"),
        ("Client ID", "client_id"),
        ("Public client", "public"),
        ("Issuer", "issuer"),
        ("Discovery", "discovery_url"),
        ("Redirect addresses", "redirect_uris"),
        ("After signing out", "post_logout_redirect_uris"),
        ("Initiates sign-in", "initiate_login_uri"),
        ("Back-channel logout", "back_channel_logout_uri"),
        ("Created", "created"),
    ];
    lines(application, &members)
}

fn listed(list: &Value) -> String {
    let columns = [
        ("CLIENT ID", "client_id"),
        ("NAME", "name"),
        ("PUBLIC", "public"),
        ("REDIRECT ADDRESSES", "redirect_uris"),
        ("CREATED", "created"),
    ];
    table(list, &columns)
}

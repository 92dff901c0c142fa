//! `lychgate client`.

use serde_json::{Value, json};

use super::{Body, instant};
use crate::{
    api::{Api, Method},
    args::{ClientCommand, SecretCommand},
    failure::Failure,
    text::{cell, either, table},
};

pub(crate) fn run(api: &Api, command: &ClientCommand, json: bool) -> Result<String, Failure> {
    match command {
        ClientCommand::Create { of, name, secret_expires } => {
            let body = Body::new()
                .with("name", Some(name.as_str()))
                .with("secret_expires", secret_expires.as_deref().map(instant));
            let path = ["organizations", &of.organization, "clients"];
            let answer = api.send(Method::Post, &path, Some(&body.value()))?;
            Ok(either(json, &answer, created))
        }
        ClientCommand::List(of) => {
            let list = api.get(&["organizations", &of.organization, "clients"], &[])?;
            Ok(either(json, &list, listed))
        }
        ClientCommand::Revoke { of, client } => {
            let path = ["organizations", &of.organization, "clients", client];
            api.send(Method::Delete, &path, None)?;
            Ok("Revoked, with its secrets and access tokens.\n".to_owned())
        }
        ClientCommand::Secret { command: SecretCommand::Add { of, client, expires } } => {
            let body = Body::new().with("expires", expires.as_deref().map(instant));
            let path = ["organizations", &of.organization, "clients", client, "secrets"];
            let answer = api.send(Method::Post, &path, Some(&body.value()))?;
            Ok(either(json, &answer, created))
        }
        ClientCommand::Secret { command: SecretCommand::Retire { of, client, secret } } => {
            let path = ["organizations", &of.organization, "clients", client, "secrets", secret];
            api.send(Method::Delete, &path, None)?;
            Ok("Retired, with the access tokens that were got with it.\n".to_owned())
        }
    }
}

fn created(client: &Value) -> String {
    format!(
        "Secret {} of client {} was made. It is shown this once:\n\n\
         Client ID:      {}\nClient secret:  {}\nToken URL:      {}\nSCIM base URL:  {}\n",
        cell(client, "secret.id"),
        cell(client, "id"),
        cell(client, "client_id"),
        cell(client, "client_secret"),
        cell(client, "token_url"),
        cell(client, "scim_base_url"),
    )
}

/// One line for each secret, and one for a client without any.
fn listed(list: &Value) -> String {
    let mut rows = Vec::new();
    for client in list.get("items").and_then(Value::as_array).into_iter().flatten() {
        let secrets = client.get("secrets").and_then(Value::as_array);
        let secrets = secrets.map(Vec::as_slice).unwrap_or_default();
        let none = [Value::Null];
        for secret in if secrets.is_empty() { &none } else { secrets } {
            rows.push(json!({ "client": client, "secret": secret }));
        }
    }
    let columns = [
        ("ID", "client.id"),
        ("NAME", "client.name"),
        ("CLIENT ID", "client.client_id"),
        ("SECRET", "secret.id"),
        ("CREATED", "secret.created"),
        ("EXPIRES", "secret.expires"),
    ];
    table(&json!({ "items": rows }), &columns)
}

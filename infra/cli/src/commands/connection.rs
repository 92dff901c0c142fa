//! `lychgate connection`.

use std::{fs, path::Path};

use serde_json::{Map, Value, json};

use super::{Body, instant};
use crate::{
    api::{Api, Method},
    args::{ConnectionCommand, ConnectionSettings, EntityId, Of, OneConnection},
    failure::Failure,
    text::{cell, either, lines, safe, table},
};

/// The largest file of metadata that is sent, in bytes: the server takes no more.
const METADATA_BYTES_MAX: usize = 1024 * 1024;

pub(crate) fn run(api: &Api, command: &ConnectionCommand, json: bool) -> Result<String, Failure> {
    match command {
        ConnectionCommand::Create { of, name, entity_id, metadata_url, metadata_file } => {
            let metadata = metadata_body(metadata_url.as_deref(), metadata_file.as_deref())?;
            let answer = create(api, of, name, *entity_id, metadata.as_ref())?;
            Ok(either(json, &answer, created))
        }
        ConnectionCommand::List(of) => {
            let list = api.get(&["organizations", &of.organization, "connections"], &[])?;
            Ok(either(json, &list, listed))
        }
        ConnectionCommand::Show(one) => {
            let answer = api.get(&path(one, None), &[])?;
            Ok(either(json, &answer, shown))
        }
        ConnectionCommand::Set(settings) => set(api, settings, json),
        ConnectionCommand::Metadata { one, url, file } => {
            let body = metadata_body(url.as_deref(), file.as_deref())?;
            let answer = api.send(Method::Put, &path(one, Some("metadata")), body.as_ref())?;
            Ok(either(json, &answer, shown))
        }
        ConnectionCommand::Test(one) => {
            let answer = api.send(Method::Post, &path(one, Some("test")), None)?;
            Ok(either(json, &answer, |test| began(test, one)))
        }
        ConnectionCommand::Activate(one) => change(api, Method::Post, one, "activate", json),
        ConnectionCommand::Deactivate(one) => change(api, Method::Post, one, "deactivate", json),
        ConnectionCommand::Discard(one) => change(api, Method::Delete, one, "draft", json),
        ConnectionCommand::Delete(one) => {
            api.send(Method::Delete, &path(one, None), None)?;
            Ok("Deleted. The history keeps the name.\n".to_owned())
        }
    }
}

fn path<'a>(one: &'a OneConnection, verb: Option<&'a str>) -> Vec<&'a str> {
    let mut path = vec!["organizations", &one.organization, "connections", &one.connection];
    path.extend(verb);
    path
}

fn change(
    api: &Api,
    method: Method,
    one: &OneConnection,
    verb: &str,
    json: bool,
) -> Result<String, Failure> {
    let answer = api.send(method, &path(one, Some(verb)), None)?;
    Ok(either(json, &answer, shown))
}

/// Read before anything is created, so that a wrong file name leaves nothing behind.
fn metadata_body(url: Option<&str>, file: Option<&Path>) -> Result<Option<Value>, Failure> {
    match (url, file) {
        (Some(url), _) => Ok(Some(json!({ "url": url }))),
        (None, Some(file)) => Ok(Some(json!({ "xml": document(file)? }))),
        (None, None) => Ok(None),
    }
}

fn document(file: &Path) -> Result<String, Failure> {
    let name = file.display();
    let bytes =
        fs::read(file).map_err(|error| Failure::new(format!("{name} cannot be read: {error}.")))?;
    if bytes.len() > METADATA_BYTES_MAX {
        return Err(Failure::new(format!(
            "{name} has more than {METADATA_BYTES_MAX} bytes: is it the metadata of one identity provider?"
        )));
    }
    String::from_utf8(bytes).map_err(|_| {
        Failure::new(format!("{name} is not UTF-8: save it as UTF-8, then try again."))
    })
}

fn create(
    api: &Api,
    of: &Of,
    name: &str,
    entity_id: Option<EntityId>,
    metadata: Option<&Value>,
) -> Result<Value, Failure> {
    let body = Body::new().with("name", Some(name)).with("entity_id", entity_id.map(word)).value();
    let connections = ["organizations", of.organization.as_str(), "connections"];
    let created = api.send(Method::Post, &connections, Some(&body))?;
    let Some(metadata) = metadata else { return Ok(created) };
    let id = cell(&created, "id");
    let one = [&connections[..], &[id.as_str(), "metadata"]].concat();
    api.send(Method::Put, &one, Some(metadata)).map_err(|failure| {
        Failure::new(format!(
            "{failure}\nThe connection {id} was created without metadata. Try again with: lychgate connection \
             metadata {} {id} --url …",
            safe(&of.organization)
        ))
    })
}

const fn word(choice: EntityId) -> &'static str {
    match choice {
        EntityId::Shared => "shared",
        EntityId::Organization => "organization",
    }
}

fn set(api: &Api, settings: &ConnectionSettings, json: bool) -> Result<String, Failure> {
    let until = |text: &Option<String>| {
        text.as_deref().map(|text| if text == "never" { Value::Null } else { instant(text).into() })
    };
    let mut attributes = Map::new();
    for (name, text) in [
        ("email", &settings.email_attribute),
        ("first_name", &settings.first_name_attribute),
        ("last_name", &settings.last_name_attribute),
        ("display_name", &settings.display_name_attribute),
    ] {
        if let Some(text) = text {
            let value = if text == "known" { Value::Null } else { text.as_str().into() };
            attributes.insert(name.to_owned(), value);
        }
    }
    let body = Body::new()
        .with("name", settings.name.as_deref())
        .with("entity_id", settings.entity_id.map(word))
        .with("idp_initiated", settings.idp_initiated)
        .with("just_in_time", settings.just_in_time)
        .with("require_encryption", settings.require_encryption)
        .with("sign_requests", settings.sign_requests)
        .with("request_by_post", settings.request_by_post)
        .with("sha1_until", until(&settings.sha1_until))
        .with("rsa_1_5_until", until(&settings.rsa_1_5_until))
        .with("clock_skew_secs", settings.clock_skew_secs)
        .with("session_secs", settings.session_secs)
        .with("attributes", (!attributes.is_empty()).then_some(attributes))
        .with_list("email_domains", &settings.email_domains, "any");
    if body.is_empty() {
        return Err(Failure::new(
            "Nothing to set: `lychgate connection set --help` names the settings.",
        ));
    }
    let answer = api.send(Method::Patch, &path(&settings.one, None), Some(&body.value()))?;
    Ok(either(json, &answer, shown))
}

fn created(connection: &Value) -> String {
    let next = if connection.pointer("/draft/idp").is_some_and(|idp| !idp.is_null()) {
        "Enter these at the identity provider, then: lychgate connection test … to sign in once, and lychgate \
         connection activate … when it has passed."
    } else {
        "Enter these at the identity provider, then save its metadata: lychgate connection metadata … --url …"
    };
    format!("{}\n{next}\n", shown(connection))
}

/// The values in the words of those who ask for them: Okta's, Entra's, and everybody else's.
fn for_the_idp(connection: &Value) -> String {
    let members = [
        ("  Single sign-on URL / Reply URL / ACS URL", "service_provider.acs_url"),
        ("  Audience URI / Identifier / SP Entity ID", "service_provider.entity_id"),
        ("  Sign on URL (where it is asked for)", "service_provider.sign_on_url"),
        ("  Logout URL (where it is asked for)", "service_provider.logout_url"),
        ("  All of it as metadata", "service_provider.metadata_url"),
    ];
    format!(
        "Enter at the identity provider, exactly as it stands here:\n{}  Name ID: the e-mail address. \
         Attributes: Email, FirstName, LastName.\n",
        lines(connection, &members)
    )
}

fn shown(connection: &Value) -> String {
    let members = [
        ("Name", "name"),
        ("Id", "id"),
        ("State", "state"),
        ("Test window ends", "test_window_ends"),
        ("Created", "created"),
    ];
    let mut text = format!("{}\n{}", lines(connection, &members), for_the_idp(connection));
    for (title, name) in [("Live", "live"), ("Draft", "draft")] {
        if let Some(settings) = connection.get(name).filter(|settings| !settings.is_null()) {
            text.push_str(&format!("\n{title}\n{}", settings_text(settings)));
        }
    }
    for warning in
        connection.get("metadata_warnings").and_then(Value::as_array).into_iter().flatten()
    {
        text.push_str(&format!("Note: {}\n", safe(warning.as_str().unwrap_or_default())));
    }
    text
}

fn settings_text(settings: &Value) -> String {
    let members = [
        ("  Tested", "tested"),
        ("  Our entity ID", "entity_id"),
        ("  Metadata from", "metadata.url"),
        ("    fetched", "metadata.fetched"),
        ("    error", "metadata.error"),
        ("  Identity provider", "idp.entity_id"),
        ("  Sign-in by redirect", "idp.sso_redirect"),
        ("  Sign-in by POST", "idp.sso_post"),
        ("  Sign-out by redirect", "idp.slo_redirect"),
        ("  The tile signs in", "idp_initiated"),
        ("  Creates members", "just_in_time"),
        ("  Demands encryption", "require_encryption"),
        ("  Signs requests", "sign_requests"),
        ("  SHA-1 until", "sha1_until"),
        ("  RSA 1.5 until", "rsa_1_5_until"),
        ("  Clock skew, seconds", "clock_skew_secs"),
        ("  Session, seconds", "session_secs"),
        ("  E-mail domains", "email_domains"),
    ];
    let certificates = json!({ "items": settings.pointer("/idp/certificates") });
    let columns = [
        ("  SIGNING CERTIFICATE", "fingerprint"),
        ("ENDS", "not_after"),
        ("DAYS LEFT", "days_left"),
    ];
    let mut text = lines(settings, &members);
    if certificates.get("items").is_some_and(Value::is_array) {
        text.push_str(&table(&certificates, &columns));
    }
    for warning in settings.get("warnings").and_then(Value::as_array).into_iter().flatten() {
        text.push_str(&format!("  Warning: {}\n", safe(warning.as_str().unwrap_or_default())));
    }
    text
}

fn listed(list: &Value) -> String {
    let columns = [
        ("ID", "id"),
        ("NAME", "name"),
        ("STATE", "state"),
        ("LIVE IDENTITY PROVIDER", "live.idp.entity_id"),
        ("DRAFT", "draft.idp.entity_id"),
    ];
    table(list, &columns)
}

fn began(test: &Value, one: &OneConnection) -> String {
    format!(
        "Open this once, in a browser (until {}):\n\n{}\n\nOr click the tile in the identity provider. What came \
         of it: lychgate attempts {}\n",
        cell(test, "ends"),
        cell(test, "url"),
        safe(&one.organization)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_stand_in_the_words_of_the_idp() {
        let connection = json!({
            "id": "conn-1", "name": "Okta", "state": "draft",
            "service_provider": {
                "acs_url": "https://a/saml/consume/acme", "entity_id": "https://a/saml/metadata/acme",
            },
            "live": null,
            "draft": {
                "idp": { "certificates": [{ "fingerprint": "ab", "not_after": "x", "days_left": 3 }] },
                "warnings": ["It \u{1b}[2Jends."],
            },
        });
        let text = created(&connection);
        for expected in [
            "Reply URL / ACS URL",
            "https://a/saml/consume/acme",
            "SP Entity ID",
            "Warning: It \u{fffd}[2Jends.",
            "DAYS LEFT",
            "connection test",
        ] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
        assert!(!text.contains("\nLive\n"));
    }
}

//! Whole exchanges as data: what an identity provider sends, step by step, and what must come back.

use std::path::PathBuf;

use lychgate_testkit::build::Acme;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    data,
    endpoint::Endpoint,
    http::{Answer, Wire},
    matching::{Captures, check, filled, filled_value, shortened},
};

/// Where every path of a data file begins.
pub const ROOT: &str = "/scim/v2";

/// A data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Which identity provider, which section, and what it is about.
    pub why: String,
    /// Header fields of every request.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// One request with its answer, or a look into the request log.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Step {
    /// A request.
    Sent(Box<Sent>),
    /// A look into the request log: some entry has such a notice.
    Logged(Logged),
}

/// A request with its answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// What it is for.
    pub say: Option<String>,
    /// What is sent.
    pub request: Sending,
    /// What must come back.
    pub expect: Expect,
    /// What must come back when it is sent once more; the same when absent.
    pub again: Option<Expect>,
}

/// What is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sending {
    /// The method.
    pub method: String,
    /// Path and query after `/scim/v2`.
    pub path: String,
    /// Header fields over those of the exchange; `null` takes one away.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// The body as JSON.
    pub body: Option<Value>,
}

/// What must come back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The status.
    pub status: u16,
    /// Header fields, names in lower case.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// A part of the body.
    pub body: Option<Value>,
    /// Whether no `null` may be anywhere in it.
    #[serde(default)]
    pub no_null: bool,
}

/// A look into the request log.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logged {
    /// The notice.
    pub log: Notice,
}

/// A notice: how its kind begins, and a part of its subject.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// How the kind begins.
    pub kind: String,
    /// A part of the subject, in any case.
    pub about: String,
}

/// Plays one file in an organization of its own; `times` is how often each request is sent.
///
/// # Errors
/// What was wrong, with the file's name and the step.
pub async fn play(endpoint: &Endpoint, file: &PathBuf, times: usize) -> Result<usize, String> {
    let exchange: Exchange = data::read(file);
    let name = file.strip_prefix(data::root()).unwrap_or(file).display().to_string();
    assert!(exchange.why.len() > 10, "{name} says why it is there");
    let random = endpoint.world.ctx();
    let domain = format!("acme-{}", lychgate_core::ids::TokenId::new(random.world).bare());
    let acme = endpoint.organization(&domain).await;
    let mut captures = Captures::from([("token".to_owned(), acme.token.clone())]);
    let mut checked = 0;
    for (number, step) in exchange.steps.iter().enumerate() {
        let wrong = |what: String, say: &str| {
            Err(format!(
                "{name} (sent {times}×), step {} {say}: {what}\n    why: {}",
                number + 1,
                exchange.why
            ))
        };
        match step {
            Step::Logged(logged) => {
                if let Err(what) = in_log(endpoint, &acme, &logged.log).await {
                    return wrong(what, "(the log)");
                }
            }
            Step::Sent(sent) => {
                let wire = wire(&exchange.headers, &sent.request, &captures);
                let say = format!(
                    "{} {} {}",
                    wire.method,
                    wire.target,
                    sent.say.as_deref().unwrap_or_default()
                );
                for time in 0..times {
                    let expect = match &sent.again {
                        Some(again) if time > 0 => again,
                        _ => &sent.expect,
                    };
                    let answer = endpoint.send(&wire).await;
                    if let Err(what) = judge(expect, &answer, &mut captures) {
                        return wrong(what, &format!("{say} (time {})", time + 1));
                    }
                    checked += 1;
                }
            }
        }
    }
    Ok(checked)
}

fn wire(common: &Map<String, Value>, request: &Sending, captures: &Captures) -> Wire {
    let mut headers = Map::new();
    headers.insert("Authorization".to_owned(), Value::from("Bearer ${token}"));
    headers.extend(common.clone());
    headers.extend(request.headers.clone());
    let with_body = request.body.is_some();
    Wire {
        method: request.method.clone(),
        target: format!("{ROOT}{}", filled(&request.path, captures)),
        headers: headers
            .iter()
            .filter(|(name, _)| with_body || !name.eq_ignore_ascii_case("content-type"))
            .filter_map(|(name, value)| Some((name.clone(), filled(value.as_str()?, captures))))
            .collect(),
        body: request
            .body
            .as_ref()
            .map(|body| filled_value(body, captures).to_string().into_bytes()),
    }
}

fn judge(expect: &Expect, answer: &Answer, captures: &mut Captures) -> Result<(), String> {
    let body = shortened(&String::from_utf8_lossy(&answer.body));
    if answer.status != expect.status {
        return Err(format!("wanted {}, found {}: {body}", expect.status, answer.status));
    }
    proper(answer)?;
    for (name, wanted) in &expect.headers {
        let found = answer.header(name).map(Value::from);
        check(wanted, found.as_ref(), &format!("header {name}"), captures)?;
    }
    let found = answer.json();
    if expect.no_null {
        no_null(&found, "$")?;
    }
    match &expect.body {
        Some(wanted) => check(wanted, Some(&found), "$", captures),
        None => Ok(()),
    }
}

fn no_null(value: &Value, at: &str) -> Result<(), String> {
    match value {
        Value::Null => Err(format!("{at} is null")),
        Value::Array(list) => {
            list.iter().enumerate().try_for_each(|(i, item)| no_null(item, &format!("{at}[{i}]")))
        }
        Value::Object(map) => {
            map.iter().try_for_each(|(name, item)| no_null(item, &format!("{at}.{name}")))
        }
        _ => Ok(()),
    }
}

/// What every answer must be, whatever was asked: SCIM's media type, errors as the RFC has them, integers where
/// lists count, a `Location` with every creation, a number of seconds with 429 and 503.
///
/// # Errors
/// What it is not.
pub fn proper(answer: &Answer) -> Result<(), String> {
    let body = shortened(&String::from_utf8_lossy(&answer.body));
    if matches!(answer.status, 204 | 304) {
        return if answer.body.is_empty() {
            Ok(())
        } else {
            Err(format!("{} with a body: {body}", answer.status))
        };
    }
    let media_type = answer.header("content-type").unwrap_or_default();
    if media_type != "application/scim+json; charset=utf-8" {
        return Err(format!("the content type is `{media_type}`: {body}"));
    }
    let json = answer.json();
    if answer.status >= 400 {
        return proper_error(answer, &json)
            .map_err(|what| format!("{what}: {} {body}", answer.status));
    }
    if json["schemas"].as_array().is_none_or(Vec::is_empty) {
        return Err(format!("no schemas: {body}"));
    }
    if answer.status == 201 && answer.header("location").is_none() {
        return Err("201 without Location".to_owned());
    }
    if json["schemas"][0] == "urn:ietf:params:scim:api:messages:2.0:ListResponse" {
        let returned = json["Resources"].as_array().map_or(0, Vec::len) as u64;
        if !json["totalResults"].is_u64() {
            return Err(format!("totalResults is no integer: {body}"));
        }
        if json.get("itemsPerPage").is_some_and(|items| items.as_u64() != Some(returned)) {
            return Err(format!("itemsPerPage is not what was returned: {body}"));
        }
    }
    Ok(())
}

fn proper_error(answer: &Answer, json: &Value) -> Result<(), String> {
    if json["schemas"] != serde_json::json!(["urn:ietf:params:scim:api:messages:2.0:Error"]) {
        return Err("not a SCIM error".to_owned());
    }
    if json["status"] != Value::String(answer.status.to_string()) {
        return Err("the status in the body is not that of the answer, as text".to_owned());
    }
    if json["detail"].as_str().is_none_or(|detail| detail.trim().len() < 10) {
        return Err("the detail does not help".to_owned());
    }
    if answer.status == 401 && answer.header("www-authenticate").is_none() {
        return Err("401 without WWW-Authenticate".to_owned());
    }
    if matches!(answer.status, 429 | 503) {
        let seconds = answer.header("retry-after").and_then(|value| value.parse::<u32>().ok());
        if seconds.is_none() {
            return Err("no Retry-After in whole seconds".to_owned());
        }
    }
    Ok(())
}

async fn in_log(endpoint: &Endpoint, acme: &Acme, notice: &Notice) -> Result<(), String> {
    let entries = endpoint.backstage.requests(&acme.organization.id).await;
    let about = notice.about.to_lowercase();
    let notices: Vec<&Value> = entries.iter().flat_map(|entry| &entry.notices).collect();
    let found = notices.iter().any(|found| {
        let kind = found["kind"].as_str().unwrap_or_default();
        let subject = found["subject"].as_str().unwrap_or_default().to_lowercase();
        kind.starts_with(&notice.kind) && subject.contains(&about)
    });
    if found {
        Ok(())
    } else {
        Err(format!("wanted {notice:?} in the request log, found {notices:?}"))
    }
}

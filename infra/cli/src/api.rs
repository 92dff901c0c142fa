//! The server: requests and answers of `/v1`. No redirect is followed, so that the key goes nowhere else.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use ureq::{
    Agent,
    http::{Request, Response},
};

use crate::{failure::Failure, settings::Settings};

/// How long an answer may take, in seconds. API Gateway gives up after 30.
const ANSWER_SECS_MAX: u64 = 60;
/// The largest answer that is read, in bytes. Lambda's limit is 6 MB.
const ANSWER_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// The most pages that one list follows: a server that always names another must not keep us for ever.
const PAGES_MAX: usize = 100_000;
/// Where the next part of an export begins.
const NEXT_CURSOR_HEADER: &str = "lychgate-next-cursor";

/// What stands in a path or query as it is (RFC 3986 §2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The server.
pub struct Api {
    agent: Agent,
    settings: Settings,
}

/// The methods that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the HTTP method of its name")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Names and values of a query.
pub type Query<'a> = [(&'a str, &'a str)];

impl Api {
    /// A client of this server.
    ///
    /// # Errors
    /// None so far: that a server is there shows with the first request.
    pub fn new(settings: Settings) -> Result<Self, Failure> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .https_only(!settings.is_loopback)
            .timeout_global(Some(Duration::from_secs(ANSWER_SECS_MAX)))
            .user_agent(concat!("lychgate-cli/", env!("CARGO_PKG_VERSION")));
        if settings.is_loopback {
            // A proxy cannot reach this machine's own server.
            config = config.proxy(None);
        }
        Ok(Self { agent: config.build().into(), settings })
    }

    /// Reads.
    ///
    /// # Errors
    /// The server's sentence, or why it was not reached.
    pub fn get(&self, path: &[&str], query: &Query<'_>) -> Result<Value, Failure> {
        let (body, _) = self.request(Method::Get, path, query, "application/json", None)?;
        parse(&body)
    }

    /// Changes something; `null` when the answer has no body.
    ///
    /// # Errors
    /// The server's sentence, or why it was not reached.
    pub fn send(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let (body, _) = self.request(method, path, &[], "application/json", body)?;
        if body.is_empty() { Ok(Value::Null) } else { parse(&body) }
    }

    /// A list: all its pages, or as many as give `limit` items.
    ///
    /// # Errors
    /// The server's sentence, or why it was not reached.
    pub fn list(
        &self,
        path: &[&str],
        query: &Query<'_>,
        limit: Option<usize>,
    ) -> Result<Value, Failure> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut query = query.to_vec();
            if let Some(cursor) = &cursor {
                query.push(("cursor", cursor));
            }
            let mut page = self.get(path, &query)?;
            if let Some(Value::Array(more)) = page.get_mut("items").map(Value::take) {
                items.extend(more);
            }
            let next = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
            let is_enough = limit.is_some_and(|limit| items.len() >= limit);
            if next.is_none() || next == cursor || is_enough {
                break;
            }
            cursor = next;
        }
        items.truncate(limit.unwrap_or(usize::MAX));
        Ok(json!({ "items": items }))
    }

    /// An export: all its parts as one text.
    ///
    /// # Errors
    /// The server's sentence, or why it was not reached.
    pub fn export(&self, path: &[&str], query: &Query<'_>) -> Result<String, Failure> {
        let mut text = String::new();
        let mut cursor: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut query = query.to_vec();
            if let Some(cursor) = &cursor {
                query.push(("cursor", cursor));
            }
            let (body, next) = self.request(Method::Get, path, &query, "text/csv", None)?;
            let part = String::from_utf8(body)
                .map_err(|_| Failure::new("The server's answer is not UTF-8."))?;
            text.push_str(&part);
            if next.is_none() || next == cursor {
                break;
            }
            cursor = next;
        }
        Ok(text)
    }

    /// A file, as it is.
    ///
    /// # Errors
    /// The server's sentence, or why it was not reached.
    pub fn download(&self, path: &[&str], query: &Query<'_>) -> Result<Vec<u8>, Failure> {
        self.request(Method::Get, path, query, "*/*", None).map(|(body, _)| body)
    }

    fn request(
        &self,
        method: Method,
        path: &[&str],
        query: &Query<'_>,
        accept: &str,
        body: Option<&Value>,
    ) -> Result<(Vec<u8>, Option<String>), Failure> {
        let request = Request::builder()
            .method(method.name())
            .uri(address(&self.settings.base_url, path, query)?)
            .header("authorization", format!("Bearer {}", self.settings.key))
            .header("accept", accept);
        let sent = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json");
                request.body(body.to_string()).map(|request| self.agent.run(request))
            }
            None => request.body(()).map(|request| self.agent.run(request)),
        };
        let sent = sent.map_err(|_| Failure::new("The request cannot be written as HTTP."))?;
        let mut response = sent.map_err(|error| {
            Failure::new(format!("{} cannot be reached: {error}.", self.settings.base_url))
        })?;
        let read = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let bytes =
            read.map_err(|error| Failure::new(format!("The answer broke off: {error}.")))?;
        if response.status().is_success() {
            let next = response.headers().get(NEXT_CURSOR_HEADER);
            let next = next.and_then(|value| value.to_str().ok()).map(str::to_owned);
            Ok((bytes, next))
        } else {
            Err(refusal(&response, &bytes))
        }
    }
}

fn address(base_url: &str, path: &[&str], query: &Query<'_>) -> Result<String, Failure> {
    let mut address = format!("{base_url}/v1");
    for segment in path {
        // An empty variable of a script would shorten the path, and dots could be resolved on the way: the
        // request would mean something else than was typed.
        if segment.chars().all(|c| c == '.' || c.is_whitespace()) {
            return Err(Failure::new(format!(
                "`{segment}` names nothing: give the id or the domain. (Is a variable empty?)"
            )));
        }
        address.push('/');
        address.extend(utf8_percent_encode(segment, ENCODED));
    }
    for (n, (name, value)) in query.iter().enumerate() {
        address.push(if n == 0 { '?' } else { '&' });
        address.extend(utf8_percent_encode(name, ENCODED));
        address.push('=');
        address.extend(utf8_percent_encode(value, ENCODED));
    }
    Ok(address)
}

fn parse(bytes: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(bytes).map_err(|_| {
        Failure::new(
            "The server's answer is not JSON. Is there another server at this address, or a proxy before it?",
        )
    })
}

/// The server's own sentence (RFC 9457); the request id where only the server's log can help.
fn refusal<T>(response: &Response<T>, bytes: &[u8]) -> Failure {
    let status = response.status();
    let problem: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let member = |name: &str| problem.get(name).and_then(Value::as_str);
    match (member("detail"), member("request_id")) {
        (Some(detail), Some(id)) if status.is_server_error() && !detail.contains(id) => {
            Failure::new(format!("{detail} (request {id})"))
        }
        (Some(detail), _) => Failure::new(detail),
        (None, _) => Failure::new(format!(
            "The server answered {} and gave no reason. Is this the address of a Lychgate server?",
            status.as_u16()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_cannot_leave_its_segment() {
        let address = |path: &[&str], query: &Query<'_>| address("https://a.example", path, query);
        assert_eq!(
            address(&["organizations", "../x?y#z%2f"], &[("cursor", "a&b=c")]).unwrap(),
            "https://a.example/v1/organizations/..%2Fx%3Fy%23z%252f?cursor=a%26b%3Dc"
        );
        assert_eq!(address(&["operator-keys"], &[]).unwrap(), "https://a.example/v1/operator-keys");
        for nothing in ["", " ", ".", ".."] {
            assert!(address(&["organizations", nothing, "tokens"], &[]).is_err(), "{nothing}");
        }
    }

    #[test]
    fn the_servers_sentence_is_what_is_shown() {
        let response = Response::builder().status(409).body(()).unwrap();
        let body = br#"{"detail":"The domain is taken.","request_id":"r-1"}"#;
        assert_eq!(refusal(&response, body).to_string(), "The domain is taken.");
        let response = Response::builder().status(503).body(()).unwrap();
        assert!(refusal(&response, body).to_string().contains("r-1"));
        assert!(refusal(&response, b"<html>").to_string().contains("503"));
    }
}

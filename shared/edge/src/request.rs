//! A request, normalised once: method, path segments, query pairs, header fields, body bytes.
//!
//! What is wrong with it as HTTP (too long, not decodable, an XML body) is kept as its [`Request::fault`] rather
//! than answered here, so that the frame can first see who asks, and the request log shows it to them.

use std::fmt;

use lychgate_core::time::Timestamp;
use lychgate_scim::{Error, ErrorKind};
use percent_encoding::percent_decode_str;

use crate::{
    event::{self, Event, Headers},
    routes,
};

/// The largest body that is read, in bytes. A PATCH of 10,000 members has about 1 MB.
pub const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// The longest query that is read, in bytes. API Gateway lets no more than 10 KB of request line and headers through.
pub const QUERY_BYTES_MAX: usize = 16 * 1024;
/// The longest path that is looked at, in bytes.
pub const PATH_BYTES_MAX: usize = 2 * 1024;
/// The most query parameters that are read.
pub const QUERY_PAIRS_MAX: usize = 64;
/// What is kept of the time that a function has for the answer's way back, in milliseconds.
pub const ANSWER_MILLIS_RESERVED: u64 = 500;

/// The methods that the stack knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the HTTP method of its name")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    /// Any other.
    Other,
}

impl Method {
    /// From its name, which is case-sensitive (RFC 9110 §9.1).
    #[must_use]
    pub fn parse(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            _ => Self::Other,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Other => "OTHER",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What comes beside an event: how the invocation is called, how long it may take, what addresses begin with.
#[derive(Debug, Clone)]
pub struct Arrival<'a> {
    /// The invocation's id, for an event that has none of its own.
    pub request_id: &'a str,
    /// When the function is stopped.
    pub deadline: Timestamp,
    /// The configured origin.
    pub base_url: Option<&'a str>,
}

/// A request as the functions see it.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path's segments: decoded, without the stage, without empty ones (a trailing slash is tolerated).
    pub segments: Vec<String>,
    /// The path and query as they came, for the request log.
    pub target: String,
    /// The query's pairs: decoded, in their order, repeated ones included.
    pub query: Vec<(String, String)>,
    /// The query as it came, percent-encoded: a signature over it holds for these octets only (SAML Bindings §3.4.4.1).
    pub raw_query: String,
    /// Header fields.
    pub headers: Headers,
    /// Names and values of the cookies.
    pub cookies: Vec<(String, String)>,
    /// The address of who asks, as API Gateway saw it.
    pub source_ip: Option<String>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// Names the request in logs and in the answer.
    pub request_id: String,
    /// When an answer must have been given.
    pub deadline: Timestamp,
    /// `https://host` without a slash at its end.
    pub base_url: String,
    /// Why it cannot be carried out, whatever the route.
    pub fault: Option<Error>,
}

impl Request {
    /// From API Gateway's event.
    #[must_use]
    pub fn from_event(event: Event, arrival: &Arrival<'_>) -> Self {
        let context = event.request_context;
        let mut fault = None;
        let raw_path = event.raw_path.unwrap_or_default();
        let path = without_stage(&raw_path, context.stage.as_deref());
        let raw_query = event.raw_query_string.unwrap_or_default();
        let segments = if path.len() > PATH_BYTES_MAX {
            fault = Some(Error::not_found("There is nothing at an address of this length."));
            // Enough of it to tell in which form to answer.
            segments(path.get(..routes::SCIM_ROOT.len()).unwrap_or_default())
        } else {
            segments(path)
        };
        let query = pairs(&raw_query).unwrap_or_else(|error| {
            fault.get_or_insert(error);
            Vec::new()
        });
        let body = body(event.body, event.is_base64_encoded).unwrap_or_else(|error| {
            fault.get_or_insert(error);
            Vec::new()
        });
        let method = Method::parse(&context.http.method);
        if fault.is_none() {
            fault = media_type_fault(method, &event.headers, &body, routes::is_scim(&segments));
        }
        let base_url = arrival.base_url.map_or_else(
            || {
                let host = context.domain_name.as_deref();
                let host = host.or_else(|| event.headers.get("host"));
                format!("https://{}", host.unwrap_or("localhost"))
            },
            str::to_owned,
        );
        Self {
            method,
            target: if raw_query.is_empty() {
                path.to_owned()
            } else {
                format!("{path}?{raw_query}")
            },
            segments,
            query,
            raw_query,
            cookies: cookies(event.cookies.as_deref(), &event.headers),
            source_ip: context.http.source_ip,
            headers: event.headers,
            body,
            request_id: context
                .request_id
                .filter(|id| is_request_id(id))
                .unwrap_or_else(|| arrival.request_id.to_owned()),
            deadline: Timestamp::from_unix_millis(
                arrival.deadline.unix_millis().saturating_sub(ANSWER_MILLIS_RESERVED),
            ),
            base_url,
            fault,
        }
    }

    /// A request made by hand, without a body, for tests: `target` is a path with or without a query.
    #[must_use]
    pub fn new(method: Method, target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut event = Event {
            raw_path: Some(path.to_owned()),
            raw_query_string: Some(query.to_owned()),
            ..Event::default()
        };
        method.name().clone_into(&mut event.request_context.http.method);
        Self::from_event(
            event,
            &Arrival {
                request_id: "request",
                deadline: Timestamp::from_unix_millis(u64::MAX),
                base_url: Some("https://lychgate.test"),
            },
        )
    }

    /// With this header field.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(name, value);
        self
    }

    /// With this body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The first cookie of this name.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A header field's value; `name` in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The first query parameter of this name, in any case of its letters: Entra and Okta agree on the names, people
    /// who type an address by hand do not.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body's media type in lower case, without its parameters; empty when the client named none.
    #[must_use]
    pub fn media_type(&self) -> String {
        media_type(&self.headers)
    }
}

fn media_type(headers: &Headers) -> String {
    let value = headers.get("content-type").unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default();
    media_type.trim().to_ascii_lowercase()
}

/// The most cookies that are read.
pub const COOKIES_MAX: usize = 50;

/// From the event's own list, or from the header where nobody made that list (RFC 6265 §4.2.1).
fn cookies(listed: Option<&[String]>, headers: &Headers) -> Vec<(String, String)> {
    let header = headers.get("cookie").unwrap_or_default();
    let pairs: Vec<&str> = match listed {
        Some(listed) if !listed.is_empty() => listed.iter().map(String::as_str).collect(),
        _ => header.split(';').collect(),
    };
    let pairs = pairs.into_iter().filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).take(COOKIES_MAX).collect()
}

/// API Gateway's ids are base64 of a few bytes; whatever else arrives does not go into a header.
fn is_request_id(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn without_stage<'a>(path: &'a str, stage: Option<&str>) -> &'a str {
    let Some(stage) = stage.filter(|stage| !stage.is_empty() && *stage != "$default") else {
        return path;
    };
    match path.strip_prefix('/').and_then(|rest| rest.strip_prefix(stage)) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => path,
    }
}

fn segments(path: &str) -> Vec<String> {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned()).collect()
}

/// The pairs of a query: `+` is a space, a trailing `&` or `?` and parameters without a name are nothing.
fn pairs(query: &str) -> Result<Vec<(String, String)>, Error> {
    if query.len() > QUERY_BYTES_MAX {
        let detail = format!(
            "The query is longer than {QUERY_BYTES_MAX} bytes. Send it as POST to `.search` instead."
        );
        let filter = query.contains("filter=");
        let kind = if filter { ErrorKind::InvalidFilter } else { ErrorKind::TooMany };
        return Err(Error::new(kind, detail));
    }
    split_pairs(query, QUERY_PAIRS_MAX)
}

fn split_pairs(query: &str, pairs_max: usize) -> Result<Vec<(String, String)>, Error> {
    let mut pairs = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = name.trim_start_matches('?').trim_end_matches('?');
        if name.is_empty() {
            continue;
        }
        if pairs.len() == pairs_max {
            return Err(Error::too_many(format!(
                "The query has more than {pairs_max} parameters."
            )));
        }
        pairs.push((decoded(name)?, decoded(value)?));
    }
    Ok(pairs)
}

/// The pairs of a form or query, percent-encoded with `+` for a space.
///
/// # Errors
/// An [`Error`] when it is too long or not UTF-8.
pub(crate) fn form_pairs(bytes: &[u8]) -> Result<Vec<(String, String)>, Error> {
    pairs(std::str::from_utf8(bytes).map_err(|_| not_utf8())?)
}

/// The pairs of a form that may be longer than a query: it carries a message, or many ticks.
///
/// # Errors
/// An [`Error`] when it is longer than `bytes_max`, has more than `pairs_max` fields, or is not UTF-8.
pub(crate) fn long_form_pairs(
    bytes: &[u8],
    bytes_max: usize,
    pairs_max: usize,
) -> Result<Vec<(String, String)>, Error> {
    if bytes.len() > bytes_max {
        let detail = format!("The form is longer than {bytes_max} bytes.");
        return Err(Error::new(ErrorKind::PayloadTooLarge, detail));
    }
    split_pairs(std::str::from_utf8(bytes).map_err(|_| not_utf8())?, pairs_max)
}

fn decoded(text: &str) -> Result<String, Error> {
    let spaced;
    let text = if text.contains('+') {
        spaced = text.replace('+', " ");
        &spaced
    } else {
        text
    };
    match percent_decode_str(text).decode_utf8() {
        Ok(text) => Ok(text.into_owned()),
        Err(_) => Err(not_utf8()),
    }
}

fn not_utf8() -> Error {
    Error::invalid_value("The query's percent-encoding is not UTF-8.")
}

fn body(body: Option<String>, is_base64: bool) -> Result<Vec<u8>, Error> {
    let too_large = || {
        Error::new(
            ErrorKind::PayloadTooLarge,
            format!(
                "The body is larger than {} MB. Send it in several smaller requests.",
                BODY_BYTES_MAX / 1024 / 1024
            ),
        )
    };
    let Some(body) = body else {
        return Ok(Vec::new());
    };
    // Before decoding: nothing is allocated for what is refused.
    if body.len() > BODY_BYTES_MAX && (!is_base64 || body.len() / 4 * 3 > BODY_BYTES_MAX + 2) {
        return Err(too_large());
    }
    let bytes = if is_base64 {
        event::decode(&body)
            .ok_or_else(|| Error::invalid_syntax("The body could not be decoded."))?
    } else {
        body.into_bytes()
    };
    if bytes.len() > BODY_BYTES_MAX {
        return Err(too_large());
    }
    Ok(bytes)
}

/// A body that is plainly something else than JSON. Lenient: OneLogin and Google say `application/json`, scripts say
/// nothing or `text/plain`; only what says that it is XML, a form or a picture is refused.
fn media_type_fault(method: Method, headers: &Headers, body: &[u8], scim: bool) -> Option<Error> {
    let reads_body = matches!(method, Method::Post | Method::Put | Method::Patch);
    if !reads_body || body.is_empty() || !scim {
        return None;
    }
    let encoding = headers.get("content-encoding").unwrap_or("identity");
    if !encoding.trim().is_empty() && !encoding.trim().eq_ignore_ascii_case("identity") {
        return Some(Error::new(
            ErrorKind::UnsupportedMediaType,
            "Compressed bodies are not read. Send the body without Content-Encoding.",
        ));
    }
    let media_type = media_type(headers);
    let refused = media_type.ends_with("/xml")
        || media_type.ends_with("+xml")
        || ["multipart/", "image/", "audio/", "video/", "font/"]
            .iter()
            .any(|prefix| media_type.starts_with(prefix))
        || matches!(
            media_type.as_str(),
            "text/html"
                | "text/csv"
                | "application/x-www-form-urlencoded"
                | "application/pdf"
                | "application/zip"
                | "application/gzip"
        );
    refused.then(|| {
        Error::new(
            ErrorKind::UnsupportedMediaType,
            "The body must be JSON. Send it with Content-Type: application/scim+json.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(method: &str, path: &str, query: &str) -> Event {
        let mut event = Event {
            raw_path: Some(path.to_owned()),
            raw_query_string: Some(query.to_owned()),
            ..Event::default()
        };
        event.request_context.http.method = method.to_owned();
        event
    }

    fn read(event: Event) -> Request {
        Request::from_event(
            event,
            &Arrival {
                request_id: "r-1",
                deadline: Timestamp::from_unix_millis(10_000),
                base_url: None,
            },
        )
    }

    #[test]
    fn a_trailing_slash_doubled_slashes_and_escapes_are_tolerated() {
        let request = read(event("GET", "/scim/v2//Users/a%20b/", ""));
        assert_eq!(request.segments, ["scim", "v2", "Users", "a b"]);
    }

    #[test]
    fn the_stage_is_no_part_of_the_path() {
        let mut staged = event("GET", "/live/scim/v2", "");
        staged.request_context.stage = Some("live".to_owned());
        assert_eq!(read(staged.clone()).segments, ["scim", "v2"]);
        staged.raw_path = Some("/lively/scim".to_owned());
        assert_eq!(read(staged).segments, ["lively", "scim"]);
    }

    #[test]
    fn the_query_is_read_as_idps_write_it() {
        let request = read(event(
            "GET",
            "/scim/v2/Users",
            "aadOptscim062020&filter=userName+eq+%22ada%2B1%40example.com%22&count=1&count=2&&",
        ));
        assert_eq!(request.query("FILTER"), Some("userName eq \"ada+1@example.com\""));
        assert_eq!(request.query("count"), Some("1"));
        assert_eq!(request.query("aadOptscim062020"), Some(""));
        assert_eq!(request.query.len(), 4);
        assert_eq!(request.fault, None);
        assert!(read(event("GET", "/", "?&?")).query.is_empty());
    }

    #[test]
    fn what_cannot_be_decoded_is_a_fault_and_no_panic() {
        let fault = read(event("GET", "/scim/v2/Users", "filter=%FF")).fault.unwrap();
        assert_eq!(fault.kind, ErrorKind::InvalidValue);
        let mut broken = event("POST", "/scim/v2/Users", "");
        broken.body = Some("%%%".to_owned());
        broken.is_base64_encoded = true;
        assert_eq!(read(broken).fault.unwrap().kind, ErrorKind::InvalidSyntax);
    }

    #[test]
    fn limits_hold_at_their_edge() {
        let with_body = |bytes: usize, encoded: bool| {
            let mut event = event("POST", "/scim/v2/Users", "");
            let text = " ".repeat(bytes);
            event.body = Some(if encoded { event::encode(text.as_bytes()) } else { text });
            event.is_base64_encoded = encoded;
            read(event)
        };
        for encoded in [false, true] {
            assert_eq!(with_body(BODY_BYTES_MAX, encoded).fault, None);
            let fault = with_body(BODY_BYTES_MAX + 1, encoded).fault.unwrap();
            assert_eq!(fault.kind, ErrorKind::PayloadTooLarge);
        }
        let filter = format!("filter={}", "a".repeat(QUERY_BYTES_MAX));
        let fault = read(event("GET", "/scim/v2/Users", &filter)).fault.unwrap();
        assert_eq!(fault.kind, ErrorKind::InvalidFilter);
        let long = read(event("GET", &format!("/scim/v2/{}", "a".repeat(PATH_BYTES_MAX)), ""));
        assert_eq!(long.fault.unwrap().kind, ErrorKind::NotFound);
        assert_eq!(long.segments, ["scim", "v2"]);
    }

    #[test]
    fn only_what_is_plainly_something_else_is_refused() {
        let fault = |media_type: &str| {
            let mut event = event("POST", "/scim/v2/Users", "");
            event.body = Some("{}".to_owned());
            event.headers.push("Content-Type", media_type);
            read(event).fault.map(|error| error.kind)
        };
        for fine in [
            "application/scim+json; charset=utf-8",
            "APPLICATION/JSON",
            "text/plain",
            "",
            "application/octet-stream",
        ] {
            assert_eq!(fault(fine), None, "{fine}");
        }
        for wrong in ["application/xml", "text/xml; charset=x", "multipart/form-data; boundary=x"] {
            assert_eq!(fault(wrong), Some(ErrorKind::UnsupportedMediaType), "{wrong}");
        }
    }

    #[test]
    fn the_deadline_leaves_time_for_the_way_back() {
        assert_eq!(read(event("GET", "/", "")).deadline, Timestamp::from_unix_millis(9_500));
    }

    #[test]
    fn a_request_id_that_is_no_header_value_is_not_taken() {
        let mut odd = event("GET", "/", "");
        odd.request_context.request_id = Some("a\r\nb".to_owned());
        assert_eq!(read(odd).request_id, "r-1");
    }
}

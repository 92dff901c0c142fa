//! Replies: the one place where an answer or an error becomes bytes.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use lychgate_core::call::{Answer, AnswerKind, Failure};
use lychgate_scim::{Error, ErrorKind, message};
use serde::Serialize;
use serde_json::Value;

use crate::{
    event::{self, EventReply},
    problem::Problem,
    request::{Method, Request},
    routes,
};

/// The media type of SCIM (RFC 7644 §8.1), spelled as IdPs expect it.
pub const SCIM_MEDIA_TYPE: &str = "application/scim+json; charset=utf-8";
/// The media type of the operator's API.
pub const JSON_MEDIA_TYPE: &str = "application/json; charset=utf-8";
/// The media type of its errors (RFC 9457).
pub const PROBLEM_MEDIA_TYPE: &str = "application/problem+json; charset=utf-8";
/// The media type of pages.
pub const HTML_MEDIA_TYPE: &str = "text/html; charset=utf-8";
/// Bodies of at least this many bytes are compressed for who takes gzip. Below it, the compressor costs more time
/// than the bytes that it saves.
pub const GZIP_BYTES_MIN: usize = 4 * 1024;
/// The largest body as it stands in Lambda's answer, in bytes: 6 MB, less what surrounds it.
pub const RESPONSE_BYTES_MAX: usize = 6 * 1024 * 1024 - 64 * 1024;
/// What a defect is called before strangers.
pub const INTERNAL: &str = "Something went wrong on our side. The request id names the case";

/// A reply before it is on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Header fields, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The values of `Set-Cookie` fields.
    pub cookies: Vec<String>,
    /// The body, if it has one.
    pub body: Option<Vec<u8>>,
}

impl Reply {
    /// Without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), cookies: Vec::new(), body: None }
    }

    /// With a JSON body of this media type.
    #[must_use]
    pub fn json(status: u16, media_type: &'static str, body: &impl Serialize) -> Self {
        // Our own types and `Value`s serialise; a reply without a body would be the lesser evil.
        let bytes = serde_json::to_vec(body).ok();
        Self {
            status,
            headers: vec![("content-type", media_type.to_owned())],
            cookies: Vec::new(),
            body: bytes,
        }
    }

    /// With this header field. Characters that a header cannot hold are left out.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let mut value: String = value.into();
        value.retain(|c| (' '..='~').contains(&c));
        self.headers.push((name, value));
        self
    }

    /// An HTML page. It is never cached, never framed, and loads nothing but our style sheet.
    #[must_use]
    pub fn html(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: Some(body.into()),
            ..Self::empty(status).with_header("content-type", HTML_MEDIA_TYPE)
        }
    }

    /// 303 to this address.
    #[must_use]
    pub fn see_other(location: &str) -> Self {
        Self::empty(303).with_header("location", location).with_header("cache-control", "no-store")
    }

    /// With this `Set-Cookie` (see [`crate::cookie`]).
    #[must_use]
    pub fn with_cookie(mut self, cookie: String) -> Self {
        self.cookies.push(cookie);
        self
    }

    /// A header field's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `null` when it is none. For tests.
    #[must_use]
    pub fn value(&self) -> Value {
        let bytes = self.body.as_deref().unwrap_or_default();
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    /// A success of a SCIM request.
    #[must_use]
    pub fn answer(answer: &Answer) -> Self {
        let status = match answer.kind {
            AnswerKind::Ok => 200,
            AnswerKind::Created => 201,
            AnswerKind::NoContent => 204,
            AnswerKind::NotModified => 304,
        };
        let mut reply = match (&answer.body, answer.kind) {
            (Some(body), AnswerKind::Ok | AnswerKind::Created) => {
                Self::json(status, SCIM_MEDIA_TYPE, body)
            }
            (Some(_) | None, _) => Self::empty(status),
        };
        if let Some(location) = &answer.location {
            reply = reply.with_header("location", location);
        }
        if let Some(etag) = &answer.etag {
            reply = reply.with_header("etag", etag);
        }
        reply
    }

    /// A failure of a SCIM request. What we know beyond it goes to the log, not here.
    #[must_use]
    pub fn failure(failure: &Failure, request_id: &str) -> Self {
        let error = &failure.error;
        let detail = match error.kind {
            ErrorKind::Internal => format!("{INTERNAL} ({request_id}).").into(),
            _ => error.detail.clone(),
        };
        let body = message::error::render(&Error { kind: error.kind, detail });
        with_error_headers(
            Self::json(error.kind.status(), SCIM_MEDIA_TYPE, &body),
            error.kind,
            failure.retry_after_secs,
            "SCIM",
        )
    }

    /// An error in the form that the path asks for: SCIM's under `/scim/`, a problem elsewhere.
    #[must_use]
    pub fn error(error: Error, request: &Request) -> Self {
        if routes::is_scim(&request.segments) {
            Self::failure(&error.into(), &request.request_id)
        } else {
            Problem::from(error).into_reply(&request.request_id)
        }
    }

    /// Ready for the wire: named, not to be kept by caches, compressed, within Lambda's limit.
    #[must_use]
    pub fn finish(self, request: &Request) -> EventReply {
        let gzip = takes_gzip(request.header("accept-encoding").unwrap_or_default());
        let without_body = request.method == Method::Head;
        let encoded = self.encode(gzip, without_body);
        let mut wire = encoded.unwrap_or_else(|reply| {
            let too_large = Error::too_many(
                "The answer is larger than 6 MB. Ask for less: a smaller count, attributes=…, or \
                 excludedAttributes=members.",
            );
            // Small: it fits.
            reply.replaced(Self::error(too_large, request))
        });
        wire.headers.push("x-request-id", request.request_id.as_str());
        // What says nothing of its own is not to be kept; two values would be joined.
        if wire.headers.get("cache-control").is_none() {
            wire.headers.push("cache-control", "no-store");
        }
        if wire.headers.get("x-content-type-options").is_none() {
            wire.headers.push("x-content-type-options", "nosniff");
        }
        wire
    }

    fn encode(self, gzip: bool, without_body: bool) -> Result<EventReply, TooLarge> {
        let mut wire = EventReply {
            status_code: self.status,
            headers: self.headers.into_iter().collect(),
            cookies: self.cookies,
            body: None,
            is_base64_encoded: false,
        };
        let Some(body) = self.body.filter(|_| !without_body) else {
            return Ok(wire);
        };
        if body.len() >= GZIP_BYTES_MIN {
            wire.headers.push("vary", "Accept-Encoding");
            if gzip && let Some(small) = compressed(&body) {
                if small.len() / 3 * 4 + 4 > RESPONSE_BYTES_MAX {
                    return Err(TooLarge);
                }
                wire.headers.push("content-encoding", "gzip");
                wire.body = Some(event::encode(&small));
                wire.is_base64_encoded = true;
                return Ok(wire);
            }
        }
        // As text it stands in a JSON string: every quotation mark and backslash takes two bytes there. Counting them
        // was the dearest line of a page of 100, and can only matter to a body of half the limit.
        let escapes = if body.len() > RESPONSE_BYTES_MAX / 2 {
            body.iter().filter(|byte| matches!(byte, b'"' | b'\\')).count()
        } else {
            0
        };
        match String::from_utf8(body) {
            Ok(text) if text.len() + escapes <= RESPONSE_BYTES_MAX => wire.body = Some(text),
            Ok(_) => return Err(TooLarge),
            Err(error) => {
                wire.body = Some(event::encode(error.as_bytes()));
                wire.is_base64_encoded = true;
            }
        }
        Ok(wire)
    }
}

/// The answer does not fit.
struct TooLarge;

impl TooLarge {
    fn replaced(self, reply: Reply) -> EventReply {
        EventReply {
            status_code: reply.status,
            headers: reply.headers.into_iter().collect(),
            cookies: Vec::new(),
            body: reply.body.and_then(|body| String::from_utf8(body).ok()),
            is_base64_encoded: false,
        }
    }
}

/// The header fields that belong to a kind of error. No `_` arm: a new kind does not compile until somebody has
/// decided.
pub(crate) fn with_error_headers(
    reply: Reply,
    kind: ErrorKind,
    retry_after: Option<u32>,
    realm: &str,
) -> Reply {
    match kind {
        ErrorKind::Unauthorized => {
            reply.with_header("www-authenticate", format!("Bearer realm=\"{realm}\""))
        }
        ErrorKind::TooManyRequests | ErrorKind::Unavailable => {
            // Whole seconds: Okta waits five minutes on anything else.
            let secs = retry_after.unwrap_or(lychgate_core::call::RETRY_AFTER_SECS);
            reply.with_header("retry-after", secs.to_string())
        }
        ErrorKind::InvalidFilter
        | ErrorKind::TooMany
        | ErrorKind::Uniqueness
        | ErrorKind::Mutability
        | ErrorKind::InvalidSyntax
        | ErrorKind::InvalidPath
        | ErrorKind::NoTarget
        | ErrorKind::InvalidValue
        | ErrorKind::InvalidVers
        | ErrorKind::Sensitive
        | ErrorKind::InvalidCursor
        | ErrorKind::ExpiredCursor
        | ErrorKind::InvalidCount
        | ErrorKind::BadRequest
        | ErrorKind::Forbidden
        | ErrorKind::NotFound
        | ErrorKind::MethodNotAllowed
        | ErrorKind::Conflict
        | ErrorKind::PreconditionFailed
        | ErrorKind::PayloadTooLarge
        | ErrorKind::UnsupportedMediaType
        | ErrorKind::Internal
        | ErrorKind::NotImplemented => reply,
    }
}

/// Whether `Accept-Encoding` allows gzip (RFC 9110 §12.5.3); `gzip;q=0` forbids it.
fn takes_gzip(accept: &str) -> bool {
    let mut any = false;
    for coding in accept.split(',') {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = parameters.trim().strip_prefix("q=");
        let refused = weight.is_some_and(|weight| weight.trim().parse() == Ok(0.0_f32));
        match name.trim() {
            name if name.eq_ignore_ascii_case("gzip") => return !refused,
            "*" => any = !refused,
            _ => {}
        }
    }
    any
}

fn compressed(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn request() -> Request {
        Request::new(Method::Get, "/scim/v2/Users")
    }

    #[test]
    fn every_kind_of_error_has_its_status_as_text_and_a_detail() {
        for kind in ErrorKind::ALL {
            let failure = Failure::from(Error::new(kind, "What to change."));
            let reply = Reply::failure(&failure, "r-1");
            let body = reply.value();
            assert_eq!(reply.status, kind.status());
            assert_eq!(body["status"], kind.status().to_string());
            assert_eq!(body.get("scimType").and_then(Value::as_str), kind.scim_type());
            assert!(!body["detail"].as_str().unwrap().is_empty());
            assert_eq!(reply.header("content-type"), Some(SCIM_MEDIA_TYPE));
            assert_eq!(reply.header("retry-after").is_some(), matches!(reply.status, 429 | 503));
            assert_eq!(reply.header("www-authenticate").is_some(), reply.status == 401);
        }
    }

    #[test]
    fn a_defect_is_named_by_its_request_id_and_nothing_else() {
        let reply = Reply::failure(&Failure::internal("table `x` is gone".to_owned()), "r-7");
        let detail = reply.value()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("r-7") && !detail.contains("table"), "{detail}");
    }

    #[test]
    fn large_bodies_are_compressed_for_who_takes_it() {
        let body = serde_json::json!({ "text": "a".repeat(GZIP_BYTES_MIN) });
        let reply = Reply::json(200, SCIM_MEDIA_TYPE, &body);
        let plain = reply.clone().finish(&request());
        assert!(!plain.is_base64_encoded);
        assert_eq!(plain.headers.get("vary"), Some("Accept-Encoding"));
        let wire = reply.finish(&request().with_header("accept-encoding", "gzip,deflate"));
        assert_eq!(wire.headers.get("content-encoding"), Some("gzip"));
        let bytes = event::decode(wire.body.as_deref().unwrap()).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), body);
    }

    #[test]
    fn accept_encoding_is_read_as_the_rfc_says() {
        for (accept, takes) in [
            ("gzip,deflate", true),
            ("br, GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0", false),
            ("gzip; q=0.0, *", false),
            ("identity", false),
            ("", false),
        ] {
            assert_eq!(takes_gzip(accept), takes, "{accept}");
        }
    }

    #[test]
    fn an_answer_beyond_lambdas_limit_names_the_way_out() {
        let text = "\"".repeat(RESPONSE_BYTES_MAX / 3);
        let wire = Reply::json(200, SCIM_MEDIA_TYPE, &text).finish(&request());
        assert_eq!(wire.status_code, 400);
        let body = wire.body.unwrap();
        assert!(body.contains("tooMany") && body.contains("excludedAttributes=members"));
        let wire = Reply::json(200, SCIM_MEDIA_TYPE, &text)
            .finish(&request().with_header("accept-encoding", "gzip"));
        assert_eq!(wire.status_code, 200);
    }

    #[test]
    fn what_has_no_body_says_no_media_type() {
        for kind in [AnswerKind::NoContent, AnswerKind::NotModified] {
            let answer =
                Answer { kind, body: None, location: None, etag: Some("W/\"3\"".to_owned()) };
            let wire = Reply::answer(&answer).finish(&request());
            assert_eq!((wire.body, wire.headers.get("content-type")), (None, None));
            assert_eq!(wire.headers.get("etag"), Some("W/\"3\""));
        }
    }

    #[test]
    fn a_header_cannot_be_split() {
        let reply = Reply::empty(204).with_header("location", "https://a\r\nset-cookie: b");
        assert_eq!(reply.header("location"), Some("https://aset-cookie: b"));
    }
}

//! What API Gateway does between the network and a function: limits, the route, the event, the answer.

use std::{sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes};
use lychgate_core::ctx::World;
use lychgate_edge::{
    event::{self, Event, EventReply, Headers, HttpContext, RequestContext},
    reply::Reply,
    request::{Arrival, Request as EdgeRequest},
    routes,
};
use lychgate_scim::{Error, ErrorKind};

use crate::{functions::Functions, sample::Sample};

/// The largest body that API Gateway takes, in bytes.
pub const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
/// How much of a body that is too large is read and thrown away, in bytes, so that the client gets to read the answer.
const BODY_BYTES_DRAINED_MAX: usize = 64 * 1024 * 1024;
/// How long a function may take, in seconds, as the template has it.
pub const FUNCTION_SECS_MAX: u64 = 29;

/// API Gateway's part.
pub struct Gateway {
    functions: Arc<Functions>,
    sample: Sample,
    base_url: String,
    world: Arc<dyn World>,
}

impl Gateway {
    /// In front of these functions.
    #[must_use]
    pub fn new(
        functions: Arc<Functions>,
        sample: Sample,
        base_url: String,
        world: Arc<dyn World>,
    ) -> Self {
        Self { functions, sample, base_url, world }
    }

    /// Answers one HTTP request.
    ///
    /// # Errors
    /// When the client was cut off before it had sent its body: there is nobody to answer.
    pub async fn answer<B>(&self, request: Request<B>) -> Result<Response<Full<Bytes>>, B::Error>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let (parts, body) = request.into_parts();
        let received = receive(body).await?;
        if let Some(body) = &received
            && let Some(response) = self.sample.answer(&parts, body).await
        {
            return Ok(response);
        }
        let request_id = self.request_id();
        let deadline = self.world.now().plus_secs(FUNCTION_SECS_MAX);
        let arrival = Arrival { request_id: &request_id, deadline, base_url: Some(&self.base_url) };
        let event = event(&parts, received.as_deref().unwrap_or_default(), &request_id);
        let edge = EdgeRequest::from_event(without_body(&event), &arrival);
        if received.is_none() {
            let too_large = Error::new(
                ErrorKind::PayloadTooLarge,
                "The body is larger than 10 MB. Send it in several smaller requests.",
            );
            return Ok(response(Reply::error(too_large, &edge).finish(&edge)));
        }
        let function = routes::function_for(edge.method, &edge.segments);
        let answering = self.functions.invoke(function, event, &arrival);
        let limit = Duration::from_secs(FUNCTION_SECS_MAX);
        let reason = match tokio::time::timeout(limit, answering).await {
            Ok(Ok(reply)) => return Ok(response(reply)),
            Ok(Err(reason)) => reason,
            Err(_) => "the function took too long".to_owned(),
        };
        tracing::error!(request.id = request_id, function, reason, "a function gave no answer");
        let unavailable = Error::new(
            ErrorKind::Unavailable,
            "The function gave no answer in time. Try again later.",
        );
        Ok(response(Reply::error(unavailable, &edge).finish(&edge)))
    }

    fn request_id(&self) -> String {
        let mut bytes = [0_u8; 12];
        self.world.fill(&mut bytes);
        event::encode(&bytes)
    }
}

/// The body; `None` when it is too large.
async fn receive<B: Body<Data = Bytes> + Unpin>(mut body: B) -> Result<Option<Vec<u8>>, B::Error> {
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length <= BODY_BYTES_MAX {
            bytes.extend_from_slice(&data);
        } else {
            bytes = Vec::new();
        }
        if length > BODY_BYTES_DRAINED_MAX {
            break;
        }
    }
    Ok((length <= BODY_BYTES_MAX).then_some(bytes))
}

/// The event as API Gateway builds it.
fn event(parts: &http::request::Parts, body: &[u8], request_id: &str) -> Event {
    let fields = parts.headers.iter();
    let headers: Headers = fields
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let text = is_text(headers.get("content-type").unwrap_or_default());
    let plain = std::str::from_utf8(body).ok().filter(|_| text);
    let host = headers.get("host").unwrap_or("127.0.0.1");
    Event {
        version: "2.0".to_owned(),
        route_key: Some("$default".to_owned()),
        raw_path: Some(parts.uri.path().to_owned()),
        raw_query_string: Some(parts.uri.query().unwrap_or_default().to_owned()),
        request_context: RequestContext {
            domain_name: Some(host.split(':').next().unwrap_or_default().to_owned()),
            stage: Some("$default".to_owned()),
            request_id: Some(request_id.to_owned()),
            http: HttpContext {
                method: parts.method.as_str().to_owned(),
                source_ip: Some("127.0.0.1".to_owned()),
            },
        },
        body: (!body.is_empty()).then(|| plain.map_or_else(|| event::encode(body), str::to_owned)),
        is_base64_encoded: plain.is_none() && !body.is_empty(),
        headers,
        cookies: None,
    }
}

/// The media types that API Gateway hands on as text; `application/scim+json` is none of them.
fn is_text(media_type: &str) -> bool {
    let media_type = media_type.trim().to_ascii_lowercase();
    ["text/", "application/json", "application/javascript", "application/xml"]
        .iter()
        .any(|prefix| media_type.starts_with(prefix))
}

fn without_body(event: &Event) -> Event {
    Event {
        body: None,
        version: String::new(),
        route_key: None,
        raw_path: event.raw_path.clone(),
        raw_query_string: event.raw_query_string.clone(),
        headers: event.headers.clone(),
        cookies: event.cookies.clone(),
        request_context: event.request_context.clone(),
        is_base64_encoded: false,
    }
}

/// The answer as HTTP.
fn response(reply: EventReply) -> Response<Full<Bytes>> {
    let body = match (reply.body, reply.is_base64_encoded) {
        (Some(text), true) => event::decode(&text).unwrap_or_default(),
        (Some(text), false) => text.into_bytes(),
        (None, _) => Vec::new(),
    };
    let empty = body.is_empty();
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() =
        StatusCode::from_u16(reply.status_code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers.iter() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    for cookie in reply.cookies {
        if let Ok(value) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    if empty {
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}

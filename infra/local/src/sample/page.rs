//! Plain pages. Everything that is put into one is escaped here.

use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Bytes;
use percent_encoding::percent_decode_str;

/// Text for HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A page with this body, which is HTML already.
pub(super) fn html(status: u16, title: &str, body: &str) -> Response<Full<Bytes>> {
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title>\
         <link rel=\"stylesheet\" href=\"/assets/style.css\"></head><body><main class=\"wide\"><h1>{title}</h1>\
         {body}</main></body></html>",
        title = escaped(title),
    );
    with_type(status, "text/html; charset=utf-8", text)
}

/// A page that says one thing.
pub(super) fn message(status: u16, sentence: &str) -> Response<Full<Bytes>> {
    html(status, "Sample", &format!("<p>{}</p>", escaped(sentence)))
}

/// A body of another type.
pub(super) fn with_type(
    status: u16,
    media_type: &'static str,
    body: String,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// 303.
pub(super) fn see_other(location: &str) -> Response<Full<Bytes>> {
    let mut response = with_type(303, "text/plain", String::new());
    if let Ok(value) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

/// The first value of a name in a query or a form.
pub(super) fn field(pairs: &str, name: &str) -> Option<String> {
    let raw = pairs.split('&').find_map(|pair| {
        let (known, value) = pair.split_once('=')?;
        (known == name).then_some(value)
    })?;
    let spaced = raw.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

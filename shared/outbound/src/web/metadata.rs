//! Metadata of an identity provider, from the address that its owner pasted (SAML Metadata §4.1).

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode, header, response::Parts};
use http_body_util::Full;
use hyper::body::Bytes;
use lychgate_core::{
    ctx::Ctx,
    ports::outside::{FetchError, MetadataFetcher},
};
use tokio::time::timeout;

use super::{
    client::{Connector, Resolver, WebClient, request},
    not_saml, refused,
    target::Target,
    unreachable,
};

/// How long all of it may take, redirects and all, in milliseconds.
pub const FETCH_TIMEOUT_MILLIS: u64 = 10_000;
/// How many redirects are followed.
pub const REDIRECTS_MAX: usize = 3;
/// How much of a stranger's words is repeated, in characters.
const QUOTED_CHARS_MAX: usize = 60;

const ACCEPT: &str = "application/samlmetadata+xml, application/xml, text/xml, */*;q=0.1";
const WEB_PAGE: &str =
    "This address gives a web page. Copy the metadata URL: the one that shows XML.";

impl<R: Resolver, C: Connector> MetadataFetcher for WebClient<R, C> {
    async fn fetch(&self, ctx: &Ctx<'_>, url: &str) -> Result<Vec<u8>, FetchError> {
        let target = Target::parse(url, self.reach())?;
        let host = target.host().to_owned();
        let left = ctx.deadline.millis_since(ctx.now()).min(FETCH_TIMEOUT_MILLIS);
        let fetched = timeout(Duration::from_millis(left), follow(self, target)).await;
        fetched.unwrap_or_else(|_| {
            Err(unreachable(format!("{host} takes too long: {} seconds and more.", left / 1_000)))
        })
    }
}

async fn follow<R: Resolver, C: Connector>(
    client: &WebClient<R, C>,
    mut target: Target,
) -> Result<Vec<u8>, FetchError> {
    for _ in 0..=REDIRECTS_MAX {
        let request = request(Method::GET, &target)
            .header(header::ACCEPT, ACCEPT)
            .body(Full::new(Bytes::new()))
            .map_err(|error| refused(format!("The address cannot be asked for: {error}.")))?;
        let (parts, body) =
            client.ask(&target, request, |parts| wants(target.host(), parts)).await?;
        match location(&parts) {
            Some(location) => target = target.follow(location)?,
            None => return no_page(body),
        }
    }
    Err(unreachable(format!("{} redirects more than {REDIRECTS_MAX} times.", target.host())))
}

/// Where a redirect leads; `None` when the answer is none.
fn location(parts: &Parts) -> Option<&str> {
    if !is_redirect(parts.status) {
        return None;
    }
    parts.headers.get(header::LOCATION)?.to_str().ok()
}

const fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Whether the body is to be read: it is not for a redirect. Everything but 200 is refused.
fn wants(host: &str, parts: &Parts) -> Result<bool, FetchError> {
    if is_redirect(parts.status) && location(parts).is_some() {
        return Ok(false);
    }
    if parts.status != StatusCode::OK {
        let hint = match parts.status.as_u16() {
            401 | 403 => " The metadata must be readable without signing in.",
            404 | 410 => " Copy the metadata URL again.",
            _ => "",
        };
        let status = parts.status.as_u16();
        return Err(unreachable(format!("{host} answers with status {status}, not 200.{hint}")));
    }
    for coding in parts.headers.get_all(header::CONTENT_ENCODING) {
        if !coding.as_bytes().eq_ignore_ascii_case(b"identity") {
            return Err(not_saml(format!("{host} compresses its answer without being asked.")));
        }
    }
    fits(host, &parts.headers)?;
    Ok(true)
}

/// XML under any of its names, and the names that servers give to files they do not know. What it is, the parser says.
fn fits(host: &str, headers: &HeaderMap) -> Result<(), FetchError> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    let kind = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "text/html" | "application/xhtml+xml" => Err(not_saml(WEB_PAGE)),
        ""
        | "application/xml"
        | "text/xml"
        | "text/plain"
        | "application/octet-stream"
        | "binary/octet-stream"
        | "application/x-download" => Ok(()),
        kind if kind.ends_with("+xml") => Ok(()),
        kind => {
            let printable = |c: &char| c.is_ascii_graphic();
            let kind: String = kind.chars().filter(printable).take(QUOTED_CHARS_MAX).collect();
            Err(not_saml(format!("{host} sends {kind}, not XML. Copy the metadata URL.")))
        }
    }
}

/// A web page under another name.
fn no_page(body: Vec<u8>) -> Result<Vec<u8>, FetchError> {
    let start = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body).trim_ascii_start();
    let begins = |tag: &[u8]| start.get(..tag.len()).is_some_and(|s| s.eq_ignore_ascii_case(tag));
    if begins(b"<!doctype html") || begins(b"<html") {
        return Err(not_saml(WEB_PAGE));
    }
    Ok(body)
}

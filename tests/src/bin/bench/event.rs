//! Events as API Gateway writes them.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// The bytes of the event of a request. `number` names it.
pub(crate) fn event(
    number: u64,
    token: &str,
    method: &str,
    target: &str,
    body: Option<&Value>,
) -> Vec<u8> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    // API Gateway knows `application/scim+json` for no text.
    let body = body.map(|body| STANDARD.encode(body.to_string()));
    let event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {
            "accept": "application/scim+json",
            "authorization": format!("Bearer {token}"),
            "content-length": body.as_ref().map_or(0, String::len).to_string(),
            "content-type": "application/scim+json; charset=utf-8",
            "host": "abcdefghij.execute-api.us-east-1.amazonaws.com",
            "user-agent": "Okta SCIM Client 1.0.0",
            "x-amzn-trace-id": "Root=1-00000000-000000000000000000000000",
            "x-forwarded-for": "192.0.2.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdefghij",
            "domainName": "abcdefghij.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "abcdefghij",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "Okta SCIM Client 1.0.0",
            },
            "requestId": format!("request-{number}="),
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1_767_225_600_000_u64,
        },
        "body": body,
        "isBase64Encoded": body.is_some(),
    });
    event.to_string().into_bytes()
}

/// `text` as the value of a query parameter.
pub(crate) fn quoted(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

//! API Gateway's HTTP API events, payload format 2.0: what arrives and what goes back.
//!
//! Read here by hand rather than through `lambda_http`: that crate panics on a body that is not base64 although
//! the event says so and on a path that makes no URI, and it would read the query twice.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

/// A request as API Gateway hands it to a function. Fields that we do not use are skipped.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    /// `2.0`.
    pub version: String,
    /// The route that API Gateway chose. Only shown: routing depends on method and path (`cargo lambda watch` always
    /// says `$default`).
    pub route_key: Option<String>,
    /// The path, with the stage in front unless that is `$default`.
    pub raw_path: Option<String>,
    /// The query, percent-encoded.
    pub raw_query_string: Option<String>,
    /// Names in lower case; several of one name are joined by commas.
    pub headers: Headers,
    /// `name=value` of each cookie: API Gateway takes them out of the headers.
    pub cookies: Option<Vec<String>>,
    /// Method, host, stage.
    pub request_context: RequestContext,
    /// Text, or base64.
    pub body: Option<String>,
    /// Whether `body` is base64. API Gateway says so for every media type that it does not know as text,
    /// `application/scim+json` among them.
    pub is_base64_encoded: bool,
}

/// The part of an event that API Gateway knows about itself.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestContext {
    /// The host that the client asked for.
    pub domain_name: Option<String>,
    /// `$default`, or the first segment of the path.
    pub stage: Option<String>,
    /// API Gateway's own name for the request: it stands in the access log too.
    pub request_id: Option<String>,
    /// The HTTP part.
    pub http: HttpContext,
}

/// Method and caller of an event.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpContext {
    /// `GET`, …
    pub method: String,
    /// Where it came from.
    pub source_ip: Option<String>,
}

/// Header fields, names in lower case, in the order in which they came. Few, so a list beats a map.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The value of the first field of this name (given in lower case).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Adds a field. One that is there already is joined with a comma, as API Gateway does.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        let name = name.to_ascii_lowercase();
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, there)) => {
                there.push(',');
                there.push_str(&value);
            }
            None => self.0.push((name, value)),
        }
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl<N: AsRef<str>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(fields: T) -> Self {
        let mut headers = Self::default();
        for (name, value) in fields {
            headers.push(name.as_ref(), value);
        }
        headers
    }
}

impl Serialize for Headers {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> serde::de::Visitor<'de> for Fields {
            type Value = Headers;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map of header fields")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Headers, A::Error> {
                let mut headers = Headers::default();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    headers.push(&name, value);
                }
                Ok(headers)
            }

            fn visit_unit<E>(self) -> Result<Headers, E> {
                Ok(Headers::default())
            }
        }
        deserializer.deserialize_any(Fields)
    }
}

/// What a function gives back to API Gateway.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventReply {
    /// The HTTP status.
    pub status_code: u16,
    /// Header fields.
    pub headers: Headers,
    /// The value of each `Set-Cookie`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cookies: Vec<String>,
    /// Text, or base64; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Whether `body` is base64.
    #[serde(default)]
    pub is_base64_encoded: bool,
}

/// The base64 text of a body.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of a body that came as base64; `None` when it is none.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_api_gateway_is_read_and_its_other_fields_are_skipped() {
        let event: Event = serde_json::from_str(
            r#"{"version":"2.0","routeKey":"GET /scim/v2/Users","rawPath":"/scim/v2/Users","rawQueryString":"a=1&a=2",
                "cookies":["c=1"],"headers":{"Authorization":"x","accept":"*/*"},"queryStringParameters":{"a":"1,2"},
                "requestContext":{"accountId":"1","domainName":"h","stage":"$default","requestId":"r=","timeEpoch":1,
                  "http":{"method":"GET","path":"/scim/v2/Users","protocol":"HTTP/1.1","sourceIp":"192.0.2.1","userAgent":""}},
                "isBase64Encoded":false}"#,
        )
        .unwrap();
        assert_eq!(event.headers.get("authorization"), Some("x"));
        assert_eq!(event.request_context.http.method, "GET");
        assert_eq!(event.body, None);
    }

    #[test]
    fn headers_that_are_null_are_no_headers() {
        let event: Event = serde_json::from_str(r#"{"headers":null}"#).unwrap();
        assert_eq!(event.headers, Headers::default());
    }
}

//! Bindings: how a message travels through a browser, Redirect and POST (SAML Bindings §3.4, §3.5).
//!
//! Limits hold before anything is decoded or decompressed. A parameter that stands twice, or beside its opposite, is
//! refused: which of two a reader takes is what attacks are made of (CVE-2025-27773, CVE-2025-31335).

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{Rejection, rejection::shown, xml::Limits};

/// The longest message, in bytes, whatever its binding.
pub const MESSAGE_BYTES_MAX: usize = Limits::MESSAGE.bytes_max;
/// The longest `SAMLResponse` of a form, in bytes of base64: the longest message, and room for line ends.
pub const POST_BYTES_MAX: usize = MESSAGE_BYTES_MAX / 3 * 4 + 16 * 1024;
/// The longest query string of the Redirect binding, in bytes.
pub const QUERY_BYTES_MAX: usize = 64 * 1024;
/// The longest `RelayState`, in bytes. SAML Bindings §3.4.3 says 80, which IdPs do not keep.
pub const RELAY_STATE_BYTES_MAX: usize = 1024;
/// The most that one step of decompression hands out, in bytes.
const INFLATE_STEP_BYTES: usize = 16 * 1024;
/// The one encoding of the Redirect binding (SAML Bindings §3.4.4.1).
const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";
/// RSA-SHA256, with which we sign (RFC 9231 §2.3.2).
pub const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

/// What is left as it is in a query: RFC 3986's unreserved characters.
const QUERY_VALUE: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A binding that goes through the browser. Others (SOAP, Artifact) are not offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Binding {
    /// HTTP-Redirect.
    Redirect,
    /// HTTP-POST.
    Post,
}

impl Binding {
    /// Its URI.
    #[must_use]
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Redirect => "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
            Self::Post => "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
        }
    }

    /// The binding of this URI, when it is one of ours.
    #[must_use]
    pub fn from_uri(uri: &str) -> Option<Self> {
        [Self::Redirect, Self::Post].into_iter().find(|binding| binding.uri() == uri)
    }
}

/// Which of the two parameters holds the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Parameter {
    /// `SAMLRequest`.
    Request,
    /// `SAMLResponse`.
    Response,
}

impl Parameter {
    /// Its name in a form or a query.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }
}

/// The message of a form's `SAMLResponse` or `SAMLRequest`, from the value as the form decoder gave it.
///
/// Line ends are taken out: some IdPs wrap lines. A space is refused: it may be a wrapped line or a `+` that was not
/// percent-encoded, and a guess may turn one message into another. So is base64url, which no version of the standard
/// has.
///
/// # Errors
/// [`Rejection::TooLarge`] before anything is decoded; [`Rejection::Binding`] when it is not base64.
pub fn decode_post(value: &str) -> Result<Vec<u8>, Rejection> {
    bounded(value.len(), POST_BYTES_MAX)?;
    let compact: Cow<'_, str> = match value.contains(['\r', '\n']) {
        true => Cow::Owned(value.replace(['\r', '\n'], "")),
        false => Cow::Borrowed(value),
    };
    let bytes = base64(&compact)?;
    bounded(bytes.len(), MESSAGE_BYTES_MAX)?;
    Ok(bytes)
}

/// A message of the Redirect binding, decompressed, with what its signature is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectMessage {
    /// Which parameter held it.
    pub parameter: Parameter,
    /// Its XML: a rumour.
    pub xml: Vec<u8>,
    /// `RelayState`, decoded.
    pub relay_state: Option<String>,
    /// The signature of the query, when there is one.
    pub signature: Option<QuerySignature>,
}

/// The signature of a query string: over the raw text of its parameters, not over the XML (SAML Bindings §3.4.4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuerySignature {
    /// `SigAlg`: the algorithm's URI.
    pub algorithm: String,
    /// `Signature`.
    pub value: Vec<u8>,
    octets: String,
}

impl QuerySignature {
    /// What was signed: the substrings of the query as they came, in the order of the standard.
    #[must_use]
    pub fn signed_octets(&self) -> &[u8] {
        self.octets.as_bytes()
    }
}

/// The message of a query string, which must be as it came: not decoded, not sorted, not encoded anew.
///
/// # Errors
/// [`Rejection::TooLarge`]; [`Rejection::Binding`] when a parameter is missing, stands twice or is not in its encoding.
pub fn decode_redirect(raw_query: &str) -> Result<RedirectMessage, Rejection> {
    bounded(raw_query.len(), QUERY_BYTES_MAX)?;
    let query = Query::read(raw_query)?;
    let (parameter, raw) = match (query.request, query.response) {
        (Some(raw), None) => (Parameter::Request, raw),
        (None, Some(raw)) => (Parameter::Response, raw),
        (Some(_), Some(_)) => {
            return Err(Rejection::Binding("both SAMLRequest and SAMLResponse".to_owned()));
        }
        (None, None) => {
            return Err(Rejection::Binding("neither SAMLRequest nor SAMLResponse".to_owned()));
        }
    };
    if let Some(encoding) = query.encoding
        && form_decoded(encoding)? != DEFLATE
    {
        return Err(Rejection::Binding(format!(
            "SAMLEncoding is `{}`, which is not taken",
            shown(encoding)
        )));
    }
    let relay_state = query.relay_state.map(form_decoded).transpose()?;
    if relay_state.as_ref().is_some_and(|text| text.len() > RELAY_STATE_BYTES_MAX) {
        return Err(Rejection::Binding(format!(
            "RelayState is longer than {RELAY_STATE_BYTES_MAX} bytes"
        )));
    }
    Ok(RedirectMessage {
        parameter,
        xml: inflate(&base64(&form_decoded(raw)?)?)?,
        relay_state,
        signature: query.signature(parameter, raw)?,
    })
}

/// The parameters that matter, each as it came. Others are none of our business (SAML Bindings §3.4.4.1).
#[derive(Default)]
struct Query<'a> {
    request: Option<&'a str>,
    response: Option<&'a str>,
    relay_state: Option<&'a str>,
    encoding: Option<&'a str>,
    algorithm: Option<&'a str>,
    signature: Option<&'a str>,
}

impl<'a> Query<'a> {
    fn read(raw_query: &'a str) -> Result<Self, Rejection> {
        let mut query = Self::default();
        for pair in raw_query.split('&') {
            let (raw_name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = form_decoded(raw_name)?;
            let slot = match name.as_str() {
                "SAMLRequest" => &mut query.request,
                "SAMLResponse" => &mut query.response,
                "RelayState" => &mut query.relay_state,
                "SAMLEncoding" => &mut query.encoding,
                "SigAlg" => &mut query.algorithm,
                "Signature" => &mut query.signature,
                _ => continue,
            };
            // A name that is itself percent-encoded would be signed under another spelling than it is read.
            if name != raw_name {
                return Err(Rejection::Binding(format!("{name} is percent-encoded")));
            }
            if slot.replace(value).is_some() {
                return Err(Rejection::Binding(format!("{name} stands twice")));
            }
        }
        Ok(query)
    }

    fn signature(
        &self,
        parameter: Parameter,
        raw: &str,
    ) -> Result<Option<QuerySignature>, Rejection> {
        let (raw_algorithm, raw_signature) = match (self.algorithm, self.signature) {
            (None, None) => return Ok(None),
            (Some(algorithm), Some(signature)) => (algorithm, signature),
            (Some(_), None) => {
                return Err(Rejection::Binding("SigAlg without Signature".to_owned()));
            }
            (None, Some(_)) => {
                return Err(Rejection::Binding("Signature without SigAlg".to_owned()));
            }
        };
        Ok(Some(QuerySignature {
            algorithm: form_decoded(raw_algorithm)?,
            value: base64(&form_decoded(raw_signature)?)?,
            octets: signed_query(parameter, raw, self.relay_state, raw_algorithm),
        }))
    }
}

/// SAML Bindings §3.4.4.1: the order is the standard's; a `RelayState` that is not there is left out.
fn signed_query(
    parameter: Parameter,
    raw: &str,
    raw_relay_state: Option<&str>,
    raw_algorithm: &str,
) -> String {
    let mut octets = format!("{}={raw}", parameter.name());
    if let Some(raw_relay_state) = raw_relay_state {
        octets.push_str("&RelayState=");
        octets.push_str(raw_relay_state);
    }
    octets.push_str("&SigAlg=");
    octets.push_str(raw_algorithm);
    octets
}

/// A message of ours as a redirect that is not signed.
#[must_use]
pub fn encode_redirect(
    location: &str,
    parameter: Parameter,
    xml: &str,
    relay_state: Option<&str>,
) -> String {
    let message = encoded_message(xml);
    let mut url = joined(location, &format!("{}={message}", parameter.name()));
    if let Some(relay_state) = relay_state {
        url.push_str("&RelayState=");
        url.extend(utf8_percent_encode(relay_state, QUERY_VALUE));
    }
    url
}

/// A message of ours as a redirect that waits for its signature (RSA-SHA256).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectToSign {
    location: String,
    octets: String,
}

impl RedirectToSign {
    /// Begins.
    #[must_use]
    pub fn new(location: &str, parameter: Parameter, xml: &str, relay_state: Option<&str>) -> Self {
        let encoded = |text: &str| utf8_percent_encode(text, QUERY_VALUE).to_string();
        Self {
            location: location.to_owned(),
            octets: signed_query(
                parameter,
                &encoded_message(xml),
                relay_state.map(encoded).as_deref(),
                &encoded(RSA_SHA256),
            ),
        }
    }

    /// What to sign with RSASSA-PKCS1-v1_5 and SHA-256.
    #[must_use]
    pub fn octets_to_sign(&self) -> &[u8] {
        self.octets.as_bytes()
    }

    /// The URL to redirect to.
    #[must_use]
    pub fn with_signature(self, signature: &[u8]) -> String {
        let encoded = STANDARD.encode(signature);
        let mut url = joined(&self.location, &self.octets);
        url.push_str("&Signature=");
        url.extend(utf8_percent_encode(&encoded, QUERY_VALUE));
        url
    }
}

/// The values of a form that posts itself. Who renders it escapes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostForm {
    /// `action`.
    pub action: String,
    /// `name` and `value` of each hidden field.
    pub fields: Vec<(&'static str, String)>,
}

/// A message of ours as a form.
#[must_use]
pub fn post_form(
    location: &str,
    parameter: Parameter,
    xml: &str,
    relay_state: Option<&str>,
) -> PostForm {
    let mut fields = vec![(parameter.name(), STANDARD.encode(xml))];
    if let Some(relay_state) = relay_state {
        fields.push(("RelayState", relay_state.to_owned()));
    }
    PostForm { action: location.to_owned(), fields }
}

fn joined(location: &str, query: &str) -> String {
    let separator = match location.find('?') {
        None => "?",
        Some(_) if location.ends_with(['?', '&']) => "",
        Some(_) => "&",
    };
    format!("{location}{separator}{query}")
}

fn encoded_message(xml: &str) -> String {
    utf8_percent_encode(&STANDARD.encode(deflate(xml.as_bytes())), QUERY_VALUE).to_string()
}

fn bounded(got: usize, max: usize) -> Result<(), Rejection> {
    match got > max {
        true => Err(Rejection::TooLarge { max, got }),
        false => Ok(()),
    }
}

/// Base64 as RFC 4648 §4 has it: padded, one spelling for each value.
fn base64(text: &str) -> Result<Vec<u8>, Rejection> {
    let problem = if text.is_empty() {
        "the message is empty"
    } else if text.contains(' ') {
        "a space in base64: `+` must be percent-encoded as `%2B`"
    } else if text.contains(['-', '_']) {
        "base64url instead of base64"
    } else {
        match STANDARD.decode(text) {
            Ok(bytes) => return Ok(bytes),
            Err(_) => "not base64",
        }
    };
    Err(Rejection::Binding(problem.to_owned()))
}

/// `application/x-www-form-urlencoded`: a `+` is a space.
fn form_decoded(raw: &str) -> Result<String, Rejection> {
    let spaced = raw.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .map(Cow::into_owned)
        .map_err(|_| Rejection::Binding("a parameter that is not UTF-8".to_owned()))
}

/// Raw DEFLATE (RFC 1951), of which at most [`MESSAGE_BYTES_MAX`] bytes are ever held.
fn inflate(compressed: &[u8]) -> Result<Vec<u8>, Rejection> {
    let broken = || Rejection::Binding("not DEFLATE".to_owned());
    let mut decompress = Decompress::new(false);
    let mut out = Vec::new();
    loop {
        let consumed = usize::try_from(decompress.total_in()).unwrap_or(usize::MAX);
        let rest = compressed.get(consumed..).ok_or_else(broken)?;
        let before = out.len();
        // A step fills what is reserved and never reserves itself.
        out.reserve_exact(INFLATE_STEP_BYTES);
        let status = decompress
            .decompress_vec(rest, &mut out, FlushDecompress::None)
            .map_err(|_| broken())?;
        bounded(out.len(), MESSAGE_BYTES_MAX)?;
        let consumed_now = usize::try_from(decompress.total_in()).unwrap_or(usize::MAX);
        match status {
            Status::StreamEnd if consumed_now == compressed.len() => return Ok(out),
            Status::StreamEnd => {
                return Err(Rejection::Binding("more after the end of DEFLATE".to_owned()));
            }
            // Neither eaten nor given: it is cut short.
            Status::Ok | Status::BufError if out.len() == before && consumed_now == consumed => {
                return Err(broken());
            }
            Status::Ok | Status::BufError => {}
        }
    }
}

/// Raw DEFLATE of a message of ours, which is short.
fn deflate(xml: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::default(), false);
    let mut out = Vec::new();
    loop {
        let consumed = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
        let rest = xml.get(consumed..).unwrap_or_default();
        out.reserve(rest.len() / 2 + 64);
        match compress.compress_vec(rest, &mut out, FlushCompress::Finish) {
            Ok(Status::StreamEnd) | Err(_) => return out,
            Ok(Status::Ok | Status::BufError) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = "<samlp:LogoutRequest ID=\"_1\">ü</samlp:LogoutRequest>";

    fn refused(query: &str) -> String {
        match decode_redirect(query) {
            Err(Rejection::Binding(problem)) => problem,
            other => panic!("{query}: {other:?}"),
        }
    }

    fn value_of(xml: &str) -> String {
        encoded_message(xml)
    }

    #[test]
    fn line_ends_in_base64_are_taken_out() {
        let text = STANDARD.encode(XML);
        let (head, tail) = text.split_at(20);
        for wrapped in [text.clone(), format!("{head}\r\n{tail}\n"), format!("\n{head}\n{tail}")] {
            assert_eq!(decode_post(&wrapped).unwrap(), XML.as_bytes());
        }
    }

    #[test]
    fn what_is_not_base64_is_refused_with_the_reason() {
        // `~~~???` has both of the characters in which the two alphabets differ.
        let both = STANDARD.encode("~~~???>>>");
        assert!(both.contains('+') && both.contains('/'), "{both}");
        for (value, reason) in [
            (String::new(), "empty"),
            ("\r\n".to_owned(), "empty"),
            (both.replace('+', " "), "%2B"),
            (both.replace('+', "-").replace('/', "_"), "base64url"),
            ("YWJj\tYWJj".to_owned(), "not base64"),
            ("YWI".to_owned(), "not base64"),
            ("YWJ=".to_owned(), "not base64"),
            ("YWJjé".to_owned(), "not base64"),
            ("<Response/>".to_owned(), "not base64"),
        ] {
            match decode_post(&value) {
                Err(Rejection::Binding(problem)) => {
                    assert!(problem.contains(reason), "{value}: {problem}");
                }
                other => panic!("{value}: {other:?}"),
            }
        }
        assert_eq!(decode_post(&both).unwrap(), b"~~~???>>>");
    }

    #[test]
    fn a_form_is_measured_before_and_after_it_is_decoded() {
        let fits = STANDARD.encode(vec![b' '; MESSAGE_BYTES_MAX]);
        assert_eq!(decode_post(&fits).unwrap().len(), MESSAGE_BYTES_MAX);
        let longer = STANDARD.encode(vec![b' '; MESSAGE_BYTES_MAX + 1]);
        assert!(matches!(
            decode_post(&longer),
            Err(Rejection::TooLarge { got, .. }) if got == MESSAGE_BYTES_MAX + 1
        ));
        assert!(matches!(
            decode_post(&"!".repeat(POST_BYTES_MAX + 1)),
            Err(Rejection::TooLarge { max: POST_BYTES_MAX, .. })
        ));
    }

    #[test]
    fn a_redirect_of_ours_is_read_back_with_the_octets_that_were_signed() {
        for location in ["https://idp.example/slo", "https://idp.example/slo?a=b&c=%20"] {
            for relay_state in [None, Some(""), Some("a b+c&d=é/")] {
                let to_sign = RedirectToSign::new(location, Parameter::Request, XML, relay_state);
                let octets = to_sign.octets_to_sign().to_vec();
                let url = to_sign.with_signature(b"\xff\xfe signature");
                assert!(url.starts_with(location), "{url}");
                let (_, query) = url.split_once('?').unwrap();
                let message = decode_redirect(query).unwrap();
                assert_eq!(message.parameter, Parameter::Request);
                assert_eq!(message.xml, XML.as_bytes());
                assert_eq!(message.relay_state.as_deref(), relay_state);
                let signature = message.signature.unwrap();
                assert_eq!(signature.algorithm, RSA_SHA256);
                assert_eq!(signature.value, b"\xff\xfe signature");
                assert_eq!(signature.signed_octets(), octets);
            }
        }
        let unsigned =
            encode_redirect("https://idp.example/sso", Parameter::Response, XML, Some("r"));
        let message = decode_redirect(unsigned.split_once('?').unwrap().1).unwrap();
        assert_eq!((message.parameter, message.signature), (Parameter::Response, None));
    }

    #[test]
    fn the_signed_octets_are_as_they_came_in_the_order_of_the_standard() {
        let message = value_of(XML).replace("%2B", "%2b").replace("%2F", "/").replace("%3D", "=");
        let query = format!("SigAlg=a%3ab&Signature=YWJj&x=y&RelayState=%7e&SAMLRequest={message}");
        let signature = decode_redirect(&query).unwrap().signature.unwrap();
        assert_eq!(signature.algorithm, "a:b");
        assert_eq!(
            signature.signed_octets(),
            format!("SAMLRequest={message}&RelayState=%7e&SigAlg=a%3ab").as_bytes()
        );
    }

    #[test]
    fn parameters_that_can_be_read_in_two_ways_are_refused() {
        let message = value_of(XML);
        for (query, reason) in [
            (String::new(), "neither"),
            ("RelayState=x".to_owned(), "neither"),
            (format!("SAMLRequest={message}&SAMLResponse={message}"), "both"),
            (format!("SAMLRequest={message}&SAMLRequest={message}"), "SAMLRequest stands twice"),
            (format!("SAMLRequest={message}&SAMLRequest"), "SAMLRequest stands twice"),
            (format!("SAMLRequest={message}&RelayState=a&RelayState=a"), "stands twice"),
            (format!("SAMLRequest={message}&SigAlg=a&SigAlg=b&Signature=YWJj"), "SigAlg stands"),
            (
                format!("SAMLRequest={message}&SigAlg=a&Signature=YWJj&Signature=YWJj"),
                "Signature stands",
            ),
            (format!("SAMLRequest={message}&SAML%52equest={message}"), "percent-encoded"),
            (format!("SAML%52equest={message}"), "percent-encoded"),
            (format!("SAMLRequest={message}&SigAlg=a"), "without Signature"),
            (format!("SAMLRequest={message}&Signature=YWJj"), "without SigAlg"),
            (format!("SAMLRequest={message}&SigAlg=a&Signature="), "empty"),
            (format!("SAMLRequest={message}&SAMLEncoding=urn:other"), "SAMLEncoding"),
            (format!("SAMLRequest={message}&RelayState=%ff"), "UTF-8"),
            (format!("SAMLRequest={message}&RelayState={}", "a".repeat(1025)), "RelayState"),
            ("SAMLRequest=".to_owned(), "empty"),
            ("SAMLRequest=a+bc".to_owned(), "%2B"),
            ("SAMLRequest=AAAA".to_owned(), "not DEFLATE"),
        ] {
            let problem = refused(&query);
            assert!(problem.contains(reason), "{query}: {problem}");
        }
        let named = format!("SAMLRequest={message}&SAMLEncoding={DEFLATE}");
        assert_eq!(decode_redirect(&named).unwrap().xml, XML.as_bytes());
    }

    #[test]
    fn what_unpacks_to_more_than_a_message_is_refused_at_the_limit() {
        assert_eq!(
            inflate(&deflate(&vec![b' '; MESSAGE_BYTES_MAX])).unwrap().len(),
            MESSAGE_BYTES_MAX
        );
        let bomb = deflate(&vec![b' '; 16 * MESSAGE_BYTES_MAX]);
        match inflate(&bomb) {
            Err(Rejection::TooLarge { max: MESSAGE_BYTES_MAX, got }) => {
                assert!(got <= MESSAGE_BYTES_MAX + 2 * INFLATE_STEP_BYTES, "{got}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn deflate_must_end_where_the_value_ends() {
        let whole = deflate(XML.as_bytes());
        for cut in 0..whole.len() {
            assert!(inflate(&whole[..cut]).is_err(), "{cut}");
        }
        let mut more = whole.clone();
        more.push(0);
        assert_eq!(
            inflate(&more),
            Err(Rejection::Binding("more after the end of DEFLATE".to_owned()))
        );
        assert_eq!(inflate(&whole).unwrap(), XML.as_bytes());
    }

    #[test]
    fn a_query_is_measured_before_it_is_read() {
        assert!(matches!(
            decode_redirect(&"a".repeat(QUERY_BYTES_MAX + 1)),
            Err(Rejection::TooLarge { max: QUERY_BYTES_MAX, .. })
        ));
    }

    #[test]
    fn a_form_holds_the_message_and_the_relay_state() {
        let form = post_form("https://idp.example/sso", Parameter::Request, XML, Some("r\""));
        assert_eq!(form.action, "https://idp.example/sso");
        assert_eq!(form.fields[0].0, "SAMLRequest");
        assert_eq!(decode_post(&form.fields[0].1).unwrap(), XML.as_bytes());
        assert_eq!(form.fields[1], ("RelayState", "r\"".to_owned()));
    }

    proptest::proptest! {
        #[test]
        fn what_is_sent_is_what_is_read(xml in "\\PC{0,400}", relay_state: Option<String>) {
            let relay_state = relay_state.as_deref().filter(|text| text.len() <= RELAY_STATE_BYTES_MAX);
            let url = encode_redirect("https://idp.example/sso", Parameter::Request, &xml, relay_state);
            let message = decode_redirect(url.split_once('?').unwrap().1).unwrap();
            assert_eq!(message.xml, xml.as_bytes());
            assert_eq!(message.relay_state.as_deref(), relay_state);
            let form = post_form("https://idp.example/sso", Parameter::Request, &xml, relay_state);
            if !xml.is_empty() {
                assert_eq!(decode_post(&form.fields[0].1).unwrap(), xml.as_bytes());
            }
        }

        #[test]
        fn nothing_that_comes_makes_it_panic(text: String, bytes: Vec<u8>, pairs in "(SAMLRe(quest|sponse)|RelayState|SigAlg|Signature|[a-z&=%+]{0,4}){0,6}") {
            let _ = decode_post(&text);
            let _ = decode_redirect(&text);
            let _ = decode_redirect(&pairs);
            let _ = inflate(&bytes);
        }
    }
}

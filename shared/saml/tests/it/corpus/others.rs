//! Messages that are no Response: logout, and signatures of the Redirect binding over a query.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lychgate_idp::{
    Digest, ResponseSpec, Signed, SigningKey,
    logout::{Envelope, LogoutRequest, LogoutResponse},
    markup::Prefixes,
    redirect::{deflated, parameter, percent_encoded, query},
};
use serde_json::json;

use super::{Case, Kind};
use crate::forge::*;

const BINDINGS: &str =
    "SAML Bindings 3.4.4.1; CVE-2025-27773 (SimpleSAMLphp), CVE-2025-31335 (OpenSAML)";
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
const SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

pub(super) fn cases() -> Vec<Case> {
    [controls(), wrapping(), policy(), parameters(), query_signatures(), encodings()].concat()
}

fn case(
    verdict: &'static str,
    class: &str,
    name: &str,
    kind: Kind,
    text: String,
    source: &str,
) -> Case {
    Case::new(verdict, class, name, kind, text.into_bytes(), source)
}

fn refused(name: &str, text: String) -> Case {
    case("reject", "redirect-signature", name, Kind::Query, text, BINDINGS)
}

fn envelope() -> Envelope {
    Envelope {
        prefixes: Prefixes::COMMON,
        id: "_l-1".to_owned(),
        issue_instant: instant(0),
        destination: Some(SLO.to_owned()),
        issuer: IDP.to_owned(),
    }
}

fn request() -> LogoutRequest {
    LogoutRequest {
        envelope: envelope(),
        name_id: genuine().name_id.unwrap(),
        session_indexes: vec!["_s-1".to_owned()],
        not_on_or_after: None,
    }
}

fn evil_request() -> LogoutRequest {
    let mut evil = request();
    evil.envelope.id = "_l-evil".to_owned();
    evil.name_id.value = EVIL.to_owned();
    evil
}

fn response() -> LogoutResponse {
    LogoutResponse {
        envelope: envelope(),
        in_response_to: Some(REQUEST.to_owned()),
        status: lychgate_idp::response::SUCCESS.to_owned(),
    }
}

fn posted(request: &LogoutRequest) -> String {
    let key = idp();
    request.xml(Some(genuine().signer(&key))).unwrap()
}

fn redirected(request: &LogoutRequest, relay_state: Option<&str>) -> String {
    let key = idp();
    query("SAMLRequest", &request.xml(None).unwrap(), relay_state, Some((&key, Digest::Sha256)))
        .unwrap()
}

/// A query of these parameters as they stand, signed as they stand.
fn signed_as_it_stands(text: &str, key: &SigningKey) -> String {
    let signature = STANDARD.encode(key.sign(Digest::Sha256, text.as_bytes()).unwrap());
    format!("{text}&Signature={}", percent_encoded(&signature))
}

fn lower_case(text: &str) -> String {
    let mut parts = text.split('%');
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |all, part| format!("{all}%{}{}", part[..2].to_lowercase(), &part[2..]))
}

fn controls() -> Vec<Case> {
    let key = idp();
    let accept =
        |name: &str, kind, text| case("accept", "logout", name, kind, text, "SAML Core 3.7");
    let good = redirected(&request(), Some("back again"));
    let mut parts: Vec<&str> = good.split('&').collect();
    parts.reverse();
    let unsigned = good.split("&Signature=").next().unwrap();
    let answer = response().xml(Some(genuine().signer(&key))).unwrap();
    let redirected_answer =
        query("SAMLResponse", &response().xml(None).unwrap(), None, Some((&key, Digest::Sha256)))
            .unwrap();
    let everywhere = LogoutRequest { session_indexes: Vec::new(), ..request() };
    vec![
        accept("request-posted", Kind::LogoutRequest, posted(&request())),
        accept("request-for-all-sessions", Kind::LogoutRequest, posted(&everywhere)),
        accept("request-redirected", Kind::Query, redirected(&request(), None)),
        accept("request-redirected-with-relay-state", Kind::Query, good.clone()),
        accept("request-redirected-in-another-order", Kind::Query, parts.join("&")),
        accept(
            "request-redirected-with-more-parameters",
            Kind::Query,
            format!("lang=de&{good}&x="),
        ),
        accept(
            "request-redirected-in-lower-case",
            Kind::Query,
            signed_as_it_stands(&lower_case(unsigned), &key),
        ),
        accept("response-posted", Kind::LogoutResponse, answer),
        accept("response-redirected", Kind::Query, redirected_answer),
    ]
}

/// A captured sign-in is no permission to sign anybody out.
fn wrapping() -> Vec<Case> {
    let evil = evil_request().xml(None).unwrap();
    let good = genuine_assertion();
    let close = "</samlp:LogoutRequest>";
    let signed = xml(&ResponseSpec { signed: Signed::Response, ..genuine() });
    let captured = posted(&request());
    let signature = part(&captured, SIGNATURE);
    let bare = without(&captured, SIGNATURE);
    let object =
        before_last(signature, "</ds:Signature>", &format!("<ds:Object>{bare}</ds:Object>"));
    let reject = |name: &str, text: String| {
        case(
            "reject",
            "logout-wrapping",
            name,
            Kind::LogoutRequest,
            text,
            "samlify #634; Somorovsky et al.",
        )
    };
    vec![
        reject("with-a-signed-assertion", before_last(&evil, close, &good)),
        reject("with-a-signed-response", before_last(&evil, close, &signed)),
        reject("assertion-in-extensions", with_extensions(&evil, &good)),
        reject("signature-of-an-assertion", signed_with(&evil, part(&good, SIGNATURE))),
        reject(
            "signature-and-assertion",
            before_last(
                &signed_with(&evil, part(&good, SIGNATURE)),
                close,
                &without(&good, SIGNATURE),
            ),
        ),
        reject("signed-request-inside", before_last(&evil, close, &captured)),
        reject("signed-request-in-object", signed_with(&evil, &object)),
        reject(
            "signature-of-another-same-id",
            signed_with(&replace(&evil, "_l-evil", "_l-1"), signature),
        ),
        reject("not-signed", evil.clone()),
        reject("a-signed-response-posted", signed),
        reject(
            "name-id-altered",
            replace(&captured, &format!(">{GENUINE}<"), &format!(">{EVIL}<")),
        ),
        reject("by-the-attacker", evil_request().xml(Some(genuine().signer(&attacker()))).unwrap()),
    ]
}

fn policy() -> Vec<Case> {
    let reject = |name: &str, change: &dyn Fn(&mut LogoutRequest)| {
        let mut request = request();
        change(&mut request);
        case(
            "reject",
            "logout-policy",
            name,
            Kind::LogoutRequest,
            posted(&request),
            "SAML Core 3.7, SAML Profiles 4.4",
        )
    };
    let answer = |name: &str, change: &dyn Fn(&mut LogoutResponse)| {
        let mut response = response();
        change(&mut response);
        let key = idp();
        let text = response.xml(Some(genuine().signer(&key))).unwrap();
        case(
            "reject",
            "logout-policy",
            name,
            Kind::LogoutResponse,
            text,
            "SAML Core 3.7, SAML Profiles 4.4",
        )
    };
    vec![
        reject("destination-other-tenant", &|r| {
            r.envelope.destination = Some(SLO.replace("acme", "globex"))
        }),
        reject("destination-none", &|r| r.envelope.destination = None),
        reject("issuer", &|r| r.envelope.issuer = "https://other-idp.example/metadata".to_owned()),
        reject("too-old", &|r| r.envelope.issue_instant = instant(-3600)),
        reject("from-the-future", &|r| r.envelope.issue_instant = instant(3600)),
        reject("expired", &|r| r.not_on_or_after = Some(instant(-SKEW - 1))),
        reject("expired-at-the-allowance", &|r| r.not_on_or_after = Some(instant(-SKEW))),
        reject("a-thousand-sessions", &|r| r.session_indexes = vec!["x".to_owned(); 1000]),
        answer("response-to-another-request", &|r| r.in_response_to = Some("_q-other".to_owned())),
        answer("response-to-nothing", &|r| r.in_response_to = None),
        answer("response-of-failure", &|r| {
            r.status = "urn:oasis:names:tc:SAML:2.0:status:Responder".to_owned()
        }),
        answer("response-other-destination", &|r| r.envelope.destination = Some(ACS.to_owned())),
    ]
}

const SKEW: i64 = super::SKEW_SECS;

/// Two readers of one query: the one that verifies, and the one that acts.
fn parameters() -> Vec<Case> {
    let good = redirected(&request(), Some("back"));
    let evil = query("SAMLRequest", &evil_request().xml(None).unwrap(), None, None).unwrap();
    let evil_response = evil.replace("SAMLRequest", "SAMLResponse");
    let renamed = good.replace("SAMLRequest", "SAMLResponse");
    let signature =
        format!("Signature={}", percent_encoded(&parameter(&good, "Signature").unwrap()));
    vec![
        refused("second-message-behind", format!("{good}&{evil}")),
        refused("second-message-before", format!("{evil}&{good}")),
        refused("request-and-response", format!("{good}&{evil_response}")),
        refused("response-and-request", format!("{evil_response}&{good}")),
        refused("request-renamed-response", renamed),
        refused("algorithm-twice", format!("{good}&SigAlg={}", percent_encoded(SHA256))),
        refused("signature-twice", format!("{good}&{signature}")),
        refused("relay-state-twice", format!("{good}&RelayState=evil")),
        refused("relay-state-changed", replace(&good, "RelayState=back", "RelayState=evil")),
        refused("relay-state-gone", replace(&good, "&RelayState=back", "")),
        refused("relay-state-added", redirected(&request(), None) + "&RelayState=evil"),
        refused("name-percent-encoded", good.replace("SAMLRequest", "SAML%52equest")),
        refused(
            "name-percent-encoded-second",
            format!("{good}&{}", evil.replace("SAMLRequest", "SAML%52equest")),
        ),
        refused("name-in-another-case", good.replace("SAMLRequest", "samlrequest")),
        refused("separated-by-semicolons", good.replace('&', ";")),
        refused(
            "message-inside-relay-state",
            format!("{}&{evil}", good.replace("RelayState=back", "RelayState=back%26")),
        ),
        refused("no-message", "RelayState=back".to_owned()),
        refused("empty", String::new()),
    ]
}

fn query_signatures() -> Vec<Case> {
    let good = redirected(&request(), Some("back"));
    let unsigned = good.split("&SigAlg=").next().unwrap().to_owned();
    let with_algorithm = good.split("&Signature=").next().unwrap().to_owned();
    let key = idp();
    let inside = query("SAMLRequest", &posted(&request()), None, None).unwrap();
    let theirs = {
        let key = attacker();
        query("SAMLRequest", &evil_request().xml(None).unwrap(), None, Some((&key, Digest::Sha256)))
            .unwrap()
    };
    let sha1 = format!("{unsigned}&SigAlg={}", percent_encoded(SHA1));
    let sha1_signature = STANDARD.encode(rsa_sha1(&key, sha1.as_bytes()));
    let sha1_signed = format!("{sha1}&Signature={}", percent_encoded(&sha1_signature));
    let hmac = format!(
        "{unsigned}&SigAlg={}",
        percent_encoded("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
    );
    let tag = aws_lc_rs::hmac::sign(
        &aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key.certificate()),
        hmac.as_bytes(),
    );
    let evil = query("SAMLRequest", &evil_request().xml(None).unwrap(), None, None).unwrap();
    let other = replace(&good, good.split('&').next().unwrap(), &evil);
    vec![
        refused("not-signed", unsigned),
        refused("algorithm-without-signature", with_algorithm.clone()),
        refused(
            "signature-without-algorithm",
            replace(&good, &format!("&SigAlg={}", percent_encoded(SHA256)), ""),
        ),
        refused("empty-signature", format!("{with_algorithm}&Signature=")),
        refused("signature-is-not-base64", format!("{with_algorithm}&Signature=%21%21")),
        refused("encoded-anew-in-lower-case", lower_case(&good)),
        refused("message-changed", other),
        refused("by-the-attacker", theirs),
        refused("xml-signature-only", inside),
        refused("sha1", sha1_signed.clone()),
        case(
            "accept",
            "logout",
            "request-redirected-sha1-by-exception",
            Kind::Query,
            sha1_signed,
            BINDINGS,
        )
        .with(json!({"sha1_until": "2026-11-23T00:00:00Z"})),
        refused("hmac", format!("{hmac}&Signature={}", percent_encoded(&STANDARD.encode(tag)))),
        refused("algorithm-changed", good.replace("rsa-sha256", "rsa-sha512")),
        refused("algorithm-unknown", good.replace("rsa-sha256", "rsa-sha257")),
    ]
}

fn encodings() -> Vec<Case> {
    let key = idp();
    let whole = request().xml(None).unwrap();
    let signed = |value: &str| {
        let text =
            format!("SAMLRequest={}&SigAlg={}", percent_encoded(value), percent_encoded(SHA256));
        signed_as_it_stands(&text, &key)
    };
    let half = format!(
        "SAMLRequest={}%2&SigAlg={}",
        percent_encoded(&deflated(&whole).unwrap()),
        percent_encoded(SHA256)
    );
    let stream = STANDARD.decode(deflated(&whole).unwrap()).unwrap();
    let trailing = STANDARD.encode([stream.as_slice(), b"trailing"].concat());
    let truncated = STANDARD.encode(&stream[..stream.len() / 2]);
    let zlib = STANDARD.encode([[0x78, 0x9C].as_slice(), &stream, &[0; 4]].concat());
    vec![
        refused("not-deflated", signed(&STANDARD.encode(&whole))),
        refused("not-base64", signed("!!!")),
        refused("empty-message", signed("")),
        refused("stream-cut-off", signed(&truncated)),
        refused("stream-with-trailing-bytes", signed(&trailing)),
        refused("zlib-instead-of-raw", signed(&zlib)),
        refused(
            "another-encoding",
            format!("{}&SAMLEncoding=urn%3Ax", redirected(&request(), None)),
        ),
        refused("half-a-percent-sign", signed_as_it_stands(&half, &key)),
    ]
}

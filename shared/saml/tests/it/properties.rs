//! What must hold of every message near an accepted one: whatever is changed, it is refused or it says the same.

use lychgate_saml::{
    dsig::{self, Verified},
    xml::{Limits, Source, ns},
};
use serde_json::Value;

use crate::{
    corpus::Kind,
    forge::{EVIL, GENUINE, cut, genuine_assertion, part},
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
        // Another one for each byte and each file: every byte meets each of them in some file.
        let turns = [at + case.name.len(), at + case.name.len() + 3];
        for other in turns.map(|turn| OTHERS[turn % OTHERS.len()](before)) {
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

//! Connections, certificates and sign-ins as the pages show them: pure.

use lychgate_core::{
    attempt::{Attempt, AttemptOutcome},
    connection::{
        Connection, ConnectionState, Idp, KeyPair, MetadataSource, Settings, SignInSetup,
    },
    idp::{certificates, instant},
    refresh::REFRESH_SECS,
    time::Timestamp,
};
use lychgate_edge::pages::settings::{
    attempt::{AttemptRow, AttemptView, AttributeRow, Facts, Failure},
    connection::{MetadataView, SigningCertificate},
    moment::Moment,
    sso::{Badge, CertificateRow, ConnectionRow},
};
use serde_json::{Map, Value};

use super::{advice, idp_kind::IdpKind};

/// A day, in milliseconds.
const DAY_MILLIS: u64 = 86_400_000;
/// How many characters of a fingerprint name a certificate.
const SHORT_CHARS: usize = 8;

/// The settings that a change begins from.
pub(super) fn edited(connection: &Connection) -> Option<&Settings> {
    connection.draft.as_ref().or(connection.live.as_ref())
}

/// A fingerprint in groups of four, as people compare it.
pub(super) fn grouped(fingerprint: &str) -> String {
    let mut out = String::with_capacity(fingerprint.len() * 5 / 4);
    for (at, character) in fingerprint.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            out.push(' ');
        }
        out.push(character);
    }
    out
}

pub(super) fn badges(connection: &Connection) -> Vec<Badge> {
    match (connection.state(), &connection.draft) {
        (ConnectionState::Active, None) => vec![Badge::new("good", "active")],
        (ConnectionState::Active, Some(draft)) => {
            let word = if draft.tested.is_some() { "draft tested" } else { "draft" };
            vec![Badge::new("good", "active"), Badge::new("plain", word)]
        }
        (ConnectionState::Tested, _) => vec![Badge::new("plain", "tested, not active")],
        (ConnectionState::Draft, _) => vec![Badge::new("plain", "draft, not active")],
    }
}

fn next(connection: &Connection) -> &'static str {
    let draft = connection.draft.as_ref();
    let has_idp = draft.is_some_and(|draft| draft.idp.is_some());
    let tested = draft.is_some_and(|draft| draft.tested.is_some());
    match (connection.live.is_some(), draft.is_some(), has_idp, tested) {
        (true, false, ..) => "People sign in through it.",
        (true, true, _, false) => {
            "People sign in through it. A draft beside it waits to be tested."
        }
        (true, true, _, true) => {
            "People sign in through it. A tested draft beside it waits to be activated."
        }
        (false, _, false, _) => "Next: enter our values there, and bring its metadata here.",
        (false, _, true, false) => "Next: a test sign-in.",
        (false, _, true, true) => "Next: activate it.",
    }
}

pub(super) fn connection_row(
    connection: &Connection,
    href: String,
    now: Timestamp,
) -> ConnectionRow {
    // What people sign in with; else what is being made.
    let shown = connection.live.as_ref().or(connection.draft.as_ref());
    let idp = shown.and_then(|settings| settings.idp.as_ref());
    ConnectionRow {
        name: connection.name.clone(),
        href,
        badges: badges(connection),
        entity_id: idp.map(|idp| idp.entity_id.clone()),
        certificate: idp.and_then(|idp| longest(idp, now)),
        tested: shown.and_then(|settings| settings.tested).map(|at| Moment::new(at, now)),
        next: next(connection),
    }
}

/// Of the signing certificate that ends last: rollover overlaps.
fn longest(idp: &Idp, now: Timestamp) -> Option<Badge> {
    let days = certificates(idp).iter().map(|one| one.days_left(instant(now))).max()?;
    Some(Badge::days_left(days))
}

pub(super) fn certificate_rows(
    setup: &SignInSetup,
    home: &str,
    open: Option<&str>,
    now: Timestamp,
) -> Vec<CertificateRow> {
    let rows = setup.key_pairs.iter().enumerate();
    rows.map(|(at, pair)| certificate_row(pair, at == 0, home, open, now)).collect()
}

fn certificate_row(
    pair: &KeyPair,
    newest: bool,
    home: &str,
    open: Option<&str>,
    now: Timestamp,
) -> CertificateRow {
    let id = pair.id.to_string();
    let days = match pair.expires > now {
        true => i64::try_from(pair.expires.millis_since(now) / DAY_MILLIS).unwrap_or(i64::MAX),
        false => -1,
    };
    CertificateRow {
        path: format!("{home}/certificates/{id}"),
        fingerprint: grouped(&pair.fingerprint),
        short: pair.fingerprint.chars().take(SHORT_CHARS).collect(),
        newest,
        created: Moment::new(pair.created, now),
        expires: Moment::new(pair.expires, now),
        left: Badge::days_left(days),
        open: open == Some(id.as_str()),
    }
}

/// What was read from metadata, and where it came from.
pub(super) fn metadata(
    title: &'static str,
    settings: &Settings,
    now: Timestamp,
) -> Option<MetadataView> {
    let idp = settings.idp.as_ref()?;
    let mut endpoints = Vec::new();
    let mut add = |what, address: Option<&String>| {
        endpoints.extend(address.map(|address| (what, address.clone())));
    };
    add("Sign-in, by redirect", idp.sso_redirect.as_ref());
    add("Sign-in, by POST", idp.sso_post.as_ref());
    add("Logout, by redirect", idp.slo_redirect.as_ref().map(|slo| &slo.location));
    add("Logout, by POST", idp.slo_post.as_ref().map(|slo| &slo.location));
    let (url, fetched, tried) = match &settings.source {
        MetadataSource::Missing => (None, None, None),
        MetadataSource::Url { url, fetched, tried, .. } => {
            (Some(url.clone()), Some(*fetched), Some(*tried))
        }
        MetadataSource::Document { saved } => (None, Some(*saved), None),
    };
    Some(MetadataView {
        title,
        entity_id: idp.entity_id.clone(),
        endpoints,
        certificates: certificates(idp)
            .into_iter()
            .map(|one| SigningCertificate {
                left: Badge::days_left(one.days_left(instant(now))),
                ends: one.not_after.text().chars().take(10).collect(),
                fingerprint: grouped(&one.fingerprint),
                subject: one.subject,
            })
            .collect(),
        url,
        fetched: fetched.map(|at| Moment::new(at, now)),
        next: tried.map(|at| Moment::new(at.plus_secs(REFRESH_SECS), now)),
    })
}

/// In what a draft differs from what is live.
pub(super) fn differences(live: &Settings, draft: &Settings) -> Vec<&'static str> {
    let idp = |settings: &Settings| settings.idp.clone();
    let (old, new) = (idp(live), idp(draft));
    let part =
        |read: fn(&Idp) -> Vec<Option<String>>| old.as_ref().map(read) != new.as_ref().map(read);
    let slo = |settings: &Settings| {
        settings.idp.as_ref().map(|idp| (idp.slo_redirect.clone(), idp.slo_post.clone()))
    };
    [
        (part(|idp| vec![Some(idp.entity_id.clone())]), "the identity provider’s entity ID"),
        (
            part(|idp| vec![idp.sso_redirect.clone(), idp.sso_post.clone()])
                || slo(live) != slo(draft),
            "its addresses",
        ),
        (
            part(|idp| idp.certificates.iter().cloned().map(Some).collect()),
            "its signing certificates",
        ),
        (live.entity_id != draft.entity_id, "our entity ID"),
        (live.policy != draft.policy, "the settings below"),
    ]
    .into_iter()
    .filter_map(|(differs, what)| differs.then_some(what))
    .collect()
}

fn outcome(outcome: AttemptOutcome) -> Badge {
    match outcome {
        AttemptOutcome::SignedIn => Badge::new("good", "Signed in"),
        AttemptOutcome::Rejected => Badge::new("bad", "Rejected"),
        AttemptOutcome::TestPassed => Badge::new("good", "Test passed"),
        AttemptOutcome::TestFailed => Badge::new("bad", "Test did not pass"),
    }
}

/// The connection of an attempt, when it is still there.
pub(super) fn connection_of<'a>(
    setup: &'a SignInSetup,
    attempt: &Attempt,
) -> Option<&'a Connection> {
    let id = attempt.connection.as_ref()?;
    setup.connections.iter().find(|connection| connection.id == *id)
}

pub(super) fn attempt_row(
    setup: &SignInSetup,
    attempt: &Attempt,
    home: &str,
    now: Timestamp,
) -> AttemptRow {
    let through = match (connection_of(setup, attempt), attempt.method) {
        (Some(connection), _) => connection.name.clone(),
        (None, "password") => "password".to_owned(),
        (None, _) if attempt.connection.is_some() => "a connection that was deleted".to_owned(),
        (None, _) => "no connection".to_owned(),
    };
    AttemptRow {
        href: format!("{home}/attempts/{}", attempt.id),
        at: Moment::new(attempt.at, now),
        outcome: outcome(attempt.outcome),
        subject: attempt.subject.clone().unwrap_or_else(|| "unknown".to_owned()),
        through,
        code: attempt.code.clone(),
    }
}

pub(super) fn attempt(
    setup: &SignInSetup,
    attempt: &Attempt,
    kind: IdpKind,
    home: &str,
    now: Timestamp,
) -> AttemptView {
    let passed = attempt.outcome == AttemptOutcome::TestPassed;
    AttemptView {
        row: attempt_row(setup, attempt, home, now),
        reference: attempt.id.to_string(),
        failure: attempt.code.as_deref().map(|code| failure(attempt, code, kind)),
        facts: passed.then(|| facts(&attempt.facts)),
    }
}

fn failure(attempt: &Attempt, code: &str, kind: IdpKind) -> Failure {
    let advice = advice::of(code, kind);
    // Who suspended the member is known to the attempt alone.
    let own = attempt.detail.as_deref().filter(|_| advice.is_none() || code == "member_suspended");
    let happened = own.or(advice.map(|advice| advice.happened)).unwrap_or_default();
    Failure {
        code: code.to_owned(),
        happened: happened.to_owned(),
        want: attempt.want.clone(),
        got: attempt.got.clone(),
        idp: kind.name(),
        there: advice.and_then(|advice| advice.there),
        here: advice.and_then(|advice| advice.here),
    }
}

/// What a test left in its attempt; what is missing there is said to be missing.
fn facts(facts: &Map<String, Value>) -> Facts {
    let none = Value::Null;
    let at = |path: &[&str]| {
        let first = path.first().and_then(|name| facts.get(*name)).unwrap_or(&none);
        path.iter().skip(1).fold(first, |value, name| value.get(name).unwrap_or(&none))
    };
    let text = |path: &[&str]| at(path).as_str().unwrap_or("none").to_owned();
    let name = text(&["maps_to", "name"]);
    let member = match at(&["maps_to", "kind"]).as_str() {
        Some("member") => format!("The member {name}."),
        Some("suspended") => format!("The member {name}, who is suspended and could not sign in."),
        Some("would_be_created") => {
            format!("Nobody yet: signing in would create the member {name}.")
        }
        _ => format!("Nobody: no member is called {name}, and signing in would create nobody."),
    };
    let is_signed = |part| at(&["signed", part]).as_bool() == Some(true);
    let signed = match (is_signed("response"), is_signed("assertion")) {
        (true, true) => "the response and the assertion",
        (true, false) => "the response",
        (false, _) => "the assertion",
    };
    let encrypted = match at(&["encrypted"]) {
        Value::Object(_) => format!(
            "{}, the key with {}, to our certificate {}…",
            text(&["encrypted", "data"]),
            text(&["encrypted", "key"]),
            text(&["encrypted", "certificate"]).chars().take(SHORT_CHARS).collect::<String>(),
        ),
        _ => "no".to_owned(),
    };
    let clock = match at(&["clock_ahead_secs"]).as_i64().unwrap_or_default() {
        0 => "the same as ours".to_owned(),
        ahead if ahead > 0 => format!("{ahead} seconds ahead of ours"),
        behind => format!("{} seconds behind ours", behind.unsigned_abs()),
    };
    let texts = |value: &Value| -> Vec<String> {
        let values = value.as_array().into_iter().flatten();
        values.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let attribute = |value: &Value| AttributeRow {
        name: value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        values: value.get("values").map(texts).unwrap_or_default(),
        means: value.get("means").and_then(Value::as_str).map(str::to_owned),
    };
    Facts {
        member,
        name_id: text(&["name_id"]),
        name_id_format: text(&["name_id_format"]),
        signed: signed.to_owned(),
        algorithm: text(&["signed", "algorithm"]),
        fingerprint: grouped(&text(&["signed", "certificate"])),
        left: at(&["signed", "days_left"]).as_i64().map(Badge::days_left),
        encrypted,
        clock,
        attributes: at(&["attributes"]).as_array().into_iter().flatten().map(attribute).collect(),
        warnings: texts(at(&["warnings"])),
    }
}

/// A sentence of a use case in this page's words: what the API calls by a name has a label here.
pub(super) fn in_words(sentence: &str) -> String {
    const WORDS: [(&str, &str); 6] = [
        ("set sign_requests to true", "tick “Sign our requests” under More settings"),
        ("set request_by_post to false", "untick “Ask by POST” under More settings"),
        ("A document goes into xml.", "A file can be uploaded, and text pasted, below."),
        ("url must be", "The metadata URL must be"),
        (" in email_domains is", " is"),
        ("email_domains has", "The list of e-mail domains has"),
    ];
    let plain = sentence.replace('`', "");
    WORDS.into_iter().fold(plain, |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use lychgate_testkit::{FakeWorld, build};
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            _ => unreachable!("an object"),
        }
    }

    #[test]
    fn facts_are_read_whatever_is_missing() {
        let whole = facts(&map(json!({
            "name_id": "ada@acme.test", "name_id_format": "f",
            "attributes": [{"name": "Email", "values": ["ada@acme.test"], "means": "e-mail address"}],
            "maps_to": {"kind": "would_be_created", "name": "ada@acme.test"},
            "signed": {"response": true, "assertion": true, "algorithm": "a", "certificate": "0f0f0f", "days_left": 3},
            "encrypted": {"data": "gcm", "key": "oaep", "certificate": "aabbccddee"},
            "clock_ahead_secs": -4, "warnings": ["w"],
        })));
        assert_eq!(whole.member, "Nobody yet: signing in would create the member ada@acme.test.");
        assert_eq!(
            (whole.signed.as_str(), whole.fingerprint.as_str()),
            ("the response and the assertion", "0f0f 0f")
        );
        assert_eq!(whole.encrypted, "gcm, the key with oaep, to our certificate aabbccdd…");
        assert_eq!((whole.clock.as_str(), whole.warnings.len()), ("4 seconds behind ours", 1));
        assert_eq!(whole.left, Some(Badge::new("warn", "3 days left")));
        let nothing = facts(&Map::new());
        assert_eq!((nothing.name_id.as_str(), nothing.encrypted.as_str()), ("none", "no"));
    }

    #[test]
    fn a_draft_says_in_what_it_differs() {
        let world = FakeWorld::new(1);
        let live = build::settings(&world);
        assert!(differences(&live, &live).is_empty());
        let mut draft = live.clone();
        draft.policy.just_in_time = false;
        draft.idp.as_mut().unwrap().certificates.pop();
        assert_eq!(differences(&live, &draft), ["its signing certificates", "the settings below"]);
    }

    #[test]
    fn no_name_of_the_api_is_shown() {
        for sentence in [
            "The identity provider wants requests signed, and ours are not: set `sign_requests` to true.",
            "The identity provider's metadata offers no sign-in by POST: set `request_by_post` to false.",
            "`url` must be the https address of the identity provider's metadata, at most 2048 bytes. A document goes into `xml`.",
            "`x` in `email_domains` is no e-mail domain: write what stands behind the `@`.",
            "`email_domains` has 21 entries; at most 20 are kept: send fewer.",
        ] {
            let words = in_words(sentence);
            assert!(!words.contains(['`', '_']) && !words.contains("xml"), "{words}");
        }
    }
}

//! The live state, from what was read: the latest requests, the latest sign-ins, the counts. Pure.

use std::collections::BTreeMap;

use lychgate_core::{
    attempt::{Attempt, AttemptOutcome},
    journal::RequestEntry,
    operator::directory::REQUESTS_READ_MAX,
    organization::Directory,
    settings::access::Area,
    time::Timestamp,
};
use lychgate_edge::{
    pages::settings::{
        live::{Contact, Live, LiveScim, LiveSignIn, Tried, Unknown},
        when::When,
    },
    settings::Room,
};

use super::requests::{self, Client};

/// How far back requests are counted, in seconds.
const COUNTED_SECS: u64 = 86_400;
/// The most requests that did not succeed that are shown.
const FAILURES_SHOWN_MAX: usize = 5;
/// The most requests that named unknown members that are shown.
const UNKNOWN_SHOWN_MAX: usize = 5;
/// The most ids of unknown members that are shown of one request.
const UNKNOWN_IDS_MAX: usize = 10;
/// How many of the latest sign-ins are read.
pub(crate) const ATTEMPTS_READ_MAX: u32 = 20;
/// The most characters of a name in a message that are shown.
const SUBJECT_CHARS_MAX: usize = 80;

/// What to expect before anybody has come.
const RHYTHMS: &str = "Okta sends changes as they happen. Entra comes about every 40 minutes; use Provision on demand to try at once.";

/// The live state without what only some visitors see; the room was entered with both counts wanted.
pub(crate) fn live(now: Timestamp, room: &Room) -> Live {
    Live {
        home: room.path(""),
        at: When::at(now, now),
        users: room.fetched.user_count,
        groups: room.fetched.group_count,
        seats: room.visitor.organization().licence.seats,
        counted: room.visitor.may(Area::Members) || room.visitor.may(Area::Scim),
        members_open: room.visitor.may(Area::Members),
        sign_in: None,
        sign_in_elsewhere: false,
        scim: None,
    }
}

/// Of provisioning. `entries`: the latest requests, newest first, at most [`REQUESTS_READ_MAX`].
pub(crate) fn scim(now: Timestamp, directory: &Directory, entries: &[RequestEntry]) -> LiveScim {
    let since = now.minus_secs(COUNTED_SECS);
    let counted = || entries.iter().filter(|entry| entry.at > since);
    let oldest = entries
        .last()
        .filter(|oldest| entries.len() >= REQUESTS_READ_MAX as usize && oldest.at > since);
    let last = entries.first();
    let client = last.map(|entry| Client::of(entry.client.as_deref()));
    let contact = last
        .zip(client)
        .map(|(entry, client)| Contact { when: When::at(now, entry.at), client: client.name() });
    let failures = entries.iter().filter(|entry| !requests::succeeded(entry));
    LiveScim {
        on: directory.enabled,
        read: entries.len(),
        cut: oldest.map(|entry| When::at(now, entry.at)),
        contact,
        succeeded: counted().filter(|entry| requests::succeeded(entry)).count(),
        refused: counted().filter(|entry| (400..500).contains(&entry.status)).count(),
        failed: counted().filter(|entry| entry.status >= 500).count(),
        failures: failures
            .take(FAILURES_SHOWN_MAX)
            .map(|entry| requests::line(now, directory, entry))
            .collect(),
        unknown: entries
            .iter()
            .filter_map(|entry| unknown(now, entry))
            .take(UNKNOWN_SHOWN_MAX)
            .collect(),
        rhythm: client.map_or(Some(RHYTHMS), Client::rhythm),
    }
}

fn unknown(now: Timestamp, entry: &RequestEntry) -> Option<Unknown> {
    let mut ids = requests::unknown_members(entry);
    if ids.len() > UNKNOWN_IDS_MAX {
        ids.truncate(UNKNOWN_IDS_MAX);
        ids.push("…".to_owned());
    }
    (!ids.is_empty()).then(|| Unknown {
        when: When::at(now, entry.at),
        path: format!("{} {}", entry.method, requests::path(&entry.path)),
        ids,
    })
}

/// Of signing in. `attempts`: the latest, newest first.
pub(crate) fn sign_in(now: Timestamp, attempts: &[Attempt]) -> LiveSignIn {
    let refused = |attempt: &&Attempt| {
        matches!(attempt.outcome, AttemptOutcome::Rejected | AttemptOutcome::TestFailed)
    };
    LiveSignIn {
        last: attempts.first().map(|attempt| tried(now, attempt)),
        last_refused: attempts.iter().skip(1).find(refused).map(|attempt| tried(now, attempt)),
        read: attempts.len(),
    }
}

fn tried(now: Timestamp, attempt: &Attempt) -> Tried {
    let (kind, word) = match attempt.outcome {
        AttemptOutcome::SignedIn => ("good", "signed in"),
        AttemptOutcome::Rejected => ("bad", "refused"),
        AttemptOutcome::TestPassed => ("good", "test passed"),
        AttemptOutcome::TestFailed => ("warn", "test failed"),
    };
    let subject = attempt.subject.as_deref();
    Tried {
        when: When::at(now, attempt.at),
        kind,
        word,
        subject: subject.map(|subject| requests::shortened(subject, SUBJECT_CHARS_MAX)),
        detail: attempt.detail.clone(),
        href: format!("/attempts/{}", attempt.id),
    }
}

/// When each credential was used last, by its actor's text, as far as these requests tell (newest first).
pub(crate) fn last_uses(entries: &[RequestEntry]) -> BTreeMap<&str, Timestamp> {
    let mut uses = BTreeMap::new();
    for entry in entries {
        uses.entry(entry.actor.as_str()).or_insert(entry.at);
    }
    uses
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_795_338_000_000);

    fn entry(secs_ago: u64, status: u16) -> RequestEntry {
        RequestEntry {
            at: NOW.minus_secs(secs_ago),
            request_id: format!("r-{secs_ago}"),
            method: "PATCH".to_owned(),
            path: "/scim/v2/Groups/g-1".to_owned(),
            actor: format!("token:tok-{}", secs_ago % 2),
            client: Some("Okta SCIM Client 1.0.0".to_owned()),
            status,
            scim_type: None,
            detail: None,
            notices: Vec::new(),
            millis: 5,
        }
    }

    fn state(entries: &[RequestEntry]) -> LiveScim {
        scim(NOW, &Directory::default(), entries)
    }

    #[test]
    fn before_anybody_came_it_says_what_to_expect() {
        let state = state(&[]);
        assert_eq!((state.contact, state.read, state.succeeded), (None, 0, 0));
        assert_eq!(state.rhythm, Some(RHYTHMS));
        assert!(!state.on && state.failures.is_empty() && state.cut.is_none());
    }

    #[test]
    fn outcomes_are_counted_over_a_day_and_failures_shown_however_old() {
        let day = COUNTED_SECS;
        let entries = [
            entry(60, 204),
            entry(120, 404),
            entry(180, 503),
            entry(day, 200),
            entry(day + 1, 400),
        ];
        let state = state(&entries);
        assert_eq!((state.succeeded, state.refused, state.failed), (1, 1, 1));
        let shown: Vec<u16> = state.failures.iter().map(|line| line.status).collect();
        assert_eq!(shown, [404, 503, 400]);
        let contact = state.contact.unwrap();
        assert_eq!(
            (contact.when.relative.as_str(), contact.client.as_str()),
            ("1 minute ago", "Okta")
        );
        assert_eq!(state.cut, None);
    }

    #[test]
    fn a_count_that_is_cut_says_so() {
        let full: Vec<_> =
            (0..u64::from(REQUESTS_READ_MAX)).map(|place| entry(place * 36, 200)).collect();
        let state = state(&full);
        assert_eq!(
            (state.succeeded, state.cut.unwrap().relative.as_str()),
            (100, "59 minutes ago")
        );
        let old: Vec<_> =
            (0..u64::from(REQUESTS_READ_MAX)).map(|place| entry(place * 3_600, 200)).collect();
        assert_eq!(super::scim(NOW, &Directory::default(), &old).cut, None);
    }

    #[test]
    fn unknown_members_are_those_of_the_notices() {
        let mut named = entry(9, 204);
        named.notices =
            (0..12).map(|id| json!({"kind": "UnknownMember", "subject": id.to_string()})).collect();
        named.notices.push(json!({"kind": "ReadOnly", "subject": "id"}));
        let unknown = state(&[entry(1, 200), named]).unknown;
        assert_eq!(unknown.len(), 1);
        let unknown = unknown.first().unwrap();
        assert_eq!((unknown.path.as_str(), unknown.ids.len()), ("PATCH /Groups/g-1", 11));
    }

    #[test]
    fn the_first_that_is_met_is_the_last_use() {
        let entries = [entry(1, 200), entry(2, 200), entry(3, 200)];
        let uses = last_uses(&entries);
        assert_eq!(uses.get("token:tok-1"), Some(&NOW.minus_secs(1)));
        assert_eq!(uses.get("token:tok-0"), Some(&NOW.minus_secs(2)));
    }
}

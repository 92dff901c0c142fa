//! The attempt log.

use lychgate_core::{
    attempt::{ATTEMPT_DAYS, Attempt, AttemptOutcome},
    ids::{ConnectionId, OrganizationId},
    ports::StoreError,
};

use super::{DOC, ENDS, Item, Reader, SK, TTL, instant, item, json, s, ttl};
use crate::keys;

const AT: &str = "at";
const REQUEST: &str = "rq";
const OUTCOME: &str = "oc";
const METHOD: &str = "me";
const CONNECTION: &str = "co";
const USER: &str = "us";
const SUBJECT: &str = "su";
const CODE: &str = "cd";
const DETAIL: &str = "de";
const WANT: &str = "wa";
const GOT: &str = "go";

const DAY_SECS: u64 = 86_400;
const METHODS: [&str; 2] = ["saml", "password"];
const OUTCOMES: [AttemptOutcome; 4] = [
    AttemptOutcome::SignedIn,
    AttemptOutcome::Rejected,
    AttemptOutcome::TestPassed,
    AttemptOutcome::TestFailed,
];

/// The item of one attempt.
pub(crate) fn write(organization: &OrganizationId, attempt: &Attempt) -> Item {
    let ends = attempt.at.plus_secs(ATTEMPT_DAYS * DAY_SECS);
    item(
        &keys::attempt(organization, attempt.id),
        [
            (AT, Some(instant(attempt.at))),
            (REQUEST, Some(s(&attempt.request_id))),
            (OUTCOME, Some(s(attempt.outcome.text()))),
            (METHOD, Some(s(attempt.method))),
            (CONNECTION, attempt.connection.as_ref().map(|id| s(id.bare()))),
            (USER, attempt.user.map(|id| s(id.to_string()))),
            (SUBJECT, attempt.subject.as_ref().map(s)),
            (CODE, attempt.code.as_ref().map(s)),
            (DETAIL, attempt.detail.as_ref().map(s)),
            (WANT, attempt.want.as_ref().map(s)),
            (GOT, attempt.got.as_ref().map(s)),
            (DOC, (!attempt.facts.is_empty()).then(|| json(&attempt.facts))),
            (ENDS, Some(instant(ends))),
            (TTL, Some(ttl(ends))),
        ],
    )
}

/// An attempt, read back.
pub(crate) fn read(item: &Item) -> Result<Attempt, StoreError> {
    let reader = Reader::new("attempt", item);
    let text_opt = |name: &str| Ok::<_, StoreError>(reader.text_opt(name)?.map(str::to_owned));
    Ok(Attempt {
        id: reader.parsed(SK, |text| text.parse().ok())?,
        at: reader.instant(AT)?,
        request_id: reader.text(REQUEST)?.to_owned(),
        outcome: reader
            .parsed(OUTCOME, |text| OUTCOMES.into_iter().find(|outcome| outcome.text() == text))?,
        method: reader.parsed(METHOD, |text| METHODS.into_iter().find(|method| *method == text))?,
        connection: reader.parsed_opt(CONNECTION, |text| ConnectionId::from_bare(text).ok())?,
        user: reader.parsed_opt(USER, |text| text.parse().ok())?,
        subject: text_opt(SUBJECT)?,
        code: text_opt(CODE)?,
        detail: text_opt(DETAIL)?,
        want: text_opt(WANT)?,
        got: text_opt(GOT)?,
        facts: if reader.text_opt(DOC)?.is_some() { reader.json(DOC)? } else { Default::default() },
    })
}

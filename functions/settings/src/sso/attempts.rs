//! Sign-ins: the list with a filter, and one with why and where to change it (S11).

use lychgate_core::{
    attempt::{ATTEMPT_DAYS, Attempt, AttemptOutcome},
    ids::AttemptId,
    settings::access::Area,
};
use lychgate_edge::{
    page::{Trouble, Who},
    pages::settings::{
        attempt::{AttemptPage, AttemptsPage},
        sso::Choice,
    },
    reply::Reply,
    settings::Turned,
};

use super::{Desk, idp_kind::IdpKind, view};
use crate::Store;

/// How many sign-ins a page looks through, in one read.
const LOOKED_THROUGH: u32 = 200;
/// How many of them it shows.
const SHOWN_MAX: usize = 50;

/// Which sign-ins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    All,
    Rejected,
    Tests,
}

impl Filter {
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::All, "all", "All"),
        (Self::Rejected, "rejected", "Rejected"),
        (Self::Tests, "tests", "Tests"),
    ];

    fn parse(text: Option<&str>) -> Self {
        let found = Self::ALL.into_iter().find(|(_, word, _)| Some(*word) == text);
        found.map_or(Self::All, |(filter, ..)| filter)
    }

    fn word(self) -> &'static str {
        Self::ALL
            .into_iter()
            .find(|(filter, ..)| *filter == self)
            .map_or("all", |(_, word, _)| word)
    }

    const fn takes(self, outcome: AttemptOutcome) -> bool {
        matches!(
            (self, outcome),
            (Self::All, _)
                | (Self::Rejected, AttemptOutcome::Rejected)
                | (Self::Tests, AttemptOutcome::TestPassed | AttemptOutcome::TestFailed)
        )
    }
}

/// Those that are shown of those that were read, and after which one the next page begins.
fn cut(read: &[Attempt], filter: Filter) -> (Vec<&Attempt>, Option<AttemptId>) {
    let mut shown = Vec::new();
    for (at, attempt) in read.iter().enumerate() {
        if filter.takes(attempt.outcome) {
            shown.push(attempt);
        }
        let more = at + 1 < read.len() || read.len() >= LOOKED_THROUGH as usize;
        if more && (shown.len() == SHOWN_MAX || at + 1 == read.len()) {
            return (shown, Some(attempt.id));
        }
    }
    (shown, None)
}

pub(super) async fn list<S: Store>(desk: Desk<'_, '_, S>) -> Result<Reply, Turned> {
    let (ctx, home) = (desk.ctx, desk.room.path(""));
    let filter = Filter::parse(desk.incoming.query("show"));
    // What is no reference of ours begins at the newest.
    let before = desk.incoming.query("before").and_then(|text| text.parse::<AttemptId>().ok());
    let setup = desk.setup().await?;
    let organization = &setup.organization.id;
    let read = desk.store.attempts_before(ctx, organization, before, LOOKED_THROUGH).await?;
    let (shown, next) = cut(&read, filter);
    let path = format!("{home}/attempts?show={}", filter.word());
    let choice = |(one, word, label): (Filter, &str, &'static str)| Choice {
        value: format!("{home}/attempts?show={word}"),
        label,
        chosen: one == filter,
    };
    let page = AttemptsPage {
        frame: desk.room.frame(Area::Sso, None),
        filters: Filter::ALL.map(choice).to_vec(),
        days: ATTEMPT_DAYS,
        attempts: shown
            .into_iter()
            .map(|one| view::attempt_row(&setup, one, &home, ctx.now()))
            .collect(),
        older: next.map(|id| format!("{path}&before={id}")),
        newest: before.map(|_| path.clone()),
    };
    Ok(desk.room.render(200, &page))
}

pub(super) async fn one<S: Store>(desk: Desk<'_, '_, S>) -> Result<Reply, Turned> {
    let (ctx, home) = (desk.ctx, desk.room.path(""));
    let missing = || {
        let sentence = format!(
            "There is no such sign-in. It may be too old: they are kept for {ATTEMPT_DAYS} days."
        );
        Turned::from(Trouble::new(Who::Developer, sentence).again(desk.room.path("/attempts")))
    };
    let id: AttemptId = desk.incoming.parameter("attempt").parse().map_err(|_| missing())?;
    let organization = &desk.room.visitor.organization().id;
    let attempt = desk.store.attempt(ctx, organization, id).await?.ok_or_else(missing)?;
    let setup = desk.setup().await?;
    let connection = view::connection_of(&setup, &attempt);
    let kind = connection.map_or(IdpKind::Other, IdpKind::guess);
    let may_see_members = desk.room.visitor.may(Area::Members);
    let page = AttemptPage {
        frame: desk.room.frame(Area::Sso, None),
        view: view::attempt(&setup, &attempt, kind, &home, ctx.now()),
        connection_href: connection.map(|one| format!("{home}/sso/{}?idp={}", one.id, kind.slug())),
        member_href: attempt
            .user
            .filter(|_| may_see_members)
            .map(|user| format!("{home}/members/{user}")),
        request_id: attempt.request_id.clone(),
        support: support(&attempt, setup.organization.domain.as_str()),
    };
    Ok(desk.room.render(200, &page))
}

/// What somebody needs who is to help, line by line.
fn support(attempt: &Attempt, domain: &str) -> String {
    let connection = attempt.connection.as_ref().map(ToString::to_string);
    let lines = [
        ("Reference", Some(attempt.id.to_string())),
        ("Time", Some(attempt.at.rfc3339())),
        ("Organization", Some(domain.to_owned())),
        ("Connection", connection),
        ("Request", Some(attempt.request_id.clone())),
        ("Outcome", Some(attempt.outcome.text().to_owned())),
        ("Code", attempt.code.clone()),
        ("Expected", attempt.want.clone()),
        ("Received", attempt.got.clone()),
    ];
    let lines = lines.into_iter().filter_map(|(name, value)| Some(format!("{name}: {}", value?)));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use lychgate_testkit::{FakeWorld, build};

    use super::*;

    fn attempts(world: &FakeWorld, count: usize) -> Vec<Attempt> {
        let outcome = |at: usize| match at % 4 {
            0 => AttemptOutcome::SignedIn,
            1 => AttemptOutcome::Rejected,
            2 => AttemptOutcome::TestPassed,
            _ => AttemptOutcome::TestFailed,
        };
        let one = |at| Attempt { outcome: outcome(at), ..build::attempt(world, "ada") };
        (0..count).map(one).collect()
    }

    #[test]
    fn a_page_goes_on_after_the_last_that_was_looked_at() {
        let world = FakeWorld::new(1);
        let few = attempts(&world, 8);
        assert_eq!(cut(&few, Filter::All), (few.iter().collect(), None));
        let (rejected, next) = cut(&few, Filter::Rejected);
        assert_eq!((rejected.len(), next), (2, None));
        assert_eq!(cut(&few, Filter::Tests).0.len(), 4);
        // More than are shown.
        let many = attempts(&world, 120);
        let (shown, next) = cut(&many, Filter::All);
        assert_eq!((shown.len(), next), (SHOWN_MAX, Some(many[SHOWN_MAX - 1].id)));
        // All that one read gives, and few of them fit: there may be older ones.
        let all = attempts(&world, LOOKED_THROUGH as usize);
        let (shown, next) = cut(&all, Filter::Rejected);
        assert_eq!((shown.len(), next), (50, Some(all[197].id)));
        let none: Vec<Attempt> = all
            .iter()
            .map(|one| Attempt { outcome: AttemptOutcome::SignedIn, ..one.clone() })
            .collect();
        assert_eq!(cut(&none, Filter::Tests), (vec![], Some(none[199].id)));
        assert_eq!(cut(&[], Filter::All), (vec![], None));
    }

    #[test]
    fn the_text_for_support_has_what_is_needed_and_no_name() {
        let world = FakeWorld::new(1);
        let attempt = build::attempt(&world, "ada@acme.test");
        let text = support(&attempt, "acme");
        assert!(text.starts_with(&format!("Reference: {}\n", attempt.id)), "{text}");
        assert!(text.contains("\nExpected: https://") && text.contains("\nOrganization: acme\n"));
        assert!(!text.contains("ada@"), "{text}");
    }
}

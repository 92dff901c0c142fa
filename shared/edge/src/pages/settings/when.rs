//! Points in time as the pages show them: for people, for machines, and how far away.

use lychgate_core::time::Timestamp;

use crate::settings::for_people;

/// What ends within this many days is warned of.
pub const SOON_DAYS: u64 = 30;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A point in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    /// For the attribute `datetime`: RFC 3339.
    pub machine: String,
    /// `2026-11-22 16:05 UTC`.
    pub people: String,
    /// `3 minutes ago`, `in 23 days`.
    pub relative: String,
}

impl When {
    /// This point, seen from `now`.
    #[must_use]
    pub fn at(now: Timestamp, at: Timestamp) -> Self {
        Self { machine: at.rfc3339(), people: for_people(at), relative: relative(now, at) }
    }
}

/// How far away it is, in the largest unit that is not too rough: minutes to an hour, hours to two days, then days.
#[must_use]
pub fn relative(now: Timestamp, at: Timestamp) -> String {
    let ahead = at > now;
    let millis = if ahead { at.millis_since(now) } else { now.millis_since(at) };
    let (count, unit) = match millis / 1000 {
        secs if secs < MINUTE => {
            return if ahead { "in less than a minute" } else { "just now" }.to_owned();
        }
        secs if secs < HOUR => (secs / MINUTE, "minute"),
        secs if secs < 2 * DAY => (secs / HOUR, "hour"),
        secs => (secs / DAY, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if ahead { format!("in {count} {unit}{plural}") } else { format!("{count} {unit}{plural} ago") }
}

/// How much time something has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// When it ends, or ended.
    pub when: When,
    /// The kind of its badge: `good`, `warn` within [`SOON_DAYS`], `bad` once it is over.
    pub kind: &'static str,
    /// The word of its badge.
    pub word: &'static str,
}

impl Ends {
    /// Of what ends at `at`, seen from `now`.
    #[must_use]
    pub fn at(now: Timestamp, at: Timestamp) -> Self {
        let (kind, word) = if at <= now {
            ("bad", "ended")
        } else if at.millis_since(now) <= SOON_DAYS * DAY * 1000 {
            ("warn", "ends soon")
        } else {
            ("good", "holds")
        };
        Self { when: When::at(now, at), kind, word }
    }

    /// Whether somebody should do something about it.
    #[must_use]
    pub fn is_near(&self) -> bool {
        self.kind != "good"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_795_338_000_000);

    #[test]
    fn how_far_away_is_said_in_words() {
        for (secs, past, future) in [
            (0, "just now", "just now"),
            (59, "just now", "in less than a minute"),
            (60, "1 minute ago", "in 1 minute"),
            (3 * MINUTE + 59, "3 minutes ago", "in 3 minutes"),
            (HOUR, "1 hour ago", "in 1 hour"),
            (47 * HOUR, "47 hours ago", "in 47 hours"),
            (2 * DAY, "2 days ago", "in 2 days"),
            (400 * DAY, "400 days ago", "in 400 days"),
        ] {
            assert_eq!(relative(NOW, NOW.minus_secs(secs)), past);
            assert_eq!(relative(NOW, NOW.plus_secs(secs)), future);
        }
    }

    #[test]
    fn the_last_thirty_days_are_warned_of() {
        let kind = |at| Ends::at(NOW, at).kind;
        assert_eq!(kind(NOW.plus_secs(SOON_DAYS * DAY).plus_millis(1)), "good");
        assert_eq!(kind(NOW.plus_secs(SOON_DAYS * DAY)), "warn");
        assert_eq!(kind(NOW.plus_millis(1)), "warn");
        assert_eq!(kind(NOW), "bad");
        let ends = Ends::at(NOW, NOW.plus_secs(23 * DAY));
        assert_eq!((ends.when.relative.as_str(), ends.word), ("in 23 days", "ends soon"));
        assert_eq!(ends.when.people, "2026-12-15 09:00 UTC");
        assert!(ends.is_near() && !Ends::at(NOW, NOW.plus_secs(90 * DAY)).is_near());
    }
}

//! Points in time as the pages show them: for machines, for people, and how far away.

use lychgate_core::time::Timestamp;

use crate::settings::for_people;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A point in time on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// For the attribute `datetime`.
    pub machine: String,
    /// `2026-11-22 16:05 UTC`.
    pub people: String,
    /// `3 minutes ago`, `in 23 days`.
    pub away: String,
}

impl Moment {
    /// As seen at `now`.
    #[must_use]
    pub fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { machine: at.rfc3339(), people: for_people(at), away: away(at, now) }
    }
}

fn away(at: Timestamp, now: Timestamp) -> String {
    let is_ahead = at > now;
    let millis = if is_ahead { at.millis_since(now) } else { now.millis_since(at) };
    let secs = millis / 1_000;
    let (count, unit) = match secs {
        0..MINUTE => return if is_ahead { "in a moment" } else { "just now" }.to_owned(),
        MINUTE..HOUR => (secs / MINUTE, "minute"),
        HOUR..DAY => (secs / HOUR, "hour"),
        _ => (secs / DAY, "day"),
    };
    let s = if count == 1 { "" } else { "s" };
    if is_ahead { format!("in {count} {unit}{s}") } else { format!("{count} {unit}{s} ago") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_away_is_said_in_the_largest_whole_unit() {
        let now = Timestamp::from_unix_millis(1_800_000_000_000);
        for (secs, ahead, ago) in [
            (0, "just now", "just now"),
            (59, "in a moment", "just now"),
            (60, "in 1 minute", "1 minute ago"),
            (3_599, "in 59 minutes", "59 minutes ago"),
            (7_200, "in 2 hours", "2 hours ago"),
            (86_400, "in 1 day", "1 day ago"),
            (23 * 86_400, "in 23 days", "23 days ago"),
        ] {
            assert_eq!(away(now.plus_secs(secs), now), ahead);
            assert_eq!(away(now.minus_secs(secs), now), ago);
        }
    }
}

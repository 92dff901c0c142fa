//! `xs:dateTime` as SAML uses it (SAML Core §1.3.3): parsed to an instant, never compared as text.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// An instant: milliseconds since 1970-01-01T00:00:00Z. Passed in, never asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(i64);

impl Instant {
    /// From milliseconds since 1970.
    #[must_use]
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// This many seconds later (earlier when negative).
    #[must_use]
    pub const fn plus_secs(self, secs: i64) -> Self {
        Self(self.0.saturating_add(secs.saturating_mul(1000)))
    }

    /// Whole seconds from `earlier` to this: negative when this is the earlier one.
    #[must_use]
    pub const fn secs_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(1000)
    }

    /// From `xs:dateTime`; text without an offset is UTC, as SAML Core §1.3.3 says. `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // The RFC's grammar takes other separators and cases; XML Schema's takes these.
        let (date, time) = text.split_at_checked(10)?;
        if date.contains([' ', 'T']) || !time.starts_with('T') || text.contains(['z', 't', ' ']) {
            return None;
        }
        let zoned;
        let has_offset = time.ends_with('Z') || time.contains(['+', '-']);
        let text = if has_offset {
            text
        } else {
            zoned = format!("{text}Z");
            &zoned
        };
        let instant = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(instant.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Self)
    }

    /// `2026-11-22T09:30:00Z`: whole seconds, UTC.
    #[must_use]
    pub fn text(self) -> String {
        OffsetDateTime::from_unix_timestamp(self.0.div_euclid(1000))
            .ok()
            .and_then(|instant| instant.format(&Rfc3339).ok())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_fractions_and_their_absence_are_the_same_instant() {
        let z = Instant::parse("2026-11-22T09:30:00Z").unwrap();
        for same in [
            "2026-11-22T09:30:00",
            "2026-11-22T09:30:00.000Z",
            "2026-11-22T09:30:00.0000000Z",
            "2026-11-22T09:30:00+00:00",
            "2026-11-22T10:30:00+01:00",
        ] {
            assert_eq!(Instant::parse(same), Some(z), "{same}");
        }
        assert_eq!(z.text(), "2026-11-22T09:30:00Z");
        assert_eq!(Instant::parse("2026-11-22T09:30:00.5Z"), Some(Instant(z.0 + 500)));
    }

    #[test]
    fn what_is_no_date_time_is_none() {
        for text in [
            "",
            "2026-11-22",
            "2026-11-22 09:30:00Z",
            "2026-11-22t09:30:00Z",
            "2026-11-22T09:30:00z",
            " 2026-11-22T09:30:00Z",
            "2026-11-22T09:30:00Z ",
            "2026-11-22T09:30Z",
            "2026-13-22T09:30:00Z",
            "2026-11-22T25:30:00Z",
            "2026-11-22T09:30:00ZZ",
            "2026-11-22T09:30:00+01",
            "99999-11-22T09:30:00Z",
            "ééééééééééé",
            "1795340000",
        ] {
            assert_eq!(Instant::parse(text), None, "{text}");
        }
    }

    #[test]
    fn arithmetic_never_overflows() {
        let (first, last) = (Instant(i64::MIN), Instant(i64::MAX));
        assert_eq!(last.plus_secs(i64::MAX), last);
        assert_eq!(first.plus_secs(i64::MIN), first);
        assert_eq!(last.secs_since(first), i64::MAX.div_euclid(1000));
        assert_eq!(Instant(2_500).secs_since(Instant(1_000)), 1);
        assert_eq!(Instant(0).secs_since(Instant(1)), -1);
    }
}

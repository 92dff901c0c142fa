//! `xs:duration`, as `cacheDuration` has it (XML Schema Part 2 §3.2.6).

/// Seconds of a duration that is not negative; a month is 30 days and a year 365. `None` when it is none.
pub(super) fn secs(text: &str) -> Option<u64> {
    let rest = text.strip_prefix('P')?;
    let (date, time) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None => (rest, ""),
    };
    if date.is_empty() && time.is_empty() {
        return None;
    }
    let day = 86_400;
    let of_date = sum(date, &[('Y', 365 * day), ('M', 30 * day), ('D', day)])?;
    of_date.checked_add(sum(time, &[('H', 3_600), ('M', 60), ('S', 1)])?)
}

/// The units in their order, each at most once, and nothing left over.
fn sum(mut text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut total = 0_u64;
    for (unit, worth) in units {
        let Some((number, rest)) = text.split_once(*unit) else { continue };
        // Only seconds have a fraction, which is dropped.
        let whole = match (unit, number.split_once('.')) {
            ('S', Some((whole, fraction)))
                if !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                whole
            }
            _ => number,
        };
        if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        total = total.checked_add(whole.parse::<u64>().ok()?.checked_mul(*worth)?)?;
        text = rest;
    }
    text.is_empty().then_some(total)
}

#[cfg(test)]
mod tests {
    use super::secs;

    #[test]
    fn a_duration_is_read_to_seconds_or_is_none() {
        for (text, want) in [
            ("PT1H", Some(3_600)),
            ("PT0S", Some(0)),
            ("P1D", Some(86_400)),
            ("P7DT12H30M15.5S", Some(7 * 86_400 + 12 * 3_600 + 30 * 60 + 15)),
            ("P1Y2M", Some(365 * 86_400 + 60 * 86_400)),
            ("PT604800.000S", Some(604_800)),
            ("", None),
            ("P", None),
            ("PT", None),
            ("P1DT", None),
            ("1D", None),
            ("-P1D", None),
            ("P1", None),
            ("P1D2D", None),
            ("P1D1Y", None),
            ("PT1.5H", None),
            ("PT1.S", None),
            ("PT-1S", None),
            ("P+1D", None),
            ("P1d", None),
            ("P99999999999999999999D", None),
            ("P999999999999999999Y", None),
        ] {
            assert_eq!(secs(text), want, "{text}");
        }
    }
}

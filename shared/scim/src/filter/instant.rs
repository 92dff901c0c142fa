//! xsd:dateTime as an instant (RFC 7643 §2.3.5), so that `…Z`, an offset and fractions compare as time.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The instant that a dateTime means. xsd allows it without an offset: taken as UTC; a date alone means its
/// first moment.
pub(crate) fn instant(text: &str) -> Option<OffsetDateTime> {
    let text = text.trim();
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339))
        .or_else(|_| OffsetDateTime::parse(&format!("{text}T00:00:00Z"), &Rfc3339))
        .ok()
}

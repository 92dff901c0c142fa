//! The members as a table for spreadsheets (P7): RFC 4180, and safe to open.

use super::members::{Listed, email, suspended_since};
use crate::{record::Suspension, time::Timestamp};

/// The columns, in their order.
pub const COLUMNS: [&str; 12] = [
    "id",
    "user_name",
    "display_name",
    "email",
    "suspended",
    "suspended_since",
    "suspended_by_directory",
    "suspended_by_hand",
    "owner",
    "origin",
    "created",
    "last_sign_in",
];

/// The line with the columns' names.
#[must_use]
pub fn header() -> String {
    line(COLUMNS)
}

/// One line for each member.
#[must_use]
pub fn rows(members: &[Listed]) -> String {
    members.iter().map(row).collect()
}

/// The line of one member.
#[must_use]
pub fn row(member: &Listed) -> String {
    let user = &member.user;
    let id = user.id.to_string();
    let since = suspended_since(user).map(Timestamp::rfc3339).unwrap_or_default();
    let by = |suspension: &Option<Suspension>| {
        suspension.as_ref().map(|s| s.by.clone()).unwrap_or_default()
    };
    let (by_directory, by_hand) = (by(&user.suspended), by(&user.suspended_by_hand));
    let created = user.created.rfc3339();
    let last_sign_in = user.last_sign_in.map(Timestamp::rfc3339).unwrap_or_default();
    line([
        &id,
        user.user_name(),
        user.resource.text("displayName").unwrap_or_default(),
        email(user).unwrap_or_default(),
        yes_no(user.is_suspended()),
        &since,
        &by_directory,
        &by_hand,
        yes_no(member.owner),
        user.origin.text(),
        &created,
        &last_sign_in,
    ])
}

const fn yes_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// A line of these cells, as RFC 4180 §2 has it. A cell that a spreadsheet would take for a formula gets an apostrophe:
/// names come from outside, and `=HYPERLINK(…)` is a name that somebody will try.
#[must_use]
pub fn line<const CELLS: usize>(cells: [&str; CELLS]) -> String {
    let mut line = cells.map(cell).join(",");
    line.push_str("\r\n");
    line
}

fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_defused() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"] {
            assert!(cell(text).starts_with('\''), "{text}");
        }
        assert_eq!(cell("=HYPERLINK(\"a\",\"b\")"), "\"'=HYPERLINK(\"\"a\"\",\"\"b\"\")\"");
    }

    #[test]
    fn separators_and_quotes_are_quoted() {
        assert_eq!(cell("Byron, Ada"), "\"Byron, Ada\"");
        assert_eq!(cell("Ada \"A\" Byron"), "\"Ada \"\"A\"\" Byron\"");
        assert_eq!(cell("two\r\nlines"), "\"two\r\nlines\"");
        assert_eq!(cell("Ada"), "Ada");
    }

    #[test]
    fn every_line_ends_as_the_rfc_says() {
        assert!(header().ends_with("last_sign_in\r\n"));
    }
}

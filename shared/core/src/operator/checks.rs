//! Checks that several nouns share: names, ends, page sizes, cursors.

use super::{PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, Refusal};
use crate::time::Timestamp;

/// The most characters of a name: of an organization, a token, a client, an operator key.
pub const NAME_CHARS_MAX: usize = 100;

/// A name for people, without blanks at its ends.
///
/// # Errors
/// Empty, longer than [`NAME_CHARS_MAX`], or with control characters.
pub fn name(field: &str, text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refusal::invalid(
            field,
            format!("`{field}` is empty: give it a name that people recognize."),
        ));
    }
    let chars = text.chars().count();
    if chars > NAME_CHARS_MAX {
        return Err(Refusal::invalid(
            field,
            format!(
                "`{field}` has {chars} characters; at most {NAME_CHARS_MAX} are kept: shorten it."
            ),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::invalid(
            field,
            format!("`{field}` has a control character (such as a line break): take it out."),
        ));
    }
    Ok(text.to_owned())
}

/// An end that lies ahead.
///
/// # Errors
/// It has passed.
pub fn ahead(field: &str, now: Timestamp, instant: Timestamp) -> Result<Timestamp, Refusal> {
    if instant <= now {
        return Err(Refusal::invalid(
            field,
            format!(
                "`{field}` is {}, which has passed: give a later time, or leave it out.",
                instant.rfc3339()
            ),
        ));
    }
    Ok(instant)
}

/// How many items a page shall have.
///
/// # Errors
/// Zero, or more than [`PAGE_SIZE_MAX`].
pub fn page_size(limit: Option<u32>) -> Result<u32, Refusal> {
    match limit {
        None => Ok(PAGE_SIZE_DEFAULT),
        Some(limit) if (1..=PAGE_SIZE_MAX).contains(&limit) => Ok(limit),
        Some(limit) => Err(Refusal::invalid(
            "limit",
            format!("`limit` is {limit}: give a number from 1 to {PAGE_SIZE_MAX}."),
        )),
    }
}

/// Where a page begins.
///
/// # Errors
/// The text is no cursor of ours.
pub fn cursor<T>(
    text: Option<&str>,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    match read(text) {
        Some(place) => Ok(Some(place)),
        None => Err(Refusal::invalid(
            "cursor",
            "`cursor` is not one that this list gave: send `next_cursor` of the page before, unchanged, or \
             leave it out to begin at the start.",
        )),
    }
}

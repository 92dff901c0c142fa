//! Checks that several nouns share: names, ends, page sizes, cursors.

use super::{PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, Refusal};
use crate::{organization::EMAIL_DOMAINS_MAX, time::Timestamp};

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

/// The most characters of an e-mail domain (RFC 1035 §2.3.4).
pub const EMAIL_DOMAIN_CHARS_MAX: usize = 253;
/// The most characters between two dots of it.
const LABEL_CHARS_MAX: usize = 63;

/// E-mail domains in lower case, each once, in the order that they came.
///
/// # Errors
/// More than [`EMAIL_DOMAINS_MAX`], or one that is none.
pub fn email_domains(field: &str, texts: &[&str]) -> Result<Vec<String>, Refusal> {
    if texts.len() > EMAIL_DOMAINS_MAX {
        return Err(Refusal::invalid(
            field,
            format!(
                "`{field}` has {} entries; at most {EMAIL_DOMAINS_MAX} are kept: send fewer.",
                texts.len()
            ),
        ));
    }
    let mut domains = Vec::with_capacity(texts.len());
    for text in texts {
        let domain = email_domain(field, text)?;
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    Ok(domains)
}

/// A DNS name of two labels or more; an internationalized one in its ASCII form.
fn email_domain(field: &str, text: &str) -> Result<String, Refusal> {
    let domain = text.trim().to_ascii_lowercase();
    let is_label = |label: &str| {
        (1..=LABEL_CHARS_MAX).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_domain = domain.len() <= EMAIL_DOMAIN_CHARS_MAX
        && domain.contains('.')
        && domain.split('.').all(is_label);
    if is_domain {
        return Ok(domain);
    }
    // What a stranger sent comes back shortened: enough to see the typo.
    let shown: String = text.chars().filter(|c| !c.is_control()).take(64).collect();
    Err(Refusal::invalid(
        field,
        format!(
            "`{shown}` in `{field}` is no e-mail domain: write what stands behind the `@`, such as `example.com`; \
             an internationalized name in its ASCII form (`xn--…`)."
        ),
    ))
}

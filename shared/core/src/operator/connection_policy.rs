//! What a connection accepts and how it asks: the ranges of its settings (S3, S5–S8).

use super::{
    Refusal,
    checks::{ahead, email_domains},
};
use crate::{
    connection::{
        AttributeNames, CLOCK_SKEW_SECS_MAX, ConnectionPolicy, MetadataSource, SESSION_SECS_MAX,
        SESSION_SECS_MIN, Settings, WEAK_DAYS_MAX,
    },
    idp,
    time::Timestamp,
};

/// The most characters of an attribute's name. (The longest known ones are URIs of about 70.)
pub const ATTRIBUTE_NAME_CHARS_MAX: usize = 256;
/// A day, in seconds.
const DAY_SECS: u64 = 86_400;

/// What shall be different; `None` stays as it is. Where a value can be taken away, `Some(None)` does so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyUpdate<'a> {
    /// [`ConnectionPolicy::idp_initiated`].
    pub idp_initiated: Option<bool>,
    /// [`ConnectionPolicy::just_in_time`].
    pub just_in_time: Option<bool>,
    /// [`ConnectionPolicy::require_encryption`].
    pub require_encryption: Option<bool>,
    /// [`ConnectionPolicy::sign_requests`].
    pub sign_requests: Option<bool>,
    /// [`ConnectionPolicy::request_by_post`].
    pub request_by_post: Option<bool>,
    /// [`ConnectionPolicy::sha1_until`].
    pub sha1_until: Option<Option<Timestamp>>,
    /// [`ConnectionPolicy::rsa_1_5_until`].
    pub rsa_1_5_until: Option<Option<Timestamp>>,
    /// [`ConnectionPolicy::clock_skew_secs`].
    pub clock_skew_secs: Option<u32>,
    /// [`ConnectionPolicy::session_secs`].
    pub session_secs: Option<u32>,
    /// [`ConnectionPolicy::attributes`]: each of the names that was sent.
    pub attributes: AttributeUpdate<'a>,
    /// [`ConnectionPolicy::email_domains`].
    pub email_domains: Option<Vec<&'a str>>,
}

/// Which names of attributes shall be different.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AttributeUpdate<'a> {
    /// [`AttributeNames::email`].
    pub email: Option<Option<&'a str>>,
    /// [`AttributeNames::first_name`].
    pub first_name: Option<Option<&'a str>>,
    /// [`AttributeNames::last_name`].
    pub last_name: Option<Option<&'a str>>,
    /// [`AttributeNames::display_name`].
    pub display_name: Option<Option<&'a str>>,
}

/// What the owner should know of these settings, and what stops nothing: sentences (S4, S6).
#[must_use]
pub fn warnings(settings: &Settings, now: Timestamp) -> Vec<String> {
    let mut warnings = Vec::new();
    let policy = &settings.policy;
    for (until, what) in [
        (policy.sha1_until, "SHA-1 signatures are"),
        (policy.rsa_1_5_until, "RSA 1.5 key transport is"),
    ] {
        if let Some(until) = until.filter(|until| *until > now) {
            warnings.push(format!(
                "{what} accepted until {}: they are weak, set the identity provider right before then.",
                until.rfc3339()
            ));
        }
    }
    if let MetadataSource::Url { error: Some(error), .. } = &settings.source {
        warnings.push(format!("The metadata was not refreshed: {error}"));
    }
    let Some(idp) = &settings.idp else { return warnings };
    if idp.wants_signed_requests && !policy.sign_requests {
        warnings.push(
            "The identity provider wants requests signed, and ours are not: set `sign_requests` to true.".to_owned(),
        );
    }
    if let Some(until) = idp.valid_until.filter(|until| *until <= now) {
        warnings.push(format!("The metadata was valid until {}.", until.rfc3339()));
    }
    for certificate in idp::certificates(idp) {
        let days = certificate.days_left(idp::instant(now));
        if days < EXPIRY_DAYS_SHOWN {
            let fingerprint: String = certificate.fingerprint.chars().take(16).collect();
            let end = certificate.not_after.text();
            let verb = if days < 0 { "ended" } else { "ends" };
            warnings.push(format!("The signing certificate {fingerprint}… {verb} on {end}."));
        }
    }
    warnings
}

/// A certificate with fewer days left than this is warned of.
const EXPIRY_DAYS_SHOWN: i64 = 30;

/// An update whose values are in their ranges.
pub(crate) struct Checked<'a> {
    pub(crate) sign_requests: Option<bool>,
    update: &'a PolicyUpdate<'a>,
    email_domains: Option<Vec<String>>,
}

/// # Errors
/// The first value that is out of its range.
pub(crate) fn check<'a>(
    update: &'a PolicyUpdate<'a>,
    now: Timestamp,
) -> Result<Checked<'a>, Refusal> {
    weak_until("sha1_until", update.sha1_until, now)?;
    weak_until("rsa_1_5_until", update.rsa_1_5_until, now)?;
    in_range("clock_skew_secs", update.clock_skew_secs, 0, CLOCK_SKEW_SECS_MAX)?;
    in_range("session_secs", update.session_secs, SESSION_SECS_MIN, SESSION_SECS_MAX)?;
    let names = &update.attributes;
    for (field, name) in [
        ("attributes.email", names.email),
        ("attributes.first_name", names.first_name),
        ("attributes.last_name", names.last_name),
        ("attributes.display_name", names.display_name),
    ] {
        if let Some(Some(name)) = name {
            attribute_name(field, name)?;
        }
    }
    let email_domains = match &update.email_domains {
        None => None,
        Some(texts) => Some(email_domains("email_domains", texts)?),
    };
    Ok(Checked { sign_requests: update.sign_requests, update, email_domains })
}

impl Checked<'_> {
    /// Writes what shall be different.
    pub(crate) fn apply(&self, policy: &mut ConnectionPolicy) {
        fn set<T: Clone>(place: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                place.clone_from(value);
            }
        }
        let update = self.update;
        set(&mut policy.idp_initiated, update.idp_initiated.as_ref());
        set(&mut policy.just_in_time, update.just_in_time.as_ref());
        set(&mut policy.require_encryption, update.require_encryption.as_ref());
        set(&mut policy.sign_requests, update.sign_requests.as_ref());
        set(&mut policy.request_by_post, update.request_by_post.as_ref());
        set(&mut policy.sha1_until, update.sha1_until.as_ref());
        set(&mut policy.rsa_1_5_until, update.rsa_1_5_until.as_ref());
        set(&mut policy.clock_skew_secs, update.clock_skew_secs.as_ref());
        set(&mut policy.session_secs, update.session_secs.as_ref());
        set(&mut policy.email_domains, self.email_domains.as_ref());
        let AttributeNames { email, first_name, last_name, display_name } = &mut policy.attributes;
        for (place, name) in [
            (email, update.attributes.email),
            (first_name, update.attributes.first_name),
            (last_name, update.attributes.last_name),
            (display_name, update.attributes.display_name),
        ] {
            if let Some(name) = name {
                *place = name.map(|name| name.trim().to_owned());
            }
        }
    }
}

fn weak_until(
    field: &str,
    until: Option<Option<Timestamp>>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let Some(Some(until)) = until else { return Ok(()) };
    ahead(field, now, until)?;
    if until > now.plus_secs(WEAK_DAYS_MAX * DAY_SECS) {
        return Err(Refusal::invalid(
            field,
            format!(
                "`{field}` lies more than {WEAK_DAYS_MAX} days ahead: an exception for a weak algorithm ends, so \
                 that the identity provider is set right meanwhile. Give an earlier time."
            ),
        ));
    }
    Ok(())
}

fn in_range(field: &str, value: Option<u32>, min: u32, max: u32) -> Result<(), Refusal> {
    match value {
        Some(value) if !(min..=max).contains(&value) => Err(Refusal::invalid(
            field,
            format!("`{field}` is {value}: give a number of seconds from {min} to {max}."),
        )),
        _ => Ok(()),
    }
}

fn attribute_name(field: &str, text: &str) -> Result<(), Refusal> {
    let chars = text.trim().chars().count();
    if chars == 0 || chars > ATTRIBUTE_NAME_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(Refusal::invalid(
            field,
            format!(
                "`{field}` must be the name of an attribute as the identity provider sends it: 1 to \
                 {ATTRIBUTE_NAME_CHARS_MAX} characters without line breaks; null takes the known names."
            ),
        ));
    }
    Ok(())
}

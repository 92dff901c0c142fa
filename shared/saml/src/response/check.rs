//! The profile's rules, a function for each (SAML Profiles §4.1.4.2, §4.1.4.3; SAML Core §2.5.1).
//!
//! They work on values that were read already, whether the signature around them held or not: who calls them knows.

use super::{
    Expectations, ExpectedRequest,
    read::{AuthnStatement, Confirmation, Envelope, Issuer, Parts, Status},
};
use crate::{Instant, Rejection, rejection::shown};

/// The only subject confirmation that a browser can bear.
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// The only format of an Issuer (SAML Profiles §4.1.4.2).
const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
/// The one status that is good news.
const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// What the rules leave of an assertion that keeps them.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) not_on_or_after: Instant,
    pub(super) in_response_to: Option<String>,
    pub(super) authn_instant: Instant,
    pub(super) session_index: Option<String>,
    pub(super) session_not_on_or_after: Option<Instant>,
    pub(super) authn_context: Option<String>,
}

/// The rules for the Response itself.
pub(super) fn envelope(envelope: &Envelope, expect: &Expectations<'_>) -> Result<(), Rejection> {
    version("Response", envelope.version.as_deref())?;
    destination(envelope.destination.as_deref(), expect.acs_url)?;
    if let Some(found) = &envelope.issuer {
        issuer("Response", found, expect.idp_entity_id)?;
    }
    status(&envelope.status)?;
    response_in_response_to(envelope.in_response_to.as_deref(), expect.request)
}

/// The rules for the assertion.
pub(super) fn assertion(parts: &Parts, expect: &Expectations<'_>) -> Result<Accepted, Rejection> {
    version("Assertion", parts.version.as_deref())?;
    issuer("Assertion", &parts.issuer, expect.idp_entity_id)?;
    let confirmed = subject_confirmation(&parts.confirmations, expect)?;
    unsolicited(expect.request)?;
    conditions_period(parts, expect)?;
    conditions_known(parts)?;
    audience(parts, expect.audience)?;
    let statement = authn_statement(&parts.authn_statements, expect)?;
    Ok(Accepted {
        not_on_or_after: confirmed.until,
        in_response_to: confirmed.in_response_to,
        authn_instant: statement.authn_instant,
        session_index: statement.session_index.clone(),
        session_not_on_or_after: statement.session_not_on_or_after,
        authn_context: statement.context.clone(),
    })
}

/// SAML Core §2.3.3, §3.2.2: `Version` is `2.0`.
pub(crate) fn version(element: &'static str, found: Option<&str>) -> Result<(), Rejection> {
    match found {
        Some("2.0") => Ok(()),
        other => Err(Rejection::BadVersion { element, got: shown(other.unwrap_or("no Version")) }),
    }
}

/// SAML Core §3.2.2: another address than ours is refused, an empty one too.
///
/// SAML Bindings §3.5.5.2 wants a Destination when the message is signed. One that is missing is taken all the same:
/// `Recipient`, which is always signed and never optional, says the same thing.
pub(crate) fn destination(found: Option<&str>, ours: &str) -> Result<(), Rejection> {
    match found {
        Some(found) if found != ours => {
            Err(Rejection::BadDestination { want: ours.to_owned(), got: shown(found) })
        }
        _ => Ok(()),
    }
}

/// SAML Profiles §4.1.4.2: the IdP's entity ID, character by character; its Format is absent or says entity.
pub(crate) fn issuer(
    element: &'static str,
    found: &Issuer,
    idp_entity_id: &str,
) -> Result<(), Rejection> {
    let want = || idp_entity_id.to_owned();
    if found.value != idp_entity_id {
        return Err(Rejection::BadIssuer { element, want: want(), got: shown(&found.value) });
    }
    match found.format.as_deref() {
        None | Some(ENTITY) => Ok(()),
        Some(format) => Err(Rejection::BadIssuer {
            element,
            want: want(),
            got: format!("{} in the format `{}`", shown(&found.value), shown(format)),
        }),
    }
}

/// SAML Core §3.2.2.2. When it is not a success, there is usually no assertion, and nothing more to check.
pub(crate) fn status(found: &Status) -> Result<(), Rejection> {
    if found.code == SUCCESS {
        return Ok(());
    }
    let last_part = |uri: &str| shown(uri.rsplit(':').next().unwrap_or(uri));
    Err(Rejection::IdpStatus {
        code: last_part(&found.code),
        subcode: found.subcode.as_deref().map(last_part),
        message: found.message.as_deref().map(shown),
    })
}

/// SAML Core §3.2.2: when the Response says what it answers, that is our request. When it does not, the confirmation,
/// which is signed, has to.
fn response_in_response_to(
    found: Option<&str>,
    expected: ExpectedRequest<'_>,
) -> Result<(), Rejection> {
    match (expected, found) {
        (_, None) => Ok(()),
        (ExpectedRequest::Known(ours), Some(found)) if found == ours => Ok(()),
        (expected, Some(found)) => Err(in_response_to_unknown(expected, Some(found))),
    }
}

fn in_response_to_unknown(expected: ExpectedRequest<'_>, found: Option<&str>) -> Rejection {
    let want = match expected {
        ExpectedRequest::Known(ours) => Some(ours.to_owned()),
        ExpectedRequest::Unsolicited { .. } => None,
    };
    Rejection::InResponseToUnknown { want, got: found.map(shown) }
}

/// S3: whether a response that nobody asked for is taken. By now it is known that it answers nothing.
pub(super) fn unsolicited(expected: ExpectedRequest<'_>) -> Result<(), Rejection> {
    match expected {
        ExpectedRequest::Unsolicited { allowed: false } => Err(Rejection::IdpInitiatedDisabled),
        ExpectedRequest::Unsolicited { allowed: true } | ExpectedRequest::Known(_) => Ok(()),
    }
}

/// A confirmation that held.
struct Confirmed {
    /// From then on none of the confirmations holds.
    until: Instant,
    in_response_to: Option<String>,
}

/// SAML Profiles §4.1.4.3: one bearer confirmation that keeps every rule is enough. `Address` is not looked at: a phone
/// changes its address between two pages.
fn subject_confirmation(
    confirmations: &[Confirmation],
    expect: &Expectations<'_>,
) -> Result<Confirmed, Rejection> {
    let mut first_broken = None;
    let mut held = None;
    let mut latest = None;
    for confirmation in confirmations.iter().filter(|one| one.method == BEARER) {
        match bearer(confirmation, expect) {
            Ok(()) => held = held.or(Some(confirmation)),
            Err(broken) => first_broken = first_broken.or(Some(broken)),
        }
        latest = latest.max(confirmation.not_on_or_after);
    }
    match (held, latest, first_broken) {
        (Some(held), Some(latest), _) => Ok(Confirmed {
            until: latest.plus_secs(i64::from(expect.skew_secs)),
            in_response_to: held.in_response_to.clone(),
        }),
        (_, _, Some(broken)) => Err(broken),
        _ => Err(Rejection::BadConfirmation(match confirmations.first() {
            None => "no SubjectConfirmation".to_owned(),
            Some(other) => format!("no bearer confirmation, only `{}`", shown(&other.method)),
        })),
    }
}

fn bearer(confirmation: &Confirmation, expect: &Expectations<'_>) -> Result<(), Rejection> {
    const DATA: &str = "SubjectConfirmationData";
    if confirmation.recipient.as_deref() != Some(expect.acs_url) {
        return Err(Rejection::BadRecipient {
            want: expect.acs_url.to_owned(),
            got: confirmation.recipient.as_deref().map(shown),
        });
    }
    let Some(until) = confirmation.not_on_or_after else {
        return Err(Rejection::BadConfirmation(format!("{DATA} has no NotOnOrAfter")));
    };
    ended(DATA, until, expect.now, expect.skew_secs)?;
    if confirmation.not_before.is_some() {
        return Err(Rejection::BadConfirmation(format!("{DATA} has a NotBefore")));
    }
    let found = confirmation.in_response_to.as_deref();
    match expect.request {
        ExpectedRequest::Known(ours) if found == Some(ours) => Ok(()),
        ExpectedRequest::Unsolicited { .. } if found.is_none() => Ok(()),
        expected => Err(in_response_to_unknown(expected, found)),
    }
}

/// `NotOnOrAfter`: at that very instant it is over, but for the skew.
pub(crate) fn ended(
    element: &'static str,
    until: Instant,
    now: Instant,
    skew_secs: u32,
) -> Result<(), Rejection> {
    match now < until.plus_secs(i64::from(skew_secs)) {
        true => Ok(()),
        false => Err(Rejection::Expired { element, until, now, skew_secs }),
    }
}

/// `NotBefore`: at that very instant it has begun, and by the skew before it.
pub(crate) fn begun(
    element: &'static str,
    from: Instant,
    now: Instant,
    skew_secs: u32,
) -> Result<(), Rejection> {
    match now.plus_secs(i64::from(skew_secs)) < from {
        true => Err(Rejection::NotYetValid { element, from, now, skew_secs }),
        false => Ok(()),
    }
}

/// SAML Core §2.5.1.2.
fn conditions_period(parts: &Parts, expect: &Expectations<'_>) -> Result<(), Rejection> {
    if let Some(from) = parts.conditions.not_before {
        begun("Conditions", from, expect.now, expect.skew_secs)?;
    }
    match parts.conditions.not_on_or_after {
        Some(until) => ended("Conditions", until, expect.now, expect.skew_secs),
        None => Ok(()),
    }
}

/// SAML Core §2.5.1: what is not understood makes the assertion invalid.
fn conditions_known(parts: &Parts) -> Result<(), Rejection> {
    match &parts.conditions.unknown {
        Some(name) => Err(Rejection::UnknownCondition { got: name.clone() }),
        None => Ok(()),
    }
}

/// SAML Core §2.5.1.4, SAML Profiles §4.1.4.2: at least one restriction, and we are in each. Audiences are compared
/// character by character.
fn audience(parts: &Parts, ours: &str) -> Result<(), Rejection> {
    let restrictions = &parts.conditions.audience_restrictions;
    let without_us = restrictions.iter().find(|audiences| !audiences.iter().any(|a| a == ours));
    let got = match without_us {
        None if restrictions.is_empty() => Vec::new(),
        None => return Ok(()),
        // An empty one has no audience: show that there was a restriction.
        Some(audiences) if audiences.is_empty() => vec!["an empty AudienceRestriction".to_owned()],
        Some(audiences) => {
            audiences.iter().take(AUDIENCES_SHOWN_MAX).map(|audience| shown(audience)).collect()
        }
    };
    Err(Rejection::BadAudience { want: ours.to_owned(), got })
}

/// The most audiences that a rejection repeats.
const AUDIENCES_SHOWN_MAX: usize = 5;

/// SAML Profiles §4.1.4.2, §4.1.4.3: there is a statement that the person signed in, and the session it speaks of goes on.
/// Of several statements, the first one whose session goes on.
fn authn_statement<'a>(
    statements: &'a [AuthnStatement],
    expect: &Expectations<'_>,
) -> Result<&'a AuthnStatement, Rejection> {
    let mut first_broken = None;
    for statement in statements {
        match authn_statement_holds(statement, expect) {
            Ok(()) => return Ok(statement),
            Err(broken) => first_broken = first_broken.or(Some(broken)),
        }
    }
    Err(first_broken.unwrap_or(Rejection::NoAuthnStatement))
}

fn authn_statement_holds(
    statement: &AuthnStatement,
    expect: &Expectations<'_>,
) -> Result<(), Rejection> {
    if let Some(until) = statement.session_not_on_or_after {
        ended("AuthnStatement", until, expect.now, expect.skew_secs)?;
    }
    match expect.authn_after {
        Some(asked) if statement.authn_instant.plus_secs(i64::from(expect.skew_secs)) < asked => {
            Err(Rejection::AuthnTooOld { want: asked, got: statement.authn_instant })
        }
        _ => Ok(()),
    }
}

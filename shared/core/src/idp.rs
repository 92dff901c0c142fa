//! What an IdP's metadata said, as a connection keeps it: read from a document, compared with what was there, and its
//! certificates read back (S4).

pub use lychgate_saml::metadata::{MetadataError, Rules};
use lychgate_saml::{
    Instant,
    binding::Binding,
    certificate::Certificate,
    metadata::{Endpoint, IdpMetadata, RefreshDecision},
};

use crate::{
    connection::{Idp, SloEndpoint},
    time::Timestamp,
};

/// A document that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadMetadata {
    /// What is kept of it.
    pub idp: Idp,
    /// What the owner should know, and what stops nothing: sentences.
    pub warnings: Vec<String>,
}

/// Reads a metadata document.
///
/// # Errors
/// Why it is not accepted; its text is for the owner.
pub fn read(document: &[u8], now: Timestamp, rules: &Rules) -> Result<ReadMetadata, MetadataError> {
    let metadata = IdpMetadata::parse(document, instant(now), rules)?;
    let warnings = metadata.warnings.iter().map(ToString::to_string).collect();
    Ok(ReadMetadata { idp: kept(&metadata), warnings })
}

fn kept(metadata: &IdpMetadata) -> Idp {
    let sso = |binding| metadata.sso_by(&[binding]).map(|endpoint| endpoint.location.clone());
    let slo = |binding| metadata.slo_by(&[binding]).map(slo_endpoint);
    Idp {
        entity_id: metadata.entity_id.clone(),
        sso_redirect: sso(Binding::Redirect),
        sso_post: sso(Binding::Post),
        slo_redirect: slo(Binding::Redirect),
        slo_post: slo(Binding::Post),
        certificates: metadata.signing.iter().map(Certificate::base64).collect(),
        wants_signed_requests: metadata.wants_authn_requests_signed,
        valid_until: metadata.valid_until.map(timestamp),
    }
}

fn slo_endpoint(endpoint: &Endpoint) -> SloEndpoint {
    SloEndpoint {
        location: endpoint.location.clone(),
        response_location: endpoint.response_location.clone(),
    }
}

/// Its signing certificates. One that was kept and cannot be read any more is left out: it verifies nothing either.
#[must_use]
pub fn certificates(idp: &Idp) -> Vec<Certificate> {
    idp.certificates.iter().filter_map(|text| Certificate::from_base64(text).ok()).collect()
}

/// Whether to follow an IdP whose metadata was fetched again: never to another entity ID.
#[must_use]
pub fn decide(previous: &Idp, new: &Idp) -> RefreshDecision {
    if previous.entity_id != new.entity_id {
        return RefreshDecision::EntityIdChanged {
            want: previous.entity_id.clone(),
            got: new.entity_id.clone(),
        };
    }
    if previous == new {
        return RefreshDecision::Unchanged;
    }
    let endpoints = |idp: &Idp| {
        (
            idp.sso_redirect.clone(),
            idp.sso_post.clone(),
            idp.slo_redirect.clone(),
            idp.slo_post.clone(),
        )
    };
    RefreshDecision::Follow {
        added: only_in(new, previous),
        removed: only_in(previous, new),
        endpoints_changed: endpoints(previous) != endpoints(new),
    }
}

/// Fingerprints of the certificates that are in these and not in those.
fn only_in(these: &Idp, those: &Idp) -> Vec<String> {
    let those = certificates(those);
    certificates(these)
        .into_iter()
        .filter(|this| those.iter().all(|that| that.fingerprint != this.fingerprint))
        .map(|this| this.fingerprint)
        .collect()
}

/// An instant of this crate as SAML's; what lies beyond the year 292 million is the end of time.
#[must_use]
pub fn instant(timestamp: Timestamp) -> Instant {
    Instant::from_unix_millis(i64::try_from(timestamp.unix_millis()).unwrap_or(i64::MAX))
}

/// An instant of SAML's as this crate's; what lies before 1970 is 1970.
#[must_use]
pub fn timestamp(instant: Instant) -> Timestamp {
    Timestamp::from_unix_millis(u64::try_from(instant.unix_millis()).unwrap_or_default())
}

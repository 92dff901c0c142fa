//! Metadata that was fetched again: whether to follow it (S4).

use super::IdpMetadata;
use crate::{certificate::Certificate, rejection::shown};

/// What to do with metadata that was fetched again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshDecision {
    /// It says what it said.
    Unchanged,
    /// Take it: what changed, for the history.
    Follow {
        /// Fingerprints of signing certificates that came.
        added: Vec<String>,
        /// Fingerprints of signing certificates that went.
        removed: Vec<String>,
        /// Whether an endpoint changed.
        endpoints_changed: bool,
    },
    /// Do not take it: it is of another IdP now. An owner has to look.
    EntityIdChanged {
        /// The entity ID of the connection.
        want: String,
        /// The entity ID that came.
        got: String,
    },
}

/// Whether to follow an IdP whose metadata was fetched again.
///
/// That all certificates are gone cannot happen here: such metadata does not parse, and the previous one stays.
#[must_use]
pub fn refresh(previous: &IdpMetadata, new: &IdpMetadata) -> RefreshDecision {
    if previous.entity_id != new.entity_id {
        return RefreshDecision::EntityIdChanged {
            want: previous.entity_id.clone(),
            got: shown(&new.entity_id),
        };
    }
    // Warnings change with the time: a certificate gets old in a document that stays the same.
    let lasting = |metadata: &IdpMetadata| IdpMetadata { warnings: Vec::new(), ..metadata.clone() };
    if lasting(previous) == lasting(new) {
        return RefreshDecision::Unchanged;
    }
    RefreshDecision::Follow {
        added: only_in(&new.signing, &previous.signing),
        removed: only_in(&previous.signing, &new.signing),
        endpoints_changed: (&previous.sso, &previous.slo) != (&new.sso, &new.slo),
    }
}

fn only_in(these: &[Certificate], those: &[Certificate]) -> Vec<String> {
    these
        .iter()
        .filter(|this| !those.iter().any(|that| that.fingerprint == this.fingerprint))
        .map(|this| this.fingerprint.clone())
        .collect()
}

//! Where a sign-in takes place: the organization of the path, its addresses, its connections.

use lychgate_saml::{Instant, certificate::Certificate, dsig::Algorithms};

use super::refusal::{Refusal, Who};
use crate::{
    connection::{Connection, ConnectionPolicy, EntityIdChoice, Idp, Settings, SignInSetup},
    ctx::Ctx,
    ids::ConnectionId,
    organization::{Domain, LicenceState, Organization},
    ports::{Connections, Organizations},
    time::Timestamp,
};

/// The organization that the path names, with all that signing in needs of it.
///
/// # Errors
/// There is none, or the store is away.
pub(crate) async fn find<S: Organizations + Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    domain: &str,
) -> Result<SignInSetup, Refusal> {
    let domain = Domain::parse(domain).ok_or_else(Refusal::not_set_up)?;
    let id = store.by_domain(ctx, &domain).await?.ok_or_else(Refusal::not_set_up)?;
    let setup = store.sign_in_setup(ctx, &id).await?.ok_or_else(Refusal::not_set_up)?;
    // The claim of a domain and its organization are two items: between two reads it may have been renamed.
    if setup.organization.domain == domain { Ok(setup) } else { Err(Refusal::not_set_up()) }
}

/// Whether the licence lets anybody sign in through the IdP at `now` (O3).
pub(crate) fn is_licensed(organization: &Organization, now: Timestamp) -> bool {
    organization.licence.state_at(now) == LicenceState::Active
}

/// What the person is told when it does not.
pub(crate) fn unlicensed() -> Refusal {
    Refusal::new(
        Who::Administrator,
        "Single sign-on is switched off for your company: its SSO & SCIM licence is not active.",
    )
}

/// Where to start again at this organization.
pub(crate) fn start_path(organization: &Organization) -> String {
    format!("/saml/init/{}", organization.domain.as_str())
}

/// Our addresses for one organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// The assertion consumer service.
    pub acs: String,
    /// The single logout service.
    pub slo: String,
    /// The entity ID that all organizations share.
    pub entity_id_shared: String,
    /// The organization's own entity ID.
    pub entity_id_own: String,
}

impl Addresses {
    /// Of this organization, at the origin that the request came to.
    #[must_use]
    pub fn new(base_url: &str, domain: &Domain) -> Self {
        let domain = domain.as_str();
        Self {
            acs: format!("{base_url}/saml/consume/{domain}"),
            slo: format!("{base_url}/saml/logout/{domain}"),
            entity_id_shared: format!("{base_url}/saml/metadata"),
            entity_id_own: format!("{base_url}/saml/metadata/{domain}"),
        }
    }

    /// The entity ID that a connection chose (S1).
    #[must_use]
    pub fn entity_id(&self, choice: EntityIdChoice) -> &str {
        match choice {
            EntityIdChoice::Shared => &self.entity_id_shared,
            EntityIdChoice::Organization => &self.entity_id_own,
        }
    }
}

/// Settings that can be used: there is an IdP.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usable<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) settings: &'a Settings,
    pub(crate) idp: &'a Idp,
}

impl<'a> Usable<'a> {
    fn of(connection: &'a Connection, settings: Option<&'a Settings>) -> Option<Self> {
        let settings = settings?;
        Some(Self { connection, settings, idp: settings.idp.as_ref()? })
    }

    /// What sign-in uses.
    pub(crate) fn live(connection: &'a Connection) -> Option<Self> {
        Self::of(connection, connection.live.as_ref())
    }

    /// What a test uses: the draft, or what is live when there is no draft.
    pub(crate) fn tested(connection: &'a Connection) -> Option<Self> {
        match &connection.draft {
            Some(draft) => Self::of(connection, Some(draft)),
            None => Self::live(connection),
        }
    }

    pub(crate) const fn policy(&self) -> &'a ConnectionPolicy {
        &self.settings.policy
    }

    /// The signing certificates that can be read.
    pub(crate) fn certificates(&self) -> Vec<Certificate> {
        let certificates = self.idp.certificates.iter();
        certificates.filter_map(|text| Certificate::from_base64(text).ok()).collect()
    }

    /// Which weak algorithms are taken at `now` (S6).
    pub(crate) fn algorithms(&self, now: Timestamp) -> Algorithms {
        Algorithms {
            sha1_until: self.policy().sha1_until.map(instant),
            rsa_1_5: self.policy().rsa_1_5_until.is_some_and(|until| until > now),
        }
    }
}

/// The connections that are live, in their order.
pub(crate) fn live(setup: &SignInSetup) -> impl Iterator<Item = Usable<'_>> {
    setup.connections.iter().filter_map(Usable::live)
}

/// The connection of this id.
pub(crate) fn connection<'a>(setup: &'a SignInSetup, id: &ConnectionId) -> Option<&'a Connection> {
    setup.connections.iter().find(|connection| connection.id == *id)
}

/// An instant as the SAML crate has it.
pub(crate) fn instant(at: Timestamp) -> Instant {
    Instant::from_unix_millis(i64::try_from(at.unix_millis()).unwrap_or(i64::MAX))
}

/// An instant as the product has it; what lies before 1970 is 1970.
pub(crate) fn timestamp(at: Instant) -> Timestamp {
    Timestamp::from_unix_millis(u64::try_from(at.unix_millis()).unwrap_or(0))
}

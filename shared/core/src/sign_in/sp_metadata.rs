//! Our own metadata (S1): what an IdP needs to know of us.
//!
//! The shared entity ID stands for every organization, but an assertion consumer service belongs to one. So the shared
//! document names the address with `{domain}` in it, percent-encoded: no organization can have such a domain. With
//! `?domain=…` it is the whole document of that organization under the shared entity ID.

use lychgate_saml::metadata::sp::SpMetadata;

use super::{
    outgoing::request_certificate,
    place::{self, Addresses},
    refusal::Refusal,
};
use crate::{
    connection::{EntityIdChoice, Settings, SignInSetup},
    ctx::Ctx,
    ports::{Connections, Organizations},
};

/// NameID formats that we take, the preferred one first.
const NAME_ID_FORMATS: [&str; 3] = [
    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
];

/// The document that belongs to no organization.
#[must_use]
pub fn shared(ctx: &Ctx<'_>) -> String {
    let entity_id = format!("{}/saml/metadata", ctx.base_url);
    let acs = format!("{}/saml/consume/%7Bdomain%7D", ctx.base_url);
    document(&entity_id, &acs, None, &[], &[], false)
}

/// The document of one organization, under the entity ID that is asked for.
///
/// # Errors
/// There is no such organization, or the store is away.
pub async fn of_organization<S: Organizations + Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    domain: &str,
    entity_id: EntityIdChoice,
) -> Result<String, Refusal> {
    let setup = place::find(ctx, store, domain).await?;
    let addresses = Addresses::new(ctx.base_url, &setup.organization.domain);
    // The newest only: what an IdP imports is what it encrypts to from then on. Older ones still open.
    let encryption: Vec<&[u8]> =
        setup.key_pairs.first().map(|pair| pair.certificate.as_slice()).into_iter().collect();
    let signing = signing(&setup, entity_id);
    let signing: Vec<&[u8]> = signing.iter().map(Vec::as_slice).collect();
    Ok(document(
        addresses.entity_id(entity_id),
        &addresses.acs,
        Some(&addresses.slo),
        &encryption,
        &signing,
        signs(&setup, entity_id),
    ))
}

/// Settings, live and draft, of connections that use this entity ID: an IdP is set up before a connection is live.
fn settings(setup: &SignInSetup, entity_id: EntityIdChoice) -> impl Iterator<Item = &Settings> {
    let all = setup.connections.iter().flat_map(|one| one.live.iter().chain(&one.draft));
    all.filter(move |settings| settings.entity_id == entity_id)
}

fn signs(setup: &SignInSetup, entity_id: EntityIdChoice) -> bool {
    settings(setup, entity_id).any(|settings| settings.policy.sign_requests)
}

fn signing(setup: &SignInSetup, entity_id: EntityIdChoice) -> Vec<Vec<u8>> {
    let mut certificates: Vec<Vec<u8>> = settings(setup, entity_id)
        .filter_map(|settings| request_certificate(settings.policy.request_certificate.as_deref()))
        .collect();
    certificates.sort();
    certificates.dedup();
    certificates
}

fn document(
    entity_id: &str,
    acs_url: &str,
    slo_url: Option<&str>,
    encryption: &[&[u8]],
    signing: &[&[u8]],
    signs_authn_requests: bool,
) -> String {
    let document = SpMetadata {
        entity_id,
        acs_url,
        slo_url,
        encryption,
        signing,
        signs_authn_requests,
        want_assertions_signed: true,
        name_id_formats: &NAME_ID_FORMATS,
        valid_until: None,
    };
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", document.xml())
}

//! Encryption certificates of an organization (S5): generated here, the private key sealed, several at once while one
//! replaces another.

use lychgate_saml::certificate::{self, Certificate, SERIAL_BYTES};
use serde_json::Map;

use super::{ATTEMPT_MILLIS, Refusal, RefusalKind, connections::setup};
use crate::{
    connection::{CERTIFICATE_DAYS, KeyPair, SignInSetup},
    ctx::Ctx,
    event::{Event, EventKind},
    idp::{instant, timestamp},
    ids::KeyPairId,
    organization::{KEY_PAIRS_MAX, Organization},
    ports::{Connections, Organizations, outside::Sealer},
    time::Timestamp,
};

/// A day, in seconds.
const DAY_SECS: u64 = 86_400;

/// The key pairs, newest first, with the organization.
///
/// # Errors
/// There is no such organization, or the store is away.
pub async fn list<S: Organizations + Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
) -> Result<(Organization, Vec<KeyPair>), Refusal> {
    let setup = setup(ctx, store, organization).await?;
    Ok((setup.organization, setup.key_pairs))
}

/// One of them.
///
/// # Errors
/// There is no such organization or certificate, or the store is away.
pub async fn read<S: Organizations + Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    certificate: &str,
) -> Result<(Organization, KeyPair), Refusal> {
    let id = certificate.parse().map_err(|_| missing())?;
    let setup = setup(ctx, store, organization).await?;
    let key_pair = find(&setup, &id)?.clone();
    Ok((setup.organization, key_pair))
}

/// Generates a key pair. Assertions that are encrypted to its certificate are accepted from then on, and those that are
/// encrypted to older ones as before, until they are retired.
///
/// # Errors
/// There are too many, the key cannot be made or sealed, there is no such organization, or the store is away.
pub async fn generate<S: Organizations + Connections, O: Sealer>(
    ctx: &Ctx<'_>,
    store: &S,
    outside: &O,
    organization: &str,
) -> Result<(Organization, KeyPair), Refusal> {
    let SignInSetup { organization, key_pairs, .. } = setup(ctx, store, organization).await?;
    // Two requests at once may leave one more than the limit: it bounds what a sign-in reads, and one more does no harm.
    if key_pairs.len() >= KEY_PAIRS_MAX {
        return Err(Refusal::conflict(format!(
            "The organization has {KEY_PAIRS_MAX} certificates, the most that it keeps: retire one that the \
             identity provider no longer encrypts to, then generate the new one."
        )));
    }
    let (certificate, private_key) = make(ctx, &organization)?;
    let sealed = outside
        .seal(ctx, &organization.id, &private_key)
        .await
        .map_err(|error| unavailable(error.private))?;
    drop(private_key);
    let key_pair = KeyPair {
        id: KeyPairId::new(ctx.world),
        fingerprint: certificate.fingerprint,
        certificate: certificate.der,
        sealed,
        created: ctx.now(),
        expires: timestamp(certificate.not_after),
        version: 1,
    };
    let event = certificate_event(ctx, EventKind::CertificateGenerated, &key_pair);
    store
        .create_key_pair(ctx, &organization.id, &key_pair, &event)
        .await
        .map_err(Refusal::from_commit)?;
    Ok((organization, key_pair))
}

/// Retires a key pair: what is still encrypted to it is refused from then on. The last one stays while an active
/// connection demands encryption.
///
/// # Errors
/// It is the last that an active connection needs, there is no such organization or certificate, or the store is away.
pub async fn retire<S: Organizations + Connections>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    certificate: &str,
) -> Result<(), Refusal> {
    let id: KeyPairId = certificate.parse().map_err(|_| missing())?;
    let setup = setup(ctx, store, organization).await?;
    let key_pair = find(&setup, &id)?;
    let demands = |live: &crate::connection::Settings| live.policy.require_encryption;
    let demanding =
        setup.connections.iter().find(|connection| connection.live.as_ref().is_some_and(demands));
    if let Some(connection) = demanding
        && setup.key_pairs.len() == 1
    {
        return Err(Refusal::conflict(format!(
            "The active connection `{}` demands encrypted assertions, and this is the last certificate: generate \
             another and upload it at the identity provider first.",
            connection.name
        )));
    }
    let event = certificate_event(ctx, EventKind::CertificateRetired, key_pair);
    match store.delete_key_pair(ctx, &setup.organization.id, &id, &event).await {
        Ok(()) => Ok(()),
        Err(crate::ports::CommitError::Stale) => Err(missing()),
        Err(error) => Err(Refusal::from_commit(error)),
    }
}

/// PEM of a certificate (RFC 7468).
#[must_use]
pub fn pem(key_pair: &KeyPair) -> String {
    certificate::pem(&key_pair.certificate)
}

fn make(
    ctx: &Ctx<'_>,
    organization: &Organization,
) -> Result<(Certificate, zeroize::Zeroizing<Vec<u8>>), Refusal> {
    if !ctx.has_millis(ATTEMPT_MILLIS) {
        return Err(unavailable("no time was left to make a key".to_owned()));
    }
    let mut serial = [0_u8; SERIAL_BYTES];
    ctx.world.fill(&mut serial);
    let until = ctx.now().plus_secs(CERTIFICATE_DAYS * DAY_SECS);
    let subject = format!("Lychgate {} {}", organization.domain.as_str(), day(ctx.now()));
    certificate::generate(&subject, instant(ctx.now()), instant(until), serial).map_err(|error| {
        Refusal { private: Some(error.to_string()), ..Refusal::new(RefusalKind::Internal, "") }
    })
}

/// `2026-11-22`: people see it in the IdP's list of certificates.
fn day(now: Timestamp) -> String {
    now.rfc3339().chars().take(10).collect()
}

pub(crate) fn unavailable(private: String) -> Refusal {
    Refusal {
        private: Some(private),
        retry_after_secs: Some(crate::call::RETRY_AFTER_SECS),
        ..Refusal::new(
            RefusalKind::Unavailable,
            "The key store cannot be reached at the moment, and nothing was changed. Try again.",
        )
    }
}

fn missing() -> Refusal {
    Refusal::not_found(
        "There is no such certificate: give its id (`key-…`) as the list of certificates shows it. It may have \
         been retired before.",
    )
    .about("certificate")
}

fn find<'a>(setup: &'a SignInSetup, id: &KeyPairId) -> Result<&'a KeyPair, Refusal> {
    setup.key_pairs.iter().find(|key_pair| key_pair.id == *id).ok_or_else(missing)
}

fn certificate_event(ctx: &Ctx<'_>, kind: EventKind, key_pair: &KeyPair) -> Event {
    let mut data = Map::new();
    data.insert("fingerprint".to_owned(), key_pair.fingerprint.as_str().into());
    data.insert("expires".to_owned(), key_pair.expires.rfc3339().into());
    Event {
        kind,
        actor: ctx.actor.clone(),
        subject_kind: "certificate",
        subject_id: key_pair.id.to_string(),
        subject_name: key_pair.fingerprint.chars().take(16).collect(),
        data,
    }
}

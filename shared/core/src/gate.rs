//! Who is let in: the credential against what is stored, then the licence, then the directory's switch.
//!
//! What a request needs is read together with the organization, in one call; nothing of it is looked at, and
//! nothing is written, before [`admit`] has passed.

use lychgate_scim::{Error, ErrorKind};

use crate::{
    call::{Call, Caller, Failure},
    credential::{Credential, CredentialKey},
    event::Actor,
    ids::UserId,
    organization::{Licence, LicenceState, Organization},
    ports::{Directory, Fetched, Wanted},
    time::Timestamp,
};

/// How many keys are read together with the organization, before the credential has been checked. More are
/// read after it, so that a stranger cannot make us read much.
pub const READ_TOGETHER_MAX: usize = 24;

/// Reads `wanted` and the organization in one call, and lets the caller in or not.
///
/// # Errors
/// What [`admit`] refuses, and what the store says.
pub(crate) async fn fetch_admitted<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    mut wanted: Wanted,
) -> Result<(Fetched, Organization), Failure> {
    wanted.organization = true;
    if let CredentialKey::Access(id) = &call.credential.key {
        wanted.access_token = Some(id.clone());
    }
    let mut fetched = store.fetch(&call.ctx, &call.credential.organization, wanted).await?;
    let organization = admit(call, &mut fetched)?;
    Ok((fetched, organization))
}

/// Reads `wanted` of an organization whose caller has been let in already.
pub(crate) async fn fetch<S: Directory>(
    call: &Call<'_>,
    store: &S,
    wanted: Wanted,
) -> Result<Fetched, Failure> {
    if wanted == Wanted::default() {
        return Ok(Fetched::default());
    }
    Ok(store.fetch(&call.ctx, &call.credential.organization, wanted).await?)
}

/// Checks the credential, the licence (O3) and the switch (P2); fills in `call.caller`.
///
/// # Errors
/// 401 when the credential does not hold (the same sentence whatever the reason, unless the caller has proved
/// to know the secret: then it may know that the token has ended), 403 with the reason when the licence has
/// lapsed or SCIM is off.
pub fn admit(call: &mut Call<'_>, fetched: &mut Fetched) -> Result<Organization, Failure> {
    let now = call.ctx.now();
    let organization = fetched.organization.take().ok_or_else(unknown_credential)?;
    let Proof { actor, member } = prove(call.credential, &organization, fetched, now)?;
    call.ctx.actor = actor.clone();
    call.caller = Some(Caller { organization: organization.id.clone(), actor, member });
    open(&organization, now)?;
    Ok(organization)
}

/// Whether the organization's licence and its directory's switch let anybody in at `now`.
///
/// # Errors
/// 403 with a reason that support can act on (O3, P2).
pub fn open(organization: &Organization, now: Timestamp) -> Result<(), Error> {
    licensed(&organization.licence, now)?;
    if organization.directory.enabled {
        Ok(())
    } else {
        Err(Error::forbidden(
            "SCIM is switched off for this organization. Its data is kept. Switch SCIM on in Settings, SSO & SCIM, and try again.",
        ))
    }
}

/// Whether the licence holds at `now`.
///
/// # Errors
/// 403 with a reason that support can act on (O3).
pub fn licensed(licence: &Licence, now: Timestamp) -> Result<(), Error> {
    match licence.state_at(now) {
        LicenceState::Active => Ok(()),
        LicenceState::Expired => Err(Error::forbidden(
            "The organization's SSO & SCIM licence has expired. Nothing was deleted; provisioning goes on once the licence is renewed.",
        )),
        LicenceState::None => Err(Error::forbidden(
            "The organization has no SSO & SCIM licence. Ask the vendor to add one; provisioning goes on from then.",
        )),
    }
}

struct Proof {
    actor: Actor,
    member: Option<UserId>,
}

fn prove(
    credential: &Credential,
    organization: &Organization,
    fetched: &Fetched,
    now: Timestamp,
) -> Result<Proof, Error> {
    let directory = &organization.directory;
    match &credential.key {
        CredentialKey::Token(id) => {
            let token = directory.tokens.iter().find(|token| token.id == *id);
            let token = token.filter(|token| credential.proves(&token.hash));
            let token = token.ok_or_else(unknown_credential)?;
            if token.expires.is_some_and(|expires| expires <= now) {
                return Err(ended(
                    "This SCIM token has expired. Generate a new one in Settings, SSO & SCIM, and paste it into the identity provider.",
                ));
            }
            Ok(Proof { actor: Actor::Token(id.clone()), member: token.member })
        }
        CredentialKey::Access(id) => {
            let token = fetched.access_token.as_ref().filter(|token| token.id == *id);
            let token = token.filter(|token| credential.proves(&token.hash));
            let token = token.ok_or_else(unknown_credential)?;
            if token.expires <= now {
                return Err(ended(
                    "This access token has expired. Ask the token endpoint for a new one.",
                ));
            }
            // A secret that was retired, or a client that was revoked, ends its access tokens at once.
            let client = directory.clients.iter().find(|client| client.id == token.client);
            let holds = client.is_some_and(|client| {
                client.secrets.iter().any(|secret| {
                    secret.id == token.secret && secret.expires.is_none_or(|expires| expires > now)
                })
            });
            if !holds {
                return Err(ended(
                    "The client or the secret that asked for this access token has been revoked.",
                ));
            }
            Ok(Proof { actor: Actor::Client(token.client.clone()), member: None })
        }
    }
}

/// The one sentence for every credential that does not hold, and for none.
#[must_use]
pub fn unknown_credential() -> Error {
    ended(
        "The request needs a valid SCIM token: `Authorization: Bearer <token>`. Check that the whole token was pasted and that it has not been revoked.",
    )
}

fn ended(detail: &'static str) -> Error {
    Error::new(ErrorKind::Unauthorized, detail)
}

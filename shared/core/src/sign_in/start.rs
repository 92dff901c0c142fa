//! A sign-in begins: `GET /saml/init/{domain}` (S3; SAML Profiles §4.1.3).

use lychgate_saml::{authn_request::AuthnRequest, binding::Binding};

use super::{
    outgoing::{self, Outgoing, Signing},
    place::{self, Addresses, Usable},
    refusal::{Refusal, Who},
};
use crate::{
    connection::SignInSetup,
    credential::new_secret,
    ctx::Ctx,
    ids::{ConnectionId, FlowId, LinkId, OrganizationId},
    oidc::authorize::{self, AuthorizeError, AuthorizeParams},
    ports::{Applications, Organizations, Passwords, SignIns, outside::Signer},
    secret::SecretHash,
    session::{FLOW_SECS, FlowPurpose, Link, LinkPurpose, LoginFlow},
};

/// The longest text of a link that is looked at, in bytes.
const LINK_BYTES_MAX: usize = 256;

/// What a browser asked for.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The path's domain.
    pub domain: &'a str,
    /// The query's pairs, decoded: `connection`, `test`, `to`, and an application's authorization request.
    pub query: &'a [(String, String)],
}

/// A sign-in that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The flow: its cookie carries its bare id.
    pub flow: FlowId,
    /// The secret that goes into the cookie: the answer is taken from this browser only.
    pub secret: String,
    /// How the request goes to the IdP.
    pub outgoing: Outgoing,
}

/// Begins a sign-in, or a test of a connection.
///
/// # Errors
/// A [`Refusal`] that says who can mend it.
pub async fn start<S, G>(
    ctx: &Ctx<'_>,
    store: &S,
    signer: &G,
    request: &Start<'_>,
) -> Result<Started, Refusal>
where
    S: SignIns + Organizations + Applications + Passwords,
    G: Signer,
{
    let setup = place::find(ctx, store, request.domain).await?;
    if !place::is_licensed(&setup.organization, ctx.now()) {
        return Err(place::unlicensed());
    }
    let value = |name: &str| {
        request.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    };
    let (usable, purpose) = match value("test") {
        Some(link) => {
            let id = use_test_link(ctx, store, &setup.organization.id, link).await?;
            let tested = place::connection(&setup, &id).and_then(Usable::tested);
            let usable = tested.ok_or_else(|| {
                Refusal::new(
                    Who::Administrator,
                    "The connection that this link tests has no metadata of the identity provider yet.",
                )
            })?;
            (usable, FlowPurpose::Test)
        }
        None => {
            let usable = choose(&setup, value("connection"))?;
            (usable, purpose(ctx, store, request.query).await?)
        }
    };
    begin(ctx, store, signer, &setup, usable, purpose).await
}

/// The live connection of this id, or the first one. A browser that names one that is not live is not led to another.
fn choose<'a>(setup: &'a SignInSetup, wanted: Option<&str>) -> Result<Usable<'a>, Refusal> {
    let found = match wanted {
        None => place::live(setup).next(),
        Some(text) => match text.parse::<ConnectionId>() {
            Ok(id) => place::connection(setup, &id).and_then(Usable::live),
            Err(_) => None,
        },
    };
    found.ok_or_else(Refusal::not_set_up)
}

/// What for: what the application asked for, when one did; else where the person wants to go.
async fn purpose<S: Applications>(
    ctx: &Ctx<'_>,
    store: &S,
    query: &[(String, String)],
) -> Result<FlowPurpose, Refusal> {
    let params = AuthorizeParams::from_pairs(query);
    if params.leads_to_settings() {
        return Ok(FlowPurpose::Settings);
    }
    if !params.is_request() {
        return Ok(FlowPurpose::SignIn(None));
    }
    match authorize::read(ctx, store, &params).await {
        Ok((_, request)) => Ok(FlowPurpose::SignIn(Some(request))),
        Err(AuthorizeError::Store(error)) => Err(error.into()),
        // `/oidc/authorize` has answered the application's mistakes; whoever comes here with one made the address up.
        Err(AuthorizeError::SentBack(error)) => Err(Refusal::new(
            Who::Developer,
            "The application's request to sign you in is not in order.",
        )
        .because(error.description)),
        Err(AuthorizeError::UnknownClient | AuthorizeError::RedirectUri) => Err(Refusal::new(
            Who::Developer,
            "The application that asks to sign you in is not registered here.",
        )),
    }
}

/// Uses a test link up, and says which connection it tests.
async fn use_test_link<S: Passwords>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    text: &str,
) -> Result<ConnectionId, Refusal> {
    let gone = || {
        Refusal::new(
            Who::Person,
            "This test link has been used, or its time is over. Ask for a new one where you got it.",
        )
    };
    let (id, secret) = read_link(organization, text).ok_or_else(gone)?;
    let link = store.link(ctx, organization, &id).await?;
    let link = link.filter(|link| link.expires > ctx.now() && link.hash.matches(secret.as_bytes()));
    let Some(Link { purpose: LinkPurpose::Test { connection }, .. }) = link else {
        return Err(gone());
    };
    // Of two browsers with the same link one gets `true`.
    if store.delete_link(ctx, organization, &id).await? { Ok(connection) } else { Err(gone()) }
}

/// `<organization>_<link id>_<secret>`, of this organization.
fn read_link<'a>(organization: &OrganizationId, text: &'a str) -> Option<(LinkId, &'a str)> {
    if text.len() > LINK_BYTES_MAX {
        return None;
    }
    let mut parts = text.split('_');
    let (named, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let fits = parts.next().is_none() && named == organization.bare();
    fits.then(|| Some((LinkId::from_bare(id).ok()?, secret)))?
}

async fn begin<S: SignIns, G: Signer>(
    ctx: &Ctx<'_>,
    store: &S,
    signer: &G,
    setup: &SignInSetup,
    usable: Usable<'_>,
    purpose: FlowPurpose,
) -> Result<Started, Refusal> {
    let (destination, binding) = destination(usable).ok_or_else(|| {
        Refusal::new(
            Who::Administrator,
            "The identity provider's metadata names no address to sign in at.",
        )
    })?;
    let addresses = Addresses::new(ctx.base_url, &setup.organization.domain);
    let id = FlowId::new(ctx.world);
    let (secret, browser) = new_secret(ctx.world);
    let request = AuthnRequest {
        id: request_id(&id),
        issue_instant: place::instant(ctx.now()),
        destination: destination.to_owned(),
        issuer: addresses.entity_id(usable.settings.entity_id).to_owned(),
        acs_url: addresses.acs,
        name_id_policy: None,
        force_authn: must_be_fresh(&purpose),
        is_passive: false,
        authn_contexts: Vec::new(),
    };
    let flow = flow(ctx, &id, usable, browser, purpose);
    store.put_flow(ctx, &setup.organization.id, &flow).await?;
    let certificate = outgoing::request_certificate(usable.policy().request_certificate.as_deref());
    let signing = match usable.policy().sign_requests || usable.idp.wants_signed_requests {
        true => Signing::Yes { certificate: certificate.as_deref() },
        false => Signing::No,
    };
    // No RelayState: the request's ID finds the flow, and what is not sent cannot be followed.
    let outgoing = outgoing::send(ctx, signer, request.message(), binding, signing, None).await?;
    Ok(Started { flow: id, secret, outgoing })
}

fn flow(
    ctx: &Ctx<'_>,
    id: &FlowId,
    usable: Usable<'_>,
    browser: SecretHash,
    purpose: FlowPurpose,
) -> LoginFlow {
    LoginFlow {
        id: id.clone(),
        connection: usable.connection.id.clone(),
        browser,
        purpose,
        created: ctx.now(),
        expires: ctx.now().plus_secs(FLOW_SECS),
    }
}

/// The `AuthnRequest`'s ID of a flow: an XML name cannot begin with a digit.
pub(crate) fn request_id(flow: &FlowId) -> String {
    format!("_{}", flow.bare())
}

/// The application wants the person to prove who they are now. SAML knows no `max_age`; asking anew is sure.
fn must_be_fresh(purpose: &FlowPurpose) -> bool {
    match purpose {
        FlowPurpose::SignIn(Some(request)) => request.fresh_within_secs.is_some(),
        FlowPurpose::SignIn(None) | FlowPurpose::Settings | FlowPurpose::Test => false,
    }
}

/// Where the request goes: by POST when the connection wants that or the IdP offers nothing else.
fn destination(usable: Usable<'_>) -> Option<(&str, Binding)> {
    let redirect = usable.idp.sso_redirect.as_deref().map(|url| (url, Binding::Redirect));
    let post = usable.idp.sso_post.as_deref().map(|url| (url, Binding::Post));
    match usable.policy().request_by_post {
        true => post.or(redirect),
        false => redirect.or(post),
    }
}

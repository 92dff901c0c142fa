//! What becomes of an authorization request that is in order (S9, S10): a code at once for who is signed in, else the
//! way to sign in that the organization has.

use super::authorize::{AuthorizeParams, ErrorCode, Name, SentBack, code_redirect, new_grant};
use crate::{
    ctx::Ctx,
    ids::OrganizationId,
    organization::{Domain, LicenceState, Organization},
    ports::{EmailDomains, Grants, Organizations, StoreError},
    session::{CodeRequest, Session},
};

/// The organization that a request names.
#[derive(Debug, Clone, PartialEq)]
pub enum Named {
    /// This one.
    Organization(Box<Organization>),
    /// None: the person is asked.
    Nobody,
    /// One that is not there.
    Unknown,
}

/// The organization that the request names by `organization` (its domain or its id) or by `login_hint` (an e-mail
/// address whose domain leads to it). A hint that leads nowhere is none.
///
/// # Errors
/// What the store says.
pub async fn named<S: Organizations + EmailDomains>(
    ctx: &Ctx<'_>,
    store: &S,
    params: &AuthorizeParams,
) -> Result<Named, StoreError> {
    if let Some(text) = params.get(Name::Organization) {
        return Ok(match by_text(ctx, store, text).await? {
            Some(organization) => Named::Organization(Box::new(organization)),
            None => Named::Unknown,
        });
    }
    let hint = params.get(Name::LoginHint).and_then(|hint| hint.trim().rsplit_once('@'));
    let Some((_, domain)) = hint else {
        return Ok(Named::Nobody);
    };
    let Some(id) = store.by_email_domain(ctx, &domain.to_lowercase()).await? else {
        return Ok(Named::Nobody);
    };
    let organization = store.organization(ctx, &id).await?;
    Ok(organization.map_or(Named::Nobody, |found| Named::Organization(Box::new(found))))
}

async fn by_text<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    text: &str,
) -> Result<Option<Organization>, StoreError> {
    if let Ok(id) = text.parse::<OrganizationId>()
        && let Some(organization) = store.organization(ctx, &id).await?
    {
        return Ok(Some(organization));
    }
    let Some(domain) = Domain::parse(&text.to_lowercase()) else {
        return Ok(None);
    };
    match store.by_domain(ctx, &domain).await? {
        Some(id) => store.organization(ctx, &id).await,
        None => Ok(None),
    }
}

/// Where the browser goes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// To the application, with its code.
    Application(String),
    /// To the application, with an error.
    Back(SentBack),
    /// To the organization's IdP: a path of ours.
    Saml(String),
    /// To the sign-in page: a path of ours.
    SignIn(String),
    /// Nowhere: there is no such organization.
    UnknownOrganization,
    /// Nowhere: the licence has lapsed and there are no passwords (O3).
    LicenceLapsed,
    /// Nowhere: nothing is set up.
    NothingSetUp,
}

/// Where who names no organization goes: to the page that asks for it.
#[must_use]
pub fn without_organization(params: &AuthorizeParams, request: &CodeRequest) -> Next {
    if params.is_silent() {
        return Next::Back(login_required(request));
    }
    Next::SignIn(format!("/sign_in?{}", params.query()))
}

/// Where who names an organization that is not there goes.
#[must_use]
pub fn unknown_organization(params: &AuthorizeParams, request: &CodeRequest) -> Next {
    if params.is_silent() {
        return Next::Back(login_required(request));
    }
    Next::UnknownOrganization
}

/// Where the browser goes at this organization. `session` is the browser's, with a member who is not suspended.
///
/// # Errors
/// What the store says.
pub async fn next<S: Grants>(
    ctx: &Ctx<'_>,
    store: &S,
    params: &AuthorizeParams,
    request: &CodeRequest,
    organization: &Organization,
    session: Option<&Session>,
) -> Result<Next, StoreError> {
    if let Some(session) = session.filter(|session| is_fresh(ctx, request, session)) {
        let (grant, code) = new_grant(ctx, &organization.id, request, session);
        store.put_grant(ctx, &organization.id, &grant).await?;
        return Ok(Next::Application(code_redirect(ctx, request, &code)));
    }
    if params.is_silent() {
        return Ok(Next::Back(login_required(request)));
    }
    let has_connection = !organization.sign_in.active_connections.is_empty();
    let is_licensed = organization.licence.state_at(ctx.now()) == LicenceState::Active;
    let domain = organization.domain.as_str();
    let params = params.clone().with(Name::Organization, Some(domain.to_owned()));
    // Passwords need no licence: the page offers what applies.
    Ok(if organization.sign_in.password {
        Next::SignIn(format!("/sign_in?{}", params.query()))
    } else if has_connection && is_licensed {
        Next::Saml(format!("/saml/init/{domain}?{}", params.query()))
    } else if has_connection {
        Next::LicenceLapsed
    } else {
        Next::NothingSetUp
    })
}

/// `max_age` counts from when they proved who they are; zero (and `prompt=login`) wants it now, whatever the clock says.
fn is_fresh(ctx: &Ctx<'_>, request: &CodeRequest, session: &Session) -> bool {
    request.fresh_within_secs.is_none_or(|secs| {
        secs > 0 && ctx.now().millis_since(session.authenticated) <= secs.saturating_mul(1_000)
    })
}

fn login_required(request: &CodeRequest) -> SentBack {
    SentBack::new(request, ErrorCode::LoginRequired, "Nobody is signed in, or not freshly enough.")
}

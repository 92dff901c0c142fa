//! Organizations: create, list, read, rename (O1, O2).

use serde_json::Map;

use super::{
    Change, Page, Refusal,
    checks::{cursor, name, page_size},
    note_change, organization_event,
};
use crate::{
    ctx::Ctx,
    event::EventKind,
    ids::OrganizationId,
    organization::{
        DOMAIN_CHARS_MAX, DOMAIN_CHARS_MIN, Directory, Domain, Licence, LicenceState, Organization,
        SignIn,
    },
    ports::Organizations,
};

/// What a new organization is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New<'a> {
    /// Its slug.
    pub domain: &'a str,
    /// Its name for people.
    pub name: &'a str,
}

/// What shall be different; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Update<'a> {
    /// Another slug.
    pub domain: Option<&'a str>,
    /// Another name.
    pub name: Option<&'a str>,
}

/// The organization that an address names: by its id, or by its domain.
///
/// # Errors
/// There is none of that name, or the store is away.
pub async fn find<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
) -> Result<Organization, Refusal> {
    let id = if let Ok(id) = organization.parse::<OrganizationId>() {
        id
    } else {
        let domain = Domain::parse(organization).ok_or_else(missing)?;
        store.by_domain(ctx, &domain).await?.ok_or_else(missing)?
    };
    store.organization(ctx, &id).await?.ok_or_else(missing)
}

pub(crate) fn missing() -> Refusal {
    Refusal::not_found(
        "There is no such organization: give its id (`org-…`) or its domain, as the list of organizations shows \
         them.",
    )
    .about("organization")
}

/// Creates one: without a licence, with SCIM off.
///
/// # Errors
/// The domain is none or is taken, the name is none, or the store is away.
pub async fn create<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    new: &New<'_>,
) -> Result<Organization, Refusal> {
    let organization = Organization {
        id: OrganizationId::new(ctx.world),
        domain: domain(new.domain)?,
        name: name("name", new.name)?,
        licence: Licence { state: LicenceState::None, seats: None, ends: None },
        directory: Directory::default(),
        sign_in: SignIn::default(),
        owners: Vec::new(),
        owners_suspended: Vec::new(),
        created: ctx.now(),
        version: 1,
    };
    let mut data = Map::new();
    data.insert("name".to_owned(), organization.name.as_str().into());
    let event = organization_event(ctx, EventKind::OrganizationCreated, &organization, data);
    if store.create_organization(ctx, &organization, &event).await? {
        Ok(organization)
    } else {
        Err(domain_taken(&organization.domain))
    }
}

/// One page of all organizations, in the order of their ids.
///
/// # Errors
/// The page or the cursor is none, or the store is away.
pub async fn list<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    after: Option<&str>,
    limit: Option<u32>,
) -> Result<Page<Organization>, Refusal> {
    let limit = page_size(limit)?;
    let after = cursor(after, |text| text.parse::<OrganizationId>().ok())?;
    // One more than asked tells whether there is another page, without an empty one at the end.
    let mut items = store.organizations_after(ctx, after.as_ref(), limit + 1).await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Page { items, next_cursor })
}

/// Changes the name or the domain.
///
/// # Errors
/// A value is none, the domain is taken or locked, or the store is away.
pub async fn update<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    update: &Update<'_>,
) -> Result<Organization, Refusal> {
    let domain = update.domain.map(domain).transpose()?;
    let name = update.name.map(|text| name("name", text)).transpose()?;
    let decide = |before: &Organization| {
        let mut after = before.clone();
        if let Some(domain) = &domain
            && *domain != before.domain
        {
            if domain_is_locked(before) {
                return Err(Refusal::conflict(
                    "The domain is locked while a connection is active, because the identity provider's \
                     addresses carry it: switch the connection off first.",
                )
                .about("domain"));
            }
            after.domain = domain.clone();
        }
        if let Some(name) = &name {
            after.name.clone_from(name);
        }
        if after == *before {
            return Ok(Change::Keep(()));
        }
        let mut data = Map::new();
        note_change(&mut data, "domain", before.domain.as_str(), after.domain.as_str());
        note_change(&mut data, "name", before.name.as_str(), after.name.as_str());
        let event = organization_event(ctx, EventKind::OrganizationUpdated, &after, data);
        Ok(Change::Write(Box::new(after), event, ()))
    };
    let (after, ()) = super::change(ctx, store, organization, decide).await?;
    Ok(after)
}

/// Whether the domain must stay as it is (O2): while a connection is active, the identity provider's
/// settings carry it. Switching one on writes the organization too, so that a change of the domain that read it before
/// is overtaken and decided anew.
const fn domain_is_locked(organization: &Organization) -> bool {
    !organization.sign_in.active_connections.is_empty()
}

/// A slug that is also no organization's id, so that an address names one thing only.
fn domain(text: &str) -> Result<Domain, Refusal> {
    let looks_like_an_id = text.len() == OrganizationId::PREFIX.len() + OrganizationId::CHARS
        && text.starts_with(OrganizationId::PREFIX);
    if looks_like_an_id {
        return Err(Refusal::invalid(
            "domain",
            "`domain` has the shape of an organization's id: choose another.",
        ));
    }
    Domain::parse(text).ok_or_else(|| {
        Refusal::invalid(
            "domain",
            format!(
                "`domain` must be {DOMAIN_CHARS_MIN} to {DOMAIN_CHARS_MAX} lower-case letters (a–z), digits \
                 and hyphens, with no hyphen at either end. It is a short name such as `acme`, not a DNS name."
            ),
        )
    })
}

pub(crate) fn domain_taken(domain: &Domain) -> Refusal {
    Refusal::conflict(format!(
        "The domain `{}` belongs to another organization: choose another.",
        domain.as_str()
    ))
    .about("domain")
}

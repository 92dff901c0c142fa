//! Who is looking at the settings, and how far they may go (O3, O4, W4): one read, then a decision that is pure.

use crate::{
    credential::SECRET_CHARS,
    ctx::Ctx,
    event::Actor,
    ids::{LinkId, OrganizationId, UserId},
    organization::{LicenceState, Organization},
    ports::{Directory, Fetched, StoreError, Wanted},
    record::User,
    secret::SecretHash,
    sessions::SessionCookie,
    settings::link::{Admits, Scope, SettingsLink},
};

/// A part of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// The first page: where things stand, and what this visitor may open.
    Overview,
    /// Connections: creating one, its settings, tests, what is live.
    Sso,
    /// The metadata of connections that are there, and the encryption certificates.
    Certificates,
    /// The SCIM endpoint.
    Scim,
    /// Members, suspended members, groups, the password policy. Owners alone.
    Members,
    /// The history. Owners alone.
    History,
    /// Set-up links. Owners alone.
    Links,
}

/// What the browser brought.
#[derive(Debug, Clone, Copy, Default)]
pub struct Brought<'a> {
    /// The value of the organization's session cookie.
    pub session: Option<&'a str>,
    /// The value of the organization's visit cookie (a [`VisitCookie`]).
    pub visit: Option<&'a str>,
}

/// The cookie of a visit by a link: parsed, not yet believed.
///
/// ```text
/// <link id>.<user id, or "guest">.<secret>
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct VisitCookie {
    /// Which link.
    pub link: LinkId,
    /// The owner whom it lets in; read together with the link.
    pub user: Option<UserId>,
    secret: String,
}

impl VisitCookie {
    /// The cookie of a browser that has just opened a link.
    #[must_use]
    pub fn new(link: LinkId, user: Option<UserId>, secret: String) -> Self {
        Self { link, user, secret }
    }

    /// From the cookie's value.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (link, user, secret) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || secret.len() != SECRET_CHARS {
            return None;
        }
        let user = match user {
            GUEST => None,
            user => Some(user.parse().ok()?),
        };
        Some(Self { link: LinkId::from_bare(link).ok()?, user, secret: secret.to_owned() })
    }

    /// Whether it holds the secret of this hash.
    #[must_use]
    pub fn proves(&self, browser: &SecretHash) -> bool {
        browser.matches(self.secret.as_bytes())
    }

    /// The cookie's value: letters, digits, hyphens, dots.
    #[must_use]
    pub fn text(&self) -> String {
        let user = self.user.map_or_else(|| GUEST.to_owned(), |user| user.to_string());
        format!("{}.{user}.{}", self.link.bare(), self.secret)
    }
}

/// What stands in a visit's cookie instead of a user.
const GUEST: &str = "guest";

impl std::fmt::Debug for VisitCookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VisitCookie({}, {:?}, …)", self.link, self.user)
    }
}

/// Who is looking.
#[derive(Debug, Clone, PartialEq)]
pub enum Who {
    /// An owner, by their session or by an owner's link.
    Owner(Box<User>),
    /// Somebody with a set-up link.
    Guest(Box<SettingsLink>),
}

/// Somebody who was let in: made by [`admit`] alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Visitor {
    who: Who,
    organization: Organization,
}

impl Visitor {
    /// Who.
    #[must_use]
    pub const fn who(&self) -> &Who {
        &self.who
    }

    /// Whose settings.
    #[must_use]
    pub const fn organization(&self) -> &Organization {
        &self.organization
    }

    /// The link of a guest.
    #[must_use]
    pub fn guest(&self) -> Option<&SettingsLink> {
        match &self.who {
            Who::Guest(link) => Some(link),
            Who::Owner(_) => None,
        }
    }

    /// Who makes the changes that are asked for in this visit.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match &self.who {
            Who::Owner(user) => Actor::Owner(user.id, user.user_name().to_owned()),
            Who::Guest(link) => Actor::SetupLink(link.id.clone(), link.name.clone()),
        }
    }

    /// Whether this part is for them.
    #[must_use]
    pub fn may(&self, area: Area) -> bool {
        match &self.who {
            Who::Owner(_) => true,
            Who::Guest(link) => {
                let Admits::Guest { scopes } = &link.admits else { return false };
                match area {
                    Area::Overview => true,
                    Area::Sso => scopes.contains(&Scope::Sso),
                    Area::Certificates => {
                        scopes.contains(&Scope::Sso) || scopes.contains(&Scope::Certificate)
                    }
                    Area::Scim => scopes.contains(&Scope::Scim),
                    Area::Members | Area::History | Area::Links => false,
                }
            }
        }
    }
}

/// Why somebody is not let in.
#[derive(Debug, Clone, PartialEq)]
pub enum Closed {
    /// There is no such organization: as for an id that was guessed.
    NoSuchOrganization,
    /// Nobody is signed in here; the organization says where to.
    SignIn(Box<Organization>),
    /// A member who is no owner (O4): their userName.
    NoOwner(Box<Organization>, String),
    /// The licence does not hold (O3).
    Licence(Box<Organization>, LicenceState),
    /// The link has ended or was taken back.
    LinkEnded(Box<Organization>),
    /// The link was not made for this part.
    OutOfScope(Box<Organization>, Area),
    /// The store is away.
    Store(StoreError),
}

impl From<StoreError> for Closed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Reads the organization, whoever the cookies name, and `more`, in one call, and lets the visitor in or not. What was
/// `more` is in what is given back.
///
/// An owner's session goes before a link: whoever is signed in acts in their own name.
///
/// # Errors
/// [`Closed`].
pub async fn enter<S: Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    brought: Brought<'_>,
    area: Area,
    mut more: Wanted,
) -> Result<(Visitor, Fetched), Closed> {
    let session = brought.session.and_then(SessionCookie::parse);
    let visit = brought.visit.and_then(VisitCookie::parse);
    more.organization = true;
    more.session = session.as_ref().map(|cookie| (cookie.user, cookie.session.clone()));
    more.settings_link = visit.as_ref().map(|cookie| cookie.link.clone());
    for user in session.iter().map(|cookie| cookie.user).chain(visit.as_ref().and_then(|v| v.user))
    {
        if !more.users.contains(&user) {
            more.users.push(user);
        }
    }
    let fetched = store.fetch(ctx, organization, more).await?;
    let visitor = admit(ctx, &fetched, session.as_ref(), visit.as_ref(), area)?;
    Ok((visitor, fetched))
}

/// The decision of [`enter`].
///
/// # Errors
/// [`Closed`].
pub fn admit(
    ctx: &Ctx<'_>,
    fetched: &Fetched,
    session: Option<&SessionCookie>,
    visit: Option<&VisitCookie>,
    area: Area,
) -> Result<Visitor, Closed> {
    let organization = fetched.organization.clone().ok_or(Closed::NoSuchOrganization)?;
    let by_session = session.and_then(|cookie| signed_in(ctx, fetched, cookie));
    let is_owner = |user: &User| organization.owners.contains(&user.id);
    let member = by_session.filter(|user| !is_owner(user)).map(|user| user.user_name().to_owned());
    let who = match by_session.filter(|user| is_owner(user)) {
        Some(owner) => Who::Owner(Box::new(owner.clone())),
        None => match visit.map(|cookie| visiting(ctx, fetched, &organization, cookie)) {
            Some(Some(who)) => who,
            // Somebody who is signed in and no owner is told that, whatever link they had before.
            Some(None) if member.is_none() => {
                return Err(Closed::LinkEnded(Box::new(organization)));
            }
            _ => {
                let organization = Box::new(organization);
                return Err(match member {
                    Some(name) => Closed::NoOwner(organization, name),
                    None => Closed::SignIn(organization),
                });
            }
        },
    };
    match organization.licence.state_at(ctx.now()) {
        LicenceState::Active => {}
        state => return Err(Closed::Licence(Box::new(organization), state)),
    }
    let visitor = Visitor { who, organization };
    if visitor.may(area) {
        Ok(visitor)
    } else {
        Err(Closed::OutOfScope(Box::new(visitor.organization), area))
    }
}

/// The member whose session it is, as [`crate::sessions::current`] believes one.
fn signed_in<'a>(ctx: &Ctx<'_>, fetched: &'a Fetched, cookie: &SessionCookie) -> Option<&'a User> {
    let session = fetched.session.as_ref()?;
    let user = fetched.users.iter().find(|user| user.id == cookie.user)?;
    let holds = cookie.opens(session) && session.holds(user, ctx.now());
    holds.then_some(user)
}

/// Whom a visit's cookie lets in.
fn visiting(
    ctx: &Ctx<'_>,
    fetched: &Fetched,
    organization: &Organization,
    cookie: &VisitCookie,
) -> Option<Who> {
    let link = fetched.settings_link.as_ref().filter(|link| link.id == cookie.link)?;
    let (_, browser) = link.opened.as_ref()?;
    if !cookie.proves(browser) || !link.holds(ctx.now()) {
        return None;
    }
    match link.admits.owner() {
        Some(owner) => {
            let user = fetched.users.iter().find(|user| user.id == owner)?;
            let holds = organization.owners.contains(&owner) && !user.is_suspended();
            holds.then(|| Who::Owner(Box::new(user.clone())))
        }
        None => {
            matches!(link.admits, Admits::Guest { .. }).then(|| Who::Guest(Box::new(link.clone())))
        }
    }
}

//! Making, opening, taking back and watching links into the settings (W4).

use serde_json::{Map, Value, json};

use crate::{
    credential::{SECRET_CHARS, new_secret},
    ctx::Ctx,
    event::{Actor, Event, EventKind},
    ids::{LinkId, OrganizationId, UserId, random_text},
    operator::{self, Refusal, checks, member_sessions},
    organization::Organization,
    passwords::parse_link,
    ports::{CommitError, Directory, Organizations, SettingsLinks, StoreError, Wanted},
    secret::SecretHash,
    session::link_text,
    settings::{
        access::VisitCookie,
        link::{
            Admits, LINK_USES_MAX, LinkUse, OWNER_LINK_SECS_DEFAULT, OWNER_LINK_SECS_MAX,
            OWNER_VISIT_SECS, SETUP_LINK_SECS_DEFAULT, SETUP_LINK_SECS_MAX, SETUP_LINKS_MAX, Scope,
            SettingsLink,
        },
    },
};

/// Where a link leads: its secret follows behind `#`.
pub const ENTER_PATH: &str = "/settings/enter";

/// A link that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// The link.
    pub link: SettingsLink,
    /// Its address. The only time that it is seen.
    pub url: String,
}

/// A set-up link for somebody without an account.
///
/// # Errors
/// No scope, a bad name or life, too many links that hold, no such organization, or the store is away.
pub async fn make_setup_link<S: Organizations + SettingsLinks>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    name: &str,
    scopes: &[Scope],
    expires_in_secs: Option<u64>,
) -> Result<Made, Refusal> {
    let name = checks::name("name", name)?;
    let mut scopes = scopes.to_vec();
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(Refusal::invalid(
            "scopes",
            "`scopes` is empty: choose what the link is for (`sso`, `scim`, `certificate`).",
        ));
    }
    let secs = life(expires_in_secs, SETUP_LINK_SECS_DEFAULT, SETUP_LINK_SECS_MAX)?;
    let organization = operator::organizations::find(ctx, store, organization).await?;
    let links = store.settings_links(ctx, &organization.id).await?;
    let holds = |link: &&SettingsLink| is_setup(link) && link.holds(ctx.now());
    if links.iter().filter(holds).count() >= SETUP_LINKS_MAX {
        return Err(Refusal::conflict(format!(
            "There are {SETUP_LINKS_MAX} set-up links that have not ended, the most that are kept: take one back, then \
             make the new one."
        )));
    }
    let kind = EventKind::SetupLinkCreated;
    make(ctx, store, &organization.id, name, Admits::Guest { scopes }, secs, kind).await
}

/// A link that lets an owner into the settings, for the product that they are signed in to already: to be opened at once.
///
/// # Errors
/// The member is no owner who can get in, a bad life, no such organization or member, or the store is away.
pub async fn make_owner_link<S: Organizations + Directory + SettingsLinks>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    member: &str,
    expires_in_secs: Option<u64>,
) -> Result<Made, Refusal> {
    let secs = life(expires_in_secs, OWNER_LINK_SECS_DEFAULT, OWNER_LINK_SECS_MAX)?;
    let organization = operator::organizations::find(ctx, store, organization).await?;
    let id = organization.id.to_string();
    let (_, user) = member_sessions::existing(ctx, store, &id, member).await?;
    if !organization.owners.contains(&user.id) {
        return Err(Refusal::conflict(
            "The member is no owner who can get in: make them an owner, or lift the suspension, then make the link.",
        ));
    }
    let admits = Admits::Owner { user: user.id.to_string() };
    let (name, kind) = (user.user_name().to_owned(), EventKind::OwnerLinkCreated);
    make(ctx, store, &organization.id, name, admits, secs, kind).await
}

fn life(asked: Option<u64>, default: u64, max: u64) -> Result<u64, Refusal> {
    match asked.unwrap_or(default) {
        secs if (1..=max).contains(&secs) => Ok(secs),
        secs => Err(Refusal::invalid(
            "expires_in_secs",
            format!("`expires_in_secs` is {secs}: give a number from 1 to {max}."),
        )),
    }
}

async fn make<S: SettingsLinks>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    name: String,
    admits: Admits,
    secs: u64,
    kind: EventKind,
) -> Result<Made, Refusal> {
    let (secret, hash) = new_secret(ctx.world);
    let link = SettingsLink {
        id: LinkId::new(ctx.world),
        name,
        hash,
        admits,
        created: ctx.now(),
        created_by: ctx.actor.text(),
        expires: ctx.now().plus_secs(secs),
        revoked: None,
        opened: None,
        uses: Vec::new(),
        version: 1,
    };
    let event = link_event(ctx.actor.clone(), kind, &link);
    let written = store.put_settings_link(ctx, organization, None, &link, Some(&event)).await;
    written.map_err(Refusal::from_commit)?;
    let text = link_text(organization, &link.id, &secret);
    let url = format!("{}{ENTER_PATH}#{text}", ctx.base_url);
    Ok(Made { link, url })
}

/// The set-up links, newest first: those that hold, and those that ended not long ago.
///
/// # Errors
/// There is no such organization, or the store is away.
pub async fn list<S: Organizations + SettingsLinks>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
) -> Result<Vec<SettingsLink>, Refusal> {
    let organization = operator::organizations::find(ctx, store, organization).await?;
    Ok(setup_links(store.settings_links(ctx, &organization.id).await?))
}

/// The set-up links among all, newest first.
#[must_use]
pub fn setup_links(mut links: Vec<SettingsLink>) -> Vec<SettingsLink> {
    links.retain(is_setup);
    links.sort_by(|one, other| (other.created, &other.id).cmp(&(one.created, &one.id)));
    links
}

const fn is_setup(link: &SettingsLink) -> bool {
    matches!(link.admits, Admits::Guest { .. })
}

/// Takes a set-up link back: whoever is in by it is out with their next click. Doing it again changes nothing.
///
/// # Errors
/// There is no such organization or link, or the store is away.
pub async fn revoke<S: Organizations + Directory + SettingsLinks>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &str,
    link: &str,
) -> Result<SettingsLink, Refusal> {
    let missing = || Refusal::not_found("There is no such set-up link.");
    let id: LinkId = link.parse().map_err(|_| missing())?;
    let organization = operator::organizations::find(ctx, store, organization).await?.id;
    let mut attempt = 0;
    loop {
        let found = fetch(ctx, store, &organization, &id).await?.1;
        let before = found.filter(is_setup).ok_or_else(missing)?;
        if before.revoked.is_some() {
            return Ok(before);
        }
        let after = SettingsLink {
            revoked: Some(ctx.now()),
            version: before.version + 1,
            ..before.clone()
        };
        let event = link_event(ctx.actor.clone(), EventKind::SetupLinkRevoked, &after);
        match store.put_settings_link(ctx, &organization, Some(&before), &after, Some(&event)).await
        {
            Ok(()) => return Ok(after),
            Err(error) => attempt = operator::again(ctx, attempt, error).await?,
        }
    }
}

/// A link that was opened in a browser.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// Whose settings.
    pub organization: Organization,
    /// The link as it is now.
    pub link: SettingsLink,
    /// The cookie for the browser.
    pub cookie: VisitCookie,
}

/// Why a link did not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotOpened {
    /// It is none, or was never made.
    Unknown,
    /// Its time is over.
    Ended,
    /// It was taken back.
    Revoked,
    /// It was opened before, in another browser or in this one.
    OpenedBefore,
    /// The store is away.
    Store(StoreError),
}

impl From<StoreError> for NotOpened {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// How often opening is decided anew when somebody else was faster.
const OPEN_ATTEMPTS_MAX: u32 = 4;

/// What an attempt to open may take, in milliseconds: none begins anew with less left.
const OPEN_MILLIS: u64 = 1_000;

/// Opens a link: binds it to this browser. A link opens once; the browser that opened it comes back by its cookie
/// (`brought`, the value of that organization's visit cookie), also through the link itself.
///
/// When the store's answer to the write is lost, the link is read again, and shows by the secret of this very call whether
/// it was opened. Should that fail too, or the answer not reach the browser, the link is bound to a secret that nobody has:
/// it opens nothing any more, and another is made. It never admits two.
///
/// # Errors
/// [`NotOpened`].
pub async fn open<S: Directory + SettingsLinks>(
    ctx: &Ctx<'_>,
    store: &S,
    text: &str,
    brought: impl Fn(&OrganizationId) -> Option<String>,
) -> Result<Opened, NotOpened> {
    let (id, link, secret) = parse_link(text.trim()).ok_or(NotOpened::Unknown)?;
    let own = random_text(ctx.world, SECRET_CHARS);
    let mut away = StoreError::Throttled { retry_after_secs: 1 };
    for attempt in 0..OPEN_ATTEMPTS_MAX {
        if attempt > 0 {
            if !ctx.has_millis(OPEN_MILLIS) {
                break;
            }
            ctx.back_off(attempt, 10, 100).await;
        }
        let (organization, found) = fetch(ctx, store, &id, &link).await?;
        let before = found
            .filter(|found| found.hash.matches(secret.as_bytes()))
            .ok_or(NotOpened::Unknown)?;
        let organization = organization.ok_or(NotOpened::Unknown)?;
        if before.revoked.is_some() {
            return Err(NotOpened::Revoked);
        }
        if let Some((_, browser)) = &before.opened {
            let own = VisitCookie::new(before.id.clone(), before.admits.owner(), own);
            let brought = brought(&id).as_deref().and_then(VisitCookie::parse);
            let mut known = std::iter::once(own).chain(brought);
            let cookie = known.find(|cookie| cookie.link == before.id && cookie.proves(browser));
            let cookie = cookie.ok_or(NotOpened::OpenedBefore)?;
            if !before.holds(ctx.now()) {
                return Err(NotOpened::Ended);
            }
            return Ok(Opened { organization, link: before, cookie });
        }
        if !before.holds(ctx.now()) {
            return Err(NotOpened::Ended);
        }
        let owner = before.admits.owner();
        let after = bound(ctx, &before, SecretHash::of(own.as_bytes()), owner);
        let (actor, kind) = match owner {
            Some(user) => (Actor::Owner(user, before.name.clone()), EventKind::OwnerLinkOpened),
            None => (
                Actor::SetupLink(before.id.clone(), before.name.clone()),
                EventKind::SetupLinkOpened,
            ),
        };
        let event = link_event(actor, kind, &after);
        match store.put_settings_link(ctx, &id, Some(&before), &after, Some(&event)).await {
            Ok(()) => {
                let cookie = VisitCookie::new(after.id.clone(), owner, own);
                return Ok(Opened { organization, link: after, cookie });
            }
            // It may be written, and the answer lost: the next look shows it.
            Err(CommitError::Store(error)) => away = error,
            Err(_) => {}
        }
    }
    Err(NotOpened::Store(away))
}

/// The link, opened in the browser with this secret.
fn bound(
    ctx: &Ctx<'_>,
    before: &SettingsLink,
    browser: SecretHash,
    owner: Option<UserId>,
) -> SettingsLink {
    let mut after = SettingsLink {
        opened: Some((ctx.now(), browser)),
        version: before.version + 1,
        ..before.clone()
    };
    if owner.is_some() {
        after.expires = ctx.now().plus_secs(OWNER_VISIT_SECS);
    }
    push_use(ctx, &mut after, "opened");
    after
}

/// Ends a visit by an owner's link, in the browser that brings this cookie: it opens nothing any more. A guest may come
/// back with the same browser until the link ends. A cookie that proves nothing changes nothing.
///
/// # Errors
/// What the store says.
pub async fn leave<S: Directory + SettingsLinks>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    cookie: &VisitCookie,
) -> Result<(), StoreError> {
    for attempt in 0..OPEN_ATTEMPTS_MAX {
        let Some(before) = fetch(ctx, store, organization, &cookie.link).await?.1 else {
            return Ok(());
        };
        let proved = before.opened.as_ref().is_some_and(|(_, browser)| cookie.proves(browser));
        if !proved || before.admits.owner().is_none() || before.revoked.is_some() {
            return Ok(());
        }
        let after = SettingsLink {
            revoked: Some(ctx.now()),
            version: before.version + 1,
            ..before.clone()
        };
        match store.put_settings_link(ctx, organization, Some(&before), &after, None).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Store(error)) => return Err(error),
            Err(_) => ctx.back_off(attempt, 10, 100).await,
        }
    }
    Err(StoreError::Throttled { retry_after_secs: 1 })
}

/// Remembers with the link what its guest has just done, for the owner to see; best effort, for the history has the
/// event anyway.
pub async fn note_use<S: Directory + SettingsLinks>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    link: &LinkId,
    what: &str,
) {
    for attempt in 0..OPEN_ATTEMPTS_MAX {
        let Ok((_, Some(before))) = fetch(ctx, store, organization, link).await else { return };
        let mut after = SettingsLink { version: before.version + 1, ..before.clone() };
        push_use(ctx, &mut after, what);
        match store.put_settings_link(ctx, organization, Some(&before), &after, None).await {
            Err(CommitError::Stale) => ctx.back_off(attempt, 10, 100).await,
            _ => return,
        }
    }
}

fn push_use(ctx: &Ctx<'_>, link: &mut SettingsLink, what: &str) {
    if link.uses.len() >= LINK_USES_MAX {
        link.uses.remove(0);
    }
    link.uses.push(LinkUse { at: ctx.now().unix_millis(), what: what.to_owned() });
}

async fn fetch<S: Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    link: &LinkId,
) -> Result<(Option<Organization>, Option<SettingsLink>), StoreError> {
    let wanted =
        Wanted { organization: true, settings_link: Some(link.clone()), ..Wanted::default() };
    let fetched = store.fetch(ctx, organization, wanted).await?;
    Ok((fetched.organization, fetched.settings_link))
}

fn link_event(actor: Actor, kind: EventKind, link: &SettingsLink) -> Event {
    let mut data = Map::new();
    if let Admits::Guest { scopes } = &link.admits {
        let scopes: Vec<Value> = scopes.iter().map(|scope| json!(scope.text())).collect();
        data.insert("scopes".to_owned(), scopes.into());
    }
    data.insert("expires".to_owned(), link.expires.rfc3339().into());
    Event {
        kind,
        actor,
        subject_kind: "link",
        subject_id: link.id.to_string(),
        subject_name: link.name.clone(),
        data,
    }
}

//! Signing in with a password, and how somebody comes by one (S9, O3, P8).
//!
//! What a stranger learns is the same whether the address is unknown, has no password, may not have one or the password
//! is wrong, and it takes the same work. What stands against guessing is counted for a member, for an address with a
//! member, and for an address; none of the three keeps a whole organization out: a member who waits has the link by
//! e-mail, browsers used before, and the identity provider.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use lychgate_scim::value::normalized_key;
use serde_json::Map;
use sha2::{Digest, Sha256};

use crate::{
    attempt::{Attempt, AttemptOutcome},
    credential::{SECRET_CHARS, new_secret},
    ctx::Ctx,
    event::{Actor, Event, EventKind},
    ids::{AttemptId, LinkId, OrganizationId, UserId},
    oidc::authorize::new_grant,
    organization::{Domain, Organization},
    password::{self, PasswordRecord},
    ports::{
        Attempts, CommitError, Directory, Organizations, Passwords, Sessions, SignInError,
        SignInWrite, SignIns, StoreError, Wanted,
        outside::{Mail, Mailer},
    },
    record::{Index, IndexKey, User},
    session::{CodeRequest, Link, LinkPurpose, Session, SessionMethod, link_text},
    sessions::{self, SessionCookie},
};

/// How long a session by password lasts, in seconds: a working day.
pub const PASSWORD_SESSION_SECS: u64 = 12 * 3_600;
/// How long a link for a password holds, in seconds.
pub const PASSWORD_LINK_SECS: u64 = 3_600;
/// The window in which guesses are counted, in seconds.
pub const GUESS_WINDOW_SECS: u64 = 300;
/// How many guesses one address may make at one member in a window.
pub const GUESSES_PER_PAIR_MAX: u64 = 10;
/// How many guesses one address may make in a window: an office behind one address is a few hundred people.
pub const GUESSES_PER_ADDRESS_MAX: u64 = 300;
/// How many links one member is sent in an hour.
pub const LINKS_PER_HOUR_MAX: u64 = 3;
/// How many links one address may ask for in an hour.
pub const LINKS_PER_ADDRESS_MAX: u64 = 60;
/// The longest e-mail address that is looked at, in bytes (RFC 5321 §4.5.3.1.3).
pub const EMAIL_BYTES_MAX: usize = 254;
/// How often a change of a record is decided anew when somebody else was faster.
const ATTEMPTS_MAX: u32 = 4;
const HOUR_SECS: u64 = 3_600;

/// What signing in with a password needs of a store.
pub trait Store: SignIns + Organizations + Passwords + Sessions + Attempts {}

impl<S: SignIns + Organizations + Passwords + Sessions + Attempts> Store for S {}

/// Why it did not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such organization, or it has no passwords.
    Unavailable,
    /// The address and the password do not belong together, or there is nothing to belong to.
    Wrong,
    /// Too many guesses: wait this many seconds.
    Wait(u64),
    /// The password is right, and the member is suspended.
    Suspended,
    /// The link has been used, has ended, or never was.
    LinkGone,
    /// The new password is not taken: a sentence for the person.
    Unacceptable(String),
    /// The store.
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<CommitError> for Refusal {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => Self::Store(error),
            _ => Self::Store(StoreError::Throttled { retry_after_secs: 1 }),
        }
    }
}

/// A guess as it came.
#[derive(Clone, Copy)]
pub struct Guess<'a> {
    /// The address that was typed.
    pub email: &'a str,
    /// The password that was typed.
    pub password: &'a str,
    /// Where it came from.
    pub source_ip: Option<&'a str>,
    /// The value of the browser's device cookie.
    pub device: Option<&'a str>,
}

/// Somebody who has signed in.
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// The session.
    pub session: Session,
    /// The session's cookie.
    pub cookie: SessionCookie,
    /// The device cookie's value.
    pub device: String,
    /// The code, when an application asked for one.
    pub code: Option<String>,
}

/// The organization of a domain, when it has passwords.
///
/// # Errors
/// [`Refusal::Unavailable`], and what the store says.
pub async fn organization<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    domain: &Domain,
) -> Result<Organization, Refusal> {
    let id = store.by_domain(ctx, domain).await?.ok_or(Refusal::Unavailable)?;
    let organization = store.organization(ctx, &id).await?.ok_or(Refusal::Unavailable)?;
    if organization.sign_in.password { Ok(organization) } else { Err(Refusal::Unavailable) }
}

/// Checks a guess; on success writes the session, and the code when an application asked for one.
///
/// # Errors
/// A [`Refusal`]; the attempt is recorded either way.
pub async fn sign_in<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &Organization,
    guess: Guess<'_>,
    request: Option<&CodeRequest>,
) -> Result<SignedIn, Refusal> {
    let id = &organization.id;
    let found = check(ctx, store, id, guess).await;
    let (user, record) = match found {
        Ok(found) => found,
        Err((refusal, user)) => {
            record_refusal(ctx, store, id, guess.email, user, &refusal).await;
            return Err(refusal);
        }
    };
    let (device, device_hash) = new_secret(ctx.world);
    // A browser that lost a race is not remembered, and still let in: the guess was right.
    let after = record.after_success(device_hash);
    match store.put_password(ctx, id, user.id, Some(&record), &after, None, None).await {
        Ok(()) | Err(CommitError::Stale) => {}
        Err(error) => return Err(error.into()),
    }
    let expires = ctx.now().plus_secs(PASSWORD_SESSION_SECS);
    let (session, cookie) = sessions::begin(ctx, user.id, SessionMethod::Password, expires);
    let grant = request.map(|request| new_grant(ctx, id, request, &session));
    let write = SignInWrite {
        flow: None,
        assertion: None,
        member: None,
        name_id: None,
        session: Some(&session),
        grant: grant.as_ref().map(|(grant, _)| grant),
        connection: None,
    };
    store.sign_in(ctx, id, write).await.map_err(|error| match error {
        SignInError::Commit(error) => error.into(),
        SignInError::Replayed | SignInError::FlowGone => Refusal::LinkGone,
    })?;
    store.touch(ctx, id, user.id, ctx.now()).await;
    let attempt = Attempt { outcome: AttemptOutcome::SignedIn, ..attempt(ctx, &user, guess.email) };
    store.record_attempt(ctx, id, &attempt).await;
    Ok(SignedIn { user, session, cookie, device, code: grant.map(|(_, code)| code) })
}

/// The member and its record when the guess is right; whose attempt it was when it is not.
async fn check<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    guess: Guess<'_>,
) -> Result<(User, PasswordRecord), (Refusal, Option<UserId>)> {
    let nobody = |refusal: Refusal| (refusal, None);
    let email = normalized_key(guess.email.trim());
    if email.is_empty() || email.len() > EMAIL_BYTES_MAX {
        return Err(nobody(Refusal::Wrong));
    }
    slow_down(ctx, store, organization, &email, guess.source_ip).await.map_err(nobody)?;
    let user = member(ctx, store, organization, &email).await.map_err(|e| nobody(e.into()))?;
    let record = match &user {
        Some(user) => store.password(ctx, organization, user.id).await,
        None => Ok(None),
    };
    let record = record.map_err(|error| nobody(error.into()))?;
    let allowed = user.as_ref().is_some_and(|user| user.password_allowed);
    let who = user.as_ref().map(|user| user.id);
    if let Some(record) = &record
        && record.must_wait(ctx.now(), guess.device)
    {
        let until = record.not_before.unwrap_or_default();
        let secs = until.millis_since(ctx.now()).div_ceil(1_000);
        return Err((Refusal::Wait(secs), who));
    }
    let phc = record.as_ref().filter(|_| allowed).map(|record| record.phc.as_str());
    let right = password::verify(phc, guess.password);
    match (user, record, right) {
        (Some(user), Some(_), true) if user.is_suspended() => Err((Refusal::Suspended, who)),
        (Some(user), Some(record), true) => Ok((user, record)),
        (Some(user), Some(record), false) if allowed => {
            let failed = failed(ctx, store, organization, user.id, record).await;
            Err((failed.err().unwrap_or(Refusal::Wrong), who))
        }
        _ => Err((Refusal::Wrong, who)),
    }
}

/// Counts the guess, for the address and for the address with the member. Only the pair and the address wait; the
/// member's own wait is in its record.
async fn slow_down<S: Passwords>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    email: &str,
    source_ip: Option<&str>,
) -> Result<(), Refusal> {
    let source = source_ip.unwrap_or("unknown");
    let pair = subject("guess", &[source, email]);
    let address = subject("guess", &[source]);
    let (pair, address) = futures_util::future::join(
        store.count(ctx, organization, &pair, GUESS_WINDOW_SECS),
        store.count(ctx, organization, &address, GUESS_WINDOW_SECS),
    )
    .await;
    if pair? > GUESSES_PER_PAIR_MAX || address? > GUESSES_PER_ADDRESS_MAX {
        return Err(Refusal::Wait(GUESS_WINDOW_SECS));
    }
    Ok(())
}

/// Writes one wrong guess more; again when guesses crossed each other, so that none goes uncounted.
async fn failed<S: Passwords>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    user: UserId,
    mut record: PasswordRecord,
) -> Result<(), Refusal> {
    for attempt in 0..ATTEMPTS_MAX {
        let after = record.after_failure(ctx.now());
        match store.put_password(ctx, organization, user, Some(&record), &after, None, None).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Stale) => {
                ctx.back_off(attempt, 10, 100).await;
                match store.password(ctx, organization, user).await? {
                    Some(now) => record = now,
                    None => return Ok(()),
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    // So many at once are no person: nobody is told whether this one was right.
    Err(Refusal::Wait(1))
}

/// Asks for a link by e-mail. Whoever asks learns nothing: the answer is the same for everybody, also when too many
/// were asked for, when the member may have no password, and when nobody may send it e-mail (P8).
///
/// # Errors
/// What the store says.
pub async fn ask_for_link<S: Store, M: Mailer>(
    ctx: &Ctx<'_>,
    store: &S,
    mailer: &M,
    organization: &Organization,
    email: &str,
    source_ip: Option<&str>,
) -> Result<(), Refusal> {
    let id = &organization.id;
    let email = normalized_key(email.trim());
    if email.is_empty() || email.len() > EMAIL_BYTES_MAX {
        return Ok(());
    }
    let address = subject("link", &[source_ip.unwrap_or("unknown")]);
    let asked = subject("link-for", &[&email]);
    let (by_address, for_member) = futures_util::future::join(
        store.count(ctx, id, &address, HOUR_SECS),
        store.count(ctx, id, &asked, HOUR_SECS),
    )
    .await;
    if by_address? > LINKS_PER_ADDRESS_MAX || for_member? > LINKS_PER_HOUR_MAX {
        return Ok(());
    }
    let Some(user) = member(ctx, store, id, &email).await? else {
        return Ok(());
    };
    if may_have_link(organization, &user) && takes_email(&user) {
        let url = new_link(ctx, store, id, &user).await?;
        send(ctx, mailer, organization, &user, &url).await;
    }
    Ok(())
}

/// A link for the operator to hand over; sent as well when there is a mailer and the member takes e-mail. Says whether
/// it was.
///
/// # Errors
/// [`Refusal::Unavailable`] when the organization or the member may have no password, [`Refusal::Suspended`].
pub async fn link_by_hand<S: Store, M: Mailer>(
    ctx: &Ctx<'_>,
    store: &S,
    mailer: Option<&M>,
    organization: &Organization,
    user: &User,
) -> Result<(String, bool), Refusal> {
    if user.is_suspended() {
        return Err(Refusal::Suspended);
    }
    if !may_have_link(organization, user) {
        return Err(Refusal::Unavailable);
    }
    let url = new_link(ctx, store, &organization.id, user).await?;
    let mailer = mailer.filter(|_| takes_email(user));
    if let Some(mailer) = mailer {
        send(ctx, mailer, organization, user, &url).await;
    }
    Ok((url, mailer.is_some()))
}

const fn may_have_link(organization: &Organization, user: &User) -> bool {
    organization.sign_in.password && user.password_allowed && !user.is_suspended()
}

/// `sendEmails` is obeyed (P8): false stops every e-mail to the member.
#[must_use]
pub fn takes_email(user: &User) -> bool {
    let wish = user.resource.attributes().get("sendEmails");
    wish.and_then(serde_json::Value::as_bool).unwrap_or(true)
}

async fn new_link<S: Passwords>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    user: &User,
) -> Result<String, Refusal> {
    let (secret, hash) = new_secret(ctx.world);
    let link = Link {
        id: LinkId::new(ctx.world),
        hash,
        purpose: LinkPurpose::Password { user: user.id.to_string() },
        expires: ctx.now().plus_secs(PASSWORD_LINK_SECS),
    };
    store.put_link(ctx, organization, &link).await?;
    let text = link_text(organization, &link.id, &secret);
    Ok(format!("{}/password/new?link={text}", ctx.base_url))
}

/// Best effort: the address may be wrong and the mail lost, and the answer would be the same.
async fn send<M: Mailer>(
    ctx: &Ctx<'_>,
    mailer: &M,
    organization: &Organization,
    user: &User,
    url: &str,
) {
    let mail = Mail {
        to: address_of(user).to_owned(),
        subject: format!("Your password for {}", organization.name),
        text: format!(
            "Somebody, probably you, asked to choose a password for {name} ({to}).\n\n\
             Choose it here within an hour:\n{url}\n\n\
             If it was not you, do nothing: the link ends by itself and your password stays as it is.\n",
            name = organization.name,
            to = user.user_name(),
        ),
    };
    // What the mailer says goes no further: it logs its own failures, and the page must not tell.
    let _ = mailer.send(ctx, &mail).await;
}

fn address_of(user: &User) -> &str {
    let emails = user.resource.attributes().get("emails").and_then(serde_json::Value::as_array);
    let emails = || emails.into_iter().flatten();
    let is_primary =
        |email: &&serde_json::Value| email.get("primary") == Some(&serde_json::Value::Bool(true));
    let chosen = emails().find(is_primary).or_else(|| emails().next());
    let value = chosen.and_then(|email| email.get("value")).and_then(serde_json::Value::as_str);
    value.unwrap_or_else(|| user.user_name())
}

/// A link that holds: for what it was made.
pub struct OpenLink {
    /// The organization.
    pub organization: Organization,
    /// Whose password.
    pub user: User,
    link: Link,
}

/// Reads a link's text, looks it up, and the member with it.
///
/// # Errors
/// [`Refusal::LinkGone`] for everything that is wrong with it.
pub async fn open_link<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    text: &str,
) -> Result<OpenLink, Refusal> {
    let gone = || Refusal::LinkGone;
    let (organization, id, secret) = parse_link(text).ok_or_else(gone)?;
    let link = store.link(ctx, &organization, &id).await?.ok_or_else(gone)?;
    if !link.hash.matches(secret.as_bytes()) || link.expires <= ctx.now() {
        return Err(Refusal::LinkGone);
    }
    let LinkPurpose::Password { user } = &link.purpose else {
        return Err(Refusal::LinkGone);
    };
    let user = user.parse().map_err(|_| Refusal::LinkGone)?;
    let wanted = Wanted { organization: true, users: vec![user], ..Wanted::default() };
    let mut fetched = store.fetch(ctx, &organization, wanted).await?;
    let (Some(organization), Some(user)) = (fetched.organization.take(), fetched.users.pop())
    else {
        return Err(Refusal::LinkGone);
    };
    if may_have_link(&organization, &user) {
        Ok(OpenLink { organization, user, link })
    } else {
        Err(Refusal::LinkGone)
    }
}

/// The parts of a link's text.
#[must_use]
pub fn parse_link(text: &str) -> Option<(OrganizationId, LinkId, &str)> {
    let mut parts = text.split('_');
    let (organization, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || secret.len() != SECRET_CHARS {
        return None;
    }
    Some((OrganizationId::from_bare(organization).ok()?, LinkId::from_bare(id).ok()?, secret))
}

/// Sets the password that a link leads to, uses the link up, and ends the member's sessions: whoever had the old
/// password is out.
///
/// # Errors
/// [`Refusal::Unacceptable`] (the link still holds), [`Refusal::LinkGone`], and what the store says.
pub async fn set<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    text: &str,
    new: &str,
) -> Result<OpenLink, Refusal> {
    let open = open_link(ctx, store, text).await?;
    let id = &open.organization.id;
    password::acceptable(new, open.user.user_name(), &open.organization.name)
        .map_err(Refusal::Unacceptable)?;
    let defect = || StoreError::Corrupt("a password could not be hashed".to_owned());
    let phc = password::hash(ctx.world, new).ok_or_else(defect)?;
    let before = store.password(ctx, id, open.user.id).await?;
    let after = PasswordRecord {
        phc,
        set: ctx.now(),
        failures: 0,
        not_before: None,
        devices: Vec::new(),
        version: before.as_ref().map_or(1, |before| before.version + 1),
    };
    let event = Event {
        kind: EventKind::MemberPasswordSet,
        actor: Actor::Member(open.user.id),
        subject_kind: "user",
        subject_id: open.user.id.to_string(),
        subject_name: open.user.user_name().to_owned(),
        data: Map::new(),
    };
    let link = Some(&open.link.id);
    store
        .put_password(ctx, id, open.user.id, before.as_ref(), &after, link, Some(&event))
        .await
        .map_err(|error| match error {
            // The link was used meanwhile, or a guess crossed: either way the person asks for a new link.
            CommitError::Stale => Refusal::LinkGone,
            error => error.into(),
        })?;
    sessions::end_all(ctx, store, id, &open.user, "password").await?;
    Ok(open)
}

/// The member of this address: its `userName`.
async fn member<S: Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    email: &str,
) -> Result<Option<User>, StoreError> {
    let key = IndexKey { index: Index::UserName, value: email.to_owned() };
    let claims = Wanted { claims: vec![key], ..Wanted::default() };
    let fetched = store.fetch(ctx, organization, claims).await?;
    let Some((_, user)) = fetched.claims.first() else {
        return Ok(None);
    };
    let wanted = Wanted { users: vec![UserId::from(*user)], ..Wanted::default() };
    Ok(store.fetch(ctx, organization, wanted).await?.users.pop())
}

/// What a counter is named by: a digest, so that no address stands in a key.
fn subject(kind: &str, parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(kind.as_bytes());
    for part in parts {
        hasher.update([0]);
        hasher.update(part.as_bytes());
    }
    BASE64_URL_SAFE_NO_PAD.encode(hasher.finalize())
}

fn attempt(ctx: &Ctx<'_>, user: &User, email: &str) -> Attempt {
    Attempt { user: Some(user.id), ..blank_attempt(ctx, email) }
}

fn blank_attempt(ctx: &Ctx<'_>, email: &str) -> Attempt {
    Attempt {
        id: AttemptId::new(ctx.now(), ctx.world),
        at: ctx.now(),
        request_id: ctx.request_id.to_owned(),
        outcome: AttemptOutcome::Rejected,
        method: "password",
        connection: None,
        user: None,
        subject: Some(email.chars().filter(|c| !c.is_control()).take(EMAIL_BYTES_MAX).collect()),
        code: None,
        detail: None,
        want: None,
        got: None,
        facts: Map::new(),
    }
}

async fn record_refusal<S: Attempts>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    email: &str,
    user: Option<UserId>,
    refusal: &Refusal,
) {
    let (code, detail) = match refusal {
        Refusal::Wrong => {
            ("password_wrong", "The password is wrong, or nobody with this address may have one.")
        }
        Refusal::Wait(_) => {
            ("password_wait", "There were too many wrong guesses; the next is looked at later.")
        }
        Refusal::Suspended => {
            ("member_suspended", "The password is right, and the member is suspended.")
        }
        Refusal::Unavailable | Refusal::LinkGone | Refusal::Unacceptable(_) | Refusal::Store(_) => {
            return;
        }
    };
    let attempt = Attempt {
        user,
        code: Some(code.to_owned()),
        detail: Some(detail.to_owned()),
        ..blank_attempt(ctx, email)
    };
    store.record_attempt(ctx, organization, &attempt).await;
}

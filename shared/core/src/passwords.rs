//! Signing in with a password, and how somebody comes by one (S9, O3, P8).
//!
//! What a stranger learns is the same whether the address is unknown, has no password, may not have one or the password
//! is wrong, and it takes the same work. What stands against guessing is counted for a member, for an address with a
//! member, and for an address; none of the three keeps a whole organization out: a member who waits has the link by
//! e-mail, browsers used before (each is counted by itself), and the identity provider.

use std::{net::IpAddr, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use lychgate_scim::value::normalized_key;
use serde_json::{Map, Value};
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
/// How many guesses one address, or one browser that is known, may make at one member in a window.
pub const GUESSES_PER_PAIR_MAX: u64 = 10;
/// How many guesses one address may make in a window: an office behind one address is a few hundred people.
pub const GUESSES_PER_ADDRESS_MAX: u64 = 300;
/// How many links one member is sent in an hour.
pub const LINKS_PER_HOUR_MAX: u64 = 3;
/// How many links one address may ask for in an hour.
pub const LINKS_PER_ADDRESS_MAX: u64 = 60;
/// The longest e-mail address that is looked at, in bytes (RFC 5321 §4.5.3.1.3).
pub const EMAIL_BYTES_MAX: usize = 254;
/// How long the answer takes for who asks for a link, in milliseconds: longer than an e-mail takes to be handed over.
pub const LINK_ANSWER_MILLIS: u64 = 1_500;
/// How often a change of a record is decided anew when somebody else was faster: as many as guess at once are counted.
const WRITES_MAX: u32 = 24;
/// How often the sessions of a changed password are tried to be ended again when the store fails.
const ENDS_MAX: u32 = 4;
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
    /// Too many guesses from here, right or wrong, whoever they were at: wait this many seconds. (A member's own wait is
    /// told as [`Refusal::Wrong`].)
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

/// What the attempt log says of a guess that was refused: a code, and a sentence for the owner.
type Why = (&'static str, &'static str);
const WRONG: Why =
    ("password_wrong", "The password is wrong, or nobody with this address may have one.");
const WAIT: Why =
    ("password_wait", "There were too many wrong guesses; the next is looked at later.");
const SUSPENDED: Why = ("member_suspended", "The password is right, and the member is suspended.");

/// A guess that is refused.
struct Denied {
    refusal: Refusal,
    user: Option<UserId>,
    /// `None`: the log has it already, or there is nothing to say.
    why: Option<Why>,
}

impl Denied {
    const fn new(refusal: Refusal, user: Option<UserId>, why: Why) -> Self {
        Self { refusal, user, why: Some(why) }
    }
}

impl<E: Into<Refusal>> From<E> for Denied {
    fn from(error: E) -> Self {
        Self { refusal: error.into(), user: None, why: None }
    }
}

/// Checks a guess; on success writes the session, and the code when an application asked for one.
///
/// # Errors
/// A [`Refusal`]. It is recorded, but for guesses beyond a limit: of those the first alone, so that nobody fills the log.
pub async fn sign_in<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &Organization,
    guess: Guess<'_>,
    request: Option<&CodeRequest>,
) -> Result<SignedIn, Refusal> {
    let id = &organization.id;
    let signed_in = enter(ctx, store, id, guess, request).await;
    let (user, outcome, why) = match &signed_in {
        Ok(signed_in) => (Some(signed_in.user.id), AttemptOutcome::SignedIn, None),
        Err(Denied { user, why: Some(why), .. }) => (*user, AttemptOutcome::Rejected, Some(why)),
        Err(_) => return signed_in.map_err(|denied| denied.refusal),
    };
    let attempt = Attempt {
        user,
        outcome,
        code: why.map(|(code, _)| (*code).to_owned()),
        detail: why.map(|(_, detail)| (*detail).to_owned()),
        ..blank_attempt(ctx, guess.email)
    };
    store.record_attempt(ctx, id, &attempt).await;
    signed_in.map_err(|denied| denied.refusal)
}

async fn enter<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    guess: Guess<'_>,
    request: Option<&CodeRequest>,
) -> Result<SignedIn, Denied> {
    let (user, record) = check(ctx, store, organization, guess).await?;
    let crossed = || Denied::new(Refusal::Wrong, Some(user.id), WAIT);
    let device = accept(ctx, store, organization, user.id, &record, guess.device).await?;
    let device = device.ok_or_else(crossed)?;
    let expires = ctx.now().plus_secs(PASSWORD_SESSION_SECS);
    let (session, cookie) = sessions::begin(ctx, user.id, SessionMethod::Password, expires);
    let grant = request.map(|request| new_grant(ctx, organization, request, &session));
    let write = SignInWrite {
        flow: None,
        assertion: None,
        member: None,
        name_id: None,
        session: Some(&session),
        grant: grant.as_ref().map(|(grant, _)| grant),
        connection: None,
    };
    store.sign_in(ctx, organization, write).await.map_err(|error| match error {
        SignInError::Commit(error) => error.into(),
        SignInError::Replayed | SignInError::FlowGone => Refusal::LinkGone,
    })?;
    // Whoever sets a new password, or takes the right to one, ends the sessions that they find. They did not find this one
    // when it was written after they looked; so the last look is ours.
    let now = store.password(ctx, organization, user.id).await?;
    if now.is_none_or(|now| now.phc != record.phc) {
        store.end_sessions(ctx, organization, std::slice::from_ref(&session), None).await?;
        return Err(Denied::new(Refusal::Wrong, Some(user.id), WRONG));
    }
    store.touch(ctx, organization, user.id, ctx.now()).await;
    Ok(SignedIn { user, session, cookie, device, code: grant.map(|(_, code)| code) })
}

/// The member and its record when the guess is right.
///
/// INVARIANT: without the right password nobody learns whether somebody has one. Each step is taken for an address that
/// nobody has, too: the same reads, the same hash, one write. And a member's own wait reads as a wrong guess: otherwise it
/// would tell that there is a member.
async fn check<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    guess: Guess<'_>,
) -> Result<(User, PasswordRecord), Denied> {
    let email = normalized_key(guess.email.trim());
    if email.is_empty() || email.len() > EMAIL_BYTES_MAX {
        return Err(Refusal::Wrong.into());
    }
    let user = member(ctx, store, organization, &email).await?;
    let id = user.as_ref().map_or_else(|| nobody(ctx), |user| user.id);
    let record = store.password(ctx, organization, id).await?;
    let allowed = user.filter(|user| user.password_allowed).zip(record);
    let device = guess
        .device
        .filter(|_| allowed.as_ref().is_some_and(|(_, record)| record.knows(guess.device)));
    slow_down(ctx, store, organization, &email, guess.source_ip, device).await?;
    let waits = allowed.as_ref().is_some_and(|(_, record)| record.must_wait(ctx.now(), device));
    let phc = allowed.as_ref().filter(|_| !waits).map(|(_, record)| record.phc.as_str());
    let right = password::verify(phc, guess.password);
    match allowed {
        Some((user, _)) if right && user.is_suspended() => {
            Err(Denied::new(Refusal::Suspended, Some(user.id), SUSPENDED))
        }
        Some(found) if right => Ok(found),
        Some((user, record)) if !waits => {
            failed(ctx, store, organization, user.id, record).await?;
            Err(Denied::new(Refusal::Wrong, Some(user.id), WRONG))
        }
        waiting => {
            let spent = subject("guess-for-nothing", &[&email]);
            store.count(ctx, organization, &spent, GUESS_WINDOW_SECS).await?;
            let why = if waiting.is_some() { WAIT } else { WRONG };
            Err(Denied::new(Refusal::Wrong, waiting.map(|(user, _)| user.id), why))
        }
    }
}

/// Counts the guess: for a browser that the member used before by itself, so that nobody else's guesses are held against
/// it; for another for its address, and for the address with the member. The member's own wait is in its record.
async fn slow_down<S: Passwords>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    email: &str,
    source_ip: Option<&str>,
    device: Option<&str>,
) -> Result<(), Denied> {
    let count = async |subject: String, max: u64| -> Result<u64, StoreError> {
        let guesses = store.count(ctx, organization, &subject, GUESS_WINDOW_SECS).await?;
        Ok(guesses.saturating_sub(max))
    };
    let over = if let Some(secret) = device {
        count(subject("guess-device", &[secret]), GUESSES_PER_PAIR_MAX).await?
    } else {
        // Who comes without an address (API Gateway names it always) must not be held against all the others who do.
        let source = source_ip.map(network);
        let pair = subject("guess", &[source.as_deref().unwrap_or_default(), email]);
        let address = async {
            match &source {
                Some(source) => count(subject("guess", &[source]), GUESSES_PER_ADDRESS_MAX).await,
                None => Ok(0),
            }
        };
        let (pair, address) =
            futures_util::future::join(count(pair, GUESSES_PER_PAIR_MAX), address).await;
        let (pair, address) = (pair?, address?);
        // The first one beyond either limit is told to the owner.
        if pair == 1 { 1 } else { pair.max(address) }
    };
    match over {
        0 => Ok(()),
        over => Err(Denied {
            refusal: Refusal::Wait(window_left(ctx)),
            user: None,
            why: (over == 1).then_some(WAIT),
        }),
    }
}

/// What is left of the window that guesses are counted in, in seconds.
fn window_left(ctx: &Ctx<'_>) -> u64 {
    GUESS_WINDOW_SECS - ctx.now().unix_secs() % GUESS_WINDOW_SECS
}

/// What is counted as one address: an IPv4 address, or the network of 64 bits that an IPv6 address is in, because whoever
/// has one has all of them (RFC 6177 §2).
fn network(address: &str) -> String {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => format!("{:x}", address.to_bits() >> 64),
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => address.to_owned(),
    }
}

/// Writes one wrong guess more; again when guesses crossed each other, so that none goes uncounted.
async fn failed<S: Passwords>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    user: UserId,
    mut record: PasswordRecord,
) -> Result<(), Refusal> {
    for attempt in 0..WRITES_MAX {
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
    Ok(())
}

/// Writes that the guess was right, and gives what the browser is remembered by. `None` when guesses crossed and the
/// password is another by now or its member has to wait: of many guesses at once those that nobody should have looked at
/// find nothing out.
async fn accept<S: Passwords>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    user: UserId,
    checked: &PasswordRecord,
    known: Option<&str>,
) -> Result<Option<String>, Refusal> {
    let (device, hash) = new_secret(ctx.world);
    let mut record = checked.clone();
    for attempt in 0..WRITES_MAX {
        let after = record.after_success(known, hash);
        match store.put_password(ctx, organization, user, Some(&record), &after, None, None).await {
            Ok(()) => return Ok(Some(device)),
            Err(CommitError::Stale) => {
                ctx.back_off(attempt, 10, 100).await;
                match store.password(ctx, organization, user).await? {
                    Some(now) if now.phc == checked.phc && !now.must_wait(ctx.now(), known) => {
                        record = now;
                    }
                    _ => return Ok(None),
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Asks for a link by e-mail. Whoever asks learns nothing: the answer is the same for everybody, also when too many
/// were asked for, when the member may have no password, and when nobody may send it e-mail (P8). It takes
/// [`LINK_ANSWER_MILLIS`] for everybody, because sending takes its time.
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
    let started = ctx.now();
    let sent = look_and_send(ctx, store, mailer, organization, email, source_ip).await;
    let left = LINK_ANSWER_MILLIS.saturating_sub(ctx.now().millis_since(started));
    ctx.world.pause(Duration::from_millis(left)).await;
    sent
}

async fn look_and_send<S: Store, M: Mailer>(
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
    // The address first: one that has asked too often uses nobody's links up.
    if let Some(source_ip) = source_ip {
        let address = subject("link", &[&network(source_ip)]);
        if store.count(ctx, id, &address, HOUR_SECS).await? > LINKS_PER_ADDRESS_MAX {
            return Ok(());
        }
    }
    let asked = subject("link-for", &[&email]);
    if store.count(ctx, id, &asked, HOUR_SECS).await? > LINKS_PER_HOUR_MAX {
        return Ok(());
    }
    let Some(user) = member(ctx, store, id, &email).await? else {
        return Ok(());
    };
    if may_have_link(organization, &user) && takes_email(&user) {
        let url = new_link(ctx, store, id, &user, None).await?;
        send(ctx, mailer, organization, &user, &url).await;
    }
    Ok(())
}

/// A link for the operator to hand over; sent as well when there is a mailer and the member takes e-mail. Says whether
/// it was. Whoever has the link can be the member: the history says who made it (O5).
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
    let mailer = mailer.filter(|_| takes_email(user));
    let mut data = Map::new();
    data.insert("sent".to_owned(), mailer.is_some().into());
    let event = member_event(ctx.actor.clone(), EventKind::MemberPasswordLinkCreated, user, data);
    let url = new_link(ctx, store, &organization.id, user, Some(&event)).await?;
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
    wish.and_then(Value::as_bool).unwrap_or(true)
}

fn member_event(actor: Actor, kind: EventKind, user: &User, data: Map<String, Value>) -> Event {
    Event {
        kind,
        actor,
        subject_kind: "user",
        subject_id: user.id.to_string(),
        subject_name: user.user_name().to_owned(),
        data,
    }
}

async fn new_link<S: Passwords>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    user: &User,
    event: Option<&Event>,
) -> Result<String, Refusal> {
    let (secret, hash) = new_secret(ctx.world);
    let link = Link {
        id: LinkId::new(ctx.world),
        hash,
        purpose: LinkPurpose::Password { user: user.id.to_string() },
        expires: ctx.now().plus_secs(PASSWORD_LINK_SECS),
    };
    store.put_link(ctx, organization, &link, event).await?;
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
    let emails = user.resource.attributes().get("emails").and_then(Value::as_array);
    let emails = || emails.into_iter().flatten();
    let is_primary = |email: &&Value| email.get("primary") == Some(&Value::Bool(true));
    let chosen = emails().find(is_primary).or_else(|| emails().next());
    let value = chosen.and_then(|email| email.get("value")).and_then(Value::as_str);
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
    let record = store.password(ctx, &organization.id, user.id).await?;
    if may_have_link(&organization, &user) && !is_outdated(&link, record.as_ref()) {
        Ok(OpenLink { organization, user, link })
    } else {
        Err(Refusal::LinkGone)
    }
}

/// Whether a password was set after the link was made: then another link led to it, and this one is for whoever finds it.
fn is_outdated(link: &Link, record: Option<&PasswordRecord>) -> bool {
    record.is_some_and(|record| record.set.plus_secs(PASSWORD_LINK_SECS) > link.expires)
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

/// Ends the sessions that the old password began while the new one was written. There is hardly ever one, and no second
/// chance: it is tried again.
async fn end_meanwhile<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    user: &User,
) -> Result<(), StoreError> {
    let mut attempt = 0;
    loop {
        match sessions::end_all(ctx, store, organization, user, "password").await {
            Ok(_) => return Ok(()),
            Err(error) if attempt >= ENDS_MAX || !ctx.has_millis(1_000) => return Err(error),
            Err(_) => ctx.back_off(attempt, 50, 1_000).await,
        }
        attempt += 1;
    }
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
    let actor = Actor::Member(open.user.id);
    let event = member_event(actor, EventKind::MemberPasswordSet, &open.user, Map::new());
    // Before it is written: when the store fails now, nothing has happened, and the link still holds.
    sessions::end_all(ctx, store, id, &open.user, "password").await?;
    for attempt in 0..WRITES_MAX {
        let before = store.password(ctx, id, open.user.id).await?;
        if is_outdated(&open.link, before.as_ref()) {
            return Err(Refusal::LinkGone);
        }
        let after = PasswordRecord {
            phc: phc.clone(),
            set: ctx.now(),
            failures: 0,
            not_before: None,
            devices: Vec::new(),
            version: before.as_ref().map_or(1, |before| before.version + 1),
        };
        let link = Some(&open.link.id);
        let before = before.as_ref();
        match store.put_password(ctx, id, open.user.id, before, &after, link, Some(&event)).await {
            Ok(()) => {
                end_meanwhile(ctx, store, id, &open.user).await?;
                return Ok(open);
            }
            // The link was used meanwhile, or somebody guessed at the old password: that must not keep the new one out.
            Err(CommitError::Stale) => {
                ctx.back_off(attempt, 10, 100).await;
                if store.link(ctx, id, &open.link.id).await?.is_none() {
                    return Err(Refusal::LinkGone);
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Throttled { retry_after_secs: 1 }.into())
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
    // Where there is nobody, nobody is looked for: it takes as long.
    let user = fetched.claims.first().map_or_else(|| nobody(ctx), |(_, user)| UserId::from(*user));
    let wanted = Wanted { users: vec![user], ..Wanted::default() };
    Ok(store.fetch(ctx, organization, wanted).await?.users.pop())
}

/// An id that no member has.
fn nobody(ctx: &Ctx<'_>) -> UserId {
    UserId::new(ctx.now(), ctx.world)
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

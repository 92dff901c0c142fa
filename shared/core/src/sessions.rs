//! Sessions in use: the cookie that names one, who is signed in by it, and how it ends (S9, S10, S13).
//!
//! A session is believed only with the member read beside it ([`Session::holds`]): whoever is suspended or deleted is signed in
//! nowhere, in the same moment (P6), and whoever may have no password any more, nowhere by one. The licence is not asked: it decides about signing in (O3), and a working day that has begun
//! goes on; a session ends by its own time.

use crate::{
    credential::SECRET_CHARS,
    ctx::Ctx,
    ids::{OrganizationId, SessionId, UserId, random_text},
    oidc::back_channel,
    ports::{Directory, Sessions, StoreError, Wanted},
    record::User,
    secret::SecretHash,
    session::{Session, SessionMethod},
    time::Timestamp,
};

/// How often [`end_all`] asks for the next [`crate::session::SESSIONS_PER_MEMBER_MAX`] sessions.
const END_ROUNDS_MAX: u32 = 20;

/// A session's cookie: parsed, not yet believed.
///
/// ```text
/// <user id>.<session id>.<secret>
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SessionCookie {
    /// Whose session it names.
    pub user: UserId,
    /// Which one.
    pub session: SessionId,
    secret: String,
}

impl SessionCookie {
    /// From the cookie's value.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (user, session, secret) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || secret.len() != SECRET_CHARS {
            return None;
        }
        Some(Self {
            user: user.parse().ok()?,
            session: SessionId::from_bare(session).ok()?,
            secret: secret.to_owned(),
        })
    }

    /// Whether this cookie belongs to the session. Its end and its member are for the caller to look at.
    #[must_use]
    pub fn opens(&self, session: &Session) -> bool {
        session.id == self.session
            && session.user == self.user
            && session.browser.matches(self.secret.as_bytes())
    }

    /// The cookie's value: letters, digits, hyphens, dots.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}.{}.{}", self.user, self.session.bare(), self.secret)
    }
}

impl std::fmt::Debug for SessionCookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SessionCookie({}, {}, …)", self.user, self.session)
    }
}

/// A new session of somebody who has just proved who they are, and the cookie for their browser. Nothing is written.
#[must_use]
pub fn begin(
    ctx: &Ctx<'_>,
    user: UserId,
    method: SessionMethod,
    expires: Timestamp,
) -> (Session, SessionCookie) {
    let secret = random_text(ctx.world, SECRET_CHARS);
    let session = Session {
        id: SessionId::new(ctx.world),
        user,
        browser: SecretHash::of(secret.as_bytes()),
        method,
        authenticated: ctx.now(),
        began: ctx.now(),
        expires,
        applications: Vec::new(),
        version: 1,
    };
    let cookie = SessionCookie { user, session: session.id.clone(), secret };
    (session, cookie)
}

/// Who is signed in at this organization by this cookie: the session, and the member as it is now. `None` when the
/// cookie is none, the session has ended, or the member is suspended or gone.
///
/// # Errors
/// What the store says.
pub async fn current<S: Sessions + Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    cookie_value: &str,
) -> Result<Option<(Session, User)>, StoreError> {
    let Some(cookie) = SessionCookie::parse(cookie_value) else {
        return Ok(None);
    };
    let wanted = Wanted { users: vec![cookie.user], ..Wanted::default() };
    let (session, fetched) = futures_util::future::join(
        store.session(ctx, organization, cookie.user, &cookie.session),
        store.fetch(ctx, organization, wanted),
    )
    .await;
    let (Some(session), Some(user)) = (session?, fetched?.users.pop()) else {
        return Ok(None);
    };
    let holds = cookie.opens(&session) && session.holds(&user, ctx.now());
    Ok(holds.then_some((session, user)))
}

/// Ends all sessions of a member because somebody wished it (`by`), and gives them. Their applications are told.
///
/// # Errors
/// What the store says; some may have ended then.
pub async fn end_all<S: Sessions>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    user: &User,
    by: &str,
) -> Result<Vec<Session>, StoreError> {
    end_those(ctx, store, organization, user, by, |_| true).await
}

/// As [`end_all`], those alone that are `meant`. (Of the first [`crate::session::SESSIONS_PER_MEMBER_MAX`] of the member.)
///
/// # Errors
/// What the store says; some may have ended then.
pub async fn end_those<S: Sessions>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &OrganizationId,
    user: &User,
    by: &str,
    meant: impl Fn(&Session) -> bool + Send,
) -> Result<Vec<Session>, StoreError> {
    let mut ended = Vec::new();
    for _ in 0..END_ROUNDS_MAX {
        let mut sessions = store.sessions_of(ctx, organization, user.id).await?;
        sessions.retain(&meant);
        if sessions.is_empty() {
            break;
        }
        let (id, name) = (user.id, user.user_name());
        back_channel::end(ctx, store, organization, id, name, &sessions, by, false, None).await?;
        ended.extend(sessions);
    }
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "0197a3f0-2b6c-7a0e-8f00-000000000001";

    #[test]
    fn a_cookie_reads_as_it_was_written() {
        let text = format!("{USER}.0123456789abcdef.{}", "x".repeat(SECRET_CHARS));
        assert_eq!(SessionCookie::parse(&text).unwrap().text(), text);
        assert!(!format!("{:?}", SessionCookie::parse(&text)).contains("xxx"));
    }

    #[test]
    fn anything_else_is_no_cookie() {
        let secret = "x".repeat(SECRET_CHARS);
        for text in [
            String::new(),
            "..".to_owned(),
            format!("{USER}.0123456789abcdef"),
            format!("{USER}.0123456789abcdef.{secret}.more"),
            format!("{USER}.0123456789abcdef.{secret}x"),
            format!("{USER}.ses-0123456789abcdef.{secret}"),
            format!("{}.0123456789abcdef.{secret}", USER.to_uppercase()),
        ] {
            assert_eq!(SessionCookie::parse(&text), None, "{text}");
        }
    }
}

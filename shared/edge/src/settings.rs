//! The door of the owner's pages: cookies in, a visitor or a page that says why not out; what every page of the settings
//! shares. Who may come in is decided by [`lychgate_core::settings::access`].

use askama::Template;
use lychgate_core::{
    ctx::Ctx,
    ids::OrganizationId,
    operator::{Refusal, RefusalKind},
    organization::LicenceState,
    ports::{Directory, Fetched, SettingsLinks, StoreError, Wanted},
    settings::{
        access::{self, Area, Brought, Closed, Visitor, Who as Visits},
        links,
    },
    time::Timestamp,
};

use crate::{
    cookie::{Cookie, Cookies},
    form::{Expected, Form, FormToken},
    json::Incoming,
    page::{Trouble, Who, render, render_with_script},
    pages::settings::{FormProblem, Frame, Tab, closed},
    reply::Reply,
};

/// Why a request got no page of the settings: another answer, or a trouble.
pub enum Turned {
    /// This instead: the way to the sign-in page, or a page that says why not.
    Away(Box<Reply>),
    /// The page of a trouble.
    Trouble(Trouble),
}

impl From<Trouble> for Turned {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<StoreError> for Turned {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<Reply> for Turned {
    fn from(reply: Reply) -> Self {
        Self::Away(Box::new(reply))
    }
}

/// What [`crate::page::Pages::serve`] gives for it.
///
/// # Errors
/// The trouble.
pub fn answer(outcome: Result<Reply, Turned>) -> Result<Reply, Trouble> {
    match outcome {
        Ok(reply) => Ok(reply),
        Err(Turned::Away(reply)) => Ok(*reply),
        Err(Turned::Trouble(trouble)) => Err(trouble),
    }
}

/// A visitor who was let in, and what the page was read with.
pub struct Room {
    /// Who is looking at whose settings.
    pub visitor: Visitor,
    /// What was read together with the visitor ([`enter`]'s `more`).
    pub fetched: Fetched,
    home: String,
    token: FormToken,
}

/// Lets the visitor in, or says why not. From here on `ctx.actor` is the visitor. Costs one read, which brings `more`
/// along.
///
/// # Errors
/// [`Turned`]: to the sign-in page, or a page that says why the settings are closed.
pub async fn enter<S: Directory>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
    area: Area,
    more: Wanted,
) -> Result<Room, Turned> {
    let nothing = || Trouble::new(Who::Developer, "There are no settings at this address.");
    let organization: OrganizationId =
        incoming.parameter("organization").parse().map_err(|_| nothing().again("/settings"))?;
    let cookies = Cookies::of(ctx.base_url);
    let brought = |cookie| incoming.request.cookie(&cookies.name(cookie));
    let brought = Brought {
        session: brought(Cookie::Session(&organization)),
        visit: brought(Cookie::Visit(&organization)),
    };
    match access::enter(ctx, store, &organization, brought, area, more).await {
        Ok((visitor, fetched)) => {
            ctx.actor = visitor.actor();
            let home = format!("/settings/{organization}");
            Ok(Room { visitor, fetched, home, token: FormToken::of(ctx, incoming) })
        }
        Err(closed) => Err(turned(closed)),
    }
}

impl Room {
    /// The id of the organization, as the use cases take it.
    #[must_use]
    pub fn organization(&self) -> String {
        self.visitor.organization().id.to_string()
    }

    /// A path of these settings: `/settings/org-…` and `rest`, which begins with a slash or is empty.
    #[must_use]
    pub fn path(&self, rest: &str) -> String {
        format!("{}{rest}", self.home)
    }

    /// What stands around the page. `area` says which tab is the current one; `done` is what was just done.
    #[must_use]
    pub fn frame(&self, area: Area, done: Option<&'static str>) -> Frame {
        let all = [
            ("Overview", "", Area::Overview),
            ("Single sign-on", "/sso", Area::Sso),
            ("SCIM", "/scim", Area::Scim),
            ("Members", "/members", Area::Members),
            ("History", "/history", Area::History),
            ("Set-up links", "/links", Area::Links),
        ];
        let may = |area| match area {
            Area::Sso => self.visitor.may(Area::Certificates),
            area => self.visitor.may(area),
        };
        let is_current = |of| of == area || (of == Area::Sso && area == Area::Certificates);
        let tabs = all.into_iter().filter(|(_, _, of)| may(*of)).map(|(label, rest, of)| Tab {
            label,
            href: self.path(rest),
            current: is_current(of),
        });
        let (who, guest_until) = match self.visitor.who() {
            Visits::Owner(user) => (user.user_name().to_owned(), None),
            Visits::Guest(link) => (link.name.clone(), Some(for_people(link.expires))),
        };
        Frame {
            organization: self.visitor.organization().name.clone(),
            home: self.home.clone(),
            tabs: tabs.collect(),
            who,
            guest_until,
            done,
            hidden: self.token.fields(&[]),
        }
    }

    /// The page, with its headers and the cookie that its forms need.
    #[must_use]
    pub fn render(self, status: u16, page: &impl Template) -> Reply {
        self.token.onto(render_with_script(status, page))
    }

    /// The form that came.
    ///
    /// # Errors
    /// It is none, or was not shown in this browser.
    pub fn form(&self, ctx: &Ctx<'_>, incoming: &Incoming<'_>, rest: &str) -> Result<Form, Turned> {
        let again = self.path(rest);
        Form::read(ctx, incoming, Expected::new(&again)).map_err(Turned::from)
    }

    /// After something was done: the page at `rest` with `?done=<what>`, so that loading it again does nothing again. A
    /// guest's link remembers `what`.
    pub async fn done<S: Directory + SettingsLinks>(
        &self,
        ctx: &Ctx<'_>,
        store: &S,
        rest: &str,
        what: &str,
    ) -> Reply {
        self.note(ctx, store, what).await;
        Reply::see_other(&format!("{}?done={what}", self.path(rest)))
    }

    /// Remembers with a guest's link what was done.
    pub async fn note<S: Directory + SettingsLinks>(&self, ctx: &Ctx<'_>, store: &S, what: &str) {
        if let Some(link) = self.visitor.guest() {
            let organization = &self.visitor.organization().id;
            links::note_use(ctx, store, organization, &link.id, what).await;
        }
    }
}

/// What a use case refused: a sentence for the form that asked, or, when no form can mend it, the page of a trouble.
///
/// # Errors
/// There is no such thing, the store is away, or a defect.
pub fn told(refusal: Refusal) -> Result<FormProblem, Turned> {
    let who = match refusal.kind {
        RefusalKind::Malformed
        | RefusalKind::Forbidden
        | RefusalKind::Conflict
        | RefusalKind::Invalid => {
            // What the API calls by its names has labels here.
            let sentence = refusal.detail.replace('`', "");
            return Ok(FormProblem { field: refusal.field, sentence });
        }
        RefusalKind::NotFound => Who::Developer,
        RefusalKind::TooManyRequests | RefusalKind::Unavailable => Who::Us { passing: true },
        RefusalKind::Unauthenticated | RefusalKind::Internal => Who::Us { passing: false },
    };
    let sentence = match who {
        Who::Developer => refusal.detail.as_str(),
        _ => "We could not do that at the moment.",
    };
    let trouble = Trouble::new(who, sentence).again("/settings");
    Err(Turned::Trouble(match refusal.private {
        Some(private) => trouble.because(private),
        None => trouble,
    }))
}

/// A point in time as people read it: `2026-11-22 16:05 UTC`.
#[must_use]
pub fn for_people(at: Timestamp) -> String {
    let text = at.rfc3339();
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{date} {} UTC", time.get(..5).unwrap_or_default())
}

/// Where somebody goes who has to sign in first.
#[must_use]
pub fn sign_in_path(domain: &str) -> String {
    format!("/sign_in?organization={domain}&to=settings")
}

fn turned(why: Closed) -> Turned {
    let page = |status, title: &str, paragraphs: &[&str], button| -> Turned {
        render(status, &closed::Closed { title, paragraphs, button }).into()
    };
    match why {
        Closed::Store(error) => error.into(),
        Closed::NoSuchOrganization => {
            let trouble = Trouble::new(Who::Developer, "There are no settings at this address.");
            trouble.again("/settings").into()
        }
        Closed::SignIn(organization) => {
            Reply::see_other(&sign_in_path(organization.domain.as_str())).into()
        }
        Closed::NoOwner(organization, name) => {
            let signed_in = format!("You are signed in to {} as {name}.", organization.name);
            let again = sign_in_path(organization.domain.as_str());
            let paragraphs = [
                signed_in.as_str(),
                "SSO & SCIM decides who can sign in, so only owners may open it.",
                "Ask an owner of your organization to make you one, or to send you a set-up link.",
            ];
            page(
                403,
                "Only owners can open SSO & SCIM",
                &paragraphs,
                Some(("Sign in as somebody else", &again)),
            )
        }
        Closed::Licence(organization, state) => {
            let name = &organization.name;
            let (title, first) = match state {
                LicenceState::Expired => (
                    "The licence for SSO & SCIM has expired",
                    format!("The licence of {name} for SSO & SCIM has expired."),
                ),
                LicenceState::Active | LicenceState::None => (
                    "SSO & SCIM is not part of your plan",
                    format!("{name} has no licence for SSO & SCIM."),
                ),
            };
            let paragraphs = [
                first.as_str(),
                "Nothing was deleted: connections, tokens, members and groups are kept as they are. Until it is \
                 renewed, sign-in through your identity provider and provisioning are refused; signing in with a \
                 password works where it is allowed.",
                "Whoever manages your contract can renew it; all works again from that moment.",
            ];
            page(403, title, &paragraphs, None)
        }
        Closed::LinkEnded(organization) => {
            let again = sign_in_path(organization.domain.as_str());
            let paragraphs = [
                "The link that let you in has ended or was taken back. What you had saved is kept.",
                "Ask whoever gave it to you for a new one. Owners can sign in instead.",
            ];
            page(403, "This link has ended", &paragraphs, Some(("Sign in as an owner", &again)))
        }
        Closed::OutOfScope(organization, _) => {
            let home = format!("/settings/{}", organization.id);
            let paragraphs = [
                "Your set-up link was not made for this part of the settings.",
                "Ask whoever gave it to you for one that is, if you need it.",
            ];
            page(403, "Not part of your link", &paragraphs, Some(("Back to what it is for", &home)))
        }
    }
}

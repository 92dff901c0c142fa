//! `/members/{member}`: everything known of one member, and what an owner can do by hand.

use lychgate_core::{
    ctx::Ctx,
    ids::{GroupId, UserId},
    operator::{Refusal, RefusalKind, member_sessions, members},
    organization::Organization,
    ports::{Directory, Sessions, Wanted},
    record::{Group, User},
    session::SESSIONS_PER_MEMBER_MAX,
    settings::{
        access::{Area, Who},
        actor_words::Names,
    },
};
use lychgate_edge::{
    json::Incoming,
    pages::settings::{
        FormProblem,
        members::{ByHand, InGroup, Member, parts},
        moment::Moment,
    },
    reply::Reply,
    request::Method,
    settings::{Room, Turned, enter, told},
};

use crate::{Store, words};

/// How many of a member's groups are named.
const GROUPS_SHOWN_MAX: usize = 80;

pub(crate) async fn serve<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let id: Option<UserId> = incoming.parameter("member").parse().ok();
    let more = Wanted { users: id.into_iter().collect(), ..Wanted::default() };
    let room = enter(ctx, store, incoming, Area::Members, more).await?;
    let user = room.fetched.users.iter().find(|user| Some(user.id) == id).cloned();
    let Some(user) = user else {
        return Err(crate::missing(&room, "There is no such member", "/members"));
    };
    let done = match (incoming.route.method, incoming.route.path.rsplit('/').next()) {
        (Method::Get, _) => {
            return page(ctx, store, room, user, done_sentence(incoming.query("done")), None).await;
        }
        (_, Some("suspend")) => suspend(ctx, store, incoming, &room, &user).await,
        (_, Some("restore")) => restore(ctx, store, incoming, &room, &user).await,
        (_, Some("password")) => password(ctx, store, incoming, &room, &user).await,
        (_, Some("sessions")) => sessions(ctx, store, incoming, &room, &user).await,
        _ => return Err(crate::unrouted(incoming)),
    };
    match done? {
        Ok(done) => Ok(room.done(ctx, store, &rest(&user), done).await),
        Err(refusal) => {
            let problem = told(refusal)?;
            page(ctx, store, room, user, None, Some(problem)).await
        }
    }
}

/// What was done, or why not.
type Done = Result<Result<&'static str, Refusal>, Turned>;

async fn suspend<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
    room: &Room,
    user: &User,
) -> Done {
    room.form(ctx, incoming, &rest(user))?;
    let done = members::suspend(ctx, store, &room.organization(), &user.id.to_string()).await;
    Ok(done.map(|_| "suspended").map_err(|refusal| {
        if refusal.kind == RefusalKind::Conflict {
            return Refusal { detail: LAST_OWNER.to_owned(), ..refusal };
        }
        refusal
    }))
}

const LAST_OWNER: &str = "This is the last owner who can get in, and cannot be suspended: nobody could open these pages any \
                          more. Have another member made an owner first.";

fn is_last_owner(organization: &Organization, user: &User) -> bool {
    organization.owners == [user.id]
}

async fn restore<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
    room: &Room,
    user: &User,
) -> Done {
    room.form(ctx, incoming, &rest(user))?;
    let done = members::restore(ctx, store, &room.organization(), &user.id.to_string()).await;
    Ok(done.map(|after| if after.user.is_suspended() { "lifted" } else { "restored" }))
}

async fn password<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
    room: &Room,
    user: &User,
) -> Done {
    let form = room.form(ctx, incoming, &rest(user))?;
    let (organization, member) = (room.organization(), user.id.to_string());
    Ok(match form.get("allow") {
        "yes" => {
            let done = member_sessions::allow_password(ctx, store, &organization, &member).await;
            done.map(|_| "password-allowed")
        }
        "no" => {
            let done = member_sessions::forbid_password(ctx, store, &organization, &member).await;
            done.map(|_| "password-forbidden")
        }
        _ => Err(Refusal::invalid("allow", "Choose whether a password is allowed.")),
    })
}

async fn sessions<S: Store>(
    ctx: &Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
    room: &Room,
    user: &User,
) -> Done {
    room.form(ctx, incoming, &rest(user))?;
    let member = user.id.to_string();
    let done = member_sessions::end(ctx, store, &room.organization(), &member).await;
    Ok(done.map(|_| "sessions-ended"))
}

fn done_sentence(done: Option<&str>) -> Option<&'static str> {
    Some(match done? {
        "suspended" => "The member is suspended. Their sessions end within seconds.",
        "restored" => "The suspension is lifted: the member can sign in again.",
        "lifted" => {
            "The suspension by hand is lifted. The identity provider’s own is not: the member still cannot sign in."
        }
        "password-allowed" => "The member may have a password now.",
        "password-forbidden" => {
            "The member can no longer sign in with a password; sessions that began with one are ended."
        }
        "sessions-ended" => "All sessions of the member are ended.",
        _ => return None,
    })
}

fn rest(user: &User) -> String {
    format!("/members/{}", user.id)
}

/// The page: two reads beside the one that let the visitor in.
async fn page<S: Directory + Sessions>(
    ctx: &Ctx<'_>,
    store: &S,
    room: Room,
    user: User,
    done: Option<&'static str>,
    problem: Option<FormProblem>,
) -> Result<Reply, Turned> {
    let organization = room.visitor.organization().clone();
    let groups: Vec<GroupId> = user.memberships.keys().copied().take(GROUPS_SHOWN_MAX).collect();
    let users = words::suspending_owners(std::iter::once(&user));
    let found = if groups.is_empty() && users.is_empty() {
        lychgate_core::ports::Fetched::default()
    } else {
        let wanted = Wanted { groups, users, ..Wanted::default() };
        store.fetch(ctx, &organization.id, wanted).await?
    };
    let sessions = store.sessions_of(ctx, &organization.id, user.id).await?;
    let is_more = sessions.len() >= SESSIONS_PER_MEMBER_MAX;
    // Those of somebody who was suspended a moment ago are there still, and hold no longer.
    let sessions = sessions.iter().filter(|session| session.holds(&user, ctx.now())).count();
    let mut names = Names::of(&organization);
    names.add_users(&found.users);
    let (home, now) = (room.path(""), ctx.now());
    let (attributes, attributes_more) = words::attributes(&user);
    let status = if problem.is_some() { 400 } else { 200 };
    let page = Member {
        frame: room.frame(Area::Members, done),
        parts: parts(&home, ""),
        problem,
        path: format!("{home}{}", rest(&user)),
        line: words::line(&organization, &home, &user, now),
        id: user.id.to_string(),
        created: Moment::new(user.created, now),
        modified: Moment::new(user.modified, now),
        suspensions: words::suspensions(&user, &names, now),
        suspended_by_idp: user.suspended.is_some(),
        by_hand: by_hand(&organization, &user, &room),
        attributes,
        attributes_more,
        groups: groups_of(&home, &user, found.groups),
        groups_more: user.memberships.len().saturating_sub(GROUPS_SHOWN_MAX),
        sessions: (sessions, is_more),
        passwords: organization.sign_in.password,
    };
    Ok(room.render(status, &page))
}

fn by_hand(organization: &Organization, user: &User, room: &Room) -> ByHand {
    if user.suspended_by_hand.is_some() {
        return ByHand::Restore { stays: user.suspended.is_some() };
    }
    if is_last_owner(organization, user) {
        return ByHand::LastOwner;
    }
    let is_self = matches!(room.visitor.who(), Who::Owner(owner) if owner.id == user.id);
    ByHand::Suspend { is_self }
}

/// The groups that see the member, by name.
fn groups_of(home: &str, user: &User, groups: Vec<Group>) -> Vec<InGroup> {
    let is_in =
        |group: &Group| user.memberships.get(&group.id).is_some_and(|span| group.sees(*span));
    let groups = groups.into_iter().filter(is_in).map(|group| InGroup {
        href: format!("{home}/groups/{}", group.id),
        name: words::group_name(&group),
    });
    let mut groups: Vec<InGroup> = groups.collect();
    groups.sort_by(|one, other| one.name.cmp(&other.name));
    groups
}

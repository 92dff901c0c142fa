//! `/suspended`: who is suspended since when and by whom, and how long they are kept (P7).

use lychgate_core::{
    ctx::Ctx,
    ids::UserId,
    operator::{
        directory::{self, RETENTION_DAYS_MAX},
        members::suspended_since,
    },
    organization::Organization,
    owners,
    ports::{Directory, Wanted},
    record::User,
    settings::{access::Area, actor_words::Names, history_words::counted},
    time::Timestamp,
};
use lychgate_edge::{
    json::Incoming,
    pages::settings::{
        FormProblem,
        members::{parts, query},
        moment::Moment,
        suspended::{ConfirmRetention, Line, List, Retention},
    },
    reply::Reply,
    request::Method,
    settings::{Room, Turned, enter, told},
};

use crate::{
    Store, clean_up,
    members::{self, Exported, users_of},
    walk::{self, Asked, READ_MAX, Summary, Walked, walk},
    words,
};

const EXPORT: Exported =
    Exported { path: "/suspended", title: "Export the suspended members", suspended: true };
const DAY_SECS: u64 = 86_400;
/// What the field shows when nothing was set: a quarter, after which few come back.
const RETENTION_DAYS_OFFERED: u32 = 90;

pub(crate) async fn serve<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let rest = incoming.route.path.strip_prefix(crate::ROOT).unwrap_or_default();
    match (incoming.route.method, rest) {
        (Method::Get, "/suspended") if incoming.query("export").is_some() => {
            members::part(ctx, store, incoming, EXPORT).await
        }
        (Method::Get, "/suspended") => {
            let more = Wanted { user_count: true, ..Wanted::default() };
            let room = enter(ctx, store, incoming, Area::Members, more).await?;
            let done = done_sentence(incoming.query("done"));
            list(ctx, store, room, &Asked::of(incoming), done, None).await
        }
        (Method::Get, "/suspended.csv") => members::csv(ctx, store, incoming, EXPORT).await,
        (Method::Post, "/suspended/clean-up") => clean_up::serve(ctx, store, incoming).await,
        (Method::Post, "/suspended/retention") => retention(ctx, store, incoming).await,
        _ => Err(crate::unrouted(incoming)),
    }
}

fn done_sentence(done: Option<&str>) -> Option<&'static str> {
    Some(match done? {
        "kept-for-days" => {
            "Saved. Suspended members are deleted once they have been suspended for so long."
        }
        "kept-always" => "Saved. Suspended members are kept until somebody cleans them up.",
        _ => return None,
    })
}

/// The list: at most two reads beside the one that let the visitor in.
pub(crate) async fn list<S: Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    room: Room,
    asked: &Asked,
    done: Option<&'static str>,
    problem: Option<FormProblem>,
) -> Result<Reply, Turned> {
    let organization = room.visitor.organization().clone();
    let after = asked.after.parse::<UserId>().ok();
    let users = store.users_after(ctx, &organization.id, after, READ_MAX).await?;
    let walked = walk(users, READ_MAX, |user| user.id.to_string(), User::is_suspended);
    let lines = lines(ctx, store, &room, &walked.items).await?;
    let home = room.path("");
    let to = |after: &str| format!("{home}/suspended{}", query(&[("after", after)]));
    let summary = Summary {
        total: None,
        nouns: ("member", "members"),
        everybody: false,
        found: walked.items.len(),
        looked_at: walked.looked_at,
        more: walked.next.is_some(),
        continued: after.is_some(),
    };
    let status = if problem.is_some() { 400 } else { 200 };
    let page = List {
        frame: room.frame(Area::Members, done),
        parts: parts(&home, "/suspended"),
        problem,
        summary: summary.sentence(),
        lines,
        next: walked.next.as_ref().map(|next| (to(next), walk::next_label(walked.full))),
        first: after.map(|_| to("")),
        export: EXPORT.offered(&home, room.fetched.user_count),
        retention: retention_of(&organization, &walked, ctx.now()),
    };
    Ok(room.render(status, &page))
}

/// The lines of these members, with the names of the owners who suspended them: one read, when there are such.
pub(crate) async fn lines<S: Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    room: &Room,
    users: &[User],
) -> Result<Vec<Line>, Turned> {
    let organization = room.visitor.organization();
    let mut names = Names::of(organization);
    names.add_users(&room.fetched.users);
    let owners = words::suspending_owners(users.iter()).into_iter();
    let unknown = owners.filter(|owner| names.get(&owner.to_string()).is_none()).collect();
    names.add_users(&users_of(ctx, store, organization, unknown).await?);
    let (home, now) = (room.path(""), ctx.now());
    let line = |user: &User| Line {
        id: user.id.to_string(),
        href: format!("{home}/members/{}", user.id),
        name: words::name(user),
        user_name: lychgate_core::settings::actor_words::fit(user.user_name()),
        since: suspended_since(user).map(|since| Moment::new(since, now)),
        by: words::suspended_by(user, &names),
        last_sign_in: user.last_sign_in.map(|at| Moment::new(at, now)),
        managed_by: words::managed_by(user.origin),
        owner: owners::is_owner(organization, user.id),
    };
    Ok(users.iter().map(line).collect())
}

fn retention_of(organization: &Organization, walked: &Walked<User>, now: Timestamp) -> Retention {
    let days = organization.directory.suspended_retention_days;
    let outlook = match days {
        None => "At the moment they are kept until somebody cleans them up.".to_owned(),
        Some(days) => format!(
            "At the moment they are deleted once they have been suspended for {}. {}",
            counted(u64::from(days), "day", "days"),
            outlook(walked, days, now, "on this page")
        ),
    };
    Retention {
        days: days.unwrap_or(RETENTION_DAYS_OFFERED).to_string(),
        ends: days.is_some(),
        days_max: RETENTION_DAYS_MAX,
        outlook,
    }
}

/// Whom the next sweep deletes, of those that were found.
fn outlook(walked: &Walked<User>, days: u32, now: Timestamp, of: &str) -> String {
    let before = now.minus_secs(u64::from(days) * DAY_SECS);
    let is_due = |user: &&User| suspended_since(user).is_some_and(|since| since < before);
    let due = walked.items.iter().filter(is_due).count() as u64;
    let all = counted(walked.items.len() as u64, "suspended member", "suspended members");
    match due {
        0 => format!("The next night deletes none of the {all} {of}."),
        due => format!("The next night deletes {due} of the {all} {of}."),
    }
}

async fn retention<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let more = Wanted { user_count: true, ..Wanted::default() };
    let room = enter(ctx, store, incoming, Area::Members, more).await?;
    let form = room.form(ctx, incoming, "/suspended")?;
    let days = match kept_for(form.get("keep"), form.get("days")) {
        Ok(days) => days,
        Err(problem) => {
            return list(ctx, store, room, &Asked::default(), None, Some(problem)).await;
        }
    };
    let organization = room.visitor.organization();
    let is_shorter = match (organization.directory.suspended_retention_days, days) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(now), Some(then)) => then < now,
    };
    if let (Some(days), true, false) = (days, is_shorter, form.has("confirmed")) {
        let users = store.users_after(ctx, &organization.id, None, READ_MAX).await?;
        return Ok(confirm(ctx, room, users, days));
    }
    let update = directory::Update { suspended_retention_days: Some(days), ..Default::default() };
    match directory::update(ctx, store, &room.organization(), &update).await {
        Ok(_) => {
            let done = if days.is_some() { "kept-for-days" } else { "kept-always" };
            Ok(room.done(ctx, store, "/suspended", done).await)
        }
        Err(refusal) => {
            let problem = told(refusal)?;
            list(ctx, store, room, &Asked::default(), None, Some(problem)).await
        }
    }
}

fn kept_for(keep: &str, days: &str) -> Result<Option<u32>, FormProblem> {
    let problem =
        |field: &str, sentence: String| FormProblem { field: Some(field.to_owned()), sentence };
    match keep {
        "always" => Ok(None),
        "days" => {
            let days =
                days.trim().parse().ok().filter(|days| (1..=RETENTION_DAYS_MAX).contains(days));
            days.map(Some).ok_or_else(|| {
                let sentence =
                    format!("Give the days as a whole number from 1 to {RETENTION_DAYS_MAX}.");
                problem("days", sentence)
            })
        }
        _ => Err(problem("keep", "Choose how long suspended members are kept.".to_owned())),
    }
}

/// Nobody is deleted by a number that was not looked at twice.
fn confirm(ctx: &Ctx<'_>, room: Room, users: Vec<User>, days: u32) -> Reply {
    let more = users.len() >= READ_MAX as usize;
    let looked_at = users.len();
    let items: Vec<User> = users.into_iter().filter(User::is_suspended).collect();
    let walked = Walked { items, looked_at, next: None, full: false };
    let of = if more { "among the first members" } else { "here" };
    let mut outlook = outlook(&walked, days, ctx.now(), of);
    if more {
        let first = counted(looked_at as u64, "member", "members");
        outlook.push_str(&format!(
            " Only the first {first} were looked at for this; it holds for all."
        ));
    }
    let page = ConfirmRetention { frame: room.frame(Area::Members, None), days, outlook };
    room.render(200, &page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_numbers_in_their_range() {
        assert_eq!(kept_for("always", "x"), Ok(None));
        assert_eq!(kept_for("days", " 30 "), Ok(Some(30)));
        assert_eq!(kept_for("days", "3650"), Ok(Some(3_650)));
        for days in ["", "0", "3651", "-1", "1.5", "ten", "99999999999"] {
            assert!(kept_for("days", days).unwrap_err().is_about("days"), "{days}");
        }
        assert!(kept_for("", "30").unwrap_err().is_about("keep"));
    }
}

//! `/groups`: the list, the search, and who is in a group (W3, P10).

use lychgate_core::{
    ctx::Ctx,
    ids::{GroupId, MemberId, UserId},
    ports::Wanted,
    record::{Group, Index, IndexKey, Member, User},
    settings::{access::Area, actor_words::fit, history_words::counted},
};
use lychgate_edge::{
    json::Incoming,
    pages::settings::{
        groups::{self, Inside, Line, List},
        members::{Badge, InGroup, parts, query},
        moment::Moment,
    },
    reply::Reply,
    request::Method,
    settings::{Room, Turned, enter},
};
use lychgate_scim::value::normalized_key;

use crate::{
    Store,
    walk::{self, Asked, BEGINNING, PAGE, SEARCH_CHARS_MAX, Summary, Walked, walk},
    words,
};

const NOUNS: (&str, &str) = ("group", "groups");
/// How many groups that a group is in are named.
const INSIDE_OF_MAX: usize = 20;

pub(crate) async fn serve<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let rest = incoming.route.path.strip_prefix(crate::ROOT).unwrap_or_default();
    match (incoming.route.method, rest) {
        (Method::Get, "/groups") => list(ctx, store, incoming).await,
        (Method::Get, "/groups/{group}") => group(ctx, store, incoming).await,
        _ => Err(crate::unrouted(incoming)),
    }
}

async fn list<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let asked = Asked::of(incoming);
    let search = normalized_key(&asked.search);
    let by_key = !search.is_empty() && asked.after.is_empty();
    let key = IndexKey { index: Index::GroupDisplayName, value: search.clone() };
    let claims = by_key.then_some(key).into_iter().collect();
    let more = Wanted { group_count: true, claims, ..Wanted::default() };
    let room = enter(ctx, store, incoming, Area::Members, more).await?;
    let organization = room.visitor.organization().id.clone();
    let named = room.fetched.claims.first().map(|(_, id)| GroupId::from(*id));
    if let Some(named) = named.filter(|_| by_key) {
        let wanted = Wanted { groups: vec![named], ..Wanted::default() };
        let groups = store.fetch(ctx, &organization, wanted).await?.groups;
        let next = Some(BEGINNING.to_owned());
        let walked = Walked { looked_at: groups.len(), items: groups, next, full: false };
        return Ok(shown(ctx, room, &asked, &walked, true));
    }
    let to_read = walk::to_read(search.is_empty());
    let after = asked.after.parse().ok();
    let groups = store.groups_after(ctx, &organization, after, to_read).await?;
    let admits = |group: &Group| {
        let texts = [Some(group.display_name()), group.resource.text("externalId")];
        search.is_empty()
            || texts.into_iter().flatten().any(|text| normalized_key(text).contains(&search))
    };
    let walked = walk(groups, to_read, |group| group.id.to_string(), admits);
    Ok(shown(ctx, room, &asked, &walked, false))
}

fn shown(ctx: &Ctx<'_>, room: Room, asked: &Asked, walked: &Walked<Group>, by_key: bool) -> Reply {
    let (home, now) = (room.path(""), ctx.now());
    let to =
        |after: &str| format!("{home}/groups{}", query(&[("q", &asked.search), ("after", after)]));
    let summary = Summary {
        total: Some(room.fetched.group_count),
        nouns: NOUNS,
        everybody: asked.search.is_empty(),
        found: walked.items.len(),
        looked_at: walked.looked_at,
        more: walked.next.is_some(),
        continued: !asked.after.is_empty() && asked.after != BEGINNING,
    };
    let (summary, label) = if by_key {
        ("Found by its name.".to_owned(), "Look for it in all names")
    } else {
        (summary.sentence(), walk::next_label(walked.full))
    };
    let line = |group: &Group| Line {
        href: format!("{home}/groups/{}", group.id),
        name: words::group_name(group),
        members: counted(group.member_count, "member", "members"),
        managed_by: words::group_managed_by(group),
        modified: Moment::new(group.modified, now),
    };
    let page = List {
        frame: room.frame(Area::Members, None),
        parts: parts(&home, "/groups"),
        search: asked.search.clone(),
        search_chars_max: SEARCH_CHARS_MAX,
        summary,
        lines: walked.items.iter().map(line).collect(),
        next: walked.next.as_ref().map(|next| (to(next), label)),
        first: (!asked.after.is_empty()).then(|| to("")),
    };
    room.render(200, &page)
}

async fn group<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let id: Option<GroupId> = incoming.parameter("group").parse().ok();
    let more = Wanted { groups: id.into_iter().collect(), ..Wanted::default() };
    let mut room = enter(ctx, store, incoming, Area::Members, more).await?;
    let Some(group) = room.fetched.groups.pop() else {
        return Err(crate::missing(&room, "There is no such group", "/groups"));
    };
    let organization = room.visitor.organization().id.clone();
    let asked = Asked::of(incoming);
    // Which of the two it is does not matter for where to go on: ids alone are in order.
    let after = asked.after.parse::<UserId>().ok().map(MemberId::User);
    let mut members = store.members_after(ctx, &organization, &group, after, PAGE_READ).await?;
    let is_more = members.len() > PAGE;
    members.truncate(PAGE);
    let next = members.last().filter(|_| is_more).map(|member| member.id.to_string());
    let wanted = named(&group, &members);
    let (users, groups) = if wanted == Wanted::default() {
        (Vec::new(), Vec::new())
    } else {
        let found = store.fetch(ctx, &organization, wanted).await?;
        (found.users, found.groups)
    };
    let (home, now) = (room.path(""), ctx.now());
    let path = format!("{home}/groups/{}", group.id);
    let page = groups::Group {
        frame: room.frame(Area::Members, None),
        parts: parts(&home, ""),
        name: words::group_name(&group),
        id: group.id.to_string(),
        external_id: group.resource.text("externalId").map(fit),
        managed_by: words::group_managed_by(&group),
        members: counted(group.member_count, "member", "members"),
        created: Moment::new(group.created, now),
        modified: Moment::new(group.modified, now),
        inside_of: inside_of(&home, &group, &groups),
        inside: inside(&home, &members, &users, &groups),
        next: next.map(|next| format!("{path}{}", query(&[("after", &next)]))),
        first: after.map(|_| path.clone()),
    };
    Ok(room.render(200, &page))
}

/// A page of members and one more.
const PAGE_READ: u32 = 51;

/// What is read to name everybody: at most a page and [`INSIDE_OF_MAX`].
fn named(group: &Group, members: &[Member]) -> Wanted {
    let mut wanted = Wanted::default();
    for member in members {
        match member.id {
            MemberId::User(id) => wanted.users.push(id),
            MemberId::Group(id) => wanted.groups.push(id),
        }
    }
    for id in group.memberships.keys().take(INSIDE_OF_MAX) {
        if !wanted.groups.contains(id) {
            wanted.groups.push(*id);
        }
    }
    wanted
}

fn inside_of(home: &str, group: &Group, groups: &[Group]) -> Vec<InGroup> {
    let around = groups
        .iter()
        .filter(|around| group.memberships.get(&around.id).is_some_and(|span| around.sees(*span)));
    let around = around.map(|around| InGroup {
        href: format!("{home}/groups/{}", around.id),
        name: words::group_name(around),
    });
    around.collect()
}

/// Whoever is gone meanwhile is left out.
fn inside(home: &str, members: &[Member], users: &[User], groups: &[Group]) -> Vec<Inside> {
    let one = |member: &Member| match member.id {
        MemberId::User(id) => {
            let user = users.iter().find(|user| user.id == id)?;
            let state = if user.is_suspended() {
                Badge { kind: "warn", word: "Suspended" }
            } else {
                Badge { kind: "good", word: "Active" }
            };
            Some(Inside {
                href: format!("{home}/members/{id}"),
                name: words::name(user),
                user_name: fit(user.user_name()),
                badges: vec![state],
            })
        }
        MemberId::Group(id) => {
            let group = groups.iter().find(|group| group.id == id)?;
            Some(Inside {
                href: format!("{home}/groups/{id}"),
                name: words::group_name(group),
                user_name: String::new(),
                badges: vec![Badge { kind: "plain", word: "Group" }],
            })
        }
    };
    members.iter().filter_map(one).collect()
}

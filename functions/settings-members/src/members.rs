//! `/members`: the list, the search, the export.

use lychgate_core::{
    ctx::Ctx,
    ids::UserId,
    operator::{members::Listed, members_csv},
    organization::Organization,
    owners,
    ports::{Directory, Wanted},
    record::{Index, IndexKey, User},
    settings::{access::Area, history_words::counted},
};
use lychgate_edge::{
    json::Incoming,
    pages::settings::members::{Export, List, Part, Pick, parts, query},
    reply::Reply,
    request::Method,
    settings::{Room, Turned, enter},
};
use lychgate_scim::value::normalized_key;

use crate::{
    Store, member,
    walk::{self, Asked, BEGINNING, EXPORT_ROWS_MAX, SEARCH_CHARS_MAX, Summary, Walked, walk},
    words,
};

/// How many members are found at most by one e-mail address or external id.
const SAME_KEY_MAX: u32 = 20;
const NOUNS: (&str, &str) = ("member", "members");

pub(crate) async fn serve<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let rest = incoming.route.path.strip_prefix(crate::ROOT).unwrap_or_default();
    match (incoming.route.method, rest) {
        (Method::Get, "/members") if incoming.query("export").is_some() => {
            part(ctx, store, incoming, EXPORT).await
        }
        (Method::Get, "/members") => list(ctx, store, incoming).await,
        (Method::Get, "/members.csv") => csv(ctx, store, incoming, EXPORT).await,
        _ => member::serve(ctx, store, incoming).await,
    }
}

/// Whom a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Show {
    All,
    Active,
    Suspended,
    Owners,
}

impl Show {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::All, "", "All members"),
        (Self::Active, "active", "Active"),
        (Self::Suspended, "suspended", "Suspended"),
        (Self::Owners, "owners", "Owners"),
    ];

    fn of(text: Option<&str>) -> Self {
        let named = Self::ALL.into_iter().find(|(_, name, _)| Some(*name) == text);
        named.map_or(Self::All, |(show, ..)| show)
    }

    fn text(self) -> &'static str {
        Self::ALL.into_iter().find(|(show, ..)| *show == self).map_or("", |(_, name, _)| name)
    }

    fn admits(self, organization: &Organization, user: &User) -> bool {
        match self {
            Self::All => true,
            Self::Active => !user.is_suspended(),
            Self::Suspended => user.is_suspended(),
            Self::Owners => owners::is_owner(organization, user.id),
        }
    }
}

async fn list<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let asked = Asked::of(incoming);
    let show = Show::of(incoming.query("show"));
    let by_key = !asked.search.is_empty() && asked.after.is_empty();
    let claims = by_key.then(|| key(Index::UserName, normalized_key(&asked.search)));
    let claims = claims.into_iter().collect();
    let more = Wanted { user_count: true, claims, ..Wanted::default() };
    let room = enter(ctx, store, incoming, Area::Members, more).await?;
    let found = find(ctx, store, &room, &asked, show).await?;
    Ok(shown(ctx, room, &asked, show, &found))
}

/// What was found, and whether by a key.
struct Found {
    walked: Walked<User>,
    by_key: bool,
}

/// At most two reads.
async fn find<S: Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    room: &Room,
    asked: &Asked,
    show: Show,
) -> Result<Found, Turned> {
    let organization = room.visitor.organization();
    let search = normalized_key(&asked.search);
    let admits = |user: &User| {
        show.admits(organization, user) && (search.is_empty() || words::matches(user, &search))
    };
    if show == Show::Owners {
        let users = organization.owners.iter().chain(&organization.owners_suspended);
        let users = users_of(ctx, store, organization, users.copied().collect()).await?;
        return Ok(Found { walked: walk(users, u32::MAX, id, admits), by_key: false });
    }
    if !search.is_empty() && asked.after.is_empty() {
        let (users, looked_up) = exact(ctx, store, room, &asked.search, &search).await?;
        if looked_up && !users.is_empty() {
            let mut walked = walk(users, u32::MAX, id, |user| show.admits(organization, user));
            walked.next = Some(BEGINNING.to_owned());
            return Ok(Found { walked, by_key: true });
        }
    }
    let everybody = show == Show::All && search.is_empty();
    let to_read = walk::to_read(everybody);
    let after = asked.after.parse::<UserId>().ok();
    let users = store.users_after(ctx, &organization.id, after, to_read).await?;
    Ok(Found { walked: walk(users, to_read, id, admits), by_key: false })
}

/// Members who have just this userName, e-mail address or external id: one look and one read at most, or one look when there
/// is nobody.
async fn exact<S: Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    room: &Room,
    text: &str,
    normalized: &str,
) -> Result<(Vec<User>, bool), Turned> {
    let organization = room.visitor.organization();
    let claim = room.fetched.claims.iter().find(|(key, _)| key.index == Index::UserName);
    let ids: Vec<UserId> = match claim {
        Some((_, id)) => vec![UserId::from(*id)],
        None => {
            let key = if text.contains('@') {
                key(Index::UserEmail, normalized.to_owned())
            } else {
                key(Index::UserExternalId, text.to_owned())
            };
            let ids = store.look_up(ctx, &organization.id, &key, SAME_KEY_MAX).await?;
            ids.into_iter().map(UserId::from).collect()
        }
    };
    if ids.is_empty() {
        return Ok((Vec::new(), false));
    }
    Ok((users_of(ctx, store, organization, ids).await?, true))
}

fn key(index: Index, value: String) -> IndexKey {
    IndexKey { index, value }
}

fn id(user: &User) -> String {
    user.id.to_string()
}

/// These members, in the order of their ids; one read.
pub(crate) async fn users_of<S: Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    organization: &Organization,
    users: Vec<UserId>,
) -> Result<Vec<User>, Turned> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = Wanted { users, ..Wanted::default() };
    let mut users = store.fetch(ctx, &organization.id, wanted).await?.users;
    users.sort_by_key(|user| user.id);
    Ok(users)
}

fn shown(ctx: &Ctx<'_>, room: Room, asked: &Asked, show: Show, found: &Found) -> Reply {
    let organization = room.visitor.organization();
    let (home, walked, now) = (room.path(""), &found.walked, ctx.now());
    let everybody = show == Show::All && asked.search.is_empty();
    let to = |after: &str| {
        let pairs = [("q", asked.search.as_str()), ("show", show.text()), ("after", after)];
        format!("{home}/members{}", query(&pairs))
    };
    let summary = Summary {
        total: Some(room.fetched.user_count),
        nouns: NOUNS,
        everybody,
        found: walked.items.len(),
        looked_at: walked.looked_at,
        more: walked.next.is_some(),
        continued: !asked.after.is_empty() && asked.after != BEGINNING,
    };
    let (summary, label) = match (found.by_key, show) {
        (true, _) => {
            let summary = "Found by their user name, e-mail address or external ID.".to_owned();
            (summary, "Look for it in all names")
        }
        (false, Show::Owners) => {
            let found = counted(walked.items.len() as u64, "owner", "owners");
            (format!("{found} found."), walk::next_label(walked.full))
        }
        (false, _) => (summary.sentence(), walk::next_label(walked.full)),
    };
    let picks =
        Show::ALL.into_iter().map(|(one, value, label)| Pick { value, label, chosen: one == show });
    let lines = walked.items.iter().map(|user| words::line(organization, &home, user, now));
    let page = List {
        frame: room.frame(Area::Members, None),
        parts: parts(&home, "/members"),
        search: asked.search.clone(),
        search_chars_max: SEARCH_CHARS_MAX,
        picks: picks.collect(),
        summary,
        lines: lines.collect(),
        passwords: organization.sign_in.password,
        next: walked.next.as_ref().map(|next| (to(next), label)),
        first: (!asked.after.is_empty()).then(|| to("")),
        export: EXPORT.offered(&home, room.fetched.user_count),
    };
    room.render(200, &page)
}

/// One of the exports of members.
#[derive(Clone, Copy)]
pub(crate) struct Exported {
    /// The list's path, which is also the file's name.
    pub(crate) path: &'static str,
    /// The page's title.
    pub(crate) title: &'static str,
    /// Only those who are suspended.
    pub(crate) suspended: bool,
}

const EXPORT: Exported =
    Exported { path: "/members", title: "Export the members", suspended: false };

impl Exported {
    /// What the list offers: one file when it holds all, else the way to the parts.
    pub(crate) fn offered(self, home: &str, total: u64) -> Export {
        let path = self.path;
        let all = if self.suspended { "all suspended members" } else { "all members" };
        if total <= u64::from(EXPORT_ROWS_MAX) {
            let about = format!("A CSV file for spreadsheets, with {all}.");
            let download = (format!("{home}{path}.csv"), format!("Download {all} as CSV"));
            return Export { about, download, next: None };
        }
        let about = format!(
            "There are {} here, more than one file holds: they come in parts, each of the next {}.",
            counted(total, NOUNS.0, NOUNS.1),
            counted(u64::from(EXPORT_ROWS_MAX), NOUNS.0, NOUNS.1),
        );
        let download = (format!("{home}{path}?export=parts"), "Export in parts…".to_owned());
        Export { about, download, next: None }
    }

    /// The part that these members make; `asked` for so many, fewer mean the end.
    fn part(self, organization: &Organization, users: Vec<User>, is_first: bool) -> CsvPart {
        let is_end = users.len() < EXPORT_ROWS_MAX as usize;
        let mut part = CsvPart { text: String::new(), rows: 0, looked_at: 0, next: None };
        if is_first {
            part.text.push_str(walk::BYTE_ORDER_MARK);
            part.text.push_str(&members_csv::header());
        }
        let mut last = None;
        for user in users {
            let id = user.id.to_string();
            if !self.suspended || user.is_suspended() {
                let row = members_csv::row(&Listed::of(organization, user));
                if part.rows > 0 && part.text.len() + row.len() > walk::EXPORT_BYTES_MAX {
                    part.next = last;
                    return part;
                }
                part.text.push_str(&row);
                part.rows += 1;
            }
            part.looked_at += 1;
            last = Some(id);
        }
        part.next = last.filter(|_| !is_end);
        part
    }
}

/// One part of an export.
struct CsvPart {
    text: String,
    rows: usize,
    looked_at: usize,
    next: Option<String>,
}

async fn read_part<S: Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    room: &Room,
    after: &str,
    exported: Exported,
) -> Result<CsvPart, Turned> {
    let organization = room.visitor.organization();
    let cursor = after.parse::<UserId>().ok();
    let users = store.users_after(ctx, &organization.id, cursor, EXPORT_ROWS_MAX).await?;
    Ok(exported.part(organization, users, cursor.is_none()))
}

/// The page of one part: how many rows it has, the download, the way to the next.
pub(crate) async fn part<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
    exported: Exported,
) -> Result<Reply, Turned> {
    let asked = Asked::of(incoming);
    let room = enter(ctx, store, incoming, Area::Members, Wanted::default()).await?;
    let part = read_part(ctx, store, &room, &asked.after, exported).await?;
    let (home, path) = (room.path(""), exported.path);
    let rows = counted(part.rows as u64, "row", "rows");
    let looked_at = counted(part.looked_at as u64, NOUNS.0, NOUNS.1);
    let end = if part.next.is_some() { "There is another part." } else { "This is the last part." };
    let next = part
        .next
        .as_ref()
        .map(|next| format!("{home}{path}{}", query(&[("export", "parts"), ("after", next)])));
    let page = Part {
        frame: room.frame(Area::Members, None),
        title: exported.title,
        back: format!("{home}{path}"),
        export: Export {
            about: format!("This part has {rows}, of {looked_at}. {end}"),
            download: (
                format!("{home}{path}.csv{}", query(&[("after", &asked.after)])),
                format!("Download this part ({rows})"),
            ),
            next,
        },
    };
    Ok(room.render(200, &page))
}

/// The file of one part.
pub(crate) async fn csv<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
    exported: Exported,
) -> Result<Reply, Turned> {
    let asked = Asked::of(incoming);
    let room = enter(ctx, store, incoming, Area::Members, Wanted::default()).await?;
    let part = read_part(ctx, store, &room, &asked.after, exported).await?;
    let domain = room.visitor.organization().domain.as_str();
    let name = exported.path.trim_start_matches('/');
    let next = part
        .next
        .map(|next| format!("{}.csv{}", room.path(exported.path), query(&[("after", &next)])));
    Ok(file(&format!("{domain}-{name}.csv"), part.text, next))
}

/// A file to keep: never shown in the browser, never cached.
pub(crate) fn file(name: &str, text: String, next: Option<String>) -> Reply {
    let mut reply = Reply::empty(200)
        .with_header("content-type", "text/csv; charset=utf-8")
        .with_header("content-disposition", format!("attachment; filename=\"{name}\""))
        .with_header("cache-control", "no-store")
        .with_header("x-content-type-options", "nosniff")
        .with_header("content-security-policy", "default-src 'none'; sandbox")
        .with_header("referrer-policy", "no-referrer");
    if let Some(next) = next {
        reply = reply.with_header("link", format!("<{next}>; rel=\"next\""));
    }
    reply.body = Some(text.into_bytes());
    reply
}

#[cfg(test)]
mod tests {
    use lychgate_testkit::{
        FakeWorld,
        build::{self, Acme},
    };
    use serde_json::json;

    use super::*;

    #[test]
    fn the_parts_of_an_export_are_the_whole_and_each_fits() {
        let world = FakeWorld::new(1);
        let acme = Acme::new(&world, "acme").organization;
        let long = "x".repeat(9_000);
        let users = (0..EXPORT_ROWS_MAX).map(|n| {
            world.advance_secs(1);
            build::user_with(&world, &format!("u{n}"), &json!({"displayName": long}))
        });
        let users: Vec<User> = users.collect();
        let first = EXPORT.part(&acme, users.clone(), true);
        assert!(first.text.len() <= walk::EXPORT_BYTES_MAX && first.rows < users.len());
        assert!(first.text.starts_with("\u{feff}id,user_name,"));
        assert_eq!(first.next, Some(users[first.rows - 1].id.to_string()));
        let rest = EXPORT.part(&acme, users[first.rows..].to_vec(), false);
        assert!(rest.text.starts_with(&users[first.rows].id.to_string()));
        let mut suspended = users[0].clone();
        suspended.suspended = Some(lychgate_core::record::Suspension {
            since: suspended.created,
            by: "system".to_owned(),
        });
        let only = Exported { suspended: true, ..EXPORT };
        let part = only.part(&acme, vec![users[1].clone(), suspended], false);
        assert_eq!((part.rows, part.looked_at, part.next), (1, 2, None));
    }

    #[test]
    fn a_list_says_how_its_export_comes() {
        let small = EXPORT.offered("/settings/x", 1_000);
        assert_eq!(small.download.0, "/settings/x/members.csv");
        let large = EXPORT.offered("/settings/x", 1_001);
        assert_eq!(large.download.0, "/settings/x/members?export=parts");
        assert!(large.about.contains("1,001 members"), "{}", large.about);
    }
}

//! `/history`: what was changed, when and by whom, in words (E2, O5).

use std::collections::BTreeSet;

use lychgate_core::{
    ctx::Ctx,
    event::{EventKind, StoredEvent},
    ids::{EventId, GroupId, UserId},
    operator::members_csv::line,
    ports::{Directory, Organizations, Wanted},
    record::{Group, User},
    settings::{
        access::Area,
        actor_words::{ActorKind, Names},
        history_words::{Told, Topic, counted, members_named, tell},
    },
};
use lychgate_edge::{
    json::Incoming,
    pages::settings::{
        history::{History, Line},
        members::{Export, Part, Pick, query},
        moment::Moment,
    },
    reply::Reply,
    request::Method,
    settings::{Room, Turned, enter},
};
use lychgate_scim::value::normalized_key;
use serde_json::Value;

use crate::{
    Store,
    members::file,
    walk::{self, Asked, EXPORT_ROWS_MAX, SEARCH_CHARS_MAX, Summary, Walked, walk},
};

/// How many members and groups are read at most so that events are told with their names, in one call.
const NAMES_READ_MAX: usize = 100;
const NOUNS: (&str, &str) = ("entry", "entries");

pub(crate) async fn serve<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let rest = incoming.route.path.strip_prefix(crate::ROOT).unwrap_or_default();
    match (incoming.route.method, rest) {
        (Method::Get, "/history") if incoming.query("export").is_some() => {
            part(ctx, store, incoming).await
        }
        (Method::Get, "/history") => list(ctx, store, incoming).await,
        (Method::Get, "/history.csv") => csv(ctx, store, incoming).await,
        _ => Err(crate::unrouted(incoming)),
    }
}

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Filter {
    topic: Option<Topic>,
    actor: Option<ActorKind>,
    search: String,
}

impl Filter {
    fn of(incoming: &Incoming<'_>, asked: &Asked) -> Self {
        Self {
            topic: incoming.query("about").and_then(Topic::parse),
            actor: incoming.query("by").and_then(ActorKind::parse),
            search: normalized_key(&asked.search),
        }
    }

    fn is_none(&self) -> bool {
        *self == Self::default()
    }

    fn admits(&self, event: &StoredEvent, names: &Names) -> bool {
        let topic = || EventKind::parse(&event.kind).map(Topic::of);
        self.topic.is_none_or(|wanted| topic() == Some(wanted))
            && self.actor.is_none_or(|wanted| ActorKind::of(&event.actor) == Some(wanted))
            && (self.search.is_empty() || self.is_in(event, names))
    }

    /// In a name, an id, or the words that the event is told with.
    fn is_in(&self, event: &StoredEvent, names: &Names) -> bool {
        let names_of = [&event.subject_name, &event.subject_id];
        let actor = event.actor_name.iter();
        let is_in = |text: &String| normalized_key(text).contains(&self.search);
        names_of.into_iter().chain(actor).any(is_in) || is_in(&tell(event, names).sentence)
    }
}

async fn list<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let asked = Asked::of(incoming);
    let filter = Filter::of(incoming, &asked);
    let room = enter(ctx, store, incoming, Area::History, Wanted::default()).await?;
    let organization = room.visitor.organization().id.clone();
    let (before, to_read) = (asked.after.parse::<EventId>().ok(), walk::to_read(filter.is_none()));
    let events = store.events_before(ctx, &organization, before, to_read).await?;
    let mut names = names(&room, &events);
    let admits = |event: &StoredEvent| filter.admits(event, &names);
    let walked = walk(events, to_read, |event| event.id.to_string(), admits);
    let (users, groups) = about(ctx, store, &room, &walked.items).await?;
    names.add_users(&users);
    Ok(shown(ctx, room, &asked, &filter, &walked, &Known { names, users, groups }))
}

/// Names that cost no read: those of credentials, of the visitor, and of whatever the events themselves name.
fn names(room: &Room, events: &[StoredEvent]) -> Names {
    let mut names = Names::of(room.visitor.organization());
    for event in events {
        names.learn(event);
    }
    names
}

/// What is known of those whom the events are about.
struct Known {
    names: Names,
    users: Vec<User>,
    groups: Vec<Group>,
}

/// The members and groups whom these events are about, as far as they are there still: one read.
async fn about<S: Directory>(
    ctx: &Ctx<'_>,
    store: &S,
    room: &Room,
    events: &[StoredEvent],
) -> Result<(Vec<User>, Vec<Group>), Turned> {
    let of = |kind: &'static str| {
        let events = events.iter().filter(move |event| event.subject_kind == kind);
        events.map(|event| event.subject_id.as_str())
    };
    let groups: BTreeSet<GroupId> = of("group").filter_map(|id| id.parse().ok()).collect();
    let named = events.iter().flat_map(members_named);
    let mut users: Vec<UserId> = Vec::new();
    for id in of("user").chain(named).filter_map(|id| id.parse().ok()) {
        if users.len() + groups.len() < NAMES_READ_MAX && !users.contains(&id) {
            users.push(id);
        }
    }
    if users.is_empty() && groups.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let groups = groups.into_iter().take(NAMES_READ_MAX).collect();
    let wanted = Wanted { users, groups, ..Wanted::default() };
    let found = store.fetch(ctx, &room.visitor.organization().id, wanted).await?;
    Ok((found.users, found.groups))
}

fn shown(
    ctx: &Ctx<'_>,
    room: Room,
    asked: &Asked,
    filter: &Filter,
    walked: &Walked<StoredEvent>,
    known: &Known,
) -> Reply {
    let (home, now) = (room.path(""), ctx.now());
    let to = |after: &str| {
        let topic = filter.topic.map(Topic::text).unwrap_or_default();
        let actor = filter.actor.map(ActorKind::text).unwrap_or_default();
        let pairs =
            [("q", asked.search.as_str()), ("about", topic), ("by", actor), ("after", after)];
        format!("{home}/history{}", query(&pairs))
    };
    let summary = Summary {
        total: None,
        nouns: NOUNS,
        everybody: filter.is_none(),
        found: walked.items.len(),
        looked_at: walked.looked_at,
        more: walked.next.is_some(),
        continued: !asked.after.is_empty(),
    };
    let lines = walked.items.iter().map(|event| {
        let Told { sentence, changes } = tell(event, &known.names);
        let at = Moment::new(event.at, now);
        Line { at, sentence, changes, href: href(&home, event, known) }
    });
    let topics = Topic::ALL.into_iter().map(|topic| Pick {
        value: topic.text(),
        label: topic.label(),
        chosen: filter.topic == Some(topic),
    });
    let actors = ActorKind::ALL.into_iter().map(|actor| Pick {
        value: actor.text(),
        label: actor.label(),
        chosen: filter.actor == Some(actor),
    });
    let page = History {
        frame: room.frame(Area::History, None),
        search: asked.search.clone(),
        search_chars_max: SEARCH_CHARS_MAX,
        topics: topics.collect(),
        actors: actors.collect(),
        summary: summary.sentence(),
        lines: lines.collect(),
        next: walked.next.as_ref().map(|next| (to(next), walk::next_label(walked.full))),
        first: (!asked.after.is_empty()).then(|| to("")),
        export: Export {
            about: format!(
                "The history as CSV files for spreadsheets, the newest first, in parts of at most {}.",
                counted(u64::from(EXPORT_ROWS_MAX), NOUNS.0, NOUNS.1)
            ),
            download: (format!("{home}/history?export=parts"), "Export the history…".to_owned()),
            next: None,
        },
    };
    room.render(200, &page)
}

/// The page of what an event is about, when that is there still.
fn href(home: &str, event: &StoredEvent, known: &Known) -> Option<String> {
    let id = &event.subject_id;
    let user = known.users.iter().any(|user| user.id.to_string() == *id);
    let group = known.groups.iter().any(|group| group.id.to_string() == *id);
    match (event.subject_kind.as_str(), user, group) {
        ("user", true, _) => Some(format!("{home}/members/{id}")),
        ("group", _, true) => Some(format!("{home}/groups/{id}")),
        _ => None,
    }
}

/// One part of the export.
struct CsvPart {
    text: String,
    rows: usize,
    next: Option<String>,
}

/// The columns, in their order.
const COLUMNS: [&str; 11] = [
    "at",
    "event",
    "sentence",
    "changes",
    "actor",
    "actor_name",
    "subject_kind",
    "subject_id",
    "subject_name",
    "data",
    "id",
];

/// As many events as fit, newest first; `asked` for [`EXPORT_ROWS_MAX`], fewer mean the end.
fn csv_of(events: &[StoredEvent], names: &Names, is_first: bool) -> CsvPart {
    let mut part = CsvPart { text: String::new(), rows: 0, next: None };
    if is_first {
        part.text.push_str(walk::BYTE_ORDER_MARK);
        part.text.push_str(&line(COLUMNS));
    }
    let mut last = None;
    for event in events {
        let Told { sentence, changes } = tell(event, names);
        let row = line([
            &event.at.rfc3339(),
            &event.kind,
            &sentence,
            &changes.join("; "),
            &event.actor,
            event.actor_name.as_deref().unwrap_or_default(),
            &event.subject_kind,
            &event.subject_id,
            &event.subject_name,
            &Value::Object(event.data.clone()).to_string(),
            &event.id.to_string(),
        ]);
        if part.rows > 0 && part.text.len() + row.len() > walk::EXPORT_BYTES_MAX {
            return CsvPart { next: last, ..part };
        }
        part.text.push_str(&row);
        part.rows += 1;
        last = Some(event.id.to_string());
    }
    let is_end = events.len() < EXPORT_ROWS_MAX as usize;
    CsvPart { next: last.filter(|_| !is_end), ..part }
}

async fn read_part<S: Organizations>(
    ctx: &Ctx<'_>,
    store: &S,
    room: &Room,
    before: &str,
) -> Result<CsvPart, Turned> {
    let before = before.parse::<EventId>().ok();
    let organization = &room.visitor.organization().id;
    let events = store.events_before(ctx, organization, before, EXPORT_ROWS_MAX).await?;
    Ok(csv_of(&events, &names(room, &events), before.is_none()))
}

async fn part<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let asked = Asked::of(incoming);
    let room = enter(ctx, store, incoming, Area::History, Wanted::default()).await?;
    let part = read_part(ctx, store, &room, &asked.after).await?;
    let home = room.path("");
    let rows = counted(part.rows as u64, "row", "rows");
    let end = if part.next.is_some() { "There is another part." } else { "This is the last part." };
    let next = part.next.as_ref();
    let page = Part {
        frame: room.frame(Area::History, None),
        title: "Export the history",
        back: format!("{home}/history"),
        export: Export {
            about: format!("This part has {rows}, the newest first. {end}"),
            download: (
                format!("{home}/history.csv{}", query(&[("after", &asked.after)])),
                format!("Download this part ({rows})"),
            ),
            next: next.map(|next| {
                format!("{home}/history{}", query(&[("export", "parts"), ("after", next)]))
            }),
        },
    };
    Ok(room.render(200, &page))
}

async fn csv<S: Store>(
    ctx: &mut Ctx<'_>,
    store: &S,
    incoming: &Incoming<'_>,
) -> Result<Reply, Turned> {
    let asked = Asked::of(incoming);
    let room = enter(ctx, store, incoming, Area::History, Wanted::default()).await?;
    let part = read_part(ctx, store, &room, &asked.after).await?;
    let domain = room.visitor.organization().domain.as_str();
    let next = part
        .next
        .map(|next| format!("{}{}", room.path("/history.csv"), query(&[("after", &next)])));
    Ok(file(&format!("{domain}-history.csv"), part.text, next))
}

#[cfg(test)]
mod tests {
    use lychgate_core::time::Timestamp;
    use serde_json::json;

    use super::*;

    fn event(number: u64, kind: EventKind, actor: &str) -> StoredEvent {
        let id = uuid_of(number);
        StoredEvent {
            id: id.parse().unwrap(),
            at: Timestamp::from_unix_millis(number),
            kind: kind.text().to_owned(),
            actor: actor.to_owned(),
            actor_name: Some("=Grace".to_owned()),
            subject_kind: "user".to_owned(),
            subject_id: "someone".to_owned(),
            subject_name: "Ada@acme.test".to_owned(),
            data: serde_json::Map::new(),
        }
    }

    fn uuid_of(number: u64) -> String {
        format!("01993b1e-6f00-7d2a-9c55-{number:012x}")
    }

    #[test]
    fn a_filter_looks_at_topic_actor_and_names() {
        let event = event(1, EventKind::MemberSuspended, "owner:x");
        let names = Names::default();
        let admits = |topic, actor, search: &str| {
            Filter { topic, actor, search: search.to_owned() }.admits(&event, &names)
        };
        assert!(admits(None, None, "") && Filter::default().is_none());
        assert!(admits(Some(Topic::Members), Some(ActorKind::Owner), "ada@"));
        assert!(admits(None, None, "grace") && admits(None, None, "suspended"));
        assert!(!admits(Some(Topic::Groups), None, ""));
        assert!(!admits(None, Some(ActorKind::Operator), ""));
        assert!(!admits(None, None, "bob"));
    }

    #[test]
    fn the_file_is_defused_and_its_parts_fit() {
        let names = Names::default();
        let one = csv_of(&[event(1, EventKind::MemberSuspended, "owner:x")], &names, true);
        assert!(one.text.starts_with("\u{feff}at,event,sentence,"));
        assert!(one.text.contains(",'=Grace,user,"), "{}", one.text);
        assert_eq!((one.rows, one.next), (1, None));
        let large = json!({"added": {"count": 1, "members": ["x".repeat(9_000)]}});
        let many = (0..u64::from(EXPORT_ROWS_MAX)).map(|number| {
            let mut event = event(number, EventKind::GroupMembersChanged, "system");
            event.data.clone_from(large.as_object().unwrap());
            event
        });
        let many: Vec<StoredEvent> = many.collect();
        let first = csv_of(&many, &names, false);
        assert!(first.text.len() <= walk::EXPORT_BYTES_MAX && first.rows < many.len());
        assert_eq!(first.next, Some(many[first.rows - 1].id.to_string()));
    }
}

//! Lists (RFC 7644 §3.4.2): the filter's keys where it has some, else a walk through the list within bounds;
//! by index with page markers, or by cursor (RFC 9865).

use futures_util::future::{join, join_all};
use lychgate_scim::{
    Error, ErrorKind,
    filter::{Filter, Predicate, Unknowns},
    message::{list::ListResponse, search::ListQuery},
    project::Projection,
    schema::ResourceType,
    sort::Sort,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    call::{Answer, AnswerKind, Call, Failure},
    ctx::Ctx,
    cursor::{self, Binding, Place},
    gate,
    ids::{GroupId, OrganizationId, UserId},
    matching::{Part, WALK_STEP, matches},
    ports::{Directory, Fetched, List, StoreError, Wanted},
    render::{self, Heads, Record},
};

/// How many resources a page has when the client does not say.
pub const PAGE_COUNT_DEFAULT: usize = 100;
/// How many resources a page has at most.
pub const PAGE_COUNT_MAX: usize = 1_000;
/// How far one request walks to a page that no marker is near.
pub const WALK_MAX: u64 = 100_000;
/// How many members' rows are read at the same time for a page of groups.
const MEMBERSHIPS_AT_ONCE: usize = 8;

/// A question that has been read and found good.
struct Question<'a> {
    query: &'a ListQuery,
    filter: Option<Filter>,
    parts: Vec<Part>,
    projection: Projection,
}

impl<'a> Question<'a> {
    fn read(call: &Call<'_>, lists: &[List], query: &'a ListQuery) -> Result<Self, Error> {
        let types: Vec<&ResourceType> =
            lists.iter().map(|list| resource_type(call, *list)).collect();
        let filter = query.filter.as_deref().map(Filter::parse).transpose()?;
        // Across resource types an attribute that one of them lacks has no value there (RFC 7644 §3.4.2.1).
        let unknowns = if lists.len() > 1 { Unknowns::NoValue } else { Unknowns::Refuse };
        let mut parts = Vec::with_capacity(lists.len());
        for (list, rt) in lists.iter().zip(&types) {
            let bind = |filter| Predicate::bind(filter, rt, unknowns);
            let sort = |by: &str| Sort::parse(rt, by, query.sort_order.as_deref());
            parts.push(Part {
                list: *list,
                predicate: filter.as_ref().map(bind).transpose()?,
                sort: query.sort_by.as_deref().map(sort).transpose()?,
            });
        }
        let projection = query.projection(&types);
        Ok(Self { query, filter, parts, projection })
    }

    /// One list as it stands, in the order of ids: what pages, markers and cursors walk through.
    fn plain(&self) -> Option<List> {
        match self.parts.as_slice() {
            [Part { list, predicate: None, sort: None }] => Some(*list),
            _ => None,
        }
    }

    fn binding(&self, call: &Call<'_>) -> Binding {
        let names: String = self.parts.iter().map(|part| endpoint(part.list)).collect();
        let query = self.query;
        Binding::of(
            &call.credential.organization,
            &[
                &names,
                query.filter.as_deref().unwrap_or_default(),
                query.sort_by.as_deref().unwrap_or_default(),
                query.sort_order.as_deref().unwrap_or_default(),
            ],
        )
    }

    fn count(&self) -> u64 {
        self.query.count.map_or(PAGE_COUNT_DEFAULT, |count| count.min(PAGE_COUNT_MAX)) as u64
    }

    fn start_index(&self) -> u64 {
        self.query.start_index.map_or(1, |start| (start as u64).max(1))
    }
}

/// A page that was found, before it is rendered.
#[derive(Default)]
struct Page {
    records: Vec<Record>,
    total: Option<u64>,
    next: Option<Place>,
}

/// Answers a list or a search over these lists.
pub(crate) async fn run<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    lists: &[List],
    query: &ListQuery,
) -> Result<Answer, Failure> {
    let question = match Question::read(call, lists, query) {
        Ok(question) => question,
        // Nothing is said of the question before the gate has passed.
        Err(error) => {
            gate::fetch_admitted(call, store, Wanted::default()).await?;
            return Err(error.into());
        }
    };
    let binding = question.binding(call);
    let from = match query.cursor.as_deref() {
        None => None,
        Some("") => Some(Ok(None)),
        Some(text) => Some(cursor::decode(binding, text).map(Some)),
    };
    let page = match (question.plain(), from) {
        (Some(list), None) => by_index(call, store, &question, list).await?,
        (Some(list), Some(from)) => by_cursor(call, store, &question, list, from).await?,
        (None, None) => {
            let all = matches(call, store, question.filter.as_ref(), &question.parts).await?;
            slice(all, question.start_index() - 1, question.count())
        }
        (None, Some(from)) => {
            let all = matches(call, store, question.filter.as_ref(), &question.parts).await?;
            let offset = match from? {
                None => 0,
                Some(Place::Offset(offset)) => offset,
                Some(Place::After(_)) => return Err(misplaced().into()),
            };
            slice(all, offset, question.count())
        }
    };
    let is_cursor = query.cursor.is_some();
    let resources = render(call, store, page.records, &question.projection).await?;
    let response = ListResponse {
        total_results: page.total.and_then(|total| usize::try_from(total).ok()),
        start_index: (!is_cursor).then(|| usize::try_from(question.start_index()).unwrap_or(1)),
        next_cursor: page.next.filter(|_| is_cursor).map(|place| cursor::encode(binding, place)),
        previous_cursor: None,
        resources,
    };
    Ok(Answer { kind: AnswerKind::Ok, body: Some(response.render()), location: None, etag: None })
}

fn misplaced() -> Error {
    Error::new(
        ErrorKind::InvalidCursor,
        "The `cursor` belongs to another kind of list. Begin again with an empty `cursor`.",
    )
}

fn slice(mut all: Vec<Record>, offset: u64, count: u64) -> Page {
    let total = all.len() as u64;
    let begin = usize::try_from(offset.min(total)).unwrap_or(all.len());
    let end = usize::try_from(offset.saturating_add(count).min(total)).unwrap_or(all.len());
    let records = all.drain(begin..end.max(begin)).collect();
    let next = ((end as u64) < total).then_some(Place::Offset(end as u64));
    Page { records, total: Some(total), next }
}

/// A page of the whole list by `startIndex`: from the marker that the page before has left (P13).
async fn by_index<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    question: &Question<'_>,
    list: List,
) -> Result<Page, Failure> {
    let (start, count) = (question.start_index(), question.count());
    let organization = &call.credential.organization;
    let (fetched, (mut index, mut after)) = {
        let ctx = call.ctx.clone();
        let marker = marker(store, &ctx, organization, list, start);
        let (fetched, marker) =
            join(gate::fetch_admitted(call, store, count_of(list)), marker).await;
        (fetched?.0, marker?)
    };
    let total = total(&fetched, list);
    if count == 0 || start > total {
        return Ok(Page { total: Some(total), ..Page::default() });
    }
    if start - index > WALK_MAX {
        return Err(too_far(list).into());
    }
    while index < start {
        let step = u32::try_from((start - index).min(u64::from(WALK_STEP))).unwrap_or(WALK_STEP);
        let passed = records_after(call, store, list, after, step).await?;
        let Some(last) = passed.last() else {
            return Ok(Page { total: Some(total), ..Page::default() });
        };
        (index, after) = (index + passed.len() as u64, Some(last.uuid()));
        if passed.len() < step as usize {
            return Ok(Page { total: Some(total), ..Page::default() });
        }
        if step == WALK_STEP {
            store.put_marker(&call.ctx, organization, list, index, last.uuid()).await;
        }
    }
    let records =
        records_after(call, store, list, after, u32::try_from(count).unwrap_or(u32::MAX)).await?;
    if let Some(last) = records.last()
        && records.len() as u64 == count
        && start + count <= total
    {
        store.put_marker(&call.ctx, organization, list, start + count, last.uuid()).await;
    }
    // The count is read before the page, and a resource that came between would make the page longer than it.
    let total = total.max(start - 1 + records.len() as u64);
    Ok(Page { records, total: Some(total), next: None })
}

/// Where the walk to `start` begins: the index, and the key before it.
async fn marker<S: Directory>(
    store: &S,
    ctx: &Ctx<'_>,
    organization: &OrganizationId,
    list: List,
    start: u64,
) -> Result<(u64, Option<Uuid>), StoreError> {
    if start == 1 {
        return Ok((1, None));
    }
    let marker = store.marker_at_or_below(ctx, organization, list, start).await?;
    Ok(marker.map_or((1, None), |(index, after)| (index, Some(after))))
}

/// A page of the whole list by cursor.
async fn by_cursor<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    question: &Question<'_>,
    list: List,
    from: Result<Option<Place>, Error>,
) -> Result<Page, Failure> {
    let (fetched, _) = gate::fetch_admitted(call, store, count_of(list)).await?;
    let after = match from? {
        None => None,
        Some(Place::After(uuid)) => Some(uuid),
        Some(Place::Offset(_)) => return Err(misplaced().into()),
    };
    let count = question.count();
    let total = Some(total(&fetched, list));
    if count == 0 {
        return Ok(Page { total, ..Page::default() });
    }
    // One more than the page holds says whether there is another.
    let limit = u32::try_from(count + 1).unwrap_or(u32::MAX);
    let mut records = records_after(call, store, list, after, limit).await?;
    let more = records.len() as u64 > count;
    records.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    let next = records.last().filter(|_| more).map(|last| Place::After(last.uuid()));
    Ok(Page { records, total, next })
}

fn count_of(list: List) -> Wanted {
    Wanted {
        user_count: list == List::Users,
        group_count: list == List::Groups,
        ..Wanted::default()
    }
}

const fn total(fetched: &Fetched, list: List) -> u64 {
    match list {
        List::Users => fetched.user_count,
        List::Groups => fetched.group_count,
    }
}

pub(crate) async fn records_after<S: Directory>(
    call: &Call<'_>,
    store: &S,
    list: List,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Record>, StoreError> {
    let organization = &call.credential.organization;
    Ok(match list {
        List::Users => {
            let users = store.users_after(&call.ctx, organization, after.map(UserId::from), limit);
            users.await?.into_iter().map(Record::User).collect()
        }
        List::Groups => {
            let groups =
                store.groups_after(&call.ctx, organization, after.map(GroupId::from), limit);
            groups.await?.into_iter().map(Record::Group).collect()
        }
    })
}

fn too_far(list: List) -> Error {
    Error::too_many(format!(
        "`startIndex` is too far from any page that was read lately. Read {} page by page from the beginning, or with `cursor`.",
        endpoint(list)
    ))
}

/// The records as they are answered; groups of users and members of groups are read for the whole page.
async fn render<S: Directory>(
    call: &Call<'_>,
    store: &S,
    records: Vec<Record>,
    projection: &Projection,
) -> Result<Vec<Value>, Failure> {
    let heads = if projection.wants("groups") {
        let memberships = records.iter().filter_map(|record| match record {
            Record::User(user) => Some(&user.memberships),
            Record::Group(_) => None,
        });
        render::heads(call, store, memberships).await?
    } else {
        Heads::new()
    };
    if projection.wants("members") {
        let members = records.iter().map(|record| match record {
            Record::Group(group) => group.member_count,
            Record::User(_) => 0,
        });
        if members.sum::<u64>() > render::MEMBERS_ANSWERED_MAX as u64 {
            return Err(render::too_many_members().into());
        }
    }
    let mut resources = Vec::with_capacity(records.len());
    let mut records = records.into_iter().peekable();
    while records.peek().is_some() {
        let some: Vec<Record> = records.by_ref().take(MEMBERSHIPS_AT_ONCE).collect();
        let rendered = some.into_iter().map(|record| one(call, store, record, &heads, projection));
        for rendered in join_all(rendered).await {
            resources.extend(rendered?);
        }
    }
    Ok(resources)
}

/// One record; nothing when it went meanwhile.
async fn one<S: Directory>(
    call: &Call<'_>,
    store: &S,
    record: Record,
    heads: &Heads,
    projection: &Projection,
) -> Result<Option<Value>, Failure> {
    match record {
        Record::User(user) => Ok(Some(render::user_with(call, user, heads, projection))),
        Record::Group(group) => {
            Ok(render::group(call, store, group, projection).await?.map(|(_, body)| body))
        }
    }
}

fn resource_type<'c>(call: &Call<'c>, list: List) -> &'c ResourceType {
    match list {
        List::Users => &call.catalogue.user,
        List::Groups => &call.catalogue.group,
    }
}

const fn endpoint(list: List) -> &'static str {
    match list {
        List::Users => "/Users",
        List::Groups => "/Groups",
    }
}

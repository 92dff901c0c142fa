//! Lists (RFC 7644 §3.4.2): the filter's keys where it has some, else a walk through the list within bounds;
//! by index with page markers, or by cursor (RFC 9865).

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};
use lychgate_scim::{
    Error,
    filter::{Candidates, Filter, KeyTerm, Literal, Operator, Predicate, Unknowns, View},
    message::{list::ListResponse, search::ListQuery},
    project::Projection,
    resource::MemberRef,
    schema::ResourceType,
    sort::Sort,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    call::{Answer, AnswerKind, Call, Failure},
    ctx::Ctx,
    cursor::{self, Binding, Place},
    gate, groups,
    ids::{GroupId, OrganizationId, UserId},
    ports::{Directory, Fetched, List, StoreError, Wanted},
    precondition::etag,
    record::{Group, Index, IndexKey},
    render::{self, Heads, Record},
};

/// How many resources a page has when the client does not say.
pub const PAGE_COUNT_DEFAULT: u64 = 100;
/// How many resources a page has at most.
pub const PAGE_COUNT_MAX: u64 = 1_000;
/// How many resources one request looks at when its filter or order has no key: 20,000 of 1 KB are 2,500
/// read units and a second or two.
pub const SCAN_MAX: u64 = 20_000;
/// How far one request walks to a page that no marker is near.
pub const WALK_MAX: u64 = 100_000;
/// How many resources one read of a walk brings.
const WALK_STEP: u32 = 1_000;
/// How many resources a look-up brings at most: more than these with one e-mail address or externalId are no
/// look-up.
pub const LOOK_UP_MAX: u32 = 1_000;
/// How many members' rows are read at the same time for a page of groups.
const MEMBERSHIPS_AT_ONCE: usize = 8;

/// A question that has been read and found good.
struct Question<'a> {
    query: &'a ListQuery,
    filter: Option<Filter>,
    parts: Vec<Part>,
    projection: Projection,
}

/// The question as it is put to one of the lists.
struct Part {
    list: List,
    predicate: Option<Predicate>,
    sort: Option<Sort>,
}

impl<'a> Question<'a> {
    fn read(call: &Call<'_>, lists: &[List], query: &'a ListQuery) -> Result<Self, Error> {
        let types: Vec<&ResourceType> = lists
            .iter()
            .map(|list| resource_type(call, *list))
            .collect();
        let filter = query.filter.as_deref().map(Filter::parse).transpose()?;
        // Across resource types an attribute that one of them lacks has no value there (RFC 7644 §3.4.2.1).
        let unknowns = if lists.len() > 1 {
            Unknowns::NoValue
        } else {
            Unknowns::Refuse
        };
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
        Ok(Self {
            query,
            filter,
            parts,
            projection,
        })
    }

    /// One list as it stands, in the order of ids: what pages, markers and cursors walk through.
    fn plain(&self) -> Option<List> {
        match self.parts.as_slice() {
            [
                Part {
                    list,
                    predicate: None,
                    sort: None,
                },
            ] => Some(*list),
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
        self.query
            .count
            .map_or(PAGE_COUNT_DEFAULT, |count| count.min(PAGE_COUNT_MAX))
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
            let all = matches(call, store, &question).await?;
            slice(all, question.start_index() - 1, question.count())
        }
        (None, Some(from)) => {
            let all = matches(call, store, &question).await?;
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
        next_cursor: page
            .next
            .filter(|_| is_cursor)
            .map(|place| cursor::encode(binding, place)),
        previous_cursor: None,
        resources,
    };
    Ok(Answer {
        kind: AnswerKind::Ok,
        body: Some(response.render()),
        location: None,
        etag: None,
    })
}

fn misplaced() -> Error {
    Error::new(
        lychgate_scim::ErrorKind::InvalidCursor,
        "The `cursor` belongs to another kind of list. Begin again with an empty `cursor`.",
    )
}

fn slice(mut all: Vec<Record>, offset: u64, count: u64) -> Page {
    let total = all.len() as u64;
    let begin = usize::try_from(offset.min(total)).unwrap_or(all.len());
    let end = usize::try_from(offset.saturating_add(count).min(total)).unwrap_or(all.len());
    let records = all.drain(begin..end.max(begin)).collect();
    let next = ((end as u64) < total).then_some(Place::Offset(end as u64));
    Page {
        records,
        total: Some(total),
        next,
    }
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
        return Ok(Page {
            total: Some(total),
            ..Page::default()
        });
    }
    if start - index > WALK_MAX {
        return Err(too_far(list).into());
    }
    while index < start {
        let step = u32::try_from((start - index).min(u64::from(WALK_STEP))).unwrap_or(WALK_STEP);
        let passed = records_after(call, store, list, after, step).await?;
        let Some(last) = passed.last() else {
            return Ok(Page {
                total: Some(total),
                ..Page::default()
            });
        };
        (index, after) = (index + passed.len() as u64, Some(last.uuid()));
        if passed.len() < step as usize {
            return Ok(Page {
                total: Some(total),
                ..Page::default()
            });
        }
        if step == WALK_STEP {
            store
                .put_marker(&call.ctx, organization, list, index, last.uuid())
                .await;
        }
    }
    let records = records_after(
        call,
        store,
        list,
        after,
        u32::try_from(count).unwrap_or(u32::MAX),
    )
    .await?;
    if let Some(last) = records.last()
        && records.len() as u64 == count
        && start + count <= total
    {
        store
            .put_marker(&call.ctx, organization, list, start + count, last.uuid())
            .await;
    }
    // The count is read before the page, and a resource that came between would make the page longer than it.
    let total = total.max(start - 1 + records.len() as u64);
    Ok(Page {
        records,
        total: Some(total),
        next: None,
    })
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
    let marker = store
        .marker_at_or_below(ctx, organization, list, start)
        .await?;
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
        return Ok(Page {
            total,
            ..Page::default()
        });
    }
    // One more than the page holds says whether there is another.
    let limit = u32::try_from(count + 1).unwrap_or(u32::MAX);
    let mut records = records_after(call, store, list, after, limit).await?;
    let more = records.len() as u64 > count;
    records.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    let next = records
        .last()
        .filter(|_| more)
        .map(|last| Place::After(last.uuid()));
    Ok(Page {
        records,
        total,
        next,
    })
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

async fn records_after<S: Directory>(
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

/// Everything that the question matches, in its order: users before groups, each by the sort or by id.
async fn matches<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    question: &Question<'_>,
) -> Result<Vec<Record>, Failure> {
    let probes = Probes::of(question.filter.as_ref());
    let plans: Vec<Candidates> = question
        .parts
        .iter()
        .map(|part| {
            part.predicate
                .as_ref()
                .map_or(Candidates::All, Predicate::candidates)
        })
        .collect();
    let Reads { wanted, look_ups } = Reads::of(&question.parts, &plans, &probes);
    let (ctx, organization) = (call.ctx.clone(), &call.credential.organization);
    let looked_up = async {
        let found = look_ups
            .iter()
            .map(|key| store.look_up(&ctx, organization, key, LOOK_UP_MAX));
        let found = join_all(found)
            .await
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        Ok::<LookedUp, StoreError>(look_ups.iter().cloned().zip(found).collect())
    };
    let reads = wanted.users.len() + wanted.groups.len() + wanted.claims.len() + look_ups.len();
    let (fetched, looked_up) = if reads <= gate::READ_TOGETHER_MAX {
        let (fetched, looked_up) = join(gate::fetch_admitted(call, store, wanted), looked_up).await;
        (fetched?.0, looked_up?)
    } else {
        gate::fetch_admitted(call, store, Wanted::default()).await?;
        (gate::fetch(call, store, wanted).await?, looked_up.await?)
    };
    let probes = probes.filled(&fetched);
    let mut all = Vec::new();
    for (part, plan) in question.parts.iter().zip(&plans) {
        let found = match plan {
            Candidates::Keys(terms) => {
                let found = by_keys(call, store, part.list, terms, &fetched, &looked_up).await?;
                keep(call, store, part, found, &probes).await?
            }
            Candidates::All => by_scan(call, store, part, &probes).await?,
        };
        all.extend(sorted(call, part, found));
    }
    Ok(all)
}

/// What can be read together with the gate.
struct Reads {
    wanted: Wanted,
    look_ups: Vec<IndexKey>,
}

/// What the look-ups found.
type LookedUp = Vec<(IndexKey, Vec<Uuid>)>;

impl Reads {
    fn of(parts: &[Part], plans: &[Candidates], probes: &Probes) -> Self {
        let (mut wanted, mut look_ups) = (Wanted::default(), Vec::new());
        for (part, plan) in parts.iter().zip(plans) {
            let Candidates::Keys(terms) = plan else {
                continue;
            };
            for term in terms {
                add_term(&mut wanted, part.list, term);
                look_ups.extend(look_up_key(part.list, term));
            }
        }
        wanted
            .users
            .extend(probes.ids.iter().filter_map(|id| id.parse::<UserId>().ok()));
        wanted.groups.extend(
            probes
                .ids
                .iter()
                .filter_map(|id| id.parse::<GroupId>().ok()),
        );
        Self { wanted, look_ups }
    }
}

fn add_term(wanted: &mut Wanted, list: List, term: &KeyTerm) {
    let claim = |index, value: &String| IndexKey {
        index,
        value: value.clone(),
    };
    match (list, term) {
        (List::Users, KeyTerm::Id(id)) => wanted.users.extend(id.parse::<UserId>()),
        (List::Groups, KeyTerm::Id(id)) => wanted.groups.extend(id.parse::<GroupId>()),
        // An e-mail that is the userName too has no look-up of its own.
        (List::Users, KeyTerm::UserName(value) | KeyTerm::Email(value)) => {
            wanted.claims.push(claim(Index::UserName, value));
        }
        (List::Groups, KeyTerm::DisplayName(value)) => {
            wanted.claims.push(claim(Index::GroupDisplayName, value));
        }
        // The member's own record names its groups.
        (List::Groups, KeyTerm::Member(id)) => {
            wanted.users.extend(id.parse::<UserId>());
            wanted.groups.extend(id.parse::<GroupId>());
        }
        _ => {}
    }
}

/// The records that these keys find, each once, in the order of ids. `fetched` has what was read with the gate.
async fn by_keys<S: Directory>(
    call: &Call<'_>,
    store: &S,
    list: List,
    terms: &[KeyTerm],
    fetched: &Fetched,
    looked_up: &LookedUp,
) -> Result<Vec<Record>, Failure> {
    let mut ids: Vec<Uuid> = Vec::new();
    for term in terms {
        if let Some(key) = look_up_key(list, term) {
            let found = looked_up.iter().filter(|(looked_up, _)| *looked_up == key);
            ids.extend(found.flat_map(|(_, found)| found));
        }
        match (list, term) {
            (_, KeyTerm::Id(id)) => ids.extend(Uuid::try_parse(id)),
            (List::Users, KeyTerm::Group(id)) => {
                if let Ok(group) = id.parse::<GroupId>() {
                    let limit = usize::try_from(SCAN_MAX).unwrap_or(usize::MAX);
                    let found = render::members_of(call, store, group, limit).await?;
                    let members = found.into_iter().flat_map(|(_, members)| members);
                    ids.extend(members.map(|member| member.id.uuid()));
                }
            }
            (List::Groups, KeyTerm::Member(id)) => ids.extend(groups_of(fetched, id)),
            _ => {}
        }
    }
    let wanted_claims = terms.iter().filter_map(|term| claim_value(list, term));
    let wanted_claims: Vec<(Index, &str)> = wanted_claims.collect();
    let claimed = fetched
        .claims
        .iter()
        .filter(|(key, _)| wanted_claims.contains(&(key.index, key.value.as_str())));
    ids.extend(claimed.map(|(_, id)| *id));
    ids.sort_unstable();
    ids.dedup();
    read_ids(call, store, list, &ids, fetched).await
}

fn look_up_key(list: List, term: &KeyTerm) -> Option<IndexKey> {
    let (index, value) = match (list, term) {
        (List::Users, KeyTerm::ExternalId(value)) => (Index::UserExternalId, value),
        (List::Users, KeyTerm::Email(value)) => (Index::UserEmail, value),
        (List::Groups, KeyTerm::ExternalId(value)) => (Index::GroupExternalId, value),
        _ => return None,
    };
    Some(IndexKey {
        index,
        value: value.clone(),
    })
}

fn claim_value(list: List, term: &KeyTerm) -> Option<(Index, &str)> {
    match (list, term) {
        (List::Users, KeyTerm::UserName(value) | KeyTerm::Email(value)) => {
            Some((Index::UserName, value))
        }
        (List::Groups, KeyTerm::DisplayName(value)) => Some((Index::GroupDisplayName, value)),
        _ => None,
    }
}

/// The groups that a member's own record names; whether they see it is for the filter to say.
fn groups_of(fetched: &Fetched, member: &str) -> Vec<Uuid> {
    let user = fetched
        .users
        .iter()
        .find(|user| user.id.to_string() == member);
    let group = fetched
        .groups
        .iter()
        .find(|group| group.id.to_string() == member);
    let memberships = user
        .map(|user| &user.memberships)
        .or_else(|| group.map(|group| &group.memberships));
    memberships
        .into_iter()
        .flat_map(BTreeMap::keys)
        .map(|id| id.uuid())
        .collect()
}

/// Reads these ids, using what was read before.
async fn read_ids<S: Directory>(
    call: &Call<'_>,
    store: &S,
    list: List,
    ids: &[Uuid],
    known: &Fetched,
) -> Result<Vec<Record>, Failure> {
    let mut wanted = Wanted::default();
    let mut records = Vec::with_capacity(ids.len());
    for id in ids {
        match list {
            List::Users => match known.users.iter().find(|user| user.id.uuid() == *id) {
                Some(user) => records.push(Record::User(user.clone())),
                None => wanted.users.push(UserId::from(*id)),
            },
            List::Groups => match known.groups.iter().find(|group| group.id.uuid() == *id) {
                Some(group) => records.push(Record::Group(group.clone())),
                None => wanted.groups.push(GroupId::from(*id)),
            },
        }
    }
    let fetched = gate::fetch(call, store, wanted).await?;
    records.extend(fetched.users.into_iter().map(Record::User));
    records.extend(fetched.groups.into_iter().map(Record::Group));
    records.sort_unstable_by_key(Record::uuid);
    Ok(records)
}

/// Walks through the list and keeps what matches; refuses when the list is too long for that.
async fn by_scan<S: Directory>(
    call: &Call<'_>,
    store: &S,
    part: &Part,
    probes: &Probes,
) -> Result<Vec<Record>, Failure> {
    let mut kept = Vec::new();
    let mut after = None;
    let mut seen = 0_u64;
    loop {
        let records = records_after(call, store, part.list, after, WALK_STEP).await?;
        let is_last = records.len() < WALK_STEP as usize;
        seen += records.len() as u64;
        after = records.last().map(Record::uuid);
        kept.extend(keep(call, store, part, records, probes).await?);
        if is_last {
            return Ok(kept);
        }
        if seen >= SCAN_MAX || !call.ctx.has_millis(crate::users::CHANGE_RESERVE_MILLIS) {
            return Err(too_many(part.list).into());
        }
    }
}

fn too_many(list: List) -> Error {
    let keys = match list {
        List::Users => "`id`, `userName`, `externalId` or `emails.value`",
        List::Groups => "`id`, `displayName`, `externalId` or `members`",
    };
    Error::too_many(format!(
        "This filter or order would have to look at more than {SCAN_MAX} resources. Ask for a value of {keys} with `eq`, or list everything with `cursor` and choose there."
    ))
}

fn too_far(list: List) -> Error {
    Error::too_many(format!(
        "`startIndex` is too far from any page that was read lately. Read {} page by page from the beginning, or with `cursor`.",
        endpoint(list)
    ))
}

/// Member ids that the filter tests with `eq`: whether a group has such a member stands in the member's own
/// record, so that Entra's reference check on a group of 100,000 reads two items (P13).
#[derive(Default)]
struct Probes {
    ids: Vec<String>,
    /// Whether the filter asks more of members than that.
    whole: bool,
    found: Vec<(MemberRef, crate::record::Memberships)>,
}

impl Probes {
    fn of(filter: Option<&Filter>) -> Self {
        let mut probes = Self::default();
        if let Some(filter) = filter {
            probes.gather(filter);
        }
        probes
    }

    fn gather(&mut self, filter: &Filter) {
        match filter {
            Filter::And(parts) | Filter::Or(parts) => {
                parts.iter().for_each(|part| self.gather(part))
            }
            Filter::Not(inner) => self.gather(inner),
            Filter::Compare {
                path,
                operator: Operator::Equal,
                literal: Literal::Text(id),
            } if path.mentions("members") && path.is_value_of("members") => {
                self.ids.push(id.clone());
            }
            Filter::Within { path, filter } if path.mentions("members") => match filter.as_ref() {
                Filter::Compare {
                    path,
                    operator: Operator::Equal,
                    literal: Literal::Text(id),
                } if path.mentions("value") => {
                    self.ids.push(id.clone());
                }
                _ => self.whole = true,
            },
            Filter::Present(path) | Filter::Compare { path, .. } | Filter::Within { path, .. } => {
                self.whole |= path.mentions("members");
            }
        }
    }

    fn filled(mut self, fetched: &Fetched) -> Self {
        let kind = |kind| {
            move |id: String| MemberRef {
                value: id,
                kind: Some(kind),
                display: None,
            }
        };
        let user = kind(lychgate_scim::resource::MemberKind::User);
        let group = kind(lychgate_scim::resource::MemberKind::Group);
        for found in fetched
            .users
            .iter()
            .filter(|user| self.ids.contains(&user.id.to_string()))
        {
            self.found
                .push((user(found.id.to_string()), found.memberships.clone()));
        }
        for found in fetched
            .groups
            .iter()
            .filter(|group| self.ids.contains(&group.id.to_string()))
        {
            self.found
                .push((group(found.id.to_string()), found.memberships.clone()));
        }
        self
    }

    /// Those of the probed who are members of this group.
    fn members(&self, group: &Group) -> Vec<MemberRef> {
        let members = self.found.iter().filter(|(_, memberships)| {
            memberships
                .get(&group.id)
                .is_some_and(|span| group.sees(*span))
        });
        members.map(|(reference, _)| reference.clone()).collect()
    }
}

/// Keeps the records that the part's filter matches.
async fn keep<S: Directory>(
    call: &Call<'_>,
    store: &S,
    part: &Part,
    records: Vec<Record>,
    probes: &Probes,
) -> Result<Vec<Record>, Failure> {
    let Some(predicate) = &part.predicate else {
        return Ok(records);
    };
    let heads = if predicate.needs_groups() {
        let memberships = records.iter().filter_map(|record| match record {
            Record::User(user) => Some(&user.memberships),
            Record::Group(_) => None,
        });
        render::heads(call, store, memberships).await?
    } else {
        Heads::new()
    };
    let mut kept = Vec::new();
    for record in records {
        let members = match &record {
            Record::Group(group) if predicate.needs_members() => {
                Some(members_for(call, store, group, probes).await?)
            }
            _ => None,
        };
        if view(&record, |view| {
            let groups = match &record {
                Record::User(user) => render::group_refs(&user.memberships, &heads),
                Record::Group(_) => Vec::new(),
            };
            let view = View {
                members: members.as_deref(),
                groups: Some(&groups),
                ..view
            };
            predicate.matches(&view)
        }) {
            kept.push(record);
        }
    }
    Ok(kept)
}

async fn members_for<S: Directory>(
    call: &Call<'_>,
    store: &S,
    group: &Group,
    probes: &Probes,
) -> Result<Vec<MemberRef>, Failure> {
    if !probes.whole {
        return Ok(probes.members(group));
    }
    if group.member_count == 0 {
        return Ok(Vec::new());
    }
    let found = render::members_of(call, store, group.id, render::MEMBERS_ANSWERED_MAX).await?;
    Ok(found
        .iter()
        .flat_map(|(_, members)| members)
        .map(groups::reference)
        .collect())
}

/// A record as filters and sorting see it.
fn view<T>(record: &Record, look: impl FnOnce(View<'_>) -> T) -> T {
    let (id, version, created, modified, resource) = match record {
        Record::User(user) => (
            user.id.to_string(),
            user.version,
            user.created,
            user.modified,
            &user.resource,
        ),
        Record::Group(group) => (
            group.id.to_string(),
            group.version,
            group.created,
            group.modified,
            &group.resource,
        ),
    };
    look(View {
        resource,
        id: &id,
        created: &created.rfc3339(),
        last_modified: &modified.rfc3339(),
        version: &etag(version),
        location: "",
        members: None,
        groups: None,
    })
}

fn sorted(_call: &Call<'_>, part: &Part, records: Vec<Record>) -> Vec<Record> {
    match &part.sort {
        Some(sort) => sort.sort(records, |record| view(record, |view| sort.key(&view))),
        None => records,
    }
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
        let rendered = some
            .into_iter()
            .map(|record| one(call, store, record, &heads, projection));
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
        Record::Group(group) => Ok(render::group(call, store, group, projection)
            .await?
            .map(|(_, body)| body)),
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

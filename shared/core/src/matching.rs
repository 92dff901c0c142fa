//! What matches a question: by the filter's keys where it has some, else by a walk within bounds.

use std::collections::BTreeMap;

use futures_util::future::{join, join_all};
use lychgate_scim::{
    Error,
    filter::{Candidates, Filter, KeyTerm, Literal, Operator, Predicate, View},
    path::AttrPath,
    resource::{MemberKind, MemberRef},
    sort::Sort,
};
use uuid::Uuid;

use crate::{
    call::{Call, Failure},
    gate, groups,
    ids::{GroupId, UserId},
    list::records_after,
    ports::{Directory, Fetched, List, StoreError, Wanted},
    precondition::etag,
    record::{Group, Index, IndexKey, Memberships},
    render::{self, Heads, Record},
    users::CHANGE_RESERVE_MILLIS,
};

/// How many resources one request looks at when its filter or order has no key: 20,000 of 1 KB are 2,500
/// read units and a second or two.
pub const SCAN_MAX: u64 = 20_000;
/// How many resources one read of a walk brings.
pub(crate) const WALK_STEP: u32 = 1_000;
/// How many resources a look-up brings at most: more than these with one e-mail address or externalId are no
/// look-up.
pub const LOOK_UP_MAX: u32 = 1_000;

/// The question as it is put to one of the lists.
pub(crate) struct Part {
    pub(crate) list: List,
    pub(crate) predicate: Option<Predicate>,
    pub(crate) sort: Option<Sort>,
}
/// Everything that the question matches, in its order: users before groups, each by the sort or by id.
pub(crate) async fn matches<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    filter: Option<&Filter>,
    parts: &[Part],
) -> Result<Vec<Record>, Failure> {
    let probes = Probes::of(filter);
    let plans: Vec<Candidates> = parts
        .iter()
        .map(|part| part.predicate.as_ref().map_or(Candidates::All, Predicate::candidates))
        .collect();
    let Reads { wanted, look_ups } = Reads::of(parts, &plans, &probes);
    let (ctx, organization) = (call.ctx.clone(), &call.credential.organization);
    let looked_up = async {
        let found = look_ups.iter().map(|key| store.look_up(&ctx, organization, key, LOOK_UP_MAX));
        let found = join_all(found).await.into_iter().collect::<Result<Vec<_>, _>>()?;
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
    for (part, plan) in parts.iter().zip(&plans) {
        let found = match plan {
            Candidates::Keys(terms) => {
                let found = by_keys(call, store, part.list, terms, &fetched, &looked_up).await?;
                keep(call, store, part, found, &probes).await?
            }
            Candidates::All => by_scan(call, store, part, &probes).await?,
        };
        all.extend(sorted(part, found));
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
        wanted.users.extend(probes.ids.iter().filter_map(|id| id.parse::<UserId>().ok()));
        wanted.groups.extend(probes.ids.iter().filter_map(|id| id.parse::<GroupId>().ok()));
        Self { wanted, look_ups }
    }
}

fn add_term(wanted: &mut Wanted, list: List, term: &KeyTerm) {
    let claim = |index, value: &String| IndexKey { index, value: value.clone() };
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
    Some(IndexKey { index, value: value.clone() })
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
    let user = fetched.users.iter().find(|user| user.id.to_string() == member);
    let group = fetched.groups.iter().find(|group| group.id.to_string() == member);
    let memberships =
        user.map(|user| &user.memberships).or_else(|| group.map(|group| &group.memberships));
    memberships.into_iter().flat_map(BTreeMap::keys).map(|id| id.uuid()).collect()
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
        if seen >= SCAN_MAX || !call.ctx.has_millis(CHANGE_RESERVE_MILLIS) {
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

/// Member ids that the filter tests with `eq`: whether a group has such a member stands in the member's own
/// record, so that Entra's reference check on a group of 100,000 reads two items (P13).
#[derive(Default)]
struct Probes {
    ids: Vec<String>,
    /// Whether the filter asks more of members than that.
    whole: bool,
    found: Vec<(MemberRef, Memberships)>,
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
            Filter::Compare { path, operator: Operator::Equal, literal: Literal::Text(id) }
                if path.mentions("members") && is_value(path) =>
            {
                self.ids.push(id.clone());
            }
            Filter::Within { path, filter } if path.mentions("members") => match filter.as_ref() {
                Filter::Compare { path, operator: Operator::Equal, literal: Literal::Text(id) }
                    if path.mentions("value") =>
                {
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
        let kind =
            |kind| move |id: String| MemberRef { value: id, kind: Some(kind), display: None };
        let user = kind(MemberKind::User);
        let group = kind(MemberKind::Group);
        for found in fetched.users.iter().filter(|user| self.ids.contains(&user.id.to_string())) {
            self.found.push((user(found.id.to_string()), found.memberships.clone()));
        }
        for found in fetched.groups.iter().filter(|group| self.ids.contains(&group.id.to_string()))
        {
            self.found.push((group(found.id.to_string()), found.memberships.clone()));
        }
        self
    }

    /// Those of the probed who are members of this group.
    fn members(&self, group: &Group) -> Vec<MemberRef> {
        let members = self.found.iter().filter(|(_, memberships)| {
            memberships.get(&group.id).is_some_and(|span| group.sees(*span))
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
            let view = View { members: members.as_deref(), groups: Some(&groups), ..view };
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
    Ok(found.iter().flat_map(|(_, members)| members).map(groups::reference).collect())
}

/// A record as filters and sorting see it.
fn view<T>(record: &Record, look: impl FnOnce(View<'_>) -> T) -> T {
    let (id, version, created, modified, resource) = match record {
        Record::User(user) => {
            (user.id.to_string(), user.version, user.created, user.modified, &user.resource)
        }
        Record::Group(group) => {
            (group.id.to_string(), group.version, group.created, group.modified, &group.resource)
        }
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

fn sorted(part: &Part, records: Vec<Record>) -> Vec<Record> {
    match &part.sort {
        Some(sort) => sort.sort(records, |record| view(record, |view| sort.key(&view))),
        None => records,
    }
}

/// `members` or `members.value`.
fn is_value(path: &AttrPath) -> bool {
    let text = path.to_string().to_ascii_lowercase();
    text.ends_with("members") || text.ends_with("members.value")
}

//! Groups: one function per verb. A change of membership reads the members that it names and the group's
//! head, never the group's other members, and costs the same at ten members and at a hundred thousand (P11).

use std::collections::HashMap;

use lychgate_scim::{
    Error, Resource,
    message::search::ListQuery,
    patch::{self, MembersChange},
    project::Projection,
    resource::{self, MemberRef},
};
use serde_json::{Map, Value, json};

use crate::{
    call::{Answer, AnswerKind, Call, Failure},
    event::{EVENT_MEMBERS_MAX, Event, EventKind},
    gate,
    ids::{GroupId, MemberId},
    index, list,
    members::{self, Candidates},
    organization::{GroupPatchAnswer, Organization},
    ports::{CommitError, Directory, Groups, List, Wanted},
    precondition::{Preconditions, etag},
    record::{Group, Index, IndexKey, Member, Memberships},
    render,
    users::{check_if_match, differences, lost, not_found, shown},
};

/// How many members one request may add and remove, together.
pub const MEMBERS_CHANGED_MAX: usize = 10_000;
/// How many members who stay are named anew in one request; a label, so what is more waits for the next one.
pub const RELABELLED_MAX: usize = 100;
/// How many members are read to find out what a whole new membership changes.
pub const MEMBERS_READ_MAX: usize = 150_000;

/// `POST /Groups` (RFC 7644 §3.3).
///
/// # Errors
/// A [`Failure`] for the provisioning client: 409 `uniqueness` when the displayName is taken.
pub async fn create<S: Groups>(
    call: &mut Call<'_>,
    store: &S,
    body: Value,
    projection: &Projection,
) -> Result<Answer, Failure> {
    let (_, organization) = gate::fetch_admitted(call, store, Wanted::default()).await?;
    let catalogue = call.catalogue;
    let incoming = Resource::for_create(&catalogue.group, body, &mut call.notices)?;
    let now = call.ctx.now();
    let id = GroupId::new(now, call.ctx.world);
    let mut changes = [MembersChange::Add(incoming.members.unwrap_or_default())];
    let mut attempt = 0;
    loop {
        let candidates = candidates(call, store, &organization, &mut changes, id).await?;
        let [change] = &changes;
        let members = candidates.members(change.added());
        let group = Group {
            id,
            resource: incoming.resource.clone(),
            version: 1,
            created: now,
            modified: now,
            member_count: members.len() as u64,
            memberships: Memberships::new(),
            pending: None,
            aborted: Vec::new(),
        };
        let keys = index::group_keys(&group.resource);
        let event = event(call, EventKind::GroupCreated, &group, &members, &[], Map::new());
        match store.create_group(&call.ctx, &organization.id, &group, &keys, &members, &event).await
        {
            Ok(()) => {
                let body = render::group_with(call, group, Some(&members), projection);
                let location = render::location(&call.ctx, List::Groups, &id.to_string());
                return Ok(render::created(1, location, body));
            }
            Err(error @ CommitError::Taken(_)) => return Err(refused(error, &group)),
            Err(error) => attempt = lost(call, error, attempt).await?,
        }
    }
}

/// Reads who is meant, and takes out of the changes whom nobody knows.
async fn candidates<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    organization: &Organization,
    changes: &mut [MembersChange],
    group: GroupId,
) -> Result<Candidates, Failure> {
    let references = references(changes);
    let mut fetched = gate::fetch(call, store, Candidates::wanted(&references)).await?;
    let mut candidates = Candidates::default();
    candidates.take(&mut fetched, group);
    candidates.find_rest(call, store, &references, group).await?;
    let policy = organization.directory.unknown_members;
    members::keep_known(call, changes, &candidates, group, policy)?;
    Ok(candidates)
}

/// Everybody whom the changes name, to be added or removed.
fn references(changes: &[MembersChange]) -> Vec<MemberRef> {
    let mut references: Vec<MemberRef> = Vec::new();
    for change in changes {
        references.extend_from_slice(change.added());
        if let MembersChange::Remove(ids) = change {
            let removed =
                ids.iter().map(|id| MemberRef { value: id.clone(), kind: None, display: None });
            references.extend(removed);
        }
    }
    references
}

/// `GET /Groups/{id}` (RFC 7644 §3.4.1).
///
/// # Errors
/// A [`Failure`] for the provisioning client: `tooMany` when its members do not fit into an answer.
pub async fn read<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
    projection: &Projection,
    preconditions: &Preconditions,
) -> Result<Answer, Failure> {
    let (group, _) = admitted_group(call, store, id).await?;
    if let Some(tags) = &preconditions.if_none_match
        && tags.matches(group.version)
    {
        return Ok(render::empty(AnswerKind::NotModified, Some(etag(group.version))));
    }
    check_if_match(preconditions, group.version)?;
    answer(call, store, group, projection).await
}

/// `GET /Groups` and `POST /Groups/.search` (RFC 7644 §3.4.2, §3.4.3).
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn list<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    query: &ListQuery,
) -> Result<Answer, Failure> {
    list::run(call, store, &[List::Groups], query).await
}

/// `PUT /Groups/{id}` (RFC 7644 §3.5.1). The body is the truth: who is left out is removed.
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn replace<S: Groups>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
    body: Value,
    projection: &Projection,
    preconditions: &Preconditions,
) -> Result<Answer, Failure> {
    let catalogue = call.catalogue;
    let decide = |call: &mut Call<'_>, group: &Group| {
        let notices = &mut call.notices;
        let incoming =
            Resource::for_replace(&catalogue.group, body.clone(), &group.resource, notices)?;
        let members = incoming.members.unwrap_or_default();
        Ok((incoming.resource, vec![MembersChange::Replace(members)]))
    };
    let (group, _) = change(call, store, id, preconditions, None, decide).await?;
    answer(call, store, group, projection).await
}

/// `PATCH /Groups/{id}` (RFC 7644 §3.5.2). Answers 204, unless the client asks for attributes or the
/// directory is set to answer with the group.
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn patch<S: Groups>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
    body: Value,
    projection: Option<&Projection>,
    preconditions: &Preconditions,
) -> Result<Answer, Failure> {
    // Pure and bounded, so it can go before the gate; nothing is said of it until the gate has passed.
    let plan = patch::plan(&call.catalogue.group, id, body, &mut call.notices);
    let (plan, changes) = match plan.map(patch::Plan::split_members) {
        Ok((plan, changes)) => (Ok(plan), changes),
        Err(error) => (Err(error), Vec::new()),
    };
    let decide = |call: &mut Call<'_>, group: &Group| {
        let plan = plan.as_ref().map_err(Clone::clone)?;
        Ok((plan.apply(&group.resource, &mut call.notices)?, changes.clone()))
    };
    let (group, organization) =
        change(call, store, id, preconditions, Some(&changes), decide).await?;
    match (projection, organization.directory.group_patch_answer) {
        (Some(projection), _) => answer(call, store, group, projection).await,
        (None, GroupPatchAnswer::Resource) => {
            answer(call, store, group, &Projection::everything()).await
        }
        (None, GroupPatchAnswer::NoContent) => {
            Ok(render::empty(AnswerKind::NoContent, Some(etag(group.version))))
        }
    }
}

/// `DELETE /Groups/{id}` (RFC 7644 §3.6).
///
/// # Errors
/// A [`Failure`] for the provisioning client.
pub async fn delete<S: Groups>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
    preconditions: &Preconditions,
) -> Result<Answer, Failure> {
    let mut attempt = 0;
    loop {
        let (group, organization) = admitted_group(call, store, id).await?;
        check_if_match(preconditions, group.version)?;
        let event = event(call, EventKind::GroupDeleted, &group, &[], &[], Map::new());
        let keys = index::group_keys(&group.resource);
        match store.delete_group(&call.ctx, &organization.id, &group, &keys, &event).await {
            Ok(()) => return Ok(render::empty(AnswerKind::NoContent, None)),
            Err(error) => attempt = lost(call, error, attempt).await?,
        }
    }
}

async fn admitted_group<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
) -> Result<(Group, Organization), Failure> {
    let groups: Vec<GroupId> = id.parse().into_iter().collect();
    let wanted = Wanted { groups, ..Wanted::default() };
    let (mut fetched, organization) = gate::fetch_admitted(call, store, wanted).await?;
    let group = fetched.groups.pop().ok_or_else(|| not_found("Group", id))?;
    Ok((group, organization))
}

async fn answer<S: Directory>(
    call: &Call<'_>,
    store: &S,
    group: Group,
    projection: &Projection,
) -> Result<Answer, Failure> {
    let id = group.id.to_string();
    let found = render::group(call, store, group, projection).await?;
    let (version, body) = found.ok_or_else(|| not_found("Group", &id))?;
    Ok(render::found(version, body))
}

/// What a change starts from.
struct Start {
    organization: Organization,
    group: Group,
    candidates: Candidates,
}

/// Reads the group and, when they are few, the members that the request names, in one call with the gate.
async fn start<S: Directory>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
    named: &[MemberRef],
) -> Result<Start, Failure> {
    let group_id: Option<GroupId> = id.parse().ok();
    let together = named.len() <= gate::READ_TOGETHER_MAX;
    let mut wanted = if together { Candidates::wanted(named) } else { Wanted::default() };
    wanted.groups.extend(group_id);
    let (mut fetched, organization) = gate::fetch_admitted(call, store, wanted).await?;
    let at = fetched.groups.iter().position(|group| Some(group.id) == group_id);
    let group =
        at.map(|at| fetched.groups.swap_remove(at)).ok_or_else(|| not_found("Group", id))?;
    let mut candidates = Candidates::default();
    candidates.take(&mut fetched, group.id);
    if !together {
        let mut fetched = gate::fetch(call, store, Candidates::wanted(named)).await?;
        candidates.take(&mut fetched, group.id);
    }
    Ok(Start { organization, group, candidates })
}

/// Reads, decides, writes; again when somebody was faster. Gives the group as it is afterwards.
///
/// `known` are the membership changes when they do not depend on the group, so that whom they name can be
/// read together with it.
async fn change<S: Groups>(
    call: &mut Call<'_>,
    store: &S,
    id: &str,
    preconditions: &Preconditions,
    known: Option<&[MembersChange]>,
    mut decide: impl FnMut(&mut Call<'_>, &Group) -> Result<(Resource, Vec<MembersChange>), Error>,
) -> Result<(Group, Organization), Failure> {
    let named = known.map(references).unwrap_or_default();
    let mut attempt = 0;
    loop {
        let Start { organization, group, mut candidates } = start(call, store, id, &named).await?;
        check_if_match(preconditions, group.version)?;
        let (resource, mut changes) = decide(call, &group)?;
        let all = references(&changes);
        if known.is_none() {
            let mut fetched = gate::fetch(call, store, Candidates::wanted(&all)).await?;
            candidates.take(&mut fetched, group.id);
        }
        candidates.find_rest(call, store, &all, group.id).await?;
        let policy = organization.directory.unknown_members;
        members::keep_known(call, &mut changes, &candidates, group.id, policy)?;
        let version = group.version;
        let Net { group: before, add, remove, relabel } =
            net(call, store, group, &changes, &candidates).await?;
        // The membership was read after the group. What was decided, and what `If-Match` was held against, is of
        // the version that was read first.
        if before.version != version {
            attempt = lost(call, CommitError::Stale, attempt).await?;
            continue;
        }
        if resource == before.resource && add.is_empty() && remove.is_empty() {
            store.relabel_members(&call.ctx, &organization.id, before.id, &relabel).await;
            return Ok((before, organization));
        }
        let count = before.member_count + add.len() as u64;
        let mut after = Group {
            resource,
            version: before.version + 1,
            modified: call.ctx.now().max(before.modified),
            member_count: count.saturating_sub(remove.len() as u64),
            ..before.clone()
        };
        match write(call, store, &organization, &before, &after, &add, &remove).await {
            Ok(version) => {
                store.relabel_members(&call.ctx, &organization.id, before.id, &relabel).await;
                after.version = version;
                return Ok((after, organization));
            }
            Err(error @ CommitError::Taken(_)) => return Err(refused(error, &after)),
            Err(error) => attempt = lost(call, error, attempt).await?,
        }
    }
}

async fn write<S: Groups>(
    call: &Call<'_>,
    store: &S,
    organization: &Organization,
    before: &Group,
    after: &Group,
    add: &[Member],
    remove: &[MemberId],
) -> Result<u64, CommitError> {
    let same = before.resource == after.resource;
    let (kind, data) = if same {
        (EventKind::GroupMembersChanged, Map::new())
    } else {
        (EventKind::GroupUpdated, differences(&before.resource, &after.resource))
    };
    let event = event(call, kind, after, add, remove, data);
    let keys_before = index::group_keys(&before.resource);
    let keys_after = index::group_keys(&after.resource);
    let organization = &organization.id;
    let ctx = &call.ctx;
    store
        .update_group(
            ctx,
            organization,
            before,
            after,
            &keys_before,
            &keys_after,
            add,
            remove,
            &event,
        )
        .await
}

/// What the changes of a membership come to.
struct Net {
    /// The group at the version that this was worked out for.
    group: Group,
    add: Vec<Member>,
    remove: Vec<MemberId>,
    /// Members who stay, and whom the client calls by another name than before.
    relabel: Vec<Member>,
}

/// What the changes come to. Reads the membership only where the changes are about all of it.
async fn net<S: Directory>(
    call: &Call<'_>,
    store: &S,
    group: Group,
    changes: &[MembersChange],
    candidates: &Candidates,
) -> Result<Net, Failure> {
    if changes.is_empty() {
        return Ok(Net { group, add: Vec::new(), remove: Vec::new(), relabel: Vec::new() });
    }
    let about_all = changes.iter().any(MembersChange::needs_members) && group.member_count > 0;
    let (group, current) = if about_all {
        let id = group.id;
        let found = render::members_of(call, store, id, MEMBERS_READ_MAX).await?;
        found.ok_or_else(|| not_found("Group", &id.to_string()))?
    } else {
        (group, Vec::new())
    };
    let (known, by_id) = if about_all {
        let by_id = current.iter().map(|member| (member.id.to_string(), member.id)).collect();
        (current.iter().map(reference).collect(), by_id)
    } else {
        (candidates.current(&group), HashMap::new())
    };
    let net = patch::net(changes, &known);
    let relabel = relabelled(changes, &current);
    let remove = net.remove.iter().filter_map(|id| {
        let candidate = || candidates.get(id).map(|candidate| candidate.id);
        by_id.get(id).copied().or_else(candidate)
    });
    let (add, remove): (Vec<Member>, Vec<MemberId>) =
        (candidates.members(&net.add), remove.collect());
    if add.len() + remove.len() > MEMBERS_CHANGED_MAX {
        return Err(Error::too_many(format!(
            "The request changes {} members; at most {MEMBERS_CHANGED_MAX} can be changed at once. Send them in several requests.",
            add.len() + remove.len()
        ))
        .into());
    }
    Ok(Net { group, add, remove, relabel })
}

/// Members who are there, named anew by a whole new membership.
fn relabelled(changes: &[MembersChange], current: &[Member]) -> Vec<Member> {
    let Some(MembersChange::Replace(sent)) = changes.last() else { return Vec::new() };
    let names: HashMap<&str, &str> = sent
        .iter()
        .filter_map(|member| Some((member.value.as_str(), member.display.as_deref()?)))
        .collect();
    let named = current.iter().filter_map(|member| {
        let name = *names.get(member.id.to_string().as_str())?;
        (member.display.as_deref() != Some(name))
            .then(|| Member { id: member.id, display: Some(name.to_owned()) })
    });
    named.take(RELABELLED_MAX).collect()
}

/// A member as filters on members see it.
pub(crate) fn reference(member: &Member) -> MemberRef {
    let kind = match member.id {
        MemberId::User(_) => resource::MemberKind::User,
        MemberId::Group(_) => resource::MemberKind::Group,
    };
    MemberRef { value: member.id.to_string(), kind: Some(kind), display: member.display.clone() }
}

fn event(
    call: &Call<'_>,
    kind: EventKind,
    group: &Group,
    add: &[Member],
    remove: &[MemberId],
    mut data: Map<String, Value>,
) -> Event {
    list_members(&mut data, "added", add.iter().map(|member| member.id), add.len());
    list_members(&mut data, "removed", remove.iter().copied(), remove.len());
    Event {
        kind,
        actor: call.ctx.actor.clone(),
        subject_kind: "group",
        subject_id: group.id.to_string(),
        subject_name: group.display_name().to_owned(),
        data,
    }
}

/// `{"added": {"count": 2, "members": […]}}`, with `"more": true` where the ids are too many for an event.
fn list_members(
    data: &mut Map<String, Value>,
    name: &str,
    members: impl Iterator<Item = MemberId>,
    count: usize,
) {
    if count == 0 {
        return;
    }
    let ids: Vec<String> = members.take(EVENT_MEMBERS_MAX).map(|id| id.to_string()).collect();
    let mut entry = json!({ "count": count, "members": ids });
    if count > EVENT_MEMBERS_MAX
        && let Some(entry) = entry.as_object_mut()
    {
        entry.insert("more".to_owned(), true.into());
    }
    data.insert(name.to_owned(), entry);
}

/// A write of a group that the store refused, in the words of its attributes.
fn refused(error: CommitError, group: &Group) -> Failure {
    match error {
        CommitError::Taken(IndexKey { index: Index::GroupDisplayName, .. }) => Error::uniqueness(
            format!("A group with displayName `{}` already exists.", shown(group.display_name())),
        )
        .into(),
        error => Failure::from_commit(error),
    }
}

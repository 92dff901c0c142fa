//! A record as the answer shows it: the resource with its `meta`, its groups or its members.

use std::collections::BTreeMap;

use lychgate_scim::{
    Error,
    filter::GroupRef,
    project::Projection,
    resource::{Linked, Meta},
};
use serde_json::{Value, json};

use crate::{
    call::{Answer, AnswerKind, Call, Failure},
    ctx::Ctx,
    gate,
    ids::{GroupId, MemberId},
    ports::{Directory, List, Wanted},
    precondition::etag,
    record::{Group, Member, Memberships, User},
    time::Timestamp,
};

/// How many members one answer shows, over all its groups: what fits into a function's answer of 6 MB.
pub const MEMBERS_ANSWERED_MAX: usize = 20_000;

/// A user or a group.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Record {
    User(User),
    Group(Group),
}

impl Record {
    pub(crate) const fn uuid(&self) -> uuid::Uuid {
        match self {
            Self::User(user) => user.id.uuid(),
            Self::Group(group) => group.id.uuid(),
        }
    }
}

/// The address of a resource (RFC 7643 §3.1, `meta.location`).
pub(crate) fn location(ctx: &Ctx<'_>, list: List, id: &str) -> String {
    let endpoint = match list {
        List::Users => "Users",
        List::Groups => "Groups",
    };
    format!("{}/scim/v2/{endpoint}/{id}", ctx.base_url)
}

fn meta<'a>(
    ctx: &Ctx<'_>,
    list: List,
    id: &'a str,
    version: u64,
    (created, modified): (Timestamp, Timestamp),
) -> Meta<'a> {
    Meta {
        id,
        location: location(ctx, list, id),
        created: created.rfc3339(),
        last_modified: modified.rfc3339(),
        version: etag(version),
    }
}

/// Groups that users (or nested groups) are in, as far as they are there.
pub(crate) type Heads = BTreeMap<GroupId, Group>;

/// Reads the groups of these memberships: which of them are visible, and what they are called.
pub(crate) async fn heads<S: Directory>(
    call: &Call<'_>,
    store: &S,
    memberships: impl Iterator<Item = &Memberships>,
) -> Result<Heads, Failure> {
    let mut groups: Vec<GroupId> = memberships.flat_map(BTreeMap::keys).copied().collect();
    groups.sort_unstable();
    groups.dedup();
    let fetched = gate::fetch(call, store, Wanted { groups, ..Wanted::default() }).await?;
    Ok(fetched.groups.into_iter().map(|group| (group.id, group)).collect())
}

/// The groups of a member, as `groups` shows them.
pub(crate) fn group_refs(memberships: &Memberships, heads: &Heads) -> Vec<GroupRef> {
    let visible = memberships.iter().filter_map(|(id, span)| {
        let group = heads.get(id).filter(|group| group.sees(*span))?;
        Some(GroupRef {
            value: id.to_string(),
            display: Some(group.display_name().to_owned()),
            direct: true,
        })
    });
    visible.collect()
}

/// A user as it is answered.
pub(crate) async fn user<S: Directory>(
    call: &Call<'_>,
    store: &S,
    user: User,
    projection: &Projection,
) -> Result<Value, Failure> {
    let heads = if projection.wants("groups") && !user.memberships.is_empty() {
        heads(call, store, std::iter::once(&user.memberships)).await?
    } else {
        Heads::new()
    };
    Ok(user_with(call, user, &heads, projection))
}

/// A user whose groups have been read.
pub(crate) fn user_with(
    call: &Call<'_>,
    user: User,
    heads: &Heads,
    projection: &Projection,
) -> Value {
    let groups = group_refs(&user.memberships, heads).into_iter().map(|group| {
        let reference = location(&call.ctx, List::Groups, &group.value);
        json!({ "value": group.value, "$ref": reference, "display": group.display, "type": "direct" })
    });
    let groups: Vec<Value> = groups.collect();
    let linked = Linked { groups: (!groups.is_empty()).then_some(groups), members: None };
    let id = user.id.to_string();
    let meta = meta(&call.ctx, List::Users, &id, user.version, (user.created, user.modified));
    user.resource.render(&call.catalogue.user, meta, linked, projection)
}

/// A group with the members that were read (none: they were not asked for).
pub(crate) fn group_with(
    call: &Call<'_>,
    group: Group,
    members: Option<&[Member]>,
    projection: &Projection,
) -> Value {
    let members = members.filter(|members| !members.is_empty());
    let members =
        members.map(|members| members.iter().map(|member| self::member(call, member)).collect());
    let linked = Linked { groups: None, members };
    let id = group.id.to_string();
    let meta = meta(&call.ctx, List::Groups, &id, group.version, (group.created, group.modified));
    group.resource.render(&call.catalogue.group, meta, linked, projection)
}

fn member(call: &Call<'_>, member: &Member) -> Value {
    let id = member.id.to_string();
    let (list, kind) = match member.id {
        MemberId::User(_) => (List::Users, "User"),
        MemberId::Group(_) => (List::Groups, "Group"),
    };
    let reference = location(&call.ctx, list, &id);
    match &member.display {
        Some(display) => {
            json!({ "value": id, "$ref": reference, "type": kind, "display": display })
        }
        None => json!({ "value": id, "$ref": reference, "type": kind }),
    }
}

/// Reads a group's members when the projection wants them; gives the group as it was at their version.
pub(crate) async fn group<S: Directory>(
    call: &Call<'_>,
    store: &S,
    group: Group,
    projection: &Projection,
) -> Result<Option<(u64, Value)>, Failure> {
    if !projection.wants("members") || group.member_count == 0 {
        return Ok(Some((group.version, group_with(call, group, None, projection))));
    }
    let Some((group, members)) = members_of(call, store, group.id, MEMBERS_ANSWERED_MAX).await?
    else {
        return Ok(None);
    };
    Ok(Some((group.version, group_with(call, group, Some(&members), projection))))
}

/// All members of a group with the group at their version; `None` when it is gone.
pub(crate) async fn members_of<S: Directory>(
    call: &Call<'_>,
    store: &S,
    group: GroupId,
    limit: usize,
) -> Result<Option<(Group, Vec<Member>)>, Failure> {
    use crate::ports::CommitError;
    let organization = &call.credential.organization;
    match store.membership(&call.ctx, organization, group, limit).await {
        Ok(found) => Ok(found.map(|found| (found.group, found.members))),
        Err(CommitError::TooLarge(_)) => Err(too_many_members().into()),
        Err(error) => Err(Failure::from_commit(error)),
    }
}

/// More members than an answer holds: never cut off in silence.
pub(crate) fn too_many_members() -> Error {
    Error::too_many(format!(
        "The answer would hold more than {MEMBERS_ANSWERED_MAX} members. Ask with `excludedAttributes=members`, test one member with the filter `id eq \"…\" and members eq \"…\"`, or ask for fewer groups with `count`."
    ))
}

/// 200 with one resource.
pub(crate) fn found(version: u64, body: Value) -> Answer {
    Answer { kind: AnswerKind::Ok, body: Some(body), location: None, etag: Some(etag(version)) }
}

/// 201 with one resource.
pub(crate) fn created(version: u64, location: String, body: Value) -> Answer {
    Answer {
        kind: AnswerKind::Created,
        body: Some(body),
        location: Some(location),
        etag: Some(etag(version)),
    }
}

/// 204, or 304.
pub(crate) const fn empty(kind: AnswerKind, etag: Option<String>) -> Answer {
    Answer { kind, body: None, location: None, etag }
}

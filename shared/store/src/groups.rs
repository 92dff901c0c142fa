//! Writing groups. What fits in one transaction is done here; the rest goes to [`crate::large`] and
//! [`crate::depart`].

use aws_sdk_dynamodb::types::AttributeValue;
use lychgate_core::{
    ctx::Ctx,
    event::Event,
    ids::{GroupId, MemberId, OrganizationId},
    ports::{CommitError, Groups, List},
    record::{Group, IndexKey, Member, Span},
};

use crate::{
    Store,
    index::{Standing, count_down, count_up, free, shift, take},
    item::{
        COUNT, DOC, MEMBERSHIPS, MODIFIED, VERSION, doc,
        group::{self, Head},
        instant, key_item,
        membership::{DISPLAY, span_text, write_row},
        n, s,
    },
    keys,
    large::Edit,
    pending::{WAIT_ATTEMPTS_MAX, as_read, next_version},
    transact::{ACTIONS_MAX, Action, Failed, Meaning, RESERVE_MILLIS, Refused, Transaction},
};

/// How often a change is tried because something beside the group's version moved.
pub(crate) const HEAD_ATTEMPTS_MAX: u32 = 8;

impl Groups for Store {
    async fn create_group(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
        keys: &[IndexKey],
        members: &[Member],
        event: &Event,
    ) -> Result<(), CommitError> {
        let mut transaction = Transaction::with_event(organization, event);
        transaction.push(
            Action::put(
                keys::group(organization, group.id),
                group::write(organization, group, &[]),
            )
            .when("attribute_not_exists(pk)", Meaning::Subject),
        );
        for key in keys {
            transaction.push(take(organization, key, group.id.uuid(), Standing::Committed));
        }
        transaction.push(count_up(organization, List::Groups, None));
        if transaction.len() + 2 * members.len() > ACTIONS_MAX {
            return self.create_large(ctx, organization, group, keys, members, event).await;
        }
        for member in members {
            transaction.actions.extend(join(organization, group.id, member, group.version));
        }
        for attempt in 0.. {
            match self.transact(ctx, &transaction).await {
                Ok(()) => return Ok(()),
                Err(Refused::Conditions(failed)) if own_group(&failed, is_live) => {
                    return Ok(());
                }
                Err(refused) => {
                    self.try_again_after_claim(ctx, organization, refused, attempt).await?;
                }
            }
        }
        Err(CommitError::Stale)
    }

    async fn update_group(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &Group,
        after: &Group,
        keys_before: &[IndexKey],
        keys_after: &[IndexKey],
        add: &[Member],
        remove: &[MemberId],
        event: &Event,
    ) -> Result<u64, CommitError> {
        let edit =
            Edit { organization, before, after, keys_before, keys_after, add, remove, event };
        let mut current = before.clone();
        for attempt in 0..HEAD_ATTEMPTS_MAX {
            current = self.settle_at(ctx, organization, current).await?;
            let version = next_version(&current);
            let Some(transaction) = small_update(&edit, &current, version) else {
                return self.update_large(ctx, &edit, current).await;
            };
            let refused = match self.transact(ctx, &transaction).await {
                Ok(()) => return Ok(version),
                Err(refused) => refused,
            };
            match same_version(&refused, before) {
                Some(group) => current = group,
                None => {
                    self.try_again_after_claim(ctx, organization, refused, attempt).await?;
                }
            }
        }
        Err(CommitError::Stale)
    }

    async fn relabel_members(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: GroupId,
        members: &[Member],
    ) {
        for member in members {
            let Some(display) = &member.display else { continue };
            if !ctx.has_millis(RESERVE_MILLIS) {
                return;
            }
            let sent = self
                .client
                .update_item()
                .table_name(&*self.table)
                .set_key(Some(key_item(&keys::row(organization, group, member.id.uuid()))))
                .update_expression("SET #display = :display")
                .condition_expression("attribute_exists(pk)")
                .expression_attribute_names("#display", DISPLAY)
                .expression_attribute_values(":display", s(display))
                .send()
                .await;
            // A row that went meanwhile needs no label.
            drop(sent);
        }
    }

    async fn delete_group(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        group: &Group,
        keys: &[IndexKey],
        event: &Event,
    ) -> Result<(), CommitError> {
        let mut transaction = Transaction::with_event(organization, event);
        for key in keys {
            transaction.push(free(organization, key, group.id.uuid()));
        }
        transaction.push(count_down(organization, List::Groups));
        self.depart_group(ctx, organization, group, transaction).await
    }
}

/// The head of a refused change as it is now, when its version is still the one that was expected: something
/// beside it moved (a change began, or was given up), and the same change can be tried on it.
pub(crate) fn same_version(refused: &Refused, before: &Group) -> Option<Group> {
    let Refused::Conditions(failed) = refused else {
        return None;
    };
    let head = failed.iter().find(|failed| failed.meaning == Meaning::Subject)?;
    match group::read(head.old.as_ref()?) {
        Ok(Head::Live(group)) if group.version == before.version => Some(group),
        _ => None,
    }
}

/// Whether a creation failed only because the very group is there, in the state that is wanted: our own
/// write, whose answer was lost.
pub(crate) fn own_group(failed: &[Failed], wanted: impl Fn(&Head) -> bool) -> bool {
    failed
        .iter()
        .filter(|failed| failed.meaning == Meaning::Subject)
        .filter_map(|failed| group::read(failed.old.as_ref()?).ok())
        .any(|head| wanted(&head))
}

/// Whether everybody sees it.
pub(crate) const fn is_live(head: &Head) -> bool {
    matches!(head, Head::Live(_))
}

/// The claim that alone stood in the way.
fn only_claim(failed: &[Failed]) -> Option<&IndexKey> {
    let mut keys = failed.iter().map(|failed| match &failed.meaning {
        Meaning::Claim(key) => Some(key),
        _ => None,
    });
    let first = keys.next()??;
    keys.all(|key| key.is_some()).then_some(first)
}

/// All of a small change; `None` when it is a large one.
fn small_update<'a>(edit: &Edit<'a>, current: &Group, version: u64) -> Option<Transaction<'a>> {
    let (organization, id) = (edit.organization, edit.before.id);
    let mut transaction = Transaction::with_event(organization, edit.event);
    transaction.push(as_read(write_head(edit, version, ""), current, Meaning::Subject));
    shift(&mut transaction, organization, id.uuid(), edit.keys_before, edit.keys_after);
    if transaction.len() + 2 * (edit.add.len() + edit.remove.len()) > ACTIONS_MAX {
        return None;
    }
    for member in edit.add {
        transaction.actions.extend(join(organization, id, member, version));
    }
    for member in edit.remove {
        transaction.actions.extend(leave(organization, id, *member));
    }
    Some(transaction)
}

/// Writes the group's own attributes at a new version. The count moves by what is added and removed, so that
/// a row whose member is being deleted meanwhile is not counted away twice.
pub(crate) fn write_head(edit: &Edit<'_>, version: u64, more: &str) -> Action {
    let delta = edit.add.len().cast_signed() - edit.remove.len().cast_signed();
    let expression = format!(
        "SET {DOC} = :doc, {VERSION} = :v, {MODIFIED} = :mo, {COUNT} = {COUNT} + :delta{more}"
    );
    Action::update(keys::group(edit.organization, edit.before.id), expression)
        .value(":doc", doc(&edit.after.resource))
        .value(":v", n(version))
        .value(":mo", instant(edit.after.modified))
        .value(":delta", n(delta))
}

/// A member joins: the row and its mirror, in lockstep.
pub(crate) fn join(
    organization: &OrganizationId,
    group: GroupId,
    member: &Member,
    since: u64,
) -> [Action; 2] {
    let row = Action::put(
        keys::row(organization, group, member.id.uuid()),
        write_row(organization, group, member, since),
    );
    [row, mirror(organization, group, member.id, Span { since, until: None })]
}

/// Writes the mirror of a membership, if the member is there.
fn mirror(organization: &OrganizationId, group: GroupId, member: MemberId, span: Span) -> Action {
    let action = write_mirror(organization, group, member, span);
    let there = "attribute_exists(pk) AND attribute_not_exists(x)";
    match member {
        MemberId::User(_) => action.when(there, Meaning::Member(member)),
        // A group that is being created is nobody's member yet.
        MemberId::Group(_) => action
            .when(format!("{there} AND v > :zero"), Meaning::Member(member))
            .value(":zero", n(0)),
    }
}

/// Writes the mirror of a membership; the caller adds the condition that the member is there.
pub(crate) fn write_mirror(
    organization: &OrganizationId,
    group: GroupId,
    member: MemberId,
    span: Span,
) -> Action {
    Action::update(keys::member(organization, member), format!("SET {MEMBERSHIPS}.#group = :span"))
        .name("#group", group.to_string())
        .value(":span", s(span_text(span)))
}

/// A member leaves: the row and its mirror, in lockstep.
pub(crate) fn leave(
    organization: &OrganizationId,
    group: GroupId,
    member: MemberId,
) -> [Action; 2] {
    let row = Action::delete(keys::row(organization, group, member.uuid()));
    let mirror =
        forget(organization, group, member).when("attribute_exists(pk)", Meaning::Member(member));
    [row, mirror]
}

/// Removes the mirror of a membership; the caller adds the condition that the member is there.
pub(crate) fn forget(organization: &OrganizationId, group: GroupId, member: MemberId) -> Action {
    Action::update(keys::member(organization, member), format!("REMOVE {MEMBERSHIPS}.#group"))
        .name("#group", group.to_string())
}

/// True, as an attribute.
pub(crate) const fn yes() -> AttributeValue {
    AttributeValue::Bool(true)
}

impl Store {
    /// After a refusal: `Ok` when it was a claim that may be gone now.
    pub(crate) async fn try_again_after_claim(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        refused: Refused,
        attempt: u32,
    ) -> Result<(), CommitError> {
        if let Refused::Conditions(failed) = &refused
            && let Some(key) = only_claim(failed)
            && attempt < WAIT_ATTEMPTS_MAX
        {
            return self.clear_claim(ctx, organization, key, attempt).await;
        }
        Err(refused.commit_error())
    }
}

//! Writing users.

use aws_sdk_dynamodb::types::AttributeValue;
use lychgate_core::{
    ctx::Ctx,
    event::Event,
    ids::OrganizationId,
    ports::{Beside, CommitError, List, Users},
    record::{IndexKey, User},
};

use crate::{
    Store,
    index::{Standing, count_down, count_up, shift, take},
    item::{
        self, DOC, MODIFIED, VERSION, doc, instant, n, s,
        user::{ORIGIN, PASSWORD_ALLOWED, SUSPENDED, SUSPENDED_BY_HAND, write_suspension},
    },
    keys,
    transact::{Action, Failed, Meaning, Refused, Transaction},
};

impl Users for Store {
    async fn create_user(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: &User,
        keys: &[IndexKey],
        seats: Option<u64>,
        event: &Event,
    ) -> Result<(), CommitError> {
        let mut transaction = Transaction::with_event(organization, event);
        push_creation(&mut transaction, organization, user, keys, seats);
        match self.transact(ctx, &transaction).await {
            Ok(()) => Ok(()),
            // Nobody else has this id: it is our own write, whose answer was lost.
            Err(Refused::Conditions(failed)) if own_creation(&failed) => Ok(()),
            Err(refused) => Err(refused.commit_error()),
        }
    }

    async fn update_user(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        before: &User,
        after: &User,
        keys_before: &[IndexKey],
        keys_after: &[IndexKey],
        beside: Option<Beside<'_>>,
        event: &Event,
    ) -> Result<(), CommitError> {
        let mut transaction = Transaction::with_event(organization, event);
        transaction.push(update(organization, before, after));
        shift(&mut transaction, organization, before.id.uuid(), keys_before, keys_after);
        if before.password_allowed && !after.password_allowed {
            transaction.push(Action::delete(keys::password(organization, before.id)));
        }
        push_beside(&mut transaction, beside);
        self.transact(ctx, &transaction).await.map_err(Refused::commit_error)
    }

    async fn delete_user(
        &self,
        ctx: &Ctx<'_>,
        organization: &OrganizationId,
        user: &User,
        keys: &[IndexKey],
        beside: Option<Beside<'_>>,
        event: &Event,
    ) -> Result<(), CommitError> {
        let mut transaction = Transaction::with_event(organization, event);
        for key in keys {
            transaction.push(crate::index::free(organization, key, user.id.uuid()));
        }
        transaction.push(count_down(organization, List::Users));
        if user.password_allowed {
            // Who may have none has none: it went when it was forbidden.
            transaction.push(Action::delete(keys::password(organization, user.id)));
        }
        push_beside(&mut transaction, beside);
        self.depart_user(ctx, organization, user, transaction).await
    }
}

/// A new member with its keys, within the seats.
pub(crate) fn push_creation(
    transaction: &mut Transaction<'_>,
    organization: &OrganizationId,
    user: &User,
    keys: &[IndexKey],
    seats: Option<u64>,
) {
    transaction.push(
        Action::put(keys::user(organization, user.id), item::user::write(organization, user))
            .when("attribute_not_exists(pk)", Meaning::Subject),
    );
    for key in keys {
        transaction.push(take(organization, key, user.id.uuid(), Standing::Committed));
    }
    transaction.push(count_up(organization, List::Users, seats));
}

/// Whether a creation failed only because the very resource is there.
pub(crate) fn own_creation(failed: &[Failed]) -> bool {
    failed.iter().any(|failed| failed.meaning == Meaning::Subject && failed.old.is_some())
}

/// The organization's own change in the same transaction.
pub(crate) fn push_beside(transaction: &mut Transaction<'_>, beside: Option<Beside<'_>>) {
    if let Some(beside) = beside {
        transaction.push(write_organization(beside.before.version, beside.after));
    }
}

/// An organization over the version that is expected.
pub(crate) fn write_organization(
    expected: u64,
    after: &lychgate_core::organization::Organization,
) -> Action {
    Action::put(keys::organization(&after.id), item::organization::write(after))
        .when("v = :was", Meaning::Subject)
        .value(":was", n(expected))
}

/// Writes a user's own attributes; the memberships in the same item are left to those who change groups, and the time of
/// the last sign-in to those who sign in.
fn update(organization: &OrganizationId, before: &User, after: &User) -> Action {
    let mut set = vec![
        format!("{DOC} = :doc"),
        format!("{VERSION} = :v"),
        format!("{MODIFIED} = :mo"),
        format!("{ORIGIN} = :o"),
    ];
    let mut remove = Vec::new();
    let mut values = Vec::new();
    for (name, suspension) in
        [(SUSPENDED, &after.suspended), (SUSPENDED_BY_HAND, &after.suspended_by_hand)]
    {
        match suspension {
            None => remove.push(name),
            Some(suspension) => {
                set.push(format!("{name} = :{name}"));
                values.push((format!(":{name}"), write_suspension(suspension)));
            }
        }
    }
    if after.password_allowed {
        set.push(format!("{PASSWORD_ALLOWED} = :{PASSWORD_ALLOWED}"));
        values.push((format!(":{PASSWORD_ALLOWED}"), AttributeValue::Bool(true)));
    } else {
        remove.push(PASSWORD_ALLOWED);
    }
    let mut expression = format!("SET {}", set.join(", "));
    if !remove.is_empty() {
        expression.push_str(" REMOVE ");
        expression.push_str(&remove.join(", "));
    }
    let action = Action::update(keys::user(organization, before.id), expression)
        .when("v = :was AND attribute_not_exists(x)", Meaning::Subject)
        .value(":was", n(before.version))
        .value(":doc", doc(&after.resource))
        .value(":v", n(after.version))
        .value(":mo", instant(after.modified))
        .value(":o", s(after.origin.text()));
    values.into_iter().fold(action, |action, (name, value)| action.value(&name, value))
}

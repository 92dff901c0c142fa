//! One transaction per change: actions as data, sent until DynamoDB has decided.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        AttributeValue, CancellationReason, ConditionCheck, Delete, Put,
        ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
    },
};
use lychgate_core::{
    ctx::Ctx,
    event::Event,
    ids::{EventId, MemberId, OrganizationId},
    ports::{CommitError, StoreError},
    record::IndexKey,
};
use uuid::Uuid;

use crate::{
    Store,
    error::{failed, throttled, unbuildable},
    item::{self, Item, key_item},
    keys::{self, Key},
};

/// The most actions of one transaction.
pub(crate) const ACTIONS_MAX: usize = 100;
/// How often a transaction that met another one is sent at most.
pub(crate) const CONFLICT_ATTEMPTS_MAX: u32 = 12;
const CONFLICT_BACKOFF_MILLIS: u64 = 20;
const CONFLICT_BACKOFF_MILLIS_MAX: u64 = 400;
/// What is kept back of the time for the answer, in milliseconds.
pub(crate) const RESERVE_MILLIS: u64 = 1_000;

/// The limit that an item met.
pub(crate) const ITEM_TOO_LARGE: &str =
    "The resource, or a member's list of groups, would be larger than the store can keep (400 KB).";

/// What it says when an action's condition failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The resource itself is not as it was read.
    Subject,
    /// A unique value belongs to somebody else.
    Claim(IndexKey),
    /// The seats are used up.
    Seats,
    /// A member is gone.
    Member(MemberId),
    /// The pending change is not ours any more.
    Fence,
    /// The domain is taken.
    Domain,
    /// An e-mail domain leads to another organization.
    EmailDomain(String),
    /// The assertion was used before.
    Seen,
    /// The started sign-in was used, or has ended.
    Flow,
    /// The session of this very sign-in is there: it is our own write, whose answer was lost.
    Session,
    /// Something else moved: read again.
    Other,
}

/// What an action does.
#[derive(Debug, Clone)]
enum Verb {
    Put(Item),
    Update(String),
    Delete,
    Check,
}

/// One action of a transaction.
#[derive(Debug, Clone)]
pub(crate) struct Action {
    key: Key,
    verb: Verb,
    condition: Option<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
    pub(crate) meaning: Meaning,
}

impl Action {
    fn new(key: Key, verb: Verb) -> Self {
        Self {
            key,
            verb,
            condition: None,
            names: HashMap::new(),
            values: HashMap::new(),
            meaning: Meaning::Other,
        }
    }

    /// Writes a whole item.
    pub(crate) fn put(key: Key, item: Item) -> Self {
        Self::new(key, Verb::Put(item))
    }

    /// Changes parts of an item.
    pub(crate) fn update(key: Key, expression: impl Into<String>) -> Self {
        Self::new(key, Verb::Update(expression.into()))
    }

    /// Deletes an item.
    pub(crate) fn delete(key: Key) -> Self {
        Self::new(key, Verb::Delete)
    }

    /// Only checks an item.
    pub(crate) fn check(key: Key) -> Self {
        Self::new(key, Verb::Check)
    }

    /// Under this condition; `meaning` says what its failure means.
    pub(crate) fn when(mut self, condition: impl Into<String>, meaning: Meaning) -> Self {
        self.condition = Some(condition.into());
        self.meaning = meaning;
        self
    }

    /// Under one more condition.
    pub(crate) fn and(mut self, condition: &str) -> Self {
        self.condition = Some(match self.condition {
            None => condition.to_owned(),
            Some(first) => format!("({first}) AND ({condition})"),
        });
        self
    }

    /// A placeholder for a name.
    pub(crate) fn name(mut self, placeholder: &str, name: impl Into<String>) -> Self {
        self.names.insert(placeholder.to_owned(), name.into());
        self
    }

    /// A placeholder for a value.
    pub(crate) fn value(mut self, placeholder: &str, value: AttributeValue) -> Self {
        self.values.insert(placeholder.to_owned(), value);
        self
    }

    fn build(&self, table: &str) -> Result<TransactWriteItem, StoreError> {
        let names = (!self.names.is_empty()).then(|| self.names.clone());
        let values = (!self.values.is_empty()).then(|| self.values.clone());
        let old = self.condition.is_some().then_some(ReturnValuesOnConditionCheckFailure::AllOld);
        let key = || Some(key_item(&self.key));
        let whole = TransactWriteItem::builder();
        let built = match &self.verb {
            Verb::Put(item) => Put::builder()
                .table_name(table)
                .set_item(Some(item.clone()))
                .set_condition_expression(self.condition.clone())
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .set_return_values_on_condition_check_failure(old)
                .build()
                .map(|put| whole.put(put)),
            Verb::Update(expression) => Update::builder()
                .table_name(table)
                .set_key(key())
                .update_expression(expression)
                .set_condition_expression(self.condition.clone())
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .set_return_values_on_condition_check_failure(old)
                .build()
                .map(|update| whole.update(update)),
            Verb::Delete => Delete::builder()
                .table_name(table)
                .set_key(key())
                .set_condition_expression(self.condition.clone())
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .set_return_values_on_condition_check_failure(old)
                .build()
                .map(|delete| whole.delete(delete)),
            Verb::Check => ConditionCheck::builder()
                .table_name(table)
                .set_key(key())
                .condition_expression(self.condition.clone().unwrap_or_default())
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .set_return_values_on_condition_check_failure(old)
                .build()
                .map(|check| whole.condition_check(check)),
        };
        Ok(built.map_err(|error| unbuildable(&error))?.build())
    }
}

/// One change.
#[derive(Debug, Clone, Default)]
pub(crate) struct Transaction<'a> {
    /// Its actions.
    pub(crate) actions: Vec<Action>,
    /// The events that it writes beside them, with ids made anew in each attempt.
    pub(crate) events: Vec<(&'a OrganizationId, &'a Event)>,
}

/// An action whose condition failed.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    /// Which action.
    pub(crate) index: usize,
    /// What that means.
    pub(crate) meaning: Meaning,
    /// The item as it was, if it was there.
    pub(crate) old: Option<Item>,
}

/// Why a transaction did not happen.
#[derive(Debug, Clone)]
pub(crate) enum Refused {
    /// These conditions failed.
    Conditions(Vec<Failed>),
    /// An item would be too large.
    TooLarge,
    /// The store.
    Store(StoreError),
}

impl Refused {
    /// As an error of the port, where nothing more is known: the first that names a cause counts.
    pub(crate) fn commit_error(self) -> CommitError {
        match self {
            Self::Store(error) => CommitError::Store(error),
            Self::TooLarge => CommitError::TooLarge(ITEM_TOO_LARGE),
            Self::Conditions(failed) => {
                // The resource itself comes first: when it moved, the rest was decided on old facts.
                let stale = failed.iter().any(|failed| {
                    matches!(failed.meaning, Meaning::Subject | Meaning::Fence | Meaning::Other)
                });
                if stale {
                    return CommitError::Stale;
                }
                for failed in failed {
                    match failed.meaning {
                        Meaning::Claim(key) => return CommitError::Taken(key),
                        Meaning::Seats => return CommitError::SeatsExhausted,
                        Meaning::Member(_) => return CommitError::MemberGone,
                        Meaning::EmailDomain(domain) => {
                            return CommitError::EmailDomainTaken(domain);
                        }
                        Meaning::Subject
                        | Meaning::Fence
                        | Meaning::Domain
                        | Meaning::Seen
                        | Meaning::Flow
                        | Meaning::Session
                        | Meaning::Other => {}
                    }
                }
                CommitError::Stale
            }
        }
    }
}

impl<'a> Transaction<'a> {
    /// A change with its event.
    pub(crate) fn with_event(organization: &'a OrganizationId, event: &'a Event) -> Self {
        Self { actions: Vec::new(), events: vec![(organization, event)] }
    }

    /// How many actions it will have.
    pub(crate) fn len(&self) -> usize {
        self.actions.len() + self.events.len()
    }

    /// One more action.
    pub(crate) fn push(&mut self, action: Action) {
        self.actions.push(action);
    }
}

/// What became of one sending.
enum Attempt {
    Done,
    /// Nothing happened: it met another transaction, or was throttled.
    Conflict,
    /// An earlier sending of the very same request is still at work.
    InProgress,
    Refused(Refused),
}

/// A transaction as it is sent: with its event's id and the token that makes sending it twice harmless.
#[derive(Clone)]
struct Request {
    items: Vec<TransactWriteItem>,
    token: String,
}

impl Store {
    /// Sends a transaction until DynamoDB has decided: conflicts with other transactions and throttling are
    /// waited out, a bounded number of times and within the deadline. After a conflict the event gets a new
    /// id, so that the order of ids stays that of commits; while the outcome is open the same request is sent
    /// again, so that nothing happens twice.
    pub(crate) async fn transact(
        &self,
        ctx: &Ctx<'_>,
        transaction: &Transaction<'_>,
    ) -> Result<(), Refused> {
        let mut request = self.request(ctx, transaction)?;
        for attempt in 0..CONFLICT_ATTEMPTS_MAX {
            if attempt > 0 {
                if !ctx.has_millis(RESERVE_MILLIS) {
                    break;
                }
                let (base, max) = (CONFLICT_BACKOFF_MILLIS, CONFLICT_BACKOFF_MILLIS_MAX);
                ctx.back_off(attempt - 1, base, max).await;
            }
            match self.send(transaction, request.clone()).await {
                Attempt::Done => return Ok(()),
                Attempt::Refused(refused) => return Err(refused),
                Attempt::Conflict => request = self.request(ctx, transaction)?,
                Attempt::InProgress => {}
            }
        }
        Err(Refused::Store(throttled()))
    }

    fn request(&self, ctx: &Ctx<'_>, transaction: &Transaction<'_>) -> Result<Request, Refused> {
        let mut items = Vec::with_capacity(transaction.len());
        for action in &transaction.actions {
            items.push(action.build(&self.table).map_err(Refused::Store)?);
        }
        for (organization, event) in &transaction.events {
            let id = EventId::new(ctx.now(), ctx.world);
            let item = item::event::write(organization, id, event);
            let put = Action::put(keys::event(organization, id), item);
            items.push(put.build(&self.table).map_err(Refused::Store)?);
        }
        let mut token = [0_u8; 16];
        ctx.world.fill(&mut token);
        Ok(Request { items, token: Uuid::from_bytes(token).as_simple().to_string() })
    }

    async fn send(&self, transaction: &Transaction<'_>, request: Request) -> Attempt {
        let sent = self
            .client
            .transact_write_items()
            .set_transact_items(Some(request.items))
            .client_request_token(request.token)
            .send()
            .await;
        match sent {
            Ok(_) => Attempt::Done,
            Err(error) => judge(transaction, &error),
        }
    }
}

fn judge(transaction: &Transaction<'_>, error: &SdkError<TransactWriteItemsError>) -> Attempt {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            return judge_reasons(transaction, cancelled.cancellation_reasons());
        }
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => {
            return Attempt::InProgress;
        }
        Some(other) if other.message().is_some_and(says_too_large) => {
            return Attempt::Refused(Refused::TooLarge);
        }
        _ => {}
    }
    match failed("TransactWriteItems", error) {
        StoreError::Throttled { .. } => Attempt::Conflict,
        error => Attempt::Refused(Refused::Store(error)),
    }
}

/// DynamoDB has no code of its own for an item that is too large.
fn says_too_large(message: &str) -> bool {
    message.contains("Item size")
}

fn judge_reasons(transaction: &Transaction<'_>, reasons: &[CancellationReason]) -> Attempt {
    let coded = |wanted: &[&str]| {
        reasons.iter().any(|reason| reason.code().is_some_and(|code| wanted.contains(&code)))
    };
    let conditions: Vec<Failed> = reasons
        .iter()
        .enumerate()
        .filter(|(_, reason)| reason.code() == Some("ConditionalCheckFailed"))
        .map(|(index, reason)| Failed {
            index,
            meaning: transaction
                .actions
                .get(index)
                .map_or(Meaning::Other, |action| action.meaning.clone()),
            old: reason.item().filter(|item| !item.is_empty()).cloned(),
        })
        .collect();
    if !conditions.is_empty() {
        return Attempt::Refused(Refused::Conditions(conditions));
    }
    if coded(&["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]) {
        return Attempt::Conflict;
    }
    let too_large = reasons.iter().any(|reason| reason.message().is_some_and(says_too_large));
    if too_large {
        return Attempt::Refused(Refused::TooLarge);
    }
    let codes: Vec<&str> = reasons.iter().filter_map(|reason| reason.code()).collect();
    Attempt::Refused(Refused::Store(StoreError::Unavailable(format!(
        "TransactWriteItems: cancelled: {codes:?}"
    ))))
}

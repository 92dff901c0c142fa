//! `POST /Bulk` (RFC 7644 §3.7): each operation by itself, in order, save that one which refers to a resource
//! that a later one creates waits for it, and that resources which refer to each other in a circle are
//! created first and joined afterwards (§3.7.1).

use std::collections::HashMap;

use lychgate_scim::{
    Error, ErrorKind,
    message::{
        self,
        bulk::{BulkMethod, BulkOperation, BulkRequest, BulkResult, UnreadableOperation},
    },
    project::Projection,
    resource::MemberKind,
};
use serde_json::Value;

use crate::{
    call::{Answer, AnswerKind, Call, Failure},
    gate, groups,
    ports::{Groups, List, Users, Wanted},
    precondition::{Preconditions, Tags},
    render, users,
};

/// What must be left of the time to begin another operation, in milliseconds.
const OPERATION_RESERVE_MILLIS: u64 = 3_000;

/// Carries out the operations of a bulk request.
///
/// # Errors
/// A [`Failure`] of the request as a whole; those of its operations stand in the answer.
pub async fn run<S: Users + Groups>(
    call: &mut Call<'_>,
    store: &S,
    body: Value,
) -> Result<Answer, Failure> {
    gate::fetch_admitted(call, store, Wanted::default()).await?;
    let request = BulkRequest::parse(body, &mut call.notices)?;
    let mut run = Run::new(request);
    while let Some(at) = run.next() {
        if run.is_over() {
            break;
        }
        run.step(call, store, at).await;
    }
    while let Some(joining) = run.joining.pop() {
        run.join(call, store, joining).await;
    }
    let results = run.results.into_iter().flatten().collect();
    let body = Some(message::bulk::render(results));
    Ok(Answer { kind: AnswerKind::Ok, body, location: None, etag: None })
}

/// A resource of a circle that was created without some of its references.
struct Joining {
    at: usize,
    id: String,
    operation: BulkOperation,
}

struct Run {
    waiting: Vec<Option<Result<BulkOperation, UnreadableOperation>>>,
    results: Vec<Option<BulkResult>>,
    /// Ids by `bulkId`, of what was created.
    created: HashMap<String, String>,
    joining: Vec<Joining>,
    fail_on_errors: Option<usize>,
    errors: usize,
}

impl Run {
    fn new(request: BulkRequest) -> Self {
        Self {
            results: request.operations.iter().map(|_| None).collect(),
            waiting: request.operations.into_iter().map(Some).collect(),
            created: HashMap::new(),
            joining: Vec::new(),
            fail_on_errors: request.fail_on_errors,
            errors: 0,
        }
    }

    fn is_over(&self) -> bool {
        self.fail_on_errors.is_some_and(|most| self.errors >= most)
    }

    /// The first operation that need not wait; in a circle, the first creation of it.
    fn next(&self) -> Option<usize> {
        let ready = |operation: &BulkOperation| self.awaited(operation).is_empty();
        let first = |test: &dyn Fn(&BulkOperation) -> bool| {
            self.waiting.iter().position(|operation| match operation {
                Some(Ok(operation)) => test(operation),
                Some(Err(_)) => true,
                None => false,
            })
        };
        first(&ready)
            .or_else(|| first(&|operation| operation.method == BulkMethod::Post))
            .or_else(|| first(&|_| true))
    }

    /// The references whose resource is still to be created by another operation of this request.
    fn awaited<'o>(&self, operation: &'o BulkOperation) -> Vec<&'o str> {
        let mut awaited = operation.references();
        awaited.retain(|bulk_id| {
            self.waiting.iter().flatten().flatten().any(|other| {
                other.method == BulkMethod::Post && other.bulk_id.as_deref() == Some(bulk_id)
            })
        });
        awaited
    }

    async fn step<S: Users + Groups>(&mut self, call: &mut Call<'_>, store: &S, at: usize) {
        let mut operation = match self.waiting.get(at) {
            Some(Some(Ok(operation))) => operation.clone(),
            Some(Some(Err(unreadable))) => {
                let result = refused(unreadable);
                return self.skip(at, result);
            }
            Some(None) | None => return,
        };
        let awaited: Vec<String> =
            self.awaited(&operation).into_iter().map(str::to_owned).collect();
        if let Some(slot) = self.waiting.get_mut(at) {
            *slot = None;
        }
        let whole = (!awaited.is_empty()).then(|| operation.clone());
        if whole.is_some() {
            operation.data = without(operation.data, &awaited);
        }
        let outcome = self.carry_out(call, store, operation.clone()).await;
        if let (Ok(done), Some(whole), Some(bulk_id)) = (&outcome, whole, &operation.bulk_id)
            && let Some(id) = id_of(done)
        {
            self.created.insert(bulk_id.clone(), id.clone());
            self.joining.push(Joining { at, id, operation: whole });
        }
        self.settle(call, at, &operation, outcome);
    }

    /// Puts down that an operation could not be read.
    fn skip(&mut self, at: usize, result: BulkResult) {
        self.errors += 1;
        if let Some(slot) = self.waiting.get_mut(at) {
            *slot = None;
        }
        if let Some(slot) = self.results.get_mut(at) {
            *slot = Some(result);
        }
    }

    /// Replaces a resource of a circle by what the request said of it, now that all of the circle is there.
    /// When that fails the resource goes again: nothing is left half done.
    async fn join<S: Users + Groups>(&mut self, call: &mut Call<'_>, store: &S, joining: Joining) {
        let Joining { at, id, mut operation } = joining;
        operation.target.id = Some(id.clone());
        operation.method = BulkMethod::Put;
        let outcome = self.carry_out(call, store, operation.clone()).await;
        operation.method = BulkMethod::Post;
        if outcome.is_err() {
            let kind = operation.target.kind;
            // Best effort: the error that is reported is the one that made this necessary.
            let _ = delete(call, store, kind, &id, &Preconditions::default()).await;
        }
        let outcome = outcome.map(|answer| Answer { kind: AnswerKind::Created, ..answer });
        self.settle(call, at, &operation, outcome);
    }

    async fn carry_out<S: Users + Groups>(
        &self,
        call: &mut Call<'_>,
        store: &S,
        mut operation: BulkOperation,
    ) -> Result<Answer, Failure> {
        if !call.ctx.has_millis(OPERATION_RESERVE_MILLIS) {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "The time for this request is over. Send the operations that are left in another one.",
            )
            .into());
        }
        operation.resolve(|bulk_id| self.created.get(bulk_id).map(String::as_str))?;
        apply(call, store, operation).await
    }

    fn settle(
        &mut self,
        call: &Call<'_>,
        at: usize,
        operation: &BulkOperation,
        outcome: Result<Answer, Failure>,
    ) {
        // A reference that the path made is named by the id that it stood for.
        let target = operation.target.id.as_deref().map(|id| {
            let created = id.strip_prefix("bulkId:").and_then(|bulk_id| self.created.get(bulk_id));
            created.map_or(id, String::as_str).to_owned()
        });
        let list = list_of(operation.target.kind);
        let mut result = BulkResult {
            method: operation.method.name().into(),
            bulk_id: operation.bulk_id.clone(),
            version: None,
            location: target.map(|id| render::location(&call.ctx, list, &id)),
            status: 0,
            response: None,
        };
        match outcome {
            Ok(answer) => {
                if let (Some(bulk_id), Some(id)) = (&operation.bulk_id, id_of(&answer)) {
                    self.created.insert(bulk_id.clone(), id);
                }
                result.status = match answer.kind {
                    AnswerKind::Created => 201,
                    AnswerKind::NoContent => 204,
                    AnswerKind::Ok | AnswerKind::NotModified => 200,
                };
                result.location = answer.location.or(result.location);
                result.version = answer.etag;
            }
            Err(failure) => {
                self.errors += 1;
                result.status = failure.error.kind.status();
                if operation.method == BulkMethod::Post {
                    result.location = None;
                }
                result.response = Some(message::error::render(&failure.error));
            }
        }
        if let Some(slot) = self.results.get_mut(at) {
            *slot = Some(result);
        }
    }
}

async fn apply<S: Users + Groups>(
    call: &mut Call<'_>,
    store: &S,
    operation: BulkOperation,
) -> Result<Answer, Failure> {
    let BulkOperation { method, target, version, data, .. } = operation;
    let preconditions =
        Preconditions { if_match: version.as_deref().map(Tags::parse), if_none_match: None };
    // An answer of the bulk request shows no resources, so nothing is read for them.
    let nothing =
        Projection::of(&[&call.catalogue.user, &call.catalogue.group], &["id".to_owned()], &[]);
    let id = target.id.unwrap_or_default();
    match (target.kind, method) {
        (MemberKind::User, BulkMethod::Post) => users::create(call, store, data, &nothing).await,
        (MemberKind::User, BulkMethod::Put) => {
            users::replace(call, store, &id, data, &nothing, &preconditions).await
        }
        (MemberKind::User, BulkMethod::Patch) => {
            users::patch(call, store, &id, data, &nothing, &preconditions).await
        }
        (MemberKind::Group, BulkMethod::Post) => groups::create(call, store, data, &nothing).await,
        (MemberKind::Group, BulkMethod::Put) => {
            groups::replace(call, store, &id, data, &nothing, &preconditions).await
        }
        (MemberKind::Group, BulkMethod::Patch) => {
            groups::patch(call, store, &id, data, Some(&nothing), &preconditions).await
        }
        (kind, BulkMethod::Delete) => delete(call, store, kind, &id, &preconditions).await,
    }
}

async fn delete<S: Users + Groups>(
    call: &mut Call<'_>,
    store: &S,
    kind: MemberKind,
    id: &str,
    preconditions: &Preconditions,
) -> Result<Answer, Failure> {
    match kind {
        MemberKind::User => users::delete(call, store, id, preconditions).await,
        MemberKind::Group => groups::delete(call, store, id, preconditions).await,
    }
}

fn refused(unreadable: &UnreadableOperation) -> BulkResult {
    BulkResult {
        method: unreadable.method.clone().into(),
        bulk_id: unreadable.bulk_id.clone(),
        version: None,
        location: None,
        status: unreadable.error.kind.status(),
        response: Some(message::error::render(&unreadable.error)),
    }
}

const fn list_of(kind: MemberKind) -> List {
    match kind {
        MemberKind::User => List::Users,
        MemberKind::Group => List::Groups,
    }
}

fn id_of(answer: &Answer) -> Option<String> {
    let id = answer.body.as_ref()?.get("id")?;
    Some(id.as_str()?.to_owned())
}

/// The data without what refers to one of these: whole elements of lists, whole attributes.
fn without(data: Value, awaited: &[String]) -> Value {
    match data {
        Value::Array(list) => {
            let kept = list.into_iter().filter(|element| !refers(element, awaited));
            Value::Array(kept.collect())
        }
        Value::Object(object) => {
            let kept = object.into_iter().map(|(name, value)| {
                let value = if value.is_array() { without(value, awaited) } else { value };
                (name, value)
            });
            Value::Object(kept.filter(|(_, value)| !refers(value, awaited)).collect())
        }
        other => other,
    }
}

fn refers(value: &Value, awaited: &[String]) -> bool {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => {
                let Some((_, rest)) = text.split_once("bulkId:") else {
                    continue;
                };
                if awaited.iter().any(|bulk_id| rest.trim_end_matches(['"', ']']) == bulk_id) {
                    return true;
                }
            }
            Value::Array(list) => open.extend(list),
            Value::Object(object) => open.extend(object.values()),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    false
}

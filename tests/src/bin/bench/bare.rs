//! The handler to compare with: `lambda_http`, the SDK, and nothing else. It sends what our handler was seen to
//! send and puts its answer together by hand.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, TransactWriteItem},
};
use lambda_http::{
    Adapter, Error, Request, Response, Service,
    lambda_runtime::{Context, LambdaEvent},
    request::LambdaRequest,
    service_fn,
};

use crate::{Failed, directory::Item, spy::Call};

/// A bare handler.
pub(crate) struct Bare {
    client: Client,
    calls: Vec<Call>,
}

/// Counts what all bare handlers of this process send: tokens and keys are used once.
static NUMBER: AtomicU64 = AtomicU64::new(0);

impl Bare {
    /// One that sends these calls.
    pub(crate) fn new(client: Client, calls: Vec<Call>) -> Self {
        Self { client, calls }
    }

    /// From an event's bytes to an answer's.
    pub(crate) async fn run(&self, event: &[u8]) -> Result<Vec<u8>, Failed> {
        let request: LambdaRequest = serde_json::from_slice(event)?;
        let mut adapter = Adapter::from(service_fn(|request| self.handle(request)));
        let answer = adapter.call(LambdaEvent::new(request, Context::default())).await?;
        Ok(serde_json::to_vec(&answer)?)
    }

    async fn handle(&self, request: Request) -> Result<Response<String>, Error> {
        if !request.headers().contains_key("authorization") {
            return Ok(Response::builder().status(401).body(String::new())?);
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut read = Vec::new();
        for call in &self.calls {
            self.send(call, number, &mut read).await?;
        }
        let mut resources = String::new();
        for document in read.iter().filter_map(|item| item.get("doc")?.as_s().ok()) {
            if !resources.is_empty() {
                resources.push(',');
            }
            resources.push_str(document);
        }
        let list = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
        let body = format!(
            r#"{{"schemas":["{list}"],"totalResults":{},"Resources":[{resources}]}}"#,
            read.len()
        );
        Ok(Response::builder().header("content-type", "application/scim+json").body(body)?)
    }

    /// Sends a call again, with whatever has to be new each time: versions, tokens, keys of what is only appended.
    async fn send(&self, call: &Call, number: u64, read: &mut Vec<Item>) -> Result<(), Error> {
        match call {
            Call::Get(call) => {
                let get = self.client.get_item().set_table_name(call.table_name.clone());
                let get = get.set_key(call.key.clone()).set_consistent_read(call.consistent_read);
                read.extend(get.send().await?.item);
            }
            Call::Batch(call) => {
                let get =
                    self.client.batch_get_item().set_request_items(call.request_items.clone());
                let found = get.send().await?.responses.unwrap_or_default();
                read.extend(found.into_values().flatten());
            }
            Call::Query(call) => {
                let query = self.client.query().set_table_name(call.table_name.clone());
                let query = query
                    .set_key_condition_expression(call.key_condition_expression.clone())
                    .set_expression_attribute_names(call.expression_attribute_names.clone())
                    .set_expression_attribute_values(call.expression_attribute_values.clone())
                    .set_scan_index_forward(call.scan_index_forward)
                    .set_consistent_read(call.consistent_read)
                    .set_limit(call.limit);
                read.extend(query.send().await?.items.unwrap_or_default());
            }
            Call::Put(call) => {
                let mut item = call.item.clone().unwrap_or_default();
                item.insert("sk".to_owned(), AttributeValue::S(format!("{number:013}#bare")));
                let put = self.client.put_item().set_table_name(call.table_name.clone());
                put.set_item(Some(item)).send().await?;
            }
            Call::Transact(call) => {
                let mut actions = call.transact_items.clone().unwrap_or_default();
                renew(&mut actions, number, read);
                let token = format!("{:016x}{number:016x}", std::process::id());
                let transact = self.client.transact_write_items().set_transact_items(Some(actions));
                transact.client_request_token(token).send().await?;
            }
            Call::Other => {
                return Err("the handler sent a call that this bench does not know".into());
            }
        }
        Ok(())
    }
}

/// A change of one user: the version is the one that was read, and the event's key is new.
fn renew(actions: &mut [TransactWriteItem], number: u64, read: &[Item]) {
    let user = read.iter().find(|item| item.contains_key("doc"));
    let version =
        user.and_then(|user| user.get("v")?.as_n().ok()?.parse::<u64>().ok()).unwrap_or_default();
    for action in actions {
        if let Some(values) =
            action.update.as_mut().and_then(|update| update.expression_attribute_values.as_mut())
        {
            values.insert(":was".to_owned(), AttributeValue::N(version.to_string()));
            values.insert(":v".to_owned(), AttributeValue::N((version + 1).to_string()));
        }
        if let Some(put) = &mut action.put {
            put.item.insert("sk".to_owned(), AttributeValue::S(format!("{number:032}")));
        }
    }
}

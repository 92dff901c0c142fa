//! An organization with as many users as wanted, filled quickly: one user is created through the handler, and what
//! the store wrote for it is written for the others with other names, in batches.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, PutRequest, TransactWriteItem, WriteRequest},
};
use lychgate_core::{
    credential::{new_secret, token_text},
    ctx::{Ctx, World},
    event::{Actor, Event, EventKind},
    ids::{OrganizationId, TokenId, UserId},
    organization::{
        Directory as ScimDirectory, Domain, Licence, LicenceState, Organization, ScimToken,
    },
    ports::Organizations,
    time::Timestamp,
};
use lychgate_edge::world::SystemWorld;
use lychgate_store::Store;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use crate::{
    Failed,
    event::event,
    measure::{Ours, TABLE},
    spy::{Call, Spy},
};

/// An item as DynamoDB has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

const BATCH_ITEMS: usize = 25;
const BATCHES_AT_ONCE: usize = 8;
/// What stands in the template where the others have their number.
const TEMPLATE_NUMBER: &str = "0000000";

/// A filled directory.
pub(crate) struct Directory {
    /// A SCIM token.
    pub(crate) token: String,
    /// The users' ids, in the order of their numbers and of the list.
    pub(crate) ids: Vec<String>,
}

/// The userName of a user.
pub(crate) fn user_name(number: u64) -> String {
    format!("user-{number:07}@example.com")
}

impl Directory {
    /// A new organization with this many users. `ours` is the handler of users on a store that `spy` sees.
    pub(crate) async fn fill(
        store: &Store,
        client: &Client,
        ours: &Ours,
        spy: &Spy,
        domain: &str,
        users: u64,
    ) -> Result<Self, Failed> {
        let token = organization(store, domain).await?;
        spy.look();
        let answer = ours
            .run(&event(0, &token, "POST", "/scim/v2/Users", Some(&user(TEMPLATE_NUMBER))))
            .await?;
        let id = answer.value()?["id"].as_str().ok_or("the user has no id")?.to_owned();
        let template = Template::new(&spy.look().calls, &id)?;

        let mut ids = vec![id];
        let mut sending = JoinSet::new();
        let mut batch = Vec::new();
        let first = SystemWorld.now().unix_millis() + 1_000;
        for number in 1..users {
            // Ids begin with their time: one millisecond each keeps the list in the order of numbers.
            let id =
                UserId::new(Timestamp::from_unix_millis(first + number), &SystemWorld).to_string();
            batch.extend(template.items(number, &id));
            ids.push(id);
            while batch.len() >= BATCH_ITEMS {
                let rest = batch.split_off(BATCH_ITEMS);
                sending.spawn(write(client.clone(), std::mem::replace(&mut batch, rest)));
                if sending.len() >= BATCHES_AT_ONCE
                    && let Some(sent) = sending.join_next().await
                {
                    sent??;
                }
            }
        }
        sending.spawn(write(client.clone(), batch));
        while let Some(sent) = sending.join_next().await {
            sent??;
        }
        template.count(client, users - 1).await?;
        Ok(Self { token, ids })
    }
}

/// What a creation writes, but for its event.
struct Template {
    items: Vec<Item>,
    count: aws_sdk_dynamodb::types::Update,
    id: String,
}

impl Template {
    fn new(calls: &[Call], id: &str) -> Result<Self, Failed> {
        let actions: Vec<&TransactWriteItem> = calls
            .iter()
            .filter_map(|call| match call {
                Call::Transact(call) => Some(call.transact_items()),
                _ => None,
            })
            .flatten()
            .collect();
        let is_event = |item: &Item| {
            item.get("pk").and_then(|pk| pk.as_s().ok()).is_some_and(|pk| pk.ends_with("#E"))
        };
        let puts = actions.iter().filter_map(|action| action.put.as_ref());
        let items = puts.map(|put| put.item.clone()).filter(|item| !is_event(item)).collect();
        let count = actions.iter().find_map(|action| action.update.clone());
        Ok(Self { items, count: count.ok_or("a creation counts nothing")?, id: id.to_owned() })
    }

    fn items(&self, number: u64, id: &str) -> impl Iterator<Item = Item> {
        let number = format!("{number:07}");
        self.items.iter().map(move |item| {
            let renamed = item.iter().map(|(name, value)| {
                let value = match value.as_s() {
                    Ok(text) => AttributeValue::S(
                        text.replace(&self.id, id).replace(TEMPLATE_NUMBER, &number),
                    ),
                    Err(other) => other.clone(),
                };
                (name.clone(), value)
            });
            renamed.collect()
        })
    }

    async fn count(&self, client: &Client, more: u64) -> Result<(), Failed> {
        let values = self.count.expression_attribute_values.clone().unwrap_or_default();
        let values = values.into_keys().map(|name| (name, AttributeValue::N(more.to_string())));
        let update = client.update_item().table_name(TABLE).set_key(Some(self.count.key.clone()));
        let update = update.update_expression(&self.count.update_expression);
        update.set_expression_attribute_values(Some(values.collect())).send().await?;
        Ok(())
    }
}

async fn write(client: Client, items: Vec<Item>) -> Result<(), Failed> {
    let mut requests = Vec::with_capacity(items.len());
    for item in items {
        requests.push(
            WriteRequest::builder()
                .put_request(PutRequest::builder().set_item(Some(item)).build()?)
                .build(),
        );
    }
    while !requests.is_empty() {
        let sent = client.batch_write_item().request_items(TABLE, requests).send().await?;
        requests = sent.unprocessed_items.unwrap_or_default().into_values().flatten().collect();
    }
    Ok(())
}

/// A user as Okta creates one.
fn user(number: &str) -> Value {
    let mail = format!("user-{number}@example.com");
    json!({
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
        ],
        "userName": mail,
        "externalId": format!("00u{number}"),
        "name": { "givenName": "User", "familyName": format!("Number {number}") },
        "displayName": format!("User Number {number}"),
        "emails": [{ "value": mail, "type": "work", "primary": true }],
        "title": "Engineer",
        "locale": "en-US",
        "active": true,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
            "employeeNumber": number,
            "department": "Research"
        }
    })
}

/// A new organization; its token.
async fn organization(store: &Store, domain: &str) -> Result<String, Failed> {
    let world = SystemWorld;
    let (secret, hash) = new_secret(&world);
    let token = ScimToken {
        id: TokenId::new(&world),
        name: "bench".to_owned(),
        hash,
        created: world.now(),
        expires: None,
        member: None,
    };
    let id = OrganizationId::new(&world);
    let text = token_text(&id, &token.id, &secret);
    let organization = Organization {
        id,
        domain: Domain::parse(domain).ok_or("no domain")?,
        name: domain.to_owned(),
        licence: Licence { state: LicenceState::Active, seats: None, ends: None },
        sign_in: lychgate_core::organization::SignIn::default(),
        directory: ScimDirectory { enabled: true, tokens: vec![token], ..ScimDirectory::default() },
        owners: Vec::new(),
        owners_suspended: Vec::new(),
        created: world.now(),
        version: 1,
    };
    let ctx = Ctx {
        world: &world,
        request_id: "bench",
        deadline: Timestamp::from_unix_millis(u64::MAX),
        base_url: "https://bench.test",
        actor: Actor::System,
    };
    let event = Event {
        kind: EventKind::OrganizationCreated,
        actor: Actor::System,
        subject_kind: "organization",
        subject_id: organization.id.to_string(),
        subject_name: domain.to_owned(),
        data: Map::new(),
    };
    let created = store.create_organization(&ctx, &organization, &event).await;
    created.map_err(|error| format!("the organization was not created: {error:?}"))?;
    Ok(text)
}

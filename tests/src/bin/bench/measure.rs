//! The process that is measured.

use std::{cell::Cell, sync::Arc};

use lychgate_aws::Tls;
use lychgate_core::ctx::World;
use lychgate_edge::{
    config::Config,
    event::{Event, EventReply},
    handler::{Handler, Stack},
    invoke, logging,
    request::Arrival,
    world::SystemWorld,
};
use lychgate_store::{Config as StoreConfig, Store, connect};
use serde_json::{Value, json};

use crate::{
    Failed, Figures,
    bare::Bare,
    cpu,
    directory::{Directory, user_name},
    event::{event, quoted},
    spy::{Seen, Spy, client},
    table::{self, Row},
};

/// The table's name.
pub(crate) const TABLE: &str = "lychgate";
/// How long a request may take, in seconds: a group of 10,000 is made in one.
const REQUEST_SECS_MAX: u64 = 600;
/// How many members are put into a group with one request while it is filled.
const MEMBERS_AT_ONCE: usize = 40;
/// How much our handler may cost, against a bare one.
const BARE_BOUND: f64 = 1.5;
/// How much more a large directory may cost than a small one. Not 1: the emulator's answers and the
/// caches of the CPU differ a little.
const FLAT_BOUND: f64 = 1.1;

/// Measures; `true` when every bound was held.
pub(crate) fn run(url: &str, only: &str, figures: Figures) -> Result<bool, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure(url, only, figures))
}

/// One of our handlers.
#[derive(Clone)]
pub(crate) struct Ours(Arc<dyn Handler>);

impl Ours {
    /// From an event's bytes to an answer's, as `lychgate_edge::run` does it.
    async fn answer(&self, event: &[u8]) -> Result<Vec<u8>, Failed> {
        let event: Event = serde_json::from_slice(event)?;
        let arrival = Arrival {
            request_id: "00000000-0000-4000-8000-000000000000",
            deadline: SystemWorld.now().plus_secs(REQUEST_SECS_MAX),
            base_url: None,
        };
        Ok(serde_json::to_vec(&invoke::respond(self.0.as_ref(), event, &arrival).await)?)
    }

    /// The same, and sees to it that the answer is a success.
    pub(crate) async fn run(&self, event: &[u8]) -> Result<Answer, Failed> {
        let reply: EventReply = serde_json::from_slice(&self.answer(event).await?)?;
        match reply.status_code {
            200..300 => Ok(Answer(reply)),
            status => Err(format!("{status}: {}", reply.body.unwrap_or_default()).into()),
        }
    }
}

/// A success.
pub(crate) struct Answer(EventReply);

impl Answer {
    /// Its body.
    pub(crate) fn value(&self) -> Result<Value, Failed> {
        Ok(serde_json::from_str(self.0.body.as_deref().unwrap_or_default())?)
    }
}

/// Who answers.
enum Who {
    Ours(Ours),
    Bare(Bare),
}

/// One side of a comparison: who answers which events. `undo` takes back, unmeasured, what the batch did.
struct Side<'a> {
    who: Who,
    event: &'a dyn Fn(u64) -> Vec<u8>,
    undo: Option<&'a dyn Fn(u64) -> Vec<u8>>,
}

impl<'a> Side<'a> {
    fn ours(ours: &Ours, event: &'a dyn Fn(u64) -> Vec<u8>) -> Self {
        Self { who: Who::Ours(ours.clone()), event, undo: None }
    }

    async fn answer(&self, event: &[u8]) -> Result<Vec<u8>, Failed> {
        match &self.who {
            Who::Ours(ours) => ours.answer(event).await,
            Who::Bare(bare) => bare.run(event).await,
        }
    }

    /// Microseconds of CPU per operation. Events are made before and answers looked at after it is measured.
    async fn batch(&self, numbers: std::ops::Range<u64>) -> Result<f64, Failed> {
        let operations = u32::try_from(numbers.end - numbers.start)?;
        let events: Vec<Vec<u8>> = numbers.clone().map(self.event).collect();
        let mut answers = Vec::with_capacity(events.len());
        let before = cpu::nanos()?;
        for event in &events {
            answers.push(self.answer(event).await?);
        }
        let spent = cpu::nanos()? - before;
        for answer in answers {
            let answer: Value = serde_json::from_slice(&answer)?;
            if !answer["statusCode"].as_u64().is_some_and(|status| (200..300).contains(&status)) {
                return Err(format!("an operation failed: {answer}").into());
            }
        }
        if let Some(undo) = self.undo {
            for number in numbers {
                self.answer(&undo(number)).await?;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "nanoseconds of a batch are far below 2^52")]
        let micros = spent as f64 / 1_000.0;
        Ok(micros / f64::from(operations))
    }
}

/// Runs both sides in turn; their microseconds, batch by batch.
async fn compare(
    figures: Figures,
    left: &Side<'_>,
    right: &Side<'_>,
) -> Result<(Vec<f64>, Vec<f64>), Failed> {
    let mut first = 0;
    let (mut lefts, mut rights) = (Vec::new(), Vec::new());
    // The first batch of each warms connections and caches and does not count.
    for batch in 0..=figures.batches {
        let numbers = first..first + figures.operations;
        first = numbers.end;
        let (one, other) = if batch % 2 == 0 {
            let one = left.batch(numbers.clone()).await?;
            (one, right.batch(numbers).await?)
        } else {
            let other = right.batch(numbers.clone()).await?;
            (left.batch(numbers).await?, other)
        };
        if batch > 0 {
            lefts.push(one);
            rights.push(other);
        }
    }
    Ok((lefts, rights))
}

/// What stands ready to be measured.
struct Bench<'a> {
    url: &'a str,
    only: &'a str,
    figures: Figures,
    users: Ours,
    groups: Ours,
    users_spied: Ours,
    groups_spied: Ours,
    spy: Spy,
    few: Directory,
    many: Directory,
    /// Numbers events made outside of batches.
    number: Cell<u64>,
    /// How many bounds were not held.
    exceeded: Cell<usize>,
}

impl Bench<'_> {
    /// What one event makes a handler send.
    async fn see(&self, handler: &Ours, event: &[u8]) -> Result<Seen, Failed> {
        self.spy.look();
        handler.run(event).await?;
        Ok(self.spy.look())
    }

    fn wants(&self, operation: &str) -> bool {
        operation.contains(self.only)
    }

    /// Our handler of users beside a bare one.
    async fn against_bare(
        &self,
        operation: &'static str,
        event: &dyn Fn(u64) -> Vec<u8>,
    ) -> Result<(), Failed> {
        if !self.wants(operation) {
            return Ok(());
        }
        let number = self.number.get() + 1;
        self.number.set(number);
        let seen = self.see(&self.users_spied, &event(u64::MAX - number)).await?;
        let bare = Bare::new(client(self.url, None), seen.calls.clone());
        let bare = Side { who: Who::Bare(bare), event, undo: None };
        let (left, right) = compare(self.figures, &Side::ours(&self.users, event), &bare).await?;
        self.print(&Row {
            operation,
            left_seen: seen.clone(),
            right_seen: seen,
            left,
            right,
            bound: BARE_BOUND,
        });
        Ok(())
    }

    /// The same handler with much beside it with little.
    async fn flat(
        &self,
        operation: &'static str,
        spied: &Ours,
        much: Side<'_>,
        little: Side<'_>,
    ) -> Result<(), Failed> {
        if !self.wants(operation) {
            return Ok(());
        }
        let number = u64::MAX / 2;
        let left_seen = self.see(spied, &(much.event)(number)).await?;
        let right_seen = self.see(spied, &(little.event)(number)).await?;
        for side in [&much, &little] {
            if let Some(undo) = side.undo {
                side.answer(&undo(number)).await?;
            }
        }
        let (left, right) = compare(self.figures, &much, &little).await?;
        self.print(&Row { operation, left_seen, right_seen, left, right, bound: FLAT_BOUND });
        Ok(())
    }

    fn print(&self, row: &Row) {
        if !row.print() {
            self.exceeded.set(self.exceeded.get() + 1);
        }
    }

    async fn bare_rows(&self) -> Result<(), Failed> {
        table::head("Against a bare handler: CPU of one request", ["ours", "bare"]);
        let (token, user) = (self.few.token.as_str(), &self.few.ids[7]);
        let look_up = |user_name: &str| {
            format!("/scim/v2/Users?filter={}", quoted(&format!("userName eq \"{user_name}\"")))
        };
        let (hit, miss) = (look_up(&user_name(7)), look_up("nobody@example.com"));
        self.against_bare("look-up by userName: hit", &|n| event(n, token, "GET", &hit, None))
            .await?;
        self.against_bare("look-up by userName: miss", &|n| event(n, token, "GET", &miss, None))
            .await?;
        let path = format!("/scim/v2/Users/{user}");
        self.against_bare("read by id", &|n| event(n, token, "GET", &path, None)).await?;
        let rename = |n: u64| {
            let body = patch(
                &json!({ "op": "replace", "path": "displayName", "value": format!("Name {n}") }),
            );
            event(n, token, "PATCH", &path, Some(&body))
        };
        self.against_bare("PATCH displayName", &rename).await?;
        // Okta's form, and each time the other value.
        let path = format!("/scim/v2/Users/{}", self.few.ids[8]);
        let switch = |n: u64| {
            let body = patch(&json!({ "op": "replace", "value": { "active": n % 2 == 1 } }));
            event(n, token, "PATCH", &path, Some(&body))
        };
        self.against_bare("PATCH active", &switch).await?;
        Ok(())
    }

    async fn flat_rows(&self) -> Result<(), Failed> {
        table::head("Flat: CPU of one request", ["much", "little"]);
        let (few, many) = (&self.few, &self.many);
        let look_up = |directory: &Directory, n: u64| {
            // Spread over the directory, so that nothing is warm that would not be.
            let number = n.wrapping_mul(7_919) % directory.ids.len() as u64;
            let filter = quoted(&format!("userName eq \"{}\"", user_name(number)));
            event(n, &directory.token, "GET", &format!("/scim/v2/Users?filter={filter}"), None)
        };
        let (much, little) = (|n| look_up(many, n), |n| look_up(few, n));
        let sides = (Side::ours(&self.users, &much), Side::ours(&self.users, &little));
        self.flat("look-up by userName: many users, few", &self.users_spied, sides.0, sides.1)
            .await?;

        let read = |directory: &Directory, n: u64| {
            let number = n.wrapping_mul(7_919) % directory.ids.len() as u64;
            let id = &directory.ids[usize::try_from(number).unwrap_or_default()];
            event(n, &directory.token, "GET", &format!("/scim/v2/Users/{id}"), None)
        };
        let (much, little) = (|n| read(many, n), |n| read(few, n));
        let sides = (Side::ours(&self.users, &much), Side::ours(&self.users, &little));
        self.flat("read by id: many users, few", &self.users_spied, sides.0, sides.1).await?;

        self.flat_pages().await?;
        self.flat_members().await?;
        Ok(())
    }

    /// The last page of a hundred beside the first one. The page before the last has left its marker.
    async fn flat_pages(&self) -> Result<(), Failed> {
        let page = |n: u64, start: u64| {
            let target = format!("/scim/v2/Users?startIndex={start}&count=100");
            event(n, &self.many.token, "GET", &target, None)
        };
        let last = self.figures.users_many - 99;
        self.users.run(&page(0, last - 100)).await?;
        let (deep, first) = (|n| page(n, last), |n| page(n, 1));
        let sides = (Side::ours(&self.users, &deep), Side::ours(&self.users, &first));
        self.flat("page of 100: the last, the first", &self.users_spied, sides.0, sides.1).await
    }

    /// One member more for a large group beside one more for a small one.
    async fn flat_members(&self) -> Result<(), Failed> {
        const OPERATION: &str = "one member added: large group, small";
        if !self.wants(OPERATION) {
            return Ok(());
        }
        let (few, many) = (self.figures.members_few, self.figures.members_many);
        let small = self.group("small", &self.many.ids[..few]).await?;
        let large = self.group("large", &self.many.ids[..many]).await?;
        // Users who are in neither; a batch takes its own out again.
        let others = &self.many.ids[many..];
        let change = |n: u64, group: &str, op: &str| {
            let member = &others[usize::try_from(n % others.len() as u64).unwrap_or_default()];
            let body = match op {
                "add" => json!({ "op": op, "path": "members", "value": [{ "value": member }] }),
                _ => json!({ "op": op, "path": format!("members[value eq \"{member}\"]") }),
            };
            event(
                n,
                &self.many.token,
                "PATCH",
                &format!("/scim/v2/Groups/{group}"),
                Some(&patch(&body)),
            )
        };
        let (much, little) = (|n| change(n, &large, "add"), |n| change(n, &small, "add"));
        let (much_less, little_less) =
            (|n| change(n, &large, "remove"), |n| change(n, &small, "remove"));
        let mut left = Side::ours(&self.groups, &much);
        left.undo = Some(&much_less);
        let mut right = Side::ours(&self.groups, &little);
        right.undo = Some(&little_less);
        self.flat(OPERATION, &self.groups_spied, left, right).await
    }

    /// A new group of these members, put in a few at a time: each step is one transaction, which the emulator
    /// answers in time on a busy machine too.
    async fn group(&self, name: &str, members: &[String]) -> Result<String, Failed> {
        let token = self.many.token.as_str();
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": name,
        });
        let answer =
            self.groups.run(&event(0, token, "POST", "/scim/v2/Groups", Some(&body))).await?;
        let id = answer.value()?["id"].as_str().ok_or("the group has no id")?.to_owned();
        let target = format!("/scim/v2/Groups/{id}");
        for members in members.chunks(MEMBERS_AT_ONCE) {
            let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
            let body = patch(&json!({ "op": "add", "path": "members", "value": members }));
            self.groups.run(&event(0, token, "PATCH", &target, Some(&body))).await?;
        }
        Ok(id)
    }
}

fn patch(operation: &Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation] })
}

async fn measure(url: &str, only: &str, figures: Figures) -> Result<bool, Failed> {
    logging::start(logging::Level::default(), logging::Sink::Stderr);
    // Our store's client is the one of production, the bare handler's has the SDK's defaults.
    let store = connect(StoreConfig {
        table: TABLE.to_owned(),
        endpoint_url: Some(url.to_owned()),
        tls: Tls::RING,
    });
    let store = store.await?;
    store.create_table().await.map_err(|error| format!("no table: {error:?}"))?;
    let spy = Spy::default();
    let spied = Store::new(client(url, Some(&spy)), TABLE);
    let stack = Stack::new(&Config::default(), Arc::new(SystemWorld))?;
    let users = |store: &Store| Ours(Arc::new(scim_users::handler(stack.clone(), store.clone())));
    let groups = |store: &Store| Ours(Arc::new(scim_groups::handler(stack.clone(), store.clone())));
    let users_spied = users(&spied);
    let plain = client(url, None);

    let Figures { users_few, users_many, members_few, members_many, batches, operations } = figures;
    println!(
        "{users_few} and {users_many} users, groups of {members_few} and {members_many}; {batches} batches of {operations} operations a side"
    );
    let few = Directory::fill(&store, &plain, &users_spied, &spy, "few", users_few).await?;
    let many = Directory::fill(&store, &plain, &users_spied, &spy, "many", users_many).await?;
    let bench = Bench {
        url,
        only,
        figures,
        users: users(&store),
        groups: groups(&store),
        users_spied,
        groups_spied: groups(&spied),
        spy,
        few,
        many,
        number: Cell::new(0),
        exceeded: Cell::new(0),
    };
    bench.bare_rows().await?;
    bench.flat_rows().await?;
    let exceeded = bench.exceeded.get();
    println!(
        "\nA bound is exceeded when three quarters of the batches lie above it. Exceeded: {exceeded}."
    );
    Ok(exceeded == 0)
}

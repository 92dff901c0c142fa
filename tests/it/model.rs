//! Random operations with faults against an oracle of plain maps: the answers agree, and so does everything that
//! can be read afterwards. After a fault the state is what it was before or what it should have become, never
//! anything between.
//!
//! `MODEL_SEED` and `MODEL_CASES` replay and extend a run; a failure prints its seed and its shrunk operations,
//! which then belong into `reproduction.rs`.

use std::collections::{BTreeMap, BTreeSet};

use conformance::{
    endpoint::Endpoint,
    http::Answer,
    session::{GROUP, Session, USER, member_ids, patch_of, values},
};
use lychgate_testkit::{Fault, Faulty, MemoryStore, store_contract::Store};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner},
};
use serde_json::{Value, json};

/// How many operations a story has at most.
const OPERATIONS_MAX: usize = 30;
/// The names that users and groups have: few, so that they meet.
const NAMES: u8 = 5;

/// What a story is made of. Numbers name one of those that were created so far (deleted ones too).
#[derive(Debug, Clone)]
pub(crate) enum Op {
    /// POST of a user with this name, in capitals or not.
    CreateUser(u8, bool),
    /// PATCH of one attribute.
    PatchUser(u8, Change),
    /// PUT with this name and this title.
    PutUser(u8, u8, Option<u8>),
    /// DELETE.
    DeleteUser(u8),
    /// POST of a group with this name and these members.
    CreateGroup(u8, Vec<u8>),
    /// PATCH `add`.
    AddMembers(u8, Vec<u8>),
    /// PATCH `remove`, by a list or by value paths.
    RemoveMembers(u8, Vec<u8>, bool),
    /// PATCH `replace`.
    ReplaceMembers(u8, Vec<u8>),
    /// PATCH of the displayName.
    RenameGroup(u8, u8),
    /// PUT with this name and these members.
    PutGroup(u8, u8, Vec<u8>),
    /// DELETE.
    DeleteGroup(u8),
    /// The last request once more, as after a time-out.
    Again,
    /// Time passes, in seconds.
    Wait(u16),
}

/// A change of one attribute of a user.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// `active`
    Active(bool),
    /// `userName`
    Name(u8),
    /// `title`
    Title(u8),
    /// `remove` of the title
    NoTitle,
}

/// One operation and what the store does to it: the call that is struck, and how.
pub(crate) type Step = (Op, Option<(u64, Fault)>);

fn op() -> impl Strategy<Value = Op> {
    let some = || proptest::collection::vec(any::<u8>(), 0..4);
    let name = 0..NAMES;
    prop_oneof![
        4 => (name.clone(), any::<bool>()).prop_map(|(name, loud)| Op::CreateUser(name, loud)),
        3 => (any::<u8>(), change()).prop_map(|(who, change)| Op::PatchUser(who, change)),
        2 => (any::<u8>(), name.clone(), proptest::option::of(0..3_u8))
            .prop_map(|(who, name, title)| Op::PutUser(who, name, title)),
        2 => any::<u8>().prop_map(Op::DeleteUser),
        3 => (name.clone(), some()).prop_map(|(name, members)| Op::CreateGroup(name, members)),
        4 => (any::<u8>(), some()).prop_map(|(group, members)| Op::AddMembers(group, members)),
        2 => (any::<u8>(), some(), any::<bool>())
            .prop_map(|(group, members, paths)| Op::RemoveMembers(group, members, paths)),
        2 => (any::<u8>(), some()).prop_map(|(group, members)| Op::ReplaceMembers(group, members)),
        1 => (any::<u8>(), name.clone()).prop_map(|(group, name)| Op::RenameGroup(group, name)),
        2 => (any::<u8>(), name, some())
            .prop_map(|(group, name, members)| Op::PutGroup(group, name, members)),
        1 => any::<u8>().prop_map(Op::DeleteGroup),
        2 => Just(Op::Again),
        1 => (0..5_000_u16).prop_map(Op::Wait),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any::<bool>().prop_map(Change::Active),
        (0..NAMES).prop_map(Change::Name),
        (0..3_u8).prop_map(Change::Title),
        Just(Change::NoTitle),
    ]
}

fn fault() -> impl Strategy<Value = Option<(u64, Fault)>> {
    let kind = prop_oneof![
        Just(Fault::Before),
        Just(Fault::After),
        Just(Fault::Throttle),
        Just(Fault::Stale),
    ];
    prop_oneof![3 => Just(None), 1 => (1..5_u64, kind).prop_map(Some)]
}

/// A user as the oracle knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Person {
    name: String,
    active: bool,
    title: Option<String>,
}

/// Everything that a client can see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct State {
    users: BTreeMap<String, Person>,
    groups: BTreeMap<String, (String, BTreeSet<String>)>,
}

/// The id of what is being created, until it is known.
const NEW: &str = "new";

impl State {
    fn name_is_free(&self, name: &str, except: &str) -> bool {
        let mut users = self.users.iter();
        !users.any(|(id, person)| id != except && person.name.eq_ignore_ascii_case(name))
    }

    fn group_name_is_free(&self, name: &str, except: &str) -> bool {
        let mut groups = self.groups.iter();
        !groups.any(|(id, (known, _))| id != except && known.eq_ignore_ascii_case(name))
    }

    /// The state with the placeholder's place taken by `id`.
    fn named(mut self, id: &str) -> Self {
        if let Some(person) = self.users.remove(NEW) {
            self.users.insert(id.to_owned(), person);
        }
        if let Some(group) = self.groups.remove(NEW) {
            self.groups.insert(id.to_owned(), group);
        }
        self
    }

    /// Those of the ids that exist; `None` when some are named and none exists (P10: 400).
    fn known(&self, ids: &[String]) -> Option<BTreeSet<String>> {
        let known: BTreeSet<String> =
            ids.iter().filter(|id| self.users.contains_key(*id)).cloned().collect();
        (ids.is_empty() || !known.is_empty()).then_some(known)
    }
}

/// What is sent, what comes back when nothing fails, and what is true from then on.
struct Turn {
    method: &'static str,
    path: String,
    body: Option<Value>,
    status: u16,
    after: State,
}

/// The oracle: plain maps, and the ids that were ever given.
#[derive(Default)]
struct Oracle {
    state: State,
    users: Vec<String>,
    groups: Vec<String>,
    last: Option<Op>,
    /// The ids of the last operation, kept so that a repetition means the same resources.
    last_seen: (usize, usize),
}

fn user_name(name: u8, loud: bool) -> String {
    let text = format!("user{name}@example.com");
    if loud { text.to_uppercase() } else { text }
}

fn group_name(name: u8) -> String {
    format!("Group {name}")
}

fn title(number: u8) -> String {
    format!("Title {number}")
}

impl Oracle {
    fn user(&self, number: u8) -> String {
        let ids = &self.users[..self.last_seen.0];
        if ids.is_empty() {
            "nobody".to_owned()
        } else {
            ids[usize::from(number) % ids.len()].clone()
        }
    }

    fn group(&self, number: u8) -> String {
        let ids = &self.groups[..self.last_seen.1];
        if ids.is_empty() {
            "nobody".to_owned()
        } else {
            ids[usize::from(number) % ids.len()].clone()
        }
    }

    fn people(&self, numbers: &[u8]) -> Vec<String> {
        numbers.iter().map(|number| self.user(*number)).collect()
    }

    /// What `op` means now; `None` for what is no request.
    fn turn(&mut self, op: &Op) -> Option<Turn> {
        if let Op::Again = op {
            let last = self.last.clone()?;
            return self.meaning(&last);
        }
        self.last_seen = (self.users.len(), self.groups.len());
        let turn = self.meaning(op);
        if turn.is_some() {
            self.last = Some(op.clone());
        }
        turn
    }

    fn meaning(&self, op: &Op) -> Option<Turn> {
        let mut after = self.state.clone();
        let turn = match op {
            Op::CreateUser(name, loud) => {
                let name = user_name(*name, *loud);
                let body = json!({"schemas": [USER], "userName": name});
                let free = after.name_is_free(&name, "");
                if free {
                    after.users.insert(NEW.to_owned(), Person { name, active: true, title: None });
                }
                let status = if free { 201 } else { 409 };
                Turn { method: "POST", path: "/Users".to_owned(), body: Some(body), status, after }
            }
            Op::PatchUser(who, change) => {
                let id = self.user(*who);
                let operation = match change {
                    Change::Active(active) => json!({"op": "replace", "value": {"active": active}}),
                    Change::Name(name) => {
                        json!({"op": "replace", "path": "userName", "value": user_name(*name, false)})
                    }
                    Change::Title(number) => {
                        json!({"op": "add", "path": "title", "value": title(*number)})
                    }
                    Change::NoTitle => json!({"op": "remove", "path": "title"}),
                };
                let status = self.patched(&mut after, &id, change);
                Turn {
                    method: "PATCH",
                    path: format!("/Users/{id}"),
                    body: Some(patch_of(&json!([operation]))),
                    status,
                    after,
                }
            }
            Op::PutUser(who, name, number) => {
                let (id, name) = (self.user(*who), user_name(*name, false));
                let title = number.map(title);
                let body = json!({"schemas": [USER], "userName": name, "title": title});
                let free = after.name_is_free(&name, &id);
                let status = match after.users.get_mut(&id) {
                    None => 404,
                    Some(_) if !free => 409,
                    Some(person) => {
                        (person.name, person.title) = (name, title);
                        200
                    }
                };
                Turn {
                    method: "PUT",
                    path: format!("/Users/{id}"),
                    body: Some(body),
                    status,
                    after,
                }
            }
            Op::DeleteUser(who) => {
                let id = self.user(*who);
                let status = if after.users.remove(&id).is_some() { 204 } else { 404 };
                for (_, members) in after.groups.values_mut() {
                    members.remove(&id);
                }
                Turn { method: "DELETE", path: format!("/Users/{id}"), body: None, status, after }
            }
            Op::Again => return None,
            Op::Wait(_) => return None,
            group => return Some(self.group_meaning(group, after)),
        };
        Some(turn)
    }

    fn patched(&self, after: &mut State, id: &str, change: &Change) -> u16 {
        let Change::Name(name) = change else {
            let Some(person) = after.users.get_mut(id) else { return 404 };
            match change {
                Change::Active(active) => person.active = *active,
                Change::Title(number) => person.title = Some(title(*number)),
                Change::NoTitle | Change::Name(_) => person.title = None,
            }
            return 200;
        };
        let name = user_name(*name, false);
        let free = after.name_is_free(&name, id);
        match after.users.get_mut(id) {
            None => 404,
            Some(_) if !free => 409,
            Some(person) => {
                person.name = name;
                200
            }
        }
    }

    fn group_meaning(&self, op: &Op, mut after: State) -> Turn {
        let list = |ids: &[String]| values(ids);
        match op {
            Op::CreateGroup(name, members) => {
                let (name, ids) = (group_name(*name), self.people(members));
                let body = json!({"schemas": [GROUP], "displayName": name, "members": list(&ids)});
                let status = match after.known(&ids) {
                    None => 400,
                    Some(_) if !after.group_name_is_free(&name, "") => 409,
                    Some(known) => {
                        after.groups.insert(NEW.to_owned(), (name, known));
                        201
                    }
                };
                Turn { method: "POST", path: "/Groups".to_owned(), body: Some(body), status, after }
            }
            Op::DeleteGroup(group) => {
                let id = self.group(*group);
                let status = if after.groups.remove(&id).is_some() { 204 } else { 404 };
                Turn { method: "DELETE", path: format!("/Groups/{id}"), body: None, status, after }
            }
            Op::PutGroup(group, name, members) => {
                let (id, name, ids) = (self.group(*group), group_name(*name), self.people(members));
                let body = json!({"schemas": [GROUP], "displayName": name, "members": list(&ids)});
                let free = after.group_name_is_free(&name, &id);
                let known = after.known(&ids);
                let status = match (after.groups.get_mut(&id), known) {
                    (None, _) => 404,
                    (_, None) => 400,
                    _ if !free => 409,
                    (Some(found), Some(known)) => {
                        *found = (name, known);
                        200
                    }
                };
                Turn {
                    method: "PUT",
                    path: format!("/Groups/{id}"),
                    body: Some(body),
                    status,
                    after,
                }
            }
            other => {
                let (id, operations, status) = self.group_patch(other, &mut after);
                let body = Some(patch_of(&operations));
                Turn { method: "PATCH", path: format!("/Groups/{id}"), body, status, after }
            }
        }
    }

    fn group_patch(&self, op: &Op, after: &mut State) -> (String, Value, u16) {
        let (group, numbers) = match op {
            Op::AddMembers(group, members)
            | Op::RemoveMembers(group, members, _)
            | Op::ReplaceMembers(group, members) => (*group, members.as_slice()),
            Op::RenameGroup(group, _) => (*group, [].as_slice()),
            other => panic!("{other:?} is no PATCH of a group"),
        };
        let (id, ids) = (self.group(group), self.people(numbers));
        let known = after.known(&ids);
        let operations = match op {
            Op::AddMembers(..) => json!([{"op": "add", "path": "members", "value": values(&ids)}]),
            Op::ReplaceMembers(..) => {
                json!([{"op": "replace", "path": "members", "value": values(&ids)}])
            }
            Op::RemoveMembers(_, _, false) if !ids.is_empty() => {
                json!([{"op": "remove", "path": "members", "value": values(&ids)}])
            }
            Op::RemoveMembers(..) if ids.is_empty() => json!([{"op": "remove", "path": "members"}]),
            Op::RemoveMembers(..) => ids
                .iter()
                .map(|id| json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")}))
                .collect(),
            Op::RenameGroup(_, name) => {
                json!([{"op": "replace", "value": {"displayName": group_name(*name)}}])
            }
            other => panic!("{other:?} is no PATCH of a group"),
        };
        let free = match op {
            Op::RenameGroup(_, name) => after.group_name_is_free(&group_name(*name), &id),
            _ => true,
        };
        let Some((name, members)) = after.groups.get_mut(&id) else { return (id, operations, 404) };
        let status = match (op, known) {
            (Op::AddMembers(..) | Op::ReplaceMembers(..), None) => 400,
            (Op::AddMembers(..), Some(known)) => {
                members.extend(known);
                204
            }
            (Op::ReplaceMembers(..), Some(known)) => {
                *members = known;
                204
            }
            (Op::RenameGroup(..), _) if !free => 409,
            (Op::RenameGroup(_, number), _) => {
                *name = group_name(*number);
                204
            }
            (_, _) => {
                members.retain(|id| !ids.is_empty() && !ids.contains(id));
                204
            }
        };
        (id, operations, status)
    }

    /// Takes up what was created.
    fn learn(&mut self, state: State) {
        for id in state.users.keys().filter(|id| !self.state.users.contains_key(*id)) {
            self.users.push(id.clone());
        }
        for id in state.groups.keys().filter(|id| !self.state.groups.contains_key(*id)) {
            self.groups.push(id.clone());
        }
        self.state = state;
    }
}

/// What the server shows.
async fn seen(session: &Session<'_>) -> Result<State, String> {
    let mut state = State::default();
    let users = session.found("/Users?count=500").await;
    let groups = session.found("/Groups?count=500").await;
    for user in users["Resources"].as_array().into_iter().flatten() {
        let text = |name: &str| user[name].as_str().map(str::to_owned);
        let person = Person {
            name: text("userName").unwrap_or_default(),
            active: user["active"] == true,
            title: text("title"),
        };
        state.users.insert(text("id").unwrap_or_default(), person);
    }
    for group in groups["Resources"].as_array().into_iter().flatten() {
        let text = |name: &str| group[name].as_str().unwrap_or_default().to_owned();
        let members = member_ids(group).into_iter().collect();
        state.groups.insert(text("id"), (text("displayName"), members));
    }
    for (list, count) in [(&users, state.users.len()), (&groups, state.groups.len())] {
        if list["totalResults"] != json!(count) {
            return Err(format!("totalResults is {} of {count}", list["totalResults"]));
        }
    }
    // The other side of every membership.
    for user in users["Resources"].as_array().into_iter().flatten() {
        let id = user["id"].as_str().unwrap_or_default();
        let own: BTreeSet<&str> = user["groups"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|group| group["value"].as_str())
            .collect();
        let theirs: BTreeSet<&str> = state
            .groups
            .iter()
            .filter(|(_, (_, members))| members.contains(id))
            .map(|(group, _)| group.as_str())
            .collect();
        if own != theirs {
            return Err(format!("{id} believes to be in {own:?} and is in {theirs:?}"));
        }
    }
    Ok(state)
}

fn the_new_one(before: &State, now: &State) -> Option<String> {
    let users = now.users.keys().filter(|id| !before.users.contains_key(*id));
    let groups = now.groups.keys().filter(|id| !before.groups.contains_key(*id));
    users.chain(groups).next().cloned()
}

/// Whether the answer and the state after it are allowed; gives the state from which the story goes on.
fn judged(
    turn: &Turn,
    before: &State,
    now: State,
    answer: &Answer,
    struck: bool,
) -> Result<State, String> {
    let wanted = match the_new_one(before, &now) {
        Some(id) => turn.after.clone().named(&id),
        None => turn.after.clone(),
    };
    let text = String::from_utf8_lossy(&answer.body);
    let name =
        format!("{} {} {:?}", turn.method, turn.path, turn.body.as_ref().map(Value::to_string));
    if answer.status == turn.status {
        return if now == wanted {
            Ok(now)
        } else {
            Err(format!("{name}: {} and the state is {now:#?}, not {wanted:#?}", answer.status))
        };
    }
    if !struck || !matches!(answer.status, 429 | 503) {
        return Err(format!("{name}: wanted {}, found {}: {text}", turn.status, answer.status));
    }
    if now == *before || now == wanted {
        Ok(now)
    } else {
        Err(format!("{name}: {} left {now:#?}, between {before:#?} and {wanted:#?}", answer.status))
    }
}

/// Tells one story in an organization of its own.
pub(crate) async fn tell<S: Store + Clone + 'static>(
    endpoint: &Endpoint,
    store: &Faulty<S>,
    steps: &[Step],
) -> Result<(), String> {
    let domain = format!("story-{}", lychgate_core::ids::TokenId::new(&*endpoint.world).bare());
    let session = Session::new(endpoint, &domain).await;
    let mut oracle = Oracle::default();
    for (number, (op, fault)) in steps.iter().enumerate() {
        if let Op::Wait(secs) = op {
            endpoint.world.advance_secs(u64::from(*secs));
            continue;
        }
        let Some(turn) = oracle.turn(op) else { continue };
        let struck_before = store.struck();
        if let Some((ahead, fault)) = fault {
            store.strike_call(*ahead, *fault);
        }
        let answer = session.send(turn.method, &turn.path, &[], turn.body.as_ref()).await;
        let struck = store.struck() > struck_before;
        store.heal();
        let now = seen(&session).await.map_err(|what| format!("step {number} {op:?}: {what}"))?;
        let next = judged(&turn, &oracle.state, now, &answer, struck);
        oracle.learn(next.map_err(|what| format!("step {number} {op:?} {fault:?}: {what}"))?);
    }
    Ok(())
}

/// Tells many random stories and shrinks the first one that goes wrong.
fn explore<S: Store + Clone + 'static>(runtime: &tokio::runtime::Runtime, store: S, cases: u32) {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long and from which seed is the caller's to say"
    )]
    let from = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let seed = from("MODEL_SEED").unwrap_or(20_261_122);
    let cases = from("MODEL_CASES").map_or(cases, |cases| u32::try_from(cases).unwrap_or(u32::MAX));
    let mut bytes = [0_u8; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let mut runner =
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let faulty = Faulty::new(store);
    let endpoint = Endpoint::on(faulty.clone(), seed);
    let stories = proptest::collection::vec((op(), fault()), 1..OPERATIONS_MAX);
    let outcome = runner.run(&stories, |steps| {
        let told = runtime.block_on(tell(&endpoint, &faulty, &steps));
        told.map_err(TestCaseError::fail)
    });
    match outcome {
        Ok(()) => assert!(faulty.struck() > u64::from(cases) / 2, "the faults do strike"),
        Err(TestError::Fail(why, steps)) => {
            panic!("MODEL_SEED={seed}: {why}\nthe story: {steps:#?}")
        }
        Err(TestError::Abort(why)) => panic!("MODEL_SEED={seed}: given up: {why}"),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

#[test]
fn stories_in_memory_agree_with_plain_maps() {
    let store = MemoryStore::new();
    explore(&runtime(), store.clone(), 150);
    assert_eq!(store.contradictions(), Vec::<String>::new());
}

#[test]
fn stories_on_dynamodb_agree_with_plain_maps() {
    let runtime = runtime();
    let store = runtime.block_on(conformance::dynamo::store());
    explore(&runtime, store, 12);
}

#[tokio::test]
async fn a_story_that_did_not_happen_is_noticed() {
    let endpoint = Endpoint::in_memory(1);
    let session = Session::new(&endpoint, "canary").await;
    let mut oracle = Oracle::default();
    let turn = oracle.turn(&Op::CreateUser(1, false)).expect("a request");
    let answer = session.send(turn.method, &turn.path, &[], turn.body.as_ref()).await;
    let before = State::default();
    let now = seen(&session).await.expect("a state");
    assert!(judged(&turn, &before, now.clone(), &answer, false).is_ok());
    assert!(judged(&turn, &before, before.clone(), &answer, false).is_err(), "it was not done");
    let other = oracle.turn(&Op::CreateUser(2, false)).expect("a request");
    assert!(judged(&other, &before, now, &answer, false).is_err(), "something else was done");
}

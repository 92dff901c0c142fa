//! Scans the whole table and says whether everything that must hold holds. For tests only: no function scans.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use lychgate_core::record::{Group, Span};
use serde_json::Value;

use super::{Bench, TABLE};

type Item = HashMap<String, AttributeValue>;

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
}

fn number(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

fn flag(item: &Item, name: &str) -> bool {
    item.get(name).and_then(|value| value.as_bool().ok()).copied().unwrap_or(false)
}

fn doc(item: &Item) -> Value {
    serde_json::from_str(text(item, "doc")).unwrap_or_default()
}

fn mirror(item: &Item) -> BTreeMap<String, String> {
    let Some(Ok(map)) = item.get("g").map(AttributeValue::as_m) else {
        return BTreeMap::new();
    };
    map.iter().map(|(group, span)| (group.clone(), span.as_s().unwrap().clone())).collect()
}

fn span(row: &Item) -> Span {
    Span { since: number(row, "s").unwrap(), until: number(row, "u") }
}

fn span_text(row: &Item) -> String {
    match span(row).until {
        None => span(row).since.to_string(),
        Some(until) => format!("{}-{until}", span(row).since),
    }
}

/// One organization's items by kind.
#[derive(Default)]
struct Table {
    users: BTreeMap<String, Item>,
    groups: BTreeMap<String, Item>,
    /// (group, member) → row.
    rows: BTreeMap<(String, String), Item>,
    /// (partition after `K#`, sort key) → item.
    keys: BTreeMap<(String, String), Item>,
    counts: BTreeMap<String, u64>,
    fences: usize,
    chores: usize,
    /// Flows, assertions, sessions, codes, passwords, links, counters.
    signing_in: usize,
}

async fn scan(bench: &Bench) -> Vec<Item> {
    let mut items = Vec::new();
    let mut start = None;
    loop {
        let page = bench
            .client
            .scan()
            .table_name(TABLE)
            .set_exclusive_start_key(start)
            .send()
            .await
            .unwrap();
        items.extend(page.items.unwrap_or_default());
        start = page.last_evaluated_key;
        if start.is_none() {
            return items;
        }
    }
}

fn sort(bench: &Bench, items: Vec<Item>) -> Table {
    let root = format!("O#{}", bench.organization.bare());
    let mut table = Table::default();
    for item in items {
        let (pk, sk) = (text(&item, "pk").to_owned(), text(&item, "sk").to_owned());
        let outside = ["DOMAIN#", "EDOMAIN#"].iter().any(|kind| pk.starts_with(kind))
            || ["ORGS", "OPERATOR", "APPS"].contains(&pk.as_str());
        assert!(outside || pk.starts_with("O#"), "a key without an organization: {pk}");
        let Some(rest) = pk.strip_prefix(&root) else {
            continue;
        };
        let parts: Vec<&str> = rest.splitn(3, '#').collect();
        match parts.as_slice() {
            ["", "U"] => drop(table.users.insert(sk, item)),
            ["", "G"] => drop(table.groups.insert(sk, item)),
            ["", "M", group] => drop(table.rows.insert(((*group).to_owned(), sk), item)),
            // A NameID's row belongs to a session.
            ["", "K", value] if value.starts_with("nameId#") => {}
            ["", "K", value] => drop(table.keys.insert(((*value).to_owned(), sk), item)),
            ["", "N"] => drop(table.counts.insert(sk, number(&item, "n").unwrap())),
            ["", "F", _] => table.fences += 1,
            ["", "X"] => table.chores += 1,
            ["", "L" | "A" | "C" | "S" | "W" | "H" | "Z", _] => table.signing_in += 1,
            ["", "E" | "R" | "P" | "Q" | "V"] | ["", "P", _] | [""] => {}
            other => panic!("an unknown kind of item: {other:?}"),
        }
    }
    table
}

/// A group's head as far as [`Group::sees`] needs it.
fn head(item: &Item) -> Group {
    let aborted = item.get("ab").map_or_else(Vec::new, |list| {
        let list = list.as_l().unwrap();
        list.iter().map(|version| version.as_n().unwrap().parse().unwrap()).collect()
    });
    Group {
        version: number(item, "v").unwrap(),
        aborted,
        ..super::group(&super::TestWorld::new(1), "x", 0)
    }
}

fn living(items: &BTreeMap<String, Item>) -> impl Iterator<Item = (&String, &Item)> {
    items.iter().filter(|(_, item)| !flag(item, "x") && number(item, "v") > Some(0))
}

fn check_lockstep(table: &Table) {
    let mut mirrors = BTreeMap::new();
    for (id, item) in table.users.iter().chain(&table.groups) {
        for (group, span) in mirror(item) {
            mirrors.insert((group, id.clone()), span);
        }
    }
    let rows: BTreeMap<_, _> =
        table.rows.iter().map(|(key, row)| (key.clone(), span_text(row))).collect();
    assert_eq!(rows, mirrors, "rows and mirrors differ");
}

fn check_counts(table: &Table) {
    let count = |list: &str| table.counts.get(list).copied().unwrap_or(0);
    assert_eq!(count("users"), living(&table.users).count() as u64, "users");
    assert_eq!(count("groups"), living(&table.groups).count() as u64, "groups");
    for (id, item) in living(&table.groups) {
        let head = head(item);
        let rows = table.rows.iter().filter(|((group, _), _)| group == id);
        let seen = rows.filter(|(_, row)| head.sees(span(row))).count() as u64;
        assert_eq!(number(item, "n"), Some(seen), "the count of group {id}");
    }
}

fn check_keys(table: &Table) {
    let mut wanted = BTreeMap::new();
    let mut claim = |index: &str, value: &Value, id: &str, unique: bool| {
        let Some(value) = value.as_str() else { return };
        let value = if unique { value.to_lowercase() } else { value.to_owned() };
        let sk = if unique { "K" } else { id };
        wanted.insert((format!("{index}#={value}"), sk.to_owned()), id.to_owned());
    };
    for (id, item) in living(&table.users) {
        let doc = doc(item);
        claim("userName", &doc["userName"], id, true);
        claim("userExternalId", &doc["externalId"], id, false);
    }
    for (id, item) in living(&table.groups) {
        let doc = doc(item);
        claim("groupDisplayName", &doc["displayName"], id, true);
        claim("groupExternalId", &doc["externalId"], id, false);
    }
    let there: BTreeMap<_, _> = table
        .keys
        .iter()
        .filter(|((_, sk), item)| {
            // Those of a creation that is not committed count for nothing.
            let owner = if sk == "K" { text(item, "id") } else { sk };
            let creation = |item: &Item| number(item, "v") == Some(0) && !flag(item, "x");
            !table.groups.get(owner).is_some_and(creation)
        })
        .map(|(key, item)| {
            let owner = if key.1 == "K" { text(item, "id") } else { &key.1 };
            (key.clone(), owner.to_owned())
        })
        .collect();
    assert_eq!(there, wanted, "claims and look-ups differ from the resources");
}

/// Everything that must hold at any moment.
pub(crate) async fn check(bench: &Bench) {
    let table = sort(bench, scan(bench).await);
    check_lockstep(&table);
    check_counts(&table);
    check_keys(&table);
}

/// And nothing is left over.
pub(crate) async fn check_clean(bench: &Bench) {
    let table = sort(bench, scan(bench).await);
    check_lockstep(&table);
    check_counts(&table);
    check_keys(&table);
    assert_eq!((table.fences, table.chores), (0, 0), "fences, chores");
    let heads = table.users.values().chain(table.groups.values());
    for item in heads {
        assert!(!flag(item, "x"), "a tombstone");
        assert!(!item.contains_key("p"), "a pending change");
    }
    for (key, row) in &table.rows {
        let group = head(&table.groups[&key.0]);
        assert!(group.sees(span(row)), "a row that nobody sees");
        assert_eq!(span(row).until, None, "an end that nobody sees");
    }
}

/// How many rows there are, seen or not.
pub(crate) async fn rows(bench: &Bench) -> usize {
    sort(bench, scan(bench).await).rows.len()
}

/// How many items of signing in there are: flows, assertions, sessions, codes, passwords, links, counters.
pub(crate) async fn signing_in(bench: &Bench) -> usize {
    sort(bench, scan(bench).await).signing_in
}

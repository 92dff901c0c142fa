//! `filter-eval/*.json`: `{ type, resources: {name: …}, cases: [[filter, [names that match]]] }`.

use std::collections::BTreeMap;

use lychgate_scim::filter::{Candidates, Filter, Predicate, Unknowns, eval};
use serde_json::Value;

use crate::data::{self, Stored};

fn check(text: &str) -> Result<usize, String> {
    let file: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let rt = data::resource_type(file.get("type").and_then(Value::as_str).unwrap_or("User"));
    let resources: BTreeMap<&String, Stored> = file
        .get("resources")
        .and_then(Value::as_object)
        .expect("resources")
        .iter()
        .map(|(name, value)| (name, Stored::read(value)))
        .collect();
    let mut failures = Vec::new();
    let cases = file.get("cases").and_then(Value::as_array).expect("cases");
    for case in cases {
        let expression = case.get(0).and_then(Value::as_str).expect("a filter");
        let mut expected: Vec<&str> = case
            .get(1)
            .and_then(Value::as_array)
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        expected.sort_unstable();
        let filter = match Filter::parse(expression) {
            Ok(filter) => filter,
            Err(error) => {
                failures.push(format!("{expression}: {error}"));
                continue;
            }
        };
        if let Err(error) = Predicate::bind(&filter, &rt, Unknowns::NoValue) {
            failures.push(format!("{expression}: {error}"));
        }
        let got: Vec<&str> = resources
            .iter()
            .filter(|(_, stored)| eval(&filter, &rt, &stored.view()))
            .map(|(name, _)| name.as_str())
            .collect();
        if got != expected {
            failures.push(format!("{expression}: got {got:?}, not {expected:?}"));
        }
    }
    if failures.is_empty() { Ok(cases.len()) } else { Err(failures.join("\n")) }
}

#[test]
fn cases() {
    let mut count = 0;
    for (name, text) in data::files("filter-eval", "json") {
        count += check(&text).unwrap_or_else(|failures| panic!("{name}\n{failures}"));
    }
    assert!(count > 120, "only {count} cases were read");
}

#[test]
fn the_driver_looks() {
    let failures = check(&data::canary("filter-eval", "json")).unwrap_err();
    assert_eq!(failures.lines().count(), 2, "{failures}");
}

/// A search across types: what a type does not have is no value there, and no candidate is looked for.
#[test]
fn unknown_attributes_have_no_value_across_types() {
    let rt = data::resource_type("Group");
    let group = Stored::read(&serde_json::json!({"displayName": "Engineering"}));
    let holds = |text: &str| eval(&Filter::parse(text).unwrap(), &rt, &group.view());
    assert!(!holds(r#"userName eq "ada""#));
    assert!(holds(r#"userName ne "ada""#));
    assert!(holds("userName eq null"));
    assert!(!holds("userName pr"));
    assert!(holds(r#"userName eq "ada" or displayName sw "eng""#));
    let filter = Filter::parse(r#"userName eq "ada""#).unwrap();
    let predicate = Predicate::bind(&filter, &rt, Unknowns::NoValue).unwrap();
    assert_eq!(predicate.candidates(), Candidates::Keys(Vec::new()));
}

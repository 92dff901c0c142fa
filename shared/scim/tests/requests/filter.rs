//! `filter/syntax-*.txt`: expression │ canonical form or error. `filter/bind-<Type>*.txt`: expression │ `ok` or
//! error, against a resource type. `filter/keys-<Type>*.txt`: expression │ the look-ups that suffice.

use lychgate_scim::filter::{
    Candidates, FILTER_BYTES_MAX, FILTER_DEPTH_MAX, FILTER_TERMS_MAX, Filter, Predicate, Unknowns,
};
use lychgate_scim::{Error, ErrorKind};

use crate::data;

fn check(name: &str, text: &str) -> Result<usize, String> {
    let (what, rest) = name.split_once(['-', '.']).unwrap_or((name, ""));
    let type_name = rest.split(['-', '.']).next().unwrap_or_default();
    match what {
        "bind" => {
            let rt = data::resource_type(type_name);
            data::lines(text, |expression, expected| {
                let bound = Filter::parse(expression)
                    .and_then(|filter| Predicate::bind(&filter, &rt, Unknowns::Refuse));
                data::outcome(bound.map(|_| "ok".to_owned()), expected)
            })
        }
        "keys" => {
            let rt = data::resource_type(type_name);
            data::lines(text, |expression, expected| {
                let predicate = Filter::parse(expression)
                    .and_then(|filter| Predicate::bind(&filter, &rt, Unknowns::NoValue));
                data::outcome(predicate.map(|predicate| shown(&predicate)), expected)
            })
        }
        _ => {
            data::lines(text, |expression, expected| data::outcome(canonical(expression), expected))
        }
    }
}

fn canonical(expression: &str) -> Result<String, Error> {
    let filter = Filter::parse(expression)?;
    let text = filter.to_string();
    assert_eq!(Filter::parse(&text).as_ref(), Ok(&filter), "the canonical form parses back");
    Ok(text)
}

fn shown(predicate: &Predicate) -> String {
    match predicate.candidates() {
        Candidates::All => "All".to_owned(),
        Candidates::Keys(keys) => {
            let keys: Vec<_> = keys.iter().map(|key| format!("{key:?}").replace('"', "")).collect();
            format!("[{}]", keys.join(", "))
        }
    }
}

#[test]
fn cases() {
    let mut count = 0;
    for (name, text) in data::files("filter", "txt") {
        count += check(&name, &text).unwrap_or_else(|failures| panic!("{name}\n{failures}"));
    }
    assert!(count > 150, "only {count} cases were read");
}

#[test]
fn the_driver_looks() {
    let text = data::canary("filter", "txt");
    let failures = check("syntax-canary.txt", &text).unwrap_err();
    assert_eq!(failures.matches("line ").count(), 3, "{failures}");
}

#[track_caller]
fn refused(filter: &str, part: &str) {
    let error = Filter::parse(filter).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidFilter);
    assert!(error.detail.contains(part), "{}", error.detail);
    assert!(error.detail.len() < 500, "an error repeats no more than a little of the request");
}

#[test]
fn bytes_are_limited() {
    let of = |length: usize| format!("userName eq \"{}\"", "x".repeat(length - 14));
    assert_eq!(of(100).len(), 100);
    assert!(Filter::parse(&of(FILTER_BYTES_MAX)).is_ok());
    refused(&of(FILTER_BYTES_MAX + 1), "at most 8192");
    refused(&of(100_000), "100000 bytes long");
    refused(&"(".repeat(100_000), "100000 bytes long");
    refused(&format!("{} eq 1", "x".repeat(600)), "longer than 512 bytes");
}

#[test]
fn depth_is_limited() {
    let of = |depth: usize| format!("{}a eq 1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse(&of(FILTER_DEPTH_MAX)).is_ok());
    refused(&of(FILTER_DEPTH_MAX + 1), "more than 50 levels");
    refused(&"(".repeat(8_000), "more than 50 levels");
    refused(&"not(".repeat(2_000), "more than 50 levels");
}

#[test]
fn terms_are_limited() {
    let of = |terms: usize| vec!["a eq 1"; terms].join(" or ");
    assert!(Filter::parse(&of(FILTER_TERMS_MAX)).is_ok());
    refused(&of(FILTER_TERMS_MAX + 1), "more than 200 comparisons");
}

#[test]
fn what_must_be_read_is_known() {
    let mentions = |text: &str, name: &str| Filter::parse(text).unwrap().mentions(name);
    assert!(mentions(r#"id eq "g" and Members eq "u""#, "members"));
    assert!(mentions(r#"members[value eq "u"]"#, "members"));
    assert!(mentions(
        r#"not (urn:ietf:params:scim:schemas:core:2.0:Group:members.value pr)"#,
        "members"
    ));
    assert!(!mentions(r#"displayName eq "members""#, "members"));
    let group = data::resource_type("Group");
    let filter = Filter::parse(r#"id eq "g" and members eq "u""#).unwrap();
    let predicate = Predicate::bind(&filter, &group, Unknowns::Refuse).unwrap();
    assert!(predicate.needs_members() && !predicate.needs_groups());
}

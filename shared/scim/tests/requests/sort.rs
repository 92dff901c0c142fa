//! RFC 7644 §3.4.2.3.

use lychgate_scim::ErrorKind;
use lychgate_scim::sort::Sort;
use serde_json::json;

use crate::data::{self, DECLARED, Stored};

fn people() -> Vec<Stored> {
    [
        json!({"id": "a", "userName": "Bo", "name": {"familyName": "zuse"}, "active": true,
               "emails": [{"value": "z@x"}, {"value": "b@x", "primary": true}],
               "meta": {"created": "2026-01-01T10:00:00+02:00"}, DECLARED: {"floor": 10, "serial": "b"}}),
        json!({"id": "b", "userName": "ada", "active": false, "emails": [{"value": "A@x"}, {"value": "c@x"}],
               "meta": {"created": "2026-01-01T08:30:00Z"}, DECLARED: {"floor": 9, "serial": "B"}}),
        json!({"id": "c", "userName": "Émile", "name": {"familyName": "Byron"},
               "meta": {"created": "2026-01-01T08:00:00.5Z"}}),
        json!({"id": "d", "userName": "cy", "name": {"familyName": "byron"},
               "meta": {"created": "2026-01-01T07:59:59Z"}, DECLARED: {"floor": 9.5, "serial": "a"}}),
    ]
    .iter()
    .map(Stored::read)
    .collect()
}

fn sorted(by: &str, order: Option<&str>) -> String {
    let sort = Sort::parse(&data::resource_type("Extended"), by, order).unwrap();
    let sorted = sort.sort(people(), |stored| sort.key(&stored.view()));
    sorted.iter().map(|stored| stored.id.as_str()).collect()
}

#[test]
fn text_disregards_case_where_the_schema_does() {
    assert_eq!(sorted("userName", None), "badc");
    assert_eq!(sorted("USERNAME", Some("Descending")), "cdab");
    assert_eq!(sorted(&format!("{DECLARED}:serial"), None), "bdac");
}

#[test]
fn what_has_no_value_is_last_and_first_when_descending() {
    assert_eq!(sorted("name.familyName", Some("ascending")), "cdab");
    assert_eq!(sorted("name.familyName", Some("descending")), "bacd");
    assert_eq!(sorted("nickName", None), "abcd");
    assert_eq!(sorted("nickName", Some("descending")), "abcd");
}

#[test]
fn lists_count_by_their_primary_or_first() {
    assert_eq!(sorted("emails", None), "bacd");
    assert_eq!(sorted("emails.value", Some("descending")), "cdab");
}

#[test]
fn times_compare_as_instants_and_numbers_as_numbers() {
    assert_eq!(sorted("meta.created", None), "dacb");
    assert_eq!(sorted("meta.lastModified", None), "abcd");
    assert_eq!(sorted(&format!("{DECLARED}:floor"), None), "bdac");
    assert_eq!(sorted("active", None), "bacd");
    assert_eq!(sorted("id", Some("descending")), "dcba");
    assert_eq!(sorted("meta.resourceType", None), "abcd");
}

#[test]
fn what_cannot_be_sorted_by_is_refused() {
    let refused =
        |by: &str, order| Sort::parse(&data::resource_type("User"), by, order).unwrap_err().kind;
    for by in [
        "",
        "shoeSize",
        "name",
        "name.shoe",
        "groups",
        "meta",
        "schemas",
        "password",
        "a b",
        "addresses",
    ] {
        assert_eq!(refused(by, None), ErrorKind::InvalidPath, "{by}");
    }
    assert_eq!(refused("userName", Some("up")), ErrorKind::InvalidValue);
}

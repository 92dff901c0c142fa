//! What must hold of every filter and every PATCH.

use std::collections::BTreeSet;

use lychgate_scim::filter::{Candidates, Filter, KeyTerm, Literal, Operator, Predicate, Unknowns};
use lychgate_scim::patch::{self, MembersChange};
use lychgate_scim::path::{AttrPath, Path};
use lychgate_scim::resource::MemberRef;
use lychgate_scim::schema::ResourceType;
use lychgate_scim::sort::Sort;
use lychgate_scim::value::{canonical, normalized_key};
use lychgate_scim::{Error, Notices, Resource};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::data::{self, Stored};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// Few texts, some of them equal but for case, so that comparisons hold now and then.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec!["a", "A", "b", "ab", "AB", "a@x", "É", "é", "σ", "ς", "Σ", "work", "home", ""])
            .prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ]
}

fn any_path() -> impl Strategy<Value = AttrPath> {
    prop::sample::select(vec![
        "userName",
        "USERNAME",
        "id",
        "externalId",
        "title",
        "active",
        "emails",
        "emails.value",
        "emails.type",
        "emails.primary",
        "displayName",
        "name.givenName",
        "manager",
        "groups",
        "groups.value",
        "urn:ietf:params:scim:schemas:core:2.0:User:userName",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
    ])
    .prop_map(|path| AttrPath::parse(path).unwrap())
}

fn any_part_path() -> impl Strategy<Value = AttrPath> {
    prop::sample::select(vec!["value", "Value", "type", "primary", "display"])
        .prop_map(|path| AttrPath::parse(path).unwrap())
}

fn any_operator() -> impl Strategy<Value = Operator> {
    prop_oneof![
        3 => Just(Operator::Equal),
        2 => prop::sample::select(Operator::ALL.map(|(operator, _)| operator).to_vec()),
    ]
}

fn any_literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        8 => any_text().prop_map(Literal::Text),
        2 => any::<bool>().prop_map(Literal::Boolean),
        1 => Just(Literal::Null),
        1 => any::<i64>().prop_map(|number| Literal::Number(number.into())),
        1 => (-1e6_f64..1e6).prop_map(|f| Literal::Number(serde_json::Number::from_f64(f).unwrap())),
    ]
}

fn joined(
    term: impl Strategy<Value = Filter> + Clone + 'static,
    depth: u32,
) -> impl Strategy<Value = Filter> + Clone {
    term.prop_recursive(depth, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Filter::and),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Filter::or),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
    .boxed()
}

fn term(
    path: impl Strategy<Value = AttrPath> + Clone + 'static,
) -> impl Strategy<Value = Filter> + Clone {
    prop_oneof![
        1 => path.clone().prop_map(Filter::Present),
        6 => (path, any_operator(), any_literal())
            .prop_map(|(path, operator, literal)| Filter::Compare { path, operator, literal }),
    ]
    .boxed()
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let within =
        (prop::sample::select(vec!["emails", "Emails"]), joined(term(any_part_path().boxed()), 2))
            .prop_map(|(path, filter)| Filter::Within {
                path: AttrPath::parse(path).unwrap(),
                filter: Box::new(filter),
            });
    joined(prop_oneof![4 => term(any_path().boxed()), 2 => within].boxed(), 3)
}

fn any_email() -> impl Strategy<Value = Value> {
    (any_text(), any_text(), any::<Option<bool>>()).prop_map(|(value, kind, primary)| {
        let mut email =
            Map::from_iter([("value".to_owned(), json!(value)), ("type".to_owned(), json!(kind))]);
        if let Some(primary) = primary {
            email.insert("primary".to_owned(), json!(primary));
        }
        Value::Object(email)
    })
}

/// A user as the store would keep it.
fn any_user() -> impl Strategy<Value = Stored> {
    (
        (any_text(), any_text(), prop::option::of(any_text()), prop::option::of(any_text())),
        (any::<Option<bool>>(), prop::collection::vec(any_email(), 0..4), prop::option::of(any_text())),
        prop::collection::vec(any_text(), 0..2),
    )
        .prop_map(|((id, name, external, title), (active, emails, department), groups)| {
            let body = json!({
                "userName": format!("{name}x"), "externalId": external, "title": title, "active": active,
                "emails": emails, ENTERPRISE: {"department": department},
            });
            let rt = data::resource_type("User");
            let incoming = Resource::for_create(&rt, body, &mut Notices::default()).unwrap();
            let mut attributes = incoming.resource.into_attributes();
            attributes.insert("userName".to_owned(), json!(name));
            attributes.insert("id".to_owned(), json!(id));
            let groups: Vec<_> = groups.iter().map(|group| json!({"value": group})).collect();
            attributes.insert("groups".to_owned(), json!(groups));
            Stored::read(&Value::Object(attributes))
        })
}

// A naive reading of the RFC on plain JSON: the values that a path names as a list, and one rule for each operator.

fn naive(filter: &Filter, scope: &Value) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().all(|part| naive(part, scope)),
        Filter::Or(parts) => parts.iter().any(|part| naive(part, scope)),
        Filter::Not(inner) => !naive(inner, scope),
        Filter::Present(path) => !naive_values(scope, &naive_name(path, false)).is_empty(),
        Filter::Within { path, filter } => naive_values(scope, &naive_name(path, false))
            .iter()
            .any(|element| naive(filter, element)),
        Filter::Compare { path, operator, literal } => {
            let name = naive_name(path, true);
            let values = naive_values(scope, &name);
            match (operator, literal) {
                (Operator::Equal, Literal::Null) => values.is_empty(),
                (Operator::NotEqual, Literal::Null) => !values.is_empty(),
                (Operator::NotEqual, _) if values.is_empty() => true,
                _ => values.iter().any(|value| naive_compare(&name, value, *operator, literal)),
            }
        }
    }
}

/// The path in canonical spelling; compared complex attributes mean their `value`.
fn naive_name(path: &AttrPath, compared: bool) -> String {
    let name = path.as_str().rsplit(':').next().unwrap().to_lowercase();
    match name.as_str() {
        "username" => "userName".to_owned(),
        "externalid" => "externalId".to_owned(),
        "displayname" => "displayName".to_owned(),
        "name.givenname" => "name.givenName".to_owned(),
        "emails" | "groups" | "manager" if compared => format!("{name}.value"),
        _ => name,
    }
}

fn naive_values(scope: &Value, name: &str) -> Vec<Value> {
    let mut values = vec![scope.clone()];
    for part in name.split('.') {
        values = values
            .iter()
            .filter_map(|value| value.get(part).cloned())
            .flat_map(|value| match value {
                Value::Array(list) => list,
                single => vec![single],
            })
            .collect();
    }
    values
}

fn naive_compare(name: &str, value: &Value, operator: Operator, literal: &Literal) -> bool {
    if let Value::Bool(flag) = value {
        let literal = literal.to_string().to_lowercase().contains("true");
        return (*flag == literal) == (operator == Operator::Equal);
    }
    let literal = match literal {
        Literal::Text(text) => text.clone(),
        other => other.to_string(),
    };
    let text = value.as_str().unwrap().to_owned();
    let exact = matches!(name, "id" | "externalId" | "groups.value" | "manager.value");
    let fold = |text: String| if exact { text } else { normalized_key(&text) };
    let (text, literal) = (fold(text), fold(literal));
    match operator {
        Operator::Equal => text == literal,
        Operator::NotEqual => text != literal,
        Operator::Contains => text.contains(&literal),
        Operator::StartsWith => text.starts_with(&literal),
        Operator::EndsWith => text.ends_with(&literal),
        Operator::Greater => text > literal,
        Operator::GreaterOrEqual => text >= literal,
        Operator::Less => text < literal,
        Operator::LessOrEqual => text <= literal,
    }
}

/// The resource as one plain document, extension attributes among the core ones.
fn document(stored: &Stored) -> Value {
    let mut document = stored.resource.attributes().clone();
    if let Some(Value::Object(extension)) = document.remove(ENTERPRISE) {
        document.extend(extension);
    }
    document.insert("id".to_owned(), json!(stored.id));
    let groups: Vec<_> = stored.groups.iter().map(|group| json!({"value": group.value})).collect();
    document.insert("groups".to_owned(), json!(groups));
    Value::Object(document)
}

/// Every key under which the store keeps this user.
fn keys(stored: &Stored) -> Vec<KeyTerm> {
    let text = |name: &str| stored.resource.text(name).map(str::to_owned);
    let mut keys = vec![KeyTerm::Id(stored.id.clone())];
    keys.extend(text("userName").map(|name| KeyTerm::UserName(normalized_key(&name))));
    keys.extend(text("externalId").map(KeyTerm::ExternalId));
    for email in naive_values(&document(stored), "emails.value") {
        keys.push(KeyTerm::Email(normalized_key(email.as_str().unwrap())));
    }
    keys.extend(stored.groups.iter().map(|group| KeyTerm::Group(group.value.clone())));
    keys
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        Just(json!("True")),
        any_text().prop_map(Value::from),
        (0..9).prop_map(Value::from),
        any_email(),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        let name = prop::sample::select(vec![
            "value",
            "Type",
            "primary",
            "$ref",
            "givenName",
            "emails",
            "active",
            "title",
            "name.familyName",
            "id",
            ENTERPRISE,
            "manager",
            "roles[primary eq true].value",
            "members",
            "displayName",
            "shoe",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..3).prop_map(|pairs| {
                pairs
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect::<Map<_, _>>()
                    .into()
            }),
        ]
    })
}

fn any_operation() -> impl Strategy<Value = Value> {
    let path = prop::sample::select(vec![
        "",
        "title",
        "userName",
        "active",
        "name",
        "name.givenName",
        "emails",
        "emails.value",
        "emails.primary",
        "emails[type eq \"work\"]",
        "emails[type eq \"work\"].value",
        "emails[type eq \"home\"].primary",
        "emails[value eq \"a\" and type eq \"b\"].display",
        "emails[primary eq true].value",
        "emails[not (type pr)]",
        "roles[primary eq \"True\"].value",
        "manager",
        "department",
        ENTERPRISE,
        "externalId",
        "shoe",
    ]);
    (prop::sample::select(vec!["add", "Replace", "remove"]), path, prop::option::of(any_value()))
        .prop_map(|(op, path, value)| {
            let mut operation = json!({"op": op, "path": path});
            if let Some(value) = value {
                operation.as_object_mut().unwrap().insert("value".to_owned(), value);
            }
            operation
        })
}

fn applied(rt: &ResourceType, current: &Resource, operations: &[Value]) -> Result<Resource, Error> {
    let mut notices = Notices::default();
    let body = json!({"Operations": operations});
    patch::plan(rt, "own-1", body, &mut notices)?.apply(current, &mut notices)
}

/// Whether every value is in the form that POST would have given it.
fn is_canonical(rt: &ResourceType, resource: &Resource) -> Result<(), TestCaseError> {
    for (name, value) in resource.attributes() {
        let parts: Vec<_> = match rt.extension(name) {
            Some(schema) => {
                prop_assert!(!value.as_object().unwrap().is_empty());
                value
                    .as_object()
                    .unwrap()
                    .iter()
                    .map(|(n, v)| (schema.attribute(n), n, v))
                    .collect()
            }
            None => vec![(rt.schema.attribute(name), name, value)],
        };
        for (attribute, name, value) in parts {
            if name == "externalId" {
                continue;
            }
            let attribute = attribute.unwrap();
            prop_assert_eq!(name.as_str(), attribute.name.as_ref());
            let kept = canonical(attribute, value.clone(), name, &mut Notices::default());
            prop_assert_eq!(kept, Ok(Some(value.clone())));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn a_printed_filter_parses_to_itself(filter in any_filter()) {
        let text = filter.to_string();
        prop_assert_eq!(Filter::parse(&text), Ok(filter));
    }

    #[test]
    fn parsers_never_panic(text in "\\PC{0,60}") {
        let rt = data::resource_type("User");
        if let Ok(filter) = Filter::parse(&text) {
            prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
        }
        if let Ok(path) = Path::parse(&text) {
            prop_assert_eq!(Path::parse(&path.to_string()), Ok(path.clone()));
            let _ = path.resolve(&rt);
        }
        let _ = Sort::parse(&rt, &text, None);
    }

    #[test]
    fn parsers_never_panic_on_words_of_the_grammar(
        words in prop::collection::vec(prop::sample::select(vec![
            "a", "emails", "not", "and", "or", "eq", "pr", "(", ")", "[", "]", ".", "value", "\"", "\"x\"", "\\", " ",
            "1", "-", "true", "null", "urn:a:b", ":", "é",
        ]), 0..14),
        space in prop::sample::select(vec!["", " "]),
    ) {
        let text = words.join(space);
        if let Ok(filter) = Filter::parse(&text) {
            prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
        }
        if let Ok(path) = Path::parse(&text) {
            prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
        }
    }

    #[test]
    fn evaluation_agrees_with_the_naive_one(filter in any_filter(), users in prop::collection::vec(any_user(), 1..5)) {
        let rt = data::resource_type("User");
        if let Ok(predicate) = Predicate::bind(&filter, &rt, Unknowns::Refuse) {
            for user in &users {
                prop_assert_eq!(predicate.matches(&user.view()), naive(&filter, &document(user)), "{}", filter);
            }
        }
    }

    #[test]
    fn candidates_miss_nothing(filter in any_filter(), users in prop::collection::vec(any_user(), 1..5)) {
        let rt = data::resource_type("User");
        if let Ok(predicate) = Predicate::bind(&filter, &rt, Unknowns::NoValue)
            && let Candidates::Keys(wanted) = predicate.candidates()
        {
            for user in users.iter().filter(|user| predicate.matches(&user.view())) {
                prop_assert!(keys(user).iter().any(|key| wanted.contains(key)), "{} {:?}", filter, wanted);
            }
        }
    }

    #[test]
    fn a_patch_leaves_a_canonical_resource(user in any_user(), operations in prop::collection::vec(any_operation(), 1..5)) {
        let rt = data::resource_type("User");
        let before = user.resource.clone();
        if let Ok(after) = applied(&rt, &user.resource, &operations) {
            is_canonical(&rt, &after)?;
            prop_assert!(after.text("userName").is_some());
        }
        prop_assert_eq!(before, user.resource);
    }

    #[test]
    fn a_failing_operation_fails_the_others_with_it(user in any_user(), operations in prop::collection::vec(any_operation(), 1..4)) {
        let rt = data::resource_type("User");
        let mut operations = operations;
        operations.push(json!({"op": "replace", "path": "id", "value": "other"}));
        prop_assert!(applied(&rt, &user.resource, &operations).is_err());
    }

    #[test]
    fn one_operation_twice_is_as_once(user in any_user(), operation in any_operation()) {
        let rt = data::resource_type("User");
        let operations = [operation];
        if let Ok(once) = applied(&rt, &user.resource, &operations)
            && let Ok(twice) = applied(&rt, &once, &operations)
        {
            prop_assert_eq!(once, twice);
        }
    }

    #[test]
    fn members_come_to_what_sets_come_to(
        current in prop::collection::btree_set(0..8_u8, 0..6),
        changes in prop::collection::vec((0..4_u8, prop::collection::vec(0..8_u8, 0..4)), 0..6),
    ) {
        let id = |n: &u8| format!("u-{n}");
        let member = |n: &u8| MemberRef { value: id(n), kind: None, display: None };
        let members: Vec<_> = current.iter().map(member).collect();
        let mut wanted: BTreeSet<u8> = current.clone();
        let changes: Vec<_> = changes.iter().map(|(kind, ids)| match kind {
            0 => {
                wanted.extend(ids);
                MembersChange::Add(ids.iter().map(member).collect())
            }
            1 => {
                wanted.retain(|n| !ids.contains(n));
                MembersChange::Remove(ids.iter().map(id).collect())
            }
            2 => {
                wanted = ids.iter().copied().collect();
                MembersChange::Replace(ids.iter().map(member).collect())
            }
            _ => {
                wanted.clear();
                MembersChange::Clear
            }
        }).collect();
        let needed = changes.iter().any(MembersChange::needs_members);
        let named = patch::named_ids(&changes);
        let read: Vec<_> =
            members.iter().filter(|member| needed || named.contains(&member.value.as_str())).cloned().collect();
        let net = patch::net(&changes, &read);
        let added: BTreeSet<_> = net.add.iter().map(|member| member.value.clone()).collect();
        let removed: BTreeSet<_> = net.remove.iter().cloned().collect();
        prop_assert_eq!(added, wanted.difference(&current).map(id).collect());
        prop_assert_eq!(removed, current.difference(&wanted).map(id).collect());
    }
}

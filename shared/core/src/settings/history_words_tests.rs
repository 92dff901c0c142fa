use serde_json::json;

use super::*;

fn event(kind: &str, subject: &str, data: Value) -> StoredEvent {
    let Value::Object(data) = data else { panic!("data is an object") };
    StoredEvent {
        id: uuid::Uuid::nil().into(),
        at: Timestamp::from_unix_millis(0),
        kind: kind.to_owned(),
        actor: "token:tok-00000000".to_owned(),
        actor_name: None,
        subject_kind: "user".to_owned(),
        subject_id: "subject-id".to_owned(),
        subject_name: subject.to_owned(),
        data,
    }
}

fn told(kind: EventKind, subject: &str, data: Value) -> (String, Vec<String>) {
    let told = tell(&event(kind.text(), subject, data), &Names::default());
    (told.sentence.replace(" (a token that was revoked, tok-00000000)", ""), told.changes)
}

#[test]
fn every_kind_has_words_of_its_own() {
    let mut seen = std::collections::BTreeSet::new();
    for kind in EventKind::ALL {
        for data in
            [json!({}), json!({"displayName": "Ada", "reason": 1, "added": true, "ended": {}})]
        {
            let (sentence, _) = told(kind, "the subject", data.clone());
            assert!(!sentence.contains("did something"), "{sentence}");
            assert!(!sentence.contains(kind.text()), "{sentence}");
            assert!(sentence.ends_with('.') && sentence.len() > 20, "{sentence}");
            assert!(data != json!({}) || seen.insert(sentence.clone()), "twice: {sentence}");
        }
        assert!(Topic::ALL.contains(&Topic::of(kind)));
    }
    for topic in Topic::ALL {
        assert_eq!(Topic::parse(topic.text()), Some(topic));
        assert!(EventKind::ALL.into_iter().any(|kind| Topic::of(kind) == topic));
    }
}

#[test]
fn people_are_told_with_their_names() {
    use EventKind as K;
    let ada = "ada@acme.test";
    let display = |mut data: Value| {
        data["displayName"] = "Ada Lovelace".into();
        data
    };
    for (kind, data, sentence) in [
        (K::MemberSuspended, display(json!({})), "suspended Ada Lovelace (ada@acme.test)"),
        (K::MemberSuspended, json!({"suspended_by_hand": true}), "suspended ada@acme.test by hand"),
        (K::MemberCreated, display(json!({})), "added Ada Lovelace (ada@acme.test) as a member"),
        (
            K::MemberDeleted,
            json!({"reason": "clean_up"}),
            "cleaned up the suspended member ada@acme.test",
        ),
        (K::MemberDeleted, json!({}), "deleted ada@acme.test"),
        (
            K::MemberSessionsEnded,
            json!({"by": "owner", "ended": [{}, {}]}),
            "ended 2 sessions of ada@acme.test",
        ),
    ] {
        assert_eq!(told(kind, ada, data).0, format!("The identity provider {sentence}."));
    }
    let jit = told(K::MemberCreated, ada, display(json!({"origin": "jit"})));
    assert_eq!(
        jit.0,
        "Ada Lovelace (ada@acme.test) became a member by signing in for the first time."
    );
    let changed = told(K::MemberUpdated, ada, json!({"changed": ["title", "emails"]}));
    assert_eq!(changed.1, ["Changed: title, emails"]);
    let out = told(K::MemberSessionsEnded, ada, json!({"by": "member", "ended": [{}]}));
    assert_eq!(out.0, "ada@acme.test signed out: 1 session ended.");
}

#[test]
fn the_name_of_the_actor_is_the_one_of_then() {
    let mut event = event("member.suspended", "ada@acme.test", json!({"suspended_by_hand": true}));
    event.actor = "owner:gone".to_owned();
    event.actor_name = Some("grace@acme.test".to_owned());
    let told = tell(&event, &Names::default());
    assert_eq!(told.sentence, "Owner grace@acme.test suspended ada@acme.test by hand.");
}

#[test]
fn before_and_after_are_told() {
    use EventKind as K;
    let change = |before: Value, after: Value| json!({"before": before, "after": after});
    let (_, changes) = told(
        K::LicenceChanged,
        "acme",
        json!({
            "state": change("none".into(), "active".into()),
            "seats": change(Value::Null, 2000.into()),
            "ends": change(Value::Null, "2027-01-31T00:00:00.000Z".into()),
        }),
    );
    let mut changes = changes;
    changes.sort();
    assert_eq!(
        changes,
        ["Ends: none → 2027-01-31", "Licence: no licence → active", "Seats: no limit → 2000"]
    );
    let on =
        told(K::DirectoryUpdated, "acme", json!({"enabled": change(false.into(), true.into())}));
    assert_eq!(
        on,
        ("The identity provider switched SCIM on.".to_owned(), vec!["SCIM: off → on".to_owned()])
    );
    let kept = json!({"suspended_retention_days": change(Value::Null, 30.into())});
    assert_eq!(
        told(K::DirectoryUpdated, "acme", kept).1,
        ["Suspended members are kept: for ever → 30 days"]
    );
    let domains = json!({"email_domains": change(json!([]), json!(["a.test", "b.test"]))});
    assert_eq!(
        told(K::SignInPolicyUpdated, "acme", domains).1,
        ["E-mail domains: none → a.test, b.test"]
    );
    let unheard = json!({"brand_new_switch": change(false.into(), true.into())});
    assert_eq!(told(K::ConnectionUpdated, "Okta", unheard).1, ["Brand new switch: off → on"]);
}

#[test]
fn members_of_a_group_are_named_as_far_as_they_are_known() {
    let side = |count: u64, ids: &[&str]| json!({"count": count, "members": ids});
    let mut names = Names::default();
    for (id, name) in [("a", "Ada"), ("b", "Bob"), ("c", "Cid"), ("d", "Dan")] {
        let mut event = event("member.created", name, json!({}));
        event.subject_id = id.to_owned();
        names.learn(&event);
    }
    let tell = |data: Value| {
        let event = event("group.members_changed", "Staff", data);
        let (_, said) = super::tell(&event, &names)
            .sentence
            .split_once(") ")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        said
    };
    for (data, said) in [
        (json!({"added": side(1, &["a"])}), "added Ada to the group ‘Staff’."),
        (json!({"added": side(2, &["a", "b"])}), "added Ada and Bob to the group ‘Staff’."),
        (
            json!({"added": side(5, &["a", "b", "c", "d", "e"])}),
            "added Ada, Bob, Cid and 2 others to the group ‘Staff’.",
        ),
        (json!({"removed": side(1200, &["x"])}), "removed 1,200 members from the group ‘Staff’."),
        (
            json!({"added": side(1, &["x"]), "removed": side(2, &["x", "b"])}),
            "added 1 member to the group ‘Staff’ and removed Bob and 1 other.",
        ),
    ] {
        assert_eq!(tell(data), said);
    }
    let named = event("group.created", "Staff", json!({"added": side(4, &["a", "b", "c", "d"])}));
    assert_eq!(members_named(&named).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn whatever_stands_in_an_event_is_told_in_bounds() {
    let long = "x".repeat(5_000);
    let data: Map<String, Value> = (0..100)
        .map(|n| (format!("k{n}"), json!({"before": long, "after": [long, long]})))
        .collect();
    let told = tell(&event("connection.updated", &long, Value::Object(data)), &Names::default());
    assert_eq!(told.changes.len(), CHANGES_SHOWN_MAX);
    assert!(told.changes.iter().all(|line| line.chars().count() < 2 * VALUE_SHOWN_CHARS_MAX + 100));
    assert!(told.sentence.chars().count() < 300, "{}", told.sentence);
    let later = tell(&event("moon.eaten", "", json!({})), &Names::default());
    assert!(later.sentence.ends_with("did something: moon.eaten."));
}

#[test]
fn counts_have_their_commas() {
    assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    assert_eq!(counted(1, "member", "members"), "1 member");
}

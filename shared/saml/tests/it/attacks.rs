//! Every message of `tests/data/saml`: attacks are refused, each with its own word; controls are accepted, each with its
//! identity. `--nocapture` prints the table. `UPDATE_EXPECT=1` writes the words and the identities; it never turns an
//! attack into a control.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    corpus::{Kind, updating},
    forge::{EVIL, data},
    judge::{Connection, Filed, filed, in_folder, record},
    logout,
};

/// What came of a case, in the form of its expectation.
fn outcome(case: &Filed) -> Value {
    let connection = Connection::with(&case.with);
    match case.kind {
        Kind::Query | Kind::LogoutRequest | Kind::LogoutResponse => {
            logout::outcome(&connection, case)
        }
        Kind::Xml | Kind::Form => match connection.message(case.kind, &case.content) {
            Ok(identity) => {
                json!({"identity": identity.value(), "protection": identity.protection()})
            }
            Err(rejection) => json!({"rejection": rejection.code()}),
        },
    }
}

/// Whether a case came out as its folder and its expectation say; the reason when it did not.
fn check(case: &Filed, outcome: &Value) -> Result<(), String> {
    let accepted = outcome.get("rejection").is_none();
    let wanted = case.folder.starts_with("accept/");
    if accepted != wanted {
        return Err(format!(
            "{}/{} must be {}: {outcome}",
            case.folder,
            case.name,
            if wanted { "accepted" } else { "refused" }
        ));
    }
    if *outcome != case.expect {
        return Err(format!("{}/{}: want {}, got {outcome}", case.folder, case.name, case.expect));
    }
    Ok(())
}

/// Judges all cases of a verdict; returns what came, by folder and name.
fn judge(verdict: &str) -> BTreeMap<String, BTreeMap<String, Value>> {
    let mut found: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for mut case in filed(verdict) {
        let outcome = outcome(&case);
        if updating() {
            case.expect = outcome.clone();
        }
        wrong.extend(check(&case, &outcome).err());
        found.entry(case.folder).or_default().insert(case.name, outcome);
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    if updating() {
        for (folder, outcomes) in &found {
            record(folder, outcomes);
        }
    }
    found
}

#[test]
fn attacks_are_refused() {
    let found = judge("reject");
    let mut rejected = 0;
    for (folder, cases) in &found {
        for (name, outcome) in cases {
            println!(
                "{:<64} {}",
                format!("{folder}/{name}"),
                outcome["rejection"].as_str().unwrap_or("ACCEPTED")
            );
            rejected += usize::from(outcome.get("rejection").is_some());
        }
    }
    let all: usize = found.values().map(BTreeMap::len).sum();
    let policy = found["reject/policy"].len();
    println!(
        "{all} attacks in {} classes, of which {policy} policy cases: {} accepted",
        found.len(),
        all - rejected
    );
    assert_eq!(rejected, all, "no forged identity, no policy case");
    assert!(
        !found
            .values()
            .flat_map(BTreeMap::values)
            .any(|outcome| outcome.to_string().contains(EVIL))
    );
    assert!(all >= 280 && policy >= 44, "{all} cases, {policy} of policy: some are gone");
}

#[test]
fn controls_are_accepted() {
    let found = judge("accept");
    for (folder, cases) in &found {
        for (name, outcome) in cases {
            let how = outcome["protection"].as_str().unwrap_or("logout");
            println!("{:<64} {how}", format!("{folder}/{name}"));
        }
    }
    let all: usize = found.values().map(BTreeMap::len).sum();
    println!("{all} controls accepted");
    assert!(all >= 60, "{all} controls: some are gone");
}

/// The driver is only worth something if it sees: a control filed as an attack, an attack filed as a control, a wrong
/// word, a wrong identity.
#[test]
fn the_driver_sees() {
    let take = |folder: &str| in_folder(folder).into_iter().next().unwrap();
    let mut control = take("accept/okta");
    assert_eq!(check(&control, &outcome(&control)), Ok(()));
    control.expect["identity"]["email"] = json!(EVIL);
    assert!(check(&control, &outcome(&control)).is_err(), "another identity");
    let mut misfiled = take("accept/okta");
    misfiled.folder = "reject/okta".to_owned();
    assert!(check(&misfiled, &outcome(&misfiled)).is_err(), "an attack that gets through");
    let mut attack = take("reject/xsw-3");
    assert_eq!(check(&attack, &outcome(&attack)), Ok(()));
    attack.expect = json!({"rejection": "expired"});
    assert!(check(&attack, &outcome(&attack)).is_err(), "another word");
    attack.folder = "accept/xsw-3".to_owned();
    assert!(check(&attack, &outcome(&attack)).is_err(), "a control that is refused");
}

/// A class of attacks that is not in the document is not known.
#[test]
fn every_class_is_in_the_document() {
    let document = data("../../../docs/known-attacks.md");
    let document = std::fs::read_to_string(document).unwrap();
    let missing: Vec<String> = filed("reject")
        .into_iter()
        .map(|case| case.folder.replace("reject/", ""))
        .filter(|class| !document.contains(&format!("`{class}`")))
        .collect();
    assert!(missing.is_empty(), "docs/known-attacks.md does not name {missing:?}");
}

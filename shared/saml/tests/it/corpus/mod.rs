//! The corpus of `tests/data/saml/accept` and `reject`: who makes it, and how it is kept.
//!
//! `UPDATE_EXPECT=1` writes what is new or has changed. Without it, [`the_files_are_what_the_generator_makes`] holds the
//! files to the generator. Messages with a random part (ECDSA, encryption) are made once and then kept.

mod controls;
mod documents;
mod encryption;
mod forgery;
mod others;
mod policy;
pub(crate) mod text;
mod wrapping;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::{Map, Value, json};

use crate::forge::{self, data};

/// How far clocks may differ in the corpus, in seconds.
pub(crate) const SKEW_SECS: i64 = 60;

/// How a message came: this is its file's extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The Response, decoded.
    Xml,
    /// The value of the form field `SAMLResponse`.
    Form,
    /// The raw query of the Redirect binding.
    Query,
    /// A logout request of the POST binding, decoded.
    LogoutRequest,
    /// A logout response of the POST binding, decoded.
    LogoutResponse,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] =
        [Self::Xml, Self::Form, Self::Query, Self::LogoutRequest, Self::LogoutResponse];

    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Xml => "xml",
            Self::Form => "form",
            Self::Query => "query",
            Self::LogoutRequest => "logout-request.xml",
            Self::LogoutResponse => "logout-response.xml",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// `accept` or `reject`.
    verdict: &'static str,
    class: String,
    name: String,
    kind: Kind,
    content: Vec<u8>,
    source: String,
    /// What differs from the connection of `connection.json`.
    with: Value,
    random: bool,
}

impl Case {
    fn new(
        verdict: &'static str,
        class: &str,
        name: &str,
        kind: Kind,
        content: Vec<u8>,
        source: &str,
    ) -> Self {
        let (class, name, source) = (class.to_owned(), name.to_owned(), source.to_owned());
        Self { verdict, class, name, kind, content, source, with: Value::Null, random: false }
    }

    fn with(mut self, with: Value) -> Self {
        self.with = with;
        self
    }

    fn random(mut self) -> Self {
        self.random = true;
        self
    }

    fn folder(&self) -> String {
        format!("{}/{}", self.verdict, self.class)
    }
}

fn accept(class: &str, name: &str, xml: String, source: &str) -> Case {
    Case::new("accept", class, name, Kind::Xml, xml.into_bytes(), source)
}

fn reject(class: &str, name: &str, xml: String, source: &str) -> Case {
    Case::new("reject", class, name, Kind::Xml, xml.into_bytes(), source)
}

fn raw(class: &str, name: &str, bytes: Vec<u8>, source: &str) -> Case {
    Case::new("reject", class, name, Kind::Xml, bytes, source)
}

fn accept_value(class: &str, name: &str, value: String, source: &str) -> Case {
    Case::new("accept", class, name, Kind::Form, value.into_bytes(), source)
}

fn reject_value(class: &str, name: &str, value: String, source: &str) -> Case {
    Case::new("reject", class, name, Kind::Form, value.into_bytes(), source)
}

fn all() -> Vec<Case> {
    [
        controls::cases(),
        wrapping::cases(),
        forgery::cases(),
        text::cases(),
        documents::cases(),
        encryption::cases(),
        policy::cases(),
        others::cases(),
    ]
    .concat()
}

pub(crate) fn updating() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some()
}

/// `cases.json` of a folder. What the driver wrote there (`expect`) is kept.
fn index(folder: &str, cases: &[Case]) -> String {
    let path = data(folder).join("cases.json");
    let before: Value = fs::read(&path)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let sources: BTreeSet<&str> = cases.iter().map(|case| case.source.as_str()).collect();
    let one_source = (sources.len() == 1).then(|| sources.first().copied()).flatten();
    let list: Map<String, Value> = cases
        .iter()
        .map(|case| {
            let mut entry = Map::new();
            if one_source.is_none() {
                entry.insert("source".to_owned(), json!(case.source));
            }
            if !case.with.is_null() {
                entry.insert("with".to_owned(), case.with.clone());
            }
            if let Some(expect) = before["cases"][&case.name].get("expect") {
                entry.insert("expect".to_owned(), expect.clone());
            }
            (case.name.clone(), Value::Object(entry))
        })
        .collect();
    let mut index = Map::new();
    if let Some(source) = one_source {
        index.insert("source".to_owned(), json!(source));
    }
    index.insert("cases".to_owned(), Value::Object(list));
    serde_json::to_string_pretty(&Value::Object(index)).unwrap() + "\n"
}

#[test]
fn the_files_are_what_the_generator_makes() {
    let mut folders: BTreeMap<String, Vec<Case>> = BTreeMap::new();
    for case in all() {
        folders.entry(case.folder()).or_default().push(case);
    }
    let mut differences = Vec::new();
    let mut wanted = BTreeSet::new();
    let mut hold = |path: String, content: &[u8], kept: bool| {
        let file = data(&path);
        let found = fs::read(&file).ok();
        let differs = found.as_deref() != Some(content) && !(kept && found.is_some());
        if differs && updating() {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, content).unwrap();
        } else if differs {
            differences.push(path.clone());
        }
        assert!(wanted.insert(path.clone()), "two cases are called {path}");
    };
    for (folder, cases) in &folders {
        for case in cases {
            let path = format!("{folder}/{}.{}", case.name, case.kind.extension());
            hold(path, &case.content, case.random);
        }
        hold(format!("{folder}/cases.json"), index(folder, cases).as_bytes(), false);
    }
    for verdict in ["accept", "reject"] {
        differences.extend(found_below(verdict).into_iter().filter(|path| !wanted.contains(path)));
    }
    assert!(differences.is_empty(), "UPDATE_EXPECT=1 makes or check by hand: {differences:#?}");
    assert!(wanted.len() > 300, "{} files", wanted.len());
}

fn found_below(folder: &str) -> Vec<String> {
    let entries = |path: &std::path::Path| -> Vec<String> {
        let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    entries(&data(folder))
        .into_iter()
        .flat_map(|class| {
            let inside = entries(&data(folder).join(&class));
            let folder = folder.to_owned();
            inside.into_iter().map(move |name| format!("{folder}/{class}/{name}"))
        })
        .collect()
}

/// The keys are test keys: anybody may have them. They are made once, by this, when one is missing.
#[test]
fn the_keys_are_there() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use lychgate_idp::{KeyKind, SigningKey};
    const KEYS: &[(&str, KeyKind)] = &[
        ("idp-rsa", KeyKind::Rsa2048),
        ("idp-next-rsa", KeyKind::Rsa2048),
        ("idp-p256", KeyKind::P256),
        ("idp-p384", KeyKind::P384),
        ("other-idp-rsa", KeyKind::Rsa2048),
        ("attacker-rsa", KeyKind::Rsa2048),
        ("attacker-p256", KeyKind::P256),
        ("sp-encryption", KeyKind::Rsa2048),
        ("sp-encryption-old", KeyKind::Rsa2048),
        ("sp-encryption-other", KeyKind::Rsa2048),
    ];
    let block = |label: &str, der: &[u8]| {
        let lines: Vec<String> = STANDARD
            .encode(der)
            .as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    };
    for (name, kind) in KEYS {
        let path = data("keys").join(format!("{name}.key.pem"));
        if !path.exists() && updating() {
            let until = forge::now() + time::Duration::days(3650);
            let since = forge::now() - time::Duration::days(1);
            let key = SigningKey::generate(*kind, name, since, until).unwrap();
            fs::create_dir_all(data("keys")).unwrap();
            fs::write(&path, block("PRIVATE KEY", key.pkcs8())).unwrap();
            let certificate = block("CERTIFICATE", key.certificate());
            fs::write(data("keys").join(format!("{name}.crt.pem")), certificate).unwrap();
        }
        let _ = forge::key(name);
    }
}

//! One verdict on one message: what a sign-in does with it, from its bytes to the member's address.

use std::{collections::BTreeMap, fs, path::Path};

use lychgate_saml::{
    Instant, Rejection, binding,
    certificate::{self, Certificate},
    dsig::Algorithms,
    profile::{self, Mapping},
    response::{self, Assertion, Expectations, ExpectedRequest},
    xmlenc::DecryptionKey,
};
use serde_json::{Map, Value, json};

use crate::{
    corpus::Kind,
    forge::{data, pem},
};

/// What a connection is, from `connection.json` and what a case changes of it.
pub(crate) struct Connection {
    pub(crate) acs: String,
    pub(crate) slo: String,
    pub(crate) audience: String,
    pub(crate) idp: String,
    pub(crate) in_response_to: Option<String>,
    pub(crate) idp_initiated: bool,
    pub(crate) now: Instant,
    pub(crate) skew_secs: u32,
    pub(crate) signing: Vec<Certificate>,
    pub(crate) decryption: Vec<DecryptionKey>,
    pub(crate) algorithms: Algorithms,
}

impl Connection {
    /// The connection with these fields changed. Keys are read each time: call it once for many messages.
    pub(crate) fn with(changes: &Value) -> Self {
        let text = fs::read(data("connection.json")).unwrap();
        let mut fields: Map<String, Value> = serde_json::from_slice(&text).unwrap();
        for (name, value) in changes.as_object().into_iter().flatten() {
            let before = fields.insert(name.clone(), value.clone());
            assert!(before.is_some(), "a connection has no {name}");
        }
        let text = |name: &str| fields[name].as_str().map(str::to_owned);
        let names = |name: &str| -> Vec<String> {
            let list = fields[name].as_array().unwrap();
            list.iter().map(|one| one.as_str().unwrap().to_owned()).collect()
        };
        let instant = |name: &str| text(name).map(|text| Instant::parse(&text).unwrap());
        let certificate = |name: &String| pem(&format!("{name}.crt.pem"));
        Self {
            acs: text("acs").unwrap(),
            slo: text("slo").unwrap(),
            audience: text("audience").unwrap(),
            idp: text("idp").unwrap(),
            in_response_to: text("in_response_to"),
            idp_initiated: fields["idp_initiated"].as_bool().unwrap(),
            now: instant("now").unwrap(),
            skew_secs: u32::try_from(fields["skew_secs"].as_u64().unwrap()).unwrap(),
            signing: names("signing")
                .iter()
                .map(|name| Certificate::from_der(&certificate(name)).unwrap())
                .collect(),
            decryption: names("decryption")
                .iter()
                .map(|name| {
                    let fingerprint = certificate::fingerprint(&certificate(name));
                    DecryptionKey::from_pkcs8(fingerprint, &pem(&format!("{name}.key.pem")))
                        .unwrap()
                })
                .collect(),
            algorithms: Algorithms {
                sha1_until: instant("sha1_until"),
                rsa_1_5: fields["rsa_1_5"].as_bool().unwrap(),
            },
        }
    }

    fn expectations(&self) -> Expectations<'_> {
        let request = match &self.in_response_to {
            Some(id) => ExpectedRequest::Known(id),
            None => ExpectedRequest::Unsolicited { allowed: self.idp_initiated },
        };
        Expectations {
            acs_url: &self.acs,
            audience: &self.audience,
            idp_entity_id: &self.idp,
            request,
            now: self.now,
            skew_secs: self.skew_secs,
            certificates: &self.signing,
            algorithms: self.algorithms,
            require_encryption: false,
            authn_after: None,
        }
    }

    /// The assertion of a Response.
    pub(crate) fn assertion(&self, xml: &[u8]) -> Result<Assertion, Rejection> {
        response::validate(&response::peek(xml)?, &self.expectations(), &self.decryption)
    }

    /// Who signs in with a Response.
    pub(crate) fn sign_in(&self, xml: &[u8]) -> Result<Identity, Rejection> {
        let assertion = self.assertion(xml)?;
        let mapping = Mapping::default();
        let profile = profile::read(&assertion, &mapping);
        let email = profile.email_or_rejection(&assertion, &mapping)?.to_owned();
        Ok(Identity { assertion, email })
    }

    /// Who signs in with a message that came in this way.
    pub(crate) fn message(&self, kind: Kind, content: &[u8]) -> Result<Identity, Rejection> {
        match kind {
            Kind::Xml => self.sign_in(content),
            Kind::Form => {
                let value = std::str::from_utf8(content).expect("a form's values are text");
                self.sign_in(&binding::decode_post(value)?)
            }
            Kind::Query | Kind::LogoutRequest | Kind::LogoutResponse => {
                panic!("logout has a driver of its own")
            }
        }
    }
}

/// Who it is, and what says so.
pub(crate) struct Identity {
    pub(crate) assertion: Assertion,
    pub(crate) email: String,
}

impl Identity {
    /// All that a sign-in takes from an assertion. What no signature covers (the Response's ID, which of two signatures
    /// held) is left out.
    pub(crate) fn value(&self) -> Value {
        let assertion = &self.assertion;
        let attributes: Map<String, Value> = assertion
            .attributes
            .iter()
            .map(|attribute| (attribute.name.clone(), json!(attribute.values)))
            .collect();
        let name_id = assertion.name_id.as_ref().map(|name_id| {
            json!({"value": name_id.value, "format": name_id.format,
                "name_qualifier": name_id.name_qualifier, "sp_name_qualifier": name_id.sp_name_qualifier})
        });
        json!({
            "email": self.email,
            "name_id": name_id,
            "attributes": attributes,
            "id": assertion.id,
            "issuer": assertion.issuer,
            "issue_instant": assertion.issue_instant.text(),
            "session_index": assertion.session_index,
            "session_not_on_or_after": assertion.session_not_on_or_after.map(Instant::text),
            "authn_instant": assertion.authn_instant.text(),
            "authn_context": assertion.authn_context,
            "not_on_or_after": assertion.not_on_or_after.text(),
            "in_response_to": assertion.in_response_to,
        })
    }

    /// How it came: what was signed and encrypted, and how.
    pub(crate) fn protection(&self) -> String {
        let signed = &self.assertion.signed;
        let what = match (signed.response, signed.assertion) {
            (true, true) => "Response and Assertion",
            (true, false) => "Response",
            (false, _) => "Assertion",
        };
        let encrypted = self.assertion.encrypted.as_ref().map_or(String::new(), |encrypted| {
            format!(", {} by {}", encrypted.data_algorithm, encrypted.key_algorithm)
        });
        format!("{what} signed, {}{encrypted}", signed.algorithm)
    }
}

/// A case as its files tell it.
pub(crate) struct Filed {
    /// `reject/xsw-1`.
    pub(crate) folder: String,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) content: Vec<u8>,
    pub(crate) with: Value,
    pub(crate) expect: Value,
}

/// All cases below a folder, by their files.
pub(crate) fn filed(verdict: &str) -> Vec<Filed> {
    let mut classes: Vec<String> = fs::read_dir(data(verdict))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    classes.sort();
    classes.iter().flat_map(|class| in_folder(&format!("{verdict}/{class}"))).collect()
}

pub(crate) fn in_folder(folder: &str) -> Vec<Filed> {
    let index: Value =
        serde_json::from_slice(&fs::read(data(folder).join("cases.json")).unwrap()).unwrap();
    let entries: BTreeMap<String, Value> = serde_json::from_value(index["cases"].clone()).unwrap();
    entries
        .into_iter()
        .map(|(name, entry)| {
            let path = |kind: Kind| data(folder).join(format!("{name}.{}", kind.extension()));
            let kind = Kind::ALL
                .into_iter()
                .find(|kind| path(*kind).exists())
                .unwrap_or_else(|| panic!("{folder}/{name} has no file"));
            Filed {
                folder: folder.to_owned(),
                kind,
                content: fs::read(path(kind)).unwrap(),
                with: entry["with"].clone(),
                expect: entry["expect"].clone(),
                name,
            }
        })
        .collect()
}

/// Writes what came into `cases.json`.
pub(crate) fn record(folder: &str, found: &BTreeMap<String, Value>) {
    let path = data(folder).join("cases.json");
    let mut index: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for (name, expect) in found {
        index["cases"][name]["expect"] = expect.clone();
    }
    write(&path, &index);
}

fn write(path: &Path, value: &Value) {
    fs::write(path, serde_json::to_string_pretty(value).unwrap() + "\n").unwrap();
}

//! What it costs to validate a response, in CPU time: ours, and python3-saml's of the very same messages in the same run.
//!
//! From the text of the form's field to the assertion that is believed: base64, the strict reader, the signature, the
//! decryption, every rule of the profile. The IdP's certificate is read from its text each time, as the assertion
//! consumer service does. The decryption key is kept; what it costs to read it stands in a row of its own.
//!
//! The bounds are the product's, in milliseconds. CPU time grows on a busy machine, though less than time: a bound is
//! exceeded when three quarters of the batches lie above it, as everywhere in this bench.

use std::{path::Path, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use lychgate_idp::{
    DataAlgorithm, Encryption, KeyKind, ResponseSpec, SigningKey, markup::Prefixes,
};
use lychgate_saml::{
    Instant, binding,
    certificate::{self, Certificate},
    dsig::Algorithms,
    response::{self, Assertion, Expectations, ExpectedRequest},
    xmlenc::DecryptionKey,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::{Failed, Figures, cpu, table::quantile};

const ACS: &str = "https://sso.example.com/saml/consume/acme";
const AUDIENCE: &str = "https://sso.example.com/saml/metadata/acme";
const IDP: &str = "https://idp.example.com/metadata";
const EMAIL: &str = "ada@example.com";
/// CPU of a response that is signed, in milliseconds.
const SIGNED_MILLIS_MAX: f64 = 0.3;
/// CPU of a response that is encrypted as well, in milliseconds.
const ENCRYPTED_MILLIS_MAX: f64 = 1.5;
/// The file in the folder that python3-saml's side is given.
const MESSAGES: &str = "messages.json";

/// Measures both sides; `true` when every bound was held. Without an interpreter that has python3-saml, ours alone.
pub(crate) fn run(script: Option<(&str, &str)>, figures: Figures) -> Result<bool, Failed> {
    let bench = Bench::new()?;
    let theirs = match script {
        Some((python, script)) => theirs(&bench, python, script, figures)?,
        None => Value::Null,
    };
    println!(
        "\n{:<42}{:>12}{:>16}{:>10}{:>14}{:>9}",
        "validating a response", "ours", "quartiles", "at most", "python3-saml", "times"
    );
    let mut held = true;
    for case in &bench.cases {
        let bound = if case.encrypted { ENCRYPTED_MILLIS_MAX } else { SIGNED_MILLIS_MAX };
        let ours = batches(figures, || bench.validate(case).map(drop))?;
        held &= print(case.name, &ours, Some(bound), &theirs[case.name]);
    }
    let read = batches(figures, || bench.decryption_key().map(drop))?;
    print("reading the decryption key", &read, None, &Value::Null);
    Ok(held)
}

struct Case {
    name: &'static str,
    /// Base64, as a browser posts it.
    response: String,
    /// The IdP's certificate, base64 of its DER.
    certificate: String,
    encrypted: bool,
}

struct Bench {
    now: Instant,
    cases: Vec<Case>,
    certificate: Certificate,
    pkcs8: Vec<u8>,
    keys: Vec<DecryptionKey>,
}

impl Bench {
    fn new() -> Result<Self, Failed> {
        #[expect(clippy::disallowed_methods, reason = "python3-saml asks the clock itself")]
        let now = OffsetDateTime::now_utc();
        let millis = i64::try_from(now.unix_timestamp_nanos() / 1_000_000)?;
        let now_saml = Instant::from_unix_millis(millis);
        let (certificate, pkcs8) =
            certificate::generate("bench", now_saml, now_saml.plus_secs(86_400), [1; 16])?;
        let key = DecryptionKey::from_pkcs8(certificate.fingerprint.clone(), &pkcs8)?;
        let mut bench = Self {
            now: now_saml,
            cases: Vec::new(),
            certificate,
            pkcs8: pkcs8.to_vec(),
            keys: vec![key],
        };
        for (kind, signed, cbc, gcm) in [
            (
                KeyKind::Rsa2048,
                "RSA 2048, signed",
                "RSA 2048, signed; AES-256-CBC",
                "RSA 2048, signed; AES-256-GCM",
            ),
            (
                KeyKind::P256,
                "P-256, signed",
                "P-256, signed; AES-256-CBC",
                "P-256, signed; AES-256-GCM",
            ),
        ] {
            let key = SigningKey::generate(kind, "idp", now, now + Duration::days(1))
                .map_err(|error| error.to_string())?;
            bench.add(signed, &key, now, None)?;
            bench.add(cbc, &key, now, Some(DataAlgorithm::Aes256Cbc))?;
            bench.add(gcm, &key, now, Some(DataAlgorithm::Aes256Gcm))?;
        }
        Ok(bench)
    }

    fn add(
        &mut self,
        name: &'static str,
        key: &SigningKey,
        now: OffsetDateTime,
        data: Option<DataAlgorithm>,
    ) -> Result<(), Failed> {
        let mut spec = ResponseSpec::good(IDP, ACS, AUDIENCE, EMAIL, "bench", now);
        spec.prefixes = Prefixes::OKTA;
        for (name, value) in [
            ("Email", EMAIL),
            ("FirstName", "Ada"),
            ("LastName", "Byron"),
            ("displayName", "Ada Byron"),
            ("groups", "Engineering"),
            ("externalId", "00u1abcd"),
        ] {
            spec = spec.attribute(name, value);
        }
        spec.encryption = data.map(|data| Encryption {
            data,
            ..Encryption::new(self.certificate.der.clone(), [7; 48])
        });
        let xml = spec.xml(key).map_err(|error| error.to_string())?;
        self.cases.push(Case {
            name,
            response: STANDARD.encode(xml),
            certificate: STANDARD.encode(key.certificate()),
            encrypted: data.is_some(),
        });
        Ok(())
    }

    fn decryption_key(&self) -> Result<DecryptionKey, Failed> {
        Ok(DecryptionKey::from_pkcs8(self.certificate.fingerprint.clone(), &self.pkcs8)?)
    }

    fn validate(&self, case: &Case) -> Result<Assertion, Failed> {
        let bytes = binding::decode_post(&case.response)?;
        let peeked = response::peek(&bytes)?;
        let certificates = [Certificate::from_base64(&case.certificate)?];
        let expect = Expectations {
            acs_url: ACS,
            audience: AUDIENCE,
            idp_entity_id: IDP,
            request: ExpectedRequest::Unsolicited { allowed: true },
            now: self.now,
            skew_secs: 180,
            certificates: &certificates,
            algorithms: Algorithms::default(),
            require_encryption: case.encrypted,
            authn_after: None,
        };
        let assertion = response::validate(&peeked, &expect, &self.keys)?;
        let who = assertion.name_id.as_ref().map(|name_id| name_id.value.as_str());
        if who != Some(EMAIL) || assertion.encrypted.is_some() != case.encrypted {
            return Err(format!("{}: not what was sent", case.name).into());
        }
        Ok(assertion)
    }

    fn messages(&self, figures: Figures) -> Value {
        let cases: Vec<Value> = self
            .cases
            .iter()
            .map(|case| {
                json!({"name": case.name, "response": case.response, "certificate": case.certificate})
            })
            .collect();
        json!({
            "acs": ACS,
            "audience": AUDIENCE,
            "idp": IDP,
            "name_id": EMAIL,
            "certificate": self.certificate.base64(),
            "pkcs8": STANDARD.encode(&self.pkcs8),
            "batches": figures.batches,
            "cases": cases,
        })
    }
}

/// Milliseconds per operation, batch by batch.
fn batches(
    figures: Figures,
    mut operation: impl FnMut() -> Result<(), Failed>,
) -> Result<Vec<f64>, Failed> {
    operation()?;
    let mut millis = Vec::new();
    for _ in 0..figures.batches {
        let before = cpu::nanos()?;
        for _ in 0..figures.operations {
            operation()?;
        }
        let nanos = cpu::nanos()?.saturating_sub(before);
        millis.push(nanos as f64 / figures.operations as f64 / 1e6);
    }
    Ok(millis)
}

/// python3-saml's milliseconds: name of a case → batch by batch.
fn theirs(bench: &Bench, python: &str, script: &str, figures: Figures) -> Result<Value, Failed> {
    let folder = std::env::temp_dir().join(format!("lychgate-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let outcome = ask(&folder.join(MESSAGES), bench, python, script, figures);
    std::fs::remove_dir_all(&folder)?;
    outcome
}

fn ask(
    messages: &Path,
    bench: &Bench,
    python: &str,
    script: &str,
    figures: Figures,
) -> Result<Value, Failed> {
    std::fs::write(messages, bench.messages(figures).to_string())?;
    let done = Command::new(python).arg(script).arg(messages).output()?;
    if !done.status.success() {
        return Err(format!("{script}: {}", String::from_utf8_lossy(&done.stderr)).into());
    }
    Ok(serde_json::from_slice(&done.stdout)?)
}

fn print(name: &str, ours: &[f64], bound: Option<f64>, theirs: &Value) -> bool {
    let median = quantile(ours, 0.5);
    let (low, high) = (quantile(ours, 0.25), quantile(ours, 0.75));
    let held = bound.is_none_or(|bound| low <= bound);
    let theirs: Vec<f64> =
        theirs.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    let (shown, times) = if theirs.is_empty() {
        ("-".to_owned(), "-".to_owned())
    } else {
        let theirs = quantile(&theirs, 0.5);
        (format!("{theirs:.2} ms"), format!("{:.0}", theirs / median))
    };
    println!(
        "{name:<42}{:>12}{:>16}{:>10}{shown:>14}{times:>9}{}",
        format!("{median:.3} ms"),
        format!("{low:.3}–{high:.3}"),
        bound.map_or_else(|| "-".to_owned(), |bound| format!("{bound:.1} ms")),
        if held { "" } else { "  EXCEEDED" },
    );
    held
}

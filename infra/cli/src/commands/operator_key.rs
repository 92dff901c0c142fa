//! `lychgate operator-key`.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Body, instant};
use crate::{
    api::{Api, Method},
    args::OperatorKeyCommand,
    failure::Failure,
    text::{cell, either, table},
};

/// The digits of ids and secrets, as the server makes them: no `i`, `l`, `o`, `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// How many characters the id of a key has.
const ID_CHARS: usize = 8;
/// How many characters its secret has: 260 bits.
const SECRET_CHARS: usize = 52;

pub(crate) fn run(api: &Api, command: &OperatorKeyCommand, json: bool) -> Result<String, Failure> {
    match command {
        OperatorKeyCommand::Create { name, expires } => {
            let body = Body::new()
                .with("name", Some(name.as_str()))
                .with("expires", expires.as_deref().map(instant));
            let answer = api.send(Method::Post, &["operator-keys"], Some(&body.value()))?;
            Ok(either(json, &answer, created))
        }
        OperatorKeyCommand::List => {
            let list = api.get(&["operator-keys"], &[])?;
            Ok(either(json, &list, listed))
        }
        OperatorKeyCommand::Revoke { key } => {
            api.send(Method::Delete, &["operator-keys", key], None)?;
            Ok("Revoked: requests that bring it are refused from now on.\n".to_owned())
        }
        OperatorKeyCommand::New => new(json),
    }
}

fn created(key: &Value) -> String {
    format!(
        "Operator key {} was made. It is shown this once:\n\n{}\n",
        cell(key, "id"),
        cell(key, "key")
    )
}

fn listed(list: &Value) -> String {
    let columns = [("ID", "id"), ("NAME", "name"), ("CREATED", "created"), ("EXPIRES", "expires")];
    let mut text = table(list, &columns);
    if list.get("configured_key").and_then(Value::as_bool) == Some(true) {
        text.push_str(
            "\nThe stack's configuration has a key of its own too (OperatorKeyHash): empty it once you \
             have others.\n",
        );
    }
    text
}

/// A key that no server has seen, and its hash for the stack's parameter.
pub(crate) fn new(json: bool) -> Result<String, Failure> {
    let (key, hash) = fresh()?;
    let answer = json!({ "key": key, "sha256": hash });
    Ok(either(json, &answer, |_| {
        format!(
            "Operator key, for LYCHGATE_OPERATOR_KEY or a key file (keep it secret):\n\n{key}\n\n\
             Its SHA-256, for the stack's parameter OperatorKeyHash (no secret):\n\n{hash}\n"
        )
    }))
}

/// The hash is over the whole key, so that `printf %s "$KEY" | sha256sum` gives the same.
fn fresh() -> Result<(String, String), Failure> {
    let key = format!("lyo_{}_{}", random(ID_CHARS)?, random(SECRET_CHARS)?);
    let digest = Sha256::digest(key.as_bytes());
    let hash = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((key, hash))
}

#[expect(clippy::disallowed_methods, reason = "this program has no edge: it draws the key itself")]
fn random(chars: usize) -> Result<String, Failure> {
    let mut bytes = vec![0_u8; chars];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(format!("This machine gives no random bytes: {error}.")))?;
    let digits = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)));
    Ok(digits.map(|digit| char::from(*digit)).collect())
}

#[cfg(test)]
mod tests {
    use lychgate_core::{credential::parse_operator_key, secret::SecretHash};

    use super::*;

    #[test]
    fn a_fresh_key_is_one_that_the_server_takes() {
        let (key, hash) = fresh().unwrap();
        assert!(parse_operator_key(&key).is_some(), "{key}");
        assert!(SecretHash::from_hex(&hash).unwrap().matches(key.as_bytes()));
        assert_ne!(fresh().unwrap().0, key);
    }
}

//! Signed tokens (JSON Web Signature, RFC 7515) with the one algorithm that there is here, ES256 (RFC 7518 §3.4), and
//! our public keys as a key set (RFC 7517).
//!
//! **Rotation.** The keys are configured in an order: the first one signs, all of them are published. A new key is put
//! behind the first one, and after [`KEY_SET_SECS`] and the time that applications keep a key set (a day is plenty), it
//! is put in front. The former one stays until the tokens that it signed have ended ([`crate::session::ID_TOKEN_SECS`]), and longer where
//! applications send old ID tokens as `id_token_hint`. So whoever verifies knows every key before its first signature.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Map, Value, json};

use super::wire::{base64url, from_base64url};
use crate::{
    ctx::Ctx,
    ports::outside::{OutsideError, PublicKey, Signer, SigningKey},
};

/// How long a key set may be kept by who fetched it, in seconds.
pub const KEY_SET_SECS: u64 = 900;
/// The longest signed token that is read, in bytes.
pub const TOKEN_BYTES_MAX: usize = 8_192;
/// How often a token is signed anew because the key changed meanwhile.
const SIGN_ATTEMPTS_MAX: u32 = 3;
/// The bytes of a coordinate, or of a signature's half, on P-256.
const HALF_BYTES: usize = 32;
/// What stands before the point in the `SubjectPublicKeyInfo` of a P-256 key (RFC 5480 §2): the algorithm and the
/// curve, a bit string without unused bits, and the mark of an uncompressed point.
const P256_SPKI_PREFIX: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// Signs these claims as a token of this type (`JWT`, `logout+jwt`).
///
/// # Errors
/// The signer does not sign, or gives what is no signature on P-256.
pub(crate) async fn sign<S: Signer>(
    ctx: &Ctx<'_>,
    signer: &S,
    token_type: &str,
    claims: &Map<String, Value>,
) -> Result<String, OutsideError> {
    let failed = |private: &str| OutsideError { private: private.to_owned() };
    let keys = signer.public_keys(ctx, SigningKey::Oidc).await?;
    let mut key_id = keys.into_iter().next().ok_or_else(|| failed("there is no signing key"))?.id;
    let body = serde_json::to_vec(claims).map_err(|error| failed(&error.to_string()))?;
    for _ in 0..SIGN_ATTEMPTS_MAX {
        let header = json!({ "alg": "ES256", "kid": key_id, "typ": token_type }).to_string();
        let octets = format!("{}.{}", base64url(header), base64url(&body));
        let signature = signer.sign(ctx, SigningKey::Oidc, octets.as_bytes()).await?;
        if signature.key_id == key_id {
            let fixed = fixed_from_der(&signature.bytes)
                .ok_or_else(|| failed("the signer gave no ECDSA signature on P-256"))?;
            return Ok(format!("{octets}.{}", base64url(fixed)));
        }
        // The keys were rotated between the two calls, and the header names the former one.
        key_id = signature.key_id;
    }
    Err(failed("the signing key changed on every attempt"))
}

/// The claims of a token of this type that one of these keys signed; `None` when it is none. Whether they still hold is
/// for the caller to say.
pub(crate) fn verified(
    token: &str,
    token_type: &str,
    keys: &[PublicKey],
) -> Option<Map<String, Value>> {
    if token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let (octets, signature) = token.rsplit_once('.')?;
    let (header, claims) = octets.split_once('.')?;
    let header: Value = serde_json::from_slice(&from_base64url(header)?).ok()?;
    let is = |name: &str, value: &str| header.get(name).and_then(Value::as_str) == Some(value);
    if !is("alg", "ES256") || !is("typ", token_type) || header.get("crit").is_some() {
        return None;
    }
    let key = keys.iter().find(|key| is("kid", &key.id))?;
    let point = key.spki.get(P256_SPKI_PREFIX.len() - 1..).filter(|_| is_p256(&key.spki))?;
    let signature = from_base64url(signature)?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(octets.as_bytes(), &signature)
        .ok()?;
    serde_json::from_slice(&from_base64url(claims)?).ok()
}

/// Our public keys as a JSON Web Key Set (RFC 7517 §5, RFC 7518 §6.2).
///
/// # Errors
/// A key is none on P-256.
pub fn key_set(keys: &[PublicKey]) -> Result<Value, OutsideError> {
    let keys = keys.iter().map(|key| {
        let point = key.spki.get(P256_SPKI_PREFIX.len()..).filter(|_| is_p256(&key.spki));
        let (x, y) =
            point.and_then(|point| point.split_at_checked(HALF_BYTES)).ok_or_else(|| {
                OutsideError { private: format!("the key {} is not on P-256", key.id) }
            })?;
        Ok(json!({
            "kty": "EC",
            "crv": "P-256",
            "x": base64url(x),
            "y": base64url(y),
            "kid": key.id,
            "use": "sig",
            "alg": "ES256",
        }))
    });
    Ok(json!({ "keys": keys.collect::<Result<Vec<_>, _>>()? }))
}

fn is_p256(spki: &[u8]) -> bool {
    spki.len() == P256_SPKI_PREFIX.len() + 2 * HALF_BYTES && spki.starts_with(&P256_SPKI_PREFIX)
}

/// `r` and `s` side by side, 32 bytes each (RFC 7518 §3.4), from the DER that signers give (RFC 3279 §2.2.3).
fn fixed_from_der(der: &[u8]) -> Option<[u8; 2 * HALF_BYTES]> {
    let (body, rest) = der_value(0x30, der)?;
    let (r, body) = der_value(0x02, body)?;
    let (s, body) = der_value(0x02, body)?;
    if !rest.is_empty() || !body.is_empty() {
        return None;
    }
    let mut fixed = [0_u8; 2 * HALF_BYTES];
    let (left, right) = fixed.split_at_mut(HALF_BYTES);
    for (half, integer) in [(left, r), (right, s)] {
        let digits = match integer {
            // A zero keeps an integer positive whose first bit is set, and stands there for nothing else.
            [0, digits @ ..] if digits.first().is_some_and(|byte| *byte >= 0x80) => digits,
            [first, ..] if (1..0x80).contains(first) => integer,
            _ => return None,
        };
        let start = HALF_BYTES.checked_sub(digits.len())?;
        half.get_mut(start..)?.copy_from_slice(digits);
    }
    Some(fixed)
}

/// The value behind a tag and a length of one byte, and what follows it. A signature on P-256 has at most 72 bytes.
fn der_value(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    match der {
        [found, length, rest @ ..] if *found == tag && *length < 0x80 => {
            rest.split_at_checked(usize::from(*length))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_padded_and_stripped() {
        let fixed =
            fixed_from_der(&[0x30, 0x07, 0x02, 0x02, 0x00, 0x80, 0x02, 0x01, 0x05]).unwrap();
        assert_eq!((fixed[30], fixed[31], fixed[62], fixed[63]), (0, 0x80, 0, 5));
        let longest =
            [&[0x30, 0x46, 0x02, 0x21, 0x00][..], &[0xff; 32], &[0x02, 0x21, 0x00], &[0xfe; 32]];
        let fixed = fixed_from_der(&longest.concat()).unwrap();
        assert_eq!((fixed[0], fixed[31], fixed[32], fixed[63]), (0xff, 0xff, 0xfe, 0xfe));
    }

    #[test]
    fn what_is_no_signature_is_none() {
        for der in [
            &[][..],
            &[0x30],
            &[0x30, 0x00],
            &[0x31, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01],
            &[0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01, 0x00],
            &[0x30, 0x07, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01, 0x00],
            // Negative, zero, a needless zero before it.
            &[0x30, 0x06, 0x02, 0x01, 0x81, 0x02, 0x01, 0x01],
            &[0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x01],
            &[0x30, 0x07, 0x02, 0x02, 0x00, 0x01, 0x02, 0x01, 0x01],
            &[0x30, 0x06, 0x02, 0x09, 0x01, 0x02, 0x01, 0x01],
        ] {
            assert_eq!(fixed_from_der(der), None, "{der:?}");
        }
        let too_long = [&[0x30, 0x26, 0x02, 0x21][..], &[0x01; 33], &[0x02, 0x01, 0x01]].concat();
        assert_eq!(fixed_from_der(&too_long), None);
    }

    #[test]
    fn a_key_of_another_kind_is_not_published() {
        let key = PublicKey { id: "k".to_owned(), spki: vec![0x30; 91] };
        assert!(key_set(&[key]).is_err());
    }
}

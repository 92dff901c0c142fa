//! The certificate that IdPs check our request signatures with: self-signed by a key that never leaves its store, so it
//! is put together by hand around a signature from there (RFC 5280 §4.1).

use base64::{Engine, engine::general_purpose::STANDARD};
use lychgate_saml::certificate::{Certificate, SERIAL_BYTES};

use super::{Refusal, RefusalKind, certificates::unavailable};
use crate::{
    connection::{CERTIFICATE_DAYS, SignInSetup},
    ctx::Ctx,
    ports::outside::{PublicKey, Signer, SigningKey},
    time::Timestamp,
};

/// A day, in seconds.
const DAY_SECS: u64 = 86_400;

/// `sha256WithRSAEncryption` with its NULL (RFC 4055 §5).
const SHA256_WITH_RSA: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00];
/// `id-at-commonName` (RFC 5280 appendix A.1).
const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];
/// `keyUsage`, critical: `digitalSignature` (RFC 5280 §4.2.1.3), within `extensions [3]`.
const EXTENSIONS: [u8; 20] = [
    0xa3, 0x12, 0x30, 0x10, 0x30, 0x0e, 0x06, 0x03, 0x55, 0x1d, 0x0f, 0x01, 0x01, 0xff, 0x04, 0x04,
    0x03, 0x02, 0x07, 0x80,
];
/// `version [0]`: v3.
const VERSION: [u8; 5] = [0xa0, 0x03, 0x02, 0x01, 0x02];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const UTF8_STRING: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// DER in base64 of a certificate for our signing key: one that a connection of the organization has already, else a new
/// one.
///
/// # Errors
/// The key store is away.
pub(crate) async fn of<O: Signer>(
    ctx: &Ctx<'_>,
    outside: &O,
    setup: &SignInSetup,
) -> Result<String, Refusal> {
    let keys = outside.public_keys(ctx, SigningKey::Saml).await;
    let keys = keys.map_err(|error| unavailable(error.private))?;
    let key = keys.first().ok_or_else(|| unavailable("there is no signing key".to_owned()))?;
    let settings = setup.connections.iter().flat_map(|it| it.live.iter().chain(&it.draft));
    let known = settings.filter_map(|settings| settings.policy.request_certificate.as_ref());
    if let Some(known) = known.into_iter().find(|text| is_of(text, key)) {
        return Ok(known.clone());
    }
    make(ctx, outside, key).await.map(|der| STANDARD.encode(der))
}

/// Whether the certificate is around this key: the key's own bytes stand in it.
fn is_of(text: &str, key: &PublicKey) -> bool {
    STANDARD.decode(text).is_ok_and(|der| {
        !key.spki.is_empty() && der.windows(key.spki.len()).any(|window| window == key.spki)
    })
}

async fn make<O: Signer>(ctx: &Ctx<'_>, outside: &O, key: &PublicKey) -> Result<Vec<u8>, Refusal> {
    let mut serial = [0_u8; SERIAL_BYTES];
    ctx.world.fill(&mut serial);
    let until = ctx.now().plus_secs(CERTIFICATE_DAYS * DAY_SECS);
    let to_sign = to_be_signed(serial, host(ctx.base_url), ctx.now(), until, &key.spki);
    let signature = outside.sign(ctx, SigningKey::Saml, &to_sign).await;
    let signature = signature.map_err(|error| unavailable(error.private))?;
    if signature.key_id != key.id {
        return Err(unavailable("the signing key was rotated meanwhile".to_owned()));
    }
    let der = element(
        SEQUENCE,
        &[&to_sign, &SHA256_WITH_RSA, &element(BIT_STRING, &[&[0], &signature.bytes])],
    );
    match Certificate::from_der(&der) {
        Ok(_) => Ok(der),
        Err(error) => Err(Refusal {
            private: Some(format!("our own certificate cannot be read: {error}")),
            ..Refusal::new(RefusalKind::Internal, "")
        }),
    }
}

/// The host of `https://host:port`, which people see in the IdP's settings.
fn host(base_url: &str) -> &str {
    let host = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    host.split([':', '/']).next().filter(|host| !host.is_empty()).unwrap_or("lychgate")
}

/// `TBSCertificate` (RFC 5280 §4.1.2): issuer and subject are the same.
fn to_be_signed(
    mut serial: [u8; SERIAL_BYTES],
    common_name: &str,
    from: Timestamp,
    until: Timestamp,
    spki: &[u8],
) -> Vec<u8> {
    // Positive, and without a zero octet in front that DER would not have.
    serial[0] = (serial[0] & 0x7f) | 0x40;
    let attribute =
        element(SEQUENCE, &[&COMMON_NAME, &element(UTF8_STRING, &[common_name.as_bytes()])]);
    let name = element(SEQUENCE, &[&element(SET, &[&attribute])]);
    let validity = element(SEQUENCE, &[&time(from), &time(until)]);
    element(
        SEQUENCE,
        &[
            &VERSION,
            &element(INTEGER, &[&serial]),
            &SHA256_WITH_RSA,
            &name,
            &validity,
            &name,
            spki,
            &EXTENSIONS,
        ],
    )
}

/// `UTCTime` up to 2049, `GeneralizedTime` from then on (RFC 5280 §4.1.2.5).
fn time(instant: Timestamp) -> Vec<u8> {
    let digits: String = instant.rfc3339().chars().take(19).filter(char::is_ascii_digit).collect();
    let is_far = digits.as_str() >= "2050";
    let digits: String = digits.chars().skip(if is_far { 0 } else { 2 }).collect();
    let tag = if is_far { GENERALIZED_TIME } else { UTC_TIME };
    element(tag, &[digits.as_bytes(), b"Z"])
}

/// One DER element of these parts (X.690 §8.1.3, §10.1).
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut der = vec![tag];
    match u8::try_from(length) {
        Ok(length) if length < 0x80 => der.push(length),
        _ => {
            let bytes = length.to_be_bytes();
            let significant: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
            der.push(0x80 | u8::try_from(significant.len()).unwrap_or_default());
            der.extend(significant);
        }
    }
    for part in parts {
        der.extend_from_slice(part);
    }
    der
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_short_as_they_can_be() {
        assert_eq!(element(SEQUENCE, &[&[0; 0x7f]])[..2], [0x30, 0x7f]);
        assert_eq!(element(SEQUENCE, &[&[0; 0x80]])[..3], [0x30, 0x81, 0x80]);
        assert_eq!(element(SEQUENCE, &[&[0; 0x1234]])[..4], [0x30, 0x82, 0x12, 0x34]);
    }

    #[test]
    fn dates_change_their_form_in_2050() {
        let at = |text| time(Timestamp::parse_rfc3339(text).unwrap());
        assert_eq!(at("2049-12-31T23:59:59.9Z"), b"\x17\x0d491231235959Z");
        assert_eq!(at("2050-01-01T00:00:00Z"), b"\x18\x0f20500101000000Z");
    }

    #[test]
    fn the_name_is_the_host() {
        assert_eq!(host("https://sso.example.com:8443"), "sso.example.com");
        assert_eq!(host(""), "lychgate");
    }
}

//! What an attacker does to a message, as surgery on its text; and the keys and messages that they start from.
//!
//! The person who signs in is always [`GENUINE`]: the attacker has an account there, and wants to be [`EVIL`].

use std::{fs, path::PathBuf};

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lychgate_idp::{
    Encryption, ResponseSpec, Signed, SigningKey,
    markup::{DS, Prefixes},
};
use num_bigint::BigUint;
use time::{Duration, OffsetDateTime};

pub(crate) const GENUINE: &str = "mallory@acme.example";
pub(crate) const EVIL: &str = "owner@acme.example";

pub(crate) const ACS: &str = "https://sso.lychgate.example/saml/consume/acme";
pub(crate) const SLO: &str = "https://sso.lychgate.example/saml/logout/acme";
pub(crate) const AUDIENCE: &str = "https://sso.lychgate.example/saml/metadata/acme";
pub(crate) const IDP: &str = "https://idp.example/metadata";
pub(crate) const REQUEST: &str = "_q-1";
/// 2026-11-22T09:30:00Z.
pub(crate) const NOW: i64 = 1_795_339_800;

pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW).unwrap()
}

pub(crate) fn data(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/saml").join(path)
}

// --- Keys -------------------------------------------------------------------------------------------------------------

/// DER from a PEM file of `keys/`.
pub(crate) fn pem(name: &str) -> Vec<u8> {
    let path = data("keys").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(body).unwrap()
}

pub(crate) fn key(name: &str) -> SigningKey {
    SigningKey::from_pkcs8(&pem(&format!("{name}.key.pem")), pem(&format!("{name}.crt.pem")))
        .unwrap()
}

pub(crate) fn idp() -> SigningKey {
    key("idp-rsa")
}

pub(crate) fn attacker() -> SigningKey {
    key("attacker-rsa")
}

/// An encryption to us. The entropy is fixed: these messages protect nothing.
pub(crate) fn to_us() -> Encryption {
    Encryption::new(pem("sp-encryption.crt.pem"), [0x5A; 48])
}

// --- Messages ---------------------------------------------------------------------------------------------------------

/// What the IdP truly says.
pub(crate) fn genuine() -> ResponseSpec {
    about(GENUINE, "1")
}

/// What the attacker would like it to say. Nobody has signed it.
pub(crate) fn evil() -> ResponseSpec {
    ResponseSpec { signed: Signed::Nothing, ..about(EVIL, "evil") }
}

fn about(email: &str, id: &str) -> ResponseSpec {
    ResponseSpec::good(IDP, ACS, AUDIENCE, email, id, now())
        .in_response_to(REQUEST)
        .attribute("Email", email)
        .attribute("FirstName", "Mallory")
        .attribute("LastName", "Example")
}

pub(crate) fn xml(spec: &ResponseSpec) -> String {
    spec.xml(&idp()).unwrap()
}

/// The genuine assertion, signed.
pub(crate) fn genuine_assertion() -> String {
    genuine().assertion(&idp()).unwrap()
}

/// The attacker's assertion, unsigned.
pub(crate) fn evil_assertion() -> String {
    evil().assertion(&idp()).unwrap()
}

/// An unsigned Response around anything.
pub(crate) fn around(content: &str) -> String {
    ResponseSpec { signed: Signed::Nothing, ..genuine() }.around(content, &idp()).unwrap()
}

/// A Response of the attacker's in which the fields stand as they want: only the envelope of `spec` is used.
pub(crate) fn instant(seconds: i64) -> String {
    lychgate_idp::response::instant(now() + Duration::seconds(seconds))
}

// --- Surgery ----------------------------------------------------------------------------------------------------------

pub(crate) const ASSERTION: &str = "saml:Assertion";
pub(crate) const SIGNATURE: &str = "ds:Signature";
pub(crate) const SIGNED_INFO: &str = "ds:SignedInfo";

/// The text before the first element of this name, the element, and the text behind it. An element of this name inside
/// it would be cut through.
pub(crate) fn cut<'a>(xml: &'a str, name: &str) -> (&'a str, &'a str, &'a str) {
    let start = [format!("<{name} "), format!("<{name}>")]
        .iter()
        .filter_map(|tag| xml.find(tag))
        .min()
        .unwrap_or_else(|| panic!("no {name} in {xml}"));
    let close = format!("</{name}>");
    let end = start + xml[start..].find(&close).expect("it ends") + close.len();
    (&xml[..start], &xml[start..end], &xml[end..])
}

/// The first element of this name.
pub(crate) fn part<'a>(xml: &'a str, name: &str) -> &'a str {
    cut(xml, name).1
}

/// Without the first element of this name.
pub(crate) fn without(xml: &str, name: &str) -> String {
    let (before, _, behind) = cut(xml, name);
    format!("{before}{behind}")
}

/// With another text in place of the first element of this name.
pub(crate) fn with(xml: &str, name: &str, other: &str) -> String {
    let (before, _, behind) = cut(xml, name);
    format!("{before}{other}{behind}")
}

/// The text put behind the first occurrence of a mark, which must be there.
pub(crate) fn behind(xml: &str, mark: &str, text: &str) -> String {
    replace(xml, mark, &format!("{mark}{text}"))
}

/// The text put before the last occurrence of a mark.
pub(crate) fn before_last(xml: &str, mark: &str, text: &str) -> String {
    let at = xml.rfind(mark).unwrap_or_else(|| panic!("no {mark} in {xml}"));
    format!("{}{text}{}", &xml[..at], &xml[at..])
}

/// The first occurrence replaced, which must be there.
pub(crate) fn replace(xml: &str, from: &str, to: &str) -> String {
    assert!(xml.contains(from), "no {from} in {xml}");
    xml.replacen(from, to, 1)
}

/// A signature (of the genuine text) put where an enveloped signature belongs: behind the Issuer.
pub(crate) fn signed_with(element: &str, signature: &str) -> String {
    behind(element, "</saml:Issuer>", signature)
}

/// With `samlp:Extensions` of this content.
pub(crate) fn with_extensions(response: &str, content: &str) -> String {
    behind(response, "</saml:Issuer>", &format!("<samlp:Extensions>{content}</samlp:Extensions>"))
}

// --- Signatures of another kind ---------------------------------------------------------------------------------------

/// An assertion of `spec` whose Signature has this `SignedInfo` (as it stands inside the Signature), signed by `sign`.
pub(crate) fn assertion_signed(spec: &ResponseSpec, signed_info: &str, value: &[u8]) -> String {
    let bare = ResponseSpec { signed: Signed::Nothing, ..spec.clone() }.assertion(&idp()).unwrap();
    let key = idp();
    let signer = spec.signer(&key);
    signed_with(&bare, &signer.envelope(signed_info, &STANDARD.encode(value)))
}

/// The canonical octets of an assertion of `spec` without a signature.
pub(crate) fn canonical(spec: &ResponseSpec) -> String {
    ResponseSpec { signed: Signed::Nothing, ..spec.clone() }.assertion(&idp()).unwrap()
}

/// The octets of a `SignedInfo` that are signed.
pub(crate) fn octets(signed_info: &str) -> String {
    assert_eq!(Prefixes::COMMON.signature, "ds");
    replace(signed_info, "<ds:SignedInfo", &format!("<ds:SignedInfo xmlns:ds=\"{DS}\""))
}

/// The genuine `SignedInfo` of a `spec`, as it stands inside its Signature.
pub(crate) fn signed_info(spec: &ResponseSpec) -> String {
    let key = idp();
    let signer = spec.signer(&key);
    let digest = spec.digest.of(canonical(spec).as_bytes());
    signer.signed_info(&signer.reference(&spec.assertion_id, &digest, None)).unwrap()
}

/// RSA PKCS #1 v1.5 with SHA-1 (RFC 8017 §8.2.1), which the library makes no more: by hand from the private key.
pub(crate) fn rsa_sha1(key: &SigningKey, octets: &[u8]) -> Vec<u8> {
    const DIGEST_INFO: &[u8] =
        &[0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14];
    let (modulus, exponent) = private_numbers(key.pkcs8());
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, octets);
    let size = modulus.to_bytes_be().len();
    let mut padded = vec![0x00, 0x01];
    padded.resize(size - DIGEST_INFO.len() - digest.as_ref().len() - 1, 0xFF);
    padded.push(0x00);
    padded.extend_from_slice(DIGEST_INFO);
    padded.extend_from_slice(digest.as_ref());
    let signature = BigUint::from_bytes_be(&padded).modpow(&exponent, &modulus).to_bytes_be();
    [vec![0; size - signature.len()], signature].concat()
}

/// n and d of a PKCS #8 RSA key (RFC 5958, RFC 8017 §A.1.2).
fn private_numbers(pkcs8: &[u8]) -> (BigUint, BigUint) {
    fn value(bytes: &[u8]) -> (&[u8], &[u8]) {
        let first = usize::from(bytes[1]);
        let (length, header) = if first < 0x80 {
            (first, 2)
        } else {
            let octets = &bytes[2..2 + first - 0x80];
            (octets.iter().fold(0, |all, octet| all << 8 | usize::from(*octet)), 2 + octets.len())
        };
        bytes[header..].split_at(length)
    }
    let skip = |bytes| value(bytes).1;
    let info = value(pkcs8).0;
    let key = value(value(skip(skip(info))).0).0;
    let modulus = skip(key);
    let private = skip(skip(modulus));
    (BigUint::from_bytes_be(value(modulus).0), BigUint::from_bytes_be(value(private).0))
}

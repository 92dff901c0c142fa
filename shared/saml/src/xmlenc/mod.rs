//! XML Encryption (XML Encryption 1.1 §3, SAML Core §6): an `EncryptedAssertion` back into the document's text.
//!
//! Two steps. [`decrypt`] gives octets that nobody has vouched for; [`splice`] puts them where the `EncryptedAssertion` stood,
//! and the strict reader reads the whole again, because an assertion may use namespaces declared around it. Then the signature
//! of the assertion is verified as if it had come in the clear. When the message around it is signed, that signature is verified
//! before anything is decrypted.
//!
//! What is refused for its form or its algorithm is refused before any key is used and says why: it is public. Everything after
//! is one rejection: whoever can tell a padding from a tag from a document that cannot be read can decrypt without the key
//! (Jager and Somorovsky, "How to break XML encryption").

mod arithmetic;

use std::ops::Range;

use crate::{
    Rejection,
    certificate::base64_with_spaces,
    dsig::Algorithms,
    xml::{Element, Limits, Source, normalize_line_ends, ns},
};

use arithmetic::{DataAlgorithm, Transport};

/// How many of our keys are tried; more are not looked at. (One in use, one before it, one to come.)
pub const KEYS_MAX: usize = 4;
/// How many `EncryptedKey`s are tried: one for each recipient.
const ENCRYPTED_KEYS_MAX: usize = 4;
/// The longest encrypted key, in bytes: that of an RSA key of 8192 bits.
const ENCRYPTED_KEY_BYTES_MAX: usize = 1024;

/// A private key for decryption, with the fingerprint of its certificate. The bytes are wiped when it goes.
pub struct DecryptionKey {
    /// Fingerprint of the certificate that the IdP encrypts to.
    pub fingerprint: String,
    /// PKCS #8.
    pub pkcs8: zeroize::Zeroizing<Vec<u8>>,
}

/// What was decrypted: octets of an element, not yet believed. Decryption is not verification.
pub struct Decrypted {
    /// The plaintext.
    pub xml: String,
    /// `aes256-cbc` and the like.
    pub data_algorithm: &'static str,
    /// `rsa-oaep-mgf1p` and the like.
    pub key_algorithm: &'static str,
    /// Which of our certificates it was for.
    pub fingerprint: String,
}

/// Decrypts an `EncryptedAssertion`.
///
/// At most [`KEYS_MAX`] keys are tried. Should none unwrap the key, the data are decrypted all the same, with a key that
/// comes from the message and ours: an answer takes as long, and says as little (RFC 8017 §7.2.2, note).
///
/// # Errors
/// One [`Rejection`] for every failure of arithmetic; others for algorithms that are not taken.
pub fn decrypt(
    encrypted: Element<'_, '_>,
    keys: &[DecryptionKey],
    algorithms: Algorithms,
) -> Result<Decrypted, Rejection> {
    let form = Form::read(encrypted, algorithms)?;
    let keys = keys.get(..KEYS_MAX).unwrap_or(keys);
    let failed = || failed(keys);
    let unwrapped = form.keys.iter().find_map(|encrypted| {
        keys.iter().find_map(|key| {
            let unwrapped = arithmetic::unwrap(encrypted, key, form.data_algorithm.key_bytes())?;
            Some((unwrapped, encrypted.transport.name, key))
        })
    });
    let (content_key, key_algorithm, key) = match unwrapped {
        Some(unwrapped) => unwrapped,
        None => {
            let (first, key) = form.keys.first().zip(keys.first()).ok_or_else(failed)?;
            (arithmetic::derived(first, key, form.data_algorithm.key_bytes()), "", key)
        }
    };
    let xml = arithmetic::open(form.data_algorithm, &content_key, form.data)
        .filter(|_| !key_algorithm.is_empty())
        .ok_or_else(failed)?;
    Ok(Decrypted {
        xml,
        data_algorithm: form.data_algorithm.name(),
        key_algorithm,
        fingerprint: key.fingerprint.clone(),
    })
}

/// Puts what was decrypted where the `EncryptedAssertion` stands, and scans the whole document again.
///
/// `range` is the [`Element::range`] of the `EncryptedAssertion` in `source`.
///
/// # Errors
/// The rejection of a failed decryption, whatever is wrong: no document, or not exactly one `Assertion` in that place.
pub fn splice(
    source: &Source,
    range: Range<usize>,
    decrypted: &Decrypted,
    limits: &Limits,
) -> Result<Source, Rejection> {
    let failed = || Rejection::DecryptFailed { want: vec![decrypted.fingerprint.clone()] };
    let plain = normalize_line_ends(decrypted.xml.trim_matches([' ', '\t', '\r', '\n']));
    let before = source.as_str().get(..range.start).ok_or_else(failed)?;
    let after = source.as_str().get(range.end..).ok_or_else(failed)?;
    let whole = [before, &plain, after].concat();
    let place = before.len()..before.len() + plain.len();
    let source = Source::new(whole.as_bytes(), limits).map_err(|_| failed())?;
    let document = source.parse().map_err(|_| failed())?;
    // Its end is where the plaintext ends, so the plaintext was one element and closed nothing around it.
    let assertions = document.root().descendants().filter(|element| element.range() == place);
    if assertions.filter(|element| element.is(ns::SAML, "Assertion")).count() == 1 {
        drop(document);
        Ok(source)
    } else {
        Err(failed())
    }
}

fn failed(keys: &[DecryptionKey]) -> Rejection {
    Rejection::DecryptFailed { want: keys.iter().map(|key| key.fingerprint.clone()).collect() }
}

fn refused(reason: impl Into<String>) -> Rejection {
    Rejection::EncryptionForm(reason.into())
}

/// An encrypted element whose form and algorithms are taken; its octets are still anybody's.
struct Form {
    data_algorithm: DataAlgorithm,
    data: Vec<u8>,
    /// At least one.
    keys: Vec<EncryptedKey>,
}

/// An encrypted content key.
struct EncryptedKey {
    transport: Transport,
    octets: Vec<u8>,
}

impl Form {
    /// `EncryptedData`, and the `EncryptedKey`s in its `KeyInfo` or beside it (SAML Core §6.1, SAML errata E43).
    fn read(encrypted: Element<'_, '_>, algorithms: Algorithms) -> Result<Self, Rejection> {
        const ELEMENT: &str = "http://www.w3.org/2001/04/xmlenc#Element";
        let data = only(encrypted, ns::XENC, "EncryptedData")?;
        if data.attribute("Type").is_some_and(|kind| kind != ELEMENT) {
            return Err(refused("the Type of EncryptedData is not that of an element"));
        }
        let data_algorithm =
            DataAlgorithm::named(algorithm_of(only(data, ns::XENC, "EncryptionMethod")?))?;
        let keys = encrypted_keys(encrypted, data)?;
        Ok(Self {
            data_algorithm,
            data: cipher_value(data)?,
            keys: keys
                .into_iter()
                .map(|key| EncryptedKey::read(key, algorithms))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl EncryptedKey {
    fn read(element: Element<'_, '_>, algorithms: Algorithms) -> Result<Self, Rejection> {
        let method = only(element, ns::XENC, "EncryptionMethod")?;
        if method.children_named(ns::XENC, "OAEPparams").next().is_some() {
            return Err(refused("OAEPparams"));
        }
        let hash = |namespace, local| {
            Ok::<_, Rejection>(optional(method, namespace, local)?.map(algorithm_of))
        };
        let transport = Transport::named(
            algorithm_of(method),
            hash(ns::DS, "DigestMethod")?,
            hash(ns::XENC11, "MGF")?,
            algorithms,
        )?;
        let octets = cipher_value(element)?;
        if octets.len() > ENCRYPTED_KEY_BYTES_MAX {
            return Err(refused("an encrypted key that is too long"));
        }
        Ok(Self { transport, octets })
    }
}

/// The `EncryptedKey`s: those in `KeyInfo`, and those beside `EncryptedData`. A `RetrievalMethod` may only choose among them:
/// nothing is ever fetched.
fn encrypted_keys<'d, 'a>(
    encrypted: Element<'d, 'a>,
    data: Element<'d, 'a>,
) -> Result<Vec<Element<'d, 'a>>, Rejection> {
    let beside: Vec<_> = encrypted.children_named(ns::XENC, "EncryptedKey").collect();
    let mut keys = Vec::new();
    let mut chosen = false;
    if let Some(key_info) = optional(data, ns::DS, "KeyInfo")? {
        keys.extend(key_info.children_named(ns::XENC, "EncryptedKey"));
        for method in key_info.children_named(ns::DS, "RetrievalMethod") {
            let id = method.attribute("URI").and_then(|uri| uri.strip_prefix('#'));
            let same = |key: &&Element<'_, '_>| id.is_some() && key.attribute("Id") == id;
            let key = beside.iter().find(same).filter(|_| method.children().next().is_none());
            keys.push(*key.ok_or_else(|| refused("a RetrievalMethod to no EncryptedKey here"))?);
            chosen = true;
        }
    }
    if !chosen {
        keys.extend(beside);
    }
    match keys.len() {
        0 => Err(refused("no EncryptedKey")),
        1..=ENCRYPTED_KEYS_MAX => Ok(keys),
        _ => Err(refused(format!("more than {ENCRYPTED_KEYS_MAX} EncryptedKeys"))),
    }
}

/// The octets in `CipherData`. A `CipherReference` would be fetched from wherever it says: there is no such thing here.
fn cipher_value(element: Element<'_, '_>) -> Result<Vec<u8>, Rejection> {
    let data = only(element, ns::XENC, "CipherData")?;
    if data.children_named(ns::XENC, "CipherReference").next().is_some() {
        return Err(refused("a CipherReference"));
    }
    let text = only(data, ns::XENC, "CipherValue")?.text();
    text.ok()
        .and_then(|text| base64_with_spaces(&text))
        .ok_or_else(|| refused("a CipherValue that is not base64"))
}

fn only<'d, 'a>(
    element: Element<'d, 'a>,
    namespace: &'static str,
    local: &'static str,
) -> Result<Element<'d, 'a>, Rejection> {
    optional(element, namespace, local)?.ok_or_else(|| refused(format!("no {local}")))
}

fn optional<'d, 'a>(
    element: Element<'d, 'a>,
    namespace: &'static str,
    local: &'static str,
) -> Result<Option<Element<'d, 'a>>, Rejection> {
    element.optional(namespace, local).map_err(|_| refused(format!("more than one {local}")))
}

fn algorithm_of<'d>(element: Element<'d, '_>) -> &'d str {
    element.attribute("Algorithm").unwrap_or_default()
}

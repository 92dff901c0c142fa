//! XML Encryption (XML Encryption 1.1 §3, SAML Core §6): an `EncryptedAssertion` back into the document's text.
//!
//! Three steps. [`Sealed::read`] looks at the form, without any key; [`Sealed::decrypt`] gives octets that nobody has vouched for; [`splice`] puts them where the
//! `EncryptedAssertion` stood, and the strict reader reads the whole again, because an assertion may use namespaces
//! declared around it. Then the signature of the assertion is verified as if it had come in the clear. When the
//! message around it is signed, that signature is verified before anything is decrypted.
//!
//! What is refused for its form or its algorithm is refused before any key is used and says why: it is public.
//! Everything after is one rejection: whoever can tell a padding from a tag from a document that cannot be read can
//! decrypt without the key (Jager and Somorovsky, "How to break XML encryption").

mod arithmetic;

use std::ops::Range;

use aws_lc_rs::{hmac, rsa::PrivateDecryptingKey};

use crate::{
    Rejection,
    certificate::base64_with_spaces,
    dsig::Algorithms,
    xml::{Element, Limits, Source, normalize_line_ends, ns},
};

use arithmetic::{DataAlgorithm, Transport};

/// How many of our keys are tried; more are not looked at.
pub const KEYS_MAX: usize = 6;
/// How many `EncryptedKey`s are tried: one for each recipient.
const ENCRYPTED_KEYS_MAX: usize = 4;
/// The longest encrypted key, in bytes: that of an RSA key of 8192 bits.
const ENCRYPTED_KEY_BYTES_MAX: usize = 1024;

/// A private key for decryption, with the fingerprint of its certificate. Its memory is wiped when the last copy goes.
///
/// To read one takes as long as to decrypt with it twice: whoever has many messages keeps it. Copies share the key.
#[derive(Clone)]
pub struct DecryptionKey {
    /// Fingerprint of the certificate that the IdP encrypts to.
    pub fingerprint: String,
    private: PrivateDecryptingKey,
    /// What a content key comes from when none could be unwrapped.
    fallback: hmac::Key,
}

impl DecryptionKey {
    /// Reads an RSA key of 2048 to 8192 bits from PKCS #8 DER. The bytes are not kept: the caller wipes them.
    ///
    /// # Errors
    /// [`Rejection::Certificate`] when it is none.
    pub fn from_pkcs8(fingerprint: String, pkcs8: &[u8]) -> Result<Self, Rejection> {
        let private = PrivateDecryptingKey::from_pkcs8(pkcs8)
            .map_err(|_| Rejection::Certificate("a private key that cannot be read".to_owned()))?;
        let fallback = hmac::Key::new(hmac::HMAC_SHA256, pkcs8);
        Ok(Self { fingerprint, private, fallback })
    }
}

impl std::fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DecryptionKey")
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
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

impl Decrypted {
    /// The rejection of a failed decryption, for whatever is wrong with what was decrypted.
    ///
    /// When nobody has signed the message around it, an attacker chose the ciphertext. Then "the signature is bad"
    /// says that the padding was good: answer this instead, until the signature of what was decrypted has held.
    #[must_use]
    pub fn failed(&self) -> Rejection {
        Rejection::DecryptFailed { want: vec![self.fingerprint.clone()] }
    }
}

/// Puts what was decrypted where the `EncryptedAssertion` stands, and scans the whole document again.
///
/// `range` is the [`Element::range`] of the `EncryptedAssertion` in `source`. XML Encryption §4.4 has the plaintext read in the
/// place of `EncryptedData`, so also in the scope of what `EncryptedAssertion` itself declares. Most never do; an inclusive
/// canonicalization would then have these declarations in its octets, where the IdP signed before there was a wrapper. So they
/// are given to an assertion alone that cannot be read without them.
///
/// # Errors
/// The rejection of a failed decryption, whatever is wrong: no document, or not exactly one `Assertion` in that place.
pub fn splice(
    source: &Source,
    range: Range<usize>,
    decrypted: &Decrypted,
    limits: &Limits,
) -> Result<Source, Rejection> {
    let failed = || decrypted.failed();
    let plain = normalize_line_ends(decrypted.xml.trim_matches([' ', '\t', '\r', '\n']));
    spliced(source, &range, &plain, limits)
        .or_else(|| {
            let plain = with_declarations(source, &range, &plain)?;
            spliced(source, &range, &plain, limits)
        })
        .ok_or_else(failed)
}

fn spliced(source: &Source, range: &Range<usize>, plain: &str, limits: &Limits) -> Option<Source> {
    let before = source.as_str().get(..range.start)?;
    let after = source.as_str().get(range.end..)?;
    let place = before.len()..before.len() + plain.len();
    let source = Source::new([before, plain, after].concat().as_bytes(), limits).ok()?;
    let document = source.parse().ok()?;
    // Its end is where the plaintext ends, so the plaintext was one element and closed nothing around it.
    let assertions = document.root().descendants().filter(|element| element.range() == place);
    let is_one = assertions.filter(|element| element.is(ns::SAML, "Assertion")).count() == 1;
    drop(document);
    is_one.then_some(source)
}

/// The plaintext with those declarations of the `EncryptedAssertion` that it does not make itself. `None` when there are none.
fn with_declarations(source: &Source, range: &Range<usize>, plain: &str) -> Option<String> {
    let document = source.parse().ok()?;
    let wrapper = document.root().descendants().find(|element| element.range() == *range)?;
    let around: Vec<_> = wrapper.0.parent()?.namespaces().collect();
    let name_end = plain.find([' ', '\t', '\n', '/', '>'])?;
    let (name, rest) = plain.split_at_checked(name_end)?;
    // Whatever stands before the first `>`, in a value too: at worst one that was needed is not given.
    let (tag, _) = rest.split_once('>')?;
    let mut with = name.to_owned();
    for declared in wrapper.0.namespaces().filter(|declared| !around.contains(declared)) {
        let attribute =
            declared.name().map_or("xmlns".to_owned(), |prefix| format!("xmlns:{prefix}"));
        let declares = |one: &str| one.split('=').next().is_some_and(|name| name == attribute);
        if !tag.split_ascii_whitespace().any(declares) {
            let uri =
                declared.uri().replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            with.extend([" ", attribute.as_str(), "=\"", &uri, "\""]);
        }
    }
    (with.len() > name.len()).then(|| with + rest)
}

/// The one rejection of whatever goes wrong once a key is used.
pub(crate) fn failed(keys: &[DecryptionKey]) -> Rejection {
    Rejection::DecryptFailed { want: keys.iter().map(|key| key.fingerprint.clone()).collect() }
}

fn refused(reason: impl Into<String>) -> Rejection {
    Rejection::EncryptionForm(reason.into())
}

/// An `EncryptedAssertion` whose form and algorithms are taken; its octets are still anybody's.
pub struct Sealed {
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

impl Sealed {
    /// Reads an `EncryptedAssertion`: `EncryptedData`, and the `EncryptedKey`s in its `KeyInfo` or beside it (SAML Core §6.1, SAML errata E43).
    ///
    /// # Errors
    /// [`Rejection::EncryptionForm`], or one for an algorithm that is not taken.
    pub fn read(encrypted: Element<'_, '_>, algorithms: Algorithms) -> Result<Self, Rejection> {
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

    /// Decrypts it.
    ///
    /// At most [`KEYS_MAX`] keys are tried. Should none unwrap the key, the data are decrypted all the same, with a key
    /// that comes from the message and ours: an answer takes as long, and says as little (RFC 8017 §7.2.2, note).
    ///
    /// # Errors
    /// One [`Rejection`] for every failure.
    pub fn decrypt(self, keys: &[DecryptionKey]) -> Result<Decrypted, Rejection> {
        let keys = keys.get(..KEYS_MAX).unwrap_or(keys);
        let failed = || failed(keys);
        let key_bytes = self.data_algorithm.key_bytes();
        let unwrapped = self.keys.iter().find_map(|encrypted| {
            keys.iter().find_map(|key| {
                let unwrapped = arithmetic::unwrap(encrypted, key, key_bytes)?;
                Some((unwrapped, encrypted.transport.name, key))
            })
        });
        let (content_key, key_algorithm, key) = match unwrapped {
            Some(unwrapped) => unwrapped,
            None => {
                let (first, key) = self.keys.first().zip(keys.first()).ok_or_else(failed)?;
                (arithmetic::derived(first, key, key_bytes), "", key)
            }
        };
        let xml = arithmetic::open(self.data_algorithm, &content_key, self.data)
            .filter(|_| !key_algorithm.is_empty())
            .ok_or_else(failed)?;
        Ok(Decrypted {
            xml,
            data_algorithm: self.data_algorithm.name(),
            key_algorithm,
            fingerprint: key.fingerprint.clone(),
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

/// The `EncryptedKey`s: those in `KeyInfo`, and those beside `EncryptedData`. A `RetrievalMethod` may only choose
/// among them: nothing is ever fetched.
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

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use zeroize::Zeroizing;

    use super::*;
    use crate::{
        certificate::Certificate,
        dsig,
        foreign::{foreign, idp, now, piece, sp},
    };

    const CBC: &str = foreign!("aes128-cbc.xml");
    const GCM: &str = foreign!("aes128-gcm.xml");

    fn read(text: &str) -> Source {
        Source::new(text.as_bytes(), &Limits::MESSAGE).unwrap()
    }

    fn find<'d, 'a>(root: Element<'d, 'a>, local: &str) -> Element<'d, 'a> {
        root.descendants().find(|element| element.local() == local).unwrap()
    }

    /// Decrypts, splices, verifies: the octets that were signed.
    fn open(
        text: &str,
        keys: &[DecryptionKey],
        algorithms: Algorithms,
    ) -> Result<(String, Decrypted), Rejection> {
        let source = read(text);
        let document = source.parse()?;
        let encrypted = find(document.root(), "EncryptedAssertion");
        let decrypted = Sealed::read(encrypted, algorithms)?.decrypt(keys)?;
        let spliced = splice(&source, encrypted.range(), &decrypted, &Limits::MESSAGE)?;
        let document = spliced.parse()?;
        let assertion = find(document.root(), "Assertion");
        let verified = dsig::verify(assertion, &[idp("rsa")], algorithms, now())?;
        Ok((verified.octets().to_owned(), decrypted))
    }

    fn opened(text: &str) -> Result<String, Rejection> {
        open(text, &[sp()], Algorithms::default()).map(|(octets, _)| octets)
    }

    /// A key that nothing was encrypted to.
    fn other_key() -> DecryptionKey {
        static MADE: LazyLock<(Certificate, Zeroizing<Vec<u8>>)> = LazyLock::new(|| {
            crate::certificate::generate("other", now(), now().plus_secs(60), [1; 16]).unwrap()
        });
        DecryptionKey::from_pkcs8(MADE.0.fingerprint.clone(), &MADE.1).unwrap()
    }

    fn decrypt_failed() -> Rejection {
        Rejection::DecryptFailed { want: vec![sp().fingerprint] }
    }

    /// The text with the octets of its n-th `CipherValue` changed.
    fn with_cipher_value(text: &str, nth: usize, change: impl Fn(&mut Vec<u8>)) -> String {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let (before, _) = text.match_indices("<xenc:CipherValue>").nth(nth).unwrap();
        let (before, from) = text.split_at(before);
        let value = piece(from, "<xenc:CipherValue>", "</xenc:CipherValue>");
        let base64 = value.split(['<', '>']).nth(2).unwrap();
        let mut octets = base64_with_spaces(base64).unwrap();
        change(&mut octets);
        before.to_owned() + &from.replacen(base64, &STANDARD.encode(octets), 1)
    }

    /// The places of the data and of the key among the `CipherValue`s: the key stands inside, before the data.
    const KEY: usize = 0;
    const DATA: usize = 1;

    #[test]
    fn what_another_library_encrypted_is_what_it_had_signed() {
        let plain = read(foreign!("rsa-sha256.xml"));
        let plain = plain.parse().unwrap();
        let assertion = find(plain.root(), "Assertion");
        let expected =
            dsig::verify(assertion, &[idp("rsa")], Algorithms::default(), now()).unwrap();
        let taking_1_5 = Algorithms { rsa_1_5: true, ..Algorithms::default() };
        let cases = [
            (CBC, "aes128-cbc", "rsa-oaep-mgf1p"),
            (GCM, "aes128-gcm", "rsa-oaep-mgf1p"),
            (foreign!("aes256-cbc-beside.xml"), "aes256-cbc", "rsa-oaep-mgf1p"),
            (foreign!("aes256-gcm-oaep-sha256.xml"), "aes256-gcm", "rsa-oaep"),
            (foreign!("aes256-cbc-rsa-1_5.xml"), "aes256-cbc", "rsa-1_5"),
        ];
        for (text, data, key) in cases {
            let (octets, decrypted) = open(text, &[other_key(), sp()], taking_1_5).unwrap();
            assert_eq!(octets, expected.octets());
            assert_eq!((decrypted.data_algorithm, decrypted.key_algorithm), (data, key));
            assert_eq!(decrypted.fingerprint, sp().fingerprint);
        }
    }

    #[test]
    fn an_algorithm_that_is_not_taken_names_what_to_set() {
        let cases = [
            (foreign!("tripledes.xml"), "tripledes-cbc", "AES256-GCM"),
            (foreign!("aes256-cbc-rsa-1_5.xml"), "rsa-1_5", "RSA-OAEP"),
            (foreign!("aes256-gcm-mixed.xml"), "Sha256 and MGF1 with Sha1", "same hash"),
        ];
        for (text, came, wanted) in cases {
            let rejection = opened(text).unwrap_err();
            assert_eq!(rejection.code(), "weak_algorithm");
            assert!(rejection.got().unwrap().contains(came), "{rejection}");
            assert!(rejection.want().unwrap().contains(wanted), "{rejection}");
        }
    }

    #[test]
    fn auth0_s_name_for_sha256_means_one_hash_for_both() {
        let text = foreign!("aes256-gcm-oaep-sha256.xml");
        let mask = piece(text, "<e:MGF", "/>");
        let text = text
            .replace(mask, "")
            .replace("2009/xmlenc11#rsa-oaep", "2001/04/xmlenc#rsa-oaep-mgf1p")
            .replace("2001/04/xmlenc#sha256\"/></xenc:E", "2000/09/xmldsig#sha256\"/></xenc:E");
        assert!(opened(&text).is_ok());
    }

    #[test]
    fn other_forms_are_refused_before_any_key_is_used() {
        let beside = foreign!("aes256-cbc-beside.xml");
        let cases = [
            (CBC, "#Element", "#Content"),
            (
                CBC,
                "<xenc:CipherValue>",
                "<xenc:CipherReference URI=\"http://evil.example/\"/><xenc:CipherValue>",
            ),
            (CBC, "<xenc:CipherValue>", "<xenc:CipherValue>!"),
            (CBC, "<xenc:CipherData>", "<xenc:CipherData/><xenc:CipherData>"),
            (
                CBC,
                "<xenc:EncryptedData ",
                "<x:EncryptedData xmlns:x=\"http://www.w3.org/2001/04/xmlenc#\"/><xenc:EncryptedData ",
            ),
            (CBC, "<xenc:EncryptedKey ", "<xenc:Other "),
            (beside, "URI=\"#_k\"", "URI=\"#_other\""),
            (beside, "URI=\"#_k\"", "URI=\"http://evil.example/\""),
            (beside, "URI=\"#_k\"", "URI=\"\""),
        ];
        for (text, old, new) in cases {
            assert!(text.contains(old), "{old}");
            let mut text = text.replacen(old, new, 1);
            if new.contains("Other") {
                text = text.replace("</xenc:EncryptedKey>", "</xenc:Other>");
            }
            let source = read(&text);
            let document = source.parse().unwrap();
            let encrypted = find(document.root(), "EncryptedAssertion");
            let rejection = Sealed::read(encrypted, Algorithms::default()).err().unwrap();
            assert_eq!(rejection.code(), "bad_encryption_form", "{new}");
        }
    }

    #[test]
    fn every_failure_of_arithmetic_is_the_same_rejection() {
        let failed = Err(decrypt_failed());
        let cases = [
            with_cipher_value(CBC, KEY, |octets| octets[0] ^= 1),
            with_cipher_value(CBC, KEY, |octets| octets.truncate(255)),
            with_cipher_value(CBC, KEY, Vec::clear),
            with_cipher_value(CBC, DATA, Vec::clear),
            with_cipher_value(CBC, DATA, |octets| octets.truncate(16)),
            with_cipher_value(CBC, DATA, |octets| octets.push(0)),
            with_cipher_value(CBC, DATA, |octets| octets.truncate(octets.len() - 16)),
            with_cipher_value(CBC, DATA, |octets| octets[20] ^= 0xff),
            with_cipher_value(GCM, DATA, Vec::clear),
            with_cipher_value(GCM, DATA, |octets| octets.truncate(27)),
            with_cipher_value(GCM, DATA, |octets| octets[0] ^= 1),
            with_cipher_value(GCM, DATA, |octets| *octets.last_mut().unwrap() ^= 1),
        ];
        for text in &cases {
            assert_eq!(opened(text), failed);
        }
        let wrong_key = || DecryptionKey { fingerprint: sp().fingerprint, ..other_key() };
        assert_eq!(open(CBC, &[wrong_key()], Algorithms::default()).err(), Some(decrypt_failed()));
        let taking_1_5 = Algorithms { rsa_1_5: true, ..Algorithms::default() };
        let text =
            with_cipher_value(foreign!("aes256-cbc-rsa-1_5.xml"), KEY, |octets| octets[9] ^= 1);
        assert_eq!(open(&text, &[sp()], taking_1_5).err(), Some(decrypt_failed()));
        assert_eq!(
            open(CBC, &[], Algorithms::default()).err(),
            Some(Rejection::DecryptFailed { want: Vec::new() })
        );
    }

    #[test]
    fn no_padding_byte_says_anything() {
        // The last byte of the last block but one is added to the padding's count: all its values are tried.
        for value in 1..=255 {
            let text = with_cipher_value(CBC, DATA, |octets| {
                let at = octets.len() - 17;
                octets[at] ^= value;
            });
            assert_eq!(opened(&text), Err(decrypt_failed()), "{value}");
        }
    }

    #[test]
    fn keys_beyond_the_limit_are_not_tried() {
        let keys = |wrongs| {
            let wrongs = (0..wrongs).map(|_| other_key());
            wrongs.chain([sp()]).collect::<Vec<_>>()
        };
        assert!(open(CBC, &keys(KEYS_MAX - 1), Algorithms::default()).is_ok());
        assert!(open(CBC, &keys(KEYS_MAX), Algorithms::default()).is_err());
    }

    #[test]
    fn what_the_wrapper_declares_is_in_scope_where_it_is_needed() {
        let splice = |wrapper: &str, plain: &str| {
            let source = read(&format!("<r xmlns:a=\"urn:a\"><x {wrapper}/></r>"));
            let document = source.parse().unwrap();
            let decrypted = Decrypted {
                xml: plain.to_owned(),
                data_algorithm: "",
                key_algorithm: "",
                fingerprint: sp().fingerprint,
            };
            let range = find(document.root(), "x").range();
            let spliced = super::splice(&source, range, &decrypted, &Limits::MESSAGE)?;
            let text = spliced.as_str().strip_prefix("<r xmlns:a=\"urn:a\">").unwrap();
            Ok(text.strip_suffix("</r>").unwrap().to_owned())
        };
        let saml = format!("xmlns:saml=\"{}\"", ns::SAML);
        let given = |attributes: &str| Ok(format!("<saml:Assertion{attributes}/>"));
        assert_eq!(splice(&saml, "<saml:Assertion/>"), given(&format!(" {saml}")));
        assert_eq!(
            splice(&saml, "<saml:Assertion\n ID=\"_a\"/>"),
            given(&format!(" {saml}\n ID=\"_a\""))
        );
        // What it declares itself is its own; what is declared around both is not said again.
        let both = format!("{saml} xmlns:b=\"urn:b\" xmlns:a=\"urn:a\"");
        assert_eq!(
            splice(&both, &format!("<saml:Assertion {saml} b:c=\"\"/>")),
            given(&format!(" xmlns:b=\"urn:b\" {saml} b:c=\"\""))
        );
        // Whatever can be read without them is left as it is.
        let own = format!("<saml:Assertion {saml}/>");
        assert_eq!(splice(&both, &own), Ok(own.clone()));
        let default = format!("xmlns=\"{}\"", ns::SAML);
        assert_eq!(splice(&default, "<Assertion/>"), Ok(format!("<Assertion {default}/>")));
        for (wrapper, plain) in [
            (saml.as_str(), "<saml:Assertion><c:d/></saml:Assertion>"),
            ("xmlns:saml=\"urn:other\"", "<saml:Assertion/>"),
            (&saml, "<saml:Assertion/><saml:Assertion/>"),
            (&saml, "<saml:Assertion>"),
            (&saml, "<saml:Other/>"),
            (&saml, ">"),
            (&saml, ""),
            (&saml, "</r><r>"),
        ] {
            assert_eq!(splice(wrapper, plain), Err(decrypt_failed()), "{wrapper} {plain}");
        }
    }

    #[test]
    fn the_plaintext_is_one_assertion_and_reaches_no_further() {
        const ASSERTION: &str = "<saml:Assertion>a</saml:Assertion>";
        let splice = |plain: &str| {
            let source =
                read(r#"<r xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><a/><x/><b/></r>"#);
            let document = source.parse().unwrap();
            let decrypted = Decrypted {
                xml: plain.to_owned(),
                data_algorithm: "",
                key_algorithm: "",
                fingerprint: sp().fingerprint,
            };
            let range = find(document.root(), "x").range();
            super::splice(&source, range, &decrypted, &Limits::MESSAGE)
                .map(|source| source.as_str().to_owned())
        };
        let spliced = |plain: &str| {
            Ok(format!(
                r#"<r xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><a/>{plain}<b/></r>"#
            ))
        };
        assert_eq!(splice(ASSERTION), spliced(ASSERTION));
        assert_eq!(splice(&format!("\r\n {ASSERTION}\n")), spliced(ASSERTION));
        for plain in [
            String::new(),
            "text".to_owned(),
            "<saml:Assertion>".to_owned(),
            "<saml:Other/>".to_owned(),
            r#"<saml:Assertion xmlns:saml="urn:other"/>"#.to_owned(),
            format!("{ASSERTION}{ASSERTION}"),
            format!("{ASSERTION}text"),
            format!("text{ASSERTION}"),
            format!("{ASSERTION}<!-- -->"),
            format!("<?xml version=\"1.0\"?>{ASSERTION}"),
            format!("\u{feff}{ASSERTION}"),
            format!("<!DOCTYPE a>{ASSERTION}"),
            format!("{ASSERTION}</r><r xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">"),
            format!("{ASSERTION}<!--"),
            r#"<saml:Assertion xmlns:saml="relative"/>"#.to_owned(),
            format!("<saml:Assertion>{}</saml:Assertion>", "x".repeat(Limits::MESSAGE.bytes_max)),
        ] {
            assert_eq!(splice(&plain), Err(decrypt_failed()), "{plain:.80}");
        }
    }
}

//! XML Signature for the one profile that SAML needs (XML Signature §3.2, SAML Core §5).
//!
//! Signatures of all other forms are refused, though XML Signature allows them: a service provider has no use for
//! them, and every known way to wrap a signature around a forgery lives there. In this order: the signature stands
//! directly in the element it signs; its `SignedInfo` is verified as octets; these octets are parsed again and only
//! they say what was signed; the element's canonical octets have the digest they name. [`Verified`] is those
//! canonical octets.

mod algorithm;
mod reference;

use crate::{
    Instant, Rejection,
    c14n::canonicalize,
    certificate::{self, Certificate},
    xml::{Element, Limits, Source, ns},
};

use algorithm::{SignatureAlgorithm, short};
use reference::SignedInfo;

/// The longest `SignedInfo`, in bytes as it was received. (One reference and two transforms take some 900.)
const SIGNED_INFO_BYTES_MAX: usize = 16 * 1024;

/// Which weak algorithms a connection takes by name (S6). The default takes none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Algorithms {
    /// RSA-SHA1 and SHA-1 digests, until this instant.
    pub sha1_until: Option<Instant>,
    /// RSA 1.5 key transport.
    pub rsa_1_5: bool,
}

/// An element whose signature held: the canonical octets that were digested, and nothing else of the document.
///
/// INVARIANT: only [`verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    octets: String,
    /// The signature algorithm's short name: `rsa-sha256`.
    pub algorithm: &'static str,
    /// The fingerprint of the certificate whose key it was.
    pub fingerprint: String,
}

impl Verified {
    /// The canonical octets whose digest matched. What is read, is read from these.
    #[must_use]
    pub fn octets(&self) -> &str {
        &self.octets
    }

    /// The octets, ready to be parsed: the root of that document is the element that was signed, without its signature.
    ///
    /// # Errors
    /// [`Rejection::Xml`] when the canonical form is beyond the limits (it can be longer than what was received).
    pub fn source(&self) -> Result<Source, Rejection> {
        Source::new(self.octets.as_bytes(), &Limits::METADATA)
    }
}

/// Who signed octets that stand outside XML.
///
/// INVARIANT: only [`verify_detached`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBy {
    algorithm: &'static str,
    fingerprint: String,
}

impl SignedBy {
    /// The signature algorithm's short name: `rsa-sha256`.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        self.algorithm
    }

    /// The fingerprint of the certificate whose key it was.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }
}

/// Verifies the one Signature that is a direct child of `element`, over `element`.
///
/// Keys come from the certificates alone; `KeyInfo` is not looked at, but to name a certificate in a rejection.
///
/// # Errors
/// A [`Rejection`]: unsigned, of a form that SAML does not need, or not made by any of these keys.
pub fn verify(
    element: Element<'_, '_>,
    certificates: &[Certificate],
    algorithms: Algorithms,
    now: Instant,
) -> Result<Verified, Rejection> {
    let parts = Parts::of(element)?;
    reference::only_elements_and_text(element)?;

    // What is read here is not signed yet. It can only choose among what is taken, and must be the same again below.
    let received = SignedInfo::read(parts.signed_info)?;
    let algorithm = SignatureAlgorithm::named(received.signature_method, algorithms, now)?;
    let octets = canonicalize(parts.signed_info, None, &received.canonicalization);
    let signature = parts
        .signature_value
        .text()
        .ok()
        .and_then(|text| certificate::base64_with_spaces(&text))
        .ok_or_else(|| form("base64 in SignatureValue", "something else"))?;
    let fingerprint = algorithm
        .verify(octets.as_bytes(), &signature, certificates)
        .ok_or_else(|| parts.bad_signature(certificates))?;

    // From here on, only what was signed: the octets of SignedInfo, parsed again.
    let source = Source::new(octets.as_bytes(), &Limits::MESSAGE)?;
    let document = source.parse()?;
    let signed = SignedInfo::read(document.root())?;
    if signed.signature_method != received.signature_method
        || signed.canonicalization != received.canonicalization
    {
        return Err(form("one SignedInfo", "one that reads differently once canonicalized"));
    }
    let reference = signed.reference(algorithms, now)?;
    reference.is_to(element)?;
    let octets = canonicalize(element, Some(parts.signature), &reference.canonicalization);
    if !reference.digest.is_of(octets.as_bytes(), &reference.digest_value) {
        return Err(Rejection::BadSignature {
            want: fingerprints(certificates),
            got: Some("the content was changed after it was signed".to_owned()),
        });
    }
    Ok(Verified { octets, algorithm: algorithm.name, fingerprint })
}

/// Verifies a signature over octets that stand outside XML, as the HTTP Redirect binding has it (SAML Bindings
/// §3.4.4.1).
///
/// # Errors
/// [`Rejection::WeakAlgorithm`] or [`Rejection::BadSignature`].
pub fn verify_detached(
    algorithm_uri: &str,
    octets: &[u8],
    signature: &[u8],
    certificates: &[Certificate],
    algorithms: Algorithms,
    now: Instant,
) -> Result<SignedBy, Rejection> {
    let algorithm = SignatureAlgorithm::named(algorithm_uri, algorithms, now)?;
    match algorithm.verify(octets, signature, certificates) {
        Some(fingerprint) => Ok(SignedBy { algorithm: algorithm.name, fingerprint }),
        None => Err(Rejection::BadSignature { want: fingerprints(certificates), got: None }),
    }
}

fn fingerprints(certificates: &[Certificate]) -> Vec<String> {
    certificates.iter().map(|certificate| certificate.fingerprint.clone()).collect()
}

fn form(want: &'static str, got: impl Into<String>) -> Rejection {
    Rejection::SignatureForm { want, got: got.into() }
}

/// The parts of a Signature (XML Signature §4.1): `SignedInfo`, `SignatureValue`, perhaps `KeyInfo`, in this order,
/// once.
struct Parts<'d, 'a> {
    signature: Element<'d, 'a>,
    signed_info: Element<'d, 'a>,
    signature_value: Element<'d, 'a>,
    key_info: Option<Element<'d, 'a>>,
}

impl<'d, 'a> Parts<'d, 'a> {
    /// Of the one Signature that is a direct child of the element.
    fn of(element: Element<'d, 'a>) -> Result<Self, Rejection> {
        const WANT: &str = "SignedInfo, SignatureValue and perhaps KeyInfo, each once";
        let mut signatures = element.children_named(ns::DS, "Signature");
        let signature = signatures
            .next()
            .ok_or_else(|| Rejection::Unsigned { element: short(element.local()) })?;
        if signatures.next().is_some() {
            return Err(form("one Signature in an element", "several"));
        }
        let mut parts = signature.children();
        let mut part = |local: &str| parts.next().filter(|part| part.is(ns::DS, local));
        let signed_info =
            part("SignedInfo").ok_or_else(|| form(WANT, "no SignedInfo at its place"))?;
        let signature_value =
            part("SignatureValue").ok_or_else(|| form(WANT, "no SignatureValue at its place"))?;
        let key_info = parts.next();
        if key_info.is_some_and(|part| !part.is(ns::DS, "KeyInfo")) || parts.next().is_some() {
            return Err(form(WANT, "something else in Signature"));
        }
        // Inside KeyInfo there is no place for them either.
        let more = |local: &str| {
            signature.descendants().filter(|inside| inside.is(ns::DS, local)).count() > 1
        };
        if more("SignedInfo") || more("SignatureValue") || more("Reference") {
            return Err(form(WANT, "more than one SignedInfo, SignatureValue or Reference"));
        }
        if signed_info.range().len() > SIGNED_INFO_BYTES_MAX {
            return Err(form(
                WANT,
                format!("SignedInfo of more than {SIGNED_INFO_BYTES_MAX} bytes"),
            ));
        }
        Ok(Self { signature, signed_info, signature_value, key_info })
    }

    /// The rejection, with the certificate that the message says it was signed with: the IdP's new one, most likely.
    fn bad_signature(&self, certificates: &[Certificate]) -> Rejection {
        let carried = self.key_info.and_then(|key_info| {
            let certificate =
                key_info.descendants().find(|inside| inside.is(ns::DS, "X509Certificate"))?;
            certificate::base64_with_spaces(&certificate.text().ok()?)
        });
        let want = fingerprints(certificates);
        let got = match carried.map(|der| certificate::fingerprint(&der)) {
            Some(known) if want.contains(&known) => {
                Some(format!("a signature that does not fit, said to be by {known}"))
            }
            other => other,
        };
        Rejection::BadSignature { want, got }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::foreign::{foreign, idp, now, piece};

    const RSA: &str = foreign!("rsa-sha256.xml");

    /// Verifies the Assertion in the text.
    fn verify_assertion(text: &str, certificates: &[Certificate]) -> Result<Verified, Rejection> {
        verify_with(text, "Assertion", certificates, Algorithms::default())
    }

    fn verify_with(
        text: &str,
        local: &str,
        certificates: &[Certificate],
        algorithms: Algorithms,
    ) -> Result<Verified, Rejection> {
        let source = Source::new(text.as_bytes(), &Limits::MESSAGE)?;
        let document = source.parse()?;
        let element = document.root().descendants().find(|element| element.local() == local);
        verify(element.unwrap(), certificates, algorithms, now())
    }

    /// The text with one thing in it replaced, which has to be there.
    fn with(text: &str, old: &str, new: &str) -> String {
        assert!(text.contains(old), "{old} is not in it");
        text.replacen(old, new, 1)
    }

    fn code(result: Result<Verified, Rejection>) -> &'static str {
        result.map_or_else(|rejection| rejection.code(), |_| "accepted")
    }

    #[test]
    fn what_another_library_signed_is_accepted_with_the_right_key_only() {
        let cases = [
            (RSA, "rsa", "rsa-sha256"),
            (foreign!("rsa-sha384-prefixes.xml"), "rsa", "rsa-sha384"),
            (foreign!("rsa-sha512-inclusive.xml"), "rsa", "rsa-sha512"),
            (foreign!("rsa-sha256-no-second-transform.xml"), "rsa", "rsa-sha256"),
            (foreign!("rsa-sha256-both.xml"), "rsa", "rsa-sha256"),
            (foreign!("sha256-rsa-mgf1.xml"), "rsa", "sha256-rsa-mgf1"),
            (foreign!("ecdsa-sha256-p256.xml"), "p256", "ecdsa-sha256"),
            (foreign!("ecdsa-sha512-p256.xml"), "p256", "ecdsa-sha512"),
            (foreign!("ecdsa-sha384-p384.xml"), "p384", "ecdsa-sha384"),
            (foreign!("ecdsa-sha512-p521.xml"), "p521", "ecdsa-sha512"),
        ];
        let all = ["rsa", "p256", "p384", "p521"].map(idp);
        for (text, kind, algorithm) in cases {
            let verified = verify_assertion(text, &all).unwrap();
            assert_eq!(verified.algorithm, algorithm);
            assert_eq!(verified.fingerprint, idp(kind).fingerprint);
            let source = verified.source().unwrap();
            let document = source.parse().unwrap();
            assert!(document.root().is(ns::SAML, "Assertion"));
            let texts: Vec<_> =
                document.root().descendants().filter_map(|e| e.text().ok()).collect();
            assert!(texts.contains(&"zoë@acme.example".to_owned()), "{texts:?}");
            assert!(texts.contains(&"a < b &\r\nc".to_owned()), "{texts:?}");
            assert!(document.root().descendants().all(|element| element.namespace() != ns::DS));
            let others: Vec<_> = all
                .iter()
                .filter(|other| other.fingerprint != verified.fingerprint)
                .cloned()
                .collect();
            assert_eq!(code(verify_assertion(text, &others)), "bad_signature");
            assert_eq!(code(verify_assertion(text, &[])), "bad_signature");
        }
    }

    #[test]
    fn a_signed_response_is_verified_with_the_assertion_in_it() {
        for text in [foreign!("rsa-sha256-response.xml"), foreign!("rsa-sha256-both.xml")] {
            let verified =
                verify_with(text, "Response", &[idp("rsa")], Algorithms::default()).unwrap();
            assert!(verified.octets().starts_with("<samlp:Response "));
            assert!(verified.octets().contains("zoë@acme.example"));
        }
        assert_eq!(
            verify_assertion(foreign!("rsa-sha256-response.xml"), &[idp("rsa")]),
            Err(Rejection::Unsigned { element: "Assertion".to_owned() })
        );
    }

    #[test]
    fn sha1_is_taken_until_the_instant_that_was_agreed() {
        let text = foreign!("rsa-sha1.xml");
        let until = |at| Algorithms { sha1_until: Some(at), ..Algorithms::default() };
        let verify = |algorithms| code(verify_with(text, "Assertion", &[idp("rsa")], algorithms));
        assert_eq!(verify(Algorithms::default()), "weak_algorithm");
        assert_eq!(verify(until(now())), "weak_algorithm");
        assert_eq!(verify(until(now().plus_secs(1))), "accepted");
    }

    #[test]
    fn no_changed_byte_changes_what_is_verified() {
        let certificates = [idp("rsa")];
        let octets = verify_assertion(RSA, &certificates).unwrap().octets;
        let (mut accepted, mut refused) = (0, 0);
        for at in 0..RSA.len() {
            for flip in [0x01, 0x20] {
                let mut bytes = RSA.as_bytes().to_vec();
                bytes[at] ^= flip;
                let Ok(text) = String::from_utf8(bytes) else { continue };
                let Ok(source) = Source::new(text.as_bytes(), &Limits::MESSAGE) else { continue };
                let Ok(document) = source.parse() else { continue };
                let find = |element: &Element<'_, '_>| element.is(ns::SAML, "Assertion");
                let Some(element) = document.root().descendants().find(find) else { continue };
                match verify(element, &certificates, Algorithms::default(), now()) {
                    Ok(verified) => {
                        assert_eq!(verified.octets, octets, "byte {at}");
                        accepted += 1;
                    }
                    Err(_) => refused += 1,
                }
            }
        }
        // Bytes outside the assertion may change; inside, white space that canonicalizes away.
        assert!(refused > 1000, "{refused} refused");
        assert!(accepted > 100, "{accepted} accepted");
    }

    #[test]
    fn signatures_of_other_forms_are_refused_as_such() {
        let signature = piece(RSA, "<ds:Signature ", "</ds:Signature>");
        let info = piece(RSA, "<ds:SignedInfo>", "</ds:SignedInfo>");
        let reference = piece(RSA, "<ds:Reference ", "</ds:Reference>");
        let enveloped =
            r#"<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>"#;
        let exclusive = r#"<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>"#;
        let cases = [
            (signature, String::new(), "unsigned"),
            (signature, signature.repeat(2), "bad_signature_form"),
            (signature, format!("<x>{signature}</x>"), "unsigned"),
            ("xmldsig#\"><ds:SignedInfo>", "x\"><ds:SignedInfo>".to_owned(), "unsigned"),
            (info, String::new(), "bad_signature_form"),
            (info, info.repeat(2), "bad_signature_form"),
            (info, format!("<ds:Object>{info}</ds:Object>"), "bad_signature_form"),
            ("</ds:Signature>", "<ds:Object/></ds:Signature>".to_owned(), "bad_signature_form"),
            (
                "</ds:Signature>",
                format!("<ds:KeyInfo>{info}</ds:KeyInfo></ds:Signature>"),
                "bad_signature_form",
            ),
            (reference, reference.repeat(2), "bad_signature_form"),
            (reference, String::new(), "bad_signature_form"),
            ("<ds:SignatureValue>", "<ds:SignatureValue>!".to_owned(), "bad_signature_form"),
            ("<ds:SignatureValue>", "<ds:SignatureValue><!-- -->".to_owned(), "bad_signature_form"),
            ("more#rsa-sha256", "more#hmac-sha256".to_owned(), "weak_algorithm"),
            ("more#rsa-sha256", "more#ecdsa-sha256".to_owned(), "bad_signature"),
            ("zoë@acme.example", "zoë@acme<!-- -->.example".to_owned(), "bad_signature_form"),
            ("zoë@acme.example", "zoë@acme.example.evil".to_owned(), "bad_signature"),
            (
                "CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"",
                "CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#WithComments\""
                    .to_owned(),
                "bad_signature_form",
            ),
            // These change what was signed, and so do not get as far as their form.
            (enveloped, String::new(), "bad_signature"),
            (exclusive, String::new(), "bad_signature"),
            ("URI=\"#_a\"", "URI=\"\"".to_owned(), "bad_signature"),
        ];
        for (old, new, expected) in cases {
            assert_eq!(
                code(verify_assertion(&with(RSA, old, &new), &[idp("rsa")])),
                expected,
                "{new}"
            );
        }
    }

    #[test]
    fn a_signature_that_holds_is_refused_when_saml_does_not_need_its_form() {
        for text in [
            foreign!("refused-xpath.xml"),
            foreign!("refused-xpath-third.xml"),
            foreign!("refused-with-comments.xml"),
            foreign!("refused-two-references.xml"),
            foreign!("refused-signs-what-is-around-it.xml"),
            foreign!("refused-signs-the-document.xml"),
            foreign!("refused-object.xml"),
        ] {
            assert_eq!(code(verify_assertion(text, &[idp("rsa")])), "bad_signature_form");
            let response = verify_with(text, "Response", &[idp("rsa")], Algorithms::default());
            assert_eq!(code(response), "unsigned");
        }
    }

    #[test]
    fn text_may_be_written_in_another_way_that_is_canonically_the_same() {
        for same in ["zo&#235;@acme.example", "zoë@<![CDATA[acme]]>.example"] {
            let text = with(RSA, "zoë@acme.example", same);
            let verified = verify_assertion(&text, &[idp("rsa")]).unwrap();
            assert!(verified.octets().contains(">zoë@acme.example<"));
        }
        // Java writes its line ends so.
        let value = piece(RSA, "<ds:SignatureValue>", "</ds:SignatureValue>");
        let java = with(RSA, value, &value.replace('\n', "&#13;\n"));
        assert_ne!(java, RSA);
        assert_eq!(code(verify_assertion(&java, &[idp("rsa")])), "accepted");
    }

    #[test]
    fn an_id_that_anybody_could_take_for_another_is_refused() {
        for attribute in ["ID", "Id", "id", "iD", "xml:id", "samlp:ID"] {
            let twice = with(RSA, "<samlp:Status>", &format!("<samlp:Status {attribute}=\"_a\">"));
            assert_eq!(code(verify_assertion(&twice, &[idp("rsa")])), "bad_signature_form");
            let other = with(RSA, "<samlp:Status>", &format!("<samlp:Status {attribute}=\"_b\">"));
            assert_eq!(code(verify_assertion(&other, &[idp("rsa")])), "accepted");
        }
    }

    #[test]
    fn a_signature_is_worth_nothing_in_an_element_that_it_does_not_sign() {
        // The genuine assertion hides in the forged one, whose own Signature is the genuine one's.
        let genuine = piece(RSA, "<saml:Assertion ", "</saml:Assertion>");
        let forged = with(&with(genuine, "zoë@", "eve@"), "ID=\"_a\"", "ID=\"_e\"");
        let hidden = with(&forged, "</saml:Subject>", &format!("<x>{genuine}</x></saml:Subject>"));
        assert_eq!(
            code(verify_assertion(&RSA.replace(genuine, &hidden), &[idp("rsa")])),
            "bad_signature_form"
        );
        let moved = with(RSA, "ID=\"_a\"", "ID=\"_e\"");
        assert_eq!(code(verify_assertion(&moved, &[idp("rsa")])), "bad_signature_form");
        let without = with(RSA, "ID=\"_a\"", "Id=\"_a\"");
        assert_eq!(code(verify_assertion(&without, &[idp("rsa")])), "bad_signature_form");
    }

    #[test]
    fn a_rejection_names_the_certificate_that_the_message_carries_but_no_key_comes_from_there() {
        let carried = idp("p256");
        let info = format!(
            "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
            idp("rsa").base64()
        );
        let text = with(RSA, "</ds:Signature>", &info);
        assert_eq!(
            verify_assertion(&text, std::slice::from_ref(&carried)),
            Err(Rejection::BadSignature {
                want: vec![carried.fingerprint],
                got: Some(idp("rsa").fingerprint)
            })
        );
    }

    /// What a forger would put somewhere.
    const PIECES: &[&str] = &[
        "<!---->",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?x?>",
        "&#46;",
        "&#13;",
        " ",
        "\n",
        "<x/>",
        "<x>",
        "</x>",
        "evil",
        " ID=\"_a\"",
        " xmlns=\"urn:x\"",
        " xmlns:saml=\"urn:x\"",
        " xml:lang=\"en\"",
        "#_a",
        "\"",
        "'",
        "</saml:NameID>",
        "<saml:NameID>evil</saml:NameID>",
        "<ds:Signature/>",
        "<ds:Reference/>",
        "<ds:Object/>",
        "</ds:SignedInfo>",
    ];

    proptest::proptest! {
        #[test]
        fn nothing_put_anywhere_changes_what_is_verified(
            at: proptest::sample::Index,
            cut in 0..3_usize,
            piece in proptest::sample::select(PIECES),
        ) {
            let places: Vec<usize> = RSA.char_indices().map(|(place, _)| place).collect();
            let place = at.get(&places);
            let (before, after) = RSA.split_at(*place);
            let after: String = after.chars().skip(cut).collect();
            let text = [before, piece, &after].concat();
            let Ok(source) = Source::new(text.as_bytes(), &Limits::MESSAGE) else { return Ok(()) };
            let Ok(document) = source.parse() else { return Ok(()) };
            let genuine = verify_assertion(RSA, &[idp("rsa")]).unwrap();
            for element in document.root().descendants() {
                if let Ok(verified) = verify(element, &[idp("rsa")], Algorithms::default(), now()) {
                    proptest::prop_assert_eq!(verified.octets(), genuine.octets());
                }
            }
        }
    }

    #[test]
    fn detached_octets_are_verified_with_keys_of_the_right_kind() {
        use aws_lc_rs::{rand::SystemRandom, signature};
        let scheme = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = signature::EcdsaKeyPair::generate(scheme).unwrap();
        let mut certificate = idp("p256");
        certificate.key = crate::certificate::PublicKey::P256(
            signature::KeyPair::public_key(&pair).as_ref().to_vec(),
        );
        let certificates = [idp("rsa"), certificate];
        let uri = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
        let verify = |uri: &str, octets: &[u8], signed: &[u8]| {
            verify_detached(uri, octets, signed, &certificates, Algorithms::default(), now())
        };
        // Many, so that r and s begin with zeros and with ones.
        for number in 0..600_u32 {
            let octets = number.to_be_bytes();
            let signed = pair.sign(&SystemRandom::new(), &octets).unwrap();
            let by = verify(uri, &octets, signed.as_ref()).unwrap();
            assert_eq!(
                (by.algorithm(), by.fingerprint()),
                ("ecdsa-sha256", &*certificates[1].fingerprint)
            );
            assert!(verify(uri, b"other", signed.as_ref()).is_err());
            assert!(verify(uri, &octets, &signed.as_ref()[1..]).is_err());
            assert!(verify(&uri.replace("ecdsa", "rsa"), &octets, signed.as_ref()).is_err());
        }
        assert!(verify(uri, b"", b"").is_err());
        assert!(verify(uri, b"", &[0; 64]).is_err());
        assert!(verify(uri, b"", &[0; 4096]).is_err());
        assert_eq!(verify("", b"", b"").unwrap_err().code(), "weak_algorithm");
    }
}

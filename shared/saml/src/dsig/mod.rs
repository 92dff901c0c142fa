//! XML Signature for the one profile that SAML needs (XML Signature §3.2, SAML Core §5).
//!
//! Signatures of all other forms are refused, though XML Signature allows them: a service provider has no use for them, and
//! every known way to wrap a signature around a forgery lives there. In this order: the signature stands directly in the element
//! it signs; its SignedInfo is verified as octets; these octets are parsed again and only they say what was signed; the element's
//! canonical octets have the digest they name. [`Verified`] is those canonical octets.

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

/// Verifies a signature over octets that stand outside XML, as the HTTP Redirect binding has it (SAML Bindings §3.4.4.1).
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

/// The parts of a Signature (XML Signature §4.1): SignedInfo, SignatureValue, perhaps KeyInfo, in this order, each once.
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

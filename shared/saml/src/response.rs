//! Response and assertion: the rules of the Web Browser SSO profile (SAML Profiles §4.1.4).
//!
//! Bytes → [`peek`] (what it says of itself: enough to find the login flow, believed by nobody) → [`check`] (all that needs
//! no private key, and everything when nothing is encrypted) → [`Encrypted::open`] → [`Assertion`]. What an [`Assertion`] holds was read from octets whose signature held; the envelope around them may
//! refuse, never admit.

pub(crate) mod check;

pub(crate) mod read;

mod structure;

use std::ops::Range;

use crate::{
    Instant, Rejection,
    certificate::Certificate,
    dsig::{self, Algorithms, Verified},
    rejection::shown,
    xml::{Element, Limits, Source, ns},
    xmlenc::{self, Decrypted, DecryptionKey, Sealed},
};

/// Limits of canonical octets: they are longer than what they were made from, since escapes are spelled out and
/// namespaces declared again.
const CANONICAL: Limits = Limits {
    bytes_max: 4 * Limits::MESSAGE.bytes_max,
    namespaces_max: 2 * Limits::MESSAGE.elements_max,
    references_max: 4 * Limits::MESSAGE.references_max,
    steps_max: 8 * Limits::MESSAGE.steps_max,
    ..Limits::MESSAGE
};

/// A value that no signature vouches for. It may select a record or refuse a message; it never admits anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned<T>(T);

impl<T> Unsigned<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, to select by or to refuse by.
    #[must_use]
    pub const fn to_select(&self) -> &T {
        &self.0
    }
}

/// A response that was read and not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peeked {
    source: Source,
    /// `ID` of the Response.
    pub response_id: Unsigned<String>,
    /// `InResponseTo` of the Response, else of an assertion that can be read: which login flow it may belong to.
    pub in_response_to: Unsigned<Option<String>>,
    /// Issuer of the Response, else of an assertion that can be read.
    pub issuer: Unsigned<Option<String>>,
    /// Whether the assertion is encrypted.
    pub assertion_encrypted: Unsigned<bool>,
}

/// What an assertion must say to be for us, now.
#[derive(Clone, Copy)]
pub struct Expectations<'a> {
    /// Our assertion consumer service: `Destination` and `Recipient`, exactly.
    pub acs_url: &'a str,
    /// Our entity ID: an audience, exactly.
    pub audience: &'a str,
    /// The IdP's entity ID: the issuer, exactly.
    pub idp_entity_id: &'a str,
    /// Which request it may answer.
    pub request: ExpectedRequest<'a>,
    /// The time.
    pub now: Instant,
    /// How far the two clocks may differ, in seconds.
    pub skew_secs: u32,
    /// All signing certificates of the connection's IdP.
    pub certificates: &'a [Certificate],
    /// Which weak algorithms are taken.
    pub algorithms: Algorithms,
    /// Whether only encrypted assertions are taken.
    pub require_encryption: bool,
    /// The person must have signed in after this: when we asked with `ForceAuthn`.
    pub authn_after: Option<Instant>,
}

/// Which request a response may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedRequest<'a> {
    /// The request of this ID, which this browser made.
    Known(&'a str),
    /// None: it begins at the IdP.
    Unsolicited {
        /// Whether the connection takes such a response (S3).
        allowed: bool,
    },
}

/// How a NameID names its subject (SAML Core §2.2.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameId {
    /// The identifier, as signed.
    pub value: String,
    /// The format's URI, or what the IdP puts there.
    pub format: Option<String>,
    /// `NameQualifier`.
    pub name_qualifier: Option<String>,
    /// `SPNameQualifier`.
    pub sp_name_qualifier: Option<String>,
}

/// An attribute of the assertion (SAML Core §2.7.3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `Name`.
    pub name: String,
    /// `FriendlyName`.
    pub friendly_name: Option<String>,
    /// `NameFormat`.
    pub name_format: Option<String>,
    /// Its values that are text, as signed. Values that are XML, and empty ones, are left out.
    pub values: Vec<String>,
}

/// What was signed, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedParts {
    /// The Response was.
    pub response: bool,
    /// The Assertion was.
    pub assertion: bool,
    /// The algorithm of the signature that the assertion was read from.
    pub algorithm: &'static str,
    /// Fingerprint of the IdP's certificate that belongs to the key.
    pub fingerprint: String,
}

/// How the assertion was encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptedPart {
    /// `aes256-gcm` and the like.
    pub data_algorithm: &'static str,
    /// `rsa-oaep-mgf1p` and the like.
    pub key_algorithm: &'static str,
    /// Fingerprint of our certificate that it was encrypted to.
    pub fingerprint: String,
}

/// An assertion that was signed by the connection's IdP, for us, for now.
///
/// INVARIANT: only [`check`] and [`Encrypted::open`] make one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Assertion {
    /// `ID`: what a replay is known by.
    pub id: String,
    /// `ID` of the Response around it. Not always signed: for the log only.
    pub response_id: String,
    /// The IdP's entity ID.
    pub issuer: String,
    /// When it was issued, by the IdP's clock.
    pub issue_instant: Instant,
    /// How the subject is named.
    pub name_id: Option<NameId>,
    /// The attributes, in their order.
    pub attributes: Vec<Attribute>,
    /// `SessionIndex`, which a logout names.
    pub session_index: Option<String>,
    /// When the IdP wants the session to end.
    pub session_not_on_or_after: Option<Instant>,
    /// When the person signed in there.
    pub authn_instant: Instant,
    /// How: `AuthnContextClassRef`.
    pub authn_context: Option<String>,
    /// From this instant on it can never be accepted again, skew included: how long its ID must be remembered.
    pub not_on_or_after: Instant,
    /// The request that it answers.
    pub in_response_to: Option<String>,
    /// What was signed.
    pub signed: SignedParts,
    /// How it was encrypted, when it was.
    pub encrypted: Option<EncryptedPart>,
}

impl Assertion {
    /// By how many seconds the IdP's clock is ahead of ours (negative: behind, or the message was long on its way).
    #[must_use]
    pub const fn clock_ahead_secs(&self, now: Instant) -> i64 {
        self.issue_instant.secs_since(now)
    }
}

/// Reads the message, and what it says of itself.
///
/// # Errors
/// [`Rejection::Xml`], [`Rejection::WrongMessage`] or [`Rejection::Malformed`]: it is no Response.
pub fn peek(bytes: &[u8]) -> Result<Peeked, Rejection> {
    let source = Source::new(bytes, &Limits::MESSAGE)?;
    let document = source.parse()?;
    let root = document.root();
    is_response(root)?;
    let response_id = read::id_attribute(root, "Response")?;
    let confirmations =
        root.descendants().filter(|element| element.is(ns::SAML, "SubjectConfirmationData"));
    let in_response_to = std::iter::once(root)
        .chain(confirmations)
        .find_map(|element| element.attribute("InResponseTo"));
    let in_response_to = read::bounded_id("Response", in_response_to)?;
    let issuer = match read::Issuer::read(root)? {
        Some(issuer) => Some(issuer.value),
        None => match root.children_named(ns::SAML, "Assertion").next() {
            Some(assertion) => read::Issuer::read(assertion)?.map(|issuer| issuer.value),
            None => None,
        },
    };
    let encrypted = root.children_named(ns::SAML, "EncryptedAssertion").next().is_some();
    Ok(Peeked {
        response_id: Unsigned(response_id),
        in_response_to: Unsigned(in_response_to),
        issuer: Unsigned(issuer),
        assertion_encrypted: Unsigned(encrypted),
        source,
    })
}

/// How far a message can be checked without a private key.
pub enum Checked<'a> {
    /// Nothing in it is encrypted: it holds.
    Holds(Box<Assertion>),
    /// Its assertion is encrypted, and nothing was found against what is around it.
    Encrypted(Box<Encrypted<'a>>),
}

/// A message whose encrypted assertion may be opened: its envelope fits, the signature of its Response holds if it has one,
/// and the encryption's form and algorithms are taken. Only [`check`] makes one, so nobody opens a key for less.
pub struct Encrypted<'a> {
    peeked: &'a Peeked,
    expect: Expectations<'a>,
    response: Option<SignedResponse>,
    /// Where the `EncryptedAssertion` stands in the message as it came.
    place: Range<usize>,
    sealed: Sealed,
}

/// Checks the message as far as that needs no private key: signatures first, then the profile's rules, in the order of SAML
/// Profiles §4.1.4.3.
///
/// What the envelope says is also checked before its signature, because "from another IdP" helps an administrator more
/// than "bad signature"; it can only refuse.
///
/// # Errors
/// The first [`Rejection`] of a rule that is broken.
pub fn check<'a>(peeked: &'a Peeked, expect: &Expectations<'a>) -> Result<Checked<'a>, Rejection> {
    let document = peeked.source.parse()?;
    let root = document.root();
    is_response(root)?;
    check::envelope(&read::Envelope::read(root)?, expect)?;
    let held = structure::one_assertion(root)?;
    if expect.require_encryption && !held.encrypted {
        return Err(Rejection::EncryptedRequired);
    }
    // A signed Response is verified before anything in it is decrypted.
    let response = match verify_if_signed(root, expect)? {
        Some(verified) => Some(SignedResponse::read(verified, expect)?),
        None => None,
    };
    if !held.encrypted {
        let opened = open_plain(held.element, response.as_ref(), expect)?;
        return accept(opened, peeked, response.as_ref(), expect)
            .map(|assertion| Checked::Holds(Box::new(assertion)));
    }
    let sealed = sealed(held.element, response.as_ref(), expect)?;
    // Whatever it says, nobody asked for it.
    check::unsolicited(expect.request)?;
    let place = held.element.range();
    let encrypted = Encrypted { peeked, expect: *expect, response, place, sealed };
    Ok(Checked::Encrypted(Box::new(encrypted)))
}

impl Encrypted<'_> {
    /// Decrypts the assertion and checks it like any other.
    ///
    /// `keys` are our private keys, the current one first.
    ///
    /// # Errors
    /// The first [`Rejection`] of a rule that is broken; one and the same for whatever is wrong with the plaintext.
    pub fn open(self, keys: &[DecryptionKey]) -> Result<Assertion, Rejection> {
        let Self { peeked, expect, response, place, sealed } = self;
        let response = response.as_ref();
        let decrypted = sealed.decrypt(keys)?;
        let failed = xmlenc::failed(keys);
        let whole = xmlenc::splice(&peeked.source, place, &decrypted, &Limits::MESSAGE);
        let whole = whole.map_err(|_| failed.clone())?;
        let opened = open_decrypted(&whole, decrypted, &failed, response, &expect)?;
        accept(opened, peeked, response, &expect)
    }
}

/// Both at once, for who has the keys at hand.
///
/// # Errors
/// As [`check`] and [`Encrypted::open`].
pub fn validate(
    peeked: &Peeked,
    expect: &Expectations<'_>,
    keys: &[DecryptionKey],
) -> Result<Assertion, Rejection> {
    match check(peeked, expect)? {
        Checked::Holds(assertion) => Ok(*assertion),
        Checked::Encrypted(encrypted) => encrypted.open(keys),
    }
}

/// The rules for the assertion itself.
fn accept(
    opened: Opened,
    peeked: &Peeked,
    response: Option<&SignedResponse>,
    expect: &Expectations<'_>,
) -> Result<Assertion, Rejection> {
    let accepted = check::assertion(&opened.parts, expect)?;
    let response_id = response.map_or(&peeked.response_id.0, |response| &response.id);
    Ok(assemble(opened, accepted, response_id.clone(), response.is_some()))
}

fn is_response(root: Element<'_, '_>) -> Result<(), Rejection> {
    match root.is(ns::SAMLP, "Response") {
        true => Ok(()),
        false => Err(Rejection::WrongMessage { want: "Response", got: shown(root.local()) }),
    }
}

/// A Response whose own signature held, as its octets.
struct SignedResponse {
    source: Source,
    id: String,
    verified: Verified,
}

impl SignedResponse {
    fn read(verified: Verified, expect: &Expectations<'_>) -> Result<Self, Rejection> {
        let source = Source::new(verified.octets().as_bytes(), &CANONICAL)?;
        let document = source.parse()?;
        is_response(document.root())?;
        let envelope = read::Envelope::read(document.root())?;
        check::envelope(&envelope, expect)?;
        Ok(Self { id: envelope.id, verified, source })
    }
}

/// An assertion, read from octets that were signed.
struct Opened {
    parts: read::Parts,
    signed: SignedBy,
    encrypted: Option<EncryptedPart>,
}

/// Which signature the octets had.
struct SignedBy {
    assertion: bool,
    algorithm: &'static str,
    fingerprint: String,
}

impl SignedBy {
    fn new(verified: &Verified, assertion: bool) -> Self {
        Self { assertion, algorithm: verified.algorithm, fingerprint: verified.fingerprint.clone() }
    }
}

fn verify_if_signed(
    element: Element<'_, '_>,
    expect: &Expectations<'_>,
) -> Result<Option<Verified>, Rejection> {
    match element.children_named(ns::DS, "Signature").next() {
        None => Ok(None),
        Some(_) => {
            dsig::verify(element, expect.certificates, expect.algorithms, expect.now).map(Some)
        }
    }
}

fn unsigned() -> Rejection {
    Rejection::Unsigned { element: "Response or Assertion".to_owned() }
}

/// The parts of an assertion from the octets of its own signature.
fn parts_of(verified: &Verified) -> Result<read::Parts, Rejection> {
    let source = Source::new(verified.octets().as_bytes(), &CANONICAL)?;
    let document = source.parse()?;
    read::Parts::read(document.root())
}

/// `assertion` is in the document as it came, where its namespaces are. It is read from octets that were signed: its
/// own, else the Response's.
fn open_plain(
    assertion: Element<'_, '_>,
    response: Option<&SignedResponse>,
    expect: &Expectations<'_>,
) -> Result<Opened, Rejection> {
    if let Some(verified) = verify_if_signed(assertion, expect)? {
        let signed = SignedBy::new(&verified, true);
        return Ok(Opened { parts: parts_of(&verified)?, signed, encrypted: None });
    }
    let response = response.ok_or_else(unsigned)?;
    let document = response.source.parse()?;
    let held = structure::one_assertion(document.root())?;
    if held.encrypted {
        return Err(Rejection::AssertionCount { got: 0 });
    }
    Ok(Opened {
        parts: read::Parts::read(held.element)?,
        signed: SignedBy::new(&response.verified, false),
        encrypted: None,
    })
}

/// What is decrypted is put in the place of the `EncryptedAssertion` in the document as it came, since it may use prefixes
/// that are declared around it, and the whole is parsed again.
///
/// Whatever is wrong with the plaintext is one and the same failure. What is wrong with its signature is told apart, for
/// the owner: a stranger sees one page for all of these, since all are the administrator's to mend.
fn open_decrypted(
    whole: &Source,
    decrypted: Decrypted,
    failed: &Rejection,
    response: Option<&SignedResponse>,
    expect: &Expectations<'_>,
) -> Result<Opened, Rejection> {
    let document = whole.parse().map_err(|_| failed.clone())?;
    let held = structure::one_assertion(document.root()).map_err(|_| failed.clone())?;
    if held.encrypted {
        return Err(failed.clone());
    }
    let (parts, signed) = match (verify_if_signed(held.element, expect)?, response) {
        (Some(verified), _) => (parts_of(&verified)?, SignedBy::new(&verified, true)),
        // The ciphertext was signed; what it decrypts to is what the IdP encrypted.
        (None, Some(response)) => {
            (read::Parts::read(held.element)?, SignedBy::new(&response.verified, false))
        }
        (None, None) => return Err(unsigned()),
    };
    let encrypted = EncryptedPart {
        data_algorithm: decrypted.data_algorithm,
        key_algorithm: decrypted.key_algorithm,
        fingerprint: decrypted.fingerprint,
    };
    Ok(Opened { parts, signed, encrypted: Some(encrypted) })
}

/// What is to be decrypted: the element of the signed Response where there is one, else the one that came.
fn sealed(
    received: Element<'_, '_>,
    response: Option<&SignedResponse>,
    expect: &Expectations<'_>,
) -> Result<Sealed, Rejection> {
    let Some(response) = response else {
        return Sealed::read(received, expect.algorithms);
    };
    let document = response.source.parse()?;
    let held = structure::one_assertion(document.root())?;
    match held.encrypted {
        true => Sealed::read(held.element, expect.algorithms),
        false => Err(Rejection::AssertionCount { got: 0 }),
    }
}

fn assemble(
    opened: Opened,
    accepted: check::Accepted,
    response_id: String,
    response_signed: bool,
) -> Assertion {
    let Opened { parts, signed, encrypted } = opened;
    Assertion {
        id: parts.id,
        response_id,
        issuer: parts.issuer.value,
        issue_instant: parts.issue_instant,
        name_id: parts.name_id,
        attributes: parts.attributes,
        session_index: accepted.session_index,
        session_not_on_or_after: accepted.session_not_on_or_after,
        authn_instant: accepted.authn_instant,
        authn_context: accepted.authn_context,
        not_on_or_after: accepted.not_on_or_after,
        in_response_to: accepted.in_response_to,
        signed: SignedParts {
            response: response_signed,
            assertion: signed.assertion,
            algorithm: signed.algorithm,
            fingerprint: signed.fingerprint,
        },
        encrypted,
    }
}

#[cfg(test)]
mod tests;

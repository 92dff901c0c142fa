//! Single logout (SAML Profiles §4.4, SAML Core §3.7): an IdP's request ends sessions here, ours asks it to end its
//! own.
//!
//! What the IdP sends has to be signed, in the form as an enveloped signature directly in the root, in a redirect as a
//! signature of the query. It is then read from what was signed, and from nothing else.

use crate::{
    Instant, Rejection,
    binding::{Parameter, QuerySignature, RedirectMessage},
    certificate::Certificate,
    dsig::{self, Algorithms},
    rejection::shown,
    response::{NameId, Unsigned, check, read},
    sign::Message,
    write::Tag,
    xml::{Element, Limits, Source, ns},
};

/// For how long after it was issued a request or an answer is taken, in seconds: a browser carries it at once.
pub const MESSAGE_AGE_SECS_MAX: i64 = 600;
/// The most sessions that a request may name.
pub const SESSION_INDEXES_MAX: usize = 100;

/// `urn:oasis:names:tc:SAML:2.0:status:` and what follows it.
const STATUS: &str = "urn:oasis:names:tc:SAML:2.0:status:";

// --- What the IdP sends -----------------------------------------------------------------------------------------------

/// A logout message that was read and not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeekedLogout {
    source: Source,
    parameter: Parameter,
    carried: Carried,
    /// Its issuer: which connection it may belong to.
    pub issuer: Unsigned<Option<String>>,
    /// The request that it may answer.
    pub in_response_to: Unsigned<Option<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Carried {
    Post,
    Redirect(Option<QuerySignature>),
}

/// What a logout message must say to be for us, now.
#[derive(Debug, Clone, Copy)]
pub struct LogoutExpectations<'a> {
    /// Our single logout service: `Destination`, exactly.
    pub slo_url: &'a str,
    /// The IdP's entity ID: the issuer, exactly.
    pub idp_entity_id: &'a str,
    /// The time.
    pub now: Instant,
    /// How far the two clocks may differ, in seconds.
    pub skew_secs: u32,
    /// All signing certificates of the connection's IdP.
    pub certificates: &'a [Certificate],
    /// Which weak algorithms are taken.
    pub algorithms: Algorithms,
}

/// The IdP asks us to end sessions. INVARIANT: only [`validate_request`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogoutRequest {
    /// `ID`: what our answer names, and what a replay is known by.
    pub id: String,
    /// The IdP's entity ID.
    pub issuer: String,
    /// Whose sessions.
    pub name_id: NameId,
    /// Which of them; empty means all (SAML Core §3.7.1).
    pub session_indexes: Vec<String>,
    /// From this instant on it can never be accepted again, skew included: how long its ID must be remembered.
    pub not_on_or_after: Instant,
    /// Short name of the signature's algorithm.
    pub algorithm: &'static str,
    /// Fingerprint of the IdP's certificate that belongs to the key.
    pub fingerprint: String,
}

/// The IdP answers our request. INVARIANT: only [`validate_response`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogoutResponse {
    /// `ID`.
    pub id: String,
    /// The ID of our request.
    pub in_response_to: String,
    /// Whether all other sessions ended too; `false` is `PartialLogout` (SAML Core §3.7.3.2).
    pub complete: bool,
}

/// Reads a message of the POST binding.
///
/// # Errors
/// [`Rejection::Xml`], or [`Rejection::WrongMessage`] when it is no logout message.
pub fn peek_post(bytes: &[u8], parameter: Parameter) -> Result<PeekedLogout, Rejection> {
    peek(bytes, parameter, Carried::Post)
}

/// Reads a message of the Redirect binding.
///
/// # Errors
/// As [`peek_post`].
pub fn peek_redirect(message: RedirectMessage) -> Result<PeekedLogout, Rejection> {
    peek(&message.xml, message.parameter, Carried::Redirect(message.signature))
}

fn peek(bytes: &[u8], parameter: Parameter, carried: Carried) -> Result<PeekedLogout, Rejection> {
    let source = Source::new(bytes, &Limits::MESSAGE)?;
    let document = source.parse()?;
    let root = document.root();
    is_named(root, parameter)?;
    let issuer = read::Issuer::read(root)?.map(|issuer| issuer.value);
    let in_response_to = read::bounded_id(name_of(parameter), root.attribute("InResponseTo"))?;
    Ok(PeekedLogout {
        issuer: Unsigned::new(issuer),
        in_response_to: Unsigned::new(in_response_to),
        parameter,
        carried,
        source,
    })
}

const fn name_of(parameter: Parameter) -> &'static str {
    match parameter {
        Parameter::Request => "LogoutRequest",
        Parameter::Response => "LogoutResponse",
    }
}

fn is_named(root: Element<'_, '_>, parameter: Parameter) -> Result<(), Rejection> {
    let want = name_of(parameter);
    match root.is(ns::SAMLP, want) {
        true => Ok(()),
        false => Err(Rejection::WrongMessage { want, got: shown(root.local()) }),
    }
}

/// Validates a request: the signature, then SAML Profiles §4.4.3.1 and §4.4.4.1.
///
/// # Errors
/// The first [`Rejection`] of a rule that is broken.
pub fn validate_request(
    peeked: &PeekedLogout,
    expect: &LogoutExpectations<'_>,
) -> Result<LogoutRequest, Rejection> {
    expected(peeked, Parameter::Request)?;
    let (source, signed) = verify(peeked, expect)?;
    let document = source.parse()?;
    let root = document.root();
    let name = name_of(Parameter::Request);
    let common = Common::read(root, Parameter::Request, expect)?;
    let mut until = common.until;
    if let Some(named) = read::optional_instant(root, name, "NotOnOrAfter")? {
        check::ended(name, named, expect.now, expect.skew_secs)?;
        until = until.min(named);
    }
    let name_id = read::name_id(root)?.ok_or_else(|| Rejection::Malformed {
        element: name,
        problem: "has no NameID".to_owned(),
    })?;
    Ok(LogoutRequest {
        id: common.id,
        issuer: common.issuer,
        name_id,
        session_indexes: session_indexes(root)?,
        not_on_or_after: until.plus_secs(i64::from(expect.skew_secs)),
        algorithm: signed.algorithm,
        fingerprint: signed.fingerprint,
    })
}

/// Validates an answer to our request of this ID.
///
/// # Errors
/// The first [`Rejection`] of a rule that is broken.
pub fn validate_response(
    peeked: &PeekedLogout,
    request_id: &str,
    expect: &LogoutExpectations<'_>,
) -> Result<LogoutResponse, Rejection> {
    expected(peeked, Parameter::Response)?;
    let (source, _) = verify(peeked, expect)?;
    let document = source.parse()?;
    let root = document.root();
    let common = Common::read(root, Parameter::Response, expect)?;
    let found = root.attribute("InResponseTo");
    if found != Some(request_id) {
        return Err(Rejection::InResponseToUnknown {
            want: Some(request_id.to_owned()),
            got: found.map(shown),
        });
    }
    let status = read::Status::read(root)?;
    check::status(&status)?;
    let partial = status.subcode.as_deref().and_then(|code| code.strip_prefix(STATUS));
    Ok(LogoutResponse {
        id: common.id,
        in_response_to: request_id.to_owned(),
        complete: partial != Some("PartialLogout"),
    })
}

fn expected(peeked: &PeekedLogout, want: Parameter) -> Result<(), Rejection> {
    match peeked.parameter == want {
        true => Ok(()),
        false => Err(Rejection::WrongMessage {
            want: name_of(want),
            got: name_of(peeked.parameter).to_owned(),
        }),
    }
}

/// Who signed it.
struct Signed {
    algorithm: &'static str,
    fingerprint: String,
}

/// Verifies the message, and gives what was signed of it.
fn verify(
    peeked: &PeekedLogout,
    expect: &LogoutExpectations<'_>,
) -> Result<(Source, Signed), Rejection> {
    match &peeked.carried {
        Carried::Post => {
            let document = peeked.source.parse()?;
            let verified =
                dsig::verify(document.root(), expect.certificates, expect.algorithms, expect.now)?;
            let signed =
                Signed { algorithm: verified.algorithm, fingerprint: verified.fingerprint.clone() };
            Ok((verified.source()?, signed))
        }
        Carried::Redirect(None) => {
            Err(Rejection::Unsigned { element: "the query, as SigAlg and Signature".to_owned() })
        }
        Carried::Redirect(Some(signature)) => {
            let by = dsig::verify_detached(
                &signature.algorithm,
                signature.signed_octets(),
                &signature.value,
                expect.certificates,
                expect.algorithms,
                expect.now,
            )?;
            let signed =
                Signed { algorithm: by.algorithm(), fingerprint: by.fingerprint().to_owned() };
            // The query was signed whole, and its XML is what was read.
            Ok((peeked.source.clone(), signed))
        }
    }
}

/// What both messages have (SAML Core §3.2.1, §3.2.2).
struct Common {
    id: String,
    issuer: String,
    /// When it is too old, by its own clock.
    until: Instant,
}

impl Common {
    fn read(
        root: Element<'_, '_>,
        parameter: Parameter,
        expect: &LogoutExpectations<'_>,
    ) -> Result<Self, Rejection> {
        let name = name_of(parameter);
        is_named(root, parameter)?;
        let id = read::id_attribute(root, name)?;
        check::version(name, root.attribute("Version"))?;
        // There is no Recipient here that would say it, so a Destination that is missing is wrong (SAML Bindings
        // §3.4.5.2, §3.5.5.2): otherwise what was sent to another service provider would hold here too.
        check::destination(
            Some(root.attribute("Destination").unwrap_or_default()),
            expect.slo_url,
        )?;
        let issuer = read::Issuer::read(root)?.ok_or_else(|| Rejection::Malformed {
            element: name,
            problem: "has no Issuer".to_owned(),
        })?;
        check::issuer(name, &issuer, expect.idp_entity_id)?;
        let issued = read::instant_attribute(root, name, "IssueInstant")?;
        check::begun(name, issued, expect.now, expect.skew_secs)?;
        let until = issued.plus_secs(MESSAGE_AGE_SECS_MAX);
        check::ended(name, until, expect.now, expect.skew_secs)?;
        Ok(Self { id, issuer: issuer.value, until })
    }
}

fn session_indexes(root: Element<'_, '_>) -> Result<Vec<String>, Rejection> {
    let indexes: Vec<String> = root
        .children_named(ns::SAMLP, "SessionIndex")
        .take(SESSION_INDEXES_MAX + 1)
        .map(Element::text)
        .collect::<Result<_, _>>()?;
    match indexes.len() > SESSION_INDEXES_MAX {
        true => Err(Rejection::Malformed {
            element: name_of(Parameter::Request),
            problem: format!("names more than {SESSION_INDEXES_MAX} sessions"),
        }),
        false => Ok(indexes),
    }
}

// --- What we send -----------------------------------------------------------------------------------------------------

/// We ask the IdP to end its session, and those at others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingLogoutRequest<'a> {
    /// Its ID: `_` and hexadecimal digits of at least 128 random bits.
    pub id: &'a str,
    /// When it is made.
    pub issue_instant: Instant,
    /// The IdP's endpoint that it is sent to.
    pub destination: &'a str,
    /// Our entity ID.
    pub issuer: &'a str,
    /// Whose session: the NameID as the assertion had it, qualifiers and all.
    pub name_id: &'a NameId,
    /// Which of their sessions: the assertion's `SessionIndex`.
    pub session_index: Option<&'a str>,
}

impl OutgoingLogoutRequest<'_> {
    /// The message, ready to be signed and sent.
    #[must_use]
    pub fn message(&self) -> Message {
        let name_id = Tag::new("saml:NameID")
            .with_some("Format", self.name_id.format.as_deref())
            .with_some("NameQualifier", self.name_id.name_qualifier.as_deref())
            .with_some("SPNameQualifier", self.name_id.sp_name_qualifier.as_deref())
            .text(self.name_id.value.as_str());
        let root = Tag::new("samlp:LogoutRequest")
            .with("ID", self.id)
            .with("Version", "2.0")
            .with("IssueInstant", self.issue_instant.text())
            .with("Destination", self.destination)
            .with("NotOnOrAfter", self.issue_instant.plus_secs(MESSAGE_AGE_SECS_MAX).text())
            .child(Tag::new("saml:Issuer").text(self.issuer))
            .child(name_id)
            .child_some(self.session_index.map(|index| Tag::new("samlp:SessionIndex").text(index)));
        Message::new(Parameter::Request, self.id, self.destination, &root)
    }
}

/// How a logout went (SAML Core §3.2.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoutOutcome {
    /// All sessions that were named have ended.
    Success,
    /// They may not all have ended.
    Partial,
    /// The request was not one that we follow.
    Refused,
}

/// We answer the IdP's request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingLogoutResponse<'a> {
    /// Its ID: `_` and hexadecimal digits of at least 128 random bits.
    pub id: &'a str,
    /// When it is made.
    pub issue_instant: Instant,
    /// The IdP's endpoint that it is sent to: its `ResponseLocation` where it has one.
    pub destination: &'a str,
    /// Our entity ID.
    pub issuer: &'a str,
    /// The ID of the request.
    pub in_response_to: &'a str,
    /// How it went.
    pub outcome: LogoutOutcome,
}

impl OutgoingLogoutResponse<'_> {
    /// The message, ready to be signed and sent.
    #[must_use]
    pub fn message(&self) -> Message {
        let code =
            |name: &str| Tag::new("samlp:StatusCode").with("Value", format!("{STATUS}{name}"));
        let code = match self.outcome {
            LogoutOutcome::Success => code("Success"),
            // A top-level Success with this below it: SAML Core §3.7.3.2 names it for session participants that failed.
            LogoutOutcome::Partial => code("Success").child(code("PartialLogout")),
            LogoutOutcome::Refused => code("Requester").child(code("RequestDenied")),
        };
        let root = Tag::new("samlp:LogoutResponse")
            .with("ID", self.id)
            .with("Version", "2.0")
            .with("IssueInstant", self.issue_instant.text())
            .with("Destination", self.destination)
            .with("InResponseTo", self.in_response_to)
            .child(Tag::new("saml:Issuer").text(self.issuer))
            .child(Tag::new("samlp:Status").child(code));
        Message::new(Parameter::Response, self.id, self.destination, &root)
    }
}

#[cfg(test)]
mod tests;

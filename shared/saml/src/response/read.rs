//! From elements to values (SAML Core §2, §3.2.2): what is there, of which type. Whether it is right is for
//! [`super::check`] to say.

use super::{Attribute, NameId};
use crate::{
    Instant, Rejection,
    rejection::shown,
    xml::{Element, ns},
};

/// The longest ID, in characters. IdPs send some 40; Core §1.3.4 wants at least 128 random bits.
pub(crate) const ID_CHARS_MAX: usize = 256;
/// The longest NameID or entity ID, in characters (Core §8.3.6, §8.3.7: 1024 for an entity ID, 256 for the others).
pub(crate) const NAME_CHARS_MAX: usize = 1024;

/// `Issuer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Issuer {
    pub(crate) value: String,
    pub(crate) format: Option<String>,
}

impl Issuer {
    /// The issuer of a message or an assertion.
    pub(crate) fn read(element: Element<'_, '_>) -> Result<Option<Self>, Rejection> {
        match element.optional(ns::SAML, "Issuer")? {
            None => Ok(None),
            Some(issuer) => Ok(Some(Self {
                value: bounded_text(issuer, "Issuer", NAME_CHARS_MAX)?,
                format: owned(issuer, "Format"),
            })),
        }
    }
}

/// The Response around the assertion.
#[derive(Debug, Clone)]
pub(super) struct Envelope {
    pub(super) id: String,
    pub(super) version: Option<String>,
    pub(super) destination: Option<String>,
    pub(super) issuer: Option<Issuer>,
    pub(super) in_response_to: Option<String>,
    pub(super) status: Status,
}

/// `Status` (SAML Core §3.2.2.1).
#[derive(Debug, Clone)]
pub(crate) struct Status {
    pub(crate) code: String,
    pub(crate) subcode: Option<String>,
    pub(crate) message: Option<String>,
}

impl Envelope {
    pub(super) fn read(root: Element<'_, '_>) -> Result<Self, Rejection> {
        instant_attribute(root, "Response", "IssueInstant")?;
        Ok(Self {
            id: id_attribute(root, "Response")?,
            version: owned(root, "Version"),
            destination: owned(root, "Destination"),
            issuer: Issuer::read(root)?,
            in_response_to: owned(root, "InResponseTo"),
            status: Status::read(root)?,
        })
    }
}

impl Status {
    pub(crate) fn read(root: Element<'_, '_>) -> Result<Self, Rejection> {
        let status = root.only(ns::SAMLP, "Status")?;
        let code = status.only(ns::SAMLP, "StatusCode")?;
        let message = match status.optional(ns::SAMLP, "StatusMessage")? {
            Some(message) => Some(message.text()?).filter(|text| !text.is_empty()),
            None => None,
        };
        Ok(Self {
            code: owned(code, "Value").unwrap_or_default(),
            subcode: code
                .optional(ns::SAMLP, "StatusCode")?
                .and_then(|subcode| owned(subcode, "Value")),
            message,
        })
    }
}

/// An assertion, read and not yet checked.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    pub(super) id: String,
    pub(super) version: Option<String>,
    pub(super) issue_instant: Instant,
    pub(super) issuer: Issuer,
    pub(super) name_id: Option<NameId>,
    pub(super) confirmations: Vec<Confirmation>,
    pub(super) conditions: Conditions,
    pub(super) authn_statements: Vec<AuthnStatement>,
    pub(super) attributes: Vec<Attribute>,
}

/// `SubjectConfirmation` (SAML Core §2.4.1.1).
#[derive(Debug, Clone, Default)]
pub(super) struct Confirmation {
    pub(super) method: String,
    pub(super) recipient: Option<String>,
    pub(super) not_before: Option<Instant>,
    pub(super) not_on_or_after: Option<Instant>,
    pub(super) in_response_to: Option<String>,
}

/// `Conditions` (SAML Core §2.5.1).
#[derive(Debug, Clone, Default)]
pub(super) struct Conditions {
    pub(super) not_before: Option<Instant>,
    pub(super) not_on_or_after: Option<Instant>,
    pub(super) audience_restrictions: Vec<Vec<String>>,
    pub(super) unknown: Option<String>,
}

/// `AuthnStatement` (SAML Core §2.7.2).
#[derive(Debug, Clone)]
pub(super) struct AuthnStatement {
    pub(super) authn_instant: Instant,
    pub(super) session_index: Option<String>,
    pub(super) session_not_on_or_after: Option<Instant>,
    pub(super) context: Option<String>,
}

impl Parts {
    pub(super) fn read(assertion: Element<'_, '_>) -> Result<Self, Rejection> {
        if !assertion.is(ns::SAML, "Assertion") {
            return Err(Rejection::WrongMessage {
                want: "Assertion",
                got: shown(assertion.local()),
            });
        }
        let issuer = Issuer::read(assertion)?
            .ok_or_else(|| malformed("Assertion", "has no Issuer".to_owned()))?;
        let subject = assertion.only(ns::SAML, "Subject")?;
        let conditions = match assertion.optional(ns::SAML, "Conditions")? {
            Some(conditions) => Conditions::read(conditions)?,
            None => Conditions::default(),
        };
        let authn_statements = assertion
            .children_named(ns::SAML, "AuthnStatement")
            .map(AuthnStatement::read)
            .collect::<Result<_, _>>()?;
        let mut attributes = Vec::new();
        for statement in assertion.children_named(ns::SAML, "AttributeStatement") {
            if statement.children_named(ns::SAML, "EncryptedAttribute").next().is_some() {
                return Err(malformed(
                    "AttributeStatement",
                    "EncryptedAttribute is not taken: encrypt the whole assertion".to_owned(),
                ));
            }
            for attribute in statement.children_named(ns::SAML, "Attribute") {
                attributes.push(read_attribute(attribute)?);
            }
        }
        Ok(Self {
            id: id_attribute(assertion, "Assertion")?,
            version: owned(assertion, "Version"),
            issue_instant: instant_attribute(assertion, "Assertion", "IssueInstant")?,
            issuer,
            name_id: name_id(subject)?,
            confirmations: subject
                .children_named(ns::SAML, "SubjectConfirmation")
                .map(Confirmation::read)
                .collect::<Result<_, _>>()?,
            conditions,
            authn_statements,
            attributes,
        })
    }
}

impl Confirmation {
    fn read(confirmation: Element<'_, '_>) -> Result<Self, Rejection> {
        let method = owned(confirmation, "Method").unwrap_or_default();
        let Some(data) = confirmation.optional(ns::SAML, "SubjectConfirmationData")? else {
            return Ok(Self { method, ..Self::default() });
        };
        let element = "SubjectConfirmationData";
        Ok(Self {
            method,
            recipient: owned(data, "Recipient"),
            not_before: optional_instant(data, element, "NotBefore")?,
            not_on_or_after: optional_instant(data, element, "NotOnOrAfter")?,
            in_response_to: owned(data, "InResponseTo"),
        })
    }
}

impl Conditions {
    fn read(conditions: Element<'_, '_>) -> Result<Self, Rejection> {
        let mut read = Self {
            not_before: optional_instant(conditions, "Conditions", "NotBefore")?,
            not_on_or_after: optional_instant(conditions, "Conditions", "NotOnOrAfter")?,
            ..Self::default()
        };
        for condition in conditions.children() {
            if condition.is(ns::SAML, "AudienceRestriction") {
                let audiences = condition
                    .children_named(ns::SAML, "Audience")
                    .map(|audience| bounded_text(audience, "Audience", NAME_CHARS_MAX))
                    .collect::<Result<_, _>>()?;
                read.audience_restrictions.push(audiences);
            } else if !condition.is(ns::SAML, "OneTimeUse")
                // Each assertion is used once here, always; and we pass none on.
                && !condition.is(ns::SAML, "ProxyRestriction")
            {
                read.unknown.get_or_insert_with(|| shown(condition.local()));
            }
        }
        Ok(read)
    }
}

impl AuthnStatement {
    fn read(statement: Element<'_, '_>) -> Result<Self, Rejection> {
        let element = "AuthnStatement";
        let context = match statement.optional(ns::SAML, "AuthnContext")? {
            Some(context) => match context.optional(ns::SAML, "AuthnContextClassRef")? {
                Some(class) => Some(bounded_text(class, "AuthnContextClassRef", NAME_CHARS_MAX)?),
                None => None,
            },
            None => None,
        };
        let session_index = owned(statement, "SessionIndex").filter(|index| !index.is_empty());
        if session_index.as_ref().is_some_and(|index| index.chars().count() > NAME_CHARS_MAX) {
            return Err(malformed(element, "SessionIndex is too long".to_owned()));
        }
        Ok(Self {
            authn_instant: instant_attribute(statement, element, "AuthnInstant")?,
            session_index,
            session_not_on_or_after: optional_instant(statement, element, "SessionNotOnOrAfter")?,
            context,
        })
    }
}

/// The NameID of a subject or a logout request. An empty one names nobody.
pub(crate) fn name_id(holder: Element<'_, '_>) -> Result<Option<NameId>, Rejection> {
    if holder.children_named(ns::SAML, "EncryptedID").next().is_some() {
        return Err(Rejection::EncryptedNameId {
            want: "a NameID in the clear: encrypt the whole assertion instead",
        });
    }
    let Some(name_id) = holder.optional(ns::SAML, "NameID")? else {
        return Ok(None);
    };
    let value = bounded_text(name_id, "NameID", NAME_CHARS_MAX)?;
    Ok((!value.is_empty()).then(|| NameId {
        value,
        format: owned(name_id, "Format"),
        name_qualifier: owned(name_id, "NameQualifier"),
        sp_name_qualifier: owned(name_id, "SPNameQualifier"),
    }))
}

fn read_attribute(attribute: Element<'_, '_>) -> Result<Attribute, Rejection> {
    let name =
        owned(attribute, "Name").ok_or_else(|| malformed("Attribute", "has no Name".to_owned()))?;
    let mut values = Vec::new();
    for value in attribute.children_named(ns::SAML, "AttributeValue") {
        // A value that is XML (a NameID in eduPersonTargetedID) is not read at all. Text with elements in it is refused:
        // no part of it is the value.
        if is_xml(value) {
            continue;
        }
        let text = value.text()?;
        if !text.is_empty() {
            values.push(text);
        }
    }
    Ok(Attribute {
        name,
        friendly_name: owned(attribute, "FriendlyName"),
        name_format: owned(attribute, "NameFormat"),
        values,
    })
}

/// Whether there are elements in it, and no text beside them.
fn is_xml(value: Element<'_, '_>) -> bool {
    let blank = |node: roxmltree::Node<'_, '_>| {
        node.is_element() || node.text().is_some_and(|text| text.trim().is_empty())
    };
    value.children().next().is_some() && value.0.children().all(blank)
}

/// `ID` (SAML Core §1.3.4): there, not too long, one word.
pub(crate) fn id_attribute(
    element: Element<'_, '_>,
    name: &'static str,
) -> Result<String, Rejection> {
    let id = element.attribute("ID").ok_or_else(|| malformed(name, "has no ID".to_owned()))?;
    let count = id.chars().count();
    let one_word = id.chars().all(|part| !part.is_whitespace() && !part.is_control());
    match one_word && (1..=ID_CHARS_MAX).contains(&count) {
        true => Ok(id.to_owned()),
        false => Err(malformed(name, format!("its ID is `{}`", shown(id)))),
    }
}

/// An ID that the message refers to, to look for: none may be longer than an ID can be.
pub(crate) fn bounded_id(
    name: &'static str,
    id: Option<&str>,
) -> Result<Option<String>, Rejection> {
    match id {
        Some(id) if id.chars().count() > ID_CHARS_MAX => {
            Err(malformed(name, format!("its InResponseTo is `{}`", shown(id))))
        }
        other => Ok(other.map(str::to_owned)),
    }
}

/// An instant that must be there.
pub(crate) fn instant_attribute(
    element: Element<'_, '_>,
    name: &'static str,
    attribute: &'static str,
) -> Result<Instant, Rejection> {
    optional_instant(element, name, attribute)?
        .ok_or_else(|| malformed(name, format!("has no {attribute}")))
}

/// An instant that may be there.
pub(crate) fn optional_instant(
    element: Element<'_, '_>,
    name: &'static str,
    attribute: &'static str,
) -> Result<Option<Instant>, Rejection> {
    match element.attribute(attribute) {
        None => Ok(None),
        Some(text) => match Instant::parse(text) {
            Some(instant) => Ok(Some(instant)),
            None => Err(malformed(name, format!("its {attribute} is `{}`", shown(text)))),
        },
    }
}

fn bounded_text(
    element: Element<'_, '_>,
    name: &'static str,
    chars_max: usize,
) -> Result<String, Rejection> {
    let text = element.text()?;
    match text.chars().count() > chars_max {
        true => Err(malformed(name, format!("longer than {chars_max} characters"))),
        false => Ok(text),
    }
}

fn owned(element: Element<'_, '_>, attribute: &str) -> Option<String> {
    element.attribute(attribute).map(str::to_owned)
}

fn malformed(element: &'static str, problem: String) -> Rejection {
    Rejection::Malformed { element, problem }
}

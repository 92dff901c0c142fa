//! Responses (SAML Core §3.3.3, Profiles §4.1.4.2) of which every field can be set.

use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    Canonicalization, Digest, Encryption, Error, Signer, SigningKey,
    markup::{self, Prefixes, SAML, SAMLP, attributes, declaration, element},
    signature,
};

/// Success (SAML Core §3.2.2.2).
pub const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
/// Bearer confirmation (SAML Profiles §3.3).
pub const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// The `NameID` format for e-mail addresses (SAML Core §8.3.2).
pub const EMAIL_ADDRESS: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

/// How long a response holds, in seconds, unless it says otherwise.
pub const LIFETIME_SECS: i64 = 300;

/// What is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// The Response.
    Response,
    /// The Assertion.
    Assertion,
    /// Both.
    Both,
    /// Nothing.
    Nothing,
}

impl Signed {
    const fn response(self) -> bool {
        matches!(self, Self::Response | Self::Both)
    }

    const fn assertion(self) -> bool {
        matches!(self, Self::Assertion | Self::Both)
    }
}

/// A `NameID`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameId {
    /// Its text.
    pub value: String,
    /// Its `Format`.
    pub format: Option<String>,
    /// Its `NameQualifier`.
    pub name_qualifier: Option<String>,
    /// Its `SPNameQualifier`.
    pub sp_name_qualifier: Option<String>,
}

/// A `SubjectConfirmation` with its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {
    /// Its `Method`.
    pub method: String,
    /// `Recipient`.
    pub recipient: Option<String>,
    /// `NotBefore`.
    pub not_before: Option<String>,
    /// `NotOnOrAfter`.
    pub not_on_or_after: Option<String>,
    /// `InResponseTo`.
    pub in_response_to: Option<String>,
    /// Elements inside the data, as they are.
    pub data_xml: String,
    /// Whether there is any `SubjectConfirmationData`.
    pub has_data: bool,
}

/// An `Attribute` with its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `Name`.
    pub name: String,
    /// `NameFormat`.
    pub name_format: Option<String>,
    /// The values.
    pub values: Vec<String>,
}

/// A `Status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The code.
    pub code: String,
    /// The code inside it.
    pub second: Option<String>,
    /// The message.
    pub message: Option<String>,
    /// More elements, as they are: a `StatusDetail`.
    pub detail_xml: String,
}

/// A response in all its parts. Instants are text as it shall be written.
#[derive(Debug, Clone)]
pub struct ResponseSpec {
    /// How elements are named.
    pub prefixes: Prefixes,
    /// `Version` of the Response.
    pub version: String,
    /// `ID` of the Response.
    pub response_id: String,
    /// `IssueInstant` of both.
    pub issue_instant: String,
    /// `Destination`.
    pub destination: Option<String>,
    /// `InResponseTo` of the Response.
    pub in_response_to: Option<String>,
    /// `Issuer` of the Response.
    pub response_issuer: Option<String>,
    /// Its status.
    pub status: Status,
    /// Whether there is an Assertion.
    pub has_assertion: bool,
    /// `Version` of the Assertion.
    pub assertion_version: String,
    /// `ID` of the Assertion.
    pub assertion_id: String,
    /// `Issuer` of the Assertion.
    pub assertion_issuer: String,
    /// Who.
    pub name_id: Option<NameId>,
    /// How they are confirmed.
    pub confirmations: Vec<Confirmation>,
    /// Whether there are `Conditions`.
    pub has_conditions: bool,
    /// `NotBefore` of the conditions.
    pub not_before: Option<String>,
    /// `NotOnOrAfter` of the conditions.
    pub not_on_or_after: Option<String>,
    /// An `AudienceRestriction` each, with its audiences.
    pub audiences: Vec<Vec<String>>,
    /// More conditions, as they are.
    pub conditions_xml: String,
    /// What stands behind the conditions, as it is: `Advice`.
    pub advice_xml: String,
    /// Whether there is an `AuthnStatement`.
    pub has_authn_statement: bool,
    /// `AuthnInstant`.
    pub authn_instant: String,
    /// `SessionIndex`.
    pub session_index: Option<String>,
    /// `SessionNotOnOrAfter`.
    pub session_not_on_or_after: Option<String>,
    /// The class of the authentication.
    pub authn_context: String,
    /// What is said of them.
    pub attributes: Vec<Attribute>,
    /// Whether values carry `xsi:type="xs:string"`, which needs an `InclusiveNamespaces` of `xs`.
    pub typed_values: bool,
    /// What is signed.
    pub signed: Signed,
    /// The digest that the signature algorithm is built on.
    pub signature_digest: Digest,
    /// The digest of references.
    pub digest: Digest,
    /// The canonicalization.
    pub canonicalization: Canonicalization,
    /// Whether signatures carry the certificate.
    pub key_info: bool,
    /// To whom the Assertion is encrypted.
    pub encryption: Option<Encryption>,
    /// Declares all prefixes on the Response and nowhere below, as xmlsec does: what is decrypted is not well-formed by itself.
    pub namespaces_on_response: bool,
}

/// An instant as IdPs write it: milliseconds, `Z`.
#[must_use]
pub fn instant(at: OffsetDateTime) -> String {
    let at = at.replace_nanosecond(at.nanosecond() / 1_000_000 * 1_000_000).unwrap_or(at);
    at.format(&Rfc3339).unwrap_or_default()
}

impl ResponseSpec {
    /// A good response to one request: about `email`, for the service provider `audience` at `acs`, signed on the
    /// Assertion. `id` makes the identifiers.
    #[must_use]
    pub fn good(
        idp: &str,
        acs: &str,
        audience: &str,
        email: &str,
        id: &str,
        now: OffsetDateTime,
    ) -> Self {
        let end = instant(now + Duration::seconds(LIFETIME_SECS));
        Self {
            prefixes: Prefixes::COMMON,
            version: "2.0".to_owned(),
            response_id: format!("_r-{id}"),
            issue_instant: instant(now),
            destination: Some(acs.to_owned()),
            in_response_to: None,
            response_issuer: Some(idp.to_owned()),
            status: Status {
                code: SUCCESS.to_owned(),
                second: None,
                message: None,
                detail_xml: String::new(),
            },
            has_assertion: true,
            assertion_version: "2.0".to_owned(),
            assertion_id: format!("_a-{id}"),
            assertion_issuer: idp.to_owned(),
            name_id: Some(NameId {
                value: email.to_owned(),
                format: Some(EMAIL_ADDRESS.to_owned()),
                name_qualifier: None,
                sp_name_qualifier: None,
            }),
            confirmations: vec![Confirmation {
                method: BEARER.to_owned(),
                recipient: Some(acs.to_owned()),
                not_before: None,
                not_on_or_after: Some(end.clone()),
                in_response_to: None,
                data_xml: String::new(),
                has_data: true,
            }],
            has_conditions: true,
            not_before: Some(instant(now - Duration::seconds(30))),
            not_on_or_after: Some(end),
            audiences: vec![vec![audience.to_owned()]],
            conditions_xml: String::new(),
            advice_xml: String::new(),
            has_authn_statement: true,
            authn_instant: instant(now),
            session_index: Some(format!("_s-{id}")),
            session_not_on_or_after: None,
            authn_context: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
                .to_owned(),
            attributes: Vec::new(),
            typed_values: false,
            signed: Signed::Assertion,
            signature_digest: Digest::Sha256,
            digest: Digest::Sha256,
            canonicalization: Canonicalization::Exclusive,
            key_info: true,
            encryption: None,
            namespaces_on_response: false,
        }
    }

    /// The same as an answer to this request.
    #[must_use]
    pub fn in_response_to(mut self, request_id: &str) -> Self {
        self.in_response_to = Some(request_id.to_owned());
        for confirmation in &mut self.confirmations {
            confirmation.in_response_to = Some(request_id.to_owned());
        }
        self
    }

    /// With one more attribute of one value.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        let attribute =
            Attribute { name: name.to_owned(), name_format: None, values: vec![value.to_owned()] };
        self.attributes.push(attribute);
        self
    }

    /// How this response's signatures are made with a key.
    #[must_use]
    pub fn signer<'a>(&self, key: &'a SigningKey) -> Signer<'a> {
        Signer {
            key,
            signature: self.signature_digest,
            digest: self.digest,
            canonicalization: self.canonicalization,
            key_info: self.key_info,
            prefixes: self.prefixes,
        }
    }

    /// The Response, signed and encrypted as the fields say.
    ///
    /// # Errors
    /// When the key cannot sign so, or nothing can be encrypted to the certificate.
    pub fn xml(&self, key: &SigningKey) -> Result<String, Error> {
        let assertion = if self.has_assertion { self.assertion(key)? } else { String::new() };
        self.around(&assertion, key)
    }

    /// The Assertion, signed when the fields say so; not encrypted. Canonical as it stands, unless the namespaces are
    /// left to the Response.
    ///
    /// # Errors
    /// When the key cannot sign so.
    pub fn assertion(&self, key: &SigningKey) -> Result<String, Error> {
        let (head, tail) = self.assertion_parts();
        if !self.signed.assertion() {
            return Ok(head + &tail);
        }
        let outer = declaration(self.prefixes.protocol, SAMLP);
        let own = declaration(self.prefixes.assertion, SAML);
        let inclusive = matches!(
            self.canonicalization,
            Canonicalization::Inclusive | Canonicalization::InclusiveWithComments
        );
        let in_scope = signature::merged(&outer, &own);
        let mut canonical = format!("{head}{tail}");
        if inclusive {
            canonical = canonical.replacen(&own, &in_scope, 1);
        }
        let prefix_list = (self.typed_values && !inclusive).then_some("xs");
        let signature =
            self.signer(key).signature(&self.assertion_id, &canonical, prefix_list, &in_scope)?;
        Ok(format!("{head}{signature}{tail}"))
    }

    /// A Response around an assertion (or around whatever is given as one), encrypted and signed as the fields say.
    ///
    /// # Errors
    /// When the key cannot sign so, or nothing can be encrypted to the certificate.
    pub fn around(&self, assertion: &str, key: &SigningKey) -> Result<String, Error> {
        let content = match &self.encryption {
            Some(encryption) if !assertion.is_empty() => {
                let plain = if self.namespaces_on_response {
                    self.without_declarations(assertion)
                } else {
                    assertion.to_owned()
                };
                encryption.encrypted_assertion(&plain, self.prefixes)?
            }
            _ => assertion.to_owned(),
        };
        let (head, tail) = self.response_parts(&content);
        let mut xml = format!("{head}{tail}");
        if self.signed.response() {
            let in_scope = declaration(self.prefixes.protocol, SAMLP);
            let typed = self.typed_values && self.encryption.is_none();
            let prefix_list = typed.then_some("xs");
            let signature =
                self.signer(key).signature(&self.response_id, &xml, prefix_list, &in_scope)?;
            xml = format!("{head}{signature}{tail}");
        }
        if self.namespaces_on_response {
            let own = declaration(self.prefixes.protocol, SAMLP);
            let all = own.clone()
                + &declaration(self.prefixes.assertion, SAML)
                + &declaration(self.prefixes.signature, markup::DS);
            xml = self.without_declarations(&xml).replacen(&own, &all, 1);
        }
        Ok(xml)
    }

    fn without_declarations(&self, xml: &str) -> String {
        xml.replace(&declaration(self.prefixes.assertion, SAML), "")
            .replace(&declaration(self.prefixes.signature, markup::DS), "")
    }

    fn a(&self, local: &str) -> String {
        markup::name(self.prefixes.assertion, local)
    }

    fn p(&self, local: &str) -> String {
        markup::name(self.prefixes.protocol, local)
    }

    fn response_parts(&self, content: &str) -> (String, String) {
        let name = self.p("Response");
        let own = attributes(&[
            ("ID", Some(&self.response_id)),
            ("Version", Some(&self.version)),
            ("IssueInstant", Some(&self.issue_instant)),
            ("Destination", self.destination.as_deref()),
            ("InResponseTo", self.in_response_to.as_deref()),
        ]);
        let issuer = self.response_issuer.as_deref().map_or(String::new(), |issuer| {
            let declaration = declaration(self.prefixes.assertion, SAML);
            element(&self.a("Issuer"), &declaration, &markup::text(issuer))
        });
        let head = format!("<{name}{}{own}>{issuer}", declaration(self.prefixes.protocol, SAMLP));
        (head, format!("{}{content}</{name}>", self.status_xml()))
    }

    fn status_xml(&self) -> String {
        let code = |value: &str, inner: &str| {
            element(&self.p("StatusCode"), &attributes(&[("Value", Some(value))]), inner)
        };
        let second = self.status.second.as_deref().map_or(String::new(), |second| code(second, ""));
        let message = self.status.message.as_deref().map_or(String::new(), |message| {
            element(&self.p("StatusMessage"), "", &markup::text(message))
        });
        let content = code(&self.status.code, &second) + &message + &self.status.detail_xml;
        element(&self.p("Status"), "", &content)
    }

    /// Up to the Issuer, behind which a signature belongs; and the rest.
    fn assertion_parts(&self) -> (String, String) {
        let name = self.a("Assertion");
        let own = attributes(&[
            ("ID", Some(&self.assertion_id)),
            ("Version", Some(&self.assertion_version)),
            ("IssueInstant", Some(&self.issue_instant)),
        ]);
        let issuer = element(&self.a("Issuer"), "", &markup::text(&self.assertion_issuer));
        let head = format!("<{name}{}{own}>{issuer}", declaration(self.prefixes.assertion, SAML));
        let tail = [
            self.subject_xml(),
            self.conditions_xml(),
            self.advice_xml.clone(),
            self.authn_statement_xml(),
            self.attribute_statement_xml(),
        ]
        .concat();
        (head, format!("{tail}</{name}>"))
    }

    fn subject_xml(&self) -> String {
        let name_id = self.name_id.as_ref().map_or(String::new(), |name_id| {
            let attributes = attributes(&[
                ("Format", name_id.format.as_deref()),
                ("NameQualifier", name_id.name_qualifier.as_deref()),
                ("SPNameQualifier", name_id.sp_name_qualifier.as_deref()),
            ]);
            element(&self.a("NameID"), &attributes, &markup::text(&name_id.value))
        });
        let confirmations: String = self
            .confirmations
            .iter()
            .map(|confirmation| {
                let data = attributes(&[
                    ("Recipient", confirmation.recipient.as_deref()),
                    ("NotBefore", confirmation.not_before.as_deref()),
                    ("NotOnOrAfter", confirmation.not_on_or_after.as_deref()),
                    ("InResponseTo", confirmation.in_response_to.as_deref()),
                ]);
                let data = if confirmation.has_data {
                    element(&self.a("SubjectConfirmationData"), &data, &confirmation.data_xml)
                } else {
                    String::new()
                };
                let method = attributes(&[("Method", Some(&confirmation.method))]);
                element(&self.a("SubjectConfirmation"), &method, &data)
            })
            .collect();
        element(&self.a("Subject"), "", &(name_id + &confirmations))
    }

    fn conditions_xml(&self) -> String {
        if !self.has_conditions {
            return String::new();
        }
        let restrictions: String = self
            .audiences
            .iter()
            .map(|audiences| {
                let audiences: String = audiences
                    .iter()
                    .map(|audience| element(&self.a("Audience"), "", &markup::text(audience)))
                    .collect();
                element(&self.a("AudienceRestriction"), "", &audiences)
            })
            .collect();
        let own = attributes(&[
            ("NotBefore", self.not_before.as_deref()),
            ("NotOnOrAfter", self.not_on_or_after.as_deref()),
        ]);
        element(&self.a("Conditions"), &own, &(restrictions + &self.conditions_xml))
    }

    fn authn_statement_xml(&self) -> String {
        if !self.has_authn_statement {
            return String::new();
        }
        let class =
            element(&self.a("AuthnContextClassRef"), "", &markup::text(&self.authn_context));
        let own = attributes(&[
            ("AuthnInstant", Some(&self.authn_instant)),
            ("SessionIndex", self.session_index.as_deref()),
            ("SessionNotOnOrAfter", self.session_not_on_or_after.as_deref()),
        ]);
        element(&self.a("AuthnStatement"), &own, &element(&self.a("AuthnContext"), "", &class))
    }

    fn attribute_statement_xml(&self) -> String {
        if self.attributes.is_empty() {
            return String::new();
        }
        let typed = if self.typed_values {
            " xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"xs:string\""
        } else {
            ""
        };
        let list: String = self
            .attributes
            .iter()
            .map(|attribute| {
                let own = attributes(&[
                    ("Name", Some(&attribute.name)),
                    ("NameFormat", attribute.name_format.as_deref()),
                ]);
                let values: String = attribute
                    .values
                    .iter()
                    .map(|value| element(&self.a("AttributeValue"), typed, &markup::text(value)))
                    .collect();
                element(&self.a("Attribute"), &own, &values)
            })
            .collect();
        element(&self.a("AttributeStatement"), "", &list)
    }
}

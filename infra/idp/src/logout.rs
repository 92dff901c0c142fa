//! Logout messages (SAML Core §3.7), with a signature of their own for the POST binding; in the Redirect binding
//! [`crate::redirect::query`] signs the query instead.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Error, Signer,
    markup::{self, Prefixes, SAML, SAMLP, attributes, declaration, element},
    response::NameId,
};

/// What requests and responses have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// How elements are named.
    pub prefixes: Prefixes,
    /// `ID`.
    pub id: String,
    /// `IssueInstant`, as text.
    pub issue_instant: String,
    /// `Destination`.
    pub destination: Option<String>,
    /// `Issuer`.
    pub issuer: String,
}

/// A `LogoutRequest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutRequest {
    /// Its envelope.
    pub envelope: Envelope,
    /// Whom it is about.
    pub name_id: NameId,
    /// Which sessions; none means all.
    pub session_indexes: Vec<String>,
    /// Until when it holds.
    pub not_on_or_after: Option<String>,
}

/// A `LogoutResponse`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoutResponse {
    /// Its envelope.
    pub envelope: Envelope,
    /// What it answers.
    pub in_response_to: Option<String>,
    /// The status code.
    pub status: String,
}

impl Envelope {
    fn xml(
        &self,
        local: &str,
        more: &[(&str, Option<&str>)],
        content: &str,
        signer: Option<Signer<'_>>,
    ) -> Result<String, Error> {
        let mut list = vec![
            ("ID", Some(self.id.as_str())),
            ("Version", Some("2.0")),
            ("IssueInstant", Some(&self.issue_instant)),
            ("Destination", self.destination.as_deref()),
        ];
        list.extend_from_slice(more);
        let name = markup::name(self.prefixes.protocol, local);
        let in_scope = declaration(self.prefixes.protocol, SAMLP);
        let issuer = element(
            &markup::name(self.prefixes.assertion, "Issuer"),
            &declaration(self.prefixes.assertion, SAML),
            &markup::text(&self.issuer),
        );
        let head = format!("<{name}{in_scope}{}>{issuer}", attributes(&list));
        let tail = format!("{content}</{name}>");
        let signature = match signer {
            Some(signer) => {
                signer.signature(&self.id, &format!("{head}{tail}"), None, &in_scope)?
            }
            None => String::new(),
        };
        Ok(format!("{head}{signature}{tail}"))
    }
}

impl LogoutRequest {
    /// The message, signed when there is a signer.
    ///
    /// # Errors
    /// When the key cannot sign so.
    pub fn xml(&self, signer: Option<Signer<'_>>) -> Result<String, Error> {
        let prefixes = self.envelope.prefixes;
        let name_id = attributes(&[
            ("Format", self.name_id.format.as_deref()),
            ("NameQualifier", self.name_id.name_qualifier.as_deref()),
            ("SPNameQualifier", self.name_id.sp_name_qualifier.as_deref()),
        ]);
        let name_id = element(
            &markup::name(prefixes.assertion, "NameID"),
            &(declaration(prefixes.assertion, SAML) + &name_id),
            &markup::text(&self.name_id.value),
        );
        let session_index = markup::name(prefixes.protocol, "SessionIndex");
        let sessions: String = self
            .session_indexes
            .iter()
            .map(|index| element(&session_index, "", &markup::text(index)))
            .collect();
        let more = [("NotOnOrAfter", self.not_on_or_after.as_deref())];
        self.envelope.xml("LogoutRequest", &more, &(name_id + &sessions), signer)
    }
}

impl LogoutResponse {
    /// The message, signed when there is a signer.
    ///
    /// # Errors
    /// When the key cannot sign so.
    pub fn xml(&self, signer: Option<Signer<'_>>) -> Result<String, Error> {
        let n = |local| markup::name(self.envelope.prefixes.protocol, local);
        let code = element(&n("StatusCode"), &attributes(&[("Value", Some(&self.status))]), "");
        let more = [("InResponseTo", self.in_response_to.as_deref())];
        self.envelope.xml("LogoutResponse", &more, &element(&n("Status"), "", &code), signer)
    }
}

/// The value of a form field in the POST binding (SAML Bindings §3.5.4).
#[must_use]
pub fn post_value(xml: &str) -> String {
    STANDARD.encode(xml)
}

//! `AuthnRequest`: we ask an IdP to sign a person in (SAML Core §3.4.1, SAML Profiles §4.1.4.1).

use crate::{
    Instant,
    binding::{Binding, Parameter},
    sign::Message,
    write::Tag,
};

/// Which kind of NameID we would like (SAML Core §3.4.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameIdPolicy {
    /// The format's URI; none leaves it to the IdP.
    pub format: Option<String>,
    /// Whether the IdP may make a new identifier for the person.
    pub allow_create: bool,
}

/// A request for authentication. Every value comes in; nothing is invented here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthnRequest {
    /// Its ID: `_` and hexadecimal digits of at least 128 random bits (SAML Core §1.3.4).
    pub id: String,
    /// When it is made.
    pub issue_instant: Instant,
    /// The IdP's endpoint that it is sent to.
    pub destination: String,
    /// Our entity ID.
    pub issuer: String,
    /// Where the answer shall come.
    pub acs_url: String,
    /// Which NameID we would like; none says nothing of it, which Entra and Okta like best.
    pub name_id_policy: Option<NameIdPolicy>,
    /// The person shall sign in anew, even when the IdP knows them.
    pub force_authn: bool,
    /// The IdP shall not ask the person anything.
    pub is_passive: bool,
    /// Ways of signing in of which one is wanted (`RequestedAuthnContext`, exact); none asks for nothing.
    pub authn_contexts: Vec<String>,
}

impl AuthnRequest {
    /// The message, ready to be sent or signed.
    #[must_use]
    pub fn message(&self) -> Message {
        let flag = |set: bool| set.then_some("true");
        let root = Tag::new("samlp:AuthnRequest")
            .with("ID", self.id.as_str())
            .with("Version", "2.0")
            .with("IssueInstant", self.issue_instant.text())
            .with("Destination", self.destination.as_str())
            .with("AssertionConsumerServiceURL", self.acs_url.as_str())
            .with("ProtocolBinding", Binding::Post.uri())
            .with_some("ForceAuthn", flag(self.force_authn))
            .with_some("IsPassive", flag(self.is_passive))
            .child(Tag::new("saml:Issuer").text(self.issuer.as_str()))
            .child_some(self.name_id_policy.as_ref().map(|policy| {
                Tag::new("samlp:NameIDPolicy")
                    .with_some("Format", policy.format.as_deref())
                    .with_some("AllowCreate", flag(policy.allow_create))
            }))
            .child_some((!self.authn_contexts.is_empty()).then(|| {
                Tag::new("samlp:RequestedAuthnContext").with("Comparison", "exact").children(
                    self.authn_contexts
                        .iter()
                        .map(|class| Tag::new("saml:AuthnContextClassRef").text(class.as_str())),
                )
            }));
        Message::new(Parameter::Request, &self.id, &self.destination, &root)
    }

    /// Its XML, not signed.
    #[must_use]
    pub fn xml(&self) -> String {
        self.message().xml()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> AuthnRequest {
        AuthnRequest {
            id: "_ab12".to_owned(),
            issue_instant: Instant::parse("2026-11-22T09:30:00Z").unwrap(),
            destination: "https://idp.example/sso?a=1&b=2".to_owned(),
            issuer: "https://sp.example/saml/metadata/acme".to_owned(),
            acs_url: "https://sp.example/saml/consume/acme".to_owned(),
            name_id_policy: None,
            force_authn: false,
            is_passive: false,
            authn_contexts: Vec::new(),
        }
    }

    #[test]
    fn the_plain_request_says_who_asks_and_where_to_answer() {
        assert_eq!(
            request().xml(),
            "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" \
             AssertionConsumerServiceURL=\"https://sp.example/saml/consume/acme\" \
             Destination=\"https://idp.example/sso?a=1&amp;b=2\" ID=\"_ab12\" \
             IssueInstant=\"2026-11-22T09:30:00Z\" \
             ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Version=\"2.0\">\
             <saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">\
             https://sp.example/saml/metadata/acme</saml:Issuer></samlp:AuthnRequest>"
        );
    }

    #[test]
    fn what_is_asked_for_is_written_in_the_order_of_the_schema() {
        let xml = AuthnRequest {
            name_id_policy: Some(NameIdPolicy {
                format: Some("urn:x".to_owned()),
                allow_create: true,
            }),
            force_authn: true,
            is_passive: true,
            authn_contexts: vec!["urn:a".to_owned(), "urn:b".to_owned()],
            ..request()
        }
        .xml();
        assert!(
            xml.contains(" ForceAuthn=\"true\"") && xml.contains(" IsPassive=\"true\""),
            "{xml}"
        );
        let (_, rest) = xml.split_once("</saml:Issuer>").unwrap();
        assert!(
            rest.starts_with(
                "<samlp:NameIDPolicy AllowCreate=\"true\" Format=\"urn:x\"></samlp:NameIDPolicy>\
                 <samlp:RequestedAuthnContext Comparison=\"exact\"><saml:AuthnContextClassRef "
            ),
            "{rest}"
        );
        assert_eq!(rest.matches("</saml:AuthnContextClassRef>").count(), 2);
    }

    #[test]
    fn nothing_that_comes_in_can_break_out_of_its_place() {
        let xml = AuthnRequest { issuer: "</saml:Issuer><x>\"&".to_owned(), ..request() }.xml();
        let document = roxmltree::Document::parse(&xml).unwrap();
        let issuer = document.root_element().first_element_child().unwrap();
        assert_eq!(issuer.text(), Some("</saml:Issuer><x>\"&"));
    }
}

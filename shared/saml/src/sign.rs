//! What we sign ourselves: the octets to sign, and the signed message from a signature that was made elsewhere
//! (SAML Bindings §3.4.4.1, SAML Core §5).
//!
//! Private keys stay where they are (a key service), so signing is two steps. The algorithm is RSA-SHA256, which every
//! IdP takes. Nothing is shared with the verifier but the names of the algorithms.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    binding::{Parameter, PostForm, RSA_SHA256, RedirectToSign, encode_redirect, post_form},
    write::Tag,
};

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const SHA256_URI: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// A message of ours, in exclusive canonical form, not signed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    parameter: Parameter,
    destination: String,
    id: String,
    /// To the end of the Issuer.
    head: String,
    /// From there on; a signature goes between.
    tail: String,
}

impl Message {
    /// Its first child must be the Issuer.
    pub(crate) fn new(parameter: Parameter, id: &str, destination: &str, root: &Tag) -> Self {
        let (head, tail) = root.canonical_around_signature();
        Self { parameter, destination: destination.to_owned(), id: id.to_owned(), head, tail }
    }

    /// The same with its XML changed, which must still have an Issuer: for tests of what reads it.
    #[cfg(test)]
    pub(crate) fn changed(self, change: impl Fn(String) -> String) -> Self {
        let end = "</saml:Issuer>";
        let xml = change(self.xml());
        let (head, tail) = xml.split_once(end).unwrap();
        Self { head: format!("{head}{end}"), tail: tail.to_owned(), ..self }
    }

    /// Its XML without a signature.
    #[must_use]
    pub fn xml(&self) -> String {
        format!("{}{}", self.head, self.tail)
    }

    /// As a redirect that is not signed.
    #[must_use]
    pub fn redirect(&self, relay_state: Option<&str>) -> String {
        encode_redirect(&self.destination, self.parameter, &self.xml(), relay_state)
    }

    /// As a redirect that waits for its signature.
    #[must_use]
    pub fn redirect_to_sign(&self, relay_state: Option<&str>) -> RedirectToSign {
        RedirectToSign::new(&self.destination, self.parameter, &self.xml(), relay_state)
    }

    /// As a form that is not signed.
    #[must_use]
    pub fn form(&self, relay_state: Option<&str>) -> PostForm {
        post_form(&self.destination, self.parameter, &self.xml(), relay_state)
    }

    /// As XML that waits for its enveloped signature. The certificate (DER), when given, goes into `KeyInfo`, where some
    /// IdPs want it.
    #[must_use]
    pub fn post_to_sign(self, certificate: Option<&[u8]>) -> PostToSign {
        let signed_info = signed_info(&self.id, &self.xml());
        PostToSign {
            signed_info,
            certificate: certificate.map(|der| STANDARD.encode(der)),
            message: self,
        }
    }
}

/// A message that waits for its enveloped signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostToSign {
    message: Message,
    signed_info: String,
    certificate: Option<String>,
}

impl PostToSign {
    /// The canonical `SignedInfo`: what to sign with RSASSA-PKCS1-v1_5 and SHA-256.
    #[must_use]
    pub fn octets_to_sign(&self) -> &[u8] {
        self.signed_info.as_bytes()
    }

    /// The signed message, as XML.
    #[must_use]
    pub fn xml_with_signature(&self, signature: &[u8]) -> String {
        let mut xml = self.message.head.clone();
        xml.push_str("<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">");
        // Stands alone in canonical form; within its Signature the declaration that it repeats changes nothing.
        xml.push_str(&self.signed_info);
        xml.push_str("<ds:SignatureValue>");
        STANDARD.encode_string(signature, &mut xml);
        xml.push_str("</ds:SignatureValue>");
        if let Some(certificate) = &self.certificate {
            xml.push_str("<ds:KeyInfo><ds:X509Data><ds:X509Certificate>");
            xml.push_str(certificate);
            xml.push_str("</ds:X509Certificate></ds:X509Data></ds:KeyInfo>");
        }
        xml.push_str("</ds:Signature>");
        xml.push_str(&self.message.tail);
        xml
    }

    /// The signed message, as a form.
    #[must_use]
    pub fn with_signature(&self, signature: &[u8], relay_state: Option<&str>) -> PostForm {
        let xml = self.xml_with_signature(signature);
        post_form(&self.message.destination, self.message.parameter, &xml, relay_state)
    }
}

/// `SignedInfo` over the message of this ID (XML Signature §4.4).
fn signed_info(id: &str, canonical: &str) -> String {
    let method = |name: &'static str, uri: &str| Tag::new(name).with("Algorithm", uri);
    let digest = STANDARD.encode(digest(&SHA256, canonical.as_bytes()));
    Tag::new("ds:SignedInfo")
        .child(method("ds:CanonicalizationMethod", EXCLUSIVE))
        .child(method("ds:SignatureMethod", RSA_SHA256))
        .child(
            Tag::new("ds:Reference")
                .with("URI", format!("#{id}"))
                .child(
                    Tag::new("ds:Transforms")
                        .child(method("ds:Transform", ENVELOPED))
                        .child(method("ds:Transform", EXCLUSIVE)),
                )
                .child(method("ds:DigestMethod", SHA256_URI))
                .child(Tag::new("ds:DigestValue").text(digest)),
        )
        .canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Message {
        let root = Tag::new("samlp:LogoutRequest")
            .with("ID", "_1")
            .child(Tag::new("saml:Issuer").text("https://sp.example/a?b&c"))
            .child(Tag::new("samlp:SessionIndex").text("s"));
        Message::new(Parameter::Request, "_1", "https://idp.example/slo", &root)
    }

    #[test]
    fn the_signature_stands_after_the_issuer_and_the_rest_is_as_it_was() {
        let to_sign = message().post_to_sign(Some(b"der"));
        let xml = to_sign.xml_with_signature(b"value");
        let (head, rest) = xml.split_once("<ds:Signature ").unwrap();
        let (_, tail) = rest.split_once("</ds:Signature>").unwrap();
        assert!(head.ends_with("</saml:Issuer>"), "{head}");
        assert_eq!(format!("{head}{tail}"), message().xml());
        roxmltree::Document::parse(&xml).unwrap();
    }

    #[test]
    fn the_digest_is_of_the_message_without_its_signature() {
        let to_sign = message().post_to_sign(None);
        let octets = std::str::from_utf8(to_sign.octets_to_sign()).unwrap();
        let want = STANDARD.encode(digest(&SHA256, message().xml().as_bytes()));
        assert!(octets.contains(&format!("<ds:DigestValue>{want}</ds:DigestValue>")), "{octets}");
        assert!(octets.contains("<ds:Reference URI=\"#_1\">"), "{octets}");
        assert!(to_sign.xml_with_signature(b"v").contains(octets));
    }
}

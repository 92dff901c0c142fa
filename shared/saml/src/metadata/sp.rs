//! Our own metadata (SAML Metadata §2.4.4), in the order of the schema.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{Instant, binding::Binding, write::Tag, xml::ns};

/// How assertions may be encrypted to us, the best first: what our decryption takes.
const ENCRYPTION_ALGORITHMS: &[&str] = &[
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
    "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
    "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
];

/// What an IdP needs to know of us, for one entity ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpMetadata<'a> {
    /// Our entity ID.
    pub entity_id: &'a str,
    /// Our assertion consumer service (POST).
    pub acs_url: &'a str,
    /// Our single logout service (Redirect and POST).
    pub slo_url: Option<&'a str>,
    /// Certificates to encrypt to, the current one first: DER.
    pub encryption: &'a [&'a [u8]],
    /// Certificates of keys that we sign with: DER.
    pub signing: &'a [&'a [u8]],
    /// Whether our requests are signed.
    pub signs_authn_requests: bool,
    /// Whether assertions shall be signed themselves.
    pub want_assertions_signed: bool,
    /// NameID formats that we take, the preferred one first.
    pub name_id_formats: &'a [&'a str],
    /// Until when it may be used. None leaves the document the same whenever it is made.
    pub valid_until: Option<Instant>,
}

impl SpMetadata<'_> {
    /// The document.
    #[must_use]
    pub fn xml(&self) -> String {
        let endpoint = |name, binding: Binding, location: &str| {
            Tag::new(name).with("Binding", binding.uri()).with("Location", location)
        };
        let logout = self.slo_url.into_iter().flat_map(|url| {
            [Binding::Redirect, Binding::Post]
                .map(|binding| endpoint("md:SingleLogoutService", binding, url))
        });
        let role = Tag::new("md:SPSSODescriptor")
            .with("protocolSupportEnumeration", ns::SAMLP)
            .with("AuthnRequestsSigned", self.signs_authn_requests.to_string())
            .with("WantAssertionsSigned", self.want_assertions_signed.to_string())
            .children(self.signing.iter().map(|der| key("signing", der)))
            .children(self.encryption.iter().map(|der| {
                key("encryption", der).children(
                    ENCRYPTION_ALGORITHMS
                        .iter()
                        .map(|uri| Tag::new("md:EncryptionMethod").with("Algorithm", *uri)),
                )
            }))
            .children(logout)
            .children(
                self.name_id_formats.iter().map(|format| Tag::new("md:NameIDFormat").text(*format)),
            )
            .child(
                endpoint("md:AssertionConsumerService", Binding::Post, self.acs_url)
                    .with("index", "0")
                    .with("isDefault", "true"),
            );
        Tag::new("md:EntityDescriptor")
            .with("entityID", self.entity_id)
            .with_some("validUntil", self.valid_until.map(Instant::text))
            .child(role)
            .canonical()
    }
}

fn key(purpose: &str, der: &[u8]) -> Tag {
    Tag::new("md:KeyDescriptor").with("use", purpose).child(Tag::new("ds:KeyInfo").child(
        Tag::new("ds:X509Data").child(Tag::new("ds:X509Certificate").text(STANDARD.encode(der))),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata<'a>() -> SpMetadata<'a> {
        SpMetadata {
            entity_id: "https://sp.example/saml/metadata/acme",
            acs_url: "https://sp.example/saml/consume/acme",
            slo_url: None,
            encryption: &[],
            signing: &[],
            signs_authn_requests: false,
            want_assertions_signed: true,
            name_id_formats: &[],
            valid_until: None,
        }
    }

    #[test]
    fn the_least_is_an_entity_id_and_an_assertion_consumer_service() {
        assert_eq!(
            metadata().xml(),
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
             entityID=\"https://sp.example/saml/metadata/acme\"><md:SPSSODescriptor \
             AuthnRequestsSigned=\"false\" WantAssertionsSigned=\"true\" \
             protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
             <md:AssertionConsumerService \
             Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
             Location=\"https://sp.example/saml/consume/acme\" index=\"0\" isDefault=\"true\">\
             </md:AssertionConsumerService></md:SPSSODescriptor></md:EntityDescriptor>"
        );
    }

    #[test]
    fn elements_stand_in_the_order_of_the_schema() {
        let xml = SpMetadata {
            slo_url: Some("https://sp.example/saml/logout/acme?a&b"),
            encryption: &[b"new", b"old"],
            signing: &[b"sig"],
            name_id_formats: &["urn:a", "urn:b"],
            valid_until: Instant::parse("2027-01-01T00:00:00Z"),
            ..metadata()
        }
        .xml();
        let document = roxmltree::Document::parse(&xml).unwrap();
        let entity = document.root_element();
        assert_eq!(entity.attribute("validUntil"), Some("2027-01-01T00:00:00Z"));
        let role = entity.first_element_child().unwrap();
        let names: Vec<&str> = role.children().map(|child| child.tag_name().name()).collect();
        assert_eq!(
            names,
            [
                "KeyDescriptor",
                "KeyDescriptor",
                "KeyDescriptor",
                "SingleLogoutService",
                "SingleLogoutService",
                "NameIDFormat",
                "NameIDFormat",
                "AssertionConsumerService"
            ]
        );
        let keys: Vec<_> = role
            .children()
            .filter(|child| child.tag_name().name() == "KeyDescriptor")
            .map(|key| {
                let text = key.descendants().find_map(|below| below.text()).unwrap();
                let methods = key
                    .children()
                    .filter(|child| child.tag_name().name() == "EncryptionMethod")
                    .count();
                (key.attribute("use").unwrap(), STANDARD.decode(text).unwrap(), methods)
            })
            .collect();
        let methods = ENCRYPTION_ALGORITHMS.len();
        assert_eq!(
            keys,
            [
                ("signing", b"sig".to_vec(), 0),
                ("encryption", b"new".to_vec(), methods),
                ("encryption", b"old".to_vec(), methods)
            ]
        );
        let logout =
            role.children().find(|c| c.tag_name().name() == "SingleLogoutService").unwrap();
        assert_eq!(logout.attribute("Location"), Some("https://sp.example/saml/logout/acme?a&b"));
    }
}

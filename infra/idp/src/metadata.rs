//! An IdP's metadata (SAML Metadata §2.4.3) in the ways that products write it.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Canonicalization, Digest, Error, ResponseSpec, Signer, SigningKey,
    markup::{DS, Prefixes, attributes, declaration, element, text},
};

/// Namespace of metadata.
const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// How wide products wrap base64, in characters.
const WRAP_COLUMNS: usize = 76;

/// Whose manner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetadataStyle {
    /// No more than what is needed.
    Plain,
    /// Prefixes `md` and `ds`, certificates wrapped at 76 columns, several bindings, `WantAuthnRequestsSigned`.
    Okta,
    /// A byte order mark, an enveloped signature, `RoleDescriptor`s with certificates of their own, the default namespace.
    Entra,
}

/// An identity provider: who it is, where it listens, and its keys. The first key signs; all are published.
pub struct Idp {
    /// Entity ID.
    pub entity_id: String,
    /// Where `AuthnRequest`s go.
    pub sso_url: String,
    /// Where logout messages go, if anywhere.
    pub slo_url: Option<String>,
    /// Its keys.
    pub keys: Vec<SigningKey>,
}

impl Idp {
    /// An IdP of one key without logout.
    #[must_use]
    pub fn new(entity_id: &str, sso_url: &str, key: SigningKey) -> Self {
        Self {
            entity_id: entity_id.to_owned(),
            sso_url: sso_url.to_owned(),
            slo_url: None,
            keys: vec![key],
        }
    }

    /// The key that signs.
    ///
    /// # Errors
    /// When there is none.
    pub fn key(&self) -> Result<&SigningKey, Error> {
        self.keys.first().ok_or_else(|| Error::new("this IdP has no key"))
    }

    /// The value of the form field `SAMLResponse` for this response.
    ///
    /// # Errors
    /// As [`ResponseSpec::xml`].
    pub fn post_value(&self, spec: &ResponseSpec) -> Result<String, Error> {
        Ok(STANDARD.encode(spec.xml(self.key()?)?))
    }

    /// The metadata.
    ///
    /// # Errors
    /// When there is no key, or it cannot sign.
    pub fn metadata(&self, style: MetadataStyle) -> Result<String, Error> {
        match style {
            MetadataStyle::Plain => Ok(self.entity("md", "ds", "_m-1", "", "", None)),
            MetadataStyle::Okta => {
                let want = Some("false");
                let prolog = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
                Ok(prolog.to_owned() + &self.entity("md", "ds", "_m-1", "", "", want))
            }
            MetadataStyle::Entra => self.signed_as_entra(),
        }
    }

    fn signed_as_entra(&self) -> Result<String, Error> {
        let key = self.key()?;
        let roles: String = ["SecurityTokenServiceType", "ApplicationServiceType"]
            .map(|kind| {
                let attributes = format!(
                    " xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\" \
                     xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                     protocolSupportEnumeration=\"http://docs.oasis-open.org/wsfed/federation/200706\" \
                     xsi:type=\"fed:{kind}\""
                );
                element("RoleDescriptor", &attributes, &key_descriptor("", "", key, false))
            })
            .concat();
        let id = "_m-entra";
        let unsigned = self.entity("", "", id, "", &roles, None);
        let signer = Signer {
            key,
            signature: Digest::Sha256,
            digest: Digest::Sha256,
            canonicalization: Canonicalization::Exclusive,
            key_info: true,
            prefixes: Prefixes::ENTRA,
        };
        // `fed` is used in a value only, so it must be named to be digested.
        let canonical = &unsigned;
        let signature = signer.signature(id, canonical, Some("fed"), &declaration("", MD))?;
        let signed = self.entity("", "", id, &signature, &roles, None);
        Ok(format!("\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\"?>{signed}"))
    }

    fn entity(
        &self,
        md: &str,
        ds: &str,
        id: &str,
        signature: &str,
        roles: &str,
        want_signed: Option<&str>,
    ) -> String {
        let n = |local: &str| crate::markup::name(md, local);
        let keys: String = self
            .keys
            .iter()
            .map(|key| key_descriptor(md, ds, key, want_signed.is_some()))
            .collect();
        let service = |local: &str, binding: &str, url: &str| {
            let binding = format!("urn:oasis:names:tc:SAML:2.0:bindings:{binding}");
            let attributes = attributes(&[("Binding", Some(&binding)), ("Location", Some(url))]);
            element(&n(local), &attributes, "")
        };
        let logout = self.slo_url.as_deref().map_or(String::new(), |url| {
            service("SingleLogoutService", "HTTP-Redirect", url)
                + &service("SingleLogoutService", "HTTP-POST", url)
        });
        let format = element(&n("NameIDFormat"), "", crate::response::EMAIL_ADDRESS);
        let sign_on = service("SingleSignOnService", "HTTP-POST", &self.sso_url)
            + &service("SingleSignOnService", "HTTP-Redirect", &self.sso_url);
        let own = attributes(&[
            ("WantAuthnRequestsSigned", want_signed),
            ("protocolSupportEnumeration", Some(crate::markup::SAMLP)),
        ]);
        let role = element(&n("IDPSSODescriptor"), &own, &(keys + &logout + &format + &sign_on));
        let own = declaration(md, MD)
            + &attributes(&[("ID", Some(id)), ("entityID", Some(&self.entity_id))]);
        element(&n("EntityDescriptor"), &own, &format!("{signature}{roles}{role}"))
    }
}

fn key_descriptor(md: &str, ds: &str, key: &SigningKey, wrapped: bool) -> String {
    let n = |local| crate::markup::name(ds, local);
    let mut value = STANDARD.encode(key.certificate());
    if wrapped {
        let lines: Vec<String> = value
            .as_bytes()
            .chunks(WRAP_COLUMNS)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        value = format!("\n{}\n", lines.join("\n"));
    }
    let certificate = element(&n("X509Certificate"), "", &text(&value));
    let data = element(&n("X509Data"), "", &certificate);
    let info = element(&n("KeyInfo"), &declaration(ds, DS), &data);
    let signing = attributes(&[("use", Some("signing"))]);
    element(&crate::markup::name(md, "KeyDescriptor"), &signing, &info)
}

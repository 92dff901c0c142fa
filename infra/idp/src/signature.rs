//! Enveloped signatures over text that is canonical as it stands (XML Signature §4, SAML Core §5.4).

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Error, SigningKey,
    markup::{self, DS, Prefixes},
};

/// How octets are digested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// SHA-1: only of references, for tests of its refusal. No key here signs with it.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Digest {
    /// Its URI (XML Encryption §5.8, RFC 6931 §2.1).
    #[must_use]
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Sha1 => "http://www.w3.org/2000/09/xmldsig#sha1",
            Self::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
            Self::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
            Self::Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
        }
    }

    /// The digest of octets, base64.
    #[must_use]
    pub fn of(self, octets: &[u8]) -> String {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        STANDARD.encode(digest::digest(algorithm, octets))
    }
}

/// Which canonicalization is named. The octets of our text are the same under the variants with comments: it has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Canonicalization {
    /// Exclusive: what everybody sends.
    Exclusive,
    /// Exclusive with comments.
    ExclusiveWithComments,
    /// Inclusive, Canonical XML 1.0.
    Inclusive,
    /// Inclusive with comments.
    InclusiveWithComments,
}

impl Canonicalization {
    /// Its URI.
    #[must_use]
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Exclusive => "http://www.w3.org/2001/10/xml-exc-c14n#",
            Self::ExclusiveWithComments => "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
            Self::Inclusive => "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
            Self::InclusiveWithComments => {
                "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
            }
        }
    }

    const fn is_inclusive(self) -> bool {
        matches!(self, Self::Inclusive | Self::InclusiveWithComments)
    }
}

/// The enveloped-signature transform (XML Signature §6.6.4).
pub const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// How signatures are made.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// With this key.
    pub key: &'a SigningKey,
    /// The digest of `SignedInfo`; with the key it makes the signature algorithm.
    pub signature: Digest,
    /// The digest of the reference.
    pub digest: Digest,
    /// Of `SignedInfo` and of the reference.
    pub canonicalization: Canonicalization,
    /// Whether the key's certificate is put into `KeyInfo`.
    pub key_info: bool,
    /// How the elements are written.
    pub prefixes: Prefixes,
}

impl Signer<'_> {
    /// A `Signature` element that refers to the element `id` whose canonical octets (without the signature) are
    /// `canonical`. `prefix_list` names prefixes that are treated as in inclusive canonicalization; `in_scope` are the
    /// declarations around the element (only inclusive canonicalization renders them: ` xmlns:a="…"`, sorted).
    ///
    /// # Errors
    /// When the key cannot be used with the digest.
    pub fn signature(
        &self,
        id: &str,
        canonical: &str,
        prefix_list: Option<&str>,
        in_scope: &str,
    ) -> Result<String, Error> {
        let reference = self.reference(id, &self.digest.of(canonical.as_bytes()), prefix_list);
        self.seal(&self.signed_info(&reference)?, in_scope)
    }

    /// A `Reference` with this digest value.
    #[must_use]
    pub fn reference(&self, id: &str, digest_value: &str, prefix_list: Option<&str>) -> String {
        let n = |local| markup::name(self.prefixes.signature, local);
        let algorithm = |uri: &str| markup::attributes(&[("Algorithm", Some(uri))]);
        let inclusive = prefix_list.map_or(String::new(), |list| {
            let uri = Canonicalization::Exclusive.uri();
            markup::element(
                "ec:InclusiveNamespaces",
                &format!(" xmlns:ec=\"{uri}\" PrefixList=\"{list}\""),
                "",
            )
        });
        let transforms = markup::element(&n("Transform"), &algorithm(ENVELOPED), "")
            + &markup::element(
                &n("Transform"),
                &algorithm(self.canonicalization.uri()),
                &inclusive,
            );
        let uri = if id.is_empty() { String::new() } else { format!("#{id}") };
        markup::element(
            &n("Reference"),
            &markup::attributes(&[("URI", Some(&uri))]),
            &(markup::element(&n("Transforms"), "", &transforms)
                + &markup::element(&n("DigestMethod"), &algorithm(self.digest.uri()), "")
                + &markup::element(&n("DigestValue"), "", digest_value)),
        )
    }

    /// A `SignedInfo` around references, as it stands inside a `Signature`: without a declaration of its own.
    ///
    /// # Errors
    /// When the key cannot be used with the digest.
    pub fn signed_info(&self, references: &str) -> Result<String, Error> {
        let n = |local| markup::name(self.prefixes.signature, local);
        let algorithm = |uri: &str| markup::attributes(&[("Algorithm", Some(uri))]);
        let methods = markup::element(
            &n("CanonicalizationMethod"),
            &algorithm(self.canonicalization.uri()),
            "",
        ) + &markup::element(
            &n("SignatureMethod"),
            &algorithm(self.key.algorithm(self.signature)?),
            "",
        );
        Ok(markup::element(&n("SignedInfo"), "", &(methods + references)))
    }

    /// The octets of a `SignedInfo` that are signed: it is an apex, so the declarations in scope come into its start tag.
    #[must_use]
    pub fn signed_octets(&self, signed_info: &str, in_scope: &str) -> String {
        let name = format!("<{}", markup::name(self.prefixes.signature, "SignedInfo"));
        let own = markup::declaration(self.prefixes.signature, DS);
        let declarations =
            if self.canonicalization.is_inclusive() { merged(in_scope, &own) } else { own };
        signed_info.replacen(&name, &format!("{name}{declarations}"), 1)
    }

    /// A `Signature` around a `SignedInfo`.
    ///
    /// # Errors
    /// When the key cannot be used with the digest.
    pub fn seal(&self, signed_info: &str, in_scope: &str) -> Result<String, Error> {
        let octets = self.signed_octets(signed_info, in_scope);
        let value = self.key.sign(self.signature, octets.as_bytes())?;
        Ok(self.envelope(signed_info, &STANDARD.encode(value)))
    }

    /// A `Signature` of these parts, whatever they are.
    #[must_use]
    pub fn envelope(&self, signed_info: &str, signature_value: &str) -> String {
        let n = |local| markup::name(self.prefixes.signature, local);
        let key_info = if self.key_info { self.key_info_element() } else { String::new() };
        let value = markup::element(&n("SignatureValue"), "", signature_value);
        let declaration = markup::declaration(self.prefixes.signature, DS);
        markup::element(&n("Signature"), &declaration, &format!("{signed_info}{value}{key_info}"))
    }

    fn key_info_element(&self) -> String {
        let n = |local| markup::name(self.prefixes.signature, local);
        let certificate =
            markup::element(&n("X509Certificate"), "", &STANDARD.encode(self.key.certificate()));
        markup::element(&n("KeyInfo"), "", &markup::element(&n("X509Data"), "", &certificate))
    }
}

/// Two lists of declarations as one, in the canonical order; an inner one wins.
pub(crate) fn merged(outer: &str, inner: &str) -> String {
    let split = |list: &str| -> Vec<(String, String)> {
        list.split_whitespace()
            .filter_map(|one| {
                let (name, value) = one.split_once('=')?;
                let prefix = name.trim_start_matches("xmlns").trim_start_matches(':');
                Some((prefix.to_owned(), value.to_owned()))
            })
            .collect()
    };
    let mut all: std::collections::BTreeMap<String, String> = split(outer).into_iter().collect();
    all.extend(split(inner));
    all.iter()
        .map(|(prefix, value)| {
            let name =
                if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
            format!(" {name}={value}")
        })
        .collect()
}

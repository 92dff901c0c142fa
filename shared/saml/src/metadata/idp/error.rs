//! Why metadata is not accepted, said to the owner who pasted it: what was found, and what to do.

use std::fmt;

use crate::{
    Instant, Rejection,
    xml::{Element, ns},
};

/// Why metadata is not accepted. Its text is for the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataError {
    /// No SAML metadata at all: what it looks like.
    NotSaml(&'static str),
    /// XML that the strict reader does not take, or metadata that is not as the schema wants it: why.
    Malformed(String),
    /// Metadata of something else than a SAML 2.0 IdP: of what.
    NoIdp(&'static str),
    /// Metadata of several IdPs.
    SeveralIdps {
        /// The first of their entity IDs.
        entity_ids: Vec<String>,
        /// How many there are.
        count: usize,
    },
    /// Its time is over.
    Expired {
        /// When it ended.
        valid_until: Instant,
    },
    /// There is no usable signing certificate: why each of them is not.
    NoSigningCert(Vec<String>),
    /// There is no endpoint to sign in that browsers can be sent to: those that are there.
    NoSsoEndpoint(Vec<String>),
    /// More of something than is taken.
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most.
        max: usize,
    },
}

impl MetadataError {
    /// The stable word for it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotSaml(_) => "metadata_not_saml",
            Self::Malformed(_) => "metadata_malformed",
            Self::NoIdp(_) => "metadata_no_idp",
            Self::SeveralIdps { .. } => "metadata_several_idps",
            Self::Expired { .. } => "metadata_expired",
            Self::NoSigningCert(_) => "no_signing_cert",
            Self::NoSsoEndpoint(_) => "no_sso_endpoint",
            Self::TooMany { .. } => "metadata_too_large",
        }
    }
}

/// What to paste instead.
const WANTED: &str =
    "paste the SAML metadata of the identity provider, an XML document with an `IDPSSODescriptor`";

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSaml(looks_like) => {
                write!(f, "this is not SAML metadata, it looks like {looks_like}; {WANTED}")
            }
            Self::Malformed(reason) => write!(f, "this metadata cannot be read: {reason}"),
            Self::NoIdp(found) => write!(f, "this metadata describes {found}; {WANTED}"),
            Self::SeveralIdps { entity_ids, count } => {
                let more = if entity_ids.len() < *count { ", …" } else { "" };
                write!(
                    f,
                    "this metadata describes {count} identity providers ({}{more}); paste the metadata of one",
                    entity_ids.join(", ")
                )
            }
            Self::Expired { valid_until } => write!(
                f,
                "this metadata was valid until {}; download it again from the identity provider",
                valid_until.text()
            ),
            Self::NoSigningCert(problems) if problems.is_empty() => f.write_str(
                "this metadata has no signing certificate, and without one nothing from the identity provider can be \
                 believed",
            ),
            Self::NoSigningCert(problems) => write!(
                f,
                "no signing certificate in this metadata can be used: {}",
                problems.join("; ")
            ),
            Self::NoSsoEndpoint(found) if found.is_empty() => f.write_str(
                "this metadata has no SingleSignOnService for the HTTP-Redirect or HTTP-POST binding",
            ),
            Self::NoSsoEndpoint(found) => write!(
                f,
                "the sign-in address has to be a plain https URL, and this metadata has {}",
                found.join(", ")
            ),
            Self::TooMany { what, max } => write!(
                f,
                "this metadata has more than {max} {what}; paste the metadata of one identity provider"
            ),
        }
    }
}

impl std::error::Error for MetadataError {}

impl From<Rejection> for MetadataError {
    fn from(rejection: Rejection) -> Self {
        Self::Malformed(reason(&rejection))
    }
}

/// A rejection in words for the owner.
pub(super) fn reason(rejection: &Rejection) -> String {
    match (rejection.got(), rejection.want()) {
        (Some(got), Some(want)) => format!("{got} (wanted: {want})"),
        (Some(got), None) => got,
        (None, _) => rejection.code().to_owned(),
    }
}

/// The most of a document that is looked at to guess what it is, in bytes.
const GUESS_BYTES_MAX: usize = 1024;

/// For a document that cannot be read: a guess at what it is, which goes nowhere but into the owner's error.
pub(super) fn not_xml(bytes: &[u8], rejection: &Rejection) -> MetadataError {
    let start = bytes.get(..GUESS_BYTES_MAX.min(bytes.len())).unwrap_or_default();
    let start = String::from_utf8_lossy(start).to_lowercase();
    let start = start.trim_start_matches('\u{feff}').trim_start();
    let looks_like = if start.is_empty() {
        "nothing: the document is empty"
    } else if start.starts_with("https://") || start.starts_with("http://") {
        "a URL, which belongs into the field for the metadata URL"
    } else if start.starts_with("-----begin") {
        "a certificate"
    } else if start.starts_with('{') {
        "JSON, perhaps an OpenID Connect configuration"
    } else if start.starts_with("<!doctype html") || start.starts_with("<html") {
        WEB_PAGE
    } else if !start.starts_with('<') {
        "plain text"
    } else {
        return MetadataError::Malformed(reason(rejection));
    };
    MetadataError::NotSaml(looks_like)
}

const WEB_PAGE: &str = "a web page, perhaps a sign-in page in front of the metadata";

/// For XML that is no metadata.
pub(super) fn root_looks_like(root: Element<'_, '_>) -> &'static str {
    match (root.namespace(), root.local()) {
        (ns::SAMLP | ns::SAML, _) => "a SAML message",
        (_, "EntityDescriptor" | "EntitiesDescriptor") => {
            "metadata of another version, in another namespace than SAML 2.0's"
        }
        (_, local) if local.eq_ignore_ascii_case("html") => WEB_PAGE,
        _ => "another kind of XML",
    }
}

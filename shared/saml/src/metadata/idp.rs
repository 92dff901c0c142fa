//! An IdP's metadata, read (SAML Metadata §2.3, §2.4).
//!
//! Only the `IDPSSODescriptor` for SAML 2.0 counts: Entra's document also describes a WS-Federation service, with
//! certificates of its own. A signature on the document is not looked at: what vouches for it is the owner who pasted
//! it, or the TLS connection that it came through.

mod error;

mod refresh;

use std::fmt;

use super::{duration, location};
use crate::{
    Instant, Rejection,
    binding::Binding,
    certificate::Certificate,
    rejection::shown,
    xml::{Element, Limits, Source, ns},
};

pub use error::MetadataError;
pub use refresh::{RefreshDecision, refresh};

/// The most `KeyDescriptor`s of an IdP. (Each costs the parsing of a certificate; IdPs have two or three.)
pub const KEY_DESCRIPTORS_MAX: usize = 32;
/// The most endpoints of a kind.
pub const ENDPOINTS_MAX: usize = 32;
/// The most `NameIDFormat`s that are kept.
pub const NAME_ID_FORMATS_MAX: usize = 16;
/// The longest entity ID, in characters (SAML Core §8.3.6).
pub const ENTITY_ID_CHARS_MAX: usize = 1024;
/// The most entity IDs that an error lists.
pub const ENTITIES_SHOWN_MAX: usize = 10;

/// The namespace of names and logos for people (SAML Metadata UI §2.1).
const MDUI: &str = "urn:oasis:names:tc:SAML:metadata:ui";
/// The namespace of `xml:lang`.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// What is allowed beyond the standard's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rules {
    /// Endpoints may be plain http on a loopback host: for an IdP on the developer's own machine, never in the cloud.
    pub allow_loopback_http: bool,
}

/// What we need to know of an IdP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdpMetadata {
    /// Its entity ID, as written.
    pub entity_id: String,
    /// Where browsers are sent to sign in: at least one.
    pub sso: Vec<Endpoint>,
    /// Where browsers are sent to sign out.
    pub slo: Vec<Endpoint>,
    /// Its signing certificates: at least one, each once.
    pub signing: Vec<Certificate>,
    /// The NameID formats that it offers.
    pub name_id_formats: Vec<String>,
    /// Whether it wants requests signed.
    pub wants_authn_requests_signed: bool,
    /// Until when the document may be used.
    pub valid_until: Option<Instant>,
    /// For how many seconds it may be kept before it is fetched again.
    pub cache_secs: Option<u64>,
    /// What it calls itself.
    pub display_name: Option<String>,
    /// What the owner should know, and what does not stop anything.
    pub warnings: Vec<MetadataWarning>,
}

/// An endpoint of a binding that goes through the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// How.
    pub binding: Binding,
    /// Where: https, but for a loopback host under [`Rules::allow_loopback_http`].
    pub location: String,
    /// Where answers go, when they go elsewhere.
    pub response_location: Option<String>,
}

/// What the owner should know about metadata that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetadataWarning {
    /// A signing certificate is past its end. It is kept: an IdP signs with the key, whatever the certificate says.
    CertificateExpired {
        /// Its fingerprint.
        fingerprint: String,
        /// Its end.
        not_after: Instant,
    },
    /// A signing certificate that cannot be used, and why.
    CertificateUnusable(String),
    /// A signing key without a certificate, which is left out.
    KeyWithoutCertificate,
    /// An endpoint that browsers cannot safely be sent to, which is left out.
    EndpointLeftOut(String),
}

impl fmt::Display for MetadataWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CertificateExpired { fingerprint, not_after } => {
                write!(f, "the signing certificate {fingerprint} ended on {}", not_after.text())
            }
            Self::CertificateUnusable(reason) => {
                write!(f, "a signing certificate cannot be used: {reason}")
            }
            Self::KeyWithoutCertificate => {
                f.write_str("a signing key has no X509Certificate and is left out")
            }
            Self::EndpointLeftOut(location) => {
                write!(f, "the endpoint `{location}` is no plain https URL and is left out")
            }
        }
    }
}

impl IdpMetadata {
    /// Reads a document: an `EntityDescriptor`, or an `EntitiesDescriptor` with exactly one IdP in it.
    ///
    /// # Errors
    /// A [`MetadataError`]; its text is for the owner.
    pub fn parse(bytes: &[u8], now: Instant, rules: &Rules) -> Result<Self, MetadataError> {
        let source = Source::new(bytes, &Limits::METADATA)
            .map_err(|rejection| error::not_xml(bytes, &rejection))?;
        let document = source.parse().map_err(|rejection| error::not_xml(bytes, &rejection))?;
        let entities = entities(document.root())?;
        let idps: Vec<_> = entities
            .iter()
            .filter_map(|entity| idp_role(entity.element).map(|role| (entity, role)))
            .collect();
        match idps.as_slice() {
            [] => Err(MetadataError::NoIdp(what_instead(&entities))),
            [(entity, role)] => read(entity, *role, now, rules),
            several => Err(MetadataError::SeveralIdps {
                entity_ids: several
                    .iter()
                    .take(ENTITIES_SHOWN_MAX)
                    .map(|(entity, _)| {
                        shown(entity.element.attribute("entityID").unwrap_or_default())
                    })
                    .collect(),
                count: several.len(),
            }),
        }
    }

    /// The endpoint to sign in: the first of the bindings in their order.
    #[must_use]
    pub fn sso_by(&self, preferred: &[Binding]) -> Option<&Endpoint> {
        by(&self.sso, preferred)
    }

    /// The endpoint to sign out: the first of the bindings in their order.
    #[must_use]
    pub fn slo_by(&self, preferred: &[Binding]) -> Option<&Endpoint> {
        by(&self.slo, preferred)
    }
}

fn by<'a>(endpoints: &'a [Endpoint], preferred: &[Binding]) -> Option<&'a Endpoint> {
    preferred
        .iter()
        .find_map(|binding| endpoints.iter().find(|endpoint| endpoint.binding == *binding))
}

/// An `EntityDescriptor`, with what those around it say of its time.
struct Entity<'d, 'a> {
    element: Element<'d, 'a>,
    valid_until: Option<Instant>,
    cache_secs: Option<u64>,
}

impl<'d, 'a> Entity<'d, 'a> {
    /// Also with what `element` itself says: the earlier of two instants, the shorter of two durations.
    fn within(element: Element<'d, 'a>, around: Option<&Self>) -> Result<Self, MetadataError> {
        let unreadable = |name: &str, text: &str| {
            MetadataError::Malformed(format!("{name} is `{}`", shown(text)))
        };
        let valid_until = match element.attribute("validUntil") {
            None => None,
            Some(text) => Some(Instant::parse(text).ok_or_else(|| unreadable("validUntil", text))?),
        };
        let cache_secs = match element.attribute("cacheDuration") {
            None => None,
            Some(text) => {
                Some(duration::secs(text).ok_or_else(|| unreadable("cacheDuration", text))?)
            }
        };
        let earlier = around.and_then(|around| around.valid_until);
        let shorter = around.and_then(|around| around.cache_secs);
        Ok(Self {
            element,
            valid_until: valid_until.into_iter().chain(earlier).min(),
            cache_secs: cache_secs.into_iter().chain(shorter).min(),
        })
    }
}

/// All entities of the document, however deep they are grouped.
fn entities<'d, 'a>(root: Element<'d, 'a>) -> Result<Vec<Entity<'d, 'a>>, MetadataError> {
    let mut found = Vec::new();
    let mut open = vec![Entity::within(root, None)?];
    while let Some(entity) = open.pop() {
        if entity.element.is(ns::MD, "EntityDescriptor") {
            found.push(entity);
        } else if entity.element.is(ns::MD, "EntitiesDescriptor") {
            for child in entity.element.children() {
                open.push(Entity::within(child, Some(&entity))?);
            }
        } else if entity.element.is_root() {
            return Err(MetadataError::NotSaml(error::root_looks_like(root)));
        }
    }
    // They were taken from the end.
    found.reverse();
    Ok(found)
}

/// The role of an IdP that speaks SAML 2.0. Of several, the first.
fn idp_role<'d, 'a>(entity: Element<'d, 'a>) -> Option<Element<'d, 'a>> {
    entity.children_named(ns::MD, "IDPSSODescriptor").find(|role| {
        role.attribute("protocolSupportEnumeration")
            .is_some_and(|protocols| protocols.split_ascii_whitespace().any(|p| p == ns::SAMLP))
    })
}

/// What metadata without an IdP is about.
fn what_instead(entities: &[Entity<'_, '_>]) -> &'static str {
    let any = |local: &'static str| {
        entities.iter().any(|entity| entity.element.children_named(ns::MD, local).next().is_some())
    };
    if entities.is_empty() {
        "nobody"
    } else if any("IDPSSODescriptor") {
        "an identity provider that does not speak SAML 2.0"
    } else if any("SPSSODescriptor") {
        "a service provider, perhaps this one"
    } else if any("RoleDescriptor") {
        "only a WS-Federation service"
    } else {
        "no identity provider"
    }
}

fn read(
    entity: &Entity<'_, '_>,
    role: Element<'_, '_>,
    now: Instant,
    rules: &Rules,
) -> Result<IdpMetadata, MetadataError> {
    let entity_id = entity.element.attribute("entityID").unwrap_or_default();
    if !(1..=ENTITY_ID_CHARS_MAX).contains(&entity_id.chars().count())
        || entity_id.contains(char::is_control)
    {
        return Err(MetadataError::Malformed(format!("entityID is `{}`", shown(entity_id))));
    }
    let times = Entity::within(role, Some(entity))?;
    if let Some(valid_until) = times.valid_until.filter(|valid_until| *valid_until <= now) {
        return Err(MetadataError::Expired { valid_until });
    }
    let mut warnings = Vec::new();
    let signing = signing_certificates(role, now, &mut warnings)?;
    let sso = endpoints(role, "SingleSignOnService", rules, &mut warnings)?;
    if sso.is_empty() {
        let left_out = warnings.into_iter().filter_map(|warning| match warning {
            MetadataWarning::EndpointLeftOut(location) => Some(format!("`{location}`")),
            _ => None,
        });
        return Err(MetadataError::NoSsoEndpoint(left_out.collect()));
    }
    let name_id_formats = role
        .children_named(ns::MD, "NameIDFormat")
        .take(NAME_ID_FORMATS_MAX)
        .map(|format| format.text().map(|text| text.trim().to_owned()))
        .collect::<Result<_, _>>()?;
    Ok(IdpMetadata {
        entity_id: entity_id.to_owned(),
        sso,
        slo: endpoints(role, "SingleLogoutService", rules, &mut warnings)?,
        signing,
        name_id_formats,
        wants_authn_requests_signed: matches!(
            role.attribute("WantAuthnRequestsSigned"),
            Some("true" | "1")
        ),
        valid_until: times.valid_until,
        cache_secs: times.cache_secs,
        display_name: display_name(entity.element, role),
        warnings,
    })
}

/// Every certificate whose use is signing, or not said (SAML Metadata §2.4.1.1), each once.
fn signing_certificates(
    role: Element<'_, '_>,
    now: Instant,
    warnings: &mut Vec<MetadataWarning>,
) -> Result<Vec<Certificate>, MetadataError> {
    if role.children_named(ns::MD, "KeyDescriptor").count() > KEY_DESCRIPTORS_MAX {
        return Err(MetadataError::TooMany { what: "keys", max: KEY_DESCRIPTORS_MAX });
    }
    let mut signing: Vec<Certificate> = Vec::new();
    let mut problems = Vec::new();
    for descriptor in role.children_named(ns::MD, "KeyDescriptor") {
        if !matches!(descriptor.attribute("use"), None | Some("signing")) {
            continue;
        }
        let Some(text) = first_certificate(descriptor) else {
            warnings.push(MetadataWarning::KeyWithoutCertificate);
            continue;
        };
        match Certificate::from_base64(&text?) {
            Ok(known) if signing.iter().any(|other| other.fingerprint == known.fingerprint) => {}
            Ok(certificate) => {
                if certificate.not_after <= now {
                    warnings.push(MetadataWarning::CertificateExpired {
                        fingerprint: certificate.fingerprint.clone(),
                        not_after: certificate.not_after,
                    });
                }
                signing.push(certificate);
            }
            Err(rejection) => {
                let problem = error::reason(&rejection);
                warnings.push(MetadataWarning::CertificateUnusable(problem.clone()));
                problems.push(problem);
            }
        }
    }
    match signing.is_empty() {
        true => Err(MetadataError::NoSigningCert(problems)),
        false => Ok(signing),
    }
}

/// The first certificate of a chain holds the key; those after it vouch for it, which nobody asks them to.
fn first_certificate(descriptor: Element<'_, '_>) -> Option<Result<String, Rejection>> {
    let key_info = descriptor.children_named(ns::DS, "KeyInfo").next()?;
    let data = key_info.children_named(ns::DS, "X509Data");
    let mut certificates = data.flat_map(|data| data.children_named(ns::DS, "X509Certificate"));
    certificates.next().map(Element::text)
}

fn endpoints(
    role: Element<'_, '_>,
    name: &'static str,
    rules: &Rules,
    warnings: &mut Vec<MetadataWarning>,
) -> Result<Vec<Endpoint>, MetadataError> {
    if role.children_named(ns::MD, name).count() > ENDPOINTS_MAX {
        return Err(MetadataError::TooMany { what: "endpoints", max: ENDPOINTS_MAX });
    }
    let usable = |location: &str| location::is_usable(location, rules.allow_loopback_http);
    let mut endpoints = Vec::new();
    for element in role.children_named(ns::MD, name) {
        let Some(binding) = element.attribute("Binding").and_then(Binding::from_uri) else {
            continue;
        };
        let location = element.attribute("Location").unwrap_or_default();
        let response_location = element.attribute("ResponseLocation");
        match [Some(location), response_location].into_iter().flatten().find(|one| !usable(one)) {
            Some(unusable) => warnings.push(MetadataWarning::EndpointLeftOut(shown(unusable))),
            None => endpoints.push(Endpoint {
                binding,
                location: location.to_owned(),
                response_location: response_location.map(str::to_owned),
            }),
        }
    }
    Ok(endpoints)
}

/// The name for people: English where there is a choice.
fn display_name(entity: Element<'_, '_>, role: Element<'_, '_>) -> Option<String> {
    let of_role = role
        .children_named(ns::MD, "Extensions")
        .flat_map(|extensions| extensions.children_named(MDUI, "UIInfo"))
        .flat_map(|info| info.children_named(MDUI, "DisplayName"));
    let of_entity = entity
        .children_named(ns::MD, "Organization")
        .flat_map(|organization| organization.children_named(ns::MD, "OrganizationDisplayName"));
    let names: Vec<_> = of_role.chain(of_entity).collect();
    let english = names.iter().find(|name| name.attribute_in(XML, "lang") == Some("en"));
    let text = english.or(names.first())?.text().ok()?;
    let text = shown(text.trim());
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests;

//! Metadata of identity providers, for tests: as theirs looks, with certificates that were made here.

use std::sync::OnceLock;

use lychgate_core::time::Timestamp;
use lychgate_saml::{Instant, certificate::Certificate};

use crate::world::BEGINNING;

/// A certificate that holds for a year from the [`BEGINNING`] on. There are two, always the same in a process: to make a
/// key takes a while.
///
/// # Panics
/// When `which` is neither 0 nor 1.
#[must_use]
pub fn certificate(which: usize) -> &'static Certificate {
    static MADE: [OnceLock<Certificate>; 2] = [const { OnceLock::new() }; 2];
    MADE[which].get_or_init(|| ending(BEGINNING.plus_secs(365 * 86_400)))
}

/// A new certificate that ends then.
///
/// # Panics
/// Never in a process that can make keys.
#[must_use]
pub fn ending(end: Timestamp) -> Certificate {
    let instant = |at: Timestamp| {
        Instant::from_unix_millis(i64::try_from(at.unix_millis()).expect("a time of this era"))
    };
    let (from, serial) = (instant(BEGINNING), [7; 16]);
    lychgate_saml::certificate::generate("idp.example", from, instant(end), serial)
        .expect("a certificate can be made")
        .0
}

/// Metadata of this IdP with these signing certificates; requests go to `https://idp.example/sso`.
#[must_use]
pub fn document(entity_id: &str, certificates: &[&Certificate]) -> String {
    let keys: String = certificates
        .iter()
        .map(|certificate| {
            format!(
                "<md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}\
                 </ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>",
                certificate.base64()
            )
        })
        .collect();
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"{entity_id}\"><md:IDPSSODescriptor \
         WantAuthnRequestsSigned=\"false\" protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         {keys}<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" \
         Location=\"https://idp.example/sso\"/></md:IDPSSODescriptor></md:EntityDescriptor>"
    )
}

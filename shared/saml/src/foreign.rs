//! For unit tests: what libxmlsec1 signed and encrypted (`tests/data/saml/foreign/make.py`).

use crate::{
    Instant,
    certificate::{Certificate, base64_with_spaces},
    xmlenc::DecryptionKey,
};

macro_rules! foreign {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/data/saml/foreign",
            "/",
            $name
        ))
    };
}
pub(crate) use foreign;

pub(crate) fn idp(kind: &str) -> Certificate {
    let pem = match kind {
        "p256" => foreign!("idp-p256.pem"),
        "p384" => foreign!("idp-p384.pem"),
        "p521" => foreign!("idp-p521.pem"),
        _ => foreign!("idp-rsa.pem"),
    };
    Certificate::from_pem(pem).unwrap()
}

pub(crate) fn sp() -> DecryptionKey {
    let pem = foreign!("sp-key.pem");
    let base64: Vec<&str> = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let fingerprint = Certificate::from_pem(foreign!("sp.pem")).unwrap().fingerprint;
    let pkcs8 = base64_with_spaces(&base64.concat()).unwrap();
    DecryptionKey::from_pkcs8(fingerprint, &pkcs8).unwrap()
}

/// From the first `begin` to the first `end` after it, both included.
pub(crate) fn piece<'t>(text: &'t str, begin: &str, end: &str) -> &'t str {
    let from = text.get(text.find(begin).unwrap()..).unwrap();
    from.get(..from.find(end).unwrap() + end.len()).unwrap()
}

pub(crate) fn now() -> Instant {
    Instant::parse("2026-11-22T09:31:00Z").unwrap()
}

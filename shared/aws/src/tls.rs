//! Which cryptography TLS stands on, and whom it trusts.

use std::sync::Arc;

use tokio_rustls::rustls::{
    ClientConfig, Error, RootCertStore, SignatureScheme,
    crypto::{
        CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, WebPkiSupportedAlgorithms,
    },
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    sign::SigningKey,
};

/// The roots that the certificates of Amazon's services chain up to. Reading the system's whole bundle costs more than
/// all the rest of a cold start.
const AMAZON: [&[u8]; 5] = [
    include_bytes!("../roots/Amazon_Root_CA_1.pem"),
    include_bytes!("../roots/Amazon_Root_CA_2.pem"),
    include_bytes!("../roots/Amazon_Root_CA_3.pem"),
    include_bytes!("../roots/Amazon_Root_CA_4.pem"),
    include_bytes!("../roots/Starfield_Services_Root_CA_G2.pem"),
];

/// The library under TLS. A binary holds the one that its `main` names: ring is the smaller; a function that has aws-lc
/// for SAML anyway needs no second one beside it.
#[derive(Debug, Clone, Copy)]
pub struct Tls(fn() -> CryptoProvider);

impl Tls {
    /// With ring.
    pub const RING: Self = Self(with_ring);
    /// With aws-lc.
    pub const AWS_LC: Self = Self(with_aws_lc);

    /// A client's TLS 1.2 and 1.3 that trusts these roots and offers HTTP/1.1.
    ///
    /// # Errors
    /// A text for the operator when TLS cannot be set up, which depends on nothing that is given.
    pub fn config(self, roots: RootCertStore) -> Result<ClientConfig, String> {
        let mut config = ClientConfig::builder_with_provider(Arc::new((self.0)()))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be set up: {error}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Amazon's roots.
pub(crate) fn amazon() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for pem in AMAZON {
        let unreadable =
            |error: &dyn std::fmt::Display| format!("the roots of trust cannot be read: {error}");
        let root = CertificateDer::from_pem_slice(pem).map_err(|error| unreadable(&error))?;
        roots.add(root).map_err(|error| unreadable(&error))?;
    }
    Ok(roots)
}

/// Put together from its parts: a library's own provider names every algorithm it has, and all of them would be linked.
///
/// AES-GCM only, which every server has (RFC 8446 §9.1) and every processor that Lambda runs on has instructions for.
/// Signatures: those that public authorities give certificates for.
macro_rules! provider {
    ($library:ident) => {{
        use tokio_rustls::rustls::crypto::$library::{cipher_suite as suite, kx_group as group};
        use webpki::$library as verify;
        const SIGNATURES: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
            all: &[
                verify::ECDSA_P256_SHA256,
                verify::ECDSA_P256_SHA384,
                verify::ECDSA_P384_SHA256,
                verify::ECDSA_P384_SHA384,
                verify::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
                verify::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
                verify::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
                verify::RSA_PKCS1_2048_8192_SHA256,
                verify::RSA_PKCS1_2048_8192_SHA384,
                verify::RSA_PKCS1_2048_8192_SHA512,
            ],
            // TLS 1.3 tries the first of a line only, whose curve it names; TLS 1.2 tries them all.
            mapping: &[
                (
                    SignatureScheme::ECDSA_NISTP384_SHA384,
                    &[verify::ECDSA_P384_SHA384, verify::ECDSA_P256_SHA384],
                ),
                (
                    SignatureScheme::ECDSA_NISTP256_SHA256,
                    &[verify::ECDSA_P256_SHA256, verify::ECDSA_P384_SHA256],
                ),
                (SignatureScheme::RSA_PSS_SHA512, &[verify::RSA_PSS_2048_8192_SHA512_LEGACY_KEY]),
                (SignatureScheme::RSA_PSS_SHA384, &[verify::RSA_PSS_2048_8192_SHA384_LEGACY_KEY]),
                (SignatureScheme::RSA_PSS_SHA256, &[verify::RSA_PSS_2048_8192_SHA256_LEGACY_KEY]),
                (SignatureScheme::RSA_PKCS1_SHA512, &[verify::RSA_PKCS1_2048_8192_SHA512]),
                (SignatureScheme::RSA_PKCS1_SHA384, &[verify::RSA_PKCS1_2048_8192_SHA384]),
                (SignatureScheme::RSA_PKCS1_SHA256, &[verify::RSA_PKCS1_2048_8192_SHA256]),
            ],
        };
        CryptoProvider {
            cipher_suites: vec![
                suite::TLS13_AES_256_GCM_SHA384,
                suite::TLS13_AES_128_GCM_SHA256,
                suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            ],
            kx_groups: vec![group::X25519, group::SECP256R1, group::SECP384R1],
            signature_verification_algorithms: SIGNATURES,
            secure_random: &Random,
            key_provider: &NoKeys,
        }
    }};
}

fn with_ring() -> CryptoProvider {
    provider!(ring)
}

fn with_aws_lc() -> CryptoProvider {
    provider!(aws_lc_rs)
}

/// The operating system's random bytes, which the libraries' own sources start from as well.
#[derive(Debug)]
struct Random;

impl SecureRandom for Random {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        #[expect(clippy::disallowed_methods, reason = "TLS takes no entropy as an argument")]
        getrandom::fill(bytes).map_err(|_| GetRandomFailed)
    }
}

/// Nobody here shows a certificate of their own, so that the code that signs with its key is not linked.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General("this client has no key".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_roots_can_be_read() {
        assert_eq!(amazon().unwrap().len(), AMAZON.len());
    }

    #[test]
    fn both_libraries_offer_the_same() {
        let names = |tls: Tls| {
            let provider = (tls.0)();
            let suites: Vec<_> = provider.cipher_suites.iter().map(|suite| suite.suite()).collect();
            let groups: Vec<_> = provider.kx_groups.iter().map(|group| group.name()).collect();
            (suites, groups, provider.signature_verification_algorithms.supported_schemes())
        };
        assert_eq!(names(Tls::RING), names(Tls::AWS_LC));
        for tls in [Tls::RING, Tls::AWS_LC] {
            let config = tls.config(amazon().unwrap()).unwrap();
            assert_eq!(config.alpn_protocols, [b"http/1.1".to_vec()]);
        }
    }
}

//! What lies outside the table, for tests: real cryptography with keys of this object, everything else scripted and
//! recorded. Nothing leaves the process.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, OnceLock},
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    digest::{SHA256, digest},
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lychgate_core::{
    ctx::Ctx,
    ids::OrganizationId,
    ports::outside::{
        FetchError, LogoutNotifier, Mail, Mailer, MetadataFetcher, Opener, OutsideError, PublicKey,
        Sealer, Signature, Signer, SigningKey,
    },
};
use zeroize::Zeroizing;

/// The bytes of an AES-GCM nonce, which stands before what it sealed.
const NONCE_BYTES: usize = 12;

/// All ports to the outside. Clones share their content, as functions share what is outside of them.
///
/// Keys are real: what one object signed verifies with its public keys, what it sealed opens for the same organization
/// and for no other. A fetch answers what was scripted for its address, an e-mail and a logout token are kept to be looked
/// at; each of them fails while [`FakeOutside::fail`] says so.
#[derive(Clone, Default)]
pub struct FakeOutside {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    oidc: Vec<EcdsaKeyPair>,
    saml: Vec<Arc<RsaKeyPair>>,
    documents: BTreeMap<String, VecDeque<Result<Vec<u8>, FetchError>>>,
    fetched: Vec<String>,
    mails: Vec<Mail>,
    logout_tokens: Vec<(String, String)>,
    opened: usize,
    failing: Vec<Part>,
}

/// What can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Sealing.
    Sealer,
    /// Opening.
    Opener,
    /// Signing, and giving public keys.
    Signer,
    /// E-mail.
    Mailer,
    /// Logout tokens.
    LogoutNotifier,
}

impl FakeOutside {
    /// With nothing scripted.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Fetches of this address give this document, from now on.
    pub fn serve(&self, url: &str, document: impl Into<Vec<u8>>) {
        self.script(url, Ok(document.into()));
    }

    /// Fetches of this address fail in this way, from now on.
    pub fn refuse(&self, url: &str, code: &'static str, detail: &str) {
        self.script(url, Err(FetchError { code, detail: detail.to_owned() }));
    }

    /// The next fetch of this address gives this, the one after it what was scripted next; the last one stays. (An
    /// answer that was scripted by [`FakeOutside::serve`] or [`FakeOutside::refuse`] is replaced.)
    pub fn then(&self, url: &str, result: Result<Vec<u8>, FetchError>) {
        self.lock().documents.entry(url.to_owned()).or_default().push_back(result);
    }

    fn script(&self, url: &str, result: Result<Vec<u8>, FetchError>) {
        self.lock().documents.insert(url.to_owned(), VecDeque::from([result]));
    }

    /// The addresses that were fetched, in order.
    #[must_use]
    pub fn fetched(&self) -> Vec<String> {
        self.lock().fetched.clone()
    }

    /// The e-mails that were sent, in order.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.lock().mails.clone()
    }

    /// The logout tokens that were posted, in order: `(address, token)`.
    #[must_use]
    pub fn logout_tokens(&self) -> Vec<(String, String)> {
        self.lock().logout_tokens.clone()
    }

    /// How often something sealed was to be opened, whether it did or not.
    #[must_use]
    pub fn opened(&self) -> usize {
        self.lock().opened
    }

    /// This part fails from now on.
    pub fn fail(&self, part: Part) {
        self.lock().failing.push(part);
    }

    /// Nothing fails from now on.
    pub fn mend(&self) {
        self.lock().failing.clear();
    }

    /// A new key of this kind signs from now on; the ones before it are still among the public keys.
    ///
    /// # Panics
    /// Never in a process that can make keys.
    pub fn rotate(&self, key: SigningKey) {
        match key {
            SigningKey::Oidc => self.lock().oidc.insert(0, new_p256()),
            SigningKey::Saml => self.lock().saml.insert(0, Arc::new(new_rsa())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds what is outside")
    }

    fn up(&self, part: Part) -> Result<MutexGuard<'_, State>, OutsideError> {
        let state = self.lock();
        if state.failing.contains(&part) {
            return Err(OutsideError { private: format!("{part:?} was told to fail") });
        }
        Ok(state)
    }
}

impl State {
    fn oidc(&mut self) -> &[EcdsaKeyPair] {
        if self.oidc.is_empty() {
            self.oidc.push(new_p256());
        }
        &self.oidc
    }

    /// The first one is the same in the whole process: to make an RSA key takes a while.
    fn saml(&mut self) -> &[Arc<RsaKeyPair>] {
        static FIRST: OnceLock<Arc<RsaKeyPair>> = OnceLock::new();
        if self.saml.is_empty() {
            self.saml.push(FIRST.get_or_init(|| Arc::new(new_rsa())).clone());
        }
        &self.saml
    }
}

fn new_p256() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a P-256 key can be made")
}

fn new_rsa() -> RsaKeyPair {
    RsaKeyPair::generate(KeySize::Rsa2048).expect("an RSA key can be made")
}

fn public_key<K: AsDer<PublicKeyX509Der<'static>>>(key: &K) -> PublicKey {
    let spki = key.as_der().expect("a public key can be written").as_ref().to_vec();
    let hash = digest(&SHA256, &spki);
    PublicKey { id: URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]), spki }
}

/// One sealing key for all: what keeps organizations apart is what is sealed along.
fn sealing_key() -> RandomizedNonceKey {
    RandomizedNonceKey::new(&AES_256_GCM, &[0x5e; 32]).expect("32 bytes are an AES-256 key")
}

impl Sealer for FakeOutside {
    async fn seal(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        plain: &[u8],
    ) -> Result<Vec<u8>, OutsideError> {
        drop(self.up(Part::Sealer)?);
        let mut sealed = plain.to_vec();
        let nonce = sealing_key()
            .seal_in_place_append_tag(Aad::from(organization.bare().as_bytes()), &mut sealed)
            .expect("what fits into memory can be sealed");
        Ok([nonce.as_ref(), sealed.as_slice()].concat())
    }
}

impl Opener for FakeOutside {
    async fn open(
        &self,
        _: &Ctx<'_>,
        organization: &OrganizationId,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OutsideError> {
        self.lock().opened += 1;
        drop(self.up(Part::Opener)?);
        let closed = || OutsideError { private: "it does not open".to_owned() };
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(closed)?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        let aad = Aad::from(organization.bare().as_bytes());
        let nonce = Nonce::from(nonce);
        let length =
            sealing_key().open_in_place(nonce, aad, &mut plain).map_err(|_| closed())?.len();
        plain.truncate(length);
        Ok(plain)
    }
}

impl Signer for FakeOutside {
    async fn sign(
        &self,
        _: &Ctx<'_>,
        key: SigningKey,
        octets: &[u8],
    ) -> Result<Signature, OutsideError> {
        let mut state = self.up(Part::Signer)?;
        let random = SystemRandom::new();
        match key {
            SigningKey::Oidc => {
                let pair = &state.oidc()[0];
                let signature = pair.sign(&random, octets).expect("P-256 signs");
                let key_id = public_key(pair.public_key()).id;
                Ok(Signature { key_id, bytes: signature.as_ref().to_vec() })
            }
            SigningKey::Saml => {
                let pair = state.saml()[0].clone();
                drop(state);
                let mut bytes = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, octets, &mut bytes).expect("RSA signs");
                Ok(Signature { key_id: public_key(pair.public_key()).id, bytes })
            }
        }
    }

    async fn public_keys(
        &self,
        _: &Ctx<'_>,
        key: SigningKey,
    ) -> Result<Vec<PublicKey>, OutsideError> {
        let mut state = self.up(Part::Signer)?;
        Ok(match key {
            SigningKey::Oidc => {
                state.oidc().iter().map(|pair| public_key(pair.public_key())).collect()
            }
            SigningKey::Saml => {
                state.saml().iter().map(|pair| public_key(pair.public_key())).collect()
            }
        })
    }
}

impl Mailer for FakeOutside {
    async fn send(&self, _: &Ctx<'_>, mail: &Mail) -> Result<(), OutsideError> {
        self.up(Part::Mailer)?.mails.push(mail.clone());
        Ok(())
    }
}

impl MetadataFetcher for FakeOutside {
    async fn fetch(&self, _: &Ctx<'_>, url: &str) -> Result<Vec<u8>, FetchError> {
        let mut state = self.lock();
        state.fetched.push(url.to_owned());
        let scripted = state.documents.get_mut(url);
        match scripted {
            Some(results) if results.len() > 1 => results.pop_front().expect("there are two"),
            Some(results) if results.len() == 1 => results[0].clone(),
            _ => Err(FetchError {
                code: "metadata_unreachable",
                detail: format!("Nothing answers at {url}."),
            }),
        }
    }
}

impl LogoutNotifier for FakeOutside {
    async fn notify(&self, _: &Ctx<'_>, uri: &str, logout_token: &str) -> Result<(), OutsideError> {
        let told = (uri.to_owned(), logout_token.to_owned());
        self.up(Part::LogoutNotifier)?.logout_tokens.push(told);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    };

    use super::*;
    use crate::FakeWorld;

    #[tokio::test]
    async fn what_was_sealed_opens_for_the_same_organization_alone() {
        let (world, outside) = (FakeWorld::new(1), FakeOutside::new());
        let ctx = world.ctx();
        let (mine, theirs) = (OrganizationId::new(&world), OrganizationId::new(&world));
        let mut sealed = outside.seal(&ctx, &mine, b"a private key").await.unwrap();
        assert_eq!(*outside.open(&ctx, &mine, &sealed).await.unwrap(), b"a private key");
        assert!(outside.open(&ctx, &theirs, &sealed).await.is_err());
        sealed[20] ^= 1;
        assert!(outside.open(&ctx, &mine, &sealed).await.is_err());
        assert!(outside.open(&ctx, &mine, b"short").await.is_err());
    }

    #[tokio::test]
    async fn signatures_verify_before_and_after_a_rotation() {
        let (world, outside) = (FakeWorld::new(1), FakeOutside::new());
        let ctx = world.ctx();
        for key in [SigningKey::Oidc, SigningKey::Saml] {
            let before = outside.sign(&ctx, key, b"octets").await.unwrap();
            outside.rotate(key);
            let after = outside.sign(&ctx, key, b"octets").await.unwrap();
            let keys = outside.public_keys(&ctx, key).await.unwrap();
            assert_eq!(keys.len(), 2);
            assert_eq!((&keys[0].id, &keys[1].id), (&after.key_id, &before.key_id));
            for (public, signature) in keys.iter().zip([after, before]) {
                let algorithm: &'static dyn aws_lc_rs::signature::VerificationAlgorithm = match key
                {
                    SigningKey::Oidc => &ECDSA_P256_SHA256_ASN1,
                    SigningKey::Saml => &RSA_PKCS1_2048_8192_SHA256,
                };
                let public = ParsedPublicKey::new(algorithm, &public.spki).unwrap();
                assert!(public.verify_sig(b"octets", &signature.bytes).is_ok());
                assert!(public.verify_sig(b"octetz", &signature.bytes).is_err());
            }
        }
    }

    #[tokio::test]
    async fn fetches_follow_the_script_and_what_was_sent_is_kept() {
        let (world, outside) = (FakeWorld::new(1), FakeOutside::new());
        let ctx = world.ctx();
        assert!(outside.fetch(&ctx, "https://a").await.is_err());
        outside.serve("https://a", "one");
        outside.then("https://a", Ok(b"two".to_vec()));
        assert_eq!(outside.fetch(&ctx, "https://a").await.unwrap(), b"one");
        assert_eq!(outside.fetch(&ctx, "https://a").await.unwrap(), b"two");
        assert_eq!(outside.fetch(&ctx, "https://a").await.unwrap(), b"two");
        outside.refuse("https://a", "metadata_not_saml", "No.");
        assert_eq!(outside.fetch(&ctx, "https://a").await.unwrap_err().code, "metadata_not_saml");
        assert_eq!(outside.fetched().len(), 5);
        let mail =
            Mail { to: "ada@example.com".to_owned(), subject: "s".to_owned(), text: String::new() };
        outside.fail(Part::Mailer);
        assert!(outside.send(&ctx, &mail).await.is_err());
        outside.mend();
        outside.send(&ctx, &mail).await.unwrap();
        outside.notify(&ctx, "https://app", "token").await.unwrap();
        assert_eq!(outside.mails(), [mail]);
        assert_eq!(outside.logout_tokens(), [("https://app".to_owned(), "token".to_owned())]);
    }
}

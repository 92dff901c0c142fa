//! A key file: made once, sealed for one organization, signatures that a verifier accepts.

use std::{fs, thread};

use aws_lc_rs::{
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair,
        RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lychgate_aws::Tls;
use lychgate_core::{
    ids::OrganizationId,
    ports::outside::{Opener, Sealer, Signer, SigningKey},
};
use lychgate_outbound::{Endpoints, SEAL_BYTES_MAX, files::FileKeys, opener, sealer, signer};
use lychgate_testkit::FakeWorld;
use serde_json::Value;

use crate::folder::Folder;

fn file_setting(folder: &Folder) -> String {
    format!("file:{}", folder.path().join("keys.json").display())
}

#[tokio::test]
async fn what_is_sealed_opens_for_its_organization_only() {
    let (folder, world) = (Folder::new(), FakeWorld::new(1));
    let (setting, endpoints) = (file_setting(&folder), Endpoints::with(Tls::RING));
    let ctx = world.ctx();
    let sealer = sealer(Some(&setting), &endpoints).unwrap();
    // Another process, later: it reads the same file.
    let opener = opener(Some(&setting), &endpoints).unwrap();
    let (ours, theirs) = (OrganizationId::new(&world), OrganizationId::new(&world));

    let plain = vec![7_u8; SEAL_BYTES_MAX];
    let sealed = sealer.seal(&ctx, &ours, &plain).await.unwrap();
    assert_eq!(*opener.open(&ctx, &ours, &sealed).await.unwrap(), plain);
    assert!(opener.open(&ctx, &theirs, &sealed).await.is_err());
    assert_ne!(sealer.seal(&ctx, &ours, &plain).await.unwrap(), sealed, "a nonce was used twice");

    for index in [0, 1, 13, sealed.len() / 2, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[index] ^= 1;
        assert!(opener.open(&ctx, &ours, &changed).await.is_err(), "byte {index}");
    }
    for length in [0, 1, 12, 13, 28, sealed.len() - 1] {
        assert!(opener.open(&ctx, &ours, &sealed[..length]).await.is_err(), "{length} bytes");
    }
    assert!(sealer.seal(&ctx, &ours, &vec![7; SEAL_BYTES_MAX + 1]).await.is_err());
    assert!(sealer.seal(&ctx, &ours, &[]).await.is_err());

    let elsewhere = Folder::new();
    let stranger = lychgate_outbound::opener(Some(&file_setting(&elsewhere)), &endpoints).unwrap();
    assert!(stranger.open(&ctx, &ours, &sealed).await.is_err());
}

#[tokio::test]
async fn both_kinds_sign_and_the_published_key_verifies() {
    let (folder, world) = (Folder::new(), FakeWorld::new(2));
    let setting = file_setting(&folder);
    let signer = signer(Some(&setting), Some(&setting), &Endpoints::with(Tls::RING)).unwrap();
    let ctx = world.ctx();
    let algorithms: [(SigningKey, &dyn VerificationAlgorithm); 2] = [
        (SigningKey::Oidc, &ECDSA_P256_SHA256_ASN1),
        (SigningKey::Saml, &RSA_PKCS1_2048_8192_SHA256),
    ];
    for (kind, algorithm) in algorithms {
        let public = signer.public_keys(&ctx, kind).await.unwrap();
        assert_eq!(public.len(), 1);
        assert_eq!(public[0].id.len(), 22, "128 bits in base64");
        for octets in [b"".as_slice(), b"header.payload", &[0x5a; 10_000]] {
            let signature = signer.sign(&ctx, kind, octets).await.unwrap();
            assert_eq!(signature.key_id, public[0].id);
            let verifier = UnparsedPublicKey::new(algorithm, &public[0].spki);
            verifier.verify(octets, &signature.bytes).unwrap();
            assert!(verifier.verify(b"something else", &signature.bytes).is_err());
        }
    }
}

#[tokio::test]
async fn a_kind_that_is_not_configured_does_not_sign() {
    let (folder, world) = (Folder::new(), FakeWorld::new(3));
    let signer = signer(Some(&file_setting(&folder)), None, &Endpoints::with(Tls::RING)).unwrap();
    let error = signer.sign(&world.ctx(), SigningKey::Saml, b"x").await.unwrap_err();
    assert_eq!(error.private, "LYCHGATE_SAML_KEY is not set");
}

#[tokio::test]
async fn a_key_in_front_signs_and_the_former_stays_published() {
    let (folder, world) = (Folder::new(), FakeWorld::new(4));
    let ctx = world.ctx();
    let path = folder.path().join("keys.json");
    let before = FileKeys::open(&path).unwrap().public_keys(&ctx, SigningKey::Oidc).await.unwrap();

    let mut content: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let new = STANDARD.encode(pair.to_pkcs8v1().unwrap().as_ref());
    content["oidc"].as_array_mut().unwrap().insert(0, new.into());
    fs::write(&path, content.to_string()).unwrap();

    let keys = FileKeys::open(&path).unwrap();
    let after = keys.public_keys(&ctx, SigningKey::Oidc).await.unwrap();
    assert_eq!(after.len(), 2);
    assert_eq!(after[1], before[0]);
    let signature = keys.sign(&ctx, SigningKey::Oidc, b"x").await.unwrap();
    assert_eq!(signature.key_id, after[0].id);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &after[0].spki)
        .verify(b"x", &signature.bytes)
        .unwrap();
}

#[test]
fn processes_that_start_together_have_the_same_keys() {
    let folder = Folder::new();
    let path = folder.path().join("deeper").join("keys.json");
    let ids: Vec<String> = thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| format!("{:?}", FileKeys::open(&path).unwrap())))
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let left: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "something was left beside the key file");
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let path = folder.path().join("keys.json");
    FileKeys::open(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_damaged_file_is_never_replaced() {
    let folder = Folder::new();
    let path = folder.path().join("keys.json");
    FileKeys::open(&path).unwrap();
    let good: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let rsa = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
    let rsa: aws_lc_rs::encoding::Pkcs8V1Der<'_> =
        aws_lc_rs::encoding::AsDer::as_der(&rsa).unwrap();
    let with = |name: &str, value: Value| {
        let mut content = good.clone();
        content[name] = value;
        content.to_string()
    };
    let wrong = [
        String::new(),
        "{}".to_owned(),
        with("sealing", "AAAA".into()),
        with("sealing", "?".into()),
        with("oidc", Value::Array(Vec::new())),
        with("oidc", Value::Array(vec![good["oidc"][0].clone(); 9])),
        with("oidc", Value::Array(vec![STANDARD.encode(rsa.as_ref()).into()])),
        with("saml", good["oidc"][0].clone()),
        with("more", "x".into()),
        " ".repeat(70_000),
    ];
    for text in wrong {
        fs::write(&path, &text).unwrap();
        let error = FileKeys::open(&path).unwrap_err();
        assert!(error.contains("keys.json"), "{error}");
        assert!(!error.contains(good["sealing"].as_str().unwrap()), "a secret in {error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn keys_are_not_shown() {
    let folder = Folder::new();
    let path = folder.path().join("keys.json");
    let shown = format!("{:?}", FileKeys::open(&path).unwrap());
    let content: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert!(!shown.contains(content["sealing"].as_str().unwrap()));
    assert!(shown.len() < 200, "{shown}");
}

//! What the adapters do with a KMS and an SES that we did not write: `tests/judges/outbound.py` starts them, makes the
//! keys, runs this and checks from the other side what arrived.
//!
//! ```text
//! outside ENDPOINT SEAL_KEY OTHER_SEAL_KEY OIDC_KEYS SAML_KEY SENDER
//! ```
//!
//! Each check is a line, `ok` or `FAIL`; `sealed ORGANIZATION BASE64` is for the other side to open.
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::process::ExitCode;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lychgate_aws::Tls;
use lychgate_core::{
    ids::OrganizationId,
    ports::outside::{
        Mail, Mailer as _, Opener as _, OutsideError, Sealer as _, Signer as _, SigningKey,
    },
};
use lychgate_outbound::{
    AnySigner, Endpoints, SEAL_BYTES_MAX, kms::MESSAGE_BYTES_MAX, mailer, opener, sealer, signer,
};
use lychgate_testkit::FakeWorld;
use sha2::{Digest as _, Sha256};

struct Arguments {
    endpoints: Endpoints,
    seal_key: String,
    other_seal_key: String,
    oidc_keys: String,
    saml_key: String,
    sender: String,
}

fn arguments() -> Option<Arguments> {
    let mut texts = std::env::args().skip(1);
    let endpoint = texts.next()?;
    Some(Arguments {
        endpoints: Endpoints { kms: Some(endpoint.clone()), sesv2: Some(endpoint), tls: Tls::RING },
        seal_key: texts.next()?,
        other_seal_key: texts.next()?,
        oidc_keys: texts.next()?,
        saml_key: texts.next()?,
        sender: texts.next()?,
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        println!("outside ENDPOINT SEAL_KEY OTHER_SEAL_KEY OIDC_KEYS SAML_KEY SENDER");
        return ExitCode::FAILURE;
    };
    let mut failed = 0;
    let checks = [
        ("seal and open", seals(&arguments).await),
        ("sign", signs(&arguments).await),
        ("a key of the wrong kind", wrong_kind(&arguments).await),
        ("mail", mails(&arguments).await),
        ("nobody there", nobody(&arguments).await),
    ];
    for (name, outcome) in checks {
        match outcome {
            Ok(()) => println!("ok   {name}"),
            Err(what) => {
                println!("FAIL {name}: {what}");
                failed += 1;
            }
        }
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

type Outcome = Result<(), String>;

fn holds(condition: bool, what: &str) -> Outcome {
    if condition { Ok(()) } else { Err(what.to_owned()) }
}

fn private(error: OutsideError) -> String {
    error.private
}

async fn seals(arguments: &Arguments) -> Outcome {
    let world = FakeWorld::new(1);
    let ctx = world.ctx();
    let text = |error: lychgate_outbound::ConfigError| error.to_string();
    let sealer = sealer(Some(&arguments.seal_key), &arguments.endpoints).map_err(text)?;
    let opener = |key: &str| opener(Some(key), &arguments.endpoints).map_err(text);
    let ours = opener(&arguments.seal_key)?;
    let (organization, other) = (OrganizationId::new(&world), OrganizationId::new(&world));

    let plain = vec![0x30; SEAL_BYTES_MAX];
    let sealed = sealer.seal(&ctx, &organization, &plain).await.map_err(private)?;
    holds(!sealed.windows(64).any(|window| plain.starts_with(window)), "it is not encrypted")?;
    let opened = ours.open(&ctx, &organization, &sealed).await.map_err(private)?;
    holds(*opened == plain, "something else was opened")?;
    holds(ours.open(&ctx, &other, &sealed).await.is_err(), "another organization opens it")?;
    let stranger = opener(&arguments.other_seal_key)?;
    holds(stranger.open(&ctx, &organization, &sealed).await.is_err(), "another key opens it")?;
    let mut changed = sealed.clone();
    if let Some(last) = changed.last_mut() {
        *last ^= 1;
    }
    holds(ours.open(&ctx, &organization, &changed).await.is_err(), "what was changed opens")?;
    let long = vec![0x30; SEAL_BYTES_MAX + 1];
    holds(sealer.seal(&ctx, &organization, &long).await.is_err(), "too much was sealed")?;
    println!("sealed {} {}", organization.bare(), STANDARD.encode(&sealed));
    Ok(())
}

async fn signs(arguments: &Arguments) -> Outcome {
    let signer =
        signer(Some(&arguments.oidc_keys), Some(&arguments.saml_key), &arguments.endpoints)
            .map_err(|error| error.to_string())?;
    let oidc_keys = arguments.oidc_keys.split(',').count();
    sign(&signer, SigningKey::Oidc, oidc_keys, &ECDSA_P256_SHA256_ASN1).await?;
    sign(&signer, SigningKey::Saml, 1, &RSA_PKCS1_2048_8192_SHA256).await
}

async fn sign(
    signer: &AnySigner,
    kind: SigningKey,
    published: usize,
    algorithm: &'static dyn VerificationAlgorithm,
) -> Outcome {
    let world = FakeWorld::new(2);
    let ctx = world.ctx();
    for length in [1, 500, MESSAGE_BYTES_MAX, MESSAGE_BYTES_MAX + 1] {
        let octets = vec![b'a'; length];
        let signature = signer.sign(&ctx, kind, &octets).await.map_err(private)?;
        let keys = signer.public_keys(&ctx, kind).await.map_err(private)?;
        holds(keys.len() == published, "keys are missing")?;
        let current = keys.first().ok_or("no key")?;
        holds(signature.key_id == current.id, "it was not the current key that signed")?;
        holds(keys.iter().filter(|key| key.id == current.id).count() == 1, "two are the same")?;
        let verifier = UnparsedPublicKey::new(algorithm, &current.spki);
        let good = verifier.verify(&octets, &signature.bytes).is_ok();
        // moto signs a digest as if it were a message. KMS does not, and a moto that is mended will not either.
        let of_digest = length > MESSAGE_BYTES_MAX
            && verifier.verify(&Sha256::digest(&octets), &signature.bytes).is_ok();
        if of_digest {
            println!("note {kind:?}: a digest was signed as a message");
        }
        let what = format!("{kind:?}: the signature of {length} bytes does not verify");
        holds(good || of_digest, &what)?;
        holds(verifier.verify(b"else", &signature.bytes).is_err(), "everything verifies")?;
    }
    Ok(())
}

async fn wrong_kind(arguments: &Arguments) -> Outcome {
    let world = FakeWorld::new(3);
    let first = arguments.oidc_keys.split(',').next();
    let swapped = signer(Some(&arguments.saml_key), first, &arguments.endpoints)
        .map_err(|error| error.to_string())?;
    for (kind, wanted) in [
        (SigningKey::Oidc, "is no ECC_NIST_P256 key with SIGN_VERIFY"),
        (SigningKey::Saml, "is no RSA_2048 key with SIGN_VERIFY"),
    ] {
        match swapped.public_keys(&world.ctx(), kind).await {
            Ok(_) => return Err(format!("{kind:?} takes it")),
            Err(error) => holds(error.private.ends_with(wanted), &error.private)?,
        }
        holds(swapped.sign(&world.ctx(), kind, b"a").await.is_err(), "it signs")?;
    }
    Ok(())
}

async fn mails(arguments: &Arguments) -> Outcome {
    let world = FakeWorld::new(4);
    let ctx = world.ctx();
    let setting = format!("ses:{}", arguments.sender);
    let ours = mailer(Some(&setting), &arguments.endpoints).await;
    let ours = ours.map_err(|error| error.to_string())?;
    let mail = Mail {
        to: "ada@example.com".to_owned(),
        subject: "Wähle ein Passwort".to_owned(),
        text: "Grüße,\nLychgate 🙂\n".to_owned(),
    };
    ours.send(&ctx, &mail).await.map_err(private)?;
    let smuggled = Mail { subject: "Hi\r\nBcc: eve@example.com".to_owned(), ..mail.clone() };
    holds(ours.send(&ctx, &smuggled).await.is_err(), "a header was smuggled in")?;

    let stranger = mailer(Some("ses:nobody@example.net"), &arguments.endpoints).await;
    let stranger = stranger.map_err(|error| error.to_string())?;
    match stranger.send(&ctx, &mail).await {
        Ok(()) => Err("SES sends for an address that it has not verified".to_owned()),
        Err(error) => {
            let said = error.private;
            holds(said.starts_with("ses:SendEmail: ") && !said.contains('@'), &said)
        }
    }
}

/// An endpoint where nobody listens is an error, and soon.
async fn nobody(arguments: &Arguments) -> Outcome {
    let world = FakeWorld::new(5);
    let endpoints =
        Endpoints { kms: Some("http://127.0.0.1:9".to_owned()), ..Endpoints::with(Tls::RING) };
    let sealer =
        sealer(Some(&arguments.seal_key), &endpoints).map_err(|error| error.to_string())?;
    match sealer.seal(&world.ctx(), &OrganizationId::new(&world), b"a").await {
        Ok(_) => Err("somebody sealed".to_owned()),
        Err(error) => holds(error.private.starts_with("kms:Encrypt: "), &error.private),
    }
}

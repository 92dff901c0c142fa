//! Configuration texts: what is accepted, and what a wrong one is told.

use lychgate_aws::Tls;
use lychgate_outbound::{Endpoints, mailer, opener, sealer, signer};

const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

fn seal_key_error(text: Option<&str>) -> String {
    let endpoints = Endpoints::with(Tls::RING);
    let error = sealer(text, &endpoints).err().expect("refused").to_string();
    assert_eq!(opener(text, &endpoints).err().expect("refused").to_string(), error);
    error
}

#[test]
fn a_key_is_an_arn_or_a_file() {
    let endpoints = Endpoints::with(Tls::RING);
    for good in [
        ARN,
        "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab",
        "arn:aws-cn:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    ] {
        assert!(sealer(Some(good), &endpoints).is_ok(), "{good}");
        assert!(opener(Some(good), &endpoints).is_ok(), "{good}");
        assert!(signer(Some(good), None, &endpoints).is_ok(), "{good}");
        assert!(signer(None, Some(good), &endpoints).is_ok(), "{good}");
    }
    for nothing in [None, Some(""), Some("  ")] {
        assert_eq!(
            seal_key_error(nothing),
            "LYCHGATE_SEAL_KEY: must be set to the ARN of a KMS key (arn:aws:kms:…:key/…) or file:<path>"
        );
    }
    for wrong in [
        "alias/lychgate",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:kms:eu-central-1:111122223333:alias/lychgate",
        "arn:aws:kms::111122223333:key/1234abcd",
        "arn:aws:kms:eu-central-1:1111:key/1234abcd",
        "arn:aws:kms:eu-central-1:111122223333:key/",
        "arn:aws:kms:eu-central-1:111122223333:key/a/b",
        "arn:aws:s3:eu-central-1:111122223333:key/1234abcd",
        "/keys.json",
    ] {
        assert_eq!(
            seal_key_error(Some(wrong)),
            format!(
                "LYCHGATE_SEAL_KEY: `{wrong}` is not the ARN of a KMS key (arn:aws:kms:…:key/…) or file:<path>"
            )
        );
    }
    assert_eq!(seal_key_error(Some("file:")), "LYCHGATE_SEAL_KEY: write a path behind file:");
}

#[test]
fn several_keys_are_for_id_tokens_only() {
    let endpoints = Endpoints::with(Tls::RING);
    let other = ARN.replace("1234abcd", "5678abcd");
    let both = format!("{ARN}, {other}");
    assert!(signer(Some(&both), None, &endpoints).is_ok());
    let told = |oidc: Option<&str>, saml: Option<&str>| {
        signer(oidc, saml, &endpoints).err().expect("refused").to_string()
    };
    assert_eq!(told(None, Some(&both)), "LYCHGATE_SAML_KEY: names 2 keys; at most 1");
    assert_eq!(seal_key_error(Some(&both)), "LYCHGATE_SEAL_KEY: names 2 keys; at most 1");
    assert_eq!(
        told(Some(&format!("{ARN},{ARN}")), None),
        format!("LYCHGATE_OIDC_KEYS: names {ARN} twice")
    );
    assert_eq!(
        told(Some(&format!("{ARN},{}", other.replace("eu-central-1", "us-east-1"))), None),
        "LYCHGATE_OIDC_KEYS: names keys of several regions"
    );
    let many: Vec<String> =
        (0..9).map(|n| ARN.replace("1234abcd", &format!("{n}234abcd"))).collect();
    assert_eq!(told(Some(&many.join(",")), None), "LYCHGATE_OIDC_KEYS: names 9 keys; at most 8");
    assert_eq!(
        told(Some(&format!("{ARN},")), None),
        "LYCHGATE_OIDC_KEYS: `` is not ARNs of KMS keys (arn:aws:kms:…:key/…), separated by commas, or file:<path>"
    );
    assert_eq!(
        told(None, Some(" ")),
        "LYCHGATE_OIDC_KEYS: must be set to ARNs of KMS keys (arn:aws:kms:…:key/…), separated by commas, or file:<path>"
    );
}

#[tokio::test]
async fn mail_has_a_sender_or_a_folder() {
    let endpoints = Endpoints::with(Tls::RING);
    for (text, told) in [
        (None, "LYCHGATE_MAIL: must be set to ses:<from address> or folder:<path>"),
        (Some("smtp:x"), "LYCHGATE_MAIL: `smtp:x` is not ses:<from address> or folder:<path>"),
        (
            Some("sso@example.com"),
            "LYCHGATE_MAIL: `sso@example.com` is not ses:<from address> or folder:<path>",
        ),
        (
            Some("ses:Lychgate"),
            "LYCHGATE_MAIL: `Lychgate` is no sender; write an address such as sso@example.com, or Name <sso@example.com>",
        ),
        (Some("folder:"), "LYCHGATE_MAIL: write a path behind folder:"),
    ] {
        let error = mailer(text, &endpoints).await.err().expect("refused");
        assert_eq!(error.to_string(), told);
    }
}

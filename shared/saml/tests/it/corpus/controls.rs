//! What must be accepted: responses in the manner of each IdP, and the counterpart of each family of attacks.

use lychgate_idp::{
    Canonicalization, DataAlgorithm, Digest, Encryption, KeyPlacement, KeyTransport, ResponseSpec,
    Signed,
    markup::Prefixes,
    response::{Attribute, NameId},
};
use serde_json::json;

use super::{Case, accept, forgery::sha1_assertion};
use crate::forge::*;

pub(super) fn cases() -> Vec<Case> {
    [entra(), okta(), google(), others(), signatures(), layouts(), encryptions()].concat()
}

fn signed(spec: &ResponseSpec, signed: Signed) -> String {
    xml(&ResponseSpec { signed, ..spec.clone() })
}

/// A guest of the tenant: the `NameID` is no address, the claim is.
fn entra() -> Vec<Case> {
    let claim =
        |name: &str| format!("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/{name}");
    let microsoft = |name: &str| format!("http://schemas.microsoft.com/identity/claims/{name}");
    let mut spec = ResponseSpec { prefixes: Prefixes::ENTRA, attributes: Vec::new(), ..genuine() };
    let issuer = "https://sts.windows.net/0f8fad5b-d9cb-469f-a165-70867728950e/";
    spec.assertion_issuer = issuer.to_owned();
    spec.response_issuer = Some(issuer.to_owned());
    spec = spec
        .attribute(&microsoft("tenantid"), "0f8fad5b-d9cb-469f-a165-70867728950e")
        .attribute(&microsoft("objectidentifier"), "7c9e6679-7425-40de-944b-e07fc1f90ae7")
        .attribute(&claim("givenname"), "Mallory")
        .attribute(&claim("surname"), "Example")
        .attribute(&claim("emailaddress"), GENUINE)
        .attribute(&claim("name"), GENUINE);
    let mut guest = spec.clone();
    if let Some(name_id) = &mut guest.name_id {
        name_id.value = "mallory_acme.example#EXT#@tenant.example".to_owned();
    }
    let idp = json!({"idp": issuer});
    let source = "captured shape: default namespaces, Assertion signed";
    let case = |name: &str, xml: String| accept("entra", name, xml, source).with(idp.clone());
    vec![
        case("assertion-signed", signed(&spec, Signed::Assertion)),
        case("response-and-assertion-signed", signed(&spec, Signed::Both)),
        case("guest", signed(&guest, Signed::Assertion)),
        case(
            "encrypted",
            xml(&ResponseSpec {
                encryption: Some(Encryption { data: DataAlgorithm::Aes256Cbc, ..to_us() }),
                ..spec
            }),
        )
        .random(),
    ]
}

fn okta() -> Vec<Case> {
    let issuer = "http://www.okta.com/exk1fcia6d6EMsf331d8";
    let mut spec = ResponseSpec { prefixes: Prefixes::OKTA, typed_values: true, ..genuine() };
    spec.assertion_issuer = issuer.to_owned();
    spec.response_issuer = Some(issuer.to_owned());
    for attribute in &mut spec.attributes {
        attribute.name_format =
            Some("urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified".to_owned());
    }
    let source = "captured shape: saml2p, saml2, typed values, PrefixList";
    let case =
        |name: &str, xml: String| accept("okta", name, xml, source).with(json!({"idp": issuer}));
    let encrypted = |data, transport| ResponseSpec {
        encryption: Some(Encryption { data, transport, ..to_us() }),
        signed: Signed::Both,
        ..spec.clone()
    };
    vec![
        case("response-and-assertion-signed", signed(&spec, Signed::Both)),
        case("response-signed", signed(&spec, Signed::Response)),
        case("assertion-signed", signed(&spec, Signed::Assertion)),
        case("encrypted-cbc", xml(&encrypted(DataAlgorithm::Aes256Cbc, KeyTransport::OaepMgf1p)))
            .random(),
        case("encrypted-gcm", xml(&encrypted(DataAlgorithm::Aes256Gcm, KeyTransport::OaepMgf1p)))
            .random(),
    ]
}

fn google() -> Vec<Case> {
    let issuer = "https://accounts.google.com/o/saml2?idpid=C01abc23d";
    let mut spec = ResponseSpec { prefixes: Prefixes::OKTA, signed: Signed::Response, ..genuine() };
    spec.assertion_issuer = issuer.to_owned();
    spec.response_issuer = Some(issuer.to_owned());
    spec.session_not_on_or_after = None;
    spec.attributes.push(Attribute {
        name: "groups".to_owned(),
        name_format: None,
        values: vec!["Engineering".to_owned(), "R&D <Berlin>".to_owned()],
    });
    let case = |name: &str, spec: &ResponseSpec| {
        accept("google", name, xml(spec), "captured shape: Response signed, no encryption")
            .with(json!({"idp": issuer}))
    };
    let mut app_tile = spec.clone();
    app_tile.in_response_to = None;
    app_tile.confirmations[0].in_response_to = None;
    vec![
        case("response-signed", &spec),
        accept("google", "app-tile", xml(&app_tile), "IdP-initiated")
            .with(json!({"idp": issuer, "in_response_to": null, "idp_initiated": true})),
    ]
}

fn others() -> Vec<Case> {
    let mut jumpcloud = genuine();
    jumpcloud.signed = Signed::Both;
    jumpcloud.assertion_issuer = AUDIENCE.to_owned();
    jumpcloud.response_issuer = Some(AUDIENCE.to_owned());
    jumpcloud.name_id = Some(NameId {
        value: GENUINE.to_owned(),
        format: Some("email".to_owned()),
        name_qualifier: None,
        sp_name_qualifier: None,
    });
    let auth0 = ResponseSpec {
        encryption: Some(Encryption {
            data: DataAlgorithm::Aes256Cbc,
            transport: KeyTransport::OaepAsAuth0,
            ..to_us()
        }),
        ..genuine()
    };
    let pysaml2 = ResponseSpec {
        namespaces_on_response: true,
        encryption: Some(Encryption { data: DataAlgorithm::Aes128Cbc, ..to_us() }),
        ..genuine()
    };
    let shibboleth = ResponseSpec {
        prefixes: Prefixes::OKTA,
        signed: Signed::Response,
        encryption: Some(Encryption {
            data: DataAlgorithm::Aes128Gcm,
            placement: KeyPlacement::Beside,
            ..to_us()
        }),
        ..genuine()
    };
    vec![
        accept(
            "jumpcloud",
            "entity-id-equals-ours",
            xml(&jumpcloud),
            "IdP entity ID as ours; NameID format is no URN",
        )
        .with(json!({"idp": AUDIENCE})),
        accept("auth0", "encrypted", xml(&auth0), "a digest URI that does not exist").random(),
        accept(
            "pysaml2",
            "encrypted-prefixes-on-response",
            xml(&pysaml2),
            "interop: prefixes declared only on the Response",
        )
        .random(),
        accept(
            "pysaml2",
            "plain-prefixes-on-response",
            xml(&ResponseSpec { namespaces_on_response: true, signed: Signed::Both, ..genuine() }),
            "interop: prefixes declared only on the Response",
        ),
        accept(
            "shibboleth",
            "encrypted-response-signed",
            xml(&shibboleth),
            "interop: EncryptedKey beside the data",
        )
        .random(),
    ]
}

fn signatures() -> Vec<Case> {
    let base = genuine();
    let source = "S6: RSA and ECDSA with SHA-256 or better";
    let case = |name: &str, spec: ResponseSpec| accept("signature", name, xml(&spec), source);
    let digest = |digest| ResponseSpec { signature_digest: digest, digest, ..base.clone() };
    let inclusive = |signed| ResponseSpec {
        canonicalization: Canonicalization::Inclusive,
        signed,
        ..base.clone()
    };
    let by = |name: &str| base.xml(&key(name)).unwrap();
    let p384 = digest(Digest::Sha384).xml(&key("idp-p384")).unwrap();
    vec![
        case("rsa-sha256", base.clone()),
        case("rsa-sha384", digest(Digest::Sha384)),
        case("rsa-sha512", digest(Digest::Sha512)),
        case("inclusive-assertion", inclusive(Signed::Assertion)),
        case("inclusive-response", inclusive(Signed::Response)),
        case("inclusive-both", inclusive(Signed::Both)),
        case("no-keyinfo", ResponseSpec { key_info: false, ..base.clone() }),
        accept("signature", "next-key-of-a-rollover", by("idp-next-rsa"), source),
        accept("signature", "ecdsa-p256", by("idp-p256"), source).random(),
        accept("signature", "ecdsa-p384", p384, source).random(),
        accept(
            "signature",
            "sha1-by-exception",
            around(&sha1_assertion(&base)),
            "an exception of the connection, with an end",
        )
        .with(json!({"sha1_until": "2026-11-22T09:30:01Z"})),
        accept(
            "signature",
            "empty-uri-on-the-response",
            empty_uri(),
            "XML Signature 4.4.3.2: the whole document",
        ),
    ]
}

/// Signatures as libraries lay them out: indented, wrapped, with more prefixes than needed, with an `Id`.
fn layouts() -> Vec<Case> {
    let spec = genuine();
    let key = idp();
    let signer = spec.signer(&key);
    let source = "interop: what XML libraries write";
    let good = genuine_assertion();
    let wrapped = |name: &str, text: &str| {
        let element = part(text, name);
        let (tag, value) = element.split_once('>').unwrap();
        let value = value.split_once('<').unwrap().0;
        let lines: Vec<&str> =
            (0..value.len()).step_by(64).map(|at| &value[at..value.len().min(at + 64)]).collect();
        replace(text, element, &format!("{tag}>\n{}\n</{name}>", lines.join("\n")))
    };
    let lines = wrapped("ds:X509Certificate", &wrapped("ds:SignatureValue", &good));
    let info = signed_info(&spec)
        .replace("><ds:", ">\n    <ds:")
        .replace("></ds:Transforms>", ">\n  </ds:Transforms>");
    let info = info
        .replace("<ds:DigestValue>", "<ds:DigestValue>\n")
        .replace("</ds:DigestValue>", "\n</ds:DigestValue>");
    // An empty element has its white space signed away here: start and end tag meet again.
    let info = info.replace(">\n    </ds:", "></ds:");
    let indented = signer.seal(&info, "").unwrap();
    let bare = canonical(&spec);
    let prefixes = {
        let digest = spec.digest.of(bare.as_bytes());
        let reference = signer.reference(&spec.assertion_id, &digest, Some("#default xs ds saml"));
        signer.seal(&signer.signed_info(&reference).unwrap(), "").unwrap()
    };
    let no_key_value = without(&good, "ds:KeyInfo");
    let key_name = before_last(
        &no_key_value,
        "</ds:Signature>",
        "<ds:KeyInfo><ds:KeyName>idp</ds:KeyName></ds:KeyInfo>",
    );
    vec![
        accept("signature", "base64-in-lines", around(&lines), source),
        accept("signature", "indented", around(&signed_with(&bare, &indented)), source),
        accept(
            "signature",
            "prefixes-that-are-not-there",
            around(&signed_with(&bare, &prefixes)),
            source,
        ),
        accept(
            "signature",
            "with-an-id",
            around(&replace(&good, "<ds:Signature ", "<ds:Signature Id=\"_sig\" ")),
            source,
        ),
        accept("signature", "key-name-only", around(&key_name), source),
    ]
}

/// A signed Response whose reference has an empty URI.
fn empty_uri() -> String {
    let spec = ResponseSpec { signed: Signed::Nothing, ..genuine() };
    let bare = xml(&spec);
    let key = idp();
    let signer = spec.signer(&key);
    let reference = signer.reference("", &spec.digest.of(bare.as_bytes()), None);
    let signature = signer.seal(&signer.signed_info(&reference).unwrap(), "").unwrap();
    signed_with(&bare, &signature)
}

fn encryptions() -> Vec<Case> {
    let source = "S6: AES-CBC and AES-GCM with RSA-OAEP";
    let all = [
        ("aes128-cbc-oaep", DataAlgorithm::Aes128Cbc, KeyTransport::OaepMgf1p),
        ("aes256-cbc-oaep-sha256", DataAlgorithm::Aes256Cbc, KeyTransport::OaepSha256),
        ("aes128-gcm-oaep", DataAlgorithm::Aes128Gcm, KeyTransport::OaepMgf1p),
        ("aes256-gcm-oaep-sha256", DataAlgorithm::Aes256Gcm, KeyTransport::OaepSha256),
    ];
    let mut cases: Vec<Case> = all
        .into_iter()
        .map(|(name, data, transport)| {
            let encryption = Some(Encryption { data, transport, ..to_us() });
            accept("encryption", name, xml(&ResponseSpec { encryption, ..genuine() }), source)
                .random()
        })
        .collect();
    let beside = Encryption { placement: KeyPlacement::Beside, ..to_us() };
    let rsa_1_5 = Encryption { transport: KeyTransport::Rsa15, ..to_us() };
    let to_old_key = Encryption::new(pem("sp-encryption-old.crt.pem"), [0x21; 48]);
    let to = |encryption| xml(&ResponseSpec { encryption: Some(encryption), ..genuine() });
    cases.push(accept("encryption", "key-beside", to(beside), source).random());
    cases.push(
        accept(
            "encryption",
            "to-the-older-certificate",
            to(to_old_key),
            "S5: certificates overlap",
        )
        .random(),
    );
    cases.push(
        accept("encryption", "rsa-1-5-by-exception", to(rsa_1_5), "an exception of the connection")
            .random()
            .with(json!({"rsa_1_5": true})),
    );
    cases
}

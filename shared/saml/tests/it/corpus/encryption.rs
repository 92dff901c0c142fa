//! E. Encryption: everybody has our public key, so what is encrypted to us proves nothing.

use lychgate_idp::{
    DataAlgorithm, Encryption, KeyPlacement, KeyTransport, ResponseSpec, Signed,
    markup::{Prefixes, SAML},
};
use serde_json::json;

use super::{Case, reject};
use crate::forge::*;

const GHES: &str = "CVE-2024-9487, CVE-2024-4985 (GHES)";

pub(super) fn cases() -> Vec<Case> {
    let all = [unsigned(), mixed(), keys(), forms(), plaintexts()].concat();
    all.into_iter().map(Case::random).collect()
}

fn encrypted(plain: &str) -> String {
    to_us().encrypted_assertion(plain, Prefixes::COMMON).unwrap()
}

fn cbc() -> Encryption {
    Encryption { data: DataAlgorithm::Aes256Cbc, ..to_us() }
}

fn unsigned() -> Vec<Case> {
    let own = ResponseSpec { signed: Signed::Both, encryption: Some(to_us()), ..evil() };
    vec![
        reject("unsigned-encrypted", "gcm", around(&encrypted(&evil_assertion())), GHES),
        reject(
            "unsigned-encrypted",
            "cbc",
            around(&cbc().encrypted_assertion(&evil_assertion(), Prefixes::COMMON).unwrap()),
            GHES,
        ),
        reject("own-signed-encrypted", "both", own.xml(&attacker()).unwrap(), GHES),
        reject(
            "own-signed-encrypted",
            "assertion",
            ResponseSpec { signed: Signed::Assertion, ..own }.xml(&attacker()).unwrap(),
            GHES,
        ),
    ]
}

fn mixed() -> Vec<Case> {
    let (good, bad) = (genuine_assertion(), evil_assertion());
    let (good_e, bad_e) = (encrypted(&good), encrypted(&bad));
    let signed = xml(&ResponseSpec { signed: Signed::Response, ..genuine() });
    let signature = part(&good, SIGNATURE);
    let wrapped = encrypted(&signed_with(
        &bad,
        &before_last(
            signature,
            "</ds:Signature>",
            &format!("<ds:Object>{}</ds:Object>", without(&good, SIGNATURE)),
        ),
    ));
    let stolen = encrypted(&signed_with(&bad, signature));
    let advice = behind(&bad, "</saml:Conditions>", &format!("<saml:Advice>{good}</saml:Advice>"));
    vec![
        reject(
            "encryption-mix",
            "evil-encrypted-genuine-plain",
            around(&format!("{bad_e}{good}")),
            GHES,
        ),
        reject(
            "encryption-mix",
            "genuine-plain-evil-encrypted",
            around(&format!("{good}{bad_e}")),
            GHES,
        ),
        reject("encryption-mix", "both-encrypted", around(&format!("{bad_e}{good_e}")), GHES),
        reject(
            "encryption-mix",
            "genuine-in-extensions",
            with_extensions(&around(&bad_e), &good),
            GHES,
        ),
        reject(
            "encryption-mix",
            "genuine-encrypted-in-extensions",
            with_extensions(&around(&bad_e), &good_e),
            GHES,
        ),
        reject(
            "encryption-mix",
            "evil-plain-genuine-encrypted-in-extensions",
            with_extensions(&around(&bad), &good_e),
            GHES,
        ),
        reject(
            "encryption-mix",
            "swapped-in-a-signed-response",
            with(&signed, ASSERTION, &bad_e),
            GHES,
        ),
        reject(
            "encryption-mix",
            "added-to-a-signed-response",
            before_last(&signed, "</samlp:Response>", &bad_e),
            GHES,
        ),
        reject("encryption-mix", "genuine-in-the-object-of-evil", around(&wrapped), GHES),
        reject("encryption-mix", "signature-of-another", around(&stolen), GHES),
        reject("encryption-mix", "genuine-in-advice-of-evil", around(&encrypted(&advice)), GHES),
    ]
}

fn keys() -> Vec<Case> {
    let elsewhere = Encryption::new(pem("sp-encryption-other.crt.pem"), [0x33; 48]);
    let to =
        |encryption: Encryption| xml(&ResponseSpec { encryption: Some(encryption), ..genuine() });
    let rsa_1_5 = Encryption { transport: KeyTransport::Rsa15, ..to_us() };
    let good = to(to_us());
    let key = part(part(&good, "xenc:EncryptedKey"), "xenc:CipherValue");
    let other = if key.contains(">A") { ">B" } else { ">A" };
    let (tag, value) = key.split_once('>').unwrap();
    let flipped = replace(&good, key, &format!("{tag}{other}{}", &value[1..]));
    let data = cut(&good, "xenc:EncryptedKey").2;
    let value = part(data, "xenc:CipherValue");
    let short = replace(&good, value, "<xenc:CipherValue>AAAA</xenc:CipherValue>");
    let key_value = part(&good, "xenc:CipherValue");
    let short_key = replace(&good, key_value, "<xenc:CipherValue>AAAA</xenc:CipherValue>");
    vec![
        reject("re-wrapping", "to-another-tenant", to(elsewhere), "service level"),
        reject("re-wrapping", "no-key-here", good.clone(), "service level")
            .with(json!({"decryption": []})),
        reject("rsa-1-5", "off", to(rsa_1_5), "Jager, Schinzel, Somorovsky, ESORICS 2012"),
        reject("bad-ciphertext", "key-first-byte", flipped, "Jager, Somorovsky, CCS 2011"),
        reject("bad-ciphertext", "data-too-short", short, "Jager, Somorovsky, CCS 2011"),
        reject("bad-ciphertext", "key-too-short", short_key, "Jager, Somorovsky, CCS 2011"),
    ]
}

fn forms() -> Vec<Case> {
    let good = xml(&ResponseSpec { encryption: Some(to_us()), ..genuine() });
    let data = cut(&good, "xenc:EncryptedKey").2;
    let data = part(data, "xenc:CipherData").to_owned();
    let reference = "<xenc:CipherData><xenc:CipherReference URI=\"https://attacker.example/data\"></xenc:CipherReference></xenc:CipherData>";
    let retrieval = "<ds:RetrievalMethod Type=\"http://www.w3.org/2001/04/xmlenc#EncryptedKey\" URI=\"https://attacker.example/key\"></ds:RetrievalMethod>";
    let beside = xml(&ResponseSpec {
        encryption: Some(Encryption { placement: KeyPlacement::Beside, ..to_us() }),
        ..genuine()
    });
    let gcm = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
    let with_method = |uri: &str| replace(&good, gcm, uri);
    let id = encrypted(part(&genuine_assertion(), "saml:NameID"))
        .replace("EncryptedAssertion", "EncryptedID")
        .replace(&format!(" xmlns:saml=\"{SAML}\""), "");
    let with_id = ResponseSpec { signed: Signed::Nothing, ..genuine() }.assertion(&idp()).unwrap();
    let with_id = with(&with_id, "saml:NameID", &id);
    let spec = ResponseSpec { signed: Signed::Response, ..genuine() };
    let key_twice = part(&good, "xenc:EncryptedKey").repeat(64);
    let source = "XML Encryption 1.1 §5; SSRF";
    vec![
        reject("cipher-reference", "data", replace(&good, &data, reference), source),
        reject("cipher-reference", "key", with(&good, "xenc:CipherData", reference), source),
        reject("retrieval-method", "to-a-url", with(&good, "xenc:EncryptedKey", retrieval), source),
        reject(
            "retrieval-method",
            "to-a-url-key-beside",
            replace(&beside, "#_key-1", "https://attacker.example/key"),
            source,
        ),
        reject(
            "encryption-form",
            "triple-des",
            with_method("http://www.w3.org/2001/04/xmlenc#tripledes-cbc"),
            source,
        ),
        reject("encryption-form", "unknown-cipher", with_method("urn:x"), source),
        reject(
            "encryption-form",
            "says-cbc-is-gcm",
            with_method("http://www.w3.org/2001/04/xmlenc#aes256-cbc"),
            source,
        ),
        reject(
            "encryption-form",
            "says-another-key-length",
            with_method("http://www.w3.org/2009/xmlenc11#aes128-gcm"),
            source,
        ),
        reject("encryption-form", "no-key", without(&good, "xenc:EncryptedKey"), source),
        reject("encryption-form", "no-data", replace(&good, &data, ""), source),
        reject(
            "encryption-form",
            "many-keys",
            with(&good, "xenc:EncryptedKey", &key_twice),
            "work",
        ),
        reject(
            "encryption-form",
            "encrypted-name-id",
            spec.around(&with_id, &idp()).unwrap(),
            "SAML Core 2.2.4: not taken",
        ),
    ]
}

/// Genuine ciphertexts of strange plaintexts. What is decrypted stands where the encrypted element stood and nowhere else.
fn plaintexts() -> Vec<Case> {
    let bad = evil_assertion();
    let good = genuine_assertion();
    let escape = format!(
        "{good}</samlp:Response><samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\">{bad}"
    );
    let inside = format!("{good}<!--");
    let nested = encrypted(&good);
    let case = |name: &str, plain: &str| {
        reject("plaintext", name, around(&encrypted(plain)), "what was decrypted is not believed")
    };
    vec![
        case("not-xml", "owner@acme.example"),
        case("empty", ""),
        case("doctype", &format!("<!DOCTYPE r>{good}")),
        case("declaration", &format!("<?xml version=\"1.0\"?>{good}")),
        case("two-roots", &format!("{good}{bad}")),
        case("two-roots-evil-first", &format!("{bad}{good}")),
        case("closes-the-response", &escape),
        case("opens-a-comment", &inside),
        case("a-response", &xml(&genuine())),
        case("encrypted-again", &nested),
        case("an-attribute-statement", part(&good, "saml:AttributeStatement")),
        reject("plaintext", "utf-16", around(&utf16(&good)), "only UTF-8 is taken"),
    ]
}

fn utf16(plain: &str) -> String {
    let wide: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    // ASCII in UTF-16 is valid UTF-8 with a null behind each character.
    encrypted(&String::from_utf8(wide).unwrap())
}

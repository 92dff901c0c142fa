//! B. Signatures left out, made by others, or of another kind than the key's owner meant.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lychgate_idp::{Canonicalization, Digest, ResponseSpec, Signed, markup::DS};
use serde_json::json;

use super::{Case, reject};
use crate::forge::*;

const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";

pub(super) fn cases() -> Vec<Case> {
    [
        stripped(),
        altered(),
        other_keys(),
        hmac_confusion(),
        weak(),
        two_signed_infos(),
        digest_comments(),
        void_canonicalization(),
        transforms(),
        comments_signed(),
        references(),
    ]
    .concat()
}

fn stripped() -> Vec<Case> {
    let good = xml(&genuine());
    let foreign = good.replace(&format!("xmlns:ds=\"{DS}\""), "xmlns:ds=\"urn:not-a-signature\"");
    let all = [
        ("no-signature", without(&good, SIGNATURE)),
        ("no-signature-evil", around(&evil_assertion())),
        ("no-signature-value", without(&good, "ds:SignatureValue")),
        (
            "empty-signature-value",
            with(&good, "ds:SignatureValue", "<ds:SignatureValue></ds:SignatureValue>"),
        ),
        ("no-reference", without(&good, "ds:Reference")),
        ("no-digest-value", without(&good, "ds:DigestValue")),
        ("empty-digest-value", with(&good, "ds:DigestValue", "<ds:DigestValue></ds:DigestValue>")),
        ("no-signed-info", without(&good, SIGNED_INFO)),
        ("empty-signature", with(&good, SIGNATURE, &format!("<ds:Signature xmlns:ds=\"{DS}\"/>"))),
        ("another-namespace", foreign),
        ("no-uri", replace(&good, " URI=\"#_a-1\"", "")),
        ("no-signature-method", without(&good, "ds:SignatureMethod")),
        ("no-canonicalization-method", without(&good, "ds:CanonicalizationMethod")),
        ("no-assertion-id", replace(&good, " ID=\"_a-1\"", "")),
        ("empty-assertion-id", replace(&good, " ID=\"_a-1\"", " ID=\"\"")),
    ];
    all.into_iter().map(|(name, xml)| reject("stripping", name, xml, "classic")).collect()
}

/// The plainest of all: something that was signed is not what it was.
fn altered() -> Vec<Case> {
    let all = [
        (
            "name-id",
            Signed::Assertion,
            format!(">{GENUINE}</saml:NameID>"),
            format!(">{EVIL}</saml:NameID>"),
        ),
        (
            "attribute",
            Signed::Assertion,
            format!(">{GENUINE}</saml:AttributeValue>"),
            format!(">{EVIL}</saml:AttributeValue>"),
        ),
        ("audience", Signed::Assertion, AUDIENCE.to_owned(), AUDIENCE.replace("acme", "globex")),
        (
            "in-signed-response",
            Signed::Response,
            format!(">{GENUINE}</saml:NameID>"),
            format!(">{EVIL}</saml:NameID>"),
        ),
        (
            "destination-of-signed-response",
            Signed::Response,
            " Destination=".to_owned(),
            " Consent=\"x\" Destination=".to_owned(),
        ),
        (
            "white-space",
            Signed::Assertion,
            "<saml:Subject>".to_owned(),
            "<saml:Subject> ".to_owned(),
        ),
        (
            "attribute-added",
            Signed::Assertion,
            "<saml:Subject>".to_owned(),
            "<saml:Subject a=\"b\">".to_owned(),
        ),
        (
            "signed-info",
            Signed::Assertion,
            "Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"".to_owned(),
            "Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha512\"".to_owned(),
        ),
    ];
    all.into_iter()
        .map(|(name, signed, from, to)| {
            let xml = replace(&xml(&ResponseSpec { signed, ..genuine() }), &from, &to);
            reject("altered", name, xml, "classic")
        })
        .collect()
}

fn other_keys() -> Vec<Case> {
    let evil = ResponseSpec { signed: Signed::Both, ..evil() };
    let own = evil.xml(&attacker()).unwrap();
    let silent = ResponseSpec { key_info: false, ..evil.clone() }.xml(&attacker()).unwrap();
    let theirs = STANDARD.encode(attacker().certificate());
    let claimed = own.replace(&theirs, &STANDARD.encode(idp().certificate()));
    let location = "<ds:KeyInfo><ds:RetrievalMethod URI=\"https://attacker.example/key\"></ds:RetrievalMethod></ds:KeyInfo>";
    let source = "classic; node-saml fixtures";
    vec![
        reject("keyinfo-confusion", "a-attackers-certificate", own.clone(), source),
        reject("keyinfo-confusion", "b-no-keyinfo", silent, source),
        reject("keyinfo-confusion", "c-idps-certificate", claimed, source),
        reject(
            "keyinfo-confusion",
            "d-retrieval-method",
            with(&own, "ds:KeyInfo", location),
            source,
        ),
        reject(
            "keyinfo-confusion",
            "ecdsa-key-of-the-attacker",
            evil.xml(&key("attacker-p256")).unwrap(),
            source,
        )
        .random(),
        reject(
            "other-tenants-key",
            "its-idp-signs-our-issuer",
            evil.xml(&key("other-idp-rsa")).unwrap(),
            "service level",
        ),
    ]
}

/// An algorithm never chooses the key: a public key is no secret.
fn hmac_confusion() -> Vec<Case> {
    let evil = evil();
    let method = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
    let info = replace(&signed_info(&evil), RSA_SHA256, method);
    let certificate = idp().certificate().to_vec();
    let text = std::fs::read(data("keys").join("idp-rsa.crt.pem")).unwrap();
    let public = idp().public_key().to_vec();
    let sign = |secret: &[u8], info: &str| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), octets(info).as_bytes())
            .as_ref()
            .to_vec()
    };
    let truncated = replace(
        &info,
        &format!("<ds:SignatureMethod Algorithm=\"{method}\">"),
        &format!(
            "<ds:SignatureMethod Algorithm=\"{method}\"><ds:HMACOutputLength>8</ds:HMACOutputLength>"
        ),
    );
    let short = sign(&certificate, &truncated)[..1].to_vec();
    let case = |class: &str, name: &str, info: &str, value: &[u8], source: &str| {
        reject(class, name, around(&assertion_signed(&evil, info, value)), source)
    };
    let confusion = "algorithm confusion, as with JWT";
    vec![
        case("hmac-confusion", "keyed-with-pem", &info, &sign(&text, &info), confusion),
        case("hmac-confusion", "keyed-with-der", &info, &sign(&certificate, &info), confusion),
        case("hmac-confusion", "keyed-with-public-key", &info, &sign(&public, &info), confusion),
        case("hmac-confusion", "keyed-with-nothing", &info, &sign(b"", &info), confusion),
        case("hmac-truncation", "eight-bits", &truncated, &short, "CVE-2009-0217"),
    ]
}

fn weak() -> Vec<Case> {
    let spec = genuine();
    let sha1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
    let signature = sha1_assertion(&spec);
    let info = signed_info(&spec);
    let ecdsa = replace(&info, RSA_SHA256, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256");
    let with_method = |method: &str| {
        let info = replace(&info, RSA_SHA256, method);
        let value = idp().sign(Digest::Sha256, octets(&info).as_bytes()).unwrap();
        around(&assertion_signed(&spec, &info, &value))
    };
    let value = idp().sign(Digest::Sha256, octets(&ecdsa).as_bytes()).unwrap();
    vec![
        reject("sha1", "signature", around(&signature), "policy"),
        reject(
            "sha1",
            "digest",
            xml(&ResponseSpec { digest: Digest::Sha1, ..spec.clone() }),
            "policy",
        ),
        reject("sha1", "exception-has-ended", around(&signature), "policy")
            .with(json!({"sha1_until": "2026-11-22T09:29:59Z"})),
        reject(
            "weak-algorithm",
            "dsa",
            with_method("http://www.w3.org/2000/09/xmldsig#dsa-sha1"),
            "policy",
        ),
        reject(
            "weak-algorithm",
            "md5",
            with_method("http://www.w3.org/2001/04/xmldsig-more#rsa-md5"),
            "policy",
        ),
        reject("weak-algorithm", "none", with_method("none"), "policy"),
        reject("weak-algorithm", "says-sha1-is-sha256", with_method(sha1), "policy"),
        reject(
            "weak-algorithm",
            "ecdsa-with-an-rsa-key",
            around(&assertion_signed(&spec, &ecdsa, &value)),
            "policy",
        ),
    ]
}

/// An assertion signed with RSA-SHA1 by the IdP.
pub(super) fn sha1_assertion(spec: &ResponseSpec) -> String {
    let info =
        replace(&signed_info(spec), RSA_SHA256, "http://www.w3.org/2000/09/xmldsig#rsa-sha1");
    assertion_signed(spec, &info, &rsa_sha1(&idp(), octets(&info).as_bytes()))
}

/// A forged `SignedInfo` whose digest is the attacker's, beside the genuine one whose signature holds.
fn two_signed_infos() -> Vec<Case> {
    let good = genuine_assertion();
    let evil = replace(&evil_assertion(), "_a-evil", "_a-1");
    let genuine_info = part(&good, SIGNED_INFO).to_owned();
    let digest = Digest::Sha256.of(evil.as_bytes());
    let forged = with(
        &genuine_info,
        "ds:DigestValue",
        &format!("<ds:DigestValue>{digest}</ds:DigestValue>"),
    );
    let signature = part(&good, SIGNATURE);
    let arrange = |infos: &str| around(&signed_with(&evil, &with(signature, SIGNED_INFO, infos)));
    let source = "CVE-2025-29774 (xml-crypto)";
    let wrapped = format!("<x>{forged}</x>{genuine_info}");
    let in_key_info = before_last(&good, "</ds:KeyInfo>", &forged);
    let inside = format!("{forged}<ds:Object>{genuine_info}</ds:Object>");
    vec![
        reject(
            "two-signed-info",
            "forged-before",
            arrange(&format!("{forged}{genuine_info}")),
            source,
        ),
        reject(
            "two-signed-info",
            "forged-behind",
            arrange(&format!("{genuine_info}{forged}")),
            source,
        ),
        reject("two-signed-info", "forged-wrapped", arrange(&wrapped), source),
        reject("two-signed-info", "forged-in-key-info", around(&in_key_info), source),
        reject("two-signed-info", "genuine-in-object", arrange(&inside), source),
    ]
}

fn digest_comments() -> Vec<Case> {
    let good = genuine_assertion();
    let evil = replace(&evil_assertion(), "_a-evil", "_a-1");
    let theirs = Digest::Sha256.of(evil.as_bytes());
    let signature = part(&good, SIGNATURE);
    let ours = part(signature, "ds:DigestValue").to_owned();
    let source = "CVE-2025-29775 (xml-crypto)";
    let with_digest = |text: String| around(&signed_with(&evil, &replace(signature, &ours, &text)));
    let put = |mark: String| {
        with_digest(replace(&ours, "<ds:DigestValue>", &format!("<ds:DigestValue>{mark}")))
    };
    vec![
        reject("digest-comments", "comment-before", put(format!("<!--{theirs}-->")), source),
        reject("digest-comments", "instruction-before", put(format!("<?x {theirs}?>")), source),
        reject("digest-comments", "element-before", put(format!("<x>{theirs}</x>")), source),
        reject(
            "digest-comments",
            "in-the-signature-value",
            around(&replace(&good, "<ds:SignatureValue>", "<ds:SignatureValue><!--AAAA-->")),
            source,
        ),
    ]
}

/// A canonicalization that fails gives no octets, and the digest of nothing is known to everybody.
fn void_canonicalization() -> Vec<Case> {
    let evil = evil();
    let nothing = Digest::Sha256.of(b"");
    let key = idp();
    let signer = evil.signer(&key);
    let info = signer.signed_info(&signer.reference(&evil.assertion_id, &nothing, None)).unwrap();
    let over_nothing = key.sign(Digest::Sha256, b"").unwrap();
    let over_info = key.sign(Digest::Sha256, octets(&info).as_bytes()).unwrap();
    let void =
        |xml: String| around(&replace(&xml, "<saml:Assertion ", "<saml:Assertion xmlns:q=\"1\" "));
    let in_info =
        |xml: String| replace(&void(xml), "<ds:SignedInfo>", "<ds:SignedInfo xmlns:r=\"2\">");
    let source = "CVE-2025-66568 (ruby-saml); The Fragile Lock, 2025";
    vec![
        reject(
            "void-canonicalization",
            "digest-of-nothing",
            void(assertion_signed(&evil, &info, &over_info)),
            source,
        ),
        reject(
            "void-canonicalization",
            "signature-over-nothing",
            in_info(assertion_signed(&evil, &info, &over_nothing)),
            source,
        ),
    ]
}

/// Genuinely signed, all of them: what a transform makes of the document is not what the application reads.
fn transforms() -> Vec<Case> {
    let spec = genuine();
    let exclusive = Canonicalization::Exclusive.uri();
    let enveloped = lychgate_idp::signature::ENVELOPED;
    let transform = |uri: &str, content: &str| {
        format!("<ds:Transform Algorithm=\"{uri}\">{content}</ds:Transform>")
    };
    let signed = |transforms: &str, digested: &str| {
        let info = with(
            &signed_info(&spec),
            "ds:Transforms",
            &format!("<ds:Transforms>{transforms}</ds:Transforms>"),
        );
        let digest =
            format!("<ds:DigestValue>{}</ds:DigestValue>", Digest::Sha256.of(digested.as_bytes()));
        let info = with(&info, "ds:DigestValue", &digest);
        let value = idp().sign(Digest::Sha256, octets(&info).as_bytes()).unwrap();
        assertion_signed(&spec, &info, &value)
    };
    let usual = transform(enveloped, "") + &transform(exclusive, "");
    let whole = canonical(&spec);
    let xpath = transform(
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "<ds:XPath>not(ancestor-or-self::saml:Subject)</ds:XPath>",
    );
    let subset = signed(
        &(transform(enveloped, "") + &xpath + &transform(exclusive, "")),
        &without(&whole, "saml:Subject"),
    );
    let xslt = transform(
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\"></xsl:stylesheet>",
    );
    let base64 = transform("http://www.w3.org/2000/09/xmldsig#base64", "");
    let filter = transform("http://www.w3.org/2002/06/xmldsig-filter2", "");
    let source = "XML Signature Best Practices, W3C 2013; SAML Raider";
    vec![
        reject("transforms", "xpath", around(&signed(&(xpath + &usual), &whole)), source),
        reject("transforms", "xpath-leaves-the-subject-out", around(&subset), source),
        reject("transforms", "xslt", around(&signed(&(xslt + &usual), &whole)), source),
        reject("transforms", "base64", around(&signed(&(usual.clone() + &base64), &whole)), source),
        reject("transforms", "filter", around(&signed(&(filter + &usual), &whole)), source),
        reject(
            "transforms",
            "unknown",
            around(&signed(&(usual.clone() + &transform("urn:x", "")), &whole)),
            source,
        ),
        reject(
            "transforms",
            "a-hundred",
            around(&signed(
                &(transform(enveloped, "") + &transform(exclusive, "").repeat(100)),
                &whole,
            )),
            source,
        ),
    ]
}

fn comments_signed() -> Vec<Case> {
    let case = |name: &str, canonicalization| {
        let xml = xml(&ResponseSpec { canonicalization, ..genuine() });
        reject("c14n-with-comments", name, xml, "a comment would be signed and never read")
    };
    vec![
        case("exclusive", Canonicalization::ExclusiveWithComments),
        case("inclusive", Canonicalization::InclusiveWithComments),
    ]
}

/// The IdP signs, with a reference to something else than the element around the Signature; or the Signature holds more
/// than it should.
fn references() -> Vec<Case> {
    let spec = genuine();
    let key = idp();
    let digest = spec.digest.of(canonical(&spec).as_bytes());
    let to = |uri: &str| {
        let info = replace(&signed_info(&spec), "URI=\"#_a-1\"", &format!("URI=\"{uri}\""));
        let value = key.sign(Digest::Sha256, octets(&info).as_bytes()).unwrap();
        around(&assertion_signed(&spec, &info, &value))
    };
    let good = xml(&spec);
    let extra = |text: &str| before_last(&good, "</ds:Signature>", text);
    let reversed = {
        let info = signed_info(&spec);
        let transforms = part(&info, "ds:Transforms");
        let first = part(transforms, "ds:Transform");
        let turned = before_last(&without(transforms, "ds:Transform"), "</ds:Transforms>", first);
        let info = replace(&info, transforms, &turned);
        let value = key.sign(Digest::Sha256, octets(&info).as_bytes()).unwrap();
        around(&assertion_signed(&spec, &info, &value))
    };
    let manifest = format!(
        "<ds:Object><ds:Manifest><ds:Reference URI=\"#_a-1\"><ds:DigestMethod Algorithm=\"{}\"/><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:Manifest></ds:Object>",
        Digest::Sha256.uri()
    );
    let case = |name: &str, xml: String| {
        reject("reference", name, xml, "SAML Core 5.4.2; genuinely signed")
    };
    vec![
        case("to-the-document", to("")),
        case("to-the-response", to("#_r-1")),
        case("to-an-element-that-is-not-there", to("#_a-2")),
        case("to-a-pointer", to("#xpointer(id('_a-1'))")),
        case("to-the-root-pointer", to("#xpointer(/)")),
        case("to-a-url", to("https://attacker.example/assertion.xml")),
        case("to-a-file", to("file:///etc/hostname")),
        case("transforms-in-another-order", reversed),
        case("an-object-beside", extra("<ds:Object>x</ds:Object>")),
        case("a-manifest-beside", extra(&manifest)),
        case("key-info-twice", extra("<ds:KeyInfo><ds:KeyName>x</ds:KeyName></ds:KeyInfo>")),
        case("an-element-of-another-namespace", extra("<x xmlns=\"urn:x\"/>")),
    ]
}

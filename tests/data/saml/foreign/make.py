#!/usr/bin/env python3
"""Makes the files beside it anew: `pip install xmlsec lxml cryptography`, then `make.py FOLDER`.

Signed and encrypted by libxmlsec1, which shares no code with our verifier. Keys are made for this and thrown away; that
of the service provider is kept, for a test has to decrypt.
"""
import datetime
import pathlib
import sys

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree

DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
EXC = "http://www.w3.org/2001/10/xml-exc-c14n#"
INC = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"

# The assertion's prefixes are declared on the Response only, and xs is used in a value only.
RESPONSE = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" \
xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xs="http://www.w3.org/2001/XMLSchema" \
xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ID="_r" Version="2.0" IssueInstant="2026-11-22T09:30:00Z" \
Destination="https://sp.example/saml/consume/acme">
  <saml:Issuer>https://idp.example</saml:Issuer>
  <samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
  <saml:Assertion ID="_a" Version="2.0" IssueInstant="2026-11-22T09:30:00Z">
    <saml:Issuer>https://idp.example</saml:Issuer>
    <saml:Subject>
      <saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">zo\u00eb@acme.example</saml:NameID>
    </saml:Subject>
    <saml:AttributeStatement>
      <saml:Attribute Name="note"><saml:AttributeValue xsi:type="xs:string">a &lt; b &amp;&#13;
c</saml:AttributeValue></saml:Attribute>
    </saml:AttributeStatement>
  </saml:Assertion>
</samlp:Response>
"""


def certificate(key, name):
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    start = datetime.datetime(2026, 11, 22)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(start).not_valid_after(start + datetime.timedelta(days=3650))
    return builder.sign(key, hashes.SHA256())


def pem(thing):
    if hasattr(thing, "public_bytes"):
        return thing.public_bytes(serialization.Encoding.PEM)
    return thing.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def signed(key, path, method, digest, transform, prefixes=None, text=RESPONSE):
    """The response with a signature in the element at `path`, after its Issuer."""
    root = etree.fromstring(text.encode())
    target = root if path == "." else root.find(path, {"saml": "urn:oasis:names:tc:SAML:2.0:assertion"})
    canonicalization = f'<ds:CanonicalizationMethod Algorithm="{transform or INC}"/>'
    inclusive = f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="{prefixes}"/>' if prefixes else ""
    second = f'<ds:Transform Algorithm="{transform}">{inclusive}</ds:Transform>' if transform else ""
    template = f"""<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo>{canonicalization}\
<ds:SignatureMethod Algorithm="{method}"/><ds:Reference URI="#{target.get('ID')}"><ds:Transforms>\
<ds:Transform Algorithm="{DS}enveloped-signature"/>{second}</ds:Transforms><ds:DigestMethod Algorithm="{digest}"/>\
<ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>"""
    signature = etree.fromstring(template)
    target.insert(1, signature)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pem(key), xmlsec.constants.KeyDataFormatPem)
    context.register_id(target, "ID")
    context.sign(signature)
    return etree.tostring(root, encoding="unicode")


def genuine_but_refused(key, references, inside=""):
    """A signature that holds, in the assertion, of a form that SAML does not need. libxmlsec1 is asked to verify it."""
    root = etree.fromstring(RESPONSE.encode())
    assertion = root.find("saml:Assertion", {"saml": "urn:oasis:names:tc:SAML:2.0:assertion"})
    template = f"""<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="{EXC}"/>\
<ds:SignatureMethod Algorithm="{MORE}rsa-sha256"/>"""
    for uri, transforms in references:
        transforms = "".join(f'<ds:Transform Algorithm="{uri}">{inner}</ds:Transform>' for uri, inner in transforms)
        template += f"""<ds:Reference URI="{uri}"><ds:Transforms>{transforms}</ds:Transforms>\
<ds:DigestMethod Algorithm="{XENC}sha256"/><ds:DigestValue/></ds:Reference>"""
    signature = etree.fromstring(template + f"</ds:SignedInfo><ds:SignatureValue/>{inside}</ds:Signature>")
    assertion.insert(1, signature)
    for step in ("sign", "verify"):
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(pem(key), xmlsec.constants.KeyDataFormatPem)
        for element in (root, assertion):
            context.register_id(element, "ID")
        getattr(context, step)(signature)
    return etree.tostring(root, encoding="unicode")


def encrypted(text, sp, data, transport, parameters="", beside=False):
    root = etree.fromstring(text.encode())
    assertion = root.find("{urn:oasis:names:tc:SAML:2.0:assertion}Assertion")
    value = "<xenc:CipherData><xenc:CipherValue/></xenc:CipherData>"
    key = f"""<xenc:EncryptedKey xmlns:xenc="{XENC}" Id="_k"><xenc:EncryptionMethod Algorithm="{transport}">\
{parameters}</xenc:EncryptionMethod>{value}</xenc:EncryptedKey>"""
    template = etree.fromstring(
        f"""<xenc:EncryptedData xmlns:xenc="{XENC}" Type="{XENC}Element"><xenc:EncryptionMethod Algorithm="{data}"/>\
<ds:KeyInfo xmlns:ds="{DS}">{key}</ds:KeyInfo>{value}</xenc:EncryptedData>"""
    )
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(pem(sp), xmlsec.constants.KeyDataFormatPem))
    context = xmlsec.EncryptionContext(manager)
    bits = 128 if "128" in data else 192 if "tripledes" in data else 256
    kind = xmlsec.constants.KeyDataDes if "tripledes" in data else xmlsec.constants.KeyDataAes
    context.key = xmlsec.Key.generate(kind, bits, xmlsec.constants.KeyDataTypeSession)
    encrypted = context.encrypt_xml(template, assertion)
    wrapper = etree.Element("{urn:oasis:names:tc:SAML:2.0:assertion}EncryptedAssertion")
    encrypted.getparent().replace(encrypted, wrapper)
    wrapper.append(encrypted)
    if beside:
        key = next(encrypted.iter(f"{{{XENC}}}EncryptedKey"))
        info = key.getparent()
        method = etree.SubElement(info, f"{{{DS}}}RetrievalMethod", URI="#_k", Type=f"{XENC}EncryptedKey")
        method.tail = None
        wrapper.append(key)
    return etree.tostring(root, encoding="unicode")


def main():
    folder = pathlib.Path(sys.argv[1])
    idp = {
        "rsa": rsa.generate_private_key(65537, 2048),
        "p256": ec.generate_private_key(ec.SECP256R1()),
        "p384": ec.generate_private_key(ec.SECP384R1()),
        "p521": ec.generate_private_key(ec.SECP521R1()),
    }
    weak = rsa.generate_private_key(65537, 1024)
    (folder / "idp-rsa1024.pem").write_bytes(pem(certificate(weak, "idp rsa1024")))
    sp = rsa.generate_private_key(65537, 2048)
    for name, key in idp.items():
        (folder / f"idp-{name}.pem").write_bytes(pem(certificate(key, f"idp {name}")))
    (folder / "sp.pem").write_bytes(pem(certificate(sp, "sp")))
    (folder / "sp-key.pem").write_bytes(pem(sp))
    sha256, sha384, sha512, sha1 = XENC + "sha256", MORE + "sha384", XENC + "sha512", DS + "sha1"
    assertion = "saml:Assertion"
    files = {
        "rsa-sha256": signed(idp["rsa"], assertion, MORE + "rsa-sha256", sha256, EXC),
        "rsa-sha256-response": signed(idp["rsa"], ".", MORE + "rsa-sha256", sha256, EXC),
        "rsa-sha384-prefixes": signed(idp["rsa"], assertion, MORE + "rsa-sha384", sha384, EXC, "xs #default"),
        "rsa-sha512-inclusive": signed(idp["rsa"], assertion, MORE + "rsa-sha512", sha512, INC),
        "rsa-sha256-no-second-transform": signed(idp["rsa"], assertion, MORE + "rsa-sha256", sha256, None),
        "rsa-sha1": signed(idp["rsa"], assertion, DS + "rsa-sha1", sha1, EXC),
        "ecdsa-sha256-p256": signed(idp["p256"], assertion, MORE + "ecdsa-sha256", sha256, EXC),
        "ecdsa-sha512-p256": signed(idp["p256"], assertion, MORE + "ecdsa-sha512", sha256, EXC),
        "ecdsa-sha384-p384": signed(idp["p384"], assertion, MORE + "ecdsa-sha384", sha384, EXC),
        "ecdsa-sha512-p521": signed(idp["p521"], assertion, MORE + "ecdsa-sha512", sha512, EXC),
        "sha256-rsa-mgf1": signed(
            idp["rsa"], assertion, "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", sha256, EXC
        ),
    }
    both = signed(idp["rsa"], ".", MORE + "rsa-sha256", sha256, EXC, text=files["rsa-sha256"])
    files["rsa-sha256-both"] = both
    plain, mgf1p, oaep = files["rsa-sha256"], XENC + "rsa-oaep-mgf1p", XENC11 + "rsa-oaep"
    mixed = f'<ds:DigestMethod xmlns:ds="{DS}" Algorithm="{sha256}"/>'
    same = mixed + f'<e:MGF xmlns:e="{XENC11}" Algorithm="{XENC11}mgf1sha256"/>'
    files |= {
        "aes128-cbc": encrypted(plain, sp, XENC + "aes128-cbc", mgf1p),
        "aes256-cbc-beside": encrypted(plain, sp, XENC + "aes256-cbc", mgf1p, beside=True),
        "aes128-gcm": encrypted(plain, sp, XENC11 + "aes128-gcm", mgf1p),
        "aes256-gcm-oaep-sha256": encrypted(plain, sp, XENC11 + "aes256-gcm", oaep, same),
        "aes256-gcm-mixed": encrypted(plain, sp, XENC11 + "aes256-gcm", mgf1p, mixed),
        "aes256-cbc-rsa-1_5": encrypted(plain, sp, XENC + "aes256-cbc", XENC + "rsa-1_5"),
        "tripledes": encrypted(plain, sp, XENC + "tripledes-cbc", mgf1p),
    }
    enveloped, exclusive = (DS + "enveloped-signature", ""), (EXC, "")
    xpath = f"""<ds:XPath xmlns:ds="{DS}" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">\
not(ancestor-or-self::saml:Subject)</ds:XPath>"""
    without_subject = ("http://www.w3.org/TR/1999/REC-xpath-19991116", xpath)
    key = idp["rsa"]
    files |= {
        "refused-xpath": genuine_but_refused(key, [("#_a", [enveloped, without_subject])]),
        "refused-xpath-third": genuine_but_refused(key, [("#_a", [enveloped, without_subject, exclusive])]),
        "refused-with-comments": genuine_but_refused(key, [("#_a", [enveloped, (EXC + "WithComments", "")])]),
        "refused-two-references": genuine_but_refused(key, [("#_a", [enveloped, exclusive])] * 2),
        "refused-signs-what-is-around-it": genuine_but_refused(key, [("#_r", [enveloped, exclusive])]),
        "refused-signs-the-document": genuine_but_refused(key, [("", [enveloped, exclusive])]),
        "refused-object": genuine_but_refused(
            key, [("#_a", [enveloped, exclusive])], f'<ds:Object xmlns:ds="{DS}">anything</ds:Object>'
        ),
    }
    for name, text in files.items():
        (folder / f"{name}.xml").write_text(text)


if __name__ == "__main__":
    main()

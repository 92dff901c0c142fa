"""Responses signed by signxml and encrypted by xmlsec, for saml_idps.py.

What the two real identity providers cannot be told to do: every algorithm that we say we take, inclusive
canonicalization, a PrefixList, keys of several kinds in one metadata, RSA-OAEP with SHA-256. The messages are written
here; signature and encryption are the libraries'.
"""

import base64
import datetime
import http.server
import pathlib
import secrets
import threading
import urllib.parse
import xml.sax.saxutils
import zlib

import signxml
import xmlsec
from lxml import etree
from signxml import CanonicalizationMethod, DigestAlgorithm, SignatureMethod

import certificate
from saml_sign_in import Case, IdentityProvider, Organization

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
EXCLUSIVE = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
INCLUSIVE = CanonicalizationMethod.CANONICAL_XML_1_0
LIFETIME = datetime.timedelta(minutes=5)

# How it is signed: key, signature, digest, canonicalization.
SIGNATURES = {
    "rsa-sha256": ("rsa", SignatureMethod.RSA_SHA256, DigestAlgorithm.SHA256, EXCLUSIVE),
    "rsa-sha384": ("rsa", SignatureMethod.RSA_SHA384, DigestAlgorithm.SHA384, EXCLUSIVE),
    "rsa-sha512": ("rsa", SignatureMethod.RSA_SHA512, DigestAlgorithm.SHA512, EXCLUSIVE),
    "rsa-pss-sha256": ("rsa", SignatureMethod.SHA256_RSA_MGF1, DigestAlgorithm.SHA256, EXCLUSIVE),
    "ecdsa-p256-sha256": ("p256", SignatureMethod.ECDSA_SHA256, DigestAlgorithm.SHA256, EXCLUSIVE),
    "ecdsa-p384-sha384": ("p384", SignatureMethod.ECDSA_SHA384, DigestAlgorithm.SHA384, EXCLUSIVE),
    "ecdsa-p384-sha512": ("p384", SignatureMethod.ECDSA_SHA512, DigestAlgorithm.SHA512, EXCLUSIVE),
    "inclusive": ("rsa", SignatureMethod.RSA_SHA256, DigestAlgorithm.SHA256, INCLUSIVE),
    "stranger": ("stranger", SignatureMethod.RSA_SHA256, DigestAlgorithm.SHA256, EXCLUSIVE),
    "hmac": ("hmac", SignatureMethod.HMAC_SHA256, DigestAlgorithm.SHA256, EXCLUSIVE),
    "sha1 digest": ("rsa", SignatureMethod.RSA_SHA256, DigestAlgorithm.SHA1, EXCLUSIVE),
    "comments": (
        "rsa", SignatureMethod.RSA_SHA256, DigestAlgorithm.SHA256,
        CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0_WITH_COMMENTS),
}
ENCRYPTIONS = {
    "aes128-cbc": (xmlsec.constants.TransformAes128Cbc, xmlsec.constants.KeyDataAes, 128),
    "aes256-cbc": (xmlsec.constants.TransformAes256Cbc, xmlsec.constants.KeyDataAes, 256),
    "aes128-gcm": (xmlsec.constants.TransformAes128Gcm, xmlsec.constants.KeyDataAes, 128),
    "aes256-gcm": (xmlsec.constants.TransformAes256Gcm, xmlsec.constants.KeyDataAes, 256),
    "aes256-gcm, RSA-OAEP 1.1 of SHA-256": (xmlsec.constants.TransformAes256Gcm, xmlsec.constants.KeyDataAes, 256),
    "rsa-1.5": (xmlsec.constants.TransformAes256Gcm, xmlsec.constants.KeyDataAes, 256),
}
PREFIX_LIST = "a PrefixList, by xmlsec"  # signxml's own does not verify with xmlsec either
TAKEN = [PREFIX_LIST] + [name for name in SIGNATURES if name not in ("stranger", "hmac", "sha1 digest", "comments")]
CASES = [
    *[Case(f"{name}, {sign} signed", "idp", sign, signature=name) for name in TAKEN for sign in ("assertion", "response")],
    *[Case(f"{name} by xmlsec", "idp", "assertion", name) for name in ENCRYPTIONS if name != "rsa-1.5"],
    # XML Encryption §4.4: the wrapper's declarations are in scope where the plaintext stands.
    Case("prefix declared on EncryptedAssertion alone", "idp", "assertion", "aes256-gcm", wrong="prefix"),
    Case("RSA 1.5 key transport", "idp", "assertion", "rsa-1.5", code="weak_algorithm", says="OAEP"),
    Case("a stranger's key, the right certificate in KeyInfo", "idp", signature="stranger", code="bad_signature"),
    Case("HMAC with the certificate as its key", "idp", signature="hmac", code="weak_algorithm"),
    Case("SHA-1 as digest", "idp", signature="sha1 digest", code="weak_algorithm"),
    Case("canonicalization with comments", "idp", signature="comments", code="bad_signature_form"),
]


def text(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Signxml(IdentityProvider):
    name = "signxml"

    def __init__(self, folder: str):
        kinds = {"rsa": None, "p256": certificate.p256(), "p384": certificate.p384(), "stranger": None}
        made = {kind: certificate.make(folder, kind, key) for kind, key in kinds.items()}
        self.keys = {kind: pathlib.Path(key).read_bytes() for kind, (key, _) in made.items()}
        self.certificates = {kind: pathlib.Path(path).read_text() for kind, (_, path) in made.items()}
        self.keys["hmac"] = self.certificates["rsa"].encode()
        self.encrypt_to: dict[str, bytes] = {}
        self.orders: dict = {}
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.base_url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def metadata(self) -> str:
        def descriptor(kind):
            bare = "".join(self.certificates[kind].splitlines()[1:-1])
            return (
                f'<KeyDescriptor use="signing"><KeyInfo xmlns="{DS}"><X509Data><X509Certificate>{bare}'
                "</X509Certificate></X509Data></KeyInfo></KeyDescriptor>")

        return (
            f'<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{self.base_url}/metadata">'
            f'<IDPSSODescriptor protocolSupportEnumeration="{SAMLP}">{"".join(map(descriptor, ("rsa", "p256", "p384")))}'
            '<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" '
            f'Location="{self.base_url}/sso"/></IDPSSODescriptor></EntityDescriptor>')

    def learn(self, organization: Organization):
        root = etree.fromstring(organization.metadata().encode())
        found = root.find(f".//{{{DS}}}X509Certificate")
        lines = "".join(found.text.split())
        self.encrypt_to[organization.entity_id] = (
            f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n".encode())

    def tell(self, orders: dict):
        self.orders = orders

    def tile(self, organization: Organization) -> str:
        return f"{self.base_url}/start?{urllib.parse.urlencode({'sp': organization.entity_id, 'acs': organization.acs})}"

    def response(self, sp: str, acs: str, request: str | None) -> bytes:
        orders, now = self.orders, datetime.datetime.now(datetime.timezone.utc)
        audience = "https://somebody-else.example/metadata" if orders.get("wrong") == "audience" else sp
        answers = f' InResponseTo="{request}"' if request else ""
        issuer = f'<saml:Issuer xmlns:saml="{SAML}">{self.base_url}/metadata</saml:Issuer>'
        user = xml.sax.saxutils.escape(orders["user"])
        # `xs` is declared where no name uses it, as IdPs do for xsi:type. xmlsec encrypts the text of the Assertion as it
        # stands: `saml`, declared around it, is not declared in the plaintext.
        outside = "" if orders.get("wrong") == "prefix" else f' xmlns:saml="{SAML}"'
        root = etree.fromstring(
            f'<samlp:Response xmlns:samlp="{SAMLP}"{outside} xmlns:xs="http://www.w3.org/2001/XMLSchema" ID="_{secrets.token_hex(16)}" '
            f'Version="2.0" IssueInstant="{text(now)}" Destination="{acs}"{answers}>{issuer}'
            '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
            f'<saml:Assertion xmlns:saml="{SAML}" ID="_{secrets.token_hex(16)}" Version="2.0" IssueInstant="{text(now)}">'
            f'{issuer}<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">{user}'
            '</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f'<saml:SubjectConfirmationData NotOnOrAfter="{text(now + LIFETIME)}" Recipient="{acs}"{answers}/>'
            f'</saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{text(now - LIFETIME)}" '
            f'NotOnOrAfter="{text(now + LIFETIME)}"><saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience>'
            f'</saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{text(now)}">'
            "<saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
            "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>"
            '<saml:Attribute Name="Email"><saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:type="xs:string">{user}</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>'
            "</saml:Assertion></samlp:Response>".encode())
        if orders["sign"] in ("assertion", "both"):
            assertion = root.find(f"{{{SAML}}}Assertion")
            root.replace(assertion, self.signed(assertion))
        if orders.get("encrypt"):
            self.encrypt(root, self.encrypt_to[sp], orders["encrypt"])
        if orders["sign"] in ("response", "both"):
            root = self.signed(root)
        return etree.tostring(root)

    def signed(self, element):
        how = self.orders.get("signature", "rsa-sha256")
        if how == PREFIX_LIST:
            return self.signed_by_xmlsec(element, ["xs", "saml"])
        kind, signature, digest, c14n = SIGNATURES[how]
        # Its place, after the Issuer, is the schema's.
        place = etree.Element(f"{{{DS}}}Signature", Id="placeholder", nsmap={"ds": DS})
        element.insert(1, place)
        signer = Signer(signature_algorithm=signature, digest_algorithm=digest, c14n_algorithm=c14n)
        return signer.sign(
            element, key=self.keys[kind], cert=self.certificates["rsa" if kind in ("stranger", "hmac") else kind],
            reference_uri=f"#{element.get('ID')}")

    def signed_by_xmlsec(self, element, prefixes: list[str]):
        place = xmlsec.template.create(
            element, xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformRsaSha256, ns="ds")
        element.insert(1, place)
        reference = xmlsec.template.add_reference(
            place, xmlsec.constants.TransformSha256, uri=f"#{element.get('ID')}")
        xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
        canonical = xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
        xmlsec.template.transform_add_c14n_inclusive_namespaces(canonical, prefixes)
        xmlsec.tree.add_ids(element, ["ID"])
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(self.keys["rsa"], xmlsec.constants.KeyDataFormatPem)
        context.sign(place)
        return element

    @staticmethod
    def encrypt(root, to: bytes, name: str):
        transform, key_data, bits = ENCRYPTIONS[name]
        assertion = root.find(f"{{{SAML}}}Assertion")
        wrapped = etree.Element(f"{{{SAML}}}EncryptedAssertion", nsmap={"saml": SAML})
        root.replace(assertion, wrapped)
        # Encrypted where it stands, so that its namespaces stay what they were when it was signed.
        wrapped.append(assertion)
        template = xmlsec.template.encrypted_data_create(wrapped, transform, type=xmlsec.EncryptionType.ELEMENT, ns="xenc")
        xmlsec.template.encrypted_data_ensure_cipher_value(template)
        key_info = xmlsec.template.encrypted_data_ensure_key_info(template, ns="ds")
        transport = xmlsec.constants.TransformRsaPkcs1 if name == "rsa-1.5" else xmlsec.constants.TransformRsaOaep
        encrypted_key = xmlsec.template.add_encrypted_key(key_info, transport)
        xmlsec.template.encrypted_data_ensure_cipher_value(encrypted_key)
        if name.endswith("SHA-256"):
            method = encrypted_key.find(f"{{{XENC}}}EncryptionMethod")
            method.set("Algorithm", f"{XENC11}rsa-oaep")
            etree.SubElement(method, f"{{{DS}}}DigestMethod", Algorithm=f"{XENC}sha256")
            etree.SubElement(method, f"{{{XENC11}}}MGF", Algorithm=f"{XENC11}mgf1sha256")
        manager = xmlsec.KeysManager()
        manager.add_key(xmlsec.Key.from_memory(to, xmlsec.constants.KeyDataFormatCertPem))
        context = xmlsec.EncryptionContext(manager)
        context.key = xmlsec.Key.generate(key_data, bits, xmlsec.constants.KeyDataTypeSession)
        encrypted = context.encrypt_xml(template, assertion)
        if encrypted.getparent() is not wrapped:
            wrapped.append(encrypted)

    def handler(self):
        idp = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                given = dict(urllib.parse.parse_qsl(url.query))
                if url.path == "/sso":
                    request = request_of(given["SAMLRequest"])
                    given = {"acs": request.get("AssertionConsumerServiceURL"), "sp": request.findtext(f"{{{SAML}}}Issuer")}
                    made = idp.response(given["sp"], given["acs"], request.get("ID"))
                else:
                    made = idp.response(given["sp"], given["acs"], None)
                page = (
                    f'<form method="post" action="{xml.sax.saxutils.escape(given["acs"])}">'
                    f'<input type="hidden" name="SAMLResponse" value="{base64.b64encode(made).decode()}"></form>')
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(page.encode())

            def log_message(self, *_):
                pass

        return Handler


class Signer(signxml.XMLSigner):
    """signxml's, also for what it advises against: those are the cases that must be refused."""

    def check_deprecated_methods(self):
        pass


def request_of(parameter: str):
    """The AuthnRequest of a Redirect."""
    return etree.fromstring(zlib.decompress(base64.b64decode(parameter), -15))

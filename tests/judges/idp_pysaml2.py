"""pysaml2's identity provider (with xmlsec1), for saml_idps.py.

It answers on a port of the loopback. It has learned us from our own metadata, reads our AuthnRequests itself, and takes
the certificate to encrypt to from there. What it encrypts with is no setting of pysaml2's (it is 3DES always), so the
method that encrypts is replaced by one that names an algorithm.
"""

import html
import http.server
import logging
import threading
import urllib.parse
import warnings

warnings.filterwarnings("ignore", module="saml2")  # what its own dependencies will drop one day

import saml2
from saml2 import entity, saml, server
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_EMAILADDRESS, NameID
from saml2.sigver import get_pem_wrapped_unwrapped, make_temp, pre_encryption_part
from saml2.xmldsig import DIGEST_SHA1, DIGEST_SHA256, SIG_RSA_SHA1, SIG_RSA_SHA256

import certificate
from saml_sign_in import IdentityProvider, Organization

ENCRYPTIONS = {  # the algorithm, and the session key as xmlsec1 calls it
    "aes128-cbc": ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "aes-128"),
    "aes256-cbc": ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", "aes-256"),
    "aes128-gcm": ("http://www.w3.org/2009/xmlenc11#aes128-gcm", "aes-128"),
    "aes256-gcm": ("http://www.w3.org/2009/xmlenc11#aes256-gcm", "aes-256"),
}
SIGNATURES = {"rsa-sha256": (SIG_RSA_SHA256, DIGEST_SHA256), "rsa-sha1": (SIG_RSA_SHA1, DIGEST_SHA1)}
AUTHN = {"class_ref": saml.AUTHN_PASSWORD_PROTECTED, "authn_auth": "judge"}


class Server(server.Server):
    """pysaml2's, with a choice of what it encrypts with."""

    encryption = "3des"

    def _encrypt_assertion(self, encrypt_cert, sp_entity_id, response, node_xpath=None):
        if self.encryption == "3des":
            return super()._encrypt_assertion(encrypt_cert, sp_entity_id, response, node_xpath)
        algorithm, session_key = ENCRYPTIONS[self.encryption]
        name, found = self.metadata.certs(sp_entity_id, "any", "encryption")[0]
        wrapped, bare = get_pem_wrapped_unwrapped(found)
        file = make_temp(wrapped.encode("ascii"), decode=False)
        template = pre_encryption_part(msg_enc=algorithm, key_name=name, encrypt_cert=bare)
        return self.sec.encrypt_assertion(response, file.name, template, session_key, node_xpath)


class Pysaml2(IdentityProvider):
    name = "pysaml2"

    def __init__(self, folder: str):
        logging.getLogger("saml2").setLevel(logging.CRITICAL)
        self.key, self.certificate = certificate.make(folder, "pysaml2")
        self.learned: list[str] = []
        self.orders: dict = {}
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.base_url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        self.server = self.configured()

    def configured(self) -> Server:
        endpoint = f"{self.base_url}/sso"
        config = IdPConfig().load({
            "entityid": f"{self.base_url}/metadata",
            "key_file": self.key,
            "cert_file": self.certificate,
            "metadata": {"inline": self.learned} if self.learned else {},
            "service": {"idp": {
                "endpoints": {"single_sign_on_service": [
                    (endpoint, saml2.BINDING_HTTP_REDIRECT), (endpoint, saml2.BINDING_HTTP_POST)]},
                "name_id_format": [NAMEID_FORMAT_EMAILADDRESS],
                "policy": {"default": {
                    "lifetime": {"minutes": -30 if self.orders.get("wrong") == "expired" else 15},
                    "attribute_restrictions": None,
                    "name_form": saml.NAME_FORMAT_URI,
                }},
            }},
        })
        return Server(config=config)

    def metadata(self) -> str:
        return str(entity_descriptor(self.server.config))

    def learn(self, organization: Organization):
        self.learned.append(organization.metadata())
        self.server = self.configured()

    def tell(self, orders: dict):
        self.orders = orders
        self.server = self.configured()

    def tile(self, organization: Organization) -> str:
        return f"{self.base_url}/start?{urllib.parse.urlencode({'sp': organization.entity_id, 'acs': organization.acs})}"

    def response(self, sp: str, acs: str, in_response_to: str | None) -> str:
        orders, wrong = self.orders, self.orders.get("wrong")
        sign_algorithm, digest_algorithm = SIGNATURES[orders.get("signature", "rsa-sha256")]
        encryption = orders.get("encrypt")
        self.server.encryption = encryption or "3des"
        return str(self.server.create_authn_response(
            identity={"mail": orders["user"], "givenName": "Ada", "sn": "Byron"},
            in_response_to="_somebody-elses-request" if wrong == "in_response_to" else in_response_to,
            destination=acs,
            sp_entity_id="https://somebody-else.example/metadata" if wrong == "audience" else sp,
            name_id=NameID(format=NAMEID_FORMAT_EMAILADDRESS, text=orders["user"]),
            authn=AUTHN,
            sign_response=orders["sign"] in ("response", "both"),
            sign_assertion=orders["sign"] in ("assertion", "both"),
            encrypt_assertion=encryption is not None,
            sign_alg=sign_algorithm,
            digest_alg=digest_algorithm,
        ))

    def handler(self):
        idp = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                self.answer(url.path, dict(urllib.parse.parse_qsl(url.query)), saml2.BINDING_HTTP_REDIRECT)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self.answer(self.path, dict(urllib.parse.parse_qsl(body)), saml2.BINDING_HTTP_POST)

            def answer(self, path, given, binding):
                if path == "/start":
                    self.form(given["acs"], idp.response(given["sp"], given["acs"], None), None)
                    return
                request = idp.server.parse_authn_request(given["SAMLRequest"], binding)
                told = idp.server.response_args(request.message, [saml2.BINDING_HTTP_POST])
                xml = idp.response(told["sp_entity_id"], told["destination"], told["in_response_to"])
                self.form(told["destination"], xml, given.get("RelayState"))

            def form(self, acs, xml, relay_state):
                page = entity.http_form_post_message(xml, acs, relay_state or "", "SAMLResponse")["data"]
                self.page(200, page)

            def page(self, status, page):
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(page.encode())

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except Exception as error:  # what the IdP cannot do, the browser shows
                    self.page(500, f"<pre>{html.escape(repr(error))}</pre>")

            def log_message(self, *_):
                pass

        return Handler

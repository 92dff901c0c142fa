"""SimpleSAMLphp as an identity provider, for saml_idps.py: PHP's own web server runs it, with a configuration that is written
here. People sign in at its form (exampleauth:UserPass). It reads its files with every request, so orders are files.
"""

import dataclasses
import json
import pathlib
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import certificate
from idp_samlp import encryption_certificate
from saml_sign_in import ACS_TIMEOUT_SECS, IdentityProvider, Organization, Page, Wrong
from saml_sign_in import CASES as SHARED_CASES
from with_server import free_port

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / ".venv" / "simplesamlphp" / "usr" / "share" / "simplesamlphp"
START_SECS_MAX = 20
PASSWORD = "judge"
EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
SIGNATURES = {
    "rsa-sha256": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "rsa-sha1": "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
}
# The only choice that it leaves an administrator is whether to encrypt.
ENCRYPTS_WITH = "aes128-cbc"
# What the answer is made of, changed on its way: PHP that its administrator may write into its metadata.
CHANGES = {
    "audience": "$state['SPMetadata']['entityid'] = 'https://somebody-else.example/metadata';",
    "in_response_to": "$state['saml:RequestId'] = '_nobody-asked-this';",
}
# What is wrong in these is not how they are encrypted.
CASES = [
    dataclasses.replace(case, encrypt=ENCRYPTS_WITH) if case.name in ("expired, encrypted", "unsigned, encrypted") else case
    for case in SHARED_CASES
]


def php(value) -> str:
    """The value in PHP's syntax."""
    if isinstance(value, dict):
        return "[" + ", ".join(f"{php(name)} => {php(one)}" for name, one in value.items()) + "]"
    if isinstance(value, list):
        return "[" + ", ".join(map(php, value)) + "]"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return json.dumps(value)


class SimpleSamlPhp(IdentityProvider):
    name = "ssphp"
    cannot = {
        case.name: f"SimpleSAMLphp encrypts to a certificate with {ENCRYPTS_WITH} alone"
        for case in CASES if case.encrypt not in (None, ENCRYPTS_WITH)
    }

    def __init__(self, folder: str):
        self.folder, self.orders, self.known = pathlib.Path(folder), {}, {}
        for name in ("metadata", "sessions", "temporary"):
            self.folder.joinpath(name).mkdir()
        certificate.make(folder, "idp")
        port = free_port()
        self.base_url = f"http://127.0.0.1:{port}"
        self.write("config.php", "config", {
            "baseurlpath": f"{self.base_url}/", "certdir": f"{folder}/", "tempdir": f"{folder}/temporary",
            "metadatadir": f"{folder}/metadata", "secretsalt": "not a secret: everything here lasts a minute",
            "auth.adminpassword": "not used", "technicalcontact_email": "nobody@example.com", "timezone": "UTC",
            "enable.saml20-idp": True, "module.enable": {"exampleauth": True, "core": True, "saml": True},
            "session.phpsession.savepath": f"{folder}/sessions", "session.cookie.secure": False,
            "session.cookie.samesite": None, "logging.handler": "errorlog", "showerrors": True, "errorreporting": False,
        })
        self.write("metadata/saml20-idp-hosted.php", "metadata", {f"{self.base_url}/metadata": {
            "host": "__DEFAULT__", "privatekey": "idp.key", "certificate": "idp.pem", "auth": "judge",
            "NameIDFormat": EMAIL_FORMAT, "simplesaml.nameidattribute": "email",
        }})
        self.log = self.folder.joinpath("log").open("wb")
        # A cache would go on with orders of up to two seconds ago.
        settings = [part for one in ("display_errors", "error_reporting", "opcache.enable") for part in ("-d", f"{one}=0")]
        self.server = subprocess.Popen(
            ["php", *settings, "-S", f"127.0.0.1:{port}", "-t", str(PROGRAM / "www")],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env={
                "PATH": "/usr/local/bin:/usr/bin:/bin", "SIMPLESAMLPHP_CONFIG_DIR": folder, "PHP_CLI_SERVER_WORKERS": "2",
            })
        self.tell({"sign": "assertion", "user": "nobody@example.com"})
        self.wait_until_ready()

    def wait_until_ready(self):
        until = time.monotonic() + START_SECS_MAX
        while time.monotonic() < until:
            try:
                self.metadata()
                return
            except urllib.error.HTTPError as error:
                raise Wrong(f"SimpleSAMLphp: {error.code} {error.read().decode(errors='replace')[:2000]}") from None
            except OSError:
                time.sleep(0.1)
        raise Wrong(f"php was not ready after {START_SECS_MAX} seconds: {self.folder.joinpath('log').read_text()[-2000:]}")

    def write(self, file: str, name: str, value: dict):
        pairs = "\n".join(f"${name}[{php(key)}] = {php(one)};" for key, one in value.items())
        # Whole or not at all: it may be reading.
        new = self.folder / "new"
        new.write_text(f"<?php\n${name} = [];\n{pairs}\n", encoding="utf-8")
        new.replace(self.folder / file)

    def metadata(self) -> str:
        with urllib.request.urlopen(f"{self.base_url}/saml2/idp/metadata.php", timeout=ACS_TIMEOUT_SECS) as answer:
            return answer.read().decode()

    def learn(self, organization: Organization):
        pem = encryption_certificate(organization.metadata())
        self.known[organization.entity_id] = (organization.acs, "".join(pem.splitlines()[1:-1]))
        self.tell(self.orders)

    def tell(self, orders: dict):
        self.orders = orders
        wrong, sign = orders.get("wrong"), orders["sign"]
        self.write("authsources.php", "config", {"judge": {
            0: "exampleauth:UserPass", f"{orders['user']}:{PASSWORD}": {"email": [orders["user"]], "Email": [orders["user"]]},
        }})
        self.write("metadata/saml20-sp-remote.php", "metadata", {
            entity_id: {
                "AssertionConsumerService": acs,
                "NameIDFormat": EMAIL_FORMAT,
                "simplesaml.nameidattribute": "email",
                "saml20.sign.response": sign in ("response", "both"),
                "saml20.sign.assertion": sign in ("assertion", "both"),
                "signature.algorithm": SIGNATURES[orders.get("signature") or "rsa-sha256"],
                "assertion.encryption": bool(orders.get("encrypt")),
                "assertion.lifetime": -600 if wrong == "expired" else 300,
                "keys": [{"type": "X509Certificate", "encryption": True, "signing": False, "X509Certificate": found}],
                "authproc": {50: {"class": "core:PHP", "code": CHANGES[wrong]}} if wrong in CHANGES else {},
            }
            for entity_id, (acs, found) in self.known.items()
        })

    def tile(self, organization: Organization) -> str:
        return f"{self.base_url}/saml2/idp/SSOService.php?{urllib.parse.urlencode({'spentityid': organization.entity_id})}"

    def log_in(self, page: Page) -> tuple[str, dict[str, str]] | None:
        found = page.form_with("AuthState")
        return found and (found[0], found[1] | {"username": self.orders["user"], "password": PASSWORD})

    def close(self):
        self.server.terminate()
        self.server.wait(ACS_TIMEOUT_SECS)
        self.log.close()

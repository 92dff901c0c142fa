"""The identity provider of npm's samlp, for saml_idps.py: node runs idp_samlp/index.js, beside which node.sh has put the
packages.
"""

import json
import pathlib
import subprocess
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

import certificate
from saml_sign_in import ACS_TIMEOUT_SECS, IdentityProvider, Organization, Wrong

SCRIPT = pathlib.Path(__file__).with_name("idp_samlp") / "index.js"
MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"


def encryption_certificate(metadata: str) -> str:
    """PEM of the certificate that our metadata offers to encrypt to: samlp reads no metadata, its administrator does."""
    for descriptor in ElementTree.fromstring(metadata).iter(f"{MD}KeyDescriptor"):
        if descriptor.get("use") in (None, "encryption"):
            text = "".join(next(descriptor.iter(f"{DS}X509Certificate")).text.split())
            lines = [text[at:at + 64] for at in range(0, len(text), 64)]
            return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])
    raise Wrong("our metadata offers no certificate to encrypt to")


class Samlp(IdentityProvider):
    name = "samlp"

    def __init__(self, folder: str):
        key, own = certificate.make(folder, "samlp")
        self.node = subprocess.Popen(
            ["node", "--no-deprecation", str(SCRIPT), key, own], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.base_url = self.node.stdout.readline().strip()
        if not self.base_url:
            raise Wrong(f"node ended with {self.node.wait()}")

    def post(self, path: str, body: dict):
        request = urllib.request.Request(f"{self.base_url}{path}", json.dumps(body).encode())
        urllib.request.urlopen(request, timeout=ACS_TIMEOUT_SECS).close()

    def metadata(self) -> str:
        with urllib.request.urlopen(f"{self.base_url}/metadata", timeout=ACS_TIMEOUT_SECS) as answer:
            return answer.read().decode()

    def learn(self, organization: Organization):
        found = encryption_certificate(organization.metadata())
        self.post("/learn", {"entity_id": organization.entity_id, "certificate": found})

    def tell(self, orders: dict):
        self.post("/orders", {"signature": "rsa-sha256"} | orders)

    def tile(self, organization: Organization) -> str:
        return f"{self.base_url}/start?{urllib.parse.urlencode({'sp': organization.entity_id, 'acs': organization.acs})}"

    def close(self):
        self.node.stdin.close()
        self.node.wait(ACS_TIMEOUT_SECS)

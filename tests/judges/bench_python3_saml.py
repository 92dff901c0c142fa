"""python3-saml's side of `make bench`: its CPU time for the messages that the bench made.

    python tests/judges/bench_python3_saml.py MESSAGES.json

Prints JSON: the name of each case → milliseconds per validation, batch by batch. Its settings are made once; strict mode
is on, and what it found must be the person who was sent.
"""

import base64
import json
import pathlib
import sys
import textwrap
import time
import urllib.parse

from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings

OPERATIONS = 10  # in a batch


def pem(label: str, bare: str) -> str:
    lines = "\n".join(textwrap.wrap(base64.b64encode(base64.b64decode(bare)).decode(), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def settings(messages: dict, certificate: str) -> OneLogin_Saml2_Settings:
    return OneLogin_Saml2_Settings({
        "strict": True,
        "sp": {
            "entityId": messages["audience"],
            "assertionConsumerService": {
                "url": messages["acs"], "binding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"},
            "x509cert": pem("CERTIFICATE", messages["certificate"]),
            "privateKey": pem("PRIVATE KEY", messages["pkcs8"]),
        },
        "idp": {
            "entityId": messages["idp"],
            "singleSignOnService": {
                "url": "https://idp.example.com/sso", "binding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"},
            "x509cert": pem("CERTIFICATE", certificate),
        },
    })


def main() -> int:
    messages = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    acs = urllib.parse.urlsplit(messages["acs"])
    request = {"https": "on", "http_host": acs.netloc, "script_name": acs.path, "get_data": {}, "post_data": {}}
    figures = {}
    for case in messages["cases"]:
        known = settings(messages, case["certificate"])

        def validate():
            response = OneLogin_Saml2_Response(known, case["response"])
            if not response.is_valid(request):
                sys.exit(f"{case['name']}: {response.get_error()}")
            if response.get_nameid() != messages["name_id"]:
                sys.exit(f"{case['name']}: {response.get_nameid()}")

        validate()
        figures[case["name"]] = []
        for _ in range(messages["batches"]):
            before = time.process_time()
            for _ in range(OPERATIONS):
                validate()
            figures[case["name"]].append((time.process_time() - before) / OPERATIONS * 1000)
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())

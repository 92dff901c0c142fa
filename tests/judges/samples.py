"""The sample events of infra/events, as a function gets them: placeholders give way to what the running server has.

Without a server (nothing of demo.json in the environment) they stay what they are, and only functions that need no
table answer well. Standard library only.
"""

import html.parser
import json
import os
import pathlib
import urllib.parse
import urllib.request

EVENTS = pathlib.Path(__file__).resolve().parents[2] / "infra" / "events"
PLACEHOLDERS = {
    "lyg_not-a-real-token": "SCIM_TOKEN",
    "not-a-real-operator-key": "OPERATOR_KEY",
    "not-a-real-application": "APPLICATION",
}
RESPONSE_PLACEHOLDER = "not-a-real-response"
SAMPLE_USER = "ada"  # one of the sample IdP's people
KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000"
TIMEOUT_SECS = 30

# What each sample is answered by a server with the demo organization. Those that a schedule or a stream calls have no
# status to give.
EXPECTED = {
    "scim-users": 200,
    "scim-groups": 404,  # the sample names a group that the demo organization does not have
    "scim-bulk": 200,
    "scim-discovery": 200,
    "oauth-token": 401,  # the sample's client does not exist
    "operator": 200,
    "directory-sweep": None,
    "saml-init": 303,
    "saml-acs": 303,  # signed in, and on to the sample application
    "saml-metadata": 200,
    "saml-logout": 400,  # the sample is no LogoutRequest
    "sign-in": 303,  # the demo organization has one way in, so nobody is asked
    "oidc": 400,  # the sample's code does not exist
    "connections": 200,
    "settings": 200,
    "settings-members": 404,  # the sample names an organization that is not there
    "back-channel-logout": None,
    "metadata-refresh": None,
}


class Response(html.parser.HTMLParser):
    """The value of the form's field SAMLResponse."""

    value: str | None = None

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "input" and given.get("name") == "SAMLResponse":
            self.value = given.get("value")


def saml_response() -> str:
    """A response of the local server's sample IdP that nobody has used yet, for the demo organization."""
    base_url, domain = os.environ["BASE_URL"], os.environ["DOMAIN"]
    fields = {
        "user": SAMPLE_USER, "acs": f"{base_url}/saml/consume/{domain}",
        "audience": f"{base_url}/saml/metadata/{domain}", "request": "", "relay_state": "",
    }
    data = urllib.parse.urlencode(fields).encode()
    with urllib.request.urlopen(f"{base_url}/sample/idp/sign_in", data, timeout=TIMEOUT_SECS) as answer:
        page = Response()
        page.feed(answer.read().decode())
    if not page.value:
        raise SystemExit("the sample IdP gave no SAMLResponse")
    return page.value


def event(name: str) -> str:
    """The event of a function."""
    text = (EVENTS / f"{name}.json").read_text(encoding="utf-8")
    for placeholder, variable in PLACEHOLDERS.items():
        text = text.replace(placeholder, os.environ.get(variable, placeholder))
    if RESPONSE_PLACEHOLDER in text and "BASE_URL" in os.environ:
        text = text.replace(RESPONSE_PLACEHOLDER, urllib.parse.quote(saml_response(), safe=""))
    return text


def problem(name: str, answer: bytes | str | None) -> str | None:
    """What is wrong with a function's answer to its sample; None when it is as expected."""
    try:
        given = json.loads(answer) if answer else None
    except ValueError:
        return f"no JSON: {answer[:500]}"
    if not isinstance(given, dict) or "errorType" in given or given.get("batchItemFailures"):
        return f"failed: {given}"
    if (status := given.get("statusCode")) != EXPECTED[name]:
        return f"status {status}, not {EXPECTED[name]}: {json.dumps(given)[:500]}"
    return None


def configuration() -> dict[str, str]:
    """What the template tells functions of keys and e-mail, and the address that responses are sent to. No key is there:
    a sample that needed one would fail."""
    told = {
        "LYCHGATE_SEAL_KEY": KEY_ARN, "LYCHGATE_OIDC_KEYS": KEY_ARN, "LYCHGATE_SAML_KEY": KEY_ARN,
        "LYCHGATE_MAIL": "ses:sign-in@example.com",
    }
    if base_url := os.environ.get("BASE_URL"):
        told["LYCHGATE_BASE_URL"] = base_url
    return told


def names() -> list[str]:
    """The functions that have a sample."""
    return sorted(path.stem for path in EVENTS.glob("*.json"))

"""What the judges of the sign-in share: the operator's API, a browser without a screen, and the table of cases.

A judge brings an identity provider that we did not write. The cases below lead a browser through it and back to our
assertion consumer service, over HTTP all the way; the attempt log must then say what became of it. Standard library only.
"""

import base64
import dataclasses
import hashlib
import html.parser
import http.cookiejar
import json
import os
import secrets
import urllib.error
import urllib.parse
import urllib.request

ACS_TIMEOUT_SECS = 30
HOPS_MAX = 12
REDIRECT_URI = "http://127.0.0.1:9/callback"  # nobody listens: the browser stops here
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


class Wrong(Exception):
    """The server did not do what the case needs before it can be judged."""


# --- The operator's side --------------------------------------------------------------------------------------------


class Operator:
    """The operator's API."""

    def __init__(self, base_url: str, key: str):
        self.base_url, self.key = base_url.rstrip("/"), key

    def call(self, method: str, path: str, body: dict | None = None) -> dict:
        data = None if method == "GET" else json.dumps(body or {}).encode()
        request = urllib.request.Request(
            f"{self.base_url}/v1{path}", method=method, data=data,
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=ACS_TIMEOUT_SECS) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            raise Wrong(f"{method} /v1{path}: {error.code} {error.read().decode(errors='replace')}") from None
        return json.loads(content) if content else {}


@dataclasses.dataclass
class Organization:
    """An organization with one connection."""

    operator: Operator
    domain: str
    id: str = ""
    connection: str = ""

    @property
    def path(self) -> str:
        return f"/organizations/{self.id}"

    @property
    def acs(self) -> str:
        return f"{self.operator.base_url}/saml/consume/{self.domain}"

    @property
    def entity_id(self) -> str:
        return f"{self.operator.base_url}/saml/metadata/{self.domain}"

    def create(self) -> "Organization":
        self.id = self.operator.call("POST", "/organizations", {"domain": self.domain, "name": self.domain})["id"]
        self.operator.call("PUT", f"{self.path}/licence", {"state": "active"})
        # The certificate that IdPs encrypt to: it stands in our metadata from here on.
        self.operator.call("POST", f"{self.path}/certificates")
        made = self.operator.call("POST", f"{self.path}/connections", {"name": "judge", "entity_id": "organization"})
        self.connection = made["id"]
        return self

    def metadata(self) -> str:
        """Ours, as the IdP reads it."""
        with urllib.request.urlopen(self.entity_id, timeout=ACS_TIMEOUT_SECS) as answer:
            return answer.read().decode()

    def save_metadata(self, xml: str):
        self.operator.call("PUT", f"{self.path}/connections/{self.connection}/metadata", {"xml": xml})

    def test_link(self) -> str:
        return self.operator.call("POST", f"{self.path}/connections/{self.connection}/test")["url"]

    def activate(self):
        shown = self.operator.call("POST", f"{self.path}/connections/{self.connection}/activate")
        if shown["state"] != "active":
            raise Wrong(f"the connection is {shown['state']} after it was activated")

    def attempts(self) -> list[dict]:
        """Newest first."""
        return self.operator.call("GET", f"{self.path}/attempts?limit=100")["items"]


# --- A browser ------------------------------------------------------------------------------------------------------


class Forms(html.parser.HTMLParser):
    """The forms of a page with their hidden fields."""

    def __init__(self, page: str):
        super().__init__()
        self.forms: list[tuple[str, str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((given.get("method", "get").lower(), given.get("action", ""), {}))
        elif tag == "input" and self.forms and given.get("name"):
            self.forms[-1][2][given["name"]] = given.get("value", "")


@dataclasses.dataclass
class Page:
    url: str
    status: int
    text: str

    def form_with(self, field: str) -> tuple[str, dict[str, str]] | None:
        """The action and fields of the form that has this field."""
        for _, action, fields in Forms(self.text).forms:
            if field in fields:
                return urllib.parse.urljoin(self.url, action), fields
        return None


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Browser:
    """Keeps cookies, follows redirects and forms. A new one is another person's."""

    def __init__(self):
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies), NoRedirect())

    def has_session(self) -> bool:
        return any(cookie.name.removeprefix("__Host-").startswith("lys-") for cookie in self.cookies)

    def send(self, url: str, fields: dict[str, str] | None = None) -> Page:
        """One request and the redirects after it; it stops at the application's address."""
        data = None if fields is None else urllib.parse.urlencode(fields).encode()
        for _ in range(HOPS_MAX):
            if url.startswith(REDIRECT_URI):
                return Page(url, 0, "")
            try:
                with self.opener.open(urllib.request.Request(url, data), timeout=ACS_TIMEOUT_SECS) as answer:
                    return Page(url, answer.status, answer.read().decode(errors="replace"))
            except urllib.error.HTTPError as answer:
                location = answer.headers.get("Location")
                if answer.code not in (301, 302, 303, 307) or not location:
                    return Page(url, answer.code, answer.read().decode(errors="replace"))
                url, data = urllib.parse.urljoin(url, location), data if answer.code == 307 else None
        raise Wrong(f"more than {HOPS_MAX} redirects, the last to {url}")

    def to_response(self, url: str, log_in=lambda page: None) -> tuple[str, dict[str, str]]:
        """From an address to the form that an IdP made for our assertion consumer service: not yet sent. `log_in` fills in
        a form of the IdP's own."""
        page = self.send(url)
        for _ in range(HOPS_MAX):
            if found := page.form_with("SAMLResponse"):
                return found
            # A request of ours that goes by POST is a form with a button.
            asked = page.form_with("SAMLRequest") or log_in(page)
            if not asked:
                raise Wrong(f"no form with a SAMLResponse at {page.url}: {page.status} {' '.join(page.text.split())[:600]}")
            page = self.send(*asked)
        raise Wrong("more forms than can be")


# --- The cases ------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Case:
    """What the IdP is told to do, and what must come of it."""

    name: str
    begun: str = "sp"  # `sp`: at our address; `idp`: at the IdP's tile
    sign: str = "assertion"  # `response`, `both`, `none`
    encrypt: str | None = None  # `aes128-cbc`, `aes256-cbc`, `aes128-gcm`, `aes256-gcm`, `3des`
    signature: str = "rsa-sha256"
    wrong: str | None = None
    code: str | None = None  # of the attempt log; None: signed in
    says: str = ""  # what the attempt's sentences must hold
    via_application: bool = False  # begun at /oidc/authorize, ended at /oidc/token


CASES = [
    Case("signed Response", sign="response"),
    Case("signed Assertion"),
    Case("both signed", sign="both"),
    Case("signed Response, begun at the IdP", begun="idp", sign="response"),
    Case("signed Assertion, begun at the IdP", begun="idp"),
    Case("both signed, begun at the IdP", begun="idp", sign="both"),
    Case("to the application: code, PKCE, ID token", via_application=True),
    *[
        Case(f"encrypted {encrypt}, {sign} signed{where}", begun, sign, encrypt)
        for encrypt in ("aes128-cbc", "aes256-cbc", "aes128-gcm", "aes256-gcm")
        for begun, sign, where in (("sp", "assertion", ""), ("sp", "response", ""), ("idp", "both", ", begun at the IdP"))
    ],
    Case("wrong audience", wrong="audience", code="bad_audience"),
    Case("wrong audience, begun at the IdP", begun="idp", wrong="audience", code="bad_audience"),
    Case("expired", wrong="expired", code="expired"),
    Case("expired, encrypted", encrypt="aes256-gcm", wrong="expired", code="expired"),
    # The request is used up with the sign-in, and is looked for first.
    Case("replayed", wrong="replayed", code="in_response_to_unknown"),
    Case("replayed, begun at the IdP", begun="idp", wrong="replayed", code="replayed"),
    Case("replayed, Response unsigned and its ID changed", begun="idp", wrong="replayed with another ID", code="replayed"),
    Case("another organization's", wrong="other organization", code="in_response_to_unknown"),
    Case("another organization's, begun at the IdP", begun="idp", wrong="other organization", code="bad_destination"),
    Case("another organization's, Destination taken out", begun="idp", wrong="other organization, no Destination", code="bad_recipient"),
    Case("wrong InResponseTo", wrong="in_response_to", code="in_response_to_unknown"),
    Case("brought by another browser", wrong="other browser", code="browser_unknown"),
    Case("unsigned", sign="none", code="unsigned"),
    Case("unsigned, encrypted", sign="none", encrypt="aes256-cbc", code="unsigned"),
    Case("changed after it was signed", wrong="changed", code="bad_signature"),
    Case("3DES", encrypt="3des", code="weak_algorithm", says="AES256-GCM"),
    Case("SHA-1", signature="rsa-sha1", code="weak_algorithm", says="SHA256"),
]


class IdentityProvider:
    """What a judge has to bring. Its addresses are on this machine's loopback."""

    name = "?"
    cannot: dict[str, str] = {}  # name of a case → why this IdP cannot make it

    def metadata(self) -> str:
        """Its metadata."""
        raise NotImplementedError

    def learn(self, organization: Organization):
        """Reads our metadata, as its administrator would."""
        raise NotImplementedError

    def tell(self, orders: dict):
        """What the next response shall be like: `sign`, `encrypt`, `signature`, `user`, and what shall be wrong."""
        raise NotImplementedError

    def tile(self, organization: Organization) -> str:
        """Where a sign-in begins at the IdP."""
        raise NotImplementedError

    def log_in(self, page: Page) -> tuple[str, dict[str, str]] | None:
        """The form at which people say who they are, filled in; `None` when the page is none."""

    def close(self):
        """Ends it."""


class Judge:
    """Runs the cases with one IdP."""

    def __init__(self, idp: IdentityProvider, cases: list[Case] | None = None):
        self.idp, self.cases = idp, cases or CASES
        self.operator = Operator(os.environ["BASE_URL"], os.environ["OPERATOR_KEY"])
        unique = secrets.token_hex(3)
        self.ours = Organization(self.operator, f"judge-{unique}")
        self.other = Organization(self.operator, f"judge-{unique}-other")
        self.passed = self.failed = 0
        self.application: dict = {}

    def row(self, case: str, good: bool, outcome: str):
        print(f"{self.idp.name:<10} {case:<50} {outcome}{'' if good else '   FAILED'}", flush=True)
        self.passed, self.failed = self.passed + good, self.failed + (not good)

    def run(self):
        """Everything: set-up as an owner does it, then each case."""
        self.application = self.operator.call(
            "POST", "/applications", {"name": "Judge's application", "redirect_uris": [REDIRECT_URI]})
        for organization in (self.ours, self.other):
            organization.create()
            organization.save_metadata(self.idp.metadata())
            self.idp.learn(organization)
        self.test_sign_in(self.ours, {"wrong": "audience"}, "test_failed", "bad_audience")
        for organization in (self.ours, self.other):
            self.test_sign_in(organization, {}, "test_passed", None)
            organization.activate()
        for number, case in enumerate(self.cases):
            if reason := self.idp.cannot.get(case.name):
                print(f"{self.idp.name:<10} {case.name:<50} not run: {reason}", flush=True)
                continue
            try:
                self.case(case, f"person{number}@example.com")
            except Wrong as wrong:
                self.row(case.name, False, str(wrong))

    def test_sign_in(self, organization: Organization, orders: dict, outcome: str, code: str | None):
        self.idp.tell({"sign": "assertion", "user": "tester@example.com"} | orders)
        browser = Browser()
        browser.send(*browser.to_response(organization.test_link(), self.idp.log_in))
        newest = organization.attempts()[0]
        found = (newest["outcome"], newest.get("code"))
        good = found == (outcome, code) and not browser.has_session()
        self.row(f"test sign-in of {organization.domain}", good, " ".join(filter(None, found)))
        if not good:
            raise Wrong(f"the test sign-in went otherwise: {newest}")

    def case(self, case: Case, user: str):
        orders = {
            "sign": case.sign, "encrypt": case.encrypt, "signature": case.signature, "user": user, "wrong": case.wrong,
        }
        self.idp.tell(orders)
        browser, before = Browser(), {attempt["id"] for org in (self.ours, self.other) for attempt in org.attempts()}
        verifier = secrets.token_urlsafe(48)
        if case.via_application:
            begin = self.authorize(verifier)
        elif case.begun == "sp":
            begin = f"{self.operator.base_url}/saml/init/{self.ours.domain}"
        else:
            begin = self.idp.tile(self.ours)
        acs, fields = browser.to_response(begin, self.idp.log_in)
        if acs != self.ours.acs:
            raise Wrong(f"the IdP's form goes to {acs}")
        page, lands_at, browser = self.bring(case, browser, acs, fields)

        new = [attempt for attempt in lands_at.attempts() if attempt["id"] not in before]
        # A replay has two: the first signed in.
        if case.wrong and case.wrong.startswith("replayed"):
            first = new.pop() if len(new) == 2 else {}
            if first.get("outcome") != "signed_in":
                raise Wrong(f"what was replayed had not signed in: {first}")
        if len(new) != 1:
            raise Wrong(f"{len(new)} attempts, page {page.status}: {' '.join(page.text.split())[:300]}")
        problems = self.problems(case, user, new[0], page, browser, verifier)
        outcome = new[0]["outcome"] if new[0].get("code") is None else f"{new[0]['outcome']} {new[0]['code']}"
        self.row(case.name, not problems, "; ".join([outcome, *problems]))

    def bring(self, case: Case, browser: Browser, acs: str, fields: dict[str, str]) -> tuple[Page, Organization, Browser]:
        """Posts the response, in the way that the case wants; where it landed, and by whom."""
        lands_at = self.ours
        match case.wrong:
            case "replayed":
                browser.send(acs, fields)
                forget_sessions(browser)  # a new one would be a success
            case "replayed with another ID":
                Browser().send(acs, fields)
                fields = with_response(fields, other_response_id)
            case "other organization":
                lands_at, acs = self.other, self.other.acs
            case "other organization, no Destination":
                lands_at, acs = self.other, self.other.acs
                fields = with_response(fields, without_destination)
            case "other browser":
                browser = Browser()
            case "changed":
                fields = with_response(fields, lambda xml: xml.replace("@example.com", "@example.org"))
        return browser.send(acs, fields), lands_at, browser

    def problems(self, case: Case, user: str, attempt: dict, page: Page, browser: Browser, verifier: str) -> list[str]:
        problems = []
        if case.code is None:
            if attempt["outcome"] != "signed_in":
                problems.append(f"want {attempt.get('want')}, got {attempt.get('got')}: {attempt.get('detail')}")
            elif (attempt.get("subject") or "").lower() != user:
                problems.append(f"signed in {attempt.get('subject')}, not {user}")
            if not browser.has_session():
                problems.append("no session cookie")
            if case.via_application and not problems:
                problems += self.redeem(page, verifier, user)
            elif page.status != 200 and not problems:
                problems.append(f"page {page.status}")
            return problems
        if (attempt["outcome"], attempt.get("code")) != ("rejected", case.code):
            problems.append(f"not rejected {case.code}: want {attempt.get('want')}, got {attempt.get('got')}")
        if browser.has_session():
            problems.append("a session cookie for what was rejected")
        if page.status < 400:
            problems.append(f"page {page.status}")
        told = f"{attempt.get('detail')} {attempt.get('want')}"
        if case.says and case.says not in told:
            problems.append(f"does not say {case.says}: {told}")
        return problems

    # --- The application's part (RFC 6749 §4.1, RFC 7636) ---

    def authorize(self, verifier: str) -> str:
        digest = hashlib.sha256(verifier.encode()).digest()
        query = {
            "response_type": "code", "client_id": self.application["id"], "redirect_uri": REDIRECT_URI,
            "scope": "openid email profile", "state": "st-1", "nonce": "no-1", "organization": self.ours.domain,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), "code_challenge_method": "S256",
        }
        return f"{self.operator.base_url}/oidc/authorize?{urllib.parse.urlencode(query)}"

    def redeem(self, page: Page, verifier: str, user: str) -> list[str]:
        if not page.url.startswith(REDIRECT_URI):
            return [f"ended at {page.url}, not at the application"]
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page.url).query))
        if query.get("state") != "st-1" or "code" not in query:
            return [f"the application was given {sorted(query)}"]
        credentials = f"{self.application['id']}:{self.application['client_secret']}"
        fields = {
            "grant_type": "authorization_code", "code": query["code"], "redirect_uri": REDIRECT_URI,
            "code_verifier": verifier,
        }
        request = urllib.request.Request(
            f"{self.operator.base_url}/oidc/token", urllib.parse.urlencode(fields).encode(),
            {"Authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}"})
        try:
            with urllib.request.urlopen(request, timeout=ACS_TIMEOUT_SECS) as answer:
                token = json.load(answer)["id_token"].split(".")[1]
        except urllib.error.HTTPError as error:
            return [f"/oidc/token: {error.code} {error.read().decode(errors='replace')}"]
        claims = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        wanted = {"email": user, "nonce": "no-1", "aud": self.application["id"]}
        return [f"ID token: {name} is {claims.get(name)}" for name in wanted if claims.get(name) != wanted[name]]


def forget_sessions(browser: Browser):
    for cookie in list(browser.cookies):
        if cookie.name.removeprefix("__Host-").startswith("lys-"):
            browser.cookies.clear(cookie.domain, cookie.path, cookie.name)


def with_response(fields: dict[str, str], change) -> dict[str, str]:
    xml = base64.b64decode(fields["SAMLResponse"]).decode()
    changed = change(xml)
    if changed == xml:
        raise Wrong("there was nothing in the response that could be changed")
    return fields | {"SAMLResponse": base64.b64encode(changed.encode()).decode()}


def response_tag(xml: str) -> tuple[int, int]:
    """Where the Response's start tag begins and ends."""
    start = xml.index("Response")
    return start, xml.index(">", start)


def other_response_id(xml: str) -> str:
    start, end = response_tag(xml)
    at = xml.index(' ID="', start, end) + len(' ID="')
    return xml[:at] + "_other" + xml[at:]


def without_destination(xml: str) -> str:
    start, end = response_tag(xml)
    at = xml.index(' Destination="', start, end)
    close = xml.index('"', at + len(' Destination="'))
    return xml[:at] + xml[close + 1:]

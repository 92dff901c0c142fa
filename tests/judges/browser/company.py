"""A company that sets itself up by the owner's pages: its owner, its identity provider's side, its provisioning.

What Okta and Entra send is theirs: the bodies and headers below are written as those two write them.
"""

import base64
import json
import secrets
import urllib.error
import urllib.parse
import urllib.request

from browser.world import Visitor, World
from saml_sign_in import Wrong

TIMEOUT_SECS = 30
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


class Scim:
    """A provisioning client. `style` is `okta` or `entra`; their requests differ in more than a name."""

    def __init__(self, base_url: str, token: str, style: str):
        self.base_url, self.token, self.style = base_url, token, style

    def call(self, method: str, path: str, body: dict | None = None, expect: tuple = (200, 201, 204)) -> dict:
        url = f"{self.base_url}/scim/v2{path}"
        if self.style == "entra":
            url += ("&" if "?" in path else "?") + "aadOptscim062020"
        headers = {
            "Authorization": self.token if self.style == "okta" else f"Bearer {self.token}",
            "Content-Type": "application/scim+json; charset=utf-8",
            "Accept": "application/scim+json",
        }
        if self.style == "okta":
            headers["User-Agent"] = "Okta SCIM Client 1.0.0"
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECS) as answer:
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, content = error.code, error.read()
        if status not in expect:
            raise Wrong(f"{method} {path}: {status} {content.decode(errors='replace')[:500]}")
        return json.loads(content) if content else {}

    def find(self, user_name: str) -> list[dict]:
        query = urllib.parse.quote(f"userName eq {json.dumps(user_name)}")
        return self.call("GET", f"/Users?filter={query}").get("Resources", [])

    def create(self, user_name: str, given: str, family: str, **more) -> dict:
        """Looks first, as both do."""
        found = self.find(user_name)
        if found:
            return found[0]
        body = {
            "schemas": [USER] + ([ENTERPRISE] if self.style == "entra" else []),
            "userName": user_name,
            "name": {"givenName": given, "familyName": family},
            "displayName": f"{given} {family}",
            "emails": [{"primary": True, "value": user_name, "type": "work"}],
            "externalId": secrets.token_hex(8),
            "active": True,
            **more,
        }
        return self.call("POST", "/Users", body)

    def suspend(self, user: str):
        if self.style == "okta":
            self.call("PATCH", f"/Users/{user}", {"schemas": [PATCH], "Operations": [{"op": "replace", "value": {"active": False}}]})
        else:
            operation = {"op": "Replace", "path": "active", "value": "False"}
            self.call("PATCH", f"/Users/{user}", {"schemas": [PATCH], "Operations": [operation]})

    def group(self, name: str, members: list[str]) -> dict:
        made = self.call("POST", "/Groups", {"schemas": [GROUP], "displayName": name, "externalId": secrets.token_hex(8)})
        values = [{"value": member} for member in members]
        operation = {"op": "add" if self.style == "okta" else "Add", "path": "members", "value": values}
        self.call("PATCH", f"/Groups/{made['id']}", {"schemas": [PATCH], "Operations": [operation]})
        return made


class Company:
    """An organization with a licence and one owner, and nothing else: what an owner meets on the first day."""

    def __init__(self, world: World, name: str, display_name: str | None = None):
        self.world, self.operator = world, world.operator
        self.domain = f"{name}-{secrets.token_hex(3)}"
        self.name = display_name or f"Globex {name.title()}"
        made = self.operator.call("POST", "/organizations", {"domain": self.domain, "name": self.name})
        self.id = made["id"]
        self.path, self.home = f"/organizations/{self.id}", f"/settings/{self.id}"
        self.licence("active")
        # The first member comes from the operator's own sign-up; here a token that is gone again stands for it.
        self.operator.call("PATCH", f"{self.path}/directory", {"enabled": True})
        token = self.operator.call("POST", f"{self.path}/tokens", {"name": "sign-up"})
        sign_up = Scim(world.base_url, token["token"], "okta")
        self.owner = sign_up.create(f"owner@{self.domain}.test", "Olivia", "Owner")["id"]
        self.member = sign_up.create(f"member@{self.domain}.test", "Max", "Member")["id"]
        self.operator.call("DELETE", f"{self.path}/tokens/{token['id']}")
        self.operator.call("PATCH", f"{self.path}/directory", {"enabled": False})
        self.operator.call("PUT", f"{self.path}/members/{self.owner}/owner")

    def licence(self, state: str):
        self.operator.call("PUT", f"{self.path}/licence", {"state": state})

    def owner_link(self, seconds: int = 300) -> str:
        body = {"expires_in_secs": seconds}
        return self.operator.call("POST", f"{self.path}/members/{self.owner}/owner/link", body)["url"]

    def enter(self, visitor: Visitor, link: str | None = None):
        """The owner's link, as the product opens it. Without scripts it is pasted."""
        link = link or self.owner_link()
        if visitor.javascript:
            visitor.open(link.removeprefix(self.world.base_url))
            visitor.page.wait_for_url(lambda url: "/settings/enter" not in url)
        else:
            visitor.open("/settings/enter")
            visitor.fill("Your link", link)
            visitor.press("Open")
        visitor.expect_at(self.home)

    def shown_secrets(self, visitor: Visitor) -> list[str]:
        """The values of a page that shows a secret once."""
        return visitor.page.locator("code.copied").all_inner_texts()


def tab(visitor: Visitor, name: str):
    """A part of the settings, by the navigation."""
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("navigation", name="Settings").get_by_role("link", name=name, exact=True).click()


def unfold(visitor: Visitor, summary: str):
    """Opens a fold that is closed."""
    fold = visitor.page.locator("details", has=visitor.page.locator("summary", has_text=summary)).first
    if fold.get_attribute("open") is None:
        fold.locator("summary").first.click()


def new_connection(visitor: Visitor, name: str, idp: str):
    tab(visitor, "Single sign-on")
    visitor.fill("Name", name)
    visitor.page.get_by_label("Identity provider", exact=True).select_option(label=idp)
    visitor.press("Create the connection")


def test_here(visitor: Visitor, who: str = "Ada Lovelace") -> str:
    """A test that begins here, in a new tab as the page asks for; gives what the result says."""
    visitor.press("Test sign-in")
    with visitor.page.context.expect_page() as opened:
        visitor.page.get_by_role("link", name="Open the test sign-in").click()
    page = opened.value
    page.get_by_role("button", name=who).click()
    if not visitor.javascript:
        page.get_by_role("button", name="Continue", exact=True).click()
    page.wait_for_url(lambda url: "/sample/idp" not in url)
    page.wait_for_load_state()
    text = page.locator("body").inner_text()
    page.close()
    return text


def access_token(base_url: str, client: str, secret: str) -> str:
    """The client-credentials grant, as Entra asks for it."""
    basic = base64.b64encode(f"{client}:{secret}".encode()).decode()
    request = urllib.request.Request(
        f"{base_url}/oauth/token", data=b"grant_type=client_credentials",
        headers={"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"})
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECS) as answer:
        return json.loads(answer.read())["access_token"]

"""What a walk gets: the server with its secrets, and visitors who open pages in Chromium as people do.

A walk is a module `walk_….py` beside this one with a function `walk(world)`. It makes organizations by `world.operator`
or `world.organization`, and leads visitors through pages:

    with world.visit("forgot password", javascript=False) as visitor:
        visitor.open("/password/forgot?organization=acme")
        visitor.fill("E-mail", "ada@acme.test")
        visitor.press("Send the link")
        visitor.expect("Look at your e-mail")
        visitor.look("password-forgot-sent")

`look` holds a page against everything that every page must fulfil, and keeps its screenshots. What a visitor must never
meet (a broken policy, a script's error, a request that goes elsewhere) is checked when the visit ends. A visit that
cannot go on is one failed check, and the walk goes on with the next.
"""

import contextlib
import email
import email.policy
import http.server
import json
import pathlib
import re
import secrets
import threading
import time
import urllib.parse

from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, Response

from saml_sign_in import Operator, Organization, Wrong

HERE = pathlib.Path(__file__).parent
AXE = HERE / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
WAIT_MILLIS = 10_000  # for whatever a page shall show or lead to
MAIL_SECS_MAX = 10
TABS_MAX = 300  # of one page
# What a person can reach by the Tab key. Radio buttons of one name are one stop.
STOPS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
# Chromium says this of every answer from 400 on, also of a page that is one.
ONLY_A_STATUS = "Failed to load resource: the server responded with a status of"


class World:
    """The server, and the count of what was checked."""

    def __init__(self, chromium: Browser, data: pathlib.Path, screenshots: pathlib.Path):
        self.chromium, self.data, self.screenshots = chromium, data, screenshots
        self.demo: dict[str, str] = json.loads((data / "demo.json").read_text(encoding="utf-8"))
        self.base_url = self.demo["base_url"]
        self.operator = Operator(self.base_url, self.demo["operator_key"])
        self.axe = AXE.read_text(encoding="utf-8")
        self.passed = self.failed = 0
        self.copies = chromium.new_page(bypass_csp=True)
        screenshots.mkdir(parents=True, exist_ok=True)

    def check(self, what: str, holds: bool, seen: object = None) -> bool:
        """Counts; what does not hold is printed."""
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {what}" + ("" if seen is None else f": {seen}"), flush=True)
        return bool(holds)

    @contextlib.contextmanager
    def application(self, **more):
        """An application of another origin: its `client_id` and `redirect_uri`, and the queries that it was sent."""
        queries: list[dict[str, str]] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                at = urllib.parse.urlsplit(self.path)
                if at.path == "/callback":
                    queries.append(dict(urllib.parse.parse_qsl(at.query)))
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(b"<!doctype html><p>The application</p>")

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        redirect_uri = f"http://127.0.0.1:{server.server_address[1]}/callback"
        made = self.operator.call("POST", "/applications", {"name": "Elsewhere", "redirect_uris": [redirect_uri], **more})
        yield made["id"], redirect_uri, queries
        self.operator.call("DELETE", f"/applications/{made['id']}")
        server.shutdown()
        server.server_close()

    @contextlib.contextmanager
    def visit(self, name: str, *, javascript: bool = True, phone: bool = False, dark: bool = False, origins=()):
        """A visitor whose browser has never been here. `origins`: where it may be led to beside the server."""
        context = self.chromium.new_context(
            base_url=self.base_url,
            java_script_enabled=javascript,
            viewport=PHONE if phone else DESKTOP,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            ignore_https_errors=True,  # of identity providers that a walk makes; the server here speaks http
        )
        context.set_default_timeout(WAIT_MILLIS)
        scheme = "dark" if dark else "light"
        visitor = Visitor(self, name, context.new_page(), (self.base_url, *origins), scheme, javascript)
        try:
            yield visitor
        except (Error, Wrong) as error:
            self.check(name, False, f"{str(error).strip()[:1500]}\nat {visitor.page.url}")
            with contextlib.suppress(Error):
                visitor.page.screenshot(path=self.screenshots / f"FAILED-{re.sub(r'[^a-z0-9]+', '-', name.lower())}.png")
        self.check(f"{name}: no policy is broken, no script fails, nothing goes elsewhere", not visitor.troubles, visitor.troubles)
        context.close()

    def copy_of(self, page: Page) -> Page:
        """The page in a browser that runs scripts, which axe cannot do without. No policy is judged there."""
        self.copies.set_viewport_size(page.viewport_size)
        dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        self.copies.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
        content = page.content().replace("<head>", f'<head><base href="{page.url.partition("?")[0]}">', 1)
        self.copies.set_content(content.replace("<script", "<!-- no script").replace("</script>", "-->"))
        return self.copies

    # --- What walks need of an organization ---

    def organization(self, name: str) -> Organization:
        """A new one with a licence, and a draft with the metadata of the sample identity provider."""
        made = Organization(self.operator, f"{name}-{secrets.token_hex(3)}").create()
        self.operator.call("PATCH", made.path, {"name": "Globex"})
        url = self.demo["sample_idp_metadata_url"]
        self.operator.call("PUT", f"{made.path}/connections/{made.connection}/metadata", {"url": url})
        return made

    def member(self, organization: str, user_name: str) -> dict:
        """The member of this userName. `organization`: its id or domain."""
        found = self.operator.call("GET", f"/organizations/{organization}/members?limit=100")["items"]
        for member in found:
            if member["user_name"] == user_name:
                return member
        raise Wrong(f"{organization} has no member {user_name}, but {[member['user_name'] for member in found]}")

    def mails(self, address: str) -> list[email.message.EmailMessage]:
        """What was sent to this address, newest last."""
        found = []
        for file in sorted((self.data / "mail").glob("*.eml"), key=lambda file: file.stat().st_mtime_ns):
            message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            if address in (message["To"] or ""):
                found.append(message)
        return found

    def link_in_mail(self, address: str, path: str) -> str:
        """The newest link to this path that was sent to this address; waits for it."""
        until = time.monotonic() + MAIL_SECS_MAX
        while time.monotonic() < until:
            for message in reversed(self.mails(address)):
                body = message.get_body(("plain",))
                if body and (link := re.search(rf"{re.escape(self.base_url + path)}\S*", body.get_content())):
                    return link.group()
            time.sleep(0.1)
        raise Wrong(f"no e-mail with a link to {path} came for {address}")


class Visitor:
    """One browser with one page."""

    def __init__(self, world: World, name: str, page: Page, origins: tuple[str, ...], scheme: str, javascript: bool):
        self.world, self.name, self.page = world, name, page
        self.origins = {origin_of(origin) for origin in origins}
        self.scheme, self.javascript = scheme, javascript
        self.troubles: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.troubles.append(f"a script's error: {error}"))
        page.on("request", self._request)
        page.on("response", self._response)

    def _console(self, message: ConsoleMessage):
        # Chromium tells a broken Content-Security-Policy here, also of pages without scripts.
        if message.type == "error" and not message.text.startswith(ONLY_A_STATUS):
            self.troubles.append(message.text)

    def _request(self, request: Request):
        if origin_of(request.url) not in self.origins:
            self.troubles.append(f"a request to {request.url}")

    def _response(self, response: Response):
        # A page may be an error's; what a page is made of may not be missing.
        if response.status >= 400 and not response.request.is_navigation_request():
            self.troubles.append(f"{response.status} for {response.url}")

    # --- What people do ---

    def open(self, address: str):
        """Types an address: of this server when it begins with `/`."""
        self.page.goto(address)

    def press(self, label: str):
        """The button or the link with exactly this label, and waits for the page that it leads to."""
        either = self.page.get_by_role("button", name=label, exact=True)
        either = either.or_(self.page.get_by_role("link", name=label, exact=True))
        with self.page.expect_navigation():
            either.click()

    def fill(self, label: str, value: str):
        """The field with this label."""
        self.page.get_by_label(label, exact=True).fill(value)

    def expect(self, text: str) -> bool:
        """The page shows this text, at once or soon."""
        with contextlib.suppress(Error):
            self.page.get_by_text(text).first.wait_for()
            return self.world.check(f"{self.name}: shows {text!r}", True)
        return self.world.check(f"{self.name}: shows {text!r}", False, f"{self.page.url}: {' '.join(self.text().split())[:500]}")

    def expect_at(self, path: str) -> bool:
        """The address bar has this path."""
        at = urllib.parse.urlsplit(self.page.url).path
        return self.world.check(f"{self.name}: at {path}", at == path, self.page.url)

    def text(self) -> str:
        """What the page says."""
        return self.page.locator("body").inner_text()

    def cookies(self, prefix: str) -> list[str]:
        """The names of the cookies that begin so."""
        return [cookie["name"] for cookie in self.page.context.cookies() if cookie["name"].startswith(prefix)]

    def sign_in_at_sample_idp(self, who: str = "Ada Lovelace"):
        """At the sample identity provider: chooses a person. Without scripts its answer wants another press."""
        self.page.get_by_role("button", name=who).click()
        if not self.javascript:
            self.page.get_by_role("button", name="Continue", exact=True).click()
        self.page.wait_for_url(lambda url: "/sample/idp" not in url)
        self.page.wait_for_load_state()

    # --- What every page must fulfil ---

    def look(self, name: str):
        """Screenshots, accessibility in light and dark, a phone's width, the keyboard. The page stays where it is."""
        size = self.page.viewport_size
        self._as(DESKTOP, "light")
        self.shot(f"{name}-desktop")
        self.accessible(name)
        self._as(PHONE, "light")
        self.shot(f"{name}-phone")
        self._as(PHONE, "dark")
        self.shot(f"{name}-phone-dark")
        self.accessible(f"{name}, dark on a phone")
        self.fits(name)
        self.keyboard(name)
        self._as(size, self.scheme)
        self.world.check(f"{name}: has a title and one heading", bool(self.page.title()) and self.page.locator("h1").count() == 1)

    def _as(self, size, scheme: str):
        self.page.set_viewport_size(size)
        self.page.emulate_media(color_scheme=scheme)

    def shot(self, name: str):
        """Keeps a screenshot."""
        self.page.screenshot(path=self.world.screenshots / f"{name}.png", full_page=True)

    def accessible(self, name: str):
        """axe finds nothing (WCAG 2.2 AA, and its best practices)."""
        page = self.page if self.javascript else self.world.copy_of(self.page)
        found = page.evaluate(AXE_RUN, self.world.axe)
        told = [f"{one['id']} ({one['impact']}) at {one['at']}: {one['help']}" for one in found]
        self.world.check(f"{name}: axe finds nothing", not told, "; ".join(told))

    def fits(self, name: str):
        """Nothing needs horizontal scrolling."""
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        self.world.check(f"{name}: no horizontal scrolling at {PHONE['width']} px", wide <= 0, f"{wide} px too wide")

    def keyboard(self, name: str):
        """The Tab key reaches everything that can be pressed or filled in, in the order of the page, and one sees where."""
        wanted = self.page.evaluate(STOPS_OF_PAGE, STOPS)
        self.page.evaluate(FROM_THE_TOP)
        seen = []
        for _ in range(min(len(wanted), TABS_MAX)):
            self.page.keyboard.press("Tab")
            while (at := self.page.evaluate(FOCUS))["again"]:
                self.page.keyboard.press("Tab")  # the parts of a date
            seen.append(at)
        reached = [one["at"] for one in seen]
        self.world.check(f"{name}: Tab reaches everything in order", reached == wanted, f"{reached}, not {wanted}")
        hidden = [one["at"] for one in seen if not one["shown"]]
        self.world.check(f"{name}: one sees where the focus is", not hidden, hidden)


def origin_of(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


# Evaluated by the debugger, so that a page's policy is neither loosened nor broken by it.
AXE_RUN = """async source => {
    if (!window.axe) (0, eval)(source);
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.map(one => ({ id: one.id, impact: one.impact, help: one.help, at: one.nodes[0].target.join(" ") }));
}"""
# Wherever the focus was, and also before a link that is off the page until it is reached.
FROM_THE_TOP = """() => {
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
}"""
LABEL = """const label = element => `${element.localName} ${element.labels?.[0]?.innerText ?? element.innerText ?? ""}`.trim();"""
STOPS_OF_PAGE = """stops => {
    %s
    const radios = new Set();
    return [...document.querySelectorAll(stops)].filter(element => {
        if (element.disabled || element.tabIndex < 0 || !element.checkVisibility({ visibilityProperty: true })) return false;
        if (element.type !== "radio") return true;
        return !radios.has(element.name) && radios.add(element.name);
    }).map(label);
}""" % LABEL
FOCUS = """() => {
    %s
    const style = getComputedStyle(document.activeElement);
    const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    const again = window.focusedBefore === document.activeElement && document.activeElement.type === "date";
    window.focusedBefore = document.activeElement;
    return { at: label(document.activeElement), shown, again };
}""" % LABEL

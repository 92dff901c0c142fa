"""Judge of the OpenID provider: does a client library that we did not write get along with it, and is everything refused
that must be?

    python tests/judges/with_server.py SERVER -- python tests/judges/oidc.py

The library is Authlib (with joserfc for what is signed). People sign in at the sample identity provider of the local
server, by plain forms, as a browser without scripts would. The last line is `oidc: N checks passed, N failed`.

One check of Authlib's is known to fail and is held to fail: it wants RS256 among the signing algorithms
(docs/divergences.md, OpenID Connect Discovery §3).
"""

import base64
import contextlib
import html.parser
import http.cookiejar
import http.server
import json
import os
import secrets
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from authlib.integrations.requests_client import OAuth2Session, OAuthError
from authlib.oidc.core import CodeIDToken, UserInfo
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jwt
from joserfc.jwk import KeySet

BASE_URL = os.environ.get("BASE_URL", "")
STEPS_MAX = 12
TIMEOUT_SECS = 30
TOLD_SECS_MAX = 15
SCOPE = "openid profile email"
DIVERGES = "validate_id_token_signing_alg_values_supported"


class Judgement:
    def __init__(self):
        self.passed, self.failed = 0, 0

    def check(self, holds, what, seen=None):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"{what}" + ("" if seen is None else f": {seen!r}"))

    @contextlib.contextmanager
    def without_error(self, what):
        """One check: nothing is raised in the block."""
        try:
            yield
            self.passed += 1
        except Exception as error:  # Authlib and joserfc have many; each says what is wrong
            self.failed += 1
            print(f"{what}: {type(error).__name__}: {error}")


# --- A browser without scripts ----------------------------------------------------------------------------------------


class Forms(html.parser.HTMLParser):
    """The forms of a page: `action`, `method`, and the fields with their values."""

    def __init__(self):
        super().__init__()
        self.forms = []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.forms.append({
                "action": attributes.get("action", ""),
                "method": attributes.get("method", "get").lower(),
                "fields": {},
            })
        elif tag in ("input", "button") and self.forms and attributes.get("name"):
            if attributes.get("type") not in ("checkbox", "radio") or "checked" in attributes:
                self.forms[-1]["fields"].setdefault(attributes["name"], attributes.get("value") or "")


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Answer:
    def __init__(self, response, url):
        self.url, self.status, self.headers = url, response.status, response.headers
        self.text = response.read().decode("utf-8", "replace")

    @property
    def location(self):
        to = self.headers.get("Location")
        return to and urllib.parse.urljoin(self.url, to)

    def forms(self):
        reader = Forms()
        reader.feed(self.text)
        return reader.forms


class Browser:
    """Keeps cookies, follows redirects inside the server, and stops where the server sends it away."""

    def __init__(self):
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar), Stay)

    def ask(self, url, form=None):
        data = None if form is None else urllib.parse.urlencode(form).encode()
        request = urllib.request.Request(url, data=data)
        try:
            return Answer(self.opener.open(request, timeout=TIMEOUT_SECS), url)
        except urllib.error.HTTPError as error:
            return Answer(error, url)

    def submit(self, answer, form, filled):
        fields = {name: filled.get(name, value) for name, value in form["fields"].items()}
        action = urllib.parse.urljoin(answer.url, form["action"] or answer.url)
        if form["method"] == "get":
            return self.ask(f"{action}?{urllib.parse.urlencode(fields)}")
        return self.ask(action, fields)


def sign_in(browser, url, until, person="ada", filled=None):
    """Opens `url` and does what the pages ask until the browser is sent to an address that begins with `until`; gives that
    address, or the answer where there was no way on."""
    answer = browser.ask(url)
    for _ in range(STEPS_MAX):
        if answer.location:
            if answer.location.startswith(until):
                return answer.location
            if not answer.location.startswith(BASE_URL):
                return answer
            answer = browser.ask(answer.location)
            continue
        forms = answer.forms()
        mine = [form for form in forms if form["fields"].get("user") == person]
        form = (mine or forms or [None])[0]
        if answer.status != 200 or form is None:
            return answer
        answer = browser.submit(answer, form, filled or {})
    return answer


# --- An application ---------------------------------------------------------------------------------------------------


class Application:
    """A relying party, as Authlib makes one."""

    def __init__(self, registered, metadata, secret=None, method="client_secret_basic"):
        self.id, self.metadata = registered["id"], metadata
        self.redirect_uri = registered["redirect_uris"][0]
        self.bye = registered["post_logout_redirect_uris"][0]
        self.secret, self.method = secret, method if secret else "none"

    def session(self):
        return OAuth2Session(
            self.id, self.secret, token_endpoint_auth_method=self.method, scope=SCOPE,
            redirect_uri=self.redirect_uri, code_challenge_method="S256")

    def request(self, **more):
        """An authorization request: where it goes, and what is kept for the answer."""
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        more = {"organization": os.environ.get("DOMAIN", "acme"), **more}
        url, state = self.session().create_authorization_url(
            self.metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce, **more)
        return url, {"verifier": verifier, "nonce": nonce, "state": state}

    def redeem(self, callback, kept, **more):
        """What the token endpoint says, errors included."""
        session = self.session()
        session.state = kept["state"]
        more = {"code_verifier": kept["verifier"], **more}
        try:
            return session.fetch_token(
                self.metadata["token_endpoint"], authorization_response=callback, **more)
        except OAuthError as error:
            return {"error": error.error}

    def userinfo(self, token):
        answer = OAuth2Session(self.id, token=token).get(
            self.metadata["userinfo_endpoint"], timeout=TIMEOUT_SECS)
        return answer.status_code, answer.headers, answer.json()


def parameters(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, keep_blank_values=True))


def without(url, *names, **instead):
    """The same address with parameters left out or replaced."""
    split = urllib.parse.urlsplit(url)
    pairs = [(name, value) for name, value in urllib.parse.parse_qsl(split.query) if name not in (*names, *instead)]
    return split._replace(query=urllib.parse.urlencode([*pairs, *instead.items()])).geturl()


def fetch_json(url, *, key=None, body=None):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECS) as answer:
        return json.load(answer), answer.headers


# --- What is judged ---------------------------------------------------------------------------------------------------


def judge_discovery(judgement):
    metadata, _ = fetch_json(f"{BASE_URL}/.well-known/openid-configuration")
    judgement.check(metadata["issuer"] == BASE_URL, "the issuer is not the origin", metadata["issuer"])
    provider = OpenIDProviderMetadata(metadata)
    for name in [name for name in dir(provider) if name.startswith("validate_")]:
        # Addresses must be https, which the local server is not; everything else is judged.
        try:
            getattr(provider, name)()
            says = None
        except ValueError as error:
            says = str(error)
        if name == DIVERGES:
            judgement.check(says is not None, "RS256 is offered: strike the divergence out")
        else:
            judgement.check(says is None or "https" in says, f"discovery, {name}", says)
    keys, headers = fetch_json(metadata["jwks_uri"])
    judgement.check("max-age=" in headers.get("Cache-Control", ""), "the key set may not be kept")
    judgement.check(all("d" not in key for key in keys["keys"]), "a private key is published")
    return metadata, KeySet.import_key_set(keys)


def judge_id_token(judgement, application, keys, token, kept, **params):
    """As OpenID Connect Core §3.1.3.7 has it, by Authlib."""
    with judgement.without_error("the ID token"):
        decoded = jwt.decode(token["id_token"], keys, algorithms=["ES256"])
        params = {
            "nonce": kept["nonce"], "client_id": application.id, "access_token": token["access_token"], **params}
        options = {"iss": {"essential": True, "value": BASE_URL}, "aud": {"essential": True, "value": application.id}}
        CodeIDToken(decoded.claims, decoded.header, options=options, params=params).validate()
        judgement.check("at_hash" in decoded.claims and "sid" in decoded.claims, "at_hash or sid is missing")
        judgement.check(decoded.header.get("kid"), "the ID token names no key")
        return decoded.claims
    return {}


def judge_flow(judgement, application, keys, browser):
    """A sign-in with everything in order; gives what the failures begin from."""
    url, kept = application.request()
    callback = sign_in(browser, url, application.redirect_uri)
    if not isinstance(callback, str):
        judgement.check(False, "nobody could sign in", (callback.url, callback.status, callback.text[:500]))
        return None
    back = parameters(callback)
    judgement.check(back.get("iss") == BASE_URL, "the answer names no issuer (RFC 9207)", back.get("iss"))
    judgement.check(back.get("state") == kept["state"], "the state did not come back", back)
    token = application.redeem(callback, kept)
    judgement.check("access_token" in token, "the code was not redeemed", token)
    claims = judge_id_token(judgement, application, keys, token, kept)
    status, headers, info = application.userinfo(token)
    judgement.check(status == 200 and "no-store" in headers.get("Cache-Control", ""), "userinfo", (status, dict(headers)))
    with judgement.without_error("userinfo"):
        assert UserInfo(info).sub == claims["sub"], "another sub"
        assert info["email"] == "ada@acme.test" and info["email_verified"] is False, info
        assert info["organization"]["domain"] == "acme", info
    return {"callback": callback, "kept": kept, "token": token, "claims": claims}


def judge_reuse(judgement, application, flow):
    again = application.redeem(flow["callback"], flow["kept"])
    judgement.check(again.get("error") == "invalid_grant", "a code was redeemed twice", again)
    status, headers, _ = application.userinfo(flow["token"])
    is_told = 'error="invalid_token"' in headers.get("WWW-Authenticate", "")
    judgement.check(status == 401 and is_told, "the token of a code that came twice still holds", status)


def judge_redemption(judgement, application, browser):
    """Every way to redeem a code that must not; the code itself survives them all."""
    url, kept = application.request()
    callback = sign_in(browser, url, application.redirect_uri)
    wrong = secrets.token_urlsafe(48)
    for what, more, error in [
        ("another verifier", {"code_verifier": wrong}, "invalid_grant"),
        ("no verifier", {"code_verifier": ""}, "invalid_request"),
        ("a verifier that is too short", {"code_verifier": "short"}, "invalid_request"),
        ("another redirect_uri", {"redirect_uri": application.redirect_uri + "/"}, "invalid_grant"),
        ("another code", {"code": "lygc_made_up"}, "invalid_grant"),
    ]:
        if "code" in more:
            said = application.redeem(without(callback, code=more["code"]), kept)
        else:
            said = application.redeem(callback, kept, **more)
        judgement.check(said.get("error") == error, what, said)
    form = {
        "grant_type": "client_credentials", "code": parameters(callback)["code"], "client_id": application.id,
        "redirect_uri": application.redirect_uri, "code_verifier": kept["verifier"]}
    answer = Browser().ask(application.metadata["token_endpoint"], form)
    said = json.loads(answer.text)
    judgement.check((answer.status, said["error"]) == (400, "unsupported_grant_type"), "another grant", said)
    said = application.redeem(callback, kept)
    judgement.check("id_token" in said, "a refusal has used the code up", said)
    return said, kept


def judge_secret(judgement, confidential, metadata, browser, keys):
    """A confidential application: by both methods, with a wrong secret, and without one."""
    registered, secret = confidential
    for method in ("client_secret_basic", "client_secret_post"):
        application = Application(registered, metadata, secret, method)
        url, kept = application.request()
        callback = sign_in(browser, url, application.redirect_uri)
        for wrong in (secret[:-1] + ("0" if secret[-1] != "0" else "1"), "wrong"):
            impostor = Application(registered, metadata, wrong, method)
            said = impostor.redeem(callback, kept)
            judgement.check(said.get("error") == "invalid_client", f"{method} with a wrong secret", said)
        said = Application(registered, metadata).redeem(callback, kept)
        judgement.check(said.get("error") == "invalid_client", "a confidential application without a secret", said)
        said = application.redeem(callback, kept)
        judgement.check("id_token" in said, method, said)
        judge_id_token(judgement, application, keys, said, kept)


def judge_requests(judgement, application):
    """Authorization requests that must be shown to the person, and those that must go back to the application."""
    url, _ = application.request()
    for what, wrong in [
        ("an unknown application", without(url, client_id="app-zzzzzzzzzzzz")),
        ("no application", without(url, "client_id")),
        ("another address", without(url, redirect_uri="https://evil.example/")),
        ("a longer address", without(url, redirect_uri=application.redirect_uri + "/x")),
        ("no address", without(url, "redirect_uri")),
        ("two addresses", url + "&redirect_uri=" + urllib.parse.quote(application.redirect_uri)),
        ("an unknown organization", without(url, organization="nobody-here")),
    ]:
        answer = Browser().ask(wrong)
        is_page = answer.status == 404 and "text/html" in answer.headers.get("Content-Type", "")
        judgement.check(is_page and answer.location is None, what, (answer.status, answer.location))
        judgement.check("evil.example" not in answer.text, f"{what}: the page repeats it")
    for what, wrong, error in [
        ("no PKCE", without(url, "code_challenge", "code_challenge_method"), "invalid_request"),
        ("plain PKCE", without(url, code_challenge_method="plain"), "invalid_request"),
        ("a challenge without its method", without(url, "code_challenge_method"), "invalid_request"),
        ("an implicit flow", without(url, response_type="id_token"), "unsupported_response_type"),
        ("a hybrid flow", without(url, response_type="code id_token"), "unsupported_response_type"),
        ("no scope", without(url, "scope"), "invalid_scope"),
        ("no openid", without(url, scope="email"), "invalid_scope"),
        ("a request object", url + "&request=eyJhbGciOiJub25lIn0..", "request_not_supported"),
        ("a request by address", url + "&request_uri=https%3A%2F%2Fevil.example", "request_uri_not_supported"),
        ("a form as answer", url + "&response_mode=form_post", "invalid_request"),
        ("none and login", url + "&prompt=none+login", "invalid_request"),
        ("a parameter twice", url + "&nonce=other", "invalid_request"),
        ("nobody signed in", url + "&prompt=none", "login_required"),
    ]:
        answer = Browser().ask(wrong)
        back = parameters(answer.location or "")
        judgement.check((answer.location or "").startswith(application.redirect_uri), what, answer.location)
        judgement.check(back.get("error") == error, what, back)
        judgement.check(back.get("iss") == BASE_URL and "state" in back, f"{what}: iss or state is missing", back)


def judge_session(judgement, application, browser, keys):
    """Who is signed in comes through without a page, unless the application wants a fresh proof."""
    url, kept = application.request(prompt="none")
    answer = browser.ask(url)
    judgement.check("code=" in (answer.location or ""), "prompt=none of somebody signed in", answer.location)
    said = application.redeem(answer.location or "", kept)
    before = judge_id_token(judgement, application, keys, said, kept)
    for more in ({"prompt": "login"}, {"max_age": "0"}):
        url, kept = application.request(**more)
        first = browser.ask(url)
        judgement.check("code=" not in (first.location or ""), f"{more}: no proof was asked for", first.location)
        time.sleep(1.1)  # auth_time counts whole seconds
        callback = sign_in(browser, url, application.redirect_uri)
        said = application.redeem(callback, kept) if isinstance(callback, str) else {}
        after = judge_id_token(judgement, application, keys, said, kept, max_age=1)
        judgement.check(after.get("auth_time", 0) > before.get("auth_time", 0), f"{more}: the proof is an old one")
    url, _ = application.request()
    posted = Browser().ask(application.metadata["authorization_endpoint"], parameters(url))
    judgement.check(posted.status == 303, "an authorization request by POST", posted.status)


def judge_end_session(judgement, application, browser, keys):
    url, kept = application.request()
    callback = sign_in(browser, url, application.redirect_uri)
    token = application.redeem(callback, kept)
    end = application.metadata["end_session_endpoint"]
    ask = lambda **more: f"{end}?{urllib.parse.urlencode(more)}"
    # No application's word: the person is asked, and goes nowhere that is not registered.
    answer = browser.ask(ask(client_id=application.id, post_logout_redirect_uri="https://evil.example"))
    judgement.check(answer.status == 200 and answer.location is None, "an address that is not registered", answer.location)
    judgement.check(application.userinfo(token)[0] == 200, "a link from anywhere has ended the session")
    forged = token["id_token"][:-4] + "AAAA"
    answer = browser.ask(ask(id_token_hint=forged, post_logout_redirect_uri=application.bye))
    judgement.check(answer.location is None, "a forged hint", answer.location)
    judgement.check(application.userinfo(token)[0] == 200, "a forged hint has ended the session")
    away = ask(id_token_hint=token["id_token"], post_logout_redirect_uri=application.bye, state="a b&c")
    # By the identity provider, when it offers single logout, and back.
    arrived = sign_in(browser, away, application.bye)
    judgement.check(isinstance(arrived, str), "signed out, and not sent back", arrived if isinstance(arrived, str) else arrived.text[:500])
    judgement.check(isinstance(arrived, str) and parameters(arrived).get("state") == "a b&c", "the state did not come back")
    status, _, _ = application.userinfo(token)
    judgement.check(status == 401, "userinfo after signing out", status)
    answer = browser.ask(application.request(prompt="none")[0])
    error = parameters(answer.location or "").get("error")
    judgement.check(error == "login_required", "prompt=none after signing out", answer.location)


class Told(http.server.ThreadingHTTPServer):
    """Where an application is told that sessions have ended."""

    def __init__(self):
        told = self.told = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                told.append(dict(urllib.parse.parse_qsl(body)).get("logout_token", ""))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def wait(self, count):
        until = time.monotonic() + TOLD_SECS_MAX
        while len(self.told) < count and time.monotonic() < until:
            time.sleep(0.1)
        return self.told[count - 1] if len(self.told) >= count else None


def judge_back_channel(judgement, application, metadata, keys):
    """Another application is told when this one signs the person out, and when the person is suspended."""
    told = Told()
    registered, _ = register("judge-told", True, back_channel_logout_uri=f"http://127.0.0.1:{told.server_port}/logout")
    other = Application(registered, metadata)
    members = f"{BASE_URL}/v1/organizations/{os.environ['DOMAIN']}/members"
    for count, how in [(1, "another application"), (2, "suspension")]:
        browser, claims = Browser(), {}
        for one in (application, other):
            url, kept = one.request()
            callback = sign_in(browser, url, one.redirect_uri, person="grace")
            token = one.redeem(callback, kept) if isinstance(callback, str) else {}
            claims = judge_id_token(judgement, one, keys, token, kept)
            if one is application:
                hint = token.get("id_token", "")
        if how == "suspension":
            fetch_json(f"{members}/{claims['sub']}/suspend", key=os.environ["OPERATOR_KEY"], body={})
            status, _, _ = other.userinfo(token)
            judgement.check(status == 401, "userinfo of somebody suspended", status)
        else:
            browser.ask(f"{metadata['end_session_endpoint']}?id_token_hint={hint}")
        logout_token = told.wait(count)
        judgement.check(logout_token, f"nobody was told of an end by {how}")
        with judgement.without_error(f"the logout token of an end by {how}"):
            decoded = jwt.decode(logout_token, keys, algorithms=["ES256"])
            said, now = decoded.claims, time.time()
            assert decoded.header["typ"] == "logout+jwt", decoded.header
            assert said["iss"] == BASE_URL and said["aud"] == other.id, said
            assert said["sub"] == claims["sub"] and said["sid"] == claims["sid"], said
            assert said["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}, said
            assert said["iat"] <= now < said["exp"] <= said["iat"] + 120 and said["jti"], said
            assert "nonce" not in said, said
    fetch_json(f"{members}/{claims['sub']}/restore", key=os.environ["OPERATOR_KEY"], body={})
    judgement.check(len(told.told) == 2, "told more often than sessions ended", len(told.told))
    told.shutdown()


def judge_bearers(judgement, application, token):
    for what, given in [("a code", "lygc_x"), ("an ID token", token["id_token"]), ("nonsense", "x")]:
        status, headers, _ = application.userinfo({"access_token": given, "token_type": "Bearer"})
        is_told = 'error="invalid_token"' in headers.get("WWW-Authenticate", "")
        judgement.check(status == 401 and is_told, f"userinfo for {what}", status)
    swapped = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode() + token["id_token"][token["id_token"].index("."):]
    status, _, _ = application.userinfo({"access_token": swapped, "token_type": "Bearer"})
    judgement.check(status == 401, "userinfo for a token without a signature", status)


def register(name, is_public, **more):
    """An application by the operator's API: as it is shown, and its secret."""
    host = f"https://{name}.example"
    body = {
        "name": name, "redirect_uris": [f"{host}/back?x=1"], "post_logout_redirect_uris": [f"{host}/bye"],
        "public": is_public, **more}
    made, _ = fetch_json(f"{BASE_URL}/v1/applications", key=os.environ["OPERATOR_KEY"], body=body)
    made.setdefault("id", made.get("client_id"))
    return made, made.get("client_secret")


def main():
    judgement = Judgement()
    metadata, keys = judge_discovery(judgement)
    public, secret = register("judge-public", True)
    judgement.check(secret is None, "a public application was given a secret")
    application, browser = Application(public, metadata), Browser()
    flow = judge_flow(judgement, application, keys, browser)
    if flow:
        judge_reuse(judgement, application, flow)
        token, _ = judge_redemption(judgement, application, browser)
        judge_bearers(judgement, application, token)
        judge_secret(judgement, register("judge-confidential", False), metadata, browser, keys)
        judge_session(judgement, application, browser, keys)
        judge_end_session(judgement, application, browser, keys)
        judge_back_channel(judgement, application, metadata, keys)
    judge_requests(judgement, application)
    print(f"oidc: {judgement.passed} checks passed, {judgement.failed} failed")
    return 1 if judgement.failed else 0


if __name__ == "__main__":
    sys.exit(main())

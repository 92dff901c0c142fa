"""What people see of SAML when it is set up, tested and refused; and that a browser lets its redirects through."""

import ssl
import tempfile

import certificate
from browser.world import Visitor, World
from idp_signxml import Signxml
from saml_sign_in import POST, Organization


def walk(world: World):
    ours = world.organization("walk-saml")
    test_sign_in(world, ours)
    ours.activate()
    errors(world, ours)
    refused(world, ours)
    request_by_post(world)
    for scheme in ("https", "http"):
        redirected_to_another_origin(world, scheme)
    end_of_licence(world, ours)


def answered(visitor: Visitor, **fields: str):
    """The sample IdP answers with other values than it was asked for, as if its administrator had mistyped one."""
    visitor.page.evaluate("""fields => {
        for (const [name, value] of Object.entries(fields)) document.forms[0].elements[name].value = value;
    }""", fields)
    visitor.sign_in_at_sample_idp("Ada Lovelace")


def answered_wrongly(visitor: Visitor):
    answered(visitor, audience="https://mistyped.example/metadata")


def test_sign_in(world: World, ours: Organization):
    """The link that an owner opens: what came, and who it would be; or what to change."""
    with world.visit("a test that fails") as visitor:
        visitor.open(ours.test_link())
        answered_wrongly(visitor)
        visitor.expect("The test did not pass")
        visitor.expect("https://mistyped.example/metadata")
        visitor.look("test-failed")
    for javascript in (True, False):
        name = f"a test that passes{'' if javascript else ', without JavaScript'}"
        with world.visit(name, javascript=javascript) as visitor:
            link = ours.test_link()
            visitor.open(link)
            visitor.sign_in_at_sample_idp("Ada Lovelace")
            visitor.expect("The test passed")
            visitor.expect("ada@acme.test")
            world.check(f"{name}: nobody is signed in", visitor.cookies("lys-") == [])
            if javascript:
                visitor.look("test-passed")
                visitor.page.reload()  # the browser posts the response again
                visitor.expect("This sign-in took too long, was begun elsewhere, or was finished before.")
                visitor.look("trouble-sent-again")
                visitor.open(link)
                visitor.expect("This test link has been used")
                visitor.look("trouble-test-link")


def errors(world: World, ours: Organization):
    """Addresses that lead nowhere."""
    with world.visit("wrong addresses", javascript=False) as visitor:
        visitor.open("/saml/init/no-such-company")
        visitor.expect("This sign-in address is not set up")
        visitor.look("trouble-unknown-organization")
        visitor.open(f"/saml/init/{ours.domain}?connection=conn-00000000")
        visitor.expect("Reference:")
        visitor.open("/password/new?link=used")
        visitor.expect("This link has been used or has ended.")
        visitor.look("trouble-link-gone")
        visitor.press("Start again")
        visitor.expect_at("/sign_in")


def refused(world: World, ours: Organization):
    """A message that cannot be accepted: who can mend it, and a reference; nothing else."""
    with world.visit("wrong audience") as visitor:
        visitor.open(f"/saml/init/{ours.domain}")
        answered_wrongly(visitor)
        visitor.expect("Your company's sign-in needs a change")
        world.check("wrong audience: nothing of it is told", "mistyped" not in visitor.text(), visitor.text())
        visitor.look("trouble-refused")
    path = f"{ours.path}/connections/{ours.connection}"
    world.operator.call("PATCH", path, {"idp_initiated": False})
    tested(world, ours)
    with world.visit("begun at the IdP, where that is not allowed") as visitor:
        visitor.open("/sample/idp")
        answered(visitor, acs=ours.acs, audience=ours.entity_id)
        visitor.expect("Reference:")
        visitor.look("trouble-unsolicited")
        world.check("unsolicited: nobody is signed in", visitor.cookies("lys-") == [])
    with world.visit("suspended") as visitor:
        visitor.open(f"/sign_in?domain={ours.domain}")
        visitor.sign_in_at_sample_idp("Ada Lovelace")
        visitor.expect("ada@acme.test")
        visitor.page.context.clear_cookies()
        member = world.member(ours.id, "ada@acme.test")["id"]
        world.operator.call("POST", f"{ours.path}/members/{member}/suspend")
        visitor.open(f"/sign_in?domain={ours.domain}")
        visitor.sign_in_at_sample_idp("Ada Lovelace")
        visitor.expect("Your account here is suspended.")
        visitor.look("trouble-suspended")
        world.operator.call("POST", f"{ours.path}/members/{member}/restore")


def tested(world: World, ours: Organization):
    """A draft that has been tested, and is live then."""
    with world.visit("a draft is tested") as visitor:
        visitor.open(ours.test_link())
        visitor.sign_in_at_sample_idp("Ada Lovelace")
        visitor.expect("The test passed")
    ours.activate()


def request_by_post(world: World):
    """The HTTP POST binding: a page with a button, which needs no script and may lead to another origin."""
    with Elsewhere("http") as idp:
        ours = Organization(world.operator, f"walk-post-{idp.port}").create()
        ours.save_metadata(idp.metadata())
        world.operator.call("PATCH", f"{ours.path}/connections/{ours.connection}", {"request_by_post": True})
        with world.visit("request by POST", javascript=False, origins=[idp.base_url]) as visitor:
            visitor.open(ours.test_link())
            visitor.expect("Continue to your company's identity provider to sign in.")
            visitor.look("saml-post")
            visitor.press("Continue")
            visitor.expect("The request came")
            visitor.expect_at("/sso")


def redirected_to_another_origin(world: World, scheme: str):
    """`form-action` is held against redirects too, and a form of ours ends at an identity provider of another origin."""
    name = f"by a form to an identity provider elsewhere ({scheme})"
    with Elsewhere(scheme) as idp:
        idp.tell({"sign": "assertion", "user": "ada@elsewhere.test"})
        ours = Organization(world.operator, f"walk-{scheme}-{idp.port}").create()
        ours.save_metadata(idp.metadata())
        with world.visit(f"{name}: a test", origins=[idp.base_url]) as visitor:
            visitor.open(ours.test_link())
            visitor.page.evaluate("document.forms[0].submit()")
            visitor.expect("The test passed")
        ours.activate()
        with world.visit(name, origins=[idp.base_url]) as visitor:
            visitor.open("/sample/app/login")
            visitor.fill("Your work e-mail, or your company's sign-in name", ours.domain)
            visitor.press("Continue")
            visitor.expect_at("/sso")
            visitor.page.evaluate("document.forms[0].submit()")
            visitor.page.wait_for_url("**/sample/app/callback**")
            visitor.expect("ada@elsewhere.test")


def end_of_licence(world: World, ours: Organization):
    """Nobody gets in through the company; whoever has a password does."""
    world.operator.call("PUT", f"{ours.path}/licence", {"state": "expired"})
    with world.visit("the licence has ended", javascript=False) as visitor:
        visitor.open(f"/sign_in?domain={ours.domain}")
        visitor.expect("The company's licence for single sign-on has ended.")
        visitor.look("trouble-licence")
        visitor.open(f"/saml/init/{ours.domain}")
        visitor.expect("Reference:")
    world.operator.call("PATCH", f"{ours.path}/sign-in", {"password": True})
    with world.visit("the licence has ended, with passwords", javascript=False) as visitor:
        visitor.open(f"/sign_in?domain={ours.domain}")
        visitor.expect("its licence has ended")
        visitor.look("sign-in-licence")


class Elsewhere(Signxml):
    """Signxml's identity provider, also over TLS, and for a request that comes by POST."""

    def __init__(self, scheme: str):
        self.folder = tempfile.TemporaryDirectory()
        super().__init__(self.folder.name)
        self.port = self.http.server_address[1]
        if scheme == "https":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            key, own = certificate.make(self.folder.name, "tls")
            context.load_cert_chain(own, key)
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
            self.base_url = f"https://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()
        self.folder.cleanup()

    def metadata(self) -> str:
        by_post = f'<SingleSignOnService Binding="{POST}" Location="{self.base_url}/sso"/>'
        return super().metadata().replace("</IDPSSODescriptor>", f"{by_post}</IDPSSODescriptor>")

    def handler(self):
        class Handler(super().handler()):
            def do_GET(self):
                if self.path == "/favicon.ico":
                    self.send_error(404)
                else:
                    super().do_GET()

            def do_POST(self):
                form = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200 if form.startswith(b"SAMLRequest=") else 400)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(b"<p>The request came</p>" if form.startswith(b"SAMLRequest=") else b"<p>No request</p>")

        return Handler

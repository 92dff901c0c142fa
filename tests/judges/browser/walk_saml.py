"""What people see of SAML when it is set up, tested, and refused; and that a browser lets its redirects through."""

import contextlib
import http.server
import pathlib
import ssl
import tempfile
import threading
from urllib.parse import urlsplit

import certificate
from browser.world import World

SSO = '<p id="there">The identity provider</p>'


def walk(world: World):
    ours = world.organization("walk-saml")
    test_sign_in(world, ours)
    ours.activate()
    errors(world, ours)
    refused(world, ours)
    request_by_post(world)
    redirected_to_another_origin(world)
    end_of_licence(world, ours)


def at_idp(visitor, acs: str, audience: str, answers: str = ""):
    """Has the sample IdP answer anything: as if its administrator had mistyped a value."""
    visitor.open("/sample/idp")
    visitor.page.evaluate("""fields => {
        const form = document.forms[0];
        for (const [name, value] of Object.entries(fields)) form.elements[name].value = value;
    }""", {"acs": acs, "audience": audience, "request": answers})
    visitor.sign_in_at_sample_idp("Ada Lovelace")


def test_sign_in(world: World, ours):
    """The link that an owner opens: what came, and who it would be; or what to change."""
    with world.visit("a test that fails") as visitor:
        world.operator.call("POST", f"{ours.path}/connections/{ours.connection}/test")
        at_idp(visitor, ours.acs, "https://mistyped.example/metadata")
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
                visitor.open(link)
                visitor.expect("This test link has been used")
                visitor.look("trouble-test-link")


def errors(world: World, ours):
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


def refused(world: World, ours):
    """A message that cannot be accepted: who can mend it, and a reference; nothing else."""
    with world.visit("wrong audience") as visitor:
        at_idp(visitor, ours.acs, "https://mistyped.example/metadata")
        visitor.expect("Your company's sign-in needs a change")
        world.check("wrong audience: nothing of it is told", "mistyped" not in visitor.text(), visitor.text())
        visitor.look("trouble-refused")
    path = f"{ours.path}/connections/{ours.connection}"
    world.operator.call("PATCH", path, {"idp_initiated": False})
    tested(world, ours)
    with world.visit("begun at the IdP, where that is not allowed") as visitor:
        at_idp(visitor, ours.acs, ours.entity_id)
        visitor.expect("Reference:")
        visitor.look("trouble-unsolicited")
        world.check("unsolicited: nobody is signed in", visitor.cookies("lys-") == [])
    with world.visit("suspended") as visitor:
        visitor.open(f"/sign_in?domain={ours.domain}")
        visitor.sign_in_at_sample_idp("Ada Lovelace")
        visitor.expect("You are signed in to")
        member = world.member(ours.id, "ada@acme.test")["id"]
        world.operator.call("POST", f"{ours.path}/members/{member}/suspend")
        visitor.open(f"/sign_in?domain={ours.domain}")
        visitor.sign_in_at_sample_idp("Ada Lovelace")
        visitor.expect("Your account here is suspended.")
        visitor.look("trouble-suspended")
        world.operator.call("POST", f"{ours.path}/members/{member}/restore")


def tested(world: World, ours):
    """A draft that has been tested, and is live then."""
    with world.visit("a draft is tested") as visitor:
        visitor.open(ours.test_link())
        visitor.sign_in_at_sample_idp("Ada Lovelace")
        visitor.expect("The test passed")
    ours.activate()


def request_by_post(world: World):
    """The HTTP POST binding: a page with a button, which nobody has to press twice and which works without scripts."""
    ours = world.organization("walk-post")
    world.operator.call("PATCH", f"{ours.path}/connections/{ours.connection}", {"request_by_post": True})
    with AnotherIdp() as idp:
        ours.save_metadata(idp.metadata())
        with world.visit("request by POST", javascript=False, origins=[idp.url]) as visitor:
            visitor.open(ours.test_link())
            visitor.expect("Continue to your company's identity provider to sign in.")
            visitor.look("saml-post")
            visitor.press("Continue")
            visitor.expect("The identity provider")
            world.check("request by POST: it came", idp.asked == ["POST /sso"], idp.asked)


def redirected_to_another_origin(world: World):
    """`form-action` is held against redirects too: a form of ours leads to an identity provider elsewhere."""
    for scheme in ("https", "http"):
        ours = world.organization("walk-elsewhere")
        tested(world, ours)
        with AnotherIdp(scheme) as idp:
            ours.save_metadata(idp.metadata())
            world.operator.call("POST", f"{ours.path}/connections/{ours.connection}/test")
            tested_elsewhere(world, ours)


def tested_elsewhere(world: World, ours):
    raise NotImplementedError


def end_of_licence(world: World, ours):
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


class AnotherIdp:
    """An address on this machine, of another origin than the server's, that a request is sent to."""

"""Passwords: choosing one by a link, signing in with it, forgetting it. All of it also without JavaScript."""

import urllib.parse

from browser.world import Visitor, World

PASSWORD = "a gate at the edge of the yard"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636, appendix B


def walk(world: World):
    organization = world.organization("walk-passwords")
    world.operator.call("PATCH", f"{organization.path}/sign-in", {"password": True})
    members = {}
    with world.visit("somebody becomes a member") as visitor:
        visitor.open(organization.test_link())
        visitor.sign_in_at_sample_idp("Ada Lovelace")
        visitor.expect("The test passed")
        organization.activate()
        for who in ("Ada Lovelace", "Grace Hopper"):
            visitor.open(f"/saml/init/{organization.domain}")
            visitor.sign_in_at_sample_idp(who)
            visitor.page.context.clear_cookies()
        for who in ("ada@acme.test", "grace@acme.test"):
            members[who] = f"{organization.path}/members/{world.member(organization.id, who)['id']}"
            world.operator.call("PUT", f"{members[who]}/password")
    for javascript, who in ((True, "ada@acme.test"), (False, "grace@acme.test")):
        manner = "" if javascript else ", without JavaScript"
        with world.visit(f"choosing a password{manner}", javascript=javascript) as visitor:
            link = world.operator.call("POST", f"{members[who]}/password/link")["url"]
            choose(visitor, link, javascript)
        with world.visit(f"signing in with a password{manner}", javascript=javascript) as visitor:
            sign_in(visitor, organization.domain, who, javascript)
        with world.visit(f"a forgotten password{manner}", javascript=javascript) as visitor:
            forgotten(visitor, organization.domain, who, javascript)
    by_keyboard(world, organization.domain)
    to_an_application_elsewhere(world, organization.domain)


def choose(visitor: Visitor, link: str, looks: bool):
    visitor.open(link)
    visitor.expect("At least 12 characters.")
    if looks:
        visitor.look("password-new")
    # A browser would not send it: what a browser says of it is its own.
    for password, again, told in (
        (PASSWORD, "another gate at the edge", "The two are not the same"),
        ("passwordpassword", "passwordpassword", "The password is one that anybody would try first"),
    ):
        visitor.fill("New password", password)
        visitor.fill("The same again", again)
        visitor.press("Save the password")
        visitor.expect(told)
    if looks:
        visitor.look("password-new-weak")
    visitor.fill("New password", "short")
    visitor.fill("The same again", "short")
    visitor.page.get_by_role("button", name="Save the password").click()
    visitor.world.check(f"{visitor.name}: the browser keeps a short one back", visitor.page.locator("#password:invalid").count() == 1)
    visitor.fill("New password", PASSWORD)
    visitor.fill("The same again", PASSWORD)
    visitor.press("Save the password")
    visitor.expect("Your password is saved")
    if looks:
        visitor.look("password-saved")
    visitor.press("Sign in")
    visitor.expect_at("/sign_in")


def sign_in(visitor: Visitor, domain: str, who: str, looks: bool):
    visitor.open(f"/sign_in?domain={domain}")
    visitor.expect("Sign in with a password")
    if looks:
        visitor.look("sign-in")
    visitor.fill("E-mail", who)
    visitor.fill("Password", "not this one, surely")
    visitor.press("Sign in with a password")
    visitor.expect("That address and password do not belong together")
    if looks:
        visitor.look("sign-in-wrong-password")
    kept = visitor.page.get_by_label("E-mail", exact=True).input_value()
    visitor.world.check(f"{visitor.name}: the address is still there, the password is not",
                        (kept, visitor.page.get_by_label("Password", exact=True).input_value()) == (who, ""))
    visitor.fill("Password", PASSWORD)
    visitor.press("Sign in with a password")
    visitor.expect("You are signed in to")
    visitor.world.check(f"{visitor.name}: a session", len(visitor.cookies("lys-")) == 1)
    if looks:
        visitor.look("signed-in")


def forgotten(visitor: Visitor, domain: str, who: str, looks: bool):
    visitor.open(f"/sign_in?domain={domain}")
    visitor.press("Forgot your password, or have none yet?")
    visitor.expect_at("/password/forgot")
    if looks:
        visitor.look("password-forgot")
    visitor.fill("E-mail", who)
    visitor.press("Send the link")
    visitor.expect("Look at your e-mail")
    if looks:
        visitor.look("password-forgot-sent")
    visitor.open(visitor.world.link_in_mail(who, "/password/new"))
    visitor.fill("New password", f"{PASSWORD} or beyond")
    visitor.fill("The same again", f"{PASSWORD} or beyond")
    visitor.press("Save the password")
    visitor.expect("Your password is saved")


def by_keyboard(world: World, domain: str):
    """Tab to the address, Tab to the password, Enter."""
    with world.visit("a password by keyboard", phone=True, dark=True) as visitor:
        visitor.open(f"/sign_in?domain={domain}")
        keyboard = visitor.page.keyboard
        for _ in range(3):
            keyboard.press("Tab")
            if visitor.page.locator("#email:focus").count():
                break
        keyboard.type("ada@acme.test")
        keyboard.press("Tab")
        keyboard.type(f"{PASSWORD} or beyond")
        with visitor.page.expect_navigation():
            keyboard.press("Enter")
        visitor.expect("You are signed in to")


def to_an_application_elsewhere(world: World, domain: str):
    """The answer to the form leads to another origin, which the page's policy has to allow."""
    with world.application() as (client, redirect_uri, queries):
        query = urllib.parse.urlencode({
            "response_type": "code", "client_id": client, "redirect_uri": redirect_uri, "scope": "openid",
            "state": "st-1", "code_challenge": CHALLENGE, "code_challenge_method": "S256", "organization": domain,
        })
        with world.visit("a password for an application elsewhere", origins=[redirect_uri]) as visitor:
            visitor.open(f"/oidc/authorize?{query}")
            visitor.fill("E-mail", "ada@acme.test")
            visitor.fill("Password", f"{PASSWORD} or beyond")
            visitor.press("Sign in with a password")
            visitor.expect("The application")
            told = queries[-1] if queries else {}
            world.check("the application elsewhere has a code", "code" in told and told.get("state") == "st-1", queries)
            visitor.open(f"/oidc/end_session?client_id={client}")
            visitor.press("Sign out")
            visitor.expect("You are signed out here.")

"""Signing in and out where the organization has an identity provider: the sample one, and the sample application."""

import json

from browser.world import World


def walk(world: World):
    for javascript in (True, False):
        manner = "" if javascript else ", without JavaScript"
        from_the_application(world, f"from the application{manner}", javascript)
        from_the_tile(world, f"from the tile{manner}", javascript)
    sent_twice(world)
    where_do_you_work(world)
    by_keyboard(world)
    signing_out_of_everything(world)
    policies_hold(world)


def from_the_application(world: World, name: str, javascript: bool):
    """Sample application → sample IdP → back with an ID token; then at once; then out, here and at the IdP."""
    with world.visit(name, javascript=javascript) as visitor:
        visitor.open("/sample/app")
        if javascript:
            visitor.look("sample-app")
        visitor.press("Sign in with acme")
        visitor.expect_at("/sample/idp/sso")
        visitor.sign_in_at_sample_idp("Ada Lovelace")
        visitor.expect_at("/sample/app/callback")
        claims = json.loads(visitor.page.locator("#claims").inner_text())
        world.check(f"{name}: the ID token is Ada's", claims.get("email") == "ada@acme.test", claims)
        world.check(f"{name}: one session, no flow is left", (len(visitor.cookies("lys-")), visitor.cookies("lyf-")) == (1, []))
        if javascript:
            visitor.look("sample-app-signed-in")

        visitor.open("/sample/app/login?organization=acme")
        visitor.expect_at("/sample/app/callback")
        again = json.loads(visitor.page.locator("#claims").inner_text())
        world.check(f"{name}: the session answers at once", again.get("sid") == claims.get("sid"), (again, claims))

        visitor.press("Sign out")
        visitor.expect_at("/sample/app")
        world.check(f"{name}: the session's cookie is gone", visitor.cookies("lys-") == [])
        visitor.open("/sample/app/login?organization=acme")
        visitor.expect_at("/sample/idp/sso")


def from_the_tile(world: World, name: str, javascript: bool):
    """The IdP begins; the application takes it from there, without another question."""
    with world.visit(name, javascript=javascript) as visitor:
        visitor.open("/sample/idp")
        if javascript:
            visitor.look("sample-idp")
        visitor.sign_in_at_sample_idp("Grace Hopper")
        visitor.expect_at("/sample/app/callback")
        visitor.expect("grace@acme.test")
        visitor.page.reload()
        visitor.expect("This sign-in did not begin here.")


def sent_twice(world: World):
    """The IdP's page is still open, and is sent again: nobody is signed in twice by one assertion."""
    with world.visit("sent twice", javascript=False) as visitor:
        visitor.open("/sample/idp")
        visitor.press("Grace Hopper (grace@acme.test)")
        again = visitor.page.content()
        visitor.press("Continue")
        visitor.expect_at("/sample/app/callback")
        visitor.open("/sample/idp")
        visitor.page.set_content(again)
        visitor.press("Continue")
        visitor.expect("That did not work")
        visitor.look("trouble-sent-twice")


def where_do_you_work(world: World):
    """An application that does not say which organization: the person is asked, and the form's redirects are let through."""
    with world.visit("where do you work", javascript=False) as visitor:
        visitor.open("/sample/app")
        visitor.press("Sign in without saying where you work")
        visitor.look("sign-in-find")
        visitor.fill("Your work e-mail, or your company's sign-in name", "nobody-knows-it")
        visitor.press("Continue")
        visitor.expect("We do not know this address or name.")
        visitor.look("sign-in-find-unknown")
        visitor.fill("Your work e-mail, or your company's sign-in name", "acme")
        visitor.press("Continue")
        visitor.expect_at("/sample/idp/sso")
        visitor.sign_in_at_sample_idp("Alan Turing")
        visitor.expect("alan@acme.test")
    with world.visit("the session answers a form's redirects") as visitor:
        visitor.open("/sample/idp")
        visitor.sign_in_at_sample_idp("Alan Turing")
        visitor.open("/sample/app/login")
        visitor.fill("Your work e-mail, or your company's sign-in name", "acme")
        visitor.press("Continue")
        visitor.expect_at("/sample/app/callback")


def by_keyboard(world: World):
    """No pointer: the field has the focus, Enter submits, Tab and Enter choose."""
    name = "by keyboard"
    with world.visit(name) as visitor:
        keyboard = visitor.page.keyboard
        visitor.open("/sample/app/login")
        visitor.page.locator("#who:focus").wait_for()
        keyboard.type("acme")
        with visitor.page.expect_navigation():
            keyboard.press("Enter")
        visitor.expect_at("/sample/idp/sso")
        keyboard.press("Tab")
        keyboard.press("Enter")
        visitor.page.wait_for_url("**/sample/app/callback**")
        visitor.expect("ada@acme.test")


def signing_out_of_everything(world: World):
    """`/sign_out` asks, ends the session here, and offers to end the identity provider's."""
    with world.visit("sign out", javascript=False) as visitor:
        visitor.open("/sample/idp")
        visitor.sign_in_at_sample_idp("Grace Hopper")
        visitor.open("/sign_out")
        visitor.expect("Sign out?")
        visitor.look("sign-out")
        visitor.press("Sign out")
        visitor.expect("You are signed out here.")
        world.check("sign out: the session's cookie is gone", visitor.cookies("lys-") == [])
        visitor.look("signed-out")
        visitor.press("Sign out of your company account too")
        visitor.expect("You are signed out of")
        visitor.look("signed-out-at-idp")
    with world.visit("sign out, asked by an application that names nobody", javascript=False) as visitor:
        visitor.open("/sample/idp")
        visitor.sign_in_at_sample_idp("Grace Hopper")
        visitor.open(f"/oidc/end_session?client_id={world.demo['application']}")
        visitor.look("end-session")
        visitor.press("Sign out")
        visitor.expect("You are signed out here.")


def policies_hold(world: World):
    """The page's policy stops what it must. This is also the proof that a visitor notices."""
    name = "the policy stops a script, a frame, a form to elsewhere"
    with world.visit(name) as visitor:
        visitor.open("/sign_out")
        visitor.page.evaluate("""() => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            const form = document.createElement("form");
            form.action = "http://127.0.0.1:9/elsewhere";
            form.method = "post";
            document.body.append(form);
            form.submit();
        }""")
        visitor.page.wait_for_timeout(300)
        world.check(f"{name}: the script did not run", visitor.page.evaluate("window.ran") is None)
        visitor.expect_at("/sign_out")
        seen = [trouble for trouble in visitor.troubles if "Content Security Policy" in trouble]
        world.check(f"{name}: the visitor noticed both", len(seen) == 2, visitor.troubles)
        visitor.troubles.clear()

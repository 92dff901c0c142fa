"""Who is let in and how far: a guest with a set-up link, a member, an owner whose licence ended, an old link; and what
strangers write, shown as text."""

from browser.company import Company, Scim, new_connection, tab
from browser.world import World

PROBES = ['"><script>alert(1)</script>', "<img src=x onerror=alert(1)>", "{{7*7}}", "javascript:alert(1)", "\u202eevil\u2066"]


def walk(world: World):
    company = Company(world, "doors", f"Doors {PROBES[0]}")
    guest(world, company)
    links(world, company)
    member(world, company)
    strangers(world, company)
    licence(world, company)


def guest(world: World, company: Company):
    """An IT administrator with a set-up link, on a phone."""
    body = {"name": "Grace, IT", "scopes": ["sso", "scim"]}
    made = company.operator.call("POST", f"{company.path}/setup-links", body)
    with world.visit("a guest with a set-up link", phone=True) as visitor:
        company.enter(visitor, made["url"])
        visitor.expect("You are here by a set-up link")
        visitor.look("settings-guest")
        new_connection(visitor, "Okta", "Okta")
        visitor.fill("Metadata URL", world.demo["sample_idp_metadata_url"])
        visitor.press("Save the metadata URL")
        visitor.expect("Signing certificate")
        tab(visitor, "SCIM")
        visitor.press("Switch SCIM on")
        for part in ("members", "suspended", "groups", "history", "links", "members.csv", "history.csv"):
            visitor.open(f"{company.home}/{part}")
            visitor.expect("Not part of your link")
        visitor.look("settings-out-of-scope")
        with world.visit("the same link in another browser") as other:
            other.open(made["url"].removeprefix(world.base_url))
            other.expect("This link was opened before")
            other.look("settings-link-opened-before")
        company.operator.call("DELETE", f"{company.path}/setup-links/{made['id']}")
        visitor.open(f"{company.home}/scim")
        visitor.expect("This link has ended")
        visitor.look("settings-link-ended")


def links(world: World, company: Company):
    """The owner sees what the guest did, makes another link, takes it back."""
    with world.visit("the owner and the set-up links") as owner:
        company.enter(owner)
        tab(owner, "Set-up links")
        owner.expect("Grace, IT")
        owner.page.get_by_text("What was done with it").first.click()
        owner.expect("opened the link")
        owner.expect("switched SCIM on")
        owner.fill("Whom it is for", PROBES[0])
        owner.press("Make the link")
        url = company.shown_secrets(owner)[0]
        owner.look("settings-link-made")
        tab(owner, "Set-up links")
        world.check("the address is shown no more", url.partition("#")[2] not in owner.page.content())
        owner.look("settings-links")
        with owner.page.expect_navigation():
            owner.page.get_by_role("button", name="Take back").first.click()
        owner.expect("The link was taken back")
    with world.visit("a link that ended") as visitor:
        visitor.open(url.removeprefix(world.base_url))
        visitor.expect("This link was taken back")
        visitor.look("settings-link-taken-back")
    with world.visit("a link that is none", javascript=False) as visitor:
        visitor.open("/settings/enter")
        visitor.fill("Your link", PROBES[0])
        visitor.press("Open")
        visitor.expect("This is no link that we know")
        visitor.look("settings-enter")


def member(world: World, company: Company):
    """A member who is no owner, by a password; and then the owner, by one: signing in leads back here."""
    company.operator.call("PATCH", f"{company.path}/sign-in", {"password": True})
    for who, is_owner in ((company.member, False), (company.owner, True)):
        company.operator.call("PUT", f"{company.path}/members/{who}/password")
        link = company.operator.call("POST", f"{company.path}/members/{who}/password/link")["url"]
        address = f"{'owner' if is_owner else 'member'}@{company.domain}.test"
        with world.visit(f"{'an owner' if is_owner else 'a member'} with a password") as visitor:
            visitor.open(link.removeprefix(world.base_url))
            visitor.fill("New password", "correct horse battery")
            visitor.fill("The same again", "correct horse battery")
            visitor.press("Save the password")
            visitor.open("/settings")
            visitor.look("settings-find")
            visitor.fill("Your work e-mail, or your company’s domain here", company.domain)
            visitor.press("Sign in as an owner")
            visitor.fill("E-mail", address)
            visitor.fill("Password", "correct horse battery")
            visitor.press("Sign in with a password")
            visitor.expect_at(company.home)
            if is_owner:
                visitor.expect("Overview")
            else:
                visitor.expect("Only owners can open SSO & SCIM")
                visitor.look("settings-no-owner")


def strangers(world: World, company: Company):
    """What an identity provider or a passer-by may write stands on the pages as text."""
    token = company.operator.call("POST", f"{company.path}/tokens", {"name": PROBES[1]})["token"]
    company.operator.call("PATCH", f"{company.path}/directory", {"enabled": True})
    client = Scim(world.base_url, token, "okta")
    users = []
    for n, probe in enumerate(PROBES):
        made = client.create(f"probe{n}{probe}", probe, probe, title=probe, nickName=probe, externalId=probe)
        users.append(made["id"])
    group = client.group(f"Group {PROBES[0]}", users)
    client.call("GET", "/Users?filter=" + "%22%3E%3Cscript%3Ealert(1)%3C/script%3E", expect=(400,))
    client.suspend(users[0])
    pages = ["", "/live", "/sso", "/attempts", "/scim", "/scim/requests", "/links", "/members", f"/members/{users[0]}",
             f"/members/{users[1]}", "/suspended", "/groups", f"/groups/{group['id']}", "/history",
             "/members?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/history?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
             "/scim?done=%3Cscript%3Ealert(1)%3C/script%3E"]
    with world.visit("what strangers write") as owner:
        company.enter(owner)
        for page in pages:
            owner.open(f"{company.home}{page}")
            found = owner.page.evaluate("""() => [
                ...[...document.scripts].filter(it => !it.src.endsWith("/assets/settings.js")).map(it => it.outerHTML),
                ...[...document.querySelectorAll("img, iframe, object, embed, svg, style, [onerror], [onclick], [onload]")].map(it => it.outerHTML),
                ...[...document.querySelectorAll("a[href], form[action]")].map(it => it.getAttribute("href") ?? it.getAttribute("action"))
                    .filter(it => !/^(\\/|#|\\?)/.test(it)),
            ]""")
            world.check(f"{page or '/'}: what strangers wrote is text", not found, found)
            world.check(f"{page or '/'}: no template was evaluated", "49" not in owner.page.locator("main, body").first.inner_text().split())
        owner.open(f"{company.home}/members?show=all")
        owner.expect("<img src=x onerror=alert(1)>")
        owner.look("settings-strangers")


def licence(world: World, company: Company):
    with world.visit("an owner whose licence ended") as owner:
        company.enter(owner)
        company.licence("expired")
        for page in ("", "/sso", "/scim", "/members", "/history", "/links"):
            owner.open(f"{company.home}{page}")
            owner.expect("The licence for SSO & SCIM has expired")
        owner.look("settings-licence-expired")
        company.licence("none")
        owner.open(company.home)
        owner.expect("SSO & SCIM is not part of your plan")
        company.licence("active")
        owner.open(company.home)
        owner.expect("Overview")

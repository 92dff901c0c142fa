"""An owner sets Okta up, from the first page to the history: in a real browser, with what Okta would send."""

import urllib.parse

from browser.company import Company, Scim, new_connection, tab, test_here, unfold
from browser.world import Visitor, World


def walk(world: World):
    company = Company(world, "okta")
    with world.visit("the owner sets Okta up") as owner:
        owner.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        company.enter(owner)
        owner.look("settings-overview-first")
        single_sign_on(world, company, owner)
        token = scim(world, company, owner)
        okta = Scim(world.base_url, token, "okta")
        people = provisioned(company, owner, okta)
        suspended(world, company, owner, okta, people)
        history(owner)
        more_pages(world, company, owner)
        tab(owner, "Overview")
        owner.expect("Okta")
        owner.look("settings-overview-later")
    with world.visit("somebody signs in through it") as person:
        person.open(f"/sign_in?organization={company.domain}")
        person.sign_in_at_sample_idp("Ada Lovelace")
        person.expect(company.name)


def single_sign_on(world: World, company: Company, owner: Visitor):
    tab(owner, "Single sign-on")
    owner.look("settings-sso-first")
    new_connection(owner, "Okta", "Okta")
    text = owner.text()
    for value in ("Single sign-on URL", "Audience URI (SP Entity ID)", f"/saml/consume/{company.domain}", f"/saml/metadata/{company.domain}"):
        world.check(f"Okta's set-up shows {value}", value in text, text[:2000])
    button = owner.page.get_by_role("button", name="Copy Single sign-on URL")
    button.click()
    owner.page.get_by_role("button", name="Copied").wait_for()
    copied = owner.page.evaluate("navigator.clipboard.readText()")
    world.check("the copy button copies the address", copied == f"{world.base_url}/saml/consume/{company.domain}", copied)
    button.wait_for()  # it has its own words again
    owner.look("settings-connection-okta")
    for wrong, says in (("http://idp.example/metadata", "https"), (f"{world.base_url}/assets/style.css", "")):
        owner.fill("Metadata URL", wrong)
        owner.press("Save the metadata URL")
        alert = owner.page.get_by_role("alert").first
        world.check(f"{wrong} is refused with a sentence", alert.is_visible() and says in alert.inner_text(), owner.text()[:800])
        world.check(f"{wrong} is kept in the field", owner.page.get_by_label("Metadata URL", exact=True).input_value() == wrong)
    owner.look("settings-metadata-wrong")
    owner.fill("Metadata URL", world.demo["sample_idp_metadata_url"])
    owner.press("Save the metadata URL")
    owner.expect("Signing certificate")
    owner.press("Generate certificate")
    for link, begins in (("Download as PEM", b"-----BEGIN CERTIFICATE-----"), ("Download as .cer", b"\x30\x82")):
        href = owner.page.get_by_role("link", name=link).first.get_attribute("href")
        content = owner.page.request.get(href).body()
        world.check(f"{link} gives a certificate", content.startswith(begins), content[:40])
    result = test_here(owner)
    world.check("the test shows the person", "The test passed" in result and "ada@acme.test" in result, result)
    owner.open(f"{company.home}/sso")
    with owner.page.expect_navigation():
        owner.page.get_by_role("link", name="Okta", exact=True).first.click()
    owner.expect("These settings passed a test")
    owner.look("settings-connection-tested")
    owner.press("Activate Okta")
    owner.expect("This connection is live")
    owner.look("settings-connection-active")
    connection = urllib.parse.urlsplit(owner.page.url).path
    owner.press("Test sign-in")
    owner.look("settings-test-begun")
    for idp in ("okta", "entra", "google", "onelogin", "jumpcloud"):
        owner.open(f"{connection}/guide/{idp}")
        owner.expect(f"/saml/consume/{company.domain}")
        owner.look(f"settings-sso-guide-{idp}")
    owner.open(f"{company.home}/attempts")
    owner.look("settings-attempts")
    with owner.page.expect_navigation():
        owner.page.locator("main table a").first.click()
    owner.expect("ada@acme.test")
    owner.look("settings-attempt")
    for idp in ("okta", "entra", "google", "onelogin", "jumpcloud"):
        owner.open(f"{company.home}/scim/guide/{idp}")
        owner.look(f"settings-scim-guide-{idp}")


def scim(world: World, company: Company, owner: Visitor) -> str:
    tab(owner, "SCIM")
    owner.look("settings-scim-off")
    owner.press("Switch SCIM on")
    owner.expect(f"{world.base_url}/scim/v2")
    unfold(owner, "Generate a token")
    owner.page.locator("form[action$='/scim/tokens']").get_by_label("Name").fill("Okta production")
    owner.press("Generate token")
    found = [value for value in company.shown_secrets(owner) if value.startswith("lyg")]
    world.check("the token is shown once", len(found) == 1, owner.text()[:800])
    owner.look("settings-token")
    tab(owner, "SCIM")
    world.check("the token is shown no more", found[0] not in owner.page.content())
    owner.expect("Okta production")
    owner.look("settings-scim-on")
    return found[0]


def provisioned(company: Company, owner: Visitor, okta: Scim) -> dict[str, str]:
    people = {}
    for given, family in (("Grace", "Hopper"), ("Alan", "Turing"), ("Edsger", "Dijkstra")):
        user_name = f"{given.lower()}@{company.domain}.test"
        people[given] = okta.create(user_name, given, family)["id"]
    okta.group("Engineering", list(people.values()))
    tab(owner, "Members")
    for name in ("Grace Hopper", "Alan Turing", "Edsger Dijkstra", "Olivia Owner"):
        owner.expect(name)
    owner.look("settings-members")
    owner.press("Grace Hopper")
    owner.expect("Engineering")
    owner.look("settings-member")
    owner.open(f"{company.home}/groups")
    owner.expect("Engineering")
    owner.look("settings-groups")
    owner.press("Engineering")
    owner.expect("Grace Hopper")
    owner.look("settings-group")
    return people


def suspended(world: World, company: Company, owner: Visitor, okta: Scim, people: dict[str, str]):
    okta.suspend(people["Alan"])
    okta.suspend(people["Edsger"])
    owner.open(f"{company.home}/suspended")
    owner.expect("Alan Turing")
    owner.look("settings-suspended")
    csv = owner.page.request.get(f"{company.home}/suspended.csv").text()
    world.check("the export names both", f"alan@{company.domain}.test" in csv and f"edsger@{company.domain}.test" in csv, csv[:500])
    owner.page.get_by_label("Choose Alan Turing").check()
    owner.press("Clean up the chosen members…")
    owner.expect("for good?")
    owner.look("settings-clean-up")
    world.check("nobody is deleted before it is confirmed", bool(okta.find(f"alan@{company.domain}.test")))
    owner.press("Delete this member for good")
    owner.expect("1 member was deleted.")
    world.check("the member is gone", not okta.find(f"alan@{company.domain}.test"))
    world.check("the other one is not", bool(okta.find(f"edsger@{company.domain}.test")))


def more_pages(world: World, company: Company, owner: Visitor):
    """What is left: the request log, exports, how long suspended members are kept, leaving."""
    owner.open(f"{company.home}/scim/requests")
    owner.expect("PATCH")
    owner.look("settings-requests")
    owner.open(f"{company.home}/suspended")
    owner.page.get_by_label("deleted once they have been suspended").check()
    owner.page.get_by_label("Days", exact=True).fill("30")
    owner.press("Save how long they are kept")
    owner.look("settings-retention")
    tab(owner, "History")
    for label in ("Export the history…",):
        link = owner.page.get_by_role("link", name=label).or_(owner.page.get_by_role("button", name=label))
        world.check(f"there is {label}", link.count() > 0)
    csv = owner.page.request.get(f"{company.home}/history.csv").text()
    world.check("the history's export has its lines", "member.suspended" in csv or "suspended" in csv, csv[:500])


def history(owner: Visitor):
    tab(owner, "History")
    # The name of somebody who is gone.
    owner.expect("Alan Turing")
    owner.expect("Okta production")
    owner.look("settings-history")

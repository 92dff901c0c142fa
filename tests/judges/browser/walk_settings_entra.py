"""An owner sets Entra up without JavaScript: a metadata file, an OAuth client, and what Entra would send."""

import urllib.request

from browser.company import Company, Scim, access_token, new_connection, tab, test_here, unfold
from browser.world import Visitor, World


def walk(world: World):
    company = Company(world, "entra")
    with world.visit("the owner sets Entra up, without JavaScript", javascript=False) as owner:
        company.enter(owner)
        single_sign_on(world, company, owner)
        entra = scim(world, company, owner)
        grace = entra.create(f"grace@{company.domain}.test", "Grace", "Hopper")["id"]
        alan = entra.create(f"alan@{company.domain}.test", "Alan", "Turing")["id"]
        entra.group("All of Globex", [grace, alan])
        tab(owner, "Members")
        owner.expect("Grace Hopper")
        entra.suspend(alan)
        owner.open(f"{company.home}/suspended")
        owner.page.get_by_label("Choose Alan Turing").check()
        owner.press("Clean up the chosen members…")
        owner.press("Delete this member for good")
        owner.expect("1 member was deleted.")
        tab(owner, "History")
        owner.expect("Alan Turing")
        by_hand(world, company, owner)


def single_sign_on(world: World, company: Company, owner: Visitor):
    new_connection(owner, "Entra", "Microsoft Entra ID")
    text = owner.text()
    for value in ("Identifier (Entity ID)", "Reply URL (Assertion Consumer Service URL)", "Sign on URL"):
        world.check(f"Entra's set-up shows {value}", value in text, text[:2000])
    world.check("no button promises what only a script can do", not owner.page.get_by_role("button", name="Copy").count())
    owner.look("settings-connection-entra")
    with urllib.request.urlopen(world.demo["sample_idp_metadata_url"], timeout=30) as answer:
        metadata = answer.read()
    unfold(owner, "Upload a file")
    files = owner.page.get_by_label("Metadata file", exact=True)
    files.set_input_files({"name": "broken.xml", "mimeType": "text/xml", "buffer": b"<html>no metadata</html>"})
    owner.press("Upload the file")
    world.check("a file that is no metadata is refused", owner.page.get_by_role("alert").first.is_visible(), owner.text()[:800])
    unfold(owner, "Upload a file")
    files = owner.page.get_by_label("Metadata file", exact=True)
    files.set_input_files({"name": "Globex.xml", "mimeType": "text/xml", "buffer": metadata})
    owner.press("Upload the file")
    owner.expect("Signing certificate")
    owner.press("Generate certificate")
    result = test_here(owner, "Grace Hopper")
    world.check("the test shows the person", "The test passed" in result and "grace@acme.test" in result, result)
    tab(owner, "Single sign-on")
    with owner.page.expect_navigation():
        owner.page.get_by_role("link", name="Entra", exact=True).first.click()
    owner.press("Activate Entra")
    owner.expect("This connection is live")


def scim(world: World, company: Company, owner: Visitor) -> Scim:
    tab(owner, "SCIM")
    owner.press("Switch SCIM on")
    unfold(owner, "Make an OAuth client")
    owner.page.locator("form[action$='/scim/clients']").get_by_label("Name").fill("Entra gallery")
    owner.press("Make OAuth client")
    owner.look("settings-client")
    values = company.shown_secrets(owner)
    secret = next(value for value in values if value.startswith("lys_"))
    client = next(value for value in values if value.startswith("lyc_"))
    return Scim(world.base_url, access_token(world.base_url, client, secret), "entra")


def by_hand(world: World, company: Company, owner: Visitor):
    """Suspended and restored by the owner."""
    tab(owner, "Members")
    owner.press("Grace Hopper")
    owner.press("Suspend Grace Hopper")
    owner.expect("This member is suspended and cannot sign in.")
    owner.press("Lift the suspension by hand")
    owner.expect("This member is active and can sign in.")

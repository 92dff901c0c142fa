"""The walk of tests/judges/openapi.py through sign-in: connections, applications, SAML, pages, passwords.

The browser's part is played with bare requests: the sample identity provider of the local server makes the response.
"""

import base64
import os
import re
import urllib.parse
import urllib.request
import zlib

TIMEOUT_SECS = 30
PASSWORD = "a heron stands in the shallows"
LOGOUT_RESPONSE = (
    '<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
    ' ID="_walk" Version="2.0" IssueInstant="2026-01-01T00:00:00Z"><saml:Issuer>https://idp.example</saml:Issuer>'
    '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:LogoutResponse>'
)


def saml_response(domain):
    """What the sample identity provider posts for Ada when nobody asked."""
    base = os.environ["BASE_URL"]
    fields = {"user": "ada", "acs": f"{base}/saml/consume/{domain}", "audience": f"{base}/saml/metadata/{domain}"}
    request = urllib.request.Request(f"{base}/sample/idp/sign_in", urllib.parse.urlencode(fields).encode())
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECS) as answer:
        return re.search('name="SAMLResponse" value="([^"]+)"', answer.read().decode())[1]


def walk_sign_in(call, key):
    """Everything of sign-in, with an organization of its own."""
    domain = "openapi-sign-in"
    made, _ = call("createOrganization", 201, key, {"domain": domain, "name": "Herons"})
    of, where = {"organization": made["id"]}, {"domain": domain}
    call("beginSignIn", 404, path={"domain": "nobody-here"})
    call("beginSignIn", 403, path=where)
    call("setLicence", 200, key, {"state": "active"}, path=of)
    call("beginSignIn", 404, path=where)
    call("showSignIn", 404, query={"domain": domain})
    walk_connections(call, key, of, where)
    walk_certificates(call, key, of)
    walk_saml(call, key, of, where)
    walk_passwords(call, key, of, domain)
    walk_applications(call, key)
    call("readStyle", 200)


def walk_connections(call, key, of, where):
    made, _ = call("createConnection", 201, key, {"name": "walk", "entity_id": "organization"}, path=of)
    one = of | {"connection": made["id"]}
    call("createConnection", 400, key, {"name": ""}, path=of, fits=False)
    call("createConnection", 404, key, {"name": "walk"}, path={"organization": "nobody"})
    call("readConnection", 200, key, path=one)
    call("readConnection", 404, key, path=of | {"connection": "conn-00000000"})
    call("readConnection", 401, path=one)
    call("testConnection", 409, key, path=one)
    call("activateConnection", 409, key, path=one)
    call("saveMetadata", 400, key, {"xml": "<a/>"}, path=one)
    call("saveMetadata", 400, key, {"url": "http://169.254.169.254/latest"}, path=one)
    call("saveMetadata", 200, key, {"url": os.environ["SAMPLE_IDP_METADATA_URL"]}, path=one)
    call("updateConnection", 200, key, {"clock_skew_secs": 60}, path=one)
    call("updateConnection", 400, key, {"clock_skew_secs": 601}, path=one, fits=False)
    call("activateConnection", 409, key, path=one)
    test, _ = call("testConnection", 200, key, path=one)
    link = urllib.parse.parse_qs(urllib.parse.urlsplit(test["url"]).query)["test"][0]
    call("beginSignIn", 303, path=where, query={"test": link})
    call("beginSignIn", 400, path=where, query={"test": link})
    # The test window is open: a tile is a test, and signs nobody in.
    call("consumeResponse", 200, path=where, form={"SAMLResponse": saml_response(where["domain"])})
    call("activateConnection", 200, key, path=one)
    call("deleteConnection", 409, key, path=one)
    call("updateConnection", 200, key, {"sign_requests": True}, path=one)
    call("deactivateConnection", 409, key, path=one)
    call("discardDraft", 200, key, path=one)
    call("deactivateConnection", 200, key, path=one)
    call("discardDraft", 409, key, path=one)
    call("activateConnection", 200, key, path=one)
    other, _ = call("createConnection", 201, key, {"name": "other"}, path=of)
    call("deleteConnection", 204, key, path=of | {"connection": other["id"]})
    call("listConnections", 200, key, path=of)


def walk_certificates(call, key, of):
    made, _ = call("generateCertificate", 201, key, path=of)
    one = of | {"certificate": made["id"]}
    call("listCertificates", 200, key, path=of)
    call("readCertificate", 200, key, path=one)
    call("readCertificate", 200, key, path=one, query={"format": "pem"})
    call("readCertificate", 404, key, path=of | {"certificate": "key-00000000"})
    call("retireCertificate", 204, key, path=one)
    call("retireCertificate", 404, key, path=one)


def walk_saml(call, key, of, where):
    call("readServiceProvider", 200)
    call("readServiceProvider", 200, query=where)
    call("readServiceProvider", 404, query={"domain": "nobody-here"})
    call("readServiceProviderOf", 200, path=where)
    call("readServiceProviderOf", 404, path={"domain": "nobody-here"})
    call("beginSignIn", 303, path=where)
    call("beginSignIn", 404, path=where, query={"connection": "conn-00000000"})
    call("showSignIn", 303, query=where)
    call("showSignIn", 200)
    call("showSignIn", 404, query={"who": "nobody@nowhere.example"})
    response = {"SAMLResponse": saml_response(where["domain"])}
    call("consumeResponse", 303, path=where, form=response)
    call("consumeResponse", 400, path=where, form=response)
    call("consumeResponse", 403, path=where, form={"SAMLResponse": saml_response("acme")})
    call("consumeResponse", 403, path=where, form={"SAMLResponse": base64.b64encode(b"<a/>").decode()})
    call("consumeResponse", 400, path=where, form={}, fits=False)
    call("consumeResponse", 404, path={"domain": "nobody-here"}, form=response)
    call("consumeResponse", 413, path=where, form={"SAMLResponse": "A" * 400_000})
    page, _ = call("listAttempts", 200, key, path=of, query={"limit": "5"})
    call("listAttempts", 400, key, path=of, query={"cursor": "x"})
    call("readAttempt", 200, key, path=of | {"attempt": page["items"][0]["id"]})
    call("readAttempt", 404, key, path=of | {"attempt": "01993b1e-7a10-7c44-8f2e-5b1d0c9e7a21"})
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(deflate.compress(LOGOUT_RESPONSE.encode()) + deflate.flush()).decode()
    call("receiveLogout", 200, path=where, query={"SAMLResponse": packed})
    call("receiveLogout", 400, path=where, query={"SAMLResponse": "A"})
    call("receiveLogout", 404, path={"domain": "nobody-here"}, query={"SAMLResponse": packed})
    plain = base64.b64encode(LOGOUT_RESPONSE.encode()).decode()
    call("receiveLogoutByForm", 200, path=where, form={"SAMLResponse": plain})
    call("receiveLogoutByForm", 400, path=where, form={"SAMLResponse": plain, "SAMLRequest": plain})


def walk_passwords(call, key, of, domain):
    members, _ = call("listMembers", 200, key, path=of)
    member = of | {"member": members["items"][0]["id"]}
    name = members["items"][0]["user_name"]
    call("makePasswordLink", 409, key, path=member)
    call("showForgotten", 404, query={"organization": domain})
    call("updateSignIn", 200, key, {"password": True, "email_domains": ["herons.example"]}, path=of)
    call("updateSignIn", 400, key, {"password": "yes"}, path=of, fits=False)
    call("readSignIn", 200, key, path=of)
    call("allowPassword", 200, key, path=member)
    call("makePasswordLink", 400, key, {"sned": True}, path=member, fits=False)
    call("makePasswordLink", 404, key, path=of | {"member": "nobody"})
    made, _ = call("makePasswordLink", 200, key, {"send": True}, path=member)
    link = urllib.parse.parse_qs(urllib.parse.urlsplit(made["url"]).query)["link"][0]
    _, answer = call("showNewPassword", 200, query={"link": link})
    cookie = answer.getheader("set-cookie").split(";")[0]
    form, mine = {"form": cookie.split("=", 1)[1]}, {"Cookie": cookie}
    new = form | {"link": link, "password": PASSWORD, "again": PASSWORD}
    call("setPassword", 400, form=new)
    call("setPassword", 400, form=new | {"again": "another one than that"}, headers=mine)
    call("setPassword", 200, form=new, headers=mine)
    call("setPassword", 400, form=new, headers=mine)
    call("showNewPassword", 400, query={"link": link})
    call("showSignIn", 200, query={"domain": domain})
    guess = form | {"organization": domain, "email": name, "password": PASSWORD}
    call("signInWithPassword", 400, form=guess)
    call("signInWithPassword", 403, form=guess | {"password": "another one than that"}, headers=mine)
    call("signInWithPassword", 404, form=guess | {"organization": "nobody-here"}, headers=mine)
    call("signInWithPassword", 200, form=guess, headers=mine)
    sessions, _ = call("listSessions", 200, key, path=member)
    if not sessions["items"]:
        raise AssertionError("signed in, and there is no session")
    call("endSessions", 200, key, path=member)
    call("endSessions", 404, key, path=of | {"member": "nobody"})
    call("showForgotten", 200, query={"organization": domain})
    call("sendLink", 200, form=form | {"organization": domain, "email": name}, headers=mine)
    call("sendLink", 400, form=form | {"organization": domain, "email": name})
    call("showSignOut", 200)
    call("signOut", 200, form=form, headers=mine)
    call("signOut", 400, form=form)
    call("forbidPassword", 200, key, path=member)


def walk_applications(call, key):
    uris = ["https://app.example/callback"]
    made, _ = call("createApplication", 201, key, {"name": "walk", "redirect_uris": uris})
    one = {"application": made["id"]}
    call("createApplication", 400, key, {"name": "walk", "redirect_uris": ["http://app.example/callback"]})
    call("readApplication", 200, key, path=one)
    call("readApplication", 404, key, path={"application": "app-zzzzzzzzzzzz"})
    call("updateApplication", 200, key, {"name": "walked"}, path=one)
    secret, _ = call("addApplicationSecret", 201, key, {}, path=one)
    call("retireApplicationSecret", 204, key, path=one | {"secret": secret["secret"]["id"]})
    call("retireApplicationSecret", 404, key, path=one | {"secret": secret["secret"]["id"]})
    call("listApplications", 200, key)
    call("deleteApplication", 204, key, path=one)
    call("deleteApplication", 404, key, path=one)

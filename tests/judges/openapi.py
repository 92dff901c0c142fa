"""Judge of docs/openapi.yaml: is the description sound, and is it true?

    python tests/judges/openapi.py                                      the document alone
    python tests/judges/with_server.py SERVER -- python tests/judges/openapi.py     and a walk of a running server

The document: valid OpenAPI 3.1, the routes of infra/template.yaml and no others, every example fits its schema, no
component is unused. (tests/it/openapi.rs holds the same document against the route table and the limits in the code.)

The walk (with BASE_URL and OPERATOR_KEY in the environment, as with_server.py sets them) makes an organization of its
own and calls every operation at least once with success, and with the errors that are easily had. A request must fit
its description before it is sent; an answer must have a status, a media type, header fields and a body as described,
and no member that is not described.

Then the judge damages what it judges, one way at a time, and demands to notice. The last line is `openapi: N checks
passed, N failed`.
"""

import base64
import copy
import http.client
import json
import os
import pathlib
import sys
import urllib.parse

import jsonschema
import openapi_spec_validator
import referencing
import referencing.jsonschema
import yaml

import openapi_sign_in
import routes as template_routes

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
URI = "urn:lychgate:openapi"
METHODS = ["get", "put", "post", "patch", "delete"]
NEVER_SUCCEEDS = {"createMe"}  # it says so in its description
SUCCEED_ELSEWHERE = {"redeemCode", "readUserinfo", "readUserinfoByForm"}  # somebody must sign in: oidc.py
TIMEOUT_SECS = 30
USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_URN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Judgement:
    def __init__(self):
        self.passed, self.failed = 0, 0

    def check(self, complaints, what):
        """Counts one check; complaints are printed."""
        complaints = list(complaints)
        for complaint in complaints:
            print(f"{what}: {complaint}")
        if complaints:
            self.failed += 1
        else:
            self.passed += 1


class Description:
    """The document, with what one wants to ask of it."""

    def __init__(self, document):
        self.document = document
        # JSON Schema resolves `#/…` against the schema that it is given; here it must be the document.
        absolute = with_absolute_references(document)
        resource = referencing.Resource.from_contents(absolute, referencing.jsonschema.DRAFT202012)
        self.registry = referencing.Registry().with_resource(URI, resource)
        self.paths = absolute["paths"]
        self.components = absolute["components"]
        self.operations = {
            operation["operationId"]: (method, path, item, operation)
            for path, item in self.paths.items()
            for method, operation in item.items() if method in METHODS
        }

    def resolved(self, value):
        """What a reference stands for; anything else is itself."""
        seen = value
        while isinstance(seen, dict) and isinstance(seen.get("$ref"), str):
            seen = self.at(seen["$ref"].removeprefix(f"{URI}#"))
        return seen

    def at(self, pointer):
        found = {"paths": self.paths, "components": self.components}
        for part in pointer.strip("/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return found

    def misfits(self, value, schema):
        """Why the value does not fit the schema."""
        validator = jsonschema.Draft202012Validator(
            schema, registry=self.registry, format_checker=jsonschema.FormatChecker())
        for error in validator.iter_errors(value):
            yield f"{error.json_path}: {error.message[:300]}"

    def undescribed(self, value, schemas, place="$"):
        """Members of the value that none of the schemas that apply to it knows."""
        schemas = list(self.branches(schemas))
        if isinstance(value, dict):
            for name, member in value.items():
                known = [schema["properties"][name] for schema in schemas if name in schema.get("properties", {})]
                is_open = not any("properties" in schema for schema in schemas)
                if known:
                    yield from self.undescribed(member, known, f"{place}.{name}")
                elif not is_open:
                    yield f"{place}.{name} is not described"
        elif isinstance(value, list):
            items = [schema["items"] for schema in schemas if "items" in schema]
            for at, item in enumerate(value):
                yield from self.undescribed(item, items, f"{place}[{at}]")

    def branches(self, schemas):
        for schema in schemas:
            schema = self.resolved(schema)
            yield schema
            for word in ("allOf", "anyOf", "oneOf"):
                yield from self.branches(schema.get(word, []))


def with_absolute_references(value):
    if isinstance(value, dict):
        return {
            name: f"{URI}{member}" if name == "$ref" and isinstance(member, str) and member.startswith("#/")
            else with_absolute_references(member)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [with_absolute_references(item) for item in value]
    return value


# --- The document ---------------------------------------------------------------------------------------------------


def invalid(document):
    """What the specification's own schema says, and a slip that it cannot see."""
    try:
        openapi_spec_validator.validate(document)
    except Exception as error:  # several types; each says what is wrong
        yield str(error).split("\n", 1)[0]

    def slips(value, place):
        if isinstance(value, dict):
            for name, member in value.items():
                if member is None and " " in str(name):
                    yield f"{place}: `{name}` is half of a text with a comma in it; put quotes around the whole"
                yield from slips(member, f"{place}/{name}")
        elif isinstance(value, list):
            for at, item in enumerate(value):
                yield from slips(item, f"{place}/{at}")

    yield from slips(document, "#")


def other_routes(description):
    described = {(method.upper(), path) for method, path, _, _ in description.operations.values()}
    template = template_routes.TEMPLATE.read_text(encoding="utf-8")
    deployed = {(method, path) for method, path, _ in template_routes.routes(template) if method != "ANY"}
    yield from (f"{method} {path} is deployed and not described" for method, path in sorted(deployed - described))
    yield from (f"{method} {path} is described and not deployed" for method, path in sorted(described - deployed))


def examples_that_do_not_fit(description):
    def walk(value, place):
        value = value if isinstance(value, (dict, list)) else {}
        if isinstance(value, list):
            for at, item in enumerate(value):
                yield from walk(item, f"{place}/{at}")
            return
        if isinstance(value.get("schema"), dict):  # a media type, a parameter or a header
            shown = {"example": {"value": value["example"]}} if "example" in value else {}
            for name, example in (value.get("examples", {}) | shown).items():
                yield from (f"{place} {name}: {misfit}" for misfit in description.misfits(example["value"], value["schema"]))
                yield from (f"{place} {name}: {what}" for what in description.undescribed(example["value"], [value["schema"]]))
        elif isinstance(value.get("examples"), list):  # a schema
            for example in value["examples"]:
                yield from (f"{place}: {misfit}" for misfit in description.misfits(example, value))
        for name, member in value.items():
            if name not in ("example", "examples"):
                yield from walk(member, f"{place}/{name}")

    yield from walk({"paths": description.paths, "components": description.components}, "#")


def unused(description):
    text = json.dumps([description.paths, description.components])
    for kind, components in description.components.items():
        for name in components:
            used = f'"{URI}#/components/{kind}/{name}"' in text
            if kind == "securitySchemes":
                used = any(name in way for *_, operation in description.operations.values() for way in operation["security"])
            if not used:
                yield f"components/{kind}/{name} is used nowhere"


def incomplete(description):
    tags = {tag["name"] for tag in description.document["tags"]}
    for name, (_, _, _, operation) in description.operations.items():
        yield from (f"{name} has no {member}" for member in ("summary", "security", "responses") if member not in operation)
        if len(operation.get("tags", [])) != 1 or operation["tags"][0] not in tags:
            yield f"{name} needs one of the tags"
        if operation.get("security") and "401" not in operation["responses"]:
            yield f"{name} needs a credential and does not describe 401"


# --- The walk -------------------------------------------------------------------------------------------------------


class Server:
    """Calls operations by their name, and holds request and answer against their description."""

    def __init__(self, base_url, description, judgement):
        self.url = urllib.parse.urlsplit(base_url)
        self.description, self.judgement = description, judgement
        self.succeeded = set()

    def call(self, operation_id, status, credential=None, body=None, *, path=None, query=None, headers=None, form=None, fits=True):
        """The answer's body and header fields. `fits=False`: the request is wrong on purpose."""
        method, template, item, operation = self.description.operations[operation_id]
        what = f"{operation_id} {status}"
        headers, path, query = dict(headers or {}), path or {}, query or {}
        if credential:
            headers["Authorization"] = credential if " " in credential else f"Bearer {credential}"
        payload = None
        content = self.description.resolved(operation.get("requestBody", {})).get("content", {})
        if form is not None:
            payload, headers["Content-Type"] = urllib.parse.urlencode(form), "application/x-www-form-urlencoded"
        elif body is not None:
            payload = body if isinstance(body, (str, bytes)) else json.dumps(body)
            headers.setdefault("Content-Type", next(iter(content), "application/json"))
        if fits:
            sent = body if form is None else form
            self.judgement.check(self.request_misfits(item, operation, content, sent, query, path), f"{what}: request")
        target = template
        for name, value in path.items():
            target = target.replace("{%s}" % name, urllib.parse.quote(value, safe=""))
        if query:
            target = f"{target}?{urllib.parse.urlencode(query)}"
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=TIMEOUT_SECS)
        connection.request(method.upper(), target, payload, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        self.judgement.check(self.answer_misfits(operation, answer, data, status), f"{what}: answer")
        if answer.status < 400:
            self.succeeded.add(operation_id)
        is_json = "json" in (answer.getheader("content-type") or "")
        return (json.loads(data) if is_json and data else data.decode()), answer

    def request_misfits(self, item, operation, content, body, query, path):
        parameters = [self.description.resolved(one) for one in item.get("parameters", []) + operation.get("parameters", [])]
        for kind, given in (("query", query), ("path", path)):
            known = {parameter["name"]: parameter for parameter in parameters if parameter["in"] == kind}
            yield from (f"the {kind} parameter {name} is not described" for name in given if name not in known)
            for name, value in given.items():
                schema = known.get(name, {}).get("schema", {})
                value = json.loads(value) if schema.get("type") in ("integer", "boolean") else value
                yield from self.description.misfits(value, schema)
        if body is None:
            if self.description.resolved(operation.get("requestBody", {})).get("required"):
                yield "the body is missing"
            return
        schema = next(iter(content.values()))["schema"]
        yield from self.description.misfits(body, schema)

    def answer_misfits(self, operation, answer, data, status):
        if answer.status != status:
            yield f"{answer.status} instead of {status}: {data[:300]!r}"
            return
        response = self.description.resolved(operation["responses"].get(str(status)))
        if response is None:
            yield "this status is not described"
            return
        for name, header in response.get("headers", {}).items():
            header = self.description.resolved(header)
            value = answer.getheader(name)
            if value is None:
                if header.get("required"):
                    yield f"the header field {name} is missing"
                continue
            value = int(value) if header["schema"].get("type") == "integer" else value
            yield from (f"{name}: {misfit}" for misfit in self.description.misfits(value, header["schema"]))
        content = response.get("content")
        media_type = (answer.getheader("content-type") or "").split(";")[0]
        if not content:
            yield from [f"a body where none is described: {data[:100]!r}"] if data else []
        elif media_type not in content:
            yield f"the media type {media_type} is not described"
        else:
            value = json.loads(data) if media_type.endswith("json") else data.decode()
            schema = content[media_type]["schema"]
            yield from self.description.misfits(value, schema)
            yield from self.description.undescribed(value, [schema])


def walk(server, operator_key):
    call = server.call
    of = walk_organization(call, operator_key)
    token, _ = call("createToken", 201, operator_key, {"name": "walk", "expires": None}, path=of)
    server.judgement.check(walk_discovery(call, server.description), "schemas")
    user = walk_users(call, token["token"])
    walk_groups(call, token["token"], user)
    walk_everything(call, token["token"], user)
    walk_clients(call, operator_key, of)
    walk_setup_links(call, operator_key, of)
    walk_me(call, operator_key, of)
    walk_members(call, operator_key, token["token"], of)
    walk_directory(call, operator_key, token["token"], of)
    walk_keys(call, operator_key)
    walk_oidc(call)
    openapi_sign_in.walk_sign_in(call, operator_key)
    call("listTokens", 200, operator_key, path=of)
    call("revokeToken", 204, operator_key, path=of | {"token": token["id"]})
    call("revokeToken", 404, operator_key, path=of | {"token": token["id"]})
    call("listUsers", 401, token["token"])
    never = set(server.description.operations) - server.succeeded - NEVER_SUCCEEDS - SUCCEED_ELSEWHERE
    server.judgement.check((f"{name} was never called with success" for name in sorted(never)), "walk")


def walk_oidc(call):
    """What can be asked of the OpenID provider without signing in; the rest is judged by oidc.py."""
    call("readProvider", 200)
    call("readKeySet", 200)
    back = f"{os.environ['BASE_URL']}/sample/app/callback"
    asked = {
        "response_type": "code", "client_id": os.environ["APPLICATION"], "redirect_uri": back, "scope": "openid",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}
    call("authorize", 303, query=asked)
    call("authorize", 404, query=asked | {"client_id": "app-zzzzzzzzzzzz"})
    call("authorize", 404, query=asked | {"organization": "nobody-here"})
    call("authorizeByForm", 303, form=asked)
    code = {"grant_type": "authorization_code", "code": "x", "redirect_uri": back, "code_verifier": "v" * 43}
    call("redeemCode", 400, form=code | {"client_id": os.environ["APPLICATION"]})
    call("redeemCode", 400, form={}, fits=False)
    call("redeemCode", 401, form=code)
    call("readUserinfo", 401, "lygt_wrong")
    call("readUserinfoByForm", 400, "lygt_wrong", form={"access_token": "lygt_wrong"})
    call("endSession", 200)
    call("endSession", 400, query={"state": "s" * 2049}, fits=False)
    call("endSessionByForm", 200, form={"state": "s"})


def walk_organization(call, key):
    """Makes an organization with a licence and SCIM on."""
    call("listOrganizations", 401)
    call("listOrganizations", 401, "Bearer lyo_wrong")
    made, _ = call("createOrganization", 201, key, {"domain": "openapi-walk", "name": "Walk"})
    of = {"organization": made["id"]}
    call("createOrganization", 409, key, {"domain": "openapi-walk", "name": "Walk"})
    call("createOrganization", 400, key, {"domain": "No", "name": "Walk"}, fits=False)
    call("createOrganization", 400, key, {"domain": "walk", "nmae": "Walk"}, fits=False)
    call("createOrganization", 400, key, "{", fits=False)
    call("createOrganization", 413, key, " " * (2 * 1024 * 1024 + 1), fits=False)
    call("readOrganization", 200, key, path=of)
    call("readOrganization", 200, key, path={"organization": "openapi-walk"})
    call("readOrganization", 404, key, path={"organization": "nobody"})
    call("updateOrganization", 200, key, {"name": "Walk again"}, path=of)
    call("updateOrganization", 404, key, {"name": "Walk"}, path={"organization": "nobody"})
    call("listOrganizations", 200, key, query={"limit": "1"})
    call("listOrganizations", 400, key, query={"limit": "0"}, fits=False)
    call("listOrganizations", 400, key, query={"page": "2"}, fits=False)
    call("setLicence", 400, key, {"state": "active", "seats": 0}, path=of, fits=False)
    call("setLicence", 200, key, {"state": "active", "seats": 100, "ends": "2099-12-31T00:00:00Z"}, path=of)
    call("updateDirectory", 200, key, {"enabled": True, "suspended_retention_days": 90}, path=of)
    call("updateDirectory", 400, key, {"access_token_secs": 1}, path=of, fits=False)
    return of


def walk_discovery(call, description):
    """Gives what `/Schemas` and the description do not have in common."""
    call("readServiceProviderConfig", 200)
    call("listResourceTypes", 200)
    call("listResourceTypes", 403, query={"filter": "name pr"}, fits=False)
    call("readResourceType", 200, path={"id": "user"})
    call("readResourceType", 404, path={"id": "Robot"})
    call("listSchemas", 200)
    call("readSchema", 404, path={"id": "urn:none"})
    for urn, name in ((USER_URN, "User"), (GROUP_URN, "Group")):
        schema, _ = call("readSchema", 200, path={"id": urn})
        branches = list(description.branches([description.components["schemas"][name]]))
        sent = list(description.branches([description.components["schemas"][f"New{name}"]]))
        described = {known for branch in branches + sent for known in branch.get("properties", {}) if ":" not in known}
        served = {attribute["name"] for attribute in schema["attributes"]} | {"schemas", "id", "externalId", "meta"}
        yield from (f"{name}.{one} is served and not described" for one in sorted(served - described))
        yield from (f"{name}.{one} is described and not served" for one in sorted(described - served))


def walk_users(call, token):
    call("listUsers", 401)
    ada = {
        "schemas": [USER_URN], "userName": "ada@example.com", "externalId": "00u1", "displayName": "Ada Byron", "sendEmails": False,
        "name": {"givenName": "Ada", "familyName": "Byron"}, "password": "secret", "title": "Countess",
        "emails": [{"value": "ada@example.com", "type": "work", "primary": True}], "roles": [{"value": "admin"}],
        "addresses": [{"type": "work", "locality": "London"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Engines", "manager": {"value": "m-1"}},
    }
    made, answer = call("createUser", 201, token, ada)
    user, etag = {"id": made["id"]}, answer.getheader("etag")
    call("createUser", 409, token, ada)
    call("createUser", 400, token, {"schemas": [USER_URN]}, fits=False)
    call("createUser", 400, token, "[", fits=False)
    call("createUser", 415, token, "<user/>", headers={"Content-Type": "application/xml"}, fits=False)
    call("createUser", 413, token, " " * (2 * 1024 * 1024 + 1), fits=False)
    bob, _ = call("createUser", 201, token, {"schemas": [USER_URN], "userName": "bob@example.com", "active": False}, query={"attributes": "userName"})
    call("readUser", 200, token, path=user)
    call("readUser", 200, token, path=user, query={"excludedAttributes": "groups,meta"})
    call("readUser", 304, token, path=user, headers={"If-None-Match": etag})
    call("readUser", 412, token, path=user, headers={"If-Match": 'W/"99"'})
    call("readUser", 404, token, path={"id": "nobody"})
    call("replaceUser", 200, token, ada | {"title": "Lady"}, path=user)
    call("replaceUser", 409, token, ada | {"userName": "bob@example.com"}, path=user)
    call("replaceUser", 404, token, ada, path={"id": "nobody"})
    rename = {"schemas": [PATCH_URN], "Operations": [{"op": "replace", "path": "displayName", "value": "Ada King"}]}
    call("patchUser", 200, token, rename, path=user)
    call("patchUser", 412, token, rename, path=user, headers={"If-Match": etag})
    call("patchUser", 400, token, {"schemas": [PATCH_URN], "Operations": [{"op": "replace", "path": "sendEmails", "value": True}]}, path=user)
    call("patchUser", 404, token, rename, path={"id": "nobody"})
    call("listUsers", 200, token)
    call("listUsers", 200, token, query={"filter": 'userName eq "ADA@example.com"'})
    call("listUsers", 200, token, query={"filter": "active eq false", "sortBy": "userName", "sortOrder": "descending", "startIndex": "1", "count": "5"})
    first, _ = call("listUsers", 200, token, query={"cursor": "", "count": "1", "attributes": "userName"})
    call("listUsers", 200, token, query={"cursor": first["nextCursor"], "count": "1", "excludedAttributes": "groups"})
    call("listUsers", 400, token, query={"cursor": "none-of-ours"})
    call("listUsers", 400, token, query={"filter": "userName is ada"})
    call("searchUsers", 200, token, {"schemas": [], "filter": "title pr", "attributes": ["userName"]})
    call("searchUsers", 400, token, {"count": "many"}, fits=False)
    call("deleteUser", 412, token, path={"id": bob["id"]}, headers={"If-Match": 'W/"99"'})
    call("deleteUser", 204, token, path={"id": bob["id"]})
    call("deleteUser", 404, token, path={"id": bob["id"]})
    return made["id"]


def walk_groups(call, token, user):
    group = {"schemas": [GROUP_URN], "displayName": "Engineering", "externalId": "g-1", "members": [{"value": user}]}
    made, answer = call("createGroup", 201, token, group)
    of = {"id": made["id"]}
    call("createGroup", 409, token, group)
    call("createGroup", 400, token, {"schemas": [GROUP_URN], "displayName": "Nobody", "members": [{"value": "nobody"}]})
    call("readGroup", 200, token, path=of)
    call("readUser", 200, token, path={"id": user})
    call("readGroup", 200, token, path=of, query={"excludedAttributes": "members"})
    call("readGroup", 304, token, path=of, headers={"If-None-Match": answer.getheader("etag")})
    call("readGroup", 404, token, path={"id": "nobody"})
    call("replaceGroup", 200, token, group | {"displayName": "Engines"}, path=of)
    remove = {"schemas": [PATCH_URN], "Operations": [{"op": "remove", "path": f'members[value eq "{user}"]'}]}
    call("patchGroup", 204, token, remove, path=of)
    add = {"schemas": [PATCH_URN], "Operations": [{"op": "add", "path": "members", "value": [{"value": user}]}]}
    call("patchGroup", 200, token, add, path=of, query={"attributes": "members"})
    call("patchGroup", 412, token, add, path=of, headers={"If-Match": 'W/"99"'})
    call("patchGroup", 404, token, add, path={"id": "nobody"})
    call("patchGroup", 400, token, {"schemas": [PATCH_URN], "Operations": []}, path=of, fits=False)
    unknown = {"schemas": [PATCH_URN], "Operations": [{"op": "add", "path": "members", "value": [{"value": user}, {"value": "nobody"}]}]}
    call("patchGroup", 204, token, unknown, path=of)
    call("listGroups", 200, token)
    call("listGroups", 200, token, query={"filter": 'displayName eq "engines"', "excludedAttributes": "members"})
    call("searchGroups", 200, token, {"cursor": "", "count": 1})
    nested, _ = call("createGroup", 201, token, {"schemas": [GROUP_URN], "displayName": "All", "members": [{"value": made["id"], "type": "Group"}]})
    call("readGroup", 200, token, path={"id": nested["id"]})
    call("deleteGroup", 204, token, path={"id": nested["id"]})
    call("deleteGroup", 404, token, path={"id": nested["id"]})


def walk_everything(call, token, user):
    call("listEverything", 200, token)
    call("listEverything", 400, token, query={"filter": "("})
    call("searchEverything", 200, token, {"filter": f'id eq "{user}"'})
    operations = [
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {"schemas": [GROUP_URN], "displayName": "Bulk", "members": [{"value": "bulkId:u"}]}},
        {"method": "POST", "path": "/Users", "bulkId": "u", "data": {"schemas": [USER_URN], "userName": "cid@example.com"}},
        {"method": "POST", "path": "/Users", "bulkId": "again", "data": {"schemas": [USER_URN], "userName": "cid@example.com"}},
        {"method": "PATCH", "path": f"/Users/{user}", "data": {"schemas": [PATCH_URN], "Operations": [{"op": "add", "path": "title", "value": "Dr"}]}},
        {"method": "DELETE", "path": "/Users/bulkId:u"},
    ]
    call("bulk", 200, token, {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations})
    call("bulk", 400, token, {"Operations": {}}, fits=False)
    call("bulk", 413, token, {"Operations": [{"method": "DELETE", "path": "/Users/1"}] * 1001}, fits=False)


def walk_clients(call, key, of):
    client, _ = call("createClient", 201, key, {"name": "walk", "secret_expires": "2099-12-31T00:00:00Z"}, path=of)
    one = of | {"client": client["id"]}
    basic = "Basic " + base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
    grant = {"grant_type": "client_credentials"}
    access, _ = call("issueAccessToken", 200, basic, form=grant)
    body = grant | {"client_id": client["client_id"], "client_secret": client["client_secret"], "scope": "scim"}
    call("issueAccessToken", 200, form=body)
    call("issueAccessToken", 400, basic, form={"grant_type": "password"}, fits=False)
    call("issueAccessToken", 401, form=grant)
    call("listUsers", 200, access["access_token"])
    second, _ = call("addClientSecret", 201, key, {"expires": None}, path=one)
    call("addClientSecret", 201, key, path=one)
    call("addClientSecret", 409, key, {}, path=one)
    call("addClientSecret", 404, key, {}, path=of | {"client": "cli-00000000"})
    call("listClients", 200, key, path=of)
    call("retireClientSecret", 204, key, path=one | {"secret": second["secret"]["id"]})
    call("retireClientSecret", 404, key, path=one | {"secret": second["secret"]["id"]})
    call("revokeClient", 204, key, path=one)
    call("revokeClient", 404, key, path=one)
    call("listUsers", 401, access["access_token"])
    call("createClient", 400, key, {"name": ""}, path=of, fits=False)


def walk_setup_links(call, key, of):
    link, _ = call("createSetupLink", 201, key, {"name": "walk", "scopes": ["scim"], "expires_in_secs": None}, path=of)
    call("createSetupLink", 400, key, {"name": "walk", "scopes": []}, path=of, fits=False)
    call("createSetupLink", 404, key, {"name": "walk", "scopes": ["sso"]}, path={"organization": "nobody-here"})
    listed, _ = call("listSetupLinks", 200, key, path=of)
    if [one["id"] for one in listed["items"]] != [link["id"]]:
        raise AssertionError("the link that was made is not listed")
    call("revokeSetupLink", 204, key, path=of | {"link": link["id"]})
    call("revokeSetupLink", 404, key, path=of | {"link": "lnk-0000000000000000"})


def walk_me(call, key, of):
    unbound, _ = call("createToken", 201, key, {"name": "unbound"}, path=of)
    me, _ = call("createUser", 201, unbound["token"], {"schemas": [USER_URN], "userName": "me@example.com"})
    bound, _ = call("createToken", 201, key, {"name": "bound", "member": me["id"]}, path=of)
    call("createToken", 400, key, {"name": "bound", "member": "nobody"}, path=of)
    user = {"schemas": [USER_URN], "userName": "me@example.com", "title": "I"}
    patch = {"schemas": [PATCH_URN], "Operations": [{"op": "remove", "path": "title"}]}
    for operation, body in (("readMe", None), ("createMe", user), ("replaceMe", user), ("patchMe", patch), ("deleteMe", None)):
        call(operation, 501, unbound["token"], body)
    token = bound["token"]
    call("readMe", 200, token)
    call("createMe", 409, token, user)
    call("replaceMe", 200, token, user)
    call("patchMe", 200, token, patch)
    call("deleteMe", 204, token)
    call("readMe", 404, token)


def walk_members(call, key, token, of):
    ids = [call("createUser", 201, token, {"schemas": [USER_URN], "userName": f"m{n}@example.com"})[0]["id"] for n in range(4)]
    member = [of | {"member": one} for one in ids]
    call("addOwner", 200, key, {}, path=member[0])
    call("removeOwner", 409, key, path=member[0])
    call("suspendMember", 409, key, path=member[0])
    call("deleteUser", 403, token, path={"id": ids[0]})
    call("deleteMember", 409, key, path=member[0])
    call("addOwner", 200, key, path=member[1])
    call("removeOwner", 200, key, path=member[1])
    call("suspendMember", 200, key, path=member[1])
    call("addOwner", 409, key, path=member[1])
    call("restoreMember", 200, key, {}, path=member[1])
    call("makeOwnerLink", 409, key, path=member[1])
    call("makeOwnerLink", 200, key, path=member[0])
    call("makeOwnerLink", 200, key, {"expires_in_secs": 60}, path=member[0])
    call("makeOwnerLink", 400, key, {"expires_in_secs": 0}, path=member[0], fits=False)
    call("makeOwnerLink", 404, key, {}, path=of | {"member": "nobody"})
    call("suspendMember", 200, key, path=member[2])
    call("suspendMember", 404, key, path=of | {"member": "nobody"})
    call("suspendMember", 400, key, {"reason": "?"}, path=member[2], fits=False)
    call("listMembers", 200, key, path=of, query={"suspended": "true", "limit": "2"})
    call("listMembers", 200, key, path=of, query={"format": "csv"})
    call("listMembers", 200, key, path=of, headers={"Accept": "text/csv"})
    call("listMembers", 400, key, path=of, query={"suspended": "maybe"}, fits=False)
    call("cleanUpMembers", 200, key, {"ids": [ids[2], ids[3], "nobody"]}, path=of)
    call("cleanUpMembers", 200, key, {"suspended_before": "2026-01-01T00:00:00Z"}, path=of)
    call("cleanUpMembers", 400, key, {}, path=of, fits=False)
    call("cleanUpMembers", 400, key, {"ids": ids, "cursor": "x"}, path=of, fits=False)
    call("deleteMember", 204, key, path=member[3])
    call("deleteMember", 404, key, path=member[3])


def walk_directory(call, key, token, of):
    call("readDirectory", 200, key, path=of)
    call("readDirectoryState", 200, key, path=of)
    page, _ = call("listDirectoryRequests", 200, key, path=of, query={"limit": "5"})
    call("listDirectoryRequests", 200, key, path=of, query={"limit": "200", "cursor": page["next_cursor"]})
    call("listDirectoryRequests", 400, key, path=of, query={"cursor": "x"})
    call("listEvents", 200, key, path=of, query={"limit": "200"})
    call("listEvents", 400, key, path=of, query={"cursor": "x"})
    call("updateDirectory", 200, key, {"enabled": False}, path=of)
    call("listUsers", 403, token)
    call("setLicence", 200, key, {"state": "expired"}, path=of)
    call("bulk", 403, token, {"Operations": []})
    call("readOrganization", 200, key, path=of)


def walk_keys(call, key):
    made, _ = call("createOperatorKey", 201, key, {"name": "walk", "expires": "2099-12-31T00:00:00Z"})
    call("createOperatorKey", 400, key, {"name": "walk", "expires": "2001-01-01T00:00:00Z"})
    call("listOperatorKeys", 200, made["key"])
    call("listOperatorKeys", 400, key, query={"limit": "1"}, fits=False)
    call("revokeOperatorKey", 204, key, path={"key": made["id"]})
    call("revokeOperatorKey", 404, key, path={"key": made["id"]})
    call("listOperatorKeys", 401, made["key"])


# --- Would it notice? -----------------------------------------------------------------------------------------------


def unnoticed(document):
    """Each way of damaging the document must raise a complaint."""
    def damaged(path, change):
        copied = copy.deepcopy(document)
        target = copied
        for part in path:
            target = target[part]
        change(target)
        return copied

    schemas = ["components", "schemas"]
    damages = {
        "a missing route": damaged(["paths"], lambda paths: paths.pop("/scim/v2/Me")),
        "a route too many": damaged(["paths"], lambda paths: paths.update({"/v1/robots": copy.deepcopy(paths["/v1/operator-keys"])})),
        "a member that an example has and no schema": damaged([*schemas, "CleanedUp", "properties"], lambda members: members.pop("kept")),
        "a limit that an example breaks": damaged([*schemas, "NewLicence", "properties", "seats"], lambda seats: seats.update(maximum=3)),
        "a component that nobody uses": damaged(schemas, lambda all_of_them: all_of_them.update(Robot={"type": "object"})),
        "half a text": damaged(["info"], lambda info: info.update({"or more": None})),
    }
    for damage, copied in damages.items():
        if not any(complaints for _, complaints in of_the_document(copied)):
            yield f"{damage} was not noticed"


def of_the_document(document):
    """(what, complaints) of every check that needs no server."""
    description = Description(document)
    return [
        ("OpenAPI", list(invalid(document))),
        ("routes", list(other_routes(description))),
        ("operations", list(incomplete(description))),
        ("examples", list(examples_that_do_not_fit(description))),
        ("components", list(unused(description))),
    ]


def main() -> int:
    document = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    judgement = Judgement()
    for what, complaints in of_the_document(document):
        judgement.check(complaints, what)
    judgement.check(unnoticed(document), "this judge")
    if "BASE_URL" in os.environ and not judgement.failed:
        walk(Server(os.environ["BASE_URL"], Description(document), judgement), os.environ["OPERATOR_KEY"])
    elif "BASE_URL" not in os.environ:
        print("no server was walked: BASE_URL is not set")
    print(f"openapi: {judgement.passed} checks passed, {judgement.failed} failed")
    return 1 if judgement.failed else 0


if __name__ == "__main__":
    sys.exit(main())

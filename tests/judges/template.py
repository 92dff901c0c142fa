"""Judge of infra/template.yaml: what would CloudFormation be given?

Runs `sam validate --lint` and `cfn-lint`, transforms the template offline with SAM's own translator and checks what
comes out. Then it damages the template in memory, one way at a time, and demands that a check notices: a judge that
passes everything is worth nothing.

Needs neither credentials nor network. The last line is `N passed, N failed`.
"""

import copy
import json
import logging
import os
import pathlib
import re
import subprocess
import sys
import tempfile

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
os.environ["SAM_CLI_TELEMETRY"] = "0"

from samtranslator.parser.parser import Parser  # noqa: E402  (reads the region when it is loaded)
from samtranslator.translator.translator import Translator  # noqa: E402
from samtranslator.yaml_helper import yaml_parse  # noqa: E402

import routes as template_routes  # noqa: E402

TEMPLATE = template_routes.TEMPLATE
logging.disable(logging.WARNING)  # the translator complains of metrics of its own that nobody collected

READ = {"GetItem", "BatchGetItem", "Query"}
WRITE = {"PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"}

# What each function may do with the table. A new action is a decision: change it here too, and say why in the commit.
TABLE_ACTIONS = {
    "scim-users": READ | WRITE,
    "scim-groups": READ | WRITE,
    "scim-bulk": READ | WRITE,
    "scim-discovery": set(),
    "oauth-token": {"GetItem", "Query", "PutItem", "UpdateItem", "ConditionCheckItem"},
    "operator": READ | WRITE,
    "directory-sweep": READ | WRITE,
    "saml-init": READ | {"PutItem", "DeleteItem"},
    "saml-acs": READ | WRITE,
    "saml-metadata": {"GetItem", "Query"},
    "saml-logout": READ | WRITE,
    "sign-in": READ | WRITE,
    "oidc": READ | WRITE,
    "back-channel-logout": READ | WRITE,
    "connections": READ | WRITE,
    "settings": READ | WRITE,
    "settings-members": READ | WRITE,
    "metadata-refresh": READ | WRITE,
}
# By the clock, and by the table's stream. All others are behind the API.
SCHEDULED = {"directory-sweep", "metadata-refresh"}
STREAMED = {"back-channel-logout"}
BEHIND_API = set(TABLE_ACTIONS) - SCHEDULED - STREAMED

# What a function may do beside its table and its log: action → the resource's logical ids.
SIGN_SAML = {"kms:Sign": {"SamlKey"}, "kms:GetPublicKey": {"SamlKey"}}
SIGN_OIDC = {"kms:Sign": {"OidcKeyA", "OidcKeyB"}, "kms:GetPublicKey": {"OidcKeyA", "OidcKeyB"}}
MAIL = {"ses:SendEmail": {"identity/*"}}
STREAM = {f"dynamodb:{verb}": {"Table"} for verb in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")}


def together(*parts):
    """The union of such maps."""
    whole = {}
    for part in parts:
        for action, resources in part.items():
            whole[action] = whole.get(action, set()) | resources
    return whole


BESIDE = {
    "saml-init": SIGN_SAML,
    "saml-acs": {"kms:Decrypt": {"SealKey"}},
    "saml-logout": SIGN_SAML,
    "sign-in": together(SIGN_SAML, MAIL),
    "oidc": together(SIGN_OIDC, SIGN_SAML),
    "back-channel-logout": together(SIGN_OIDC, STREAM, {"sqs:SendMessage": {"LogoutFailures"}}),
    "connections": together(SIGN_SAML, {"kms:Encrypt": {"SealKey"}}),
    "settings": together(SIGN_SAML, {"kms:Encrypt": {"SealKey"}}),
    "operator": MAIL,
}
# Statements that need a condition: sealing is bound to its purpose, sending to the configured address.
CONDITIONS = {
    "kms:Decrypt": "kms:EncryptionContext:lychgate:purpose",
    "kms:Encrypt": "kms:EncryptionContext:lychgate:purpose",
    "ses:SendEmail": "ses:FromAddress",
}

# Environment beyond what all functions have. The key's hash goes to the operator's functions and to no other.
ENVIRONMENT_ALL = {"LYCHGATE_BASE_URL", "LYCHGATE_ATTRIBUTES", "LYCHGATE_LOG"}
ENVIRONMENT = {
    "operator": {"LYCHGATE_OPERATOR_KEY_HASH", "LYCHGATE_MAIL"},
    "connections": {"LYCHGATE_OPERATOR_KEY_HASH", "LYCHGATE_SEAL_KEY", "LYCHGATE_SAML_KEY"},
    "settings": {"LYCHGATE_SEAL_KEY", "LYCHGATE_SAML_KEY"},
    "saml-init": {"LYCHGATE_SAML_KEY"},
    "saml-acs": {"LYCHGATE_SEAL_KEY"},
    "saml-logout": {"LYCHGATE_SAML_KEY"},
    "sign-in": {"LYCHGATE_SAML_KEY", "LYCHGATE_MAIL"},
    "oidc": {"LYCHGATE_OIDC_KEYS", "LYCHGATE_SAML_KEY"},
    "back-channel-logout": {"LYCHGATE_OIDC_KEYS"},
}

# Limits of AWS that a growing template would meet only when it is deployed.
ROUTES_PER_API_MAX = 300
FUNCTION_POLICY_BYTES_MAX = 20_480
TEMPLATE_RESOURCES_MAX = 500
PERMISSION_BYTES = 420  # one statement of a function's policy, with names as long as they get

# What a role may have beside its own policy: tracing, whose actions take no resource.
MANAGED_POLICIES = {"AWSXRayDaemonWriteAccess"}


class Stack:
    """A template and what SAM makes of it, with the look-ups that the checks need."""

    def __init__(self, source):
        self.source = source
        prepared = copy.deepcopy(source)
        self.functions = {}  # name of the directory under functions/ → logical id
        for logical_id, resource in prepared["Resources"].items():
            if resource["Type"] == "AWS::Serverless::Function":
                self.functions[resource["Metadata"]["BuildProperties"]["Binary"]] = logical_id
                resource["Properties"]["CodeUri"] = "s3://bucket/key"  # the translator takes uploaded code only
        prepared["Globals"]["Function"].pop("CodeUri", None)
        self.resources = Translator({}, Parser()).translate(prepared, {})["Resources"]

    def of_type(self, kind):
        return {name: r["Properties"] for name, r in self.resources.items() if r["Type"] == kind}

    def function(self, name):
        return self.resources[self.functions[name]]["Properties"]

    def role(self, name):
        return self.resources[self.function(name)["Role"]["Fn::GetAtt"][0]]["Properties"]

    def statements(self, name):
        return [s for policy in self.role(name)["Policies"] for s in policy["PolicyDocument"]["Statement"]]

    def table(self):
        return self.resources["Table"]

    def api_routes(self):
        """(method, path, logical id of the function) of the OpenAPI document that SAM writes."""
        for path, methods in self.of_type("AWS::ApiGatewayV2::Api")["Api"]["Body"]["paths"].items():
            for method, operation in methods.items():
                uri = json.dumps(operation["x-amazon-apigateway-integration"]["uri"])
                function = next(f for f in self.functions.values() if f"{{{f}.Arn}}" in uri)
                shown = "$default" if operation.get("isDefaultRoute") else path
                yield "ANY" if method == "x-amazon-apigateway-any-method" else method.upper(), shown, function


def as_list(value):
    return value if isinstance(value, list) else [value]


# --- Checks. Each yields sentences about what is wrong; none is good. ------------------------------------------------


def functions_are_the_directories(stack):
    """every directory under functions/ is deployed, and nothing else"""
    on_disk = {p.parent.name for p in (TEMPLATE.parents[1] / "functions").glob("*/Cargo.toml")}
    for name in on_disk ^ set(stack.functions):
        yield f"{name} is only in {'functions/' if name in on_disk else 'the template'}"
    for name in set(stack.functions) ^ set(TABLE_ACTIONS):
        yield f"{name}: say in TABLE_ACTIONS what it may do"


def functions_run_on_arm64(stack):
    """arm64, provided.al2023, built by cargo-lambda, traced, and ended before the API gives up"""
    for name, logical_id in stack.functions.items():
        properties = stack.function(name)
        wanted = {"Runtime": "provided.al2023", "Architectures": ["arm64"], "TracingConfig": {"Mode": "Active"}}
        if name in BEHIND_API:
            wanted["Timeout"] = 29
        for key, value in wanted.items():
            if properties.get(key) != value:
                yield f"{name}: {key} is {properties.get(key)}, not {value}"
        if stack.source["Resources"][logical_id]["Metadata"].get("BuildMethod") != "rust-cargolambda":
            yield f"{name}: not built by rust-cargolambda"


def environment_is_what_it_needs(stack):
    """each function is told what it needs and no more"""
    for name, actions in TABLE_ACTIONS.items():
        wanted = set(ENVIRONMENT_ALL)
        if actions:
            wanted.add("LYCHGATE_TABLE")
        wanted |= ENVIRONMENT.get(name, set())
        has = set(stack.function(name)["Environment"]["Variables"])
        if has != wanted:
            yield f"{name}: environment differs in {sorted(has ^ wanted)}"


def routes_survive_sam(stack):
    """the routes that SAM makes are the template's lines"""
    names = {logical_id: name for name, logical_id in stack.functions.items()}
    made = {(method, path, names[function]) for method, path, function in stack.api_routes()}
    written = set(template_routes.routes(TEMPLATE.read_text(encoding="utf-8")))
    for route in sorted(made ^ written):
        yield f"{' '.join(route)} is only in {'what SAM made' if route in made else 'the template'}"
    if len(made) > ROUTES_PER_API_MAX:
        yield f"{len(made)} routes; an API takes {ROUTES_PER_API_MAX}"


def routes_take_trailing_slashes(stack):
    """no route ends in a slash, which the API refuses; SCIM paths take one through a greedy route"""
    made = {(path, function) for _, path, function in stack.api_routes()}
    discovery = stack.functions.get("scim-discovery")
    for path, function in sorted(made):
        if path.endswith("/"):
            yield f"{path} ends in a slash"
        # Discovery has $default, which takes its paths in any form. /scim/v2 itself is the prefix of them all.
        plain = path.startswith("/scim/v2/") and "{" not in path and path.count("/") == 3
        if plain and function != discovery and (f"{path}/{{proxy+}}", function) not in made:
            yield f"{path} has no {path}/{{proxy+}}"
    if ("$default", discovery) not in made:
        yield "$default does not go to scim-discovery"


def routes_may_invoke(stack):
    """each route may invoke its function, and the function's policy stays within Lambda's limit"""
    allowed = set()  # (function, what follows the stage in the ARN it may be invoked from)
    for permission in stack.of_type("AWS::Lambda::Permission").values():
        source = permission.get("SourceArn", {}).get("Fn::Sub", [""])[0]
        allowed.add((permission["FunctionName"]["Ref"], source.partition("${__Stage__}")[2]))
    count = dict.fromkeys(stack.functions.values(), 0)
    for method, path, function in stack.api_routes():
        count[function] += 1
        source = ("/*" if method == "ANY" else f"/{method}") + re.sub(r"\{[^}]*\}", "*", path)
        # SAM allows the function of the default route to be invoked from all routes.
        if not allowed & {(function, source), (function, "/*")}:
            yield f"{method} {path} may not invoke {function}"
    for function, number in count.items():
        if number * PERMISSION_BYTES > FUNCTION_POLICY_BYTES_MAX:
            yield f"{function}: {number} routes do not fit its policy of {FUNCTION_POLICY_BYTES_MAX} bytes"


def targets(stack, name, resources):
    """The logical ids, or the ends of ARNs, that a statement's resources name, whichever way a condition falls."""
    log = stack.function(name)["LoggingConfig"]["LogGroup"]["Ref"]
    text = json.dumps(resources)
    found = set(re.findall(r'"Fn::GetAtt": \["(\w+)", "(?:Arn|StreamArn)"\]', text))
    found |= set(re.findall(r":(identity/\*)", text))
    return found or {text}, log


def roles_allow_the_least(stack):
    """one policy per function: its table actions on the table, its own log, what BESIDE lists, nothing else"""
    for name, wanted in TABLE_ACTIONS.items():
        if len(stack.role(name)["Policies"]) != 1:
            yield f"{name}: {len(stack.role(name)['Policies'])} policies"
        allowed = {}
        for statement in stack.statements(name):
            actions = as_list(statement["Action"])
            bound = {action: CONDITIONS[action] for action in actions if action in CONDITIONS}
            keys = {"Effect", "Action", "Resource"} | ({"Condition"} if bound else set())
            if statement["Effect"] != "Allow" or set(statement) != keys:
                yield f"{name}: the statement of {actions[0]} is not {sorted(keys)}"
            for action, key in bound.items():
                if key not in json.dumps(statement.get("Condition", {})):
                    yield f"{name}: {action} is not bound by {key}"
            named, _ = targets(stack, name, statement["Resource"])
            if '"*"' in json.dumps(as_list(statement["Resource"])):
                named = {"*"}
            for action in actions:
                allowed[action] = allowed.get(action, set()) | named
        log = targets(stack, name, [])[1]
        expected = together(
            {f"dynamodb:{verb}": {"Table"} for verb in wanted},
            {"logs:CreateLogStream": {log}, "logs:PutLogEvents": {log}},
            BESIDE.get(name, {}),
        )
        for action in sorted(set(allowed) | set(expected)):
            if allowed.get(action) != expected.get(action):
                yield f"{name}: {action} is allowed on {allowed.get(action)}, not on {expected.get(action)}"
        managed = {json.dumps(arn).rpartition("/")[2].strip('"}') for arn in stack.role(name)["ManagedPolicyArns"]}
        if managed != MANAGED_POLICIES:
            yield f"{name}: managed policies are {sorted(managed)}"


def only_the_acs_decrypts(stack):
    """one function may decrypt, and it is the assertion consumer service"""
    for name in stack.functions:
        actions = {a for s in stack.statements(name) for a in as_list(s["Action"])}
        if ("kms:Decrypt" in actions) != (name == "saml-acs") or actions & {"kms:*", "*"}:
            yield f"{name}: {sorted(a for a in actions if a.startswith('kms:') or a == '*')}"


def keys_outlive_the_stack(stack):
    """the keys are kept, of the right kind, and the sealing key turns by itself"""
    kinds = {
        "SealKey": ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
        "SamlKey": ("RSA_2048", "SIGN_VERIFY"),
        "OidcKeyA": ("ECC_NIST_P256", "SIGN_VERIFY"),
        "OidcKeyB": ("ECC_NIST_P256", "SIGN_VERIFY"),
    }
    keys = stack.of_type("AWS::KMS::Key")
    if set(keys) != set(kinds):
        yield f"the keys are {sorted(keys)}"
    for name, key in keys.items():
        if (key.get("KeySpec"), key.get("KeyUsage")) != kinds.get(name):
            yield f"{name}: {key.get('KeySpec')}, {key.get('KeyUsage')}"
        if stack.resources[name].get("DeletionPolicy") != "Retain":
            yield f"{name} goes with the stack"
    if not keys.get("SealKey", {}).get("EnableKeyRotation"):
        yield "SealKey does not turn"


def roles_are_not_shared(stack):
    """each function has a role of its own, and no role is left over"""
    used = [stack.function(name)["Role"]["Fn::GetAtt"][0] for name in stack.functions]
    if sorted(used) != sorted(stack.of_type("AWS::IAM::Role")):
        yield f"roles used {sorted(used)}, roles made {sorted(stack.of_type('AWS::IAM::Role'))}"


def table_is_safe(stack):
    """on demand, keys pk and sk, no index, recoverable, encrypted, kept, with TTL and a stream"""
    table, properties = stack.table(), stack.table()["Properties"]
    wanted = {
        "BillingMode": "PAY_PER_REQUEST",
        "DeletionProtectionEnabled": True,
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "AttributeDefinitions": [{"AttributeName": k, "AttributeType": "S"} for k in ("pk", "sk")],
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
        "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
    }
    for key, value in wanted.items():
        if properties.get(key) != value:
            yield f"{key} is {properties.get(key)}"
    for key in set(properties) - set(wanted):
        yield f"{key} was not expected"
    for key in ("DeletionPolicy", "UpdateReplacePolicy"):
        if table.get(key) != "Retain":
            yield f"{key} is {table.get(key)}"
    if list(stack.of_type("AWS::DynamoDB::Table")) != ["Table"]:
        yield "there is more than one table"


def logs_are_kept_for_a_time(stack):
    """every function and the API write to a declared log group with retention"""
    groups = stack.of_type("AWS::Logs::LogGroup")
    for name, properties in groups.items():
        if properties.get("RetentionInDays") != {"Ref": "LogRetentionDays"}:
            yield f"{name}: RetentionInDays is {properties.get('RetentionInDays')}"
    for name in stack.functions:
        if stack.function(name).get("LoggingConfig", {}).get("LogGroup", {}).get("Ref") not in groups:
            yield f"{name}: logs to no declared group"


def access_log_tells_no_secret(stack):
    """the API's log is JSON with neither path, query string nor header"""
    for name, stage in stack.of_type("AWS::ApiGatewayV2::Stage").items():
        text = stage["AccessLogSettings"]["Format"]
        names = set(json.loads(text).values())
        for value in sorted(names):
            if value.startswith(("$context.path", "$request", "$context.authorizer", "$context.identity.userAgent")):
                yield f"{name}: the access log holds {value}"
        if not {"$context.routeKey", "$context.status", "$context.requestId"} <= names:
            yield f"{name}: the access log lacks route, status or request id"


def api_is_throttled(stack):
    """requests per second and in a burst are limited on every route"""
    for name, stage in stack.of_type("AWS::ApiGatewayV2::Stage").items():
        settings = stage.get("DefaultRouteSettings", {})
        for key, parameter in (
            ("ThrottlingRateLimit", "ThrottleRequestsPerSecond"),
            ("ThrottlingBurstLimit", "ThrottleBurstRequests"),
        ):
            if settings.get(key) != {"Ref": parameter}:
                yield f"{name}: {key} is {settings.get(key)}"
            if stack.source["Parameters"][parameter]["Default"] < 25:
                yield f"{parameter}: Entra wants 25 requests a second for one organization"


def alarms_watch_everything(stack):
    """errors, throttles and slowness of each function; failures and slowness of the API; the table"""
    seen = set()
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items():
        for metric in [alarm] + [m["MetricStat"]["Metric"] for m in alarm.get("Metrics", []) if "MetricStat" in m]:
            for dimension in metric.get("Dimensions", []):
                target = dimension["Value"]
                if isinstance(target, dict):
                    target = target.get("Ref") or target["Fn::GetAtt"][0]
                seen.add((target, metric["MetricName"]))
        if not alarm.get("AlarmActions") or alarm.get("TreatMissingData") != "notBreaching":
            yield f"{name}: tells nobody, or rises when nothing happens"
        if alarm.get("MetricName") in ("Duration", "Latency") and alarm.get("ExtendedStatistic") != "p95":
            yield f"{name}: not the 95th percentile"
    wanted = {(f, m) for f in stack.functions.values() for m in ("Errors", "Throttles", "Duration")}
    wanted |= {("Api", "5xx"), ("Api", "Latency")}
    wanted |= {("LogoutFailures", "ApproximateNumberOfMessagesVisible")}
    wanted |= {("Table", m) for m in ("ReadThrottleEvents", "WriteThrottleEvents", "SystemErrors")}
    for target, metric in sorted(wanted - seen):
        yield f"no alarm on {metric} of {target}"


def clocks_and_streams(stack):
    """what runs by the clock has one schedule and no route; what follows the table has its stream and no route"""
    behind = {f for _, _, f in stack.api_routes()}
    rules = stack.of_type("AWS::Events::Rule").values()
    scheduled = sorted(t["Arn"]["Fn::GetAtt"][0] for rule in rules for t in rule["Targets"])
    if scheduled != sorted(stack.functions[name] for name in SCHEDULED):
        yield f"schedules call {scheduled}"
    mappings = stack.of_type("AWS::Lambda::EventSourceMapping").values()
    streamed = sorted(m["FunctionName"]["Ref"] for m in mappings)
    if streamed != sorted(stack.functions[name] for name in STREAMED):
        yield f"the stream calls {streamed}"
    for mapping in mappings:
        pattern = json.loads(mapping.get("FilterCriteria", {}).get("Filters", [{"Pattern": "{}"}])[0]["Pattern"])
        kinds = pattern.get("dynamodb", {}).get("NewImage", {}).get("k", {}).get("S", [])
        if sorted(kinds) != ["member.deleted", "member.sessions_ended", "member.suspended"]:
            yield f"the stream's filter lets {kinds} through"
        if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
            yield "one bad record would hold up the batch"
        if not mapping.get("DestinationConfig"):
            yield "what fails for good is lost in silence"
    for name in SCHEDULED | STREAMED:
        if stack.functions[name] in behind:
            yield f"{name} has a route"


def resources_fit(stack):
    """no more resources than CloudFormation takes"""
    if len(stack.resources) > TEMPLATE_RESOURCES_MAX:
        yield f"{len(stack.resources)} resources; CloudFormation takes {TEMPLATE_RESOURCES_MAX}"


CHECKS = [
    functions_are_the_directories,
    functions_run_on_arm64,
    environment_is_what_it_needs,
    routes_survive_sam,
    routes_take_trailing_slashes,
    routes_may_invoke,
    roles_allow_the_least,
    roles_are_not_shared,
    only_the_acs_decrypts,
    keys_outlive_the_stack,
    table_is_safe,
    logs_are_kept_for_a_time,
    access_log_tells_no_secret,
    api_is_throttled,
    alarms_watch_everything,
    clocks_and_streams,
    resources_fit,
]


# --- Damage: (what, how, the check that must notice) ----------------------------------------------------------------


def properties(source, name):
    return source["Resources"][name]["Properties"]


def first_statement(source, role):
    return properties(source, role)["Policies"][0]["PolicyDocument"]["Statement"][0]


DAMAGE = [
    ("a function may Scan", lambda s: first_statement(s, "ScimUsersRole")["Action"].append("dynamodb:Scan"), roles_allow_the_least),
    ("any table", lambda s: first_statement(s, "OperatorRole").update(Resource="*"), roles_allow_the_least),
    ("discovery reads the table", lambda s: first_statement(s, "ScimDiscoveryRole").update(Action=["dynamodb:GetItem"]), roles_allow_the_least),
    ("a shared role", lambda s: properties(s, "ScimBulkFunction").update(Role=properties(s, "ScimUsersFunction")["Role"]), roles_are_not_shared),
    ("no recovery", lambda s: properties(s, "Table").pop("PointInTimeRecoverySpecification"), table_is_safe),
    ("an index", lambda s: properties(s, "Table").update(GlobalSecondaryIndexes=[]), table_is_safe),
    ("the table goes with the stack", lambda s: s["Resources"]["Table"].pop("DeletionPolicy"), table_is_safe),
    ("x86_64", lambda s: s["Globals"]["Function"].update(Architectures=["x86_64"]), functions_run_on_arm64),
    ("a log kept for ever", lambda s: properties(s, "ScimGroupsLogs").pop("RetentionInDays"), logs_are_kept_for_a_time),
    ("a path in the access log", lambda s: properties(s, "Api")["AccessLogSettings"].update(Format='{"p":"$context.path"}'), access_log_tells_no_secret),
    ("no throttling", lambda s: properties(s, "Api").pop("DefaultRouteSettings"), api_is_throttled),
    ("an alarm less", lambda s: s["Resources"].pop("OauthTokenThrottlesAlarm"), alarms_watch_everything),
    ("an alarm that tells nobody", lambda s: properties(s, "ApiFailuresAlarm").pop("AlarmActions"), alarms_watch_everything),
    ("a route less", lambda s: properties(s, "ScimUsersFunction")["Events"].pop("PatchUser"), routes_survive_sam),
    ("no default route", lambda s: properties(s, "ScimDiscoveryFunction")["Events"].pop("Default"), routes_take_trailing_slashes),
    ("a route that ends in a slash", lambda s: properties(s, "ScimUsersFunction")["Events"]["ListUsers"]["Properties"].update(Path="/scim/v2/Users/"), routes_take_trailing_slashes),
    ("no greedy route", lambda s: properties(s, "ScimGroupsFunction")["Events"].pop("GroupsOther"), routes_take_trailing_slashes),
    ("the key's hash for all", lambda s: s["Globals"]["Function"]["Environment"]["Variables"].update(LYCHGATE_OPERATOR_KEY_HASH=""), environment_is_what_it_needs),
    ("another function decrypts", lambda s: first_statement(s, "OidcRole")["Action"].append("kms:Decrypt"), only_the_acs_decrypts),
    ("decryption for any purpose", lambda s: properties(s, "SamlAcsRole")["Policies"][0]["PolicyDocument"]["Statement"][1].pop("Condition"), roles_allow_the_least),
    ("a key for everything", lambda s: properties(s, "SamlInitRole")["Policies"][0]["PolicyDocument"]["Statement"][1].update(Resource="*"), roles_allow_the_least),
    ("a key that goes with the stack", lambda s: s["Resources"]["SealKey"].pop("DeletionPolicy"), keys_outlive_the_stack),
    ("a stream without a filter", lambda s: properties(s, "BackChannelLogoutFunction")["Events"]["Changes"]["Properties"].pop("FilterCriteria"), clocks_and_streams),
    ("no schedule", lambda s: properties(s, "DirectorySweepFunction").pop("Events"), clocks_and_streams),
]


def tool(name, *arguments):
    """Runs a tool of the venv that this judge runs in. Yields what it printed when it fails."""
    beside = pathlib.Path(sys.executable).parent / name
    done = subprocess.run([beside if beside.exists() else name, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        yield (done.stdout + done.stderr).strip()


def main():
    passed = failed = 0

    def report(title, problems):
        nonlocal passed, failed
        problems = list(problems)
        print("FAIL" if problems else "ok  ", title)
        for problem in problems:
            print("     ", problem)
        passed, failed = passed + (not problems), failed + bool(problems)

    report("sam validate --lint", tool("sam", "validate", "--lint", "--template-file", str(TEMPLATE), "--region", "us-east-1"))
    report("cfn-lint", tool("cfn-lint", str(TEMPLATE)))

    source = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))
    stack = Stack(source)
    with tempfile.TemporaryDirectory() as folder:
        transformed = pathlib.Path(folder) / "transformed.json"
        transformed.write_text(json.dumps({"Resources": stack.resources} | {
            key: source[key] for key in ("Parameters", "Conditions", "Outputs")}))
        report("cfn-lint of the transformed template", tool("cfn-lint", str(transformed)))

    for check in CHECKS:
        report(check.__doc__, check(stack))
    for title, damage, check in DAMAGE:
        damaged = copy.deepcopy(source)
        damage(damaged)
        noticed = list(check(Stack(damaged)))
        report(f"noticed: {title}", [] if noticed else [f"{check.__name__} did not notice"])

    print(f"template: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

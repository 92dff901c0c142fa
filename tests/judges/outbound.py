"""Judge of shared/outbound: do its adapters for KMS and SES get on with services that we did not write?

    python tests/judges/outbound.py TARGET/debug/examples/outside

Starts moto's server, makes the keys and the sender, runs the example against them, and then looks from the other
side: a sealed text opens with the encryption context that docs and key policies name and with no other, and the
e-mail arrived as it was written. The last line is `outbound: N passed, N failed`.
"""

import base64
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request

import boto3
from botocore.exceptions import ClientError

START_SECS_MAX = 60
RUN_SECS_MAX = 120
REGION = "us-east-1"
SENDER = "sso@example.com"
SENT = {
    "source": f"Lychgate <{SENDER}>",
    "destinations": {"ToAddresses": ["ada@example.com"]},
    "subject": "Wähle ein Passwort",
    "body": "Grüße,\nLychgate 🙂\n",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(server: subprocess.Popen, port: int):
    until = time.monotonic() + START_SECS_MAX
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit("moto's server did not start")


def opens(kms, key: str, sealed: bytes, context: dict[str, str]) -> bool:
    try:
        return bool(kms.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionContext=context)["Plaintext"])
    except ClientError:
        return False


def judge(endpoint: str, binary: str) -> list[tuple[str, bool]]:
    account = {"region_name": REGION, "aws_access_key_id": "local", "aws_secret_access_key": "local"}
    kms = boto3.client("kms", endpoint_url=endpoint, **account)
    ses = boto3.client("sesv2", endpoint_url=endpoint, **account)

    def key(spec: str, usage: str) -> str:
        return kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"]

    sealing, other = (key("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT") for _ in range(2))
    oidc = ",".join(key("ECC_NIST_P256", "SIGN_VERIFY") for _ in range(2))
    saml = key("RSA_2048", "SIGN_VERIFY")
    ses.create_email_identity(EmailIdentity=SENDER)

    ran = subprocess.run(
        [binary, endpoint, sealing, other, oidc, saml, SENT["source"]],
        env=os.environ | {"AWS_REGION": REGION}, capture_output=True, text=True, check=False, timeout=RUN_SECS_MAX,
    )
    sealed, organization, outcomes = b"", "", []
    for line in ran.stdout.splitlines():
        word, _, rest = line.partition(" ")
        if word == "sealed":
            organization, encoded = rest.split()
            sealed = base64.b64decode(encoded)
            continue
        print(line)
        if word in ("ok", "FAIL"):
            outcomes.append((rest.strip(), word == "ok"))
    if ran.stderr:
        print(ran.stderr, file=sys.stderr)

    named = {"lychgate:organization": organization, "lychgate:purpose": "saml-decryption"}
    messages = json.load(urllib.request.urlopen(f"{endpoint}/moto-api/data.json"))["ses"]["Message"]
    arrived = [{name: message[name] for name in SENT} for message in messages]
    from_outside = [
        ("the example ended well", ran.returncode == 0 and len(outcomes) >= 5),
        ("the named context opens", opens(kms, sealing, sealed, named)),
        ("no context does not", not opens(kms, sealing, sealed, {})),
        ("a context without the purpose does not", not opens(kms, sealing, sealed, dict([*named.items()][:1]))),
        ("one e-mail arrived, as it was written", arrived == [SENT]),
    ]
    for name, good in from_outside:
        print("ok  " if good else "FAIL", name)
    return outcomes + from_outside


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    port = free_port()
    server = subprocess.Popen(
        [str(pathlib.Path(sys.executable).with_name("moto_server")), "-H", "127.0.0.1", "-p", str(port)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_ready(server, port)
        outcomes = judge(f"http://127.0.0.1:{port}", sys.argv[1])
    finally:
        server.terminate()
        server.wait()
    failed = sum(not good for _, good in outcomes)
    print(f"outbound: {len(outcomes) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

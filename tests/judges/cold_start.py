"""Count the instructions of a cold start: from the exec of a bootstrap to its answer to a first event.

    python3 tests/judges/cold_start.py TARGET/lambda [FUNCTION…]

The release bootstrap runs under callgrind against a Runtime API that this script plays; it is handed its event of
infra/events and ended when it has answered. The count does not depend on how busy the machine is, so it can be held
to a bound. Run by with_server.py, the functions find the embedded DynamoDB and the demo organization there, so that a
first GET is a real one, answered 200, and a first SAML response one that signs in.

DynamoDB is reached over https, as on AWS: this script ends the TLS in front of the embedded one. A function trusts
nothing but the roots that are built into it, and there is no setting that changes this. So the *file* is changed: in
a copy of the bootstrap the bytes of one built-in root give way to the root of a test authority, whose chain (root,
intermediate, leaf; RSA 2048, as DynamoDB's) the server shows. All that a real start does is counted: reading all the
roots, the handshake, the checking of two signatures and of the server's own.

The last line is `cold-start: N passed, N failed`.
"""

import http.client
import http.server
import os
import pathlib
import re
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import zipfile

import samples

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOTS = ROOT / "shared" / "aws" / "roots"
REPLACED_ROOT = "Amazon_Root_CA_1.pem"
# The assertion consumer service validates a response that was really signed, and writes the sign-in.
MILLIONS_MAX = {"scim-discovery": 2.0, "saml-acs": 25.0}
MILLIONS_MAX_ELSE = 20.0
WITHOUT_STORE = {"scim-discovery"}
ANSWER_SECS_MAX = 120


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body(self) -> bytes:
        if length := self.headers.get("Content-Length"):
            return self.rfile.read(int(length))
        body = b""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        return body

    def reply(self, status: int, body: bytes, headers: dict[str, str]):
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Lambda(Server):
    """The Runtime API for one event."""

    event: bytes
    answer: bytes | None
    answered: threading.Event

    def do_GET(self):
        if self.answered.is_set():
            time.sleep(ANSWER_SECS_MAX)  # no second event: the process is ended while it waits
            return
        self.reply(200, self.event, {
            "Lambda-Runtime-Aws-Request-Id": "00000000-0000-4000-8000-000000000000",
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + ANSWER_SECS_MAX) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:cold-start",
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000",
        })

    def do_POST(self):
        body = self.body()
        type(self).answer = body if self.path.endswith("/response") else None
        self.reply(202, b"{}", {})
        self.answered.set()


class Dynamo(Server):
    """The embedded DynamoDB, with TLS in front; without one, a DynamoDB that finds nothing."""

    def do_POST(self):
        body, url = self.body(), os.environ.get("DYNAMODB_URL")
        if url is None:
            self.reply(200, b"{}", {"Content-Type": "application/x-amz-json-1.0"})
            return
        behind = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=ANSWER_SECS_MAX)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "transfer-encoding"}
        behind.request("POST", self.path, body, headers | {"Content-Length": str(len(body))})
        answer = behind.getresponse()
        names = ("Content-Type", "x-amz-crc32", "x-amzn-RequestId")
        self.reply(answer.status, answer.read(), {name: answer.headers[name] for name in names if answer.headers[name]})
        behind.close()


class Threads(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a function that was ended while it waited


def serve(handler: type[Server], context: ssl.SSLContext | None = None) -> Threads:
    server = Threads(("127.0.0.1", 0), handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def authority(folder: pathlib.Path) -> tuple[bytes, ssl.SSLContext]:
    """The root of a test authority, and what a server of its chain needs."""

    def openssl(*arguments: str):
        done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"openssl {' '.join(arguments)} failed:\n{done.stderr}")

    def certificate(name: str, issuer: str | None, extensions: str):
        new = ["-newkey", "rsa:2048", "-noenc", "-keyout", f"{name}.key", "-subj", f"/CN={name}"]
        (folder / f"{name}.ext").write_text(extensions)
        openssl("req", "-new", *new, "-out", f"{name}.csr")
        sign = ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key"] if issuer else ["-signkey", f"{name}.key"]
        openssl("x509", "-req", "-in", f"{name}.csr", *sign, "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.pem")

    certificate("root", None, "basicConstraints=critical,CA:TRUE\n")
    certificate("between", "root", "basicConstraints=critical,CA:TRUE\n")
    certificate("leaf", "between", "basicConstraints=CA:FALSE\nsubjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n")
    chain = folder / "chain.pem"
    chain.write_bytes((folder / "leaf.pem").read_bytes() + (folder / "between.pem").read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, folder / "leaf.key")
    return (folder / "root.pem").read_bytes(), context


def with_root(bootstrap: pathlib.Path, root: bytes):
    """Puts the test authority's root into the place of a built-in one."""
    built_in = (ROOTS / REPLACED_ROOT).read_bytes()
    binary = bootstrap.read_bytes()
    if binary.count(built_in) != 1 or len(root) > len(built_in):
        sys.exit(f"{bootstrap.parent.name}: {REPLACED_ROOT} does not stand in the binary once, or is too short")
    bootstrap.write_bytes(binary.replace(built_in, root.ljust(len(built_in), b"\n")))


def count(bootstrap: pathlib.Path, event: bytes, dynamodb: str) -> tuple[int, bytes | None]:
    """Instructions, and what the function answered; None when it said that it failed."""
    handler = type("OneEvent", (Lambda,), {"event": event, "answer": None, "answered": threading.Event()})
    server = serve(handler)
    out = bootstrap.with_name("callgrind.out")
    process = subprocess.Popen(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", str(bootstrap)],
        env={
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_address[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": "cold-start",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_LOG_GROUP_NAME": "cold-start",
            "AWS_LAMBDA_LOG_STREAM_NAME": "cold-start",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": "local" * 100,  # Lambda's role always has one, and it is long
            "AWS_ENDPOINT_URL_DYNAMODB": dynamodb,
            "LYCHGATE_TABLE": os.environ.get("DYNAMODB_TABLE", "lychgate"),
        } | samples.configuration(),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )
    answered = handler.answered.wait(ANSWER_SECS_MAX)
    process.terminate()
    _, log = process.communicate(timeout=ANSWER_SECS_MAX)
    server.shutdown()
    if not answered:
        sys.exit(f"{bootstrap.parent.name} answered nothing:\n{log[-2000:]}")
    total = re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE)
    if keep := os.environ.get("CALLGRIND_OUT"):  # for callgrind_annotate
        pathlib.Path(keep).write_bytes(out.read_bytes())
    return int(total.group(1)), handler.answer


def main() -> int:
    built, names = pathlib.Path(sys.argv[1]), sys.argv[2:]
    names = names or sorted(path.parent.name for path in built.glob("*/bootstrap.zip"))
    passed = failed = 0
    print(f"{'million instructions':<22}{'over http':>12}{'over https':>12}{'at most':>10}  answer")
    with tempfile.TemporaryDirectory() as scratch:
        root, context = authority(pathlib.Path(scratch))
        plain, secure = serve(Dynamo), serve(Dynamo, context)
        for name in names:
            folder = pathlib.Path(scratch, name)
            folder.mkdir()
            with zipfile.ZipFile(built / name / "bootstrap.zip") as archive:
                archive.extract("bootstrap", folder)
            bootstrap = folder / "bootstrap"
            bootstrap.chmod(0o755)
            # A response of the sample IdP can be used once, so each start has an event of its own.
            over_http, answer = count(bootstrap, samples.event(name).encode(), f"http://127.0.0.1:{plain.server_address[1]}")
            counted, shown = over_http, "-"
            if name not in WITHOUT_STORE:
                with_root(bootstrap, root)
                counted, answer = count(bootstrap, samples.event(name).encode(), f"https://localhost:{secure.server_address[1]}")
                shown = f"{counted / 1e6:.2f}"
            bound = MILLIONS_MAX.get(name, MILLIONS_MAX_ELSE)
            # Without the demo organization nobody knows what it should be; then it only has to be no failure.
            problem = samples.problem(name, answer) if "BASE_URL" in os.environ else None if answer else "failed"
            good = counted <= bound * 1e6 and not problem
            shown_answer = problem or samples.EXPECTED.get(name) or "done"
            print(
                f"{name:<22}{over_http / 1e6:>12.2f}{shown:>12}{bound:>10.1f}  {shown_answer}{'' if good else '  FAILED'}",
                flush=True,
            )
            passed, failed = passed + good, failed + (not good)
    print(f"cold-start: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())

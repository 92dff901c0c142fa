"""Count the instructions of a cold start: from the exec of a bootstrap to its answer to a first event.

    python3 tests/judges/cold_start.py TARGET/lambda [FUNCTION…]

The bootstrap runs under callgrind against a Runtime API that this script plays; it is handed its event of
infra/events and ended when it has answered. The count does not depend on how busy the machine is, so it can be held
to a bound. DynamoDB is played too, over plain http, and finds nothing: what is not counted here is a TLS handshake
and, where the client reads them, the parsing of root certificates. The last line is `cold-start: N passed, N failed`.
"""

import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import zipfile

EVENTS = pathlib.Path(__file__).resolve().parents[2] / "infra" / "events"
MILLIONS_MAX = {"scim-discovery": 2.0}
MILLIONS_MAX_ELSE = 20.0
ANSWER_SECS_MAX = 120


class Lambda(http.server.BaseHTTPRequestHandler):
    """The Runtime API for one event, and DynamoDB for whatever the function asks."""

    protocol_version = "HTTP/1.1"
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
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or self.chunks()
        if self.path.startswith("/2018-06-01/runtime"):
            type(self).answer = body if self.path.endswith("/response") else None
            self.reply(202, b"{}", {})
            self.answered.set()
        else:
            self.reply(200, b"{}", {"Content-Type": "application/x-amz-json-1.0"})

    def chunks(self) -> bytes:
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


def count(bootstrap: pathlib.Path, event: bytes, folder: pathlib.Path) -> tuple[int, str]:
    """Instructions, and what the function answered."""
    handler = type("OneEvent", (Lambda,), {"event": event, "answer": None, "answered": threading.Event()})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # the process is ended while it waits: its connection breaks
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"127.0.0.1:{server.server_address[1]}"
    out = folder / "callgrind.out"
    process = subprocess.Popen(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", str(bootstrap)],
        env={
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_LAMBDA_FUNCTION_NAME": "cold-start",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_LOG_GROUP_NAME": "cold-start",
            "AWS_LAMBDA_LOG_STREAM_NAME": "cold-start",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://{address}",
            "LYCHGATE_TABLE": "lychgate",
        },
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )
    answered = handler.answered.wait(ANSWER_SECS_MAX)
    process.terminate()
    _, log = process.communicate(timeout=ANSWER_SECS_MAX)
    server.shutdown()
    if not answered:
        sys.exit(f"{bootstrap.parent.name} answered nothing:\n{log[-2000:]}")
    total = re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.MULTILINE)
    try:
        status = str(json.loads(handler.answer or b"null")["statusCode"])
    except (TypeError, KeyError, ValueError):
        status = "no status"
    return int(total.group(1)), status


def main() -> int:
    built, names = pathlib.Path(sys.argv[1]), sys.argv[2:]
    names = names or sorted(path.parent.name for path in built.glob("*/bootstrap.zip"))
    passed = failed = 0
    print(f"{'function':<18}{'million instructions':>22}{'at most':>10}  answer")
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            with zipfile.ZipFile(built / name / "bootstrap.zip") as archive:
                archive.extract("bootstrap", folder)
            bootstrap = pathlib.Path(folder, "bootstrap")
            bootstrap.chmod(0o755)
            instructions, status = count(bootstrap, (EVENTS / f"{name}.json").read_bytes(), pathlib.Path(folder))
        bound = MILLIONS_MAX.get(name, MILLIONS_MAX_ELSE)
        good = instructions <= bound * 1e6
        print(f"{name:<18}{instructions / 1e6:>22.2f}{bound:>10.1f}  {status}{'' if good else '  TOO MANY'}", flush=True)
        passed, failed = passed + good, failed + (not good)
    print(f"cold-start: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())

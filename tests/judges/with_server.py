"""Start lychgate-local on a free port with a store in memory, run a command against it, stop it.

    python3 tests/judges/with_server.py PATH/TO/lychgate-local -- COMMAND ARGUMENT…

The command finds what demo.json holds in its environment: BASE_URL, SCIM_BASE_URL, SCIM_TOKEN, OPERATOR_KEY and so
on; DATA is the folder that has demo.json and the e-mails. The exit code is the command's; a server that does not start,
that dies meanwhile or that does not end on SIGTERM fails too. Standard library only.
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

START_SECS_MAX = 60
STOP_SECS_MAX = 15


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def wait_until_ready(server: subprocess.Popen, port: int, demo: pathlib.Path) -> str | None:
    """None when the server is ready, else what went wrong."""
    until = time.monotonic() + START_SECS_MAX
    while time.monotonic() < until:
        if server.poll() is not None:
            return f"the server ended with exit code {server.returncode} before it was ready"
        if demo.exists() and answers(port):
            return None
        time.sleep(0.05)
    return f"the server was not ready after {START_SECS_MAX} seconds"


def main() -> int:
    binary, separator, *command = sys.argv[1:] if len(sys.argv) > 3 else ("", "", "")
    if separator != "--":
        print(__doc__, file=sys.stderr)
        return 2

    with tempfile.TemporaryDirectory() as folder:
        port, demo, log = free_port(), pathlib.Path(folder, "demo.json"), pathlib.Path(folder, "log")
        with log.open("wb") as log_file:
            server = subprocess.Popen(
                [binary, "--port", str(port), "--data", folder, "--store", "memory"],
                stdin=subprocess.DEVNULL, stdout=log_file, stderr=subprocess.STDOUT,
            )
        code = 1
        try:
            problem = wait_until_ready(server, port, demo)
            if problem is None:
                told = {key.upper(): str(value) for key, value in json.loads(demo.read_text()).items()}
                code = subprocess.run(command, env=os.environ | told | {"DATA": folder}, check=False).returncode
                if server.poll() is not None:
                    problem = f"the server ended with exit code {server.returncode} while the command ran"
        finally:
            if server.poll() is None:
                server.send_signal(signal.SIGTERM)
                try:
                    server.wait(STOP_SECS_MAX)
                except subprocess.TimeoutExpired:
                    server.kill()
                    server.wait()
                    problem = problem or f"the server did not end {STOP_SECS_MAX} seconds after SIGTERM"
        if problem is None and server.returncode != 0:
            problem = f"the server ended with exit code {server.returncode} on SIGTERM"
        if problem:
            print(f"with_server: {problem}. The end of its log:", file=sys.stderr)
            print("\n".join(log.read_text(errors="replace").splitlines()[-30:]), file=sys.stderr)
            return code or 1
    return code


if __name__ == "__main__":
    sys.exit(main())

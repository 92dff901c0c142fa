"""Run the functions under `cargo lambda watch` and send each the sample event that infra/events/ holds for it.

    python3 tests/judges/invoke.py [FUNCTION…]

Started by with_server.py, the functions use that server's DynamoDB (DYNAMODB_URL, DYNAMODB_TABLE) and its demo
organization: the placeholders in the events give way to the real token and key, and to a response that the sample IdP
has just signed. Without it, only functions that need no table answer well. cargo-lambda must be in PATH. The last line is `invoke: N passed, N failed`.
"""

import os
import signal
import socket
import subprocess
import sys
import time

import samples

START_SECS_MAX = 900  # watch builds the workspace first
ANSWER_SECS_MAX = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment() -> dict[str, str]:
    given = samples.configuration() | dict(os.environ)
    given.setdefault("LYCHGATE_TABLE", given.get("DYNAMODB_TABLE", "lychgate"))
    given.setdefault("AWS_REGION", "us-east-1")
    given.setdefault("AWS_ACCESS_KEY_ID", "local")
    given.setdefault("AWS_SECRET_ACCESS_KEY", "local")
    if "DYNAMODB_URL" in given:
        given["AWS_ENDPOINT_URL_DYNAMODB"] = given["DYNAMODB_URL"]
    return given


def invoke(port: int, name: str, env: dict[str, str]) -> str | None:
    """None when the function answered as expected, else what it did."""
    event = samples.event(name)
    done = subprocess.run(
        ["cargo", "lambda", "invoke", "-A", "127.0.0.1", "-P", str(port), name, "--data-ascii", event],
        env=env, capture_output=True, text=True, check=False, timeout=START_SECS_MAX,
    )
    if done.returncode:
        return (done.stderr or done.stdout).strip()
    return samples.problem(name, done.stdout)


def main() -> int:
    names = sys.argv[1:] or samples.names()
    env, port = environment(), free_port()
    watch = subprocess.Popen(
        ["cargo", "lambda", "watch", "--quiet", "--ignore-changes", "-A", "127.0.0.1", "-P", str(port)],
        env=env, stdin=subprocess.DEVNULL, start_new_session=True,
    )
    passed = failed = 0
    try:
        until = time.monotonic() + START_SECS_MAX
        while time.monotonic() < until and watch.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.5)
        for name in names:
            problem = invoke(port, name, env)
            print("FAIL" if problem else "ok  ", name, problem or "", flush=True)
            passed, failed = passed + (not problem), failed + bool(problem)
    finally:
        os.killpg(watch.pid, signal.SIGTERM)  # the group: watch starts a cargo run for each function
        watch.wait(ANSWER_SECS_MAX)
    print(f"invoke: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Take the tour of the README: run its commands, in their order, against a server that is up.

    python3 tests/judges/with_server.py TARGET/debug/lychgate-local -- python3 tests/judges/tour.py TARGET

The shell blocks from "## A tour" to "## Deploying" are run as one script that ends with the first command that
fails; a SCIM error, an OAuth error or an empty answer fails as well. `lychgate` is that of TARGET. The last line is
`tour: N commands` or what went wrong. Standard library only.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
TIMEOUT_SECS = 120
COMMANDS_MIN = 50  # fewer, and the blocks were not found
NAMES = ["base_url", "scim_base_url", "scim_token", "operator_key"]
PREAMBLE = "set -euo pipefail\ncargo() { :; }\nset -x\n"
# `set -x` shows what was called; these may not be in what was answered.
WRONG = re.compile(r'messages:2\.0:Error"|"error":|"status":"[45]\d\d"|^HTTP/\S+ [45]', re.MULTILINE)


def blocks(text):
    tour = text.partition("\n## A tour\n")[2].partition("\n## Deploying\n")[0]
    return re.findall(r"^```sh\n(.*?)^```$", tour, re.MULTILINE | re.DOTALL)


def main() -> int:
    if len(sys.argv) != 2 or any(name.upper() not in os.environ for name in NAMES):
        print(__doc__, file=sys.stderr)
        return 2
    script = PREAMBLE + "\n".join(blocks(README.read_text(encoding="utf-8")))
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder, "data")
        data.mkdir()
        data.joinpath("demo.json").write_text(json.dumps({name: os.environ[name.upper()] for name in NAMES}))
        pathlib.Path(folder, "target").symlink_to(pathlib.Path(sys.argv[1]).resolve())
        ran = subprocess.run(
            ["bash"], input=script, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_SECS, check=False)
    commands = len(re.findall(r"^\+ (?:curl|target/debug/lychgate) ", ran.stderr, re.MULTILINE))
    wrong = WRONG.search(ran.stdout)
    if ran.returncode == 0 and not wrong and commands >= COMMANDS_MIN:
        print(f"tour: {commands} commands")
        return 0
    print("\n".join((ran.stderr + ran.stdout).splitlines()[-60:]))
    print(f"tour: exit code {ran.returncode}, {commands} commands, {wrong.group() if wrong else 'no error answered'}")
    return 1


if __name__ == "__main__":
    sys.exit(main())

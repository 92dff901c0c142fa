"""Judge of the pages: people in a real browser, Chromium, against a server that is up.

    with_server.py SERVER -- python tests/judges/browser.py SCREENSHOTS [sign_in | saml | passwords …]

Every walk of browser/walk_….py, or those that are named. SCREENSHOTS is the folder that pictures of the pages go to.
Chromium is Debian's, or the one that CHROMIUM names; it and axe-core are installed when that can be done. What cannot be
is skipped with a sentence, but not in CI. The last line is `browser: N passed, N failed`.
"""

import importlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from playwright.sync_api import Error, sync_playwright

from browser.world import World
from saml_sign_in import Wrong

SECS_MAX = 900  # of all walks; a page that never answers ends the judge

HERE = pathlib.Path(__file__).parent
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]


def missing(command: list) -> bool:
    return subprocess.run(list(map(str, command)), check=False).returncode != 0


def skip() -> int:
    if os.environ.get("CI") == "true":
        print("CI skips no judge.\nbrowser: 0 passed, 1 failed")
        return 1
    if file := os.environ.get("SKIPPED"):
        with open(file, "a", encoding="utf-8") as list_of_skipped:
            list_of_skipped.write("browser\n")
    print("browser: 0 passed, 0 failed")
    return 0


def main() -> int:
    walks = {path.stem.removeprefix("walk_"): path.stem for path in sorted((HERE / "browser").glob("walk_*.py"))}
    named = sys.argv[2:] or list(walks)
    if len(sys.argv) < 2 or set(named) - set(walks) or "DATA" not in os.environ:
        print(__doc__, file=sys.stderr)
        return 2
    chromium = os.environ.get("CHROMIUM")
    if not chromium and missing([HERE / "packages.sh", "chromium", "chromium"]) or missing([HERE / "node.sh", "browser"]):
        return skip()
    signal.alarm(SECS_MAX)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        # A home of its own: nothing of the machine's user is read or kept.
        browser = playwright.chromium.launch(
            executable_path=chromium or shutil.which("chromium"), headless=True, args=ARGUMENTS,
            env=os.environ | {"HOME": home, "XDG_CONFIG_HOME": home, "XDG_CACHE_HOME": home})
        world = World(browser, pathlib.Path(os.environ["DATA"]), pathlib.Path(sys.argv[1]))
        print(f"Chromium {browser.version}")
        for name in named:
            before, started = (world.passed, world.failed), time.monotonic()
            try:
                importlib.import_module(f"browser.{walks[name]}").walk(world)
            except (Error, Wrong) as error:
                world.check(f"the walk {name}", False, error)
            passed, failed = world.passed - before[0], world.failed - before[1]
            print(f"{name:<16} {passed} passed, {failed} failed, {time.monotonic() - started:.0f} s", flush=True)
        browser.close()
    print(f"browser: {world.passed} passed, {world.failed} failed")
    return 1 if world.failed or not world.passed else 0


if __name__ == "__main__":
    sys.exit(main())

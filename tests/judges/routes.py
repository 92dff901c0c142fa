"""Print the routes of infra/template.yaml, one `METHOD PATH FUNCTION` a line, sorted.

A test of the Rust route table reads these lines. Needs nothing but Python 3: the template keeps each event on one
line, and this reads those lines rather than YAML. template.py checks that SAM sees the same routes.
"""

import pathlib
import re
import sys

TEMPLATE = pathlib.Path(__file__).resolve().parents[2] / "infra" / "template.yaml"

FUNCTION = re.compile(r"^      BuildProperties: \{ Binary: (?P<name>[a-z-]+) \}$")
EVENT = re.compile(r"^        \w+: \{ Type: HttpApi, Properties: \{ ApiId: !Ref Api, (?P<route>.*) \} \}$")
ROUTE = re.compile(r'^Method: (?P<method>[A-Z]+), Path: "?(?P<path>[/$][^" ]*)"?$')


def routes(text: str) -> list[tuple[str, str, str]]:
    """(method, path, function) of each event. The default route is `ANY $default`."""
    found, function = [], None
    for number, line in enumerate(text.splitlines(), start=1):
        if match := FUNCTION.match(line):
            function = match["name"]
        elif match := EVENT.match(line):
            route = ROUTE.match(match["route"])
            if route is None or function is None:
                sys.exit(f"infra/template.yaml:{number}: this event is not written as the others are: {line.strip()}")
            found.append((route["method"], route["path"], function))
        elif "Type: HttpApi" in line:
            sys.exit(f"infra/template.yaml:{number}: write each event on one line, as the others are: {line.strip()}")
    return sorted(found, key=lambda route: (route[1], route[0]))


if __name__ == "__main__":
    for method, path, function in routes(TEMPLATE.read_text(encoding="utf-8")):
        print(method, path, function)

"""Run scim2-tester, the SCIM judge of the scim2 project, against a server that is up.

    SCIM_BASE_URL=http://127.0.0.1:8080/scim/v2 SCIM_TOKEN=… python tests/judges/scim_tester.py

It learns the server from its discovery endpoints and tests all that they publish. Each check is printed with its
grade. A grade below ACCEPTABLE fails, and so does a check that the judge did not run.

scim_tester_skips.json may excuse a failure: {"title of the check": "reason"}. A reason that is empty, or that excused
nothing, fails. The last line is `scim2-tester: N passed, N failed, N skipped`.

(Not named scim2_tester.py: Python would then import this file in place of the package.)
"""

import collections
import json
import os
import pathlib
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

PASSED = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE}
CHECKS_MIN = 100  # fewer, and discovery gave the judge too little to test; the best open peers see 135
TIMEOUT_SECS = 30


def main() -> int:
    try:
        base_url, token = os.environ["SCIM_BASE_URL"], os.environ["SCIM_TOKEN"]
    except KeyError as missing:
        print(f"set SCIM_BASE_URL and SCIM_TOKEN ({missing} is not set)", file=sys.stderr)
        return 2

    skips = json.loads(pathlib.Path(__file__).with_name("scim_tester_skips.json").read_text(encoding="utf-8"))
    complaints, grades, used = [], collections.Counter(), set()
    passed = failed = skipped = 0

    with Client(base_url=base_url, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_SECS) as client:
        results = check_server(SyncSCIMClient(client))

    for result in results:
        grades[result.status.name] += 1
        reason = " ".join((result.reason or "").split())
        print(f"{result.status.name:<10} {result.resource_type or '-':<6} {result.title}: {reason}")
        if result.status in PASSED:
            passed += 1
            continue
        if skips.get(result.title):
            print(f"           excused: {skips[result.title]}")
            used.add(result.title)
            skipped += 1
        else:
            failed += 1

    complaints += [f"skips: {title} excused nothing, or has no reason" for title in sorted(set(skips) - used)]
    if len(results) < CHECKS_MIN:
        complaints.append(f"only {len(results)} checks ran; at least {CHECKS_MIN} are expected")
    for complaint in complaints:
        print(complaint)

    print(", ".join(f"{count} {grade}" for grade, count in sorted(grades.items())))
    failed += len(complaints)
    print(f"scim2-tester: {passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Print what each function weighs, from the zips that `make build` made, and hold it to a limit.

A function's binary holds what its main can reach. The XML signature code of the sign-in has no business in
provisioning: finding it there means that a port grew too wide.
"""

import pathlib
import sys
import zipfile

BINARY_BYTES_MAX = 9_000_000  # with DynamoDB and TLS a function has about 5 MB; double would be a second stack
DISCOVERY_BYTES_MAX = 3_000_000  # no DynamoDB, no TLS
# Functions whose name begins so may not contain that.
FOREIGN = [
    ("scim-", b"xmldsig"),  # signatures of the sign-in
    ("scim-discovery", b"dynamodb"),  # it needs no table
    ("", b"aws-lc"),  # a second TLS stack, and hundreds of millions of instructions at a cold start
]


def main() -> int:
    folder = pathlib.Path(sys.argv[1])
    failed = passed = 0
    print(f"{'function':<18}{'zip':>12}{'binary':>12}")
    for path in sorted(folder.glob("*/bootstrap.zip")):
        name = path.parent.name
        with zipfile.ZipFile(path) as archive:
            binary = archive.read("bootstrap")
        problems = [f"contains {word.decode()}" for prefix, word in FOREIGN if name.startswith(prefix) and word in binary]
        limit = DISCOVERY_BYTES_MAX if name == "scim-discovery" else BINARY_BYTES_MAX
        if len(binary) > limit:
            problems.append(f"above {limit:,} bytes")
        print(f"{name:<18}{path.stat().st_size:>12,}{len(binary):>12,}  {'; '.join(problems)}".rstrip())
        failed, passed = failed + bool(problems), passed + (not problems)
    if not passed + failed:
        print("no zips: run `make build` first")
        return 1
    print(f"sizes: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

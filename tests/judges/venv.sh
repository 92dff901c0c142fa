#!/usr/bin/env bash
# Makes .venv with the pinned packages of requirements.txt, unless it is there already. Fails with one plain sentence.
set -euo pipefail
cd "$(dirname "$0")/../.."

wanted=tests/judges/requirements.txt
if cmp --silent "$wanted" .venv/requirements.txt; then exit 0; fi

if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    echo "The judges need Python 3.10 or newer, and python3 is older or missing." >&2
    exit 1
fi
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    # Debian and Ubuntu ship Python without the part that makes a venv.
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
    else
        echo "This Python cannot make a venv. On Debian and Ubuntu: sudo apt-get install python3-venv" >&2
        exit 1
    fi
fi

echo "making .venv with the judges and cargo-lambda: a minute or two, once" >&2
python3 -m venv --clear .venv
# --no-deps: the file names every package already, and pip's resolver stumbles over extras when hashes are required.
if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$wanted"; then
    echo "The packages of $wanted could not be installed; pip says why above." >&2
    exit 1
fi
# Last, so that an interrupted install is made again.
cp "$wanted" .venv/requirements.txt

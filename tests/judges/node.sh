#!/usr/bin/env bash
# node.sh FOLDER: puts the pinned packages of FOLDER/package-lock.json beside it, unless they are there already. Fails with
# one plain sentence.
set -euo pipefail
cd "$(dirname "$0")"
./packages.sh node nodejs
./packages.sh npm npm
cd "$1"
if cmp --silent package-lock.json node_modules/.lock; then exit 0; fi
# No script of a package runs; `npm ci` takes nothing that the lock file has no hash of.
if ! npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null; then
    echo "The packages of tests/judges/$1 could not be installed; npm says why above." >&2
    exit 1
fi
cp package-lock.json node_modules/.lock # last, so that an interrupted install is made again

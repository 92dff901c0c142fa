#!/usr/bin/env bash
# Sees to it that a program is there that pip cannot bring: packages.sh PROGRAM DEBIAN-PACKAGE. Fails with one plain sentence.
set -euo pipefail
program=$1 package=$2
if command -v "$program" >/dev/null; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Debian's $package, once" >&2
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >/dev/null
else
    echo "$program is not installed. On Debian and Ubuntu: sudo apt-get install $package" >&2
    exit 1
fi

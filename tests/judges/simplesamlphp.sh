#!/usr/bin/env bash
# Puts Debian's SimpleSAMLphp into .venv/simplesamlphp and sees to it that PHP can run it. The package is unpacked, not
# installed: what it depends on would start a web server. Fails with one plain sentence.
set -euo pipefail
cd "$(dirname "$0")"
./packages.sh php php-cli
for part in xml:dom mbstring:mbstring; do
    if ! grep -qix "${part#*:}" <<<"$(php -m)"; then ./packages.sh "php with php-${part%:*}" "php-${part%:*}"; fi
done
folder=../../.venv/simplesamlphp
if [ -e "$folder/usr" ]; then exit 0; fi
rm -rf "$folder" && mkdir -p "$folder"
if ! { command -v dpkg-deb && (cd "$folder" && apt-get download -qq simplesamlphp); } >/dev/null 2>&1; then
    echo "SimpleSAMLphp is taken from Debian's package of that name, and apt-get does not bring it here." >&2
    exit 1
fi
dpkg-deb --extract "$folder"/simplesamlphp_*.deb "$folder/new"
mv "$folder/new/usr" "$folder/usr" # last, so that an interrupted download is made again

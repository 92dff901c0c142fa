"""Print what each function weighs, from the zips that `make build` made, and hold it to a limit.

A function's binary holds what its main can reach. The XML, signature and decryption code of the sign-in has no business
in provisioning: finding it there means that a port grew too wide. Words that stand for a part of the code tell whether
it is there; each must be found in the function that cannot do without it, so that a word that means nothing any more
does not pass for good news.
"""

import pathlib
import sys
import zipfile

# With DynamoDB and TLS a function has about 5 MB; double would be a second stack.
BINARY_BYTES_MAX = {
    "scim-discovery": 3_000_000,  # no DynamoDB, no TLS
    "saml-acs": 6_000_000,  # XML, signatures, decryption, DynamoDB and KMS
}
BINARY_BYTES_MAX_ELSE = 9_000_000
# Words of: reading and verifying XML, decrypting it, and the cryptography that both stand on. The compiler may compare the
# beginning of a long text by numbers of its own, and leave its end alone in the binary: the ends are looked for.
XML = [b"xmldsig", b"xml-exc-c14n#", b"urn:oasis:names:tc:SAML"]
DECRYPTION = [b"xmlenc#aes", b"xmlenc11#", b"EncryptedAssertion"]
CRYPTOGRAPHY = [b"aws-lc", b"AWS-LC"]
PROVISIONING = ("scim-", "oauth-token", "directory-sweep")
# Functions whose name begins so may not contain that.
FOREIGN = [
    (PROVISIONING, [*XML, *DECRYPTION, *CRYPTOGRAPHY]),
    (("scim-discovery",), [b"dynamodb"]),  # it needs no table
    (("saml-init", "sign-in", "oidc", "back-channel-logout"), DECRYPTION),
    (("settings-members",), [*XML, *DECRYPTION, *CRYPTOGRAPHY]),
    # A logout message with an EncryptedAssertion in it is refused by that name; what decrypts one is not there.
    (("saml-logout",), DECRYPTION[:2]),
    # Our metadata names the algorithms that we decrypt; what they are made of is not there.
    (("saml-metadata",), CRYPTOGRAPHY),
]
# Where they must be: else the words above show nothing.
AT_HOME = {"saml-acs": [[word] for word in (*XML, *DECRYPTION)] + [CRYPTOGRAPHY], "scim-users": [[b"dynamodb"]]}


def problems(name: str, binary: bytes) -> list[str]:
    found = [
        f"contains {word.decode()}"
        for prefixes, words in FOREIGN if name.startswith(prefixes)
        for word in words if word in binary
    ]
    found += [
        f"does not contain {' or '.join(word.decode() for word in words)}, which therefore shows nothing elsewhere"
        for words in AT_HOME.get(name, []) if not any(word in binary for word in words)
    ]
    limit = BINARY_BYTES_MAX.get(name, BINARY_BYTES_MAX_ELSE)
    return found + ([f"above {limit:,} bytes"] if len(binary) > limit else [])


def main() -> int:
    folder = pathlib.Path(sys.argv[1])
    failed = passed = 0
    print(f"{'function':<22}{'zip':>12}{'binary':>12}{'at most':>12}")
    for path in sorted(folder.glob("*/bootstrap.zip")):
        name = path.parent.name
        with zipfile.ZipFile(path) as archive:
            binary = archive.read("bootstrap")
        wrong = problems(name, binary)
        limit = BINARY_BYTES_MAX.get(name, BINARY_BYTES_MAX_ELSE)
        print(f"{name:<22}{path.stat().st_size:>12,}{len(binary):>12,}{limit:>12,}  {'; '.join(wrong)}".rstrip())
        failed, passed = failed + bool(wrong), passed + (not wrong)
    if not passed + failed:
        print("no zips: run `make build` first")
        return 1
    print(f"sizes: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

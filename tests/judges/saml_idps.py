"""Judge of the sign-in: identity providers that we did not write, against a server that is up.

    with_server.py SERVER -- python tests/judges/saml_idps.py [pysaml2 | samlp | simplesamlphp | signxml …]

For each: an organization is made by the operator's API, the IdP's metadata is saved and the IdP learns ours; a test
sign-in fails and one passes; the connection is activated; then every case of saml_sign_in.py is led through by a browser
without a screen, and the attempt log must say what became of it. What an IdP needs of the machine is installed when this
runs as root on Debian. What cannot be installed is skipped with a sentence, but not in CI; its name goes into the file
that SKIPPED names. The last line is `saml-idps: N passed, N failed`.
"""

import importlib
import os
import pathlib
import subprocess
import sys
import tempfile

from saml_sign_in import CASES, Judge, Wrong

HERE = pathlib.Path(__file__).parent
# Its module and class, and what has to be there.
IDPS = {
    "pysaml2": ("idp_pysaml2", "Pysaml2", [HERE / "packages.sh", "xmlsec1", "xmlsec1"]),
    "samlp": ("idp_samlp", "Samlp", [HERE / "node.sh", "idp_samlp"]),
    "simplesamlphp": ("idp_simplesamlphp", "SimpleSamlPhp", [HERE / "simplesamlphp.sh"]),
    "signxml": ("idp_signxml", "Signxml", None),
}


def judge(module: str, kind: str) -> tuple[int, int]:
    """Passed and failed."""
    loaded = importlib.import_module(module)
    with tempfile.TemporaryDirectory() as folder:
        idp = getattr(loaded, kind)(folder)
        run = Judge(idp, getattr(loaded, "CASES", CASES))
        try:
            run.run()
        except Wrong as wrong:
            run.row("set-up", False, str(wrong))
        finally:
            idp.close()
    return run.passed, run.failed


def main() -> int:
    names = sys.argv[1:] or list(IDPS)
    if set(names) - set(IDPS) or not {"BASE_URL", "OPERATOR_KEY"} <= set(os.environ):
        print(__doc__, file=sys.stderr)
        return 2
    passed = failed = 0
    ran, skipped = [], []
    print(f"{'IdP':<10} {'case':<50} outcome, code")
    for name in names:
        module, kind, needs = IDPS[name]
        if needs and subprocess.run(needs, check=False).returncode:
            skipped.append(name)
            continue
        more_passed, more_failed = judge(module, kind)
        passed, failed = passed + more_passed, failed + more_failed
        ran.append(f"{name} ({more_passed} passed, {more_failed} failed)")
    print(f"ran: {', '.join(ran) or 'none'}; skipped: {', '.join(skipped) or 'none'}")
    if skipped and os.environ.get("CI") == "true":
        print("CI skips no judge.")
        failed += len(skipped)
    elif skipped and (file := os.environ.get("SKIPPED")):
        with open(file, "a", encoding="utf-8") as list_of_skipped:
            list_of_skipped.writelines(f"{name}\n" for name in skipped)
    print(f"saml-idps: {passed} passed, {failed} failed")
    return 1 if failed or not (passed or skipped) else 0


if __name__ == "__main__":
    sys.exit(main())

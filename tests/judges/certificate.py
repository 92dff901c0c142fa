"""Keys and self-signed certificates for the identity providers of the judges, made anew for every run."""

import datetime
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID


def make(folder: str, name: str, key=None) -> tuple[str, str]:
    """The paths of a private key (RSA 2048 unless one is given) and its certificate, both PEM."""
    key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365)).sign(key, hashes.SHA256())
    )
    key_path, certificate_path = pathlib.Path(folder, f"{name}.key"), pathlib.Path(folder, f"{name}.pem")
    key_path.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()))
    certificate_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return str(key_path), str(certificate_path)


def p256() -> ec.EllipticCurvePrivateKey:
    """A key for ECDSA."""
    return ec.generate_private_key(ec.SECP256R1())


def p384() -> ec.EllipticCurvePrivateKey:
    """Another."""
    return ec.generate_private_key(ec.SECP384R1())

"""Certificates for the service: a given pair of files, or one that is made and signed by itself."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.trust.keys import write_private
from knowledge.errors import BadInput

# TLS 1.2 with forward secrecy and authenticated encryption only; TLS 1.3 suites are all of that kind (RFC 9325).
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
VALID_DAYS = 397
_RENEW_DAYS = 14


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key, as PEM files."""

    certificate: Path
    key: Path

    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as browsers show it."""
        made = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        return ":".join(f"{byte:02X}" for byte in made.fingerprint(SHA256()))


def given(certificate: Path, key: Path) -> Certificate:
    """Certificate and key of the operator. Raises `BadInput` if they do not belong together or others read the key."""
    for path in (certificate, key):
        if not path.is_file():
            raise BadInput(path.name, "the path", "there is no such file", "a PEM file")
    if stat.S_IMODE(key.stat().st_mode) & 0o077:
        raise BadInput(key.name, "its mode", "others may read the key", f"chmod 600 {key.name}")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, OSError):
        accepted = "a certificate and its private key, both PEM, the key without a passphrase"
        raise BadInput(key.name, "the pair", "certificate and key cannot be used together", accepted) from None
    return Certificate(certificate, key)


def self_signed(names: frozenset[str], folder: Path, today: dt.datetime | None = None) -> Certificate:
    """The certificate in `folder` for `names` (host names or addresses), made anew when it does not do any more."""
    now = today or dt.datetime.now(dt.UTC)
    found = Certificate(folder / "certificate.pem", folder / "key.pem")
    if found.certificate.exists() and found.key.exists() and _does(found.certificate, names, now):
        return found
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Consilium")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in sorted(names)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, SHA256())
    )
    write_private(found.key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_private(found.certificate, made.public_bytes(Encoding.PEM))
    return found


def server_context(certificate: Certificate) -> ssl.SSLContext:
    """What the server speaks: TLS 1.2 and 1.3."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context


def _does(path: Path, names: frozenset[str], now: dt.datetime) -> bool:
    try:
        made = x509.load_pem_x509_certificate(path.read_bytes())
        held = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return False
    covers = all(_alternative(name) in held for name in names)
    return covers and made.not_valid_after_utc > now + dt.timedelta(days=_RENEW_DAYS)


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)

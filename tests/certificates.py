"""Certificates for the tests' TLS servers: authorities made on the spot, and what they sign."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, each a file in PEM, and both in one (MongoDB's drivers want that)."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """Signs certificates; ``certificate`` is the file that its friends trust."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder / name
        self._folder.mkdir(parents=True)
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._count = 0
        signs = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        signed = (
            self._builder(self._name, self._key.public_key(), ends=datetime.now(UTC) + DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(signs, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.certificate = self._folder / "autoridade.pem"
        self.certificate.write_bytes(signed.public_bytes(Encoding.PEM))
        self.certificate.chmod(0o644)

    def issue(self, *hosts: str, common_name: str = "servidor", is_expired: bool = False) -> Certificate:
        """Return a certificate for these host names and addresses."""
        self._count += 1
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        builder = self._builder(subject, key.public_key(), ends=datetime.now(UTC) + (-DAY if is_expired else DAY))
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False
        )
        if hosts:
            builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), False)
        certificate = builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        files = [self._folder / f"{self._count}-{name}.pem" for name in ("certificado", "chave", "ambos")]
        for file, content in zip(files, (certificate, secret, certificate + secret), strict=True):
            file.touch(0o600)
            file.write_bytes(content)
        return Certificate(*files)

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, ends: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(ends - 30 * DAY)
            .not_valid_after(ends)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
